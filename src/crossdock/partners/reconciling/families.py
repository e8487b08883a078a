"""Orders that one order for several places came to, added up again: what its buyer sees under its one number. Pure.

Each part is compared alone, because each is answered, despatched and billed alone; the whole is their sum. A line that
goes to several places is one line of the whole.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from crossdock.partners.reconciling.model import Comparison, Difference, LineChain, State, Totals


def together(parts: Sequence[tuple[str, Comparison]]) -> Comparison:
    """parts: each with the number of its order, at least one."""
    found = [c for _, c in parts]
    lines: dict[str, LineChain] = {}
    for c in found:
        for line in c.lines:
            lines[line.line] = _both(lines[line.line], line) if line.line in lines else line
    days = [c.again_on for c in found if c.again_on is not None]
    return Comparison(
        state=_state([c.state for c in found]),
        lines=tuple(lines.values()),
        totals=_totals([c.totals for c in found]),
        differences=tuple(_named(order, d) for order, c in parts for d in c.differences),
        again_on=min(days, default=None),
        changes=tuple(ch for c in found for ch in c.changes),
    )


def _state(states: Sequence[State]) -> State:
    if State.DIFFERS in states:
        return State.DIFFERS
    return State.CLEAR if all(s is State.CLEAR for s in states) else State.OPEN


def _named(order: str, d: Difference) -> Difference:
    return replace(d, text=f"{order}: {d.text}")


def _both(one: LineChain, other: LineChain) -> LineChain:
    return replace(
        one,
        ordered=one.ordered + other.ordered,
        requested_on=_first(one.requested_on, other.requested_on),
        promised=_sum(one.promised, other.promised),
        backordered=_sum(one.backordered, other.backordered),
        refused=_sum(one.refused, other.refused),
        promised_price=one.promised_price if one.promised_price is not None else other.promised_price,
        promised_on=_last(one.promised_on, other.promised_on),
        shipped=one.shipped + other.shipped,
        shipped_on=_last(one.shipped_on, other.shipped_on),
        received=_sum(one.received, other.received),
        invoiced=one.invoiced + other.invoiced,
        invoiced_amount=one.invoiced_amount + other.invoiced_amount,
        credited_amount=one.credited_amount + other.credited_amount,
        differences=tuple(dict.fromkeys((*one.differences, *other.differences))),
    )


def _totals(totals: Sequence[Totals]) -> Totals:
    return Totals(
        ordered=_all(t.ordered for t in totals),
        shipped=_all(t.shipped for t in totals),
        invoiced=sum((t.invoiced for t in totals), Decimal(0)),
        credited=sum((t.credited for t in totals), Decimal(0)),
        billed=sum((t.billed for t in totals), Decimal(0)),
        paid=sum((t.paid for t in totals), Decimal(0)),
    )


def _all(values: Iterable[Decimal | None]) -> Decimal | None:
    """Not known of one is not known of the whole."""
    found = list(values)
    return None if any(v is None for v in found) else sum((v for v in found if v is not None), Decimal(0))


def _sum(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    """Of what was said: a part that nobody has answered yet says nothing."""
    return other if one is None else one if other is None else one + other


def _first(one: date | None, other: date | None) -> date | None:
    return min((d for d in (one, other) if d is not None), default=None)


def _last(one: date | None, other: date | None) -> date | None:
    return max((d for d in (one, other) if d is not None), default=None)
