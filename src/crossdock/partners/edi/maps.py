"""Maps: declared data that say which element is which field, read in both directions.

A map lists rules in the order of its guide. A rule names a segment (with the qualifiers that make it the one meant) or
a loop, and what its elements are:

    - BAK: {1: "purpose|purpose", 3: order_number, 4: "ordered_on|date"}
    - "DTM[1=011]": {2: "shipped_on|date"}
    - REF: {each: references, 1: "kind|reference?", 2: value}
    - N1:
        each: parties
        rules:
          - N1: {1: "role|party?", 2: address.name}

`each` makes one object of a list for every segment or loop. A rule takes what no rule before it has taken. A target is
a path of fields (a number is a place in a list, `.` the object itself) and, after `|`, how the value is written: text,
int, decimal, n2 (two implied decimals), date, time, dtm (EDIFACT, with its format), lines and words (several
components), or a table of codes. Of a table, an unknown code is held for a person; with `?` it is kept as it is, with
`-` its object is left out. After `~` stands the field that keeps which of several codes with one meaning was used (or
a dtm's time).
`=X` is written and not read; `set` is read and not written. `pairs` reads qualifier and value side by side.
`always` and `given` (paths) write a segment that has nothing but constants. `read_only` rules are not written. `below`
names the list of those that name this loop their parent.

Reading gives plain values, then the typed canonical object; writing gives segments. Both know nothing of delimiters.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any, TypeAlias, cast

import msgspec
import yaml

from crossdock.canonical import acknowledgement, despatch, invoice, order, remittance, response, stock
from crossdock.errors import CrossdockBug, Finding, PartnerError
from crossdock.partners.edi.elements import as_date
from crossdock.partners.edi.guide import Guide, Qualifiers, Tree, load
from crossdock.partners.edi.walk import Node, Segment
from crossdock.partners.model import Issue, hold, note, shown

Canonical: TypeAlias = (
    order.PurchaseOrder
    | response.OrderResponse
    | response.OrderChange
    | despatch.DespatchAdvice
    | invoice.Invoice
    | stock.InventoryReport
    | stock.WarehouseOrder
    | stock.WarehouseShipAdvice
    | remittance.RemittanceAdvice
    | acknowledgement.FunctionalAcknowledgement
    | acknowledgement.ApplicationAcknowledgement
)
OBJECTS: dict[str, type[Canonical]] = {
    t.__name__: t
    for t in (
        order.PurchaseOrder,
        response.OrderResponse,
        response.OrderChange,
        despatch.DespatchAdvice,
        invoice.Invoice,
        stock.InventoryReport,
        stock.WarehouseOrder,
        stock.WarehouseShipAdvice,
        remittance.RemittanceAdvice,
        acknowledgement.FunctionalAcknowledgement,
        acknowledgement.ApplicationAcknowledgement,
    )
}
Path: TypeAlias = tuple[str | int, ...]
Plain: TypeAlias = dict[str, Any]
MAX_TRAIL = 20_000


class Codec(StrEnum):
    TEXT = "text"
    INT = "int"
    DECIMAL = "decimal"
    N2 = "n2"
    DATE = "date"
    TIME = "time"
    DTM = "dtm"
    LINES = "lines"
    WORDS = "words"
    TABLE = "table"


class Unknown(StrEnum):
    """What becomes of a code that a table does not know."""

    HOLD = ""
    KEEP = "?"
    SKIP = "-"


@dataclass(frozen=True, slots=True)
class Table:
    """words: by code. codes: by word, the first code of each; by_length: instead, by the length of the value."""

    name: str
    words: Mapping[str, str]
    codes: Mapping[str, str]
    by_length: Mapping[str, Mapping[int, str]]


@dataclass(frozen=True, slots=True)
class Field:
    element: int
    component: int
    path: Path
    codec: Codec
    table: Table | None = None
    unknown: Unknown = Unknown.HOLD
    variant: Path = ()
    constant: str | None = None


@dataclass(frozen=True, slots=True)
class Pairs:
    """Qualifier and value side by side from element `first` to `last`, as objects of a list.

    rest: the list that takes those whose qualifier the table does not know; () drops them.
    """

    first: int
    last: int
    each: Path
    qualifier: Path
    value: Path
    table: Table | None
    rest: Path
    more: bool = False  # what finds no place here goes to the next pairs of the same list


@dataclass(frozen=True, slots=True)
class Rule:
    id: str
    when: Qualifiers
    each: Path
    fields: tuple[Field, ...]
    pairs: tuple[Pairs, ...]
    constants: tuple[tuple[Path, str], ...]
    rules: "tuple[Rule, ...] | None"  # of a loop
    below: Path = ()
    always: bool = False
    given: tuple[Path, ...] = ()  # written when one of these is there, though none of its own fields is
    tree: Tree | None = None
    read_only: bool = False
    qualifiers: tuple[tuple[int, int, str], ...] = ()  # as written: the first of each


@dataclass(frozen=True, slots=True, kw_only=True)
class Map:
    id: str
    guide: Guide
    object: type[Canonical]
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a field of the canonical object came from."""

    pointer: str
    segment: str
    index: int
    offset: int
    element: int
    component: int


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


