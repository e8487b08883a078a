-- name: ended
select count(*) from crossdock.order_view where outcome is not null

-- name: under_way
select count(*) from crossdock.instance where ended_at is null and namespace in ('after-sales', 'supply', 'logistics', 'service', 'sales', 'onboarding')

-- name: after_sales
select name, coalesce(output ->> 'outcome', status) as outcome, count(*)
from crossdock.instance where namespace in ('after-sales', 'supply', 'logistics', 'service', 'sales', 'onboarding') group by 1, 2 order by 1, 2

-- name: held
select body -> 'data' ->> 'scope' as scope, sum((body -> 'data' ->> 'orders')::bigint)::bigint as orders
from crossdock.event where type = 'crossdock.hold.released' group by 1 order by 1

-- name: credited
-- What our own events say was credited to each order's customer.
select tenant_id, subject as order_no, sum((body -> 'data' ->> 'total')::numeric) as credited
from crossdock.event where type in ('crossdock.return.credited', 'crossdock.dispute.credited', 'crossdock.delivery.credited') group by 1, 2

-- name: counts
-- Every order is in exactly one of the first six.
select count(*) filter (where outcome = 'closed') as closed,
  count(*) filter (where outcome = 'cancelled') as cancelled,
  count(*) filter (where outcome = 'rejected') as rejected,
  count(*) filter (where outcome = 'failed') as failed,
  count(*) filter (where outcome is null and open_cases = 0) as waiting,
  count(*) filter (where outcome is null and open_cases > 0) as in_case,
  count(*) filter (where backordered_at is not null) as backordered,
  count(*) filter (where approvals > 0) as with_approval,
  count(*) filter (where cases > 0) as with_case
from crossdock.order_view

-- name: orders
select tenant_id, order_no, customer_id, po, outcome, invoiced, paid from crossdock.order_view

-- name: shipped_lines
select tenant_id, order_no, line, shipped from crossdock.order_line_view where shipped > 0

-- name: latency
-- Real time from the event of the order's receipt to that of its release, for orders that nobody had to touch.
select count(*) as orders,
  percentile_cont(0.5) within group (order by s) as p50_s,
  percentile_cont(0.99) within group (order by s) as p99_s
from (
  select extract(epoch from r.stored_at - e.stored_at)::float8 as s
  from crossdock.order_view o
  join crossdock.event e on e.tenant_id = o.tenant_id and e.subject = o.order_no and e.type = 'crossdock.order.received'
  join crossdock.event r on r.tenant_id = o.tenant_id and r.subject = o.order_no and r.type = 'crossdock.order.released'
  where o.cases = 0 and o.approvals = 0 and o.released_at = o.received_at) x

-- name: stuck
select tenant_id, business_key, name, status, error from crossdock.instance where status in ('suspended', 'faulted') limit 20

-- name: dead_letters
select tenant_id, seq, reason from crossdock.dead_letter limit 20

-- name: told
select s.tenant_id, s.order_no, s.type, s.number, d.canonical
from crossdock.sending s join crossdock.document d on d.tenant_id = s.tenant_id and d.document_id = s.document_id
where s.state <> 'replaced' and d.canonical is not null order by s.written_at, s.document_id

-- name: quotes_ordered
select count(*) from crossdock.quote where state = 'ordered'

-- name: asked
-- Quotes and applications that a process took up.
select count(*) from crossdock.instance where (namespace, name) in (('sales', 'quote-to-order'), ('onboarding', 'customer-onboarding'))

-- name: selling
select tenant_id, name, business_key, case when ended_at is not null then coalesce(output ->> 'outcome', status) end as outcome
from crossdock.instance where (namespace, name) in (('sales', 'quote-to-order'), ('onboarding', 'customer-onboarding'))

-- name: quotes
select tenant_id, quote, revision, state, total, po, order_no from crossdock.quote
