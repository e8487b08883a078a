"""Documents: what partners sent and got, taking in files, and releasing what is held."""

import csv
import io
import re
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from crossdock import audit, exactjson, ids
from crossdock.db import Tx, queries
from crossdock.errors import Finding, NotFound, PartnerError, Refused
from crossdock.events.inbox import business_now
from crossdock.gateway import cxml
from crossdock.gateway.access import Anyone, Caller, allow
from crossdock.gateway.models import MOST, Answer, Cursor, FindingOut, Json, Limit, Money, Page, Time
from crossdock.partners import bench, documents, intake, wording
from crossdock.partners.agreements import store as partners
from crossdock.partners.documents import By, Wanted
from crossdock.partners.xml import cxml as xml
from crossdock.policy import Action

router = APIRouter(prefix="/api", tags=["documents"])
SQL = queries("crossdock.gateway", "documents.sql")
MOST_ROWS = 10_000  # of a table to save
COLUMNS = (
    *("received_at", "direction", "type", "format", "status", "state", "test", "partner", "partner_name", "order"),
    *("po", "number", "control", "total", "currency", "lines", "errors", "deadline", "filename", "id"),
)
_PLAIN = re.compile(r"-?\d+(\.\d+)?")


class Found(Answer):
    """The number by which a document was found. kind: po, order, invoice, shipment, bol, sscc, tracking, control, …"""

    kind: str
    value: str


class DocumentSummary(Answer):
    """One business document. errors: how many findings it has.

    state, number, deadline: of one we sent; what became of it, what it tells of, by when it is acknowledged.
    """

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
    control: str | None
    state: str | None
    number: str | None
    deadline: Time | None
    found: Found | None


class Raw(Answer):
    """text null: it is no text; small binaries come as base64. The bytes are at /documents/{id}/raw."""

    text: str | None
    size_bytes: int
    media_type: str
    base64: str | None = None


class ReadBy(Answer):
    """The map and guide that read a document, or wrote it. version 0 is the library's; digests tell its state."""

    map: str
    version: int
    digest: str
    guide: str
    guide_digest: str


class OrderPart(Answer):
    """One of the orders that an order for several places came to. ship_to: the number of its place."""

    document: str
    order: str
    ship_to: str


class DocumentDetail(Answer):
    """read_by null: its format has no map. corrects: the document that this one says anew, corrected by a person.

    parts: the orders that an order for several places came to; part_of: the document that one of them came in.
    """

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
    state: str | None
    number: str | None
    deadline: Time | None
    purpose: str | None
    raw: Raw
    parsed: Json
    canonical: Json
    acknowledgements: list[str]
    part_of: str | None
    parts: list[OrderPart]
    read_by: ReadBy | None
    corrects: str | None
    released_by: str | None
    released_at: Time | None


class IntakeRow(Answer):
    """What became of one business document of a file. parts: our orders, where it goes to several places."""

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
    parts: list[str]


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


Number = Annotated[str | None, Query(max_length=80)]


def wanted(
    caller: Anyone,
    type: Annotated[str | None, Query(max_length=40)] = None,
    status: Annotated[str | None, Query(max_length=30, description="Of a document we sent: its state")] = None,
    partner: Annotated[str | None, Query(max_length=80)] = None,
    direction: Annotated[str | None, Query(max_length=3, description="in or out")] = None,
    order: Annotated[str | None, Query(max_length=40, description="Our order number, whole")] = None,
    since: Annotated[date | None, Query(description="From this day on, by the tenant's calendar")] = None,
    until: Annotated[date | None, Query(description="Up to this day, with it")] = None,
    test: bool | None = None,
    po: Number = None, invoice: Number = None, shipment: Number = None, bol: Number = None, sscc: Number = None,
    tracking: Number = None, control: Number = None, file: Number = None,
    q: Annotated[str | None, Query(max_length=200, description="Any number that begins or ends with this")] = None,
) -> Wanted:  # fmt: skip
    """Each number finds those that begin or end with it (the end from three characters on)."""
    given = {
        By.ANY: q, By.PO: po, By.INVOICE: invoice, By.SHIPMENT: shipment, By.BOL: bol, By.SSCC: sscc,
        By.TRACKING: tracking, By.CONTROL: control, By.FILE: file,
    }  # fmt: skip
    try:
        zone = ZoneInfo(caller.principal.time_zone)
        start = datetime.combine(since, time(), zone) if since else None
        end = datetime.combine(until + timedelta(days=1), time(), zone) if until else None
    except OverflowError as e:
        finding = Finding("document.date", "?since, ?until", "days of this age", f"{since}, {until}", "Correct it.")
        raise PartnerError([finding]) from e
    return Wanted(
        type=type or None, status=status or None, partner=partner or None, direction=direction or None,
        order=order or None, since=start, until=end, test=test,
        numbers=tuple((by, text) for by, text in given.items() if text and text.strip()),
    )  # fmt: skip


Asked = Annotated[Wanted, Depends(wanted)]


@router.get("/documents", summary="Documents")
async def list_(caller: Anyone, asked: Asked, limit: Limit = 50, cursor: Cursor = None) -> Page[DocumentSummary]:
    """Received and sent, newest first; found by any of the numbers they bear. `total` counts to 10,000."""
    async with caller.transaction() as tx:
        mine = await profile_of(tx, caller)
        asked = replace(asked, partner=mine) if mine else asked
        found = await documents.find(tx, caller.tenant_id, asked, limit=limit, cursor=cursor)
    return Page[DocumentSummary].model_validate(found)


