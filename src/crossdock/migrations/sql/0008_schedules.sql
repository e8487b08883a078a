-- Definitions that time starts (schedule.every, cron, after), and what an event must look like to start one.
grant create on schema crossdock to crossdock_dispatch;

-- The newest published version of each name that has such a schedule; none for the others.
create table crossdock.schedule (
  tenant_id text not null references crossdock.tenant,
  namespace text not null,
  name text not null,
  version text not null,
  kind text not null check (kind in ('every', 'cron', 'after')),
  rule text not null,  -- the cron expression, or the span in seconds
  time_zone text not null default 'UTC',
  misfire text not null default 'once' check (misfire in ('once', 'skip', 'all')),
  due_at timestamptz,  -- null: `after` waits for the end of `running`, or the schedule never comes again
  last_at timestamptz,
  running uuid,
  foreign key (tenant_id, namespace, name, version) references crossdock.definition,
  primary key (tenant_id, namespace, name)
);
create index schedule_due on crossdock.schedule (tenant_id, due_at);
select crossdock.protect('crossdock.schedule');
create policy dispatch on crossdock.schedule for select to crossdock_dispatch using (true);
grant select on crossdock.schedule to crossdock_dispatch;

-- Tenants in which a schedule is due, or waits for its instance to end. Ids, no contents.
create function crossdock.scheduled_tenants() returns setof text
language sql stable security definer set search_path = crossdock as $$
  select x.t from (select tenant_id as t from tenant_ids() as tenant_id) x
  where exists (select from schedule s where s.tenant_id = x.t and s.due_at <= crossdock.now())
     or exists (select from schedule s where s.tenant_id = x.t and s.due_at is null and s.running is not null)
$$;
alter function crossdock.scheduled_tenants() owner to crossdock_dispatch;

-- As before, and the next scheduled start.
create or replace function crossdock.next_due() returns timestamptz
language sql stable security definer set search_path = crossdock as $$
  select least((select min(d.due_at) from (select tenant_id as t from tenant_ids() as tenant_id) x,
                  lateral (select m.due_at from timer m where m.tenant_id = x.t order by m.due_at limit 1) d),
               (select min(d.due_at) from (select tenant_id as t from tenant_ids() as tenant_id) x,
                  lateral (select s.due_at from schedule s where s.tenant_id = x.t order by s.due_at limit 1) d),
               (select min(next_try_at) from outage))
$$;

-- What of an event `schedule.on` asks for beside its type, and how the instance reads it. Null: written before this
-- column was; only the type counts, and whole events are read.
alter table crossdock.trigger_on add column wanted json;

revoke create on schema crossdock from crossdock_dispatch;
