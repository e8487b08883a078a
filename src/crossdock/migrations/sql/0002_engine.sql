-- The durable host of workflows, and the events between it and the world.
-- What churns (ready, lease, fact, timer, subscription) lies in narrow tables of its own, so that an advance updates
-- no indexed column of instance and stays a heap-only (HOT) update.

grant create on schema crossdock to crossdock_dispatch;

-- ── workers and their leases ────────────────────────────────────────────────────────────────────────────────────
-- A worker renews one row, not one per instance. Times here are real: business time may stand still.
create table crossdock.worker (
  worker_id uuid primary key,
  host text not null,
  pid int not null,
  started_at timestamptz not null default clock_timestamp(),
  lease_until timestamptz not null
);
grant select, insert, update, delete on crossdock.worker to crossdock_app, crossdock_dispatch;

-- ── definitions: published once, never edited ───────────────────────────────────────────────────────────────────
create table crossdock.definition (
  tenant_id text not null references crossdock.tenant,
  namespace text not null,
  name text not null,
  version text not null,
  hash text not null,
  source text not null,
  published_at timestamptz not null default crossdock.now(),
  primary key (tenant_id, namespace, name, version)
);
select crossdock.protect('crossdock.definition');
revoke update, delete on crossdock.definition from crossdock_app;

-- Which definition an event type starts: the newest published version of each name.
create table crossdock.trigger_on (
  tenant_id text not null references crossdock.tenant,
  type text not null,
  namespace text not null,
  name text not null,
  version text not null,
  primary key (tenant_id, type, namespace, name)
);
select crossdock.protect('crossdock.trigger_on');

-- Which expressions on an event of a type some definition correlates by: what an arriving event is indexed under.
create table crossdock.correlation_path (
  tenant_id text not null references crossdock.tenant,
  type text not null,
  path text not null,
  primary key (tenant_id, type, path)
);
select crossdock.protect('crossdock.correlation_path');

-- ── instances ───────────────────────────────────────────────────────────────────────────────────────────────────
create table crossdock.instance (
  tenant_id text not null references crossdock.tenant,
  instance_id uuid not null,
  namespace text not null,
  name text not null,
  version text not null,
  business_key text not null default '',
  parent_id uuid,
  parent_at text,
  status text not null default 'running' check (status in ('running', 'completed', 'faulted', 'cancelled', 'suspended')),
  revision int not null default 0,
  state bytea,
  stage text not null default '',
  stage_since timestamptz not null default crossdock.now(),
  traceparent text not null default '',
  started_at timestamptz not null default crossdock.now(),
  updated_at timestamptz not null default crossdock.now(),
  ended_at timestamptz,
  output json,
  error json,
  foreign key (tenant_id, namespace, name, version) references crossdock.definition,
  primary key (tenant_id, instance_id)
) with (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);
create index instance_open on crossdock.instance (tenant_id, name) where ended_at is null;
create index instance_key on crossdock.instance (tenant_id, business_key);
create index instance_parent on crossdock.instance (tenant_id, parent_id) where parent_id is not null;
select crossdock.protect('crossdock.instance');

-- An instance that has something to do and nobody doing it. Inserted with the fact, deleted by the claim.
create table crossdock.ready (
  tenant_id text not null,
  instance_id uuid not null,
  priority smallint not null default 5,
  since timestamptz not null default clock_timestamp(),
  primary key (tenant_id, instance_id)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 200);
create index ready_order on crossdock.ready (tenant_id, priority, since);
select crossdock.protect('crossdock.ready');

create table crossdock.lease (
  tenant_id text not null,
  instance_id uuid not null,
  worker_id uuid not null,
  primary key (tenant_id, instance_id)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 200);
select crossdock.protect('crossdock.lease');

-- The mailbox: facts not yet applied. They move to history with the advance that applies them.
create table crossdock.fact (
  tenant_id text not null,
  instance_id uuid not null,
  fact_id bigint generated always as identity,
  kind text not null,
  body json not null,
  primary key (tenant_id, instance_id, fact_id)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 200);
select crossdock.protect('crossdock.fact');

create table crossdock.history (
  tenant_id text not null,
  instance_id uuid not null,
  seq bigint not null,
  at timestamptz not null,
  kind text not null,
  fact json not null,
  trace json not null,
  primary key (tenant_id, instance_id, seq)
);
select crossdock.protect('crossdock.history');
revoke update on crossdock.history from crossdock_app;

create table crossdock.subscription (
  tenant_id text not null,
  instance_id uuid not null,
  at text not null,
  ordinal smallint not null,
  type text not null,
  path text not null,
  value text not null,
  filter json not null,
  primary key (tenant_id, instance_id, at, ordinal)
);
create index subscription_key on crossdock.subscription (tenant_id, type, path, value);
select crossdock.protect('crossdock.subscription');

