"""The lines of an order that was refused, corrected by one entry or one substitute, and what would refuse it still.

Pure. Only an order's check is corrected so: the violations name their lines, so what remains of them is told exactly;
whether the catalogue knows the item now is asked when the order is checked again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from crossdock.cases.casework import Case
from crossdock.cases.fixes.fix import CrossReference
from crossdock.partners.crossref.translate import Kind

ITEM, UNIT = frozenset({"unknown-item", "no-price"}), frozenset({"unknown-unit", "quantity-part"})
SUPPLIER = "supplier"  # the scheme of our own item numbers


@dataclass(frozen=True, slots=True)
class Corrected:
    """lines: all of them. left: what would refuse the order again."""

    lines: list[dict[str, Any]]
    left: tuple[str, ...]
    text: str


def translated(case: Case, entry: CrossReference) -> Corrected | str:
    """The order as it would have been read with the entry; a text says why the entry is none for it."""
    if entry.entry == Kind.SHIP_TO:
        return "Where it goes is written in the order: edit it there. The entry counts for what comes from now on."
    clears = ITEM if entry.entry == Kind.SKU else UNIT

    def line(given: dict[str, Any]) -> dict[str, Any] | None:
        if entry.entry == Kind.UNIT:
            return {**given, "unit": entry.ours} if given.get("unit") == entry.theirs else None
        items = _items(given)
        if not any(i.get("scheme") == entry.qualifier and i.get("value") == entry.theirs for i in items):
            return None
        others = [i for i in items if i.get("scheme") != SUPPLIER]
        return {**given, "items": [{"scheme": SUPPLIER, "value": entry.ours}, *others]}

    return _corrected(case, line, clears, f"{entry.ours} for {entry.theirs}")


def substituted(case: Case, item: str, by: str) -> Corrected | str:
    """The order with another item of ours in place of one."""

    def line(given: dict[str, Any]) -> dict[str, Any] | None:
        if not any(i.get("value") == item for i in _items(given)):
            return None
        return {**given, "items": [{"scheme": SUPPLIER, "value": by}]}

    return _corrected(case, line, ITEM, f"{by} instead of {item}")


def _corrected(case: Case, change: Any, clears: frozenset[str], what: str) -> Corrected | str:
    lines, violations = _dicts(_member(case.data, "lines")), _dicts(_member(case.evidence, "violations"))
    if not lines or not violations:
        return "It is no order that was refused when it was checked."
    after: list[dict[str, Any]] = []
    changed: set[str] = set()
    for given in lines:
        found = change(given)
        after.append(found or given)
        if found is not None:
            changed.add(str(given.get("line")))
    if not changed:
        return "None of its lines says so."
    left = [
        str(v.get("text") or v.get("code"))
        for v in violations
        if v.get("code") not in clears or not {str(n) for n in _list(v.get("lines"))} <= changed
    ]
    where = ", ".join(sorted(changed))
    return Corrected(after, tuple(left), f"checked again with {what} on line {where}; the catalogue is asked then")


def _items(line: Mapping[str, Any]) -> list[dict[str, Any]]:
    return _dicts(line.get("items"))


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [cast("dict[str, Any]", v) for v in _list(value) if isinstance(v, dict)]


def _list(value: Any) -> Sequence[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []


def _member(value: Any, name: str) -> Any:
    return cast("dict[str, Any]", value).get(name) if isinstance(value, dict) else None
