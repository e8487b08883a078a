-- Operations on instances: beginning another life of one that ended with an error, and durable bulk jobs.
grant create on schema crossdock to crossdock_dispatch;

-- Delivers an operator's fact, also to an instance that ended with an error: that life is over, and another begins.
-- Instance row first, then its mailbox, as in deliver().
create function crossdock.reopen(t text, i uuid, k text, b json) returns boolean
language plpgsql volatile as $$
declare holder uuid;
begin
  -- suspended, so that the operator's word is read before anything else that waits
  update crossdock.instance set ended_at = null, status = 'suspended', error = null, output = null
  where tenant_id = t and instance_id = i and status in ('faulted', 'suspended');
  if not found then return false; end if;
  insert into crossdock.fact (tenant_id, instance_id, kind, body) values (t, i, k, b);
  select worker_id into holder from crossdock.lease where tenant_id = t and instance_id = i;
  if holder is null then
    insert into crossdock.ready (tenant_id, instance_id, priority) values (t, i, 1) on conflict do nothing;
    perform pg_notify('crossdock_ready', '');
  else
    perform pg_notify('crossdock_mail', holder || ' ' || t || ' ' || i);
  end if;
  return true;
end $$;

-- What was previewed, and then perhaps asked for. token: the hash of exactly what was shown; nothing else is done.
create table crossdock.operation_job (
  tenant_id text not null references crossdock.tenant,
  job_id uuid not null,
  kind text not null,
  command json not null,
  selection json not null,
  token text not null,
  status text not null check (status in ('previewed', 'running', 'done', 'cancelled')),
  asked_by text not null,
  previewed_at timestamptz not null default crossdock.now(),
  started_at timestamptz,
  ended_at timestamptz,
  primary key (tenant_id, job_id)
);
create index operation_job_running on crossdock.operation_job (tenant_id, started_at) where status = 'running';
create index operation_job_newest on crossdock.operation_job (tenant_id, previewed_at);
select crossdock.protect('crossdock.operation_job');

-- One instance of a job. mark: the hash of what was shown for it; an instance that no longer has it is skipped.
create table crossdock.operation_item (
  tenant_id text not null,
  job_id uuid not null,
  instance_id uuid not null,
  ordinal int not null,
  mark text not null,
  status text not null check (status in ('refused', 'waiting', 'done', 'skipped', 'failed', 'cancelled')),
  detail text not null default '',
  tries int not null default 0,
  at timestamptz,
  primary key (tenant_id, job_id, instance_id),
  foreign key (tenant_id, job_id) references crossdock.operation_job on delete cascade
);
create index operation_item_waiting on crossdock.operation_item (tenant_id, job_id, tries, ordinal) where status = 'waiting';
select crossdock.protect('crossdock.operation_item');

create index cases_technical on crossdock.cases (tenant_id, instance_id)
  where kind in ('instance-stuck', 'instance-faulted') and status <> 'closed';

-- Jobs that want a runner, across tenants: ids only.
create policy dispatch on crossdock.operation_job for select to crossdock_dispatch using (true);
grant select on crossdock.operation_job to crossdock_dispatch;
create function crossdock.running_jobs() returns table (tenant_id text, job_id uuid)
language sql stable security definer set search_path = crossdock as $$
  select j.tenant_id, j.job_id from (select tenant_id as t from tenant_ids() as tenant_id) x
  join operation_job j on j.tenant_id = x.t and j.status = 'running'
  order by j.started_at
$$;
alter function crossdock.running_jobs() owner to crossdock_dispatch;

revoke create on schema crossdock from crossdock_dispatch;
