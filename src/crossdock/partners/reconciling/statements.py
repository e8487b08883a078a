"""Documents as statements that can be compared. Pure: one function for each kind of canonical document."""

from collections.abc import Collection, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from crossdock.canonical.change import ChangeAction, OrderChange
from crossdock.canonical.despatch import DespatchAdvice, Level
from crossdock.canonical.invoice import Invoice, InvoiceKind
from crossdock.canonical.order import PurchaseOrder
from crossdock.canonical.parts import Dated, Reference, day, reference
from crossdock.canonical.receipt import ReceiptAdvice
from crossdock.canonical.remittance import RemittanceAdvice
from crossdock.canonical.response import LineStatus, OrderResponse, Outcome, ResponseLine, ResponseStatus
from crossdock.partners.reconciling.model import Became, Kind, Paid, Said, Statement

NONE = Decimal(0)
BECAME = {
    LineStatus.ACCEPTED: Became.ACCEPTED,
    LineStatus.CHANGED: Became.ACCEPTED,
    LineStatus.PRICE_CHANGED: Became.ACCEPTED,
    LineStatus.QUANTITY_CHANGED: Became.ACCEPTED,
    LineStatus.SUBSTITUTED: Became.ACCEPTED,
    LineStatus.PARTIAL: Became.ACCEPTED,
    LineStatus.RESCHEDULED: Became.ACCEPTED,
    LineStatus.SHIPPED: Became.ACCEPTED,
    LineStatus.ADDED: Became.ACCEPTED,
    LineStatus.BACKORDERED: Became.BACKORDERED,
    LineStatus.ON_HOLD: Became.BACKORDERED,
    LineStatus.CANCELLED: Became.REFUSED,
    LineStatus.REJECTED: Became.REFUSED,
}
PROMISED = ("ship_scheduled", "delivery_promised", "delivery_estimated", "delivery_scheduled", "shipped")
# What an invoice or credit note may name, and how partners call it.
SHIPMENTS = ("shipment", "packing_list", "despatch_advice", "delivery_order")
ORDERS = ("order", "customer_order")


def order(document: str, said: PurchaseOrder) -> Statement:
    lines = tuple(
        Said(
            line=n.number, items=n.items, quantity=n.quantity, unit=n.unit, price=n.unit_price,
            on=n.requested_on or said.requested_on,
        )
        for n in said.lines
    )  # fmt: skip
    return Statement(
        document=document, kind=Kind.ORDER, number=said.number, on=said.ordered_on, currency=said.currency, lines=lines,
        total=said.stated_total,
    )  # fmt: skip


def response(document: str, said: OrderResponse) -> Statement | None:
    """None: it says that the order arrived, and nothing of what becomes of it."""
    if said.sequence or said.changed_on is not None:
        return answer(document, said)  # after it the order is answered anew
    if said.status in {ResponseStatus.ACKNOWLEDGED, ResponseStatus.ON_HOLD} and not said.lines:
        return None
    lines = tuple(part for n in said.lines for part in _promised(n, said.status))
    # each answers the order as it stands then: the later takes the place of the earlier
    return Statement(
        document=document, kind=Kind.RESPONSE, number="", on=said.issued_on, currency=said.currency, lines=lines
    )


def _promised(n: ResponseLine, whole: ResponseStatus | None) -> Iterator[Said]:
    outcomes: Sequence[Outcome] = n.outcomes
    if not outcomes:
        status = n.status or (LineStatus.REJECTED if whole is ResponseStatus.REJECTED else LineStatus.ACCEPTED)
        outcomes = (Outcome(status=status, quantity=n.quantity, unit=n.unit),)
    for o in outcomes:
        yield Said(
            line=n.number,
            items=n.items + o.items,
            quantity=o.quantity if o.quantity is not None else n.quantity,
            unit=o.unit or n.unit,
            price=n.unit_price,
            on=o.on or _first(n.dates, PROMISED),
            became=BECAME[o.status],
        )


def answer(document: str, said: OrderResponse) -> Statement:
    """What becomes of each line of a change. One that was refused says why; a line that was taken off reads alike in
    some syntaxes, and gives no reason."""
    why = {n.partition(":")[0].removeprefix("Line ") for n in said.notes if n.startswith("Line ")}
    match said.status:
        case ResponseStatus.REJECTED:
            refused = {n.number for n in said.lines}
        case ResponseStatus.ACCEPTED:
            refused = set[str]()
        case _:
            refused = {n.number for n in said.lines if n.number in why or _turned_down(n)}
    lines = tuple(Said(line=n.number, items=n.items) for n in said.lines)
    return Statement(
        document=document, kind=Kind.ANSWER, number=said.sequence, on=said.issued_on, lines=lines,
        refused=frozenset(refused),
    )  # fmt: skip


def _turned_down(n: ResponseLine) -> bool:
    statuses = {o.status for o in n.outcomes} | ({n.status} if n.status is not None else set[LineStatus]())
    return LineStatus.REJECTED in statuses and n.action is not ChangeAction.CANCEL


