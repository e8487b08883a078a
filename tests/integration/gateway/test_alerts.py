"""Alerts: they fire once, name their reason, and are over by themselves."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crossdock import clock, exactjson
from crossdock.cases import incidents
from crossdock.cli import compose
from crossdock.settings import Settings
from crossdock.tower import alerts

TENANT = "norrland"
MORNING = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


async def check(story: Any, now: datetime) -> list[dict[str, Any]]:
    await story.project()
    async with story.db.transaction(TENANT) as tx:
        await alerts.check(tx, TENANT, now)
        return [a for a in await alerts.recent(tx, TENANT) if a["state"] == "firing"]


async def told(story: Any) -> list[str]:
    async with story.db.transaction(TENANT) as tx:
        rows = await tx.fetch("select type, body from crossdock.event where type like 'crossdock.alert.%' order by seq")
    return [f"{r['type'].rpartition('.')[2]}: {exactjson.loads(r['body'])['data']['title']}" for r in rows]


async def test_an_alert_fires_when_orders_stop_flowing_and_ends_with_the_next_release(story: Any) -> None:
    await story.received()
    assert await check(story, MORNING + 2 * HOUR) == []
    firing = await check(story, MORNING + 6 * HOUR)
    assert [a["kind"] for a in firing] == ["flow"]
    assert "1 wait" in firing[0]["title"]
    await check(story, MORNING + 7 * HOUR)
    assert len(await told(story)) == 1, "told once"
    await story.tell("order.released", shipments=[], promised_on="2026-03-04")
    assert await check(story, MORNING + 8 * HOUR) == []
    assert [t.partition(":")[0] for t in await told(story)] == ["fired", "resolved"]


async def test_orders_that_wait_for_people_are_no_stop_of_the_flow(story: Any) -> None:
    await story.received()
    await story.tell("approval.requested", approval="a")
    assert await check(story, MORNING + 20 * HOUR) == []


async def test_a_tenant_sets_its_own_limit(story: Any) -> None:
    await story.received()
    async with story.db.transaction(TENANT) as tx:
        await tx.execute('update crossdock.tenant set settings = \'{"alerts": {"flow_minutes": 30}}\'')
    assert [a["kind"] for a in await check(story, MORNING + 2 * HOUR)] == ["flow"]


@pytest.mark.parametrize(("released", "limit"), [(0, 240), (3, 240), (120, 120), (500, 30)])
def test_the_usual_limit_follows_the_tenants_own_rate(released: int, limit: int) -> None:
    assert alerts.usual(released) == timedelta(minutes=limit)


async def test_an_incident_that_lasts_is_an_alert_until_it_is_over(story: Any) -> None:
    async with story.db.transaction(TENANT) as tx:
        await incidents.held(tx, TENANT, "carrier", "SO-1", "no answer", MORNING)
    assert await check(story, MORNING + timedelta(minutes=10)) == []
    firing = await check(story, MORNING + HOUR)
    assert firing[0]["kind"] == "incident"
    assert firing[0]["link"].startswith("/incidents/")
    async with story.db.transaction(TENANT) as tx:
        await incidents.recovered(tx, TENANT, "carrier", MORNING + HOUR)
    assert await check(story, MORNING + 2 * HOUR) == []


async def test_events_that_could_not_be_handed_on_are_an_alert(story: Any) -> None:
    async with story.db.transaction(TENANT) as tx:
        await tx.execute("insert into crossdock.dead_letter (tenant_id, seq, reason) values ($1, 1, 'x')", TENANT)
        await alerts.check(tx, TENANT, MORNING)
        found = await alerts.recent(tx, TENANT)
    assert [a["kind"] for a in found] == ["dead-letters"]


async def test_a_running_worker_fires_the_alert_by_itself(story: Any) -> None:
    """The worker as the command line composes it: nobody asks it to look."""
    await story.received()
    await clock.set_to(story.db.pool, MORNING + 6 * HOUR, 0)
    worker, http = await compose.worker(story.db, Settings())
    working = asyncio.create_task(worker.run())
    try:
        async with asyncio.timeout(30):
            while not await told(story):
                assert not working.done()
                await asyncio.sleep(0.02)
    finally:
        worker.stop()
        await working
        await http.close()
    assert [t.partition(":")[0] for t in await told(story)] == ["fired"]
