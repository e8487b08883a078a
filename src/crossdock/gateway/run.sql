-- name: start_runs
select * from crossdock.start_runs($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)

-- name: first_input
-- What a run was started with: waiting to be read, or read already and in its history, without its large parts.
select f.body as fact, false as light from crossdock.fact f
where f.tenant_id = $1 and f.instance_id = $2 and f.kind = 'Started'
union all
select h.fact, true from crossdock.history h where h.tenant_id = $1 and h.instance_id = $2 and h.seq = 1
limit 1

-- name: ended_runs
select * from crossdock.ended_runs($1, $2, $3)

-- name: result
select version, status, output, error from crossdock.instance where tenant_id = $1 and instance_id = $2
