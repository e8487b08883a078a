"""Schedules on the durable host: who starts what, once, and what publishing changes. The kit has the times."""

import asyncio
from datetime import timedelta
from typing import Any

from crossdock.engine import schedules

from .conftest import MORNING, Host

HOURLY = """
document: {{ dsl: '1.0.3', namespace: test, name: hourly, version: '{version}' }}
{schedule}
do: [ {{ say: {{ set: {{ version: '{version}' }} }} }} ]
"""


def source(version: str = "1.0.0", schedule: str = "schedule: { every: PT1H }") -> str:
    return HOURLY.format(version=version, schedule=schedule)


async def planned(host: Host) -> list[Any]:
    return [r["due_at"] for r in await host.rows("select due_at from crossdock.schedule order by name")]


async def test_four_workers_that_look_at_once_start_a_time_once(host: Host):
    await host.publish(source())
    await host.at(MORNING + timedelta(hours=1))
    started = await asyncio.gather(*(schedules.start_due(host.db) for _ in range(4)))
    assert sum(started) == 1
    assert len(await host.rows("select 1 from crossdock.instance")) == 1
    assert await planned(host) == [MORNING + timedelta(hours=2)]


async def test_a_time_that_was_started_is_not_started_again_though_its_row_says_so(host: Host):
    await host.publish(source())
    await host.at(MORNING + timedelta(hours=1))
    assert await schedules.start_due(host.db) == 1
    async with host.db.transaction("norrland") as tx:
        await tx.execute("update crossdock.schedule set due_at = $1", MORNING + timedelta(hours=1))
    assert await schedules.start_due(host.db) == 0  # the instance's id is made of the planned time
    assert len(await host.rows("select 1 from crossdock.instance")) == 1


async def test_publishing_again_keeps_the_next_time_and_a_new_rule_sets_it_anew(host: Host):
    await host.publish(source())
    await host.at(MORNING + timedelta(minutes=50))
    await host.publish(source())
    await host.publish(source("1.1.0"))
    assert await planned(host) == [MORNING + timedelta(hours=1)]
    await host.publish(source("2.0.0", "schedule: { every: PT2H }"))
    assert await planned(host) == [MORNING + timedelta(hours=2, minutes=50)]
    await host.publish(source("3.0.0", ""))
    assert await planned(host) == []


async def test_the_newest_version_is_the_one_that_time_starts(host: Host):
    await host.publish(source())
    await host.publish(source("1.1.0"))
    await host.at(MORNING + timedelta(hours=1))
    await schedules.start_due(host.db)
    rows = await host.rows("select version from crossdock.instance")
    assert [r["version"] for r in rows] == ["1.1.0"]


async def test_each_tenant_has_its_own_schedule(host: Host):
    await host.publish(source(), tenant="norrland")
    await host.publish(source(), tenant="castell")
    await host.at(MORNING + timedelta(hours=1))
    assert await schedules.start_due(host.db) == 2
    for tenant in ("norrland", "castell"):
        assert len(await host.rows("select 1 from crossdock.instance", tenant=tenant)) == 1
