-- name: everything
-- A few of each kind; what begins with the text comes before what only has it. $4: only this customer's orders.
(select 'order' as kind, o.order_no as id, o.order_no as title,
   concat_ws(' · ', nullif(coalesce(nullif(o.customer, ''), c.name, o.customer_id), ''), nullif(o.po, '')) as subtitle,
   '/orders/' || o.order_no as link, (o.order_no ilike $3 or o.po ilike $3) as starts, o.received_at as at
 from crossdock.order_view o
 left join crossdock.catalogue_customer c on c.tenant_id = o.tenant_id and c.customer_id = o.customer_id
 where o.tenant_id = $1 and (o.order_no ilike $2 or o.po ilike $2 or c.name ilike $2 or o.customer_id ilike $2)
   and ($4::text is null or o.customer_id = $4)
 order by starts desc, o.received_at desc limit 8)
union all
(select 'order', o.order_no, o.order_no, concat_ws(' · ', x.value, nullif(coalesce(nullif(o.customer, ''), c.name, o.customer_id), ''), nullif(o.po, '')),
   '/orders/' || o.order_no || case when x.kind in ('invoice', 'credit') then '?part=money' when x.kind = 'rma' then '?part=returns' else '?part=shipments' end,
   true, o.received_at
 from (
   -- by a number of its goods or invoices, from its events or from a document about it; both are found by their beginning
   select distinct on (k.order_no) k.order_no, k.kind, k.value from (
     (select order_no, kind, value from crossdock.order_number
      where tenant_id = $1 and length($6) >= 4 and value >= $6 and value < $6 || chr(1114111) limit 200)
     union all
     (select d.order_no, k.kind, k.value from crossdock.document_key k
      join crossdock.document d on d.tenant_id = k.tenant_id and d.document_id = k.document_id
      where k.tenant_id = $1 and length($6) >= 4 and k.value >= $6 and k.value < $6 || chr(1114111)
        and k.kind in ('invoice', 'shipment', 'bol', 'sscc', 'tracking') and d.order_no is not null limit 200)) k) x
 join crossdock.order_view o on o.tenant_id = $1 and o.order_no = x.order_no
 left join crossdock.catalogue_customer c on c.tenant_id = o.tenant_id and c.customer_id = o.customer_id
 where ($4::text is null or o.customer_id = $4) order by o.received_at desc limit 8)
union all
(select 'case', case_id::text, number || ' ' || title, concat_ws(' · ', status, nullif(order_no, '')),
   '/exceptions/' || case_id, number ilike $3, opened_at
 from crossdock.cases where tenant_id = $1 and $4::text is null and (number ilike $2 or title ilike $2 or order_no ilike $2)
 order by number ilike $3 desc, opened_at desc limit 5)
union all
(select 'approval', approval_id::text, number || ' ' || title, concat_ws(' · ', status, nullif(order_no, '')),
   '/approvals?open=' || approval_id || case when status = 'pending' then '' else '&status=decided' end,
   number ilike $3, requested_at
 from crossdock.approval where tenant_id = $1 and $4::text is null and (number ilike $2 or title ilike $2 or order_no ilike $2)
 order by number ilike $3 desc, requested_at desc limit 5)
union all
(select 'document', document_id::text, filename, concat_ws(' · ', type, status, order_no, po),
   '/documents/' || document_id, true, received_at
 from crossdock.document d where tenant_id = $1 and $4::text is null and document_id in (
   -- by any number that begins with the text; within an interchange they are 1 nearly everywhere
   select k.document_id from crossdock.document_key k
   where k.tenant_id = $1 and k.value >= $5 and k.value < $5 || chr(1114111) and k.kind <> 'set' limit 1000)
 order by received_at desc limit 5)
union all
(select 'customer', customer_id, name, concat_ws(' · ', customer_id, nullif('tier ' || tier, 'tier ')),
   '/orders?customer=' || customer_id, name ilike $3 or customer_id ilike $3, null
 from crossdock.catalogue_customer where tenant_id = $1 and $4::text is null and (name ilike $2 or customer_id ilike $2)
 order by name ilike $3 desc, name limit 5)

-- name: customers
select customer_id, name, tier, body -> 'ship_to' as ship_to, body ->> 'currency' as currency, count(*) over () as total
from crossdock.catalogue_customer
where tenant_id = $1 and ($2::text is null or name ilike $2 or customer_id ilike $2)
order by ($3::text is not null and (customer_id ilike $3 or name ilike $3)) desc, name, customer_id limit $4

-- name: items
select sku, description, unit, list_price, count(*) over () as total from crossdock.catalogue_item
where tenant_id = $1 and ($2::text is null or sku ilike $2 or description ilike $2)
order by ($3::text is not null and (sku ilike $3 or description ilike $3)) desc, sku limit $4

-- name: save_customer
insert into crossdock.catalogue_customer (tenant_id, customer_id, name, tier, body) values ($1, $2, $3, $4, $5)
on conflict (tenant_id, customer_id) do update set name = excluded.name, tier = excluded.tier, body = excluded.body

-- name: save_item
insert into crossdock.catalogue_item (tenant_id, sku, description, unit, list_price, body) values ($1, $2, $3, $4, $5, $6)
on conflict (tenant_id, sku) do update set description = excluded.description, unit = excluded.unit,
  list_price = excluded.list_price, body = excluded.body
