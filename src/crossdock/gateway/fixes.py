"""Fixes of exceptions by cause: what fits, what it would do to each, doing it with progress, and taking it back."""

from collections import Counter
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from crossdock import exactjson
from crossdock.cases.clusters import store
from crossdock.cases.fixes import fix as fixes
from crossdock.cases.fixes import jobs, offers, suggesting
from crossdock.cases.fixes.carrying import Desk
from crossdock.cases.fixes.fix import EachItsOwn, Fix
from crossdock.cases.hooks import People
from crossdock.errors import NotFound
from crossdock.gateway.access import Caller, Reader, allow
from crossdock.gateway.clusters import Key, Offset
from crossdock.gateway.instances import programs
from crossdock.gateway.models import Answer, Json, Limit, Money, Time
from crossdock.gateway.work import Case
from crossdock.policy import Action, Resource

router = APIRouter(prefix="/api", tags=["fixes"])
Worker = Annotated[Caller, allow(Action.CASE_WORK)]
# What a fix asks of policy beside working on cases: the right to do the same by hand.
NEEDS: dict[str, Action] = {
    "cross-reference": Action.CROSS_REFERENCE,
    "map-entry": Action.MAP_ACTIVATE,
    "table-row": Action.REFERENCE_MANAGE,
    "decision-row": Action.DEFINITION_EDIT,
    "restart": Action.INSTANCE_OPERATE,
    "re-source": Action.INSTANCE_OPERATE,
    "cancel": Action.ORDER_CANCEL,
}


class FixIn(BaseModel):
    """fix: a kind and what it says (docs/fixing.md). only: some of the cases; else all that are open."""

    model_config = ConfigDict(extra="forbid")

    fix: dict[str, Any]
    reason: str = Field(min_length=1, max_length=2000)
    only: list[UUID] | None = Field(default=None, max_length=jobs.MOST)
    stop_after: int = Field(default=jobs.STOP_AFTER, ge=1, le=jobs.MOST)


class Start(BaseModel):
    """typed: how many cases it would change, where the preview asks for it."""

    token: str = Field(min_length=64, max_length=64)
    typed: int | None = None


class Why(BaseModel):
    reason: str = Field(default="", max_length=2000)


class Undo(Why):
    """call_back: orders that it set going and that are not released yet are cancelled; otherwise they go on."""

    call_back: bool = True


class ForeseenOut(Answer):
    """becomes: called-back, undone or stands. text: what will be done, or because of what it cannot be."""

    case: UUID = Field(validation_alias="case_id")
    number: str
    title: str
    order: str
    becomes: str
    text: str


class UndoShown(Answer):
    """counts: cases by what would become of them."""

    counts: dict[str, int]
    items: list[ForeseenOut]


class OfferOut(Answer):
    """fix: filled in as far as the cause tells. choices: by member, what it may be."""

    kind: str
    fix: Json
    choices: dict[str, list[str]]


class SuggestedOut(Answer):
    """data: the members of the case's data as they would be. action: by which it is answered; "" is checked again.
    what: in words; why: what it rests on."""

    case: Case
    data: Json
    action: str
    what: list[str]
    why: list[str]


class AnswersIn(BaseModel):
    """answers: by case, the members of its data that are corrected. actions: by case, the action it is answered by."""

    model_config = ConfigDict(extra="forbid")

    answers: dict[UUID, dict[str, Any]] = Field(default={}, max_length=suggesting.MOST)
    actions: dict[UUID, Annotated[str, Field(max_length=100)]] = Field(default={}, max_length=suggesting.MOST)
    reason: str = Field(min_length=1, max_length=2000)


class CountedOut(Answer):
    what: str
    cases: int
    lasting: bool


class MovedOut(Answer):
    """A decision of late that would be another. before, after: the rows that hit; outputs: as they are, as they would
    be."""

    order: str
    before: str
    after: str
    outputs: dict[str, list[Json]]


class OfLateOut(Answer):
    """Of a row of a decision table: of so many decisions of late, how many it would change, and the newest of them.

    against: the version it changes, 0 the library's. renewed: test cases that would say otherwise. four_eyes: why
    somebody else publishes it.
    """

    of: int
    changed: int
    moved: list[MovedOut]
    against: int
    renewed: list[str]
    four_eyes: str


