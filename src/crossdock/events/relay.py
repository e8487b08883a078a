"""The relay hands committed events on: to listeners (for what was emitted here) and to projections, in order.

At least once: an event leaves the outbox in the transaction in which every projection has taken it, so a crash
repeats all of it or none. One relay at a time serves a tenant, so projections see a tenant's events in order.
A projection that cannot take an event does not stop the others: the event goes to the dead letters, with the reason.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from itertools import groupby
from typing import Any, TypeAlias

from crossdock import exactjson, telemetry
from crossdock.db import PASSING, Database, Tx, enter_tenants, queries
from crossdock.events import correlation
from crossdock.events.inbox import business_now

SQL = queries("crossdock.events", "events.sql")
log = logging.getLogger(__name__)

# (tx, tenant, events in their order, each as (seq, event)): writes what it derives in the relay's transaction.
Projection: TypeAlias = Callable[[Tx, str, Sequence[tuple[int, Mapping[str, Any]]]], Awaitable[None]]

BATCH = 200
LOCK_SPACE = 0x0C0553


class Relay:
    def __init__(self, db: Database, projections: list[Projection]) -> None:
        self._db = db
        self._projections = projections

    async def once(self) -> int:
        """Hands on the next events, of every tenant some. Returns how many.

        Raises trouble of the database when it kept all of them from being handed on.
        """
        head = await self._db.pool.fetch("select * from crossdock.outbox_head($1)", BATCH)
        if not head:
            return 0
        by_tenant: dict[str, list[tuple[str, int]]] = {}
        for r in head:
            by_tenant.setdefault(r["tenant_id"], []).append((r["tenant_id"], r["seq"]))
        try:
            return await self._batch([event for of_one in by_tenant.values() for event in of_one])
        except Exception as error:
            if len(by_tenant) == 1 and isinstance(error, PASSING):
                raise
            log.warning("a batch of events of %d tenants was rolled back (%s); each by itself", len(by_tenant), error)
        done, passing = 0, list[Exception]()
        for tenant_id, of_one in by_tenant.items():
            try:
                done += await self._batch(of_one)
            except Exception as error:
                if isinstance(error, PASSING):
                    passing.append(error)
                with telemetry.bound(tenant=tenant_id):
                    log.exception("events of tenant %s are not handed on; the others go on", tenant_id)
        if len(passing) == len(by_tenant):
            raise passing[0]
        return done

    async def _batch(self, head: list[tuple[str, int]]) -> int:
        """One transaction; while code of others runs in it, it sees the one tenant of the event."""
        tenants = sorted({t for t, _ in head})
        async with self._db.transaction(*tenants) as tx:
            # First the locks, then the rows: whoever had a tenant's lock before us has committed what it took.
            free = {r["t"] for r in await tx.fetch(SQL["lock_relays"], LOCK_SPACE, tenants)}
            mine = [(t, seq) for t, seq in head if t in free]
            if not mine:
                return 0
            rows = await tx.fetch(SQL["outbox_batch"], [t for t, _ in mine], [seq for _, seq in mine])
            listening = await correlation.listening(tx, {(r["tenant_id"], r["type"]) for r in rows if r["correlate"]})
            now = await business_now(tx)
            entered = False
            for tenant_id, of_tenant in groupby(rows, lambda r: r["tenant_id"]):
                todo: dict[int, tuple[bool, str]] = {}
                for r in of_tenant:
                    heard = r["correlate"] and (tenant_id, r["type"]) in listening
                    if heard or self._projections:
                        todo[r["seq"]] = (heard, r["body"])
                if not todo:
                    continue
                await enter_tenants(tx, (tenant_id,))
                entered = True
                events = [(seq, exactjson.loads(body)) for seq, (_, body) in todo.items()]
                with telemetry.bound(tenant=tenant_id):
                    for_listeners = [e for e in events if todo[e[0]][0]]
                    if for_listeners:
                        correlate = partial(correlation.correlate_all, now=now, wanted=listening)
                        await self._hand(tx, tenant_id, for_listeners, correlate, listeners=True)
                    for projection in self._projections:
                        await self._hand(tx, tenant_id, events, projection)
            if entered and len(tenants) > 1:
                await enter_tenants(tx, tenants)
            await tx.execute(SQL["outbox_done"], [r["tenant_id"] for r in rows], [r["seq"] for r in rows])
            return len(rows)

    async def _hand(
        self, tx: Tx, tenant_id: str, events: Sequence[tuple[int, Mapping[str, Any]]], take: Projection,
        *, listeners: bool = False,
    ) -> None:  # fmt: skip
        """Behind a savepoint: one taker that cannot take an event leaves the others, and the batch, whole.

        All events at once; when that fails each by itself, and the one that cannot be taken is laid aside. Trouble of
        the database passes: then the whole batch is rolled back, and handed on again.
        """
        try:
            async with tx.transaction():
                await take(tx, tenant_id, events)
        except PASSING:
            raise
        except Exception as error:
            if len(events) > 1:
                for event in events:
                    await self._hand(tx, tenant_id, [event], take, listeners=listeners)
                return
            seq = events[0][0]
            log.exception("event %d of %s could not be handed on", seq, tenant_id)
            await tx.execute(SQL["dead_letter"], tenant_id, seq, f"{type(error).__name__}: {error}"[:2000], listeners)
