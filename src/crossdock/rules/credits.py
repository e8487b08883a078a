"""What a customer is credited of an order that was billed: in pieces and money, invoice by invoice.

A credit never exceeds what was billed and not yet credited, line by line; a line that was billed in parts is credited
from its first invoice on. Amounts follow the invoice, not the price list: a line's share of its billed amount, rounded
as one with what was credited before, so that credits of all pieces add up to the whole amount to the cent. Tax goes
with the net in the same way, since an invoice states it once.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from crossdock.rules.pricing import CENT, money

NONE = Decimal(0)
WHOLE = Decimal(100)


def creditable(
    invoices: Sequence[Mapping[str, Any]], credits: Sequence[Mapping[str, Any]], wanted: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """What of the wanted lines was billed and can still come back.

    invoices, credits: of erp.billing. wanted: {line, quantity} in base units.
    Returns {lines: [{line, sku, quantity, amount}], refused: [{line, quantity}], amount, currency, customer_id,
    shipment, invoiced_on}: the last three of the invoice that was first to bill one of the lines.
    """
    lines: list[dict[str, Any]] = []
    refused: list[dict[str, Any]] = []
    first: Mapping[str, Any] | None = None
    for line, quantity in _together(wanted).items():
        parts = _parts(invoices, credits, line)
        taken = min(quantity, sum((p.left for p in parts), NONE))
        if taken < quantity:
            refused.append({"line": line, "quantity": quantity - taken})
        if taken <= 0:
            continue
        shares = [(p, q) for p, q in _spread(parts, taken) if q]
        first = first or shares[0][0].invoice
        amount = sum((p.amount(q, WHOLE) for p, q in shares), NONE)
        lines.append({"line": line, "sku": shares[0][0].sku, "quantity": taken, "amount": amount})
    known = first or (invoices[0] if invoices else {})
    said = {k: known.get(k) for k in ("currency", "customer_id", "shipment", "invoiced_on")}
    return {"lines": lines, "refused": refused, "amount": sum((n["amount"] for n in lines), NONE), **said}


def notes(
    invoices: Sequence[Mapping[str, Any]], credits: Sequence[Mapping[str, Any]], given: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The credit notes, one an invoice, for these pieces of goods.

    given: {line, quantity, percent}: so many pieces at so many per cent of their billed amount. Several entries of one
    line are several conditions of its goods. {line, amount, percent}: money alone, for goods that stay as they are,
    at most what is left of the line.
    Returns {notes: [{invoice, currency, lines: [{line, sku, quantity, amount}], net, tax, total}], total}.
    Raises ValueError where more is to be credited than was billed.
    """
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for entry in given:
        line, percent = str(entry["line"]), Decimal(entry["percent"])
        quantity, alone = Decimal(entry.get("quantity") or 0), Decimal(entry.get("amount") or 0)
        if percent <= 0 or (quantity <= 0 and alone <= 0):
            continue
        made = [{"invoice": number, "lines": list(lines.values())} for number, lines in found.items()]
        parts = _parts(invoices, [*credits, *made], line)
        if sum((p.left for p in parts), NONE) < quantity:
            raise ValueError(f"line {line}: {quantity} to be credited, and fewer were billed and not yet credited")
        shares = [(p, q, p.amount(q, percent)) for p, q in _spread(parts, quantity) if q]
        if not quantity:
            shares = [(p, NONE, a) for p, a in _pay(parts, money(alone * percent / WHOLE))]
        for part, pieces, amount in shares:
            if amount > 0:
                of = found.setdefault(str(part.invoice["invoice"]), {})
                before = of.get(line, {"line": line, "sku": part.sku, "quantity": NONE, "amount": NONE})
                of[line] = {**before, "quantity": before["quantity"] + pieces, "amount": before["amount"] + amount}
    by_number = {str(i["invoice"]): i for i in invoices}
    made_notes = [_note(by_number[number], credits, list(lines.values())) for number, lines in found.items()]
    return {"notes": made_notes, "total": sum((n["total"] for n in made_notes), NONE)}


def _note(
    invoice: Mapping[str, Any], credits: Sequence[Mapping[str, Any]], lines: list[dict[str, Any]]
) -> dict[str, Any]:
    net = sum((n["amount"] for n in lines), NONE)
    before = [c for c in credits if c["invoice"] == invoice["invoice"]]
    net_before = sum((Decimal(c["net"]) for c in before), NONE)
    tax_before = sum((Decimal(c["tax"]) for c in before), NONE)
    whole, taxed = Decimal(invoice["net"]), Decimal(invoice["tax"])
    tax = max(NONE, money(taxed * (net_before + net) / whole) - tax_before) if whole else NONE
    tax = min(tax, taxed - tax_before)
    return {
        "invoice": invoice["invoice"],
        "currency": invoice["currency"],
        "lines": lines,
        "net": net,
        "tax": tax,
        "total": net + tax,
    }


class _Part:
    """One invoice's part of a line: what it billed, and what of it has not been credited."""

    def __init__(self, invoice: Mapping[str, Any], line: Mapping[str, Any], credited: Iterable[Mapping[str, Any]]):
        self.invoice = invoice
        self.sku = str(line["sku"])
        self.billed, self.worth = Decimal(line["quantity"]), Decimal(line["amount"])
        before = list(credited)
        self.done = sum((Decimal(c["quantity"]) for c in before), NONE)
        self.given = sum((Decimal(c["amount"]) for c in before), NONE)

    @property
    def left(self) -> Decimal:
        return max(NONE, self.billed - self.done)

    def amount(self, pieces: Decimal, percent: Decimal) -> Decimal:
        """At most what is left of the line's amount: money credited without goods is not given a second time."""
        until = money(self.worth * (self.done + pieces) / self.billed)
        due = until - money(self.worth * self.done / self.billed)
        return min(money(due * percent / WHOLE), max(NONE, self.worth - self.given)).quantize(CENT)


def _parts(invoices: Sequence[Mapping[str, Any]], credits: Sequence[Mapping[str, Any]], line: str) -> list[_Part]:
    found: list[_Part] = []
    for invoice in invoices:
        for billed in invoice["lines"]:
            if str(billed["line"]) == line and Decimal(billed["quantity"]) > 0:
                same = [
                    n
                    for c in credits
                    if c["invoice"] == invoice["invoice"]
                    for n in c["lines"]
                    if str(n["line"]) == line
                ]
                found.append(_Part(invoice, billed, same))
    return found


def _spread(parts: Sequence[_Part], quantity: Decimal) -> list[tuple[_Part, Decimal]]:
    spread: list[tuple[_Part, Decimal]] = []
    for part in parts:
        taken = min(part.left, quantity)
        spread.append((part, taken))
        quantity -= taken
    return spread


def _pay(parts: Sequence[_Part], amount: Decimal) -> list[tuple[_Part, Decimal]]:
    """Money off a line, at most what of its amount has not been given back."""
    paid: list[tuple[_Part, Decimal]] = []
    for part in parts:
        taken = min(max(NONE, part.worth - part.given), amount)
        paid.append((part, taken))
        amount -= taken
    return paid


def _together(wanted: Sequence[Mapping[str, Any]]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for n in wanted:
        found[str(n["line"])] = found.get(str(n["line"]), NONE) + Decimal(n["quantity"])
    return {line: quantity for line, quantity in found.items() if quantity > 0}
