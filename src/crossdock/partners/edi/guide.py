"""Guides: what a set may hold, declared as data, compiled once into what the walker needs.

A guide names its syntax (whose segments are declared once for all guides, in `x12.yaml` and `edifact.yaml`), the set,
the versions, and its structure: a list in which a text is a segment and a mapping is a loop.

    structure:
      - BAK M1                  mandatory, once
      - REF *                   any number
      - "DTM[1.1=137] M1"       of this qualifier
      - N1: {max: 200, segments: [N1 M1, N3 2, N4 1]}
      - any:                    these loops in any order, such as the levels of an HL tree
          - HL-S: {when: {3: S}, segments: [HL M1, ...]}

A segment of the structure that opens a loop is the loop's first. `extends` names another guide; what the file says
replaces what that one says (segments, codes and `means` one by one). `edition` is the partner's own number of its
guide. Elements are declared in order:

    "<number> <type> <min> <max> <M|O> <name>"                   X12
    "<number> <type..max> <M|C> <name>"                          EDIFACT, simple
    "C002 M document name: 1001 an..3 C code, 1000 an..35 C name"    EDIFACT, composite

Conditions are X12's: P paired, R at least one, E at most one, C if the first then the others, L if the first then one
of the others. Codes listed under `codes` are the only ones allowed there.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, cast

import yaml

from crossdock.errors import CrossdockBug

UNBOUNDED = 10**9


@dataclass(frozen=True, slots=True)
class Data:
    """A simple element or a component. type: X12's AN ID DT TM N0 N2 R, EDIFACT's a n an."""

    reference: str
    type: str
    min: int
    max: int
    mandatory: bool
    name: str
    codes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Element:
    """parts: one for a simple element."""

    reference: str
    name: str
    mandatory: bool
    parts: tuple[Data, ...]

    @property
    def composite(self) -> bool:
        return len(self.parts) > 1


@dataclass(frozen=True, slots=True)
class Rule:
    """A segment as declared. conditions: (letter, positions). needed: position of the last mandatory element."""

    id: str
    name: str
    elements: tuple[Element, ...] = ()
    conditions: tuple[tuple[str, tuple[int, ...]], ...] = ()
    needed: int = 0


Qualifiers = tuple[tuple[int, int, frozenset[str]], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """A segment or loop at its place in a loop. place counts from 0; items of one `any` share theirs."""

    place: int
    id: str  # of the segment, or of the one that opens the loop
    name: str  # of the loop, else the segment's
    mandatory: bool
    max: int
    when: Qualifiers
    rule: Rule
    loop: "Loop | None" = None


@dataclass(slots=True, eq=False)
class Loop:
    """index: items by the segment that opens them, in order of their places."""

    name: str
    label: str = ""  # how people name one of it: "Line {1}"
    items: list[Item] = field(default_factory=list[Item])
    index: dict[str, list[Item]] = field(default_factory=dict[str, list[Item]])
    tree: "Tree | None" = None

    def loops(self) -> Iterator["Loop"]:
        for item in self.items:
            if item.loop is not None:
                yield item.loop
                yield from item.loop.loops()


@dataclass(frozen=True, slots=True)
class Tree:
    """A loop whose instances name their parent: element numbers in its first segment. children 0: not said.

    parents: level → levels under which it may stand ("" is the top); levels not listed may stand anywhere.
    """

    id: int
    parent: int
    level: int
    children: int
    parents: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    id: str
    syntax: str  # x12 or edifact
    set: str
    function: str
    name: str
    versions: re.Pattern[str]
    root: Loop
    known: frozenset[str]  # segments that occur anywhere in it
    rules: Mapping[str, Rule]
    means: dict[str, Any]
    edition: str = ""  # of the partner that wrote it


def supports(guide: Guide, version: str) -> bool:
    return guide.versions.match(version) is not None


@cache
def load(guide_id: str) -> Guide:
    """A guide of the library by its name; KeyError when there is none of that name."""
    return parse(_merged(guide_id))


@cache
def digest(guide_id: str) -> str:
    """What tells one state of a guide from another: of all that it says, with what it takes from others."""
    merged = _merged(guide_id)
    said = [merged, _shared(merged["syntax"])]
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16]


def _folder(name: str) -> Any:
    return files("crossdock.library").joinpath("partners", "guides", f"{name}.yaml")


def _read(name: str) -> dict[str, Any]:
    file = _folder(name)
    if not re.fullmatch(r"[a-z0-9-]+", name) or not file.is_file():
        raise KeyError(name)
    return yaml.safe_load(file.read_text(encoding="utf-8"))


def _merged(name: str) -> dict[str, Any]:
    data = _read(name)
    if (base := data.pop("extends", None)) is None:
        return data
    under = _merged(base)
    segments = {**under.get("segments", {})}
    for key, value in data.pop("segments", {}).items():
        segments[key] = {**segments.get(key, {}), **value}
    means = {**under.get("means", {}), **data.pop("means", {})}
    return {**under, **data, "segments": segments, "means": means}


@cache
def _shared(syntax: str) -> dict[str, Any]:
    return _read(syntax)["segments"]


def parse(data: Mapping[str, Any]) -> Guide:
    """Raises CrossdockBug for a guide that contradicts itself: guides are tested before they are shipped."""
    syntax = data["syntax"]
    shared = _shared(syntax)
    own: dict[str, Any] = data.get("segments", {})
    rules: dict[str, Rule] = {}

    def rule(name: str) -> Rule:
        if name not in rules:
            declared = {**shared.get(name, {}), **own.get(name, {})}
            rules[name] = _rule(name, declared, syntax)
        return rules[name]

    root = Loop("")
    _fill(root, data["structure"], rule)
    known = frozenset(rules)
    return Guide(
        id=data["id"],
        syntax=syntax,
        set=str(data["set"]),
        function=data.get("function", ""),
        name=data.get("name", ""),
        versions=re.compile(data["versions"]),
        root=root,
        known=known,
        rules=rules,
        means=data.get("means", {}),
        edition=str(data.get("edition", "")),
    )


_ITEM = re.compile(r"(\w+)(?:\[([^\]]+)\])?(?:\s+(M)?(\d+|\*))?")


def _fill(loop: Loop, structure: list[Any], rule: Any) -> None:
    for place, entry in enumerate(structure):
        if isinstance(entry, str):
            found = _ITEM.fullmatch(entry)
            if found is None:
                raise CrossdockBug(f"Guide: expected `ID M1`, found {entry!r}")
            name, when, must, most = found.groups()
            limit = UNBOUNDED if most == "*" else int(most or 1)
            _add(loop, Item(place, name, name, must == "M", limit, _qualifiers(when), rule(name)))
            continue
        [(name, declared)] = entry.items()
        if name == "any":
            for alternative in declared:
                [(inner, what)] = alternative.items()
                _add(loop, _loop(place, inner, what, rule))
        else:
            _add(loop, _loop(place, name, declared, rule))


def _loop(place: int, name: str, declared: Mapping[str, Any], rule: Any) -> Item:
    inner = Loop(name, declared.get("label", ""))
    _fill(inner, declared["segments"], rule)
    if (tree := declared.get("tree")) is not None:
        parents = {str(k): frozenset(str(x) for x in v) for k, v in tree.get("parents", {}).items()}
        inner.tree = Tree(tree["id"], tree["parent"], tree.get("level", 0), tree.get("children", 0), parents)
    first = inner.items[0]
    most = declared.get("max")
    limit = UNBOUNDED if most is None else int(most)
    when = first.when + _when(declared.get("when", {}))
    return Item(place, first.id, name, declared.get("use") == "M", limit, when, first.rule, inner)


def _add(loop: Loop, item: Item) -> None:
    loop.items.append(item)
    loop.index.setdefault(item.id, []).append(item)


def _qualifiers(text: str | None) -> Qualifiers:
    """`1=PO`, `1.1=137|2`, several separated by blanks."""
    if not text:
        return ()
    found: list[tuple[int, int, frozenset[str]]] = []
    for part in text.split():
        where, _, values = part.partition("=")
        element, _, component = where.partition(".")
        found.append((int(element), int(component or 1), frozenset(values.split("|"))))
    return tuple(found)


def _when(declared: Mapping[Any, Any]) -> Qualifiers:
    found: list[tuple[int, int, frozenset[str]]] = []
    for where, values in declared.items():
        element, _, component = str(where).partition(".")
        several = cast(list[Any], values) if isinstance(values, list) else [values]  # YAML: one or a list
        allowed = frozenset(str(v) for v in several)
        found.append((int(element), int(component or 1), allowed))
    return tuple(found)


def _rule(name: str, data: Mapping[str, Any], syntax: str) -> Rule:
    codes = {str(place): allowed for place, allowed in data.get("codes", {}).items()}
    elements: list[Element] = []
    for place, line in enumerate(data.get("elements", ()), 1):
        if syntax == "x12":
            reference, kind, least, most, use, text = line.split(" ", 5)
            allowed = frozenset(str(c) for c in codes.get(str(place), ()))
            part = Data(reference, kind, int(least), int(most), use == "M", text, allowed)
            elements.append(Element(reference, text, use == "M", (part,)))
        elif ":" in line:
            head, _, parts = line.partition(":")
            reference, use, text = head.split(" ", 2)
            inner = tuple(_edifact(p.strip(), codes, f"{place}.{i}") for i, p in enumerate(parts.split(","), 1))
            elements.append(Element(reference, text, use == "M", inner))
        else:
            part = _edifact(line, codes, str(place))
            elements.append(Element(part.reference, part.name, part.mandatory, (part,)))
    conditions = tuple(
        (c[0], tuple(int(c[i : i + 2]) for i in range(1, len(c), 2))) for c in data.get("conditions", ())
    )
    needed = max((i for i, e in enumerate(elements, 1) if e.mandatory), default=0)
    return Rule(name, data.get("name", name), tuple(elements), conditions, needed)


_FORM = re.compile(r"(an|a|n)(\.\.)?(\d+)")


def _edifact(line: str, codes: Mapping[Any, Any], key: str) -> Data:
    reference, form, use, text = line.split(" ", 3)
    found = _FORM.fullmatch(form)
    if found is None:
        raise CrossdockBug(f"Guide: expected a form such as an..35, found {line!r}")
    most = int(found[3])
    return Data(
        reference,
        found[1],
        1 if found[2] else most,
        most,
        use == "M",
        text,
        frozenset(str(c) for c in codes.get(key, ())),
    )
