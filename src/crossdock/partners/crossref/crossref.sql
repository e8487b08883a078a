-- name: of
-- What is known of these values, those for all partners first.
select kind, qualifier, theirs, ours, written from crossdock.cross_reference
where tenant_id = $1 and partner_id in ('', $2) and (kind, theirs) in (select * from unnest($3::text[], $4::text[]))
order by partner_id

-- name: to
select kind, qualifier, theirs, ours, written from crossdock.cross_reference
where tenant_id = $1 and partner_id in ('', $2) and written
  and (kind, ours) in (select * from unnest($3::text[], $4::text[]))
order by partner_id

-- name: page
select * from crossdock.cross_reference
where tenant_id = $1 and ($2::text is null or partner_id = $2) and ($3::text is null or kind = $3)
  and ($4::text is null or theirs ilike $4 or ours ilike $4)
order by partner_id, kind, theirs, qualifier limit $5

-- name: unwrite
-- Another of theirs with this meaning is the one we write from now on.
update crossdock.cross_reference set written = false
where tenant_id = $1 and partner_id = $2 and kind = $3 and ours = $4 and written and (qualifier, theirs) <> ($5, $6)

-- name: put
insert into crossdock.cross_reference (tenant_id, partner_id, kind, qualifier, theirs, ours, written, note, entered_by,
  entered_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
on conflict (tenant_id, partner_id, kind, qualifier, theirs) do update
set ours = excluded.ours, written = excluded.written, note = excluded.note, entered_by = excluded.entered_by,
  entered_at = excluded.entered_at

-- name: has_written
select exists (select from crossdock.cross_reference where tenant_id = $1 and partner_id = $2 and kind = $3 and ours = $4
  and written and (qualifier, theirs) <> ($5, $6))

-- name: remove
delete from crossdock.cross_reference
where tenant_id = $1 and partner_id = $2 and kind = $3 and qualifier = $4 and theirs = $5 returning ours

-- name: entry
select * from crossdock.cross_reference
where tenant_id = $1 and partner_id = $2 and kind = $3 and qualifier = $4 and theirs = $5
