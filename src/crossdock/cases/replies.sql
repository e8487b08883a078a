-- name: put
insert into crossdock.case_template (tenant_id, name, title, subject, body, put_by, put_at) values ($1, $2, $3, $4, $5, $6, $7)
on conflict (tenant_id, name) do update set title = excluded.title, subject = excluded.subject, body = excluded.body,
  put_by = excluded.put_by, put_at = excluded.put_at

-- name: remove
delete from crossdock.case_template where tenant_id = $1 and name = $2 returning true

-- name: all
select name, title, subject, body, put_by, put_at from crossdock.case_template where tenant_id = $1 order by title, name

-- name: one
select name, title, subject, body, put_by, put_at from crossdock.case_template where tenant_id = $1 and name = $2

-- name: po
select po from crossdock.order_view where tenant_id = $1 and order_no = $2
