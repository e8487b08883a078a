-- name: first_time
-- Every event is counted once, however often the relay repeats it; who looks at pages hears of it with the commit.
with given as (select * from unnest($2::bigint[], $3::text[]) as g (seq, told)),
first as (
  insert into crossdock.projected (tenant_id, seq) select $1, g.seq from given g on conflict do nothing returning seq)
select g.seq, case when g.told = '' then null else pg_notify('crossdock_changed', g.told) end
from first join given g using (seq) order by g.seq

-- name: received
-- An order that a person typed in, or released after it was held, was touched before it began.
insert into crossdock.order_view (tenant_id, order_no, po, customer_id, channel, document_id, currency, stated_total, lines,
                                  ship_to, requested_on, received_at, traceparent, order_type, partner_id, human_touches,
                                  touches_to_invoice, updated_at)
select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14,
  coalesce((select d.partner_id from crossdock.document d where d.tenant_id = $1 and d.document_id = $6), ''),
  t.touches, t.touches, crossdock.now()
from (select case when $5 = 'manual' or exists (select from crossdock.document d where d.tenant_id = $1
                    and d.document_id = $6 and d.released_by is not null) then 1 else 0 end as touches) t
on conflict (tenant_id, order_no) do nothing

-- name: received_lines
insert into crossdock.order_line_view (tenant_id, order_no, line, sku, description, unit, ordered, unit_price)
select $1, $2, * from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::numeric[], $8::numeric[])
on conflict (tenant_id, order_no, line) do nothing

-- name: priced
-- A person may have corrected the customer or the number of lines before it was priced.
update crossdock.order_view set total = $3, cost = $4, customer_id = coalesce(nullif($5, ''), customer_id),
  currency = coalesce(nullif($6, ''), currency), lines = case when $8 > 0 then $8 else lines end,
  priced_at = coalesce(priced_at, $7), updated_at = crossdock.now()
where tenant_id = $1 and order_no = $2

-- name: priced_lines
insert into crossdock.order_line_view as l (tenant_id, order_no, line, sku, description, unit, ordered, base_quantity, unit_price, amount, cost)
select $1, $2, * from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::numeric[], $8::numeric[], $9::numeric[], $10::numeric[], $11::numeric[])
on conflict (tenant_id, order_no, line) do update
set sku = excluded.sku, description = coalesce(nullif(excluded.description, ''), l.description), unit = excluded.unit, ordered = excluded.ordered,
    base_quantity = excluded.base_quantity, unit_price = excluded.unit_price, amount = excluded.amount, cost = excluded.cost

-- name: drop_other_lines
-- Lines that a correction took out of the order before it was priced.
delete from crossdock.order_line_view where tenant_id = $1 and order_no = $2 and not line = any ($3::text[])

-- name: add_lines
-- Adds to quantities of lines, in base units; a line may be named more than once (from two sites).
update crossdock.order_line_view l
set reserved = greatest(0, l.reserved + q.reserved), shipped = l.shipped + q.shipped, invoiced = l.invoiced + q.invoiced,
    backordered = greatest(0, l.backordered + q.backordered)
from (select line, sum(reserved) as reserved, sum(shipped) as shipped, sum(invoiced) as invoiced, sum(backordered) as backordered
      from unnest($3::text[], $4::numeric[], $5::numeric[], $6::numeric[], $7::numeric[]) as q (line, reserved, shipped, invoiced, backordered)
      group by line) q
where l.tenant_id = $1 and l.order_no = $2 and l.line = q.line

-- name: taken_back
-- The buyer changed the order: what was reserved or on order for it is not any more, and it may ship from elsewhere.
with o as (update crossdock.order_view set site = '', sites = '{}', service = '', eta_on = null, stock_on = null
           where tenant_id = $1 and order_no = $2)
update crossdock.order_line_view set reserved = 0, backordered = 0 where tenant_id = $1 and order_no = $2

