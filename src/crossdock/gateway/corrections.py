"""Corrections: one value of a held or rejected document edited and sent through again; and what partners call otherwise
than we, entered, loaded, or proposed by such a correction and accepted by a person."""

from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from crossdock.errors import Finding, PartnerError
from crossdock.events.inbox import business_now
from crossdock.gateway.access import Caller, Reader, allow
from crossdock.gateway.documents import IntakeRow
from crossdock.gateway.maps import FieldChange
from crossdock.gateway.models import Answer, Json, Limit, Search, Time
from crossdock.partners import correcting
from crossdock.partners.correcting import Corrected, Edit
from crossdock.partners.crossref import store as crossref
from crossdock.partners.lineage import InCell, InElement, InMember, InSegment, Place
from crossdock.policy import Action

router = APIRouter(prefix="/api", tags=["corrections"])
Operator = Annotated[Caller, allow(Action.DOCUMENT_RELEASE)]
Referencer = Annotated[Caller, allow(Action.CROSS_REFERENCE)]
MAX_CSV = 10_000_000


class PlaceIn(BaseModel):
    """A place of the file, as lineage gives it: segment, index, element, component; or path, attribute; or row, column,
    cell; or member."""

    segment: str = Field(default="", max_length=10)
    index: int | None = Field(default=None, ge=0)
    element: int = Field(default=0, ge=0, le=99)
    component: int = Field(default=1, ge=0, le=99)
    path: str = Field(default="", max_length=2000)
    attribute: str = Field(default="", max_length=200)
    row: int | None = Field(default=None, ge=1)
    column: str = Field(default="", max_length=200)
    cell: int = Field(default=0, ge=0, le=500)
    member: str | None = Field(default=None, max_length=2000)

    def place(self) -> Place:
        if self.index is not None:
            return InSegment(self.segment, self.index, 0, self.element, self.component)
        if self.path:
            return InElement(self.path, self.attribute, 0)
        if self.row is not None:
            return InCell(self.row, self.column, self.cell)
        if self.member is not None:
            return InMember(self.member)
        expected = "index and element; path; row and cell; or member"
        raise PartnerError([Finding("edit.place", "/edits/place", expected, "none of them", "Say where it stands.")])


class EditIn(BaseModel):
    """value: what is to stand there. pointer: a field of the canonical document; or place."""

    value: str = Field(max_length=500)
    pointer: str = Field(default="", max_length=500)
    place: PlaceIn | None = None


class Correction(BaseModel):
    edits: list[EditIn] = Field(min_length=1, max_length=correcting.MAX_EDITS)
    reason: str = Field(default="", max_length=2000)

    def made(self) -> list[Edit]:
        return [Edit(e.value, e.pointer, e.place.place() if e.place else None) for e in self.edits]


class EditMade(Answer):
    where: str
    pointer: str
    before: str
    after: str


class CorrectedOut(Answer):
    """document: null in a preview. changes: of the canonical document. proposals: cross-references it suggests."""

    document: str | None
    result: IntakeRow
    edits: list[EditMade]
    canonical: Json
    changes: list[FieldChange]
    proposals: list[str]

    @classmethod
    def of(cls, found: Corrected) -> "CorrectedOut":
        result = found.result
        return cls(
            document=str(result.document_id) if result.document_id else None,
            result=IntakeRow.model_validate(result.plain()),
            edits=[
                EditMade(where=str(e.place), pointer=e.pointer, before=e.before, after=e.after) for e in found.edits
            ],
            canonical=found.canonical,
            changes=[FieldChange(pointer=c.pointer, before=c.before, after=c.after) for c in found.changes],
            proposals=[str(p) for p in found.proposals],
        )


class EditRecord(Answer):
    """document: the corrected one; original: what it corrects."""

    document: UUID = Field(validation_alias="document_id")
    original: UUID
    place: Json
    pointer: str
    before: str
    after: str
    reason: str
    edited_by: str
    edited_at: Time


class Edits(Answer):
    edits: list[EditRecord]
    corrected_by: str | None


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
    """evidence: each correction that suggests it: document, field, where, from, to, why, by, at."""

    id: str
    partner: str
    kind: str
    qualifier: str
    theirs: str
    ours: str
    state: str
    evidence: Json
    proposed_at: Time
    decided_by: str | None
    decided_at: Time | None


class Choice(StrEnum):
    ACCEPT = "accept"
    REJECT = "reject"


class Loaded(Answer):
    loaded: int


@router.post("/documents/{document}/correction", summary="What correcting a document would do")
async def preview(document: UUID, body: Correction, caller: Operator) -> CorrectedOut:
    """Changes nothing."""
    async with caller.transaction() as tx:
        return CorrectedOut.of(await correcting.preview(tx, caller.tenant_id, document, body.made()))


@router.post("/documents/{document}/resubmit", summary="Correct a document and send it through again")
async def resubmit(document: UUID, body: Correction, caller: Operator) -> CorrectedOut:
    """The original stays as it came; the corrected one points at it. Only a document that is held or rejected."""
    async with caller.transaction() as tx:
        done = await correcting.resubmit(tx, caller.tenant_id, document, body.made(), body.reason, caller.name)
    return CorrectedOut.of(done)


@router.get("/documents/{document}/edits", summary="The corrections that led to a document")
async def edits(document: UUID, caller: Reader) -> Edits:
    async with caller.transaction() as tx:
        return Edits.model_validate(await correcting.edits(tx, caller.tenant_id, document))


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
    state: Annotated[str, Query(pattern="^(proposed|accepted|rejected)$")] = "proposed",
    partner: Annotated[str | None, Query(max_length=80)] = None,
    limit: Limit = 100,
) -> list[Proposal]:
    async with caller.transaction() as tx:
        found = await crossref.proposals(tx, caller.tenant_id, state=state, partner=partner, limit=limit)
    return [Proposal.model_validate(p) for p in found]


@router.post("/cross-reference-proposals/{proposal}/{choice}", status_code=204, summary="Accept or reject a proposal")
async def decide(proposal: UUID, choice: Choice, caller: Referencer) -> None:
    """It is used from its acceptance on; documents that are stored stay as they were read."""
    async with caller.transaction() as tx:
        now: Any = await business_now(tx)
        await crossref.decide(tx, caller.tenant_id, proposal, choice is Choice.ACCEPT, caller.name, now)
