-- name: next_number
-- The row stays locked until commit: numbers have no gaps and no doubles within a tenant.
insert into crossdock.case_number (tenant_id, prefix, last) values ($1, $2, 1001)
on conflict (tenant_id, prefix) do update set last = crossdock.case_number.last + 1
returning last
