"""Others take every connection that PostgreSQL has: ours wait, say so, and go on when there are some again."""

import asyncio
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from crossdock import exactjson

from . import installation, postgres
from .installation import OPENS, Asked

RATE = 1200.0
CLIENTS = 200


class Hogs:
    """Connections of others: as many as there are, and each that comes free."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self.held: list[Any] = []
        self.task = asyncio.create_task(self._take())

    async def _take(self) -> None:
        while True:
            try:
                self.held.append(await asyncpg.connect(self.dsn, timeout=5))
            except (asyncpg.TooManyConnectionsError, OSError, TimeoutError):
                await asyncio.sleep(0.01)

    async def leave(self) -> None:
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task
        for connection in self.held:
            connection.terminate()


@pytest.mark.slow
async def test_exhausted_connections_are_waited_for(real_postgres: Path, base: Path) -> None:
    port = installation.free_port()
    with postgres.cluster(base, "pg", "127.0.0.1", port, max_connections="60") as server:
        server.initialise()
        server.start()
        await installation.fresh(server.dsn("postgres"), "crossdock")
        admin = await asyncpg.connect(server.dsn("postgres"))
        for login in ("crossdock_login", "others"):
            await admin.execute(f"create role {login} login noinherit password '{postgres.PASSWORD}'")
        logs = base / "logs"
        logs.mkdir()
        theirs = server.dsn("postgres", "others")
        async with installation.opened(
            server.dsn("crossdock"), server.dsn("crossdock", "crossdock_login"), logs, orders=16, seed=3
        ) as house:
            await house.start_gateway()
            for _ in range(2):
                await house.start_worker()
            await house.set_clock(OPENS, RATE)
            feeding = asyncio.create_task(house.feed(house.plan.deliveries, RATE))

            async def some() -> bool:
                return len(house.feeder.acknowledged) >= 5

            await installation.until(some, within_s=60, what="a few orders are in")
            hogs = Hogs(theirs)
            full: list[Asked] = []

            async def refused() -> bool:
                # as an administrator would who restarts what hangs: whoever reconnects now finds no room
                await admin.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'crossdock_login'"
                )
                answer = await house.send("GET", f"{house.url}/api/orders", _key(house))
                if isinstance(answer, Asked) and answer.status == 503:
                    full.append(answer)
                return bool(full) and bool(house.said("takes no more connections"))

            await installation.until(refused, within_s=60, what="the gateway refuses, the workers wait")
            late = asyncio.create_task(house.start_worker())  # one that starts amid the storm waits as well
            storm = await asyncio.gather(
                *(house.send("GET", f"{house.url}/api/orders", _key(house)) for _ in range(CLIENTS))
            )
            await hogs.leave()
            await asyncio.wait_for(asyncio.gather(feeding, late), 120)
            calm = await asyncio.gather(
                *(house.send("GET", f"{house.url}/api/orders", _key(house)) for _ in range(CLIENTS))
            )
            dead = house.last_words_of_the_dead()
            await house.run_on()
            found = await house.balanced()
        await admin.close()
    assert full[0].headers["retry-after"].isdigit()
    assert full[0].json()["title"] == "The database cannot be used now"
    assert {a.status if isinstance(a, Asked) else a for a in storm} <= {200, 503}
    assert Counter(a.status if isinstance(a, Asked) else a for a in calm) == {200: CLIENTS}
    assert dead == {}  # nobody had to be started again
    assert found["good"], exactjson.text(found)
    assert (found["acknowledged"], found["lost"], found["doubled"]) == (16, 0, 0)


def _key(house: installation.Installation) -> dict[str, str]:
    return {"Authorization": f"Bearer {house.keys['castell']}"}
