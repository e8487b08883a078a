-- name: head
-- What decides how an order may still be changed. A customer that no event named has its number for a name.
select customer_id, coalesce(nullif(customer, ''), customer_id) as customer, currency, outcome, released_at, shipped_at
from crossdock.order_view where tenant_id = $1 and order_no = $2

-- name: lines
-- As they were last priced; a line that was taken off has nothing left.
select line, sku, description, unit, ordered, unit_price from crossdock.order_line_view
where tenant_id = $1 and order_no = $2 order by length(line), line
