"""Exceptions: the list, one of them, and what people do to it."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field

from crossdock import exactjson
from crossdock.cases import casework, causes, files, linking, mailing, presence
from crossdock.cases.casework import Status
from crossdock.db import Tx
from crossdock.events.inbox import business_now
from crossdock.gateway.access import Caller, Reader, allow
from crossdock.gateway.models import Cursor, Limit, Page, Search
from crossdock.gateway.work import Case, CaseDetail
from crossdock.policy import Action

router = APIRouter(prefix="/api/cases", tags=["cases"])

Worker = Annotated[Caller, allow(Action.CASE_WORK)]
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
    site: Annotated[str | None, Query(max_length=60)] = None,
    incident: UUID | None = None, order: Annotated[str | None, Query(max_length=40)] = None,
    q: Search = None, sort: Literal["-priority", "due_at", "-opened_at"] | None = None,
    limit: Limit = 50, cursor: Cursor = None,
) -> Page[Case]:  # fmt: skip
    """The most urgent first. sort=due_at: what is due first, what has no time last. Of closed ones the newest first."""
    mine = {"me": caller.name, "any": None, "": None}.get(owner or "", owner)
    wanted = casework.Filter(
        status=status, queue=queue or None, kind=kind or None, owner=mine, incident_id=incident, order=order or None,
        q=q or None, team=team or None, site=site or None,
    )  # fmt: skip
    now = caller.clock.now()
    usual = "-opened_at" if status is Status.CLOSED else "-priority"
    async with caller.transaction() as tx:
        page = await casework.find(tx, caller.tenant_id, wanted, limit=limit, cursor=cursor, sort=SORTS[sort or usual])
    return Page[Case](items=[Case.model_validate(c.summary(now)) for c in page.items], next=page.next, total=page.total)


@router.get("/{case}", summary="One exception")
async def one(case: UUID, caller: Reader) -> CaseDetail:
    async with caller.transaction() as tx:
        return await detail(tx, await casework.get(tx, caller.tenant_id, case), caller.tenant_id, caller.clock.now())


@router.post("/{case}/assign", summary="Give an exception to somebody")
async def assign(case: UUID, given: Assign, caller: Worker) -> CaseDetail:
    async with caller.transaction() as tx:
        now = await business_now(tx)
        return await detail(
            tx, await casework.assign(tx, caller.tenant_id, case, given.owner, caller.name, now), caller.tenant_id, now
        )


@router.post("/{case}/snooze", summary="Put an exception aside until a time")
async def snooze(case: UUID, given: Snooze, caller: Worker) -> CaseDetail:
    async with caller.transaction() as tx:
        now = await business_now(tx)
        return await detail(
            tx, await casework.snooze(tx, caller.tenant_id, case, given.until, caller.name, now), caller.tenant_id, now
        )


@router.post("/{case}/comment", summary="Say something about an exception")
async def comment(case: UUID, given: Comment, caller: Worker) -> CaseDetail:
    async with caller.transaction() as tx:
        now = await business_now(tx)
        return await detail(
            tx, await casework.comment(tx, caller.tenant_id, case, given.text, caller.name, now), caller.tenant_id, now
        )


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
        return await detail(tx, done, caller.tenant_id, now)


@router.post("/{case}/reopen", summary="Take up an exception again")
async def reopen(case: UUID, caller: Worker) -> CaseDetail:
    """One that is closed and answered no process, or one that is snoozed."""
    async with caller.transaction() as tx:
        now = await business_now(tx)
        found = await casework.get(tx, caller.tenant_id, case)
        if found.status is Status.SNOOZED:
            return await detail(
                tx, await casework.wake_one(tx, caller.tenant_id, case, caller.name, now), caller.tenant_id, now
            )
        return await detail(
            tx, await casework.reopen(tx, caller.tenant_id, case, caller.name, now), caller.tenant_id, now
        )


async def detail(tx: Tx, found: casework.Case, tenant_id: str, now: datetime) -> CaseDetail:
    """A case with all that lies beside it."""
    case = found.case_id
    merged = await linking.merged(tx, tenant_id, case)
    return CaseDetail.model_validate(
        found.full(now)
        | {
            "clears": causes.clears(found.kind),
            "linked": [x | {"id": str(x["id"])} for x in await linking.linked(tx, tenant_id, case)],
            "merged": [_merged(m) for m in merged],
            "present": [p.view() for p in await presence.at(tx, tenant_id, case)],
            "files": [file_view(f) for f in await files.of_case(tx, tenant_id, case)],
            "messages": [message_view(m) for m in await mailing.thread(tx, tenant_id, case)],
        }
    )


def _merged(case: casework.Case) -> dict[str, Any]:
    return {
        "id": str(case.case_id), "number": case.number, "title": case.title, "order": case.order,
        "evidence": case.evidence, "comments": case.comments, "merged_by": case.resolved_by,
        "merged_at": case.closed_at,
    }  # fmt: skip


def file_view(f: files.File) -> dict[str, Any]:
    return {
        "id": str(f.file_id), "name": f.name, "media_type": f.media_type, "size_bytes": f.size_bytes, "by": f.added_by,
        "at": f.added_at, "message": None if f.message_id is None else str(f.message_id),
    }  # fmt: skip


def message_view(m: mailing.Message) -> dict[str, Any]:
    return {
        "id": str(m.message_id), "direction": m.direction, "sender": m.sender, "to": list(m.recipients),
        "subject": m.subject, "body": m.body, "state": m.state, "by": m.by, "at": m.at, "error": m.error,
    }  # fmt: skip
