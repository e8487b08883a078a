"""Exceptions: the list, one of them, and what people do to it."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field

from crossdock import exactjson
from crossdock.cases import casework, causes
from crossdock.cases.casework import Status
from crossdock.db import Tx
from crossdock.events.inbox import business_now
from crossdock.gateway.access import Caller, Reader, allow
from crossdock.gateway.models import Cursor, Limit, Page, Search
from crossdock.gateway.work import Case, CaseDetail
from crossdock.policy import Action

router = APIRouter(prefix="/api/cases", tags=["cases"])

Worker = Annotated[Caller, allow(Action.CASE_WORK)]
MOMENT = timedelta(seconds=1)
SORTS = {"-priority": casework.Sort.RANK, "due_at": casework.Sort.DUE, "-opened_at": casework.Sort.NEWEST}


class Assign(BaseModel):
    owner: str | None = Field(max_length=80, description="A user; null gives it back")


class Snooze(BaseModel):
    until: AwareDatetime


class Comment(BaseModel):
    text: str = Field(min_length=1, max_length=4000)


class Resolve(BaseModel):
    """data: the members of the case's data that were edited."""

    action: str = Field(max_length=100)
    data: Any = None
    note: str = Field(default="", max_length=4000)


@router.get("", summary="Exceptions")
async def list_(
    caller: Reader, status: Annotated[Status | None, Query()] = None,
    queue: Annotated[str | None, Query(max_length=100)] = None,
    kind: Annotated[str | None, Query(max_length=100)] = None,
    owner: Annotated[str | None, Query(max_length=80, description="me, none, any or a user")] = None,
    team: Annotated[str | None, Query(max_length=100)] = None,
    incident: UUID | None = None, order: Annotated[str | None, Query(max_length=40)] = None,
    q: Search = None, sort: Literal["-priority", "due_at", "-opened_at"] | None = None,
    limit: Limit = 50, cursor: Cursor = None,
) -> Page[Case]:  # fmt: skip
    """The most urgent first. sort=due_at: what is due first, what has no time last. Of closed ones the newest first."""
    mine = {"me": caller.name, "any": None, "": None}.get(owner or "", owner)
    wanted = casework.Filter(
        status=status, queue=queue or None, kind=kind or None, owner=mine, incident_id=incident, order=order or None,
        q=q or None, team=team or None,
    )  # fmt: skip
    now = caller.clock.now()
    usual = "-opened_at" if status is Status.CLOSED else "-priority"
    async with caller.transaction() as tx:
        page = await casework.find(tx, caller.tenant_id, wanted, limit=limit, cursor=cursor, sort=SORTS[sort or usual])
    return Page[Case](items=[Case.model_validate(c.summary(now)) for c in page.items], next=page.next, total=page.total)


@router.get("/{case}", summary="One exception")
async def one(case: UUID, caller: Reader) -> CaseDetail:
    async with caller.transaction() as tx:
        return _detail(await casework.get(tx, caller.tenant_id, case), caller.clock.now())


@router.post("/{case}/assign", summary="Give an exception to somebody")
async def assign(case: UUID, given: Assign, caller: Worker) -> CaseDetail:
    async with caller.transaction() as tx:
        now = await business_now(tx)
        return _detail(await casework.assign(tx, caller.tenant_id, case, given.owner, caller.name, now), now)


@router.post("/{case}/snooze", summary="Put an exception aside until a time")
async def snooze(case: UUID, given: Snooze, caller: Worker) -> CaseDetail:
    async with caller.transaction() as tx:
        now = await business_now(tx)
        return _detail(await casework.snooze(tx, caller.tenant_id, case, given.until, caller.name, now), now)


@router.post("/{case}/comment", summary="Say something about an exception")
async def comment(case: UUID, given: Comment, caller: Worker) -> CaseDetail:
    async with caller.transaction() as tx:
        now = await business_now(tx)
        return _detail(await casework.comment(tx, caller.tenant_id, case, given.text, caller.name, now), now)


@router.post("/{case}/resolve", summary="End an exception by one of its actions")
async def resolve(case: UUID, given: Resolve, caller: Worker) -> CaseDetail:
    """The action answers the process that waits for it. 409 when somebody was faster."""
    # through JSON once more: what was typed as 12.50 must not become a binary fraction
    data = None if given.data is None else exactjson.plain(given.data)
    async with caller.transaction() as tx:
        now = await business_now(tx)
        done = await casework.resolve(
            tx, caller.tenant_id, case, given.action, caller.name, now, data=data, note=given.note
        )
        return _detail(done, now)


@router.post("/{case}/reopen", summary="Take up an exception again")
async def reopen(case: UUID, caller: Worker) -> CaseDetail:
    """One that is closed and answered no process, or one that is snoozed."""
    async with caller.transaction() as tx:
        now = await business_now(tx)
        found = await casework.get(tx, caller.tenant_id, case)
        if found.status is Status.SNOOZED:
            return _detail(await _wake(tx, caller, case, now), now)
        return _detail(await casework.reopen(tx, caller.tenant_id, case, caller.name, now), now)


async def _wake(tx: Tx, caller: Caller, case: UUID, now: datetime) -> casework.Case:
    """Ends a snooze before its time: by one that ends at once."""
    await casework.snooze(tx, caller.tenant_id, case, now + MOMENT, caller.name, now)
    await casework.wake(tx, caller.tenant_id, now + MOMENT)
    return await casework.get(tx, caller.tenant_id, case)


def _detail(found: casework.Case, now: datetime) -> CaseDetail:
    return CaseDetail.model_validate(found.full(now) | {"clears": causes.clears(found.kind)})
