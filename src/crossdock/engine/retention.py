"""How long the engine keeps what is over: instances that ended, their calls and history, and events.

History lies in partitions by month of business time. Months are made ahead; one that no living or lately ended
instance reaches into is dropped whole, which costs nothing however large it is. Everything else goes in small batches,
so that no transaction holds many rows. Orders, documents, money and the audit trail are records of other layers and are
not touched here.

An instance may have ended while the outcome of a call of its is in doubt: the call is looked up all the same, and a
person is asked. Where nobody has found out by the time the instance would leave, the call is given up: it counts as
failed, what people were asked is withdrawn, and the audit trail, which stays, says what was never learnt.

An event that retention has taken is not recognised as a duplicate any more: a partner that repeats it after so long is
met by the business key of its document instead.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from crossdock import audit, exactjson
from crossdock.db import Database, queries
from crossdock.engine.hooks import Hooks, Silent
from crossdock.flow.facts import Error
from crossdock.flow.faults import RUNTIME

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


async def drop_old(db: Database, now: Callable[[], datetime], keep: timedelta, hooks: Hooks | None = None) -> Dropped:
    """Removes what ended, or was received, longer ago than `keep` in business time."""
    hooks = hooks or Silent()
    before = now() - keep
    instances = events = 0
    for tenant_id in await db.tenant_ids():
        for _ in range(BATCHES):
            if await _give_up(db, tenant_id, before, now(), hooks) < BATCH:
                break
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


async def _give_up(db: Database, tenant_id: str, before: datetime, now: datetime, hooks: Hooks) -> int:
    """Settles what nobody learnt of instances that are to leave."""
    async with db.transaction(tenant_id) as tx:
        if not await tx.fetchval("select pg_try_advisory_xact_lock($1)", LOCK):
            return 0
        doubts = await tx.fetch(SQL["old_doubts"], tenant_id, before, BATCH)
        if not doubts:
            return 0
        errors: list[str] = []
        for row in doubts:
            detail = f"its outcome was never learnt: {row['state']} since {row['called_at']:%Y-%m-%d}, given up"
            errors.append(exactjson.text(Error(RUNTIME, 499, "Given up", detail, row["at"].partition("#")[0])))
            evidence = {
                "at": row["at"], "function": row["function"], "system": row["system"], "state": row["state"],
                "attempt": row["attempt"], "called_at": row["called_at"], "order": row["business_key"],
                "ended_at": row["ended_at"],
            }  # fmt: skip
            await hooks.withdraw(tx, tenant_id, row["instance_id"], row["at"], now)
            await audit.record(tx, tenant_id, "system:retention", "call.given-up", str(row["instance_id"]), evidence)
        instances, places = [r["instance_id"] for r in doubts], [r["at"] for r in doubts]
        await tx.execute(SQL["give_up_calls"], tenant_id, instances, places, now, errors)
        await tx.execute(SQL["give_up_timers"], tenant_id, instances, places)
        await tx.execute(SQL["give_up_held"], tenant_id, instances, places)
        return len(doubts)


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
