-- name: open
-- The same open trouble of the same order (dedupe_key) is not opened twice: no row comes back.
insert into crossdock.cases (tenant_id, case_id, number, kind, severity, title, detail, reason, order_no, customer_id,
  customer, money, currency, queue, evidence, data, editable, actions, history, dedupe_key, incident_id, instance_id, at,
  answers, opened_at, due_at, team, owner, tier, promised_on, site, partner, priority, priority_why, placed_by, calendar,
  calendar_version, clocked_by, scored_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24,
  $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $25)
on conflict (tenant_id, order_no, dedupe_key) where dedupe_key is not null and status <> 'closed' do nothing
returning *

-- name: cause
-- What a case comes from (cases.clusters.cause): cases of one cause are one cluster.
update crossdock.cases set cause_key = $3, cause = $4::json where tenant_id = $1 and case_id = $2

-- name: same
-- The open case that a repeated opening would have doubled: itself, or the one it was merged into.
select coalesce(s.case_id, c.case_id) as found, x.*
from crossdock.cases c
left join crossdock.cases s on s.tenant_id = $1 and s.case_id = c.merged_into and s.status <> 'closed'
join crossdock.cases x on x.tenant_id = $1 and x.case_id = coalesce(s.case_id, c.case_id)
where c.tenant_id = $1 and c.order_no = $2 and c.dedupe_key = $3 and (c.status <> 'closed' or s.case_id is not null)
order by c.status = 'closed' limit 1

-- name: one
select * from crossdock.cases where tenant_id = $1 and case_id = $2

-- name: locked
-- Whoever decides holds the row, so that two people cannot answer the same call.
select * from crossdock.cases where tenant_id = $1 and case_id = $2 for update

-- name: save
-- Everything about a case that people change, at once.
update crossdock.cases set owner = $3, status = $4, snoozed_until = $5, data = $6, comments = $7, history = $8,
  closed_at = $9, resolution = $10, resolved_by = $11, note = $12, answers = $13, team = $14,
  merged_into = $15, reopened = $16, clearing = $17
where tenant_id = $1 and case_id = $2
returning *

-- name: parked
-- Cases that hold a call of this instance. Of one task run, only those the workflow asked for: a doubt about an
-- effect stays, because undoing needs to know what happened.
select * from crossdock.cases
where tenant_id = $1 and instance_id = $2 and status <> 'closed'
  and (($3::text is null and answers is not null) or (at = $3 and answers in ('workflow', 'lookup')))
for update

-- name: technical
select * from crossdock.cases
where tenant_id = $1 and instance_id = $2 and kind in ('instance-stuck', 'instance-faulted') and status <> 'closed'
for update

-- name: of_incident
select * from crossdock.cases where tenant_id = $1 and incident_id = $2 and status <> 'closed' for update

-- name: awake
-- Snoozed cases whose time has come.
select * from crossdock.cases where tenant_id = $1 and status = 'snoozed' and snoozed_until <= $2 for update

-- name: of_order_kinds
select * from crossdock.cases
where tenant_id = $1 and order_no = $2 and kind = any ($3::text[]) and status <> 'closed' and answers is null
for update

-- name: cleared
-- Whose cause is gone, and at which nobody is any more.
select * from crossdock.cases c
where c.tenant_id = $1 and c.status <> 'closed' and c.clearing is not null and not exists (
  select from crossdock.case_presence p where p.tenant_id = $1 and p.case_id = c.case_id and p.until > clock_timestamp())
for update skip locked

-- name: stale
-- What was ranked longest ago; one that somebody has in hand is left for the next look.
select * from crossdock.cases
where tenant_id = $1 and status <> 'closed' and (scored_at is null or scored_at <= $2)
order by scored_at nulls first limit $3 for no key update skip locked

-- name: scored
update crossdock.cases set priority = $3, priority_why = $4, scored_at = $5, tier = $6, promised_on = $7,
  overdue_at = coalesce(overdue_at, $8)
where tenant_id = $1 and case_id = $2

-- name: newest
-- Newest first within the filters; $11/$12 are where the page before ended.
select * from crossdock.cases
where tenant_id = $1 and ($2::text is null or status = $2) and ($3::text is null or queue = $3)
  and ($4::text is null or kind = $4)
  and ($5::text is null or ($5 = 'none' and owner is null) or owner = $5)
  and ($6::uuid is null or incident_id = $6) and ($7::text is null or order_no = $7)
  and ($8::text is null or title ilike $8 or number ilike $8 or order_no ilike $8 or customer ilike $8)
  and ($9::text is null or team = $9) and ($10::text is null or site = $10)
  and ($11::timestamptz is null or (opened_at, case_id) < ($11, $12))
order by opened_at desc, case_id desc limit $13

-- name: due
-- What is due first comes first, and what has no time at the end; $11/$12 are where the page before ended.
select * from crossdock.cases
where tenant_id = $1 and ($2::text is null or status = $2) and ($3::text is null or queue = $3)
  and ($4::text is null or kind = $4)
  and ($5::text is null or ($5 = 'none' and owner is null) or owner = $5)
  and ($6::uuid is null or incident_id = $6) and ($7::text is null or order_no = $7)
  and ($8::text is null or title ilike $8 or number ilike $8 or order_no ilike $8 or customer ilike $8)
  and ($9::text is null or team = $9) and ($10::text is null or site = $10)
  and ($11::timestamptz is null or (coalesce(due_at, '9999-01-01 00:00Z'), case_id) > ($11, $12))
order by coalesce(due_at, '9999-01-01 00:00Z'), case_id limit $13

-- name: rank
-- The most urgent first; $11/$12 are where the page before ended, the rank as so many minutes before the end of time.
select * from crossdock.cases
where tenant_id = $1 and ($2::text is null or status = $2) and ($3::text is null or queue = $3)
  and ($4::text is null or kind = $4)
  and ($5::text is null or ($5 = 'none' and owner is null) or owner = $5)
  and ($6::uuid is null or incident_id = $6) and ($7::text is null or order_no = $7)
  and ($8::text is null or title ilike $8 or number ilike $8 or order_no ilike $8 or customer ilike $8)
  and ($9::text is null or team = $9) and ($10::text is null or site = $10)
  and ($11::timestamptz is null or priority < extract(epoch from timestamptz '9999-01-01 00:00Z' - $11) / 60
    or (priority = extract(epoch from timestamptz '9999-01-01 00:00Z' - $11) / 60 and case_id > $12))
order by priority desc, case_id limit $13

-- name: count
select count(*) from crossdock.cases
where tenant_id = $1 and ($2::text is null or status = $2) and ($3::text is null or queue = $3)
  and ($4::text is null or kind = $4)
  and ($5::text is null or ($5 = 'none' and owner is null) or owner = $5)
  and ($6::uuid is null or incident_id = $6) and ($7::text is null or order_no = $7)
  and ($8::text is null or title ilike $8 or number ilike $8 or order_no ilike $8 or customer ilike $8)
  and ($9::text is null or team = $9) and ($10::text is null or site = $10)
