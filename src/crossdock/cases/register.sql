-- name: currency
select currency from crossdock.tenant where tenant_id = $1

-- name: put
insert into crossdock.catalogue_customer (tenant_id, customer_id, name, tier, body) values ($1, $2, $3, $4, $5)
on conflict (tenant_id, customer_id) do update set name = excluded.name, tier = excluded.tier, body = excluded.body

-- name: partner
select 1 from crossdock.partner where tenant_id = $1 and partner_id = $2
