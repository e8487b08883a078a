-- name: put
insert into crossdock.alert_rule (tenant_id, name, document, put_by, put_at) values ($1, $2, $3, $4, $5)
on conflict (tenant_id, name) do update
set document = excluded.document, put_by = excluded.put_by, put_at = excluded.put_at, since = null, error = ''

-- name: count
select count(*) from crossdock.alert_rule where tenant_id = $1

-- name: remove
delete from crossdock.alert_rule where tenant_id = $1 and name = $2 returning name

-- name: all
select name, document, since, put_by, put_at, error from crossdock.alert_rule where tenant_id = $1 order by name

-- name: since
update crossdock.alert_rule set since = $3, error = '' where tenant_id = $1 and name = $2

-- name: error
update crossdock.alert_rule set since = null, error = $3 where tenant_id = $1 and name = $2

-- name: released_within
-- Orders whose limit ($4 after receipt) passed since $3, or that were released within it since then. Cancelled and
-- rejected ones were not owed any more.
select count(*) as judged,
  count(*) filter (where o.released_at is null or o.released_at > o.received_at + $4::interval) as bad
from crossdock.order_view o
where o.tenant_id = $1 and o.received_at > $3::timestamptz - $4::interval
  and not coalesce(o.outcome in ('cancelled', 'rejected') and (o.released_at is null), false)
  and ((o.received_at + $4::interval > $3 and o.received_at + $4::interval <= $2)
    or (o.released_at > $3 and o.released_at <= least($2, o.received_at + $4::interval)))

-- name: delivered_by_promise
-- Orders whose promised day ended since $3. Cancelled and rejected ones were not owed any more.
with zone as (select time_zone as z from crossdock.tenant where tenant_id = $1)
select count(*) as judged,
  count(*) filter (where o.completed_at is null or (o.completed_at at time zone zone.z)::date > d.due_on) as bad
from zone, crossdock.order_view o, lateral (select o.owed_on as due_on) d
where o.tenant_id = $1 and d.due_on is not null
  and ((d.due_on + 1)::timestamp at time zone zone.z) > $3 and ((d.due_on + 1)::timestamp at time zone zone.z) <= $2
  and not coalesce(o.outcome in ('cancelled', 'rejected'), false)
