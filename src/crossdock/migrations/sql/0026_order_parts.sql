-- An order whose lines go to several places is carried out as one order for each: a document row of its own, part of the
-- one that came, and a row in purchase_order whose purpose is part/1, part/2, … under the customer's one number.
alter table crossdock.document add column part_of uuid;
-- Deferred: the parts are written with what they bring about, before the row of the document that came.
alter table crossdock.document add foreign key (tenant_id, part_of) references crossdock.document
  deferrable initially deferred;
create index document_part_of on crossdock.document (tenant_id, part_of) where part_of is not null;
