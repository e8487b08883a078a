-- Many instances, and many years of them: what goes first, who waits for whom, and what is kept how long.
grant create on schema crossdock to crossdock_dispatch;

-- ── priorities: 1 is most urgent, 5 usual, 9 whenever there is time ─────────────────────────────────────────────
alter table crossdock.definition add priority smallint not null default 5 check (priority between 1 and 9);
alter table crossdock.instance add priority smallint not null default 5 check (priority between 1 and 9);

-- As before, and the row in `ready` has the priority of its instance.
create or replace function crossdock.deliver(t text, i uuid, k text, b json) returns boolean
language plpgsql volatile set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare holder uuid; urgency smallint;
begin
  select priority into urgency from crossdock.instance where tenant_id = t and instance_id = i
    and (ended_at is null or k = 'Attempt') for no key update;
  if not found then return false; end if;
  insert into crossdock.fact (tenant_id, instance_id, kind, body) values (t, i, k, b);
  select worker_id into holder from crossdock.lease where tenant_id = t and instance_id = i;
  if holder is null then
    insert into crossdock.ready (tenant_id, instance_id, priority) values (t, i, urgency) on conflict do nothing;
    perform pg_notify('crossdock_ready', '');
  else
    perform pg_notify('crossdock_mail', holder || ' ' || t || ' ' || i);
  end if;
  return true;
end $$;

-- ── fairness ────────────────────────────────────────────────────────────────────────────────────────────────────
-- A worker whose hands are full of some tenants' work claims for the others: one instance of each, in the order in
-- which they have waited. So the first of a tenant never waits behind the queue of another.
create function crossdock.claim_others(w uuid, n int, busy text[]) returns table (tenant_id text, instance_id uuid)
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
    select c.tenant_id, c.instance_id
    from tenants t cross join alive, lateral (
      select r.tenant_id, r.instance_id, r.since from ready r
      where r.tenant_id = t.tenant_id
        and not exists (select from lease l where l.tenant_id = r.tenant_id and l.instance_id = r.instance_id)
      order by r.priority, r.since limit 1 for update skip locked) c
    where t.tenant_id is not null and t.tenant_id <> all (busy)
    order by c.since
    limit n
  ),
  gone as (delete from ready r using picked p where r.tenant_id = p.tenant_id and r.instance_id = p.instance_id)
  insert into lease as l (tenant_id, instance_id, worker_id) select p.tenant_id, p.instance_id, w from picked p
  on conflict do nothing
  returning l.tenant_id, l.instance_id
$$;
alter function crossdock.claim_others(uuid, int, text[]) owner to crossdock_dispatch;

-- How much of a tenant waits, counted no further than `most`: what back-pressure goes by.
create function crossdock.backlog(t text, most int) returns int
language sql stable security definer set search_path = crossdock as $$
  select count(*)::int from (select from ready r where r.tenant_id = t limit most) x
$$;
alter function crossdock.backlog(text, int) owner to crossdock_dispatch;

-- ── history by month ────────────────────────────────────────────────────────────────────────────────────────────
-- What was there becomes the default partition, which also takes what no month was made for.
alter table crossdock.history rename to history_other;
alter table crossdock.history_other drop constraint history_pkey;
alter table crossdock.history_other add constraint history_other_pkey primary key (tenant_id, instance_id, seq, at);
create table crossdock.history (
  tenant_id text not null,
  instance_id uuid not null,
  seq bigint not null,
  at timestamptz not null,
  kind text not null,
  fact json not null,
  trace json not null,
  primary key (tenant_id, instance_id, seq, at)
) partition by range (at);
alter table crossdock.history attach partition crossdock.history_other default;
select crossdock.protect('crossdock.history');
revoke update on crossdock.history from crossdock_app;

-- Makes the partitions of this month of business time and the next two. Rows of a month that lie in the default
-- partition move to it. Returns the names of those that are new.
create function crossdock.make_months() returns setof text
language plpgsql volatile security definer set search_path = crossdock, pg_temp set lock_timeout = '2s' set timezone = 'UTC' as $$
declare first date; name text;
begin
  for n in 0..2 loop
    first := (date_trunc('month', crossdock.now() at time zone 'UTC') + make_interval(months => n))::date;
    name := 'history_' || to_char(first, 'YYYY_MM');
    continue when to_regclass('crossdock.' || name) is not null;
    -- nobody else may find it missing too, or write a row of this month while it is made
    perform pg_advisory_xact_lock(x'0C0565'::int);
    continue when to_regclass('crossdock.' || name) is not null;
    lock table crossdock.history in access exclusive mode;
    execute format('create table crossdock.%I (like crossdock.history including all)', name);
    -- row security is forced on the owner too, who must see what he moves; nobody else can look meanwhile
    alter table crossdock.history_other no force row level security;
    execute format('with moved as (delete from crossdock.history_other where at >= %L and at < %L returning *)
                    insert into crossdock.%I select * from moved',
                   first::text || ' 00:00:00+00', (first + interval '1 month')::date::text || ' 00:00:00+00', name);
    alter table crossdock.history_other force row level security;
    execute format('alter table crossdock.history attach partition crossdock.%I for values from (%L) to (%L)',
                   name, first::text || ' 00:00:00+00', (first + interval '1 month')::date::text || ' 00:00:00+00');
    perform crossdock.protect(('crossdock.' || name)::regclass);
    execute format('revoke update on crossdock.%I from crossdock_app', name);
    return next name;
  end loop;
end $$;
revoke all on function crossdock.make_months() from public;
grant execute on function crossdock.make_months() to crossdock_app;

-- ── retention ───────────────────────────────────────────────────────────────────────────────────────────────────
-- When the oldest instance started that still runs, or ended at or after `before`. A time and nothing else.
create policy dispatch on crossdock.instance for select to crossdock_dispatch using (true);
grant select (tenant_id, started_at, ended_at) on crossdock.instance to crossdock_dispatch;
create function crossdock.oldest_needed(before timestamptz) returns timestamptz
language sql stable security definer set search_path = crossdock as $$
  select min(started_at) from instance where ended_at is null or ended_at >= before
$$;
alter function crossdock.oldest_needed(timestamptz) owner to crossdock_dispatch;

-- Months whose last instance ended before `before` are dropped whole: no instance that still runs has a row there.
create function crossdock.drop_months(before timestamptz) returns setof text
language plpgsql volatile security definer set search_path = crossdock, pg_temp set lock_timeout = '2s' set timezone = 'UTC' as $$
declare part record; needed timestamptz;
begin
  perform pg_advisory_xact_lock(x'0C0565'::int);
  for part in
    select c.relname, make_timestamptz(substr(c.relname, 9, 4)::int, substr(c.relname, 14, 2)::int, 1, 0, 0, 0, 'UTC') as first
    from pg_catalog.pg_inherits i join pg_catalog.pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'crossdock.history'::regclass and c.relname ~ '^history_\d{4}_\d{2}$'
  loop
    continue when part.first + interval '1 month' > before;
    needed := coalesce(needed, crossdock.oldest_needed(before), 'infinity');
    continue when needed < part.first + interval '1 month';
    execute format('drop table crossdock.%I', part.relname);
    return next part.relname;
  end loop;
end $$;
revoke all on function crossdock.drop_months(timestamptz) from public;
grant execute on function crossdock.drop_months(timestamptz) to crossdock_app;

create index instance_ended on crossdock.instance (tenant_id, ended_at) where ended_at is not null;
create index event_received on crossdock.event (tenant_id, received_at);
revoke create on schema crossdock from crossdock_dispatch;
