-- name: orphans
-- Running, and nothing will ever wake it: nobody works on it, no timer, listener, open call, held call or child.
select i.tenant_id, i.instance_id, i.name from crossdock.instance i
where i.ended_at is null and i.status = 'running'
  and not exists (select from crossdock.ready x where (x.tenant_id, x.instance_id) = (i.tenant_id, i.instance_id))
  and not exists (select from crossdock.lease x where (x.tenant_id, x.instance_id) = (i.tenant_id, i.instance_id))
  and not exists (select from crossdock.timer x where (x.tenant_id, x.instance_id) = (i.tenant_id, i.instance_id))
  and not exists (select from crossdock.subscription x where (x.tenant_id, x.instance_id) = (i.tenant_id, i.instance_id))
  and not exists (select from crossdock.held_call x where (x.tenant_id, x.instance_id) = (i.tenant_id, i.instance_id))
  and not exists (select from crossdock.call x where (x.tenant_id, x.instance_id) = (i.tenant_id, i.instance_id)
                  and x.state in ('parked', 'asked'))
  and not exists (select from crossdock.instance x where (x.tenant_id, x.parent_id) = (i.tenant_id, i.instance_id)
                  and x.ended_at is null)

-- name: unread
-- Whoever has mail is being worked on, or will be: else a fact would lie there for ever. What stands still by an
-- operator's word keeps its mail, but for what operators say.
select f.tenant_id, f.instance_id, f.kind from crossdock.fact f
where not exists (select from crossdock.ready x where (x.tenant_id, x.instance_id) = (f.tenant_id, f.instance_id))
  and not exists (select from crossdock.lease x where (x.tenant_id, x.instance_id) = (f.tenant_id, f.instance_id))
  and (f.kind in ('Suspended', 'Resumed', 'CancelRequested', 'Restarted') or not exists (
    select from crossdock.instance i where (i.tenant_id, i.instance_id) = (f.tenant_id, f.instance_id) and i.status = 'suspended'))

-- name: unowned
-- A lease belongs to a worker that can be buried: else its instance would never move again.
select l.tenant_id, l.instance_id, l.worker_id from crossdock.lease l
where not exists (select from crossdock.worker w where w.worker_id = l.worker_id)

-- name: unwoken
-- A held call belongs to an outage that will be tried.
select h.tenant_id, h.instance_id, h.system from crossdock.held_call h
where not exists (select from crossdock.outage o where (o.tenant_id, o.system) = (h.tenant_id, h.system))

-- name: suspended
-- Nothing in a simulation is a reason to set an instance aside; whom an operator has stand still has no error.
select tenant_id, instance_id, error::text as error from crossdock.instance where status = 'suspended' and error is not null

-- name: instances
select tenant_id, instance_id, namespace, name, version, business_key, parent_id, status, revision, state, ended_at
from crossdock.instance order by tenant_id, instance_id

-- name: calls
select tenant_id, instance_id, at, function, system, state, arguments::text as arguments, output::text as output, undo is not null as undoes,
       undone_at is not null as undone
from crossdock.call order by tenant_id, instance_id, at

-- name: done_events
select tenant_id, source, id, subject, body::text as body from crossdock.event where type = 'sim.done' order by tenant_id, seq

-- name: history
select tenant_id, instance_id, kind, fact::text as fact from crossdock.history order by tenant_id, instance_id, seq

-- name: one_history
select kind, at, fact::text as fact, trace::text as trace from crossdock.history
where tenant_id = $1 and instance_id = $2 order by seq

-- name: left
-- What must be empty when all is over.
select 'ready' as t, count(*) as n from crossdock.ready union all
select 'lease', count(*) from crossdock.lease union all
select 'fact', count(*) from crossdock.fact union all
select 'timer', count(*) from crossdock.timer union all
select 'subscription', count(*) from crossdock.subscription union all
select 'held_call', count(*) from crossdock.held_call union all
select 'outage', count(*) from crossdock.outage union all
select 'outbox', count(*) from crossdock.outbox union all
select 'dead_letter', count(*) from crossdock.dead_letter

-- name: forget
-- The next seed begins with nothing, and with the same numbers.
truncate crossdock.instance, crossdock.ready, crossdock.lease, crossdock.fact, crossdock.history, crossdock.subscription,
  crossdock.timer, crossdock.call, crossdock.attempt, crossdock.outage, crossdock.held_call, crossdock.event,
  crossdock.outbox, crossdock.dead_letter, crossdock.early, crossdock.worker, crossdock.metric_snapshot,
  crossdock.trigger_on, crossdock.definition, crossdock.correlation_path restart identity cascade
