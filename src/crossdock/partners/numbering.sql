-- name: take
-- The last of $6 numbers of one counter. Locks it until commit: two documents of one pair are numbered one after the other.
insert into crossdock.control_number as n (tenant_id, sender, receiver, direction, level, last)
values ($1, $2, $3, $4, $5, $6)
on conflict (tenant_id, sender, receiver, direction, level) do update set last = n.last + $6 returning last
