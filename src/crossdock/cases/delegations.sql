-- name: member
select role, approval_limit from crossdock.membership where tenant_id = $1 and user_name = $2

-- name: make
insert into crossdock.approval_delegation
  (tenant_id, delegation_id, giver, taker, from_at, until_at, limit_amount, kinds, reason, made_by, made_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)

-- name: locked
select * from crossdock.approval_delegation where tenant_id = $1 and delegation_id = $2 for update

-- name: end
update crossdock.approval_delegation set ended_at = $3, ended_by = $4 where tenant_id = $1 and delegation_id = $2

-- name: held
-- Whom a person stands in for now, each with what the giver may do: a giver who has left the tenant gives nothing.
select d.*, m.role, m.approval_limit from crossdock.approval_delegation d
join crossdock.membership m on m.tenant_id = d.tenant_id and m.user_name = d.giver
where d.tenant_id = $1 and d.taker = $2 and d.from_at <= $3 and d.until_at > $3 and d.ended_at is null
order by d.giver, d.from_at

-- name: every
-- The newest first; those over, too, for half a year.
select d.*, m.role, m.approval_limit from crossdock.approval_delegation d
left join crossdock.membership m on m.tenant_id = d.tenant_id and m.user_name = d.giver
where d.tenant_id = $1 and coalesce(d.ended_at, d.until_at) > $2::timestamptz - interval '180 days'
order by d.ended_at is not null or d.until_at <= $2, d.from_at desc limit 500

-- name: people
-- Who may be asked at all, with whom stands in for them now.
select m.user_name, u.display_name, m.role, m.approval_limit,
  array(select d.taker from crossdock.approval_delegation d where d.tenant_id = m.tenant_id and d.giver = m.user_name
        and d.from_at <= $2 and d.until_at > $2 and d.ended_at is null order by d.taker) as takers
from crossdock.membership m join crossdock.app_user u using (user_name)
where m.tenant_id = $1 and m.role in ('coordinator', 'approver', 'admin') order by m.user_name
