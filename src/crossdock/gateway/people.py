"""Who may come in, and who did what."""

from typing import Annotated

from fastapi import APIRouter, Query

from crossdock import exactjson
from crossdock.db import queries
from crossdock.gateway import identity
from crossdock.gateway.access import Caller, allow
from crossdock.gateway.models import Answer, Cursor, Json, Limit, Money, Page, Search, Time
from crossdock.gateway.paging import place, read_place
from crossdock.policy import Action

router = APIRouter(prefix="/api", tags=["people"])
SQL = queries("crossdock.gateway", "people.sql")


class User(Answer):
    user: str
    name: str
    role: str
    approval_limit: Money | None
    created_at: Time


class AuditRecord(Answer):
    """sealed: chained to the record before it, so that a change would show."""

    at: Time
    actor: str
    action: str
    object: str
    detail: Json
    sealed: bool


@router.get("/users", summary="Users of this tenant")
async def users(caller: Annotated[Caller, allow(Action.USER_MANAGE)]) -> Page[User]:
    async with caller.transaction() as tx:
        rows = await tx.fetch(identity.SQL["users"], caller.tenant_id)
    found = [
        User(user=r["user_name"], name=r["display_name"], role=r["role"], approval_limit=r["approval_limit"],
             created_at=r["created_at"])
        for r in rows
    ]  # fmt: skip
    return Page[User](items=found, total=len(found))


@router.get("/audit", summary="Who did what")
async def audit(
    caller: Annotated[Caller, allow(Action.AUDIT_READ)], actor: Annotated[str | None, Query(max_length=80)] = None,
    action: Annotated[str | None, Query(max_length=80)] = None,
    object: Annotated[str | None, Query(max_length=200)] = None,
    q: Search = None, limit: Limit = 50, cursor: Cursor = None,
) -> Page[AuditRecord]:  # fmt: skip
    """Newest first; records are never changed, and are sealed within a second."""
    filters = (actor or None, action or None, object or None, f"%{q}%" if q else None)
    async with caller.transaction() as tx:
        rows = await tx.fetch(SQL["audit"], caller.tenant_id, *filters, read_place(cursor), limit + 1)
        total = await tx.fetchval(SQL["count_audit"], caller.tenant_id, *filters)
    items = [
        AuditRecord(at=r["at"], actor=r["actor"], action=r["action"], object=r["object_id"],
                    detail=exactjson.loads(r["detail"]), sealed=r["sealed"])
        for r in rows[:limit]
    ]  # fmt: skip
    after = place(rows[limit - 1]["seq"]) if len(rows) > limit else None
    return Page[AuditRecord](items=items, next=after, total=total)
