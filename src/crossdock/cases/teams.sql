-- name: put
insert into crossdock.case_team (tenant_id, team, title, calendar, put_by, put_at) values ($1, $2, $3, $4, $5, $6)
on conflict (tenant_id, team) do update set title = excluded.title, calendar = excluded.calendar,
  put_by = excluded.put_by, put_at = excluded.put_at

-- name: remove
with gone as (delete from crossdock.case_team_member where tenant_id = $1 and team = $2)
delete from crossdock.case_team where tenant_id = $1 and team = $2 returning true

-- name: drop_members
delete from crossdock.case_team_member where tenant_id = $1 and team = $2 and user_name <> all ($3::text[])

-- name: add_members
insert into crossdock.case_team_member (tenant_id, team, user_name)
select $1, $2, u from unnest($3::text[]) u on conflict do nothing

-- name: workers
-- Who may work on cases in this tenant.
select user_name from crossdock.membership where tenant_id = $1 and role = any ($2::text[])

-- name: away
with changed as (update crossdock.case_team_member set away_until = $3 where tenant_id = $1 and user_name = $2 returning 1)
select 1 from changed limit 1

-- name: all
-- Each team with its people and what is open; $2: one of them.
select t.team, t.title, t.calendar,
  (select count(*) from crossdock.cases c where c.tenant_id = $1 and c.status <> 'closed' and c.team = t.team) as open,
  (select count(*) from crossdock.cases c where c.tenant_id = $1 and c.status <> 'closed' and c.team = t.team
    and c.owner is null) as unowned,
  coalesce((select json_agg(json_build_object('user', m.user_name, 'away_until', m.away_until, 'open',
      (select count(*) from crossdock.cases c where c.tenant_id = $1 and c.status <> 'closed' and c.owner = m.user_name))
      order by m.user_name)
    from crossdock.case_team_member m where m.tenant_id = $1 and m.team = t.team), '[]')::text as members
from crossdock.case_team t where t.tenant_id = $1 and ($2::text is null or t.team = $2) order by t.team

-- name: turn
-- Held until commit: two cases opened at once do not both go to the same person.
select last_given from crossdock.case_team where tenant_id = $1 and team = $2 for no key update

-- name: there
-- The people of a team who are not away, by name, with what each has open in all teams.
select m.user_name, (select count(*) from crossdock.cases c
  where c.tenant_id = $1 and c.status <> 'closed' and c.owner = m.user_name) as open
from crossdock.case_team_member m
where m.tenant_id = $1 and m.team = $2 and (m.away_until is null or m.away_until <= $3) order by 1

-- name: given
update crossdock.case_team set last_given = $3 where tenant_id = $1 and team = $2

-- name: anybody
select m.team, m.user_name from crossdock.case_team_member m
where m.tenant_id = $1 and (m.away_until is null or m.away_until <= $2)
order by (select count(*) from crossdock.cases c
  where c.tenant_id = $1 and c.status <> 'closed' and c.owner = m.user_name), m.user_name, m.team limit 1
