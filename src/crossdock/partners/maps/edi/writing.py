"""A canonical document as segments, by its map; delimiters and envelopes are the writer's."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from crossdock.canonical import despatch, order, receipt
from crossdock.errors import Finding, PartnerError
from crossdock.partners.maps.canonical import Canonical, plain
from crossdock.partners.maps.edi import shapes
from crossdock.partners.maps.edi.language import Codec, Field, Map, Pairs, Rule, Spread
from crossdock.partners.maps.paths import Path, as_pointer, get
from crossdock.partners.maps.tables import Unknown


@dataclass(slots=True)
class Written:
    """A segment to be: values by (element, component)."""

    id: str
    values: dict[tuple[int, int], str] = field(default_factory=dict[tuple[int, int], str])

    def elements(self) -> list[list[str]]:
        """Components by element, without what is empty at the end of each."""
        out: list[list[str]] = []
        for (element, component), value in self.values.items():
            while len(out) < element:
                out.append([])
            parts = out[element - 1]
            while len(parts) < component:
                parts.append("")
            parts[component - 1] = value
        for parts in out:
            while parts and not parts[-1]:
                parts.pop()
        while out and not out[-1]:
            out.pop()
        return out


def write(m: Map, content: Canonical) -> list[Written]:
    """The segments between the set's header and trailer. Raises PartnerError for what cannot be written exactly."""
    w = _Writing(m)
    source = plain(content)
    if isinstance(content, order.PurchaseOrder):
        source["references"] = [{"kind": k, "value": v} for k, v in content.references.items()]
        source["notes"] = content.notes.split("\n") if content.notes else []
    if isinstance(content, despatch.DespatchAdvice) and m.guide.syntax == "edifact":
        source = shapes.from_despatch(source)
    if isinstance(content, receipt.ReceiptAdvice) and m.guide.syntax == "edifact":
        source = shapes.from_receipt(source)
    _emit(w, m.rules, source, "")
    if w.findings:
        raise PartnerError(w.findings)
    return w.out


@dataclass(slots=True)
class _Writing:
    map: Map
    out: list[Written] = field(default_factory=list[Written])
    findings: list[Finding] = field(default_factory=list[Finding])
    levels: int = 0
    taken: dict[tuple[int, Path], int] = field(default_factory=dict[tuple[int, Path], int])


def _emit(w: _Writing, rules: tuple[Rule, ...], source: Any, base: str) -> None:
    for rule in rules:
        if rule.read_only:
            continue
        if not rule.each:
            _emit_one(w, rule, source, base)
            continue
        items: Any = get(source, rule.each)
        if rule.spread is not None:
            _emit_spread(w, rule, rule.spread, items or (), f"{base}/{as_pointer(rule.each)}")
            continue
        for place, item in enumerate(items or ()):
            if rule.constants and any(get(item, p) != v for p, v in rule.constants):
                continue
            _emit_one(w, rule, item, f"{base}/{as_pointer(rule.each)}/{place}")


def _emit_spread(w: _Writing, rule: Rule, spread: Spread, items: Sequence[Any], base: str) -> None:
    """As many objects in a segment as have room and say the same in its own elements."""
    size = len(spread.fields)
    segment, at, own = Written(rule.id), spread.first, dict[tuple[int, int], str]()
    for place, item in enumerate(items):
        where = f"{base}/{place}"
        said = Written(rule.id)
        for f in rule.fields:
            if f.constant is None:
                _write_field(w, f, item, said, where)
        if place == 0 or said.values != own or at + size - 1 > spread.last:
            segment, at, own = Written(rule.id, dict(said.values)), spread.first, said.values
            w.out.append(segment)
        for f in spread.fields:
            _write_field(w, replace(f, element=at + f.element), item, segment, where)
        at += size


def _emit_one(w: _Writing, rule: Rule, source: Any, base: str, parent: str = "") -> None:
    if rule.rules is not None:
        start = len(w.out)
        if rule.tree is not None:
            w.levels += 1
            own = str(w.levels)
        else:
            own = ""
        _emit(w, rule.rules, source, base)
        if not rule.tree:
            return
        if len(w.out) == start:
            w.out.append(Written(rule.id))
        first = w.out[start]
        below: Any = get(source, rule.below) if rule.below else None
        first.values[rule.tree.id, 1] = own
        if parent:
            first.values[rule.tree.parent, 1] = parent
        if rule.tree.children:
            first.values[rule.tree.children, 1] = "1" if below else "0"
        for place, item in enumerate(below or ()):
            _emit_one(w, rule, item, f"{base}/{as_pointer(rule.below)}/{place}", own)
        return
    segment = Written(rule.id)
    found = rule.always or any(get(source, p) for p in rule.given)
    for f in rule.fields:
        if f.constant is None:
            found = _write_field(w, f, source, segment, base) or found
    for pairs in rule.pairs:
        found = _write_pairs(w, pairs, source, segment, base) or found
    if not found:
        return
    for element, component, value in rule.qualifiers:
        segment.values.setdefault((element, component), value)
    for f in rule.fields:
        if f.constant is not None and (not f.path or get(source, f.path)):
            segment.values.setdefault((f.element, f.component), f.constant)
    w.out.append(segment)


