"""Workers die at every point where it matters, again and again; the promises of the engine hold at each moment.

no instance is lost             every one started is there, and in the end has ended
one effect a key                though the systems honour no keys: what is in doubt is looked up, never repeated
one end                         one terminal status, one terminal event, nothing after it
nothing waits for nothing       who is not worked on has a timer, a subscription, an open call or a child
"""

import os
import random
from collections import Counter
from datetime import UTC, datetime

import pytest

from crossdock import clock
from crossdock.db import Database
from crossdock.engine import definitions
from crossdock.engine.hooks import Point

from .world import DEFINITIONS, TENANT, Ledger, World

POINTS = list(Point)
BATCH = 10  # instances that are begun together
DEATHS_A_BATCH = 10


def _without(*tables: str) -> str:
    return "".join(
        f" and not exists (select from crossdock.{t} x"
        " where x.tenant_id = i.tenant_id and x.instance_id = i.instance_id)"
        for t in tables
    )


ORPHANS = f"""
select i.instance_id, i.name from crossdock.instance i
where i.status = 'running' {_without("ready", "lease", "timer", "subscription", "held_call")}
  and not exists (select from crossdock.call x where x.tenant_id = i.tenant_id and x.instance_id = i.instance_id
                  and x.state in ('parked', 'asked'))
  and not exists (select from crossdock.instance x where x.tenant_id = i.tenant_id and x.parent_id = i.instance_id
                  and x.ended_at is null)
"""
# Whoever has mail is being worked on, or will be: else a fact would lie there for ever.
UNREAD = """
select f.instance_id, f.kind from crossdock.fact f
where not exists (select from crossdock.ready x where x.tenant_id = f.tenant_id and x.instance_id = f.instance_id)
  and not exists (select from crossdock.lease x where x.tenant_id = f.tenant_id and x.instance_id = f.instance_id)
"""


async def check_now(world: World) -> None:
    """What holds at every moment, also between a death and its burial."""
    assert await world.rows(ORPHANS) == []
    assert await world.rows(UNREAD) == []
    assert [k for k, n in world.ledger.effects.items() if n > 1] == []
    there = {r["instance_id"] for r in await world.rows("select instance_id from crossdock.instance")}
    assert set(world.started) <= there


async def check_end(world: World) -> None:
    instances = await world.rows("select * from crossdock.instance")
    assert Counter(r["status"] for r in instances) == {"completed": len(instances)}
    assert all(r["ended_at"] is not None for r in instances)
    # one terminal event for each: three-calls also as the child of a parent
    events = await world.rows("select subject, count(*) as n from crossdock.event where type = 'sim.done' group by 1")
    assert {r["subject"]: r["n"] for r in events} == Counter(r["business_key"] for r in instances)
    open_calls = await world.rows("select * from crossdock.call where state not in ('done', 'failed')")
    assert open_calls == []
    done = await world.rows(
        "select instance_id, at, undo, undone_at from crossdock.call where state = 'done' and system <> ''"
    )
    assert {f"{r['instance_id']}{r['at']}" for r in done} == set(+world.ledger.effects)
    assert [r for r in done if r["undo"] and not r["undone_at"] and _cancelled(world, r["instance_id"])] == []
    for table in ("ready", "lease", "fact", "timer", "subscription", "held_call", "outbox", "dead_letter"):
        assert await world.rows(f"select * from crossdock.{table}") == [], table
    heard = await world.rows(
        "select instance_id, count(*) filter (where kind = 'Started') as starts from crossdock.history group by 1"
    )
    assert {r["starts"] for r in heard} == {1}


def _cancelled(world: World, instance_id: object) -> bool:
    return world.started.get(instance_id, ("", ""))[0] == "undone"  # type: ignore[call-overload]


async def simulate(world: World, deaths: int) -> None:
    while world.deaths.total() < deaths:
        await world.begin(BATCH)
        stop = world.deaths.total() + DEATHS_A_BATCH
        while world.deaths.total() < min(stop, deaths):
            point = world.chance.choice(POINTS)
            if await world.live_once(point, world.chance.choice([1, 1, 2, 3, 5, 8])):
                world.deaths[point] += 1
            elif not await world.push():
                break
            await check_now(world)
    while True:
        await world.live_once(None)
        await check_now(world)
        if not await world.push():
            break
    await check_end(world)


async def world_of(database: Database, dsn: str, seed: int) -> World:
    await clock.set_to(database.pool, datetime(2026, 3, 2, 8, tzinfo=UTC), 0)
    async with database.transaction(TENANT) as tx:
        for source in DEFINITIONS:
            await definitions.publish(tx, TENANT, source)
    return World(database, dsn, Ledger(seed), random.Random(seed))


SEED = int(os.environ.get("CROSSDOCK_SIMULATION_SEED", "0"))


@pytest.mark.parametrize("seed", [SEED + n for n in range(2)])
async def test_promises_hold_while_workers_die(database: Database, app_dsn: str, seed: int) -> None:
    world = await world_of(database, app_dsn, seed)
    await simulate(world, 20)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [SEED + 100 + n for n in range(4)])
async def test_promises_hold_through_hundreds_of_deaths(database: Database, app_dsn: str, seed: int) -> None:
    world = await world_of(database, app_dsn, seed)
    await simulate(world, 60)
    assert set(world.deaths) == set(POINTS)