# --- declared data --------------------------------------------------------------------------------------------------


@cache
def load_map(map_id: str) -> Map:
    """A map of the library by its name; KeyError when there is none."""
    file = files("crossdock.library").joinpath("partners", "maps", f"{map_id}.yaml")
    if not re.fullmatch(r"[a-z0-9-]+", map_id) or not file.is_file():
        raise KeyError(map_id)
    return parse(yaml.safe_load(file.read_text(encoding="utf-8")))


@cache
def _shared_tables() -> dict[str, Any]:
    file = files("crossdock.library").joinpath("partners", "maps", "codes.yaml")
    return yaml.safe_load(file.read_text(encoding="utf-8"))


def parse(data: Mapping[str, Any]) -> Map:
    guide = load(data["guide"])
    declared = {**_shared_tables()[guide.syntax], **data.get("tables", {})}
    tables = {name: _table(name, t) for name, t in declared.items()}
    trees = {loop.name: loop.tree for loop in guide.root.loops() if loop.tree is not None}
    rules = _rules(data["rules"], tables, trees)
    return Map(id=data["id"], guide=guide, object=OBJECTS[data["object"]], rules=rules)


def _table(name: str, data: Mapping[Any, Any]) -> Table:
    by_length = {w: {int(n): str(c) for n, c in m.items()} for w, m in data.get("by_length", {}).items()}
    words = {str(c): str(w) for c, w in data.items() if c != "by_length"}
    codes: dict[str, str] = {}
    for code, word in words.items():
        codes.setdefault(word, code)
    return Table(name, words, codes, by_length)


def _rules(
    declared: Sequence[Mapping[str, Any]], tables: Mapping[str, Table], trees: Mapping[str, Tree]
) -> tuple[Rule, ...]:
    rules = [_rule(r, tables, trees) for r in declared]
    later: set[Path] = set()
    for at in range(len(rules) - 1, -1, -1):
        pairs = list(rules[at].pairs)
        for place in range(len(pairs) - 1, -1, -1):
            pairs[place] = replace(pairs[place], more=pairs[place].each in later)
            later.add(pairs[place].each)
        rules[at] = replace(rules[at], pairs=tuple(pairs))
    return tuple(rules)


_SELECTOR = re.compile(r"(\w+)(?:\[([^\]]+)\])?")


def _rule(data: Mapping[str, Any], tables: Mapping[str, Table], trees: Mapping[str, Tree]) -> Rule:
    [(selector, body)] = data.items()
    found = _SELECTOR.fullmatch(selector)
    if found is None:
        raise CrossdockBug(f"Map: expected a segment or loop, found {selector!r}")
    when: list[tuple[int, int, frozenset[str]]] = []
    written: list[tuple[int, int, str]] = []
    for part in (found[2] or "").split():
        where, _, values = part.partition("=")
        element, _, component = where.partition(".")
        when.append((int(element), int(component or 1), frozenset(values.split("|"))))
        written.append((int(element), int(component or 1), values.split("|")[0]))
    own: list[Field] = []
    for key, target in body.items():
        if isinstance(key, int | float) or re.fullmatch(r"\d+(\.\d+)?", str(key)):
            element, _, component = str(key).partition(".")
            own.append(_field(int(element), int(component or 1), str(target), tables))
    inner = body.get("rules")
    return Rule(
        id=found[1],
        when=tuple(when),
        each=_path(body.get("each", "")),
        fields=tuple(own),
        pairs=tuple(_pairs(p, tables) for p in body.get("pairs", ())),
        constants=tuple((_path(k), str(v)) for k, v in body.get("set", {}).items()),
        rules=None if inner is None else _rules(inner, tables, trees),
        below=_path(body.get("below", "")),
        always=bool(body.get("always", False)),
        given=tuple(_path(p) for p in body.get("given", ())),
        tree=trees.get(found[1]) if inner is not None else None,
        read_only=bool(body.get("read_only", False)),
        qualifiers=tuple(written),
    )