create table crossdock.timer (
  tenant_id text not null,
  instance_id uuid not null,
  at text not null,
  timer text not null,
  due_at timestamptz not null,
  primary key (tenant_id, instance_id, at, timer)
);
create index timer_due on crossdock.timer (tenant_id, due_at);
select crossdock.protect('crossdock.timer');

-- ── calls and their attempts ────────────────────────────────────────────────────────────────────────────────────
-- A call is recorded with the advance that commands it, before anything leaves the house.
create table crossdock.call (
  tenant_id text not null,
  instance_id uuid not null,
  at text not null,
  function text not null,
  system text not null default '',
  arguments json not null,
  undo json,
  state text not null default 'sent' check (state in ('sent', 'retry', 'outage', 'unknown', 'asked', 'parked', 'done', 'failed')),
  attempt int not null default 1,
  abandoned boolean not null default false,
  called_at timestamptz not null,
  answered_at timestamptz,
  duration_ms double precision,
  output json,
  error json,
  undone_at timestamptz,
  primary key (tenant_id, instance_id, at)
) with (fillfactor = 80);
select crossdock.protect('crossdock.call');

-- Every attempt that was not simply answered: what was seen, and when. A first attempt that succeeds has no row.
create table crossdock.attempt (
  tenant_id text not null,
  instance_id uuid not null,
  at text not null,
  attempt int not null,
  ordinal int generated always as identity,
  outcome text not null check (outcome in ('done', 'failed', 'unknown', 'absent')),
  probe boolean not null default false,
  detail text not null default '',
  tried_at timestamptz not null,
  duration_ms double precision,
  primary key (tenant_id, instance_id, at, ordinal)
);
select crossdock.protect('crossdock.attempt');

-- Systems that are down, one row each; their calls wait in held_call and resume when one canary gets through.
create table crossdock.outage (
  tenant_id text not null,
  system text not null,
  since timestamptz not null,
  tries int not null default 0,
  next_try_at timestamptz not null,
  detail text not null default '',
  primary key (tenant_id, system)
);
create index outage_next on crossdock.outage (tenant_id, next_try_at);
select crossdock.protect('crossdock.outage');
create table crossdock.held_call (
  tenant_id text not null,
  system text not null,
  instance_id uuid not null,
  at text not null,
  since timestamptz not null,
  primary key (tenant_id, system, instance_id, at)
);
select crossdock.protect('crossdock.held_call');

-- ── events ──────────────────────────────────────────────────────────────────────────────────────────────────────
-- Every event received or emitted, once: the key is what makes a repeated delivery a duplicate.
create table crossdock.event (
  tenant_id text not null references crossdock.tenant,
  source text not null,
  id text not null,
  seq bigint generated always as identity,
  type text not null,
  subject text not null default '',
  time timestamptz not null,
  received_at timestamptz not null default crossdock.now(),
  stored_at timestamptz not null default clock_timestamp(),  -- real time: what latency is measured by
  body json not null,
  primary key (tenant_id, source, id)
);
create index event_subject on crossdock.event (tenant_id, subject, seq);
create index event_type on crossdock.event (tenant_id, type, seq);
select crossdock.protect('crossdock.event');

-- Events that are committed and not yet handed on. correlate: emitted here, so listeners have not heard of it yet.
create table crossdock.outbox (
  tenant_id text not null,
  seq bigint not null,
  source text not null,
  id text not null,
  correlate boolean not null,
  primary key (tenant_id, seq)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 200);
select crossdock.protect('crossdock.outbox');

-- Events that could not be handed on, kept with the reason until a person has looked.
create table crossdock.dead_letter (
  tenant_id text not null,
  seq bigint not null,
  reason text not null,
  at timestamptz not null default crossdock.now(),
  primary key (tenant_id, seq)
);
select crossdock.protect('crossdock.dead_letter');

-- Events that arrived before anybody listened, under each value they could be asked for by. instance_id: the one whose
-- listener had closed when it came, and who alone may still take it; the nil UUID: whoever asks first.
create table crossdock.early (
  tenant_id text not null,
  type text not null,
  path text not null,
  value text not null,
  seq bigint not null,
  source text not null,
  id text not null,
  instance_id uuid not null default '00000000-0000-0000-0000-000000000000',
  primary key (tenant_id, type, path, value, seq, instance_id)
);
create index early_event on crossdock.early (tenant_id, seq);
select crossdock.protect('crossdock.early');

-- ── what looks across tenants returns ids only ──────────────────────────────────────────────────────────────────
do $$ declare t text; begin
  foreach t in array array['ready', 'lease', 'fact', 'timer', 'outage', 'outbox'] loop
    execute format('create policy dispatch on crossdock.%I to crossdock_dispatch using (true) with check (true)', t);
    execute format('grant select, insert, update, delete on crossdock.%I to crossdock_dispatch', t);
  end loop;
end $$;

