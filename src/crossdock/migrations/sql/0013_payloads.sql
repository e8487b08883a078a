-- Large parts of an instance's data, kept once. What names one (the state, a fact of the history, a call's arguments or
-- output) belongs to the same instance: the key holds it, so that a name from elsewhere finds nothing.
create table crossdock.payload (
  tenant_id text not null,
  instance_id uuid not null,
  digest bytea not null check (length(digest) = 32),
  body bytea not null,
  primary key (tenant_id, instance_id, digest)
);
select crossdock.protect('crossdock.payload');
-- The digest says what the body is: it is never another.
revoke update on crossdock.payload from crossdock_app;
