"""What partners were told, against what happened: the documents of a run beside orders, shipments and invoices.

For each order that came as EDI: its last response says what became of it, each parcel that left has one despatch
advice over just these pieces, and each invoice of the ERP one document over just this amount. What ended without goods
has neither. Documents are compared by the numbers and lines that partners see.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from crossdock.cli.balance import Entry, Report, Stored
from crossdock.cli.day import Order


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One sent document. kind: response, despatch, invoice; lines: line → (quantity, unit) of all its items."""

    tenant: str
    order: str
    kind: str
    number: str
    lines: Mapping[str, tuple[tuple[Decimal, str], ...]]
    total: Decimal | None = None
    refused: bool = False


def compare(
    report: Report,
    manifest: Iterable[Order],
    stored: Iterable[Stored],
    ledgers: Mapping[tuple[str, str], list[Entry]],
    told: Iterable[Told],
) -> int:
    """Adds findings; returns how many documents were compared."""
    orders = {o.identity: o for o in manifest}
    by_order: dict[tuple[str, str], list[Told]] = defaultdict(list)
    for document in told:
        by_order[document.tenant, document.order].append(document)
    count = 0
    for s in stored:
        order = orders.get((s.tenant, s.customer, s.po))
        if order is None or order.channel != "x12" or s.outcome is None:
            continue
        mine = by_order.get((s.tenant, s.order), [])
        count += len(mine)
        _one(report, order, s, mine, _of(ledgers, s, "wms", "shipment"), _of(ledgers, s, "erp", "invoice"))
    return count


def _of(ledgers: Mapping[tuple[str, str], list[Entry]], s: Stored, system: str, effect: str) -> list[Entry]:
    entries = ledgers.get((s.tenant, system), [])
    return [e for e in entries if e["state"] == "active" and e["effect"] == effect and e.get("order") == s.order]


def _one(
    report: Report, order: Order, s: Stored, told: list[Told], shipments: list[Entry], invoices: list[Entry]
) -> None:
    name = f"{s.tenant} {s.order} (PO {s.po})"
    answers = [d for d in told if d.kind == "response"]
    ended = s.outcome in ("cancelled", "rejected")
    if not answers:
        report.say(f"{name}: {s.outcome}, and its buyer was never answered")
    elif answers[-1].refused != ended:
        report.say(f"{name}: {s.outcome}, and its last response says {'nothing comes' if not ended else 'goods come'}")
    left = [e for e in shipments if e.get("status") == "shipped"]
    _goods(report, name, order, left, [d for d in told if d.kind == "despatch"])
    billed = {str(e["reference"]): Decimal(str(e["amount"])) for e in invoices}
    _amounts(report, name, billed, [d for d in told if d.kind == "invoice"])


def _goods(report: Report, name: str, order: Order, left: list[Entry], advices: list[Told]) -> None:
    pieces: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for e in left:
        pieces[str(e["reference"]), str(e["line"])] += Decimal(str(e["quantity"]))
    said: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    packs = {n.line: Decimal(n.base_quantity) / n.quantity for n in order.lines}
    units = {n.line: n.unit for n in order.lines}
    for d in advices:
        for line, parts in d.lines.items():
            for quantity, unit in parts:
                said[d.number, line] += quantity * (packs.get(line, Decimal(1)) if unit == units.get(line) else 1)
    for key in sorted(set(pieces) | set(said)):
        if pieces[key] != said[key]:
            shipment, line = key
            report.say(f"{name} line {line}: {pieces[key]} left in {shipment}, its buyer was told {said[key]}")
    _once(report, name, advices)


def _amounts(report: Report, name: str, billed: Mapping[str, Decimal], invoices: list[Told]) -> None:
    said = {d.number: d.total for d in invoices}
    for number in sorted(set(billed) | set(said)):
        if billed.get(number) != said.get(number):
            report.say(f"{name}: invoice {number} is over {billed.get(number)}, its buyer was told {said.get(number)}")
    _once(report, name, invoices)


def _once(report: Report, name: str, documents: list[Told]) -> None:
    numbers = [d.number for d in documents]
    for number in sorted({n for n in numbers if numbers.count(n) > 1}):
        report.duplicate_effects += 1
        report.say(f"{name}: its buyer was told twice of {number}")


def read(row: Any, canonical: Mapping[str, Any]) -> Told | None:
    """A row of records.sql with its document; None for what is not told of goods or money."""
    match row["type"]:
        case "855":
            kind, items = "response", list[Mapping[str, Any]]()
        case "856":
            kind, items = "despatch", list(_items(canonical.get("units") or ()))
        case "810":
            kind, items = "invoice", list(canonical.get("lines") or ())
        case _:
            return None
    lines: dict[str, list[tuple[Decimal, str]]] = defaultdict(list)
    for item in items:
        lines[str(item.get("line") or item.get("number"))].append((Decimal(item["quantity"]), str(item["unit"])))
    total = canonical.get("stated_total")
    return Told(
        tenant=row["tenant_id"],
        order=row["order_no"],
        kind=kind,
        number=row["number"],
        lines={line: tuple(parts) for line, parts in lines.items()},
        total=None if total is None else Decimal(total),
        refused=canonical.get("status") == "rejected",
    )


def _items(units: Iterable[Mapping[str, Any]]) -> Iterable[Mapping[str, Any]]:
    for unit in units:
        if unit.get("level") == "item":
            yield unit
        yield from _items(unit.get("units") or ())
