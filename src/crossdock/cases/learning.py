"""What an exception teaches: whoever corrects an order in it says what its partner meant by a name.

The correction proposes a cross-reference, as that of a document does; nobody uses it before a person accepts it
(partners.crossref.proposals). `waiting` says which open exceptions still hold the partner's name.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from crossdock.cases import common
from crossdock.db import Tx, queries
from crossdock.partners.crossref import proposals
from crossdock.partners.crossref.translate import Entry, Kind

SQL = queries("crossdock.cases", "learning.sql")
MAX_LOOKED_AT = 200


@dataclass(frozen=True, slots=True)
class Holding:
    """An open exception whose order says the partner's name."""

    case_id: UUID
    number: str
    title: str
    order: str


async def learn(
    tx: Tx, tenant_id: str, case_id: UUID, number: str, order: str, before: Any, after: Any, by: str, why: str,
    now: datetime,
) -> str:  # fmt: skip
    """Proposes what the correction of a case's data suggests; returns what was proposed, in words, or ""."""
    if not order or before == after:
        return ""
    evidence = {"case": str(case_id), "number": number, "order": order, "why": why[:500], "by": by}
    found = await proposals.of_order(tx, tenant_id, order, before, after, evidence, now)
    return ", ".join(f"{s.entry.kind.value.replace('_', '-')} {s.entry.theirs} is our {s.entry.ours}" for s in found)


async def waiting(tx: Tx, tenant_id: str, proposal: Any) -> list[Holding]:
    """The longest open first, among the partner's MAX_LOOKED_AT that have an order to correct."""
    entry = proposals.entry_of(proposal)
    rows = await tx.fetch(SQL["of_partner"], tenant_id, proposal["partner_id"], MAX_LOOKED_AT)
    return [
        Holding(r["case_id"], r["number"], r["title"], r["order_no"])
        for r in rows
        if _holds(common.json_of(r["data"]), entry)
    ]


def _holds(data: Any, entry: Entry) -> bool:
    match entry.kind:
        case Kind.UNIT:
            return any(line.get("unit") == entry.theirs for line in _members(data, "lines"))
        case Kind.SKU:
            items = (item for line in _members(data, "lines") for item in _members(line, "items"))
            return any((i.get("scheme"), i.get("value")) == (entry.qualifier, entry.theirs) for i in items)
        case Kind.SHIP_TO:
            return data.get("ship_to_id") == entry.theirs


def _members(of: Any, name: str) -> Iterator[dict[str, Any]]:
    found = cast("dict[str, Any]", of).get(name) if isinstance(of, dict) else None
    for member in cast("list[Any]", found) if isinstance(found, list) else ():
        if isinstance(member, dict):
            yield cast("dict[str, Any]", member)