class RadiusOut(Answer):
    """Of the cases that it would solve. lasting effects cannot be taken back; blocked ones would be repeated. rule: of
    a row of a decision table, what it would change besides."""

    cases: int
    outcomes: dict[str, int]
    money: dict[str, Money]
    customers: int
    customers_named: list[str]
    orders: int
    effects: list[CountedOut]
    failing: list[CountedOut]
    blocked: list[CountedOut]
    typed: bool
    approval: str
    why_approval: str
    rule: OfLateOut | None


class FixOut(Answer):
    """counts: cases by what became of them. detail: why it stopped, or what taking it back did."""

    id: str
    kind: str
    fix: Json
    cluster: str
    title: str
    reason: str
    token: str
    radius: RadiusOut
    stop_after: int
    status: str
    detail: str
    by: str
    approval: str | None
    previewed_at: Time
    started_at: Time | None
    ended_at: Time | None
    undone_by: str | None
    counts: dict[str, int]

    @classmethod
    def of(cls, job: jobs.Job) -> Self:
        return cls(
            id=str(job.fix_id), kind=fixes.kind(job.fix), fix=fixes.plain(job.fix), cluster=job.cause_key,
            title=job.title, reason=job.reason, token=job.token, radius=RadiusOut.model_validate(job.radius),
            stop_after=job.stop_after, status=job.status, detail=job.detail, by=job.asked_by,
            approval=str(job.approval_id) if job.approval_id else None, previewed_at=job.previewed_at,
            started_at=job.started_at, ended_at=job.ended_at, undone_by=job.undone_by, counts=job.counts,
        )  # fmt: skip


class EffectOut(Answer):
    what: str
    lasting: bool


class FixItem(Answer):
    """outcome: as previewed: solved, fails, blocked, changed. status: what became of it."""

    case: UUID = Field(validation_alias="case_id")
    number: str
    title: str
    order: str
    money: Money | None
    currency: str
    outcome: str
    status: str
    detail: str
    effects: list[EffectOut]
    at: Time | None


@router.get("/clusters/{cluster}/offers", summary="Fixes that fit a cause")
async def offered(cluster: Key, caller: Reader) -> list[OfferOut]:
    """The most particular first, filled in with what the cause says."""
    async with caller.transaction() as tx:
        found = await store.one(tx, caller.tenant_id, cluster, caller.clock.now())
        sample = await store.members(tx, caller.tenant_id, cluster, limit=1)
        if not sample:
            raise NotFound("No open case has this cause (any more).")
        listed = await offers.of(tx, caller.tenant_id, found.cause, sample[0])
    return [OfferOut.model_validate(o) for o in listed]


@router.post("/clusters/{cluster}/fixes", summary="What a fix would do to all exceptions of a cause")
async def preview(cluster: Key, given: FixIn, caller: Worker) -> FixOut:
    """It is carried out on each and rolled back: nothing is changed. `GET /api/fixes/{fix}/cases` tells each."""
    wanted = fixes.read(exactjson.plain(given.fix))
    async with caller.transaction() as tx:
        made = await jobs.preview(
            tx, caller.tenant_id, _desk(), cluster, wanted, caller.name, given.reason, only=given.only,
            stop_after=given.stop_after,
        )  # fmt: skip
    return FixOut.of(made)


@router.get("/suggestions", summary="Answers to exceptions that stand alone")
async def suggested(caller: Reader, limit: Annotated[int, Query(ge=1, le=suggesting.MOST)] = 100) -> list[SuggestedOut]:
    """Where all that is wrong has one likely answer by the records. Nothing is done by itself."""
    now = caller.clock.now()
    async with caller.transaction() as tx:
        found = await suggesting.alone(tx, caller.tenant_id, limit=limit)
    return [
        SuggestedOut(
            case=Case.model_validate(s.case.summary(now)), data=s.data, action=s.action, what=list(s.what),
            why=list(s.why),
        )
        for s in found
    ]  # fmt: skip


@router.post("/suggestions/fixes", summary="What answering exceptions as suggested would do")
async def preview_suggested(given: AnswersIn, caller: Worker) -> FixOut:
    """Each case with data of its own, those that were suggested or others; started, stopped and undone as any fix."""
    answers = {str(case): exactjson.plain(data) for case, data in given.answers.items()}
    fix = EachItsOwn(answers=answers, actions={str(case): action for case, action in given.actions.items()})
    async with caller.transaction() as tx:
        made = await jobs.preview(
            tx, caller.tenant_id, _desk(), "", fix, caller.name, given.reason, only=[UUID(c) for c in fix.cases]
        )
    return FixOut.of(made)


