"""A purchase order 850 as canonical.PurchaseOrder, by what the guide says its codes mean.

Runs on sets that the guide has found readable, so a mandatory element that is absent here was reported before. What
no process of ours acts on yet (several delivery dates of a line) holds the document for a person: quietly leaving it
out would ship something else than was ordered.
"""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from crossdock.canonical import splitting
from crossdock.canonical.order import ItemId, ItemScheme, OrderLine, Party, PartyRole, PurchaseOrder, Purpose, Split
from crossdock.canonical.parts import Address, Adjustment, AdjustmentKind, Tax
from crossdock.partners.jsonorder import change, uneven
from crossdock.partners.model import Issue, error, hold, note, shown
from crossdock.partners.numbers import amount
from crossdock.partners.x12.envelope import Set, place
from crossdock.partners.x12.guide import Guide, as_date
from crossdock.partners.x12.tokens import Segment


@dataclass(slots=True)
class _Party:
    segment: Segment
    lines: list[str] = field(default_factory=list[str])
    more_name: str = ""
    city: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""


@dataclass(slots=True)
class _Line:
    segment: Segment
    description: str = ""
    price: Decimal | None = None
    dates: dict[str, date] = field(default_factory=dict[str, date])
    schedules: list[Segment] = field(default_factory=list[Segment])
    splits: list[Segment] = field(default_factory=list[Segment])
    adjustments: list[Segment] = field(default_factory=list[Segment])
    taxes: list[Segment] = field(default_factory=list[Segment])


@dataclass(slots=True)
class _Reading:
    """What has been seen so far of one set."""

    guide: Guide
    default_currency: str
    issues: list[Issue] = field(default_factory=list[Issue])
    beg: Segment | None = None
    currency: str = ""
    references: dict[str, str] = field(default_factory=dict[str, str])
    notes: list[str] = field(default_factory=list[str])
    dates: dict[str, date] = field(default_factory=dict[str, date])
    terms_days: int | None = None
    parties: list[_Party] = field(default_factory=list[_Party])
    lines: list[_Line] = field(default_factory=list[_Line])
    adjustments: list[Segment] = field(default_factory=list[Segment])
    taxes: list[Segment] = field(default_factory=list[Segment])
    stated_total: Decimal | None = None
    stated_lines: Segment | None = None
    unread: dict[str, Segment] = field(default_factory=dict[str, Segment])

    @property
    def means(self) -> dict[str, Any]:
        return self.guide.means


def read(guide: Guide, s: Set, default_currency: str) -> tuple[PurchaseOrder | None, list[Issue]]:
    """The order of one set, and what a person should know about it. None when it has no number or no line."""
    r = _Reading(guide, default_currency)
    for segment in s.segments:
        if r.lines and r.stated_lines is None:
            _detail(r, segment)
        else:
            _heading(r, segment)
    return _order(r), r.issues


def _heading(r: _Reading, s: Segment) -> None:
    """Segments before the first line and after the totals."""
    match s.id:
        case "BEG":
            r.beg = s
            if s.at(4):
                r.references["release"] = s.at(4)
            if s.at(6):
                r.references["contract"] = s.at(6)
        case "CUR":
            r.currency = s.at(2).upper()
        case "REF" | "N9":
            if s.at(1) and (s.at(2) or s.at(3)):
                r.references.setdefault(s.at(1), s.at(2) or s.at(3))
        case "MSG":
            r.notes.append(s.at(1))
        case "MTX":
            r.notes.append(s.at(2))
        case "DTM":
            _date(r.dates, s)
        case "ITD":
            days = s.at(7) or s.at(5)
            if r.terms_days is None and days.isascii() and days.isdigit():
                r.terms_days = int(days)
        case "N1":
            r.parties.append(_Party(s))
        case "N2" | "N3" | "N4" if r.parties:
            _address(r.parties[-1], s)
        case "PO1":
            r.lines.append(_Line(s))
        case "CTT":
            r.stated_lines = s
        case "AMT" if s.at(1) in r.means["total"]:
            r.stated_total = amount(s.at(2))
        case "SAC":
            r.adjustments.append(s)
        case "TXI":
            r.taxes.append(s)
        case _:
            pass


