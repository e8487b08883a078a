"""What open pages hear: one LISTEN connection a process, fanned out to all streams; no stream holds a connection.

The projection notifies `crossdock_changed` with its commit, so that whoever asks after hearing of a change sees it.
Changes are gathered for a moment and told once: a page can read no faster, and a busy day costs no more than a quiet
one. What changed counts of stages is compared for the tenants that somebody looks at, and for no others.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, cast

from crossdock import clock, exactjson
from crossdock.clock import Clock
from crossdock.db import PASSING, Database
from crossdock.tower import board
from crossdock.tower.board import Drawings
from crossdock.tower.projection import CHANNEL

log = logging.getLogger(__name__)

PAUSE_S = 0.5  # gather changes for this long
LONGEST_S = 1.5  # a page hears of a change within two seconds all the same
IDLE_S = 5.0  # stages change without an event too: compare at least this often
QUEUE = 256  # a page that is further behind is let go, and starts anew
NAMED = 50  # more changes at once are told as "something"
RETRY_S = 1.0
CLOCK_S = 10.0  # a paused machine's clock stands still; nobody tells when it goes on


@dataclass(frozen=True, slots=True)
class Told:
    """One server-sent event."""

    name: str
    data: Any


@dataclass(slots=True)
class _Tenant:
    """What is gathered for one tenant, and what its pages were told last."""

    streams: set["asyncio.Queue[Told | None]"] = field(default_factory=set["asyncio.Queue[Told | None]"])
    changes: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    alerts: list[Mapping[str, Any]] = field(default_factory=list[Mapping[str, Any]])
    standing: dict[str, tuple[int, int]] | None = None
    compared_at: float = 0.0


class Hub:
    """Listens, gathers, tells. `stop` ends every stream, so that a shutdown need not wait for them."""

    def __init__(self, db: Database, time: Clock, drawings: Drawings) -> None:
        self._db = db
        self._clock = time
        self._drawings = drawings
        self._tenants: dict[str, _Tenant] = {}
        self._woken = asyncio.Event()
        self._stopping = False
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Returns once it listens: what is committed from then on is heard."""
        listening = asyncio.Event()
        self._tasks = [
            asyncio.create_task(self._listen(listening), name="live-listen"),
            asyncio.create_task(self._tell(), name="live-tell"),
        ]
        await listening.wait()

    def stop(self) -> None:
        """No stream goes on, and none begins."""
        self._stopping = True
        for tenant in self._tenants.values():
            for stream in tenant.streams:
                _end(stream)

    async def close(self) -> None:
        self.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @asynccontextmanager
    async def stream(self, tenant_id: str) -> AsyncGenerator["asyncio.Queue[Told | None]"]:
        """What one page hears from now on; None is the end."""
        queue: asyncio.Queue[Told | None] = asyncio.Queue(QUEUE)
        tenant = self._tenants.setdefault(tenant_id, _Tenant())
        tenant.streams.add(queue)
        tenant.standing = None  # a new page may have read its counts a moment ago: all are told anew
        if self._stopping:
            _end(queue)
        self._woken.set()
        try:
            yield queue
        finally:
            tenant.streams.discard(queue)
            if not tenant.streams:
                self._tenants.pop(tenant_id, None)

    # ── hearing ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def _listen(self, listening: asyncio.Event) -> None:
        """Listens for ever; a lost connection is made again, and pages are told to look, for what was missed."""
        while True:
            lost = asyncio.Event()
            try:
                connection = await self._db.dedicated()
            except PASSING as error:
                log.warning("live updates cannot listen: %s", error)
                listening.set()  # the gateway serves all the same; pages ask by themselves
                await asyncio.sleep(RETRY_S)
                continue
            try:
                connection.add_termination_listener(_sets(lost))
                await connection.add_listener(CHANNEL, self._heard)
                await connection.add_listener(clock.CHANNEL, self._clock_changed)
                await self._clock.refresh(connection)
                if listening.is_set():
                    self._missed()
                listening.set()
                while not lost.is_set():
                    with suppress(TimeoutError):
                        await asyncio.wait_for(lost.wait(), CLOCK_S)
                    if not lost.is_set():
                        await self._clock.refresh(connection)
                log.warning("live updates lost their connection")
            except PASSING as error:
                log.warning("live updates lost their connection: %s", error)
                await asyncio.sleep(RETRY_S)
            finally:
                with suppress(Exception):
                    await connection.close(timeout=1)

    def _heard(self, _connection: Any, _pid: int, _channel: str, payload: object) -> None:
        word = cast("dict[str, Any]", exactjson.loads(str(payload)))
        tenant = self._tenants.get(str(word.get("tenant")))
        if tenant is None:
            return  # nobody looks
        if word["area"] == "alert":
            tenant.alerts.append({k: word.get(k) for k in ("id", "at", "title", "state", "link")})
        ident, order = str(word.get("id") or ""), str(word.get("order") or "")
        tenant.changes.setdefault(str(word["area"]), {})[ident] = order
        self._woken.set()

    def _clock_changed(self, *_: object) -> None:
        self._tasks.append(asyncio.create_task(self._read_clock()))

    async def _read_clock(self) -> None:
        await self._clock.refresh(self._db.pool)
        told = Told("clock", {"now": self._clock.now(), "rate": self._clock.origin.rate})
        for tenant in self._tenants.values():
            _send(tenant, told)

    def _missed(self) -> None:
        for tenant in self._tenants.values():
            for area in ("order", "case", "approval"):
                tenant.changes.setdefault(area, {})[""] = ""

    # ── telling ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def _tell(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), IDLE_S if self._tenants else None)
            self._woken.clear()
            spent = 0.0
            self._tasks = [t for t in self._tasks if not t.done()]
            for tenant_id, tenant in list(self._tenants.items()):
                changed = bool(tenant.changes)
                self._tell_changes(tenant)
                if changed or tenant.standing is None or loop.time() - tenant.compared_at >= IDLE_S:
                    tenant.compared_at = loop.time()
                    await self._compare(tenant_id, tenant)
                    spent += loop.time() - tenant.compared_at
            # counting takes at most half of the time, however much is open
            await asyncio.sleep(min(max(PAUSE_S, spent), LONGEST_S))

    def _tell_changes(self, tenant: _Tenant) -> None:
        changes, tenant.changes = tenant.changes, {}
        alerts, tenant.alerts = tenant.alerts, []
        for area, named in changes.items():
            if area == "alert":
                continue
            if len(named) > NAMED:
                named = {"": ""}
            for ident, order in named.items():
                _send(tenant, Told(area, {"id": ident or None, "order": order or None}))
        for alert in alerts:
            _send(tenant, Told("alert", alert))
        if changes.keys() - {"presence"}:
            _send(tenant, Told("kpis", {}))

    async def _compare(self, tenant_id: str, tenant: _Tenant) -> None:
        """Tells which stages have other counts than the page knows."""
        now = self._clock.now()
        try:
            async with self._db.transaction(tenant_id) as tx:
                zone = await tx.fetchval("select time_zone from crossdock.tenant where tenant_id = $1", tenant_id)
                day = board.today(now, str(zone or "UTC"))
                standing = await board.counts(tx, tenant_id, self._drawings, now, day)
        except PASSING as error:
            log.warning("counts of %s could not be compared: %s", tenant_id, error)
            return
        before, tenant.standing = tenant.standing, standing
        different = [
            {"node": node, "count": count, "late": late}
            for node, (count, late) in standing.items()
            if before is None or before.get(node) != (count, late)
        ]
        if different:
            _send(tenant, Told("flow", different))


def _sets(event: asyncio.Event) -> Callable[[object], None]:
    return lambda _connection: event.set()


def _send(tenant: _Tenant, told: Told) -> None:
    for stream in tenant.streams:
        try:
            stream.put_nowait(told)
        except asyncio.QueueFull:
            _end(stream)  # it will come back and read everything anew


def _end(stream: "asyncio.Queue[Told | None]") -> None:
    while stream.full():
        stream.get_nowait()
    stream.put_nowait(None)
