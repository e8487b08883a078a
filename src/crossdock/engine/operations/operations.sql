-- name: instance
select instance_id, namespace, name, version, business_key, parent_id, parent_at, status, revision, state, stage, error,
       started_at, updated_at, ended_at
from crossdock.instance where tenant_id = $1 and instance_id = $2

-- name: locked
-- What is decided on it stays true until the transaction ends.
select instance_id, namespace, name, version, business_key, parent_id, parent_at, status, revision, state, stage, error,
       started_at, updated_at, ended_at
from crossdock.instance where tenant_id = $1 and instance_id = $2 for no key update

-- name: at_work
-- Somebody has it in hand, or will claim it.
select exists (select from crossdock.lease where tenant_id = $1 and instance_id = $2)
    or exists (select from crossdock.ready where tenant_id = $1 and instance_id = $2)

-- name: repin
-- From now on it decides by the tables in force now; it stands still, so that its restart is read before all that waits.
update crossdock.instance set status = case when status = 'running' then 'suspended' else status end,
  tables_at = coalesce((select max(a.number) from crossdock.table_activation a where a.tenant_id = $1), 0)
where tenant_id = $1 and instance_id = $2 returning tables_at

-- name: history
select kind, fact from crossdock.history where tenant_id = $1 and instance_id = $2 order by seq limit $3

-- name: calls
select at, function, system, state, attempt, abandoned, arguments, output, undo, duration_ms, called_at, answered_at,
       undone_at
from crossdock.call where tenant_id = $1 and instance_id = $2 order by called_at, at

-- name: children
select c.instance_id, c.parent_at as at, c.name, c.status, c.output, h.fact
from crossdock.instance c
left join crossdock.history h on h.tenant_id = c.tenant_id and h.instance_id = c.instance_id and h.kind = 'Started'
where c.tenant_id = $1 and c.parent_id = $2

-- name: mail
select kind, body->>'at' as at from crossdock.fact where tenant_id = $1 and instance_id = $2 order by fact_id

-- name: waits
select 'event' as kind, at, type as detail, null::timestamptz as due_at from crossdock.subscription
where tenant_id = $1 and instance_id = $2
union all
select 'timer', at, timer, due_at from crossdock.timer where tenant_id = $1 and instance_id = $2 and timer <> '~attempt'
order by 1, 2

-- name: select
-- Newest first. fingerprint: of the error, without what differs from instance to instance.
select x.*, exists (select from crossdock.fact m where m.tenant_id = $1 and m.instance_id = x.instance_id
                    and m.kind in ('Suspended', 'Resumed', 'CancelRequested', 'Restarted')) as pending
from (
select i.instance_id, i.namespace, i.name, i.version, i.business_key, i.status, i.stage, i.started_at, i.updated_at,
       i.ended_at, i.revision, i.error, f.fingerprint, count(*) over () as total
from crossdock.instance i
cross join lateral (select case when i.error is null then '' else left(md5(
    coalesce(i.error->>'type', '') || '|' || coalesce(i.error->>'title', '') || '|' || coalesce(i.error->>'instance', '')
    || '|' || case when i.error->>'type' is null
                   then regexp_replace(left(i.error->>'detail', 200), '[0-9a-f]{8}-[0-9a-f-]+|[0-9]+', '#', 'g') else '' end
  ), 12) end as fingerprint) f
where i.tenant_id = $1
  and ($2::uuid[] is null or i.instance_id = any ($2))
  and ($3::text is null or i.status = $3)
  and ($4::text is null or i.name = $4)
  and ($5::text is null or i.version = $5)
  and ($6::text is null or i.stage = $6)
  and ($7::text is null or i.business_key like $7)
  and ($8::timestamptz is null or i.started_at < $8)
  and ($9::text is null or f.fingerprint = $9)
  and ($10::text is null
       or i.error->>'instance' like '%/' || $10
       or exists (select from crossdock.call k where k.tenant_id = i.tenant_id and k.instance_id = i.instance_id
                  and k.state not in ('done', 'failed') and k.at like '%/' || $10 || '#%')
       or exists (select from crossdock.subscription s where s.tenant_id = i.tenant_id and s.instance_id = i.instance_id
                  and s.at like '%/' || $10 || '#%')
       or exists (select from crossdock.timer m where m.tenant_id = i.tenant_id and m.instance_id = i.instance_id
                  and m.at like '%/' || $10 || '#%'))
  and ($11::text is null or i.business_key ilike '%' || $11 || '%' or i.instance_id::text like $11 || '%')
) x
where $12::timestamptz is null or (x.started_at, x.instance_id) < ($12, $13::uuid)
order by x.started_at desc, x.instance_id desc
limit $14