def _detail(r: _Reading, s: Segment) -> None:
    """Segments from the first line on, up to the totals."""
    line = r.lines[-1]
    match s.id:
        case "PO1":
            r.lines.append(_Line(s))
        case "PID":
            line.description = line.description or s.at(5)
        case "CTP" if s.at(2) in r.means["price"]:
            line.price = line.price if line.price is not None else amount(s.at(3))
        case "DTM":
            _date(line.dates, s)
        case "SCH":
            line.schedules.append(s)
        case "CUR" if not r.currency:
            r.currency = s.at(2).upper()
        case "CUR" if s.at(2).upper() != r.currency:
            r.issues.append(
                error(
                    "order.currency.mixed",
                    place(s, 2),
                    f"{r.currency}, the currency of the order so far",
                    shown(s.at(2)),
                    "Order in one currency, or send one order per currency.",
                )
            )
        case "CTT":
            r.stated_lines = s
        case "AMT" if s.at(1) == "TT":
            r.stated_total = amount(s.at(2))
        case "SDQ":
            line.splits.append(s)
        case "SAC":
            line.adjustments.append(s)
        case "TXI":
            line.taxes.append(s)
        case "SLN":
            r.unread.setdefault(s.id, s)
        case _:
            pass


# What a tenant's own map may read otherwise than this module does.
OF_LINES = frozenset({"order.line.quantity", "order.line.price", "order.line.item", "order.line.number", "order.total"})


def judge(order: PurchaseOrder, where: str) -> list[Issue]:
    """An order that a map has read: lines, quantities, prices and item numbers."""
    issues: list[Issue] = []
    seen: set[str] = set()
    for line in order.lines:
        here = f"Line {line.number}: {where}"
        if line.number in seen:
            text = "Number the lines differently."
            issues.append(error("order.line.number", here, "a line number used once", shown(line.number), text))
        seen.add(line.number)
        if line.quantity <= 0:
            text = "Correct the quantity, or leave the line out."
            issues.append(error("order.line.quantity", here, "a quantity above 0", shown(line.quantity), text))
        if line.unit_price is not None and line.unit_price < 0:
            text = "Correct the price, or leave it to us."
            issues.append(error("order.line.price", here, "a price of 0 or more", shown(line.unit_price), text))
        if not line.items:
            text = "Add an item number that the map reads, or let the map read it."
            issues.append(error("order.line.item", here, "an item number", "none", text))
        if splitting.uneven(line):
            issues.append(uneven(line, here, "SDQ"))
    if not order.lines:
        issues.append(error("order.lines", where, "at least one line", "none", "Send it, or correct the map."))
    return issues


def _date(dates: dict[str, date], s: Segment) -> None:
    if (day := as_date(s.at(2))) is not None:
        dates.setdefault(s.at(1), day)


def _address(party: _Party, s: Segment) -> None:
    match s.id:
        case "N2":
            party.more_name = " ".join(e for e in (s.at(1), s.at(2)) if e)
        case "N3":
            party.lines += [e for e in (s.at(1), s.at(2)) if e]
        case _:
            party.city, party.region, party.postal_code, party.country = s.at(1), s.at(2), s.at(3), s.at(4)


def _order(r: _Reading) -> PurchaseOrder | None:
    if r.beg is None or not r.beg.at(3) or not r.lines:
        return None
    purpose = r.means["purpose"].get(r.beg.at(1))
    if purpose is None:
        r.issues.append(
            hold(
                "order.purpose",
                place(r.beg, 1),
                f"a purpose we process: {', '.join(sorted(r.means['purpose']))}",
                shown(r.beg.at(1)),
                "Decide with the buyer what it asks for, then release or reject it.",
            )
        )
    elif purpose == "change":
        r.issues.append(change(place(r.beg, 1)))
    lines = _lines(r)
    _left_out(r)
    _control_totals(r)
    currency = r.currency or r.default_currency
    if not r.currency:
        r.issues.append(
            note(
                "order.currency.assumed", place(r.beg), "CUR", "none", f"Read as {currency}, as agreed with the sender."
            )
        )
    order = PurchaseOrder(
        number=r.beg.at(3),
        purpose=Purpose(purpose or "original"),
        ordered_on=as_date(r.beg.at(5)),
        currency=currency,
        parties=tuple(p for p in (_party(r, p) for p in r.parties) if p is not None),
        lines=tuple(lines),
        requested_on=_dated(r, r.dates, "requested_on"),
        cancel_after=_dated(r, r.dates, "cancel_after"),
        ship_not_before=_dated(r, r.dates, "ship_not_before"),
        payment_terms_days=r.terms_days,
        references=r.references,
        adjustments=_adjustments(r.adjustments),
        taxes=_taxes(r, r.taxes),
        notes="\n".join(n for n in r.notes if n),
        stated_total=r.stated_total,
    )
    if order.stated_total is not None and order.total is not None and order.stated_total != order.total:
        r.issues.append(
            note(
                "order.total",
                "AMT02",
                f"{order.total}, the sum of quantity × price",
                str(order.stated_total),
                "Both are kept; validation compares them.",
            )
        )
    return order