-- Claims up to n ready instances for a worker, at most a fair share per tenant first.
create function crossdock.claim(w uuid, n int) returns table (tenant_id text, instance_id uuid)
language sql volatile security definer set search_path = crossdock as $$
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
    select c.tenant_id, c.instance_id
    from tenants t cross join share cross join alive, lateral (
      select r.tenant_id, r.instance_id from ready r
      where r.tenant_id = t.tenant_id
        and not exists (select from lease l where l.tenant_id = r.tenant_id and l.instance_id = r.instance_id)
      order by r.priority, r.since limit share.k for update skip locked) c
    where t.tenant_id is not null
    limit n
  ),
  gone as (delete from ready r using picked p where r.tenant_id = p.tenant_id and r.instance_id = p.instance_id)
  insert into lease as l (tenant_id, instance_id, worker_id) select p.tenant_id, p.instance_id, w from picked p
  on conflict do nothing
  returning l.tenant_id, l.instance_id
$$;
alter function crossdock.claim(uuid, int) owner to crossdock_dispatch;

-- Timers due in business time, as ids; the caller fires them in a transaction of their tenants.
create function crossdock.due_timers(n int) returns table (tenant_id text, instance_id uuid, at text, timer text)
language sql stable security definer set search_path = crossdock as $$
  select d.* from (select tenant_id as t from tenant_ids() as tenant_id) x,
    lateral (select m.tenant_id, m.instance_id, m.at, m.timer from timer m
             where m.tenant_id = x.t and m.due_at <= crossdock.now() order by m.due_at limit n) d
  limit n
$$;
alter function crossdock.due_timers(int) owner to crossdock_dispatch;

create function crossdock.due_outages() returns table (tenant_id text, system text)
language sql stable security definer set search_path = crossdock as $$
  select o.tenant_id, o.system from outage o where o.next_try_at <= crossdock.now()
$$;
alter function crossdock.due_outages() owner to crossdock_dispatch;

-- When business time next has something for us, and whether anything is going on now. Ids and times, no contents.
create function crossdock.next_due() returns timestamptz
language sql stable security definer set search_path = crossdock as $$
  select least((select min(d.due_at) from (select tenant_id as t from tenant_ids() as tenant_id) x,
                  lateral (select m.due_at from timer m where m.tenant_id = x.t order by m.due_at limit 1) d),
               (select min(next_try_at) from outage))
$$;
alter function crossdock.next_due() owner to crossdock_dispatch;

create function crossdock.busy() returns boolean
language sql stable security definer set search_path = crossdock as $$
  select exists (select from ready) or exists (select from lease) or exists (select from outbox)
$$;
alter function crossdock.busy() owner to crossdock_dispatch;

create function crossdock.outbox_head(n int) returns table (tenant_id text, seq bigint)
language sql stable security definer set search_path = crossdock as $$
  select d.tenant_id, d.seq from (select tenant_id as t from tenant_ids() as tenant_id) x,
    lateral (select o.tenant_id, o.seq from outbox o where o.tenant_id = x.t order by o.seq limit n) d
  limit n
$$;
alter function crossdock.outbox_head(int) owner to crossdock_dispatch;

-- Takes the leases of workers that stopped renewing, and makes their instances ready for others. The worker row is
-- locked first: a commit of that worker holds it, so nothing of the dead can land after its leases moved.
create function crossdock.bury_dead() returns int
language plpgsql volatile security definer set search_path = crossdock as $$
declare dead uuid; moved int := 0; n int;
begin
  for dead in select w.worker_id from worker w where w.lease_until < clock_timestamp() for update skip locked loop
    with freed as (delete from lease l where l.worker_id = dead returning l.tenant_id, l.instance_id)
    insert into ready (tenant_id, instance_id, priority) select f.tenant_id, f.instance_id, 1 from freed f
    on conflict do nothing;
    get diagnostics n = row_count;
    moved := moved + n;
    delete from worker w where w.worker_id = dead;
  end loop;
  return moved;
end $$;
alter function crossdock.bury_dead() owner to crossdock_dispatch;

-- ── delivering a fact ───────────────────────────────────────────────────────────────────────────────────────────
-- Instance row first, then its mailbox: a park and a delivery serialise on that row, so no fact is left unseen.
-- Returns false when the instance has ended (the fact came too late to matter).
create function crossdock.deliver(t text, i uuid, k text, b json) returns boolean
language plpgsql volatile as $$
declare holder uuid;
begin
  perform from crossdock.instance where tenant_id = t and instance_id = i
    and (ended_at is null or k = 'Attempt') for no key update;
  if not found then return false; end if;
  insert into crossdock.fact (tenant_id, instance_id, kind, body) values (t, i, k, b);
  select worker_id into holder from crossdock.lease where tenant_id = t and instance_id = i;
  if holder is null then
    insert into crossdock.ready (tenant_id, instance_id) values (t, i) on conflict do nothing;
    perform pg_notify('crossdock_ready', '');
  else
    perform pg_notify('crossdock_mail', holder || ' ' || t || ' ' || i);
  end if;
  return true;
end $$;

revoke create on schema crossdock from crossdock_dispatch;
