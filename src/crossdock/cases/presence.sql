-- name: case
select true from crossdock.cases where tenant_id = $1 and case_id = $2

-- name: at
select user_name, doing, until from crossdock.case_presence
where tenant_id = $1 and case_id = $2 and until > clock_timestamp() order by user_name

-- name: come
insert into crossdock.case_presence (tenant_id, case_id, user_name, doing, until)
values ($1, $2, $3, $4, clock_timestamp() + $5)
on conflict (tenant_id, case_id, user_name) do update set doing = excluded.doing, until = excluded.until

-- name: leave
delete from crossdock.case_presence where tenant_id = $1 and case_id = $2 and user_name = $3 returning true

-- name: forget
delete from crossdock.case_presence where tenant_id = $1 and until <= clock_timestamp()

-- name: tell
select pg_notify($1, $2)
