-- name: lock
-- One writer of a workflow at a time.
select pg_advisory_xact_lock(hashtextextended($1 || chr(31) || 'definition' || chr(31) || $2 || '/' || $3, 0))

-- name: drafts
select * from crossdock.definition_draft where tenant_id = $1 and ($2::text is null or namespace = $2)
  and ($3::text is null or name = $3) order by namespace, name

-- name: save
-- The draft as it is now; who saved it stays among its authors.
insert into crossdock.definition_draft as d (tenant_id, namespace, name, source, scenarios, base, note, revision, authors,
  saved_by, saved_at)
values ($1, $2, $3, $4, $5, $6, $7, 1, array[$8::text], $8, $9)
on conflict (tenant_id, namespace, name) do update
set source = excluded.source, scenarios = excluded.scenarios, note = excluded.note, revision = d.revision + 1,
    authors = case when $8 = any (d.authors) then d.authors else d.authors || $8::text end, saved_by = excluded.saved_by,
    saved_at = excluded.saved_at
returning revision

-- name: discard
delete from crossdock.definition_draft where tenant_id = $1 and namespace = $2 and name = $3 returning revision

-- name: versions
-- Newest first, with how many instances run on each.
select d.namespace, d.name, d.version, d.source, d.published_at,
  (select count(*) from crossdock.instance i where i.tenant_id = d.tenant_id and i.namespace = d.namespace
    and i.name = d.name and i.version = d.version and i.ended_at is null) as running
from crossdock.definition d where d.tenant_id = $1 and d.namespace = $2 and d.name = $3
order by d.published_at desc, d.version desc

-- name: newest
-- The newest version of each workflow: what `run: workflow` may start while a scenario is played.
select distinct on (namespace, name) namespace, name, version from crossdock.definition where tenant_id = $1
order by namespace, name, published_at desc, version desc

-- name: scenarios
select scenarios from crossdock.definition_scenarios
where tenant_id = $1 and namespace = $2 and name = $3 and version = $4

-- name: keep_scenarios
insert into crossdock.definition_scenarios (tenant_id, namespace, name, version, scenarios) values ($1, $2, $3, $4, $5)
on conflict do nothing

-- name: history
select number, version, note, activated_by, activated_at from crossdock.definition_activation
where tenant_id = $1 and namespace = $2 and name = $3 order by number desc limit 200

-- name: activate
insert into crossdock.definition_activation (tenant_id, namespace, name, number, version, note, activated_by, activated_at)
select $1, $2, $3, coalesce(max(number), 0) + 1, $4, $5, $6, $7
from crossdock.definition_activation where tenant_id = $1 and namespace = $2 and name = $3
