-- Channels: how a partner's documents reach us and ours reach it; what came, what went, and whose certificates hold.
grant create on schema crossdock to crossdock_dispatch;

create table crossdock.channel (
  tenant_id text not null references crossdock.tenant,
  channel_id text not null check (channel_id ~ '^[a-z][a-z0-9-]{0,39}$'),
  kind text not null check (kind in ('folder', 'sftp', 'sftp-login', 'as2', 'imap', 'smtp', 's3', 'http')),
  direction text not null check (direction in ('in', 'out', 'both')),
  partner_id text,                       -- null: for several; then what comes says, or its sender tells, whose it is
  settings jsonb not null default '{}',  -- names of secrets, never secrets
  enabled boolean not null default true,
  every_s integer not null default 30 check (every_s between 1 and 86400),
  max_bytes integer not null default 33554432 check (max_bytes > 0),
  created_at timestamptz not null default clock_timestamp(),
  next_run_at timestamptz not null default clock_timestamp(),
  lease_owner uuid,                      -- who runs it now; one at a time, in whichever process
  leased_until timestamptz,
  failures integer not null default 0,   -- in a row
  last_success_at timestamptz,
  last_failure_at timestamptz,
  last_failure text not null default '',
  case_id uuid,                          -- of its present trouble
  primary key (tenant_id, channel_id)
);
-- A document goes out on one way.
create unique index channel_out on crossdock.channel (tenant_id, partner_id)
  where enabled and direction in ('out', 'both') and partner_id is not null;
create index channel_next on crossdock.channel (tenant_id, next_run_at) where enabled;
select crossdock.protect('crossdock.channel');

-- Each thing that was picked up, once: written in the transaction that stores its bytes. Whoever finds it again, because
-- the process died before it could be moved away, only moves it away.
create table crossdock.arrival (
  tenant_id text not null references crossdock.tenant,
  channel_id text not null,
  key text not null,                     -- by which its transport knows it again
  outcome text not null check (outcome in ('stored', 'refused')),
  name text not null,
  sender text not null default '',
  sha256 bytea not null,
  size_bytes integer not null,
  reason text not null default '',       -- why it was refused, and is not kept here
  receipt_id uuid,
  answer jsonb,                          -- what its sender is told (AS2: headers and body of the MDN)
  answer_due boolean not null default false,  -- it goes by itself, and has not gone yet
  stored_at timestamptz not null default clock_timestamp(),
  primary key (tenant_id, channel_id, key),
  foreign key (tenant_id, channel_id) references crossdock.channel
);
create index arrival_answer on crossdock.arrival (tenant_id, channel_id) where answer_due;
create index arrival_recent on crossdock.arrival (tenant_id, stored_at desc);
select crossdock.protect('crossdock.arrival');

-- Each try of sending a document: written before the first byte leaves, so that a crash leaves a question, not nothing.
create table crossdock.delivery (
  tenant_id text not null references crossdock.tenant,
  document_id uuid not null,
  number integer not null,               -- of the try (sending_try); 1 for what is only ever offered once
  channel_id text not null,
  message_id text not null,              -- the same for a retry, so that its receiver knows it again
  state text not null check (state in ('sending', 'delivered', 'failed', 'unknown', 'refused')),
  attempts integer not null default 1,
  detail text not null default '',
  mic text not null default '',
  receipt bytea,                         -- the receiver's MDN as it came
  began_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz,
  case_id uuid,
  primary key (tenant_id, document_id, number),
  foreign key (tenant_id, channel_id) references crossdock.channel,
  foreign key (tenant_id, document_id) references crossdock.document
);
create index delivery_recent on crossdock.delivery (tenant_id, began_at desc);
create index delivery_message on crossdock.delivery (tenant_id, message_id);
create index delivery_open on crossdock.delivery (tenant_id, channel_id) where state in ('sending', 'unknown', 'refused');
select crossdock.protect('crossdock.delivery');

-- Certificates of partners (to verify and to encrypt) and our own (their private keys lie in the vault, by name).
create table crossdock.certificate (
  tenant_id text not null references crossdock.tenant,
  partner_id text not null,              -- '': our own
  fingerprint text not null,             -- SHA-256, hex
  pem text not null,
  subject text not null,
  key_secret text,                       -- our own: the name of the private key in the vault
  valid_from timestamptz not null,       -- used to send from then on; to receive it counts as soon as it is here
  not_after timestamptz not null,
  added_by text not null,
  added_at timestamptz not null default clock_timestamp(),
  withdrawn_at timestamptz,
  case_id uuid,                          -- that it expires soon
  primary key (tenant_id, partner_id, fingerprint)
);
create index certificate_expiry on crossdock.certificate (tenant_id, not_after) where withdrawn_at is null;
select crossdock.protect('crossdock.certificate');

-- A sender that its channel does not know: kept whole and unread until a person says whose it is.
alter table crossdock.receipt add column stranger text;
alter table crossdock.receipt add column assigned_by text;

create policy dispatch on crossdock.channel for select to crossdock_dispatch using (true);
grant select on crossdock.channel to crossdock_dispatch;
-- Channels whose time has come and that nobody runs. Ids, no contents.
create function crossdock.channels_due() returns table (tenant_id text, channel_id text)
language sql stable security definer set search_path = crossdock, pg_temp as $$
  select c.tenant_id, c.channel_id
  from (select tenant_ids() as t) x join channel c on c.tenant_id = x.t
  where c.enabled and c.next_run_at <= clock_timestamp()
    and (c.leased_until is null or c.leased_until < clock_timestamp())
    and c.kind in ('folder', 'sftp', 'as2', 'imap', 's3', 'http')
  order by c.next_run_at limit 100
$$;
alter function crossdock.channels_due() owner to crossdock_dispatch;
revoke execute on function crossdock.channels_due() from public;
grant execute on function crossdock.channels_due() to crossdock_app;

create policy dispatch on crossdock.certificate for select to crossdock_dispatch using (true);
grant select on crossdock.certificate to crossdock_dispatch;
-- Tenants of which a certificate ends before this time and nobody was told. Ids, no contents.
create function crossdock.certificates_expiring(before timestamptz) returns setof text
language sql stable security definer set search_path = crossdock, pg_temp as $$
  select distinct c.tenant_id from (select tenant_ids() as t) x join certificate c on c.tenant_id = x.t
  where c.withdrawn_at is null and c.case_id is null and c.not_after < before
$$;
alter function crossdock.certificates_expiring(timestamptz) owner to crossdock_dispatch;
revoke execute on function crossdock.certificates_expiring(timestamptz) from public;
grant execute on function crossdock.certificates_expiring(timestamptz) to crossdock_app;

create policy dispatch on crossdock.receipt for select to crossdock_dispatch using (true);
grant select on crossdock.receipt to crossdock_dispatch;
-- Tenants with bytes that were stored a while ago and not carried out: whoever took them in has died, or could not.
create function crossdock.receipts_left(before timestamptz) returns setof text
language sql stable security definer set search_path = crossdock, pg_temp as $$
  select x.t from (select tenant_ids() as t) x
  where exists (select from receipt r where r.tenant_id = x.t and r.decoded_at is null and r.received_at < before)
$$;
alter function crossdock.receipts_left(timestamptz) owner to crossdock_dispatch;
revoke execute on function crossdock.receipts_left(timestamptz) from public;
grant execute on function crossdock.receipts_left(timestamptz) to crossdock_app;

revoke create on schema crossdock from crossdock_dispatch;
