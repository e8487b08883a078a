"""The relay hands committed events on: to listeners (for what was emitted here) and to projections, in order.

At least once: an event leaves the outbox in the transaction in which every projection has taken it, so a crash
repeats all of it or none. One relay at a time serves a tenant, so projections see a tenant's events in order.
A projection that cannot take an event does not stop the others: the event goes to the dead letters, with the reason.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, TypeAlias

from crossdock import exactjson, telemetry
from crossdock.db import PASSING, Database, Tx, queries
from crossdock.events import correlation
from crossdock.events.inbox import business_now

SQL = queries("crossdock.events", "events.sql")
log = logging.getLogger(__name__)

# (tx, tenant, seq, event): writes what it derives in the relay's transaction.
Projection: TypeAlias = Callable[[Tx, str, int, Mapping[str, Any]], Awaitable[None]]

Taker: TypeAlias = Callable[[], Awaitable[object]]

BATCH = 200
LOCK_SPACE = 0x0C0553


class Relay:
    def __init__(self, db: Database, projections: list[Projection]) -> None:
        self._db = db
        self._projections = projections

    async def once(self) -> int:
        """Hands on the next events. Returns how many."""
        head = await self._db.pool.fetch("select * from crossdock.outbox_head($1)", BATCH)
        by_tenant: dict[str, list[int]] = {}
        for row in head:
            by_tenant.setdefault(row["tenant_id"], []).append(row["seq"])
        done = 0
        for tenant_id, seqs in by_tenant.items():
            with telemetry.bound(tenant=tenant_id):
                done += await self._tenant(tenant_id, seqs)
        return done

    async def _tenant(self, tenant_id: str, seqs: list[int]) -> int:
        async with self._db.transaction(tenant_id) as tx:
            locked = await tx.fetchval("select pg_try_advisory_xact_lock($1, hashtext($2))", LOCK_SPACE, tenant_id)
            if not locked:
                return 0
            rows = await tx.fetch(SQL["outbox_batch"], [tenant_id] * len(seqs), seqs)
            now = await business_now(tx)
            for row in rows:
                event = exactjson.loads(row["body"])
                takers: list[Taker] = [partial(p, tx, tenant_id, row["seq"], event) for p in self._projections]
                if row["correlate"]:
                    takers.insert(0, partial(correlation.correlate, tx, tenant_id, row["seq"], event, now))
                for take in takers:
                    await self._hand(tx, tenant_id, row["seq"], take)
            await tx.execute(SQL["outbox_done"], [tenant_id] * len(rows), [r["seq"] for r in rows])
            return len(rows)

    async def _hand(self, tx: Tx, tenant_id: str, seq: int, take: "Taker") -> None:
        """Behind a savepoint: one taker that cannot take an event leaves the others, and the batch, whole.

        Trouble of the database passes: then the whole batch is rolled back, and handed on again.
        """
        try:
            async with tx.transaction():
                await take()
        except PASSING:
            raise
        except Exception as error:
            log.exception("event %d of %s could not be handed on", seq, tenant_id)
            await tx.execute(SQL["dead_letter"], tenant_id, seq, f"{type(error).__name__}: {error}"[:2000])
