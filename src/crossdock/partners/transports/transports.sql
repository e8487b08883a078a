-- name: list
select * from crossdock.channel where tenant_id = $1 and ($2::text is null or partner_id = $2) order by channel_id

-- name: one
select * from crossdock.channel where tenant_id = $1 and channel_id = $2

-- name: of_kind
select * from crossdock.channel where tenant_id = $1 and kind = $2 and enabled order by channel_id

-- name: add
insert into crossdock.channel (tenant_id, channel_id, kind, direction, partner_id, settings, every_s, max_bytes, usual)
values ($1, $2, $3, $4, $5, $6::jsonb, $7, $8, $9)
on conflict (tenant_id, channel_id) do update set kind = excluded.kind, direction = excluded.direction,
  partner_id = excluded.partner_id, settings = excluded.settings, every_s = excluded.every_s,
  max_bytes = excluded.max_bytes, usual = excluded.usual, next_run_at = clock_timestamp()

-- name: enable
update crossdock.channel set enabled = $3, next_run_at = clock_timestamp(), failures = 0
where tenant_id = $1 and channel_id = $2 returning channel_id

-- name: soon
-- Its next run is now; a run that is under way finishes first.
update crossdock.channel set next_run_at = clock_timestamp()
where tenant_id = $1 and channel_id = $2 and enabled returning channel_id

-- name: claim
-- One at a time in all processes; a run ends before its lease does.
update crossdock.channel set lease_owner = $3, leased_until = clock_timestamp() + make_interval(secs => $4)
where tenant_id = $1 and channel_id = $2 and (enabled or $5) and (leased_until is null or leased_until < clock_timestamp())
returning *

-- name: done
-- Ran well: the next run after its usual pause, at once when there was more than one run takes.
update crossdock.channel set lease_owner = null, leased_until = null, failures = 0, last_success_at = clock_timestamp(),
  case_id = null, next_run_at = clock_timestamp() + make_interval(secs => case when $4 then 0 else every_s end)
where tenant_id = $1 and channel_id = $2 and lease_owner = $3

-- name: failed
-- The pause doubles with each failure in a row, up to an hour.
update crossdock.channel set lease_owner = null, leased_until = null, failures = failures + 1,
  last_failure_at = clock_timestamp(), last_failure = $4,
  next_run_at = clock_timestamp() + make_interval(secs => least(every_s * power(2, least(failures, 12)), 3600))
where tenant_id = $1 and channel_id = $2 and lease_owner = $3 returning failures, case_id

-- name: told
update crossdock.channel set case_id = $3 where tenant_id = $1 and channel_id = $2

-- name: worked
-- Something came on a channel that nobody polls.
update crossdock.channel set last_success_at = clock_timestamp() where tenant_id = $1 and channel_id = $2

-- name: arrive
-- Once for each key; a second transaction waits for the first and finds it. What was refused may be taken later, when the
-- channel allows more.
insert into crossdock.arrival as a (tenant_id, channel_id, key, outcome, name, sender, sha256, size_bytes, reason, receipt_id,
  answer, answer_due)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::jsonb, $12)
on conflict (tenant_id, channel_id, key) do update set outcome = excluded.outcome, reason = '',
  receipt_id = excluded.receipt_id, answer = excluded.answer, answer_due = excluded.answer_due, stored_at = excluded.stored_at
  where a.outcome = 'refused' and excluded.outcome <> 'refused'
returning true

-- name: arrived
select outcome, receipt_id, sha256, answer from crossdock.arrival where tenant_id = $1 and channel_id = $2 and key = $3

-- name: answers_due
-- Receipts that go by themselves, the oldest first; for a day, after which nobody waits for them.
select key, answer from crossdock.arrival where tenant_id = $1 and channel_id = $2 and answer_due
  and stored_at > clock_timestamp() - interval '1 day'
order by stored_at limit 100

-- name: answered
update crossdock.arrival set answer_due = false where tenant_id = $1 and channel_id = $2 and key = $3

