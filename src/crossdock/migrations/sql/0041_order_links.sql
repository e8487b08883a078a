-- Links by which a customer looks at one order without signing in.

-- mac: over what the link is good for, under the secret that stands in the link alone; so who reads this table cannot use
-- one, and who changes a row breaks it. A row is never removed: who was given what stays known.
create table crossdock.order_link (
  tenant_id text not null references crossdock.tenant,
  link_id uuid not null,
  order_no text not null,
  language text not null,
  note text not null default '',
  mac bytea not null,
  made_by text not null,
  made_at timestamptz not null,
  expires_at timestamptz not null check (expires_at > made_at),
  ended_at timestamptz,
  ended_by text,
  opened int not null default 0,
  opened_at timestamptz,
  primary key (tenant_id, link_id)
);
create index order_link_order on crossdock.order_link (tenant_id, order_no, made_at desc);
select crossdock.protect('crossdock.order_link');

-- The numbers by which people remember an order, kept by the relay from its events (crossdock.tower.numbers).
create table crossdock.order_number (
  tenant_id text not null references crossdock.tenant,
  order_no text not null,
  kind text not null,
  value text collate "C" not null,
  primary key (tenant_id, order_no, kind, value)
);
create index order_number_value on crossdock.order_number (tenant_id, value);
select crossdock.protect('crossdock.order_number');

-- Those of orders that are there already; from now on the relay writes them.
insert into crossdock.order_number (tenant_id, order_no, kind, value)
select distinct e.tenant_id, e.subject, n.kind, upper(regexp_replace(n.value, '\s', '', 'g'))
from crossdock.event e
cross join lateral (
  select 'invoice', e.body -> 'data' ->> 'invoice' where e.type = 'crossdock.order.invoiced'
  union all
  select k, e.body -> 'data' ->> k from unnest(array['shipment', 'tracking', 'bol']) k
  where e.type in ('crossdock.backorder.released', 'crossdock.order.shipped', 'crossdock.shipment.packed', 'crossdock.shipment.shipped')
  union all
  select k, s ->> k
  from json_array_elements(case when json_typeof(e.body -> 'data' -> 'shipments') = 'array' then e.body -> 'data' -> 'shipments' end) s,
    unnest(array['shipment', 'tracking']) k
  where e.type = 'crossdock.order.released'
  union all
  select 'sscc', p ->> 'sscc'
  from json_array_elements(case when json_typeof(e.body -> 'data' -> 'packages') = 'array' then e.body -> 'data' -> 'packages' end) p
  where e.type in ('crossdock.shipment.packed', 'crossdock.shipment.shipped')) n (kind, value)
where e.subject <> '' and n.value <> '' and length(n.value) <= 200
on conflict do nothing;
