-- name: join
-- The document belongs to the order's chain, which begins with it if need be, and is to be compared.
with chain as (
  insert into crossdock.chain as c
    (tenant_id, document_id, side, partner_id, order_no, po, currency, opened_at, look_at)
  values ($1, $2, $3, $4, $5, $6, $7, $10, $10)
  on conflict (tenant_id, document_id) do update set look_at = least(c.look_at, excluded.look_at)
)
insert into crossdock.chain_document (tenant_id, document_id, part_id, kind, joined_at)
values ($1, $2, $8, $9, $10) on conflict do nothing

-- name: sold
-- Orders of a customer by its numbers; of one for several places those that it came to.
select p.document_id, p.order_no, p.po, d.currency, coalesce(d.partner_id, '') as partner_id, d.canonical
from crossdock.purchase_order p
join crossdock.document d on d.tenant_id = p.tenant_id and d.document_id = p.document_id
where p.tenant_id = $1 and p.customer_id = $2 and p.po = any($3::text[]) and (p.purpose like 'part/%'
  or (p.purpose = 'original' and not exists (select from crossdock.document c
    where c.tenant_id = $1 and c.part_of = p.document_id)))
order by p.po, length(p.order_no), p.order_no

-- name: shipped
-- Which of these orders shipments of ours were for, by their numbers.
select distinct s.about from crossdock.sending s
where s.tenant_id = $1 and s.about = any($2::uuid[]) and s.number = any($3::text[])

-- name: bought
-- Orders that we sent to a partner, by our numbers.
select s.document_id, s.order_no, s.po, d.currency, s.partner_id
from crossdock.sending s
join crossdock.document d on d.tenant_id = s.tenant_id and d.document_id = s.document_id
where s.tenant_id = $1 and s.partner_id = $2 and s.po = any($3::text[]) and s.about = s.document_id

-- name: billed
-- Orders by the invoices that we sent about them.
select distinct on (s.about) s.about as document_id, s.order_no, s.po, d.currency, s.partner_id
from crossdock.sending s
join crossdock.document d on d.tenant_id = s.tenant_id and d.document_id = s.about
where s.tenant_id = $1 and s.partner_id = $2 and s.number = any($3::text[]) and s.about <> s.document_id
order by s.about

-- name: learn_unit
insert into crossdock.chain_unit (tenant_id, document_id, line, unit, ordered, counted) values ($1, $2, $3, $4, $5, $6)
on conflict (tenant_id, document_id, line, unit) do update set ordered = excluded.ordered, counted = excluded.counted

-- name: units
select line, unit, ordered, counted from crossdock.chain_unit where tenant_id = $1 and document_id = $2

-- name: agreed
-- As the partner's file says now.
select profile -> 'tolerances' from crossdock.partner where tenant_id = $1 and partner_id = $2

-- name: terms
select terms from crossdock.reconciliation_terms where tenant_id = $1 and partner_id = $2

-- name: save_terms
insert into crossdock.reconciliation_terms (tenant_id, partner_id, terms) values ($1, $2, $3::jsonb)
on conflict (tenant_id, partner_id) do update set terms = excluded.terms

-- name: due
-- Locked: two workers do not compare the same chain.
select * from crossdock.chain where tenant_id = $1 and look_at <= $2 order by look_at limit $3 for update skip locked

-- name: since
select * from crossdock.chain c where tenant_id = $1
  and exists (select from crossdock.chain_document p where p.tenant_id = $1 and p.document_id = c.document_id
    and p.joined_at >= $2)
order by opened_at, document_id for update

-- name: of_order
-- The customer's order first: a purchase may bear the same number.
select * from crossdock.chain where tenant_id = $1 and order_no = $2 order by side desc, opened_at limit 1

-- name: of_order_locked
-- Of an order for several places: of each of them.
select * from crossdock.chain where tenant_id = $1 and (order_no = $2 or po = $2 or document_id in (
  select d.document_id from crossdock.purchase_order p
  join crossdock.document d on d.tenant_id = p.tenant_id and d.part_of = p.document_id
  where p.tenant_id = $1 and p.order_no = $2 and p.purpose = 'original'))
order by opened_at, order_no for update

-- name: siblings
-- The orders that an order for several places came to, this one among them.
select s.canonical from crossdock.document d
join crossdock.document s on s.tenant_id = d.tenant_id and s.part_of = d.part_of
where d.tenant_id = $1 and d.document_id = $2

-- name: family
-- The orders that an order for several places came to, by its number or one of theirs, and how their chains were last
-- compared.
select f.order_no as family, d.document_id, d.order_no, coalesce(d.po, '') as po, 'seller' as side,
  coalesce(d.partner_id, '') as partner_id, coalesce(d.currency, '') as currency, c.case_id, c.checked_at,
  coalesce(c.state, 'open') as state, coalesce(c.money, 0) as money,
  coalesce((select x ->> 'id' from jsonb_array_elements(d.canonical -> 'parties') x where x ->> 'role' = 'ship_to' limit 1), '')
    as ship_to
from crossdock.purchase_order p
join crossdock.document m on m.tenant_id = p.tenant_id and m.document_id = p.document_id
join crossdock.document f on f.tenant_id = m.tenant_id and f.document_id = coalesce(m.part_of, m.document_id)
join crossdock.document d on d.tenant_id = f.tenant_id and d.part_of = f.document_id
left join crossdock.chain c on c.tenant_id = d.tenant_id and c.document_id = d.document_id
where p.tenant_id = $1 and p.order_no = $2 and (p.purpose = 'original' or p.purpose like 'part/%')
order by length(d.order_no), d.order_no

-- name: one
select * from crossdock.chain where tenant_id = $1 and document_id = $2

-- name: order
-- The document behind one of our order numbers, which nothing else is about yet.
select p.document_id, 'seller' as side, coalesce(d.partner_id, '') as partner_id, p.order_no, p.po,
  coalesce(d.currency, '') as currency, null::uuid as case_id, null::timestamptz as checked_at
from crossdock.purchase_order p
join crossdock.document d on d.tenant_id = p.tenant_id and d.document_id = p.document_id
where p.tenant_id = $1 and p.order_no = $2 and (p.purpose = 'original' or p.purpose like 'part/%')

-- name: parts
-- The order and everything about it, as it came.
select d.document_id, 'order' as kind, d.type, d.format, d.direction, d.status, d.canonical, d.received_at, s.state,
  s.number, d.filename
from crossdock.document d
left join crossdock.sending s on s.tenant_id = d.tenant_id and s.document_id = d.document_id
where d.tenant_id = $1 and d.document_id = $2
union all
select * from (
  select d.document_id, p.kind, d.type, d.format, d.direction, d.status, d.canonical, d.received_at, s.state, s.number,
    d.filename
  from crossdock.chain_document p
  join crossdock.document d on d.tenant_id = p.tenant_id and d.document_id = p.part_id
  left join crossdock.sending s on s.tenant_id = d.tenant_id and s.document_id = d.document_id
  where p.tenant_id = $1 and p.document_id = $2
  order by d.received_at, d.document_id) x

-- name: compared
update crossdock.chain set state = $3, money = $4, differences = $5::jsonb, checked_at = $6, look_at = $7, case_id = $8,
  told = $9
where tenant_id = $1 and document_id = $2

-- name: page
select * from crossdock.chain
where tenant_id = $1 and ($2::text is null or state = $2) and ($3::text is null or partner_id = $3)
  and ($4::text is null or side = $4) and ($5::text is null or concat_ws(' ', order_no, po, partner_id) ilike $5)
order by opened_at desc, document_id desc limit $6