def _path(text: str) -> Path:
    return tuple(int(p) if p.isdigit() else p for p in text.split(".") if p) if text != "." else (".",)


def _field(element: int, component: int, target: str, tables: Mapping[str, Table]) -> Field:
    if target.startswith("="):
        return Field(element, component, (), Codec.TEXT, constant=target[1:])
    path, _, how = target.partition("|")
    how, _, variant = how.partition("~")
    if not how or how in set(Codec):
        return Field(element, component, _path(path), Codec(how or "text"), variant=_path(variant))
    unknown = Unknown(how[-1]) if how[-1] in "?-" else Unknown.HOLD
    table = tables[how.rstrip("?-")]
    return Field(element, component, _path(path), Codec.TABLE, table, unknown, _path(variant))


def _pairs(data: Mapping[str, Any], tables: Mapping[str, Table]) -> Pairs:
    return Pairs(
        first=data["first"],
        last=data["last"],
        each=_path(data["each"]),
        qualifier=_path(data.get("qualifier", "scheme")),
        value=_path(data.get("value", "value")),
        table=tables[data["table"]] if "table" in data else None,
        rest=_path(data.get("rest", "")),
    )


# --- reading --------------------------------------------------------------------------------------------------------


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
    if m.object is order.PurchaseOrder:
        _as_order(data)
    if m.object is despatch.DespatchAdvice and m.guide.syntax == "edifact":
        data = _as_despatch(data)
    try:
        return msgspec.convert(data, m.object), r.issues
    except msgspec.ValidationError as e:
        first = root.first
        text = "Ask the sender for it, or agree on a map that does without."
        r.issues.append(hold("map.incomplete", place(first), f"what a {m.object.__name__} must have", str(e), text))
        return None, r.issues


def _as_order(data: Plain) -> None:
    """The purchase order keeps its references by kind and its notes as one text."""
    references: dict[str, str] = {}
    for found in data.pop("references", ()):
        if found.get("value"):
            references.setdefault(found["kind"], found["value"])
    data["references"] = references
    if (notes := data.pop("notes", None)) is not None:
        data["notes"] = "\n".join(notes)

    for place, line in enumerate(data.setdefault("lines", []), 1):
        line.setdefault("number", str(place))
        line.setdefault("items", [])
        line.setdefault("quantity", Decimal(0))  # judged as none
        line.setdefault("unit", "PCE")  # EANCOM: without a unit, pieces are meant


def _as_despatch(data: Plain) -> Plain:
    """The header of a DESADV is the shipment, a CPS group a package, and its lines are items in it."""

    def pack(unit: Plain) -> Plain:
        items = [{"level": "item", **line} for line in unit.pop("lines", [])]
        below = [pack(u) for u in unit.pop("units", [])]
        marks = [{"kind": "sscc", "value": unit.pop("sscc")}] if "sscc" in unit else []
        return {**unit, "marks": marks, "units": [*items, *below]}

    shipment: Plain = data.pop("shipment", {})
    units = [pack(u) for u in shipment.pop("units", [])]
    return {**data, "units": [{"level": "shipment", **shipment, "units": units}]}


