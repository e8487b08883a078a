-- name: of_partner
-- Open exceptions with an order to correct, of which the order came from this partner.
select c.case_id, c.number, c.title, c.order_no, c.data
from crossdock.cases c
join crossdock.purchase_order o on o.tenant_id = c.tenant_id and o.order_no = c.order_no and o.purpose = 'original'
join crossdock.document d on d.tenant_id = o.tenant_id and d.document_id = o.document_id
where c.tenant_id = $1 and c.status <> 'closed' and d.partner_id = $2 and jsonb_typeof(c.data) = 'object'
order by c.opened_at, c.case_id limit $3
