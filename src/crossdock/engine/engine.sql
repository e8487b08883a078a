-- name: register_worker
insert into crossdock.worker (worker_id, host, pid, lease_until) values ($1, $2, $3, clock_timestamp() + $4)
on conflict (worker_id) do update set lease_until = excluded.lease_until

-- name: renew
-- One row a worker, however many instances it holds. No row back: others have declared this worker dead.
update crossdock.worker set lease_until = clock_timestamp() + $2 where worker_id = $1 returning worker_id

-- name: retire
delete from crossdock.worker where worker_id = $1

-- name: release_leases
-- On a clean stop: what this worker held is ready for others.
with freed as (delete from crossdock.lease where worker_id = $1 returning tenant_id, instance_id)
insert into crossdock.ready (tenant_id, instance_id, priority)
select f.tenant_id, f.instance_id, i.priority from freed f
join crossdock.instance i on i.tenant_id = f.tenant_id and i.instance_id = f.instance_id
on conflict do nothing

-- name: ready_again
-- Given back: it waits for its next worker with its own priority.
insert into crossdock.ready (tenant_id, instance_id, priority)
select tenant_id, instance_id, priority from crossdock.instance where tenant_id = $1 and instance_id = $2
on conflict do nothing

-- name: take
-- Claims, and reads what was claimed: for the busy, one of each tenant that they have nothing of.
select * from crossdock.take($1, $2, $3)

-- name: mail
-- What lies in the mailboxes, oldest first. `offset 0` here and below: each row is looked up by its key; as a plain join,
-- a plan made while the table was small read all of it.
select f.tenant_id, f.instance_id, f.fact_id, f.kind, f.body
from unnest($1::text[], $2::uuid[]) as c (tenant_id, instance_id)
cross join lateral (
  select * from crossdock.fact x where x.tenant_id = c.tenant_id and x.instance_id = c.instance_id offset 0) f
order by f.fact_id

-- name: open_calls
-- Calls without an answer yet. 'sent' after a crash means: it may have had its effect.
select k.tenant_id, k.instance_id, k.at, k.function, k.system, k.arguments, k.undo, k.state, k.attempt, k.abandoned, k.called_at,
       (select count(*) from crossdock.attempt a where a.tenant_id = k.tenant_id and a.instance_id = k.instance_id
        and a.at = k.at and a.probe) as probes,
       exists (select from crossdock.timer m where m.tenant_id = k.tenant_id and m.instance_id = k.instance_id
               and m.at = k.at and m.timer = '~attempt') as timed,
       exists (select from crossdock.held_call h where h.tenant_id = k.tenant_id and h.system = k.system
               and h.instance_id = k.instance_id and h.at = k.at) as held
from unnest($1::text[], $2::uuid[]) as c (tenant_id, instance_id)
cross join lateral (
  select * from crossdock.call x
  where x.tenant_id = c.tenant_id and x.instance_id = c.instance_id and x.state not in ('done', 'failed') offset 0) k

-- name: early_taken
delete from crossdock.early e using unnest($1::text[], $2::bigint[], $3::uuid[]) as c (tenant_id, seq, instance_id)
where e.tenant_id = c.tenant_id and e.seq = c.seq
  and e.instance_id in (c.instance_id, '00000000-0000-0000-0000-000000000000')

-- name: mark_undone
update crossdock.call k set undone_at = crossdock.now()
from unnest($1::text[], $2::uuid[], $3::text[]) as c (tenant_id, instance_id, at)
where k.tenant_id = c.tenant_id and k.instance_id = c.instance_id and k.at = c.at

-- name: next_undo
-- The last effect that can still be undone: reverse order of what happened.
select at, undo, output from crossdock.call
where tenant_id = $1 and instance_id = $2 and state = 'done' and undo is not null and undone_at is null
order by answered_at desc, at desc limit 1

-- name: undo_report
select at, function, state, error from crossdock.call
where tenant_id = $1 and instance_id = $2 and at like '%~undo' order by answered_at

-- name: hold_call
insert into crossdock.held_call (tenant_id, system, instance_id, at, since) values ($1, $2, $3, $4, $5) on conflict do nothing

-- name: open_outage
-- The first held call opens it; a canary that failed again pushes its next try back.
insert into crossdock.outage (tenant_id, system, since, next_try_at, detail) values ($1, $2, $3, $4, $5)
on conflict (tenant_id, system) do update
set tries = crossdock.outage.tries + 1, next_try_at = greatest(excluded.next_try_at, crossdock.outage.next_try_at), detail = excluded.detail
returning tries

-- name: close_outage
delete from crossdock.outage where tenant_id = $1 and system = $2 returning since

-- name: held_calls
delete from crossdock.held_call where tenant_id = $1 and system = $2 returning instance_id, at

-- name: forget_held
delete from crossdock.held_call where tenant_id = $1 and system = $2 and instance_id = $3 and at = $4