def _from_despatch(data: Plain) -> Plain:
    """The inverse. An order between shipment and package is said at its items; items in no package get one."""

    def pack(unit: Plain, order_number: str) -> Plain:
        own = {k: v for k, v in unit.items() if k not in {"units", "marks", "level"}}
        order_number = own.pop("order_number", order_number)
        lines, below = split(unit, order_number)
        for mark in unit.get("marks", []):
            if mark.get("kind") == "sscc":
                own.setdefault("sscc", mark["value"])
        return {**own, "level": "pack", "lines": lines, "units": below}

    def split(unit: Plain, order_number: str) -> tuple[list[Plain], list[Plain]]:
        lines: list[Plain] = []
        below: list[Plain] = []
        for child in unit.get("units", []):
            if child["level"] == "item":
                line = {k: v for k, v in child.items() if k != "level"}
                if order_number:
                    line.setdefault("order_number", order_number)
                lines.append(line)
            elif child["level"] == "order":
                own, packs = split(child, child.get("order_number", order_number))
                lines += own
                below += packs
            else:
                below.append(pack(child, order_number))
        return lines, below

    units: list[Plain] = data.pop("units", [])
    head = {k: v for u in units[:1] for k, v in u.items() if k not in {"units", "level"}}
    lines, below = split(units[0], "") if units else ([], [])
    if lines:
        below.insert(0, {"level": "pack", "lines": lines})
    return {**data, "shipment": {**head, "units": below}}


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
                    items = cast(list[Any], _reach(target, rule.each, []))
                item = _object(r, rule, child, f"{base}/{_pointer(rule.each)}/{len(items)}")
                if item is not None:
                    items.append(item)
            by_name[rule.id] = rest
            continue
        found = next((c for c in candidates if _takes(rule, c)), None)
        if found is not None:
            candidates.remove(found)
            _one(r, rule, found, target, base)


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
        _set(target, path, value)
    if isinstance(child, Node):
        _apply(r, rule.rules or (), child, target, base)
        if rule.below and child.below:
            items = cast(list[Any], _reach(target, rule.below, []))
            for node in child.below:
                item = _object(r, rule, node, f"{base}/{_pointer(rule.below)}/{len(items)}")
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
    _set(target, f.path, value)
    if r.trail is not None and len(r.trail) < MAX_TRAIL:
        pointer = f"{base}/{_pointer(f.path)}".removesuffix("/.")
        r.trail.append(Origin(pointer, segment.id, segment.index, segment.offset, f.element, f.component))


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
            _set(target, f.variant, digits[8 : 14 if len(digits) >= 14 else 12])
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
            _set(target, f.variant, text)
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
            cast(list[Any], _reach(target, p.rest, [])).append({"kind": code, "value": value})
        return
    items = cast(list[Any], _reach(target, p.each, []))
    item: Plain = {}
    _set(item, p.qualifier, word)
    _set(item, p.value, value)
    items.append(item)
    if r.trail is not None and len(r.trail) < MAX_TRAIL:
        pointer = f"{base}/{_pointer(p.each)}/{len(items) - 1}/{_pointer(p.value)}"
        r.trail.append(Origin(pointer, segment.id, segment.index, segment.offset, at, 1))


def _pointer(path: Path) -> str:
    return "/".join(str(p) for p in path)


def _reach(target: Any, path: Path, default: Any) -> Any:
    """What stands at a path; made when it does not."""
    for step, following in pairwise(path):
        target = _child(target, step, [] if isinstance(following, int) else {})
    return _child(target, path[-1], default)


def _child(target: Any, step: str | int, default: Any) -> Any:
    if isinstance(step, int):
        while len(target) <= step:
            target.append(default)
        return target[step]
    return target.setdefault(step, default)


def _set(target: Any, path: Path, value: Any) -> None:
    if len(path) > 1:
        target = _reach(target, path[:-1], [] if isinstance(path[-1], int) else {})
    last = path[len(path) - 1]
    if isinstance(last, int):
        # places of a list are filled in their order; an empty one before it closes up
        target.append(value) if len(target) <= last else target.__setitem__(last, value)
    else:
        target[last] = value


# --- writing --------------------------------------------------------------------------------------------------------


