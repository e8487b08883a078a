"""Which cross-reference a correction suggests. Pure.

Two kinds of correction teach: of a value in a document, and of an order in an exception, where a coordinator says what
the partner meant. Of the second, `theirs` is what the partner wrote in its document, whatever the order says by then:
an entry that was applied before is corrected and not built upon.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from crossdock.canonical.order import ItemId, ItemScheme, OrderLine, PartyRole, PurchaseOrder
from crossdock.partners.crossref.translate import ASSIGNED, SHIP_TO, Entry, Kind
from crossdock.partners.lineage import member


@dataclass(frozen=True, slots=True)
class Suggestion:
    """field: the pointer that was corrected, from was to became."""

    entry: Entry
    field: str
    was: str
    became: str


def of_value(before: Any, pointer: str, was: str, became: str) -> Suggestion | None:
    """From one corrected value of a document; None where it suggests nothing.

    before: the canonical document as plain JSON, before the correction.
    """
    steps, of = pointer.split("/"), pointer.rpartition("/")[0]
    scheme = str(member(before, f"{of}/scheme") or "")
    kind: Kind | None = None
    if steps[-1] == "unit":
        kind, scheme = Kind.UNIT, ""
    elif steps[-1] == "value" and len(steps) > 3 and steps[-3] == "items" and scheme in set(ItemScheme):
        kind = Kind.SKU
    elif steps[-1] == "id" and "parties" in steps and member(before, f"{of}/role") == SHIP_TO:
        kind = Kind.SHIP_TO
    if kind is None or not was or not became or was == became:
        return None
    if kind is Kind.SHIP_TO and scheme == ASSIGNED:
        return None  # a number of ours that was mistyped
    return Suggestion(Entry(kind, scheme, was, became), pointer, was, became)


def of_order(written: PurchaseOrder, before: Any, after: Any) -> list[Suggestion]:
    """From an order that was corrected in an exception.

    written: the order as its partner wrote it. before, after: what the exception showed and what it was made, with
    `lines` as the event crossdock.order.received has them, and `ship_to_id` where it shows the number of the place.
    """
    found: dict[tuple[Kind, str, str], Suggestion] = {}
    for suggestion in _suggested(written, before, after):
        entry = suggestion.entry
        if entry.theirs and entry.ours and entry.theirs != entry.ours:
            found.setdefault((entry.kind, entry.qualifier, entry.theirs), suggestion)
    return list(found.values())


def _suggested(written: PurchaseOrder, before: Any, after: Any) -> Iterator[Suggestion]:
    lines = {line.number: line for line in written.lines}
    shown = {_text(line, "line"): line for line in _lines(before)}
    for at, line in enumerate(_lines(after)):
        number = _text(line, "line")
        theirs, was = lines.get(number), shown.get(number)
        if theirs is None or was is None:
            continue
        if (unit := _text(line, "unit")) != (old := _text(was, "unit")):
            yield Suggestion(Entry(Kind.UNIT, "", theirs.unit, unit), f"/lines/{at}/unit", old, unit)
        yield from _items(theirs, _numbers(was), _numbers(line), f"/lines/{at}/items")
    place = written.party(PartyRole.SHIP_TO)
    old, new = _text(before, "ship_to_id"), _text(after, "ship_to_id")
    if place is not None and place.id and place.scheme != ASSIGNED and old != new:
        yield Suggestion(Entry(Kind.SHIP_TO, place.scheme, place.id, new), "/ship_to_id", old, new)


def _items(
    written: OrderLine, before: dict[ItemScheme, str], after: dict[ItemScheme, str], pointer: str
) -> Iterator[Suggestion]:
    """A number of ours that was put there belongs to the number that the partner gave; to ours, if it gave one."""
    ours = after.get(ItemScheme.SUPPLIER)
    if ours is not None and ours != before.get(ItemScheme.SUPPLIER):
        given = sorted(written.items, key=lambda item: item.scheme is not ItemScheme.SUPPLIER)
        item = next(iter(given), None)
        if item is not None:
            was = before.get(ItemScheme.SUPPLIER) or item.value
            yield Suggestion(Entry(Kind.SKU, item.scheme.value, item.value, ours), pointer, was, ours)
        return
    for item in written.items:
        became, was = after.get(item.scheme), before.get(item.scheme)
        if item.scheme is not ItemScheme.SUPPLIER and became is not None and became != was:
            yield Suggestion(Entry(Kind.SKU, item.scheme.value, item.value, became), pointer, was or item.value, became)


def _lines(order: Any) -> list[dict[str, Any]]:
    found = cast("dict[str, Any]", order).get("lines") if isinstance(order, dict) else None
    listed = cast("list[Any]", found) if isinstance(found, list) else []
    return [cast("dict[str, Any]", line) for line in listed if isinstance(line, dict)]


def _numbers(line: dict[str, Any]) -> dict[ItemScheme, str]:
    """The first number under each scheme."""
    found: dict[ItemScheme, str] = {}
    for item in cast("list[Any]", line.get("items") or []) if isinstance(line.get("items"), list) else []:
        if isinstance(item, dict):
            known = cast("dict[str, Any]", item)
            scheme, value = known.get("scheme"), known.get("value")
            if scheme in set(ItemScheme) and isinstance(value, str):
                said = ItemId(scheme=ItemScheme(scheme), value=value.strip())
                found.setdefault(said.scheme, said.value)
    return found


def _text(of: Any, name: str) -> str:
    value = cast("dict[str, Any]", of).get(name) if isinstance(of, dict) else None
    return "" if value is None else str(value).strip()
