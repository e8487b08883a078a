-- name: first_time
-- Counts are kept once an event, however often the relay repeats it.
insert into crossdock.projected (tenant_id, seq) values ($1, $2) on conflict do nothing returning seq

-- name: received
insert into crossdock.order_view (tenant_id, order_no, po, customer_id, channel, document_id, currency, stated_total, lines,
                                  ship_to, requested_on, received_at, traceparent, updated_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, crossdock.now())
on conflict (tenant_id, order_no) do nothing

-- name: received_lines
insert into crossdock.order_line_view (tenant_id, order_no, line, sku, description, unit, ordered, unit_price)
select $1, $2, * from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::numeric[], $8::numeric[])
on conflict (tenant_id, order_no, line) do nothing

-- name: priced
update crossdock.order_view set total = $3, cost = $4, customer = coalesce(nullif($5, ''), customer),
  currency = coalesce(nullif($6, ''), currency), priced_at = coalesce(priced_at, $7), updated_at = crossdock.now()
where tenant_id = $1 and order_no = $2

-- name: priced_lines
insert into crossdock.order_line_view as l (tenant_id, order_no, line, sku, description, unit, ordered, base_quantity, unit_price, amount, cost)
select $1, $2, * from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::numeric[], $8::numeric[], $9::numeric[], $10::numeric[], $11::numeric[])
on conflict (tenant_id, order_no, line) do update
set sku = excluded.sku, description = coalesce(nullif(excluded.description, ''), l.description), unit = excluded.unit, ordered = excluded.ordered,
    base_quantity = excluded.base_quantity, unit_price = excluded.unit_price, amount = excluded.amount, cost = excluded.cost

-- name: add_lines
-- Adds to one of the quantities of lines: reserved, shipped, invoiced, backordered.
update crossdock.order_line_view l
set reserved = reserved + case $5 when 'reserved' then q.quantity else 0 end,
    shipped = shipped + case $5 when 'shipped' then q.quantity else 0 end,
    invoiced = invoiced + case $5 when 'invoiced' then q.quantity else 0 end,
    backordered = backordered + case $5 when 'backordered' then q.quantity else 0 end
from unnest($3::text[], $4::numeric[]) as q (line, quantity)
where l.tenant_id = $1 and l.order_no = $2 and l.line = q.line

-- name: reached
-- The first time an order reaches a stage is when it reached it; the last shipment is kept apart.
update crossdock.order_view set
  validated_at = case when $3 = 'validated' then coalesce(validated_at, $4) else validated_at end,
  credit_cleared_at = case when $3 = 'credit-cleared' then coalesce(credit_cleared_at, $4) else credit_cleared_at end,
  allocated_at = case when $3 = 'allocated' then coalesce(allocated_at, $4) else allocated_at end,
  backordered_at = case when $3 = 'backordered' then coalesce(backordered_at, $4) else backordered_at end,
  released_at = case when $3 = 'released' then coalesce(released_at, $4) else released_at end,
  shipped_at = case when $3 = 'shipped' then coalesce(shipped_at, $4) else shipped_at end,
  last_shipped_at = case when $3 = 'shipped' then greatest(last_shipped_at, $4) else last_shipped_at end,
  invoiced_at = case when $3 = 'invoiced' then coalesce(invoiced_at, $4) else invoiced_at end,
  delivered_at = case when $3 = 'delivered' then greatest(delivered_at, $4) else delivered_at end,
  paid_at = case when $3 = 'paid' then greatest(paid_at, $4) else paid_at end,
  shipments = shipments + case when $3 = 'shipped' then 1 else 0 end,
  deliveries = deliveries + case when $3 = 'delivered' then 1 else 0 end,
  invoiced = invoiced + case when $3 = 'invoiced' then coalesce($5, 0) else 0 end,
  tax = tax + case when $3 = 'invoiced' then coalesce($6, 0) else 0 end,
  paid = paid + case when $3 = 'paid' then coalesce($5, 0) else 0 end,
  promised_on = coalesce($7, promised_on),
  updated_at = crossdock.now()
where tenant_id = $1 and order_no = $2

-- name: ended
update crossdock.order_view set outcome = $3, ended_at = coalesce(ended_at, $4), updated_at = crossdock.now()
where tenant_id = $1 and order_no = $2 and (outcome is null or outcome = 'failed')

-- name: tally
-- Cases and approvals by how many are open now and how many there ever were; touches are human writes.
update crossdock.order_view set
  open_cases = greatest(0, open_cases + $3), cases = cases + greatest(0, $3),
  pending_approvals = greatest(0, pending_approvals + $4), approvals = approvals + greatest(0, $4),
  human_touches = human_touches + $5, damaged = damaged or $6, updated_at = crossdock.now()
where tenant_id = $1 and order_no = $2
