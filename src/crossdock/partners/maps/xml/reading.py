"""An element as plain data, by its map, with the facts it states besides and where each value stood."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from lxml import etree

from crossdock.partners.maps.paths import Plain, as_pointer, get, put
from crossdock.partners.maps.tables import Unknown
from crossdock.partners.maps.xml.language import CURRENCY, Codec, Condition, Field, Map, Rule, Step
from crossdock.partners.maps.xml.places import local, place
from crossdock.partners.model import Issue, error, hold, shown
from crossdock.partners.numbers import amount
from crossdock.partners.xml.safe import Element

MAX_ISSUES = 200  # of one document; a thousand missing units are one mistake


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a field came from. pointer: of the canonical object, before it got its final shape."""

    pointer: str
    element: Element
    attribute: str

    @property
    def where(self) -> str:
        return place(self.element, self.attribute)


@dataclass(slots=True)
class Reading:
    """What a document says: data, and facts that are checked and not kept; where each came from, by pointer."""

    map: Map
    root: Element
    currency: str
    data: Plain = field(default_factory=dict[str, Any])
    facts: dict[str, Any] = field(default_factory=dict[str, Any])
    trail: dict[str, Origin] = field(default_factory=dict[str, Origin])
    issues: list[Issue] = field(default_factory=list[Issue])
    skip: bool = False

    def report(self, issue: Issue) -> None:
        if len(self.issues) < MAX_ISSUES:
            self.issues.append(issue)

    def where(self, pointer: str) -> str:
        """The place of a field; of the document, when it does not say the field."""
        found = self.trail.get(pointer)
        return found.where if found else place(self.root)


def read(m: Map, root: Element) -> Reading:
    r = Reading(m, root, "")
    stated = next(_find(r, root, m.currency), None) if m.currency else None
    r.currency = _text(stated) if stated is not None else _first_currency(r, root)
    if r.currency:
        r.data["currency"] = r.currency
        if not re.fullmatch(r"[A-Z]{3}", r.currency):
            where = place(root if stated is None else stated)
            text = "Write the ISO 4217 code of the currency."
            r.report(error("xml.currency", where, "a currency such as EUR", shown(r.currency), text))
    _apply(r, m.rules, root, r.data, "")
    return r


def _first_currency(r: Reading, root: Element) -> str:
    for element in root.iter(etree.Element):
        found = element.get(r.map.syntax.currency)
        if found:
            return found.strip()
    return ""


def _space(element: Element) -> str:
    tag = element.tag
    return tag[1:].partition("}")[0] if isinstance(tag, str) and tag.startswith("{") else ""


def _find(r: Reading, element: Element, steps: Sequence[Step]) -> Iterator[Element]:
    if not steps:
        yield element
        return
    first, rest = steps[0], steps[1:]
    for child in element.iterchildren():
        if local(child) == first.name and _space(child) in r.map.syntax.spaces and _holds(r, child, first.conditions):
            yield from _find(r, child, rest)


def _holds(r: Reading, element: Element, conditions: Sequence[Condition]) -> bool:
    for c in conditions:
        found = next(_find(r, element, [Step(s) for s in c.steps]), None)
        said = "" if found is None else (found.get(c.attribute) or "").strip() if c.attribute else _text(found)
        if c.values == (CURRENCY,):
            if said and said != r.currency:
                return False
        elif said.casefold() not in {v.casefold() for v in c.values}:
            return False
    return True


def _text(element: Element) -> str:
    return "".join(str(t) for t in element.itertext()).strip()


def _apply(r: Reading, rules: Sequence[Rule], scope: Element, target: Plain, base: str) -> None:
    taken: set[Element] = set()
    for rule in rules:
        if rule.rules is None:
            _read_rule(r, rule, scope, target, base)
            continue
        found = [e for e in _find(r, scope, rule.steps) if e is scope or e not in taken]
        if rule.least and not found:
            _missing(r, scope, rule.name, "at least one")
        if not rule.each:
            for element in found[:1]:
                taken.add(element)
                for path, value in rule.constants:
                    put(target, path, value)
                _apply(r, rule.rules, element, target, base)
            continue
        taken.update(found)
        items: list[Any] = []
        known: list[Any] | None = get(target, rule.each)
        start = len(known or ())
        for element in found:
            item: Plain = {}
            outer, r.skip = r.skip, False
            for path, value in rule.constants:
                put(item, path, value)
            _apply(r, rule.rules, element, item, f"{base}/{as_pointer(rule.each)}/{start + len(items)}")
            skipped, r.skip = r.skip, outer
            if not skipped and len(item) > len(rule.constants):
                items.append(item.get(".", item))
        if items:
            if known is None:
                put(target, rule.each, items)
            else:
                known += items


