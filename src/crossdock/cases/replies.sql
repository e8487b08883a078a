-- name: put
insert into crossdock.case_template (tenant_id, name, title, subject, body, put_by, put_at, language)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (tenant_id, name) do update set title = excluded.title, subject = excluded.subject, body = excluded.body,
  put_by = excluded.put_by, put_at = excluded.put_at

-- name: put_text
-- Its text in another language.
insert into crossdock.case_template_text (tenant_id, name, language, subject, body, put_by, put_at)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (tenant_id, name, language) do update set subject = excluded.subject, body = excluded.body,
  put_by = excluded.put_by, put_at = excluded.put_at

-- name: retitle
update crossdock.case_template set title = $3 where tenant_id = $1 and name = $2

-- name: remove
delete from crossdock.case_template where tenant_id = $1 and name = $2 returning true

-- name: remove_text
delete from crossdock.case_template_text where tenant_id = $1 and name = $2 and language = $3 returning true

-- name: all
-- Each with its own text first; $2: one of them.
select t.name, t.title, t.language, t.subject, t.body, t.put_by, t.put_at,
  coalesce((select json_agg(json_build_object('language', x.language, 'subject', x.subject, 'body', x.body)
      order by x.language)
    from crossdock.case_template_text x where x.tenant_id = $1 and x.name = t.name), '[]')::text as others
from crossdock.case_template t where t.tenant_id = $1 and ($2::text is null or t.name = $2) order by t.title, t.name

-- name: po
select po from crossdock.order_view where tenant_id = $1 and order_no = $2

-- name: language
-- In which the customer of a case reads, as far as it is known.
select coalesce(body ->> 'language', '') from crossdock.catalogue_customer where tenant_id = $1 and customer_id = $2
