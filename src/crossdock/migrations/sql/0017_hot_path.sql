-- The hot path, cheaper. Columns and meaning of write_turns are those of 0007.
--
-- A plan is made once, perhaps while tables are small or of other tenants, and serves for thousands of batches. As joins,
-- the statements that change rows read every lease, or every call, of the batch's tenants, and went through the batch anew
-- for each of them. So every row is now looked up by its key, in a sub-select of which no planner can make a join, and
-- changed where it lies. Its place cannot move meanwhile: the rows belong to instances that are locked first. An instance
-- whose own row moves under us was written by somebody else, and is refused as ever.
--
-- What finish_turns does stands here once more: a function within a function cost as much as writing a turn.
create or replace function crossdock.write_turns(
  p_worker uuid, p_tenants text, p_finish boolean, p_keys bigint[],
  p_tenant text[], p_instance uuid[], p_base int[], p_state bytea[], p_status text[], p_stage text[],
  p_now timestamptz[], p_ended boolean[], p_output json[], p_error json[], p_business_key text[], p_park boolean[],
  c_n int[], c_fact bigint[],
  h_n int[], h_seq bigint[], h_kind text[], h_fact json[], h_trace json[],
  u_n int[], u_at text[],
  s_n int[], s_at text[], s_ordinal smallint[], s_type text[], s_path text[], s_value text[], s_filter json[],
  x_n int[], x_at text[], x_timer text[],
  t_n int[], t_at text[], t_timer text[], t_due timestamptz[],
  k_n int[], k_at text[], k_function text[], k_system text[], k_arguments json[], k_undo json[], k_state text[],
  k_answered boolean[], k_ms float8[], k_output json[], k_error json[],
  d_n int[], d_at text[], d_state text[], d_attempt int[], d_abandoned boolean[], d_answered boolean[], d_ms float8[],
  d_output json[], d_error json[],
  a_n int[], a_at text[], a_attempt int[], a_outcome text[], a_probe boolean[], a_detail text[], a_tried timestamptz[], a_ms float8[],
  e_n int[], e_source text[], e_id text[], e_type text[], e_subject text[], e_time timestamptz[], e_body json[]
) returns table (n int, what text, seq bigint, kind text, body json)
language plpgsql volatile
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off
set enable_material = off as $$
declare
  k bigint;
  written uuid[];
