"""A walked set as a canonical document, by its map: plain values first, then the typed object."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any, cast

import msgspec

from crossdock.canonical import despatch, order, receipt
from crossdock.partners import lineage
from crossdock.partners.edi.elements import as_date
from crossdock.partners.edi.walk import Node, Segment
from crossdock.partners.lineage import InSegment, Origin
from crossdock.partners.maps.canonical import Canonical
from crossdock.partners.maps.edi import shapes
from crossdock.partners.maps.edi.language import Codec, Field, Map, Pairs, Rule, Spread
from crossdock.partners.maps.paths import Path, Plain, as_pointer, get, put, reach
from crossdock.partners.maps.tables import Unknown
from crossdock.partners.model import Issue, hold, note, shown

MAX_TRAIL = 20_000


@dataclass(slots=True)
class _Reading:
    map: Map
    issues: list[Issue] = field(default_factory=list[Issue])
    trail: list[Origin] | None = None
    skip: bool = False
    place: Any = None


def read(
    m: Map, root: Node, place: Any, trail: list[Origin] | None = None, defaults: Mapping[str, Any] | None = None
) -> tuple[Canonical | None, list[Issue]]:
    """The canonical object of a walked set; None when it lacks what the object must have.

    place names a segment's place. trail: takes the origin of every field. defaults: for what the set does not say.
    """
    r = _Reading(m, trail=trail, place=place)
    data: Plain = {}
    _apply(r, m.rules, root, data, "")
    data = {**(defaults or {}), **data}
    if trail:
        after = lineage.moved(lambda d: _shaped(m, d), data)
        trail[:] = [replace(o, pointer=after[o.pointer]) for o in trail if o.pointer in after]
    data = _shaped(m, data)
    try:
        return msgspec.convert(data, m.object), r.issues
    except msgspec.ValidationError as e:
        first = root.first
        text = "Ask the sender for it, or agree on a map that does without."
        r.issues.append(hold("map.incomplete", place(first), f"what a {m.object.__name__} must have", str(e), text))
        return None, r.issues


def _shaped(m: Map, data: Plain) -> Plain:
    """As the canonical object has it, where fields alone cannot tell."""
    if m.object is order.PurchaseOrder:
        shapes.as_order(data)
    if m.object is despatch.DespatchAdvice and m.guide.syntax == "edifact":
        return shapes.as_despatch(data)
    if m.object is receipt.ReceiptAdvice and m.guide.syntax == "edifact":
        return shapes.as_receipt(data)
    return data


def _apply(r: _Reading, rules: tuple[Rule, ...], node: Node, target: Plain, base: str) -> None:
    by_name: dict[str, list[Segment | Node]] = {}
    for child in node.children:
        by_name.setdefault(child.name if isinstance(child, Node) else child.id, []).append(child)
    for rule in rules:
        candidates = by_name.get(rule.id)
        if not candidates:
            continue
        if rule.each:
            rest: list[Segment | Node] = []
            items: list[Any] | None = None
            for child in candidates:
                if not _takes(rule, child):
                    rest.append(child)
                    continue
                if items is None:
                    items = cast(list[Any], reach(target, rule.each, []))
                here = f"{base}/{as_pointer(rule.each)}"
                if rule.spread is not None and not isinstance(child, Node):
                    _spread(r, rule, rule.spread, child, items, here)
                    continue
                item = _object(r, rule, child, f"{here}/{len(items)}")
                if item is not None:
                    items.append(item)
            by_name[rule.id] = rest
            continue
        found = next((c for c in candidates if _takes(rule, c)), None)
        if found is not None:
            candidates.remove(found)
            _one(r, rule, found, target, base)


def _spread(r: _Reading, rule: Rule, spread: Spread, segment: Segment, items: list[Any], base: str) -> None:
    size = len(spread.fields)
    for at in range(spread.first, min(spread.last, segment.size) - size + 2, size):
        if not any(segment.at(at + n) for n in range(size)):
            continue
        item: Plain = {}
        where = f"{base}/{len(items)}"
        for f in rule.fields:
            if f.constant is None:
                _read_field(r, f, segment, item, where)
        for f in spread.fields:
            _read_field(r, replace(f, element=at + f.element), segment, item, where)
        items.append(item)


def _takes(rule: Rule, child: Segment | Node) -> bool:
    if isinstance(child, Node) != (rule.rules is not None):
        return False
    if not rule.when:
        return True
    first = child.first if isinstance(child, Node) else child
    return all(first.at(e, c) in values for e, c, values in rule.when)


_NEEDED = (("dates", "on"), ("quantities", "value"), ("marks", "value"))


def _object(r: _Reading, rule: Rule, child: Segment | Node, base: str) -> Any:
    item: Plain = {}
    outer, r.skip = r.skip, False
    _one(r, rule, child, item, base)
    skipped, r.skip = r.skip, outer
    # a date that is announced and left empty, a kind of quantity without one
    if skipped or not item or any(rule.each[-1] == each and k not in item for each, k in _NEEDED):
        return None
    return item.get(".", item)


def _one(r: _Reading, rule: Rule, child: Segment | Node, target: Plain, base: str) -> None:
    for path, value in rule.constants:
        put(target, path, value)
    if isinstance(child, Node):
        _apply(r, rule.rules or (), child, target, base)
        if rule.below and child.below:
            items = cast(list[Any], reach(target, rule.below, []))
            for node in child.below:
                item = _object(r, rule, node, f"{base}/{as_pointer(rule.below)}/{len(items)}")
                if item is not None:
                    items.append(item)
        return
    for f in rule.fields:
        if f.constant is None:
            _read_field(r, f, child, target, base)
    for pairs in rule.pairs:
        _read_pairs(r, pairs, child, target, base)


def _read_field(r: _Reading, f: Field, segment: Segment, target: Plain, base: str) -> None:
    value: Any
    match f.codec:
        case Codec.LINES | Codec.WORDS:
            parts = [p for p in segment.parts(f.element) if p]
            value = ("\n" if f.codec is Codec.LINES else " ").join(parts)
        case _:
            text = segment.at(f.element, f.component)
            if not text:
                return
            value = _decode(r, f, text, segment, target)
    if value is None or value == "":
        return
    put(target, f.path, value)
    if r.trail is not None and len(r.trail) < MAX_TRAIL:
        pointer = f"{base}/{as_pointer(_landed(target, f.path))}".removesuffix("/.")
        component = 0 if f.codec in {Codec.LINES, Codec.WORDS} else f.component
        r.trail.append(Origin(pointer, InSegment(segment.id, segment.index, segment.offset, f.element, component)))


def _landed(target: Plain, path: Path) -> Path:
    """Where `put` has put it: an empty place of a list before it closes up."""
    last = path[len(path) - 1]
    listed = get(target, path[:-1]) if isinstance(last, int) else None
    return (*path[:-1], min(last, len(listed) - 1)) if isinstance(last, int) and listed else path


def _decode(r: _Reading, f: Field, text: str, segment: Segment, target: Plain) -> Any:
    match f.codec:
        case Codec.TEXT | Codec.LINES | Codec.WORDS | Codec.TIME:
            return text
        case Codec.INT | Codec.DECIMAL | Codec.N2:
            return _number(f.codec, text)
        case Codec.DATE:
            return as_date(text)
        case Codec.DTM:
            return _dtm(r, f, text, segment, target)
        case Codec.TABLE:
            return _word(r, f, text, segment, target)


def _number(codec: Codec, text: str) -> Decimal | int | None:
    text = text.replace(",", ".")
    if not re.fullmatch(r"-?(\d+\.?\d*|\.\d+)", text, re.ASCII) or len(text) > 40:
        return None
    if codec is Codec.INT:
        return int(Decimal(text))
    return Decimal(text).scaleb(-2) if codec is Codec.N2 else Decimal(text)


# EDIFACT 2379: the first digits of the value are the date in all of these
_FORMS = {"102": 8, "203": 12, "204": 14, "205": 12, "303": 12, "304": 14, "718": 16, "711": 16}


def _dtm(r: _Reading, f: Field, text: str, segment: Segment, target: Plain) -> date | None:
    form = segment.at(f.element, f.component + 1)
    digits = re.sub(r"[^0-9]", "", text)
    day: date | None = None
    if form in {"101", "2"} and len(digits) == 6:
        day = as_date(digits)
    elif form in _FORMS or (not form and len(digits) in {8, 12, 14}):
        day = as_date(digits[:8])
        if f.variant and form not in {"102", "718", "711"} and len(digits) >= 12:
            put(target, f.variant, digits[8 : 14 if len(digits) >= 14 else 12])
    if day is None:
        r.issues.append(
            note(
                "map.date",
                r.place(segment, f.element, f.component),
                "a day as CCYYMMDD (format 102, 203 or 204)",
                shown(f"{text}:{form}"),
                "It is kept in the document and not read.",
            )
        )
        r.skip = True
    return day


def _word(r: _Reading, f: Field, text: str, segment: Segment, target: Plain) -> str | None:
    table = f.table
    if table is None:
        return text
    word = table.words.get(text)
    if word is not None:
        if f.variant and table.codes.get(word) != text:
            put(target, f.variant, text)
        return word
    match f.unknown:
        case Unknown.KEEP:
            return text
        case Unknown.SKIP:
            r.skip = True
            return None
        case Unknown.HOLD:
            r.issues.append(
                hold(
                    "map.code",
                    r.place(segment, f.element, f.component),
                    f"a code we have a meaning for: {', '.join(sorted(table.words)[:30])}",
                    shown(text),
                    "Agree with the partner what it means, then add it to the map.",
                )
            )
            return None


def _read_pairs(r: _Reading, p: Pairs, segment: Segment, target: Plain, base: str) -> None:
    if r.map.guide.syntax == "edifact":  # C212: the number, then what kind of number it is
        for at in range(p.first, p.last + 1):
            _pair(r, p, segment.at(at, 2), segment.at(at, 1), target, segment, at, base)
        return
    for at in range(p.first, p.last, 2):
        if at > segment.size:
            return
        _pair(r, p, segment.at(at), segment.at(at + 1), target, segment, at + 1, base)


def _pair(r: _Reading, p: Pairs, code: str, value: str, target: Plain, segment: Segment, at: int, base: str) -> None:
    if not value:
        return
    word = p.table.words.get(code) if p.table is not None and code else code or None
    if word is None:
        if p.rest:
            cast(list[Any], reach(target, p.rest, [])).append({"kind": code, "value": value})
        return
    items = cast(list[Any], reach(target, p.each, []))
    item: Plain = {}
    put(item, p.qualifier, word)
    put(item, p.value, value)
    items.append(item)
    if r.trail is not None and len(r.trail) < MAX_TRAIL:
        pointer = f"{base}/{as_pointer(p.each)}/{len(items) - 1}/{as_pointer(p.value)}"
        r.trail.append(Origin(pointer, InSegment(segment.id, segment.index, segment.offset, at, 1)))
