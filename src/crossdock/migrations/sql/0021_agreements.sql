-- What is agreed with partners, by version; what is owed and by when; how a partner comes in and goes live.
grant create on schema crossdock to crossdock_dispatch;

-- A partner's file as it was put: profile and agreements together. The current one is also crossdock.partner.profile,
-- which is what intake reads; a version is never edited.
create table crossdock.partner_version (
  tenant_id text not null references crossdock.tenant,
  partner_id text not null,
  version int not null,
  document json not null,
  note text not null,
  put_by text not null,
  put_at timestamptz not null,
  primary key (tenant_id, partner_id, version)
);
select crossdock.protect('crossdock.partner_version');
revoke update, delete on crossdock.partner_version from crossdock_app;

-- Sent documents: the version they were written in, by which their agreement is found; where their deadline comes from.
alter table crossdock.sending
  add column version text not null default '',
  add column basis json;

-- An answer that is owed once something is there: by a partner, or by us. It ends in exactly one way: fulfilled, in
-- time or late (then closed_at lies beyond due_at), or cancelled; overdue is a case until then.
create table crossdock.expectation (
  tenant_id text not null references crossdock.tenant,
  expectation_id uuid not null,
  partner_id text not null,
  owed_by text not null check (owed_by in ('them', 'us')),
  kind text not null,                    -- response, despatch, invoice, …: what fulfils it, in any syntax
  document text not null,                -- as the agreement names it: 855, POD
  subject text not null,                 -- the purchase order, or the shipment or its tracking number
  order_no text not null,                -- ours, or empty
  cause text not null,                   -- the document type, or event, that opened it
  cause_id uuid,
  opened_at timestamptz not null,
  due_at timestamptz,                    -- null: nothing was agreed, and too little is known to learn it
  basis json not null,                   -- contract or learned, with the evidence
  calendar text,                         -- on which its interval is counted, by name and version
  calendar_version int,
  state text not null check (state in ('open', 'overdue', 'fulfilled', 'cancelled')),
  by_id uuid,                            -- the document that fulfilled it
  closed_at timestamptz,
  took interval,                         -- open time from opened_at to closed_at; what windows are learned from
  note text not null default '',
  case_id uuid,
  closing boolean not null default false, -- its case is to be closed: the partners know no cases
  primary key (tenant_id, expectation_id),
  unique (tenant_id, partner_id, owed_by, kind, subject, cause)
);
create index expectation_due on crossdock.expectation (tenant_id, due_at) where state = 'open' and due_at is not null;
create index expectation_closing on crossdock.expectation (tenant_id, expectation_id) where closing;
create index expectation_order on crossdock.expectation (tenant_id, order_no) where state in ('open', 'overdue');
create index expectation_subject on crossdock.expectation (tenant_id, partner_id, subject) where state in ('open', 'overdue');
create index expectation_learned on crossdock.expectation (tenant_id, partner_id, kind, owed_by, closed_at desc)
  where state = 'fulfilled';
create index expectation_recent on crossdock.expectation (tenant_id, opened_at desc, expectation_id desc);
select crossdock.protect('crossdock.expectation');

create policy dispatch on crossdock.expectation for select to crossdock_dispatch using (true);
grant select on crossdock.expectation to crossdock_dispatch;
-- When there is next something to do about a tenant's expectations: a window closes, or a case opens or closes.
create function crossdock.expectation_due() returns table (tenant_id text, due_at timestamptz)
language sql stable security definer set search_path = crossdock, pg_temp as $$
  select x.t, d.at from (select tenant_ids() as t) x, lateral (
    select least(
      (select min(e.due_at) from expectation e where e.tenant_id = x.t and e.state = 'open' and e.due_at is not null),
      (select '-infinity'::timestamptz from expectation e where e.tenant_id = x.t and e.closing limit 1)
    ) as at) d
  where d.at is not null
$$;
alter function crossdock.expectation_due() owner to crossdock_dispatch;
revoke execute on function crossdock.expectation_due() from public;
grant execute on function crossdock.expectation_due() to crossdock_app;

-- A link by which a partner sets up its own account: used once, and kept as a hash over all that the link says.
create table crossdock.partner_invitation (
  tenant_id text not null references crossdock.tenant,
  invitation_id uuid not null,
  partner_id text not null,
  token_hash bytea not null,
  email text not null,
  invited_by text not null,
  invited_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz,
  used_by text,
  withdrawn_at timestamptz,
  primary key (tenant_id, invitation_id),
  unique (tenant_id, token_hash)
);
create index partner_invitation_of on crossdock.partner_invitation (tenant_id, partner_id, invited_at desc);
select crossdock.protect('crossdock.partner_invitation');

-- How far a partner is on its way to production.
create table crossdock.certification (
  tenant_id text not null references crossdock.tenant,
  partner_id text not null,
  state text not null check (state in ('testing', 'ready', 'live')),
  started_at timestamptz not null,
  ready_at timestamptz,
  live_at timestamptz,
  approved_by text,
  primary key (tenant_id, partner_id)
);
select crossdock.protect('crossdock.certification');

-- A partner's tests, the latest first.
create index document_tests on crossdock.document (tenant_id, partner_id, received_at desc) where test;

revoke create on schema crossdock from crossdock_dispatch;
