-- name: numbers
-- All figures of the strip as they were at $2, over the window from $3. Definitions: docs/kpi.md.
with zone as (select time_zone as z from crossdock.tenant where tenant_id = $1),
day as (select ($2::timestamptz at time zone z)::date as today, ($3::timestamptz at time zone z)::date as since from zone),
o as (
  select v.*, coalesce(v.first_promised_on, v.requested_on) as due_on
  from crossdock.order_view v where v.tenant_id = $1 and v.received_at <= $2),
due as (
  -- Due in the window: the day is over. Cancelled and rejected orders were not owed any more.
  select o.order_no,
    (o.completed_at <= $2 and (o.completed_at at time zone (select z from zone))::date <= o.due_on
     and not exists (select from crossdock.order_line_view l where l.tenant_id = $1 and l.order_no = o.order_no
                     and l.shipped < coalesce(l.base_quantity, l.ordered))) as otif
  from o, day
  where o.due_on >= day.since and o.due_on < day.today
    and not coalesce(o.outcome in ('cancelled', 'rejected') and o.ended_at <= $2, false))
select
  (select count(*) from o where ended_at is null or ended_at > $2) as open_orders,
  (select count(*) from o where received_at > $3) as received,
  (select count(*) from o) as ever,
  (select count(*) from due) as due,
  (select count(*) from due where otif) as otif,
  (select percentile_cont(0.5) within group (order by extract(epoch from released_at - received_at))
   from o where released_at > $3 and released_at <= $2) as cycle_s,
  (select count(*) from o where invoiced_at > $3 and invoiced_at <= $2) as invoiced,
  (select count(*) from o where invoiced_at > $3 and invoiced_at <= $2 and touches_to_invoice = 0) as touchless,
  (select count(*) from crossdock.cases c where c.tenant_id = $1 and c.opened_at <= $2
    and (c.closed_at is null or c.closed_at > $2)) as open_cases,
  (select count(*) from crossdock.approval a where a.tenant_id = $1 and a.requested_at <= $2
    and (a.decided_at is null or a.decided_at > $2)) as pending_approvals

-- name: series
-- Hourly figures of the last 24 business hours: what the sparklines draw. Each table is read once.
with hours as (
  select h, h + interval '1 hour' as till
  from generate_series(date_trunc('hour', $2::timestamptz) - interval '23 hours', date_trunc('hour', $2::timestamptz), interval '1 hour') h),
o as materialized (select received_at, ended_at, invoiced_at, released_at, touches_to_invoice from crossdock.order_view
  where tenant_id = $1 and (ended_at is null or ended_at >= $2::timestamptz - interval '25 hours')),
c as materialized (select opened_at, closed_at from crossdock.cases
  where tenant_id = $1 and (closed_at is null or closed_at >= $2::timestamptz - interval '25 hours')),
a as materialized (select requested_at, decided_at from crossdock.approval
  where tenant_id = $1 and (decided_at is null or decided_at >= $2::timestamptz - interval '25 hours'))
select h as at,
  (select count(*) from o where received_at < till and (ended_at is null or ended_at >= till)) as open_orders,
  (select count(*) from o where invoiced_at >= h and invoiced_at < till) as invoiced,
  (select count(*) from o where invoiced_at >= h and invoiced_at < till and touches_to_invoice = 0) as touchless,
  (select percentile_cont(0.5) within group (order by extract(epoch from released_at - received_at))
   from o where released_at >= h and released_at < till) as cycle_s,
  (select count(*) from c where opened_at < till and (closed_at is null or closed_at >= till)) as open_cases,
  (select count(*) from a where requested_at < till and (decided_at is null or decided_at >= till)) as pending_approvals
from hours order by h

-- name: otif_days
-- OTIF by due day, of the last 24 days that are over.
with zone as (select time_zone as z from crossdock.tenant where tenant_id = $1)
select v.due_on, count(*) as due,
  count(*) filter (where (v.completed_at at time zone zone.z)::date <= v.due_on
    and not exists (select from crossdock.order_line_view l where l.tenant_id = $1 and l.order_no = v.order_no
                    and l.shipped < coalesce(l.base_quantity, l.ordered))) as otif
from zone, lateral (select w.*, coalesce(w.first_promised_on, w.requested_on) as due_on
  from crossdock.order_view w where w.tenant_id = $1) v
where v.due_on < ($2::timestamptz at time zone zone.z)::date and v.due_on >= ($2::timestamptz at time zone zone.z)::date - 24
  and v.outcome is distinct from 'cancelled' and v.outcome is distinct from 'rejected'
group by v.due_on order by v.due_on

-- name: throughput
-- Orders received by hour and channel; EDIFACT counts with X12, and XML with JSON.
select h as at,
  count(*) filter (where channel in ('x12', 'edifact')) as x12,
  count(*) filter (where channel in ('json', 'xml')) as json,
  count(*) filter (where channel in ('csv', 'xlsx')) as csv,
  count(*) filter (where channel = 'manual') as manual,
  count(o.order_no) as total
from generate_series(date_trunc('hour', $2::timestamptz) - ($3 - 1) * interval '1 hour', date_trunc('hour', $2::timestamptz), interval '1 hour') h
left join crossdock.order_view o on o.tenant_id = $1 and o.received_at >= h and o.received_at < h + interval '1 hour'
group by h order by h

-- name: risks
select count(*) filter (where level in ('high', 'critical')) as orders, count(*) filter (where level = 'missed') as missed
from crossdock.jeopardy where tenant_id = $1 and level <> 'none' and not over
