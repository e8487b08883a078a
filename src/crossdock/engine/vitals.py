"""What a worker says about itself: a span an advance when somebody traces, and its metrics in a row of their own.

The gateway adds up the rows of all processes. What is counted in the database (the backlogs) would then be counted
once a worker, so only the first of the living workers says it, and the others say nothing.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any
from uuid import UUID

from crossdock import telemetry
from crossdock.db import Database, queries

SQL = queries("crossdock.engine", "engine.sql")

EVERY_S = 5.0
QUEUES = ("ready", "outbox", "early", "held_calls")

Spans = Callable[..., AbstractContextManager[Any]]

_UNTRACED: AbstractContextManager[Any] = nullcontext()


def _no_span(_name: str, _traceparent: str | None = None, **_: Any) -> AbstractContextManager[Any]:
    return _UNTRACED


def spans() -> Spans:
    """What makes spans: `telemetry.span` in a process that traces, else a thing that does nothing and costs nothing."""
    return telemetry.span if telemetry.traced() else _no_span


class Vitals:
    """Keeps the row of this worker fresh."""

    def __init__(self, db: Database, worker_id: UUID) -> None:
        self._db = db
        self._worker_id = worker_id
        self._process = f"worker-{worker_id}"

    async def once(self) -> None:
        """Counts, stores, and drops the rows of processes that are gone for a minute."""
        backlog = dict.fromkeys(QUEUES, 0)
        if await self._db.pool.fetchval(SQL["first_worker"]) == self._worker_id:
            async with self._db.transaction(*await self._db.tenant_ids()) as tx:
                row = await tx.fetchrow(SQL["backlog"])
            backlog = dict(row) if row else backlog
        for queue, waiting in backlog.items():
            telemetry.backlog.set(waiting, queue=queue)
        await self._db.pool.execute(SQL["keep_metrics"], self._process, telemetry.snapshot().decode())
        await self._db.pool.execute(SQL["forget_metrics"])


class Timed:
    """Observes how long a commit took; a failed one counts too."""

    __slots__ = ("_started",)

    def __enter__(self) -> None:
        self._started = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        telemetry.advance_seconds.observe(time.perf_counter() - self._started)
