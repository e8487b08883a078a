"""How long the engine keeps what is over: instances that ended, their calls and history, and events.

History lies in partitions by month of business time. Months are made ahead; one that no living or lately ended
instance reaches into is dropped whole, which costs nothing however large it is. Everything else goes in small batches,
so that no transaction holds many rows. Orders, documents, money and the audit trail are records of other layers and are
not touched here.

An event that retention has taken is not recognised as a duplicate any more: a partner that repeats it after so long is
met by the business key of its document instead.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from crossdock.db import Database, queries

SQL = queries("crossdock.engine", "retention.sql")

BATCH = 200  # instances or events a transaction
BATCHES = 25  # a tenant and round: what is left waits for the next one
LOCK = 0x0C0566


@dataclass(frozen=True, slots=True)
class Dropped:
    instances: int = 0
    events: int = 0
    months: tuple[str, ...] = ()


async def make_months(db: Database) -> list[str]:
    """Makes the partitions of history that this month and the next two need. Returns the new ones.

    It needs the whole table for a moment. Who reads or writes for long is not waited for: the next round tries again.
    """
    try:
        return [r["name"] for r in await db.pool.fetch(SQL["make_months"])]
    except asyncpg.LockNotAvailableError:
        return []


async def drop_old(db: Database, now: Callable[[], datetime], keep: timedelta) -> Dropped:
    """Removes what ended, or was received, longer ago than `keep` in business time."""
    before = now() - keep
    instances = events = 0
    for tenant_id in await db.tenant_ids():
        for _ in range(BATCHES):
            dropped = await _drop_instances(db, tenant_id, before)
            instances += dropped
            if dropped < BATCH:
                break
        for _ in range(BATCHES):
            dropped = await _drop_events(db, tenant_id, before)
            events += dropped
            if dropped < BATCH:
                break
    try:
        months = [r["name"] for r in await db.pool.fetch(SQL["drop_months"], before)]
    except asyncpg.LockNotAvailableError:
        months = []
    return Dropped(instances, events, tuple(months))


async def _drop_instances(db: Database, tenant_id: str, before: datetime) -> int:
    async with db.transaction(tenant_id) as tx:
        if not await tx.fetchval("select pg_try_advisory_xact_lock($1)", LOCK):
            return 0
        old = [r["instance_id"] for r in await tx.fetch(SQL["old_instances"], tenant_id, before, BATCH)]
        if old:
            for name in (
                "drop_attempts",
                "drop_calls",
                "drop_history",
                "drop_kept_events",
                "drop_payloads",
                "drop_instances",
            ):
                await tx.execute(SQL[name], tenant_id, old)
        return len(old)


async def _drop_events(db: Database, tenant_id: str, before: datetime) -> int:
    async with db.transaction(tenant_id) as tx:
        if not await tx.fetchval("select pg_try_advisory_xact_lock($1)", LOCK):
            return 0
        old = await tx.fetch(SQL["old_events"], tenant_id, before, BATCH)
        if old:
            seqs = [r["seq"] for r in old]
            await tx.execute(SQL["drop_early"], tenant_id, seqs)
            await tx.execute(SQL["drop_projected"], tenant_id, seqs)
            await tx.execute(SQL["drop_events"], tenant_id, [r["source"] for r in old], [r["id"] for r in old])
        return len(old)
