-- What is made of a figure's rows. {rows} is a statement of figures.sql, which has seven parameters.

-- name: share
select count(*) as population, count(hit) as known, count(*) filter (where hit) as hits from ({rows}) m

-- name: median
-- With the ranks between which the true median lies in 95 of 100 samples (Conover, Practical Nonparametric Statistics).
with k as (
  select amount, row_number() over (order by amount) as r, count(*) over () as n from ({rows}) m where amount is not null),
a as (select count(*) as population from ({rows}) m)
select a.population, coalesce(max(k.n), 0) as known,
  avg(k.amount) filter (where k.r in ((k.n + 1) / 2, (k.n + 2) / 2)) as value,
  min(k.amount) filter (where k.r = greatest(1, floor((k.n - 1.96 * sqrt(k.n)) / 2)::bigint)) as low,
  min(k.amount) filter (where k.r = least(k.n, ceil(1 + (k.n + 1.96 * sqrt(k.n)) / 2)::bigint)) as high
from a left join k on true group by a.population

-- name: share_days
select (m.at at time zone $4)::date as day, count(hit) as known, count(*) filter (where hit) as hits
from ({rows}) m group by 1 order by 1

-- name: median_days
select (m.at at time zone $4)::date as day, percentile_cont(0.5) within group (order by m.amount) as value
from ({rows}) m where m.amount is not null group by 1 order by 1

-- name: behind
-- The worst first: what speaks against the figure, then what cannot be judged. $8: whether a hit is good; null: by amount.
select m.id, m.order_no, m.at, m.hit, m.amount, v.customer, v.customer_id, v.channel, v.total, v.currency,
  count(*) over () as total_rows
from ({rows}) m left join crossdock.order_view v on v.tenant_id = $1 and v.order_no = m.order_no
order by case when $8::boolean is null then null when m.hit is null then 1 when m.hit = $8 then 2 else 0 end,
  m.amount desc nulls last, m.at desc, m.id
limit $9 offset $10

-- name: age
-- Seconds of business time since the oldest event that the figures have not heard of; none: they have heard of all.
select extract(epoch from crossdock.now() - min(e.received_at))
from crossdock.outbox o join crossdock.event e on e.tenant_id = o.tenant_id and e.source = o.source and e.id = o.id
where o.tenant_id = $1

-- name: targets
select key, value, put_by, put_at from crossdock.kpi_target where tenant_id = $1

-- name: put_target
insert into crossdock.kpi_target (tenant_id, key, value, put_by, put_at) values ($1, $2, $3, $4, $5)
on conflict (tenant_id, key) do update set value = excluded.value, put_by = excluded.put_by, put_at = excluded.put_at
