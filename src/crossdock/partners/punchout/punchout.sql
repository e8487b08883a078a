-- name: open
insert into crossdock.punchout (tenant_id, punchout_id, partner_id, token_hash, operation, buyer_cookie, post_to,
  sender, receiver, test, asked, opened_at, expires_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)

-- name: by_token
-- What the address of a start page opens; the customer is the partner's of today.
select o.*, p.profile ->> 'customer_id' as customer_id
from crossdock.punchout o
left join crossdock.partner p on p.tenant_id = o.tenant_id and p.partner_id = o.partner_id
where o.tenant_id = $1 and o.token_hash = $2

-- name: every
select o.*, p.profile ->> 'customer_id' as customer_id
from crossdock.punchout o
left join crossdock.partner p on p.tenant_id = o.tenant_id and p.partner_id = o.partner_id
where o.tenant_id = $1
order by o.opened_at desc, o.punchout_id desc limit $2

-- name: locked
select * from crossdock.punchout where tenant_id = $1 and punchout_id = $2 for update

-- name: return
update crossdock.punchout set cart_digest = $3, message = $4, returned_at = $5
where tenant_id = $1 and punchout_id = $2
