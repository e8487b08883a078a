-- name: one_at_a_time
-- Versions of one partner's file are numbered one after the other.
select pg_advisory_xact_lock(hashtextextended($1, 0))

-- name: latest
select version, document::text as document, note, put_by, put_at from crossdock.partner_version
where tenant_id = $1 and partner_id = $2 and ($3::int is null or version = $3)
order by version desc limit 1

-- name: put
insert into crossdock.partner_version (tenant_id, partner_id, version, document, note, put_by, put_at)
values ($1, $2, $3, $4, $5, $6, $7)

-- name: versions
select version, note, put_by, put_at from crossdock.partner_version
where tenant_id = $1 and partner_id = $2 order by version desc

-- name: profile
select profile::text as profile from crossdock.partner where tenant_id = $1 and partner_id = $2

-- name: all
select p.partner_id, p.profile::text as profile, (select max(v.version) from crossdock.partner_version v
    where v.tenant_id = p.tenant_id and v.partner_id = p.partner_id) as version,
  (select max(d.received_at) from crossdock.document d where d.tenant_id = p.tenant_id
    and d.partner_id = p.partner_id) as last_document_at
from crossdock.partner p where p.tenant_id = $1 order by p.partner_id

-- name: calendar
-- The first of several names that exists, at its current version.
select c.name, c.version, c.document::text as document
from unnest($2::text[]) with ordinality as wanted (name, place)
join crossdock.calendar c on c.tenant_id = $1 and c.name = wanted.name
order by wanted.place, c.version desc limit 1

-- name: calendar_version
select document::text as document from crossdock.calendar where tenant_id = $1 and name = $2 and version = $3

-- name: intervals
-- How long a partner took over what it owed, the latest first.
select took from crossdock.expectation
where tenant_id = $1 and partner_id = $2 and kind = $3 and owed_by = 'them' and cause = $4 and state = 'fulfilled'
order by closed_at desc limit $5

-- name: acknowledged
-- From handing over to the first word, the latest first.
select sent_at, answered_at from crossdock.sending
where tenant_id = $1 and partner_id = $2 and type = $3 and answered_at is not null and sent_at is not null and not test
  and answered_at > sent_at
order by answered_at desc limit $4

-- name: certificates
-- A partner's, the first to end first.
select fingerprint, subject, valid_from, not_after from crossdock.certificate
where tenant_id = $1 and partner_id = $2 and withdrawn_at is null order by not_after

-- name: channels
select channel_id, partner_id, direction from crossdock.channel where tenant_id = $1 and channel_id = any($2::text[])

-- name: transports
select channel_id, kind, direction, enabled, last_success_at, last_failure from crossdock.channel
where tenant_id = $1 and partner_id = $2 order by channel_id
