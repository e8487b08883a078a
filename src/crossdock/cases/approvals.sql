-- name: as_stored
-- The data as jsonb gives it back: the hash is taken of what will be read again.
select $1::jsonb::text

-- name: request
insert into crossdock.approval (tenant_id, approval_id, number, kind, title, order_no, customer_id, customer, amount,
  currency, role, not_by, reason, rule, data, hash, requested_at, due_at, expires_at, instance_id, at, steps, step_order,
  votes, task, table_version, tolerance, stands_until, again_of, changed, mail, remind_at, escalate_at, escalate_to)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24,
  $25, $26, $27, $28, $29, $30, $31, $32, $33, $34)
returning *

-- name: same
-- What was asked last about the same thing at the same place of a process, whichever run of it asked.
select * from crossdock.approval
where tenant_id = $1 and order_no = $2 and kind = $3 and task = $4 order by requested_at desc, approval_id desc limit 1

-- name: one
select * from crossdock.approval where tenant_id = $1 and approval_id = $2

-- name: some
select * from crossdock.approval where tenant_id = $1 and approval_id = any ($2::uuid[])

-- name: locked
-- Whoever votes holds the row: votes are counted one after the other, and it is decided once.
select * from crossdock.approval where tenant_id = $1 and approval_id = $2 for update

-- name: vote
update crossdock.approval set votes = $3 where tenant_id = $1 and approval_id = $2 returning *

-- name: save
update crossdock.approval set status = $3, decided_at = $4, decided_by = $5, note = $6, votes = $7
where tenant_id = $1 and approval_id = $2
returning *

-- name: parked
-- Approvals that this instance waits for: of one task run, or of all.
select * from crossdock.approval
where tenant_id = $1 and instance_id = $2 and ($3::text is null or at = $3) and status = 'pending'
for update

-- name: expired
select * from crossdock.approval where tenant_id = $1 and status = 'pending' and expires_at <= $2 for update

-- name: remind
update crossdock.approval set reminded_at = $2
where tenant_id = $1 and status = 'pending' and reminded_at is null and remind_at <= $2
returning *

-- name: escalate
update crossdock.approval set escalated_at = $2
where tenant_id = $1 and status = 'pending' and escalated_at is null and escalate_at <= $2
returning *

-- name: list
-- decided: every status but pending; null: all. The newest first; $6/$7 are where the page before ended.
select * from crossdock.approval
where tenant_id = $1 and ($2::text is null or (status = 'pending') = ($2 = 'pending'))
  and ($3::text[] is null or role = any ($3)
    or exists (select from jsonb_array_elements(steps) s where s ->> 'role' = any ($3)))
  and ($4::text is null or order_no = $4)
  and ($5::text is null or title ilike $5 or number ilike $5 or order_no ilike $5 or customer ilike $5)
  and ($6::timestamptz is null or (requested_at, approval_id) < ($6, $7))
order by requested_at desc, approval_id desc limit $8

-- name: pending
-- What is overdue leads, then what is due next; what has no deadline comes last.
select * from crossdock.approval
where tenant_id = $1 and status = 'pending' and $2::text = 'pending'
  and ($3::text[] is null or role = any ($3)
    or exists (select from jsonb_array_elements(steps) s where s ->> 'role' = any ($3)))
  and ($4::text is null or order_no = $4)
  and ($5::text is null or title ilike $5 or number ilike $5 or order_no ilike $5 or customer ilike $5)
  and ($6::timestamptz is null or (coalesce(due_at, '9999-01-01 00:00+00'), approval_id) > ($6, $7))
order by coalesce(due_at, '9999-01-01 00:00+00'), approval_id limit $8

-- name: count
select count(*) from crossdock.approval
where tenant_id = $1 and ($2::text is null or (status = 'pending') = ($2 = 'pending'))
  and ($3::text[] is null or role = any ($3)
    or exists (select from jsonb_array_elements(steps) s where s ->> 'role' = any ($3)))
  and ($4::text is null or order_no = $4)
  and ($5::text is null or title ilike $5 or number ilike $5 or order_no ilike $5 or customer ilike $5)
