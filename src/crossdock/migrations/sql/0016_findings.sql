-- What a review found: functions that look across tenants are as narrow as they were meant to be, and an instance that
-- was taken from a dead worker waits with its own priority.
grant create on schema crossdock to crossdock_dispatch;

-- ── functions with rights of their own ──────────────────────────────────────────────────────────────────────────────
-- PostgreSQL lets everybody execute a new function, and looks for tables among temporary ones first unless told to look
-- there last. This makes those with their owner's rights narrow, whichever file they are from: the migrator calls it at
-- its end. Who may execute one that is narrow already stays as it is.
create function crossdock.narrow_functions() returns void language plpgsql set search_path = crossdock, pg_temp as $$
declare f regprocedure; anybodys boolean;
begin
  for f, anybodys in
    select p.oid::regprocedure, exists (
      select from pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) a
      where a.grantee = 0 and a.privilege_type = 'EXECUTE')
    from pg_catalog.pg_proc p where p.pronamespace = 'crossdock'::regnamespace and p.prosecdef
  loop
    execute format('alter function %s set search_path = crossdock, pg_temp', f);
    continue when not anybodys;
    execute format('revoke execute on function %s from public', f);
    execute format('grant execute on function %s to crossdock_app, crossdock_dispatch', f);
  end loop;
end $$;
revoke execute on function crossdock.narrow_functions() from public;
select crossdock.narrow_functions();
-- Asked only by drop_months, whose owner is who migrates.
revoke execute on function crossdock.oldest_needed(timestamptz) from crossdock_app;
do $$ begin execute format('grant execute on function crossdock.oldest_needed(timestamptz) to %I', current_user); end $$;

-- ── leases of the dead ──────────────────────────────────────────────────────────────────────────────────────────────
grant select (instance_id, priority) on crossdock.instance to crossdock_dispatch;

-- As before, and each instance is ready with its own priority: a crash makes nothing urgent.
create or replace function crossdock.bury_dead() returns int
language plpgsql volatile security definer set search_path = crossdock, pg_temp as $$
declare dead uuid; moved int := 0; n int;
begin
  for dead in select w.worker_id from worker w where w.lease_until < clock_timestamp() for update skip locked loop
    with freed as (delete from lease l where l.worker_id = dead returning l.tenant_id, l.instance_id)
    insert into ready (tenant_id, instance_id, priority)
    select f.tenant_id, f.instance_id, coalesce(i.priority, 5)
    from freed f left join instance i on i.tenant_id = f.tenant_id and i.instance_id = f.instance_id
    on conflict do nothing;
    get diagnostics n = row_count;
    moved := moved + n;
    delete from worker w where w.worker_id = dead;
  end loop;
  return moved;
end $$;

-- ── retention ───────────────────────────────────────────────────────────────────────────────────────────────────────
-- Calls of instances that ended, whose outcome nobody ever learnt.
create index call_open on crossdock.call (tenant_id, instance_id) where state not in ('done', 'failed');

-- ── dead letters ────────────────────────────────────────────────────────────────────────────────────────────────────
-- Whether it was the listeners that could not take it. Handed on again, it goes to those who have not had it: a listener
-- that heard it would hear it twice, while projections count each event once by themselves.
alter table crossdock.dead_letter add listeners boolean not null default true;

revoke create on schema crossdock from crossdock_dispatch;
