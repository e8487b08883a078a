-- Channels chosen by agreement.

-- usual: it carries what no agreement sends by another channel. A partner has one such way out, and any number of others.
alter table crossdock.channel add column usual boolean not null default true;
drop index crossdock.channel_out;
create unique index channel_usual on crossdock.channel (tenant_id, partner_id)
  where enabled and usual and direction in ('out', 'both') and partner_id is not null;
