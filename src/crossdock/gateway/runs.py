"""Starting runs and hearing of their ends, for everybody at once.

Requests that arrive while the database is busy with others' starts go together in the next call: one statement and one
commit for all of them, whatever their tenants. Nobody is delayed for company: the first of a quiet moment leaves at
once. Whoever waits for an end holds no connection: one look serves all that wait in this process, every few
milliseconds while a wait is young, and ever more rarely after that.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg

from crossdock.db import ACQUIRE_S, PASSING, Database, Unavailable, queries, why

SQL = queries("crossdock.gateway", "run.sql")
log = logging.getLogger(__name__)

# (age of the youngest wait up to which, pause between looks): a run of a few calls ends within milliseconds
PAUSES_S = ((0.5, 0.004), (5.0, 0.02), (float("inf"), 0.2))
RETRY_S = 1.0
BATCH = 64
FLUSHERS = 2  # one writes while the other's answer is on its way


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A run that somebody asks for. version: None for the newest. input: as JSON. key: what makes it repeatable."""

    tenant_id: str
    instance_id: UUID
    namespace: str
    name: str
    version: str | None
    business_key: str
    traceparent: str
    input: str
    actor: str
    key: str | None


@dataclass(frozen=True, slots=True)
class Begun:
    """version: what it is pinned to; None: no such workflow is published. new: False when it was started before."""

    version: str | None
    new: bool


_Asked: TypeAlias = tuple[Start, "asyncio.Future[Begun]"]


@dataclass(slots=True)
class Starts:
    """Starts runs, many in one commit."""

    db: Database
    _queue: deque[_Asked] = field(default_factory=deque["_Asked"])
    _flushers: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    async def begin(self, start: Start) -> Begun:
        """Returns after the commit. Raises Unavailable, and what the database said of this one start."""
        future: asyncio.Future[Begun] = asyncio.get_running_loop().create_future()
        self._queue.append((start, future))
        if len(self._flushers) < FLUSHERS:
            task = asyncio.create_task(self._flush_all(), name="runs-start")
            self._flushers.add(task)
            task.add_done_callback(self._flushers.discard)
        return await future

    async def _flush_all(self) -> None:
        while self._queue:
            batch = [self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))]
            await self._flush([asked for asked in batch if not asked[1].done()])  # done: its caller went away

    async def _flush(self, batch: Sequence[_Asked]) -> None:
        if not batch:
            return
        try:
            begun = await self._write([start for start, _ in batch])
        except Exception as error:
            if len(batch) > 1 and not isinstance(error, Unavailable):
                for one in batch:  # what is wrong with one of them is told to that one alone
                    await self._flush([one])
                return
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), result in zip(batch, begun, strict=True):
            if not future.done():
                future.set_result(result)

    async def _write(self, starts: Sequence[Start]) -> list[Begun]:
        tenants = ",".join(sorted({s.tenant_id for s in starts}))
        columns = zip(
            *(
                (s.tenant_id, s.instance_id, s.namespace, s.name, s.version, s.business_key, s.traceparent, s.input,
                 s.actor, s.key)
                for s in starts
            ), strict=True,
        )  # fmt: skip
        try:
            async with self.db.pool.acquire(timeout=ACQUIRE_S) as connection:
                rows = await connection.fetch(SQL["start_runs"], tenants, *columns)
        except PASSING as error:
            raise Unavailable(why(error)) from error
        return [Begun(row["version"], row["begun"]) for row in rows]


class Ends:
    """Who waits for which instance to end. Looks only while somebody waits, in one statement for all tenants."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._waiting: dict[tuple[str, UUID], set[asyncio.Future[Any]]] = {}  # by tenant and instance
        self._youngest = 0.0
        self._looking: asyncio.Task[None] | None = None

    async def wait(self, tenant_id: str, instance_id: UUID, seconds: float) -> Any:
        """Its row when it ends within that time, else None. A database that cannot be asked is waited for, too."""
        async with self._registered((tenant_id, instance_id)) as end:
            done, _ = await asyncio.wait({end}, timeout=seconds)
        return end.result() if done else None

    @asynccontextmanager
    async def _registered(self, which: tuple[str, UUID]) -> AsyncGenerator[asyncio.Future[Any]]:
        end: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(which, set()).add(end)
        self._youngest = time.monotonic()
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look(), name="runs-look")
        try:
            yield end
        finally:
            self._waiting[which].discard(end)
            if not self._waiting[which]:
                del self._waiting[which]

    async def _look(self) -> None:
        while self._waiting:
            age = time.monotonic() - self._youngest
            await asyncio.sleep(next(pause for up_to, pause in PAUSES_S if age < up_to))
            try:
                await self._tell()
            except (Unavailable, OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
                log.warning("runs that are waited for cannot be looked at: %s", error)
                await asyncio.sleep(RETRY_S)

    async def _tell(self) -> None:
        waiting = [which for which, ends in self._waiting.items() if not all(end.done() for end in ends)]
        if not waiting:
            return
        tenants = ",".join(sorted({tenant_id for tenant_id, _ in waiting}))
        columns = zip(*waiting, strict=True)
        for row in await self._db.pool.fetch(SQL["ended_runs"], tenants, *columns):
            for end in self._waiting.get((row["tenant_id"], row["instance_id"]), ()):
                if not end.done():
                    end.set_result(row)
