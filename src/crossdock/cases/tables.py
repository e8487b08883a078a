"""A tenant's reference tables, published by edition: an edition is checked whole, takes effect at its time, and is
never edited. What a workflow looked up names the edition that answered.

The edition that counts is read in the transaction of the look-up (one indexed row); what a key gives in an edition
never changes and is remembered by the process under (tenant, table, edition, key).
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from crossdock import audit, exactjson
from crossdock.cases.common import Misuse
from crossdock.db import Tx, queries
from crossdock.errors import NotFound
from crossdock.rules import reference
from crossdock.rules.reference import Kind, Row, Table

SQL = queries("crossdock.cases", "tables.sql")

REMEMBERED = 20_000  # rows: some 10 MB at 500 bytes each
ROWS_A_STATEMENT = 5000


@dataclass(frozen=True, slots=True)
class Edition:
    name: str
    version: int
    columns: Mapping[str, Kind]
    keys: tuple[str, ...]
    effective_from: datetime
    rows: int

    def key(self, given: Any) -> str:
        """The key text of a value, or of {column: value} for all key columns. Raises Misuse."""
        wanted = ", ".join(self.keys)
        if isinstance(given, Mapping):
            cells = cast("Mapping[str, Any]", given)
            if set(cells) != set(self.keys):
                found = ", ".join(cells) or "none"
                raise Misuse(f"expected `key` with {wanted} of table {self.name!r}, found {found}")
            values = [cells[k] for k in self.keys]
        else:
            values: list[Any] = cast("list[Any]", given) if isinstance(given, list) else [given]
            if len(values) != len(self.keys):
                raise Misuse(f"expected `key` with {wanted} of table {self.name!r}, found {len(values)} values")
        return reference.key_of(self._cell(k, v) for k, v in zip(self.keys, values, strict=True))

    def _cell(self, column: str, value: Any) -> reference.Cell:
        kind = self.columns[column]
        try:
            return reference.cell(value, kind)
        except ValueError as e:
            shown = exactjson.text(value)[:100]
            raise Misuse(f"expected a key of kind {kind} for {column!r} of table {self.name!r}, found {shown}") from e


@dataclass(frozen=True, slots=True)
class Listed:
    edition: Edition
    put_by: str
    put_at: datetime


async def put(tx: Tx, tenant_id: str, table: Table, by: str, now: datetime) -> tuple[int, bool]:
    """Publishes an edition, effective at its time or now; (edition, False) when the last one says the same."""
    await tx.execute(SQL["one_at_a_time"], f"reference/{tenant_id}/{table.name}")
    since = table.effective_from or now
    before = await tx.fetchrow(SQL["latest"], tenant_id, table.name)
    if before is not None and before["hash"] == table.hash and (
        table.effective_from is None or before["effective_from"] == since
    ):  # fmt: skip
        return before["version"], False
    version = 1 if before is None else before["version"] + 1
    await tx.execute(
        SQL["put"], tenant_id, table.name, version, since, exactjson.text(table.columns), exactjson.text(table.keys),
        len(table.rows), table.hash, by, now,
    )  # fmt: skip
    rows = list(table.rows.items())
    for start in range(0, len(rows), ROWS_A_STATEMENT):
        part = rows[start : start + ROWS_A_STATEMENT]
        bodies = [exactjson.text(row) for _, row in part]
        await tx.execute(SQL["put_rows"], tenant_id, table.name, version, [key for key, _ in part], bodies)
    detail = {"version": version, "rows": len(rows), "hash": table.hash, "effective_from": since}
    await audit.record(tx, tenant_id, by, "reference.put", table.name, detail)
    return version, True


async def effective(tx: Tx, tenant_id: str, name: str, at: datetime, version: int | None = None) -> Edition | None:
    """The edition that counts at a time, or the one asked for."""
    if version is not None:
        row = await tx.fetchrow(SQL["edition"], tenant_id, name, version)
    else:
        row = await tx.fetchrow(SQL["effective"], tenant_id, name, at)
    return None if row is None else _edition(name, row)


async def every(tx: Tx, tenant_id: str) -> list[Listed]:
    """All editions, the newest of each table first."""
    rows = await tx.fetch(SQL["all"], tenant_id)
    return [Listed(_edition(r["name"], r), r["put_by"], r["put_at"]) for r in rows]


async def rows_of(tx: Tx, tenant_id: str, edition: Edition) -> Sequence[Row]:
    rows = await tx.fetch(SQL["rows"], tenant_id, edition.name, edition.version)
    return [exactjson.loads(r["body"]) for r in rows]


async def some_rows(tx: Tx, tenant_id: str, edition: Edition, offset: int, limit: int) -> Sequence[Row]:
    """By key, for whoever reads a page at a time."""
    rows = await tx.fetch(SQL["some_rows"], tenant_id, edition.name, edition.version, offset, limit)
    return [exactjson.loads(r["body"]) for r in rows]


async def latest(tx: Tx, tenant_id: str, name: str) -> tuple[Mapping[str, Kind], tuple[str, ...]] | None:
    """Columns and keys of the edition put last: what a new file of the table is read with."""
    row = await tx.fetchrow(SQL["latest"], tenant_id, name)
    if row is None:
        return None
    return _kinds(row["columns"]), tuple(exactjson.loads(row["keys"]))


class Memory:
    """What keys gave, of this process: the least recently used is forgotten."""

    def __init__(self, size: int = REMEMBERED) -> None:
        self._size = size
        self._rows: OrderedDict[tuple[str, str, int, str], str | None] = OrderedDict()
        self.hits = 0

    async def row(self, tx: Tx, tenant_id: str, edition: Edition, key: str) -> Any:
        """A new copy of the row, None when there is none."""
        place = (tenant_id, edition.name, edition.version, key)
        if place in self._rows:
            self.hits += 1
            self._rows.move_to_end(place)
            text = self._rows[place]
        else:
            text = await tx.fetchval(SQL["row"], tenant_id, edition.name, edition.version, key)
            self._rows[place] = text
            if len(self._rows) > self._size:
                self._rows.popitem(last=False)
        return None if text is None else exactjson.loads(text)


async def get(tx: Tx, tenant_id: str, name: str, at: datetime, version: int | None = None) -> Edition:
    """Raises NotFound."""
    found = await effective(tx, tenant_id, name, at, version)
    if found is None:
        raise NotFound(f"No reference table {name!r}" + (f" with edition {version}" if version else " in effect"))
    return found


def _edition(name: str, row: Any) -> Edition:
    keys = tuple(exactjson.loads(row["keys"]))
    return Edition(name, row["version"], _kinds(row["columns"]), keys, row["effective_from"], row["row_count"])


def _kinds(text: str) -> Mapping[str, Kind]:
    return {name: Kind(kind) for name, kind in exactjson.loads(text).items()}
