"""Three records, one truth: the feeder's manifest, Crossdock's store, and each system's own ledger.

They are compared by business identity (order, line, site, purpose), never by Crossdock's keys, so that a lost, a
doubled or a mis-priced effect shows whoever caused it. Each difference is a finding in words.

    manifest → store    every order sent is there once, and nothing else is
    store → ledgers     shipped in the warehouse = shipped, billed = invoiced, paid = received; to the cent and piece
    ledgers alone       no effect twice; no effect without an order; cancelled orders have none left
    prices              each billed line is contract or stated price of the manifest, times the shipped quantity
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from crossdock.cli.day import Order

CENT = Decimal("0.01")
# effects of which one order may have many by nature: a mail a moment, a ticket a question
REPEATABLE = {"message", "ticket", "receipt", "payment"}


@dataclass(frozen=True, slots=True)
class Stored:
    """One order as Crossdock's store has it."""

    tenant: str
    order: str
    customer: str
    po: str
    outcome: str | None
    shipped: Mapping[str, Decimal]  # line → base quantity
    invoiced: Decimal
    paid: Decimal


@dataclass(slots=True)
class Report:
    findings: list[str] = field(default_factory=list[str])
    lost: int = 0
    duplicate_effects: int = 0
    mispriced: int = 0

    @property
    def balanced(self) -> bool:
        return not self.findings

    def say(self, text: str) -> None:
        self.findings.append(text)


Entry = Mapping[str, Any]


def compare(
    manifest: Iterable[Order], stored: Iterable[Stored], ledgers: Mapping[tuple[str, str], list[Entry]]
) -> Report:
    """ledgers: (tenant, system) → entries as the sandbox gives them, numbers exact."""
    report = Report()
    by_identity = _orders(report, list(manifest), list(stored))
    _doubled(report, ledgers)
    active: dict[tuple[str, str], dict[str, list[Entry]]] = defaultdict(lambda: defaultdict(list))
    for (tenant, _), entries in ledgers.items():
        for e in entries:
            if e["state"] == "active" and e.get("order"):
                active[tenant, e["order"]][e["effect"]].append(e)
    known = {(s.tenant, s.order) for _, s in by_identity}
    for key in sorted(set(active) - known):
        report.say(f"{key[0]} {key[1]}: systems have effects of an order that nobody sent: {sorted(active[key])}")
    for order, store in by_identity:
        _one(report, order, store, active.get((store.tenant, store.order), {}))
    return report


def _orders(report: Report, manifest: list[Order], stored: list[Stored]) -> list[tuple[Order, Stored]]:
    found: dict[tuple[str, str, str], list[Stored]] = defaultdict(list)
    for s in stored:
        found[s.tenant, s.customer, s.po].append(s)
    pairs: list[tuple[Order, Stored]] = []
    for order in manifest:
        match found.pop(order.identity, []):
            case []:
                report.lost += 1
                report.say(f"{order.tenant} {order.po} of {order.customer}: sent, and not in the store")
            case [one]:
                pairs.append((order, one))
            case many:
                report.duplicate_effects += len(many) - 1
                report.say(f"{order.tenant} {order.po}: sent once, stored as {[s.order for s in many]}")
    for identity in sorted(found):
        report.say(f"{identity[0]} {identity[2]} of {identity[1]}: in the store, and never sent")
    return pairs


def _doubled(report: Report, ledgers: Mapping[tuple[str, str], list[Entry]]) -> None:
    for (tenant, system), entries in sorted(ledgers.items()):
        count = Counter(
            (e["effect"], e.get("purpose"), e.get("order"), e.get("site"), e.get("line"))
            for e in entries
            if e["state"] == "active" and e["effect"] not in REPEATABLE
        )
        for (effect, purpose, order, site, line), n in count.items():
            if n > 1:
                report.duplicate_effects += n - 1
                where = " ".join(str(x) for x in (order, purpose, site, line) if x)
                report.say(f"{tenant} {system}: {n} active {effect} for {where}")


