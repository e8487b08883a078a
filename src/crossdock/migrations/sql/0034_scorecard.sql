-- The scorecard: targets of a tenant's own, reports that are sent by mail, and what the value of all this is held against.

create table crossdock.kpi_target (
  tenant_id text not null references crossdock.tenant,
  key text not null,
  value numeric,                  -- null: no target, also where the figure comes with one
  put_by text not null,
  put_at timestamptz not null,
  primary key (tenant_id, key)
);
select crossdock.protect('crossdock.kpi_target');

-- next_at: when it is sent next. A report that cannot be sent is tried again at retry_at and says why.
create table crossdock.report (
  tenant_id text not null references crossdock.tenant,
  name text not null,
  document json not null,
  put_by text not null,
  put_at timestamptz not null,
  next_at timestamptz not null,
  retry_at timestamptz,
  attempts int not null default 0,
  sent_at timestamptz,
  error text not null default '',
  primary key (tenant_id, name)
);
select crossdock.protect('crossdock.report');

-- What things were like before (baseline) and what they cost (assumptions). Never changed: a new one takes its place.
create table crossdock.value_basis (
  tenant_id text not null references crossdock.tenant,
  what text not null check (what in ('baseline', 'assumptions')),
  version int not null,
  body json not null,
  put_by text not null,
  put_at timestamptz not null,
  primary key (tenant_id, what, version)
);
select crossdock.protect('crossdock.value_basis');

-- Which tenants have a report to send by now; nothing else leaves.
grant create on schema crossdock to crossdock_dispatch;
create policy dispatch on crossdock.report for select to crossdock_dispatch using (true);
grant select on crossdock.report to crossdock_dispatch;
create function crossdock.reports_due(p_now timestamptz) returns setof text
language sql stable security definer set search_path = crossdock, pg_temp as $$
  select distinct r.tenant_id from report r where coalesce(r.retry_at, r.next_at) <= p_now
$$;
alter function crossdock.reports_due(timestamptz) owner to crossdock_dispatch;
revoke create on schema crossdock from crossdock_dispatch;
revoke all on function crossdock.reports_due from public;
grant execute on function crossdock.reports_due to crossdock_app;

create index order_view_released on crossdock.order_view (tenant_id, released_at) where released_at is not null;
create index order_view_invoiced on crossdock.order_view (tenant_id, invoiced_at) where invoiced_at is not null;
create index order_view_ended on crossdock.order_view (tenant_id, ended_at) where ended_at is not null;
create index cases_closed on crossdock.cases (tenant_id, closed_at) where closed_at is not null;
create index audit_at on crossdock.audit (tenant_id, at);
create index sla_clock_due_any on crossdock.sla_clock (tenant_id, due_at);
