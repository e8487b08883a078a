-- name: user
select user_name, display_name, password_hash, must_change, failed_attempts, locked_until from crossdock.app_user where user_name = $1

-- name: add_user
insert into crossdock.app_user (user_name, display_name, password_hash) values ($1, $2, $3)
on conflict (user_name) do nothing returning user_name

-- name: set_password
-- A new password also ends a lock.
update crossdock.app_user set password_hash = $2, failed_attempts = 0, locked_until = null, must_change = false
where user_name = $1 returning user_name

-- name: failed
-- Ten wrong passwords lock the account for a minute, each further one anew.
update crossdock.app_user set failed_attempts = failed_attempts + 1,
  locked_until = case when failed_attempts >= 9 then clock_timestamp() + interval '1 minute' end
where user_name = $1

-- name: succeeded
update crossdock.app_user set failed_attempts = 0, locked_until = null where user_name = $1 and failed_attempts > 0

-- name: memberships
select * from crossdock.memberships_of($1)

-- name: set_membership
insert into crossdock.membership (tenant_id, user_name, role, approval_limit, partner_id) values ($1, $2, $3, $4, $5)
on conflict (tenant_id, user_name) do update set role = excluded.role, approval_limit = excluded.approval_limit,
  partner_id = excluded.partner_id

-- name: open_session
insert into crossdock.session (tenant_id, token_hash, user_name, expires_at) values ($1, $2, $3, clock_timestamp() + $4)

-- name: session
select s.user_name, u.display_name, m.role, m.approval_limit, m.partner_id, t.name as tenant_name, t.time_zone, t.settings
from crossdock.session s
join crossdock.app_user u using (user_name)
join crossdock.membership m on m.tenant_id = s.tenant_id and m.user_name = s.user_name
join crossdock.tenant t on t.tenant_id = s.tenant_id
where s.tenant_id = $1 and s.token_hash = $2 and s.expires_at > clock_timestamp()

-- name: forget_expired
-- At each sign-in, so that sessions nobody closed do not pile up.
delete from crossdock.session where tenant_id = $1 and expires_at <= clock_timestamp()

-- name: about_tenant
-- What the pages show of the tenant itself.
select name, time_zone, settings from crossdock.tenant where tenant_id = $1

-- name: close_session
delete from crossdock.session where tenant_id = $1 and token_hash = $2

-- name: close_sessions_of
delete from crossdock.session where user_name = $1

-- name: key
select k.name, k.role, k.partner_id, t.name as tenant_name, t.time_zone
from crossdock.api_key k join crossdock.tenant t using (tenant_id)
where k.tenant_id = $1 and k.key_hash = $2 and k.revoked_at is null

-- name: add_key
insert into crossdock.api_key (tenant_id, key_hash, name, role, partner_id) values ($1, $2, $3, $4, $5)

-- name: users
select m.user_name, u.display_name, m.role, m.approval_limit::text as approval_limit, u.created_at
from crossdock.membership m join crossdock.app_user u using (user_name) where m.tenant_id = $1 order by 1
