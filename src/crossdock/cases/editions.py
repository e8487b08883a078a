"""The decision tables that each instance decides by: the library's, and over them the tenant's own that were in force
when the instance began.

`tables_at` is the number of the last activation that the instance saw, written with its row. What was in force at a
number never changes, so it is remembered by the process; a number that is not known yet is learnt in a transaction
before the turn that may ask (engine.worker), and evaluating stays a computation.
"""

from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache

from crossdock import exactjson
from crossdock.db import Tx, queries
from crossdock.errors import CrossdockBug
from crossdock.rules import Rulebook, Table, checking, load

SQL = queries("crossdock.cases", "decisiontables.sql")

LIBRARY = 0  # the version of a table that is the library's


@dataclass(frozen=True, slots=True)
class Activated:
    """document: the table's text, "" for the library's."""

    number: int
    table: str
    version: int
    document: str


def version_text(version: int) -> str:
    """As decisions name it, so that nobody takes the tenant's second for the library's."""
    return f"own-{version}"


class Editions:
    def __init__(self, library: Rulebook) -> None:
        self._library = library
        self._activated: dict[str, list[Activated]] = {}

    def known(self, tenant_id: str, tables_at: int) -> bool:
        if not tables_at:
            return True
        there = self._activated.get(tenant_id)
        return there is not None and bool(there) and there[-1].number >= tables_at

    async def learn(self, tx: Tx, tenant_id: str) -> None:
        """Reads what was put in force since it was last read."""
        before = self._activated.get(tenant_id, [])
        rows = await tx.fetch(SQL["activated_since"], tenant_id, before[-1].number if before else 0)
        new = [Activated(r["number"], r["table_name"], r["version"], r["document"] or "") for r in rows]
        self._activated[tenant_id] = before + new

    def book(self, tenant_id: str, tables_at: int) -> Rulebook:
        """Raises CrossdockBug for what was not learnt."""
        if not tables_at:
            return self._library
        if not self.known(tenant_id, tables_at):
            raise CrossdockBug(f"the tables of {tenant_id} are asked at {tables_at} before they were learnt")
        every = self._activated[tenant_id]
        seen = every[: bisect_right(every, tables_at, key=lambda a: a.number)]
        return _book(self._library, tuple(_effective(seen)))


def _effective(seen: list[Activated]) -> list[tuple[str, int, str]]:
    """(table, version, document) of every own version that was ever in force until then; of each table, what is in
    force now comes last."""
    last = {a.table: a.version for a in seen}
    found = dict.fromkeys((a.table, a.version, a.document) for a in seen)
    return sorted(found, key=lambda f: (f[0], last[f[0]] == f[1], f[1]))


@lru_cache(maxsize=256)
def _book(library: Rulebook, own: tuple[tuple[str, int, str], ...]) -> Rulebook:
    """The same texts are compiled once a process. A version may name others, so all of the library are there too."""
    changed = {name for name, _, _ in own}
    tables: list[Table] = [t for t in library.tables() if t.name not in changed]
    for name in sorted(changed):
        versions = [v for v in own if v[0] == name]
        shipped = [t for t in library.tables() if t.name == name]
        if versions[-1][1] != LIBRARY:
            tables += shipped
        tables += [compiled(n, v, d) for n, v, d in versions if v != LIBRARY]
        if versions[-1][1] == LIBRARY:
            tables += shipped
    return Rulebook(tables)


def compiled(name: str, version: int, document: str) -> Table:
    """Raises PartnerError."""
    text = version_text(version)
    return load(name, text, exactjson.dumps(checking.stamped(exactjson.loads(document), name, text)))
