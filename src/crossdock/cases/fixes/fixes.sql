-- name: document
-- Of a case: as it stands now, with its bytes.
select d.status, d.order_no, d.partner_id, d.read_by, w.bytes
from crossdock.document d join crossdock.raw w using (tenant_id, sha256)
where d.tenant_id = $1 and d.document_id = $2

-- name: in_doubt
-- A call that may have had its effect, and nobody knows.
select function, system, state from crossdock.call
where tenant_id = $1 and instance_id = $2 and state in ('sent', 'unknown', 'asked') and not abandoned limit 1

-- name: running_order
select instance_id from crossdock.instance
where tenant_id = $1 and business_key = $2 and ended_at is null and parent_id is null limit 1

-- name: stands
-- Of an order: its process that runs, when it ended if none does, and what of it left the house for the warehouse.
select
  (select i.instance_id from crossdock.instance i where i.tenant_id = $1 and i.business_key = $2 and i.ended_at is null
    and i.parent_id is null order by i.started_at limit 1) as running,
  (select max(i.ended_at) from crossdock.instance i where i.tenant_id = $1 and i.business_key = $2) as ended_at,
  (select min(k.called_at) from crossdock.instance i join crossdock.call k using (tenant_id, instance_id)
    where i.tenant_id = $1 and i.business_key = $2 and k.function = any ($3::text[]) and not k.abandoned
      and k.state in ('done', 'sent', 'unknown', 'asked') and k.undone_at is null) as released_at

-- name: a_case
select * from crossdock.cases where tenant_id = $1 and case_id = $2

-- name: lock_case
-- Whoever fixes a case holds it.
select * from crossdock.cases where tenant_id = $1 and case_id = $2 for update

-- name: chosen
-- The open cases of a cause, or those named of it, the most urgent first; of whatever cause where none is said.
select * from crossdock.cases
where tenant_id = $1 and (cause_key = $2 or ($2 = '' and $3::uuid[] is not null)) and status <> 'closed' and ($3::uuid[] is null or case_id = any ($3))
order by coalesce(due_at, '9999-01-01 00:00Z'), case_id limit $4

-- name: under_way
-- Which of these cases another fix has still to do, and whose it is.
select i.case_id, f.status, f.asked_by, f.kind from crossdock.fix_item i
join crossdock.fix f using (tenant_id, fix_id)
where i.tenant_id = $1 and i.case_id = any ($2::uuid[]) and i.status = 'waiting'
  and f.status in ('asked', 'running', 'stopped')

-- name: forget_previews
-- What was only looked at goes after a day.
delete from crossdock.fix where tenant_id = $1 and status = 'previewed' and previewed_at < $2::timestamptz - interval '1 day'

-- name: new
insert into crossdock.fix (tenant_id, fix_id, kind, fix, cause_key, title, reason, token, radius, stop_after, status,
  asked_by, previewed_at) values ($1, $2, $3, $4::json, $5, $6, $7, $8, $9::json, $10, 'previewed', $11, $12)

-- name: new_items
insert into crossdock.fix_item (tenant_id, fix_id, case_id, ordinal, mark, outcome, status, detail, effects)
select $1, $2, x.* from unnest($3::uuid[], $4::int[], $5::text[], $6::text[], $7::text[], $8::text[], $9::json[]) x

-- name: one
select * from crossdock.fix where tenant_id = $1 and fix_id = $2

-- name: locked
select * from crossdock.fix where tenant_id = $1 and fix_id = $2 for update

-- name: taken
-- For who runs it: one at a time.
select * from crossdock.fix where tenant_id = $1 and fix_id = $2 and status in ('asked', 'running', 'undoing')
for update skip locked

-- name: newest
select * from crossdock.fix where tenant_id = $1 and status <> 'previewed' order by previewed_at desc limit $2

-- name: move
update crossdock.fix set status = $3, detail = $4, started_at = coalesce(started_at, $5),
  ended_at = case when $3 in ('done', 'stopped', 'cancelled', 'undone') then $5 else null end
where tenant_id = $1 and fix_id = $2

-- name: ask_approval
update crossdock.fix set approval_id = $3 where tenant_id = $1 and fix_id = $2

-- name: made
update crossdock.fix set made = $3::json where tenant_id = $1 and fix_id = $2

-- name: undo
update crossdock.fix set status = 'undoing', undone_by = $3, ended_at = null, call_back = $4, undo_reason = $5 where tenant_id = $1 and fix_id = $2

-- name: counts
select status, count(*)::int as n from crossdock.fix_item where tenant_id = $1 and fix_id = $2 group by status

-- name: items
select i.*, c.number, c.title, c.order_no, c.money, c.currency from crossdock.fix_item i
join crossdock.cases c on c.tenant_id = i.tenant_id and c.case_id = i.case_id
where i.tenant_id = $1 and i.fix_id = $2 and ($3::text is null or i.status = $3)
order by i.ordinal limit $4 offset $5

