-- name: open
-- One open incident a system: whoever comes second finds the first.
insert into crossdock.incident (tenant_id, incident_id, number, system, detail, opened_at)
values ($1, $2, $3, $4, $5, $6)
on conflict (tenant_id, system) where state = 'open' do nothing
returning incident_id

-- name: current
select incident_id from crossdock.incident where tenant_id = $1 and system = $2 and state = 'open'

-- name: add_order
insert into crossdock.incident_order (tenant_id, incident_id, order_no, since) values ($1, $2, $3, $4)
on conflict do nothing

-- name: untold
-- Open incidents that people have not heard of and that last or hold enough that they should.
select i.incident_id, i.number, i.system, i.detail, i.opened_at, count(o.order_no) as orders
from crossdock.incident i
left join crossdock.incident_order o on o.tenant_id = i.tenant_id and o.incident_id = i.incident_id
where i.tenant_id = $1 and i.state = 'open' and i.told_at is null
group by i.tenant_id, i.incident_id
having i.opened_at <= $2::timestamptz - $3::interval or count(o.order_no) >= $4

-- name: told
update crossdock.incident set told_at = $3 where tenant_id = $1 and incident_id = $2

-- name: resolve
update crossdock.incident set state = 'resolved', resolved_at = $3
where tenant_id = $1 and system = $2 and state = 'open'
returning incident_id, number, opened_at

-- name: orders
select order_no from crossdock.incident_order where tenant_id = $1 and incident_id = $2 order by since, order_no

-- name: list
select i.*, (select count(*) from crossdock.incident_order o
  where o.tenant_id = i.tenant_id and o.incident_id = i.incident_id) as orders
from crossdock.incident i
where i.tenant_id = $1 and ($2::text is null or i.state = $2)
  and ($3::timestamptz is null or (i.opened_at, i.incident_id) < ($3, $4))
order by i.opened_at desc, i.incident_id desc limit $5

-- name: count
select count(*) from crossdock.incident where tenant_id = $1 and ($2::text is null or state = $2)

-- name: one
select i.*, (select count(*) from crossdock.incident_order o
  where o.tenant_id = i.tenant_id and o.incident_id = i.incident_id) as orders
from crossdock.incident i where i.tenant_id = $1 and i.incident_id = $2
