"""Plain data as an element, by its map; rules stand in the order of the schema."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from lxml import etree

from crossdock.errors import Finding
from crossdock.partners.maps.paths import Plain, as_pointer, get
from crossdock.partners.maps.tables import Unknown
from crossdock.partners.maps.xml.language import CAC, CBC, CURRENCY, Codec, Condition, Field, Map, Rule, Step
from crossdock.partners.maps.xml.places import local
from crossdock.partners.model import shown
from crossdock.partners.xml.safe import Element


@dataclass(slots=True)
class _Writing:
    map: Map
    currency: str
    facts: Mapping[str, Any]
    findings: list[Finding] = field(default_factory=list[Finding])
    said: int = 0  # values written that are no constants


def write(m: Map, source: Plain, facts: Mapping[str, Any]) -> tuple[Element, list[Finding]]:
    """The element that the map starts at, and everything that could not be written exactly."""
    spaces: dict[str | None, str] = {"cac": CAC, "cbc": CBC} if m.syntax.name == "ubl" else {}
    if m.namespace:
        spaces[None] = m.namespace
    root = etree.Element(f"{{{m.namespace}}}{m.root}" if m.namespace else m.root, nsmap=spaces)
    w = _Writing(m, str(source.get("currency", "")), facts)
    _emit(w, m.rules, source, root, "")
    return root, w.findings


def _emit(w: _Writing, rules: Sequence[Rule], source: Any, parent: Element, base: str) -> None:
    for rule in rules:
        if rule.read_only:
            continue
        if rule.rules is None:
            _emit_field(w, rule, source, parent, base)
        elif not rule.each:
            _emit_part(w, rule, source, parent, base)
        else:
            for at, item in enumerate(get(source, rule.each) or ()):
                if _chosen(rule, item):
                    _emit_part(w, rule, item, parent, f"{base}/{as_pointer(rule.each)}/{at}")


def _chosen(rule: Rule, item: Any) -> bool:
    return (
        all(get(item, p) == v for p, v in rule.constants)
        and all(get(item, p) is not None for p in rule.has)
        and all(get(item, p) is None for p in rule.lacks)
    )


def _emit_part(w: _Writing, rule: Rule, source: Any, parent: Element, base: str) -> None:
    before, count = w.said, len(parent)
    top = _reach(w, parent, rule.steps[:-1], leaf=False) if len(rule.steps) > 1 else parent
    texts = any(r.rules is None and not r.steps and not r.attribute for r in rule.rules or ())
    element = _new(w, top, rule.steps[-1], leaf=texts) if rule.steps else parent
    _emit(w, rule.rules or (), source, element, base)
    if w.said == before and rule.steps:  # nothing but constants
        top.remove(element)
        for made in list(parent)[count:]:
            if made is not element:
                parent.remove(made)


def _emit_field(w: _Writing, rule: Rule, source: Any, parent: Element, base: str) -> None:
    own = rule.field
    if own is None or own.read_only:
        return
    text = _encoded(w, own, source, base)
    if text is None:
        return
    if own.constant is None:
        w.said += 1
    if rule.attribute:
        element = _reach(w, parent, rule.steps, leaf=False)
        element.set(rule.attribute, text)
        return
    element = parent
    if rule.steps:
        element = _new(w, _reach(w, parent, rule.steps[:-1], leaf=False), rule.steps[-1], leaf=True)
    element.text = text
    if own.codec in {Codec.MONEY, Codec.PRICE} and w.currency:
        element.set(w.map.syntax.currency, w.currency)
    for attribute, beside in rule.beside:
        found = _encoded(w, beside, source, base)
        if found is not None:
            element.set(attribute, found)


def _reach(w: _Writing, parent: Element, steps: Sequence[Step], *, leaf: bool) -> Element:
    """What stands at a path; made when the last element written is not it."""
    for step in steps:
        last = parent[-1] if len(parent) else None
        fits = last is not None and local(last) == step.name and all(_written_so(last, c) for c in step.conditions)
        parent = last if fits and last is not None else _new(w, parent, step, leaf=leaf)
    return parent


def _written_so(element: Element, c: Condition) -> bool:
    at: Element | None = element
    for name in c.steps:
        at = next((x for x in at.iterchildren() if local(x) == name), None) if at is not None else None
    if at is None:
        return False
    return c.values == (CURRENCY,) or ((at.get(c.attribute) if c.attribute else at.text) or "") == c.values[0]


def _new(w: _Writing, parent: Element, step: Step, *, leaf: bool) -> Element:
    syntax = w.map.syntax
    space = syntax.leaf if leaf else syntax.part
    element = etree.SubElement(parent, f"{{{space}}}{step.name}" if space else step.name)
    for c in step.conditions:
        if c.values == (CURRENCY,):
            continue
        if not c.steps:
            element.set(c.attribute, c.values[0])
            continue
        top = _reach(w, element, [Step(s) for s in c.steps[:-1]], leaf=False)
        last = _new(w, top, Step(c.steps[-1]), leaf=True)
        if c.attribute:
            last.set(c.attribute, c.values[0])
        else:
            last.text = c.values[0]
    return element


def _encoded(w: _Writing, f: Field, source: Any, base: str) -> str | None:
    if f.constant is not None:
        return f.constant
    value = w.facts.get(f.fact) if f.fact else get(source, f.path)
    where = f"${f.fact}" if f.fact else f"{base}/{as_pointer(f.path)}"
    if value is None or value == "":
        if f.needed:
            expected = "a value: the partner's format asks for it"
            w.findings.append(Finding("map.needed", where, expected, "none", "Add it."))
        return None
    match f.codec:
        case Codec.TEXT:
            return _plain_text(w, str(value), where)
        case Codec.DATE:
            return _day(w, value)
        case Codec.TABLE:
            return _code(w, f, str(value), source, where)
        case Codec.INT:
            return str(int(value))
        case Codec.MONEY if w.map.syntax.digits is not None and _decimals(value) > w.map.syntax.digits:
            text = "Round it where it is decided, not where it is written."
            expected = f"at most {w.map.syntax.digits} decimals"
            w.findings.append(Finding("map.digits", where, expected, f"{value:f}", text))
            return None
        case Codec.DECIMAL | Codec.MONEY | Codec.PRICE:
            return f"{Decimal(value):f}"


def _decimals(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


_NEVER = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def _plain_text(w: _Writing, text: str, where: str) -> str | None:
    if _NEVER.search(text):
        fix = "Remove it; XML has no way to write it."
        w.findings.append(Finding("map.character", where, "characters that XML has", shown(text), fix))
        return None
    return text


def _day(w: _Writing, value: date) -> str:
    # cXML dates carry a time and a zone; noon of UTC is the same day in nearly all of them
    return value.isoformat() if w.map.syntax.name == "ubl" else f"{value.isoformat()}T12:00:00+00:00"


def _code(w: _Writing, f: Field, word: str, source: Any, where: str) -> str | None:
    table = f.table
    if table is None:
        return word
    if f.variant and (kept := get(source, f.variant)) is not None and table.words.get(str(kept)) == word:
        return str(kept)
    code = table.codes.get(word)
    if code is not None:
        return code
    if f.unknown is Unknown.KEEP:
        return word
    known = ", ".join(sorted(table.codes)[:30])
    text = "Use one of these, or add a code for it to the map."
    expected = f"a word the partner has a code for: {known}"
    w.findings.append(Finding("map.word", where, expected, repr(word)[:80], text))
    return None
