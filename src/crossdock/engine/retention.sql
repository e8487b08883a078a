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
