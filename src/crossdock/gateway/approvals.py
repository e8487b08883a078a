"""Approvals: what is asked for, and the decision, which binds to the hash of exactly what was shown."""

from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from crossdock.cases import approvals
from crossdock.events.inbox import business_now
from crossdock.gateway.access import Caller, Reader, allow
from crossdock.gateway.models import Cursor, Limit, Page, Search
from crossdock.gateway.work import Approval
from crossdock.policy import Action, Role

router = APIRouter(prefix="/api/approvals", tags=["approvals"])


class Which(StrEnum):
    PENDING = "pending"
    DECIDED = "decided"


class Decide(BaseModel):
    """hash: of what was shown; another one is refused, because then something else was shown."""

    outcome: Literal["approved", "rejected"]
    note: str = Field(default="", max_length=4000)
    hash: str = Field(min_length=1, max_length=128)


@router.get("", summary="Approvals")
async def list_(
    caller: Reader, status: Which | None = None,
    mine: Annotated[bool, Query(description="Only what the caller's role may decide")] = False,
    order: Annotated[str | None, Query(max_length=40)] = None,
    q: Search = None, limit: Limit = 50, cursor: Cursor = None,
) -> Page[Approval]:  # fmt: skip
    """Newest first. `can_decide` and `why_not` are the caller's own."""
    role = caller.who.role.value if mine and caller.who.role is not Role.ADMIN else None
    async with caller.transaction() as tx:
        page = await approvals.find(
            tx, caller.tenant_id, status=status, role=role, order=order or None, q=q or None, limit=limit, cursor=cursor
        )
    return Page[Approval](
        items=[Approval.model_validate(a.view(caller.who)) for a in page.items], next=page.next, total=page.total
    )


@router.get("/{approval}", summary="One approval")
async def one(approval: UUID, caller: Reader) -> Approval:
    async with caller.transaction() as tx:
        found = await approvals.get(tx, caller.tenant_id, approval)
    return Approval.model_validate(found.view(caller.who))


@router.post("/{approval}/decide", summary="Approve or reject")
async def decide(
    approval: UUID, given: Decide, caller: Annotated[Caller, allow(Action.APPROVAL_DECIDE, by_thing=True)]
) -> Approval:
    """409 when it was decided already, or is not what was shown. Policy is asked with its amount and four eyes."""
    async with caller.transaction() as tx:
        done = await approvals.decide(
            tx, caller.tenant_id, approval, caller.who, given.outcome, await business_now(tx), hash=given.hash,
            note=given.note,
        )  # fmt: skip
    return Approval.model_validate(done.view(caller.who))
