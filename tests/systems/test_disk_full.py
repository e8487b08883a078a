"""The database's disk is full: nothing is acknowledged that is not kept, everybody waits, and goes on when it can."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from crossdock import embedded, exactjson

from . import installation
from .installation import OPENS, Asked

SIZE = "200m"  # the wheel's programs, an empty cluster, and a little room
SMALL = {"max_wal_size": "64MB", "min_wal_size": "32MB", "shared_buffers": "64MB"}
RATE = 1200.0


@contextmanager
def disk(at: Path) -> Iterator[Path]:
    """A disk that can be filled."""
    at.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=755", "crossdock-tests", str(at)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        pytest.skip(f"NOT RUN: this machine lets nobody mount a small disk ({done.stderr.strip()})")
    try:
        yield at
    finally:
        subprocess.run(["umount", "-l", str(at)], check=False)


def fill(at: Path) -> Path:
    """Leaves not a byte."""
    filler = at / "filler"
    with filler.open("wb", buffering=0) as f:
        block = bytes(1 << 20)
        while block:
            try:
                f.write(block)
            except OSError:
                block = block[: len(block) // 2]
    return filler


async def doctor(data: Path) -> dict[str, dict[str, object]]:
    """What it says of the installation, by check."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "crossdock.cli", "doctor", "--json", "--data", str(data),
        stdout=asyncio.subprocess.PIPE, env={k: v for k, v in os.environ.items() if not k.startswith("CROSSDOCK_")},
    )  # fmt: skip
    said, _ = await process.communicate()
    return {c["name"]: c for c in json.loads(said)["checks"]}


@pytest.mark.slow
async def test_a_full_disk_stops_nothing_for_good(root: None, base: Path) -> None:
    with disk(base / "disk") as mounted:
        logs = base / "logs"
        logs.mkdir()
        server = await embedded.ensure(mounted / "data", options=SMALL)
        try:
            await installation.fresh(server.admin_dsn, "crossdock")
            admin_dsn, app_dsn = server.admin_dsn_of("crossdock"), server.app_dsn("crossdock")
            async with installation.opened(admin_dsn, app_dsn, logs, orders=16, seed=5) as house:
                keeping = asyncio.create_task(server.keep_running())
                await house.start_gateway()
                for _ in range(2):
                    await house.start_worker()
                await house.set_clock(OPENS, RATE)
                feeding = asyncio.create_task(house.feed(house.plan.deliveries, RATE))

                async def some() -> bool:
                    return len(house.feeder.acknowledged) >= 5

                await installation.until(some, within_s=40, what="a few orders are in")
                filler = fill(mounted)
                full: list[Asked] = []

                async def refused() -> bool:
                    answer = await house.post(next(d for d in reversed(house.plan.deliveries) if d.orders))
                    if isinstance(answer, Asked) and answer.status == 503:
                        full.append(answer)
                    return bool(full)

                await installation.until(refused, within_s=60, what="intake refuses")

                async def waiting() -> bool:
                    return bool(house.said("gives way to a new one"))

                await installation.until(waiting, within_s=60, what="workers wait")
                said = await doctor(mounted / "data")
                filler.unlink()
                await asyncio.wait_for(feeding, 120)
                dead = house.last_words_of_the_dead()
                await house.run_on()
                found = await house.balanced()
                keeping.cancel()
        finally:
            await server.release()
    assert said["disk space"]["ok"] is False
    problem = full[0].json()
    assert full[0].headers["retry-after"].isdigit()
    assert "send the same again" in problem["detail"]
    assert dead == {}  # nobody had to be started again
    assert found["good"], exactjson.text(found)
    assert (found["acknowledged"], found["lost"], found["doubled"]) == (16, 0, 0)
