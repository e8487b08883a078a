"""Three records, one truth: the feeder's manifest, Crossdock's store, and each system's own ledger.

They are compared by business identity (order, line, site, purpose), never by Crossdock's keys, so that a lost, a
doubled or a mis-priced effect shows whoever caused it. Each difference is a finding in words.

    manifest → store    every order sent is there once, and nothing else is
    store → ledgers     shipped in the warehouse = shipped, billed = invoiced, paid = received; to the cent and piece
    between ledgers     reserved = shipped = carried; bought = received; an invoice is the sum of its lines and its
                        tax, and is what was asked for and paid
    ledgers alone       no effect twice; no effect without an order; cancelled orders have none left
    after the sale      what customers wrote, what came back and what was credited (crossdock.cli.aftersales)
    prices              an order's lines are billed at contract price or, all of them, at the stated one if lower,
                        times the shipped quantity

Freight is the one amount that stands in a single record (the carrier's), so nothing here can check it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from crossdock.cli import aftersales, selling
from crossdock.cli.day import Order

CENT = Decimal("0.01")
# effects of which one order may have many by nature: a mail a moment, a ticket a question
REPEATABLE = {"message", "ticket", "receipt", "payment", "request", "instruction"}
ENDING_WITH_THE_ORDER = (
    "sales-order", "sales-order-line", "shipment", "booking", "invoice", "invoice-line", "payment-request", "payment",
    "rma", "credit-note", "credit-line", "claim", "claim-payment"
)  # fmt: skip
WITH_MONEY = ("sales-order", "invoice", "payment-request", "payment")


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
    credited: Decimal = Decimal(0)


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
            if e["effect"] in selling.BEFORE:
                continue
            if e["state"] == "active" and e.get("order"):
                active[tenant, e["order"]][e["effect"]].append(e)
            elif e["effect"] == aftersales.RMA and e.get("order"):  # goods that were never sent
                active[tenant, e["order"]][aftersales.CALLED_OFF].append(e)
    known = {(s.tenant, s.order) for _, s in by_identity} | selling.references(ledgers)
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
        _nothing_left(report, name, store, effects)
        return
    for line in sorted(set(shipped) | set(store.shipped)):
        there, here = shipped.get(line, Decimal(0)), store.shipped.get(line, Decimal(0))
        if there != here:
            report.say(f"{name} line {line}: the warehouse shipped {there}, the store says {here}")
    _quantities(report, name, order, store, shipped)
    _money(report, name, order, store, effects, shipped)
    _bought(report, name, effects)
    aftersales.compare(report.say, name, order.tier, store.credited, effects, store.outcome == "closed")
    if store.outcome == "closed":
        _goods(report, name, effects)
        _sold(report, name, order, effects)


def _nothing_left(report: Report, name: str, store: Stored, effects: Mapping[str, list[Entry]]) -> None:
    """What is cancelled or rejected has no effect that still holds, in any system or in the store."""
    for effect in ENDING_WITH_THE_ORDER:
        if effects.get(effect):
            report.say(f"{name}: {store.outcome}, and still has an active {effect}: {_refs(effects[effect])}")
    if effects.get("reservation"):
        report.say(f"{name}: {store.outcome}, and stock is still reserved: {_refs(effects['reservation'])}")
    if any(store.shipped.values()) or store.invoiced or store.paid:
        report.say(f"{name}: {store.outcome}, and the store says {_told(store)}")


def _told(store: Stored) -> str:
    pieces = sum(store.shipped.values(), Decimal(0))
    return f"{pieces} pieces shipped, {store.invoiced} invoiced, {store.paid} paid"


def _quantities(report: Report, name: str, order: Order, store: Stored, shipped: Mapping[str, Decimal]) -> None:
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
    _prices(report, name, order, billed, amounts)
    _each_invoice(report, name, order, effects)
    invoices = sum((Decimal(str(e["amount"])) for e in effects.get("invoice", ())), Decimal(0))
    requests = sum((Decimal(str(e["amount"])) for e in effects.get("payment-request", ())), Decimal(0))
    payments = sum((Decimal(str(e["amount"])) for e in effects.get("payment", ())), Decimal(0))
    if invoices != store.invoiced:
        report.say(f"{name}: the ERP invoiced {invoices}, the store says {store.invoiced}")
    if payments != store.paid:
        report.say(f"{name}: {payments} was paid, the store says {store.paid}")
    if store.outcome == "closed" and not invoices == requests == payments:
        report.say(f"{name}: closed with {invoices} invoiced, {requests} asked for, {payments} paid")


def _prices(
    report: Report, name: str, order: Order, billed: Mapping[str, Decimal], amounts: Mapping[str, Decimal]
) -> None:
    """Parts of a line are rounded together, so a line is off by less than a cent however often it was billed."""
    if order.unknown_item:  # a person put another item and price in its place
        return
    wrong: dict[str, list[str]] = {}
    for basis in ("contract", "stated"):
        wrong[basis] = []
        for n in order.lines:
            if n.line not in billed:
                continue
            price = n.contract if basis == "contract" else min(n.stated, n.contract)
            due = price * n.quantity * billed[n.line] / n.base_quantity
            if abs(amounts[n.line] - due) > CENT:
                wrong[basis].append(
                    f"{name} line {n.line}: billed {amounts[n.line]} for {billed[n.line]} pieces; {due:.2f} {basis}"
                )
    least = min(wrong.values(), key=len)
    report.mispriced += len(least)
    for text in least:
        report.say(text)


def _each_invoice(report: Report, name: str, order: Order, effects: Mapping[str, list[Entry]]) -> None:
    """Each invoice is its lines and its tax; what was asked for and what was paid name an invoice and its amount."""
    nets = _by(effects.get("invoice-line", ()), "reference", "amount")
    due: dict[str, Decimal] = {}
    for e in effects.get("invoice", ()):
        invoice, amount = str(e["reference"]), Decimal(str(e["amount"]))
        due[invoice] = due.get(invoice, Decimal(0)) + amount
        detail: Mapping[str, Any] = e.get("detail") or {}
        tax = detail.get("tax", 0)
        if amount != nets.get(invoice, Decimal(0)) + Decimal(str(tax)):
            report.say(f"{name}: invoice {invoice} of {amount} has lines of {nets.get(invoice, 0)} and tax of {tax}")
    for invoice in sorted(set(nets) - set(due)):
        report.say(f"{name}: the ERP has lines of invoice {invoice}, and no such invoice")
    for effect, said in (("payment-request", "asked for"), ("payment", "paid")):
        for invoice, amount in _by(effects.get(effect, ()), "purpose", "amount").items():
            if amount != due.get(invoice, Decimal(0)):
                report.say(f"{name}: {amount} {said} for invoice {invoice}, which is over {due.get(invoice, 0)}")
    for effect in WITH_MONEY:
        for e in effects.get(effect, ()):
            if (e.get("currency") or order.currency) != order.currency:
                report.say(f"{name}: {effect} {e['reference']} is in {e['currency']}, the order in {order.currency}")


def _goods(report: Report, name: str, effects: Mapping[str, list[Entry]]) -> None:
    """Of a closed order: what was reserved is what was shipped, and each parcel of a site has its booking."""
    reserved = _goods_of(effects.get("reservation", ()))
    shipped = _goods_of(e for e in effects.get("shipment", ()) if e.get("status") == "shipped")
    for key in sorted(set(reserved) | set(shipped)):
        there, left = reserved.get(key, Decimal(0)), shipped.get(key, Decimal(0))
        if there != left:
            line, site, purpose = key
            report.say(f"{name} line {line}: {site} reserved {there} for {purpose}, and shipped {left}")
    parcels = Counter(site for site, _ in {(site, purpose) for _, site, purpose in shipped})
    booked = Counter(str(e.get("site")) for e in effects.get("booking", ()))
    for site in sorted(set(parcels) | set(booked)):
        if parcels[site] != booked[site]:
            report.say(f"{name}: {parcels[site]} parcels left {site}, {booked[site]} are booked with the carrier")


def _goods_of(entries: Iterable[Entry]) -> dict[tuple[str, str, str], Decimal]:
    totals: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for e in entries:
        totals[str(e["line"]), str(e.get("site")), str(e.get("purpose"))] += Decimal(str(e["quantity"]))
    return dict(totals)


def _bought(report: Report, name: str, effects: Mapping[str, list[Entry]]) -> None:
    """What a supplier has delivered is what was bought, and came in."""
    bought: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    arrived: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for e in effects.get("purchase-order", ()):
        if e.get("status") == "delivered":
            bought[str(e["reference"]), str(e.get("sku"))] += Decimal(str(e["quantity"]))
    for e in effects.get("receipt", ()):
        arrived[str(e["reference"]), str(e.get("sku"))] += Decimal(str(e["quantity"]))
    for key in sorted(set(bought) | set(arrived)):
        if bought[key] != arrived[key]:
            report.say(f"{name}: {key[0]} bought {bought[key]} of {key[1]}, {arrived[key]} came in")


def _sold(report: Report, name: str, order: Order, effects: Mapping[str, list[Entry]]) -> None:
    """The ERP's sales order of a closed order: there once, with the lines as ordered, over the sum of its lines."""
    heads = sum((Decimal(str(e["amount"])) for e in effects.get("sales-order", ())), Decimal(0))
    amounts = _by_line(effects.get("sales-order-line", ()), "amount")
    if not effects.get("sales-order"):
        report.say(f"{name}: closed, and the ERP has no sales order")
    elif heads != sum(amounts.values(), Decimal(0)):
        report.say(f"{name}: the sales order is over {heads}, its lines over {sum(amounts.values(), Decimal(0))}")
    if order.unknown_item:
        return
    sold = _by_line(effects.get("sales-order-line", ()))
    for n in order.lines:
        if sold.get(n.line, Decimal(0)) != n.base_quantity:
            report.say(f"{name} line {n.line}: {n.base_quantity} ordered, {sold.get(n.line, 0)} in the sales order")
    for line in sorted(set(sold) - {n.line for n in order.lines}):
        report.say(f"{name}: line {line} is in the sales order and was never ordered")
    _prices(report, f"{name} sales order", order, sold, amounts)


def _by(entries: Iterable[Entry], key: str, what: str) -> dict[str, Decimal]:
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for e in entries:
        totals[str(e[key])] += Decimal(str(e[what]))
    return dict(totals)


def _by_line(entries: Iterable[Entry], what: str = "quantity") -> dict[str, Decimal]:
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for e in entries:
        totals[e["line"]] += Decimal(str(e[what]))
    return dict(totals)


def _refs(entries: Iterable[Entry]) -> str:
    return ", ".join(sorted({str(e["reference"]) for e in entries}))
