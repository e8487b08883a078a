"""Maps of XML: declared data that say which element is which field, read in both directions.

The maps of X12 and EDIFACT (`partners.maps.edi`) name elements by their place in a segment and lean on a guide that
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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from typing import Any, cast

from crossdock.errors import CrossdockBug
from crossdock.partners.maps.canonical import OBJECTS, Canonical
from crossdock.partners.maps.paths import Path, path
from crossdock.partners.maps.tables import Table, Unknown, library, shared, table

FOLDER = "xml"
CURRENCY = "$currency"


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


@cache
def load(map_id: str) -> Map:
    """A map of the library by its name; KeyError when there is none."""
    if map_id == "codes":
        raise KeyError(map_id)
    return parse(library(FOLDER, map_id))


def parse(data: Mapping[str, Any]) -> Map:
    common = shared(FOLDER)[data["syntax"]]
    tables = {n: table(n, t) for n, t in {**common["tables"], **data.get("tables", {})}.items()}
    parts: dict[str, Any] = {**common.get("parts", {}), **data.get("parts", {})}
    return Map(
        id=data["id"],
        syntax=SYNTAXES[data["syntax"]],
        root=data["root"],
        namespace=data.get("namespace", ""),
        object=OBJECTS[data["object"]],
        currency=parse_steps(data["currency"])[0] if "currency" in data else (),
        rules=_rules(data["rules"], tables, parts),
    )


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
    steps, attribute = parse_steps(key)
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
                each=path(found.get("each", "")),
                constants=tuple((path(k), str(v)) for k, v in found.get("set", {}).items()),
                rules=rules,
                has=tuple(path(p) for p in found.get("has", ())),
                lacks=tuple(path(p) for p in found.get("lacks", ())),
                least=bool(found.get("least", False)),
                read_only=bool(found.get("read_only", False)),
            )
        case _:
            raise CrossdockBug(f"Map: expected a field or rules at {key}, found {body!r}")


_STEP = re.compile(r"(@?[A-Za-z][\w.:-]*)((?:\[[^\]]*\])*)(?:/|$)")


def parse_steps(text: str) -> tuple[tuple[Step, ...], str]:
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


TARGET = re.compile(
    r"(?P<path>[$\w.]+?)(?P<flags>[!+<]*)(?:\|(?P<how>\w+)(?P<unknown>[?-]?))?"
    r"(?:~(?P<variant>[\w.]+))?"
)


def _field(text: str, tables: Mapping[str, Table]) -> Field:
    if text.startswith("="):
        return Field((), Codec.TEXT, constant=text[1:])
    found = TARGET.fullmatch(text)
    if found is None:
        raise CrossdockBug(f"Map: expected a field, found {text!r}")
    how = found["how"] or "text"
    known = None if how in set(Codec) else tables[how]
    fact = found["path"][1:] if found["path"].startswith("$") else ""
    return Field(
        path=() if fact else path(found["path"]),
        codec=Codec.TABLE if known else Codec(how),
        needed="!" in found["flags"],
        summed="+" in found["flags"],
        read_only="<" in found["flags"],
        fact=fact,
        table=known,
        unknown=Unknown(found["unknown"] or ""),
        variant=path(found["variant"] or ""),
    )
