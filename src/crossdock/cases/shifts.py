"""The end of a shift: somebody gives their open cases to another person or to a team, with a word about each.

The cases change hands at once, in one transaction; the receiver finds a list with the notes, and says that it was seen.
Given to a team, each goes to whoever of it is there and has the least open.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from crossdock import audit, exactjson, ids
from crossdock.cases import casework, common, teams
from crossdock.db import Tx, queries
from crossdock.errors import Conflict, Finding, NotFound, PartnerError

SQL = queries("crossdock.cases", "shifts.sql")
MOST = 500  # cases given at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """cases: {id, number, title, status, owner, priority, note} of each, as they are now."""

    handover_id: UUID
    number: str
    given_by: str
    to_owner: str | None
    to_team: str
    note: str
    given_at: datetime
    seen_by: str | None
    seen_at: datetime | None
    cases: Sequence[Mapping[str, Any]]


async def give(
    tx: Tx, tenant_id: str, by: str, now: datetime, *, to_owner: str | None = None, to_team: str = "", note: str = "",
    cases: Sequence[UUID] | None = None, notes: Mapping[UUID, str] | None = None,
) -> Handover:  # fmt: skip
    """cases: which of the giver's open and snoozed cases; None: all. Raises PartnerError, Conflict, NotFound."""
    await _check(tx, tenant_id, by, to_owner, to_team)
    mine = [r["case_id"] for r in await tx.fetch(SQL["mine"], tenant_id, by, MOST + 1)]
    chosen = mine if cases is None else [c for c in mine if c in set(cases)]
    if cases is not None and len(chosen) != len(set(cases)):
        raise Conflict("One of these cases is not yours, or is closed by now. Look at the list again.")
    if not chosen or len(chosen) > MOST:
        found = str(len(chosen))
        raise PartnerError([Finding("handover.cases", "/cases", f"1 to {MOST} cases", found, "Choose some")])
    handover_id, number = ids.new(), await common.number(tx, tenant_id, "SH")
    await tx.execute(SQL["give"], tenant_id, handover_id, number, by, to_owner, to_team, note[:4000], now)
    for case_id in chosen:
        case = await casework.take(tx, tenant_id, case_id, "assign")
        owner = to_owner or await teams.next_of(tx, tenant_id, to_team, "least-loaded", now)
        said = f"handed over to {owner or to_team} ({number})"
        await casework.save(
            tx, tenant_id, replace(case, owner=owner, team=to_team or case.team), by, now, "hand-over", said
        )  # fmt: skip
        await tx.execute(SQL["item"], tenant_id, handover_id, case_id, (notes or {}).get(case_id, "")[:4000])
    detail = {"to": to_owner or f"team {to_team}", "cases": len(chosen), "note": note}
    await audit.record(tx, tenant_id, by, "shift.hand-over", number, detail)
    facts = {"handover": str(handover_id), "number": number, "to": to_owner, "team": to_team, "cases": len(chosen)}
    await common.publish(tx, tenant_id, "case.handed-over", "", now, {**facts, "by": by})
    return await get(tx, tenant_id, handover_id)


async def seen(tx: Tx, tenant_id: str, handover_id: UUID, by: str, now: datetime) -> Handover:
    """Whoever it was given to has read it. Raises Conflict for anybody else; seen again changes nothing."""
    given = await get(tx, tenant_id, handover_id)
    if given.to_owner not in (None, by) or (given.to_team and not await _belongs(tx, tenant_id, given.to_team, by)):
        raise Conflict(f"{given.number} was given to {given.to_owner or 'the team ' + given.to_team}")
    if await tx.fetchval(SQL["seen"], tenant_id, handover_id, by, now):
        await audit.record(tx, tenant_id, by, "shift.seen", given.number, {})
    return await get(tx, tenant_id, handover_id)


async def recent(tx: Tx, tenant_id: str, user: str, *, limit: int = 50) -> list[Handover]:
    """Given to somebody, to a team of theirs, or by them; the newest first."""
    return [_handover(r) for r in await tx.fetch(SQL["recent"], tenant_id, user, limit)]


async def get(tx: Tx, tenant_id: str, handover_id: UUID) -> Handover:
    row = await tx.fetchrow(SQL["one"], tenant_id, handover_id)
    if row is None:
        raise NotFound("No such handover")
    return _handover(row)


async def _check(tx: Tx, tenant_id: str, by: str, to_owner: str | None, to_team: str) -> None:
    if bool(to_owner) == bool(to_team):
        raise PartnerError([Finding("handover.to", "/to", "a person or a team", "both or none", "Choose one")])
    if to_owner == by:
        raise PartnerError([Finding("handover.to", "/to_owner", "another person", by, "Choose somebody else")])
    if to_owner and not await teams.known(tx, tenant_id, to_owner):
        expected = "somebody who may work on exceptions"
        raise PartnerError([Finding("handover.to", "/to_owner", expected, to_owner, "Choose another")])
    if to_team:
        await teams.get(tx, tenant_id, to_team)


async def _belongs(tx: Tx, tenant_id: str, team: str, user: str) -> bool:
    return user in {m.user for m in (await teams.get(tx, tenant_id, team)).members}


def _handover(row: Any) -> Handover:
    return Handover(
        handover_id=row["handover_id"], number=row["number"], given_by=row["given_by"], to_owner=row["to_owner"],
        to_team=row["to_team"], note=row["note"], given_at=row["given_at"], seen_by=row["seen_by"],
        seen_at=row["seen_at"], cases=exactjson.loads(row["cases"]),
    )  # fmt: skip
