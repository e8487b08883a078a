-- An order's page names the quote that it came of.
create index quote_order on crossdock.quote (tenant_id, order_no) where order_no is not null;
