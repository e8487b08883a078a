"""A day that went well, in three records: the feeder's manifest, the store, the systems' ledgers.

The ledgers are written here in the shape in which the sandbox's systems write them, from the manifest alone.
"""

import copy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import msgspec
import pytest

from crossdock.cli import balance, day
from crossdock_sandbox import world

MORNING = datetime(2026, 3, 2, tzinfo=UTC)
TENANT = "norrland"
CENT = Decimal("0.01")


def seed_of(tenant: str, seed: int = 7) -> dict[str, Any]:
    """The sandbox's seed data as its control address shows it: numbers as strings, since money is exact."""
    return msgspec.json.decode(msgspec.json.encode(world.build(seed, tenant)))


@pytest.fixture(scope="session")
def seeds() -> dict[str, dict[str, Any]]:
    return {tenant: seed_of(tenant) for tenant in ("norrland", "castell")}


@dataclass
class Records:
    """Three records that agree, until a test makes them disagree."""

    manifest: list[day.Order] = field(default_factory=list)
    stored: list[balance.Stored] = field(default_factory=list)
    ledgers: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)

    def compare(self) -> balance.Report:
        return balance.compare(self.manifest, self.stored, {k: list(v) for k, v in self.ledgers.items()})

    def entries(self, effect: str, order: str = "", line: str = "") -> list[dict[str, Any]]:
        return [
            e for es in self.ledgers.values() for e in es
            if e["effect"] == effect and order in ("", e["order"]) and line in ("", e["line"])
        ]  # fmt: skip

    def remove(self, entry: dict[str, Any]) -> None:
        for entries in self.ledgers.values():
            entries[:] = [e for e in entries if e is not entry]

    def double(self, entry: dict[str, Any]) -> None:
        """The same effect once more, under another number, as a system that honours no keys would have it."""
        for entries in self.ledgers.values():
            if any(e is entry for e in entries):
                entries.append({**copy.deepcopy(entry), "seq": len(entries) + 1, "reference": entry["reference"] + "9"})
                return

    def copy(self) -> "Records":
        return copy.deepcopy(self)

    def write(self, tenant: str, system: str, effect: str, reference: str, **words: Any) -> None:
        entries = self.ledgers.setdefault((tenant, system), [])
        blank = {
            "at": MORNING.isoformat(),
            "line": None,
            "site": None,
            "sku": None,
            "quantity": None,
            "amount": None,
            "currency": None,
        }
        entry = {**blank, "state": "active", "status": None, "detail": {}, **words}
        entries.append({**entry, "seq": len(entries) + 1, "effect": effect, "reference": reference})


def money(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)


