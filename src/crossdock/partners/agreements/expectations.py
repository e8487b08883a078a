"""Answers that are owed: opened by what causes them, fulfilled by arrival, cancelled with their order, else overdue.

    open → fulfilled | overdue | cancelled        overdue → fulfilled (late) | cancelled

Each write happens in the transaction of its cause, so nothing is owed for what was rolled back, and nothing that
committed is forgotten. A repeated cause or arrival changes nothing. `silence` makes the overdue ones cases.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from crossdock import audit, exactjson, ids
from crossdock.canonical.change import OrderChange
from crossdock.canonical.order import PurchaseOrder, Purpose
from crossdock.db import Tx, queries
from crossdock.errors import Conflict, Finding, NotFound, PartnerError
from crossdock.partners.agreements import deadlines, store, terms, windows
from crossdock.partners.agreements.terms import Day, Direction, Kind, Owes
from crossdock.partners.model import Decoded
from crossdock.partners.profiles import Profile

SQL = queries("crossdock.partners.agreements", "expectations.sql")


class State(StrEnum):
    OPEN = "open"
    OVERDUE = "overdue"  # its window closed: a case
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"


class Move(StrEnum):
    DEADLINE = "its window closes"
    ARRIVED = "the answer arrives"
    CANCELLED = "cancelled with its order, or by a person"


MOVES: Mapping[State, Mapping[Move, State]] = {
    State.OPEN: {
        Move.DEADLINE: State.OVERDUE,
        Move.ARRIVED: State.FULFILLED,
        Move.CANCELLED: State.CANCELLED,
    },
    State.OVERDUE: {Move.ARRIVED: State.FULFILLED, Move.CANCELLED: State.CANCELLED},
    State.FULFILLED: {},
    State.CANCELLED: {},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """What brings about that answers are owed. document: its type, or SHIPMENT. version None: not known."""

    partner_id: str
    document: str
    direction: Direction
    subject: str
    order_no: str = ""
    version: str | None = None
    id: UUID | None = None
    dates: Mapping[Day, date] = field(default_factory=dict[Day, date])


async def open(tx: Tx, tenant_id: str, cause: Cause, now: datetime) -> int:
    """Opens what the agreement about the cause says is owed. Returns how many answers that is."""
    partner = await deadlines.profile_of(tx, tenant_id, cause.partner_id)
    return 0 if partner is None else await _open(tx, tenant_id, partner, cause, now)


async def _open(tx: Tx, tenant_id: str, partner: Profile, cause: Cause, now: datetime) -> int:
    agreed = partner.agreed(cause.document, cause.direction, cause.version)
    if agreed is None or not cause.subject:
        return 0
    for e in agreed.expects:
        due = await deadlines.of_answer(tx, tenant_id, partner, e, cause.document, now, cause.dates)
        calendar = due.calendar
        basis = {**due.basis, "agreement": str(agreed)}
        await tx.execute(
            SQL["open"],
            *(
                tenant_id,
                ids.new(),
                partner.id,
                e.owed_by,
                _kind(e.document),
                e.document,
                cause.subject,
                cause.order_no,
            ),
            *(cause.document, cause.id, now, due.at, exactjson.text(basis)),
            *((calendar.name, calendar.version) if calendar is not None else (None, None)),
        )
    return len(agreed.expects)


async def arrived(
    tx: Tx,
    tenant_id: str,
    partner_id: str,
    document: str,
    owed_by: Owes,
    subjects: Sequence[str],
    order_no: str,
    by: UUID | None,
    now: datetime,
) -> int:
    """Fulfils what was awaited of this kind about these numbers. Returns how many."""
    named = [s for s in subjects if s]
    rows = await tx.fetch(SQL["awaited"], tenant_id, partner_id, owed_by, _kind(document), named, order_no)
    for row in rows:
        calendar = await deadlines.calendar_version(tx, tenant_id, row["calendar"], row["calendar_version"])
        took = windows.elapsed(calendar, row["opened_at"], max(now, row["opened_at"]))
        await _end(tx, tenant_id, row, Move.ARRIVED, now, by=by, took=took)
    return len(rows)


async def cancel_of_orders(
    tx: Tx, tenant_id: str, orders: Sequence[str], note: str, now: datetime, *, undated: bool = False
) -> int:
    """Cancels what is still awaited about orders of ours. undated: only what has no window, so would never end."""
    rows = await tx.fetch(SQL["of_order"], tenant_id, list(orders), undated)
    for row in rows:
        await _end(tx, tenant_id, row, Move.CANCELLED, now, note=note)
    return len(rows)


async def cancel(tx: Tx, tenant_id: str, expectation_id: UUID, reason: str, by: str, now: datetime) -> dict[str, Any]:
    """A person says that it is not awaited any more. Raises NotFound, or Conflict when it has ended."""
    if not reason.strip():
        raise PartnerError([Finding("expectation.reason", "/reason", "why", "nothing", "Say why.")])
    row = await tx.fetchrow(SQL["locked"], tenant_id, expectation_id)
    if row is None:
        raise NotFound("No such expectation.")
    if Move.CANCELLED not in MOVES[State(row["state"])]:
        raise Conflict(f"It is {row['state']} already.")
    await _end(tx, tenant_id, row, Move.CANCELLED, now, note=reason[:500])
    detail = {"document": row["document"], "subject": row["subject"], "reason": reason[:500]}
    await audit.record(tx, tenant_id, by, "expectation.cancel", row["partner_id"], detail)
    return await one(tx, tenant_id, expectation_id)


async def _end(
    tx: Tx,
    tenant_id: str,
    row: Any,
    move: Move,
    now: datetime,
    *,
    by: UUID | None = None,
    took: timedelta | None = None,
    note: str = "",
) -> None:
    then = MOVES[State(row["state"])][move]
    await tx.execute(SQL["end"], tenant_id, row["expectation_id"], then, by, now, took, note)


def _kind(document: str) -> str:
    """What fulfils it: any document of its kind; of no kind, only itself."""
    kind = terms.kind_of(document)
    return document if kind is Kind.OTHER else kind.value


# ── what causes and what fulfils ────────────────────────────────────────────────────────────────────────────────────


async def came(
    tx: Tx, tenant_id: str, document: Decoded, document_id: UUID, order_no: str, now: datetime, *, subject: str = ""
) -> None:
    """A document of a partner that was accepted. A test causes nothing and fulfils nothing.

    subject: what its answers are about, where that is not the purchase order: of several orders under one.
    """
    partner = document.partner
    if partner is None or document.test or not document.po:
        return
    if document.order is not None and document.order.purpose is not Purpose.ORIGINAL:
        return  # that an order is cancelled tells its own event
    if isinstance(document.content, OrderChange) and terms.kind_of(document.type) is Kind.ORDER:
        return  # an OrderRequest that updates: what was agreed about orders was opened by the first
    if terms.kind_of(document.type) not in {Kind.ORDER, Kind.ACKNOWLEDGEMENT}:
        await arrived(tx, tenant_id, partner.id, document.type, Owes.THEM, [document.po], order_no, document_id, now)
    cause = Cause(
        partner_id=partner.id, document=document.type, direction=Direction.IN, subject=subject or document.po,
        order_no=order_no, version=document.version, id=document_id, dates=dates(document.order),
    )  # fmt: skip
    await _open(tx, tenant_id, partner, cause, now)


def dates(order: PurchaseOrder | None) -> dict[Day, date]:
    """The dates that an order states, by which answers may be due."""
    if order is None:
        return {}
    stated = {
        Day.REQUESTED: order.requested_on,
        Day.SHIP_NOT_BEFORE: order.ship_not_before,
        Day.CANCEL_AFTER: order.cancel_after,
    }
    return {k: v for k, v in stated.items() if v is not None}


async def sent(
    tx: Tx,
    tenant_id: str,
    partner_id: str,
    document: str,
    version: str,
    po: str,
    number: str,
    order_no: str,
    document_id: UUID,
    now: datetime,
    stated: Mapping[Day, date] | None = None,
) -> None:
    """A document of ours, in the transaction that wrote it. number: of what it tells."""
    await arrived(tx, tenant_id, partner_id, document, Owes.US, [po], order_no, document_id, now)
    about = number if terms.kind_of(document) is Kind.DESPATCH else po
    cause = Cause(
        partner_id=partner_id, document=document, direction=Direction.OUT, subject=about, order_no=order_no,
        version=version, id=document_id, dates=stated or {},
    )  # fmt: skip
    await open(tx, tenant_id, cause, now)


SHIPPED, DELIVERED = "crossdock.shipment.shipped", "crossdock.tracking.delivered"
ENDED = {"crossdock.order.cancelled": "the order was cancelled", "crossdock.order.rejected": "the order was rejected"}
CLOSED = "crossdock.order.closed"


async def observe(tx: Tx, tenant_id: str, events: Sequence[tuple[int, Mapping[str, Any]]]) -> None:
    """The relay's projection: goods that leave and arrive, and orders that end."""
    ours = [e for _, e in events if e["type"] in {SHIPPED, DELIVERED, CLOSED, *ENDED}]
    if not ours:
        return
    now: datetime = await tx.fetchval("select crossdock.now()")
    buyers = {r["order_no"]: r for r in await tx.fetch(SQL["buyers"], tenant_id, [_order(e) for e in ours])}
    for event in ours:
        order_no = _order(event)
        data: Mapping[str, Any] = event.get("data") or {}
        if note := ENDED.get(event["type"]):
            await cancel_of_orders(tx, tenant_id, [order_no], note, now)
            continue
        if event["type"] == CLOSED:
            await cancel_of_orders(tx, tenant_id, [order_no], "the order is closed", now, undated=True)
            continue
        buyer = buyers.get(order_no)
        tracked = [str(data[k]) for k in ("tracking", "shipment") if data.get(k)]
        if buyer is None or not tracked:
            continue
        if event["type"] == DELIVERED:
            await arrived(tx, tenant_id, buyer["partner_id"], terms.POD, Owes.THEM, tracked, "", None, now)
            continue
        named = buyer["requested_on"]
        cause = Cause(
            partner_id=buyer["partner_id"], document=terms.SHIPMENT, direction=Direction.OUT, subject=tracked[0],
            order_no=order_no, dates={Day.REQUESTED: date.fromisoformat(named)} if named else {},
        )  # fmt: skip
        await open(tx, tenant_id, cause, now)