-- name: answer_again
-- The same message came again: its receipt did not arrive.
update crossdock.arrival set answer_due = true where tenant_id = $1 and channel_id = $2 and key = $3

-- name: last_arrival
select max(stored_at) from crossdock.arrival where tenant_id = $1 and channel_id = $2 and outcome <> 'refused'

-- name: arrivals
select a.channel_id, a.outcome, a.name, a.sender, a.size_bytes, a.reason, a.stored_at, a.receipt_id,
  (select array_agg(d.document_id::text order by d.place) from crossdock.document d
    where d.tenant_id = a.tenant_id and d.receipt_id = a.receipt_id) as documents
from crossdock.arrival a where a.tenant_id = $1 and ($2::text is null or a.channel_id = $2)
order by a.stored_at desc limit $3

-- name: acknowledgements
-- Our 997, 999, TA1 and CONTRL that wait for their partner, the oldest first: those of documents that came since the
-- channel was made, and that no outbox offers.
select d.document_id, d.filename, d.format, d.partner_id, w.bytes, 1 as tries, 'first' as kind
from crossdock.document d join crossdock.raw w on w.tenant_id = d.tenant_id and w.sha256 = d.sha256
where d.tenant_id = $1 and d.partner_id = $2 and d.direction = 'out' and d.answers is not null
  and d.received_at >= (select c.created_at from crossdock.channel c where c.tenant_id = $1 and c.channel_id = $3)
  and not exists (select from crossdock.sending s where s.tenant_id = $1 and s.document_id = d.document_id)
  and not exists (select from crossdock.delivery v where v.tenant_id = $1 and v.document_id = d.document_id
    and v.state in ('delivered', 'unknown', 'refused'))
order by d.received_at, d.document_id limit $4

-- name: offered
-- What the outbox offers this partner by this channel, but what waits for a person or for its receipt. The most exact
-- agreement about a document says by which channel it goes ($5 to $8, as partners/agreements/terms.of chooses); about an
-- acknowledgement (its type is in $9) the one about what it answers. $10: channels that are this one, '' where it is the
-- usual one. What is under way on a channel stays with it, whatever is agreed meanwhile. $11: with its bytes.
select s.document_id, d.filename, d.format, s.partner_id, case when $11 then w.bytes end as bytes, s.tries,
  (select t.kind from crossdock.sending_try t
    where t.tenant_id = $1 and t.document_id = s.document_id and t.number = s.tries) as kind
from crossdock.sending s
join crossdock.document d on d.tenant_id = s.tenant_id and d.document_id = s.document_id
join crossdock.raw w on w.tenant_id = d.tenant_id and w.sha256 = d.sha256
left join crossdock.document about on about.tenant_id = s.tenant_id and about.document_id = s.about
  and s.type = any($9::text[])
left join crossdock.delivery v on v.tenant_id = s.tenant_id and v.document_id = s.document_id and v.number = s.tries
where s.tenant_id = $1 and s.partner_id = $2 and s.state = 'written'
  and (v.state is null or v.state = 'failed' or (v.state = 'sending' and v.channel_id = $3))
  and (v.state = 'sending' or coalesce((
    select a.channel from unnest($5::text[], $6::text[], $7::text[], $8::text[]) as a (document, direction, version, channel)
    where a.document = coalesce(about.type, s.type) and a.direction = case when about.type is null then 'out' else 'in' end
      and starts_with(s.version, a.version)
    order by length(a.version) desc limit 1), '') = any($10::text[]))
order by s.written_at, s.document_id limit $4

-- name: begin
-- Before the first byte leaves. What a crash left in `sending` is taken up again, or, where that might make two of it,
-- found as it is.
insert into crossdock.delivery as v (tenant_id, document_id, number, channel_id, message_id, state)
values ($1, $2, $3, $4, $5, 'sending')
on conflict (tenant_id, document_id, number) do update set state = 'sending', attempts = v.attempts + 1,
  channel_id = excluded.channel_id, ended_at = null, case_id = null
  where v.state = 'failed' or ($6 and v.state = 'sending' and v.channel_id = excluded.channel_id)
