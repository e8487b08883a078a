-- name: put
-- A newer version takes the schedule over; an unchanged rule keeps its next time, so publishing again delays nothing.
insert into crossdock.schedule (tenant_id, namespace, name, version, kind, rule, time_zone, misfire, due_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict (tenant_id, namespace, name) do update
set version = excluded.version, kind = excluded.kind, rule = excluded.rule, time_zone = excluded.time_zone,
    misfire = excluded.misfire,
    running = case when excluded.kind = 'after' then crossdock.schedule.running end,
    due_at = case when (crossdock.schedule.kind, crossdock.schedule.rule, crossdock.schedule.time_zone)
                     = (excluded.kind, excluded.rule, excluded.time_zone) then crossdock.schedule.due_at
                  else excluded.due_at end

-- name: remove
delete from crossdock.schedule where tenant_id = $1 and namespace = $2 and name = $3

-- name: due
-- Locked, so that of several workers one starts; the others go on to the next.
select * from crossdock.schedule where tenant_id = $1 and due_at <= $2
order by due_at, namespace, name limit $3 for no key update skip locked

-- name: ended
-- `after` schedules whose instance has ended, whatever its end was, and when.
select s.namespace, s.name, s.rule, i.ended_at from crossdock.schedule s
join crossdock.instance i on i.tenant_id = s.tenant_id and i.instance_id = s.running
where s.tenant_id = $1 and s.due_at is null and i.ended_at is not null
order by s.namespace, s.name for no key update of s skip locked

-- name: advance
update crossdock.schedule set due_at = $4, last_at = coalesce($5, last_at), running = $6
where tenant_id = $1 and namespace = $2 and name = $3
