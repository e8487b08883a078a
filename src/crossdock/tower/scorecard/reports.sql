-- name: put
insert into crossdock.report (tenant_id, name, document, put_by, put_at, next_at) values ($1, $2, $3, $4, $5, $6)
on conflict (tenant_id, name) do update set document = excluded.document, put_by = excluded.put_by,
  put_at = excluded.put_at, next_at = excluded.next_at, retry_at = null, attempts = 0, error = ''

-- name: remove
delete from crossdock.report where tenant_id = $1 and name = $2 returning name

-- name: all
select * from crossdock.report where tenant_id = $1 order by name

-- name: one
select * from crossdock.report where tenant_id = $1 and name = $2

-- name: due
select * from crossdock.report where tenant_id = $1 and coalesce(retry_at, next_at) <= $2 order by name

-- name: now
-- Asked for by a person: it goes with the next look, and its usual time stays.
update crossdock.report set retry_at = $3, attempts = 0, error = '' where tenant_id = $1 and name = $2 returning name

-- name: sent
update crossdock.report set sent_at = $3, next_at = case when next_at <= $3 then $4 else next_at end, retry_at = null,
  attempts = 0, error = ''
where tenant_id = $1 and name = $2

-- name: unsent
-- retry_at null: it is given up until its next time.
update crossdock.report set attempts = $3, retry_at = $4, error = $5,
  next_at = case when $4::timestamptz is null and next_at <= $7 then $6 else next_at end
where tenant_id = $1 and name = $2

-- name: zone
select name, time_zone from crossdock.tenant where tenant_id = $1
