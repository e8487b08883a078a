"""What partners call otherwise than we: entered, loaded, or proposed by a correction and accepted by a person."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from crossdock.cases import learning
from crossdock.errors import Finding, PartnerError
from crossdock.events.inbox import business_now
from crossdock.gateway.access import Caller, Reader, allow
from crossdock.gateway.maps import FieldChange
from crossdock.gateway.models import Answer, Json, Limit, Search, Time
from crossdock.partners.crossref import proposals as proposed
from crossdock.partners.crossref import store as crossref
from crossdock.partners.crossref.proposals import Choice
from crossdock.policy import Action

router = APIRouter(prefix="/api", tags=["cross-references"])
Referencer = Annotated[Caller, allow(Action.CROSS_REFERENCE)]
MAX_CSV = 10_000_000


class CrossReference(Answer):
    """partner: empty for all. qualifier: of an item its scheme, of a ship-to the scheme of its number."""

    partner: str
    kind: str
    qualifier: str
    theirs: str
    ours: str
    written: bool
    note: str
    entered_by: str
    entered_at: Time


class CrossReferenceIn(BaseModel):
    partner: str = Field(default="", max_length=80)
    kind: str
    qualifier: str = Field(default="", max_length=80)
    theirs: str
    ours: str
    written: bool = True
    note: str = Field(default="", max_length=2000)


class Proposal(Answer):
    """evidence: each correction that suggests it: document or case, field, where, from, to, why, by, at. standing: what
    we read for theirs today, if anything."""

    id: str
    partner: str
    kind: str
    qualifier: str
    theirs: str
    ours: str
    standing: str | None
    state: str
    evidence: Json
    proposed_at: Time
    decided_by: str | None
    decided_at: Time | None


class Loaded(Answer):
    loaded: int


class WaitingDocument(Answer):
    """A held document that would be read otherwise; it is, when it is released."""

    document: UUID
    type: str
    po: str | None
    received_at: Time
    fields: list[FieldChange]


class HoldingCase(Answer):
    """An open exception whose order says the partner's name; it stays as it is, for somebody to correct."""

    id: UUID
    number: str
    title: str
    order: str


class ProposalDetail(Proposal):
    waiting: list[WaitingDocument]
    cases: list[HoldingCase]


@router.get("/cross-references", summary="What partners call otherwise")
async def list_(
    caller: Reader,
    partner: Annotated[str | None, Query(max_length=80)] = None,
    kind: Annotated[str | None, Query(max_length=20)] = None,
    q: Search = None,
    limit: Limit = 100,
) -> list[CrossReference]:
    async with caller.transaction() as tx:
        found = await crossref.page(tx, caller.tenant_id, partner=partner, kind=kind or None, q=q, limit=limit)
    return [CrossReference.model_validate(r) for r in found]


@router.put("/cross-references", summary="Enter a cross-reference, or replace it")
async def put(body: CrossReferenceIn, caller: Referencer) -> list[CrossReference]:
    entry = crossref.checked(body.kind, body.qualifier, body.theirs, body.ours, body.written)
    async with caller.transaction() as tx:
        now = await business_now(tx)
        await crossref.put(tx, caller.tenant_id, body.partner, entry, caller.name, now, body.note)
        found = await crossref.page(tx, caller.tenant_id, partner=body.partner, kind=body.kind, q=entry.theirs)
    return [CrossReference.model_validate(r) for r in found if r["theirs"] == entry.theirs]


@router.delete("/cross-references", status_code=204, summary="Remove a cross-reference")
async def remove(caller: Referencer, kind: str, theirs: str, partner: str = "", qualifier: str = "") -> None:
    async with caller.transaction() as tx:
        await crossref.remove(tx, caller.tenant_id, partner, kind, qualifier, theirs, caller.name)


@router.get(
    "/cross-references.csv",
    summary="Cross-references as CSV",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}}},
)
async def export(caller: Reader, partner: Annotated[str | None, Query(max_length=80)] = None) -> Response:
    async with caller.transaction() as tx:
        text = await crossref.export(tx, caller.tenant_id, partner)
    headers = {"Content-Disposition": 'attachment; filename="cross-references.csv"'}
    return Response(text, media_type="text/csv", headers=headers)


@router.put(
    "/cross-references.csv",
    summary="Load cross-references from CSV",
    openapi_extra={"requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}}},
)
async def load(request: Request, caller: Referencer) -> Loaded:
    """All lines or, if one is wrong, none. Those that are not named stay."""
    raw = await request.body()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as e:
        finding = Finding("xref.encoding", f"byte {e.start}", "UTF-8", "another encoding", "Save it as UTF-8.")
        raise PartnerError([finding]) from e
    if len(raw) > MAX_CSV:
        raise PartnerError([Finding("xref.size", "the file", f"at most {MAX_CSV} bytes", str(len(raw)), "Split it.")])
    async with caller.transaction() as tx:
        now = await business_now(tx)
        return Loaded(loaded=await crossref.load(tx, caller.tenant_id, text, caller.name, now))


@router.get("/cross-reference-proposals", summary="Cross-references that corrections suggest")
async def proposals(
    caller: Reader,
    state: Annotated[str, Query(pattern="^(proposed|accepted|rejected|any)$")] = "proposed",
    partner: Annotated[str | None, Query(max_length=80)] = None,
    limit: Limit = 100,
) -> list[Proposal]:
    """Open ones first, then those decided last."""
    chosen = None if state == "any" else state
    async with caller.transaction() as tx:
        found = await proposed.find(tx, caller.tenant_id, state=chosen, partner=partner, limit=limit)
    return [Proposal.model_validate(p) for p in found]


@router.get("/cross-reference-proposals/{proposal}", summary="A proposal, and what it would change")
async def proposal(proposal: UUID, caller: Reader) -> ProposalDetail:
    """The held documents that would be read otherwise, field by field, and the open exceptions that say the name."""
    async with caller.transaction() as tx:
        found = await proposed.one(tx, caller.tenant_id, proposal)
        undecided = found["state"] == "proposed"
        documents = await proposed.waiting(tx, caller.tenant_id, found) if undecided else []
        cases = await learning.waiting(tx, caller.tenant_id, found) if undecided else []
    return ProposalDetail(
        **Proposal.model_validate(found).model_dump(),
        waiting=[
            WaitingDocument(
                document=d.document_id, type=d.type, po=d.po, received_at=d.received_at,
                fields=[FieldChange(pointer=c.pointer, before=c.before, after=c.after) for c in d.fields],
            )
            for d in documents
        ],
        cases=[HoldingCase(id=c.case_id, number=c.number, title=c.title, order=c.order) for c in cases],
    )  # fmt: skip


@router.post(
    "/cross-reference-proposals/{proposal}/{choice}",
    status_code=204,
    summary="Accept or reject a proposal, or take that back",
)
async def decide(proposal: UUID, choice: Choice, caller: Referencer) -> None:
    """It is used from its acceptance on; documents that are stored stay as they were read. `undo` makes it a proposal
    again and puts the entry that stood before in its place; 409 when the entry was changed since."""
    async with caller.transaction() as tx:
        now = await business_now(tx)
        await proposed.carry_out(tx, caller.tenant_id, proposal, choice, caller.name, now)
