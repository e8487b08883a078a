"""Who is at a case now: looks at it, or edits. Whoever is says so again every few seconds; who falls silent is gone.

Counted in real time, not business time: people do not live in simulated days. A change is told to the open pages with
its commit.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from crossdock import exactjson
from crossdock.db import Tx, queries
from crossdock.errors import NotFound

SQL = queries("crossdock.cases", "presence.sql")

GONE_AFTER = timedelta(seconds=45)
CHANNEL = "crossdock_changed"  # what the open pages hear (crossdock.tower.projection)


class Doing(StrEnum):
    LOOKS = "looks"
    EDITS = "edits"


@dataclass(frozen=True, slots=True)
class Present:
    user: str
    doing: Doing
    until: datetime

    def view(self) -> dict[str, Any]:
        return {"user": self.user, "doing": self.doing.value}


async def at(tx: Tx, tenant_id: str, case_id: UUID) -> list[Present]:
    return [
        Present(r["user_name"], Doing(r["doing"]), r["until"]) for r in await tx.fetch(SQL["at"], tenant_id, case_id)
    ]


async def come(
    tx: Tx, tenant_id: str, case_id: UUID, user: str, doing: Doing, gone_after: timedelta = GONE_AFTER
) -> list[Present]:
    """Says that somebody is there, and returns all who are. Raises NotFound."""
    if not await tx.fetchval(SQL["case"], tenant_id, case_id):
        raise NotFound("No such case")
    before = {(p.user, p.doing) for p in await at(tx, tenant_id, case_id)}
    await tx.execute(SQL["come"], tenant_id, case_id, user, doing.value, gone_after)
    if (user, doing) not in before:
        await _tell(tx, tenant_id, case_id)
    return await at(tx, tenant_id, case_id)


async def leave(tx: Tx, tenant_id: str, case_id: UUID, user: str) -> None:
    if await tx.fetchval(SQL["leave"], tenant_id, case_id, user):
        await _tell(tx, tenant_id, case_id)


async def forget(tx: Tx, tenant_id: str) -> None:
    """Rows of those who fell silent; the pages leave them out already."""
    await tx.execute(SQL["forget"], tenant_id)


async def _tell(tx: Tx, tenant_id: str, case_id: UUID) -> None:
    word = {"tenant": tenant_id, "area": "presence", "id": str(case_id), "order": ""}
    await tx.execute(SQL["tell"], CHANNEL, exactjson.text(word))
