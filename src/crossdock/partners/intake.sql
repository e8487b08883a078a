-- name: store_raw
-- The same bytes are kept once.
insert into crossdock.raw (tenant_id, sha256, bytes, size_bytes) values ($1, $2, $3, $4) on conflict do nothing

-- name: store_receipt
insert into crossdock.receipt (tenant_id, receipt_id, sha256, filename, channel, partner_id, manual, adopt,
  received_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, crossdock.now()) returning received_at

-- name: open_receipts
-- What a crash left between the commit of the bytes and that of their documents.
select receipt_id from crossdock.receipt where tenant_id = $1 and decoded_at is null order by received_at limit $2

-- name: receipt
select r.*, w.bytes from crossdock.receipt r join crossdock.raw w using (tenant_id, sha256)
where r.tenant_id = $1 and r.receipt_id = $2

-- name: claim_receipt
-- Locked, so that two processes do not decode one arrival twice.
select decoded_at is null from crossdock.receipt where tenant_id = $1 and receipt_id = $2 for update

-- name: close_receipt
update crossdock.receipt set decoded_at = clock_timestamp() where tenant_id = $1 and receipt_id = $2

-- name: profiles
select profile from crossdock.partner where tenant_id = $1 order by partner_id

-- name: save_profile
insert into crossdock.partner (tenant_id, partner_id, profile) values ($1, $2, $3::jsonb)
on conflict (tenant_id, partner_id) do update set profile = excluded.profile

-- name: adopt_profile
-- Another document of the same stranger may have adopted it a moment ago.
insert into crossdock.partner (tenant_id, partner_id, profile) values ($1, $2, $3::jsonb) on conflict do nothing

-- name: currency
select currency from crossdock.tenant where tenant_id = $1

-- name: lock
-- Serialises the deciding of documents that share an interchange number or purchase order; released at commit.
select pg_advisory_xact_lock(hashtextextended($1 || chr(31) || k, 0)) from unnest($2::text[]) k order by k

-- name: known_interchanges
select key, digest from crossdock.interchange where tenant_id = $1 and key = any($2::text[])

-- name: known_orders
select customer_id, po, purpose, digest, order_no from crossdock.purchase_order
where tenant_id = $1 and (customer_id, po) in (select * from unnest($2::text[], $3::text[]))

-- name: quotes
select quote, revision, customer_id, state, order_no, valid_until >= crossdock.now() as in_time
from crossdock.quote where tenant_id = $1 and quote = any($2::text[])

-- name: lock_quotes
-- Whoever accepts one of them waits for what becomes of it here.
select quote, revision, customer_id, state, order_no, valid_until >= crossdock.now() as in_time
from crossdock.quote where tenant_id = $1 and quote = any($2::text[]) order by quote for update

-- name: quote_ordered
update crossdock.quote set state = 'ordered', answered_at = $3, answered_by = $4, po = $5, order_no = $6, purchase = $7
where tenant_id = $1 and quote = $2

-- name: families
-- What orders for several places came to, in the order of their numbers.
select p.customer_id, p.po, p.order_no, d.canonical
from crossdock.purchase_order p
join crossdock.document d on d.tenant_id = p.tenant_id and d.document_id = p.document_id
where p.tenant_id = $1 and (p.customer_id, p.po) in (select * from unnest($2::text[], $3::text[]))
  and p.purpose like 'part/%'
order by p.customer_id, p.po, length(p.purpose), p.purpose

-- name: remember_interchange
insert into crossdock.interchange (tenant_id, key, digest, receipt_id, received_at) values ($1, $2, $3, $4, $5)
on conflict do nothing

-- name: remember_order
insert into crossdock.purchase_order (tenant_id, customer_id, po, purpose, digest, order_no, document_id)
values ($1, $2, $3, $4, $5, $6, $7)

-- name: take_numbers
-- The last of $4 numbers, the first ever being $3.
insert into crossdock.number as n (tenant_id, kind, last) values ($1, $2, $3::bigint - 1 + $4::bigint)
on conflict (tenant_id, kind) do update set last = n.last + $4::bigint returning last

