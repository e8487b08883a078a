-- name: current
select version, body, put_by, put_at from crossdock.run_policy where tenant_id = $1 order by version desc limit 1

-- name: one_at_a_time
select pg_advisory_xact_lock(hashtextextended($1, 0))

-- name: put
insert into crossdock.run_policy (tenant_id, version, body, put_by, put_at) values ($1, $2, $3, $4, $5)

-- name: workflow
-- Which definition asks, and what the tenant allows now.
select i.namespace, i.name, i.version,
  coalesce((select p.body from crossdock.run_policy p where p.tenant_id = $1 order by p.version desc limit 1), '') as body
from crossdock.instance i where i.tenant_id = $1 and i.instance_id = $2
