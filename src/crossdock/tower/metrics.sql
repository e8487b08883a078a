-- name: keep
-- This process's own series, for whoever adds them up.
insert into crossdock.metric_snapshot (process, at, body) values ($1, clock_timestamp(), $2)
on conflict (process) do update set at = excluded.at, body = excluded.body

-- name: others
-- Of processes that live: one that is gone no longer renews its row.
select body from crossdock.metric_snapshot where process <> $1 and at > clock_timestamp() - $2::interval

-- name: forget
delete from crossdock.metric_snapshot where at < clock_timestamp() - interval '1 day'

-- name: orders
-- Orders by outcome ("" is open), with how many are late, and what was invoiced, by currency.
select coalesce(outcome, '') as outcome, currency, count(*) as orders,
  count(*) filter (where outcome is null and completed_at is null and coalesce(promised_on, requested_on) < $2::date) as late,
  coalesce(sum(invoiced), 0) as invoiced, coalesce(sum(paid), 0) as paid
from crossdock.order_view where tenant_id = $1 group by 1, 2

-- name: channels
select channel, count(*) as orders from crossdock.order_view where tenant_id = $1 group by channel

-- name: cases
select kind, severity, count(*) as cases from crossdock.cases where tenant_id = $1 and status <> 'closed' group by 1, 2

-- name: work
select
  (select count(*) from crossdock.approval where tenant_id = $1 and status = 'pending') as approvals,
  (select count(*) from crossdock.hold where tenant_id = $1 and status = 'active') as holds,
  (select count(*) from crossdock.incident where tenant_id = $1 and state = 'open') as incidents,
  (select count(*) from crossdock.alert where tenant_id = $1 and resolved_at is null) as alerts,
  (select count(*) from crossdock.outbox where tenant_id = $1) as outbox,
  (select count(*) from crossdock.dead_letter where tenant_id = $1) as dead_letters,
  (select count(*) from crossdock.instance where tenant_id = $1 and ended_at is null) as instances,
  (select count(*) from crossdock.timer where tenant_id = $1) as timers
