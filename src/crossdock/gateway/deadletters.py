"""Events that could not be handed on: what they are, why, and handing them on again."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from crossdock import exactjson
from crossdock.errors import NotFound
from crossdock.events import dead
from crossdock.gateway.access import Caller, Reader, allow
from crossdock.gateway.models import Answer, Limit, Time
from crossdock.policy import Action

router = APIRouter(prefix="/api/dead-letters", tags=["events"])
Operator = Annotated[Caller, allow(Action.INSTANCE_OPERATE)]


class DeadLetter(Answer):
    """listeners: whether workflows could not take it, or what shows it (the timeline, the numbers)."""

    seq: int
    type: str
    subject: str
    source: str
    id: str
    reason: str
    at: Time
    received_at: Time
    listeners: bool


class DeadLetters(Answer):
    items: list[DeadLetter]
    total: int


class Which(BaseModel):
    """seqs: those to hand on again; none given means the oldest thousand."""

    seqs: list[int] | None = Field(default=None, max_length=dead.MOST)


class Replayed(Answer):
    """seqs: what was a dead letter until now. What was handed on before is not in it, and nothing happens to it."""

    seqs: list[int]
    left: int


@router.get("", summary="Events that could not be handed on")
async def list_(caller: Reader, after: Annotated[int, Query(ge=0)] = 0, limit: Limit = 50) -> DeadLetters:
    """Oldest first; `after` is the seq of the last one seen."""
    async with caller.transaction() as tx:
        found = await dead.find(tx, caller.tenant_id, after=after, limit=limit)
        total = await dead.count(tx, caller.tenant_id)
    return DeadLetters(items=[DeadLetter.model_validate(exactjson.plain(d)) for d in found], total=total)


@router.post("/replay", summary="Hand on again what could not be")
async def replay(given: Which, caller: Operator) -> Replayed:
    """Asked twice it is done once; each event is in the audit trail."""
    async with caller.transaction() as tx:
        done = await dead.replay(tx, caller.tenant_id, given.seqs, caller.name)
        return Replayed(seqs=done, left=await dead.count(tx, caller.tenant_id))


@router.post("/{seq}/replay", summary="Hand one event on again")
async def replay_one(seq: int, caller: Operator) -> Replayed:
    """404 when it is no dead letter, or no longer."""
    async with caller.transaction() as tx:
        done = await dead.replay(tx, caller.tenant_id, [seq], caller.name)
        if not done:
            raise NotFound("No such dead letter; it may have been handed on already.")
        return Replayed(seqs=done, left=await dead.count(tx, caller.tenant_id))
