-- name: as_stored
-- The data as jsonb gives it back: the hash is taken of what will be read again.
select $1::jsonb::text

-- name: request
insert into crossdock.approval (tenant_id, approval_id, number, kind, title, order_no, customer_id, customer, amount,
  currency, role, not_by, reason, rule, data, hash, requested_at, due_at, expires_at, instance_id, at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)
returning *

-- name: one
select * from crossdock.approval where tenant_id = $1 and approval_id = $2

-- name: locked
-- Whoever decides holds the row: an approval is decided once.
select * from crossdock.approval where tenant_id = $1 and approval_id = $2 for update

-- name: save
update crossdock.approval set status = $3, decided_at = $4, decided_by = $5, note = $6
where tenant_id = $1 and approval_id = $2
returning *

-- name: parked
-- Approvals that this instance waits for: of one task run, or of all.
select * from crossdock.approval
where tenant_id = $1 and instance_id = $2 and ($3::text is null or at = $3) and status = 'pending'
for update

-- name: expired
select * from crossdock.approval where tenant_id = $1 and status = 'pending' and expires_at <= $2 for update

-- name: list
-- pending: status 'pending'; decided: every other. Newest first; $6/$7 are where the page before ended.
select * from crossdock.approval
where tenant_id = $1 and ($2::text is null or (status = 'pending') = ($2 = 'pending'))
  and ($3::text is null or role = $3) and ($4::text is null or order_no = $4)
  and ($5::text is null or title ilike $5 or number ilike $5 or order_no ilike $5 or customer ilike $5)
  and ($6::timestamptz is null or (requested_at, approval_id) < ($6, $7))
order by requested_at desc, approval_id desc limit $8

-- name: count
select count(*) from crossdock.approval
where tenant_id = $1 and ($2::text is null or (status = 'pending') = ($2 = 'pending'))
  and ($3::text is null or role = $3) and ($4::text is null or order_no = $4)
  and ($5::text is null or title ilike $5 or number ilike $5 or order_no ilike $5 or customer ilike $5)