def _one(report: Report, order: Order, store: Stored, effects: Mapping[str, list[Entry]]) -> None:
    name = f"{store.tenant} {store.order} (PO {store.po})"
    shipped = _by_line(e for e in effects.get("shipment", ()) if e.get("status") == "shipped")
    if store.outcome in ("cancelled", "rejected"):
        for effect in ("sales-order", "shipment", "booking", "invoice", "payment-request"):
            if effects.get(effect):
                report.say(f"{name}: {store.outcome}, and still has an active {effect}: {_refs(effects[effect])}")
        held = [e for e in effects.get("reservation", ()) if e.get("status") not in ("cancelled", None)]
        if held:
            report.say(f"{name}: {store.outcome}, and stock is still reserved: {_refs(held)}")
        return
    for line in sorted(set(shipped) | set(store.shipped)):
        there, here = shipped.get(line, Decimal(0)), store.shipped.get(line, Decimal(0))
        if there != here:
            report.say(f"{name} line {line}: the warehouse shipped {there}, the store says {here}")
    _quantities(report, name, order, store, shipped)
    _money(report, name, order, store, effects, shipped)


def _quantities(
    report: Report, name: str, order: Order, store: Stored, shipped: Mapping[str, Decimal]
) -> None:
    wanted = {n.line: Decimal(n.base_quantity) for n in order.lines}
    for line, quantity in shipped.items():
        if line not in wanted:
            report.say(f"{name}: line {line} was shipped and never ordered")
        elif quantity > wanted[line]:
            report.say(f"{name} line {line}: shipped {quantity} of {wanted[line]} ordered")
    if store.outcome == "closed" and not order.unknown_item and not order.cancelled:
        for line, quantity in wanted.items():
            if shipped.get(line, Decimal(0)) != quantity:
                report.say(f"{name} line {line}: closed with {shipped.get(line, 0)} of {quantity} shipped")


def _money(
    report: Report, name: str, order: Order, store: Stored, effects: Mapping[str, list[Entry]],
    shipped: Mapping[str, Decimal],
) -> None:  # fmt: skip
    billed = _by_line(effects.get("invoice-line", ()))
    amounts = _by_line(effects.get("invoice-line", ()), "amount")
    for line in sorted(set(billed) | set(shipped)):
        if billed.get(line, Decimal(0)) != shipped.get(line, Decimal(0)) and store.outcome == "closed":
            report.say(f"{name} line {line}: {shipped.get(line, 0)} shipped, {billed.get(line, 0)} billed")
    for n in order.lines:
        if order.unknown_item or n.line not in billed:
            continue
        parts = len([e for e in effects["invoice-line"] if e["line"] == n.line])
        allowed = [p * billed[n.line] / n.base_quantity * n.quantity for p in (n.contract, n.stated)]
        # each invoice rounds its line to the cent by itself
        if all(abs(amounts[n.line] - a) > CENT * parts for a in allowed):
            report.mispriced += 1
            report.say(
                f"{name} line {n.line}: billed {amounts[n.line]} for {billed[n.line]} pieces; "
                f"by contract {allowed[0]:.2f}, as stated {allowed[1]:.2f}"
            )
    invoices = sum((Decimal(str(e["amount"])) for e in effects.get("invoice", ())), Decimal(0))
    requests = sum((Decimal(str(e["amount"])) for e in effects.get("payment-request", ())), Decimal(0))
    payments = sum((Decimal(str(e["amount"])) for e in effects.get("payment", ())), Decimal(0))
    if invoices != store.invoiced:
        report.say(f"{name}: the ERP invoiced {invoices}, the store says {store.invoiced}")
    if payments != store.paid:
        report.say(f"{name}: {payments} was paid, the store says {store.paid}")
    if store.outcome == "closed" and not invoices == requests == payments:
        report.say(f"{name}: closed with {invoices} invoiced, {requests} asked for, {payments} paid")


def _by_line(entries: Iterable[Entry], what: str = "quantity") -> dict[str, Decimal]:
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for e in entries:
        totals[e["line"]] += Decimal(str(e[what]))
    return dict(totals)


def _refs(entries: Iterable[Entry]) -> str:
    return ", ".join(sorted({str(e["reference"]) for e in entries}))
