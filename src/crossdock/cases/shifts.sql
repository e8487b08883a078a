-- name: mine
-- Somebody's open cases, the most urgent first.
select case_id from crossdock.cases where tenant_id = $1 and owner = $2 and status <> 'closed'
order by priority desc, case_id limit $3

-- name: give
insert into crossdock.case_handover (tenant_id, handover_id, number, given_by, to_owner, to_team, note, given_at)
values ($1, $2, $3, $4, $5, $6, $7, $8)

-- name: item
insert into crossdock.case_handover_item (tenant_id, handover_id, case_id, note) values ($1, $2, $3, $4)

-- name: seen
update crossdock.case_handover set seen_by = $3, seen_at = $4
where tenant_id = $1 and handover_id = $2 and seen_at is null returning true

-- name: one
select h.*, coalesce((select json_agg(json_build_object('id', c.case_id, 'number', c.number, 'title', c.title, 'status',
    c.status, 'owner', c.owner, 'priority', c.priority, 'note', i.note) order by c.priority desc, c.number)
  from crossdock.case_handover_item i join crossdock.cases c on c.tenant_id = $1 and c.case_id = i.case_id
  where i.tenant_id = $1 and i.handover_id = h.handover_id), '[]')::text as cases
from crossdock.case_handover h where h.tenant_id = $1 and h.handover_id = $2

-- name: recent
select h.*, coalesce((select json_agg(json_build_object('id', c.case_id, 'number', c.number, 'title', c.title, 'status',
    c.status, 'owner', c.owner, 'priority', c.priority, 'note', i.note) order by c.priority desc, c.number)
  from crossdock.case_handover_item i join crossdock.cases c on c.tenant_id = $1 and c.case_id = i.case_id
  where i.tenant_id = $1 and i.handover_id = h.handover_id), '[]')::text as cases
from crossdock.case_handover h
where h.tenant_id = $1 and ($2 in (h.to_owner, h.given_by) or exists (
  select from crossdock.case_team_member m where m.tenant_id = $1 and m.team = h.to_team and m.user_name = $2))
order by h.given_at desc, h.handover_id desc limit $3
