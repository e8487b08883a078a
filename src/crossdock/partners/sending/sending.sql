-- name: order
-- The buyer's order behind one of our order numbers, as it arrived.
select d.document_id, d.partner_id, d.customer_id, d.format, d.type, d.sender, d.receiver, d.test, d.canonical,
  coalesce(d.parsed, f.parsed) -> 'group' ->> 'version' as version, d.interchange_control as message
from crossdock.purchase_order p
join crossdock.document d on d.tenant_id = p.tenant_id and d.document_id = p.document_id
left join crossdock.document f on f.tenant_id = d.tenant_id and f.document_id = d.part_of
where p.tenant_id = $1 and p.order_no = $2 and (p.purpose = 'original' or p.purpose like 'part/%')

-- name: own_order
-- Our order to a supplier; nothing when the document is a customer's to us.
select format, type, canonical from crossdock.document
where tenant_id = $1 and document_id = $2 and direction = 'out'

-- name: payable
-- Invoices of a supplier by their numbers, with the orders of ours that they bill.
select distinct i.canonical ->> 'number' as invoice, c.document_id, c.order_no, c.po, c.partner_id, c.currency, c.opened_at,
  o.format, o.type, o.canonical, s.sender, s.receiver, s.version, s.test
from crossdock.chain c
join crossdock.chain_document p on p.tenant_id = c.tenant_id and p.document_id = c.document_id and p.kind = 'invoice'
join crossdock.document i on i.tenant_id = p.tenant_id and i.document_id = p.part_id
join crossdock.document o on o.tenant_id = c.tenant_id and o.document_id = c.document_id
join crossdock.sending s on s.tenant_id = c.tenant_id and s.document_id = c.document_id
where c.tenant_id = $1 and c.partner_id = $2 and c.side = 'buyer' and i.canonical ->> 'number' = any($3::text[])
order by c.opened_at, c.document_id

-- name: addresses
-- How a partner and we named each other last.
select sender, receiver from crossdock.document
where tenant_id = $1 and partner_id = $2 and direction = 'in' and sender is not null and receiver is not null
order by received_at desc, document_id desc limit 1

-- name: of_key
select document_id from crossdock.sending where tenant_id = $1 and key = $2

-- name: terms
select acknowledge_within from crossdock.sending_terms where tenant_id = $1 and partner_id = $2

-- name: save_terms
insert into crossdock.sending_terms (tenant_id, partner_id, acknowledge_within) values ($1, $2, $3)
on conflict (tenant_id, partner_id) do update set acknowledge_within = excluded.acknowledge_within

-- name: store
insert into crossdock.sending (tenant_id, document_id, key, partner_id, type, sender, receiver, interchange,
  group_number, message, order_no, po, number, ssccs, test, about, reissues, state, tries, written_at, deadline,
  version, basis)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, 'written', 1, $18, $19, $20, $21)

-- name: store_try
insert into crossdock.sending_try (tenant_id, document_id, number, kind, by_whom, offered_at)
values ($1, $2, $3, $4, $5, $6)

-- name: locked
select * from crossdock.sending where tenant_id = $1 and document_id = $2 for update

-- name: move
update crossdock.sending set state = $3, sent_at = $4, answered_at = $5, deadline = $6, tries = $7, attention = $8
where tenant_id = $1 and document_id = $2

-- name: collected
update crossdock.sending_try set collected_at = $4, channel = $5
where tenant_id = $1 and document_id = $2 and number = $3

-- name: waiting
-- What a partner has not collected yet, oldest first.
select s.document_id, s.partner_id, s.type, s.interchange, s.po, s.number, s.written_at, d.filename, w.bytes, w.size_bytes
from crossdock.sending s
join crossdock.document d on d.tenant_id = s.tenant_id and d.document_id = s.document_id
join crossdock.raw w on w.tenant_id = d.tenant_id and w.sha256 = d.sha256
where s.tenant_id = $1 and s.state = 'written' and ($2::text is null or s.partner_id = $2)
order by s.written_at, s.document_id limit $3

-- name: page
select * from crossdock.sending
where tenant_id = $1 and ($2::text is null or state = $2) and ($3::text is null or partner_id = $3)
  and ($4::text is null or order_no = $4)
  and ($5::text is null or concat_ws(' ', po, number, order_no, interchange, array_to_string(ssccs, ' ')) ilike $5)
order by written_at desc, document_id desc limit $6

-- name: one
select * from crossdock.sending where tenant_id = $1 and document_id = $2

-- name: tries
select number, kind, by_whom, offered_at, channel, collected_at from crossdock.sending_try
where tenant_id = $1 and document_id = $2 order by number

-- name: answers
select answer, outcome, said, counted, answered_at from crossdock.sending_answer
where tenant_id = $1 and document_id = $2 order by answered_at, answer

-- name: reissued_by
select document_id from crossdock.sending where tenant_id = $1 and reissues = $2

-- name: document
select d.format, d.canonical, d.sender, d.receiver, d.parsed, d.sha256, w.bytes
from crossdock.document d join crossdock.raw w on w.tenant_id = d.tenant_id and w.sha256 = d.sha256
where d.tenant_id = $1 and d.document_id = $2

-- name: answered
-- Ours that bear these numbers, the latest first: numbers come round again after 999,999,999. The pair of identifiers
-- that the answer names comes before another of the same partner.
select * from crossdock.sending
where tenant_id = $1 and ((sender = $2 and receiver = $3) or partner_id = $4)
  and ($5::bigint is null or interchange = $5) and ($6::bigint is null or group_number = $6)
  and ($7::bigint is null or message = $7) and ($8::text is null or type = $8)
order by (sender = $2 and receiver = $3) desc, written_at desc, document_id limit 1 for update

-- name: store_answer
insert into crossdock.sending_answer (tenant_id, document_id, answer, outcome, said, counted, answered_at)
values ($1, $2, $3, $4, $5::jsonb, $6, $7) on conflict do nothing

-- name: overdue
-- A test is overdue like any other, and no case: nobody waits for its goods.
update crossdock.sending set state = 'overdue', attention = case when test then null else 'open' end
where tenant_id = $1 and state in ('written', 'sent', 'received') and deadline <= $2

-- name: attention
select * from crossdock.sending where tenant_id = $1 and attention is not null order by written_at, document_id
limit 500 for update skip locked

-- name: attended
update crossdock.sending set attention = null, case_id = $3 where tenant_id = $1 and document_id = $2
