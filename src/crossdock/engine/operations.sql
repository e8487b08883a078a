-- name: status
-- Locked: what is decided on it stays true until the transaction ends.
select status from crossdock.instance where tenant_id = $1 and instance_id = $2 for no key update

-- name: resume
with awake as (
  update crossdock.instance set status = 'running', error = null, updated_at = crossdock.now()
  where tenant_id = $1 and instance_id = $2 and status = 'suspended' returning tenant_id, instance_id)
insert into crossdock.ready (tenant_id, instance_id) select tenant_id, instance_id from awake on conflict do nothing
