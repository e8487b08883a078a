-- name: start
-- Started again under the same key, it runs anew: a retried step is not late because of its first attempt.
insert into crossdock.sla_clock (tenant_id, order_no, key, instance_id, started_at, warn_at, due_at, on_breach,
  calendar, calendar_version, pause_on_hold)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
on conflict (tenant_id, order_no, key) do update set instance_id = excluded.instance_id,
  started_at = excluded.started_at, warn_at = excluded.warn_at, due_at = excluded.due_at,
  on_breach = excluded.on_breach, status = 'running', stopped_at = null, case_id = null, warned = false,
  calendar = excluded.calendar, calendar_version = excluded.calendar_version,
  pause_on_hold = excluded.pause_on_hold, paused_at = null, paused_for = '{}', left_to_warn = null, left_to_due = null

-- name: stop
update crossdock.sla_clock c set status = 'stopped', stopped_at = $4
from crossdock.sla_clock before
where c.tenant_id = $1 and c.order_no = $2 and c.key = $3 and c.status <> 'stopped'
  and before.tenant_id = c.tenant_id and before.order_no = c.order_no and before.key = c.key
returning before.status as was, c.case_id, c.due_at, c.paused_at

-- name: stop_instance
update crossdock.sla_clock set status = 'stopped', stopped_at = $3
where tenant_id = $1 and instance_id = $2 and status in ('running', 'warned', 'paused')

-- name: warn
-- One that a turn has in hand is left for the next look, here and below: its instance may just be ending.
update crossdock.sla_clock c set status = 'warned', warned = true
from (select order_no, key from crossdock.sla_clock
      where tenant_id = $1 and status = 'running' and warn_at <= $2 and due_at > $2
      order by order_no, key for no key update skip locked) d
where c.tenant_id = $1 and c.order_no = d.order_no and c.key = d.key
returning c.order_no, c.key, c.due_at

-- name: breach
update crossdock.sla_clock c set status = 'breached'
from (select order_no, key from crossdock.sla_clock
      where tenant_id = $1 and status in ('running', 'warned') and due_at <= $2
      order by order_no, key for no key update skip locked) d
where c.tenant_id = $1 and c.order_no = d.order_no and c.key = d.key
returning c.order_no, c.key, c.started_at, c.due_at, c.on_breach, c.instance_id

-- name: remember_case
update crossdock.sla_clock set case_id = $4 where tenant_id = $1 and order_no = $2 and key = $3

-- name: of_order
select key, started_at, warn_at, due_at, status, stopped_at, paused_at, calendar from crossdock.sla_clock
where tenant_id = $1 and order_no = $2 order by started_at

-- name: tenants_due
select tenant_id from crossdock.work_due() where due_at <= $1
union select tenant_id from crossdock.approvals_due() where due_at <= $1

-- name: next_due
select min(due_at) from (
  select due_at from crossdock.work_due() union all select due_at from crossdock.approvals_due()) as d
