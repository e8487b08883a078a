-- name: invite
insert into crossdock.partner_invitation (tenant_id, invitation_id, partner_id, token_hash, email, invited_by, invited_at,
  expires_at)
values ($1, $2, $3, $4, $5, $6, $7, $8)

-- name: withdraw
-- All that are open of a partner, or one of them.
update crossdock.partner_invitation set withdrawn_at = $3
where tenant_id = $1 and partner_id = $2 and used_at is null and withdrawn_at is null
  and ($4::uuid is null or invitation_id = $4)
returning invitation_id

-- name: invitations
select invitation_id, email, invited_by, invited_at, expires_at, used_at, used_by, withdrawn_at, mailed_at, mail_error
from crossdock.partner_invitation where tenant_id = $1 and partner_id = $2 order by invited_at desc, invitation_id

-- name: invitation
-- Locked: of two who hold the link one sets up the account.
select i.*, t.name as tenant_name, p.profile::text as profile
from crossdock.partner_invitation i
join crossdock.tenant t on t.tenant_id = i.tenant_id
join crossdock.partner p on p.tenant_id = i.tenant_id and p.partner_id = i.partner_id
where i.tenant_id = $1 and i.token_hash = $2 for update of i

-- name: invitation_of
select * from crossdock.partner_invitation where tenant_id = $1 and partner_id = $2 and invitation_id = $3

-- name: mailed
-- What became of its mail; an error leaves the time of the try, too.
update crossdock.partner_invitation set mailed_at = $3, mail_error = $4, language = $5
where tenant_id = $1 and invitation_id = $2

-- name: tenant_name
select name from crossdock.tenant where tenant_id = $1

-- name: used
update crossdock.partner_invitation set used_at = $3, used_by = $4 where tenant_id = $1 and invitation_id = $2

-- name: certification
select * from crossdock.certification where tenant_id = $1 and partner_id = $2

-- name: locked
select * from crossdock.certification where tenant_id = $1 and partner_id = $2 for update

-- name: start
-- Started once; who goes live again begins anew.
insert into crossdock.certification (tenant_id, partner_id, state, started_at) values ($1, $2, 'testing', $3)
on conflict (tenant_id, partner_id) do update
  set state = 'testing', started_at = excluded.started_at, ready_at = null, live_at = null, approved_by = null
  where crossdock.certification.state = 'live'

-- name: state
update crossdock.certification set state = $3, ready_at = $4, live_at = $5, approved_by = $6
where tenant_id = $1 and partner_id = $2

-- name: tests
-- What the partner has sent in test since it began, the latest first; the version as its syntax tells it.
select d.document_id, d.type, d.status, d.received_at, d.filename, d.po, d.errors::text as errors, d.notes::text as notes,
  d.sha256, d.format, d.parsed -> 'group' ->> 'version' as release,
  d.parsed -> 'segments' -> 0 -> 'elements' ->> 1 as head, d.receipt_id
from crossdock.document d
where d.tenant_id = $1 and d.partner_id = $2 and d.test and d.direction = 'in' and d.received_at >= $3
order by d.received_at desc, d.document_id desc limit $4

-- name: answers
-- What those were answered with.
select d.answers as receipt_id, d.document_id, d.type, d.parsed ->> 'text' as text
from crossdock.document d
where d.tenant_id = $1 and d.answers = any($2::uuid[]) and d.direction = 'out' order by d.received_at, d.document_id

-- name: acknowledged
-- Our test documents, and what the partner said of them.
select type, count(*) filter (where state = 'accepted') as accepted, count(*) as sent
from crossdock.sending where tenant_id = $1 and partner_id = $2 and test and written_at >= $3 group by type

-- name: test_order
select d.document_id, d.format, d.type, d.sender, d.receiver, d.customer_id, d.canonical::text as canonical, d.status,
  d.parsed -> 'group' ->> 'version' as release
from crossdock.document d
where d.tenant_id = $1 and d.document_id = $2 and d.partner_id = $3 and d.test and d.direction = 'in'
