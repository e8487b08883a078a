-- Work on cases: teams, rules that place and rank them, links and merges, shifts, files, mail, who is there.

-- A team of people. calendar: the hours in which its clocks run. last_given: whom a rule gave the last case by turns.
create table crossdock.case_team (
  tenant_id text not null references crossdock.tenant,
  team text not null,
  title text not null default '',
  calendar text not null default '',
  last_given text not null default '',
  put_by text not null,
  put_at timestamptz not null,
  primary key (tenant_id, team)
);
select crossdock.protect('crossdock.case_team');
create table crossdock.case_team_member (
  tenant_id text not null,
  team text not null,
  user_name text not null,
  away_until timestamptz,
  primary key (tenant_id, team, user_name),
  foreign key (tenant_id, team) references crossdock.case_team on delete cascade
);
create index case_team_member_user on crossdock.case_team_member (tenant_id, user_name);
select crossdock.protect('crossdock.case_team_member');

-- A tenant's own decision tables about cases, by version; without one the shipped table decides.
create table crossdock.case_rules (
  tenant_id text not null references crossdock.tenant,
  name text not null,
  version int not null,
  document text not null,
  put_by text not null,
  put_at timestamptz not null,
  primary key (tenant_id, name, version)
);
select crossdock.protect('crossdock.case_rules');

-- priority_why, placed_by, clocked_by: the rules that hit, as they were shown. cause: what the case is about, in one
-- word, so that the cause's end closes it. merged_into: the survivor of a merge.
alter table crossdock.cases
  add column team text not null default '',
  add column tier text not null default '',
  add column promised_on date,
  add column site text not null default '',
  add column partner text not null default '',
  add column priority int not null default 0,
  add column priority_why jsonb not null default '[]',
  add column scored_at timestamptz,
  add column placed_by jsonb,
  add column calendar text,
  add column calendar_version int,
  add column clocked_by jsonb,
  add column overdue_at timestamptz,
  add column merged_into uuid,
  add column reopened int not null default 0,
  add column clearing text;
update crossdock.cases set team = queue;
create index cases_rank on crossdock.cases (tenant_id, priority desc, case_id) where status <> 'closed';
create index cases_owner on crossdock.cases (tenant_id, owner) where status <> 'closed';
create index cases_stale on crossdock.cases (tenant_id, scored_at) where status <> 'closed';
create index cases_merged on crossdock.cases (tenant_id, merged_into) where merged_into is not null;

-- Two cases that belong together; the smaller id first, so that a pair is linked once.
create table crossdock.case_link (
  tenant_id text not null references crossdock.tenant,
  case_id uuid not null,
  other_id uuid not null check (case_id < other_id),
  note text not null default '',
  linked_by text not null,
  linked_at timestamptz not null,
  primary key (tenant_id, case_id, other_id),
  foreign key (tenant_id, case_id) references crossdock.cases,
  foreign key (tenant_id, other_id) references crossdock.cases
);
create index case_link_other on crossdock.case_link (tenant_id, other_id);
select crossdock.protect('crossdock.case_link');

-- Who looks at a case or edits it, until when; whoever is still there says so again before that.
create table crossdock.case_presence (
  tenant_id text not null references crossdock.tenant,
  case_id uuid not null,
  user_name text not null,
  doing text not null check (doing in ('looks', 'edits')),
  until timestamptz not null,
  primary key (tenant_id, case_id, user_name)
);
select crossdock.protect('crossdock.case_presence');

-- The end of a shift: open cases that one person gave to another, or to a team, with a word about them.
create table crossdock.case_handover (
  tenant_id text not null references crossdock.tenant,
  handover_id uuid not null,
  number text not null,
  given_by text not null,
  to_owner text,
  to_team text not null default '',
  note text not null default '',
  given_at timestamptz not null,
  seen_by text,
  seen_at timestamptz,
  primary key (tenant_id, handover_id)
);
create index case_handover_recent on crossdock.case_handover (tenant_id, given_at desc, handover_id);
select crossdock.protect('crossdock.case_handover');
create table crossdock.case_handover_item (
  tenant_id text not null,
  handover_id uuid not null,
  case_id uuid not null,
  note text not null default '',
  primary key (tenant_id, handover_id, case_id),
  foreign key (tenant_id, handover_id) references crossdock.case_handover,
  foreign key (tenant_id, case_id) references crossdock.cases
);
select crossdock.protect('crossdock.case_handover_item');

