"""A durable host for tests: publish, start, let workers run until nothing is left to do, jump business time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from crossdock import clock, exactjson, ids
from crossdock.clock import Clock
from crossdock.db import Database
from crossdock.engine import definitions
from crossdock.engine.functions import Function, Functions
from crossdock.engine.hooks import Hooks, Silent
from crossdock.engine.worker import Worker
from crossdock.events import correlation, envelope, inbox
from crossdock.flow.outcomes import Done, Invocation, Performed, Probed

MORNING = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
TENANT = "norrland"


@dataclass
class Remote:
    """A role operation whose outcomes the test lists; after the list, it succeeds. It remembers what it was asked."""

    performed: list[Performed] = field(default_factory=list)
    probed: list[Probed] = field(default_factory=list)
    system: str = "erp"
    asked: list[tuple[str, str, Any]] = field(default_factory=list)
    before: Callable[[Invocation], Awaitable[None]] | None = None

    async def perform(self, call: Invocation) -> Performed:
        self.asked.append(("perform", call.key, call.arguments))
        if self.before:
            await self.before(call)
        return self.performed.pop(0) if self.performed else Done({"ok": True, "of": call.arguments})

    async def probe(self, call: Invocation) -> Probed:
        self.asked.append(("probe", call.key, call.arguments))
        return self.probed.pop(0)


@dataclass
class Host:
    db: Database
    functions: dict[str, Function] = field(default_factory=dict)
    hooks: Hooks = field(default_factory=Silent)

    async def publish(self, source: str, tenant: str = TENANT) -> tuple[str, str, str]:
        async with self.db.transaction(tenant) as tx:
            p = await definitions.publish(tx, tenant, source)
        return p.namespace, p.name, p.version

    async def start(
        self, definition: tuple[str, str, str], input: Any, key: str = "SO-1", tenant: str = TENANT
    ) -> UUID:
        instance_id = ids.new()
        async with self.db.transaction(tenant) as tx:
            now = await inbox.business_now(tx)
            assert await correlation.start(tx, tenant, instance_id, definition, input, key, now)
        return instance_id

    async def send(self, type: str, data: Any, *, id: str | None = None, tenant: str = TENANT) -> str:
        async with self.db.transaction(tenant) as tx:
            now = await inbox.business_now(tx)
            event = envelope.make(type, subject=str(data.get("order", "")), data=data, now=now, source="/test", id=id)
            return await inbox.receive(tx, tenant, event)

    @asynccontextmanager
    async def working(self, workers: int = 1) -> AsyncIterator[list[Worker]]:
        team = [self.worker() for _ in range(workers)]
        tasks = [asyncio.create_task(w.run()) for w in team]
        try:
            yield team
        finally:
            for w in team:
                w.stop()
            await asyncio.gather(*tasks)

    def worker(self, functions: dict[str, Function] | None = None) -> Worker:
        return Worker(self.db, Functions(functions or self.functions, {}), Clock(), self.hooks)

    async def idle(self, *, within: timedelta = timedelta(seconds=20)) -> None:
        """Until nothing is ready, held or in the outbox."""
        await self.until(self._not_busy, within=within)

    async def _not_busy(self) -> bool:
        return await self.db.pool.fetchval(
            "select not crossdock.busy() and coalesce(crossdock.next_due() > crossdock.now(), true)"
        )

    async def until(
        self, condition: Callable[[], Awaitable[bool]], *, within: timedelta = timedelta(seconds=20)
    ) -> None:
        async with asyncio.timeout(within.total_seconds()):
            while not await condition():
                await asyncio.sleep(0.01)

    async def run(self, workers: int = 1) -> None:
        async with self.working(workers):
            await self.idle()

    async def at(self, moment: datetime, rate: float = 0) -> None:
        await clock.set_to(self.db.pool, moment, rate)

    async def later(self, **by: float) -> None:
        now = await self.db.pool.fetchval("select crossdock.now()")
        await self.at(now + timedelta(**by))

    async def instance(self, instance_id: UUID, tenant: str = TENANT) -> dict[str, Any]:
        async with self.db.transaction(tenant) as tx:
            row = await tx.fetchrow(
                "select * from crossdock.instance where tenant_id = $1 and instance_id = $2", tenant, instance_id
            )
        assert row is not None
        found = dict(row)
        found["output"] = exactjson.loads(found["output"]) if found["output"] else None
        found["error"] = exactjson.loads(found["error"]) if found["error"] else None
        return found

    async def rows(self, sql: str, *args: Any, tenant: str = TENANT) -> list[dict[str, Any]]:
        async with self.db.transaction(tenant) as tx:
            return [dict(r) for r in await tx.fetch(sql, *args)]


@pytest.fixture
async def host(database: Database) -> Host:
    host = Host(database)
    await host.at(MORNING)
    return host