def _write_field(w: _Writing, f: Field, source: Any, segment: Written, base: str) -> bool:
    value = None if f.read_only else get(source, f.path)
    if value is None or value == "":
        return False
    at = (f.element, f.component)
    match f.codec:
        case Codec.TEXT | Codec.TIME:
            segment.values[at] = str(value)
        case Codec.INT:
            segment.values[at] = str(int(value))
        case Codec.DECIMAL:
            segment.values[at] = _written(value)
        case Codec.N2:
            cents = Decimal(value).scaleb(2)
            if cents != cents.to_integral_value():
                where = f"{base}/{as_pointer(f.path)}"
                text = "Round it where it is decided, not where it is written."
                w.findings.append(
                    Finding("map.digits", where, "two decimals, as the partner's format has", str(value), text)
                )
                return False
            segment.values[at] = f"{cents.to_integral_value():f}"
        case Codec.DATE:
            segment.values[at] = f"{value:%Y%m%d}"
        case Codec.DTM:
            time = get(source, f.variant) if f.variant else None
            segment.values[at] = f"{value:%Y%m%d}{time or ''}"
            form = {4: "203", 6: "204"}.get(len(time or ""), "102")
            segment.values[f.element, f.component + 1] = form
        case Codec.LINES:
            for component, line in enumerate(str(value).split("\n"), 1):
                segment.values[f.element, component] = line
        case Codec.WORDS:
            for component, part in enumerate(_wrapped(str(value)), 1):
                segment.values[f.element, component] = part
        case Codec.TABLE:
            code = _code(w, f, value, source, base)
            if code is None:
                return False
            segment.values[at] = code
    return True


def _written(value: Any) -> str:
    """All digits, without an exponent and without zeros that say nothing."""
    text = f"{Decimal(value):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _wrapped(text: str, width: int = 70) -> list[str]:
    """Cut at blanks, so that joining with blanks gives the text back."""
    parts: list[str] = []
    for word in text.split(" "):
        if parts and len(parts[-1]) + 1 + len(word) <= width:
            parts[-1] += f" {word}"
        else:
            parts.append(word)
    return parts


def _code(w: _Writing, f: Field, value: Any, source: Any, base: str) -> str | None:
    table, word = f.table, str(value)
    if table is None:
        return word
    if f.variant and (kept := get(source, f.variant)) is not None:
        return str(kept)
    code = table.codes.get(word)
    if code is not None:
        return code
    if f.unknown is Unknown.KEEP:
        return word
    where = f"{base}/{as_pointer(f.path)}"
    known = ", ".join(sorted(table.codes)[:30])
    text = "Use one of these, or add a code for it to the map."
    w.findings.append(Finding("map.word", where, f"a word the partner has a code for: {known}", repr(word), text))
    return None


def _write_pairs(w: _Writing, p: Pairs, source: Any, segment: Written, base: str) -> bool:
    found = False
    entries: list[tuple[str, str, str]] = []
    for place, item in enumerate(get(source, p.each) or ()):
        word, value = str(get(item, p.qualifier) or ""), str(get(item, p.value) or "")
        where = f"{base}/{as_pointer(p.each)}/{place}"
        code = word if p.table is None else p.table.by_length.get(word, {}).get(len(value)) or p.table.codes.get(word)
        if code is None:
            w.findings.append(
                Finding("map.word", where, "a qualifier of the partner", repr(word), "Add it to the map.")
            )
            continue
        entries.append((code, value, where))
    if p.rest:
        for place, item in enumerate(get(source, p.rest) or ()):
            entries.append(
                (str(item.get("kind", "")), str(item.get("value", "")), f"{base}/{as_pointer(p.rest)}/{place}")
            )
    edifact = w.map.guide.syntax == "edifact"
    room = p.last - p.first + 1 if edifact else (p.last - p.first + 1) // 2
    start = w.taken.get((id(source), p.each), 0)
    for place, (code, value, _) in enumerate(entries[start : start + room]):
        if edifact:
            segment.values[p.first + place, 1] = value
            segment.values[p.first + place, 2] = code
        else:
            segment.values[p.first + 2 * place, 1] = code
            segment.values[p.first + 2 * place + 1, 1] = value
        found = True
    w.taken[id(source), p.each] = start + room
    if len(entries) > start + room and not p.more:
        text = "Leave one out; the segment has no place for more."
        w.findings.append(Finding("map.pairs", entries[start + room][2], f"at most {start + room}", "more", text))
    return found
