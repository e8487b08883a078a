-- name: all
-- Newest version first in each name, with how many instances run on it.
select d.namespace, d.name, d.version, d.published_at, d.source,
  (select count(*) from crossdock.instance i where i.tenant_id = d.tenant_id and i.namespace = d.namespace
    and i.name = d.name and i.version = d.version and i.ended_at is null) as running
from crossdock.definition d where d.tenant_id = $1 order by d.namespace, d.name, d.published_at desc, d.version desc

-- name: one
select namespace, name, version, published_at, source from crossdock.definition
where tenant_id = $1 and name = $2 and version = $3 and ($4::text is null or namespace = $4)
order by published_at desc limit 1

-- name: instances
select instance_id, namespace, name, version, business_key, status, stage, started_at, updated_at, ended_at
from crossdock.instance
where tenant_id = $1 and ($2::text is null or status = $2) and ($3::text is null or name = $3)
  and ($4::text is null or stage = $4) and ($5::text is null or business_key = $5)
  and ($6::timestamptz is null or (started_at, instance_id) < ($6, $7::uuid))
order by started_at desc, instance_id desc limit $8

-- name: count_instances
select count(*) from crossdock.instance
where tenant_id = $1 and ($2::text is null or status = $2) and ($3::text is null or name = $3)
  and ($4::text is null or stage = $4) and ($5::text is null or business_key = $5)

-- name: instance
select * from crossdock.instance where tenant_id = $1 and instance_id = $2

-- name: history
select seq, at, kind, fact from crossdock.history where tenant_id = $1 and instance_id = $2 order by seq limit 1000

-- name: subscriptions
select at, type, value from crossdock.subscription where tenant_id = $1 and instance_id = $2 order by at, ordinal

-- name: open_calls
select at, function, system, state, attempt, called_at from crossdock.call
where tenant_id = $1 and instance_id = $2 and state not in ('done', 'failed') order by called_at

-- name: timers
select at, timer, due_at from crossdock.timer where tenant_id = $1 and instance_id = $2 order by due_at
