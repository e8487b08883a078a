-- The numbers by which people look for documents: of orders, invoices, bills of lading, packages and interchanges.
-- Written by triggers in the transaction that stores the document, so that no way in or out can forget them.
create table crossdock.document_key (
  tenant_id text not null references crossdock.tenant,
  document_id uuid not null,
  kind text not null check (kind in
    ('po', 'order', 'invoice', 'shipment', 'bol', 'sscc', 'tracking', 'control', 'group', 'set', 'file')),
  value text collate "C" not null,       -- as document_key_value() writes it
  -- An index on reverse(value) would not be used under row security: that function is not leakproof.
  ending text collate "C" not null generated always as (reverse(value)) stored,
  primary key (tenant_id, document_id, kind, value),
  foreign key (tenant_id, document_id) references crossdock.document on delete cascade
);
create index document_key_begins on crossdock.document_key (tenant_id, value, kind);
create index document_key_ends on crossdock.document_key (tenant_id, ending, kind);
select crossdock.protect('crossdock.document_key');

-- As it is compared: without blanks at its ends, in capitals, a control number without leading zeros, an SSCC without
-- its application identifier (00). Null where nothing is left, or where it is too long for anybody to type.
create function crossdock.document_key_value(kind text, value text) returns text
language sql immutable parallel safe as $$
  select nullif(case
      when kind in ('control', 'group', 'set') then ltrim(v, '0')
      when kind = 'sscc' and v ~ '^00[0-9]{18}$' then substr(v, 3)
      else v end, '')
  from (select upper(btrim(value)) as v) x where length(value) <= 200
$$;

-- Every number that a document bears, from its columns and from what it says.
create function crossdock.document_keys(d crossdock.document) returns table (kind text, value text)
language sql immutable parallel safe as $$
  select distinct f.kind, crossdock.document_key_value(f.kind, f.value) from (
    values ('po', d.po), ('order', d.order_no), ('control', d.interchange_control), ('set', d.set_control),
      ('file', d.filename),
      ('invoice', case when upper(d.type) ~ '^(810|880|INVOIC|CREDITNOTE)' then d.canonical ->> 'number' end),
      ('shipment', case when upper(d.type) ~ '^(856|857|DESADV|DESPATCH|SHIPNOTICE)' then d.canonical ->> 'number' end),
      ('shipment', d.canonical ->> 'shipment')
    union all
    select 'po', n #>> '{}' from jsonb_path_query(d.canonical, 'strict $.** ? (exists (@.order_number)).order_number') n
    union all
    -- references and marks are objects of a kind and a value, wherever they stand
    select case n ->> 'kind' when 'order' then 'po' when 'bill_of_lading' then 'bol' when 'invoice' then 'invoice'
        when 'sscc' then 'sscc' when 'shipment' then 'shipment' else 'tracking' end,
      coalesce(n ->> 'value', n ->> 'number')
    from jsonb_path_query(d.canonical, 'strict $.** ? (@.kind == "order" || @.kind == "bill_of_lading"
      || @.kind == "invoice" || @.kind == "sscc" || @.kind == "shipment" || @.kind == "tracking"
      || @.kind == "carrier_tracking" || @.kind == "carrier_reference")') n
    union all
    -- a purchase order keeps its references by kind
    select case r.key when 'bill_of_lading' then 'bol' else 'invoice' end, r.value #>> '{}'
    from jsonb_each(case when jsonb_typeof(d.canonical -> 'references') = 'object'
      then d.canonical -> 'references' else '{}' end) r where r.key in ('bill_of_lading', 'invoice')
    union all
    -- a warehouse names the package of a line
    select 'sscc', n #>> '{}' from jsonb_path_query(d.canonical, '$.lines[*].package') n
    where n #>> '{}' ~ '^(00)?[0-9]{18}$'
  ) f (kind, value) where crossdock.document_key_value(f.kind, f.value) is not null
$$;

create function crossdock.key_document() returns trigger language plpgsql set search_path = crossdock, pg_temp as $$
begin
  insert into document_key (tenant_id, document_id, kind, value)
  select new.tenant_id, new.document_id, k.kind, k.value from document_keys(new) k on conflict do nothing;
  return null;
end $$;
create trigger key_document after insert or update of po, order_no, canonical on crossdock.document
for each row execute function crossdock.key_document();

-- What only the sending knows: the numbers under which a document of ours left.
create function crossdock.key_sending() returns trigger language plpgsql set search_path = crossdock, pg_temp as $$
begin
  insert into document_key (tenant_id, document_id, kind, value)
  select new.tenant_id, new.document_id, k.kind, k.value from (
    select f.kind, document_key_value(f.kind, f.value) from (
      values ('control', new.interchange::text), ('group', nullif(new.group_number, 0)::text), ('set', new.message::text)
      union all select 'sscc', s from unnest(new.ssccs) s
    ) f (kind, value)
  ) k (kind, value) where k.value is not null on conflict do nothing;
  return null;
end $$;
create trigger key_sending after insert on crossdock.sending
for each row execute function crossdock.key_sending();

-- What is there already.
insert into crossdock.document_key (tenant_id, document_id, kind, value)
select d.tenant_id, d.document_id, k.kind, k.value from crossdock.document d cross join crossdock.document_keys(d) k
on conflict do nothing;
insert into crossdock.document_key (tenant_id, document_id, kind, value)
select s.tenant_id, s.document_id, k.kind, crossdock.document_key_value(k.kind, k.value) from crossdock.sending s
cross join lateral (
  values ('control', s.interchange::text), ('group', nullif(s.group_number, 0)::text), ('set', s.message::text)
  union all select 'sscc', x from unnest(s.ssccs) x) k (kind, value)
where crossdock.document_key_value(k.kind, k.value) is not null
on conflict do nothing;