-- name: next_waiting
select * from crossdock.fix_item where tenant_id = $1 and fix_id = $2 and status = 'waiting' order by ordinal limit 1

-- name: waiting_instances
-- The processes of cases that are still to be done, in the order in which they were shown.
select c.instance_id from crossdock.fix_item i
join crossdock.cases c on c.tenant_id = i.tenant_id and c.case_id = i.case_id
where i.tenant_id = $1 and i.fix_id = $2 and i.status = 'waiting' and c.instance_id is not null order by i.ordinal

-- name: next_done
-- To be taken back, the last first.
select * from crossdock.fix_item where tenant_id = $1 and fix_id = $2 and status = 'done' order by ordinal desc limit 1

-- name: all_done
-- What undoing would have to take back, in its order.
select * from crossdock.fix_item where tenant_id = $1 and fix_id = $2 and status = 'done' order by ordinal desc

-- name: settle
update crossdock.fix_item set status = $4, detail = $5, effects = coalesce($6::json, effects), at = $7
where tenant_id = $1 and fix_id = $2 and case_id = $3

-- name: cancel_items
update crossdock.fix_item set status = 'cancelled' where tenant_id = $1 and fix_id = $2 and status = 'waiting'

-- name: wait
insert into crossdock.case_wait (tenant_id, case_id, system, type, subject, action, asked_by, since, until)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict (tenant_id, case_id) do update set system = excluded.system, type = excluded.type,
  subject = excluded.subject, action = excluded.action, asked_by = excluded.asked_by, since = excluded.since,
  until = excluded.until, came = null

-- name: came
-- Cases that waited for one of these events.
update crossdock.case_wait w set came = k.id from unnest($2::text[], $3::text[], $4::text[]) as k (type, subject, id)
where w.tenant_id = $1 and w.type = k.type and w.subject = k.subject and w.came is null

-- name: to_go_on
select * from crossdock.case_wait where tenant_id = $1 and came is not null order by since limit 100
for update skip locked

-- name: waited
delete from crossdock.case_wait where tenant_id = $1 and case_id = $2

-- name: waits_of
select system, type, subject, since, until from crossdock.case_wait where tenant_id = $1 and case_id = $2

-- name: sender_of_order
-- The partner whose document an order came from, alone or as one of several places'.
select d.partner_id from crossdock.document d
where d.tenant_id = $1 and d.document_id = coalesce(
  (select o.document_id from crossdock.purchase_order o
   where o.tenant_id = $1 and o.order_no = $2 and o.purpose = 'original'),
  (select p.part_of from crossdock.document p
   where p.tenant_id = $1 and p.order_no = $2 and p.part_of is not null limit 1))

-- name: alone
-- Open cases of an order's process that share their cause with no other, what is due first.
select c.* from crossdock.cases c
where c.tenant_id = $1 and c.status <> 'closed' and c.answers = 'workflow' and c.cause_key is not null
  and not exists (select from crossdock.cases o where o.tenant_id = $1 and o.cause_key = c.cause_key
                  and o.status <> 'closed' and o.case_id <> c.case_id)
order by coalesce(c.due_at, '9999-01-01 00:00Z'), c.case_id limit $2

-- name: answered_by_people
-- How the questions of these kinds were answered of late, the last first; what a fix answered was a person's word, too.
select kind, resolution from crossdock.cases
where tenant_id = $1 and kind = any ($2::text[]) and closed_at > $3 and answers = 'workflow' and resolution is not null
  and resolved_by is not null and resolved_by <> $4
order by closed_at desc limit 1000

-- name: items_like
-- What the catalogue has that could be meant: by the start and length of numbers ($2, $3 in pairs, letters and digits
-- alone), or by its GTIN ($4).
select i.sku, i.description, i.unit, i.list_price, i.body from crossdock.catalogue_item i
cross join lateral (select regexp_replace(upper(i.sku), '[^A-Z0-9]', '', 'g') as bare) b
where i.tenant_id = $1 and (i.body ->> 'gtin' = any ($4::text[]) or exists (
  select from unnest($2::text[], $3::int[]) as w (head, length)
  where starts_with(b.bare, w.head) and abs(length(b.bare) - w.length) <= 2))
order by i.sku limit $5

-- name: places_of_customers
select customer_id, body from crossdock.catalogue_customer where tenant_id = $1 and customer_id = any ($2::text[])

-- name: ordered_before
-- How many orders of each customer have had each of these items.
select o.customer_id, l.sku, count(distinct l.order_no)::int as n from crossdock.order_line_view l
join crossdock.order_view o using (tenant_id, order_no)
where l.tenant_id = $1 and o.customer_id = any ($2::text[]) and l.sku = any ($3::text[]) group by 1, 2
