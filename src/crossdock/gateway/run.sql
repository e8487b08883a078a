-- name: newest
-- The version that a new run pins, the newest when the caller names none, and the time; no row when there is none.
select version, crossdock.now() as now from crossdock.definition
where tenant_id = $1 and namespace = $2 and name = $3 and ($4::text is null or version = $4)
order by published_at desc, version desc limit 1

-- name: first_input
-- What a run was started with: waiting to be read, or read already and in its history, without its large parts.
select f.body as fact, false as light from crossdock.fact f
where f.tenant_id = $1 and f.instance_id = $2 and f.kind = 'Started'
union all
select h.fact, true from crossdock.history h where h.tenant_id = $1 and h.instance_id = $2 and h.seq = 1
limit 1

-- name: ended
-- Of the runs of one tenant that somebody waits for, those that have ended, with their results.
select i.instance_id, i.version, i.status, i.output, i.error from unnest($2::uuid[]) as c (instance_id)
join crossdock.instance i on i.tenant_id = $1 and i.instance_id = c.instance_id
where i.ended_at is not null

-- name: result
select version, status, output, error from crossdock.instance where tenant_id = $1 and instance_id = $2
