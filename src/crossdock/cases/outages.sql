-- name: customers
-- Whose orders wait, and where mail to them goes.
select o.customer_id, coalesce(nullif(max(o.customer), ''), max(c.name), '') as customer,
  coalesce(max(c.body ->> 'email'), '') as email, array_agg(o.order_no order by o.order_no) as orders
from crossdock.order_view o
left join crossdock.catalogue_customer c on c.tenant_id = $1 and c.customer_id = o.customer_id
where o.tenant_id = $1 and o.order_no = any ($2::text[]) and o.customer_id <> ''
group by o.customer_id order by 1 limit $3
