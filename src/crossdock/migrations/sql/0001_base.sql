-- Tenants, row security, simulated time. Every later table is given to protect().
create schema if not exists crossdock;

do $$ begin
  if not exists (select from pg_roles where rolname = 'crossdock_app') then
    -- what every process works as: owns nothing, creates nothing
    create role crossdock_app nologin;
  end if;
  if not exists (select from pg_roles where rolname = 'crossdock_dispatch') then
    -- owner of the few security-definer functions that look across tenants, and return ids only
    create role crossdock_dispatch nologin;
  end if;
  execute format('grant crossdock_app to %I', current_user);
  execute format('grant crossdock_dispatch to %I', current_user);
end $$;
grant usage on schema crossdock to crossdock_app, crossdock_dispatch;
-- needed only while functions are handed over to it; taken back at the end of each migration
grant create on schema crossdock to crossdock_dispatch;

-- The tenants of this transaction, as set by db.transaction(); none set means no row is seen.
create function crossdock.tenants() returns text[] language sql stable parallel safe as
$$ select string_to_array(nullif(current_setting('crossdock.tenants', true), ''), ',') $$;

-- Forces row security on a table and grants it to the application. The sub-select is evaluated once a statement.
create function crossdock.protect(t regclass) returns void language plpgsql as $$
begin
  execute format('alter table %s enable row level security', t);
  execute format('alter table %s force row level security', t);
  execute format('create policy tenant on %s to crossdock_app using (tenant_id = any ((select crossdock.tenants())::text[])) with check (tenant_id = any ((select crossdock.tenants())::text[]))', t);
  execute format('grant select, insert, update, delete on %s to crossdock_app', t);
end $$;

create table crossdock.tenant (
  tenant_id text primary key check (tenant_id ~ '^[a-z][a-z0-9-]{0,39}$'),
  name text not null,
  currency text not null default 'USD',
  time_zone text not null default 'UTC',
  settings jsonb not null default '{}',
  created_at timestamptz not null default clock_timestamp()
);
select crossdock.protect('crossdock.tenant');
-- Which tenants exist is asked before any is chosen (workers, sign-in): names and nothing else.
create policy dispatch on crossdock.tenant for select to crossdock_dispatch using (true);
grant select on crossdock.tenant to crossdock_dispatch;
create function crossdock.tenant_ids() returns setof text language sql stable security definer set search_path = crossdock as
$$ select tenant_id from crossdock.tenant order by 1 $$;
alter function crossdock.tenant_ids() owner to crossdock_dispatch;

-- Business time. One row; rate 1 and equal origins is the wall clock. All processes and the sandbox follow it.
create table crossdock.clock (
  one boolean primary key default true check (one),
  real_origin timestamptz not null default clock_timestamp(),
  business_origin timestamptz not null default clock_timestamp(),
  rate double precision not null default 1 check (rate >= 0)
);
insert into crossdock.clock default values;
grant select, update on crossdock.clock to crossdock_app, crossdock_dispatch;

create function crossdock.now() returns timestamptz language sql stable as
$$ select business_origin + (clock_timestamp() - real_origin) * rate from crossdock.clock $$;

revoke create on schema crossdock from crossdock_dispatch;
