-- The read side: one row an order, one a line, kept by the relay from events. Rebuilt from the event log at any time.
create table crossdock.order_view (
  tenant_id text not null references crossdock.tenant,
  order_no text not null,
  po text not null default '',
  customer_id text not null default '',
  customer text not null default '',
  channel text not null default '',
  document_id uuid,
  currency text not null default '',
  stated_total numeric,
  total numeric,
  cost numeric,
  lines int not null default 0,
  ship_to jsonb not null default '{}',
  outcome text check (outcome in ('closed', 'cancelled', 'rejected', 'failed')),
  requested_on date,
  promised_on date,               -- as promised last, which is what "late" is measured against
  first_promised_on date,         -- as promised first, which is what OTIF is measured against
  received_at timestamptz not null,
  validated_at timestamptz,
  priced_at timestamptz,
  credit_cleared_at timestamptz,
  allocated_at timestamptz,
  backordered_at timestamptz,
  released_at timestamptz,
  shipped_at timestamptz,
  last_shipped_at timestamptz,
  invoiced_at timestamptz,
  delivered_at timestamptz,
  completed_at timestamptz,       -- delivered, with nothing left to ship
  paid_at timestamptz,
  ended_at timestamptz,
  shipments int not null default 0,
  deliveries int not null default 0,
  invoiced numeric not null default 0,
  tax numeric not null default 0,
  paid numeric not null default 0,
  open_cases int not null default 0,
  cases int not null default 0,
  pending_approvals int not null default 0,
  approvals int not null default 0,
  human_touches int not null default 0,
  touches_to_invoice int not null default 0,
  damaged boolean not null default false,
  traceparent text not null default '',
  updated_at timestamptz not null,
  primary key (tenant_id, order_no)
) with (fillfactor = 80);
create index order_view_received on crossdock.order_view (tenant_id, received_at desc, order_no);
create index order_view_customer on crossdock.order_view (tenant_id, customer_id);
create index order_view_po on crossdock.order_view (tenant_id, po);
create index order_view_open on crossdock.order_view (tenant_id, received_at) where outcome is null;
select crossdock.protect('crossdock.order_view');

create table crossdock.order_line_view (
  tenant_id text not null,
  order_no text not null,
  line text not null,
  sku text not null default '',
  description text not null default '',
  unit text not null default '',
  ordered numeric not null default 0,
  base_quantity numeric,
  unit_price numeric,
  amount numeric,
  cost numeric,
  reserved numeric not null default 0,
  shipped numeric not null default 0,
  invoiced numeric not null default 0,
  backordered numeric not null default 0,
  primary key (tenant_id, order_no, line)
);
create index order_line_sku on crossdock.order_line_view (tenant_id, sku);
select crossdock.protect('crossdock.order_line_view');

-- What the projection has counted already, by event: a repeated event counts once.
create table crossdock.projected (
  tenant_id text not null,
  seq bigint not null,
  primary key (tenant_id, seq)
);
select crossdock.protect('crossdock.projected');

-- Alerts: one open row a kind and key; firing and resolving are both kept.
create table crossdock.alert (
  tenant_id text not null references crossdock.tenant,
  alert_id uuid not null,
  kind text not null,
  key text not null default '',
  title text not null,
  detail text not null default '',
  link text not null default '',
  fired_at timestamptz not null,
  resolved_at timestamptz,
  primary key (tenant_id, alert_id)
);
create index alert_recent on crossdock.alert (tenant_id, fired_at desc);
create unique index alert_open on crossdock.alert (tenant_id, kind, key) where resolved_at is null;
select crossdock.protect('crossdock.alert');

-- Business and technical counts of processes that have no HTTP door of their own; the gateway adds them up.
create table crossdock.metric_snapshot (
  process text primary key,
  at timestamptz not null default clock_timestamp(),
  body jsonb not null
);
grant select, insert, update, delete on crossdock.metric_snapshot to crossdock_app;

-- Master data for look-ups on the pages, refreshed from the system of record; never a source of truth.
create table crossdock.catalogue_customer (
  tenant_id text not null references crossdock.tenant,
  customer_id text not null,
  name text not null,
  tier text not null default '',
  body jsonb not null,
  primary key (tenant_id, customer_id)
);
select crossdock.protect('crossdock.catalogue_customer');
create table crossdock.catalogue_item (
  tenant_id text not null references crossdock.tenant,
  sku text not null,
  description text not null,
  unit text not null,
  list_price numeric,
  body jsonb not null,
  primary key (tenant_id, sku)
);
select crossdock.protect('crossdock.catalogue_item');
