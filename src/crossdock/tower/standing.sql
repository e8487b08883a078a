-- name: aged
percentile_cont(array[0.5, 0.9]) within group (order by greatest(0, extract(epoch from $3 - s.since)))

-- name: standing
-- Open instances of a process by stage. $1 tenant, $2 process, $3 now, $4 today. Late: the day is over, and not all is
-- delivered. The orders of nearly all of them are open: two narrow tables are joined. Of those that are over, while an
-- instance goes on, the few rows are looked up one by one.
select s.stage, count(*) as count, count(*) filter (where v.due_on < $4::date) as late,
  count(*) filter (where s.order_no in (select j.order_no from crossdock.jeopardy j
    where j.tenant_id = $1 and j.level in ('high', 'critical') and j.level <> 'none' and not j.over)) as at_risk,
  coalesce(sum(case when v.order_no is not null then v.value else (
    select coalesce(o.total, o.stated_total) from crossdock.order_view o
    where o.tenant_id = $1 and o.order_no = s.order_no limit 1) end), 0) as value, {aged} as aged
from crossdock.standing s left join crossdock.open_order v on v.tenant_id = s.tenant_id and v.order_no = s.order_no
where s.tenant_id = $1 and s.name = $2 and $3::timestamptz is not null{conditions}
group by s.stage

-- name: matching
-- Spliced into the above: whether the order, open or over, is one of those asked for.
 and case when v.order_no is not null then true{conditions} else coalesce((
    select true{conditions} from crossdock.order_view v where v.tenant_id = $1 and v.order_no = s.order_no limit 1), false) end

-- name: ended
-- Instances that ended in the last day, by the stage they ended in.
select s.stage, count(*) as count, 0::bigint as late, 0::bigint as at_risk,
  coalesce(sum(coalesce(v.total, v.stated_total)), 0) as value, null::float8[] as aged
from crossdock.passage s left join crossdock.order_view v on v.tenant_id = s.tenant_id and v.order_no = s.order_no
where s.tenant_id = $1 and s.name = $2 and s.ended and s.left_at > $3::timestamptz - interval '24 hours'
  and $4::date is not null and s.stage = any ($5::text[]){conditions}
group by s.stage

-- name: usual
select stage, samples, p50_s, p90_s from crossdock.usual_dwell where tenant_id = $1 and name = $2 and site = ''

-- name: by_version
-- Of orders that are over nothing is late.
select s.name, s.version, count(*) as open, count(*) filter (where v.due_on < $2::date) as late,
  count(*) filter (where s.order_no in (select j.order_no from crossdock.jeopardy j
    where j.tenant_id = $1 and j.level in ('high', 'critical') and j.level <> 'none' and not j.over)) as at_risk
from crossdock.standing s
left join crossdock.open_order v on v.tenant_id = s.tenant_id and v.order_no = s.order_no
where s.tenant_id = $1 group by s.name, s.version
