-- name: waiting
-- Whose orders wait, and where mail to them goes: the customer's address, and that of the partner who sent the order.
select o.customer_id, coalesce(nullif(max(o.customer), ''), max(c.name), '') as customer,
  coalesce(max(c.body ->> 'email'), '') as email, coalesce(max(c.body ->> 'language'), '') as language,
  coalesce(max(d.partner_id), '') as partner_id, coalesce(max(p.profile ->> 'name'), '') as partner,
  coalesce(max(k.email), '') as partner_email, array_agg(o.order_no order by o.order_no) as orders
from crossdock.order_view o
left join crossdock.catalogue_customer c on c.tenant_id = $1 and c.customer_id = o.customer_id
left join crossdock.document d on d.tenant_id = $1 and d.document_id = o.document_id
left join crossdock.partner p on p.tenant_id = $1 and p.partner_id = d.partner_id
left join lateral (
  select x ->> 'email' as email
  from jsonb_array_elements(coalesce(p.profile -> 'contacts', '[]')) with ordinality as e (x, n)
  where coalesce(x ->> 'email', '') <> '' order by n limit 1) k on true
where o.tenant_id = $1 and o.order_no = any ($2::text[]) and o.customer_id <> ''
group by o.customer_id, d.partner_id order by 1, 5 limit $3

-- name: remember
insert into crossdock.incident_message (tenant_id, incident_id, token, case_id, subject, body, audience, told, left_out,
  sent_by, sent_at) values ($1, $2, $3, $4, $5, $6, $7, $8::json, $9::json, $10, $11)
on conflict do nothing returning true

-- name: one
select * from crossdock.incident_message where tenant_id = $1 and incident_id = $2 and token = $3

-- name: all
select * from crossdock.incident_message where tenant_id = $1 and incident_id = $2 order by sent_at desc, token
