-- Where people work: cases, approvals, holds, incidents, SLA clocks; and the audit trail.
grant create on schema crossdock to crossdock_dispatch;

-- EX-1001, AP-1001, HD-1001, IN-1001: one counter for each kind in each tenant.
create table crossdock.case_number (
  tenant_id text not null references crossdock.tenant,
  prefix text not null,
  last bigint not null,
  primary key (tenant_id, prefix)
);
select crossdock.protect('crossdock.case_number');

-- A business exception ("case" alone is a reserved word). A row with `answers` holds a parked call of a workflow:
-- 'workflow' is answered with the action chosen, 'outcome' settles a call whose effect nobody could tell.
create table crossdock.cases (
  tenant_id text not null references crossdock.tenant,
  case_id uuid not null,
  number text not null,
  kind text not null,
  severity text not null check (severity in ('critical', 'high', 'medium', 'low')),
  title text not null,
  detail text not null default '',
  reason text not null default '',
  order_no text not null default '',
  customer_id text not null default '',
  customer text not null default '',
  money numeric,
  currency text not null default '',
  queue text not null,
  owner text,
  status text not null default 'open' check (status in ('open', 'snoozed', 'closed')),
  snoozed_until timestamptz,
  evidence jsonb not null default '{}',
  data jsonb,
  editable jsonb not null default '[]',
  actions jsonb not null default '[]',
  comments jsonb not null default '[]',
  history jsonb not null default '[]',
  dedupe_key text,
  incident_id uuid,
  instance_id uuid,
  at text,
  answers text check (answers in ('workflow', 'outcome')),
  opened_at timestamptz not null,
  due_at timestamptz,
  closed_at timestamptz,
  resolution text,
  resolved_by text,
  note text,
  primary key (tenant_id, case_id),
  unique (tenant_id, number)
);
create index cases_open on crossdock.cases (tenant_id, status, due_at);
create index cases_order on crossdock.cases (tenant_id, order_no);
create index cases_incident on crossdock.cases (tenant_id, incident_id) where incident_id is not null;
create index cases_parked on crossdock.cases (tenant_id, instance_id, at) where answers is not null;
-- The same trouble of the same order is one case while it is open.
create unique index cases_once on crossdock.cases (tenant_id, order_no, dedupe_key)
  where dedupe_key is not null and status <> 'closed';
select crossdock.protect('crossdock.cases');

-- An approval binds to the hash of exactly what is approved.
create table crossdock.approval (
  tenant_id text not null references crossdock.tenant,
  approval_id uuid not null,
  number text not null,
  kind text not null,
  title text not null,
  order_no text not null default '',
  customer_id text not null default '',
  customer text not null default '',
  amount numeric,
  currency text not null default '',
  role text not null,
  not_by text[] not null default '{}',
  reason text not null default '',
  rule text not null default '',
  data jsonb not null,
  hash text not null,
  status text not null default 'pending' check (status in ('pending', 'approved', 'rejected', 'expired', 'void')),
  requested_at timestamptz not null,
  due_at timestamptz,
  expires_at timestamptz,
  decided_at timestamptz,
  decided_by text,
  note text,
  instance_id uuid,
  at text,
  primary key (tenant_id, approval_id),
  unique (tenant_id, number)
);
create index approval_pending on crossdock.approval (tenant_id, requested_at) where status = 'pending';
create index approval_order on crossdock.approval (tenant_id, order_no);
create index approval_parked on crossdock.approval (tenant_id, instance_id, at) where status = 'pending';
select crossdock.protect('crossdock.approval');

-- Holds stack: an order goes on when the last one that applies to it is gone.
create table crossdock.hold (
  tenant_id text not null references crossdock.tenant,
  hold_id uuid not null,
  number text not null,
  scope text not null check (scope in ('order', 'customer', 'item', 'site')),
  key text not null,
  kind text not null,
  reason text not null,
  evidence jsonb not null default '{}',
  placed_by text not null,
  placed_at timestamptz not null,
  release_role text not null default 'coordinator',
  expires_at timestamptz,
  status text not null default 'active' check (status in ('active', 'released', 'expired')),
  released_by text,
  released_at timestamptz,
  note text,
  primary key (tenant_id, hold_id),
  unique (tenant_id, number)
);
create index hold_active on crossdock.hold (tenant_id, scope, key) where status = 'active';
select crossdock.protect('crossdock.hold');

-- Orders parked on holds: one row for each hold that would stop them, as scope:key.
create table crossdock.hold_wait (
  tenant_id text not null references crossdock.tenant,
  word text not null,
  instance_id uuid not null,
  at text not null,
  order_no text not null,
  since timestamptz not null,
  primary key (tenant_id, word, instance_id, at)
);
create index hold_wait_instance on crossdock.hold_wait (tenant_id, instance_id, at);
select crossdock.protect('crossdock.hold_wait');

