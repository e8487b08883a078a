"""Holds: what is stopped on purpose, placing one, releasing one."""

from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field

from crossdock.cases import holds
from crossdock.cases.holds import Scope
from crossdock.events.inbox import business_now
from crossdock.gateway.access import Caller, Reader, allow
from crossdock.gateway.models import Cursor, Limit, Page, Search
from crossdock.gateway.work import Hold
from crossdock.policy import Action, Resource

router = APIRouter(prefix="/api/holds", tags=["holds"])


class Which(StrEnum):
    ACTIVE = "active"
    RELEASED = "released"


class Place(BaseModel):
    """key: the order, customer, item or site that is stopped."""

    scope: Scope
    key: str = Field(min_length=1, max_length=100)
    kind: str = Field(min_length=1, max_length=60)
    reason: str = Field(min_length=1, max_length=2000)
    release_role: Literal["coordinator", "approver", "admin"] = "coordinator"
    expires_at: AwareDatetime | None = None
    evidence: dict[str, Any] = Field(default_factory=dict)


class Release(BaseModel):
    note: str = Field(default="", max_length=4000)


class Released(Hold):
    """resumed: how many orders went on."""

    resumed: int


@router.get("", summary="Holds")
async def list_(
    caller: Reader, status: Which | None = None, scope: Scope | None = None,
    key: Annotated[str | None, Query(max_length=100)] = None, q: Search = None, limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[Hold]:  # fmt: skip
    """Newest first, with how many orders each one stops now."""
    async with caller.transaction() as tx:
        page = await holds.find(
            tx, caller.tenant_id, status=status, scope=scope, key=key or None, q=q or None, limit=limit, cursor=cursor
        )
    return Page[Hold](items=[Hold.model_validate(h.view()) for h in page.items], next=page.next, total=page.total)


@router.get("/{hold}", summary="One hold")
async def one(hold: UUID, caller: Reader) -> Hold:
    async with caller.transaction() as tx:
        return Hold.model_validate((await holds.get(tx, caller.tenant_id, hold)).view())


@router.post("", status_code=201, summary="Place a hold")
async def place(given: Place, caller: Annotated[Caller, allow(Action.HOLD_PLACE)]) -> Hold:
    """It stops every order it applies to at the order's next hold check."""
    async with caller.transaction() as tx:
        placed = await holds.place(
            tx, caller.tenant_id, given.scope, given.key, kind=given.kind, reason=given.reason, by=caller.name,
            now=await business_now(tx), release_role=given.release_role, expires_at=given.expires_at,
            evidence=given.evidence,
        )  # fmt: skip
    return Hold.model_validate(placed.view())


@router.post("/{hold}/release", summary="Release a hold")
async def release(
    hold: UUID, given: Release, caller: Annotated[Caller, allow(Action.HOLD_RELEASE, by_thing=True)]
) -> Released:
    """Its orders go on, unless another hold stops them. Who may is said by the hold's `release_role`."""
    async with caller.transaction() as tx:
        found = await holds.get(tx, caller.tenant_id, hold)
        resource = Resource(kind="Hold", tenant_id=caller.tenant_id, id=found.number, role=found.release_role)
        caller.demand(Action.HOLD_RELEASE, resource)
        ended, resumed = await holds.release(
            tx, caller.tenant_id, hold, caller.name, given.note, await business_now(tx)
        )
    return Released.model_validate({**ended.view(), "resumed": resumed})
