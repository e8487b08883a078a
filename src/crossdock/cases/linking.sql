-- name: link
insert into crossdock.case_link (tenant_id, case_id, other_id, note, linked_by, linked_at) values ($1, $2, $3, $4, $5, $6)
on conflict do nothing returning true

-- name: unlink
delete from crossdock.case_link where tenant_id = $1 and case_id = $2 and other_id = $3 returning true

-- name: linked
select c.case_id as id, c.number, c.title, c.status, l.note, l.linked_by as by, l.linked_at as at
from crossdock.case_link l join crossdock.cases c on c.tenant_id = $1
  and c.case_id = case when l.case_id = $2 then l.other_id else l.case_id end
where l.tenant_id = $1 and (l.case_id = $2 or l.other_id = $2) order by l.linked_at, c.number

-- name: merged
-- Merges of merges too; a circle cannot come about, because nothing is merged into a closed case.
with recursive m as (
  select case_id from crossdock.cases where tenant_id = $1 and merged_into = $2
  union select c.case_id from m join crossdock.cases c on c.tenant_id = $1 and c.merged_into = m.case_id)
select c.* from m join crossdock.cases c on c.tenant_id = $1 and c.case_id = m.case_id order by c.opened_at, c.case_id

-- name: survivor
with recursive m as (
  select case_id, merged_into, 0 as depth from crossdock.cases where tenant_id = $1 and case_id = $2
  union all select c.case_id, c.merged_into, m.depth + 1 from m
  join crossdock.cases c on c.tenant_id = $1 and c.case_id = m.merged_into where m.depth < 100)
select case_id from m order by depth desc limit 1

-- name: same_open
select o.number from crossdock.cases c
join crossdock.cases o on o.tenant_id = $1 and o.order_no = c.order_no and o.dedupe_key = c.dedupe_key and o.status <> 'closed'
where c.tenant_id = $1 and c.case_id = $2
