-- name: one_at_a_time
-- Versions of one name are numbered one after the other.
select pg_advisory_xact_lock(hashtextextended($1, 0))

-- name: latest
-- The current version of a calendar, or the one asked for.
select name, version, document::text as document, put_by, put_at from crossdock.calendar
where tenant_id = $1 and name = $2 and ($3::int is null or version = $3)
order by version desc limit 1

-- name: first_of
-- The first of several names that exists, at its current version.
select c.name, c.version, c.document::text as document
from unnest($2::text[]) with ordinality as wanted (name, place)
join crossdock.calendar c on c.tenant_id = $1 and c.name = wanted.name
order by wanted.place, c.version desc limit 1

-- name: put
insert into crossdock.calendar (tenant_id, name, version, document, put_by, put_at) values ($1, $2, $3, $4, $5, $6)

-- name: all
-- Current versions only.
select distinct on (name) name, version, document::text as document, put_by, put_at
from crossdock.calendar where tenant_id = $1 order by name, version desc

-- name: versions
select name, version, document::text as document, put_by, put_at
from crossdock.calendar where tenant_id = $1 and name = $2 order by version desc
