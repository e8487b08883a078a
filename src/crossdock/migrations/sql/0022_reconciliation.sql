-- Reconciliation: which documents are about which order, and where they disagree.
grant create on schema crossdock to crossdock_dispatch;

-- An order that other documents are about: a customer's to us, or ours to a supplier. It is there from the first of them.
create table crossdock.chain (
  tenant_id text not null references crossdock.tenant,
  document_id uuid not null,             -- the order
  side text not null check (side in ('seller', 'buyer')),
  partner_id text not null,
  order_no text not null,                -- ours; of a purchase the same as po
  po text not null,
  currency text not null,
  state text not null default 'open' check (state in ('open', 'clear', 'differs')),
  money numeric not null default 0,      -- at risk, over all differences
  differences jsonb not null default '[]',
  opened_at timestamptz not null,
  checked_at timestamptz,
  look_at timestamptz,                   -- when to compare next: a document came, or a time is over; null: nothing due
  case_id uuid,
  told text not null default '',         -- digest of the differences that the case tells
  primary key (tenant_id, document_id),
  foreign key (tenant_id, document_id) references crossdock.document
);
create index chain_look on crossdock.chain (tenant_id, look_at) where look_at is not null;
create index chain_order on crossdock.chain (tenant_id, order_no);
create index chain_recent on crossdock.chain (tenant_id, opened_at desc, document_id desc);
select crossdock.protect('crossdock.chain');

create table crossdock.chain_document (
  tenant_id text not null references crossdock.tenant,
  document_id uuid not null,             -- the order
  part_id uuid not null,                 -- the document about it
  kind text not null check (kind in
    ('change', 'response', 'despatch', 'receipt', 'invoice', 'credit', 'remittance')),
  joined_at timestamptz not null,
  primary key (tenant_id, document_id, part_id),
  foreign key (tenant_id, document_id) references crossdock.chain
);
create index chain_document_part on crossdock.chain_document (tenant_id, part_id);
select crossdock.protect('crossdock.chain_document');

-- What one ordered unit of a line holds of another, as its process knows it: `ordered` of the one are `counted` of the
-- other.
create table crossdock.chain_unit (
  tenant_id text not null references crossdock.tenant,
  document_id uuid not null,             -- the order
  line text not null,
  unit text not null,
  ordered numeric not null check (ordered > 0),
  counted numeric not null check (counted > 0),
  primary key (tenant_id, document_id, line, unit)
);
select crossdock.protect('crossdock.chain_unit');

-- What was agreed to overlook, and how long the next document may take (docs/reconciliation.md). None: nothing.
create table crossdock.reconciliation_terms (
  tenant_id text not null references crossdock.tenant,
  partner_id text not null,
  terms jsonb not null,
  primary key (tenant_id, partner_id)
);
select crossdock.protect('crossdock.reconciliation_terms');

create policy dispatch on crossdock.chain for select to crossdock_dispatch using (true);
grant select on crossdock.chain to crossdock_dispatch;
-- When a tenant's chains are next to be compared.
create function crossdock.chain_due() returns table (tenant_id text, due_at timestamptz)
language sql stable security definer set search_path = crossdock, pg_temp as $$
  select x.t, d.at from (select tenant_ids() as t) x, lateral (
    select min(c.look_at) as at from chain c where c.tenant_id = x.t and c.look_at is not null) d
  where d.at is not null
$$;
alter function crossdock.chain_due() owner to crossdock_dispatch;
revoke execute on function crossdock.chain_due() from public;
grant execute on function crossdock.chain_due() to crossdock_app;

revoke create on schema crossdock from crossdock_dispatch;
