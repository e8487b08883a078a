"""An order for several places as one order for each of them, and a change of it likewise.

A line says how much of it goes where (X12 SDQ, EDIFACT LOC with QTY, UBL Delivery), and may say when for each; what a
line does not split goes to the order's own ship-to. The parts add up to the order exactly: quantities by line, and the
total that the document states. Their numbers follow the order in which the places are first named, so that the same
document gives the same parts again. Nothing here knows a document format.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from crossdock.canonical import parts, units
from crossdock.canonical.change import REQUESTED, ChangeAction, ChangeLine, OrderChange
from crossdock.canonical.order import OrderLine, Party, PartyRole, PurchaseOrder, Split
from crossdock.canonical.parts import Dated

NONE = Decimal(0)


def is_split(order: PurchaseOrder) -> bool:
    return any(line.splits for line in order.lines)


def quantity(split: Split, unit: str) -> Decimal | None:
    """In the unit of its line; None where nobody can say how many that is."""
    return units.convert(split.quantity, split.unit, unit) if split.unit else split.quantity


def uneven(line: OrderLine) -> str:
    """What the places of a line come to, where that is not what was ordered; "" when it is."""
    if not line.splits:
        return ""
    counted = [quantity(s, line.unit) for s in line.splits]
    if any(c is None for c in counted):
        return f"units that nobody can turn into {line.unit}"
    total = sum((c for c in counted if c is not None), NONE)
    return "" if total == line.quantity else f"{total} {line.unit}"


def several_days(line: OrderLine) -> tuple[date, ...]:
    """The days of a place that wants its part of the line on more than one; () where each wants it on one."""
    for one in line.splits:
        here = {s.requested_on or line.requested_on for s in line.splits if _same_split(s, one)}
        if len(here) > 1:
            return tuple(sorted(d for d in here if d is not None))
    return ()


def _same_split(one: Split, other: Split) -> bool:
    return (one.ship_to, one.scheme) == (other.ship_to, other.scheme)


def _day(here: Sequence[Split]) -> date | None:
    """When one place wants its part; None: when the line says."""
    return next((s.requested_on for s in here if s.requested_on is not None), None)


def same_place(one: Party | None, scheme: str, id: str) -> bool:
    """By its number; whose number it is counts where both say so."""
    if one is None:
        return not id
    return one.id == id and (not one.scheme or not scheme or one.scheme == scheme)


def places(order: PurchaseOrder, known: Iterable[Party] = ()) -> tuple[Party | None, ...]:
    """Where its goods go, in the order in which lines name it; None is the place of an order that names none.

    known: addresses that the partner has told us before. A place in neither comes without a city.
    """
    own = order.party(PartyRole.SHIP_TO)
    addresses = [*(p for p in order.parties if p.role is PartyRole.SHIP_TO and p.address.city), *known]
    found: list[Party | None] = []
    for line in order.lines:
        if not line.splits and not any(_is(p, own) for p in found):
            found.append(own)
        for split in line.splits:
            if any(same_place(p, split.scheme, split.ship_to) for p in found if p is not None):
                continue
            place = next((a for a in addresses if same_place(a, split.scheme, split.ship_to)), None)
            here = Party(role=PartyRole.SHIP_TO, id=split.ship_to, scheme=split.scheme)
            found.append(here if place is None else replace(here, address=place.address))
    return tuple(found)


def _is(one: Party | None, other: Party | None) -> bool:
    if one is None or other is None:
        return one is other
    return one == other or (bool(other.id) and same_place(one, other.scheme, other.id))


def divide(order: PurchaseOrder, known: Iterable[Party] = ()) -> tuple[PurchaseOrder, ...]:
    """One order for each place; the order itself where no line is split. Every line is even (`uneven`)."""
    if not is_split(order):
        return (order,)
    own = order.party(PartyRole.SHIP_TO)
    found = [_part(order, place, _is(place, own)) for place in places(order, known)]
    total = order.total
    if order.stated_total is None or total is None:
        return tuple(replace(p, stated_total=None) for p in found)
    # what the document claims beyond its lines is in one part, where its validation sees it
    odd = order.stated_total - total
    return tuple(replace(p, stated_total=(p.total or NONE) + (NONE if n else odd)) for n, p in enumerate(found))


def _part(order: PurchaseOrder, place: Party | None, own: bool) -> PurchaseOrder:
    lines: list[OrderLine] = []
    for line in order.lines:
        if not line.splits:
            lines += [line] if own else []
            continue
        here = tuple(s for s in line.splits if place is not None and same_place(place, s.scheme, s.ship_to))
        counted = sum((quantity(s, line.unit) or NONE for s in here), NONE)
        if counted > 0:
            # amounts of the whole line stay with the order: the parts would state them once each
            fitting = tuple(a for a in line.adjustments if a.amount is None)
            rates = tuple(t for t in line.taxes if t.amount is None)
            on = _day(here) or line.requested_on
            lines.append(
                replace(line, quantity=counted, requested_on=on, splits=here, adjustments=fitting, taxes=rates)
            )
    others = tuple(p for p in order.parties if p.role is not PartyRole.SHIP_TO)
    return replace(
        order,
        parties=others if place is None else (*others, place),
        lines=tuple(lines),
        adjustments=tuple(a for a in order.adjustments if a.amount is None),
        taxes=tuple(t for t in order.taxes if t.amount is None),
    )


# ── changes ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def undivided(change: OrderChange, family: Sequence[PurchaseOrder]) -> tuple[str, str]:
    """The line of a change that cannot be divided over the parts of an order, and why; empty when all can.

    A new quantity of a line that goes to several places says how much of it goes where, and so does a new line.
    """
    for line in change.lines:
        having = [p for p in family if any(n.number == line.number for n in p.lines)]
        if line.splits:
            for s in line.splits:
                if not any(same_place(p.party(PartyRole.SHIP_TO), s.scheme, s.ship_to) for p in family):
                    return line.number, f"{s.ship_to}, a place that the order does not go to"
            if line.quantity is not None and (odd := uneven(_as_line(line))):
                return line.number, odd
            if several_days(_as_line(line)):
                return line.number, "several days for one place"
        elif not having and line.action is not ChangeAction.NONE:
            return line.number, "a line that does not say where it goes"
        elif len(having) > 1 and line.new_quantity:
            ordered = sum((n.quantity for p in having for n in p.lines if n.number == line.number), NONE)
            if line.new_quantity != ordered:
                return line.number, "a new quantity that does not say what goes where"
    return "", ""


def _as_line(line: ChangeLine) -> OrderLine:
    return OrderLine(
        number=line.number, items=line.items, quantity=line.quantity or NONE, unit=line.unit, splits=line.splits
    )


def share(change: OrderChange, part: PurchaseOrder, family: Sequence[PurchaseOrder]) -> OrderChange | None:
    """What a change says of one part of its order; None: nothing. family: all parts, this one among them."""
    if change.cancels:
        return change
    place = part.party(PartyRole.SHIP_TO)
    mine = {line.number: line for line in part.lines}
    several = [n.number for p in family for n in p.lines]
    lines = tuple(
        found
        for line in change.lines
        if (found := _share(line, mine.get(line.number), place, several.count(line.number) > 1)) is not None
    )
    if change.whole:  # of a part too, what is not named is taken off; said line by line, so that none is left unsaid
        named = {n.number for n in lines}
        lines += tuple(
            ChangeLine(number=n.number, action=ChangeAction.CANCEL, unit=n.unit, items=n.items)
            for n in part.lines
            if n.number not in named
        )
        change = replace(change, purpose="change")
    if not lines and (change.lines or change.new_day is None):
        return None
    # where the whole order goes to says nothing of a part, unless it is that part's own place
    moved = parts.party(change.parties, PartyRole.SHIP_TO)
    if moved is not None and (place is None or not moved.id or place.id != moved.id):
        change = replace(change, parties=tuple(p for p in change.parties if p.role != PartyRole.SHIP_TO))
    return replace(change, lines=lines)


def _share(line: ChangeLine, mine: OrderLine | None, place: Party | None, several: bool) -> ChangeLine | None:
    if not line.splits:
        if mine is None:
            return None
        # of a line in several places, the quantity is that of all of them, repeated: this part's is as it was
        return replace(line, quantity=mine.quantity, unit=mine.unit) if several and line.new_quantity else line
    here = tuple(s for s in line.splits if place is not None and same_place(place, s.scheme, s.ship_to))
    counted = sum((quantity(s, line.unit or s.unit) or NONE for s in here), NONE)
    if counted <= 0:
        return None if mine is None else replace(line, action=ChangeAction.CANCEL, code="", quantity=None, splits=())
    action = line.action
    if mine is None and action is not ChangeAction.NONE:
        action = ChangeAction.ADD
    dates = line.dates
    if (on := _day(here)) is not None:
        dates = (Dated(kind=REQUESTED[0], on=on), *(d for d in dates if d.kind not in REQUESTED))
    return replace(line, action=action, quantity=counted, splits=here, dates=dates)
