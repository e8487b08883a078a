"""What a process knows of its order, as what its buyer is told: response, despatch, invoice.

Pure. A process counts in base units and in its own lines; the buyer ordered in units of its own, and may have changed
its order since. A quantity is told in the unit ordered where that comes out even, else in the base unit. What left or
lies in a shipment is accepted; the rest comes later while a backorder runs, and else never.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from fractions import Fraction

import msgspec

from crossdock.canonical.change import ChangeAction
from crossdock.canonical.order import ItemId, ItemScheme, OrderLine, PurchaseOrder
from crossdock.canonical.response import LineStatus, OrderResponse, Outcome, ResponseLine, ResponseStatus
from crossdock.partners.sending.responses import (
    CENT,
    Bill,
    Billed,
    Despatch,
    Goods,
    Package,
    Promised,
    Response,
    parties,
)

NONE = Decimal(0)
PRICE_DIGITS = Decimal("0.000001")
BASE = "EA"


class Fate(StrEnum):
    """What becomes of the whole order."""

    GOES_ON = "goes-on"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


class Agreed(msgspec.Struct, frozen=True, kw_only=True):
    """A line as the process carries it out: quantity in the unit ordered, base_quantity in pieces."""

    line: str
    sku: str | None = None
    quantity: Decimal
    unit: str
    base_quantity: Decimal | None = None
    unit_price: Decimal | None = None
    amount: Decimal | None = None

    @property
    def pieces(self) -> Decimal:
        return self.base_quantity or self.quantity


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Base units of a line."""

    line: str
    quantity: Decimal


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A shipment that has not left; lines None: it has."""

    lines: tuple[Part, ...] | None = None
    promised_on: date | None = None


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """A line as the buyer wants it since a change of its order that was agreed to."""

    line: str
    quantity: Decimal
    unit: str = ""
    unit_price: Decimal | None = None
    items: tuple[ItemId, ...] = ()
    requested_on: date | None = None


class Told(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For a response. gone: what has left."""

    agreed: tuple[Agreed, ...] = ()
    shipments: tuple[Held, ...] = ()
    gone: tuple[Part, ...] = ()
    backorder: bool = False
    backorder_on: date | None = None  # when the rest is expected
    fate: Fate = Fate.GOES_ON
    changed: tuple[Changed, ...] = ()
    reason: str | None = None


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of one line of a change."""

    line: str
    accepted: bool
    action: ChangeAction
    quantity: Decimal | None = None
    unit: str = ""
    unit_price: Decimal | None = None
    items: tuple[ItemId, ...] = ()
    reason: str | None = None


class Weighed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For the answer to a change."""

    sequence: str = ""
    verdicts: tuple[Verdict, ...] = ()
    changed: tuple[Changed, ...] = ()
    agreed: tuple[Agreed, ...] = ()


