-- name: newest
-- The definition that new orders run: of this name, else the one published last.
select namespace, name, version from crossdock.definition where tenant_id = $1
order by (name = $2) desc, published_at desc, version desc limit 1

-- name: of_process
-- A process in the version asked for, else in the one published last.
select namespace, name, version from crossdock.definition where tenant_id = $1 and name = $2
  and ($3::text is null or version = $3)
order by published_at desc, version desc limit 1

-- name: processes
select namespace, name, version from crossdock.definition where tenant_id = $1
order by (name = $2) desc, name, published_at desc, version desc

-- name: sites
select distinct substr(name, 6) as site from crossdock.calendar where tenant_id = $1 and name like 'site/%' order by 1

-- name: partners
select partner_id, profile ->> 'name' as name from crossdock.partner where tenant_id = $1 order by 2 nulls last, 1 limit 500

-- name: types
-- Of open orders only: what is over is found by the list.
select distinct order_type from crossdock.order_view where tenant_id = $1 and outcome is null order by 1 limit 50
