-- name: mark
-- Something happened to these orders: they are looked at as soon as somebody has time.
insert into crossdock.jeopardy (tenant_id, order_no, look_at, why)
select $1, m.order_no, '-infinity', m.why from unnest($2::text[], $3::text[]) as m (order_no, why)
on conflict (tenant_id, order_no) do update set look_at = '-infinity', why = excluded.why

-- name: tenants
select * from crossdock.jeopardy_due($1) as tenant_id

-- name: tenant
select time_zone, currency from crossdock.tenant where tenant_id = $1

-- name: due
-- What is due, the longest waiting first, with all that is known of it; rows that somebody else has are left to them.
with due as (
  select order_no from crossdock.jeopardy where tenant_id = $1 and look_at <= $2
  order by look_at limit $3 for update skip locked)
select j.order_no, j.why, j.plan_version, j.level, j.since, j.case_id, j.expected_on as expected_before,
  v.order_no is not null as known, v.customer_id, coalesce(nullif(v.customer, ''), c.name, v.customer_id) as customer,
  coalesce(c.tier, '') as tier, v.channel, v.lines, v.currency, coalesce(v.total, v.stated_total, 0) as worth, v.site,
  v.service, v.ship_to, v.requested_on, v.promised_on, v.received_at, v.validated_at, v.credit_cleared_at, v.released_at,
  v.picked_at, v.shipped_at, v.last_shipped_at, v.invoiced_at, v.completed_at, v.outcome, v.held_up_at, v.eta_on,
  v.stock_on, coalesce(n.short, 0) as short, coalesce(n.short_lines, 0) as short_lines,
  coalesce(n.unshipped, 0) as unshipped, s.due_at as stock_clock, p.basis
from due join crossdock.jeopardy j on j.tenant_id = $1 and j.order_no = due.order_no
left join crossdock.order_view v on v.tenant_id = $1 and v.order_no = j.order_no
left join crossdock.catalogue_customer c on c.tenant_id = $1 and c.customer_id = v.customer_id
left join lateral (
  select sum(l.backordered) as short, count(*) filter (where l.backordered > 0) as short_lines,
    sum(greatest(0, l.reserved - l.shipped)) as unshipped
  from crossdock.order_line_view l where l.tenant_id = $1 and l.order_no = j.order_no) n on true
left join lateral (
  select min(k.due_at) as due_at from crossdock.sla_clock k
  where k.tenant_id = $1 and k.order_no = j.order_no and k.key like 'backorder/%' and k.status in ('running', 'warned')) s on true
left join crossdock.order_plan p on p.tenant_id = $1 and p.order_no = j.order_no and p.version = j.plan_version
order by j.order_no

-- name: plan
insert into crossdock.order_plan (tenant_id, order_no, version, made_at, why, promised_on, promise_at, site, service,
                                  lead_days, basis, steps, assumed)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
on conflict (tenant_id, order_no, version) do nothing

-- name: risk
update crossdock.jeopardy set look_at = $3, plan_version = $4, level = $5, step = $6, rule = $7, reason = $8,
  promised_on = $9, expected_on = $10, expected = $11, days_late = $12, money = $13, currency = $14, could = $15,
  since = $16, case_id = $17, looked_at = $18, over = $19, why = ''
where tenant_id = $1 and order_no = $2

-- name: over
-- Nothing is to be expected any more; what it was is kept to be read.
update crossdock.jeopardy set look_at = null, over = true, level = 'none', case_id = null, looked_at = $3, why = ''
where tenant_id = $1 and order_no = $2

-- name: forget
delete from crossdock.jeopardy where tenant_id = $1 and order_no = $2

-- name: usual
-- How long steps took lately, in open hours; site '' is wherever.
select stage, site, samples, open_p50_s from crossdock.usual_dwell where tenant_id = $1 and name = 'milestones'

-- name: at_risk
-- Spliced in front of the statements below. $1 tenant.
with r as (
  select j.order_no, j.level, j.step, j.rule, j.reason, j.promised_on, j.expected_on, j.days_late, j.money, j.currency,
    j.could, j.since, j.plan_version, j.case_id, j.looked_at, v.customer_id,
    coalesce(nullif(v.customer, ''), c.name, v.customer_id) as customer, v.po, v.channel, v.site, v.sites, v.service,
    v.partner_id, v.order_type, k.number as case_number
  from crossdock.jeopardy j
  join crossdock.order_view v on v.tenant_id = j.tenant_id and v.order_no = j.order_no
  left join crossdock.catalogue_customer c on c.tenant_id = j.tenant_id and c.customer_id = v.customer_id
  left join crossdock.cases k on k.tenant_id = j.tenant_id and k.case_id = j.case_id
  where j.tenant_id = $1 and j.level <> 'none' and not j.over)

-- name: counts
-- By level: how many, and how much by currency.
select j.level, coalesce(j.currency, '') as currency, count(*) as orders, coalesce(sum(j.money), 0) as money
from crossdock.jeopardy j where j.tenant_id = $1 and j.level <> 'none' and not j.over group by 1, 2 order by 1, 2

-- name: one
select j.*, k.number as case_number from crossdock.jeopardy j
left join crossdock.cases k on k.tenant_id = j.tenant_id and k.case_id = j.case_id
where j.tenant_id = $1 and j.order_no = $2

-- name: plans
select version, made_at, why, promised_on, promise_at, site, service, lead_days, steps, assumed
from crossdock.order_plan where tenant_id = $1 and order_no = $2 order by version desc limit 50

-- name: actual
select received_at, validated_at, credit_cleared_at, released_at, picked_at, shipped_at, completed_at, invoiced_at,
  promised_on, requested_on
from crossdock.order_view where tenant_id = $1 and order_no = $2
