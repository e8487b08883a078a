-- What catalogue functions keep: business calendars, reference tables, pacing, and who may run programs.
grant create on schema crossdock to crossdock_dispatch;

-- A business calendar as it was put; each change is a version, so that an old promise can be recomputed.
create table crossdock.calendar (
  tenant_id text not null references crossdock.tenant,
  name text not null,
  version int not null,
  document json not null,
  put_by text not null,
  put_at timestamptz not null,
  primary key (tenant_id, name, version)
);
select crossdock.protect('crossdock.calendar');

-- A published edition of a reference table (SKU cross-references, carrier services, …); its rows are never edited.
create table crossdock.reference_table (
  tenant_id text not null references crossdock.tenant,
  name text not null,
  version int not null,
  effective_from timestamptz not null,
  columns json not null,
  keys json not null,
  row_count int not null,
  hash text not null,
  put_by text not null,
  put_at timestamptz not null,
  primary key (tenant_id, name, version)
);
create index reference_table_effective on crossdock.reference_table (tenant_id, name, effective_from, version);
select crossdock.protect('crossdock.reference_table');
create table crossdock.reference_row (
  tenant_id text not null references crossdock.tenant,
  name text not null,
  version int not null,
  key text not null,
  body json not null,
  primary key (tenant_id, name, version, key)
);
select crossdock.protect('crossdock.reference_row');
revoke update on crossdock.calendar, crossdock.reference_table, crossdock.reference_row from crossdock_app;

-- Pacing: when the next slot of a key is free if nobody waits (the theoretical arrival time of its next asker).
create table crossdock.pace (
  tenant_id text not null references crossdock.tenant,
  key text not null,
  free_at timestamptz not null,
  primary key (tenant_id, key)
) with (fillfactor = 50);
select crossdock.protect('crossdock.pace');
-- Who waits for a slot that has been given to it.
create table crossdock.pace_wait (
  tenant_id text not null references crossdock.tenant,
  instance_id uuid not null,
  at text not null,
  key text not null,
  asked_at timestamptz not null,
  slot_at timestamptz not null,
  primary key (tenant_id, instance_id, at)
);
create index pace_wait_slot on crossdock.pace_wait (tenant_id, slot_at);
select crossdock.protect('crossdock.pace_wait');

-- Cedar policies by which a tenant lets its workflows run scripts and shells; nothing is allowed without one.
create table crossdock.run_policy (
  tenant_id text not null references crossdock.tenant,
  version int not null,
  body text not null,
  put_by text not null,
  put_at timestamptz not null,
  primary key (tenant_id, version)
);
select crossdock.protect('crossdock.run_policy');
revoke update on crossdock.run_policy from crossdock_app;

-- A clock that stands still keeps what was left of it, in the business time of the calendar it was started on.
alter table crossdock.sla_clock
  add column calendar text,
  add column calendar_version int,
  add column pause_on_hold boolean not null default false,
  add column paused_at timestamptz,
  add column paused_for text[] not null default '{}',
  add column left_to_warn interval,
  add column left_to_due interval,
  add column warned boolean not null default false,
  drop constraint sla_clock_status_check,
  add constraint sla_clock_status_check check (status in ('running', 'warned', 'breached', 'paused', 'stopped'));
create index sla_clock_paused on crossdock.sla_clock (tenant_id, order_no) where pause_on_hold;
create index hold_wait_order on crossdock.hold_wait (tenant_id, order_no);

-- A case may hold a look-up that found nothing.
alter table crossdock.cases
  drop constraint cases_answers_check,
  add constraint cases_answers_check check (answers in ('workflow', 'outcome', 'lookup'));

-- A process that has ended promises nothing any more, however it ended.
create function crossdock.stop_clocks() returns trigger language plpgsql set search_path = crossdock as $$
begin
  update sla_clock set status = 'stopped', stopped_at = new.ended_at
  where tenant_id = new.tenant_id and instance_id = new.instance_id and status in ('running', 'warned', 'paused');
  return null;
end $$;
drop index crossdock.sla_clock_instance;
create index sla_clock_instance on crossdock.sla_clock (tenant_id, instance_id)
  where status in ('running', 'warned', 'paused');
create trigger stop_clocks after update of ended_at on crossdock.instance
  for each row when (old.ended_at is null and new.ended_at is not null) execute function crossdock.stop_clocks();

create policy dispatch on crossdock.pace_wait for select to crossdock_dispatch using (true);
grant select on crossdock.pace_wait to crossdock_dispatch;

-- When something of people's work is next due, by tenant; now slots of paced calls too.
create or replace function crossdock.work_due() returns table (tenant_id text, due_at timestamptz)
language sql stable security definer set search_path = crossdock as $$
  select x.t, d.at from (select tenant_ids() as t) x, lateral (
    select least(
      (select min(c.due_at) from sla_clock c where c.tenant_id = x.t and c.status in ('running', 'warned')),
      (select min(c.warn_at) from sla_clock c where c.tenant_id = x.t and c.status = 'running'),
      (select min(c.snoozed_until) from cases c where c.tenant_id = x.t and c.status = 'snoozed'),
      (select min(a.expires_at) from approval a where a.tenant_id = x.t and a.status = 'pending'),
      (select min(h.expires_at) from hold h where h.tenant_id = x.t and h.status = 'active'),
      (select min(w.slot_at) from pace_wait w where w.tenant_id = x.t),
      (select min(i.opened_at) + interval '15 minutes' from incident i
       where i.tenant_id = x.t and i.state = 'open' and i.told_at is null)) as at) d
  where d.at is not null
$$;

revoke create on schema crossdock from crossdock_dispatch;
