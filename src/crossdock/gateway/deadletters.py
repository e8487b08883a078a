"""Events that could not be handed on: what they are, why, and handing them on again."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from crossdock import exactjson
from crossdock.cases import causes
from crossdock.cases.fixes import awaited
from crossdock.cases.fixes.radius import TYPED_FROM
from crossdock.errors import Finding, NotFound, PartnerError
from crossdock.events import dead
from crossdock.gateway.access import Caller, Reader, allow
from crossdock.gateway.models import Answer, Limit, Time
from crossdock.partners.agreements import expectations
from crossdock.policy import Action
from crossdock.tower import projection

router = APIRouter(prefix="/api/dead-letters", tags=["events"])
# Those who are handed events beside workflows, as in a worker.
TAKERS = (projection.project, expectations.observe, causes.observe, awaited.observe)
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


class Chosen(BaseModel):
    seqs: list[int] = Field(min_length=1, max_length=dead.MOST)


class Discard(Chosen):
    """typed: how many, where there are many."""

    reason: str = Field(min_length=1, max_length=2000)
    typed: int | None = None


class ForeseenOut(Answer):
    """taken: whether those who could not take it now would. heard: instances that would hear it or begin by it."""

    seq: int
    type: str
    subject: str
    taken: bool
    heard: int
    text: str


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


@router.post("/preview", summary="What handing events on again would come to")
async def preview(given: Chosen, caller: Operator) -> list[ForeseenOut]:
    """Each is handed on and that is rolled back: nothing is changed."""
    async with caller.transaction() as tx:
        found = await dead.preview(tx, caller.tenant_id, given.seqs, TAKERS)
    return [ForeseenOut.model_validate(f) for f in found]


@router.post("/discard", summary="Discard events that nobody needs handed on")
async def discard(given: Discard, caller: Operator) -> Replayed:
    """With a reason, for the audit trail; the events themselves stay in the log. Many need their number typed."""
    if len(given.seqs) >= TYPED_FROM and given.typed != len(given.seqs):
        found = "nothing" if given.typed is None else str(given.typed)
        fix = "Type how many are discarded."
        raise PartnerError([Finding("dead.typed", "/typed", str(len(given.seqs)), found, fix)])
    async with caller.transaction() as tx:
        done = await dead.discard(tx, caller.tenant_id, given.seqs, given.reason, caller.name)
        return Replayed(seqs=done, left=await dead.count(tx, caller.tenant_id))


@router.post("/{seq}/replay", summary="Hand one event on again")
async def replay_one(seq: int, caller: Operator) -> Replayed:
    """404 when it is no dead letter, or no longer."""
    async with caller.transaction() as tx:
        done = await dead.replay(tx, caller.tenant_id, [seq], caller.name)
        if not done:
            raise NotFound("No such dead letter; it may have been handed on already.")
        return Replayed(seqs=done, left=await dead.count(tx, caller.tenant_id))
