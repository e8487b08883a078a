-- name: newest
-- The definition that new orders run: of this name, else the one published last.
select namespace, name, version from crossdock.definition where tenant_id = $1
order by (name = $2) desc, published_at desc, version desc limit 1
