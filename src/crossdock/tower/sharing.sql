-- name: make
insert into crossdock.order_link (tenant_id, link_id, order_no, language, note, mac, made_by, made_at, expires_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)

-- name: good
-- How many links of an order are good now.
select count(*) from crossdock.order_link where tenant_id = $1 and order_no = $2 and ended_at is null and expires_at > $3

-- name: all
-- Every link of a tenant, the newest first, a page at a time.
select * from crossdock.order_link
where tenant_id = $1 and ($2::text is null or order_no = $2)
  and ($3::timestamptz is null or (made_at, link_id) < ($3, $4::uuid))
order by made_at desc, link_id desc limit $5

-- name: read
select * from crossdock.order_link where tenant_id = $1 and link_id = $2

-- name: end
update crossdock.order_link set ended_at = $4, ended_by = $5
where tenant_id = $1 and order_no = $2 and link_id = $3 and ended_at is null returning link_id

-- name: opened
update crossdock.order_link set opened = opened + 1, opened_at = $3 where tenant_id = $1 and link_id = $2

-- name: tenant
select name, settings -> 'brand' as brand from crossdock.tenant where tenant_id = $1

-- name: order
-- What a customer may know of the order itself: none of our stages, costs or counts of trouble.
select v.order_no, v.po, coalesce(nullif(v.customer, ''), c.name, '') as customer, v.currency, v.ship_to,
  v.received_at, v.requested_on, v.promised_on, v.released_at, v.completed_at, v.outcome
from crossdock.order_view v
left join crossdock.catalogue_customer c on c.tenant_id = v.tenant_id and c.customer_id = v.customer_id
where v.tenant_id = $1 and v.order_no = $2

-- name: lines
select line, sku, description, unit, ordered, base_quantity, shipped, backordered, unit_price from crossdock.order_line_view
where tenant_id = $1 and order_no = $2 order by length(line), line limit 2000
