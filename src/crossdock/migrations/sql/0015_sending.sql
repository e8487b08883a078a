-- Documents we send: what became of each, how often it was handed over, and what its receiver said of it.
grant create on schema crossdock to crossdock_dispatch;

-- How long a partner may take to acknowledge, where it is not the day that all have. Null: it never acknowledges.
create table crossdock.sending_terms (
  tenant_id text not null references crossdock.tenant,
  partner_id text not null,
  acknowledge_within interval,
  primary key (tenant_id, partner_id)
);
select crossdock.protect('crossdock.sending_terms');

create table crossdock.sending (
  tenant_id text not null references crossdock.tenant,
  document_id uuid not null,
  key text not null,                     -- of the call that wrote it: a repeated call finds it
  partner_id text not null,
  type text not null,
  sender text not null,
  receiver text not null,
  interchange bigint not null,
  group_number bigint not null,          -- 0: the syntax has none here
  message bigint not null,
  order_no text not null,
  po text not null,
  number text not null,                  -- of what it tells: our order, shipment or invoice
  ssccs text[] not null default '{}',
  test boolean not null,
  about uuid not null,                   -- the buyer's order as it arrived
  reissues uuid,                         -- the document that this one says anew under its own number
  state text not null check (state in
    ('written', 'sent', 'received', 'accepted', 'accepted_with_errors', 'rejected', 'overdue', 'replaced')),
  tries integer not null default 0,      -- how often it was offered: first, retried, replayed
  written_at timestamptz not null,
  sent_at timestamptz,
  answered_at timestamptz,
  deadline timestamptz,                  -- by when it is acknowledged, or else overdue; null: nobody waits for it
  case_id uuid,
  attention text check (attention in ('open', 'close')),  -- what is to be done with its case
  primary key (tenant_id, document_id),
  unique (tenant_id, key),
  foreign key (tenant_id, document_id) references crossdock.document
);
create index sending_recent on crossdock.sending (tenant_id, written_at desc, document_id desc);
create index sending_waiting on crossdock.sending (tenant_id, partner_id, written_at) where state = 'written';
create index sending_due on crossdock.sending (tenant_id, deadline) where state in ('written', 'sent', 'received');
create index sending_attention on crossdock.sending (tenant_id, document_id) where attention is not null;
create index sending_numbers on crossdock.sending (tenant_id, partner_id, interchange);
select crossdock.protect('crossdock.sending');

-- Each time it was offered to its partner: at first, again, or the same bytes once more.
create table crossdock.sending_try (
  tenant_id text not null references crossdock.tenant,
  document_id uuid not null,
  number integer not null,
  kind text not null check (kind in ('first', 'retry', 'replay')),
  by_whom text not null,
  offered_at timestamptz not null,
  channel text,
  collected_at timestamptz,
  primary key (tenant_id, document_id, number),
  foreign key (tenant_id, document_id) references crossdock.sending
);
select crossdock.protect('crossdock.sending_try');

-- What a partner said of it. A later word that contradicts an earlier is kept, and changes nothing.
create table crossdock.sending_answer (
  tenant_id text not null references crossdock.tenant,
  document_id uuid not null,
  answer uuid not null,                  -- the 997, 999, TA1 or CONTRL
  outcome text not null,
  said jsonb not null,
  counted boolean not null,
  answered_at timestamptz not null,
  primary key (tenant_id, document_id, answer),
  foreign key (tenant_id, document_id) references crossdock.sending
);
select crossdock.protect('crossdock.sending_answer');

create policy dispatch on crossdock.sending for select to crossdock_dispatch using (true);
grant select on crossdock.sending to crossdock_dispatch;
-- When there is next something to do about a tenant's sent documents: a deadline, or a case to open or close.
create function crossdock.sending_due() returns table (tenant_id text, due_at timestamptz)
language sql stable security definer set search_path = crossdock as $$
  select x.t, d.at from (select tenant_ids() as t) x, lateral (
    select least(
      (select min(s.deadline) from sending s where s.tenant_id = x.t and s.state in ('written', 'sent', 'received')),
      (select '-infinity'::timestamptz from sending s where s.tenant_id = x.t and s.attention is not null limit 1)
    ) as at) d
  where d.at is not null
$$;
alter function crossdock.sending_due() owner to crossdock_dispatch;

revoke create on schema crossdock from crossdock_dispatch;
