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

-- name: known
select ours from crossdock.cross_reference
where tenant_id = $1 and partner_id = $2 and kind = $3 and qualifier = $4 and theirs = $5

-- name: proposed
-- The open proposal of this entry, to which further evidence is added.
select proposal_id, evidence from crossdock.cross_reference_proposal where tenant_id = $1 and partner_id = $2
  and kind = $3 and qualifier = $4 and theirs = $5 and ours = $6 and state = 'proposed' for update

-- name: propose
insert into crossdock.cross_reference_proposal (tenant_id, proposal_id, partner_id, kind, qualifier, theirs, ours, state,
  evidence, proposed_at) values ($1, $2, $3, $4, $5, $6, $7, 'proposed', $8::json, $9)

-- name: add_evidence
update crossdock.cross_reference_proposal set evidence = $3::json where tenant_id = $1 and proposal_id = $2

-- name: proposals
select * from crossdock.cross_reference_proposal
where tenant_id = $1 and ($2::text is null or state = $2) and ($3::text is null or partner_id = $3)
order by proposed_at desc, proposal_id limit $4

-- name: proposal
select * from crossdock.cross_reference_proposal where tenant_id = $1 and proposal_id = $2 for update

-- name: decide
update crossdock.cross_reference_proposal set state = $3, decided_by = $4, decided_at = $5
where tenant_id = $1 and proposal_id = $2
