"""Incidents: a system that is down is one thing to know about, however many orders wait for it.

    open → resolved

The engine opens it with the first call that has to wait and closes it when the system answers; the orders resume by
themselves. People hear of it once, by one case, when it lasts longer or holds more orders than the threshold.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from crossdock import audit, ids
from crossdock.cases import casework, common
from crossdock.db import Tx, queries
from crossdock.errors import CrossdockBug, NotFound

SQL = queries("crossdock.cases", "incidents.sql")

TELL_AFTER = timedelta(minutes=15)  # crossdock.work_due() in 0004_cases.sql has the same fifteen minutes
TELL_AT_ORDERS = 5
SEEN = casework.Offer(id="seen", label="Seen", effect="The case is closed; the incident ends when the system is back")


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    incident_id: UUID
    number: str
    system: str
    state: str
    detail: str
    opened_at: datetime
    told_at: datetime | None
    resolved_at: datetime | None
    orders: int

    def view(self) -> dict[str, Any]:
        """As the API shows it; the money of its orders is added by whoever knows the orders."""
        return {
            "id": str(self.incident_id), "number": self.number, "system": self.system, "state": self.state,
            "opened_at": self.opened_at, "resolved_at": self.resolved_at, "orders": self.orders, "money": None,
            "title": f"{self.system} does not answer" if self.state == "open" else f"{self.system} did not answer",
            "detail": self.detail,
        }  # fmt: skip


async def held(tx: Tx, tenant_id: str, system: str, order: str, detail: str, now: datetime) -> UUID:
    """A call of an order waits because its system is down: the order belongs to the open incident."""
    incident_id: UUID | None = await tx.fetchval(SQL["current"], tenant_id, system)
    if incident_id is None:
        number = await common.number(tx, tenant_id, "IN")
        incident_id = await tx.fetchval(SQL["open"], tenant_id, ids.new(), number, system, detail[:2000], now)
        if incident_id is None:
            incident_id = await tx.fetchval(SQL["current"], tenant_id, system)
        else:
            facts = {"incident": str(incident_id), "number": number, "system": system, "detail": detail[:500]}
            await common.publish(tx, tenant_id, "incident.opened", "", now, facts)
            await audit.record(tx, tenant_id, common.SYSTEM, "incident.open", number, {"system": system})
    if incident_id is None:
        raise CrossdockBug(f"No incident of {system} could be opened or found")
    if order:
        await tx.execute(SQL["add_order"], tenant_id, incident_id, order, now)
    return incident_id


async def recovered(tx: Tx, tenant_id: str, system: str, now: datetime) -> None:
    """The system answered: the incident is over, and so is the case that told people of it."""
    row = await tx.fetchrow(SQL["resolve"], tenant_id, system, now)
    if row is None:
        return
    orders = [r["order_no"] for r in await tx.fetch(SQL["orders"], tenant_id, row["incident_id"])]
    await casework.close_of_incident(tx, tenant_id, row["incident_id"], now)
    lasted = int((now - row["opened_at"]).total_seconds())
    facts = {"incident": str(row["incident_id"]), "number": row["number"], "system": system, "orders": len(orders)}
    await common.publish(tx, tenant_id, "incident.resolved", "", now, {**facts, "seconds": lasted})
    await audit.record(tx, tenant_id, common.SYSTEM, "incident.resolve", row["number"], {"system": system})


async def tell(tx: Tx, tenant_id: str, now: datetime) -> int:
    """Opens one case for each incident past the threshold that people have not heard of; returns how many."""
    rows = await tx.fetch(SQL["untold"], tenant_id, now, TELL_AFTER, TELL_AT_ORDERS)
    for row in rows:
        await tx.execute(SQL["told"], tenant_id, row["incident_id"], now)
        await casework.open_case(tx, tenant_id, _new(row), now)
    return len(rows)


async def case_of(tx: Tx, tenant_id: str, incident_id: UUID, now: datetime) -> casework.Case:
    """The case that tells people of it; opened now when they have not heard of it. Raises NotFound."""
    row = await tx.fetchrow(SQL["one"], tenant_id, incident_id)
    if row is None:
        raise NotFound("No such incident")
    known = await casework.find(tx, tenant_id, casework.Filter(incident_id=incident_id, kind="outage"), limit=1)
    if known.items:
        return known.items[0]
    await tx.execute(SQL["told"], tenant_id, incident_id, now)
    return await casework.open_case(tx, tenant_id, _new(row), now)


def _new(row: Any) -> casework.New:
    return casework.New(
        kind="outage",
        queue="integration",
        severity="critical",
        title=f"{row['system']} does not answer; {row['orders']} orders wait",
        reason=row["detail"],
        evidence={"incident": row["number"], "system": row["system"], "since": row["opened_at"]},
        actions=(SEEN,),
        key=f"incident/{row['incident_id']}",
        incident_id=row["incident_id"],
    )


async def find(
    tx: Tx, tenant_id: str, *, status: str | None = None, limit: int = 50, cursor: str | None = None
) -> common.Page[Incident]:
    """status: "open" or "resolved". The newest first."""
    after = common.read_cursor(cursor)
    rows = [_incident(r) for r in await tx.fetch(SQL["list"], tenant_id, status, *after, limit + 1)]
    total: int = await tx.fetchval(SQL["count"], tenant_id, status)
    return common.page(rows, limit, total, lambda i: (i.opened_at, i.incident_id))


async def get(tx: Tx, tenant_id: str, incident_id: UUID) -> tuple[Incident, list[str]]:
    """The incident and the numbers of its orders."""
    row = await tx.fetchrow(SQL["one"], tenant_id, incident_id)
    if row is None:
        raise NotFound("No such incident")
    orders = [r["order_no"] for r in await tx.fetch(SQL["orders"], tenant_id, incident_id)]
    return _incident(row), orders


def _incident(row: Any) -> Incident:
    return Incident(
        incident_id=row["incident_id"], number=row["number"], system=row["system"], state=row["state"],
        detail=row["detail"], opened_at=row["opened_at"], told_at=row["told_at"], resolved_at=row["resolved_at"],
        orders=row["orders"],
    )  # fmt: skip
