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
