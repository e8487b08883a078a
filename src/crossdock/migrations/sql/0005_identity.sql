-- Who may come in: people with a password, programs with a key. A person has one role in each tenant.
grant create on schema crossdock to crossdock_dispatch;

create table crossdock.app_user (
  user_name text primary key check (user_name ~ '^[a-z0-9][a-z0-9._@+-]{1,79}$'),
  display_name text not null,
  password_hash text not null,
  must_change boolean not null default false,
  failed_attempts int not null default 0,
  locked_until timestamptz,
  created_at timestamptz not null default clock_timestamp()
);
grant select, insert, update on crossdock.app_user to crossdock_app;

create table crossdock.membership (
  tenant_id text not null references crossdock.tenant,
  user_name text not null references crossdock.app_user,
  role text not null check (role in ('viewer', 'coordinator', 'approver', 'admin', 'partner')),
  approval_limit numeric,
  partner_id text,
  primary key (tenant_id, user_name)
);
select crossdock.protect('crossdock.membership');
create policy dispatch on crossdock.membership for select to crossdock_dispatch using (true);
grant select on crossdock.membership, crossdock.tenant to crossdock_dispatch;

-- At sign-in no tenant is chosen yet: which ones a person belongs to, and as what.
create function crossdock.memberships_of(u text)
returns table (tenant_id text, tenant_name text, role text, approval_limit numeric, partner_id text)
language sql stable security definer set search_path = crossdock as $$
  select m.tenant_id, t.name, m.role, m.approval_limit, m.partner_id
  from membership m join tenant t using (tenant_id) where m.user_name = u order by 1
$$;
alter function crossdock.memberships_of(text) owner to crossdock_dispatch;

-- Cookies and keys name their tenant before the dot (`norrland.Qm9…`), so that even they are looked up inside it.
-- Only hashes are stored: who reads these tables cannot sign in with them.
create table crossdock.session (
  tenant_id text not null references crossdock.tenant,
  token_hash bytea not null,
  user_name text not null references crossdock.app_user,
  created_at timestamptz not null default clock_timestamp(),
  seen_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null,
  primary key (tenant_id, token_hash)
);
create index session_of_user on crossdock.session (tenant_id, user_name);
select crossdock.protect('crossdock.session');

create table crossdock.api_key (
  tenant_id text not null references crossdock.tenant,
  key_hash bytea not null,
  name text not null,
  role text not null check (role in ('viewer', 'coordinator', 'approver', 'admin', 'partner')),
  partner_id text,
  created_at timestamptz not null default clock_timestamp(),
  revoked_at timestamptz,
  primary key (tenant_id, key_hash)
);
select crossdock.protect('crossdock.api_key');

-- How this tenant reaches its systems; secrets are named here and kept elsewhere.
create table crossdock.system_connection (
  tenant_id text not null references crossdock.tenant,
  system text not null,
  connector text not null,
  base_url text not null,
  secret_ref text not null,
  settings jsonb not null default '{}',
  primary key (tenant_id, system)
);
select crossdock.protect('crossdock.system_connection');

revoke create on schema crossdock from crossdock_dispatch;
