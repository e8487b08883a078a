"""The state of an order as the documents that tell its buyer: response, despatch advice, invoice.

Pure. What is told adds up to what was ordered, shipped and billed: a line whose parts do not make the ordered quantity,
goods of a line that the order does not have, and an invoice whose sums disagree are refused with the line's number,
because a partner's system would act on them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

import msgspec

from crossdock.canonical.despatch import DespatchAdvice, Level, Mark, Unit
from crossdock.canonical.identifiers import sscc, sscc_fault
from crossdock.canonical.invoice import Invoice, InvoiceLine
from crossdock.canonical.order import ItemId, ItemScheme, OrderLine, PurchaseOrder
from crossdock.canonical.parts import Carrier, Dated, Party, Reference, Tax, Terms
from crossdock.canonical.response import LineStatus, OrderResponse, Outcome, ResponseLine, ResponseStatus
from crossdock.errors import Finding, PartnerError

NONE = Decimal(0)
CENT = Decimal("0.01")
# BSN05: levels nested as shipment, order, pack, item; without packs as shipment, order, item
PACKED, UNPACKED = "0001", "0004"


# ── what a workflow says of an order ────────────────────────────────────────────────────────────────────────────────


class Promised(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What becomes of one line; the four quantities make the ordered one.

    unit: another than was ordered, in which `of` is the ordered quantity.
    """

    line: str
    accepted: Decimal = NONE
    backordered: Decimal = NONE
    cancelled: Decimal = NONE  # taken off: by the buyer, or because it is not made any more
    rejected: Decimal = NONE
    unit_price: Decimal | None = None  # ours, where it is not the buyer's
    ship_on: date | None = None  # of what is accepted
    backorder_on: date | None = None
    deliver_on: date | None = None  # of what is accepted, where the day of shipping is not known
    substitute: str = ""  # our item number of what comes instead
    unit: str = ""
    of: Decimal | None = None


