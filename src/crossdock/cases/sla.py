"""SLA clocks: promises under way, which warn before they break and open a case when they do.

    running → warned → breached;   running, warned ⇄ paused (crossdock.cases.pausing);   all → stopped

A clock never interrupts the process it belongs to, and ends with it, however that ends (a trigger of the database).
`due` is called by a worker; with business time as argument it also wakes snoozed cases, ends what has expired, gives
paced calls their slots, and tells people of long outages: everything that time alone does.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg

from crossdock import exactjson
from crossdock.cases import approvals, casework, common, holds, incidents, pausing, throttle
from crossdock.cases.deadlines import Deadline
from crossdock.db import Database, Tx, queries

SQL = queries("crossdock.cases", "sla.sql")

WARN_AT = Decimal("0.75")  # of the way to the deadline, where the clock itself does not say


@dataclass(frozen=True, slots=True)
class Clock:
    key: str
    started_at: datetime
    warn_at: datetime | None
    due_at: datetime
    status: str
    stopped_at: datetime | None
    paused_at: datetime | None
    calendar: str | None


async def start(
    tx: Tx,
    tenant_id: str,
    order: str,
    key: str,
    due: Deadline | datetime,
    now: datetime,
    *,
    instance_id: UUID | None = None,
    on_breach: Any = None,
    warn_at: Decimal = WARN_AT,
    warn_before: timedelta | None = None,
    pause_on_hold: bool = False,
) -> datetime:
    """Returns when it is due.

    on_breach: {kind, queue, severity, title, money?} of the case to open. warn_at: share of the way, 0…1; warn_before
    wins over it. Both are counted on the deadline's calendar. pause_on_hold: it stands still while the order is held.
    """
    deadline = due if isinstance(due, Deadline) else Deadline(due)
    assert deadline.due_at is not None, "a clock has a deadline"
    warned_at = deadline.warn_at(now, float(warn_at), warn_before)
    calendar = deadline.calendar
    await tx.execute(
        SQL["start"], tenant_id, order, key, instance_id, now, warned_at, deadline.due_at,
        exactjson.text(on_breach or {}), calendar and calendar.name, calendar and calendar.version, pause_on_hold,
    )  # fmt: skip
    if pause_on_hold:
        await pausing.follow_holds(tx, tenant_id, order, now)
    return deadline.due_at


async def stop(tx: Tx, tenant_id: str, order: str, key: str, now: datetime) -> bool | None:
    """True when it was kept, False when it had been broken (its case is closed), None when no such clock ran."""
    row = await tx.fetchrow(SQL["stop"], tenant_id, order, key, now)
    if row is None:
        return None
    if row["case_id"] is not None:
        await casework.close_by_system(tx, tenant_id, row["case_id"], "closed: it happened after all", now)
    if row["was"] == "breached":
        return False
    return bool((row["paused_at"] or now) <= row["due_at"])


async def withdraw(tx: Tx, tenant_id: str, instance_id: UUID, now: datetime) -> None:
    """Its process has ended: nothing is promised any more."""
    await tx.execute(SQL["stop_instance"], tenant_id, instance_id, now)


async def of_order(tx: Tx, tenant_id: str, order: str) -> list[Clock]:
    return [Clock(*row) for row in await tx.fetch(SQL["of_order"], tenant_id, order)]


async def due(tx: Tx, tenant_id: str, now: datetime) -> int:
    """Does what time alone does in one tenant; returns how many things happened."""
    return sum([await kind(tx, tenant_id, now) for kind in _kinds()])


async def run_due(db: Database, now: datetime) -> int:
    """`due` for each tenant that has something due, each kind in a transaction of its own.

    A turn that ends an instance holds its row, and then wants its clocks: whoever held clocks and wanted instances (to
    tell them that an approval has expired) would wait for it in a circle. So no transaction here has both, and clocks
    that somebody else has in hand are left for the next look.
    """
    done = 0
    for row in await db.pool.fetch(SQL["tenants_due"], now):
        for kind in _kinds():
            try:
                async with db.transaction(row["tenant_id"]) as tx:
                    done += await kind(tx, row["tenant_id"], now)
            except asyncpg.DeadlockDetectedError:
                continue  # rolled back whole, for the sake of a workflow's turn: the next look finds the same work
    return done


async def next_due(db: Database) -> datetime | None:
    """When `run_due` next has something to do: simulated time may jump there."""
    return await db.pool.fetchval(SQL["next_due"])


def _kinds() -> tuple[Callable[[Tx, str, datetime], Awaitable[int]], ...]:
    return (
        _warn, _breach, casework.wake, approvals.remind, approvals.expire, holds.expire, throttle.release,
        incidents.tell,
    )  # fmt: skip


async def _warn(tx: Tx, tenant_id: str, now: datetime) -> int:
    rows = await tx.fetch(SQL["warn"], tenant_id, now)
    for row in rows:
        facts = {"key": row["key"], "due_at": row["due_at"]}
        await common.publish(tx, tenant_id, "sla.warned", row["order_no"], now, facts)
    return len(rows)


async def _breach(tx: Tx, tenant_id: str, now: datetime) -> int:
    rows = await tx.fetch(SQL["breach"], tenant_id, now)
    for row in rows:
        wanted: dict[str, Any] = exactjson.loads(row["on_breach"])
        order, key = row["order_no"], row["key"]
        if wanted:
            case = await casework.open_case(tx, tenant_id, _case(order, key, row, wanted), now)
            await tx.execute(SQL["remember_case"], tenant_id, order, key, case.case_id)
        facts = {"key": key, "due_at": row["due_at"], "started_at": row["started_at"]}
        await common.publish(tx, tenant_id, "sla.breached", order, now, facts)
    return len(rows)


def _case(order: str, key: str, row: Any, wanted: dict[str, Any]) -> casework.New:
    money = wanted.get("money")
    return casework.New(
        kind=str(wanted.get("kind", "sla-breach")),
        queue=str(wanted.get("queue", "order-desk")),
        severity=str(wanted.get("severity", "medium")),  # one that we do not know is medium
        title=str(wanted.get("title", f"Order {order}: {key} is late")),
        reason="A promise was not kept in time",
        order=order,
        site=str(wanted.get("site") or ""),
        customer_id=str(wanted.get("customer") or ""),
        customer=str(wanted.get("customer_name") or ""),
        money=Decimal(money) if isinstance(money, int | Decimal) else None,
        currency=str(wanted.get("currency") or ""),
        evidence={"clock": key, "started_at": row["started_at"], "due_at": row["due_at"]},
        key=f"sla/{key}",
    )
