-- Who waits for goods that are not there, and who was promised which of those that came.

-- Pieces of a line that wait for goods. A line that waits for nothing any more has no row.
create table crossdock.shortage (
  tenant_id text not null references crossdock.tenant,
  order_no text not null,
  line text not null,
  sku text not null,
  quantity numeric not null check (quantity > 0),  -- still waited for, in base units
  customer_id text not null default '',
  tier text not null default '',
  promised_on date,
  since timestamptz not null,
  primary key (tenant_id, order_no, line)
);
create index shortage_sku on crossdock.shortage (tenant_id, sku);
select crossdock.protect('crossdock.shortage');

-- Goods that came, once each, and who got which of them. What is used has left with a shipment; the rest of an order
-- that ends is given to the next who waits.
create table crossdock.stock_arrival (
  tenant_id text not null references crossdock.tenant,
  arrival text not null,          -- the event that told of them
  sku text not null,
  site text not null,
  quantity numeric not null,
  arrived_at timestamptz not null,
  primary key (tenant_id, arrival)
);
select crossdock.protect('crossdock.stock_arrival');

create table crossdock.stock_assignment (
  tenant_id text not null references crossdock.tenant,
  arrival text not null,
  order_no text not null,
  line text not null,
  sku text not null,
  site text not null,
  quantity numeric not null check (quantity > 0),
  rank int not null,              -- as the table said when it was given
  used boolean not null default false,
  primary key (tenant_id, arrival, order_no, line)
);
create index stock_assignment_order on crossdock.stock_assignment (tenant_id, order_no) where not used;
select crossdock.protect('crossdock.stock_assignment');