def _order(event: Mapping[str, Any]) -> str:
    data: Mapping[str, Any] = event.get("data") or {}
    return str(data.get("order") or event.get("subject") or "")


# ── to read ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def page(
    tx: Tx,
    tenant_id: str,
    *,
    state: str | None = None,
    partner: str | None = None,
    order: str | None = None,
    subject: str | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Newest first, with the acknowledgements of what we sent."""
    if state is not None and state not in set(State):
        raise PartnerError([Finding("expectation.state", "state", ", ".join(State), state, "Choose one of them.")])
    rows = await tx.fetch(SQL["page"], tenant_id, state, partner, order, subject, limit)
    return [summary(r) for r in rows]


async def one(tx: Tx, tenant_id: str, expectation_id: UUID) -> dict[str, Any]:
    row = await tx.fetchrow(SQL["one"], tenant_id, expectation_id)
    if row is None:
        raise NotFound("No such expectation.")
    return summary(row)


def summary(row: Any) -> dict[str, Any]:
    found = dict(row)
    found["basis"] = exactjson.loads(found["basis"]) if found["basis"] else {}
    late = found["closed_at"] and found["due_at"] and found["closed_at"] > found["due_at"]
    for name in ("id", "cause_id", "by_id", "case_id"):
        found[name] = str(found[name]) if found[name] else None
    return {**found, "late": bool(late) or found["state"] == State.OVERDUE}


async def habits(tx: Tx, tenant_id: str, partner_id: str) -> list[dict[str, Any]]:
    """How long a partner takes, in open hours, and the window learned from it; none below the minimum."""
    await store.get(tx, tenant_id, partner_id)
    found: list[dict[str, Any]] = []
    for row in await tx.fetch(SQL["habits"], tenant_id, partner_id, windows.REMEMBERED):
        learned = windows.learn(row["took"])
        told = deadlines.evidence(learned) if learned is not None else {"sample": len(row["took"])}
        found.append({"kind": row["kind"], "cause": row["cause"], "needed": windows.MINIMUM, **told})
    return found
