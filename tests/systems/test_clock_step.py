"""Clocks that are stepped, both ways.

A worker's wall clock, by hours: no lease is lost, no timer is early or late, for time is the database's. The
database's own, by a minute: leases run out and workers begin anew, and every order is there, once.
"""

import asyncio
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from crossdock import exactjson, ids
from crossdock.engine import definitions
from crossdock.events import correlation, inbox

from . import installation, postgres
from .installation import OPENS, TENANTS, Installation

LIBRARIES = ("libfaketimeMT.so.1", "libfaketime.so.1")
FOLDERS = ("/usr/lib/x86_64-linux-gnu/faketime", "/usr/lib/aarch64-linux-gnu/faketime", "/usr/lib/faketime")
NAP = timedelta(seconds=4)
ORDERS, RATE = 16, 600.0
LATE = timedelta(seconds=6)  # a busy machine; a step is hours
DEFINITION = """
document: {dsl: '1.0.3', namespace: test, name: nap, version: '1.0.0'}
do:
  - nap: {wait: {seconds: 4}}
"""


def faketime() -> Path | None:
    found = [p for folder in FOLDERS for name in LIBRARIES if (p := Path(folder) / name).is_file()]
    return found[0] if found else None


def _faked(library: Path, offset: Path) -> dict[str, str]:
    """The environment of a process whose wall clock is off by what the file says at that moment."""
    offset.write_text("+0s")
    offset.chmod(0o644)
    return {
        "LD_PRELOAD": str(library), "FAKETIME_TIMESTAMP_FILE": str(offset), "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1",
    }  # fmt: skip


def _steps(environment: dict[str, str], offset: Path) -> bool:
    """Whether a Python that runs so sees the stepped clock: else the test would show nothing."""
    offset.write_text("+3h")
    told = subprocess.run(
        [sys.executable, "-c", "import time; print(time.time())"],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    offset.write_text("+0s")
    return float(told.stdout) - time.time() > 3600


async def _nap(house: Installation, order: str) -> UUID:
    tenant, instance_id = TENANTS[0], ids.new()
    async with house.db.transaction(tenant) as tx:
        now = await inbox.business_now(tx)
        assert await correlation.start(tx, tenant, instance_id, ("test", "nap", "1.0.0"), {}, order, now)
    return instance_id


async def _slept(house: Installation, instance_id: UUID) -> timedelta:
    """Real time, by the database's clock, from the start of the nap to the commit that ended it."""

    async def over() -> bool:
        return bool(await house.rows("select from crossdock.instance where instance_id = $1 and ended_at is not null",
                                     instance_id))  # fmt: skip

    began = await house.rows("select started_at from crossdock.instance where instance_id = $1", instance_id)
    await installation.until(over, within_s=30, what="the nap is over")
    now: datetime = await house.db.pool.fetchval("select crossdock.now()")
    return now - began[0][0]


@pytest.mark.slow
async def test_a_stepped_wall_clock_neither_kills_leases_nor_moves_timers(
    database_name: str, admin_dsn: str, app_dsn: str, base: Path
) -> None:
    library = faketime()
    if library is None:
        pytest.skip("NOT RUN: no libfaketime here (apt-get install libfaketime)")
    offset = base / "offset"
    environment = {**_faked(library, offset), "PATH": os.environ["PATH"]}
    if not _steps(environment, offset):
        pytest.skip(f"NOT RUN: {library} does not step the clock of this Python")
    look = await asyncpg.connect(admin_dsn)
    await look.execute("truncate crossdock.tenant cascade")  # this installation founds its own
    await look.close()
    async with installation.opened(admin_dsn, app_dsn, base, orders=1, seed=1, faults=False) as house:
        async with house.db.transaction(TENANTS[0]) as tx:
            await definitions.publish(tx, TENANTS[0], DEFINITION)
        worker = await house.start_worker(**environment)
        await house.set_clock(OPENS, 1.0)
        one = await _nap(house, "before the step")
        await asyncio.sleep(1)
        offset.write_text("+3h")
        two = await _nap(house, "an hour ahead")
        slept = [await _slept(house, one), await _slept(house, two)]
        offset.write_text("-2h")
        slept.append(await _slept(house, await _nap(house, "two hours behind")))
        names = await house.rows("select worker_id, pid from crossdock.worker")
        said = worker.log.read_text()
    assert [r["pid"] for r in names] == [worker.pid]
    assert "gives way" not in said  # its lease held all along
    assert [s for s in slept if not NAP <= s <= NAP + LATE] == [], slept


@pytest.mark.slow
async def test_a_step_of_the_databases_own_clock_loses_and_doubles_nothing(real_postgres: Path, base: Path) -> None:
    library = faketime()
    if library is None:
        pytest.skip("NOT RUN: no libfaketime here (apt-get install libfaketime)")
    offset = base / "offset"
    port = installation.free_port()
    with postgres.cluster(base, "stepped", "127.0.0.1", port) as server:
        server.environment = _faked(library, offset)
        server.initialise()
        server.start()
        admin = await asyncpg.connect(server.dsn("postgres"))

        async def ahead() -> timedelta:
            return await admin.fetchval("select clock_timestamp()") - datetime.now(UTC)

        offset.write_text("+3h")
        if await ahead() < timedelta(hours=2):
            pytest.skip(f"NOT RUN: {library} does not step the clock of this PostgreSQL")
        offset.write_text("+0s")
        await admin.execute("create database crossdock")
        await admin.execute(f"create role crossdock_login login noinherit password '{postgres.PASSWORD}'")
        logs = base / "logs"
        logs.mkdir()
        admin_dsn, app_dsn = (server.dsn("crossdock", user) for user in ("postgres", "crossdock_login"))
        async with installation.opened(admin_dsn, app_dsn, logs, orders=ORDERS, seed=9) as house:
            await house.start_gateway()
            for _ in range(2):
                await house.start_worker()
            living = asyncio.create_task(house.keep_alive())
            await house.set_clock(OPENS, RATE)
            feeding = asyncio.create_task(house.feed(house.plan.deliveries, RATE))
            for taken, stepped in ((ORDERS // 4, "+60s"), (ORDERS // 2, "-60s"), (ORDERS * 3 // 4, "+0s")):

                async def some(taken: int = taken) -> bool:
                    return len(house.feeder.acknowledged) >= taken

                await installation.until(some, within_s=90, what=f"{taken} orders are in")
                offset.write_text(stepped)
            await asyncio.wait_for(feeding, 120)
            await house.run_on()
            found = await house.balanced()
            assert abs(await ahead()) < timedelta(seconds=1)
            living.cancel()
            anew = house.said("was declared dead by another")
        await admin.close()
    assert anew, "no lease ran out: the step was not felt"
    assert found["good"], exactjson.text(found)
    assert (found["acknowledged"], found["lost"], found["doubled"]) == (ORDERS, 0, 0)
