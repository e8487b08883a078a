-- name: put
-- A new revision takes the place of the one before; one that was ordered never is replaced.
insert into crossdock.quote as q (tenant_id, quote, revision, state, customer_id, customer, currency, total,
  discount_percent, lines, valid_until, token_hash, instance_id, sent_at)
values ($1, $2, $3, 'open', $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
on conflict (tenant_id, quote) do update set revision = excluded.revision, state = 'open', total = excluded.total,
  discount_percent = excluded.discount_percent, lines = excluded.lines, valid_until = excluded.valid_until,
  token_hash = excluded.token_hash, sent_at = excluded.sent_at, answered_at = null, answered_by = '', note = ''
where q.instance_id = excluded.instance_id and q.state in ('open', 'revising') returning revision

-- name: lock
select * from crossdock.quote where tenant_id = $1 and quote = $2 for update

-- name: one
select * from crossdock.quote where tenant_id = $1 and quote = $2

-- name: end
update crossdock.quote set state = $3, answered_at = $4, answered_by = $5, note = $6
where tenant_id = $1 and quote = $2

-- name: ordered
update crossdock.quote set state = 'ordered', answered_at = $3, answered_by = $4, note = $5, po = $6, order_no = $7
where tenant_id = $1 and quote = $2

-- name: take_number
insert into crossdock.number as n (tenant_id, kind, last) values ($1, 'order', $2::bigint)
on conflict (tenant_id, kind) do update set last = n.last + 1 returning last

-- name: po_known
select order_no from crossdock.purchase_order
where tenant_id = $1 and customer_id = $2 and po = $3 and purpose = 'original'

-- name: list
select * from crossdock.quote where tenant_id = $1 and ($2::text is null or state = $2)
  and ($3::text is null or customer_id = $3)
  and ($4::text is null or quote ilike $4 or customer ilike $4 or customer_id ilike $4 or order_no ilike $4)
order by sent_at desc, quote limit $5

-- name: remember_order
-- So that a later document under this number is met as one about this order. It has no document; its process stands for it.
insert into crossdock.purchase_order (tenant_id, customer_id, po, purpose, digest, order_no, document_id)
values ($1, $2, $3, 'original', '', $4, $5)
