"""What wakes instances that wait for time: timers due in business time, and systems that may be back.

One worker at a time does each, under an advisory lock; a timer is deleted in the transaction that delivers it. Every
round is of all tenants that have something due, and what fails for one of them is left out.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from crossdock import exactjson
from crossdock.db import PASSING, Database, queries
from crossdock.engine import calls
from crossdock.engine.apart import guarded
from crossdock.engine.committer import recover
from crossdock.engine.hooks import Hooks
from crossdock.engine.live import ATTEMPT
from crossdock.engine.turn import RETRY_TIMER

SQL = queries("crossdock.engine", "engine.sql")
log = logging.getLogger(__name__)

BATCH = 500
TIMER_LOCK, OUTAGE_LOCK = 0x0C0551, 0x0C0552


async def fire(db: Database, clock: Callable[[], datetime]) -> int:
    """Delivers timers that are due, of every tenant some. Returns how many."""
    due = await db.pool.fetch("select * from crossdock.due_timers($1)", BATCH)
    return await _fire(db, due, clock) if due else 0


async def _fire(db: Database, due: Sequence[Any], clock: Callable[[], datetime]) -> int:
    """One transaction; when it fails each tenant's by themselves, and of one tenant each: the one that fails stays."""
    tenants = sorted({r["tenant_id"] for r in due})
    if len(due) == 1:
        with guarded(tenants[0], f"a timer of instance {due[0]['instance_id']}"):
            return await _deliver(db, tenants, due, clock)
        return 0
    try:
        return await _deliver(db, tenants, due, clock)
    except PASSING:
        raise
    except Exception as error:
        log.warning("a batch of %d timers of %d tenants was rolled back (%s)", len(due), len(tenants), error)
    if len(tenants) > 1:
        return sum([await _fire(db, [r for r in due if r["tenant_id"] == t], clock) for t in tenants])
    return sum([await _fire(db, [r], clock) for r in due])


async def _deliver(db: Database, tenants: list[str], due: Sequence[Any], clock: Callable[[], datetime]) -> int:
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
        with guarded(tenant_id, f"looking whether {system} is back"):
            await _try_outage(db, tenant_id, system, hooks, clock())


async def _try_outage(db: Database, tenant_id: str, system: str, hooks: Hooks, now: datetime) -> None:
    async with db.transaction(tenant_id) as tx:
        if not await tx.fetchval("select pg_try_advisory_xact_lock($1)", OUTAGE_LOCK):
            return
        canary = await tx.fetchrow(SQL["canary"], tenant_id, system)
        if canary is None:
            await recover(tx, tenant_id, system, now, hooks)
            return
        tries = await tx.fetchval(SQL["push_outage"], tenant_id, system, now + calls.LONGEST_CANARY)
        if tries is None:
            return
        due = now + calls.canary_delay(tries)
        await tx.execute(
            "update crossdock.outage set next_try_at = $3 where tenant_id = $1 and system = $2", tenant_id, system, due
        )
        body = exactjson.text({"at": canary["at"], "canary": True})
        await tx.execute(SQL["deliver"], tenant_id, canary["instance_id"], ATTEMPT, body)
