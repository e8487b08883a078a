"""Real kills: an installation at work, and SIGKILL for its workers, its gateway and its PostgreSQL, at random.

    python tests/systems/kills.py --seconds 120 --orders 400 --json out.json

Files (X12, JSON, CSV) are posted by partners' networks until they are acknowledged. A seeded killer ends workers,
the gateway, the database's postmaster and single backends; each is started again as its supervisor would. Then the
day runs on to its last payment, a stated policy playing the people, and the books are balanced: what was sent,
Crossdock's store, and the systems' own ledgers. Exit status 0: nothing lost, nothing doubled, nobody's order ownerless.
"""

import argparse
import asyncio
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import installation
import psutil
import uvloop
from installation import CLOSES, MORNING, OPENS, Installation

from crossdock import embedded
from crossdock.db import PASSING

# How often each is chosen. A backend's death makes PostgreSQL restart all of them; the postmaster's ends the server.
TARGETS = {"worker": 5, "gateway": 2, "postmaster": 1, "backend": 1}
DATABASE = "crossdock_kills"


@dataclass(slots=True)
class Killer:
    """Ends processes at random moments, from a seed. amid: kills of a worker that held instances."""

    house: Installation
    server: embedded.Server
    chance: random.Random
    every_s: float
    kills: Counter[str] = field(default_factory=Counter)
    amid: int = 0

    async def run(self) -> None:
        first = self.chance.sample(sorted(TARGETS), len(TARGETS))  # one of each kind, however short the storm
        while True:
            await asyncio.sleep(self.chance.uniform(0.4, 1.6) * self.every_s)
            target = first[0] if first else self.chance.choices(list(TARGETS), list(TARGETS.values()))[0]
            if pid := await self._victim(target):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    self.kills[target] += 1
                    first = [f for f in first if f != target]

    async def _victim(self, target: str) -> int | None:
        match target:
            case "worker":
                return await self._busiest_worker()
            case "gateway":
                gateway = self.house.gateway
                return gateway.pid if gateway and gateway.alive else None
            case "postmaster":
                return self.server.pid
            case _:
                return self._backend()

    async def _busiest_worker(self) -> int | None:
        """The one with most in hand, which is where a death hurts; any of them while nobody can tell."""
        alive = {w.pid for w in self.house.workers if w.alive}
        with suppress(*PASSING):
            rows = await asyncio.wait_for(
                self.house.rows(
                    "select w.pid, count(*) from crossdock.worker w join crossdock.lease l using (worker_id) "
                    "group by 1 order by 2 desc"
                ),
                1,
            )
            for row in rows:
                if row["pid"] in alive:
                    self.amid += 1
                    return row["pid"]
        return self.chance.choice(sorted(alive)) if alive else None

    def _backend(self) -> int | None:
        """One process that serves one of our connections."""
        with suppress(psutil.Error):
            if (pid := self.server.pid) is not None:
                found = [p.pid for p in psutil.Process(pid).children() if DATABASE in " ".join(p.cmdline())]
                return self.chance.choice(sorted(found)) if found else None
        return None


async def run(seconds: float, orders: int, workers: int, seed: int, every_s: float) -> dict[str, Any]:
    base = Path(tempfile.mkdtemp(prefix="crossdock-kills-"))
    base.chmod(0o755)  # the database's account walks through it
    logs = base / "logs"
    logs.mkdir()
    try:
        async with embedded.running(base / "data") as server:
            await installation.fresh(server.admin_dsn, DATABASE)
            admin_dsn, app_dsn = server.admin_dsn_of(DATABASE), server.app_dsn(DATABASE)
            async with installation.opened(admin_dsn, app_dsn, logs, orders=orders, seed=seed) as house:
                return await _storm(house, server, seconds, workers, seed, every_s)
    finally:
        shutil.rmtree(base, ignore_errors=True)


async def _storm(
    house: Installation, server: embedded.Server, seconds: float, workers: int, seed: int, every_s: float
) -> dict[str, Any]:
    began = time.monotonic()
    await house.start_gateway()
    for _ in range(workers):
        await house.start_worker()
    rate = (CLOSES - OPENS).total_seconds() / seconds
    killer = Killer(house, server, random.Random(seed), every_s)
    supervising = [asyncio.create_task(server.keep_running()), asyncio.create_task(house.keep_alive())]
    try:
        await house.set_clock(OPENS, rate)
        killing = asyncio.create_task(killer.run())
        feeding = asyncio.create_task(house.feed(house.plan.deliveries, rate))
        storm = time.monotonic()
        await asyncio.wait({killing, feeding}, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
        if killing.done():
            killing.result()
        killing.cancel()
        await feeding  # what is not acknowledged by now is tried until it is
        storm_s = time.monotonic() - storm
        await installation.until(lambda: _well(house), within_s=60, what="all processes up again")
        ended = await house.run_on()
        found = await house.balanced()
    finally:
        for task in supervising:
            task.cancel()
        await asyncio.gather(*supervising, return_exceptions=True)
    good = found["good"] and all(killer.kills[t] for t in TARGETS)
    return {
        "kills": dict(killer.kills), "kills_amid_work": killer.amid, "seed": seed, "workers": workers,
        "storm_s": round(storm_s, 1), "seconds": round(time.monotonic() - began, 1), **found,
        "business_days": round((ended - MORNING) / timedelta(days=1), 1),
        "workers_started": house.started["worker"], "gateways_started": house.started["gateway"],
        "leases_moved": len(house.said("took over")), "good": good,
    }  # fmt: skip


async def _well(house: Installation) -> bool:
    """Nobody is dead, and the database answers."""
    alive = house.gateway is not None and house.gateway.alive and all(w.alive for w in house.workers)
    return alive and bool(await house.db.pool.fetchval("select true"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=120, help="of killing, under load")
    parser.add_argument("--orders", type=int, default=400)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--every", type=float, default=3.0, help="seconds between two kills, about")
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100_000)
    parser.add_argument("--json", type=Path, help="write the report here as well")
    o = parser.parse_args()
    report = uvloop.run(run(o.seconds, o.orders, o.workers, o.seed, o.every))
    text = json.dumps(report, indent=2, default=str)
    if o.json:
        o.json.write_text(text + "\n", encoding="utf-8")
    print(text)
    return 0 if report["good"] else 1


if __name__ == "__main__":
    sys.exit(main())
