"""The machine of the primary is lost and its replica takes over: everybody finds it, and what was promised is there."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from crossdock import exactjson

from . import installation, postgres
from .installation import OPENS, Asked, Installation

RATE = 1200.0
HERE = "127.0.0.1"


@dataclass(slots=True)
class Pair:
    """A primary and the replica that follows it, and an installation whose URLs name both."""

    primary: postgres.Cluster
    replica: postgres.Cluster
    house: Installation


@asynccontextmanager
async def followed(base: Path, *, synchronous: bool, orders: int, seed: int) -> AsyncIterator[Pair]:
    first, second = installation.free_port(), installation.free_port()
    with (
        postgres.cluster(base, "first", HERE, first) as primary,
        postgres.cluster(base, "second", HERE, second) as replica,
    ):
        primary.initialise()
        primary.start()
        replica.copy_of(primary, "second")
        replica.start()
        admin = await asyncpg.connect(primary.dsn("postgres"))
        await admin.execute("create database crossdock")
        await admin.execute(f"create role crossdock_login login noinherit password '{postgres.PASSWORD}'")
        if synchronous:
            # Only there: the replica was copied before, so once promoted it waits for nobody.
            await admin.execute("alter system set synchronous_standby_names = '*'")
            await admin.execute("select pg_reload_conf()")
        state = "sync" if synchronous else "async"

        async def follows() -> bool:
            return await admin.fetchval("select count(*) = 1 from pg_stat_replication where sync_state = $1", state)

        await installation.until(follows, within_s=30, what=f"the replica is {state}")
        await admin.close()
        both = f"{HERE}:{first},{HERE}:{second}/crossdock"
        admin_dsn, app_dsn = (f"postgresql://{u}:{postgres.PASSWORD}@{both}" for u in ("postgres", "crossdock_login"))
        logs = base / "logs"
        logs.mkdir()
        async with installation.opened(admin_dsn, app_dsn, logs, orders=orders, seed=seed) as house:
            yield Pair(primary, replica, house)


@pytest.mark.slow
async def test_a_synchronous_replica_takes_over_without_the_loss_of_an_acknowledged_order(
    real_postgres: Path, base: Path
) -> None:
    async with followed(base, synchronous=True, orders=16, seed=9) as pair:
        house = pair.house
        await house.start_gateway()
        for _ in range(2):
            await house.start_worker()
        await house.set_clock(OPENS, RATE)
        feeding = asyncio.create_task(house.feed(house.plan.deliveries, RATE))

        async def some() -> bool:
            return len(house.feeder.acknowledged) >= 5

        await installation.until(some, within_s=60, what="a few orders are in")
        pair.primary.kill()
        lost_at = time.monotonic()
        before = set(house.feeder.acknowledged)
        pair.replica.promote()

        async def taken() -> bool:
            return len(house.feeder.acknowledged) > len(before)

        await installation.until(taken, within_s=60, what="orders are acknowledged again")
        again_s = time.monotonic() - lost_at
        await asyncio.wait_for(feeding, 120)
        dead = house.last_words_of_the_dead()
        await house.run_on()
        found = await house.balanced()
        workers = await house.rows("select pid from crossdock.worker")
    assert dead == {}  # nobody had to be started again, or told where the database is now
    assert {r["pid"] for r in workers} == {w.pid for w in house.workers}
    assert found["good"], exactjson.text(found)
    assert (found["acknowledged"], found["lost"], found["doubled"]) == (16, 0, 0)
    print(f"acknowledged again {again_s:.1f} s after the loss")


@pytest.mark.slow
async def test_a_replica_that_lagged_has_all_that_it_received_and_takes_the_rest_when_it_is_sent_again(
    real_postgres: Path, base: Path
) -> None:
    """Not synchronous: what was acknowledged while it lagged is gone with the primary, and nothing else is."""
    async with followed(base, synchronous=False, orders=8, seed=9) as pair:
        house = pair.house
        await house.start_gateway()  # no worker: what is asked is which bytes are kept
        early, late = house.plan.deliveries[:3], house.plan.deliveries[3]
        for delivery in early:
            await house.deliver(delivery)
        await _caught_up(pair)
        await _cut_off(pair.replica)
        await house.deliver(late)
        pair.primary.kill()
        pair.replica.promote()
        statuses = [await _sent_again(house, delivery) for delivery in (*early, late)]
        dead = house.last_words_of_the_dead()
        begun = await house.rows("select count(*) from crossdock.instance where name = 'order-to-cash'")
    assert statuses == ["duplicate", "duplicate", "duplicate", "accepted"]
    assert dead == {}
    assert begun[0][0] == sum(len(d.orders) for d in (*early, late))  # each once


async def _caught_up(pair: Pair) -> None:
    admin = await asyncpg.connect(pair.primary.dsn("postgres"))
    try:

        async def caught_up() -> bool:
            return await admin.fetchval("select bool_and(flush_lsn >= pg_current_wal_lsn()) from pg_stat_replication")

        await installation.until(caught_up, within_s=30, what="the replica has all there is")
    finally:
        await admin.close()


async def _cut_off(replica: postgres.Cluster) -> None:
    """From now on it hears nothing of what the primary writes."""
    admin = await asyncpg.connect(replica.dsn("postgres"))
    try:
        await admin.execute("alter system set primary_conninfo = ''")
        await admin.execute("select pg_reload_conf()")

        async def deaf() -> bool:
            return not await admin.fetchval("select exists (select from pg_stat_wal_receiver)")

        await installation.until(deaf, within_s=30, what="the replica is cut off")
    finally:
        await admin.close()


async def _sent_again(house: Installation, delivery: "installation.day.Delivery") -> str:
    """What becomes of its (first) document, once somebody answers."""
    while True:
        answer = await house.post(delivery)
        if isinstance(answer, Asked) and answer.status < 300:
            return answer.json()["documents"][0]["status"]
        await asyncio.sleep(installation.AGAIN_S)
