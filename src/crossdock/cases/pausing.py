"""SLA clocks that stand still: while an order is on hold, or while a workflow says so.

    running, warned → paused → running, warned (as before, with the time that was left)

Several reasons may hold one clock; it goes on when the last is gone. What is left is counted in the business time of
the calendar version that the clock was started on, so a pause over a weekend costs and gives nothing.
"""

from datetime import datetime, timedelta

from crossdock.cases import calendars, common, deadlines
from crossdock.db import Tx, queries
from crossdock.rules.calendars import Calendar

SQL = queries("crossdock.cases", "pausing.sql")

HOLD = "hold"  # the reason that holds give; others are words of the workflow
_ZERO = timedelta(0)


async def pause(tx: Tx, tenant_id: str, order: str, key: str, reason: str, now: datetime) -> bool | None:
    """Stops a clock from counting. False when it had broken already, None when no such clock runs."""
    row = await tx.fetchrow(SQL["locked"], tenant_id, order, key)
    if row is None or row["status"] == "stopped":
        return None
    if row["status"] == "paused":
        reasons = sorted({*row["paused_for"], reason})
        await tx.execute(SQL["reasons"], tenant_id, order, key, reasons)
        return True
    if row["status"] == "breached" or row["due_at"] <= now:
        return False  # a promise that is broken is not mended by standing still
    calendar = await _calendar(tx, tenant_id, row["calendar"], row["calendar_version"])
    to_due = deadlines.elapsed(calendar, now, row["due_at"])
    to_warn = None if row["warn_at"] is None else max(_ZERO, deadlines.elapsed(calendar, now, row["warn_at"]))
    await tx.execute(SQL["pause"], tenant_id, order, key, now, [reason], to_warn, to_due)
    facts = {"key": key, "reason": reason, "left_s": int(to_due.total_seconds())}
    await common.publish(tx, tenant_id, "sla.paused", order, now, facts)
    return True


async def resume(tx: Tx, tenant_id: str, order: str, key: str, reason: str, now: datetime) -> datetime | None:
    """Takes one reason away; the new deadline when it was the last, else None."""
    row = await tx.fetchrow(SQL["locked"], tenant_id, order, key)
    if row is None or row["status"] != "paused":
        return None
    left = [r for r in row["paused_for"] if r != reason]
    if left:
        await tx.execute(SQL["reasons"], tenant_id, order, key, left)
        return None
    calendar = await _calendar(tx, tenant_id, row["calendar"], row["calendar_version"])
    due_at = deadlines.later(calendar, now, row["left_to_due"])
    warn_at = None if row["left_to_warn"] is None else deadlines.later(calendar, now, row["left_to_warn"])
    status = "warned" if row["warned"] else "running"
    await tx.execute(SQL["resume"], tenant_id, order, key, status, warn_at, due_at)
    await common.publish(tx, tenant_id, "sla.resumed", order, now, {"key": key, "due_at": due_at})
    return due_at


async def follow_holds(tx: Tx, tenant_id: str, order: str, now: datetime) -> None:
    """Makes the order's clocks that holds concern stand still, or go on, as its holds are now."""
    rows = await tx.fetch(SQL["of_order"], tenant_id, order) if order else []
    if not rows:
        return
    held = await tx.fetchval(SQL["held"], tenant_id, order)
    for row in rows:
        if held:
            await pause(tx, tenant_id, order, row["key"], HOLD, now)
        else:
            await resume(tx, tenant_id, order, row["key"], HOLD, now)


async def _calendar(tx: Tx, tenant_id: str, name: str | None, version: int | None) -> Calendar | None:
    return None if name is None else await calendars.get(tx, tenant_id, name, version)
