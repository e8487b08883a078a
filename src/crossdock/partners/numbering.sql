-- name: take
-- The last of $6 numbers of one counter. Locks it until commit: two documents of one pair are numbered one after the other.
insert into crossdock.control_number as n (tenant_id, sender, receiver, direction, level, last)
values ($1, $2, $3, $4, $5, $6)
on conflict (tenant_id, sender, receiver, direction, level) do update set last = n.last + $6 returning last

-- name: last
-- The last number given; nothing is taken or locked.
select last from crossdock.control_number
where tenant_id = $1 and sender = $2 and receiver = $3 and direction = $4 and level = $5
