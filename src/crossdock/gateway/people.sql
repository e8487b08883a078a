-- name: audit
-- Newest first within the filters; $6 is where the page before ended.
select seq, at, actor, action, object_id, detail, link is not null as sealed from crossdock.audit
where tenant_id = $1 and ($2::text is null or actor = $2) and ($3::text is null or action = $3)
  and ($4::text is null or object_id = $4)
  and ($5::text is null or actor ilike $5 or action ilike $5 or object_id ilike $5 or detail::text ilike $5)
  and ($6::bigint is null or seq < $6)
order by seq desc limit $7

-- name: count_audit
select count(*) from crossdock.audit
where tenant_id = $1 and ($2::text is null or actor = $2) and ($3::text is null or action = $3)
  and ($4::text is null or object_id = $4)
  and ($5::text is null or actor ilike $5 or action ilike $5 or object_id ilike $5 or detail::text ilike $5)
