-- name: events
-- What happened to an order, the newest first and all of one moment together, so that a page can end between moments.
select seq, type, source, id, time, received_at, body from crossdock.event
where tenant_id = $1 and subject = $2 and ($3::timestamptz is null or time < $3)
order by time desc fetch first ($4::int) rows with ties

-- name: calls
-- What its processes asked of systems and of people, with every attempt that was not simply answered.
select k.instance_id, k.at, k.function, k.system, k.arguments, k.state, k.attempt, k.abandoned, k.called_at, k.answered_at,
  k.duration_ms, k.output, k.error,
  (select json_agg(json_build_object('attempt', a.attempt, 'outcome', a.outcome, 'probe', a.probe, 'detail', a.detail,
                                     'tried_at', a.tried_at, 'duration_ms', a.duration_ms) order by a.ordinal)
   from crossdock.attempt a where a.tenant_id = k.tenant_id and a.instance_id = k.instance_id and a.at = k.at) as attempts
from crossdock.instance i
join crossdock.call k on k.tenant_id = i.tenant_id and k.instance_id = i.instance_id
where i.tenant_id = $1 and i.business_key = $2 and (k.system <> '' or k.function = 'decision')
  and ($3::timestamptz is null or k.called_at < $3)
order by k.called_at desc fetch first ($4::int) rows with ties

-- name: touches
-- What people did to the order and to its cases, approvals and holds, where no event tells of it.
select seq, at, actor, action, object_id, detail from crossdock.audit
where tenant_id = $1 and object_id in (
    select $2 union select number from crossdock.cases c where c.tenant_id = $1 and c.order_no = $2)
  and action in ('case.assign', 'case.snooze', 'case.comment', 'case.wake', 'order.cancel', 'order.share', 'order.unshare',
                 'document.release')
  and ($3::timestamptz is null or at < $3)
order by at desc fetch first ($4::int) rows with ties
