-- Trading partners and their documents: raw bytes first, then what was understood of them.

-- Bytes as received or sent, once for each content (claim check). Nothing refers to them before they are committed.
create table crossdock.raw (
  tenant_id text not null references crossdock.tenant,
  sha256 bytea not null,
  bytes bytea not null,
  size_bytes integer not null,
  stored_at timestamptz not null default clock_timestamp(),
  primary key (tenant_id, sha256)
);
select crossdock.protect('crossdock.raw');

-- One arrival of bytes. decoded_at is empty until its documents are stored: what a crash left so is decoded later.
create table crossdock.receipt (
  tenant_id text not null references crossdock.tenant,
  receipt_id uuid not null,
  sha256 bytea not null,
  filename text not null,
  channel text not null,
  partner_id text,
  manual boolean not null default false,
  adopt boolean not null default false,
  received_at timestamptz not null,
  decoded_at timestamptz,
  primary key (tenant_id, receipt_id),
  foreign key (tenant_id, sha256) references crossdock.raw
);
create index receipt_open on crossdock.receipt (tenant_id, received_at) where decoded_at is null;
select crossdock.protect('crossdock.receipt');

create table crossdock.partner (
  tenant_id text not null references crossdock.tenant,
  partner_id text not null,
  profile jsonb not null,
  created_at timestamptz not null default clock_timestamp(),
  primary key (tenant_id, partner_id)
);
select crossdock.protect('crossdock.partner');

-- A tenant's own table maps, beside those of the library.
create table crossdock.table_map (
  tenant_id text not null references crossdock.tenant,
  map_id text not null,
  map jsonb not null,
  primary key (tenant_id, map_id)
);
select crossdock.protect('crossdock.table_map');

create table crossdock.document (
  tenant_id text not null references crossdock.tenant,
  document_id uuid not null,
  receipt_id uuid,                       -- of an inbound one
  place integer not null default 0,      -- of the document in its file
  direction text not null check (direction in ('in', 'out')),
  format text not null,
  type text not null,
  status text not null check (status in ('accepted', 'duplicate', 'held', 'rejected', 'sent')),
  test boolean not null default false,
  sha256 bytea not null,
  filename text not null,
  channel text not null,
  partner_id text,
  customer_id text,
  sender text,
  receiver text,
  interchange_control text,
  set_control text,
  order_no text,                         -- our order number, once it has one
  po text,
  purpose text,
  total numeric,
  currency text,
  lines integer,
  errors jsonb not null default '[]',
  notes jsonb not null default '[]',
  parsed json,                           -- as text: a partner may write numbers and characters that jsonb refuses
  canonical jsonb,
  answers uuid,                          -- outbound: the receipt it acknowledges
  received_at timestamptz not null,
  released_by text,
  released_at timestamptz,
  primary key (tenant_id, document_id),
  foreign key (tenant_id, sha256) references crossdock.raw
);
create index document_recent on crossdock.document (tenant_id, received_at desc, document_id desc);
create index document_receipt on crossdock.document (tenant_id, receipt_id, place);
create index document_answers on crossdock.document (tenant_id, answers) where answers is not null;
create index document_order on crossdock.document (tenant_id, order_no) where order_no is not null;
select crossdock.protect('crossdock.document');

-- Which interchange numbers a sender has used, and for what content. Test interchanges are not remembered.
create table crossdock.interchange (
  tenant_id text not null references crossdock.tenant,
  key text not null,
  digest text not null,
  receipt_id uuid not null,
  received_at timestamptz not null,
  primary key (tenant_id, key)
);
select crossdock.protect('crossdock.interchange');

-- Which purchase orders a customer has sent: the second level at which duplicates are seen.
create table crossdock.purchase_order (
  tenant_id text not null references crossdock.tenant,
  customer_id text not null,
  po text not null,
  purpose text not null,
  digest text not null,
  order_no text not null,
  document_id uuid not null,
  primary key (tenant_id, customer_id, po, purpose)
);
create unique index purchase_order_order on crossdock.purchase_order (tenant_id, order_no, purpose);
select crossdock.protect('crossdock.purchase_order');

-- Numbers we give: orders (SO-10001) and, for each partner, our interchanges and groups. Gaps are no harm.
create table crossdock.number (
  tenant_id text not null references crossdock.tenant,
  kind text not null,
  last bigint not null,
  primary key (tenant_id, kind)
);
select crossdock.protect('crossdock.number');