-- Mail about a case, both ways. ref: the Message-ID, without its brackets; an incoming one is stored once.
create table crossdock.case_message (
  tenant_id text not null references crossdock.tenant,
  message_id uuid not null,
  case_id uuid not null,
  direction text not null check (direction in ('in', 'out')),
  ref text not null,
  answers_ref text not null default '',
  sender text not null,
  recipients text[] not null,
  subject text not null,
  body text not null,
  state text not null check (state in ('waiting', 'sent', 'failed', 'received')),
  by text not null,
  at timestamptz not null,
  due_at timestamptz,
  attempts int not null default 0,
  error text not null default '',
  primary key (tenant_id, message_id),
  unique (tenant_id, ref),
  foreign key (tenant_id, case_id) references crossdock.cases
);
create index case_message_of on crossdock.case_message (tenant_id, case_id, at);
create index case_message_waiting on crossdock.case_message (tenant_id, due_at) where state = 'waiting';
select crossdock.protect('crossdock.case_message');

-- What lies beside a case; the bytes are kept once for each content (table raw).
create table crossdock.case_file (
  tenant_id text not null references crossdock.tenant,
  file_id uuid not null,
  case_id uuid not null,
  message_id uuid,
  name text not null,
  media_type text not null,
  size_bytes int not null,
  sha256 bytea not null,
  added_by text not null,
  added_at timestamptz not null,
  removed_at timestamptz,
  primary key (tenant_id, file_id),
  foreign key (tenant_id, case_id) references crossdock.cases,
  foreign key (tenant_id, sha256) references crossdock.raw
);
create index case_file_of on crossdock.case_file (tenant_id, case_id, added_at);
select crossdock.protect('crossdock.case_file');

-- From which address a tenant writes about cases, and where answers come in; the key signs the addresses that they go to.
create table crossdock.case_mail (
  tenant_id text not null references crossdock.tenant,
  address text not null,
  name text not null default '',
  key bytea not null,
  put_by text not null,
  put_at timestamptz not null,
  primary key (tenant_id)
);
select crossdock.protect('crossdock.case_mail');

create table crossdock.case_template (
  tenant_id text not null references crossdock.tenant,
  name text not null,
  title text not null,
  subject text not null,
  body text not null,
  put_by text not null,
  put_at timestamptz not null,
  primary key (tenant_id, name)
);
select crossdock.protect('crossdock.case_template');

-- Which tenants have mail about cases to send by now; nothing else leaves.
grant create on schema crossdock to crossdock_dispatch;
create policy dispatch on crossdock.case_message for select to crossdock_dispatch using (true);
grant select on crossdock.case_message to crossdock_dispatch;
create function crossdock.case_mail_due(p_now timestamptz) returns setof text
language sql stable security definer set search_path = crossdock, pg_temp as $$
  select distinct m.tenant_id from case_message m where m.state = 'waiting' and m.due_at <= p_now
$$;
alter function crossdock.case_mail_due(timestamptz) owner to crossdock_dispatch;

-- Which tenants have open cases whose rank was worked out before a time.
create function crossdock.cases_stale(p_before timestamptz) returns setof text
language sql stable security definer set search_path = crossdock, pg_temp as $$
  select x.t from (select tenant_ids() as t) x
  where exists (select from cases c where c.tenant_id = x.t and c.status <> 'closed'
                and (c.scored_at is null or c.scored_at <= p_before))
$$;
alter function crossdock.cases_stale(timestamptz) owner to crossdock_dispatch;
revoke create on schema crossdock from crossdock_dispatch;
revoke all on function crossdock.case_mail_due, crossdock.cases_stale from public;
grant execute on function crossdock.case_mail_due, crossdock.cases_stale to crossdock_app;