returning message_id, attempts

-- name: message_of
-- Of the try before this one.
select message_id from crossdock.delivery where tenant_id = $1 and document_id = $2 and number < $3
order by number desc limit 1

-- name: end
update crossdock.delivery set state = $4, detail = $5, mic = coalesce(nullif($6, ''), mic), receipt = $7,
  ended_at = case when $4 = 'sending' then null else clock_timestamp() end
where tenant_id = $1 and document_id = $2 and number = $3 and (state = 'sending' or $4 <> 'sending')

-- name: digest
-- Known before the message leaves: its receipt may be here before the answer is.
update crossdock.delivery set mic = $4 where tenant_id = $1 and document_id = $2 and number = $3

-- name: attend
update crossdock.delivery set case_id = $4 where tenant_id = $1 and document_id = $2 and number = $3

-- name: lost
-- Sent before, and neither a receipt nor the process that sent it came back in time.
select document_id, number, attempts from crossdock.delivery
where tenant_id = $1 and channel_id = $2 and state = 'sending' and began_at < clock_timestamp() - make_interval(secs => $3)
for update skip locked

-- name: of_message
select v.*, d.partner_id from crossdock.delivery v
join crossdock.document d on d.tenant_id = v.tenant_id and d.document_id = v.document_id
where v.tenant_id = $1 and v.message_id = $2 order by v.number desc limit 1 for update of v

-- name: delivery
select v.*, (select s.state from crossdock.sending s
  where s.tenant_id = v.tenant_id and s.document_id = v.document_id) as sending
from crossdock.delivery v where v.tenant_id = $1 and v.document_id = $2 order by number desc limit 1 for update of v

-- name: again
-- A person says: once more, under the same identifier.
update crossdock.delivery set state = 'failed', detail = detail || $4 where tenant_id = $1 and document_id = $2 and number = $3

-- name: deliveries
select v.document_id, v.number, v.channel_id, v.message_id, v.state, v.attempts, v.detail, v.mic, v.began_at, v.ended_at,
  d.type, d.filename, d.partner_id
from crossdock.delivery v join crossdock.document d on d.tenant_id = v.tenant_id and d.document_id = v.document_id
where v.tenant_id = $1 and ($2::text is null or v.channel_id = $2) and ($3::text is null or v.state = $3)
order by v.began_at desc limit $4

-- name: add_certificate
insert into crossdock.certificate (tenant_id, partner_id, fingerprint, pem, subject, key_secret, valid_from, not_after,
  added_by)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict (tenant_id, partner_id, fingerprint) do update set valid_from = excluded.valid_from,
  key_secret = excluded.key_secret, withdrawn_at = null

-- name: certificates
-- The one to send with comes first: the newest whose time has come.
select *, (withdrawn_at is null and valid_from <= $3 and not_after > $3) as usable from crossdock.certificate
where tenant_id = $1 and ($2::text is null or partner_id = $2)
order by partner_id, (withdrawn_at is null and valid_from <= $3 and not_after > $3) desc, valid_from desc, fingerprint

-- name: withdraw_certificate
update crossdock.certificate set withdrawn_at = clock_timestamp()
where tenant_id = $1 and partner_id = $2 and fingerprint = $3 and withdrawn_at is null returning case_id

-- name: expiring
-- Untold, and not replaced by one that lasts longer.
select c.* from crossdock.certificate c
where c.tenant_id = $1 and c.withdrawn_at is null and c.case_id is null and c.not_after < $2
  and not exists (select from crossdock.certificate n where n.tenant_id = $1 and n.partner_id = c.partner_id
    and n.withdrawn_at is null and n.not_after >= $2 and (n.key_secret is null) = (c.key_secret is null))
for update

-- name: certificate_told
update crossdock.certificate set case_id = $4 where tenant_id = $1 and partner_id = $2 and fingerprint = $3
