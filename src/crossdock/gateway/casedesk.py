"""What people do around an exception: link, merge, be there, attach, write; and hand a shift over."""

from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from crossdock.cases import casework, files, linking, mailing, presence, shifts
from crossdock.cases.presence import Doing
from crossdock.db import Tx
from crossdock.events.inbox import business_now
from crossdock.gateway.access import Caller, Reader, allow
from crossdock.gateway.cases import detail, file_view, message_view
from crossdock.gateway.models import Answer, Page, Time
from crossdock.gateway.work import CaseDetail, CaseFile, CaseMessage, Present
from crossdock.policy import Action

router = APIRouter(prefix="/api", tags=["cases"])
Worker = Annotated[Caller, allow(Action.CASE_WORK)]
Manager = Annotated[Caller, allow(Action.REFERENCE_MANAGE)]
TemplateName = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")]


class Link(BaseModel):
    other: UUID
    note: str = Field(default="", max_length=500)


class Merge(BaseModel):
    into: UUID


class Presence(BaseModel):
    """doing: looks or edits; null leaves."""

    doing: Doing | None = Doing.LOOKS


class Note(BaseModel):
    case: UUID
    note: str = Field(max_length=4000)


class Give(BaseModel):
    """To a person or to a team. cases: null gives all that the giver has open."""

    to_owner: str | None = Field(default=None, max_length=80)
    to_team: str = Field(default="", max_length=60)
    note: str = Field(default="", max_length=4000)
    cases: list[UUID] | None = Field(default=None, max_length=shifts.MOST)
    notes: list[Note] = Field(default_factory=list[Note], max_length=shifts.MOST)


class HandedOver(Answer):
    id: str
    number: str
    title: str
    status: str
    owner: str | None
    priority: int
    note: str


class Handover(Answer):
    """cases: as they are now, the most urgent first."""

    id: str
    number: str
    given_by: str
    to_owner: str | None
    to_team: str
    note: str
    given_at: Time
    seen_by: str | None
    seen_at: Time | None
    cases: list[HandedOver]


class Write(BaseModel):
    """attach: files of the exception."""

    to: list[str] = Field(max_length=mailing.MOST_RECIPIENTS)
    subject: str = Field(max_length=300)
    body: str = Field(max_length=mailing.BODY_CHARACTERS)
    attach: list[UUID] = Field(default_factory=list[UUID], max_length=files.MOST_FILES)


# ── together ─────────────────────────────────────────────────────────────────────────────────────────────────────


@router.post("/cases/{case}/links", summary="Link two exceptions")
async def link(case: UUID, given: Link, caller: Worker) -> CaseDetail:
    async with caller.transaction() as tx:
        now = await business_now(tx)
        await linking.link(tx, caller.tenant_id, case, given.other, given.note, caller.name, now)
        return await _detail(tx, caller, case)


@router.delete("/cases/{case}/links/{other}", summary="Take a link away")
async def unlink(case: UUID, other: UUID, caller: Worker) -> CaseDetail:
    async with caller.transaction() as tx:
        await linking.unlink(tx, caller.tenant_id, case, other, caller.name, await business_now(tx))
        return await _detail(tx, caller, case)


@router.post("/cases/{case}/merge", summary="Merge an exception into another")
async def merge(case: UUID, given: Merge, caller: Worker) -> CaseDetail:
    """Closes it and points to the other, which is returned. 409 for one whose answer a process waits for."""
    async with caller.transaction() as tx:
        now = await business_now(tx)
        kept = await linking.merge(tx, caller.tenant_id, case, given.into, caller.name, now)
        return await detail(tx, kept, caller.tenant_id, now)


@router.post("/cases/{case}/unmerge", summary="Take a merge back")
async def unmerge(case: UUID, caller: Worker) -> CaseDetail:
    async with caller.transaction() as tx:
        now = await business_now(tx)
        back = await linking.unmerge(tx, caller.tenant_id, case, caller.name, now)
        return await detail(tx, back, caller.tenant_id, now)


@router.post("/cases/{case}/presence", summary="Say that one is at an exception")
async def be_there(case: UUID, given: Presence, caller: Worker) -> list[Present]:
    """Again every few seconds: who is silent for 45 s is gone. Who else is there comes back."""
    async with caller.transaction() as tx:
        if given.doing is None:
            await presence.leave(tx, caller.tenant_id, case, caller.name)
            found = await presence.at(tx, caller.tenant_id, case)
        else:
            found = await presence.come(tx, caller.tenant_id, case, caller.name, given.doing)
    return [Present.model_validate(p.view()) for p in found if p.user != caller.name]


