-- name: of_partner
-- Open exceptions with an order to correct, of which the order came from this partner, alone or as one of several places'.
select c.case_id, c.number, c.title, c.order_no, c.data
from crossdock.cases c
join crossdock.document d on d.tenant_id = c.tenant_id and d.document_id = coalesce(
  (select o.document_id from crossdock.purchase_order o
   where o.tenant_id = c.tenant_id and o.order_no = c.order_no and o.purpose = 'original'),
  (select p.part_of from crossdock.document p
   where p.tenant_id = c.tenant_id and p.order_no = c.order_no and p.part_of is not null limit 1))
where c.tenant_id = $1 and c.status <> 'closed' and d.partner_id = $2 and jsonb_typeof(c.data) = 'object'
order by c.opened_at, c.case_id limit $3
