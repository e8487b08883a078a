-- name: zone
select time_zone from crossdock.tenant where tenant_id = $1

-- name: numbers
-- All figures of the strip as they were at $2, over the window from $3. Definitions: docs/kpi.md. Each figure reads the
-- orders of its own moment by an index of it: nothing costs more because there is more history. ever: whether there were
-- any orders then.
-- $4 time zone, $5 the tenant's day at $2, $6 its day at $3.
with owed as (
  -- Due in the window: the day is over. Cancelled and rejected orders were not owed any more. Lines are looked at only of
  -- orders that were delivered in time.
  select count(*) as due, count(*) filter (where
    case when o.completed_at <= $2 and (o.completed_at at time zone $4)::date <= o.owed_on
      then not exists (select from crossdock.order_line_view l where l.tenant_id = $1 and l.order_no = o.order_no
                       and l.shipped < coalesce(l.base_quantity, l.ordered)) end) as otif
  from crossdock.order_view o
  where o.tenant_id = $1 and o.owed_on >= $6::date
    and o.owed_on < $5::date and o.received_at <= $2
    and not coalesce(o.outcome in ('cancelled', 'rejected') and o.ended_at <= $2, false)),
billed as (
  select count(*) as invoiced, count(*) filter (where touches_to_invoice = 0) as touchless from crossdock.order_view
  where tenant_id = $1 and invoiced_at > $3 and invoiced_at <= $2 and received_at <= $2)
select
  (select count(*) from crossdock.order_view where tenant_id = $1 and ended_at is null and received_at <= $2)
  + (select count(*) from crossdock.order_view where tenant_id = $1 and ended_at > $2 and received_at <= $2) as open_orders,
  (select count(*) from crossdock.order_view where tenant_id = $1 and received_at > $3 and received_at <= $2) as received,
  exists (select from crossdock.order_view where tenant_id = $1 and received_at <= $2) as ever,
  owed.due, owed.otif,
  (select percentile_cont(0.5) within group (order by extract(epoch from released_at - received_at))
   from crossdock.order_view where tenant_id = $1 and released_at > $3 and released_at <= $2 and received_at <= $2) as cycle_s,
  billed.invoiced, billed.touchless,
  (select count(*) from crossdock.cases c where c.tenant_id = $1 and c.opened_at <= $2
    and (c.closed_at is null or c.closed_at > $2)) as open_cases,
  (select count(*) from crossdock.approval a where a.tenant_id = $1 and a.requested_at <= $2
    and (a.decided_at is null or a.decided_at > $2)) as pending_approvals
from owed, billed

-- name: series
-- Hourly figures of the last 24 business hours: what the sparklines draw. Orders are counted at the first hour and then
-- by what came and went, each by the hour it belongs to: read once, whatever the number of hours.
with hours as (
  select n::int as n, b.first + n * interval '1 hour' as h, b.first + (n + 1) * interval '1 hour' as till
  from (select date_trunc('hour', $2::timestamptz) - interval '23 hours' as first) b, generate_series(0, 23) n),
b as (select h as first, till as first_till from hours where n = 0),
moved as (
  -- +1 in the first hour at whose end it was there, -1 in the first at whose end it was over
  select floor(extract(epoch from received_at - (select first from b)) / 3600)::int as n, 1 as by
  from crossdock.order_view where tenant_id = $1 and received_at >= (select first_till from b)
    and (ended_at is null or ended_at > received_at)
  union all
  select floor(extract(epoch from ended_at - (select first from b)) / 3600)::int, -1
  from crossdock.order_view where tenant_id = $1 and ended_at >= (select first_till from b) and ended_at > received_at),
net as (select n, sum(by) as by from moved group by n),
start as (
  select (select count(*) from crossdock.order_view where tenant_id = $1 and ended_at is null and received_at < (select first_till from b))
    + (select count(*) from crossdock.order_view where tenant_id = $1 and ended_at >= (select first_till from b)
       and received_at < (select first_till from b)) as there),
billed as (
  select floor(extract(epoch from invoiced_at - (select first from b)) / 3600)::int as n, count(*) as invoiced,
    count(*) filter (where touches_to_invoice = 0) as touchless
  from crossdock.order_view where tenant_id = $1 and invoiced_at >= (select first from b) group by 1),
cycle as (
  select floor(extract(epoch from released_at - (select first from b)) / 3600)::int as n,
    percentile_cont(0.5) within group (order by extract(epoch from released_at - received_at)) as cycle_s
  from crossdock.order_view where tenant_id = $1 and released_at >= (select first from b) group by 1),
c as materialized (select opened_at, closed_at from crossdock.cases
  where tenant_id = $1 and (closed_at is null or closed_at >= $2::timestamptz - interval '25 hours')),
a as materialized (select requested_at, decided_at from crossdock.approval
  where tenant_id = $1 and (decided_at is null or decided_at >= $2::timestamptz - interval '25 hours'))
select h as at,
  start.there + coalesce(sum(net.by) over (order by hours.n), 0)::bigint as open_orders,
  coalesce(billed.invoiced, 0) as invoiced, coalesce(billed.touchless, 0) as touchless, cycle.cycle_s,
  (select count(*) from c where opened_at < till and (closed_at is null or closed_at >= till)) as open_cases,
  (select count(*) from a where requested_at < till and (decided_at is null or decided_at >= till)) as pending_approvals
from hours cross join start left join net using (n) left join billed using (n) left join cycle using (n) order by h

-- name: otif_days
-- OTIF by due day, of the 24 days before $2. $3 time zone.
select v.owed_on as due_on, count(*) as due, count(*) filter (where
  case when (v.completed_at at time zone $3)::date <= v.owed_on
    then not exists (select from crossdock.order_line_view l where l.tenant_id = $1 and l.order_no = v.order_no
                     and l.shipped < coalesce(l.base_quantity, l.ordered)) end) as otif
from crossdock.order_view v
where v.tenant_id = $1 and v.owed_on < $2::date
  and v.owed_on >= $2::date - 24
  and v.outcome is distinct from 'cancelled' and v.outcome is distinct from 'rejected'
group by 1 order by 1

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
