"""Every round serves every tenant: nobody waits behind another's backlog, nor behind what fails for another."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from crossdock.clock import Clock
from crossdock.db import Tx
from crossdock.engine import schedules, timers
from crossdock.engine.hooks import Silent
from crossdock.events import outbox
from crossdock.events.relay import Relay

from .conftest import MORNING, TENANT, Host

FIRST = "castell"  # its name comes before TENANT's

WAITING = """
document: {dsl: '1.0.3', namespace: t, name: waiting, version: '1.0.0'}
do:
  - rest: {wait: {hours: 1}}
"""
DAILY = """
document: {dsl: '1.0.3', namespace: t, name: NAME, version: '1.0.0'}
schedule: {every: {days: 1}}
do:
  - one: {set: {done: true}}
"""

TIMERS = """
insert into crossdock.timer (tenant_id, instance_id, at, timer, due_at)
select $1, gen_random_uuid(), '/do/0/rest#1', 'wait', $2::timestamptz - make_interval(days => 1, secs => n)
from generate_series(1, $3::int) n
"""
EVENTS = """
with e as (
  insert into crossdock.event (tenant_id, source, id, type, time, body)
  select $1, '/test', 'E-' || n, 'test.many', crossdock.now(), json_build_object('type', 'test.many', 'id', 'E-' || n)
  from generate_series(1, $2::int) n returning seq, id)
