-- A round of timers, or of events to hand on, is of every tenant that has any: the first of each, then the second of each,
-- and so on. They were taken in the order of the tenants' names, so whoever came behind a long backlog waited for all of it.
--
-- Each tenant's rows are read from the head of its own index (timer_due; the outbox's key): a probe for whether it has any,
-- and then no more than its part of a round, or an eighth of one where many share it, so that a backlog still drains
-- beside many tenants with little. Of more tenants than a round has places each has one place.
grant create on schema crossdock to crossdock_dispatch;

create or replace function crossdock.due_timers(n int) returns table (tenant_id text, instance_id uuid, at text, timer text)
language sql stable security definer set search_path = crossdock
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
  with waiting as materialized (
    select x.t from (select tenant_id as t from tenant_ids() as tenant_id) x
    where (select m.due_at from timer m where m.tenant_id = x.t order by m.due_at limit 1) <= crossdock.now()),
  share as materialized (
    select greatest(1, n / 8, n / greatest(1, count(*)))::int as k, greatest(n, count(*))::int as places from waiting)
  select d.tenant_id, d.instance_id, d.at, d.timer from waiting w cross join share, lateral (
    select m.tenant_id, m.instance_id, m.at, m.timer, m.due_at, row_number() over (order by m.due_at) as turn from timer m
    where m.tenant_id = w.t and m.due_at <= crossdock.now() order by m.due_at limit share.k) d
  order by d.turn, d.due_at limit (select places from share)
$$;

create or replace function crossdock.outbox_head(n int) returns table (tenant_id text, seq bigint)
language sql stable security definer set search_path = crossdock
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
  with waiting as materialized (
    select x.t from (select tenant_id as t from tenant_ids() as tenant_id) x
    where (select o.seq from outbox o where o.tenant_id = x.t order by o.seq limit 1) is not null),
  share as materialized (
    select greatest(1, n / 8, n / greatest(1, count(*)))::int as k, greatest(n, count(*))::int as places from waiting)
  select d.tenant_id, d.seq from waiting w cross join share, lateral (
    select o.tenant_id, o.seq, row_number() over (order by o.seq) as turn from outbox o
    where o.tenant_id = w.t order by o.seq limit share.k) d
  order by d.turn, d.seq limit (select places from share)
$$;

revoke create on schema crossdock from crossdock_dispatch;
