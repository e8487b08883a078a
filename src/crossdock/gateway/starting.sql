-- name: all
-- What an event starts now: of each workflow the version that the newest publication made current.
select t.type, t.namespace, t.name, t.version from crossdock.trigger_on t
where t.tenant_id = $1 and ($2::text is null or t.namespace = $2) and ($3::text is null or t.name = $3)
order by t.namespace, t.name, t.type

-- name: started
-- What was sent under this id before, so that a repeated request may be told from another one.
select body from crossdock.event where tenant_id = $1 and source = $2 and id = $3

-- name: latest
-- What this person entered last, newest first: by type, then in the order of arrival.
select body from crossdock.event
where tenant_id = $1 and type = $2 and source = $3 and body -> 'data' ->> 'entered_by' = $4
order by seq desc limit $5

-- name: lines_of
select line, sku, description, unit, ordered, base_quantity, shipped, invoiced from crossdock.order_line_view
where tenant_id = $1 and order_no = $2 order by length(line), line

-- name: invoices_of
select body -> 'data' ->> 'invoice' as invoice, body -> 'data' ->> 'total' as total from crossdock.event
where tenant_id = $1 and subject = $2 and type = 'crossdock.order.invoiced' order by seq

-- name: order
select customer_id, po, currency from crossdock.order_view where tenant_id = $1 and order_no = $2
