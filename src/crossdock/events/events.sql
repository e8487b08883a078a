-- name: store
-- The primary key drops duplicates: no row comes back for an event that is already here. A new one goes to the relay with
-- it ($8: which is to look for listeners); it hears of it with the commit.
with e as (
  insert into crossdock.event (tenant_id, source, id, type, subject, time, body)
  values ($1, $2, $3, $4, $5, $6, $7)
  on conflict do nothing
  returning seq),
o as (
  insert into crossdock.outbox (tenant_id, seq, source, id, correlate) select $1, e.seq, $2, $3, $8 from e returning seq)
select o.seq, pg_notify('crossdock_outbox', '') from o

-- name: listening
-- What definitions do with events of these types: start (path is null), or ask for them ('*': for every type) by a path.
(select distinct on (k.tenant_id, k.type, t.namespace, t.name) k.tenant_id, k.type, t.namespace, t.name, t.version,
        t.wanted::text as wanted, null as asked_as, null as path
 from unnest($1::text[], $2::text[]) as k (tenant_id, type)
 join crossdock.trigger_on t on t.tenant_id = k.tenant_id and t.type in (k.type, '*')
 order by k.tenant_id, k.type, t.namespace, t.name)
union all
select k.tenant_id, k.type, null, null, null, null, p.type, p.path
from unnest($1::text[], $2::text[]) as k (tenant_id, type)
join crossdock.correlation_path p on p.tenant_id = k.tenant_id and p.type in (k.type, '*')

-- name: lock_relays
-- One relay at a time serves a tenant: those of these tenants that nobody else serves now.
select t from unnest($2::text[]) as t where pg_try_advisory_xact_lock($1, hashtext(t))

-- name: lock_keys
-- Listener and event meet under these locks, so neither misses the other. Always taken in ascending order.
select pg_advisory_xact_lock(k) from unnest($1::bigint[]) as k

-- name: listeners
-- Who waits under one of these (type, path, value) keys, in instance order so that row locks never cross.
select s.instance_id, s.at, s.ordinal, s.filter
from unnest($2::text[], $3::text[], $4::text[]) as k (type, path, value)
join crossdock.subscription s on s.tenant_id = $1 and s.type = k.type and s.path = k.path and s.value = k.value
order by s.instance_id, s.at, s.ordinal

-- name: listeners_of_all
-- The same for many events: n is the place of the event that has the key.
select k.n, s.instance_id, s.at, s.filter
from unnest($2::int[], $3::text[], $4::text[], $5::text[]) as k (n, type, path, value)
join crossdock.subscription s on s.tenant_id = $1 and s.type = k.type and s.path = k.path and s.value = k.value
order by k.n, s.instance_id, s.at, s.ordinal

-- name: deliver_all
-- Events for instances, in instance order so that row locks never cross; one instance hears them in their order.
select f.n, crossdock.deliver($1, f.instance_id, 'EventReceived', f.body) as heard
from (select * from unnest($2::int[], $3::uuid[], $4::json[]) as f (n, instance_id, body) order by f.instance_id, f.n) f

-- name: keep_all_early
-- Nobody listens yet: each event is kept under every key it can be asked for by.
insert into crossdock.early (tenant_id, type, path, value, seq, source, id, instance_id)
select $1, k.type, k.path, k.value, k.seq, k.source, k.id, $8
from unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[]) as k (type, path, value, seq, source, id)
on conflict do nothing

-- name: keep_early
-- Nobody listens yet: keep the event under every key it can be asked for by.
insert into crossdock.early (tenant_id, type, path, value, seq, source, id, instance_id)
select $1, k.type, k.path, k.value, $5, $6, $7, $8 from unnest($2::text[], $3::text[], $4::text[]) as k (type, path, value)
on conflict do nothing

-- name: deliver
-- A fact for one instance; false when it has ended.
select crossdock.deliver($1, $2, $3, $4)

-- name: start_instance
-- The same event starts the same definition once: the identifier is derived from both.
insert into crossdock.instance (tenant_id, instance_id, namespace, name, version, business_key, parent_id, parent_at, traceparent, priority)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, coalesce($10::smallint, (
  select d.priority from crossdock.definition d
  where d.tenant_id = $1 and d.namespace = $3 and d.name = $4 and d.version = $5), 5))
on conflict do nothing
returning instance_id

-- name: outbox_batch
-- These events, by tenant and oldest first; locked, so two relays never hand on the same one. `offset 0`: each event is
-- looked up by its key; as a plain join, a plan made while the tables were small read all events for each of the batch.
select o.tenant_id, o.seq, o.correlate, e.type, e.body
from unnest($1::text[], $2::bigint[]) as k (tenant_id, seq)
join crossdock.outbox o on o.tenant_id = k.tenant_id and o.seq = k.seq
cross join lateral (
  select x.type, x.body from crossdock.event x
  where x.tenant_id = o.tenant_id and x.source = o.source and x.id = o.id offset 0) e
order by o.tenant_id, o.seq
for update of o skip locked

-- name: outbox_done
delete from crossdock.outbox o using unnest($1::text[], $2::bigint[]) as k (tenant_id, seq)
where o.tenant_id = k.tenant_id and o.seq = k.seq

-- name: dead_letter
-- What could not be handed on, with the reason; the event itself stays in the log.
insert into crossdock.dead_letter (tenant_id, seq, reason, listeners) values ($1, $2, $3, $4)
on conflict (tenant_id, seq) do update set listeners = crossdock.dead_letter.listeners or excluded.listeners,
  reason = left(crossdock.dead_letter.reason || '; ' || excluded.reason, 2000)

-- name: dead_letters
-- Oldest first, as they will be handed on again.
select d.seq, d.reason, d.at, d.listeners, e.type, e.subject, e.source, e.id, e.received_at
from crossdock.dead_letter d join crossdock.event e on e.tenant_id = d.tenant_id and e.seq = d.seq
where d.tenant_id = $1 and d.seq > $2 order by d.seq limit $3

-- name: count_dead_letters
select count(*) from crossdock.dead_letter where tenant_id = $1

-- name: replay
-- Back to the outbox, and away from here, in one statement: replayed twice, it is handed on once.
with d as (
  delete from crossdock.dead_letter where tenant_id = $1 and seq = any ($2::bigint[])
  returning seq, reason, listeners),
o as (
  insert into crossdock.outbox (tenant_id, seq, source, id, correlate)
  select $1, d.seq, e.source, e.id, d.listeners
  from d join crossdock.event e on e.tenant_id = $1 and e.seq = d.seq
  on conflict do nothing)
select d.seq, d.reason from d order by d.seq

-- name: dead_bodies
select d.seq, d.listeners, e.body from crossdock.dead_letter d
join crossdock.event e on e.tenant_id = d.tenant_id and e.seq = d.seq
where d.tenant_id = $1 and d.seq = any ($2::bigint[]) order by d.seq

-- name: discard
delete from crossdock.dead_letter where tenant_id = $1 and seq = any ($2::bigint[]) returning seq, reason

-- name: wake_relays
select pg_notify('crossdock_outbox', '')

-- name: seq_of
select seq from crossdock.event where tenant_id = $1 and source = $2 and id = $3
