-- The desk: reply templates in several languages, and what was written to those whom an outage holds up.

-- The language of the template's own text; others stand beside it.
alter table crossdock.case_template add column language text not null default 'en';

create table crossdock.case_template_text (
  tenant_id text not null references crossdock.tenant,
  name text not null,
  language text not null,
  subject text not null,
  body text not null,
  put_by text not null,
  put_at timestamptz not null,
  primary key (tenant_id, name, language),
  foreign key (tenant_id, name) references crossdock.case_template on delete cascade
);
select crossdock.protect('crossdock.case_template_text');

-- token: the hash of the text and of whom it goes to; the same message is written once. told, left_out: names.
create table crossdock.incident_message (
  tenant_id text not null references crossdock.tenant,
  incident_id uuid not null,
  token text not null,
  case_id uuid not null,
  subject text not null,
  body text not null,
  audience text not null check (audience in ('customers', 'partners', 'both')),
  told json not null,
  left_out json not null,
  sent_by text not null,
  sent_at timestamptz not null,
  primary key (tenant_id, incident_id, token),
  foreign key (tenant_id, incident_id) references crossdock.incident
);
select crossdock.protect('crossdock.incident_message');

-- Undoing a fix: whether orders that it set going are called back, and why it is taken back.
alter table crossdock.fix add column call_back boolean not null default true, add column undo_reason text not null default '';
alter table crossdock.fix_item drop constraint fix_item_status_check, add constraint fix_item_status_check check
  (status in ('left', 'waiting', 'done', 'skipped', 'failed', 'cancelled', 'undone', 'called-back', 'stands'));
