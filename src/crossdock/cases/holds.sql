-- name: place
insert into crossdock.hold (tenant_id, hold_id, number, scope, key, kind, reason, evidence, placed_by, placed_at,
  release_role, expires_at, amount, currency)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
returning *

-- name: applying
-- Active holds on any of these scope:key words. The share lock waits for a release under way, so that whoever parks
-- is either seen by that release or sees that it happened.
select * from crossdock.hold
where tenant_id = $1 and status = 'active' and scope || ':' || key = any ($2::text[])
order by placed_at
for share

-- name: stands
select exists (select from crossdock.hold
  where tenant_id = $1 and status = 'active' and scope || ':' || key = any ($2::text[]))

-- name: park
insert into crossdock.hold_wait (tenant_id, word, instance_id, at, order_no, since)
select $1, w, $2, $3, $4, $6 from unnest($5::text[]) as w
on conflict do nothing

-- name: waiting
-- Orders that a hold on this key stopped, in instance order so that row locks never cross.
select instance_id, at, order_no from crossdock.hold_wait where tenant_id = $1 and word = $2 order by instance_id, at

-- name: still_held
-- Whether another active hold stops the same task run.
select exists (select from crossdock.hold_wait w
  join crossdock.hold h on h.tenant_id = w.tenant_id and h.status = 'active' and h.scope || ':' || h.key = w.word
  where w.tenant_id = $1 and w.instance_id = $2 and w.at = $3)

-- name: go_on
with gone as (delete from crossdock.hold_wait where tenant_id = $1 and instance_id = $2 and at = $3 returning at)
select exists (select from gone)

-- name: forget
-- Gives the orders whose steps waited, each once.
with gone as (delete from crossdock.hold_wait
  where tenant_id = $1 and instance_id = $2 and ($3::text is null or at = $3) returning order_no)
select distinct order_no from gone

-- name: locked
select * from crossdock.hold where tenant_id = $1 and hold_id = $2 for update

-- name: one
select h.*, (select count(*) from crossdock.hold_wait w
  where w.tenant_id = h.tenant_id and w.word = h.scope || ':' || h.key) as orders
from crossdock.hold h where h.tenant_id = $1 and h.hold_id = $2

-- name: end
update crossdock.hold set status = $3, released_by = $4, released_at = $5, note = $6
where tenant_id = $1 and hold_id = $2
returning *

-- name: expired
select * from crossdock.hold where tenant_id = $1 and status = 'active' and expires_at <= $2 for update

-- name: list
-- With how many orders each one stops now. status: active, or released for both ways of ending. $6: on that order, or
-- what one of its steps waits for.
select h.*, (select count(*) from crossdock.hold_wait w
  where w.tenant_id = h.tenant_id and w.word = h.scope || ':' || h.key) as orders
from crossdock.hold h
where h.tenant_id = $1 and ($2::text is null or (h.status = 'active') = ($2 = 'active'))
  and ($3::text is null or h.scope = $3) and ($4::text is null or h.key = $4)
  and ($5::text is null or h.number ilike $5 or h.key ilike $5 or h.reason ilike $5)
  and ($6::text is null or (h.scope = 'order' and h.key = $6) or exists (select from crossdock.hold_wait w
    where w.tenant_id = h.tenant_id and w.order_no = $6 and w.word = h.scope || ':' || h.key))
  and ($7::timestamptz is null or (h.placed_at, h.hold_id) < ($7, $8))
order by h.placed_at desc, h.hold_id desc limit $9

-- name: count
select count(*) from crossdock.hold h
where h.tenant_id = $1 and ($2::text is null or (h.status = 'active') = ($2 = 'active'))
  and ($3::text is null or h.scope = $3) and ($4::text is null or h.key = $4)
  and ($5::text is null or h.number ilike $5 or h.key ilike $5 or h.reason ilike $5)
  and ($6::text is null or (h.scope = 'order' and h.key = $6) or exists (select from crossdock.hold_wait w
    where w.tenant_id = h.tenant_id and w.order_no = $6 and w.word = h.scope || ':' || h.key))

-- name: of_order
-- Holds on any of these keys, ended ones too: for the order's page.
select h.*, 0 as orders from crossdock.hold h
where h.tenant_id = $1 and h.scope || ':' || h.key = any ($2::text[]) order by h.placed_at