@router.get(
    "/documents.csv",
    summary="Documents as a table",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}}},
)
async def table(caller: Anyone, asked: Asked) -> Response:
    """The same list for a spreadsheet, up to 10,000 rows."""
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(COLUMNS)
    async with caller.transaction() as tx:
        mine = await profile_of(tx, caller)
        asked = replace(asked, partner=mine) if mine else asked
        cursor: str | None = None
        for _ in range(MOST_ROWS // MOST):
            found = await documents.find(tx, caller.tenant_id, asked, limit=MOST, cursor=cursor)
            rows.writerows([_cell(d[c]) for c in COLUMNS] for d in found["items"])
            cursor = found["next"]
            if cursor is None:
                break
    headers = {"Content-Disposition": 'attachment; filename="documents.csv"'}
    # the mark tells a spreadsheet that it is UTF-8
    return Response("\ufeff" + out.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def _cell(value: Any) -> str:
    """As text that no spreadsheet takes for a formula, whatever a partner called its file."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case _:
            text = str(value)
            return f"'{text}" if text[:1] in "=+-@\t\r" and not _PLAIN.fullmatch(text) else text


@router.get("/documents/{document}", summary="One document")
async def one(document: UUID, caller: Anyone) -> DocumentDetail:
    """Raw, as a tree, and as the canonical order that was made of it, with every finding."""
    async with caller.transaction() as tx:
        found = await _mine(tx, document, caller)
    name = found["partner_name"] if caller.own else None
    return DocumentDetail.model_validate(to_partner(found, name))


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


def to_partner(found: dict[str, Any], name: str | None) -> dict[str, Any]:
    """The findings in words to the partner itself; as they are for one of us (name None)."""
    if name is None:
        return found
    told = {k: [{**f, "fix": wording.addressed(f["fix"], name)} for f in found[k]] for k in ("errors", "notes")}
    return {**found, **told}


async def _name_of(tx: Tx, caller: Caller, mine: str | None) -> str | None:
    return (await partners.get(tx, caller.tenant_id, mine)).profile.name if mine else None


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
    response_model=Taken,
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
) -> Taken | Response:  # fmt: skip
    """X12, EDIFACT, UBL, cXML, JSON, CSV or XLSX: the bytes are stored first, then decoded. One row for each document.

    A cXML document that comes as XML (Content-Type) is answered in cXML: by a Response whose Status says what became
    of it. One that does not show the shared secret agreed with its sender is answered with 401, and not kept.
    """
    content = await request.body()
    await caller.room()
    async with caller.transaction() as tx:
        mine = await profile_of(tx, caller)
        name = await _name_of(tx, caller, mine)
    if xml.is_cxml(content) and (refused := await cxml.unproved(caller, content, mine)) is not None:
        return refused
    done = await intake.receive(
        caller.running.services.db, caller.tenant_id, content, filename, f"api:{caller.name}", partner=mine
    )
    sent_as = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if done and sent_as in {"text/xml", "application/xml"} and xml.is_cxml(content):
        async with caller.transaction() as tx:
            now = await business_now(tx)
        return Response(cxml.answer(done[0], f"{ids.new()}@crossdock", now), media_type=cxml.MEDIA_TYPE)
    return Taken(documents=[IntakeRow.model_validate(to_partner(d.plain(), name)) for d in done])


class TriedDocument(IntakeRow):
    """As it would be taken in, with what was read of it."""

    partner_name: str | None
    customer_id: str | None
    sender: str | None
    receiver: str | None
    control: str | None
    parsed: Json
    canonical: Json


class TriedAnswer(Answer):
    """An acknowledgement as it would be written. about: the control number of the interchange that it answers."""

    type: str
    filename: str
    about: str
    text: str


class Tried(Answer):
    """documents: the first 50 of `count`. raw: as text; null when it is none."""

    documents: list[TriedDocument]
    count: int
    answers: list[TriedAnswer]
    raw: str | None


@router.post(
    "/test-bench",
    summary="Try a file out",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def try_out(
    request: Request, caller: Annotated[Caller, allow(Action.INTAKE, partners=True)],
    filename: Annotated[str, Query(max_length=200)] = "tried",
    partner: Annotated[str | None, Query(max_length=80, description="Its sender; empty: as the file says")] = None,
) -> Tried:  # fmt: skip
    """What would become of it now, and the acknowledgement it would get. Nothing is stored; at most 4 MiB."""
    content = await request.body()
    async with caller.transaction() as tx:
        mine = await profile_of(tx, caller)
        name = await _name_of(tx, caller, mine)
        now = await business_now(tx)
        tried = await bench.try_out(tx, caller.tenant_id, content, filename, mine or partner or None, now)
    rows = [to_partner(bench.row(v, filename), name) for v in tried.verdicts]
    return Tried(
        documents=[TriedDocument.model_validate({**r, "canonical": exactjson.plain(r["canonical"])}) for r in rows],
        count=tried.count,
        answers=[TriedAnswer.model_validate(a) for a in tried.answers],
        raw=documents.as_text(content, rows[0]["format"] if rows else ""),
    )