begin
  perform set_config('crossdock.tenants', p_tenants, true);
  -- The fence: until this transaction ends nobody can bury this worker, and a buried one finds no row.
  perform from crossdock.worker w where w.worker_id = p_worker and w.lease_until > clock_timestamp() for key share;
  if not found then
    raise exception using errcode = 'XD001', message = 'refused', detail = (
      select string_agg(g::text, ',') from generate_series(1, cardinality(p_tenant)) g);
  end if;
  foreach k in array p_keys loop
    perform pg_advisory_xact_lock(k);
  end loop;
  -- Instance rows first, in the order of the columns (by instance); only those still leased to this worker, and not
  -- written by anybody since they were read.
  with done as (
    update crossdock.instance i
    set revision = s.base + 1, state = coalesce(s.state, i.state), status = s.status, stage = s.stage,
        business_key = case when s.business_key = '' then i.business_key else s.business_key end,
        stage_since = case when i.stage = s.stage then i.stage_since else s.now end,
        updated_at = s.now, ended_at = case when s.ended then s.now end, output = s.output, error = s.error
    from (
      select t.*,
        (select x.ctid from crossdock.instance x where x.tenant_id = t.tenant_id and x.instance_id = t.instance_id) as place,
        (select l.worker_id from crossdock.lease l where l.tenant_id = t.tenant_id and l.instance_id = t.instance_id) as holder
      from unnest(p_tenant, p_instance, p_base, p_state, p_status, p_stage, p_now, p_ended, p_output, p_error, p_business_key)
        as t (tenant_id, instance_id, base, state, status, stage, now, ended, output, error, business_key)
      offset 0) s
    where i.ctid = s.place and i.revision = s.base and s.holder = p_worker
    returning i.instance_id)
  select coalesce(array_agg(d.instance_id), '{}') into written from done d;
  if cardinality(written) < cardinality(p_tenant) then
    -- Undone by the exception, and written again without these by the caller.
    raise exception using errcode = 'XD001', message = 'refused', detail = (
      select string_agg(t.n::text, ',') from unnest(p_instance) with ordinality as t (instance_id, n)
      where t.instance_id <> all (written));
  end if;
  if cardinality(c_n) > 0 then
    delete from crossdock.fact f using (
      select (select x.ctid from crossdock.fact x
              where x.tenant_id = p_tenant[c.n] and x.instance_id = p_instance[c.n] and x.fact_id = c.fact_id) as place
      from unnest(c_n, c_fact) as c (n, fact_id) offset 0) c
    where f.ctid = c.place;
  end if;
  if cardinality(h_n) > 0 then
    insert into crossdock.history (tenant_id, instance_id, seq, at, kind, fact, trace)
    select p_tenant[h.n], p_instance[h.n], h.seq, p_now[h.n], h.kind, h.fact, h.trace
    from unnest(h_n, h_seq, h_kind, h_fact, h_trace) as h (n, seq, kind, fact, trace);
  end if;
  if cardinality(u_n) > 0 then
    delete from crossdock.subscription s using unnest(u_n, u_at) as u (n, at)
    where s.tenant_id = p_tenant[u.n] and s.instance_id = p_instance[u.n] and s.at = u.at;
  end if;
  if cardinality(s_n) > 0 then
    insert into crossdock.subscription (tenant_id, instance_id, at, ordinal, type, path, value, filter)
    select p_tenant[s.n], p_instance[s.n], s.at, s.ordinal, s.type, s.path, s.value, s.filter
    from unnest(s_n, s_at, s_ordinal, s_type, s_path, s_value, s_filter) as s (n, at, ordinal, type, path, value, filter)
    on conflict (tenant_id, instance_id, at, ordinal) do nothing;
  end if;
  if cardinality(x_n) > 0 then
    delete from crossdock.timer m using unnest(x_n, x_at, x_timer) as x (n, at, timer)
    where m.tenant_id = p_tenant[x.n] and m.instance_id = p_instance[x.n] and m.at = x.at and m.timer = x.timer;
  end if;
  if cardinality(t_n) > 0 then
    insert into crossdock.timer (tenant_id, instance_id, at, timer, due_at)
    select p_tenant[t.n], p_instance[t.n], t.at, t.timer, t.due from unnest(t_n, t_at, t_timer, t_due) as t (n, at, timer, due)
    on conflict (tenant_id, instance_id, at, timer) do update set due_at = excluded.due_at;
  end if;
  if cardinality(k_n) > 0 then
    insert into crossdock.call (tenant_id, instance_id, at, function, system, arguments, undo, state, called_at, answered_at, duration_ms, output, error)
    select p_tenant[c.n], p_instance[c.n], c.at, c.function, c.system, c.arguments, c.undo, c.state, p_now[c.n],
           case when c.answered then p_now[c.n] end, c.ms, c.output, c.error
    from unnest(k_n, k_at, k_function, k_system, k_arguments, k_undo, k_state, k_answered, k_ms, k_output, k_error)
      as c (n, at, function, system, arguments, undo, state, answered, ms, output, error)
    on conflict (tenant_id, instance_id, at) do nothing;
  end if;
  if cardinality(d_n) > 0 then
    update crossdock.call c
    set state = d.state, attempt = d.attempt, abandoned = d.abandoned,
        answered_at = case when d.answered then p_now[d.n] end, duration_ms = d.ms,
        output = coalesce(d.output, c.output), error = coalesce(d.error, c.error)
    from (
      select t.*,
        (select x.ctid from crossdock.call x
         where x.tenant_id = p_tenant[t.n] and x.instance_id = p_instance[t.n] and x.at = t.at) as place
      from unnest(d_n, d_at, d_state, d_attempt, d_abandoned, d_answered, d_ms, d_output, d_error)
        as t (n, at, state, attempt, abandoned, answered, ms, output, error)
      offset 0) d
    where c.ctid = d.place;
  end if;
  if cardinality(a_n) > 0 then
    insert into crossdock.attempt (tenant_id, instance_id, at, attempt, outcome, probe, detail, tried_at, duration_ms)
    select p_tenant[a.n], p_instance[a.n], a.at, a.attempt, a.outcome, a.probe, a.detail, a.tried, a.ms
    from unnest(a_n, a_at, a_attempt, a_outcome, a_probe, a_detail, a_tried, a_ms)
      as a (n, at, attempt, outcome, probe, detail, tried, ms);
  end if;
  -- An ended instance waits for nothing. Timers of unresolved abandoned calls stay: their effect must still be learnt.
  if true = any (p_ended) then
    delete from crossdock.subscription s using unnest(p_tenant, p_instance, p_ended) as t (tenant_id, instance_id, ended)
    where t.ended and s.tenant_id = t.tenant_id and s.instance_id = t.instance_id;
    delete from crossdock.timer m using unnest(p_tenant, p_instance, p_ended) as t (tenant_id, instance_id, ended)
    where t.ended and m.tenant_id = t.tenant_id and m.instance_id = t.instance_id and m.timer <> '~attempt';
  end if;
  -- Emitted events go to the log and the outbox at once; the id is derived, so a repeated advance emits once.
  if cardinality(e_n) > 0 then
    with e as (
      insert into crossdock.event (tenant_id, source, id, type, subject, time, body)
      select p_tenant[e.n], e.source, e.id, e.type, e.subject, e.time, e.body
      from unnest(e_n, e_source, e_id, e_type, e_subject, e_time, e_body) as e (n, source, id, type, subject, time, body)
      on conflict do nothing returning event.tenant_id, event.seq, event.source, event.id)
    insert into crossdock.outbox (tenant_id, seq, source, id, correlate)
    select e.tenant_id, e.seq, e.source, e.id, true from e;
    perform pg_notify('crossdock_outbox', '');
  end if;
  -- Events that came before these listeners, oldest first; n is here the place among the listeners.
  if cardinality(s_n) > 0 then
    return query
      select distinct on (e.seq, e.instance_id, c.n) c.n::int,
        case when e.instance_id = '00000000-0000-0000-0000-000000000000' then 'early' else 'kept' end,
        e.seq, null::text, v.body
      from unnest(s_n, s_type, s_path, s_value) with ordinality as c (turn, type, path, value, n)
      join crossdock.early e on e.tenant_id = p_tenant[c.turn] and (c.type = '*' or e.type = c.type)
        and e.path = c.path and e.value = c.value
        and e.instance_id in (p_instance[c.turn], '00000000-0000-0000-0000-000000000000')
      join crossdock.event v on v.tenant_id = e.tenant_id and v.source = e.source and v.id = e.id
      order by e.seq, e.instance_id, c.n;
  end if;
  if p_finish then
    return query
      select t.n::int, 'mail'::text, f.fact_id, f.kind, f.body
      from unnest(p_tenant, p_instance) with ordinality as t (tenant_id, instance_id, n), lateral (
        select x.fact_id, x.kind, x.body from crossdock.fact x
        where x.tenant_id = t.tenant_id and x.instance_id = t.instance_id offset 0) f
      order by f.fact_id;
    if true = any (p_park) then
      delete from crossdock.lease l using (
        select (select x.ctid from crossdock.lease x
                where x.tenant_id = t.tenant_id and x.instance_id = t.instance_id) as place
        from unnest(p_tenant, p_instance, p_park) as t (tenant_id, instance_id, park)
        where t.park and (
          select f.fact_id from crossdock.fact f where f.tenant_id = t.tenant_id and f.instance_id = t.instance_id limit 1
        ) is null
        offset 0) t
      where l.ctid = t.place and l.worker_id = p_worker;
    end if;
  end if;
