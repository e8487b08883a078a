-- name: store
-- The primary key drops duplicates: no row comes back for an event that is already here.
insert into crossdock.event (tenant_id, source, id, type, subject, time, body)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict do nothing
returning seq

-- name: enqueue
-- Hands a stored event to the relay.
insert into crossdock.outbox (tenant_id, seq, source, id, correlate) values ($1, $2, $3, $4, $5)

-- name: paths
-- By which expressions some published definition asks for events of this type ('*': of any type).
select type, path from crossdock.correlation_path where tenant_id = $1 and type in ($2, '*')

-- name: triggers
-- Which definitions an event of this type may start ('*': of any type). One row a definition.
select distinct on (namespace, name) namespace, name, version, wanted::text as wanted
from crossdock.trigger_on where tenant_id = $1 and type in ($2, '*') order by namespace, name

-- name: lock_keys
-- Listener and event meet under these locks, so neither misses the other. Always taken in ascending order.
select pg_advisory_xact_lock(k) from unnest($1::bigint[]) as k

-- name: listeners
-- Who waits under one of these (type, path, value) keys, in instance order so that row locks never cross.
select s.instance_id, s.at, s.ordinal, s.filter
from unnest($2::text[], $3::text[], $4::text[]) as k (type, path, value)
join crossdock.subscription s on s.tenant_id = $1 and s.type = k.type and s.path = k.path and s.value = k.value
order by s.instance_id, s.at, s.ordinal

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
insert into crossdock.instance (tenant_id, instance_id, namespace, name, version, business_key, parent_id, parent_at, traceparent)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict do nothing
returning instance_id

-- name: outbox_batch
-- The next events to hand on, oldest first; locked, so two relays never hand on the same one.
select o.tenant_id, o.seq, o.correlate, e.body
from crossdock.outbox o
join crossdock.event e on e.tenant_id = o.tenant_id and e.source = o.source and e.id = o.id
where (o.tenant_id, o.seq) in (select * from unnest($1::text[], $2::bigint[]))
order by o.seq
for update of o skip locked

-- name: outbox_done
delete from crossdock.outbox where (tenant_id, seq) in (select * from unnest($1::text[], $2::bigint[]))

-- name: dead_letter
-- What could not be handed on, with the reason; the event itself stays in the log.
insert into crossdock.dead_letter (tenant_id, seq, reason) values ($1, $2, $3) on conflict do nothing

-- name: seq_of
select seq from crossdock.event where tenant_id = $1 and source = $2 and id = $3