class Gone(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For a despatch advice."""

    agreed: tuple[Agreed, ...]
    shipment: str
    lines: tuple[Part, ...]
    packages: tuple[Package, ...] = ()
    at: str | None = None  # when it left, RFC 3339
    tracking: str | None = None
    carrier: str | None = None
    promised_on: date | None = None
    changed: tuple[Changed, ...] = ()


class BilledPart(msgspec.Struct, frozen=True, kw_only=True):
    line: str
    quantity: Decimal
    unit_price: Decimal
    amount: Decimal


class Due(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For an invoice."""

    agreed: tuple[Agreed, ...]
    shipment: str
    invoice: str
    lines: tuple[BilledPart, ...]
    net: Decimal
    tax: Decimal
    total: Decimal
    due_on: date | None = None
    changed: tuple[Changed, ...] = ()


def as_changed(order: PurchaseOrder, changes: Sequence[Changed]) -> PurchaseOrder:
    """The order as its buyer wants it now."""
    wanted = {c.line: c for c in changes}
    lines = [_changed(line, wanted.pop(line.number)) if line.number in wanted else line for line in order.lines]
    lines += [
        OrderLine(
            number=c.line, items=c.items, quantity=c.quantity, unit=c.unit or BASE, unit_price=c.unit_price,
            requested_on=c.requested_on,
        )
        for c in wanted.values()
    ]  # fmt: skip
    return replace(order, lines=tuple(lines))


def _changed(line: OrderLine, to: Changed) -> OrderLine:
    return replace(
        line,
        quantity=to.quantity,
        unit=to.unit or line.unit,
        unit_price=line.unit_price if to.unit_price is None else to.unit_price,
        items=to.items or line.items,
        requested_on=to.requested_on or line.requested_on,
    )


def response(order: PurchaseOrder, told: Told, number: str) -> Response:
    """order: as_changed. A line that a person of ours took off is refused, one with another item substituted."""
    agreed = {a.line: a for a in told.agreed}
    there = _together((*told.gone, *(p for s in told.shipments for p in s.lines or ())))
    promised: dict[str, date] = {}
    for shipment in told.shipments:
        if (on := shipment.promised_on) is not None:
            promised |= {p.line: max(on, promised.get(p.line, on)) for p in shipment.lines or ()}
    lines = [
        _promise(line, agreed.get(line.number), there.get(line.number, NONE), promised.get(line.number), told)
        for line in order.lines
    ]
    return Response(number=number, lines=tuple(lines), notes=(told.reason,) if told.reason else ())


def change(order: PurchaseOrder, told: Weighed, number: str, today: date, *, words: bool, xml: str) -> OrderResponse:
    """The answer to a change, line by line; each refused one with its reason as a note. order: as_changed."""
    known = {n.number: n for n in order.lines}
    lines: list[ResponseLine] = []
    for v in told.verdicts:
        line = known.get(v.line)
        quantity = v.quantity if v.quantity is not None else line.quantity if line is not None else NONE
        unit = v.unit or (line.unit if line is not None else BASE)
        cancelled = v.accepted and v.action is ChangeAction.CANCEL
        status = LineStatus.ACCEPTED if v.accepted and not cancelled else LineStatus.REJECTED
        if cancelled and words and not xml:
            status = LineStatus.CANCELLED
        code = "" if xml or not words else "IA" if status is LineStatus.ACCEPTED else ""
        outcome = Outcome(status=status, code=code, quantity=quantity, unit=unit)
        if not words:  # EDIFACT: the line says it once, and quantities say how many come
            kept = LineStatus.ACCEPTED if status is LineStatus.ACCEPTED else LineStatus.CANCELLED
            outcome = replace(outcome, status=kept)
        lines.append(
            ResponseLine(
                number=v.line,
                items=v.items or (line.items if line is not None else ()),
                quantity=quantity,
                unit=unit,
                unit_price=v.unit_price if v.unit_price is not None else line.unit_price if line is not None else None,
                action=v.action,
                status=None if words else status,
                outcomes=(outcome,),
            )
        )
    taken = [v.accepted for v in told.verdicts]
    some = ResponseStatus.CHANGED if any(taken) else ResponseStatus.REJECTED
    return OrderResponse(
        order_number=order.number,
        purpose="original",
        status=ResponseStatus.ACCEPTED if all(taken) else some,
        number=number,
        issued_on=today,
        ordered_on=order.ordered_on or today,
        sequence=told.sequence,
        changed_on=today,
        currency=order.currency,
        parties=parties(order, xml),
        lines=tuple(lines),
        notes=tuple(f"Line {v.line}: {v.reason}" for v in told.verdicts if v.reason),
        stated_lines=len(lines),
    )


def _promise(line: OrderLine, agreed: Agreed | None, there: Decimal, on: date | None, told: Told) -> Promised:
    match told.fate:
        case Fate.REJECTED:
            return Promised(line=line.number, rejected=line.quantity)
        case Fate.CANCELLED:
            return Promised(line=line.number, cancelled=line.quantity)
        case Fate.GOES_ON:
            pass
    if agreed is None:
        return Promised(line=line.number, rejected=line.quantity)
    # what a person of ours took off the line will never come
    less = max(line.quantity - agreed.quantity, NONE)
    rest = max(agreed.pieces - there, NONE)
    later, never = (rest, NONE) if told.backorder else (NONE, rest)
    expected = told.backorder_on if later else None
    counts = [_even(agreed, n) for n in (there, later, never)]
    price = agreed.unit_price
    if all(c is not None for c in counts):
        whole = [c for c in counts if c is not None]
        return Promised(
            line=line.number, accepted=whole[0], backordered=whole[1], cancelled=whole[2], rejected=less,
            unit_price=price, deliver_on=on, backorder_on=expected, substitute=_substitute(line, agreed),
        )  # fmt: skip
    per = agreed.pieces / agreed.quantity
    return Promised(
        line=line.number, accepted=there, backordered=later, cancelled=never, rejected=less * per, unit=BASE,
        of=agreed.pieces + less * per, unit_price=price, deliver_on=on, backorder_on=expected,
        substitute=_substitute(line, agreed),
    )  # fmt: skip


def _substitute(line: OrderLine, agreed: Agreed) -> str:
    ours = [i.value for i in line.items if i.scheme is ItemScheme.SUPPLIER]
    return agreed.sku if agreed.sku and ours and agreed.sku not in ours else ""


def despatch(told: Gone, today: date) -> Despatch:
    agreed = {a.line: a for a in told.agreed}
    inside: dict[str, Decimal] = {}
    for package in told.packages:
        for goods in package.lines:
            inside[goods.line] = inside.get(goods.line, NONE) + goods.quantity
    loose = {line: quantity - inside.get(line, NONE) for line, quantity in _together(told.lines).items()}
    return Despatch(
        shipment=told.shipment,
        shipped_on=date.fromisoformat(told.at[:10]) if told.at else today,
        tracking=told.tracking or "",
        carrier=told.carrier or "",
        promised_on=told.promised_on,
        packages=tuple(
            Package(sscc=p.sscc, lines=tuple(_goods(agreed, g.line, g.quantity) for g in p.lines))
            for p in told.packages
        ),
        lines=tuple(_goods(agreed, line, quantity) for line, quantity in loose.items() if quantity > 0),
    )


def _together(parts: Iterable[Part]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for part in parts:
        found[part.line] = found.get(part.line, NONE) + part.quantity
    return found


def _goods(agreed: Mapping[str, Agreed], line: str, pieces: Decimal) -> Goods:
    known = agreed.get(line)
    even = _even(known, pieces) if known is not None else None
    return Goods(line=line, quantity=pieces, unit=BASE) if even is None else Goods(line=line, quantity=even)


def bill(told: Due, today: date) -> Bill:
    agreed = {a.line: a for a in told.agreed}
    return Bill(
        invoice=told.invoice,
        issued_on=today,
        lines=tuple(_billed(agreed.get(n.line), n) for n in told.lines),
        net=told.net,
        tax=told.tax,
        total=told.total,
        due_on=told.due_on,
        shipment=told.shipment,
    )


def _billed(agreed: Agreed | None, part: BilledPart) -> Billed:
    even = _even(agreed, part.quantity) if agreed is not None else None
    if agreed is None or even is None:
        return Billed(line=part.line, quantity=part.quantity, unit_price=part.unit_price, amount=part.amount, unit=BASE)
    price = agreed.unit_price
    if price is None or (price * even).quantize(CENT, ROUND_HALF_UP) != part.amount:
        price = (part.amount / even).quantize(PRICE_DIGITS, ROUND_HALF_UP).normalize() + 0
    return Billed(line=part.line, quantity=even, unit_price=price, amount=part.amount)


def _even(agreed: Agreed, pieces: Decimal) -> Decimal | None:
    """Pieces in the unit ordered: exact, and whole where pieces and units differ; None where it is not."""
    found = Fraction(pieces) * Fraction(agreed.quantity) / Fraction(agreed.pieces)
    if agreed.pieces == agreed.quantity:
        return pieces
    return Decimal(found.numerator) if found.denominator == 1 else None
