-- name: one_at_a_time
-- What is kept of a tenant is counted and added to by one after the other, so that the bounds hold.
select pg_advisory_xact_lock(hashtextextended('quarantine/' || $1, 0))

-- name: again
-- The same thing once more: counted, not kept twice.
update crossdock.quarantine set times = times + 1, last_at = $7
where tenant_id = $1 and way = $2 and sender = $3 and receiver = $4 and key = $5 and sha256 = $6 and state = 'kept'
returning quarantine_id

-- name: kept
select count(*) as items, coalesce(sum(size_bytes), 0) as bytes from crossdock.quarantine
where tenant_id = $1 and state = 'kept'

-- name: keep
insert into crossdock.quarantine (tenant_id, quarantine_id, way, channel_id, sender, receiver, reason, name, key, headers,
  bytes, sha256, size_bytes, arrived_at, last_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14)

-- name: page
select quarantine_id, way, channel_id, sender, receiver, reason, name, size_bytes, times, state, arrived_at, last_at,
  ended_at, ended_by, note, receipt_id
from crossdock.quarantine
where tenant_id = $1 and ($2::text is null or state = $2) and ($3::text is null or channel_id = $3)
  and ($4::text is null or concat_ws(' ', sender, receiver, name, way, channel_id, reason, note) ilike $4)
order by arrived_at desc, quarantine_id desc limit $5

-- name: one
select * from crossdock.quarantine where tenant_id = $1 and quarantine_id = $2

-- name: locked
select * from crossdock.quarantine where tenant_id = $1 and quarantine_id = $2 for update

-- name: end
update crossdock.quarantine set state = $3, ended_at = $4, ended_by = $5, note = $6, receipt_id = $7, bytes = null,
  headers = null
where tenant_id = $1 and quarantine_id = $2 and state = 'kept' returning true