-- name: store_document
insert into crossdock.document (tenant_id, document_id, receipt_id, place, direction, format, type, status, test, sha256,
  filename, channel, partner_id, customer_id, sender, receiver, interchange_control, set_control, order_no, po, purpose,
  total, currency, lines, errors, notes, parsed, canonical, answers, received_at,
  read_by)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24,
  $25::jsonb, $26::jsonb, $27::json, $28::jsonb, $29, $30, $31::json)

-- name: held
-- Locked: a document is released once.
select receipt_id, place, status, errors from crossdock.document
where tenant_id = $1 and document_id = $2 and direction = 'in' for update

-- name: released
update crossdock.document set status = $3, order_no = $4, purpose = $5, total = $6, currency = $7, lines = $8,
  errors = $9::jsonb, notes = $10::jsonb, canonical = $11::jsonb, partner_id = $12, customer_id = $13,
  released_by = $14, released_at = crossdock.now(), read_by = coalesce($15::json, read_by)
where tenant_id = $1 and document_id = $2

-- name: one
select d.*, s.state, s.number, s.deadline, w.bytes, w.size_bytes, (select p.profile ->> 'name' from crossdock.partner p
  where p.tenant_id = $1 and p.partner_id = d.partner_id) as partner_name
from crossdock.document d join crossdock.raw w using (tenant_id, sha256)
left join crossdock.sending s on s.tenant_id = d.tenant_id and s.document_id = d.document_id
where d.tenant_id = $1 and d.document_id = $2

-- name: answers_of
select document_id from crossdock.document where tenant_id = $1 and answers = $2 order by received_at, document_id

-- name: waiting_for_order
-- Held for want of their order, which is here now.
select document_id from crossdock.document
where tenant_id = $1 and customer_id = $2 and po = $3 and status = 'held' and direction = 'in'
  and jsonb_path_exists(errors, '$[*] ? (@.code == "order.unknown")')
order by received_at, document_id limit 50

-- name: forget_order
-- Only a release finds a row here: it makes a second order under a number that was used before.
delete from crossdock.purchase_order where tenant_id = $1 and customer_id = $2 and po = $3
  and (purpose = $4 or purpose like 'part/%')

-- name: part_of
update crossdock.document set part_of = $3 where tenant_id = $1 and document_id = $2

-- name: parts_of
-- The orders that a document for several places came to.
select d.document_id, d.order_no, coalesce((select p ->> 'id' from jsonb_array_elements(d.canonical -> 'parties') p
  where p ->> 'role' = 'ship_to' limit 1), '') as ship_to
from crossdock.document d
where d.tenant_id = $1 and d.part_of = $2 order by length(d.order_no), d.order_no

-- name: replaced
update crossdock.document set status = 'replaced' where tenant_id = $1 and document_id = $2

-- name: corrects
update crossdock.document set corrects = $3 where tenant_id = $1 and document_id = $2

-- name: store_edit
insert into crossdock.document_edit (tenant_id, document_id, number, place, pointer, before, after, reason, edited_by,
  edited_at) values ($1, $2, $3, $4::json, $5, $6, $7, $8, $9, $10)

-- name: edits
-- Of the document and of what it corrects, the first correction first.
with recursive chain as (
  select document_id, corrects, 1 as depth from crossdock.document where tenant_id = $1 and document_id = $2
  union all
  select d.document_id, d.corrects, c.depth + 1 from crossdock.document d join chain c on d.document_id = c.corrects
  where d.tenant_id = $1 and c.depth < 100
)
select c.document_id, c.corrects, e.number, e.place, e.pointer, e.before, e.after, e.reason, e.edited_by, e.edited_at
from chain c join crossdock.document_edit e on e.tenant_id = $1 and e.document_id = c.document_id
order by c.depth desc, e.number

-- name: corrected_by
select document_id from crossdock.document where tenant_id = $1 and corrects = $2
