-- Punch-outs: a buyer's visit to our shop from within its own purchasing system, and the cart that it takes home.

-- token_hash: of what the start page's address bears; who reads this table cannot enter the shop. asked: what the buyer
-- named (items, ship-to, who shops). cart, message: as the shop returned it, once.
create table crossdock.punchout (
  tenant_id text not null references crossdock.tenant,
  punchout_id uuid not null,
  partner_id text not null,
  token_hash bytea not null,
  operation text not null check (operation in ('create', 'edit', 'inspect', 'source')),
  buyer_cookie text not null,
  post_to text not null,
  sender text not null,
  receiver text not null,
  test boolean not null,
  asked json not null,
  opened_at timestamptz not null,
  expires_at timestamptz not null,
  cart_digest bytea,
  message bytea,
  returned_at timestamptz,
  primary key (tenant_id, punchout_id)
);
create unique index punchout_token on crossdock.punchout (tenant_id, token_hash);
create index punchout_open on crossdock.punchout (tenant_id, opened_at);
select crossdock.protect('crossdock.punchout');
