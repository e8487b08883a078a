-- name: history
select seq, at, kind, fact from crossdock.history where tenant_id = $1 and instance_id = $2 order by seq desc limit 1000

-- name: traceparent
select traceparent, output, stage, started_at, updated_at, ended_at from crossdock.instance where tenant_id = $1 and instance_id = $2
