"""A buyer's change weighed against its order: line by line taken or refused, each refusal with its reason.

What may still be changed is the process's to say (`closed`: goods have been handed over). Changes say what a line shall
be, never by how much it differs, so a change that arrives after a later one is harmless where they speak of different
lines, and refused where the later one has spoken: the outcome is the same in whatever order they come.

Some changes say the whole order anew (`whole`: a cXML update, an X12 860 that replaces): a line that the order has not
is a new one, one that says what the order says changes nothing, and one that is not there any more is cancelled.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

NONE = Decimal(0)
ADD, CANCEL, KEEP = "add", "cancel", "none"
SHALL_BE = frozenset({"change", "replace"})  # actions that say how a line is from now on
REASONS = {
    "handed-over": "Goods of the order have been handed over to the carrier",
    "unknown-line": "The order has no such line",
    "line-exists": "The order has a line of this number already",
    "incomplete": "A new line needs an item, a quantity above zero and a unit",
    "negative": "A quantity cannot be below zero",
    "superseded": "A later change has spoken of this line",
    "nothing": "The line does not say what changes",
}


def weigh(
    order: Mapping[str, Any], change: Mapping[str, Any], sequences: Mapping[str, Any], closed: str
) -> dict[str, Any]:
    """order: {lines, ship_to, requested_on, …} as received. change: {sequence, whole, lines, ship_to,
    requested_on}.

    sequences: line → sequence of the last change taken. closed: why nothing can be changed any more, or "".
    Returns {accepted, cancels, order, verdicts, changed, sequences}: accepted, when anything is; cancels, when no line
    is left; order, as it is from now on; changed, the lines that the buyer now wants otherwise.
    """
    lines = {str(n["line"]): dict(n) for n in order["lines"]}
    verdicts: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    seen = dict(sequences)
    sequence = change.get("sequence") or ""
    for wanted in spelled_out(lines, change) if change.get("whole") else change.get("lines") or ():
        number = str(wanted["line"])
        reason = closed or _refusal(lines, wanted, number, sequence, str(seen.get(number, "")))
        verdicts.append(
            {**wanted, "line": number, "accepted": not reason, "code": reason, "reason": REASONS.get(reason)}
        )
        if reason:
            continue
        lines[number] = _changed(lines.get(number), wanted, number)
        changed.append(
            {k: lines[number].get(k) for k in ("line", "quantity", "unit", "unit_price", "items", "requested_on")}
        )
        if sequence:
            seen[number] = sequence
    head = {k: change[k] for k in ("ship_to", "requested_on") if change.get(k)}
    new_head = {} if closed or _older(sequence, str(seen.get("", ""))) else head
    if new_head and sequence:
        seen[""] = sequence
    left = [n for n in lines.values() if Decimal(n["quantity"]) > 0]
    return {
        "accepted": bool(changed) or bool(new_head),
        "cancels": not left,
        "order": {**order, **new_head, "lines": left, "stated_total": None},
        "verdicts": verdicts,
        "changed": changed,
        "sequences": seen,
    }


def spelled_out(lines: Mapping[str, Any], change: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The lines of a change that says the whole order anew, each with what it does to the order's line."""
    found: list[Mapping[str, Any]] = []
    named: set[str] = set()
    for wanted in change.get("lines") or ():
        number = str(wanted["line"])
        named.add(number)
        action = wanted["action"]
        if action in SHALL_BE and number not in lines:
            action = ADD
        elif action in SHALL_BE and _same(lines[number], wanted):
            action = KEEP
        found.append({**wanted, "action": action})
    gone = [n for n in lines.values() if str(n["line"]) not in named]
    return found + [
        {"line": str(n["line"]), "action": CANCEL, "quantity": NONE, "unit": n.get("unit", "")} for n in gone
    ]


def _same(line: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether a line says nothing that the order does not say; what it leaves out, it leaves as it is."""
    for name in ("quantity", "unit_price"):
        if wanted.get(name) is not None and (line.get(name) is None or Decimal(line[name]) != Decimal(wanted[name])):
            return False
    if any(wanted.get(name) and wanted[name] != line.get(name) for name in ("unit", "requested_on")):
        return False
    return all(item in line["items"] for item in wanted.get("items") or ())


def merge(before: Sequence[Mapping[str, Any]], now: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """What the buyer wants otherwise, over several changes: the last word on each line."""
    return list({str(n["line"]): n for n in (*before, *now)}.values())


def _refusal(lines: Mapping[str, Any], wanted: Mapping[str, Any], number: str, sequence: str, last: str) -> str:
    quantity = wanted.get("quantity")
    if _older(sequence, last):
        return "superseded"
    if quantity is not None and Decimal(quantity) < 0:
        return "negative"
    if wanted["action"] == ADD:
        if number in lines:
            return "line-exists"
        complete = wanted.get("items") and quantity is not None and Decimal(quantity) > 0 and wanted.get("unit")
        return "" if complete else "incomplete"
    if number not in lines:
        return "unknown-line"
    says = quantity is not None or wanted.get("unit_price") is not None or wanted.get("requested_on")
    return "" if says or wanted["action"] in (CANCEL, KEEP) else "nothing"


def _changed(line: Mapping[str, Any] | None, wanted: Mapping[str, Any], number: str) -> dict[str, Any]:
    if wanted["action"] == KEEP and line is not None:
        return dict(line)
    base: dict[str, Any] = dict(line) if line is not None else {
        "line": number, "items": [], "description": "", "quantity": NONE, "unit": "", "unit_price": None,
        "requested_on": None,
    }  # fmt: skip
    if wanted["action"] == CANCEL:
        return {**base, "quantity": NONE}
    said = {k: wanted[k] for k in ("quantity", "unit_price", "requested_on") if wanted.get(k) is not None}
    said |= {k: wanted[k] for k in ("items", "unit", "description") if wanted.get(k)}
    return {**base, **said}


def _older(sequence: str, last: str) -> bool:
    """Numbers are compared; sequences that are none tell no order."""
    return sequence.isdigit() and last.isdigit() and int(sequence) < int(last)
