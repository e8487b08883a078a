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
a dtm's time). A path that ends in `<` is read and not written; `=X` is written and not read, `=X if path` when there is
something at the path; `set` is read and not written. `pairs` reads qualifier and value side by side. `spread: {first:
3, last: 22, fields: [a, "b|decimal"]}` makes one object of each run of elements from 3 on, and gives each what the
segment's own elements say (X12 SDQ).
`always` and `given` (paths) write a segment that has nothing but constants. `read_only` rules are not written. `below`
names the list of those that name this loop their parent.

Reading gives plain values, then the typed canonical object; writing gives segments. Both know nothing of delimiters.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from typing import Any

from crossdock.errors import CrossdockBug
from crossdock.partners.edi import guide as guides
from crossdock.partners.edi.guide import Guide, Qualifiers, Tree
from crossdock.partners.maps.canonical import OBJECTS, Canonical
from crossdock.partners.maps.paths import Path, path
from crossdock.partners.maps.tables import Table, Unknown, library, shared, table

FOLDER = "."


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


@dataclass(frozen=True, slots=True)
class Field:
    """constant: what is written instead of a value, when path is () or has something."""

    element: int
    component: int
    path: Path
    codec: Codec
    table: Table | None = None
    unknown: Unknown = Unknown.HOLD
    variant: Path = ()
    constant: str | None = None
    read_only: bool = False


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
class Spread:
    """Several objects in one segment: from element `first` to `last`, as many elements each as there are fields."""

    first: int
    last: int
    fields: tuple[Field, ...]  # their elements count from 0 within the run


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
    spread: Spread | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Map:
    id: str
    guide: Guide
    object: type[Canonical]
    rules: tuple[Rule, ...]


@cache
def load(map_id: str) -> Map:
    """A map of the library by its name; KeyError when there is none."""
    return parse(library(FOLDER, map_id))


def parse(data: Mapping[str, Any]) -> Map:
    guide = guides.load(data["guide"])
    declared = {**shared(FOLDER)[guide.syntax], **data.get("tables", {})}
    tables = {name: table(name, t) for name, t in declared.items()}
    trees = {loop.name: loop.tree for loop in guide.root.loops() if loop.tree is not None}
    rules = _rules(data["rules"], tables, trees)
    return Map(id=data["id"], guide=guide, object=OBJECTS[data["object"]], rules=rules)


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


SELECTOR = re.compile(r"(\w+)(?:\[([^\]]+)\])?")


def _rule(data: Mapping[str, Any], tables: Mapping[str, Table], trees: Mapping[str, Tree]) -> Rule:
    [(selector, body)] = data.items()
    found = SELECTOR.fullmatch(selector)
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
        each=path(body.get("each", "")),
        fields=tuple(own),
        pairs=tuple(_pairs(p, tables) for p in body.get("pairs", ())),
        constants=tuple((path(k), str(v)) for k, v in body.get("set", {}).items()),
        rules=None if inner is None else _rules(inner, tables, trees),
        below=path(body.get("below", "")),
        always=bool(body.get("always", False)),
        given=tuple(path(p) for p in body.get("given", ())),
        tree=trees.get(found[1]) if inner is not None else None,
        read_only=bool(body.get("read_only", False)),
        qualifiers=tuple(written),
        spread=_spread(body["spread"], tables) if "spread" in body else None,
    )


def _spread(data: Mapping[str, Any], tables: Mapping[str, Table]) -> Spread:
    return Spread(
        first=data["first"],
        last=data["last"],
        fields=tuple(_field(place, 1, target, tables) for place, target in enumerate(data["fields"])),
    )


def _field(element: int, component: int, target: str, tables: Mapping[str, Table]) -> Field:
    if target.startswith("="):
        value, _, given = target[1:].partition(" if ")
        return Field(element, component, path(given), Codec.TEXT, constant=value)
    where, _, how = target.partition("|")
    how, _, variant = how.partition("~")
    read_only, where = where.endswith("<"), where.removesuffix("<")
    if not how or how in set(Codec):
        return Field(element, component, path(where), Codec(how or "text"), variant=path(variant), read_only=read_only)
    unknown = Unknown(how[-1]) if how[-1] in "?-" else Unknown.HOLD
    known = tables[how.rstrip("?-")]
    return Field(element, component, path(where), Codec.TABLE, known, unknown, path(variant))


def _pairs(data: Mapping[str, Any], tables: Mapping[str, Table]) -> Pairs:
    return Pairs(
        first=data["first"],
        last=data["last"],
        each=path(data["each"]),
        qualifier=path(data.get("qualifier", "scheme")),
        value=path(data.get("value", "value")),
        table=tables[data["table"]] if "table" in data else None,
        rest=path(data.get("rest", "")),
    )
