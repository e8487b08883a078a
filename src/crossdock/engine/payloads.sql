-- name: keep
-- With the turn that names them. What is there already is the same.
insert into crossdock.payload (tenant_id, instance_id, digest, body)
select * from unnest($1::text[], $2::uuid[], $3::bytea[], $4::bytea[]) on conflict do nothing

-- name: named
select digest, body from crossdock.payload where tenant_id = $1 and instance_id = $2 and digest = any ($3::bytea[])
