-- name: one_at_a_time
-- Two gateways that start together on a new database make one first user.
select pg_advisory_xact_lock(203884899)

-- name: anybody
select exists (select from crossdock.app_user)

-- name: add_tenant
-- Gives nothing back when the tenant is there already.
insert into crossdock.tenant (tenant_id, name, currency, time_zone) values ($1, $2, $3, $4)
on conflict (tenant_id) do nothing returning tenant_id

-- name: tenants
select tenant_id as tenant, name, currency, time_zone from crossdock.tenant order by 1

-- name: users
-- All that the transaction's tenants know, and those who have no role any more.
select u.user_name as "user", u.display_name as name, m.tenant_id as tenant, m.role, m.approval_limit::text as "limit"
from crossdock.app_user u left join crossdock.membership m using (user_name) order by 1, 3
