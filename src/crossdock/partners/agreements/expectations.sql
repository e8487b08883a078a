-- name: open
-- Once for each cause, subject and answer: a repeated document changes nothing.
insert into crossdock.expectation (tenant_id, expectation_id, partner_id, owed_by, kind, document, subject, order_no, cause,
  cause_id, opened_at, due_at, basis, calendar, calendar_version, state)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 'open')
on conflict (tenant_id, partner_id, owed_by, kind, subject, cause) do nothing

-- name: awaited
-- What an arrival fulfils: by its subject, or by our order's number. Locked, so that it is not overdue meanwhile.
select * from crossdock.expectation
where tenant_id = $1 and partner_id = $2 and owed_by = $3 and kind = $4 and state in ('open', 'overdue')
  and (subject = any($5::text[]) or (order_no <> '' and order_no = $6))
order by expectation_id for update

-- name: of_order
select * from crossdock.expectation
where tenant_id = $1 and order_no = any($2::text[]) and state in ('open', 'overdue') and (not $3 or due_at is null)
order by expectation_id for update

-- name: end
update crossdock.expectation set state = $3, by_id = $4, closed_at = $5, took = $6, note = $7, closing = case_id is not null
where tenant_id = $1 and expectation_id = $2

-- name: due
-- Whose window has closed; another worker's share is left to it.
select * from crossdock.expectation
where tenant_id = $1 and state = 'open' and due_at <= $2
order by due_at, expectation_id limit $3 for update skip locked

-- name: overdue
update crossdock.expectation set state = 'overdue', case_id = $3 where tenant_id = $1 and expectation_id = $2

-- name: closing
select expectation_id, case_id, state, document, closed_at from crossdock.expectation
where tenant_id = $1 and closing order by expectation_id limit $2 for update skip locked

-- name: closed
update crossdock.expectation set closing = false where tenant_id = $1 and expectation_id = $2

-- name: locked
select * from crossdock.expectation where tenant_id = $1 and expectation_id = $2 for update

-- name: buyers
-- The trading partners whose orders these are.
select p.order_no, d.partner_id, p.po, d.test, d.canonical ->> 'requested_on' as requested_on
from crossdock.purchase_order p
join crossdock.document d on d.tenant_id = p.tenant_id and d.document_id = p.document_id
where p.tenant_id = $1 and p.order_no = any($2::text[]) and (p.purpose = 'original' or p.purpose like 'part/%') and d.partner_id is not null

-- name: page
-- Answers that are owed, and the acknowledgements of what we sent, which are states of the sent documents themselves.
select * from (
  select expectation_id as id, partner_id, owed_by, document, subject, order_no, cause, cause_id, opened_at, due_at,
    basis::text as basis, state, by_id, closed_at, note, case_id
  from crossdock.expectation where tenant_id = $1
  union all
  select document_id, partner_id, 'them', 'acknowledgement', po, order_no, type, document_id, coalesce(sent_at, written_at),
    deadline, basis::text, case state when 'overdue' then 'overdue' when 'replaced' then 'cancelled'
      when 'written' then 'open' when 'sent' then 'open' when 'received' then 'open' else 'fulfilled' end,
    null, answered_at, '', case_id
  from crossdock.sending where tenant_id = $1 and not test and (deadline is not null or answered_at is not null)
) e
where ($2::text is null or state = $2) and ($3::text is null or partner_id = $3) and ($4::text is null or order_no = $4)
  and ($5::text is null or subject = $5)
order by opened_at desc, id desc limit $6

-- name: one
select expectation_id as id, partner_id, owed_by, document, subject, order_no, cause, cause_id, opened_at, due_at,
  basis::text as basis, state, by_id, closed_at, note, case_id
from crossdock.expectation where tenant_id = $1 and expectation_id = $2

-- name: habits
-- How long a partner took, for each kind of answer to each cause; the latest $3 of each.
select kind, cause, array_agg(took order by closed_at desc) as took from (
  select kind, cause, took, closed_at, row_number() over (partition by kind, cause order by closed_at desc) as n
  from crossdock.expectation
  where tenant_id = $1 and partner_id = $2 and owed_by = 'them' and state = 'fulfilled') f
where n <= $3 group by kind, cause order by kind, cause
