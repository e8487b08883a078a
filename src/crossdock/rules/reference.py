"""Reference tables: SKU cross-references, units, ship-to codes, carrier services, whatever a workflow looks up.

A table has typed columns, some of them its key, and rows that differ in their key. It is read from a document (JSON,
YAML) or from CSV, checked as a whole, and written as CSV again without a digit lost. Everything wrong is told at once,
up to MOST_FINDINGS, with row and column.
"""

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, NoReturn, TypeAlias, cast

from crossdock import exactjson
from crossdock.errors import Finding, PartnerError

MOST_ROWS = 100_000
MOST_COLUMNS = 50
LONGEST_CELL = 2000
LONGEST_KEY = 500  # characters of all key cells together: it is an index entry
MOST_FINDINGS = 50
MOST_BYTES = 30_000_000
_NAME = re.compile(r"^[a-z0-9][a-z0-9._-]{0,79}$")
_COLUMN = re.compile(r"^[A-Za-z_][A-Za-z0-9_]{0,62}$")
_INTEGER = re.compile(r"^-?\d{1,30}$")


class Kind(StrEnum):
    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"


KEY_KINDS = (Kind.TEXT, Kind.INTEGER, Kind.DATE)  # what is equal in one way only
Cell: TypeAlias = str | int | Decimal | bool | None
Row: TypeAlias = Mapping[str, Cell]
_WORDS = {
    Kind.TEXT: f"a text of at most {LONGEST_CELL} characters",
    Kind.INTEGER: "a whole number",
    Kind.DECIMAL: "a number such as 12.50",
    Kind.BOOLEAN: "true or false",
    Kind.DATE: "a date such as 2026-12-24",
}


@dataclass(frozen=True, slots=True)
class Table:
    """rows: by key text (`key_of`), in the order given. effective_from: None is at once."""

    name: str
    columns: Mapping[str, Kind]
    keys: tuple[str, ...]
    rows: Mapping[str, Row]
    effective_from: datetime | None = None

    @property
    def hash(self) -> str:
        content = {"columns": self.columns, "keys": self.keys, "rows": self.rows}
        return hashlib.sha256(exactjson.canonical(content)).hexdigest()


class _Wrong(ValueError):
    pass


def cell(value: Any, kind: Kind) -> Cell:
    """A value of the kind. Raises ValueError for any other; an empty one is None."""
    if value is None or value == "":
        return None
    text = str(value).strip() if isinstance(value, str) else None
    match kind:
        case Kind.TEXT:
            if text is None and isinstance(value, int | Decimal) and not isinstance(value, bool):
                text = str(value)
            if text is not None and len(text) <= LONGEST_CELL and "\0" not in text:
                return text or None
        case Kind.INTEGER:
            if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**30:
                return value
            if text is not None and _INTEGER.match(text):
                return int(text)
        case Kind.DECIMAL:
            return _decimal(value if text is None else text)
        case Kind.BOOLEAN:
            if isinstance(value, bool):
                return value
            if text in ("true", "false"):
                return text == "true"
        case Kind.DATE:
            if isinstance(value, date) and not isinstance(value, datetime):
                return value.isoformat()
            if text is not None:
                return date.fromisoformat(text).isoformat()
    raise _Wrong


def _decimal(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise _Wrong  # a float has lost its digits already
    try:
        number = Decimal(value)
    except InvalidOperation as e:
        raise _Wrong from e
    if not number.is_finite() or len(number.as_tuple().digits) > 60 or abs(number.adjusted()) > 60:
        raise _Wrong
    return number


def key_of(cells: Iterable[Cell]) -> str:
    """The text by which a row is found."""
    return exactjson.text(list(cells))


def read(document: Any) -> Table:
    """{name, keys, columns: {name: kind} or [name], rows: [{…}], effective_from?}. Raises PartnerError."""
    reader = _Reader()
    if not isinstance(document, Mapping):
        reader.stop("/", "an object with name, keys, columns and rows", type(document).__name__, "Correct it.")
    given = cast("Mapping[str, Any]", document)
    for key in given.keys() - {"name", "keys", "columns", "rows", "effective_from"}:
        reader.say(f"/{key}", "name, keys, columns, rows or effective_from", key, "Remove it or correct its name.")
    rows = given.get("rows")
    if not isinstance(rows, list):
        reader.stop("/rows", "a list of objects", type(rows).__name__, "Write one object a row.")
    columns = reader.columns(given.get("columns"))
    return reader.table(given.get("name"), columns, given.get("keys"), enumerate(cast("list[Any]", rows)), "/rows/",
                        given.get("effective_from"))  # fmt: skip


def read_csv(
    text: str, name: str, keys: Sequence[str], kinds: Mapping[str, Kind], effective_from: datetime | None = None
) -> Table:
    """CSV with a header line; columns that `kinds` does not name are text. Raises PartnerError."""
    reader = _Reader()
    if len(text) > MOST_BYTES:
        reader.stop("line 1", f"at most {MOST_BYTES} characters", str(len(text)), "Split the table.")
    try:
        lines = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True))
    except csv.Error as e:
        reader.stop("line 1", "CSV as in RFC 4180", str(e), "Save it as comma-separated UTF-8.")
    header = [h.strip() for h in lines[0]] if lines else []
    for unknown in sorted(kinds.keys() - set(header)):
        reader.say("line 1", f"a column {unknown!r}", ", ".join(header) or "none", "Name the columns of the file.")
    if len(set(header)) < len(header):
        reader.stop("line 1", "each column once", ", ".join(header), "Rename one of them.")
    columns = reader.columns({h: kinds.get(h, Kind.TEXT).value for h in header})
    rows: list[tuple[int, Any]] = []
    for number, line in enumerate(lines[1:], 2):
        if len(line) == len(header):
            rows.append((number, dict(zip(header, line, strict=True))))
        elif line:
            reader.say(f"line {number}", f"{len(header)} cells", str(len(line)), "Quote cells that hold commas.")
    return reader.table(name, columns, list(keys), rows, "line ", effective_from)