# ── shifts ───────────────────────────────────────────────────────────────────────────────────────────────────────


@router.post("/handovers", status_code=201, summary="Hand exceptions over to another person or a team")
async def give(given: Give, caller: Worker) -> Handover:
    async with caller.transaction() as tx:
        made = await shifts.give(
            tx, caller.tenant_id, caller.name, await business_now(tx), to_owner=given.to_owner or None,
            to_team=given.to_team, note=given.note, cases=given.cases, notes={n.case: n.note for n in given.notes},
        )  # fmt: skip
    return _handover(made)


@router.get("/handovers", summary="Shifts handed over, to one and by one")
async def handovers(caller: Reader) -> Page[Handover]:
    async with caller.transaction() as tx:
        found = await shifts.recent(tx, caller.tenant_id, caller.name)
    return Page[Handover](items=[_handover(h) for h in found], total=len(found))


@router.get("/handovers/{handover}", summary="One handover")
async def handover(handover: UUID, caller: Reader) -> Handover:
    async with caller.transaction() as tx:
        return _handover(await shifts.get(tx, caller.tenant_id, handover))


@router.post("/handovers/{handover}/seen", summary="Say that a handover was read")
async def seen(handover: UUID, caller: Worker) -> Handover:
    async with caller.transaction() as tx:
        return _handover(await shifts.seen(tx, caller.tenant_id, handover, caller.name, await business_now(tx)))


# ── files ────────────────────────────────────────────────────────────────────────────────────────────────────────


@router.post("/cases/{case}/files", status_code=201, summary="Attach a file to an exception")
async def attach(
    case: UUID, request: Request, caller: Worker, filename: Annotated[str, Query(min_length=1, max_length=300)]
) -> CaseFile:
    """The body is the file, up to 10 MB. What it is, its bytes say."""
    content = await request.body()
    async with caller.transaction() as tx:
        now = await business_now(tx)
        return CaseFile.model_validate(
            file_view(await files.add(tx, caller.tenant_id, case, filename, content, caller.name, now))
        )


@router.get(
    "/cases/{case}/files/{file}", summary="An attachment, to be saved", response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}}},
)  # fmt: skip
async def download(case: UUID, file: UUID, caller: Reader) -> Response:
    """Always as a download: nothing in it runs in the page."""
    async with caller.transaction() as tx:
        found, content = await files.content(tx, caller.tenant_id, case, file)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(found.name)}",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "private, no-store",
    }
    return Response(content, media_type=found.media_type, headers=headers)


@router.delete("/cases/{case}/files/{file}", status_code=204, summary="Remove an attachment")
async def remove_file(case: UUID, file: UUID, caller: Worker) -> None:
    async with caller.transaction() as tx:
        await files.remove(tx, caller.tenant_id, case, file, caller.name, await business_now(tx))


# ── mail ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@router.post("/cases/{case}/messages", status_code=201, summary="Write a mail about an exception")
async def write(case: UUID, given: Write, caller: Worker) -> CaseMessage:
    """Sent by a worker a moment later; answers land on the exception."""
    async with caller.transaction() as tx:
        made = await mailing.write(
            tx, caller.tenant_id, case, given.to, given.subject, given.body, caller.name, await business_now(tx),
            attach=given.attach,
        )  # fmt: skip
    return CaseMessage.model_validate(message_view(made))


@router.post("/cases/{case}/messages/{message}/again", summary="Send a mail that failed again")
async def send_again(case: UUID, message: UUID, caller: Worker) -> CaseMessage:
    async with caller.transaction() as tx:
        now = await business_now(tx)
        made = await mailing.again(tx, caller.tenant_id, case, message, caller.name, now)
    return CaseMessage.model_validate(message_view(made))


# ── within ───────────────────────────────────────────────────────────────────────────────────────────────────────


async def _detail(tx: Tx, caller: Caller, case: UUID) -> CaseDetail:
    return await detail(tx, await casework.get(tx, caller.tenant_id, case), caller.tenant_id, await business_now(tx))


def _handover(h: shifts.Handover) -> Handover:
    return Handover.model_validate(
        {
            "id": str(h.handover_id), "number": h.number, "given_by": h.given_by, "to_owner": h.to_owner,
            "to_team": h.to_team, "note": h.note, "given_at": h.given_at, "seen_by": h.seen_by, "seen_at": h.seen_at,
            "cases": h.cases,
        }
    )  # fmt: skip
