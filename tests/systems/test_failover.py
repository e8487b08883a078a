"""The machine of the primary is lost: its synchronous replica takes over, and everybody finds it by themselves."""

import asyncio
import time
from pathlib import Path

import asyncpg
import pytest

from crossdock import exactjson

from . import installation, postgres
from .installation import OPENS

RATE = 1200.0


@pytest.mark.slow
async def test_a_synchronous_replica_takes_over_without_the_loss_of_an_acknowledged_order(
    real_postgres: Path, base: Path
) -> None:
    first, second = installation.free_port(), installation.free_port()
    here = "127.0.0.1"
    with (
        postgres.cluster(base, "first", here, first) as primary,
        postgres.cluster(base, "second", here, second) as replica,
    ):
        primary.initialise()
        primary.start()
        replica.copy_of(primary, "second")
        replica.start()
        admin = await asyncpg.connect(primary.dsn("postgres"))
        await admin.execute("create database crossdock")
        await admin.execute(f"create role crossdock_login login noinherit password '{postgres.PASSWORD}'")
        # Only there: the replica was copied before, so once promoted it waits for nobody.
        await admin.execute("alter system set synchronous_standby_names = '*'")
        await admin.execute("select pg_reload_conf()")

        async def follows() -> bool:
            return await admin.fetchval("select count(*) = 1 from pg_stat_replication where sync_state = 'sync'")

        await installation.until(follows, within_s=30, what="the replica is synchronous")
        await admin.close()
        both = f"{here}:{first},{here}:{second}/crossdock"
        admin_dsn, app_dsn = (f"postgresql://{u}:{postgres.PASSWORD}@{both}" for u in ("postgres", "crossdock_login"))
        logs = base / "logs"
        logs.mkdir()
        async with installation.opened(admin_dsn, app_dsn, logs, orders=16, seed=9) as house:
            await house.start_gateway()
            for _ in range(2):
                await house.start_worker()
            await house.set_clock(OPENS, RATE)
            feeding = asyncio.create_task(house.feed(house.plan.deliveries, RATE))

            async def some() -> bool:
                return len(house.feeder.acknowledged) >= 5

            await installation.until(some, within_s=60, what="a few orders are in")
            primary.kill()
            lost_at = time.monotonic()
            before = set(house.feeder.acknowledged)
            replica.promote()

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
