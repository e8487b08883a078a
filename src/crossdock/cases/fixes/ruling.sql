-- name: asked
-- What an instance asked of a decision table the last time ('' is any table).
select at, arguments, output from crossdock.call
where tenant_id = $1 and instance_id = $2 and function = 'decision' and not abandoned
  and ($3 = '' or arguments ->> 'decision' = $3)
order by called_at desc, at desc limit 1