insert into crossdock.outbox (tenant_id, seq, source, id, correlate) select $1, seq, '/test', id, false from e
"""
# What no worker of ours writes: a row that the database refuses, for one tenant and one kind.
REFUSING = """
create function crossdock.refuse() returns trigger language plpgsql as $$
begin raise exception 'this row cannot be written'; end $$;
create trigger refused before insert on crossdock.{table} for each row when ({when})
execute function crossdock.refuse();
"""


async def refuse(admin_dsn: str, table: str, when: str) -> None:
    owner = await asyncpg.connect(admin_dsn)
    try:
        await owner.execute(REFUSING.format(table=table, when=when))
    finally:
        await owner.close()


def logged(caplog: pytest.LogCaptureFixture, tenant: str) -> list[str]:
    return [m for r in caplog.records if tenant in (m := r.getMessage()) and r.levelname == "ERROR"]


async def test_a_due_timer_waits_for_no_other_tenants_backlog(host: Host) -> None:
    i = await host.start(await host.publish(WAITING), {})
    await host.run()
    await host.later(hours=2)
    async with host.db.transaction(FIRST) as tx:
        await tx.execute(TIMERS, FIRST, MORNING, 5000)
    assert await timers.fire(host.db, lambda: MORNING + timedelta(hours=2)) == 251, "half a round, and the one there is"
    assert [f["instance_id"] for f in await host.rows("select instance_id from crossdock.fact")] == [i]


async def test_an_event_to_hand_on_waits_for_no_other_tenants_backlog(host: Host) -> None:
    taken: list[str] = []

    async def take(_tx: Tx, tenant_id: str, events: Sequence[tuple[int, Mapping[str, Any]]]) -> None:
        taken.extend(tenant_id for _ in events)

    async with host.db.transaction(FIRST) as tx:
        await tx.execute(EVENTS, FIRST, 5000)
    async with host.db.transaction(TENANT) as tx:
        await outbox.publish(tx, TENANT, {"type": "test.one", "data": {}})
    assert await Relay(host.db, [take]).once() == 101
    assert taken.count(TENANT) == 1
    assert taken.count(FIRST) == 100


async def test_alone_a_backlog_has_the_whole_round_and_goes_in_its_order(host: Host) -> None:
    seqs: list[int] = []

    async def take(_tx: Tx, _tenant_id: str, events: Sequence[tuple[int, Mapping[str, Any]]]) -> None:
        seqs.extend(seq for seq, _ in events)

    async with host.db.transaction(FIRST) as tx:
        await tx.execute(EVENTS, FIRST, 450)
    relay = Relay(host.db, [take])
    assert [await relay.once() for _ in range(4)] == [200, 200, 50, 0]
    assert seqs == sorted(seqs)
    assert len(set(seqs)) == 450


async def test_a_backlog_drains_beside_more_tenants_than_a_round_has_places(host: Host, admin_dsn: str) -> None:
    """Each has one place at least; and beside many with little, a backlog has an eighth of the round."""
    owner = await asyncpg.connect(admin_dsn)
    try:
        await owner.execute(
            "insert into crossdock.tenant (tenant_id, name) select 't-' || n, 'T' from generate_series(1, 30) n"
        )
        await owner.execute(
            "insert into crossdock.timer (tenant_id, instance_id, at, timer, due_at) "
            "select 't-' || n, gen_random_uuid(), '/do/0/rest#1', 'wait', $1 from generate_series(1, 30) n",
            MORNING,
        )
        await owner.execute(TIMERS, FIRST, MORNING, 1000)
    finally:
        await owner.close()
    for places, of_first in ((80, 10), (8, 1)):
        rows = await host.db.pool.fetch("select tenant_id from crossdock.due_timers($1)", places)
        tenants = [r["tenant_id"] for r in rows]
        assert len(set(tenants)) == 31
        assert tenants.count(FIRST) == of_first


async def test_a_timer_that_cannot_fire_keeps_no_other_from_firing(
    host: Host, admin_dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    theirs = await host.publish(WAITING, tenant=FIRST)
    bad, good = [await host.start(theirs, {}, tenant=FIRST) for _ in range(2)]
    ours = await host.start(await host.publish(WAITING), {})
    await host.run()
    await host.later(hours=2)
    await refuse(admin_dsn, "fact", f"new.instance_id = '{bad}'")
    assert await timers.fire(host.db, Clock().now) == 2
    there = "select instance_id from crossdock.fact"
    assert [f["instance_id"] for f in await host.rows(there)] == [ours]
    assert [f["instance_id"] for f in await host.rows(there, tenant=FIRST)] == [good]
    left = await host.rows("select instance_id from crossdock.timer", tenant=FIRST)
    assert [t["instance_id"] for t in left] == [bad], "it is kept, and tried again"
    assert any(str(bad) in m for m in logged(caplog, FIRST))


async def test_a_schedule_that_cannot_start_keeps_no_other_from_starting(
    host: Host, admin_dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    for tenant in (FIRST, TENANT):
        for name in ("bad", "good"):
            await host.publish(DAILY.replace("NAME", name), tenant=tenant)
    await host.later(days=1, hours=1)
    await refuse(admin_dsn, "instance", f"new.tenant_id = '{FIRST}' and new.name = 'bad'")
    assert await schedules.start_due(host.db) == 3
    started = "select name from crossdock.instance order by name"
    assert [r["name"] for r in await host.rows(started, tenant=FIRST)] == ["good"]
    assert [r["name"] for r in await host.rows(started)] == ["bad", "good"]
    assert any("t/bad" in m for m in logged(caplog, FIRST))


async def test_a_system_that_cannot_be_tried_keeps_no_other_from_being_tried(
    host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    for tenant in (FIRST, TENANT):
        async with host.db.transaction(tenant) as tx:
            await tx.execute(
                "insert into crossdock.outage (tenant_id, system, since, next_try_at, detail) "
                "values ($1, 'erp', crossdock.now(), crossdock.now(), 'down')",
                tenant,
            )

    class Failing(Silent):
        async def recovered(self, tx: Tx, tenant_id: str, system: str, now: object) -> None:
            if tenant_id == FIRST:
                raise ValueError("this incident cannot be closed")

    await timers.try_outages(host.db, Failing(), lambda: MORNING)
    assert await host.rows("select * from crossdock.outage") == []
    assert len(await host.rows("select * from crossdock.outage", tenant=FIRST)) == 1
    assert logged(caplog, FIRST)


async def test_a_tenant_whose_events_the_database_cannot_take_keeps_no_other_waiting(host: Host) -> None:
    """As when its projections take longer than a statement may: nothing of it is lost, and the others go on."""
    for tenant in (FIRST, TENANT):
        async with host.db.transaction(tenant) as tx:
            await outbox.publish(tx, tenant, {"type": "test.one", "data": {}})

    async def take(tx: Tx, tenant_id: str, _events: Sequence[tuple[int, Mapping[str, Any]]]) -> None:
        if tenant_id == FIRST:
            raise asyncpg.QueryCanceledError("canceling statement due to statement timeout")

    assert await Relay(host.db, [take]).once() == 1
    assert await host.rows("select * from crossdock.outbox") == []
    assert len(await host.rows("select * from crossdock.outbox", tenant=FIRST)) == 1
