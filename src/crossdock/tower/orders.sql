-- name: base
-- One row an order as the pages know it. Spliced in front of the statements below; $1 tenant, $2 the tenant's today.
-- The stage is that of the order's own process: the first one that was started for it.
with o as (
  select v.*, coalesce(nullif(v.customer, ''), c.name, v.customer_id) as customer_name,
    coalesce(v.total, v.stated_total, 0) as worth,
    case when v.outcome in ('closed', 'cancelled', 'rejected') then v.outcome
         when v.open_cases > 0 or v.outcome = 'failed' then 'in_case'
         when v.pending_approvals > 0 then 'waiting' else 'open' end as status,
    (v.outcome is null and v.completed_at is null and coalesce(v.promised_on, v.requested_on) < $2::date) as late,
    (select i.stage from crossdock.instance i where i.tenant_id = v.tenant_id and i.business_key = v.order_no
     order by i.started_at, i.instance_id limit 1) as stage
  from crossdock.order_view v
  left join crossdock.catalogue_customer c on c.tenant_id = v.tenant_id and c.customer_id = v.customer_id
  where v.tenant_id = $1)

-- name: wanted
-- The filters of the list. $9: of this customer alone, whatever else is asked.
where ($3::text is null or status = $3) and ($4::text is null or stage = $4)
  and ($5::text is null or customer_id = $5) and ($6::text is null or channel = $6)
  and ($7::boolean is null or late = $7)
  and ($8::text is null or order_no ilike $8 or po ilike $8 or customer_name ilike $8 or customer_id ilike $8)
  and ($9::text is null or customer_id = $9)

-- name: standing_in
-- Of which an instance of the process {0} stands in the stage {2} (null: in any), in the version {1} (null: in any), or
-- ended there within the last day.
order_no in (
  select s.order_no from crossdock.standing s where s.tenant_id = $1 and s.name = {0}
    and ({1}::text is null or s.version = {1}) and ({2}::text is null or s.stage = {2})
  union all
  select e.order_no from crossdock.passage e where e.tenant_id = $1 and e.name = {0} and e.ended
    and e.left_at > crossdock.now() - interval '24 hours' and e.stage = {2} and ({1}::text is null or e.version = {1}))

-- name: risky
exists (select from crossdock.jeopardy j where j.tenant_id = $1 and j.order_no = o.order_no
        and j.level in ('high', 'critical') and not j.over)

-- name: count
select count(*) from o

-- name: one
select * from o where order_no = $3 and ($4::text is null or customer_id = $4)

-- name: some
select * from o where order_no = any ($3::text[]) order by order_no

-- name: mains
-- The process of each of these orders: which definition gives its stages their names.
select distinct on (business_key) business_key, instance_id, namespace, name, version, stage
from crossdock.instance where tenant_id = $1 and business_key = any ($2::text[])
order by business_key, started_at, instance_id

-- name: instances
select instance_id, namespace, name, version, status, stage, started_at, ended_at, error
from crossdock.instance where tenant_id = $1 and business_key = $2 order by started_at, instance_id

-- name: lines
select * from crossdock.order_line_view where tenant_id = $1 and order_no = $2
order by length(line), line

-- name: documents
-- The order's own documents, and the acknowledgements that answered the files they came in.
select document_id, type, format, direction, status, test, partner_id, customer_id, filename, order_no, po, total, currency,
  lines, received_at, jsonb_array_length(errors) as errors, (select p.profile ->> 'name' from crossdock.partner p
    where p.tenant_id = $1 and p.partner_id = d.partner_id) as partner_name
from crossdock.document d
where tenant_id = $1 and (order_no = $2 or (answers is not null and answers in (
  select receipt_id from crossdock.document s where s.tenant_id = $1 and s.order_no = $2 and s.receipt_id is not null)))
order by received_at, document_id limit 200

-- name: money_of
-- What these orders are worth, for an incident.
select coalesce(sum(coalesce(total, stated_total)), 0) from crossdock.order_view
where tenant_id = $1 and order_no = any ($2::text[])

-- name: owner
select customer_id, outcome from crossdock.order_view where tenant_id = $1 and order_no = $2