-- name: attempts
select at, attempt, outcome, probe, detail, tried_at, duration_ms from crossdock.attempt
where tenant_id = $1 and instance_id = $2 order by at, ordinal

-- name: deliver
select crossdock.deliver($1, $2, $3, $4)

-- name: reopen
select crossdock.reopen($1, $2, $3, $4)

-- name: migrate
update crossdock.instance set version = $3, state = $4, revision = revision + 1, updated_at = crossdock.now()
where tenant_id = $1 and instance_id = $2

-- name: remember
insert into crossdock.history (tenant_id, instance_id, seq, at, kind, fact, trace) values ($1, $2, $3, $4, $5, $6, $7)

-- name: last_seq
select coalesce(max(seq), 0) from crossdock.history where tenant_id = $1 and instance_id = $2

-- name: new_job
insert into crossdock.operation_job (tenant_id, job_id, kind, command, selection, token, status, asked_by)
values ($1, $2, $3, $4, $5, $6, 'previewed', $7)

-- name: new_items
insert into crossdock.operation_item (tenant_id, job_id, instance_id, ordinal, mark, status, detail)
select $1, $2, * from unnest($3::uuid[], $4::int[], $5::text[], $6::text[], $7::text[])

-- name: forget_previews
-- What was looked at yesterday and not asked for.
delete from crossdock.operation_job
where tenant_id = $1 and status = 'previewed' and previewed_at < crossdock.now() - interval '1 day'

-- name: job
select * from crossdock.operation_job where tenant_id = $1 and job_id = $2

-- name: locked_job
select * from crossdock.operation_job where tenant_id = $1 and job_id = $2 for no key update

-- name: run_job
-- One runner at a time: who finds the row locked leaves it alone.
select * from crossdock.operation_job where tenant_id = $1 and job_id = $2 and status = 'running' for no key update skip locked

-- name: start_job
update crossdock.operation_job set status = 'running', started_at = crossdock.now(), asked_by = $3
where tenant_id = $1 and job_id = $2

-- name: end_job
update crossdock.operation_job set status = $3, ended_at = crossdock.now() where tenant_id = $1 and job_id = $2

-- name: next_item
select instance_id, mark, tries from crossdock.operation_item
where tenant_id = $1 and job_id = $2 and status = 'waiting' order by tries, ordinal limit 1

-- name: settle_item
update crossdock.operation_item set status = $4, detail = $5, tries = tries + 1, at = crossdock.now()
where tenant_id = $1 and job_id = $2 and instance_id = $3

-- name: cancel_items
update crossdock.operation_item set status = 'cancelled', at = crossdock.now()
where tenant_id = $1 and job_id = $2 and status = 'waiting'

-- name: counts
select status, count(*) as n from crossdock.operation_item where tenant_id = $1 and job_id = $2 group by status

-- name: items
select o.instance_id, o.status, o.detail, o.at, i.business_key, i.name
from crossdock.operation_item o
join crossdock.instance i on i.tenant_id = o.tenant_id and i.instance_id = o.instance_id
where o.tenant_id = $1 and o.job_id = $2 and ($3::text is null or o.status = $3)
order by o.ordinal limit $4 offset $5

-- name: jobs
select * from crossdock.operation_job where tenant_id = $1 and status <> 'previewed' order by previewed_at desc limit $2
