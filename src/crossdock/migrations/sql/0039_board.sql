-- The board: where every instance stands and how long it stood before, what its orders are filtered by, the plan of each
-- order with the risk that it is not kept, and the views that people save.

alter table crossdock.order_view
  add column site text not null default '',               -- of which most is shipped
  add column sites text[] not null default '{}',
  add column service text not null default '',            -- of the carrier, once it is booked
  add column partner_id text not null default '',
  add column order_type text not null default 'standard',
  add column picked_at timestamptz,
  add column held_up_at timestamptz,                      -- the carrier reports trouble, and no delivery since
  add column eta_on date,                                 -- as the carrier said last
  add column stock_on date;                               -- when what is missing arrives, as the supplier said last
update crossdock.order_view v set partner_id = coalesce(d.partner_id, '')
  from crossdock.document d where d.tenant_id = v.tenant_id and d.document_id = v.document_id;
create index order_view_due on crossdock.order_view (tenant_id, (coalesce(first_promised_on, requested_on)));
create index order_view_site on crossdock.order_view (tenant_id, site, released_at desc) where released_at is not null;

-- ── where instances stand ────────────────────────────────────────────────────────────────────────────────────────

-- One narrow row an instance that has not ended and stands in a stage: what the board counts. Written by a trigger in
-- the turn's own transaction; order_view is written by the relay, so neither waits for the other.
create table crossdock.standing (
  tenant_id text not null,
  instance_id uuid not null,
  namespace text not null,
  name text not null,
  version text not null,
  stage text not null,
  order_no text not null default '',
  since timestamptz not null,
  primary key (tenant_id, instance_id)
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);
create index standing_process on crossdock.standing (tenant_id, name);
create index standing_order on crossdock.standing (tenant_id, order_no);
select crossdock.protect('crossdock.standing');

-- Stages that were left, and stages in which an instance ended (ended): what is usual is learned from it.
create table crossdock.passage (
  tenant_id text not null,
  seq bigint generated always as identity,
  name text not null,
  version text not null,
  stage text not null,
  site text not null default '',
  instance_id uuid not null,
  order_no text not null default '',
  entered_at timestamptz not null,
  left_at timestamptz not null,
  ended boolean not null default false,
  primary key (tenant_id, seq)
);
create index passage_learn on crossdock.passage (tenant_id, name, stage, left_at desc) where not ended;
create index passage_ended on crossdock.passage (tenant_id, name, left_at) where ended;
create index passage_old on crossdock.passage (tenant_id, left_at);
select crossdock.protect('crossdock.passage');

-- How long a stage usually takes. site '': wherever. open_*: counted in the open hours of the site's calendar.
create table crossdock.usual_dwell (
  tenant_id text not null references crossdock.tenant,
  name text not null,
  stage text not null,
  site text not null default '',
  samples int not null,
  p50_s double precision not null,
  p90_s double precision not null,
  open_p50_s double precision not null,
  learned_at timestamptz not null,
  primary key (tenant_id, name, stage, site)
);
select crossdock.protect('crossdock.usual_dwell');

create function crossdock.follow_stage() returns trigger language plpgsql set search_path = crossdock, pg_temp as $$
begin
  if tg_op = 'DELETE' then
    delete from standing where tenant_id = old.tenant_id and instance_id = old.instance_id;
    return null;
  end if;
  if tg_op = 'UPDATE' and old.ended_at is null and old.stage <> '' and (old.stage <> new.stage or new.ended_at is not null) then
    insert into passage (tenant_id, name, version, stage, site, instance_id, order_no, entered_at, left_at, ended)
    select old.tenant_id, old.name, old.version, old.stage, coalesce(o.site, ''), old.instance_id, new.business_key,
           old.stage_since, new.updated_at, new.ended_at is not null and old.stage = new.stage
    from (select 1) one left join order_view o on o.tenant_id = old.tenant_id and o.order_no = new.business_key;
  end if;
  if new.ended_at is not null then
    if tg_op = 'INSERT' or old.stage <> new.stage then
      insert into passage (tenant_id, name, version, stage, instance_id, order_no, entered_at, left_at, ended)
      values (new.tenant_id, new.name, new.version, new.stage, new.instance_id, new.business_key, new.stage_since, new.ended_at, true);
    end if;
    delete from standing where tenant_id = new.tenant_id and instance_id = new.instance_id;
  elsif new.stage <> '' then
    insert into standing (tenant_id, instance_id, namespace, name, version, stage, order_no, since)
    values (new.tenant_id, new.instance_id, new.namespace, new.name, new.version, new.stage, new.business_key, new.stage_since)
    on conflict (tenant_id, instance_id) do update set namespace = excluded.namespace, name = excluded.name,
      version = excluded.version, stage = excluded.stage, order_no = excluded.order_no, since = excluded.since;
  end if;
  return null;
end $$;
create trigger stage_entered after insert on crossdock.instance for each row
  when (new.stage <> '') execute function crossdock.follow_stage();
-- Nothing is called for the many turns that stay in their stage.
create trigger stage_changed after update on crossdock.instance for each row
  when (new.stage is distinct from old.stage or (new.stage <> '' and ((new.ended_at is null) is distinct from (old.ended_at is null)
        or new.version is distinct from old.version or new.business_key is distinct from old.business_key)))
  execute function crossdock.follow_stage();
