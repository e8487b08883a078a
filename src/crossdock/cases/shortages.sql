-- name: wait
-- More of a line that waits already is waited for on top of it; it keeps its place.
insert into crossdock.shortage as s (tenant_id, order_no, line, sku, quantity, customer_id, tier, promised_on, since)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict (tenant_id, order_no, line) do update set quantity = s.quantity + excluded.quantity,
  promised_on = coalesce(excluded.promised_on, s.promised_on)

-- name: promise
update crossdock.shortage set promised_on = $3 where tenant_id = $1 and order_no = $2

-- name: queue
select order_no, line, quantity, customer_id, tier, promised_on, since from crossdock.shortage
where tenant_id = $1 and sku = $2 order by since, order_no, line

-- name: lock
-- Two arrivals of one item are divided one after the other.
select pg_advisory_xact_lock(hashtextextended('shortage/' || $1 || '/' || $2, 0))

-- name: arrive
insert into crossdock.stock_arrival (tenant_id, arrival, sku, site, quantity, arrived_at) values ($1, $2, $3, $4, $5, $6)
on conflict do nothing returning arrival

-- name: given
select order_no, line, quantity, rank from crossdock.stock_assignment where tenant_id = $1 and arrival = $2 order by rank, order_no, line

-- name: assign
insert into crossdock.stock_assignment (tenant_id, arrival, order_no, line, sku, site, quantity, rank)
values ($1, $2, $3, $4, $5, $6, $7, $8)

-- name: served
delete from crossdock.shortage where tenant_id = $1 and order_no = $2 and line = $3 and quantity <= $4

-- name: less
update crossdock.shortage set quantity = quantity - $4 where tenant_id = $1 and order_no = $2 and line = $3 and quantity > $4

-- name: use
update crossdock.stock_assignment set used = true where tenant_id = $1 and order_no = $2 and arrival = $3

-- name: leave
delete from crossdock.shortage where tenant_id = $1 and order_no = $2

-- name: return
-- Of an order that ends: what it was given and has not used, which the next may have.
with back as (
  update crossdock.stock_assignment set used = true where tenant_id = $1 and order_no = $2 and not used returning sku, site, quantity)
select sku, site, sum(quantity) as quantity from back group by sku, site order by sku, site