end $$;

-- As before, row by row. It serves batches whose transaction writes more than turns.
create or replace function crossdock.finish_turns(p_worker uuid, p_tenant text[], p_instance uuid[], p_park boolean[])
returns table (n int, what text, seq bigint, kind text, body json)
language plpgsql volatile
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off
set enable_material = off as $$
begin
  return query
    select t.n::int, 'mail'::text, f.fact_id, f.kind, f.body
    from unnest(p_tenant, p_instance) with ordinality as t (tenant_id, instance_id, n), lateral (
      select x.fact_id, x.kind, x.body from crossdock.fact x
      where x.tenant_id = t.tenant_id and x.instance_id = t.instance_id offset 0) f
    order by f.fact_id;
  if true = any (p_park) then
    delete from crossdock.lease l using (
      select (select x.ctid from crossdock.lease x
              where x.tenant_id = t.tenant_id and x.instance_id = t.instance_id) as place
      from unnest(p_tenant, p_instance, p_park) as t (tenant_id, instance_id, park)
      where t.park and (
        select f.fact_id from crossdock.fact f where f.tenant_id = t.tenant_id and f.instance_id = t.instance_id limit 1
      ) is null
      offset 0) t
    where l.ctid = t.place and l.worker_id = p_worker;
  end if;
end $$;

