"""What a look-up gives, and what becomes of one that finds nothing: it fails, takes its default, or asks a person.

A person who is asked adds the row to the table and lets it be looked up again, gives the value for this once, or
gives up; the case answers the call with what a look-up gives, so the workflow does not see the difference.
"""

from collections.abc import Mapping
from typing import Any

from crossdock import exactjson
from crossdock.cases import tables
from crossdock.db import Tx
from crossdock.errors import Conflict
from crossdock.events.inbox import business_now
from crossdock.flow.facts import Error
from crossdock.flow.faults import RUNTIME
from crossdock.flow.outcomes import Done, Failed

FAIL, CASE, DEFAULT = "fail", "case", "default"
MISSING = (FAIL, CASE, DEFAULT)

AGAIN, USE, GIVE_UP = "again", "use", "give-up"  # what a person may choose


def found(table: str, edition: int | None, row: Any) -> dict[str, Any]:
    return {"found": True, "value": row, "table": table, "edition": edition}


def defaulted(table: str, edition: int, default: Any) -> dict[str, Any]:
    return {"found": False, "value": default, "table": table, "edition": edition}


async def outcome(
    tx: Tx, tenant_id: str, evidence: Mapping[str, Any], data: Any, action: str, note: str, by: str
) -> Done | Failed:
    """The look-up's outcome by what a person chose. Raises Conflict when there is still no row.

    evidence: {table, key: {column: value}} of the case; data: the row as the person filled it.
    """
    name, cells = evidence["table"], evidence["key"]
    match action:
        case "again":
            edition = await tables.get(tx, tenant_id, name, await business_now(tx))
            row = await tables.Memory(1).row(tx, tenant_id, edition, edition.key(cells))
            if row is None:
                shown = exactjson.text(cells)
                raise Conflict(f"Table {name!r}, edition {edition.version}, still has no row for {shown}")
            return Done(found(name, edition.version, row))
        case "use":
            return Done(found(name, None, data))
        case _:
            detail = note or f"{by} gave up"
            return Failed(Error(RUNTIME, 404, "Not found", detail, extra={"code": "lookup.missing"}))
