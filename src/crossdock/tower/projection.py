"""From events to the order view. One function an event type; unknown types change nothing.

Runs in the relay's transaction, in a tenant's order of events. Every event is counted once (table projected).
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from crossdock import exactjson
from crossdock.db import Tx, queries
from crossdock.events import envelope

SQL = queries("crossdock.tower", "projection.sql")

PREFIX = "crossdock."

STAGES = frozenset(
    {"validated", "credit-cleared", "allocated", "backordered", "released", "shipped", "invoiced", "delivered", "paid"}
)
ENDS = {"closed": "closed", "cancelled": "cancelled", "rejected": "rejected"}
# which line quantity a stage event adds to, and the names under which its lines give it
LINE_QUANTITY = {
    "allocated": ("reserved", ("reserved", "quantity")),
    "shipped": ("shipped", ("quantity",)),
    "invoiced": ("invoiced", ("quantity",)),
    "backordered": ("backordered", ("quantity", "short")),
}
POLICY_ACTOR = "policy:"


async def project(tx: Tx, tenant_id: str, seq: int, event: Mapping[str, Any]) -> None:
    """The relay's projection."""
    type_ = str(event["type"])
    if not type_.startswith(PREFIX):
        return
    handler = _handler(type_)
    if handler is None or await tx.fetchval(SQL["first_time"], tenant_id, seq) is None:
        return
    data = event.get("data")
    await handler(tx, tenant_id, type_, event, data if isinstance(data, dict) else {})


Handler = Callable[[Tx, str, str, Mapping[str, Any], dict[str, Any]], Awaitable[None]]


def _handler(type_: str) -> Handler | None:
    area, _, what = type_.removeprefix(PREFIX).partition(".")
    match area:
        case "order" if what == "received":
            return _received
        case "order" if what == "priced":
            return _priced
        case "order" if what in STAGES:
            return _stage
        case "order" if what in ENDS:
            return _ended
        case "case" | "approval" | "hold":
            return _tally
        case _:
            return None


def _order(event: Mapping[str, Any], data: Mapping[str, Any]) -> str:
    named = data.get("order")
    return named if isinstance(named, str) else str(event.get("subject") or "")


def _when(event: Mapping[str, Any]) -> datetime:
    return envelope.time_of(event, datetime.max)


def _number(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _date(value: Any) -> date | None:
    return date.fromisoformat(value[:10]) if isinstance(value, str) and value else None


async def _received(tx: Tx, tenant_id: str, type_: str, event: Mapping[str, Any], data: dict[str, Any]) -> None:
    o = data["order"]
    lines: list[dict[str, Any]] = o.get("lines", [])
    document = o.get("document")
    await tx.execute(
        SQL["received"], tenant_id, o["order"], o.get("po") or "", o.get("customer_id") or "", o.get("channel") or "",
        UUID(document) if document else None, o.get("currency") or "", _number(o.get("stated_total")), len(lines),
        exactjson.text(o.get("ship_to") or {}), _date(o.get("requested_on")), _when(event),
        str(event.get("traceparent") or ""),
    )  # fmt: skip
    rows = [
        (str(n["line"]), _sku(n), n.get("description") or "", n.get("unit") or "", _number(n["quantity"]), _number(n.get("unit_price")))
        for n in lines
    ]  # fmt: skip
    if rows:
        await tx.execute(SQL["received_lines"], tenant_id, o["order"], *(list(c) for c in zip(*rows, strict=True)))


def _sku(line: Mapping[str, Any]) -> str:
    items = line.get("items") or [{}]
    ours = next((i for i in items if i.get("scheme") == "supplier"), items[0])
    return str(ours.get("value") or "")


async def _priced(tx: Tx, tenant_id: str, type_: str, event: Mapping[str, Any], data: dict[str, Any]) -> None:
    lines: list[dict[str, Any]] = data.get("lines") or []
    # cost is per base unit, as the ERP keeps it
    costs = [_times(n.get("cost"), n.get("base_quantity") or n.get("quantity")) for n in lines]
    known = [c for c in costs if c is not None]
    order = _order(event, data)
    await tx.execute(
        SQL["priced"], tenant_id, order, _number(data.get("total")), sum(known, Decimal(0)) if known else None,
        str(data.get("customer") or ""), str(data.get("currency") or ""), _when(event),
    )  # fmt: skip
    rows = [
        (str(n["line"]), str(n.get("sku") or ""), str(n.get("description") or ""), str(n.get("unit") or ""),
         _number(n.get("quantity")) or Decimal(0), _number(n.get("base_quantity")), _number(n.get("unit_price")),
         _number(n.get("amount")), cost)
        for n, cost in zip(lines, costs, strict=True)
    ]  # fmt: skip
    if rows:
        await tx.execute(SQL["priced_lines"], tenant_id, order, *(list(c) for c in zip(*rows, strict=True)))


def _times(a: Any, b: Any) -> Decimal | None:
    return None if a is None or b is None else Decimal(str(a)) * Decimal(str(b))


async def _stage(tx: Tx, tenant_id: str, type_: str, event: Mapping[str, Any], data: dict[str, Any]) -> None:
    stage = type_.rpartition(".")[2]
    order = _order(event, data)
    amount = data.get("amount") if stage == "paid" else data.get("total")
    await tx.execute(
        SQL["reached"], tenant_id, order, stage, _when(event), _number(amount), _number(data.get("tax")),
        _date(data.get("promised_on")),
    )  # fmt: skip
    if stage in LINE_QUANTITY and data.get("lines"):
        column, names = LINE_QUANTITY[stage]
        rows = [(str(n["line"]), _first(n, names)) for n in data["lines"]]
        await tx.execute(SQL["add_lines"], tenant_id, order, [r[0] for r in rows], [r[1] for r in rows], column)


def _first(line: Mapping[str, Any], names: tuple[str, ...]) -> Decimal:
    return next((Decimal(str(line[n])) for n in names if line.get(n) is not None), Decimal(0))


async def _ended(tx: Tx, tenant_id: str, type_: str, event: Mapping[str, Any], data: dict[str, Any]) -> None:
    outcome = ENDS[type_.rpartition(".")[2]]
    await tx.execute(SQL["ended"], tenant_id, _order(event, data), outcome, _when(event))


async def _tally(tx: Tx, tenant_id: str, type_: str, event: Mapping[str, Any], data: dict[str, Any]) -> None:
    order = _order(event, data)
    by = str(data.get("by") or data.get("decided_by") or data.get("resolved_by") or data.get("released_by") or "")
    human = 1 if by and not by.startswith((POLICY_ACTOR, "system")) else 0
    deltas = {
        "crossdock.case.opened": (1, 0, 0),
        "crossdock.case.reopened": (1, 0, human),
        "crossdock.case.resolved": (-1, 0, human),
        "crossdock.case.withdrawn": (-1, 0, 0),
        "crossdock.approval.requested": (0, 1, 0),
        "crossdock.approval.decided": (0, -1, human),
        "crossdock.approval.withdrawn": (0, -1, 0),
        "crossdock.hold.released": (0, 0, human),
    }
    if type_ not in deltas or not order:
        return
    cases, approvals, touches = deltas[type_]
    damaged = data.get("kind") in ("carrier-damage", "delivery-damaged")
    await tx.execute(SQL["tally"], tenant_id, order, cases, approvals, touches, damaged)
