-- Decision tables of a tenant's own, by version; drafts of workflows; who put which version in force, when and why.

-- A decision table in one version. A draft may be written anew; once it was in force it never changes (see the trigger).
create table crossdock.table_version (
  tenant_id text not null references crossdock.tenant,
  table_name text not null,
  version integer not null check (version > 0),
  status text not null check (status in ('draft', 'ready', 'discarded')),
  document text not null,                -- JDM, as it was written
  tests text not null,                   -- its test cases
  base text not null,                    -- the version that it began as: library-1, own-3 or empty
  note text not null,
  revision integer not null default 1,   -- how often the draft was saved
  authors text[] not null,               -- everybody who saved it
  saved_by text not null,
  saved_at timestamptz not null,
  primary key (tenant_id, table_name, version)
);
create unique index table_version_draft on crossdock.table_version (tenant_id, table_name) where status = 'draft';
select crossdock.protect('crossdock.table_version');
revoke delete on crossdock.table_version from crossdock_app;

create function crossdock.keep_table_version() returns trigger language plpgsql set search_path = crossdock, pg_temp as $$
begin
  if old.status <> 'draft' then
    raise exception 'version % of the table % is %: it is never changed', old.version, old.table_name, old.status
      using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end $$;
create trigger keep before update on crossdock.table_version
  for each row execute function crossdock.keep_table_version();

-- Which version is in force: the last row of a table counts, the others are history. Version 0 is the library's.
-- number counts through all tables of the tenant, under a lock: what an instance sees is one number.
create table crossdock.table_activation (
  tenant_id text not null references crossdock.tenant,
  number bigint not null,
  table_name text not null,
  version integer not null,
  note text not null,
  activated_by text not null,
  activated_at timestamptz not null,
  primary key (tenant_id, number)
);
create index table_activation_of on crossdock.table_activation (tenant_id, table_name, number desc);
select crossdock.protect('crossdock.table_activation');
revoke update, delete on crossdock.table_activation from crossdock_app;

-- An instance decides by what was in force when it began, to its end: decision 0033.
alter table crossdock.instance add column tables_at bigint not null default 0;

create function crossdock.pin_tables() returns trigger language plpgsql set search_path = crossdock, pg_temp as $$
begin
  new.tables_at := coalesce((
    select a.number from crossdock.table_activation a where a.tenant_id = new.tenant_id order by a.number desc limit 1), 0);
  return new;
end $$;
create trigger pin_tables before insert on crossdock.instance for each row execute function crossdock.pin_tables();

-- A draft of a workflow, with its scenarios. It may be wrong: nothing runs by it.
create table crossdock.definition_draft (
  tenant_id text not null references crossdock.tenant,
  namespace text not null,
  name text not null,
  source text not null,
  scenarios text not null,
  base text not null,                    -- the version that it began as
  note text not null,
  revision integer not null,
  authors text[] not null,
  saved_by text not null,
  saved_at timestamptz not null,
  primary key (tenant_id, namespace, name)
);
select crossdock.protect('crossdock.definition_draft');

-- The scenarios that were published with a version.
create table crossdock.definition_scenarios (
  tenant_id text not null references crossdock.tenant,
  namespace text not null,
  name text not null,
  version text not null,
  scenarios text not null,
  primary key (tenant_id, namespace, name, version)
);
select crossdock.protect('crossdock.definition_scenarios');
revoke update, delete on crossdock.definition_scenarios from crossdock_app;

-- Which version new instances begin with, by whom and why: the last row of a workflow counts.
create table crossdock.definition_activation (
  tenant_id text not null references crossdock.tenant,
  namespace text not null,
  name text not null,
  number integer not null,
  version text not null,
  note text not null,
  activated_by text not null,
  activated_at timestamptz not null,
  primary key (tenant_id, namespace, name, number)
);
select crossdock.protect('crossdock.definition_activation');
revoke update, delete on crossdock.definition_activation from crossdock_app;

-- take as in 0017, with tables_at.
drop function crossdock.take(uuid, int, text[]);
create function crossdock.take(p_worker uuid, p_n int, p_busy text[]) returns table (
  tenant_id text, instance_id uuid, namespace text, name text, version text, business_key text, parent_id uuid,
  parent_at text, status text, revision int, state bytea, stage text, traceparent text, ended boolean,
  ended_at timestamptz, output json, error json, fact_ids bigint[], kinds text[], bodies json[], open boolean,
  tables_at bigint
) language plpgsql volatile
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off
set enable_material = off as $$
declare tenants text[]; instances uuid[];
begin
  if p_busy is null then
    select array_agg(c.tenant_id), array_agg(c.instance_id) into tenants, instances from crossdock.claim(p_worker, p_n) c;
  else
    select array_agg(c.tenant_id), array_agg(c.instance_id) into tenants, instances
    from crossdock.claim_others(p_worker, p_n, p_busy) c;
  end if;
  if tenants is null then return; end if;
  perform set_config('crossdock.tenants', (select string_agg(distinct t, ',') from unnest(tenants) t), true);
  return query
    select i.tenant_id, i.instance_id, i.namespace, i.name, i.version, i.business_key, i.parent_id, i.parent_at, i.status,
           i.revision, i.state, i.stage, i.traceparent, i.ended_at is not null, i.ended_at, i.output, i.error,
           m.fact_ids, m.kinds, m.bodies,
           exists (select from crossdock.call k where k.tenant_id = c.tenant_id and k.instance_id = c.instance_id
                   and k.state not in ('done', 'failed')), i.tables_at
    from unnest(tenants, instances) as c (tenant_id, instance_id) cross join lateral (
      select * from crossdock.instance x where x.tenant_id = c.tenant_id and x.instance_id = c.instance_id offset 0) i
    cross join lateral (
      select array_agg(x.fact_id order by x.fact_id) as fact_ids, array_agg(x.kind order by x.fact_id) as kinds,
             array_agg(x.body order by x.fact_id) as bodies
      from crossdock.fact x where x.tenant_id = c.tenant_id and x.instance_id = c.instance_id) m;
end $$;
