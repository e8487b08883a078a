"""Holds: what is stopped on purpose, placing one, releasing one."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field

from crossdock import policy
from crossdock.cases import holds
from crossdock.cases.holds import Scope
from crossdock.errors import Conflict, NotFound, Refused
from crossdock.events.inbox import business_now
from crossdock.gateway.access import Caller, Reader, allow
from crossdock.gateway.models import Answer, Cursor, Limit, Page, Search
from crossdock.gateway.work import Hold
from crossdock.policy import Action, Resource

router = APIRouter(prefix="/api/holds", tags=["holds"])


class Which(StrEnum):
    ACTIVE = "active"
    RELEASED = "released"


class Place(BaseModel):
    """key: the order, customer, item, site or partner that is stopped. amount: who releases it must be trusted with."""

    scope: Scope
    key: str = Field(min_length=1, max_length=100)
    kind: str = Field(min_length=1, max_length=60)
    reason: str = Field(min_length=1, max_length=2000)
    release_role: Literal["coordinator", "approver", "admin"] = "coordinator"
    expires_at: AwareDatetime | None = None
    evidence: dict[str, Any] = Field(default_factory=dict)
    amount: Decimal | None = None
    currency: str = Field(default="", max_length=3)


class Release(BaseModel):
    note: str = Field(default="", max_length=4000)


class ReleaseOne(BaseModel):
    id: UUID
    note: str = Field(min_length=1, max_length=4000, description="Why this one")


class ReleaseMany(BaseModel):
    items: list[ReleaseOne] = Field(min_length=1, max_length=100)


class ReleasedOne(Answer):
    """why_not: why it still stands."""

    id: str
    number: str | None
    status: str | None
    resumed: int
    why_not: str | None


class ReleasedMany(Answer):
    """resumed: how many orders went on altogether."""

    items: list[ReleasedOne]
    resumed: int


class Released(Hold):
    """resumed: how many orders went on."""

    resumed: int


@router.get("", summary="Holds")
async def list_(
    caller: Reader, status: Which | None = None, scope: Scope | None = None,
    key: Annotated[str | None, Query(max_length=100)] = None,
    order: Annotated[str | None, Query(max_length=100, description="What this order is stopped by")] = None,
    q: Search = None, limit: Limit = 50, cursor: Cursor = None,
) -> Page[Hold]:  # fmt: skip
    """Newest first, with how many orders each one stops now."""
    async with caller.transaction() as tx:
        page = await holds.find(
            tx, caller.tenant_id, status=status, scope=scope, key=key or None, order=order or None, q=q or None,
            limit=limit, cursor=cursor,
        )  # fmt: skip
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
            evidence=given.evidence, amount=given.amount, currency=given.currency,
        )  # fmt: skip
    return Hold.model_validate(placed.view())


@router.post("/release", summary="Release several holds")
async def release_many(
    given: ReleaseMany, caller: Annotated[Caller, allow(Action.HOLD_RELEASE, by_thing=True)]
) -> ReleasedMany:
    """In one go, each with its own reason and record. An order goes on when its last hold is gone."""
    done: list[ReleasedOne] = []
    async with caller.transaction() as tx:
        now = await business_now(tx)
        for item in sorted(given.items, key=lambda i: i.id):  # rows are locked in one order, whoever asks
            found, resumed, why_not = None, 0, None
            try:
                found = await holds.get(tx, caller.tenant_id, item.id)
                _may(caller, found)
                found, resumed = await holds.release(tx, caller.tenant_id, item.id, caller.name, item.note, now)
            except (NotFound, Refused, Conflict) as e:
                why_not = str(e)
            done.append(
                ReleasedOne(
                    id=str(item.id),
                    number=found and found.number,
                    status=found and found.status.value,
                    resumed=resumed,
                    why_not=why_not,
                )
            )
    return ReleasedMany(items=done, resumed=sum(i.resumed for i in done))


@router.post("/{hold}/release", summary="Release a hold")
async def release(
    hold: UUID, given: Release, caller: Annotated[Caller, allow(Action.HOLD_RELEASE, by_thing=True)]
) -> Released:
    """Its orders go on, unless another hold stops them. Who may is said by its `release_role` and its `amount`."""
    async with caller.transaction() as tx:
        found = await holds.get(tx, caller.tenant_id, hold)
        _may(caller, found)
        ended, resumed = await holds.release(
            tx, caller.tenant_id, hold, caller.name, given.note, await business_now(tx)
        )
    return Released.model_validate({**ended.view(), "resumed": resumed})


def _may(caller: Caller, found: holds.Hold) -> None:
    """Raises Refused, saying what is missing."""
    resource = Resource(
        kind="Hold", tenant_id=caller.tenant_id, id=found.number, role=found.release_role, amount=found.amount
    )
    match policy.decide(caller.who, Action.HOLD_RELEASE, resource):
        case policy.Allowed():
            return
        case policy.Denied("hold-limit"):
            raise Refused(f"{found.number} is about {found.amount} {found.currency}, more than your limit.")
        case policy.Denied():
            raise Refused(f"{found.number} is released by the role {found.release_role}.")
