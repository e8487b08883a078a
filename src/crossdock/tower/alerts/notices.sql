-- name: put
insert into crossdock.alert_channel (tenant_id, name, document, put_by, put_at) values ($1, $2, $3, $4, $5)
on conflict (tenant_id, name) do update
set document = excluded.document, put_by = excluded.put_by, put_at = excluded.put_at

-- name: remove
delete from crossdock.alert_channel where tenant_id = $1 and name = $2 returning name

-- name: one
select document from crossdock.alert_channel where tenant_id = $1 and name = $2

-- name: channels
select document from crossdock.alert_channel where tenant_id = $1 order by name

-- name: all
select c.name, c.document, c.put_by, c.put_at, m.waiting, m.failed, m.told_at, last.error
from crossdock.alert_channel c
cross join lateral (
  select count(*) filter (where m.state = 'waiting') as waiting, count(*) filter (where m.state = 'failed') as failed,
         max(m.told_at) as told_at
  from crossdock.alert_message m where m.tenant_id = c.tenant_id and m.channel = c.name) m
left join lateral (
  select m.error from crossdock.alert_message m
  where m.tenant_id = c.tenant_id and m.channel = c.name and m.state in ('waiting', 'failed') and m.error <> ''
  order by m.message_id desc limit 1) last on true
where c.tenant_id = $1 order by c.name

-- name: fired_on
-- Where this alert was to be told, and whether it was.
select channel, state from crossdock.alert_message where tenant_id = $1 and alert_id = $2 and what = 'fired'

-- name: needless
update crossdock.alert_message set state = 'needless'
where tenant_id = $1 and channel = $2 and alert_id = $3 and what = 'fired' and state = 'waiting'

-- name: queue
insert into crossdock.alert_message (tenant_id, channel, alert_id, what, queued_at, due_at) values ($1, $2, $3, $4, $5, $6)

-- name: due
select distinct channel from crossdock.alert_message where tenant_id = $1 and state = 'waiting' and due_at <= $2
order by channel

-- name: take
-- All that waits there. What was in a batch before keeps it; what was in none makes a new one together.
with taken as (
  update crossdock.alert_message m set batch = coalesce(m.batch, $3)
  where m.tenant_id = $1 and m.channel = $2 and m.state = 'waiting'
  returning m.message_id, m.alert_id, m.what, m.batch, m.attempts)
select t.batch, t.attempts, t.what, a.severity, a.title, a.detail, a.link, a.fired_at, a.resolved_at
from taken t join crossdock.alert a on a.tenant_id = $1 and a.alert_id = t.alert_id order by t.message_id

-- name: told
update crossdock.alert_message set state = 'told', told_at = $3, error = '' where tenant_id = $1 and batch = $2

-- name: untold
update crossdock.alert_message set state = $3, attempts = $4, due_at = $5, error = $6
where tenant_id = $1 and batch = $2

-- name: test
insert into crossdock.alert (tenant_id, alert_id, kind, key, title, detail, fired_at, resolved_at)
values ($1, $2::uuid, 'test', $2::uuid::text, $3, $4, $5, $5)