create trigger stage_gone after delete on crossdock.instance for each row
  when (old.ended_at is null and old.stage <> '') execute function crossdock.follow_stage();

insert into crossdock.standing (tenant_id, instance_id, namespace, name, version, stage, order_no, since)
select tenant_id, instance_id, namespace, name, version, stage, business_key, stage_since from crossdock.instance
where ended_at is null and stage <> '';
insert into crossdock.passage (tenant_id, name, version, stage, instance_id, order_no, entered_at, left_at, ended)
select tenant_id, name, version, stage, instance_id, business_key, stage_since, ended_at, true from crossdock.instance
where ended_at is not null and stage <> '';

-- ── plans, and what is at risk ───────────────────────────────────────────────────────────────────────────────────

-- What was planned for an order, by version: a plan is never changed, a new one takes its place and says why.
create table crossdock.order_plan (
  tenant_id text not null references crossdock.tenant,
  order_no text not null,
  version int not null,
  made_at timestamptz not null,
  why text not null,
  promised_on date,
  promise_at timestamptz,
  site text not null default '',
  service text not null default '',
  lead_days int,
  basis text not null,            -- what it was made of: with another basis another plan is made
  steps json not null,            -- [{step, by}], in their order
  assumed json not null,          -- calendars with their versions, durations, and where each comes from
  primary key (tenant_id, order_no, version)
);
select crossdock.protect('crossdock.order_plan');

-- The risk of each order that is not delivered yet. look_at: when time alone may change it, or at once after an event.
create table crossdock.jeopardy (
  tenant_id text not null references crossdock.tenant,
  order_no text not null,
  look_at timestamptz,
  why text not null default '',           -- what happened since it was looked at last
  plan_version int not null default 0,
  level text not null default 'none' check (level in ('none', 'watch', 'high', 'critical', 'missed')),
  step text not null default '',          -- what it waits for
  rule text not null default '',
  reason text not null default '',
  promised_on date,
  expected_on date,
  expected json,                          -- [{step, at}] of what has not happened yet
  days_late int not null default 0,
  money numeric,
  currency text not null default '',
  could json not null default '[]',       -- what could be done: [{kind, text, expected_on}]
  since timestamptz,                      -- at this level
  case_id uuid,
  looked_at timestamptz,
  over boolean not null default false,    -- delivered or ended: kept to be read, looked at no more
  primary key (tenant_id, order_no)
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);
create index jeopardy_look on crossdock.jeopardy (tenant_id, look_at) where look_at is not null;
create index jeopardy_level on crossdock.jeopardy (tenant_id, level) where level <> 'none' and not over;
select crossdock.protect('crossdock.jeopardy');

-- Which tenants have an order to look at by now; nothing else leaves.
grant create on schema crossdock to crossdock_dispatch;
create policy dispatch on crossdock.jeopardy for select to crossdock_dispatch using (true);
grant select on crossdock.jeopardy to crossdock_dispatch;
create function crossdock.jeopardy_due(p_now timestamptz) returns setof text
language sql stable security definer set search_path = crossdock, pg_temp as $$
  select t.tenant_id from tenant t
  where exists (select from jeopardy j where j.tenant_id = t.tenant_id and j.look_at <= p_now)
$$;
-- When one is looked at next: simulated time may jump there.
create function crossdock.jeopardy_next() returns timestamptz
language sql stable security definer set search_path = crossdock, pg_temp as $$
  select min(n.look_at) from tenant t
  cross join lateral (select j.look_at from jeopardy j where j.tenant_id = t.tenant_id and j.look_at is not null
                      order by j.look_at limit 1) n
$$;
alter function crossdock.jeopardy_due(timestamptz) owner to crossdock_dispatch;
alter function crossdock.jeopardy_next() owner to crossdock_dispatch;
revoke create on schema crossdock from crossdock_dispatch;
revoke all on function crossdock.jeopardy_due, crossdock.jeopardy_next from public;
grant execute on function crossdock.jeopardy_due, crossdock.jeopardy_next to crossdock_app;

insert into crossdock.jeopardy (tenant_id, order_no, look_at, why)
select tenant_id, order_no, '-infinity', 'known since before' from crossdock.order_view
where outcome is null and completed_at is null;

-- ── saved views ──────────────────────────────────────────────────────────────────────────────────────────────────

-- Filters under a name. shared: everybody of the tenant sees it; only its owner changes it. folded: the name without
-- regard to case, as Unicode has it: what lower() does depends on how the database was made.
create table crossdock.board_view (
  tenant_id text not null references crossdock.tenant,
  view_id uuid not null,
  owner text not null,
  name text not null,
  folded text not null,
  filters json not null,
  shared boolean not null default false,
  put_at timestamptz not null,
  primary key (tenant_id, view_id)
);
create unique index board_view_name on crossdock.board_view (tenant_id, owner, folded);
select crossdock.protect('crossdock.board_view');

create table crossdock.board_default (
  tenant_id text not null,
  person text not null,
  view_id uuid not null,
  primary key (tenant_id, person),
  foreign key (tenant_id, view_id) references crossdock.board_view on delete cascade
);
select crossdock.protect('crossdock.board_default');
