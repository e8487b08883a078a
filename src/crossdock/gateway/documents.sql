-- name: profile_of_customer
-- The trading partner for which a partner's user acts: the one that orders under this customer number.
select partner_id from crossdock.partner
where tenant_id = $1 and (profile ->> 'customer_id' = $2 or partner_id = $2)
order by (profile ->> 'customer_id' = $2) desc, partner_id limit 1
