-- Workflows run as HTTP services: many starts, and many looks for ends, of any tenants, each in one round trip.
-- The caller names the tenants of the batch, and row security holds for what the functions touch.

-- Starts each run once, pinned to the version asked for or else the newest, with its first fact, its place in the queue
-- and its line in the audit trail. version is null where no such workflow is published; begun is false for a run that
-- was started before, of which nothing is changed.
create function crossdock.start_runs(
  p_tenants text, p_tenant text[], p_instance uuid[], p_namespace text[], p_name text[], p_version text[],
  p_business_key text[], p_traceparent text[], p_input json[], p_actor text[], p_key text[]
) returns table (n int, version text, begun boolean)
language plpgsql volatile set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  moment text;
begin
  perform set_config('crossdock.tenants', p_tenants, true);
  moment := to_char(crossdock.now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
  return query
    with asked as materialized (
      select a.n::int, a.tenant_id, a.instance_id, a.namespace, a.name, d.version, d.priority, a.business_key,
             a.traceparent, a.input, a.actor, a.key
      from unnest(p_tenant, p_instance, p_namespace, p_name, p_version, p_business_key, p_traceparent, p_input, p_actor, p_key)
        with ordinality as a (tenant_id, instance_id, namespace, name, version, business_key, traceparent, input, actor, key, n)
      left join lateral (
        select f.version, f.priority from crossdock.definition f
        where f.tenant_id = a.tenant_id and f.namespace = a.namespace and f.name = a.name
          and (a.version is null or f.version = a.version)
        order by f.published_at desc, f.version desc limit 1) d on true),
    -- A key that is repeated within the batch starts its run once: the first of them.
    firsts as materialized (
      select distinct on (a.tenant_id, a.instance_id) a.* from asked a where a.version is not null
      order by a.tenant_id, a.instance_id, a.n),
    started as (
      insert into crossdock.instance (tenant_id, instance_id, namespace, name, version, business_key, traceparent, priority)
      select f.tenant_id, f.instance_id, f.namespace, f.name, f.version, f.business_key, f.traceparent, coalesce(f.priority, 5)
      from firsts f order by f.instance_id
      on conflict do nothing
      returning instance.tenant_id, instance.instance_id),
    mine as materialized (
      select f.* from firsts f join started s on s.tenant_id = f.tenant_id and s.instance_id = f.instance_id),
    told as (
      insert into crossdock.fact (tenant_id, instance_id, kind, body)
      select m.tenant_id, m.instance_id, 'Started',
             ('{"input":' || m.input::text || ',"now":"' || moment || '","instance_id":"' || m.instance_id || '"}')::json
      from mine m),
    queued as (
      insert into crossdock.ready (tenant_id, instance_id, priority)
      select m.tenant_id, m.instance_id, coalesce(m.priority, 5) from mine m on conflict do nothing),
    audited as (
      insert into crossdock.audit (tenant_id, actor, action, object_id, detail)
      select m.tenant_id, m.actor, 'workflow.run', m.instance_id::text,
             jsonb_build_object('workflow', m.namespace || '/' || m.name, 'version', m.version, 'key', m.key)
      from mine m)
    select a.n, a.version, exists (select from mine m where m.n = a.n) from asked a order by a.n;
  perform pg_notify('crossdock_ready', '');
end $$;

-- Of runs that somebody waits for, those that have ended, with their results.
create function crossdock.ended_runs(p_tenants text, p_tenant text[], p_instance uuid[])
returns table (tenant_id text, instance_id uuid, version text, status text, output json, error json)
language plpgsql volatile set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
begin
  perform set_config('crossdock.tenants', p_tenants, true);
  return query
    select i.tenant_id, i.instance_id, i.version, i.status, i.output, i.error
    from unnest(p_tenant, p_instance) as c (tenant_id, instance_id)
    join crossdock.instance i on i.tenant_id = c.tenant_id and i.instance_id = c.instance_id
    where i.ended_at is not null;
end $$;

revoke all on function crossdock.start_runs, crossdock.ended_runs from public;
grant execute on function crossdock.start_runs, crossdock.ended_runs to crossdock_app;
