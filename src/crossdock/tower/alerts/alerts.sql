-- name: flow
-- Whether orders flow: when one was last released, and those that nothing but the flow itself holds back.
select
  (select max(released_at) from crossdock.order_view where tenant_id = $1) as released_at,
  (select count(*) from crossdock.order_view where tenant_id = $1 and released_at > $2::timestamptz - interval '24 hours') as released,
  count(*) as stuck, min(o.received_at) as since
from crossdock.order_view o
where o.tenant_id = $1 and o.outcome is null and o.released_at is null and o.backordered_at is null
  and o.open_cases = 0 and o.pending_approvals = 0
  and not exists (select from crossdock.hold_wait w where w.tenant_id = o.tenant_id and w.order_no = o.order_no)

-- name: incidents
select incident_id, number, system, opened_at from crossdock.incident
where tenant_id = $1 and state = 'open' and opened_at <= $2

-- name: backlog
select (select count(*) from crossdock.outbox where tenant_id = $1) as outbox,
  (select count(*) from crossdock.dead_letter where tenant_id = $1) as dead_letters

-- name: settings
select settings -> 'alerts' as alerts from crossdock.tenant where tenant_id = $1

-- name: firing
select alert_id, kind, key, title, link, severity from crossdock.alert where tenant_id = $1 and resolved_at is null

-- name: fire
-- One open row a kind and key: whoever comes second changes nothing.
insert into crossdock.alert (tenant_id, alert_id, kind, key, title, detail, link, fired_at, severity)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict (tenant_id, kind, key) where resolved_at is null do nothing returning alert_id

-- name: resolve
update crossdock.alert set resolved_at = $3 where tenant_id = $1 and alert_id = $2 and resolved_at is null
returning alert_id

-- name: recent
select alert_id, kind, title, detail, link, fired_at, resolved_at, severity from crossdock.alert
where tenant_id = $1 order by resolved_at is not null, fired_at desc limit 50
