-- name: put_desk
insert into crossdock.case_mail (tenant_id, address, name, key, put_by, put_at) values ($1, $2, $3, $4, $5, $6)
on conflict (tenant_id) do update set address = excluded.address, name = excluded.name, put_by = excluded.put_by,
  put_at = excluded.put_at

-- name: desk
select address, name, key from crossdock.case_mail where tenant_id = $1

-- name: write
insert into crossdock.case_message (tenant_id, message_id, case_id, direction, ref, sender, recipients, subject, body,
  state, by, at, due_at)
values ($1, $2, $3, 'out', $4, $5, $6, $7, $8, 'waiting', $9, $10, $10) returning *

-- name: again
update crossdock.case_message set state = 'waiting', due_at = $4, attempts = 0, error = ''
where tenant_id = $1 and case_id = $2 and message_id = $3 and state = 'failed' returning *

-- name: thread
with recursive m as (
  select $2::uuid as case_id
  union select c.case_id from m join crossdock.cases c on c.tenant_id = $1 and c.merged_into = m.case_id)
select t.* from m join crossdock.case_message t on t.tenant_id = $1 and t.case_id = m.case_id order by t.at, t.message_id

-- name: due
select message_id from crossdock.case_message where tenant_id = $1 and state = 'waiting' and due_at <= $2
order by due_at, message_id limit 100

-- name: one
select t.*, c.number from crossdock.case_message t join crossdock.cases c on c.tenant_id = $1 and c.case_id = t.case_id
where t.tenant_id = $1 and t.message_id = $2

-- name: before
-- The mails of the thread before this one, the newest last.
select ref from (select ref, at from crossdock.case_message
  where tenant_id = $1 and case_id = $2 and at < $3 order by at desc limit $4) t order by at

-- name: files
select f.name, f.media_type, r.bytes from crossdock.case_file f
join crossdock.raw r on r.tenant_id = $1 and r.sha256 = f.sha256
where f.tenant_id = $1 and f.message_id = $2 order by f.file_id

-- name: sent
update crossdock.case_message set state = 'sent', due_at = null, error = '' where tenant_id = $1 and message_id = $2

-- name: unsent
update crossdock.case_message set state = $3, attempts = $4, due_at = $5, error = $6
where tenant_id = $1 and message_id = $2

-- name: case_of_number
select case_id from crossdock.cases where tenant_id = $1 and number = $2

-- name: case_of_refs
-- The case of the newest of these mails that is ours.
select case_id from crossdock.case_message where tenant_id = $1 and ref = any ($2::text[]) order by at desc limit 1

-- name: receive
-- A mail that comes again is known by its Message-ID.
insert into crossdock.case_message (tenant_id, message_id, case_id, direction, ref, answers_ref, sender, recipients,
  subject, body, state, by, at)
values ($1, $2, $3, 'in', $4, $5, $6, $7, $8, $9, 'received', $6, $10)
on conflict (tenant_id, ref) do nothing returning message_id
