-- Alert rules of tenants, and whom they tell: channels, and messages that wait to be told or were.

alter table crossdock.alert add column severity text not null default 'warning' check (severity in ('warning', 'critical'));

-- since: when what it watches began to be wrong, while it is.
create table crossdock.alert_rule (
  tenant_id text not null references crossdock.tenant,
  name text not null,
  document json not null,
  since timestamptz,
  put_by text not null,
  put_at timestamptz not null,
  primary key (tenant_id, name)
);
select crossdock.protect('crossdock.alert_rule');

create table crossdock.alert_channel (
  tenant_id text not null references crossdock.tenant,
  name text not null,
  document json not null,
  put_by text not null,
  put_at timestamptz not null,
  primary key (tenant_id, name)
);
select crossdock.protect('crossdock.alert_channel');

-- What is to be told on a channel. Messages that are told together share a batch, whose identifier the receiver gets,
-- so that one told twice is known for the same.
create table crossdock.alert_message (
  tenant_id text not null,
  message_id bigint generated always as identity,
  channel text not null,
  alert_id uuid not null,
  what text not null check (what in ('fired', 'resolved')),
  queued_at timestamptz not null,
  due_at timestamptz not null,
  batch uuid,
  attempts int not null default 0,
  state text not null default 'waiting' check (state in ('waiting', 'told', 'failed', 'needless')),
  told_at timestamptz,
  error text not null default '',
  foreign key (tenant_id, channel) references crossdock.alert_channel on delete cascade,
  foreign key (tenant_id, alert_id) references crossdock.alert,
  primary key (tenant_id, message_id)
);
create index alert_message_waiting on crossdock.alert_message (tenant_id, channel, due_at) where state = 'waiting';
create index alert_message_of on crossdock.alert_message (tenant_id, alert_id);
select crossdock.protect('crossdock.alert_message');

-- Which tenants have something to tell by now; nothing else leaves.
grant create on schema crossdock to crossdock_dispatch;
create policy dispatch on crossdock.alert_message for select to crossdock_dispatch using (true);
grant select on crossdock.alert_message to crossdock_dispatch;
create function crossdock.alerts_due(p_now timestamptz) returns setof text
language sql stable security definer set search_path = crossdock, pg_temp as $$
  select distinct m.tenant_id from alert_message m where m.state = 'waiting' and m.due_at <= p_now
$$;
alter function crossdock.alerts_due(timestamptz) owner to crossdock_dispatch;
revoke create on schema crossdock from crossdock_dispatch;
revoke all on function crossdock.alerts_due from public;
grant execute on function crossdock.alerts_due to crossdock_app;
