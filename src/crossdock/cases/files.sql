-- name: raw
insert into crossdock.raw (tenant_id, sha256, bytes, size_bytes) values ($1, $2, $3, $4) on conflict do nothing

-- name: add
insert into crossdock.case_file (tenant_id, file_id, case_id, message_id, name, media_type, size_bytes, sha256, added_by,
  added_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning *

-- name: count
select count(*) from crossdock.case_file where tenant_id = $1 and case_id = $2 and removed_at is null

-- name: of_case
with recursive m as (
  select $2::uuid as case_id
  union select c.case_id from m join crossdock.cases c on c.tenant_id = $1 and c.merged_into = m.case_id)
select f.* from m join crossdock.case_file f on f.tenant_id = $1 and f.case_id = m.case_id and f.removed_at is null
order by f.added_at, f.file_id

-- name: content
-- Asked by its own case or by the one that this was merged into.
select f.*, r.bytes from crossdock.case_file f join crossdock.raw r on r.tenant_id = $1 and r.sha256 = f.sha256
where f.tenant_id = $1 and f.file_id = $3 and f.removed_at is null and f.case_id in (
  with recursive m as (
    select $2::uuid as case_id
    union select c.case_id from m join crossdock.cases c on c.tenant_id = $1 and c.merged_into = m.case_id)
  select case_id from m)

-- name: remove
update crossdock.case_file set removed_at = $3 where tenant_id = $1 and file_id = $2
