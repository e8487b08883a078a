-- Quotes: what a customer may accept, and what became of it. One row a quote, as its latest revision stands; earlier
-- revisions are in the log of events. Only an open one can be accepted, and by the change of this row it is, once.

create table crossdock.quote (
  tenant_id text not null references crossdock.tenant,
  quote text not null,            -- the number that the customer names
  revision int not null,
  state text not null check (state in ('open', 'revising', 'ordered', 'declined', 'expired', 'withdrawn')),
  customer_id text not null,
  customer text not null default '',
  currency text not null,
  total numeric not null,
  discount_percent numeric not null default 0,
  lines json not null,
  valid_until timestamptz not null,
  token_hash bytea not null,      -- of the secret in the customer's link; a new revision has another
  instance_id uuid not null,
  sent_at timestamptz not null,
  answered_at timestamptz,
  answered_by text not null default '',
  note text not null default '',
  po text,
  order_no text,
  purchase json,                  -- the customer's own order, where that accepted it
  primary key (tenant_id, quote)
);
create index quote_customer on crossdock.quote (tenant_id, customer_id, state);
create index quote_sent on crossdock.quote (tenant_id, sent_at desc, quote);
select crossdock.protect('crossdock.quote');