-- name: keep_end
-- The answer of an abandoned call was recorded; when and how its instance ended stays as it was.
update crossdock.instance set ended_at = $3, output = $4, error = $5 where tenant_id = $1 and instance_id = $2

-- name: lock_one
select 1 from crossdock.instance where tenant_id = $1 and instance_id = $2 for no key update

-- name: operators_mail
select exists (select from crossdock.fact where tenant_id = $1 and instance_id = $2 and kind = any ($3))

-- name: canary
-- The oldest held call tries its luck for all; one that was settled meanwhile (cancelled, answered) tries nothing, and
-- one of a suspended instance would try only when that is resumed.
select h.instance_id, h.at from crossdock.held_call h
join crossdock.call k on k.tenant_id = h.tenant_id and k.instance_id = h.instance_id and k.at = h.at
join crossdock.instance i on i.tenant_id = h.tenant_id and i.instance_id = h.instance_id and i.status <> 'suspended'
where h.tenant_id = $1 and h.system = $2 and k.state not in ('done', 'failed')
order by h.since, h.instance_id limit 1

-- name: push_outage
update crossdock.outage set tries = tries + 1, next_try_at = $3 where tenant_id = $1 and system = $2 and next_try_at <= crossdock.now()
returning tries

-- name: any_outage
select system from crossdock.outage where tenant_id = $1 and system = $2

-- name: fire_timers
delete from crossdock.timer m using unnest($1::text[], $2::uuid[], $3::text[], $4::text[]) as c (tenant_id, instance_id, at, timer)
where m.tenant_id = c.tenant_id and m.instance_id = c.instance_id and m.at = c.at and m.timer = c.timer and m.due_at <= crossdock.now()
returning m.tenant_id, m.instance_id, m.at, m.timer

-- name: deliver
select crossdock.deliver($1, $2, $3, $4)

-- name: answer_own
-- Answers of functions to the instances whose turns began them: their rows are locked, and their worker reads the mailbox
-- in the same transaction, so nobody is told.
insert into crossdock.fact (tenant_id, instance_id, kind, body)
select a.tenant_id, a.instance_id, a.kind, a.body
from unnest($1::text[], $2::uuid[], $3::text[], $4::json[]) with ordinality as a (tenant_id, instance_id, kind, body, n)
join crossdock.instance i on i.tenant_id = a.tenant_id and i.instance_id = a.instance_id and i.ended_at is null
order by a.n

-- name: children
select instance_id from crossdock.instance where tenant_id = $1 and parent_id = $2 and ($3::text is null or parent_at = $3) and ended_at is null

-- name: definition
select source, hash from crossdock.definition where tenant_id = $1 and namespace = $2 and name = $3 and version = $4

-- name: latest_version
-- By number, not by text (1.10.0 follows 1.9.0), a release before its candidates; whatever was published first.
select version from crossdock.definition where tenant_id = $1 and namespace = $2 and name = $3
order by string_to_array(substring(version from '^[0-9]+[.][0-9]+[.][0-9]+'), '.')::numeric[] desc nulls last,
         version like '%-%', published_at desc, version desc limit 1

-- name: publish
-- A definition is published once: the same version with other content is refused by the caller.
insert into crossdock.definition (tenant_id, namespace, name, version, hash, source, priority) values ($1, $2, $3, $4, $5, $6, $7)
on conflict do nothing returning hash

-- name: set_trigger
insert into crossdock.trigger_on (tenant_id, type, namespace, name, version, wanted) values ($1, $2, $3, $4, $5, $6)
on conflict (tenant_id, type, namespace, name) do update set version = excluded.version, wanted = excluded.wanted

-- name: clear_triggers
delete from crossdock.trigger_on where tenant_id = $1 and namespace = $2 and name = $3

-- name: add_path
insert into crossdock.correlation_path (tenant_id, type, path) values ($1, $2, $3) on conflict do nothing

-- name: suspend
-- The host could not advance it: it stands still, with its facts kept, until a person has looked.
update crossdock.instance set status = 'suspended', error = $3, updated_at = crossdock.now() where tenant_id = $1 and instance_id = $2

-- name: first_worker
-- Of the workers that live: the one that says what is counted in the database.
select worker_id from crossdock.worker where lease_until > clock_timestamp() order by worker_id limit 1

-- name: backlog
select (select count(*) from crossdock.ready) as ready, (select count(*) from crossdock.outbox) as outbox,
       (select count(distinct (tenant_id, seq)) from crossdock.early) as early,
       (select count(*) from crossdock.held_call) as held_calls

-- name: keep_metrics
insert into crossdock.metric_snapshot (process, at, body) values ($1, clock_timestamp(), $2)
on conflict (process) do update set at = excluded.at, body = excluded.body

-- name: forget_metrics
delete from crossdock.metric_snapshot where at < clock_timestamp() - interval '1 minute'
