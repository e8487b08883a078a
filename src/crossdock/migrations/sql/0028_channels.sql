-- Channels chosen by agreement.

-- usual: it carries what no agreement sends by another channel. A partner has one such way out, and any number of others.
alter table crossdock.channel add column usual boolean not null default true;
drop index crossdock.channel_out;
create unique index channel_usual on crossdock.channel (tenant_id, partner_id)
  where enabled and usual and direction in ('out', 'both') and partner_id is not null;

-- What came from a sender whom its channel does not know, or by no channel of ours: kept whole and unread, until a person
-- says whose it is, or that it is nobody's. Of what was released or discarded the bytes go and the row stays.
create table crossdock.quarantine (
  tenant_id text not null references crossdock.tenant,
  quarantine_id uuid not null,
  way text not null,                     -- how it came: as2, imap, smtp, …
  channel_id text,                       -- null: by none of ours (AS2 between ends that no channel has)
  sender text not null,                  -- as its transport names it; nobody vouches for it
  receiver text not null default '',     -- as AS2-To
  reason text not null,
  name text not null,
  key text not null,                     -- by which its transport knows it again
  headers json,                          -- of an AS2 message: with them it is opened once its sender is known
  bytes bytea,
  sha256 bytea not null,
  size_bytes integer not null,
  times integer not null default 1,      -- the same came so often
  state text not null default 'kept' check (state in ('kept', 'released', 'discarded')),
  arrived_at timestamptz not null,
  last_at timestamptz not null,
  ended_at timestamptz,
  ended_by text,
  note text not null default '',         -- why it was discarded, or whose it was
  receipt_id uuid,                       -- as which it was taken in
  primary key (tenant_id, quarantine_id),
  check ((bytes is not null) = (state = 'kept'))
);
create unique index quarantine_same on crossdock.quarantine (tenant_id, way, sender, receiver, key, sha256) where state = 'kept';
create index quarantine_recent on crossdock.quarantine (tenant_id, arrived_at desc, quarantine_id desc);
create index quarantine_kept on crossdock.quarantine (tenant_id) include (size_bytes) where state = 'kept';
select crossdock.protect('crossdock.quarantine');

alter table crossdock.arrival drop constraint arrival_outcome_check;
alter table crossdock.arrival add constraint arrival_outcome_check
  check (outcome in ('stored', 'refused', 'quarantined'));

-- Files of strangers that were kept as held documents until now.
insert into crossdock.quarantine (tenant_id, quarantine_id, way, channel_id, sender, reason, name, key, bytes, sha256,
  size_bytes, arrived_at, last_at)
select r.tenant_id, r.receipt_id, split_part(r.channel, ':', 1), nullif(split_part(r.channel, ':', 2), ''), r.stranger,
  'Its channel does not know this sender.', r.filename, r.receipt_id::text, w.bytes, r.sha256, w.size_bytes, r.received_at,
  r.received_at
from crossdock.receipt r join crossdock.raw w on w.tenant_id = r.tenant_id and w.sha256 = r.sha256
where r.stranger is not null and r.decoded_at is not null;
delete from crossdock.document d using crossdock.receipt r
where r.tenant_id = d.tenant_id and r.receipt_id = d.receipt_id and r.stranger is not null and r.decoded_at is not null;

-- The link by mail. mailed_at: when it was last tried; null: it was not to be mailed, or its process died before.
alter table crossdock.partner_invitation
  add column mailed_at timestamptz,
  add column mail_error text not null default '',
  add column language text not null default 'en';
