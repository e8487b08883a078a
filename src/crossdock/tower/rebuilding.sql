-- name: orders
-- The next orders by number, as their receipt names them.
select distinct subject from crossdock.event
where tenant_id = $1 and type = 'crossdock.order.received' and subject > $2 order by subject limit $3

-- name: lock
-- The relay's own lock on the tenant: whoever holds it hands events on.
select pg_advisory_xact_lock($1, hashtext($2))

-- name: events
select seq, body from crossdock.event where tenant_id = $1 and subject = any ($2::text[]) order by seq

-- name: forget
with v as (delete from crossdock.order_view where tenant_id = $1 and order_no = any ($2::text[])),
     l as (delete from crossdock.order_line_view where tenant_id = $1 and order_no = any ($2::text[]))
delete from crossdock.projected where tenant_id = $1 and seq = any ($3::bigint[])
