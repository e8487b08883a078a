-- name: every
select v.*, d.view_id is not null as is_default
from crossdock.board_view v
left join crossdock.board_default d on d.tenant_id = v.tenant_id and d.person = $2 and d.view_id = v.view_id
where v.tenant_id = $1 and (v.owner = $2 or v.shared) order by v.folded, v.view_id

-- name: count
select count(*) from crossdock.board_view where tenant_id = $1 and owner = $2

-- name: one
select owner, shared from crossdock.board_view where tenant_id = $1 and view_id = $2

-- name: put
-- Nothing where the person has another view of this name.
insert into crossdock.board_view as v (tenant_id, view_id, owner, name, filters, shared, put_at, folded)
select $1, $2, $3, $4, $5, $6, $7, $8
where not exists (select from crossdock.board_view o where o.tenant_id = $1 and o.owner = $3 and o.folded = $8
                  and o.view_id <> $2)
on conflict (tenant_id, view_id) do update set name = excluded.name, folded = excluded.folded, filters = excluded.filters, shared = excluded.shared,
  put_at = excluded.put_at
returning v.*, exists (select from crossdock.board_default d where d.tenant_id = $1 and d.person = $3 and d.view_id = $2) as is_default

-- name: delete
delete from crossdock.board_view where tenant_id = $1 and view_id = $2

-- name: choose
insert into crossdock.board_default (tenant_id, person, view_id)
select $1, $2, v.view_id from crossdock.board_view v where v.tenant_id = $1 and v.view_id = $3 and (v.owner = $2 or v.shared)
on conflict (tenant_id, person) do update set view_id = excluded.view_id
returning true

-- name: no_default
delete from crossdock.board_default where tenant_id = $1 and person = $2
