-- name: make_months
select * from crossdock.make_months() as name

-- name: drop_months
select * from crossdock.drop_months($1) as name

-- name: old_instances
-- Ended before the time given, and no child of one that has not: its story may still be told.
select i.instance_id from crossdock.instance i
where i.tenant_id = $1 and i.ended_at < $2
  and not exists (select from crossdock.lease l where l.tenant_id = i.tenant_id and l.instance_id = i.instance_id)
  and not exists (select from crossdock.instance p
                  where p.tenant_id = i.tenant_id and p.instance_id = i.parent_id and (p.ended_at is null or p.ended_at >= $2))
  and not exists (select from crossdock.call c where c.tenant_id = i.tenant_id and c.instance_id = i.instance_id
                  and c.state not in ('done', 'failed'))
order by i.ended_at limit $3

-- name: old_doubts
-- Calls of instances that ended before the time given, whose outcome nobody ever learnt: neither a probe nor a person.
select c.instance_id, c.at, c.function, c.system, c.state, c.attempt, c.called_at, i.business_key, i.ended_at
from crossdock.call c
join crossdock.instance i on i.tenant_id = c.tenant_id and i.instance_id = c.instance_id
where c.tenant_id = $1 and c.state not in ('done', 'failed') and i.ended_at < $2
  and not exists (select from crossdock.lease l where l.tenant_id = i.tenant_id and l.instance_id = i.instance_id)
order by c.instance_id, c.at limit $3
for no key update of i skip locked

-- name: give_up_calls
update crossdock.call c set state = 'failed', abandoned = true, answered_at = $4, error = d.error
from unnest($2::uuid[], $3::text[], $5::json[]) as d (instance_id, at, error)
where c.tenant_id = $1 and c.instance_id = d.instance_id and c.at = d.at

-- name: give_up_timers
delete from crossdock.timer m using unnest($2::uuid[], $3::text[]) as d (instance_id, at)
where m.tenant_id = $1 and m.instance_id = d.instance_id and m.at = d.at

-- name: give_up_held
delete from crossdock.held_call h using unnest($2::uuid[], $3::text[]) as d (instance_id, at)
where h.tenant_id = $1 and h.instance_id = d.instance_id and h.at = d.at

-- name: drop_calls
delete from crossdock.call where tenant_id = $1 and instance_id = any ($2::uuid[])

-- name: drop_attempts
delete from crossdock.attempt where tenant_id = $1 and instance_id = any ($2::uuid[])

-- name: drop_history
-- Of months that have no partition of their own, or share theirs with instances that still run.
delete from crossdock.history where tenant_id = $1 and instance_id = any ($2::uuid[])

-- name: drop_kept_events
-- What was kept for a listener of theirs that will never come.
delete from crossdock.early where tenant_id = $1 and instance_id = any ($2::uuid[])

-- name: drop_payloads
-- The large parts of their data leave with them.
delete from crossdock.payload where tenant_id = $1 and instance_id = any ($2::uuid[])

-- name: drop_instances
delete from crossdock.instance where tenant_id = $1 and instance_id = any ($2::uuid[])

-- name: old_events
-- Received before the time given and handed on; one that could not be handed on stays until a person has looked.
select e.seq, e.source, e.id from crossdock.event e
where e.tenant_id = $1 and e.received_at < $2
  and not exists (select from crossdock.outbox o where o.tenant_id = e.tenant_id and o.seq = e.seq)
  and not exists (select from crossdock.dead_letter d where d.tenant_id = e.tenant_id and d.seq = e.seq)
order by e.received_at limit $3

-- name: drop_early
delete from crossdock.early where tenant_id = $1 and seq = any ($2::bigint[])

-- name: drop_projected
delete from crossdock.projected where tenant_id = $1 and seq = any ($2::bigint[])

-- name: drop_events
delete from crossdock.event e using unnest($2::text[], $3::text[]) as k (source, id)
where e.tenant_id = $1 and e.source = k.source and e.id = k.id