def write(m: Map, content: Canonical) -> list[Written]:
    """The segments between the set's header and trailer. Raises PartnerError for what cannot be written exactly."""
    w = _Writing(m)
    source = plain(content)
    if isinstance(content, order.PurchaseOrder):
        source["references"] = [{"kind": k, "value": v} for k, v in content.references.items()]
        source["notes"] = content.notes.split("\n") if content.notes else []
    if isinstance(content, despatch.DespatchAdvice) and m.guide.syntax == "edifact":
        source = _from_despatch(source)
    _emit(w, m.rules, source, "")
    if w.findings:
        raise PartnerError(w.findings)
    return w.out


def plain(value: Any) -> Any:
    """As reading makes it: dicts without what is empty, decimals and dates as they are."""
    if is_dataclass(value) and not isinstance(value, type):
        found = {f.name: plain(getattr(value, f.name)) for f in fields(value)}
        return {k: v for k, v in found.items() if v is not None and v not in ("", [], {})}
    if isinstance(value, tuple | list):
        return [plain(v) for v in cast(Sequence[Any], value)]
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, dict):
        return dict(cast(dict[str, Any], value))
    return value


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
        items: Any = _get(source, rule.each)
        for place, item in enumerate(items or ()):
            if rule.constants and any(_get(item, p) != v for p, v in rule.constants):
                continue
            _emit_one(w, rule, item, f"{base}/{_pointer(rule.each)}/{place}")


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
        below: Any = _get(source, rule.below) if rule.below else None
        first.values[rule.tree.id, 1] = own
        if parent:
            first.values[rule.tree.parent, 1] = parent
        if rule.tree.children:
            first.values[rule.tree.children, 1] = "1" if below else "0"
        for place, item in enumerate(below or ()):
            _emit_one(w, rule, item, f"{base}/{_pointer(rule.below)}/{place}", own)
        return
    segment = Written(rule.id)
    found = rule.always or any(_get(source, p) for p in rule.given)
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
        if f.constant is not None:
            segment.values.setdefault((f.element, f.component), f.constant)
    w.out.append(segment)


def _write_field(w: _Writing, f: Field, source: Any, segment: Written, base: str) -> bool:
    value = _get(source, f.path)
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
                where = f"{base}/{_pointer(f.path)}"
                text = "Round it where it is decided, not where it is written."
                w.findings.append(
                    Finding("map.digits", where, "two decimals, as the partner's format has", str(value), text)
                )
                return False
            segment.values[at] = f"{cents.to_integral_value():f}"
        case Codec.DATE:
            segment.values[at] = f"{value:%Y%m%d}"
        case Codec.DTM:
            time = _get(source, f.variant) if f.variant else None
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
    if f.variant and (kept := _get(source, f.variant)) is not None:
        return str(kept)
    code = table.codes.get(word)
    if code is not None:
        return code
    if f.unknown is Unknown.KEEP:
        return word
    where = f"{base}/{_pointer(f.path)}"
    known = ", ".join(sorted(table.codes)[:30])
    text = "Use one of these, or add a code for it to the map."
    w.findings.append(Finding("map.word", where, f"a word the partner has a code for: {known}", repr(word), text))
    return None


def _write_pairs(w: _Writing, p: Pairs, source: Any, segment: Written, base: str) -> bool:
    found = False
    entries: list[tuple[str, str, str]] = []
    for place, item in enumerate(_get(source, p.each) or ()):
        word, value = str(_get(item, p.qualifier) or ""), str(_get(item, p.value) or "")
        where = f"{base}/{_pointer(p.each)}/{place}"
        code = word if p.table is None else p.table.by_length.get(word, {}).get(len(value)) or p.table.codes.get(word)
        if code is None:
            w.findings.append(
                Finding("map.word", where, "a qualifier of the partner", repr(word), "Add it to the map.")
            )
            continue
        entries.append((code, value, where))
    if p.rest:
        for place, item in enumerate(_get(source, p.rest) or ()):
            entries.append(
                (str(item.get("kind", "")), str(item.get("value", "")), f"{base}/{_pointer(p.rest)}/{place}")
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


def _get(source: Any, path: Path) -> Any:
    for step in path:
        if step == ".":
            return source
        if isinstance(step, int):
            if not isinstance(source, list) or len(cast(list[Any], source)) <= step:
                return None
            source = cast(list[Any], source)[step]
        elif isinstance(source, dict):
            source = cast(Plain, source).get(step)
        else:
            return None
        if source is None:
            return None
    return source
