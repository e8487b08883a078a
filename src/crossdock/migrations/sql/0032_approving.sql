-- Approvals by several people, people who stand in for others, links in mail; holds of partners, and with a limit.

-- steps: [{role, people, need}]. votes: [{voter, right, step, outcome, hash, note, way, at}], appended under the row's
-- lock. task: where in its definition it is asked, without the run's number. changed: why it is asked again.
alter table crossdock.approval
  add column steps jsonb not null default '[]',
  add column step_order text not null default 'sequence' check (step_order in ('sequence', 'parallel')),
  add column votes jsonb not null default '[]',
  add column task text not null default '',
  add column table_version text not null default '',
  add column tolerance numeric not null default 0,
  add column stands_until timestamptz,
  add column again_of text,
  add column changed jsonb not null default '[]',
  add column mail text not null default 'off' check (mail in ('off', 'sign-in', 'link')),
  add column remind_at timestamptz,
  add column reminded_at timestamptz,
  add column escalate_at timestamptz,
  add column escalated_at timestamptz,
  add column escalate_to text not null default '';
create index approval_by_due on crossdock.approval (tenant_id, (coalesce(due_at, '9999-01-01 00:00+00')), approval_id)
  where status = 'pending';
create index approval_remind on crossdock.approval (tenant_id, remind_at) where status = 'pending' and reminded_at is null;
create index approval_escalate on crossdock.approval (tenant_id, escalate_at)
  where status = 'pending' and escalated_at is null;
create index approval_same on crossdock.approval (tenant_id, order_no, kind, task, requested_at desc);

-- A tenant's own table of who must approve what; without one, the shipped table `approvals` decides.
create table crossdock.approval_table (
  tenant_id text not null references crossdock.tenant,
  version int not null,
  document text not null,
  note text not null default '',
  put_by text not null,
  put_at timestamptz not null,
  primary key (tenant_id, version)
);
select crossdock.protect('crossdock.approval_table');

-- giver names taker from … until. limit_amount: no more than that. kinds: none: every kind.
create table crossdock.approval_delegation (
  tenant_id text not null references crossdock.tenant,
  delegation_id uuid not null,
  giver text not null,
  taker text not null check (taker <> giver),
  from_at timestamptz not null,
  until_at timestamptz not null check (until_at > from_at),
  limit_amount numeric,
  kinds text[] not null default '{}',
  reason text not null default '',
  made_by text not null,
  made_at timestamptz not null,
  ended_at timestamptz,
  ended_by text,
  primary key (tenant_id, delegation_id)
);
create index approval_delegation_taker on crossdock.approval_delegation (tenant_id, taker, until_at) where ended_at is null;
create index approval_delegation_giver on crossdock.approval_delegation (tenant_id, giver, until_at) where ended_at is null;
select crossdock.protect('crossdock.approval_delegation');

-- Where a person is written to about approvals.
create table crossdock.approval_address (
  tenant_id text not null references crossdock.tenant,
  user_name text not null,
  email text not null,
  wanted boolean not null default true,
  put_by text not null,
  put_at timestamptz not null,
  primary key (tenant_id, user_name)
);
select crossdock.protect('crossdock.approval_address');

-- Mail that waits to leave or has left. Its link is made when it leaves, so that no copy of it lies here.
create table crossdock.approval_mail (
  tenant_id text not null references crossdock.tenant,
  mail_id uuid not null,
  approval_id uuid not null,
  person text not null,
  what text not null check (what in ('asked', 'reminded', 'escalated')),
  state text not null default 'waiting' check (state in ('waiting', 'sent', 'needless', 'failed')),
  attempts int not null default 0,
  due_at timestamptz not null,
  sent_at timestamptz,
  error text not null default '',
  primary key (tenant_id, mail_id),
  foreign key (tenant_id, approval_id) references crossdock.approval
);
create index approval_mail_due on crossdock.approval_mail (tenant_id, due_at) where state = 'waiting';
create index approval_mail_of on crossdock.approval_mail (tenant_id, approval_id);
select crossdock.protect('crossdock.approval_mail');

-- mac: of every other fact of the link, under a secret that only the mail holds.
create table crossdock.approval_link (
  tenant_id text not null references crossdock.tenant,
  link_id uuid not null,
  approval_id uuid not null,
  person text not null,
  hash text not null,
  sign_in boolean not null,
  expires_at timestamptz not null,
  mac bytea not null,
  made_at timestamptz not null,
  used_at timestamptz,
  used_for text,
  primary key (tenant_id, link_id),
  foreign key (tenant_id, approval_id) references crossdock.approval
);
create index approval_link_of on crossdock.approval_link (tenant_id, approval_id, person);
select crossdock.protect('crossdock.approval_link');

-- Partners are held too; money up to which somebody must be trusted to let it go; who asked for it with what.
alter table crossdock.hold
  drop constraint hold_scope_check,
  add constraint hold_scope_check check (scope in ('order', 'customer', 'item', 'site', 'partner')),
  add column amount numeric,
  add column currency text not null default '';

-- A rule that a later version does not understand any more: it watches nothing, and says so.
alter table crossdock.alert_rule add column error text not null default '';

-- ── what looks across tenants returns ids and times only ────────────────────────────────────────────────────────
grant create on schema crossdock to crossdock_dispatch;
create policy dispatch on crossdock.approval_mail for select to crossdock_dispatch using (true);
grant select on crossdock.approval_mail to crossdock_dispatch;

-- When somebody is next to be reminded, or others asked.
create function crossdock.approvals_due() returns table (tenant_id text, due_at timestamptz)
language sql stable security definer set search_path = crossdock, pg_temp as $$
  select x.t, d.at from (select tenant_ids() as t) x, lateral (
    select least(
      (select min(a.remind_at) from approval a
       where a.tenant_id = x.t and a.status = 'pending' and a.reminded_at is null),
      (select min(a.escalate_at) from approval a
       where a.tenant_id = x.t and a.status = 'pending' and a.escalated_at is null)) as at) d
  where d.at is not null
$$;
alter function crossdock.approvals_due() owner to crossdock_dispatch;
create function crossdock.approval_mail_due(p_now timestamptz) returns setof text
language sql stable security definer set search_path = crossdock, pg_temp as $$
  select distinct m.tenant_id from approval_mail m where m.state = 'waiting' and m.due_at <= p_now
$$;
alter function crossdock.approval_mail_due(timestamptz) owner to crossdock_dispatch;
revoke create on schema crossdock from crossdock_dispatch;
revoke all on function crossdock.approvals_due, crossdock.approval_mail_due from public;
grant execute on function crossdock.approvals_due, crossdock.approval_mail_due to crossdock_app;
