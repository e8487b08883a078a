-- name: last
select learned_at from crossdock.usual_dwell where tenant_id = $1 and name = 'milestones' and stage = '' and site = ''

-- name: mark
-- When it was learned last, also where there was nothing to learn.
insert into crossdock.usual_dwell (tenant_id, name, stage, site, samples, p50_s, p90_s, open_p50_s, learned_at)
values ($1, 'milestones', '', '', 0, 0, 0, 0, $2)
on conflict (tenant_id, name, stage, site) do update set learned_at = excluded.learned_at

-- name: orders
-- The last orders of each site, step by step: from the step before to this one. Each step reads one index backwards.
with sites as (
  select distinct c.name, substr(c.name, 6) as site from crossdock.calendar c where c.tenant_id = $1 and c.name like 'site/%'
  union select '', ''),
o as (
  select v.* from sites s cross join lateral (
    select * from crossdock.order_view v where v.tenant_id = $1 and v.site = s.site and v.released_at is not null
    order by v.released_at desc limit $2) v)
select site, p.step, p.since, p.till from o cross join lateral (values
    ('validated', received_at, validated_at), ('credit', validated_at, credit_cleared_at),
    ('released', credit_cleared_at, released_at), ('picked', released_at, picked_at),
    ('shipped', coalesce(picked_at, released_at), shipped_at), ('invoiced', shipped_at, invoiced_at)) as p (step, since, till)
where p.till is not null and p.since is not null and p.till >= p.since

-- name: keep
insert into crossdock.usual_dwell (tenant_id, name, stage, site, samples, p50_s, p90_s, open_p50_s, learned_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict (tenant_id, name, stage, site) do update set samples = excluded.samples, p50_s = excluded.p50_s,
  p90_s = excluded.p90_s, open_p50_s = excluded.open_p50_s, learned_at = excluded.learned_at

-- name: stages
-- Of each stage of each process, the last passages through it: how long they took in all. The list of stages is found
-- by leaps through the index, not by reading all passages.
with recursive s as (
  (select name, stage from crossdock.passage where tenant_id = $1 and not ended order by name, stage limit 1)
  union all
  select n.name, n.stage from s cross join lateral (
    select p.name, p.stage from crossdock.passage p where p.tenant_id = $1 and not p.ended and (p.name, p.stage) > (s.name, s.stage)
    order by p.name, p.stage limit 1) n),
m as (
  select s.name, s.stage, count(*) as n,
    percentile_cont(array[0.5, 0.9]) within group (order by extract(epoch from p.left_at - p.entered_at)) as at
  from s cross join lateral (
    select entered_at, left_at from crossdock.passage p where p.tenant_id = $1 and p.name = s.name and p.stage = s.stage and not p.ended
    order by p.left_at desc limit $3) p
  group by s.name, s.stage),
kept as (
  insert into crossdock.usual_dwell (tenant_id, name, stage, site, samples, p50_s, p90_s, open_p50_s, learned_at)
  select $1, name, stage, '', n, at[1], at[2], at[1], $2 from m where n >= $4
  on conflict (tenant_id, name, stage, site) do update set samples = excluded.samples, p50_s = excluded.p50_s,
    p90_s = excluded.p90_s, open_p50_s = excluded.open_p50_s, learned_at = excluded.learned_at
  returning 1)
select count(*) from kept

-- name: forget
delete from crossdock.passage where tenant_id = $1 and seq in (
  select seq from crossdock.passage where tenant_id = $1 and left_at < $2 order by left_at limit $3)
