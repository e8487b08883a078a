-- name: untold
-- Open cases of before causes were told, or opened by a version that did not tell them.
select case_id, kind, customer_id, customer, reason, detail, evidence, data from crossdock.cases
where tenant_id = $1 and status <> 'closed' and cause_key is null order by opened_at limit $2 for update skip locked

-- name: find
-- Open cases by cause, and how many there are: one pass over an index that holds all that is summed; a case is looked at
-- for the causes of the page alone. $5: clusters of one, instead of those of several. A row comes back in any case.
with c as (
  select cause_key, currency, count(*) as n, sum(money) as money, min(due_at) as due_at, min(opened_at) as oldest_at,
    max(opened_at) as newest_at, count(*) filter (where due_at < $4) as breached, count(*) filter (where owner is null) as free
  from crossdock.cases
  where tenant_id = $1 and status <> 'closed' and cause_key is not null
    and ($2::text is null or kind = $2) and ($3::text is null or queue = $3)
  group by cause_key, currency),
k as materialized (
  select cause_key, sum(n)::int as n, json_agg(json_build_array(currency, money::text)) filter (where money is not null) as money,
    min(due_at) as due_at, min(oldest_at) as oldest_at, max(newest_at) as newest_at, sum(breached)::int as breached,
    sum(free)::int as free
  from c group by cause_key),
page as (
  select * from k where (n = 1) = $5 order by n desc, due_at nulls last, cause_key limit $6 offset $7),
t as (
  select count(*) filter (where (n = 1) = $5)::int as total, count(*) filter (where n > 1)::int as clusters,
    count(*) filter (where n = 1)::int as alone, coalesce(sum(n), 0)::int as cases from k)
select t.total, t.clusters, t.alone, t.cases, page.*, s.kind, s.queue, s.title, s.severity, s.cause,
  (select count(distinct i.case_id)::int from crossdock.fix f
   join crossdock.fix_item i on i.tenant_id = $1 and i.fix_id = f.fix_id and i.status = 'waiting'
   join crossdock.cases o on o.tenant_id = $1 and o.case_id = i.case_id
   where f.tenant_id = $1 and f.status in ('asked', 'running', 'stopped') and o.cause_key = page.cause_key
     and o.status <> 'closed') as under_way
from t left join page on true left join lateral (
  select kind, queue, title, severity, cause from crossdock.cases o
  where o.tenant_id = $1 and o.cause_key = page.cause_key and o.status <> 'closed'
  order by opened_at, case_id limit 1) s on true
order by page.n desc, page.due_at nulls last, page.cause_key

-- name: one
select count(*)::int as n, min(due_at) as due_at, min(opened_at) as oldest_at, max(opened_at) as newest_at,
  count(*) filter (where due_at < $3)::int as breached, count(*) filter (where owner is null)::int as free,
  (array_agg(kind order by opened_at, case_id))[1] as kind, (array_agg(queue order by opened_at, case_id))[1] as queue,
  (array_agg(title order by opened_at, case_id))[1] as title, min(cause::text)::json as cause,
  (array_agg(severity order by opened_at, case_id))[1] as severity,
  (select json_agg(json_build_array(currency, money::text)) from (
    select currency, sum(money) as money from crossdock.cases
    where tenant_id = $1 and cause_key = $2 and status <> 'closed' and money is not null group by currency) m) as money,
  (select count(distinct i.case_id)::int from crossdock.fix f
   join crossdock.fix_item i on i.tenant_id = $1 and i.fix_id = f.fix_id and i.status = 'waiting'
   join crossdock.cases o on o.tenant_id = $1 and o.case_id = i.case_id
   where f.tenant_id = $1 and f.status in ('asked', 'running', 'stopped') and o.cause_key = $2
     and o.status <> 'closed') as under_way
from crossdock.cases where tenant_id = $1 and cause_key = $2 and status <> 'closed'

-- name: opened
-- How many of each cause were opened in each of the last $4 spans of time, the newest last; closed ones too.
select cause_key, width_bucket(extract(epoch from opened_at), extract(epoch from $3::timestamptz) - $4::int * $5::int,
    extract(epoch from $3::timestamptz) + 1, $4::int) as bucket, count(*)::int as n
from crossdock.cases
where tenant_id = $1 and cause_key = any ($2::text[]) and opened_at > $3::timestamptz - make_interval(secs => $4::int * $5::int)
group by 1, 2

-- name: members
-- Its open cases, the most urgent first.
select * from crossdock.cases where tenant_id = $1 and cause_key = $2 and status <> 'closed'
order by coalesce(due_at, '9999-01-01 00:00Z'), case_id limit $3 offset $4

-- name: troubled
-- Inbound documents whose fate has changed and was not looked at yet; whoever looks holds them.
select t.document_id, d.status, d.test, d.partner_id, d.customer_id, d.format, d.type, d.po, d.order_no, d.total,
  d.currency, d.filename, d.errors, d.received_at, d.read_by ->> 'map' as map,
  (select p.profile ->> 'name' from crossdock.partner p where p.tenant_id = $1 and p.partner_id = d.partner_id) as partner
from crossdock.document_trouble t
left join crossdock.document d on d.tenant_id = $1 and d.document_id = t.document_id
where t.tenant_id = $1 order by t.document_id limit $2 for update of t skip locked

-- name: looked_at
delete from crossdock.document_trouble where tenant_id = $1 and document_id = any ($2::uuid[])

-- name: case_of_document
select case_id from crossdock.cases
where tenant_id = $1 and order_no = $2 and dedupe_key = $3 and status <> 'closed'
