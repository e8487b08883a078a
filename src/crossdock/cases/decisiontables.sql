-- name: activated_since
-- What was put in force after a number, with the texts: in the order in which it was.
select a.number, a.table_name, a.version, v.document from crossdock.table_activation a
left join crossdock.table_version v on v.tenant_id = a.tenant_id and v.table_name = a.table_name and v.version = a.version
where a.tenant_id = $1 and a.number > $2 order by a.number

-- name: last_number
select coalesce(max(number), 0) from crossdock.table_activation where tenant_id = $1

-- name: in_force
-- The last activation of each table.
select distinct on (table_name) table_name, version, activated_by, activated_at, note
from crossdock.table_activation where tenant_id = $1 order by table_name, number desc

-- name: versions
select table_name, version, status, base, note, revision, authors, saved_by, saved_at from crossdock.table_version
where tenant_id = $1 and ($2::text is null or table_name = $2) order by table_name, version desc

-- name: version
select * from crossdock.table_version where tenant_id = $1 and table_name = $2 and version = $3

-- name: draft
select * from crossdock.table_version where tenant_id = $1 and table_name = $2 and status = 'draft'

-- name: history
-- instances: how many that have not ended began while this one was the last that was put in force (of all tables).
select number, version, note, activated_by, activated_at from crossdock.table_activation
where tenant_id = $1 and table_name = $2 order by number desc limit 200

-- name: running
-- How many instances that have not ended are pinned to each number.
select tables_at, count(*) as instances from crossdock.instance where tenant_id = $1 and ended_at is null group by tables_at

-- name: lock
-- One writer of a tenant's tables at a time: numbers are seen in their order.
select pg_advisory_xact_lock(hashtextextended($1 || chr(31) || 'decision-tables', 0))

-- name: last
select coalesce(max(version), 0) from crossdock.table_version where tenant_id = $1 and table_name = $2

-- name: insert
insert into crossdock.table_version (tenant_id, table_name, version, status, document, tests, base, note, authors, saved_by,
  saved_at) values ($1, $2, $3, 'draft', $4, $5, $6, $7, array[$8::text], $8, $9)

-- name: save
update crossdock.table_version set document = $4, tests = $5, note = $6, saved_by = $7, saved_at = $8,
  authors = case when $7 = any (authors) then authors else authors || $7::text end, revision = revision + 1
where tenant_id = $1 and table_name = $2 and version = $3

-- name: become
update crossdock.table_version set status = $4 where tenant_id = $1 and table_name = $2 and version = $3

-- name: activate
insert into crossdock.table_activation (tenant_id, number, table_name, version, note, activated_by, activated_at)
select $1, coalesce(max(number), 0) + 1, $2, $3, $4, $5, $6 from crossdock.table_activation where tenant_id = $1
returning number

-- name: recorded
-- What a table was asked, newest orders first: each order's processes by its number, each process's calls by its key.
select o.order_no, k.instance_id, k.at, k.called_at, k.arguments, k.output, k.state
from (select order_no, received_at from crossdock.order_view
      where tenant_id = $1 and ($3::text is null or order_no = $3) order by received_at desc limit 5000) o
cross join lateral (
  select i.instance_id from crossdock.instance i where i.tenant_id = $1 and i.business_key = o.order_no offset 0) i
cross join lateral (
  select * from crossdock.call c where c.tenant_id = $1 and c.instance_id = i.instance_id and c.function = 'decision'
    and c.arguments ->> 'decision' = $2 offset 0) k
order by o.received_at desc, k.called_at desc limit $4