class Response(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    number: str = ""  # our order number
    lines: tuple[Promised, ...]
    notes: tuple[str, ...] = ()


class Goods(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """unit: another than was ordered."""

    line: str
    quantity: Decimal
    unit: str = ""


class Package(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    sscc: str
    lines: tuple[Goods, ...]


class Despatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One shipment: in packages, or as loose lines, or both."""

    shipment: str
    shipped_on: date
    tracking: str = ""
    bill_of_lading: str = ""
    carrier: str = ""  # SCAC
    promised_on: date | None = None
    packages: tuple[Package, ...] = ()
    lines: tuple[Goods, ...] = ()


class Billed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """unit: another than was ordered; the price is for one of it."""

    line: str
    quantity: Decimal
    unit_price: Decimal
    amount: Decimal
    unit: str = ""


class Bill(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    invoice: str
    issued_on: date
    lines: tuple[Billed, ...]
    net: Decimal
    tax: Decimal = NONE
    tax_kind: str = ""  # vat, state, …; "" is what the syntax speaks of by custom
    total: Decimal
    due_on: date | None = None
    shipment: str = ""


# ── the documents ───────────────────────────────────────────────────────────────────────────────────────────────────


def response(order: PurchaseOrder, state: Response, today: date, *, words: bool = True, xml: str = "") -> OrderResponse:
    """words: each part of a line has a status of its own (X12, XML); else a line says accepted, changed or rejected,
    and quantities say the rest (EDIFACT). xml: `ubl` or `cxml`, which have fewer statuses, and a place for notes.

    Raises PartnerError when a line is missing or does not add up.
    """
    told = _by_line(order, ((p.line, p) for p in state.lines), "lines")
    findings = [f for line in order.lines if (f := _sum(line, told.get(line.number))) is not None]
    if findings:
        raise PartnerError(findings)
    lines = tuple(_line(line, told[line.number], words, xml) for line in order.lines)
    return OrderResponse(
        order_number=order.number,
        status=_status(order, state),
        number=state.number,
        issued_on=today,
        ordered_on=order.ordered_on or today,
        currency=order.currency,
        parties=parties(order, xml),
        lines=lines,
        notes=state.notes if xml or not words else (),  # an 855 has no place for them on this map
        stated_lines=len(lines),
    )


def _sum(line: OrderLine, told: Promised | None) -> Finding | None:
    where = f"lines/{line.number}"
    if told is None:
        text = "Say what becomes of every line of the order."
        return Finding("response.line.missing", where, "what becomes of the line", "nothing", text)
    parts = (told.accepted, told.backordered, told.cancelled, told.rejected)
    ordered, unit = (line.quantity, line.unit) if told.of is None else (told.of, told.unit)
    if any(p < 0 for p in parts) or sum(parts, NONE) != ordered:
        found = f"{sum(parts, NONE)} ({', '.join(str(p) for p in parts)})"
        text = "accepted + backordered + cancelled + rejected is what was ordered, in its unit."
        return Finding("response.line.quantity", where, f"{ordered} {unit}", found, text)
    return None


def _status(order: PurchaseOrder, state: Response) -> ResponseStatus:
    if all(p.accepted + p.backordered == 0 for p in state.lines):
        return ResponseStatus.REJECTED
    by_line = {p.line: p for p in state.lines}
    as_ordered = all(_as_ordered(line, by_line[line.number]) for line in order.lines)
    return ResponseStatus.ACCEPTED if as_ordered else ResponseStatus.CHANGED


def _as_ordered(line: OrderLine, told: Promised) -> bool:
    whole = line.quantity if told.of is None else told.of
    return told.accepted == whole and not told.substitute and not _dearer(line, told)


def _dearer(line: OrderLine, told: Promised) -> bool:
    """Whether our price is another than the buyer's; one that the buyer left to us is none."""
    return told.unit_price is not None and line.unit_price is not None and told.unit_price != line.unit_price


def _line(line: OrderLine, told: Promised, words: bool, xml: str) -> ResponseLine:
    price = told.unit_price if told.unit_price is not None else line.unit_price
    made = ResponseLine(
        number=line.number,
        items=line.items,
        description=line.description,
        quantity=line.quantity,
        unit=line.unit,
        unit_price=price,
    )
    if words:
        outcomes = tuple(_outcomes(line, told))
        return replace(made, outcomes=tuple(p for o in outcomes for p in _plainer(o, xml)) if xml else outcomes)
    if told.accepted + told.backordered == 0:
        status = LineStatus.REJECTED
    else:
        status = LineStatus.ACCEPTED if _as_ordered(line, told) else LineStatus.CHANGED
    unable = told.cancelled + told.rejected
    parts = (
        (LineStatus.ACCEPTED, told.accepted),
        (LineStatus.BACKORDERED, told.backordered),
        (LineStatus.CANCELLED, unable),
    )
    outcomes = tuple(Outcome(status=s, quantity=q, unit=told.unit or line.unit) for s, q in parts if q)
    dates = tuple(
        Dated(kind="delivery_estimated", on=d)
        for d in (told.ship_on or told.deliver_on or told.backorder_on,)
        if d is not None
    )
    return replace(made, status=status, outcomes=outcomes, dates=dates)


def _outcomes(line: OrderLine, told: Promised) -> Iterable[Outcome]:
    """ACK01: IA as ordered, IQ less of it, IP at our price, IS something else; IB later, ID taken off, IR refused."""
    if told.accepted:
        if told.substitute:
            status = LineStatus.SUBSTITUTED
        elif _dearer(line, told):
            status = LineStatus.PRICE_CHANGED
        elif told.accepted + told.backordered < (line.quantity if told.of is None else told.of):
            status = LineStatus.QUANTITY_CHANGED
        else:
            status = LineStatus.ACCEPTED
        yield _outcome(line, told, status, told.accepted, told.ship_on or told.deliver_on, told.substitute)
    if told.backordered:
        yield _outcome(line, told, LineStatus.BACKORDERED, told.backordered, told.backorder_on)
    if told.cancelled:
        yield _outcome(line, told, LineStatus.CANCELLED, told.cancelled, None)
    if told.rejected:
        yield _outcome(line, told, LineStatus.REJECTED, told.rejected, None)


# codes as written: of those with one meaning, the ones that every partner reads
CODES = {LineStatus.ACCEPTED: "IA", LineStatus.BACKORDERED: "IB"}


# What UBL and cXML say of a part of a line; all else is that it changed.
_XML = {
    LineStatus.ACCEPTED: LineStatus.ACCEPTED,
    LineStatus.BACKORDERED: LineStatus.BACKORDERED,
    LineStatus.CANCELLED: LineStatus.REJECTED,
    LineStatus.REJECTED: LineStatus.REJECTED,
}


def _plainer(outcome: Outcome, xml: str) -> Iterable[Outcome]:
    """UBL names a substitute beside the line, not in it."""
    status = _XML.get(outcome.status, LineStatus.CHANGED)
    yield replace(outcome, status=status, code="", items=() if xml == "ubl" else outcome.items)
    if xml == "ubl" and outcome.items:
        yield Outcome(status=LineStatus.SUBSTITUTED, items=outcome.items)


def _outcome(
    line: OrderLine, told: Promised, status: LineStatus, quantity: Decimal, on: date | None, substitute: str = ""
) -> Outcome:
    dated = "delivery_estimated" if on == told.deliver_on and told.ship_on is None else "ship_scheduled"
    return Outcome(
        status=status,
        code=CODES.get(status, ""),
        quantity=quantity,
        unit=told.unit or line.unit,
        dated=dated if on else "",
        on=on,
        items=(ItemId(scheme=ItemScheme.SUPPLIER, value=substitute),) if substitute else (),
    )


def despatch(
    order: PurchaseOrder, state: Despatch, now: datetime, *, levels: bool = True, xml: str = ""
) -> DespatchAdvice:
    """Packages with their SSCC, and items. xml: as in `response`.

    levels: below a level of its own for the order (X12); else every item names it (EDIFACT).
    Raises PartnerError naming what cannot be shipped.
    """
    findings = _unknown(order, [g for p in state.packages for g in p.lines] + list(state.lines))
    for place, package in enumerate(state.packages):
        if fault := sscc_fault(package.sscc):
            text = "Give the 18 digits of the label."
            findings.append(
                Finding("despatch.sscc", f"packages/{place}/sscc", "an SSCC", package.sscc, f"{fault} {text}")
            )
    if findings:
        raise PartnerError(findings)
    lines = {line.number: line for line in order.lines}
    number = "" if levels else order.number

    def items(goods: Sequence[Goods]) -> tuple[Unit, ...]:
        return tuple(_item(lines[g.line], g, number) for g in goods)

    packs = tuple(
        Unit(level=Level.PACK, marks=(Mark(kind="sscc", value=sscc(p.sscc)),), units=items(p.lines))
        for p in state.packages
    )
    loose = items(state.lines)
    units: tuple[Unit, ...]
    if levels:
        of_order = (*packs, *loose)
        units = (Unit(level=Level.ORDER, order_number=order.number, ordered_on=order.ordered_on, units=of_order),)
    else:
        units = (*packs, *((Unit(level=Level.PACK, units=loose),) if loose else ()))
    dates = [Dated(kind="shipped", on=state.shipped_on)]
    if state.promised_on is not None:
        dates.append(Dated(kind="delivery_estimated", on=state.promised_on))
    references = (("bill_of_lading", state.bill_of_lading), ("carrier_reference", state.tracking))
    shipment = Unit(
        level=Level.SHIPMENT,
        order_number="" if xml else number,  # some readers of a DESADV look for it in the header alone
        references=tuple(Reference(kind=k, value=v) for k, v in references if v),
        dates=tuple(dates),
        parties=parties(order, xml, shipping=True),
        carriers=(Carrier(id=state.carrier, scheme="scac"),) if state.carrier else (),
        units=units,
    )
    advice = DespatchAdvice(
        number=state.shipment,
        issued_on=now.date(),
        issued_at=f"{now:%H%M}",
        structure=(PACKED if packs else UNPACKED) if levels else "",
        units=(shipment,),
    )
    # CTT01 of an 856 counts its levels. A DESADV goes without the CNT that nobody requires, and some do not know there.
    return replace(advice, stated_lines=sum(1 for _ in advice.walk())) if levels else advice


def _item(line: OrderLine, goods: Goods, order_number: str) -> Unit:
    return Unit(
        level=Level.ITEM,
        order_number=order_number,
        line=line.number,
        items=line.items,
        description=line.description,
        quantity=goods.quantity,
        unit=goods.unit or line.unit,
        ordered=line.quantity,
        ordered_unit=line.unit,
    )


def invoice(order: PurchaseOrder, bill: Bill, *, tax_kind: str = "state_and_local", xml: str = "") -> Invoice:
    """What was billed, line by line. xml: as in `response`; UBL names the tax's rate, category and basis (EN 16931).

    Raises PartnerError when lines, net, tax and total do not make each other, or tax and net no rate.
    """
    findings = _unknown(order, bill.lines)
    for billed in bill.lines:
        amount = (billed.quantity * billed.unit_price).quantize(CENT, ROUND_HALF_UP)
        if billed.amount != amount:
            text = "The amount of a line is quantity × price, rounded to the cent."
            where = f"lines/{billed.line}/amount"
            findings.append(Finding("invoice.line.amount", where, str(amount), str(billed.amount), text))
    net = sum((b.amount for b in bill.lines), NONE)
    for where, expected, found in (("net", net, bill.net), ("total", bill.net + bill.tax, bill.total)):
        if expected != found:
            text = "Lines make the net amount; net and tax make the total."
            findings.append(Finding(f"invoice.{where}", where, str(expected), str(found), text))
    taxes = (Tax(kind=bill.tax_kind or tax_kind, amount=bill.tax),) if bill.tax else ()
    rated = xml == "ubl"
    if rated:
        rate = _rate(bill)
        if rate is None:
            text = "Send it in a format that tells the tax without a rate."
            found = f"{bill.tax} of {bill.net}"
            findings.append(Finding("invoice.tax", "tax", "one rate with at most two decimals", found, text))
        category = "S" if rate else "Z"
        taxes = (Tax(kind="vat", percent=rate, amount=bill.tax, category=category, basis=bill.net),)
    if findings:
        raise PartnerError(findings)
    lines = {line.number: line for line in order.lines}
    of_line = tuple(replace(t, amount=None, basis=None) for t in taxes) if rated else ()
    return Invoice(
        number=bill.invoice,
        issued_on=bill.issued_on,
        order_number=order.number,
        ordered_on=order.ordered_on,
        currency=order.currency,
        references=(Reference(kind="shipment", value=bill.shipment),) if bill.shipment else (),
        parties=parties(order, xml),
        terms=(Terms(due_on=bill.due_on),) if bill.due_on else (),
        lines=tuple(
            InvoiceLine(
                number=b.line,
                quantity=b.quantity,
                unit=b.unit or lines[b.line].unit,
                unit_price=b.unit_price,
                items=lines[b.line].items,
                description=lines[b.line].description,
                taxes=of_line,
            )
            for b in bill.lines
        ),
        taxes=taxes,
        stated_lines=len(bill.lines),
        stated_net=bill.net,
        stated_total=bill.total,
    )


def _rate(bill: Bill) -> Decimal | None:
    """The percentage that makes this tax of this net amount, to the cent; None when none does."""
    if not bill.tax:
        return NONE
    if not bill.net:
        return None
    rate = (bill.tax / bill.net * 100).quantize(CENT, ROUND_HALF_UP).normalize() + 0
    return rate if (bill.net * rate / 100).quantize(CENT, ROUND_HALF_UP) == bill.tax else None


def parties(order: PurchaseOrder, xml: str = "", *, shipping: bool = False) -> tuple[Party, ...]:
    """As the order names them. UBL gives buyer and supplier their electronic address, and a shipment two ends."""
    found = [Party(role=p.role.value, id=p.id, scheme=p.scheme, address=p.address) for p in order.parties]
    if xml != "ubl":
        return tuple(found)
    by_role = {p.role: p for p in found}
    if shipping:
        ends = (("ship_from", "supplier"), ("ship_to", "buyer"))
        found += [replace(by_role[o], role=r) for r, o in ends if r not in by_role and o in by_role]
    return tuple(
        replace(p, references=(Reference(kind="endpoint", value=p.id, text=p.scheme),)) if p.id and p.scheme else p
        for p in found
    )


def _by_line(order: PurchaseOrder, told: Iterable[tuple[str, Promised]], where: str) -> dict[str, Promised]:
    known = {line.number for line in order.lines}
    found: dict[str, Promised] = {}
    findings: list[Finding] = []
    for line, promised in told:
        if line not in known or line in found:
            seen = "twice" if line in found else "no line of the order"
            text = "Say once what becomes of each line of the order."
            findings.append(Finding("response.line", f"{where}/{line}", "a line of the order, once", seen, text))
        found[line] = promised
    if findings:
        raise PartnerError(findings)
    return found


def _unknown(order: PurchaseOrder, goods: Sequence[Goods | Billed]) -> list[Finding]:
    known = {line.number for line in order.lines}
    findings = [
        Finding("line.unknown", f"lines/{g.line}", "a line of the order", g.line, "Name the order's own line.")
        for g in goods
        if g.line not in known
    ]
    findings += [
        Finding("line.quantity", f"lines/{g.line}", "a quantity above zero", str(g.quantity), "Leave empty lines out.")
        for g in goods
        if g.quantity <= 0
    ]
    if not goods:
        findings.append(Finding("lines.none", "lines", "at least one line", "none", "Send nothing for nothing."))
    return findings
