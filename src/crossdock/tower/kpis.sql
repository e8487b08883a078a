-- name: numbers
-- All figures of the strip in one pass. Definitions: docs/kpi.md. $2 business now, $3 start of the window.
with o as (select * from crossdock.order_view where tenant_id = $1)
select
  count(*) filter (where outcome is null) as open_orders,
  count(*) filter (where received_at >= $3) as received,
  -- OTIF: of orders due in the window, delivered by the promise and in full
  count(*) filter (where due_on between $3::date and $2::date and outcome is distinct from 'cancelled' and outcome is distinct from 'rejected') as due,
  count(*) filter (where due_on between $3::date and $2::date and delivered_at::date <= due_on and complete
                     and outcome is distinct from 'cancelled' and outcome is distinct from 'rejected') as otif,
  percentile_cont(0.5) within group (order by extract(epoch from released_at - received_at))
    filter (where released_at >= $3) as cycle_s,
  -- touchless: no human write from received to invoiced
  count(*) filter (where invoiced_at >= $3) as invoiced,
  count(*) filter (where invoiced_at >= $3 and human_touches = 0) as touchless,
  coalesce(sum(open_cases), 0) as open_cases,
  coalesce(sum(pending_approvals), 0) as pending_approvals
from (
  select o.*, coalesce(o.promised_on, o.requested_on) as due_on,
    not exists (select from crossdock.order_line_view l where l.tenant_id = o.tenant_id and l.order_no = o.order_no
                and l.shipped < coalesce(l.base_quantity, l.ordered)) as complete
  from o) o

-- name: series
-- Hourly figures of the last 24 business hours: what the sparklines draw.
select h as at,
  count(*) filter (where o.received_at >= h and o.received_at < h + interval '1 hour') as received,
  count(*) filter (where o.received_at < h + interval '1 hour' and (o.ended_at is null or o.ended_at >= h + interval '1 hour')) as open_orders,
  count(*) filter (where o.invoiced_at >= h and o.invoiced_at < h + interval '1 hour') as invoiced,
  count(*) filter (where o.invoiced_at >= h and o.invoiced_at < h + interval '1 hour' and o.human_touches = 0) as touchless,
  percentile_cont(0.5) within group (order by extract(epoch from o.released_at - o.received_at))
    filter (where o.released_at >= h and o.released_at < h + interval '1 hour') as cycle_s
from generate_series(date_trunc('hour', $2::timestamptz) - interval '23 hours', date_trunc('hour', $2::timestamptz), interval '1 hour') h
left join crossdock.order_view o on o.tenant_id = $1
group by h order by h

-- name: throughput
-- Orders received by hour and channel.
select h as at,
  count(*) filter (where channel = 'x12') as x12,
  count(*) filter (where channel = 'json') as json,
  count(*) filter (where channel in ('csv', 'xlsx', 'tsv')) as csv,
  count(*) filter (where channel = 'manual') as manual
from generate_series(date_trunc('hour', $2::timestamptz) - ($3 - 1) * interval '1 hour', date_trunc('hour', $2::timestamptz), interval '1 hour') h
left join crossdock.order_view o on o.tenant_id = $1 and o.received_at >= h and o.received_at < h + interval '1 hour'
group by h order by h

-- name: stages
-- Open orders by where they stand; late: past the day they were promised or asked for, and not delivered.
select i.name, i.stage, count(*) as count,
  count(*) filter (where coalesce(o.promised_on, o.requested_on) < $2::date and o.delivered_at is null) as late,
  coalesce(sum(coalesce(o.total, o.stated_total)), 0) as value
from crossdock.instance i
left join crossdock.order_view o on o.tenant_id = i.tenant_id and o.order_no = i.business_key
where i.tenant_id = $1 and i.ended_at is null
group by i.name, i.stage
