-- name: told
-- What happened to the order's goods, invoices and returns. Few of an order's events are of these types, however long
-- its history is.
select type, time, body from crossdock.event
where tenant_id = $1 and subject = $2 and type = any ($3::text[]) order by seq limit 1000

-- name: counts
-- How much of each kind there is, without reading it.
select
  (select count(*) from crossdock.event e where e.tenant_id = $1 and e.subject = $2) as events,
  (select count(*) from crossdock.instance i join crossdock.call k on k.tenant_id = i.tenant_id and k.instance_id = i.instance_id
   where i.tenant_id = $1 and i.business_key = $2 and k.system <> '' and k.function <> 'decision') as calls,
  (select count(*) from crossdock.instance i join crossdock.call k on k.tenant_id = i.tenant_id and k.instance_id = i.instance_id
   where i.tenant_id = $1 and i.business_key = $2 and k.function = 'decision') as decisions,
  (select count(*) from crossdock.instance i join crossdock.call k on k.tenant_id = i.tenant_id and k.instance_id = i.instance_id
   where i.tenant_id = $1 and i.business_key = $2 and k.function = 'notification.send') as messages,
  (select count(*) from crossdock.instance i join crossdock.call k on k.tenant_id = i.tenant_id and k.instance_id = i.instance_id
   where i.tenant_id = $1 and i.business_key = $2 and k.state = 'unknown') as unknown,
  (select count(*) from crossdock.document d where d.tenant_id = $1 and d.order_no = $2) as documents,
  (select count(*) from crossdock.cases c where c.tenant_id = $1 and c.order_no = $2) as cases,
  (select count(*) from crossdock.cases c where c.tenant_id = $1 and c.order_no = $2 and c.status <> 'closed') as open_cases,
  (select count(*) from crossdock.approval a where a.tenant_id = $1 and a.order_no = $2) as approvals,
  (select count(*) from crossdock.approval a where a.tenant_id = $1 and a.order_no = $2 and a.status = 'pending') as pending_approvals

-- name: freight
-- What the carrier asks for each parcel that was booked and not called back: the rate that the booking followed.
select k.output ->> 'price' as price, k.output ->> 'currency' as currency
from crossdock.instance i join crossdock.call k on k.tenant_id = i.tenant_id and k.instance_id = i.instance_id
where i.tenant_id = $1 and i.business_key = $2 and k.function = 'carrier.book' and k.state = 'done' and k.undone_at is null
order by k.called_at limit 200

-- name: related
-- Orders that belong together: the places of one order, and the same customer's others of the same number.
select v.order_no, v.po, v.received_at, v.outcome, coalesce(v.total, v.stated_total, 0) as worth, v.currency,
  case when p.order_no is not null then 'part' else 'same-po' end as kind
from crossdock.order_view v
left join (
  select distinct b.order_no from crossdock.purchase_order a
  join crossdock.purchase_order b on b.tenant_id = a.tenant_id and b.customer_id = a.customer_id and b.po = a.po
  where a.tenant_id = $1 and a.order_no = $2) p on p.order_no = v.order_no
where v.tenant_id = $1 and v.order_no <> $2 and (
  p.order_no is not null or (v.po <> '' and v.po = $3 and v.customer_id = $4))
order by v.received_at desc, v.order_no limit 50

-- name: quotes
-- The quotes that this order accepted.
select quote, revision, state, total, currency, sent_at, answered_at from crossdock.quote
where tenant_id = $1 and order_no = $2 order by sent_at, quote limit 20

-- name: language
-- The customer's language as the ERP gave it or as it was last written to.
select coalesce(k.arguments ->> 'language', k.output ->> 'language') as language
from crossdock.instance i join crossdock.call k on k.tenant_id = i.tenant_id and k.instance_id = i.instance_id
where i.tenant_id = $1 and i.business_key = $2 and k.state = 'done'
  and (k.function = 'erp.customer' or k.function = 'notification.send')
order by k.called_at desc limit 1