def write_csv(columns: Mapping[str, Kind], rows: Iterable[Row]) -> str:
    """With a header line; read_csv gives the same rows again."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_written(row.get(column)) for column in columns])
    return out.getvalue()


def _written(value: Cell) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case Decimal():
            return format(value, "f")
        case _:
            return str(value)


class _Reader:
    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def say(self, where: str, expected: str, found: Any, fix: str) -> None:
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(Finding("reference", where, expected, str(found)[:100] or "nothing", fix))

    def stop(self, where: str, expected: str, found: Any, fix: str) -> NoReturn:
        self.say(where, expected, found, fix)
        raise PartnerError(self.findings)

    def columns(self, value: Any) -> dict[str, Kind]:
        given: dict[Any, Any] = {}
        if isinstance(value, Mapping):
            given = dict(cast("Mapping[Any, Any]", value))
        elif isinstance(value, list):
            given = dict.fromkeys(cast("list[Any]", value), Kind.TEXT.value)
        if not 0 < len(given) <= MOST_COLUMNS:
            self.stop("/columns", f"1 to {MOST_COLUMNS} columns with their kinds", len(given), "Name the columns.")
        found: dict[str, Kind] = {}
        for name, kind in given.items():
            here = f"/columns/{name}"
            if not _COLUMN.match(str(name)):
                self.say(here, "a name of letters, digits and _", name, "Rename the column.")
            elif kind not in list(Kind):
                self.say(here, f"one of {', '.join(Kind)}", kind, "Correct the kind.")
                found[str(name)] = Kind.TEXT
            else:
                found[str(name)] = Kind(kind)
        return found

    def table(
        self, name: Any, columns: dict[str, Kind], keys: Any, rows: Iterable[tuple[int, Any]], place: str, since: Any
    ) -> Table:
        if not isinstance(name, str) or not _NAME.match(name):
            self.say("/name", "a name of a-z, 0-9 and ._-", name, "Name the table.")
        listed = [keys] if isinstance(keys, str) else cast("list[Any]", keys) if isinstance(keys, list) else []
        for key in listed:
            if key not in columns:
                self.say("/keys", f"columns of the table ({', '.join(columns)})", key, "Correct the key.")
            elif columns[key] not in KEY_KINDS:
                self.say("/keys", f"a column of {', '.join(KEY_KINDS)}", f"{key}: {columns[key]}", "Choose another.")
        if not listed:
            self.say("/keys", "at least one column", "none", "Say by which columns a row is found.")
        effective = self.moment(since)
        if self.findings:
            raise PartnerError(self.findings)
        checked: dict[str, Row] = {}
        for number, row in rows:
            if len(checked) >= MOST_ROWS:
                self.say(f"{place}{number}", f"at most {MOST_ROWS} rows", "more", "Split the table.")
                break
            self.row(row, f"{place}{number}", columns, listed, checked)
        if self.findings:
            raise PartnerError(self.findings)
        return Table(str(name), columns, tuple(listed), checked, effective)

    def row(
        self, row: Any, where: str, columns: Mapping[str, Kind], keys: Sequence[str], checked: dict[str, Row]
    ) -> None:
        if not isinstance(row, Mapping):
            self.say(where, "an object", type(row).__name__, "Write one object a row.")
            return
        given = cast("Mapping[str, Any]", row)
        for unknown in given.keys() - columns.keys():
            self.say(f"{where}/{unknown}", f"a column ({', '.join(columns)})", unknown, "Add the column or drop it.")
        cells: dict[str, Cell] = {}
        for name, kind in columns.items():
            try:
                cells[name] = cell(given.get(name), kind)
            except ValueError:
                self.say(f"{where}/{name}", _WORDS[kind], given.get(name), "Correct the cell.")
        if cells.keys() != columns.keys():
            return
        for name in keys:
            if cells[name] is None:
                self.say(f"{where}/{name}", "a key", "nothing", "Fill the cell or drop the row.")
                return
        key = key_of(cells[k] for k in keys)
        if len(key) > LONGEST_KEY:
            self.say(where, f"a key of at most {LONGEST_KEY} characters", key, "Shorten it.")
        elif key in checked:
            self.say(where, "each key once", key, "Drop one of the two rows.")
        else:
            checked[key] = cells

    def moment(self, value: Any) -> datetime | None:
        if value is None:
            return None
        try:
            moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            self.say("/effective_from", "a time with its zone such as 2026-12-24T00:00:00Z", value, "Correct it.")
            return None
        return moment