-- An outage of one system is one incident, which owns the orders that wait for it.
create table crossdock.incident (
  tenant_id text not null references crossdock.tenant,
  incident_id uuid not null,
  number text not null,
  system text not null,
  state text not null default 'open' check (state in ('open', 'resolved')),
  detail text not null default '',
  opened_at timestamptz not null,
  told_at timestamptz,
  resolved_at timestamptz,
  primary key (tenant_id, incident_id),
  unique (tenant_id, number)
);
create unique index incident_one on crossdock.incident (tenant_id, system) where state = 'open';
select crossdock.protect('crossdock.incident');
create table crossdock.incident_order (
  tenant_id text not null references crossdock.tenant,
  incident_id uuid not null,
  order_no text not null,
  since timestamptz not null,
  primary key (tenant_id, incident_id, order_no)
);
create index incident_order_no on crossdock.incident_order (tenant_id, order_no);
select crossdock.protect('crossdock.incident_order');

-- A promise under way. It never interrupts the process: it warns, and on breach a case opens beside it.
create table crossdock.sla_clock (
  tenant_id text not null references crossdock.tenant,
  order_no text not null,
  key text not null,
  instance_id uuid,
  started_at timestamptz not null,
  warn_at timestamptz,
  due_at timestamptz not null,
  on_breach jsonb not null default '{}',
  status text not null default 'running' check (status in ('running', 'warned', 'breached', 'stopped')),
  stopped_at timestamptz,
  case_id uuid,
  primary key (tenant_id, order_no, key)
);
create index sla_clock_due on crossdock.sla_clock (tenant_id, due_at) where status in ('running', 'warned');
create index sla_clock_warn on crossdock.sla_clock (tenant_id, warn_at) where status = 'running';
create index sla_clock_instance on crossdock.sla_clock (tenant_id, instance_id) where status in ('running', 'warned');
select crossdock.protect('crossdock.sla_clock');

-- Written in the transaction it describes; chained afterwards, in the order in which the sealer saw the rows, because
-- a row with a smaller seq may commit later than one with a larger.
create table crossdock.audit (
  tenant_id text not null references crossdock.tenant,
  seq bigint generated always as identity,
  at timestamptz not null default crossdock.now(),
  actor text not null,
  action text not null,
  object_id text not null,
  detail jsonb not null default '{}',
  link bigint,
  hash text,
  primary key (tenant_id, seq)
);
create index audit_unsealed on crossdock.audit (tenant_id, seq) where link is null;
create unique index audit_link on crossdock.audit (tenant_id, link) where link is not null;
create index audit_object on crossdock.audit (tenant_id, object_id, seq);
select crossdock.protect('crossdock.audit');
-- What was recorded is never changed or taken away; only the seal is added.
revoke update, delete on crossdock.audit from crossdock_app;
grant update (link, hash) on crossdock.audit to crossdock_app;

-- ── what looks across tenants returns ids and times only ────────────────────────────────────────────────────────
do $$ declare t text; begin
  foreach t in array array['cases', 'approval', 'hold', 'incident', 'sla_clock', 'audit'] loop
    execute format('create policy dispatch on crossdock.%I for select to crossdock_dispatch using (true)', t);
    execute format('grant select on crossdock.%I to crossdock_dispatch', t);
  end loop;
end $$;

-- When something of people's work is next due, by tenant: breaches, warnings, snoozes, expiries, untold incidents.
create function crossdock.work_due() returns table (tenant_id text, due_at timestamptz)
language sql stable security definer set search_path = crossdock as $$
  select x.t, d.at from (select tenant_ids() as t) x, lateral (
    select least(
      (select min(c.due_at) from sla_clock c where c.tenant_id = x.t and c.status in ('running', 'warned')),
      (select min(c.warn_at) from sla_clock c where c.tenant_id = x.t and c.status = 'running'),
      (select min(c.snoozed_until) from cases c where c.tenant_id = x.t and c.status = 'snoozed'),
      (select min(a.expires_at) from approval a where a.tenant_id = x.t and a.status = 'pending'),
      (select min(h.expires_at) from hold h where h.tenant_id = x.t and h.status = 'active'),
      (select min(i.opened_at) + interval '15 minutes' from incident i
       where i.tenant_id = x.t and i.state = 'open' and i.told_at is null)) as at) d
  where d.at is not null
$$;
alter function crossdock.work_due() owner to crossdock_dispatch;

create function crossdock.unsealed_tenants() returns setof text
language sql stable security definer set search_path = crossdock as $$
  select x.t from (select tenant_ids() as t) x
  where exists (select from audit a where a.tenant_id = x.t and a.link is null)
$$;
alter function crossdock.unsealed_tenants() owner to crossdock_dispatch;

revoke create on schema crossdock from crossdock_dispatch;