def close(records: Records, order: day.Order, number: str, parts: int = 1, basis: str = "contract") -> None:
    """An order that was sold, shipped in `parts` parcels (the later ones bought first), billed and paid."""
    t, o, c = order.tenant, number, order.currency
    price = {n.line: n.contract if basis == "contract" else min(n.stated, n.contract) for n in order.lines}
    total = {n.line: price[n.line] * n.quantity for n in order.lines}
    records.manifest.append(order)
    sold = {"order": o, "purpose": "order", "currency": c, "status": "INVOICED"}
    records.write(t, "erp", "sales-order", f"S{o}", **sold, amount=sum(total.values(), Decimal(0)))
    for n in order.lines:
        words = {**sold, "line": n.line, "sku": n.sku, "quantity": n.base_quantity, "amount": total[n.line]}
        records.write(t, "erp", "sales-order-line", f"S{o}", **words)
    left = {n.line: n.base_quantity for n in order.lines}
    billed = {n.line: Decimal(0) for n in order.lines}
    invoiced = Decimal(0)
    for part in range(parts):
        purpose, site = ("allocation", "A") if part == 0 else (f"backorder-{part}", "B")
        parcel, invoice = f"H{o}-{part}", f"I{o}-{part}"
        quantities = {x: q if part == parts - 1 else q // 2 for x, q in left.items()}
        quantities = {x: q for x, q in quantities.items() if q}
        net = Decimal(0)
        for n in order.lines:
            if n.line not in quantities:
                continue
            q = quantities[n.line]
            left[n.line] -= q
            words = {"order": o, "purpose": purpose, "site": site, "line": n.line, "sku": n.sku, "quantity": q}
            if part:
                bought = {**words, "purpose": "replenishment", "reference": f"P{o}-{part}"}
                records.write(t, "supplier", "purchase-order", **bought, status="delivered")
                records.write(t, "wms", "receipt", **{**bought, "line": None, "purpose": f"P{o}-{part}"})
            records.write(t, "wms", "reservation", f"R{o}-{part}", **words, status="released")
            carried = {"tracking": f"T{o}-{part}"}
            records.write(t, "wms", "shipment", parcel, **words, status="shipped", detail=carried)
            done = n.base_quantity - left[n.line]
            amount = money(total[n.line] * done / n.base_quantity) - billed[n.line]
            billed[n.line] += amount
            net += amount
            line = {"order": o, "purpose": parcel, "line": n.line, "sku": n.sku, "quantity": q, "amount": amount}
            records.write(t, "erp", "invoice-line", invoice, **line, currency=c)
        booked = {"order": o, "purpose": "delivery" if part == 0 else purpose, "site": site}
        records.write(t, "carrier", "booking", f"T{o}-{part}", **booked, amount=Decimal("12.40"), currency=c)
        tax = money(net * Decimal("0.25"))
        due = {"order": o, "currency": c, "amount": net + tax}
        records.write(
            t, "erp", "invoice", invoice, **due, purpose=parcel, status="CLEARED", detail={"net": net, "tax": tax}
        )
        records.write(t, "payment", "payment-request", f"Q{o}-{part}", **due, purpose=invoice, status="settled")
        records.write(t, "payment", "payment", f"Y{o}-{part}", **due, purpose=invoice, status="settled")
        invoiced += net + tax
    records.write(t, "mail", "message", f"M{o}", order=o, purpose="received")
    shipped = {n.line: Decimal(n.base_quantity) for n in order.lines}
    records.stored.append(balance.Stored(t, o, order.customer, order.po, "closed", shipped, invoiced, invoiced))


def cancel(records: Records, order: day.Order, number: str) -> None:
    """An order that was reserved and booked, then cancelled, with everything undone."""
    t, o = order.tenant, number
    records.manifest.append(order)
    first = order.lines[0]
    gone = {"order": o, "state": "cancelled"}
    records.write(t, "erp", "sales-order", f"S{o}", **gone, purpose="order", amount=first.contract * first.quantity)
    reserved = {**gone, "purpose": "allocation", "site": "A", "line": first.line, "sku": first.sku}
    records.write(t, "wms", "reservation", f"R{o}", **reserved, quantity=first.base_quantity, status="cancelled")
    records.write(t, "carrier", "booking", f"T{o}", **gone, purpose="delivery", site="A", amount=Decimal("9.90"))
    zero = Decimal(0)
    records.stored.append(balance.Stored(t, o, order.customer, order.po, "cancelled", {}, zero, zero))


def balanced(seeds: dict[str, dict[str, Any]], seed: int = 7, orders: int = 12) -> Records:
    """A dozen orders of one tenant: in one parcel or two, at contract or stated price, and cancelled ones."""
    made = day.make({TENANT: seeds[TENANT]}, orders, MORNING, seed).orders
    records = Records()
    for n, order in enumerate(o for o in made if not o.unknown_item):
        if n % 6 == 5:
            cancel(records, order, f"SO-{n}")
        else:
            close(records, order, f"SO-{n}", 1 + n % 2, "stated" if order.deviation == "within" else "contract")
    return records


@pytest.fixture
def records(seeds: dict[str, dict[str, Any]]) -> Records:
    return balanced(seeds)


def send_back(records: Records, number: str, reason: str = "unwanted", grade: str = "as-new", fee: int = 15) -> None:
    """The customer of a closed order sends one piece of its first line back, and is credited by the terms.

    fee: per cent kept of a piece that is as new; the reader of the terms knows what it has to be.
    """
    order = next(m for m, s in zip(records.manifest, records.stored, strict=True) if s.order == number)
    store = next(s for s in records.stored if s.order == number)
    t, ticket, line = order.tenant, "1001", order.lines[0]
    billed = next(e for e in records.entries("invoice-line", number, line.line))
    detail = {"reason": reason, "items": [{"line": line.line, "pieces": 1}], "invoice": ""}
    records.write(t, "helpdesk", "request", ticket, order=number, purpose="return", status="solved", detail=detail)
    piece = {"order": number, "line": line.line, "site": "A", "sku": line.sku, "quantity": 1}
    records.write(t, "wms", "rma", "RMA-1", **piece, purpose=ticket, status="put-away")
    records.write(t, "wms", "return-receipt", "RMA-1", **piece, purpose=f"{ticket}/{grade}", detail={"grade": grade})
    places = {"as-new": "restock", "opened": "refurbish", "damaged": "send-back"}
    put = {"grade": grade, "place": places[grade]}
    records.write(t, "wms", "put-away", "RMA-1", **piece, purpose=f"{ticket}/{grade}", detail=put)
    share = {"as-new": 100 - fee, "opened": 80 - fee, "damaged": 0}[grade]
    net = money(billed["amount"] / billed["quantity"] * share / 100)
    if net:
        tax = money(net * Decimal("0.25"))
        note = {"order": number, "purpose": f"{ticket}/{billed['reference']}", "currency": order.currency}
        records.write(t, "erp", "credit-note", "K-1", **note, amount=net + tax, detail={"net": net, "tax": tax})
        row = {"line": line.line, "sku": line.sku, "quantity": 1, "amount": net}
        records.write(t, "erp", "credit-line", "K-1", **note, **row, detail={"tax": tax})
        at = records.stored.index(store)
        records.stored[at] = replace(store, credited=net + tax)


def note(records: Records, number: str, request: str, line: str, quantity: int, net: Decimal) -> None:
    """A credit note of the closed order `number`, in the ERP and in the store."""
    at = next(n for n, s in enumerate(records.stored) if s.order == number)
    store, order = records.stored[at], records.manifest[at]
    billed = next(e for e in records.entries("invoice-line", number, line))
    tax = money(net * Decimal("0.25"))
    words = {"order": number, "purpose": f"{request}/{billed['reference']}", "currency": order.currency}
    records.write(order.tenant, "erp", "credit-note", f"K-{request}", **words, amount=net + tax, detail={"tax": tax})
    row = {"line": line, "sku": billed["sku"], "quantity": quantity, "amount": net, "detail": {"tax": tax}}
    records.write(order.tenant, "erp", "credit-line", f"K-{request}", **words, **row)
    records.stored[at] = replace(store, credited=store.credited + net + tax)


def dispute(records: Records, number: str, asked: Decimal, given: Decimal) -> None:
    """The customer wants money off the first line of an order, and gets some."""
    at = next(n for n, s in enumerate(records.stored) if s.order == number)
    order, line = records.manifest[at], records.manifest[at].lines[0].line
    detail = {"reason": "price", "items": [{"line": line, "pieces": 0, "amount": asked}], "invoice": "I"}
    words = {"order": number, "purpose": "dispute", "status": "solved", "detail": detail}
    records.write(order.tenant, "helpdesk", "request", "2001", **words)
    if given:
        note(records, number, "2001", line, 0, given)


def remark(records: Records, number: str) -> Decimal:
    """The receiver of an order's first parcel misses a piece of its first line, is credited, and it is claimed."""
    at = next(n for n, s in enumerate(records.stored) if s.order == number)
    order, tracking = records.manifest[at], f"T{number}-0"
    line = order.lines[0].line
    billed = records.entries("invoice-line", number, line)[0]
    net = money(billed["amount"] / billed["quantity"])
    missing = {"order": number, "purpose": tracking, "line": line, "site": "A", "quantity": 1, "status": "MISSING"}
    records.write(order.tenant, "carrier", "remark", tracking, **missing)
    note(records, number, f"POD-{tracking}", line, 1, net)
    claim = {"order": number, "purpose": f"POD-{tracking}", "currency": order.currency, "amount": net}
    if net >= 15:
        records.write(order.tenant, "carrier", "claim", "FC1", **claim, status="PAID")
        records.write(order.tenant, "carrier", "claim-payment", "FC1", **claim, status="PAID")
    return net
