-- name: one_at_a_time
select pg_advisory_xact_lock(hashtextextended($1, 0))

-- name: latest
-- The edition put last, whether it is effective or not.
select version, columns::text as columns, keys::text as keys, hash, effective_from from crossdock.reference_table
where tenant_id = $1 and name = $2 order by version desc limit 1

-- name: effective
-- The edition that counts at a time: of those effective by then, the one effective last; put later wins a tie.
select version, columns::text as columns, keys::text as keys, effective_from, row_count from crossdock.reference_table
where tenant_id = $1 and name = $2 and effective_from <= $3 order by effective_from desc, version desc limit 1

-- name: edition
select version, columns::text as columns, keys::text as keys, effective_from, row_count from crossdock.reference_table
where tenant_id = $1 and name = $2 and version = $3

-- name: put
insert into crossdock.reference_table
  (tenant_id, name, version, effective_from, columns, keys, row_count, hash, put_by, put_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)

-- name: put_rows
insert into crossdock.reference_row (tenant_id, name, version, key, body)
select $1, $2, $3, r.key, r.body from unnest($4::text[], $5::json[]) as r (key, body)

-- name: row
select body::text as body from crossdock.reference_row
where tenant_id = $1 and name = $2 and version = $3 and key = $4

-- name: rows
select body::text as body from crossdock.reference_row
where tenant_id = $1 and name = $2 and version = $3 order by key

-- name: some_rows
select body::text as body from crossdock.reference_row
where tenant_id = $1 and name = $2 and version = $3 order by key offset $4 limit $5

-- name: all
select name, version, effective_from, row_count, keys::text as keys, columns::text as columns, put_by, put_at
from crossdock.reference_table where tenant_id = $1 order by name, version desc
