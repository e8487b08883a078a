-- name: add_tenant
insert into crossdock.tenant (tenant_id, name, currency, settings) values ($1, $2, $3, $4)

-- name: add_customer
-- For look-ups on the pages; the ERP stays the authority.
insert into crossdock.catalogue_customer (tenant_id, customer_id, name, tier, body) values ($1, $2, $3, $4, $5)

-- name: add_item
insert into crossdock.catalogue_item (tenant_id, sku, description, unit, list_price, body) values ($1, $2, $3, $4, $5, $6)