@router.get("/fixes", summary="Fixes that were asked for")
async def list_(caller: Reader, limit: Limit = 50) -> list[FixOut]:
    """The newest first."""
    async with caller.transaction() as tx:
        return [FixOut.of(j) for j in await jobs.newest(tx, caller.tenant_id, limit)]


@router.get("/fixes/{fix}", summary="A fix, with its progress")
async def one(fix: UUID, caller: Reader) -> FixOut:
    async with caller.transaction() as tx:
        return FixOut.of(await jobs.get(tx, caller.tenant_id, fix))


@router.get("/fixes/{fix}/cases", summary="What a fix does to each exception")
async def members(
    fix: UUID, caller: Reader, status: Annotated[str | None, Query(max_length=20)] = None, limit: Limit = 100,
    offset: Offset = 0,
) -> list[FixItem]:  # fmt: skip
    async with caller.transaction() as tx:
        await jobs.get(tx, caller.tenant_id, fix)
        found = await jobs.items(tx, caller.tenant_id, fix, status or None, limit=limit, offset=offset)
    return [FixItem.model_validate(i) for i in found]


@router.post("/fixes/{fix}/start", status_code=202, summary="Do it, as previewed")
async def start(fix: UUID, given: Start, caller: Worker) -> FixOut:
    """Recorded when this returns; a worker goes on with it. Where policy asks for a second person, it waits for one."""
    async with caller.transaction() as tx:
        job = await jobs.get(tx, caller.tenant_id, fix)
        _demand(caller, job.fix, str(fix))
        if job.radius.rule is not None and not job.radius.rule.four_eyes:
            caller.demand(Action.DEFINITION_PUBLISH, Resource(kind="Fix", tenant_id=caller.tenant_id, id=str(fix)))
        return FixOut.of(await jobs.start(tx, caller.tenant_id, fix, given.token, caller.name, typed=given.typed))


@router.post("/fixes/{fix}/cancel", summary="Stop a fix")
async def cancel(fix: UUID, caller: Worker) -> FixOut:
    """No further exception is touched; what was done stays done."""
    async with caller.transaction() as tx:
        return FixOut.of(await jobs.cancel(tx, caller.tenant_id, fix, caller.name))


@router.get("/fixes/{fix}/undo", summary="What taking a fix back would do to each exception")
async def foresee_undo(fix: UUID, caller: Reader, call_back: bool = True) -> UndoShown:
    """Nothing is changed. What cannot be taken back says because of what."""
    async with caller.transaction() as tx:
        found = await jobs.foresee_undo(tx, caller.tenant_id, fix, call_back=call_back)
    return UndoShown(
        counts=dict(Counter(f.becomes for f in found)), items=[ForeseenOut.model_validate(f) for f in found]
    )


@router.post("/fixes/{fix}/undo", status_code=202, summary="Take a fix back")
async def undo(fix: UUID, given: Undo, caller: Worker) -> FixOut:
    """What it changed once for all, then its exceptions, the last first: orders that it set going are cancelled while
    they are not released, and what cannot be taken back is said of each.
    """
    async with caller.transaction() as tx:
        job = await jobs.get(tx, caller.tenant_id, fix)
        _demand(caller, job.fix, str(fix))
        if job.radius.rule is not None:
            caller.demand(Action.DEFINITION_PUBLISH, Resource(kind="Fix", tenant_id=caller.tenant_id, id=str(fix)))
        found = await jobs.foresee_undo(tx, caller.tenant_id, fix, call_back=given.call_back)
        if any(f.becomes == "called-back" for f in found):
            caller.demand(Action.ORDER_CANCEL, Resource(kind="Fix", tenant_id=caller.tenant_id, id=str(fix)))
        return FixOut.of(
            await jobs.undo(tx, caller.tenant_id, fix, caller.name, given.reason, call_back=given.call_back)
        )


def _desk() -> Desk:
    return Desk(programs, People())


def _demand(caller: Caller, fix: Fix, thing: str) -> None:
    needed = NEEDS.get(fixes.kind(fix))
    if needed is not None:
        caller.demand(needed, Resource(kind="Fix", tenant_id=caller.tenant_id, id=thing))