def _lines(r: _Reading) -> list[OrderLine]:
    numbers = [line.segment.at(1) for line in r.lines]
    given = [n for n in numbers if n]
    if len(set(given)) != len(given):
        repeated = next(n for n in given if given.count(n) > 1)
        at = r.lines[len(numbers) - 1 - numbers[::-1].index(repeated)].segment
        r.issues.append(
            note(
                "order.line.number",
                place(at, 1),
                "a line number used once",
                shown(repeated),
                "All lines are numbered 1, 2, … here instead.",
            )
        )
        numbers = [""] * len(numbers)
    taken = set(numbers)
    lines: list[OrderLine] = []
    for place_in_order, (line, number) in enumerate(zip(r.lines, numbers, strict=True), 1):
        if not number:
            number = str(place_in_order)
            while number in taken:
                number += "a"
            taken.add(number)
        if (read_line := _line(r, line, number)) is not None:
            lines.append(read_line)
    return lines


def _line(r: _Reading, line: _Line, number: str) -> OrderLine | None:
    s = line.segment
    quantity = amount(s.at(2))
    if quantity is None or quantity <= 0:
        r.issues.append(
            error(
                "order.line.quantity",
                f"Line {number}: quantity, {place(s, 2)}",
                "a quantity above 0",
                shown(s.at(2)),
                "Correct the quantity, or leave the line out.",
            )
        )
        quantity = Decimal(0)
    price = amount(s.at(4)) if s.at(4) else line.price
    if (s.at(4) and price is None) or (price is not None and price < 0):
        r.issues.append(
            error(
                "order.line.price",
                f"Line {number}: unit price, {place(s, 4)}",
                "a price of 0 or more, or none",
                shown(s.at(4)),
                "Correct the price, or leave it to us.",
            )
        )
    items: list[ItemId] = []
    for at in range(6, 26, 2):
        scheme = r.means["item"].get(s.at(at))
        if scheme is not None and s.at(at + 1):
            items.append(ItemId(scheme=ItemScheme(scheme), value=s.at(at + 1)))
    if not items:
        known = ", ".join(sorted(r.means["item"]))
        r.issues.append(
            error(
                "order.line.item",
                f"Line {number}: item number, {place(s, 6)}",
                f"an item number with one of the qualifiers {known}",
                shown("*".join(s.elements[5:9])),
                "Add your item number (BP), ours (VP) or a GTIN (UP, EN).",
            )
        )
    _asked_for(r, s, number)
    requested = _dated(r, line.dates, "requested_on")
    if len(line.schedules) == 1:
        requested = as_date(line.schedules[0].at(6)) or requested
    elif line.schedules:
        r.issues.append(
            hold(
                "order.line.schedules",
                f"Line {number}: {place(line.schedules[1])}",
                "one delivery date per line",
                f"{len(line.schedules)} schedules",
                "Split the line by date with the buyer, or enter the order by hand.",
            )
        )
    found = OrderLine(
        number=number,
        items=tuple(items),
        description=line.description,
        quantity=quantity,
        unit=s.at(3).upper(),
        unit_price=price,
        requested_on=requested,
        splits=_splits(r, line),
        adjustments=_adjustments(line.adjustments),
        taxes=_taxes(r, line.taxes),
    )
    if splitting.uneven(found):
        r.issues.append(uneven(found, f"Line {number}: {place(line.splits[0])}", "SDQ"))
    return found


_NUMBERS = {"buyer": "the buyer's item number", "supplier": "our item number", "gtin": "the GTIN"}


def _asked_for(r: _Reading, s: Segment, number: str) -> None:
    """Qualifiers that a partner's own guide wants on every line (`means: {every_line: [BP]}`)."""
    given = {s.at(at): s.at(at + 1) for at in range(6, 26, 2) if s.at(at)}
    at = next((at for at in range(6, 26, 2) if not s.at(at)), 24)
    for qualifier in r.means.get("every_line", ()):
        if given.get(qualifier):
            continue
        other = next((f"{q} {value}" for q, value in given.items() if value), "")
        what = _NUMBERS.get(r.means["item"].get(qualifier, ""), "the item number")
        instead = f", or map the sender's {other} to an item here" if other else ""
        r.issues.append(
            hold(
                "x12.po1.item.missing",
                f"Line {number}: {what}, {place(s, at + 1)}",
                f"qualifier {qualifier} with {what} on every line",
                shown(other) if other else "none",
                f"Ask the sender to send it{instead}.",
            )
        )


