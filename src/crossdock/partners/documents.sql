-- name: list
-- One page, newest first, after the document of the cursor. A document we sent has its own states. The parts of an order
-- for several places are documents of their orders; the list shows the one that came.
select d.document_id, d.type, d.format, d.direction, d.status, d.test, d.partner_id, d.customer_id, d.filename, d.order_no,
  d.po, d.total, d.currency, d.lines, d.received_at, d.interchange_control, jsonb_array_length(d.errors) as errors,
  s.state, s.number, s.deadline, null as found_kind, null as found_value,
  (select p.profile ->> 'name' from crossdock.partner p
    where p.tenant_id = $1 and p.partner_id = d.partner_id) as partner_name
from crossdock.document d
left join crossdock.sending s on s.tenant_id = d.tenant_id and s.document_id = d.document_id
where d.tenant_id = $1
  and ($2::text is null or d.type = $2) and ($3::text is null or coalesce(s.state, d.status) = $3)
  and ($4::text is null or d.partner_id = $4) and ($5::text is null or d.direction = $5)
  and ($6::text is null and d.part_of is null or d.order_no = $6)
  and ($7::timestamptz is null or d.received_at >= $7) and ($8::timestamptz is null or d.received_at < $8)
  and ($9::boolean is null or d.test = $9)
  and ($10::timestamptz is null or (d.received_at, d.document_id) < ($10, $11::uuid))
order by d.received_at desc, d.document_id desc limit $12

-- name: count
-- As many as anybody would page through: a list of a million rows is not counted for each look at it.
select count(*) from (
  select from crossdock.document d
  left join crossdock.sending s on s.tenant_id = d.tenant_id and s.document_id = d.document_id
  where d.tenant_id = $1
    and ($2::text is null or d.type = $2) and ($3::text is null or coalesce(s.state, d.status) = $3)
    and ($4::text is null or d.partner_id = $4) and ($5::text is null or d.direction = $5)
    and ($6::text is null and d.part_of is null or d.order_no = $6)
    and ($7::timestamptz is null or d.received_at >= $7) and ($8::timestamptz is null or d.received_at < $8)
    and ($9::boolean is null or d.test = $9)
  limit $10) c

-- name: found
-- The same for documents that bear every number asked for: each begins or ends with what was typed. $13 numbers the
-- questions, $14 are their kinds, $15 their texts, some in several spellings; `any` leaves out the numbers within an
-- interchange, which are 1 nearly everywhere. Of each text at most $16 documents are looked at: more of it narrows them.
with asked as (
  select n, kind, value, reverse(value) as ending from unnest($13::int[], $14::text[], $15::text[]) a (n, kind, value)
), hit as (
  select h.document_id, (array_agg(h.kind order by h.rank, h.kind, h.value))[1] as kind,
    (array_agg(h.value order by h.rank, h.kind, h.value))[1] as value
  from asked a cross join lateral (
    (select k.document_id, k.kind, k.value, a.n, case when k.value = a.value then 0 else 1 end as rank
     from crossdock.document_key k
     where k.tenant_id = $1 and k.value >= a.value and k.value < a.value || chr(1114111)
       and (k.kind = a.kind or (a.kind = 'any' and k.kind <> 'set') or (a.kind = 'control' and k.kind in ('group', 'set')))
     order by k.value limit $16)
    union all
    (select k.document_id, k.kind, k.value, a.n, 2
     from crossdock.document_key k
     where k.tenant_id = $1 and k.ending >= a.ending and k.ending < a.ending || chr(1114111) and k.value <> a.value
       and length(a.value) > 2
       and (k.kind = a.kind or (a.kind = 'any' and k.kind <> 'set') or (a.kind = 'control' and k.kind in ('group', 'set')))
     order by k.ending limit $16)
  ) h
  group by h.document_id having count(distinct h.n) = (select count(distinct n) from asked)
), f as (
  select d.document_id, d.type, d.format, d.direction, d.status, d.test, d.partner_id, d.customer_id, d.filename, d.order_no,
    d.po, d.total, d.currency, d.lines, d.received_at, d.interchange_control, jsonb_array_length(d.errors) as errors,
    s.state, s.number, s.deadline, hit.kind as found_kind, hit.value as found_value
  from hit
  join crossdock.document d on d.tenant_id = $1 and d.document_id = hit.document_id
  left join crossdock.sending s on s.tenant_id = d.tenant_id and s.document_id = d.document_id
  where ($2::text is null or d.type = $2) and ($3::text is null or coalesce(s.state, d.status) = $3)
    and ($4::text is null or d.partner_id = $4) and ($5::text is null or d.direction = $5)
    and ($6::text is null or d.order_no = $6)
    and ($7::timestamptz is null or d.received_at >= $7) and ($8::timestamptz is null or d.received_at < $8)
    and ($9::boolean is null or d.test = $9)
)
select f.*, (select p.profile ->> 'name' from crossdock.partner p
    where p.tenant_id = $1 and p.partner_id = f.partner_id) as partner_name, (select count(*) from f) as matches
from f where ($10::timestamptz is null or (f.received_at, f.document_id) < ($10, $11::uuid))
order by f.received_at desc, f.document_id desc limit $12