-- As before; whether an instance is still leased is asked of each that is taken, and not of all that wait.
create or replace function crossdock.claim(w uuid, n int) returns table (tenant_id text, instance_id uuid)
language sql volatile security definer set search_path = crossdock
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
  with recursive tenants as (
    (select r.tenant_id from ready r order by r.tenant_id limit 1)
    union all
    select (select r.tenant_id from ready r where r.tenant_id > t.tenant_id order by r.tenant_id limit 1)
    from tenants t where t.tenant_id is not null
  ),
  share as (select greatest(1, n / greatest(1, count(tenants.tenant_id)))::int as k from tenants),
  -- a worker that was buried meanwhile claims nothing: nobody would ever bury it again
  alive as materialized (select k.worker_id from worker k where k.worker_id = w for key share),
  picked as materialized (
    select c.tenant_id, c.instance_id, c.place
    from tenants t cross join share cross join alive, lateral (
      select r.tenant_id, r.instance_id, r.ctid as place from ready r
      where r.tenant_id = t.tenant_id
        and (select l.worker_id from lease l where l.tenant_id = r.tenant_id and l.instance_id = r.instance_id) is null
      order by r.priority, r.since limit share.k for update skip locked) c
    where t.tenant_id is not null
    limit n
  ),
  gone as (delete from ready r using picked p where r.ctid = p.place)
  insert into lease as l (tenant_id, instance_id, worker_id) select p.tenant_id, p.instance_id, w from picked p
  on conflict do nothing
  returning l.tenant_id, l.instance_id
$$;
create or replace function crossdock.claim_others(w uuid, n int, busy text[]) returns table (tenant_id text, instance_id uuid)
language sql volatile security definer set search_path = crossdock
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
  with recursive tenants as (
    (select r.tenant_id from ready r order by r.tenant_id limit 1)
    union all
    select (select r.tenant_id from ready r where r.tenant_id > t.tenant_id order by r.tenant_id limit 1)
    from tenants t where t.tenant_id is not null
  ),
  alive as materialized (select k.worker_id from worker k where k.worker_id = w for key share),
  picked as materialized (
    select c.tenant_id, c.instance_id, c.place
    from tenants t cross join alive, lateral (
      select r.tenant_id, r.instance_id, r.ctid as place, r.since from ready r
      where r.tenant_id = t.tenant_id
        and (select l.worker_id from lease l where l.tenant_id = r.tenant_id and l.instance_id = r.instance_id) is null
      order by r.priority, r.since limit 1 for update skip locked) c
    where t.tenant_id is not null and t.tenant_id <> all (busy)
    order by c.since
    limit n
  ),
  gone as (delete from ready r using picked p where r.ctid = p.place)
  insert into lease as l (tenant_id, instance_id, worker_id) select p.tenant_id, p.instance_id, w from picked p
  on conflict do nothing
  returning l.tenant_id, l.instance_id
$$;

-- Claims, and reads what was claimed with exactly the tenants of that: one round trip and one transaction, where a worker
-- that hears of one instance at a time made seven and two. p_busy: tenants that have something in hand, for claim_others.
-- fact_ids, kinds, bodies: its mail, oldest first. open: it has calls without an answer, which are read by themselves.
create function crossdock.take(p_worker uuid, p_n int, p_busy text[]) returns table (
  tenant_id text, instance_id uuid, namespace text, name text, version text, business_key text, parent_id uuid,
  parent_at text, status text, revision int, state bytea, stage text, traceparent text, ended boolean,
  ended_at timestamptz, output json, error json, fact_ids bigint[], kinds text[], bodies json[], open boolean
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
                   and k.state not in ('done', 'failed'))
    from unnest(tenants, instances) as c (tenant_id, instance_id) cross join lateral (
      select * from crossdock.instance x where x.tenant_id = c.tenant_id and x.instance_id = c.instance_id offset 0) i
    cross join lateral (
      select array_agg(x.fact_id order by x.fact_id) as fact_ids, array_agg(x.kind order by x.fact_id) as kinds,
             array_agg(x.body order by x.fact_id) as bodies
      from crossdock.fact x where x.tenant_id = c.tenant_id and x.instance_id = c.instance_id) m;
end $$;
