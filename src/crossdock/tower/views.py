"""Saved views of the board: filters under a name, of a person, shared with the tenant if its owner likes.

Everybody has at most one default view: their own, or one that somebody shared. A shared view is changed by its owner
alone; whoever made it their default sees it as it is then.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from crossdock import exactjson, ids
from crossdock.db import Tx, queries
from crossdock.errors import Conflict, Finding, NotFound, PartnerError, Refused

SQL = queries("crossdock.tower", "views.sql")

FILTERS = ("process", "version", "site", "customer", "partner", "channel", "type", "as")
MOST = 200  # of a person
LONGEST = 200


async def every(tx: Tx, tenant_id: str, person: str) -> list[dict[str, Any]]:
    """One's own and those that others share, by name."""
    return [_view(r, person) for r in await tx.fetch(SQL["every"], tenant_id, person)]


async def put(
    tx: Tx, tenant_id: str, person: str, name: str, filters: dict[str, str], shared: bool, now: datetime,
    view_id: UUID | None = None,
) -> dict[str, Any]:  # fmt: skip
    """A new view, or another content of one's own. Raises PartnerError, Conflict, Refused, NotFound."""
    _check(filters)
    if view_id is not None:
        await _own(tx, tenant_id, person, view_id)
    elif await tx.fetchval(SQL["count"], tenant_id, person) >= MOST:
        raise Conflict(f"You have {MOST} views. Delete one first.")
    row = await tx.fetchrow(
        SQL["put"], tenant_id, view_id or ids.new(), person, name, exactjson.text(filters), shared, now, name.casefold()
    )
    if row is None:
        raise Conflict(f"You have a view called {name!r} already.")
    return _view(row, person)


async def delete(tx: Tx, tenant_id: str, person: str, view_id: UUID) -> None:
    await _own(tx, tenant_id, person, view_id)
    await tx.execute(SQL["delete"], tenant_id, view_id)


async def choose(tx: Tx, tenant_id: str, person: str, view_id: UUID | None) -> None:
    """Makes it the person's default; None: none is. Raises NotFound for one that this person does not see."""
    if view_id is None:
        await tx.execute(SQL["no_default"], tenant_id, person)
    elif not await tx.fetchval(SQL["choose"], tenant_id, person, view_id):
        raise NotFound("No such view")


async def _own(tx: Tx, tenant_id: str, person: str, view_id: UUID) -> None:
    row = await tx.fetchrow(SQL["one"], tenant_id, view_id)
    if row is None or (row["owner"] != person and not row["shared"]):
        raise NotFound("No such view")
    if row["owner"] != person:
        raise Refused(f"This view is {row['owner']}'s: save it under a name of your own.")


def _check(filters: dict[str, str]) -> None:
    wrong = [
        Finding("view.filter", f"/filters/{key}", f"one of {', '.join(FILTERS)}", value[:40], "Leave it out")
        for key, value in filters.items()
        if key not in FILTERS or len(value) > LONGEST
    ]
    if wrong:
        raise PartnerError(wrong)


def _view(row: Any, person: str) -> dict[str, Any]:
    return {
        "id": str(row["view_id"]), "name": row["name"], "owner": row["owner"], "mine": row["owner"] == person,
        "shared": row["shared"], "filters": exactjson.loads(row["filters"]), "default": row["is_default"],
        "put_at": row["put_at"],
    }  # fmt: skip
