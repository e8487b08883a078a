-- A tenant's own versions of maps, which of them are in force, what each document was read by; what partners call what
-- we call otherwise; and documents that a person corrected.

-- A map in one version. A draft may be written anew; once it was active it never changes (see the trigger).
create table crossdock.map_version (
  tenant_id text not null references crossdock.tenant,
  map_id text not null,
  version integer not null check (version > 0),
  status text not null check (status in ('draft', 'ready', 'discarded')),
  base text not null,                    -- the library's map that it differs from, or empty
  base_digest text not null,             -- of the library's map at that time
  source text not null,                  -- as it was written: YAML
  complete json not null,                -- as it is used: the base and shared tables in it; json keeps the order of codes
  digest text not null,
  note text not null,
  revision integer not null default 1,   -- how often the draft was saved
  saved_by text not null,
  saved_at timestamptz not null,
  primary key (tenant_id, map_id, version)
);
create unique index map_version_draft on crossdock.map_version (tenant_id, map_id) where status = 'draft';
select crossdock.protect('crossdock.map_version');
revoke delete on crossdock.map_version from crossdock_app;

create function crossdock.keep_map_version() returns trigger language plpgsql set search_path = crossdock, pg_temp as $$
begin
  if old.status <> 'draft' then
    raise exception 'version % of the map % is %: it is never changed', old.version, old.map_id, old.status
      using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end $$;
create trigger keep before update on crossdock.map_version
  for each row execute function crossdock.keep_map_version();

-- Which version is in force, for one partner or (the empty one) for all: the last row counts, the others are history.
-- Version 0 is the library's.
create table crossdock.map_activation (
  tenant_id text not null references crossdock.tenant,
  map_id text not null,
  partner_id text not null,
  number integer not null,
  version integer not null,
  note text not null,
  activated_by text not null,
  activated_at timestamptz not null,
  primary key (tenant_id, map_id, partner_id, number)
);
select crossdock.protect('crossdock.map_activation');
revoke update, delete on crossdock.map_activation from crossdock_app;

-- The maps of tables that a tenant had become its first versions.
insert into crossdock.map_version (tenant_id, map_id, version, status, base, base_digest, source, complete, digest, note,
  saved_by, saved_at)
select tenant_id, map_id, 1, 'ready', '', '', map::text, map::json, encode(sha256(convert_to(map::text, 'UTF8')), 'hex'),
  '', 'system', clock_timestamp() from crossdock.table_map;
insert into crossdock.map_activation (tenant_id, map_id, partner_id, number, version, note, activated_by, activated_at)
select tenant_id, map_id, '', 1, 1, '', 'system', clock_timestamp() from crossdock.table_map;

-- What a document was read or written by: {map, version, digest, guide, guide_digest}.
alter table crossdock.document add column read_by json;

-- What a partner ('' is all of them) calls otherwise than we. qualifier: of an item its scheme, of a ship-to the scheme
-- of its number, of a unit nothing. written: of several of theirs with one meaning, the one we write.
create table crossdock.cross_reference (
  tenant_id text not null references crossdock.tenant,
  partner_id text not null,
  kind text not null check (kind in ('sku', 'unit', 'ship_to')),
  qualifier text not null,
  theirs text not null check (theirs <> ''),
  ours text not null check (ours <> ''),
  written boolean not null,
  note text not null,
  entered_by text not null,
  entered_at timestamptz not null,
  primary key (tenant_id, partner_id, kind, qualifier, theirs)
);
create unique index cross_reference_written on crossdock.cross_reference (tenant_id, partner_id, kind, ours)
  where written;
select crossdock.protect('crossdock.cross_reference');

-- An entry that somebody's correction suggests. It changes nothing until a person accepts it.
create table crossdock.cross_reference_proposal (
  tenant_id text not null references crossdock.tenant,
  proposal_id uuid not null,
  partner_id text not null,
  kind text not null check (kind in ('sku', 'unit', 'ship_to')),
  qualifier text not null,
  theirs text not null,
  ours text not null,
  state text not null check (state in ('proposed', 'accepted', 'rejected')),
  evidence json not null,                -- what was corrected, where, by whom: a list, one for each time
  proposed_at timestamptz not null,
  decided_by text,
  decided_at timestamptz,
  primary key (tenant_id, proposal_id)
);
create unique index cross_reference_proposed on crossdock.cross_reference_proposal
  (tenant_id, partner_id, kind, qualifier, theirs, ours) where state = 'proposed';
create index cross_reference_proposal_recent on crossdock.cross_reference_proposal (tenant_id, proposed_at desc);
select crossdock.protect('crossdock.cross_reference_proposal');

-- A document that was corrected stays as it came and is `replaced`; the corrected one points at it.
alter table crossdock.document drop constraint document_status_check;
alter table crossdock.document add constraint document_status_check
  check (status in ('accepted', 'duplicate', 'held', 'rejected', 'sent', 'replaced'));
alter table crossdock.document add column corrects uuid;
create unique index document_corrects on crossdock.document (tenant_id, corrects) where corrects is not null;

create table crossdock.document_edit (
  tenant_id text not null references crossdock.tenant,
  document_id uuid not null,             -- the corrected one
  number integer not null,
  place json not null,                   -- where in the original's bytes
  pointer text not null,                 -- the canonical field, or empty
  before text not null,
  after text not null,
  reason text not null,
  edited_by text not null,
  edited_at timestamptz not null,
  primary key (tenant_id, document_id, number),
  foreign key (tenant_id, document_id) references crossdock.document
);
select crossdock.protect('crossdock.document_edit');
revoke update, delete on crossdock.document_edit from crossdock_app;
