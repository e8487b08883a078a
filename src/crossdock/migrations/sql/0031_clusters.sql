-- What cases come from, so that those of one cause are found together; inbound documents that wait for a person become
-- cases; and fixes of many cases at once.

alter table crossdock.cases add column cause_key text;  -- null: not told yet
alter table crossdock.cases add column cause json;
-- All that a list of clusters sums up, without a look at the rows.
create index cases_cause on crossdock.cases (tenant_id, cause_key)
  include (currency, money, due_at, opened_at, owner, kind, queue) where status <> 'closed' and cause_key is not null;
create index cases_cause_opened on crossdock.cases (tenant_id, cause_key, opened_at) where cause_key is not null;
create index cases_untold on crossdock.cases (tenant_id, opened_at) where status <> 'closed' and cause_key is null;

-- Inbound documents that became held or rejected, or ceased to be: somebody opens or closes their cases.
create table crossdock.document_trouble (
  tenant_id text not null,
  document_id uuid not null,
  primary key (tenant_id, document_id)
);
select crossdock.protect('crossdock.document_trouble');

create function crossdock.note_document_trouble() returns trigger
language plpgsql set search_path = crossdock, pg_temp as $$
declare d record;
begin
  d := coalesce(new, old);
  insert into crossdock.document_trouble (tenant_id, document_id) values (d.tenant_id, d.document_id) on conflict do nothing;
  return null;
end $$;
create trigger trouble_came after insert on crossdock.document for each row
  when (new.direction = 'in' and not new.test and new.status in ('held', 'rejected'))
  execute function crossdock.note_document_trouble();
create trigger trouble_changed after update of status on crossdock.document for each row
  when (old.direction = 'in' and not old.test and old.status is distinct from new.status)
  execute function crossdock.note_document_trouble();
create trigger trouble_went after delete on crossdock.document for each row
  when (old.direction = 'in' and not old.test and old.status in ('held', 'rejected'))
  execute function crossdock.note_document_trouble();

insert into crossdock.document_trouble (tenant_id, document_id)
select tenant_id, document_id from crossdock.document where direction = 'in' and not test and status in ('held', 'rejected');

-- ── what looks across tenants returns ids only ──────────────────────────────────────────────────────────────────
grant create on schema crossdock to crossdock_dispatch;
create policy dispatch on crossdock.document_trouble for select to crossdock_dispatch using (true);
grant select on crossdock.document_trouble to crossdock_dispatch;

-- Tenants with documents or cases that nobody has looked at for clusters yet.
create function crossdock.clusters_due() returns setof text
language sql stable security definer set search_path = crossdock, pg_temp as $$
  select x.t from (select tenant_ids() as t) x
  where exists (select from document_trouble d where d.tenant_id = x.t)
     or exists (select from cases c where c.tenant_id = x.t and c.status <> 'closed' and c.cause_key is null)
$$;
alter function crossdock.clusters_due() owner to crossdock_dispatch;
revoke create on schema crossdock from crossdock_dispatch;
revoke all on function crossdock.clusters_due, crossdock.note_document_trouble from public;
grant execute on function crossdock.clusters_due to crossdock_app;

-- ── fixes of many cases ─────────────────────────────────────────────────────────────────────────────────────────

-- What was previewed, and then perhaps asked for. token: the hash of exactly what was shown; nothing else is done.
-- made: what takes back what it changed once for all (a cross-reference, a map, a table); null: not made yet.
create table crossdock.fix (
  tenant_id text not null references crossdock.tenant,
  fix_id uuid not null,
  kind text not null,
  fix json not null,
  cause_key text not null,
  title text not null,
  reason text not null,
  token text not null,
  radius json not null,
  stop_after int not null check (stop_after > 0),
  status text not null
    check (status in ('previewed', 'asked', 'running', 'stopped', 'done', 'cancelled', 'undoing', 'undone')),
  detail text not null default '',
  made json,
  asked_by text not null,
  approval_id uuid,
  previewed_at timestamptz not null,
  started_at timestamptz,
  ended_at timestamptz,
  undone_by text,
  primary key (tenant_id, fix_id)
);
create index fix_open on crossdock.fix (tenant_id, previewed_at) where status in ('asked', 'running', 'undoing');
create index fix_newest on crossdock.fix (tenant_id, previewed_at);
select crossdock.protect('crossdock.fix');

-- One case of a fix. mark: the hash of the case as it was shown; one that is another by now is skipped.
create table crossdock.fix_item (
  tenant_id text not null,
  fix_id uuid not null,
  case_id uuid not null,
  ordinal int not null,
  mark text not null,
  outcome text not null check (outcome in ('solved', 'fails', 'blocked', 'changed')),
  status text not null
    check (status in ('left', 'waiting', 'done', 'skipped', 'failed', 'cancelled', 'undone', 'stands')),
  detail text not null,
  effects json not null,
  at timestamptz,
  primary key (tenant_id, fix_id, case_id),
  foreign key (tenant_id, fix_id) references crossdock.fix on delete cascade
);
create index fix_item_waiting on crossdock.fix_item (tenant_id, fix_id, ordinal) where status = 'waiting';
create index fix_item_case on crossdock.fix_item (tenant_id, case_id);
select crossdock.protect('crossdock.fix_item');

-- A case that was handed over to a system of record waits for that system's event about its order. action: by which
-- it goes on ('': it only comes back).
create table crossdock.case_wait (
  tenant_id text not null,
  case_id uuid not null,
  system text not null,
  type text not null,
  subject text not null,
  action text not null,
  asked_by text not null,
  since timestamptz not null,
  until timestamptz not null,
  came text,                             -- the event's id; what is to be done about it is
  primary key (tenant_id, case_id)
);
create index case_wait_event on crossdock.case_wait (tenant_id, subject, type) where came is null;
create index case_wait_came on crossdock.case_wait (tenant_id) where came is not null;
select crossdock.protect('crossdock.case_wait');

grant create on schema crossdock to crossdock_dispatch;
do $$ declare t text; begin
  foreach t in array array['fix', 'case_wait'] loop
    execute format('create policy dispatch on crossdock.%I for select to crossdock_dispatch using (true)', t);
    execute format('grant select on crossdock.%I to crossdock_dispatch', t);
  end loop;
end $$;
-- Fixes that want a runner (or an answer), and tenants with events that handed-over cases waited for (no fix): ids only.
create function crossdock.fixes_due() returns table (tenant_id text, fix_id uuid)
language sql stable security definer set search_path = crossdock, pg_temp as $$
  select x.t, f.fix_id from (select tenant_ids() as t) x
  join fix f on f.tenant_id = x.t and f.status in ('asked', 'running', 'undoing')
  union all
  select x.t, null from (select tenant_ids() as t) x
  where exists (select from case_wait w where w.tenant_id = x.t and w.came is not null)
$$;
alter function crossdock.fixes_due() owner to crossdock_dispatch;
revoke create on schema crossdock from crossdock_dispatch;
revoke all on function crossdock.fixes_due from public;
grant execute on function crossdock.fixes_due to crossdock_app;
