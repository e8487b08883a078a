"""Cases that belong together, and cases that are the same.

A link says that two cases have to do with each other. A merge closes one and points it to its survivor, which from
then on shows the other's evidence and comments; nothing is copied, so a merge can be undone as long as it stands. A
case that a process waits for cannot be merged away: its answer is owed.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from crossdock.cases import casework, common
from crossdock.cases.casework import Case, Status
from crossdock.db import Tx, queries
from crossdock.errors import Conflict, Finding, NotFound, PartnerError

SQL = queries("crossdock.cases", "linking.sql")
MERGED = "merged"


async def link(tx: Tx, tenant_id: str, case_id: UUID, other_id: UUID, note: str, by: str, now: datetime) -> None:
    """A pair is linked once; linking it again changes nothing."""
    one, two = await _both(tx, tenant_id, case_id, other_id, "link")
    first, second = sorted((case_id, other_id))
    if await tx.fetchval(SQL["link"], tenant_id, first, second, note[:500], by, now):
        await casework.save(tx, tenant_id, one, by, now, "link", f"linked to {two.number}", note=note)
        await casework.save(tx, tenant_id, two, by, now, "link", f"linked to {one.number}", note=note)


async def unlink(tx: Tx, tenant_id: str, case_id: UUID, other_id: UUID, by: str, now: datetime) -> None:
    """Raises NotFound when they are not linked."""
    one, two = await _both(tx, tenant_id, case_id, other_id, "link")
    first, second = sorted((case_id, other_id))
    if not await tx.fetchval(SQL["unlink"], tenant_id, first, second):
        raise NotFound(f"{one.number} and {two.number} are not linked")
    await casework.save(tx, tenant_id, one, by, now, "unlink", f"no longer linked to {two.number}")
    await casework.save(tx, tenant_id, two, by, now, "unlink", f"no longer linked to {one.number}")


async def merge(tx: Tx, tenant_id: str, case_id: UUID, into_id: UUID, by: str, now: datetime) -> Case:
    """Closes the case and points it to the survivor, which is returned. Raises Conflict where that cannot be."""
    one, survivor = await _both(tx, tenant_id, case_id, into_id, "merge")
    if survivor.status is Status.CLOSED:
        raise Conflict(f"{survivor.number} is closed: nothing can be merged into it; reopen it first")
    if one.answers is not None:
        raise Conflict(
            f"A process waits for the answer of {one.number}: merge {survivor.number} into it instead, or link the two"
        )
    gone = replace(
        one, status=Status.CLOSED, closed_at=now, resolution=MERGED, resolved_by=by, merged_into=survivor.case_id,
        snoozed_until=None,
    )  # fmt: skip
    await casework.save(tx, tenant_id, gone, by, now, "merge", f"merged into {survivor.number}")
    kept = await casework.save(tx, tenant_id, survivor, by, now, "take-in", f"{one.number} was merged into this one")
    facts = {"case": str(one.case_id), "number": one.number, "kind": one.kind, "into": survivor.number, "by": by}
    await common.publish(tx, tenant_id, "case.merged", one.order, now, facts)
    return kept


async def unmerge(tx: Tx, tenant_id: str, case_id: UUID, by: str, now: datetime) -> Case:
    """Takes a merge back: the case is open again and stands for itself. Raises Conflict when it is not merged."""
    case = await casework.take(tx, tenant_id, case_id, "unmerge")
    if case.merged_into is None:
        raise Conflict(f"{case.number} is not merged into another case")
    if (same := await tx.fetchval(SQL["same_open"], tenant_id, case_id)) is not None:
        raise Conflict(f"{same} was opened about the same meanwhile; work on that one")
    back = replace(case, status=Status.OPEN, closed_at=None, resolution=None, resolved_by=None, merged_into=None)
    saved = await casework.save(tx, tenant_id, back, by, now, "unmerge", "stands for itself again")
    facts = {"case": str(case.case_id), "number": case.number, "kind": case.kind, "by": by}
    await common.publish(tx, tenant_id, "case.unmerged", case.order, now, facts)
    return saved


async def linked(tx: Tx, tenant_id: str, case_id: UUID) -> list[dict[str, Any]]:
    """{id, number, title, status, note, by, at} of each."""
    return [dict(r) for r in await tx.fetch(SQL["linked"], tenant_id, case_id)]


async def merged(tx: Tx, tenant_id: str, case_id: UUID) -> list[Case]:
    """What was merged into a case, and into that, the earliest first."""
    return [casework.case_of(r) for r in await tx.fetch(SQL["merged"], tenant_id, case_id)]


async def survivor(tx: Tx, tenant_id: str, case_id: UUID) -> UUID:
    """Where a case's things belong now: the end of its merges."""
    return await tx.fetchval(SQL["survivor"], tenant_id, case_id)


async def _both(tx: Tx, tenant_id: str, one: UUID, two: UUID, doing: str) -> tuple[Case, Case]:
    """Locked in the order of their ids, so that two people who link the same pair do not wait in a circle."""
    if one == two:
        finding = Finding("case.pair", "/case", "another case", "the same", "Name two different cases")
        raise PartnerError([finding])
    found: dict[UUID, Case] = {}
    for case_id in sorted((one, two)):
        found[case_id] = await casework.take(tx, tenant_id, case_id, doing if case_id == one else "link")
    return found[one], found[two]
