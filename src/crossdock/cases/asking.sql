-- name: one_at_a_time
select pg_advisory_xact_lock(hashtextextended($1, 0))

-- name: latest
select version, document, note, put_by, put_at from crossdock.approval_table where tenant_id = $1
order by version desc limit 1

-- name: version
select version, document, note, put_by, put_at from crossdock.approval_table where tenant_id = $1 and version = $2

-- name: put
insert into crossdock.approval_table (tenant_id, version, document, note, put_by, put_at) values ($1, $2, $3, $4, $5, $6)

-- name: versions
select version, note, put_by, put_at from crossdock.approval_table where tenant_id = $1 order by version desc limit 100
