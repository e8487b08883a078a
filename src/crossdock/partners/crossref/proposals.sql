-- name: proposed
-- The open proposal of this entry, to which further evidence is added.
select proposal_id, evidence from crossdock.cross_reference_proposal where tenant_id = $1 and partner_id = $2
  and kind = $3 and qualifier = $4 and theirs = $5 and ours = $6 and state = 'proposed' for update

-- name: propose
insert into crossdock.cross_reference_proposal (tenant_id, proposal_id, partner_id, kind, qualifier, theirs, ours, state,
  evidence, proposed_at) values ($1, $2, $3, $4, $5, $6, $7, 'proposed', $8::json, $9)

-- name: add_evidence
update crossdock.cross_reference_proposal set evidence = $3::json where tenant_id = $1 and proposal_id = $2

-- name: find
select p.*, e.ours as standing from crossdock.cross_reference_proposal p
left join crossdock.cross_reference e on e.tenant_id = p.tenant_id and e.partner_id = p.partner_id and e.kind = p.kind
  and e.qualifier = p.qualifier and e.theirs = p.theirs
where p.tenant_id = $1 and ($2::text is null or p.state = $2) and ($3::text is null or p.partner_id = $3)
  and ($4::uuid is null or p.proposal_id = $4)
order by p.state <> 'proposed', coalesce(p.decided_at, p.proposed_at) desc, p.proposal_id limit $5

-- name: locked
select * from crossdock.cross_reference_proposal where tenant_id = $1 and proposal_id = $2 for update

-- name: decide
update crossdock.cross_reference_proposal set state = $3, decided_by = $4, decided_at = $5, replaced = $6::json
where tenant_id = $1 and proposal_id = $2

-- name: ordered_by
-- The document that an order came in, the latest that a person released under its number; of one for one of several
-- places, the document of them all.
select d.document_id, length(w.bytes) as size_bytes
from crossdock.document d join crossdock.raw w using (tenant_id, sha256)
where d.tenant_id = $1 and d.document_id = coalesce(
  (select o.document_id from crossdock.purchase_order o
   where o.tenant_id = $1 and o.order_no = $2 and o.purpose = 'original'),
  (select p.part_of from crossdock.document p
   where p.tenant_id = $1 and p.order_no = $2 and p.part_of is not null limit 1))

-- name: held
-- What waits for a person, and is read anew when it is released.
select document_id from crossdock.document
where tenant_id = $1 and status = 'held' and direction = 'in' and ($2 = '' or partner_id = $2)
order by received_at desc, document_id desc limit $3