def _missing(r: Reading, scope: Element, name: str, what: str) -> None:
    r.report(error("xml.missing", place(scope, below=name), what, "none", f"Send {name}."))


def _read_rule(r: Reading, rule: Rule, scope: Element, target: Plain, base: str) -> None:
    own = rule.field
    if own is None or own.constant is not None:
        return
    said = False
    for element in _find(r, scope, rule.steps):
        text = (element.get(rule.attribute) or "").strip() if rule.attribute else _text(element)
        if text:
            said = True
            _read_field(r, own, element, rule.attribute, text, target, base)
        for attribute, beside in rule.beside:
            found = (element.get(attribute) or "").strip()
            if found and beside.constant is None:
                _read_field(r, beside, element, attribute, found, target, base)
            elif beside.needed and text:
                _missing(r, element, f"@{attribute}", "a value")
        if said and not own.summed:
            break
    if own.needed and not said:
        _missing(r, scope, rule.name, "a value")


def _read_field(r: Reading, f: Field, element: Element, attribute: str, text: str, target: Plain, base: str) -> None:
    if len(text) > 10_000 and f.codec is not Codec.TEXT:
        text = text[:10_000]
    value = _decoded(r, f, element, attribute, text, target)
    if value is None:
        return
    pointer = f"${f.fact}" if f.fact else f"{base}/{as_pointer(f.path)}".removesuffix("/.")
    store, path = (r.facts, (f.fact,)) if f.fact else (target, f.path)
    if f.summed and isinstance(before := get(store, path), Decimal):
        value += before
    put(store, path, value)
    r.trail.setdefault(pointer, Origin(pointer, element, attribute))


_DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII)
_DATE = re.compile(r"(\d{4}-\d\d-\d\d)(T[\d:.]+)?(Z|[+-]\d\d:?\d\d)?", re.ASCII)


def _decoded(r: Reading, f: Field, element: Element, attribute: str, text: str, target: Plain) -> Any:
    match f.codec:
        case Codec.TEXT:
            return text
        case Codec.DATE:
            found = _DATE.fullmatch(text)
            try:
                return date.fromisoformat(found[1] if found else "")
            except ValueError:
                fix = "Write the day as YYYY-MM-DD."
                r.report(error("xml.date", place(element, attribute), "a date", shown(text), fix))
                return None
        case Codec.TABLE:
            return _word(r, f, element, attribute, text, target)
        case Codec.INT | Codec.DECIMAL | Codec.MONEY | Codec.PRICE:
            number = amount(text) if _DECIMAL.fullmatch(text) else None
            if number is None or (f.codec is Codec.INT and number != number.to_integral_value()):
                what = "a whole number" if f.codec is Codec.INT else "a number with at most 15 digits, such as 12.50"
                fix = "Write digits with a point before the decimals, and no separators."
                r.report(error("xml.number", place(element, attribute), what, shown(text), fix))
                return None
            if f.codec in {Codec.MONEY, Codec.PRICE}:
                _same_currency(r, element)
            return int(number) if f.codec is Codec.INT else number


def _same_currency(r: Reading, element: Element) -> None:
    name = r.map.syntax.currency
    said = (element.get(name) or "").strip()
    if said and said != r.currency:
        fix = "Send all amounts of a document in one currency."
        r.report(error("xml.currency", place(element, name), f"{r.currency}, as the document says", shown(said), fix))


def _word(r: Reading, f: Field, element: Element, attribute: str, text: str, target: Plain) -> str | None:
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
            expected = f"a code we have a meaning for: {', '.join(sorted(table.words)[:30])}"
            fix = "Agree with the partner what it means, then add it to the map."
            r.report(hold("map.code", place(element, attribute), expected, shown(text), fix))
            return None