-- name: none_backordered
-- The backorder is over: what it did not bring will not come.
update crossdock.order_line_view set backordered = 0 where tenant_id = $1 and order_no = $2 and backordered <> 0

-- name: reached
-- The first time an order reaches a stage is when it reached it; the last shipment, delivery and payment count.
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
  completed_at = case when $3 = 'delivered' and $8 then greatest(delivered_at, $4) else completed_at end,
  paid_at = case when $3 = 'paid' then greatest(paid_at, $4) else paid_at end,
  shipments = shipments + case when $3 = 'shipped' then 1 else 0 end,
  deliveries = deliveries + case when $3 = 'delivered' then 1 else 0 end,
  invoiced = invoiced + case when $3 = 'invoiced' then coalesce($5::numeric, 0) else 0 end,
  tax = tax + case when $3 = 'invoiced' then coalesce($6::numeric, 0) else 0 end,
  paid = paid + case when $3 = 'paid' then coalesce($5::numeric, 0) else 0 end,
  picked_at = case when $3 = 'picked' then coalesce(picked_at, $4) else picked_at end,
  eta_on = case when $7::date is not null then $7 else eta_on end,
  held_up_at = case when $3 in ('delivered', 'shipped') then null else held_up_at end,
  promised_on = greatest(promised_on, $7),
  first_promised_on = coalesce(first_promised_on, $7),
  updated_at = crossdock.now()
where tenant_id = $1 and order_no = $2

-- name: from_sites
-- From where it is shipped: the site of the most units first, and the carrier's service once it is booked.
update crossdock.order_view set
  site = case when $3 = any (sites) and site <> '' and not $6 then site else $3 end,
  sites = case when $6 then $4::text[] else (select coalesce(array_agg(distinct s), '{}') from unnest(sites || $4::text[]) s) end,
  service = coalesce(nullif($5, ''), service), updated_at = crossdock.now()
where tenant_id = $1 and order_no = $2

-- name: held_up
-- The carrier has trouble; a day it names takes the place of the one before.
update crossdock.order_view set held_up_at = coalesce(held_up_at, $3), eta_on = coalesce($4, eta_on), updated_at = crossdock.now()
where tenant_id = $1 and order_no = $2 and completed_at is null

-- name: stock_expected
update crossdock.order_view set stock_on = $3, updated_at = crossdock.now() where tenant_id = $1 and order_no = $2

-- name: ended
update crossdock.order_view set outcome = $3, ended_at = coalesce(ended_at, $4), updated_at = crossdock.now()
where tenant_id = $1 and order_no = $2 and (outcome is null or outcome = 'failed')

-- name: damaged
update crossdock.order_view set damaged = true, updated_at = crossdock.now() where tenant_id = $1 and order_no = $2

-- name: tally
-- Cases and approvals by how many are open now and how many there ever were; touches are human writes.
update crossdock.order_view set
  open_cases = greatest(0, open_cases + $3), cases = cases + greatest(0, $3),
  pending_approvals = greatest(0, pending_approvals + $4), approvals = approvals + greatest(0, $4),
  human_touches = human_touches + $5,
  touches_to_invoice = touches_to_invoice + case when invoiced_at is null then $5 else 0 end,
  updated_at = crossdock.now()
where tenant_id = $1 and order_no = $2

-- name: forget
-- Before a rebuild: everything that events give again.
with v as (delete from crossdock.order_view where tenant_id = $1),
     l as (delete from crossdock.order_line_view where tenant_id = $1),
     n as (delete from crossdock.order_number where tenant_id = $1)
delete from crossdock.projected where tenant_id = $1

-- name: log
-- The event log in its order, a page at a time.
select seq, body from crossdock.event where tenant_id = $1 and seq > $2 order by seq limit 500

-- name: numbers
insert into crossdock.order_number (tenant_id, order_no, kind, value)
select $1, $2, * from unnest($3::text[], $4::text[]) on conflict do nothing
