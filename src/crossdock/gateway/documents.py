"""Documents: what partners sent and got, taking in files, and releasing what is held."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from crossdock import audit
from crossdock.db import Tx, queries
from crossdock.errors import NotFound, Refused
from crossdock.gateway.access import Anyone, Caller, allow
from crossdock.gateway.models import Answer, Cursor, FindingOut, Json, Limit, Money, Page, Search, Time
from crossdock.partners import documents, intake
from crossdock.policy import Action

router = APIRouter(prefix="/api", tags=["documents"])
SQL = queries("crossdock.gateway", "documents.sql")


class DocumentSummary(Answer):
    """One business document. errors: how many findings it has."""

    id: str
    type: str
    format: str
    direction: str
    status: str
    test: bool
    partner: str | None
    partner_name: str | None
    customer_id: str | None
    filename: str | None
    order: str | None
    po: str | None
    total: Money | None
    currency: str | None
    lines: int | None
    received_at: Time
    errors: int


class Raw(Answer):
    """text null: it is no text; small binaries come as base64. The bytes are at /documents/{id}/raw."""

    text: str | None
    size_bytes: int
    media_type: str
    base64: str | None = None


class DocumentDetail(Answer):
    id: str
    type: str
    format: str
    direction: str
    status: str
    test: bool
    partner: str | None
    partner_name: str | None
    customer_id: str | None
    filename: str | None
    order: str | None
    po: str | None
    total: Money | None
    currency: str | None
    lines: int | None
    received_at: Time
    errors: list[FindingOut]
    notes: list[FindingOut]
    channel: str
    sender: str | None
    receiver: str | None
    control: str | None
    purpose: str | None
    raw: Raw
    parsed: Json
    canonical: Json
    acknowledgements: list[str]
    released_by: str | None
    released_at: Time | None


class IntakeRow(Answer):
    """What became of one business document of a file."""

    file: str
    index: int
    type: str | None
    status: str
    order: str | None
    lines: int | None
    total: Money | None
    currency: str | None
    errors: list[FindingOut]
    notes: list[FindingOut]
    po: str | None
    format: str
    partner: str | None
    test: bool
    document: str | None


class Taken(Answer):
    documents: list[IntakeRow]


async def profile_of(tx: Tx, caller: Caller) -> str | None:
    """The trading partner that a partner's user acts for; None for one of us. Raises Refused when there is none."""
    if caller.own is None:
        return None
    found: str | None = await tx.fetchval(SQL["profile_of_customer"], caller.tenant_id, caller.own)
    if found is None:
        raise Refused("This account belongs to no trading partner yet.")
    return found


@router.get("/documents", summary="Documents")
async def list_(
    caller: Anyone, type: Annotated[str | None, Query(max_length=40)] = None,
    status: Annotated[str | None, Query(max_length=20)] = None,
    partner: Annotated[str | None, Query(max_length=80)] = None,
    direction: Annotated[str | None, Query(max_length=3)] = None,
    order: Annotated[str | None, Query(max_length=40)] = None,
    q: Search = None, limit: Limit = 50, cursor: Cursor = None,
) -> Page[DocumentSummary]:  # fmt: skip
    """Inbound and outbound, newest first."""
    async with caller.transaction() as tx:
        mine = await profile_of(tx, caller)
        found = await documents.page(
            tx, caller.tenant_id, type=type or None, status=status or None, partner=mine or partner or None,
            direction=direction or None, order=order or None, q=q or None, limit=limit, cursor=cursor,
        )  # fmt: skip
    return Page[DocumentSummary].model_validate(found)


@router.get("/documents/{document}", summary="One document")
async def one(document: UUID, caller: Anyone) -> DocumentDetail:
    """Raw, as a tree, and as the canonical order that was made of it, with every finding."""
    async with caller.transaction() as tx:
        return DocumentDetail.model_validate(await _mine(tx, document, caller))


@router.get(
    "/documents/{document}/raw",
    summary="The bytes of a document",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}}},
)
async def raw(document: UUID, caller: Anyone) -> Response:
    """Exactly as received or sent, for saving: never shown by the browser, whatever a partner wrote."""
    async with caller.transaction() as tx:
        await _mine(tx, document, caller)
        content, media_type, filename = await documents.raw(tx, caller.tenant_id, document)
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in filename)[:100] or "document"
    headers = {"Content-Disposition": f'attachment; filename="{safe}"', "Content-Security-Policy": "sandbox"}
    return Response(content, media_type=media_type, headers=headers)


async def _mine(tx: Tx, document: UUID, caller: Caller) -> dict[str, Any]:
    mine = await profile_of(tx, caller)
    found = await documents.one(tx, caller.tenant_id, document)
    if mine is not None and found["partner"] != mine:
        raise NotFound("No such document.")
    return found


@router.post("/documents/{document}/release", summary="Carry out a held document")
async def release(document: UUID, caller: Annotated[Caller, allow(Action.DOCUMENT_RELEASE)]) -> IntakeRow:
    """It is read again with the partners and maps of today."""
    async with caller.transaction() as tx:
        done = await intake.release(tx, caller.tenant_id, document, caller.name)
        detail = {"document": str(document), "po": done.po, "status": done.status.value}
        await audit.record(tx, caller.tenant_id, caller.name, "document.release", done.order or str(document), detail)
    return IntakeRow.model_validate(done.plain())


@router.post(
    "/intake",
    summary="Take in a file",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def take(
    request: Request, caller: Annotated[Caller, allow(Action.INTAKE, partners=True)],
    filename: Annotated[str, Query(max_length=200)] = "upload",
) -> Taken:  # fmt: skip
    """X12, EDIFACT, JSON, CSV or XLSX: the bytes are stored first, then decoded. One row for each document in it."""
    content = await request.body()
    await caller.room()
    async with caller.transaction() as tx:
        mine = await profile_of(tx, caller)
    done = await intake.receive(
        caller.running.services.db, caller.tenant_id, content, filename, f"api:{caller.name}", partner=mine
    )
    return Taken(documents=[IntakeRow.model_validate(d.plain()) for d in done])
