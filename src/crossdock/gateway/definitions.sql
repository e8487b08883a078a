-- name: all
-- Newest version first in each name, with how many instances run on it.
select d.namespace, d.name, d.version, d.published_at, d.source,
  (select count(*) from crossdock.instance i where i.tenant_id = d.tenant_id and i.namespace = d.namespace
    and i.name = d.name and i.version = d.version and i.ended_at is null) as running
from crossdock.definition d where d.tenant_id = $1 order by d.namespace, d.name, d.published_at desc, d.version desc

-- name: one
select namespace, name, version, published_at, source from crossdock.definition
where tenant_id = $1 and name = $2 and version = $3 and ($4::text is null or namespace = $4)
order by published_at desc limit 1
