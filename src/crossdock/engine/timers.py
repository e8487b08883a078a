"""What wakes instances that wait for time: timers due in business time, and systems that may be back.

One worker at a time does each, under an advisory lock; a timer is deleted in the transaction that delivers it.
"""

from collections.abc import Callable
from datetime import datetime

from crossdock import exactjson
from crossdock.db import Database, queries
from crossdock.engine import calls
from crossdock.engine.committer import recover
from crossdock.engine.hooks import Hooks
from crossdock.engine.live import ATTEMPT
from crossdock.engine.turn import RETRY_TIMER

SQL = queries("crossdock.engine", "engine.sql")

BATCH = 500
TIMER_LOCK, OUTAGE_LOCK = 0x0C0551, 0x0C0552


async def fire(db: Database, clock: Callable[[], datetime]) -> int:
    """Delivers timers that are due. Returns how many."""
    due = await db.pool.fetch("select * from crossdock.due_timers($1)", BATCH)
    if not due:
        return 0
    tenants = sorted({r["tenant_id"] for r in due})
    async with db.transaction(*tenants) as tx:
        if not await tx.fetchval("select pg_try_advisory_xact_lock($1)", TIMER_LOCK):
            return 0
        columns = [[r[c] for r in due] for c in ("tenant_id", "instance_id", "at", "timer")]
        fired = await tx.fetch(SQL["fire_timers"], *columns)
        now = clock()
        for r in sorted(fired, key=lambda r: r["instance_id"]):
            if r["timer"] == RETRY_TIMER:
                kind, body = ATTEMPT, exactjson.text({"at": r["at"]})
            else:
                kind, body = "TimerFired", exactjson.text({"at": r["at"], "timer": r["timer"], "now": now})
            await tx.execute(SQL["deliver"], r["tenant_id"], r["instance_id"], kind, body)
    return len(fired)


async def try_outages(db: Database, hooks: Hooks, clock: Callable[[], datetime]) -> None:
    """Lets one held call of each system that is down try again."""
    for row in await db.pool.fetch("select * from crossdock.due_outages()"):
        tenant_id, system = row["tenant_id"], row["system"]
        async with db.transaction(tenant_id) as tx:
            if not await tx.fetchval("select pg_try_advisory_xact_lock($1)", OUTAGE_LOCK):
                return
            now = clock()
            canary = await tx.fetchrow(SQL["canary"], tenant_id, system)
            if canary is None:
                await recover(tx, tenant_id, system, now, hooks)
                continue
            tries = await tx.fetchval(SQL["push_outage"], tenant_id, system, now + calls.LONGEST_CANARY)
            if tries is None:
                continue
            due = now + calls.canary_delay(tries)
            await tx.execute(
                "update crossdock.outage set next_try_at = $3 where tenant_id = $1 and system = $2",
                tenant_id,
                system,
                due,
            )
            body = exactjson.text({"at": canary["at"], "canary": True})
            await tx.execute(SQL["deliver"], tenant_id, canary["instance_id"], ATTEMPT, body)
