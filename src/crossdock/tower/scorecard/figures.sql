-- What each figure counts: rows (id, order_no, at, hit, amount) of the window. hit: whether it counts, null where that
-- cannot be judged; amount: what is measured, in the figure's unit. Definitions: docs/scorecard.md.
-- $1 tenant, $2 since, $3 until (not included), $4 time zone, $5 channel, $6 customer, $7 site.

-- name: orders
-- Before every figure that is about orders.
with o as (
  select v.*, v.owed_on as due_on,
    ($2::timestamptz at time zone $4)::date as first_day,
    least(($3::timestamptz at time zone $4)::date, (crossdock.now() at time zone $4)::date) as end_day
  from crossdock.order_view v
  where v.tenant_id = $1 and ($5::text is null or v.channel = $5) and ($6::text is null or v.customer_id = $6)
  and ($7::text is null or $7 = any (v.sites))
    and ($7::text is null or $7 = any (v.sites))),
due as (
  select o.*, o.completed_at is not null and (o.completed_at at time zone $4)::date <= o.due_on
    and not exists (select from crossdock.order_line_view l where l.tenant_id = $1 and l.order_no = o.order_no
                    and l.shipped < coalesce(l.base_quantity, l.ordered)) as kept
  from o where o.due_on >= o.first_day and o.due_on < o.end_day and o.outcome is distinct from 'cancelled'
    and o.outcome is distinct from 'rejected'),
undated as (select o.* from o where o.due_on is null and o.completed_at >= $2 and o.completed_at < $3)

-- name: otif
select order_no as id, order_no, (due_on::timestamp at time zone $4) as at, kept as hit, null::numeric as amount from due
union all select order_no, order_no, completed_at, null, null from undated

-- name: perfect
select order_no as id, order_no, (due_on::timestamp at time zone $4) as at, kept and cases = 0 and not damaged as hit,
  null::numeric as amount from due
union all select order_no, order_no, completed_at, null, null from undated

-- name: release_time
select order_no as id, order_no, released_at as at, null::boolean as hit,
  extract(epoch from released_at - received_at) / 3600 as amount
from o where released_at >= $2 and released_at < $3

-- name: delivery_time
select order_no as id, order_no, completed_at as at, null::boolean as hit,
  extract(epoch from completed_at - received_at) / 86400 as amount
from o where completed_at >= $2 and completed_at < $3

-- name: touchless
select order_no as id, order_no, invoiced_at as at, touches_to_invoice = 0 as hit, touches_to_invoice::numeric as amount
from o where invoiced_at >= $2 and invoiced_at < $3

-- name: exceptions
select order_no as id, order_no, received_at as at, cases > 0 as hit, cases::numeric as amount
from o where received_at >= $2 and received_at < $3

-- name: backorders
select order_no as id, order_no, least(allocated_at, backordered_at) as at, backordered_at is not null as hit,
  null::numeric as amount
from o where least(allocated_at, backordered_at) >= $2 and least(allocated_at, backordered_at) < $3

-- name: lost
select order_no as id, order_no, ended_at as at, outcome in ('cancelled', 'rejected') as hit, coalesce(total, stated_total) as amount
from o where ended_at >= $2 and ended_at < $3

-- name: late_invoices
select order_no as id, order_no, shipped_at as at,
  case when invoiced_at is not null then invoiced_at > shipped_at + interval '24 hours'
       when crossdock.now() > shipped_at + interval '24 hours' then true end as hit,
  extract(epoch from coalesce(invoiced_at, crossdock.now()) - shipped_at) / 3600 as amount
from o where shipped_at >= $2 and shipped_at < $3

-- name: cash_time
select order_no as id, order_no, paid_at as at, null::boolean as hit,
  case when invoiced_at is not null then extract(epoch from paid_at - invoiced_at) / 86400 end as amount
from o where paid_at >= $2 and paid_at < $3 and paid >= invoiced

-- name: promises
-- Clocks that ended in the window: stopped, or run out.
select c.order_no || ' ' || c.key as id, c.order_no, coalesce(c.stopped_at, c.due_at) as at,
  c.stopped_at is not null and c.stopped_at <= c.due_at as hit,
  extract(epoch from coalesce(c.stopped_at, crossdock.now()) - c.due_at) / 3600 as amount
from crossdock.sla_clock c left join crossdock.order_view v on v.tenant_id = c.tenant_id and v.order_no = c.order_no
where c.tenant_id = $1 and c.status in ('stopped', 'breached')
  and coalesce(c.stopped_at, c.due_at) >= $2 and coalesce(c.stopped_at, c.due_at) < $3 and $4::text is not null
  and ($5::text is null or v.channel = $5) and ($6::text is null or v.customer_id = $6)
  and ($7::text is null or $7 = any (v.sites))

-- name: case_time
select c.number as id, c.order_no, c.closed_at as at, null::boolean as hit,
  extract(epoch from c.closed_at - c.opened_at) / 3600 as amount
from crossdock.cases c left join crossdock.order_view v on v.tenant_id = c.tenant_id and v.order_no = c.order_no
where c.tenant_id = $1 and c.closed_at >= $2 and c.closed_at < $3 and $4::text is not null
  and ($5::text is null or v.channel = $5) and ($6::text is null or coalesce(nullif(c.customer_id, ''), v.customer_id) = $6)
  and ($7::text is null or $7 = c.site or $7 = any (v.sites))

-- name: first_fix
select c.number as id, c.order_no, c.closed_at as at,
  c.reopened = 0 and not exists (
    select from crossdock.cases n where n.tenant_id = $1 and n.order_no = c.order_no and c.order_no <> ''
      and n.kind = c.kind and n.case_id <> c.case_id and n.opened_at > c.closed_at
      and n.opened_at <= c.closed_at + interval '7 days') as hit,
  c.reopened::numeric as amount
from crossdock.cases c left join crossdock.order_view v on v.tenant_id = c.tenant_id and v.order_no = c.order_no
where c.tenant_id = $1 and c.closed_at >= $2 and c.closed_at < $3 and c.resolution not in ('withdrawn', 'merged')
  and $4::text is not null
  and ($5::text is null or v.channel = $5) and ($6::text is null or coalesce(nullif(c.customer_id, ''), v.customer_id) = $6)
  and ($7::text is null or $7 = c.site or $7 = any (v.sites))

-- name: approval_time
select a.number as id, a.order_no, a.decided_at as at, null::boolean as hit,
  extract(epoch from a.decided_at - a.requested_at) / 3600 as amount
from crossdock.approval a left join crossdock.order_view v on v.tenant_id = a.tenant_id and v.order_no = a.order_no
where a.tenant_id = $1 and a.decided_at >= $2 and a.decided_at < $3 and a.status in ('approved', 'rejected')
  and $4::text is not null
  and ($5::text is null or v.channel = $5) and ($6::text is null or coalesce(nullif(a.customer_id, ''), v.customer_id) = $6)
  and ($7::text is null or $7 = any (v.sites))

-- name: documents
select coalesce(nullif(d.filename, ''), d.document_id::text) as id, coalesce(d.order_no, '') as order_no, d.received_at as at,
  d.status = 'rejected' as hit, null::numeric as amount
from crossdock.document d
where d.tenant_id = $1 and d.direction = 'in' and not d.test and d.received_at >= $2 and d.received_at < $3
  and $4::text is not null
  and ($5::text is null or d.format = $5) and ($6::text is null or d.customer_id = $6)
  and ($7::text is null or exists (select from crossdock.order_view v where v.tenant_id = d.tenant_id
    and v.order_no = d.order_no and $7 = any (v.sites)))
