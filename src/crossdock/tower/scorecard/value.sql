-- name: effort
-- What a period cost in work and trouble. $1 tenant, $2 since, $3 until, $4 currency: money of
-- another is not added to it. Sums are by the moment of what is counted.
with o as (
  select * from crossdock.order_view v where v.tenant_id = $1 and v.received_at >= $2 and v.received_at < $3),
e as (
  select type, count(*) as n from crossdock.event
  where tenant_id = $1 and received_at >= $2 and received_at < $3
    and type in ('crossdock.case.reopened', 'crossdock.case.escalated', 'crossdock.approval.escalated')
  group by type),
a as (
  select action, count(*) as n from crossdock.audit
  where tenant_id = $1 and at >= $2 and at < $3
    and action in ('document.correct', 'instances.job', 'map.activate', 'partner.put', 'reference.put', 'channel.set',
                   'certificate.add', 'event.replay', 'delivery.again')
  group by action)
select
  (select count(*) from o) as orders,
  (select coalesce(sum(human_touches), 0)::bigint from o) as touches,
  (select count(*) from o where cases > 0) as exceptions,
  (select coalesce(sum(n), 0)::bigint from e where type = 'crossdock.case.reopened')
    + (select coalesce(sum(n), 0)::bigint from a where action in ('document.correct', 'instances.job')) as rework,
  (select count(*) from crossdock.sla_clock c where c.tenant_id = $1 and c.status in ('stopped', 'breached')
     and c.due_at >= $2 and c.due_at < $3 and (c.stopped_at is null or c.stopped_at > c.due_at)) as breaches,
  (select coalesce(sum(extract(epoch from greatest(interval '0', invoiced_at - shipped_at - interval '24 hours')) / 86400
                       * (invoiced)), 0)
     from crossdock.order_view v where v.tenant_id = $1 and v.invoiced_at >= $2 and v.invoiced_at < $3
       and v.shipped_at is not null and v.currency = $4) as delayed_money_days,
  (select coalesce(sum(n), 0)::bigint from e where type <> 'crossdock.case.reopened') as escalations,
  (select coalesce(sum(n), 0)::bigint from a where action not in ('document.correct', 'instances.job')) as upkeep

-- name: basis
select what, version, body, put_by, put_at from crossdock.value_basis
where tenant_id = $1 and what = $2 order by version desc limit 1

-- name: history
select what, version, body, put_by, put_at from crossdock.value_basis where tenant_id = $1 order by put_at desc, version desc limit 100

-- name: lock
-- Two people who enter one at the same moment do it one after the other.
select pg_advisory_xact_lock(hashtextextended($1, 0))

-- name: put
insert into crossdock.value_basis (tenant_id, what, version, body, put_by, put_at)
select $1, $2, coalesce(max(version), 0) + 1, $3, $4, $5 from crossdock.value_basis where tenant_id = $1 and what = $2
returning version
