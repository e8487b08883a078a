"""Maps of XML: declared data that say which element is which field, read in both directions.

The maps of X12 and EDIFACT (`partners.edi.maps`) name elements by their place in a segment and lean on a guide that
has walked the loops. XML has names at any depth, attributes and namespaces, and its loops are there to see, so it has
a language of its own with the same words:

    - ID: "number!"
    - IssueDate: "issued_on!|date"
    - OrderReference/ID: order_number
    - InvoicedQuantity: ["quantity!|decimal", {unitCode: unit}]
    - LegalMonetaryTotal/PayableAmount: "stated_total!|money"
    - "AllowanceCharge[ChargeIndicator=false]":
        each: adjustments
        set: {kind: allowance}
        rules:
          - Amount: "amount!|money"
    - AccountingSupplierParty/Party: {each: parties, set: {role: supplier}, use: party}

A key is a path of local names; a step may carry conditions (`[Child/Path=a|b]`, `[@attribute=a]`, `$currency` for the
document's currency), and the last may be `@attribute`. Its value is a field (a path; `.` is the object itself, `$name`
a fact, which is checked and not kept) with `!` when it must be there, `+` when several are added up, `<` when it is
read and not written, and after `|` how it is written: text, int, decimal, money (with the currency beside it), price
(the same with any number of decimals), date or a table of `maps/xml/codes.yaml`. Of a table, an unknown code is held
for a person; with `?` it is kept as it is, with `-` its object is left out; after `~` stands the field that keeps which
of several codes with one meaning was used. `=X` is written and not read. `each` makes one object per element and takes
what no rule before it has taken; `least` says that one must be there; `use` and `include` name rules shared within the
map's syntax. `has` and `lacks` choose the objects that a rule writes; `read_only` rules are not written. Rules stand in
the order of the schema: that is how we write.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, TypeAlias, cast

import yaml
from lxml import etree

from crossdock.errors import CrossdockBug, Finding
from crossdock.partners.edi.maps import OBJECTS, Canonical, Table, Unknown
from crossdock.partners.model import Issue, error, hold, shown
from crossdock.partners.numbers import amount
from crossdock.partners.xml.safe import Element

Path: TypeAlias = tuple[str | int, ...]
Plain: TypeAlias = dict[str, Any]
CURRENCY = "$currency"
MAX_ISSUES = 200  # of one document; a thousand missing units are one mistake


class Codec(StrEnum):
    TEXT = "text"
    INT = "int"
    DECIMAL = "decimal"
    MONEY = "money"
    PRICE = "price"
    DATE = "date"
    TABLE = "table"


NUMBERS = frozenset({Codec.INT, Codec.DECIMAL, Codec.MONEY, Codec.PRICE})


@dataclass(frozen=True, slots=True)
class Condition:
    steps: tuple[str, ...]
    attribute: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Field:
    path: Path
    codec: Codec
    needed: bool = False
    summed: bool = False
    read_only: bool = False
    fact: str = ""
    table: Table | None = None
    unknown: Unknown = Unknown.HOLD
    variant: Path = ()
    constant: str | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """Of an element (field, with fields of its attributes), or of a part of the document (rules)."""

    steps: tuple[Step, ...]
    attribute: str = ""
    field: Field | None = None
    beside: tuple[tuple[str, Field], ...] = ()
    each: Path = ()
    constants: tuple[tuple[Path, str], ...] = ()
    rules: "tuple[Rule, ...] | None" = None
    has: tuple[Path, ...] = ()
    lacks: tuple[Path, ...] = ()
    least: bool = False
    read_only: bool = False

    @property
    def name(self) -> str:
        steps = "/".join(s.name for s in self.steps)
        return f"{steps}/@{self.attribute}".lstrip("/") if self.attribute else steps


@dataclass(frozen=True, slots=True)
class Syntax:
    """spaces: whose elements are read. leaf, part: those in which elements with text and with parts are written."""

    name: str
    spaces: frozenset[str]
    leaf: str
    part: str
    currency: str  # the attribute beside an amount
    digits: int | None  # decimals of an amount that is no price


UBL_BASE = "urn:oasis:names:specification:ubl:schema:xsd"
CBC, CAC = f"{UBL_BASE}:CommonBasicComponents-2", f"{UBL_BASE}:CommonAggregateComponents-2"
SYNTAXES = {
    "ubl": Syntax("ubl", frozenset({CBC, CAC}), CBC, CAC, "currencyID", 2),
    "cxml": Syntax("cxml", frozenset({""}), "", "", "currency", None),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Map:
    """root: the name of the element it starts at. currency: where the document says its own."""

    id: str
    syntax: Syntax
    root: str
    namespace: str
    object: type[Canonical]
    currency: tuple[Step, ...]
    rules: tuple[Rule, ...]


# --- declared data --------------------------------------------------------------------------------------------------


@cache
def load(map_id: str) -> Map:
    """A map of the library by its name; KeyError when there is none."""
    if not re.fullmatch(r"[a-z0-9-]+", map_id) or map_id == "codes":
        raise KeyError(map_id)
    file = files("crossdock.library").joinpath("partners", "maps", "xml", f"{map_id}.yaml")
    if not file.is_file():
        raise KeyError(map_id)
    return parse(yaml.safe_load(file.read_text(encoding="utf-8")))


@cache
def _shared() -> dict[str, Any]:
    file = files("crossdock.library").joinpath("partners", "maps", "xml", "codes.yaml")
    return yaml.safe_load(file.read_text(encoding="utf-8"))


def parse(data: Mapping[str, Any]) -> Map:
    shared = _shared()[data["syntax"]]
    tables = {n: _table(n, t) for n, t in {**shared["tables"], **data.get("tables", {})}.items()}
    parts: dict[str, Any] = {**shared.get("parts", {}), **data.get("parts", {})}
    return Map(
        id=data["id"],
        syntax=SYNTAXES[data["syntax"]],
        root=data["root"],
        namespace=data.get("namespace", ""),
        object=OBJECTS[data["object"]],
        currency=_steps(data["currency"])[0] if "currency" in data else (),
        rules=_rules(data["rules"], tables, parts),
    )


def _table(name: str, data: Mapping[Any, Any]) -> Table:
    words = {str(c): str(w) for c, w in data.items()}
    codes: dict[str, str] = {}
    for code, word in words.items():
        codes.setdefault(word, code)
    return Table(name, words, codes, {})


def _rules(
    declared: Sequence[Mapping[str, Any]], tables: Mapping[str, Table], parts: Mapping[str, Any]
) -> tuple[Rule, ...]:
    rules: list[Rule] = []
    for r in declared:
        if "include" in r:
            rules += _rules(parts[cast(str, r["include"])], tables, parts)
        else:
            rules.append(_rule(r, tables, parts))
    return tuple(rules)


def _rule(data: Mapping[str, Any], tables: Mapping[str, Table], parts: Mapping[str, Any]) -> Rule:
    [(key, body)] = data.items()
    steps, attribute = _steps(key)
    match body:
        case str():
            return Rule(steps, attribute, _field(body, tables))
        case [str() as own, beside]:
            named = cast(dict[str, str], beside)
            return Rule(steps, attribute, _field(own, tables), tuple((a, _field(t, tables)) for a, t in named.items()))
        case dict():
            found = cast(dict[str, Any], body)
            inner = found["rules"] if "rules" in found else parts[found["use"]]
            rules = _rules(inner, tables, parts)
            if attribute:  # objects made of an attribute: it is the one thing its rule reads
                rules = tuple(replace(r, attribute=attribute) for r in rules)
            return Rule(
                steps,
                each=_path(found.get("each", "")),
                constants=tuple((_path(k), str(v)) for k, v in found.get("set", {}).items()),
                rules=rules,
                has=tuple(_path(p) for p in found.get("has", ())),
                lacks=tuple(_path(p) for p in found.get("lacks", ())),
                least=bool(found.get("least", False)),
                read_only=bool(found.get("read_only", False)),
            )
        case _:
            raise CrossdockBug(f"Map: expected a field or rules at {key}, found {body!r}")


_STEP = re.compile(r"(@?[A-Za-z][\w.:-]*)((?:\[[^\]]*\])*)(?:/|$)")


def _steps(text: str) -> tuple[tuple[Step, ...], str]:
    steps: list[Step] = []
    attribute, at = "", 0
    while at < len(text):
        if text == ".":
            break
        found = _STEP.match(text, at)
        if found is None or attribute:
            raise CrossdockBug(f"Map: expected a path of elements, found {text!r}")
        if found[1].startswith("@"):
            attribute = found[1][1:]
        else:
            steps.append(Step(found[1], tuple(_condition(c) for c in re.findall(r"\[([^\]]*)\]", found[2]))))
        at = found.end()
    return tuple(steps), attribute


def _condition(text: str) -> Condition:
    where, _, values = text.partition("=")
    steps = where.split("/")
    attribute = steps.pop()[1:] if steps[-1].startswith("@") else ""
    return Condition(tuple(steps), attribute, tuple(values.split("|")))


def _path(text: str) -> Path:
    return (".",) if text == "." else tuple(int(p) if p.isdigit() else p for p in text.split(".") if p)


_TARGET = re.compile(
    r"(?P<path>[$\w.]+?)(?P<flags>[!+<]*)(?:\|(?P<how>\w+)(?P<unknown>[?-]?))?"
    r"(?:~(?P<variant>[\w.]+))?"
)


def _field(text: str, tables: Mapping[str, Table]) -> Field:
    if text.startswith("="):
        return Field((), Codec.TEXT, constant=text[1:])
    found = _TARGET.fullmatch(text)
    if found is None:
        raise CrossdockBug(f"Map: expected a field, found {text!r}")
    how = found["how"] or "text"
    table = None if how in set(Codec) else tables[how]
    fact = found["path"][1:] if found["path"].startswith("$") else ""
    return Field(
        path=() if fact else _path(found["path"]),
        codec=Codec.TABLE if table else Codec(how),
        needed="!" in found["flags"],
        summed="+" in found["flags"],
        read_only="<" in found["flags"],
        fact=fact,
        table=table,
        unknown=Unknown(found["unknown"] or ""),
        variant=_path(found["variant"] or ""),
    )


# --- places ---------------------------------------------------------------------------------------------------------


def local(element: Element) -> str:
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def bare(name: str) -> str:
    """A name without its namespace."""
    return name.rpartition("}")[2]


def place(element: Element, attribute: str = "", below: str = "") -> str:
    """`line 12, /Invoice/InvoiceLine[2]/ID`: as XPath writes it, without prefixes."""
    steps: list[str] = []
    at: Element | None = element
    while at is not None:
        parent = at.getparent()
        name = local(at)
        if parent is not None:
            same = [c for c in parent.iterchildren() if c.tag == at.tag]
            if len(same) > 1:
                name += f"[{same.index(at) + 1}]"
        steps.append(name)
        at = parent
    path = "/" + "/".join(reversed(steps))
    path += f"/@{attribute}" if attribute else ""
    return f"line {element.sourceline or 1}, {path}{'/' + below if below else ''}"


# --- reading --------------------------------------------------------------------------------------------------------


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
            _apply(r, rule.rules, element, item, f"{base}/{_pointer(rule.each)}/{start + len(items)}")
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
    pointer = f"${f.fact}" if f.fact else f"{base}/{_pointer(f.path)}".removesuffix("/.")
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


def _pointer(path: Path) -> str:
    return "/".join(str(p) for p in path)


def get(source: Any, path: Path) -> Any:
    for step in path:
        if step == ".":
            return source
        if isinstance(step, int):
            known = cast(list[Any], source) if isinstance(source, list) else []
            source = known[step] if step < len(known) else None
        else:
            source = cast(Plain, source).get(step) if isinstance(source, dict) else None
        if source is None:
            return None
    return source


def put(target: Any, path: Path, value: Any) -> None:
    """Sets a field; places of a list are filled in their order, an empty one before it closes up."""
    for at, step in enumerate(path[:-1]):
        empty: Any = [] if isinstance(path[at + 1], int) else {}
        if isinstance(step, int):
            while len(target) <= step:
                target.append(empty)
            target = target[step]
        else:
            target = target.setdefault(step, empty)
    last = path[len(path) - 1]
    if not isinstance(last, int):
        target[last] = value
    elif len(target) <= last:
        target.append(value)
    else:
        target[last] = value


# --- writing --------------------------------------------------------------------------------------------------------


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
                    _emit_part(w, rule, item, parent, f"{base}/{_pointer(rule.each)}/{at}")


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
    where = f"${f.fact}" if f.fact else f"{base}/{_pointer(f.path)}"
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
