-- name: traffic
-- Stored documents that a map reads or writes, newest first, after the last one of the batch before.
select d.document_id, d.receipt_id, d.place, d.direction, d.format, d.type, d.filename, d.partner_id, d.po, d.sender,
  d.status, d.received_at, d.canonical, w.bytes, r.partner_id as said_partner, coalesce(r.adopt, false) as adopt,
  coalesce(r.manual, false) as manual
from crossdock.document d
join crossdock.raw w on w.tenant_id = d.tenant_id and w.sha256 = d.sha256
left join crossdock.receipt r on r.tenant_id = d.tenant_id and r.receipt_id = d.receipt_id and d.direction = 'in'
where d.tenant_id = $1 and d.format = any($2::text[]) and ($3::text is null or d.type = $3)
  and ($4::text is null or d.partner_id = $4) and (d.direction = 'in' or d.canonical is not null)
  and ($5::timestamptz is null or (d.received_at, d.document_id) < ($5, $6::uuid))
order by d.received_at desc, d.document_id desc limit $7

-- name: how_many
select count(*) from crossdock.document d
where d.tenant_id = $1 and d.format = any($2::text[]) and ($3::text is null or d.type = $3)
  and ($4::text is null or d.partner_id = $4) and (d.direction = 'in' or d.canonical is not null)

-- name: document
select d.document_id, d.receipt_id, d.place, d.direction, d.format, d.type, d.filename, d.partner_id, d.po, d.sender,
  d.status, d.received_at, d.canonical, w.bytes, r.partner_id as said_partner, coalesce(r.adopt, false) as adopt,
  coalesce(r.manual, false) as manual, d.read_by
from crossdock.document d
join crossdock.raw w on w.tenant_id = d.tenant_id and w.sha256 = d.sha256
left join crossdock.receipt r on r.tenant_id = d.tenant_id and r.receipt_id = d.receipt_id and d.direction = 'in'
where d.tenant_id = $1 and d.document_id = $2
