-- name: addresses
select user_name, email, wanted, put_by, put_at from crossdock.approval_address where tenant_id = $1 order by user_name

-- name: put_address
insert into crossdock.approval_address (tenant_id, user_name, email, wanted, put_by, put_at) values ($1, $2, $3, $4, $5, $6)
on conflict (tenant_id, user_name) do update
set email = excluded.email, wanted = excluded.wanted, put_by = excluded.put_by, put_at = excluded.put_at

-- name: member
select m.role, m.approval_limit, u.display_name, t.name as tenant_name
from crossdock.membership m join crossdock.app_user u using (user_name) join crossdock.tenant t on t.tenant_id = m.tenant_id
where m.tenant_id = $1 and m.user_name = $2

-- name: queue
insert into crossdock.approval_mail (tenant_id, mail_id, approval_id, person, what, due_at) values ($1, $2, $3, $4, $5, $6)

-- name: take
-- One that is due, put off for as long as telling may take: a process that dies leaves it to the next.
update crossdock.approval_mail m set attempts = m.attempts + 1, due_at = $3
where m.tenant_id = $1 and m.mail_id = (
  select mail_id from crossdock.approval_mail where tenant_id = $1 and state = 'waiting' and due_at <= $2
  order by due_at limit 1 for update skip locked)
returning m.mail_id, m.approval_id, m.person, m.what, m.attempts,
  (select email from crossdock.approval_address a
   where a.tenant_id = m.tenant_id and a.user_name = m.person and a.wanted) as email

-- name: settle
update crossdock.approval_mail set state = $3, sent_at = $4, due_at = coalesce($5, due_at), error = $6
where tenant_id = $1 and mail_id = $2

-- name: of_approval
select person, what, state, sent_at, error from crossdock.approval_mail
where tenant_id = $1 and approval_id = $2 order by due_at, mail_id

-- name: approval
select * from crossdock.approval where tenant_id = $1 and approval_id = $2

-- name: forget_links
-- A new letter's link takes the place of an earlier one that was not used.
delete from crossdock.approval_link where tenant_id = $1 and approval_id = $2 and person = $3 and used_at is null

-- name: link
insert into crossdock.approval_link
  (tenant_id, link_id, approval_id, person, hash, sign_in, expires_at, mac, made_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)

-- name: read_link
select * from crossdock.approval_link where tenant_id = $1 and link_id = $2

-- name: lock_link
select * from crossdock.approval_link where tenant_id = $1 and link_id = $2 for update

-- name: use_link
update crossdock.approval_link set used_at = $3, used_for = $4 where tenant_id = $1 and link_id = $2
