-- name: one_at_a_time
-- Versions of one table are numbered one after the other.
select pg_advisory_xact_lock(hashtextextended($1, 0))

-- name: current
select distinct on (name) name, version, document, put_by, put_at
from crossdock.case_rules where tenant_id = $1 order by name, version desc

-- name: last
-- The shipped table is version 1.
select coalesce(max(version), 1) from crossdock.case_rules where tenant_id = $1 and name = $2

-- name: put
insert into crossdock.case_rules (tenant_id, name, version, document, put_by, put_at) values ($1, $2, $3, $4, $5, $6)