def change(document: str, said: OrderChange) -> Statement | None:
    """What a change asks; None for one that cancels the whole order, which the response answers."""
    if said.cancels:
        return None
    lines = tuple(
        Said(
            line=n.number, items=n.items, quantity=n.new_quantity, unit=n.unit, price=n.new_price, on=n.new_day
        )
        for n in said.lines
        if n.action is not ChangeAction.NONE
    )  # fmt: skip
    return Statement(
        document=document, kind=Kind.CHANGE, number=said.sequence, on=said.changed_on, currency=said.currency,
        lines=lines, wanted_on=said.new_day,
    )  # fmt: skip


def despatch(document: str, said: DespatchAdvice, po: str) -> Statement:
    """Of a shipment for several orders, what is for this one."""
    shipped = next((d for u in said.walk() if u.level == Level.SHIPMENT and (d := day(u.dates, "shipped"))), None)
    lines = tuple(
        Said(line=n.item.line, items=n.item.items, quantity=n.item.quantity, unit=n.item.unit)
        for n in said.lines()
        if n.order_number in {"", po}
    )
    on = shipped or said.issued_on
    return Statement(document=document, kind=Kind.DESPATCH, number=said.number, on=on, lines=lines)


def invoice(document: str, said: Invoice, po: str) -> Statement | None:
    """None for what asks for no money."""
    if said.kind is InvoiceKind.PRO_FORMA:
        return None
    credit = said.kind is InvoiceKind.CREDIT_NOTE
    lines = [n for n in said.lines if reference(n.references, "order") in {"", po}]
    names = ("invoice",) if credit else SHIPMENTS
    about = _named(said.references, names) | {v for n in lines for v in _named(n.references, names)}
    charges = sum((a.signed for a in said.adjustments), NONE) + sum(
        (a.signed for n in lines for a in n.adjustments), NONE
    )
    return Statement(
        document=document,
        kind=Kind.CREDIT if credit else Kind.INVOICE,
        number=said.number,
        on=said.issued_on,
        currency=said.currency,
        lines=tuple(
            Said(
                line=n.number,
                items=n.items,
                quantity=n.quantity,
                unit=n.unit,
                price=None if n.unit_price is None else n.unit_price / (n.price_basis or 1),
                amount=n.amount,
            )
            for n in lines
        ),
        about=frozenset(about),
        total=said.stated_total if said.stated_total is not None else said.due,
        charges=charges,
    )


def receipt(document: str, said: ReceiptAdvice, po: str) -> Statement:
    """What can be used of what came: damaged and refused goods are not received."""
    lines = tuple(
        Said(
            line=n.order_line or n.number,
            items=n.items,
            quantity=n.accepted if n.accepted is not None else (n.received or NONE) - (n.rejected or NONE),
            unit=n.unit,
        )
        for n in said.lines
        if n.order_number in {"", po} and (n.received is not None or n.accepted is not None)
    )
    on = said.received_on or said.issued_on
    return Statement(
        document=document, kind=Kind.RECEIPT, number=said.number, on=on, lines=lines, about=frozenset(shipments(said))
    )


def remittance(document: str, said: RemittanceAdvice) -> Statement:
    paid = tuple(
        Paid(
            invoice=i.number,
            amount=i.paid if i.paid is not None else NONE,
            discount=i.discount or NONE,
            reasons=tuple(f"{d.reason} {d.amount}".strip() for d in i.deductions),
        )
        for e in said.entities
        for i in e.items
        if i.kind in {"invoice", "", "bill"}
    )
    return Statement(
        document=document, kind=Kind.REMITTANCE, number=said.number, on=said.paid_on, currency=said.currency,
        total=said.amount, paid=paid,
    )  # fmt: skip


def of(document: str, said: Any, po: str) -> Statement | None:
    """What a document says of the order `po`; None: nothing that could be compared."""
    match said:
        case PurchaseOrder():
            return order(document, said)
        case OrderChange():
            return change(document, said)
        case OrderResponse():
            return response(document, said)
        case DespatchAdvice():
            return despatch(document, said, po)
        case Invoice():
            return invoice(document, said, po)
        case ReceiptAdvice():
            return receipt(document, said, po)
        case RemittanceAdvice():
            return remittance(document, said)
        case _:
            return None


def shipments(said: ReceiptAdvice) -> list[str]:
    """Our despatch advices that a receipt names."""
    return sorted((frozenset({said.despatch_number}) | _named(said.references, SHIPMENTS)) - {""})


def invoices(said: RemittanceAdvice) -> list[str]:
    """The invoices that a payment is for."""
    return sorted({i.number for e in said.entities for i in e.items if i.number})


def orders(said: Any) -> list[str]:
    """The buyer's order numbers that a document is about."""
    found = {getattr(said, "order_number", "")}
    match said:
        case DespatchAdvice():
            found |= {n.order_number for n in said.lines()}
        case ReceiptAdvice():
            found |= {n.order_number for n in said.lines}
        case Invoice():
            found |= {v for n in said.lines for v in _named(n.references, ORDERS)}
            found |= _named(said.references, ORDERS)
        case _:
            pass
    return sorted(found - {""})


def _named(references: Sequence[Reference], kinds: Collection[str]) -> set[str]:
    return {r.value for r in references if r.kind in kinds and r.value}


def _first(dates: Sequence[Dated], kinds: Sequence[str]) -> date | None:
    return next((on for kind in kinds if (on := day(dates, kind)) is not None), None)