def _splits(r: _Reading, line: _Line) -> tuple[Split, ...]:
    """SDQ: a unit, whose numbers they are, then up to ten places with a quantity each."""
    return tuple(
        Split(
            ship_to=s.at(at),
            scheme=r.means["party_scheme"].get(s.at(2), s.at(2)),
            quantity=amount(s.at(at + 1)) or Decimal(0),
            unit=s.at(1).upper(),
            location=s.at(23),
        )
        for s in line.splits
        for at in range(3, 23, 2)
        if s.at(at)
    )


def _adjustments(segments: list[Segment]) -> tuple[Adjustment, ...]:
    kinds = {"A": AdjustmentKind.ALLOWANCE, "C": AdjustmentKind.CHARGE}
    return tuple(
        Adjustment(
            kind=kinds[s.at(1)],
            code=s.at(2),
            amount=None if (cents := amount(s.at(5))) is None else cents.scaleb(-2),
            percent=amount(s.at(7)),
            percent_of=s.at(6),
            text=s.at(15),
        )
        for s in segments
        if s.at(1) in kinds  # others neither add nor take off
    )


def _taxes(r: _Reading, segments: list[Segment]) -> tuple[Tax, ...]:
    kinds: dict[str, str] = r.means.get("tax", {})
    return tuple(
        Tax(kind=kinds.get(s.at(1), s.at(1)), amount=amount(s.at(2)), percent=amount(s.at(3)), category=s.at(6))
        for s in segments
    )


def _party(r: _Reading, p: _Party) -> Party | None:
    role = r.means["party"].get(p.segment.at(1))
    if role is None:
        return None
    return Party(
        role=PartyRole(role),
        id=p.segment.at(4),
        scheme=r.means["party_scheme"].get(p.segment.at(3), p.segment.at(3)),
        address=Address(
            name=" ".join(n for n in (p.segment.at(2), p.more_name) if n),
            lines=tuple(p.lines),
            city=p.city,
            region=p.region,
            postal_code=p.postal_code,
            # N404 is often left out inside the United States
            country=_country(p.country) or ("US" if p.region and p.postal_code[:5].isdigit() else ""),
        ),
    )


def _country(code: str) -> str:
    return {"USA": "US", "CAN": "CA", "MEX": "MX"}.get(code.upper(), code.upper())


def _dated(r: _Reading, dates: dict[str, date], use: str) -> date | None:
    return next((dates[q] for q in r.means["date"][use] if q in dates), None)


def _left_out(r: _Reading) -> None:
    """What is read and not acted on: what adjusts an order's prices is settled by invoice."""
    adjusted = next((s for s in (*r.adjustments, *(a for line in r.lines for a in line.adjustments))), None)
    if adjusted is not None:
        text = "They are kept with the order and not priced; the invoice settles them."
        r.issues.append(note("order.sac.ignored", place(adjusted), "no SAC", "allowances or charges", text))
    if (sln := r.unread.get("SLN")) is not None:
        text = "They are not priced here."
        r.issues.append(note("order.sln.ignored", place(sln), "no SLN", "sub-lines", text))


def _control_totals(r: _Reading) -> None:
    ctt = r.stated_lines
    if ctt is None:
        return
    stated = amount(ctt.at(1))
    if stated is not None and stated != len(r.lines):
        r.issues.append(
            hold(
                "x12.ctt01.count",
                place(ctt, 1),
                f"{len(r.lines)}, the number of lines (PO1)",
                shown(ctt.at(1)),
                "Ask the buyer whether a line is missing, then release it.",
            )
        )
    hash_total = amount(ctt.at(2)) if ctt.at(2) else None
    quantities = [amount(line.segment.at(2)) for line in r.lines]
    total = sum((q for q in quantities if q is not None), Decimal(0))
    if hash_total is not None and hash_total != total:
        r.issues.append(
            note(
                "x12.ctt02.hash",
                place(ctt, 2),
                f"{total}, the sum of the quantities",
                shown(ctt.at(2)),
                "Many senders cut this sum; the quantities count.",
            )
        )
