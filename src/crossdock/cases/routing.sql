-- name: about
-- What a tenant's records say of an order and its customer; what is not known stays empty. $4: an incident.
select t.time_zone, coalesce(o.customer_id, '') as customer_id,
  coalesce(nullif(o.customer, ''), c.name, '') as customer, coalesce(c.tier, '') as tier,
  coalesce(o.promised_on, o.requested_on) as promised_on, coalesce(o.total, o.stated_total) as total,
  coalesce(o.currency, '') as currency,
  -- where the order was last, or is to be, dealt with: the site of its newest shipment, else of its reservations
  coalesce((select coalesce(e.body -> 'data' ->> 'site', e.body -> 'data' -> 'reservations' -> 0 ->> 'site')
    from crossdock.event e where e.tenant_id = $1 and e.subject = $2 and $2 <> ''
      and e.type in ('crossdock.order.allocated', 'crossdock.shipment.released', 'crossdock.shipment.shipped')
    order by e.seq desc limit 1), '') as site, coalesce(d.partner_id, '') as partner,
  (select count(*) from crossdock.incident_order i where i.tenant_id = $1 and i.incident_id = $4) as orders
from crossdock.tenant t
left join crossdock.order_view o on o.tenant_id = t.tenant_id and o.order_no = $2 and $2 <> ''
left join crossdock.catalogue_customer c on c.tenant_id = t.tenant_id and c.customer_id = coalesce(nullif($3, ''), o.customer_id)
left join crossdock.document d on d.tenant_id = t.tenant_id and d.document_id = o.document_id
where t.tenant_id = $1

-- name: calendar_of
select calendar from crossdock.case_team where tenant_id = $1 and team = $2
