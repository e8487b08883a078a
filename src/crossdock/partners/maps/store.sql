-- name: active
-- The versions in force; where the library's is (version 0), nothing.
select a.map_id, a.partner_id, v.version, v.complete, v.digest
from (select distinct on (map_id, partner_id) map_id, partner_id, version from crossdock.map_activation
  where tenant_id = $1 order by map_id, partner_id, number desc) a
join crossdock.map_version v on v.tenant_id = $1 and v.map_id = a.map_id and v.version = a.version

-- name: in_force
select distinct on (map_id, partner_id) map_id, partner_id, version, activated_by, activated_at
from crossdock.map_activation where tenant_id = $1 order by map_id, partner_id, number desc

-- name: versions
select map_id, version, status, base, base_digest, digest, note, revision, saved_by, saved_at
from crossdock.map_version where tenant_id = $1 and ($2::text is null or map_id = $2)
order by map_id, version desc

-- name: version
select * from crossdock.map_version where tenant_id = $1 and map_id = $2 and version = $3

-- name: history
select partner_id, number, version, note, activated_by, activated_at from crossdock.map_activation
where tenant_id = $1 and map_id = $2 order by activated_at desc, number desc limit 200

-- name: last_two
select version from crossdock.map_activation
where tenant_id = $1 and map_id = $2 and partner_id = $3 order by number desc limit 2

-- name: lock
-- One writer of a map at a time.
select pg_advisory_xact_lock(hashtextextended($1 || chr(31) || 'map' || chr(31) || $2, 0))

-- name: draft
select version, revision from crossdock.map_version where tenant_id = $1 and map_id = $2 and status = 'draft'

-- name: last
select coalesce(max(version), 0) from crossdock.map_version where tenant_id = $1 and map_id = $2

-- name: insert
insert into crossdock.map_version (tenant_id, map_id, version, status, base, base_digest, source, complete, digest, note,
  saved_by, saved_at) values ($1, $2, $3, 'draft', $4, $5, $6, $7::json, $8, $9, $10, $11)

-- name: save
update crossdock.map_version set base = $4, base_digest = $5, source = $6, complete = $7::json, digest = $8, note = $9,
  saved_by = $10, saved_at = $11, revision = revision + 1
where tenant_id = $1 and map_id = $2 and version = $3

-- name: become
update crossdock.map_version set status = $4 where tenant_id = $1 and map_id = $2 and version = $3

-- name: activate
insert into crossdock.map_activation (tenant_id, map_id, partner_id, number, version, note, activated_by, activated_at)
select $1, $2, $3, coalesce(max(number), 0) + 1, $4, $5, $6, $7
from crossdock.map_activation where tenant_id = $1 and map_id = $2 and partner_id = $3

-- name: partner
select 1 from crossdock.partner where tenant_id = $1 and partner_id = $2
