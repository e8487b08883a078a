-- name: hold_pace
-- The key's row is held until the turn commits, so slots are given in the order of asking. A key seldom used begins now.
insert into crossdock.pace (tenant_id, key, free_at) values ($1, $2, $3)
on conflict (tenant_id, key) do update set free_at = crossdock.pace.free_at
returning free_at

-- name: advance_pace
update crossdock.pace set free_at = $3 where tenant_id = $1 and key = $2

-- name: wait
insert into crossdock.pace_wait (tenant_id, instance_id, at, key, asked_at, slot_at) values ($1, $2, $3, $4, $5, $6)
on conflict (tenant_id, instance_id, at) do nothing

-- name: due
-- Slots that have come. The instance row first, as everywhere; one that a worker writes just now is left for the next look.
select w.instance_id, w.at, w.key, w.asked_at, w.slot_at from crossdock.pace_wait w
join crossdock.instance i on i.tenant_id = w.tenant_id and i.instance_id = w.instance_id
where w.tenant_id = $1 and w.slot_at <= $2
order by w.slot_at, w.instance_id limit $3
for no key update of i skip locked

-- name: take
-- The wait goes with the transaction that answers it: each slot is given once.
delete from crossdock.pace_wait w using unnest($2::uuid[], $3::text[]) as d (instance_id, at)
where w.tenant_id = $1 and w.instance_id = d.instance_id and w.at = d.at
returning w.instance_id, w.at, w.key, w.asked_at, w.slot_at

-- name: answer
select crossdock.deliver($1, a.instance_id, 'CallCompleted', a.body)
from unnest($2::uuid[], $3::json[]) as a (instance_id, body)

-- name: withdraw
delete from crossdock.pace_wait where tenant_id = $1 and instance_id = $2 and ($3::text is null or at = $3)
