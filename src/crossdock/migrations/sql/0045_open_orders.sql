-- What the board counts is narrow: one row an order that is not over, of what it is filtered by and whether it is late.
-- Kept by the database from order_view, in the relay's transaction: whoever writes the view writes this, a view that is
-- made anew makes it anew, and turns of instances never wait for it. An order that is over has no row: the few of them
-- whose instances still go on are read from order_view.
create table crossdock.open_order (
  tenant_id text not null,
  order_no text not null,
  due_on date,                    -- late once it is over; null: no day was named, or all is delivered
  value numeric,
  customer_id text not null,
  partner_id text not null,
  channel text not null,
  order_type text not null,
  sites text[] not null,
  received_at timestamptz not null,
  primary key (tenant_id, order_no)
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);
select crossdock.protect('crossdock.open_order');

create function crossdock.follow_order() returns trigger language plpgsql set search_path = crossdock, pg_temp as $$
begin
  if tg_op = 'DELETE' then
    delete from open_order where tenant_id = old.tenant_id and order_no = old.order_no;
  elsif new.outcome is not null then
    delete from open_order where tenant_id = new.tenant_id and order_no = new.order_no;
  else
    insert into open_order (tenant_id, order_no, due_on, value, customer_id, partner_id, channel, order_type, sites, received_at)
    values (new.tenant_id, new.order_no,
            case when new.completed_at is null then coalesce(new.promised_on, new.requested_on) end,
            coalesce(new.total, new.stated_total), new.customer_id, new.partner_id, new.channel, new.order_type, new.sites,
            new.received_at)
    on conflict (tenant_id, order_no) do update set due_on = excluded.due_on, value = excluded.value,
      customer_id = excluded.customer_id, partner_id = excluded.partner_id, channel = excluded.channel,
      order_type = excluded.order_type, sites = excluded.sites, received_at = excluded.received_at;
  end if;
  return null;
end $$;
create trigger order_opened after insert on crossdock.order_view for each row
  when (new.outcome is null) execute function crossdock.follow_order();
-- Nothing is called for the many events that change none of this.
create trigger order_moved after update on crossdock.order_view for each row
  when ((old.outcome is null) is distinct from (new.outcome is null)
        or (new.outcome is null and (
          old.completed_at is distinct from new.completed_at or old.promised_on is distinct from new.promised_on
          or old.requested_on is distinct from new.requested_on or old.total is distinct from new.total
          or old.stated_total is distinct from new.stated_total or old.customer_id <> new.customer_id
          or old.partner_id <> new.partner_id or old.channel <> new.channel or old.order_type <> new.order_type
          or old.sites <> new.sites or old.received_at <> new.received_at)))
  execute function crossdock.follow_order();
create trigger order_gone after delete on crossdock.order_view for each row
  when (old.outcome is null) execute function crossdock.follow_order();

insert into crossdock.open_order (tenant_id, order_no, due_on, value, customer_id, partner_id, channel, order_type, sites, received_at)
select tenant_id, order_no, case when completed_at is null then coalesce(promised_on, requested_on) end,
  coalesce(total, stated_total), customer_id, partner_id, channel, order_type, sites, received_at
from crossdock.order_view where outcome is null;

-- ── figures of the strip ─────────────────────────────────────────────────────────────────────────────────────────

-- The day that an order is measured against. A column of its own: row security lets an index be asked for a column, but
-- not for what coalesce() makes of two.
alter table crossdock.order_view add column owed_on date generated always as (coalesce(first_promised_on, requested_on)) stored;
create index order_view_owed on crossdock.order_view (tenant_id, owed_on);
drop index crossdock.order_view_due;
-- Orders without an end, by when they came: counted without reading those that ended.
create index order_view_unended on crossdock.order_view (tenant_id, received_at) where ended_at is null;
-- Lines that are not shipped in full: what "in full" asks for each order that was due. Nothing of what was done is in it.
create index order_line_short on crossdock.order_line_view (tenant_id, order_no) where shipped < coalesce(base_quantity, ordered);
