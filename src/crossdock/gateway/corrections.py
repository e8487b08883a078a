"""Corrections: one value of a held or rejected document edited and sent through again."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field

from crossdock.errors import Finding, PartnerError
from crossdock.gateway.access import Caller, Reader, allow
from crossdock.gateway.documents import IntakeRow
from crossdock.gateway.maps import FieldChange
from crossdock.gateway.models import Answer, Json, Time
from crossdock.partners import correcting
from crossdock.partners.correcting import Corrected, Edit
from crossdock.partners.lineage import InCell, InElement, InMember, InSegment, Place
from crossdock.policy import Action

router = APIRouter(prefix="/api", tags=["corrections"])
Operator = Annotated[Caller, allow(Action.DOCUMENT_RELEASE)]


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
