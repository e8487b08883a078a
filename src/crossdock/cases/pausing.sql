-- name: held
-- Whether an order stands still for people: a step of it is parked on a hold, or a hold on the order is active.
select exists (select from crossdock.hold_wait where tenant_id = $1 and order_no = $2)
    or exists (select from crossdock.hold where tenant_id = $1 and scope = 'order' and key = $2 and status = 'active')

-- name: of_order
-- Clocks of an order that holds concern.
select key from crossdock.sla_clock
where tenant_id = $1 and order_no = $2 and pause_on_hold and status in ('running', 'warned', 'paused')

-- name: locked
select * from crossdock.sla_clock where tenant_id = $1 and order_no = $2 and key = $3 for update

-- name: pause
-- What is left is kept as business time; the deadline of a clock that stands still is no deadline.
update crossdock.sla_clock set status = 'paused', paused_at = $4, paused_for = $5, left_to_warn = $6, left_to_due = $7
where tenant_id = $1 and order_no = $2 and key = $3

-- name: reasons
update crossdock.sla_clock set paused_for = $4 where tenant_id = $1 and order_no = $2 and key = $3

-- name: resume
update crossdock.sla_clock set status = $4, paused_at = null, paused_for = '{}', warn_at = $5, due_at = $6,
  left_to_warn = null, left_to_due = null
where tenant_id = $1 and order_no = $2 and key = $3
