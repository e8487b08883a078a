-- name: list
-- Newest first within the filters; $5 is where the page before ended.
select seq, id, type, source, subject, time, body from crossdock.event
where tenant_id = $1 and ($2::text is null or type = $2) and ($3::text is null or subject = $3)
  and ($4::text is null or type ilike $4 or subject ilike $4 or id ilike $4)
  and ($5::bigint is null or seq < $5)
order by seq desc limit $6

-- name: count
select count(*) from crossdock.event
where tenant_id = $1 and ($2::text is null or type = $2) and ($3::text is null or subject = $3)
  and ($4::text is null or type ilike $4 or subject ilike $4 or id ilike $4)
