"""What is wrong with a table that is being written, cell by cell, in words its author can act on.

`check` never raises: a table in the making may hold anything. What it finds is what `table.load` would refuse, each
with the node, the row and the column it stands in, and what `coverage` would warn of.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

from crossdock import exactjson
from crossdock.errors import PartnerError
from crossdock.rules import coverage
from crossdock.rules.table import Table, load

MOST = 200  # of remarks: nobody reads more at once
DRAFT = "draft"
_REASON = re.compile(r"^(?P<cell>.*): (?P<reason>\{.*\})$", re.DOTALL)
_PLACE = re.compile(r"^/nodes/(?P<node>\d+)/content(?:/(?P<part>rules|inputs|outputs|expressions)/(?P<row>\d+))?")


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    HINT = "hint"


@dataclass(frozen=True, slots=True)
class Remark:
    """node, row, column: identifiers in the document, "" where it is about more. where: a JSON pointer."""

    severity: Severity
    code: str
    where: str
    node: str
    row: str
    column: str
    expected: str
    found: str
    fix: str


@dataclass(frozen=True, slots=True)
class Checked:
    """table: None when there is an error."""

    table: Table | None
    remarks: tuple[Remark, ...]


def check(name: str, document: Any, version: str = DRAFT) -> Checked:
    """Every error, and if there is none, every warning that can be decided."""
    try:
        table = load(name, version, exactjson.dumps(stamped(document, name, version)))
    except PartnerError as e:
        found = [_remark(document, f.code, f.where, f.expected, f.found, f.fix) for f in e.findings]
        return Checked(None, tuple(found[:MOST]))
    warned = [
        Remark(Severity(w.severity), w.code, w.where, w.node, w.row, "", w.expected, w.found, w.fix)
        for node in table_nodes(table.document)
        for w in coverage.warnings(node, table.schema)
    ]
    return Checked(table, tuple(warned[:MOST]))


def stamped(document: Any, name: str, version: str) -> Any:
    """The document with its name and version written in, as it is stored when it is published."""
    if not isinstance(document, dict):
        return document
    given = cast("dict[str, Any]", document)
    stated = given.get("metadata")
    before = cast("dict[str, Any]", stated) if isinstance(stated, dict) else {}
    return {**given, "metadata": {**before, "name": name, "version": version}}


def table_nodes(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The decision tables of a document that is right, each with its id."""
    return [n for n in document["nodes"] if n["type"] == "decisionTableNode"]


def _remark(document: Any, code: str, where: str, expected: str, found: str, fix: str) -> Remark:
    node, row, column = _located(document, where)
    if said := _REASON.match(found):
        found, fix = _said(said["cell"], said["reason"], row, column)
        expected = "a condition such as > 100, 'A' or [1..5]" if _is_input(document, where, column) else (
            "a value or an expression such as 'approve', 5 or total * 2")  # fmt: skip
    return Remark(Severity.ERROR, code, where, node, row, column, expected, found, fix)


def _said(cell: str, reason: str, row: str, column: str) -> tuple[str, str]:
    """(found, fix) of what the compiler says: its JSON in words."""
    try:
        told: Any = exactjson.loads(reason)
    except exactjson.DecodeError:
        told = {}
    source = str(told.get("source", reason)) if isinstance(told, dict) else reason  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
    if "Unexpected EOF" in source:
        fix = "Close the quotation: texts stand between two '."
    elif "Incomplete parser output" in source:
        fix = "Put texts between quotation marks ('A'), and one operator between two values."
    elif "Operator" in source:
        fix = "Write one operator: >, >=, <, <=, ==, != or in."
    else:
        fix = "Mend it: as it stands it would never match."
    return f"{cell}: {source}", fix


def _is_input(document: Any, where: str, column: str) -> bool:
    return "/rules/" in where and any(
        str(c.get("id")) == column for n in _nodes(document) for c in _objects(_content(n).get("inputs"))
    )


def _located(document: Any, where: str) -> tuple[str, str, str]:
    """(node, row, column) of a pointer into the document; row: of an expression node its key."""
    place = _PLACE.match(where)
    if place is None:
        return "", "", ""
    nodes = list(_nodes(document))
    at = int(place["node"])
    node = nodes[at] if at < len(nodes) else {}
    ident = str(node.get("id", ""))
    if place["part"] is None:
        return ident, "", ""
    rows = list(_objects(_content(node).get(place["part"])))
    found = rows[int(place["row"])] if int(place["row"]) < len(rows) else {}
    match place["part"]:
        case "rules":
            rest = where[place.end() :].lstrip("/")
            return ident, str(found.get("_id", "")), rest.replace("~1", "/").replace("~0", "~")
        case "expressions":
            return ident, str(found.get("id", "")), ""
        case _:
            return ident, "", str(found.get("id", ""))


def _nodes(document: Any) -> Iterator[dict[str, Any]]:
    if isinstance(document, dict):
        yield from _objects(cast("dict[str, Any]", document).get("nodes"))


def _content(node: Mapping[str, Any]) -> dict[str, Any]:
    content = node.get("content")
    return cast("dict[str, Any]", content) if isinstance(content, dict) else {}


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    for item in cast("list[Any]", value) if isinstance(value, list) else []:
        yield cast("dict[str, Any]", item) if isinstance(item, dict) else {}
