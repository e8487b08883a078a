"""Writing documents, and sending them again: three ways that are three things.

A document, its control numbers and its row are one transaction with the call that wants it. *Retry* offers what was
written once more, because its delivery failed. *Replay* sends the same bytes under the same numbers, because the
partner lost them. *Reissue* says the same anew under new numbers, because the partner could not use the first. Each
can be previewed, and each is audited.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from crossdock import audit, exactjson, ids
from crossdock.canonical.despatch import DespatchAdvice
from crossdock.canonical.invoice import Invoice
from crossdock.canonical.order import PurchaseOrder
from crossdock.canonical.remittance import RemittanceAdvice
from crossdock.canonical.response import OrderResponse
from crossdock.db import Tx, queries
from crossdock.errors import Conflict, Finding, NotFound, PartnerError
from crossdock.partners import numbering
from crossdock.partners.agreements import deadlines, expectations, pins, terms
from crossdock.partners.agreements.deadlines import Due
from crossdock.partners.agreements.terms import Direction, Owes
from crossdock.partners.crossref import store as crossref
from crossdock.partners.edi import outbound
from crossdock.partners.maps.canonical import Canonical
from crossdock.partners.maps.editions import Edition, read_by
from crossdock.partners.profiles import Identifier
from crossdock.partners.reconciling import store as chains
from crossdock.partners.reconciling.model import Side
from crossdock.partners.sending.states import Move, State, after
from crossdock.partners.x12.write import Address, Numbers
from crossdock.partners.xml import write as xml

SQL = queries("crossdock.partners.sending", "sending.sql")
INTAKE = queries("crossdock.partners", "intake.sql")
ACKNOWLEDGE_WITHIN = timedelta(hours=24)  # what agreements usually say; sending_terms says what one partner's does
VERSION = "004010"  # X12 release where the order names none


class Kind(StrEnum):
    ORDER = "order"  # ours, to a supplier
    RESPONSE = "response"
    CHANGE = "change"  # the answer to the buyer's change
    DESPATCH = "despatch"
    INVOICE = "invoice"
    REMITTANCE = "remittance"  # what we pay a supplier


MAPS = {
    ("x12", Kind.ORDER): "x12-850",
    ("x12", Kind.RESPONSE): "x12-855",
    ("x12", Kind.CHANGE): "x12-865",
    ("x12", Kind.DESPATCH): "x12-856",
    ("x12", Kind.INVOICE): "x12-810",
    ("x12", Kind.REMITTANCE): "x12-820",
    ("edifact", Kind.ORDER): "edifact-orders",
    ("edifact", Kind.RESPONSE): "edifact-ordrsp",
    ("edifact", Kind.CHANGE): "edifact-ordrsp",
    ("edifact", Kind.DESPATCH): "edifact-desadv",
    ("edifact", Kind.INVOICE): "edifact-invoic",
    ("ubl", Kind.ORDER): "ubl-order",
    ("ubl", Kind.RESPONSE): "ubl-orderresponse",
    ("ubl", Kind.CHANGE): "ubl-orderresponse",
    ("ubl", Kind.DESPATCH): "ubl-despatchadvice",
    ("ubl", Kind.INVOICE): "ubl-invoice",
    ("cxml", Kind.ORDER): "cxml-orderrequest",
    ("cxml", Kind.RESPONSE): "cxml-confirmationrequest",
    ("cxml", Kind.CHANGE): "cxml-confirmationrequest",
    ("cxml", Kind.DESPATCH): "cxml-shipnoticerequest",
    ("cxml", Kind.INVOICE): "cxml-invoicedetailrequest",
}
ROOTS = {
    "order": "Order",
    "orderresponse": "OrderResponse",
    "despatchadvice": "DespatchAdvice",
    "invoice": "Invoice",
    "orderrequest": "OrderRequest",
    "confirmationrequest": "ConfirmationRequest",
    "shipnoticerequest": "ShipNoticeRequest",
    "invoicedetailrequest": "InvoiceDetailRequest",
}
CONTENT: dict[Kind, type[Canonical]] = {
    Kind.ORDER: PurchaseOrder,
    Kind.RESPONSE: OrderResponse,
    Kind.CHANGE: OrderResponse,
    Kind.DESPATCH: DespatchAdvice,
    Kind.INVOICE: Invoice,
    Kind.REMITTANCE: RemittanceAdvice,
}
# The answer to the request, or the network, says that XML arrived; nothing says that it could be read.
UNACKNOWLEDGED = frozenset({"ubl", "cxml"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """An order of a partner that can be answered in its own syntax: x12, edifact, ubl or cxml.

    sender: the partner, as its order names it; receiver: we. fresh: our own order to it, which this document is.
    message: the number of the message that the order came in; a cXML answer names its payloadID.
    """

    document_id: UUID
    order_no: str
    partner_id: str
    customer_id: str
    syntax: str
    sender: str
    receiver: str
    version: str
    test: bool
    order: PurchaseOrder
    fresh: bool = False
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    document_id: UUID
    type: str
    control: str
    deadline: datetime | None


async def ordered(tx: Tx, tenant_id: str, order_no: str) -> Ordered | None:
    """None when there is nobody to write to: the order came from no partner, or in a format that has no answers."""
    row = await tx.fetchrow(SQL["order"], tenant_id, order_no)
    syntax = syntax_of(row["format"], row["type"]) if row is not None else ""
    if row is None or not syntax or not row["partner_id"]:
        return None
    return Ordered(
        document_id=row["document_id"],
        order_no=order_no,
        partner_id=row["partner_id"],
        customer_id=row["customer_id"] or "",
        syntax=syntax,
        sender=row["sender"],
        receiver=row["receiver"] or tenant_id,  # UBL has no envelope that names it
        version=version_of(syntax, row["version"]),
        test=row["test"],
        order=msgspec.convert(exactjson.loads(row["canonical"]), PurchaseOrder, strict=False),
        message=row["message"] or "",
    )


async def wanted(tx: Tx, tenant_id: str, to: Ordered, kind: Kind) -> bool:
    """Whether the partner asks for this document: one of its agreements names or expects it, or it has no agreements at
    all, and is answered as its format is used to."""
    partner = await deadlines.profile_of(tx, tenant_id, to.partner_id)
    if partner is None or not partner.agreements:
        return True
    wanted_kind = terms.kind_of(type_of(to.syntax, kind))
    named = [a.document for a in partner.agreements if a.direction is Direction.OUT]
    named += [e.document for a in partner.agreements for e in a.expects if e.owed_by is Owes.US]
    return any(terms.kind_of(document) is wanted_kind for document in named)


def type_of(syntax: str, kind: Kind) -> str:
    """As partners call it: 855, ORDRSP, OrderResponse, ConfirmationRequest."""
    found = MAPS[syntax, kind].partition("-")[2]
    return ROOTS.get(found, found.upper())


def syntax_of(format_: str, type_: str) -> str:
    """ "" for a format that has no answers."""
    match format_:
        case "x12" | "edifact":
            return format_
        case "xml":
            return "cxml" if type_ == "OrderRequest" else "ubl"
        case _:
            return ""


def version_of(syntax: str, named: str | None) -> str:
    """In which version we write, by which the agreement about it is found: X12 as the order has it, EDIFACT in one
    directory; XML names none."""
    match syntax:
        case "x12":
            return named or VERSION
        case "edifact":
            return terms.WRITTEN
        case _:
            return ""


async def by_key(tx: Tx, tenant_id: str, key: str) -> dict[str, Any] | None:
    """What a call has written already."""
    found: UUID | None = await tx.fetchval(SQL["of_key"], tenant_id, key)
    return None if found is None else summary(await tx.fetchrow(SQL["one"], tenant_id, found))


async def send(
    tx: Tx,
    tenant_id: str,
    to: Ordered,
    kind: Kind,
    content: Canonical,
    number: str,
    now: datetime,
    *,
    key: str,
    by: str,
    reissues: UUID | None = None,
) -> Sent:
    """Writes a document for the partner of an order and offers it.

    Raises PartnerError naming what its format cannot take; then no number was taken, whatever the caller commits.
    """
    async with tx.transaction():  # a savepoint: numbers and document, or neither
        return await _written(tx, tenant_id, to, kind, content, number, now, key, by, reissues)


async def _written(
    tx: Tx,
    tenant_id: str,
    to: Ordered,
    kind: Kind,
    content: Canonical,
    number: str,
    now: datetime,
    key: str,
    by: str,
    reissues: UUID | None,
) -> Sent:
    document_id = to.document_id if to.fresh else ids.new()
    bytes_ = _xml if to.syntax in UNACKNOWLEDGED else _edi
    partner = await deadlines.profile_of(tx, tenant_id, to.partner_id)
    book = await pins.book(tx, tenant_id, [partner] if partner is not None else [])
    declared = book.find(MAPS[to.syntax, kind], to.partner_id)
    # with their names; what is kept of it has ours, so that it can be written anew
    told = await crossref.write(tx, tenant_id, to.partner_id, content)
    raw, type_, control, taken = await bytes_(tx, tenant_id, to, declared, told, now)
    sha256 = hashlib.sha256(raw).digest()
    await tx.execute(INTAKE["store_raw"], tenant_id, sha256, raw, len(raw))
    lines, total = _size(to, content)
    values: list[Any] = [
        *(tenant_id, document_id, None, 0, "out", _format(to.syntax), type_, "sent", to.test, sha256),
        *(
            f"{type_}-{to.partner_id}-{control}.{'xml' if to.syntax in UNACKNOWLEDGED else 'edi'}",
            "outbox",
            to.partner_id,
            to.customer_id,
        ),
        *(to.receiver, to.sender, control, str(taken.messages[0]), to.order_no, to.order.number, None),
        *(total, getattr(content, "currency", "") or to.order.currency, lines, "[]", "[]"),
        *(exactjson.text({"text": raw.decode("utf-8", "replace")}), exactjson.text(content), None, now),
        exactjson.text(read_by(declared)),
    ]
    await tx.execute(INTAKE["store_document"], *values)
    due = await _due(tx, tenant_id, to.partner_id, type_, to.version, now)
    ssccs = sorted({line.sscc for line in content.lines() if line.sscc}) if isinstance(content, DespatchAdvice) else []
    await tx.execute(
        SQL["store"],
        *(tenant_id, document_id, key, to.partner_id, type_, to.receiver, to.sender),
        *(taken.interchange, taken.group, taken.messages[0], to.order_no, to.order.number, number, ssccs, to.test),
        *(to.document_id, reissues, now, due.at, to.version, exactjson.text(due.basis)),
    )
    await tx.execute(SQL["store_try"], tenant_id, document_id, 1, "first", by, now)
    if not to.test and reissues is None:
        about = (to.partner_id, type_, to.version, to.order.number, number, to.order_no)
        await expectations.sent(tx, tenant_id, *about, document_id, now, expectations.dates(to.order))
    part = chains.kind_of(content)
    # what we pay is about several orders, and `payments` says which
    if part is not None and not to.test and not to.fresh and kind is not Kind.REMITTANCE:
        sold = chains.Order(
            document_id=to.document_id, side=Side.SELLER, partner_id=to.partner_id, order_no=to.order_no,
            po=to.order.number, currency=to.order.currency,
        )  # fmt: skip
        await chains.join(tx, tenant_id, sold, document_id, part, now)
    detail = {"document": str(document_id), "type": type_, "partner": to.partner_id, "control": control}
    await audit.record(tx, tenant_id, by, "document.send", to.order_no, detail)
    return Sent(document_id=document_id, type=type_, control=control, deadline=due.at)


def _size(to: Ordered, content: Canonical) -> tuple[int, Any]:
    """How many lines it has, and the amount that it states."""
    match content:
        case DespatchAdvice():
            return len(list(content.lines())), None
        case RemittanceAdvice():
            return sum(len(e.items) for e in content.entities), content.amount
        case _:
            return len(to.order.lines), getattr(content, "stated_total", None)


def _format(syntax: str) -> str:
    return "xml" if syntax in UNACKNOWLEDGED else syntax


async def _edi(
    tx: Tx, tenant_id: str, to: Ordered, declared: Edition, content: Canonical, now: datetime
) -> tuple[bytes, str, str, numbering.Taken]:
    written = outbound.document(declared.id, content, declared.edi)
    x12 = to.syntax == "x12"
    address = Address(
        sender=_identifier(to.receiver),
        receiver=_identifier(to.sender),
        version=to.version,
        test=to.test,
        acknowledge=not x12,  # a CONTRL is sent on request; a 997 always
    )
    taken = await numbering.take(tx, tenant_id, to.receiver, to.sender, messages=1, group=x12)
    if x12:
        numbers = Numbers(interchange=taken.interchange, group=taken.group, sets=taken.messages)
        return outbound.x12([written], address, numbers, now), written.type, f"{taken.interchange:09d}", taken
    raw = outbound.edifact_interchange([written], address, taken.interchange, taken.messages, now)
    return raw, written.type, str(taken.interchange), taken


async def _xml(
    tx: Tx, tenant_id: str, to: Ordered, declared: Edition, content: Canonical, now: datetime
) -> tuple[bytes, str, str, numbering.Taken]:
    """Numbered like the others, so that each can be told from each; a cXML message bears it in its payloadID."""
    written = xml.document(declared.id, content, declared.xml, message=to.message)
    taken = await numbering.take(tx, tenant_id, to.receiver, to.sender, messages=1, group=False)
    control = str(taken.interchange)
    if to.syntax == "ubl":
        return xml.ubl(written), written.map.root, control, taken
    payload = f"{control}.{taken.messages[0]}.{tenant_id}@crossdock"
    sender, receiver = _identifier(to.receiver), _identifier(to.sender)
    raw = xml.cxml_request(written, sender=sender, receiver=receiver, payload=payload, now=now, test=to.test)
    return raw, written.map.root, control, taken


def _identifier(text: str) -> Identifier:
    scheme, separator, value = text.partition(":")
    return Identifier(scheme, value) if separator else Identifier("", text)


async def _due(tx: Tx, tenant_id: str, partner_id: str, type_: str, version: str, start: datetime) -> Due:
    """By when it is acknowledged: as agreed about the document, else as with the partner, else the usual day."""
    agreed = await deadlines.of_acknowledgement(tx, tenant_id, partner_id, type_, version, start)
    if agreed is not None:
        return agreed
    if type_ in ROOTS.values():
        return Due(None, {"basis": "usual", "never": True}, None)  # XML has no functional acknowledgement
    row = await tx.fetchrow(SQL["terms"], tenant_id, partner_id)
    window = ACKNOWLEDGE_WITHIN if row is None else row["acknowledge_within"]
    return Due(start + window if window is not None else None, {"basis": "usual" if row is None else "terms"}, None)


async def due_again(tx: Tx, tenant_id: str, row: Any, start: datetime) -> datetime | None:
    """The same of a document that is handed over only now: before, there was nothing to read."""
    return (await _due(tx, tenant_id, row["partner_id"], row["type"], row["version"], start)).at


async def save_terms(tx: Tx, tenant_id: str, partner_id: str, acknowledge_within: timedelta | None) -> None:
    """None: the partner never acknowledges, so nothing of it is overdue."""
    await tx.execute(SQL["save_terms"], tenant_id, partner_id, acknowledge_within)


# ── once more ───────────────────────────────────────────────────────────────────────────────────────────────────────

AGAIN = {"retry": Move.RETRIED, "replay": Move.REPLAYED, "reissue": Move.REISSUED}


async def preview(tx: Tx, tenant_id: str, document_id: UUID, way: str) -> dict[str, Any]:
    """What `retry`, `replay` or `reissue` would do, and why it may not. Changes nothing, takes no number."""
    row = await _locked(tx, tenant_id, document_id)
    then, why = after(State(row["state"]), AGAIN[way]), _why_not(row, way)
    effects = {
        "retry": "It is offered once more: it was not collected, or not well.",
        "replay": "The same bytes are sent once more under the same numbers; a partner that has them says so.",
        "reissue": "The same content is written under new numbers; this document is replaced by it.",
    }
    return {
        "document": str(document_id),
        "action": way,
        "allowed": why == "",
        "reason": why,
        "effect": effects[way],
        "state": row["state"],
        "becomes": then,
        "control": row["interchange"],
        "same_numbers": way != "reissue",
        "tries": row["tries"],
    }


async def again(tx: Tx, tenant_id: str, document_id: UUID, way: str, by: str, now: datetime) -> dict[str, Any]:
    """Retries or replays. Raises Conflict when its state does not allow it."""
    row = await _locked(tx, tenant_id, document_id)
    state = _moved(row, way)
    deadline = await due_again(tx, tenant_id, row, now)
    tries = row["tries"] + 1
    await tx.execute(SQL["move"], tenant_id, document_id, state, row["sent_at"], None, deadline, tries, None)
    await tx.execute(SQL["store_try"], tenant_id, document_id, tries, way, by, now)
    detail = {"document": str(document_id), "type": row["type"], "control": row["interchange"], "try": tries}
    await audit.record(tx, tenant_id, by, f"document.{way}", row["order_no"], detail)
    return await one(tx, tenant_id, document_id)


async def reissue(tx: Tx, tenant_id: str, document_id: UUID, by: str, now: datetime) -> dict[str, Any]:
    """The same content under new numbers. Raises Conflict when its state does not allow it."""
    row = await _locked(tx, tenant_id, document_id)
    state = _moved(row, "reissue")
    to = await _bought(tx, tenant_id, row) or await ordered(tx, tenant_id, row["order_no"])
    stored = await tx.fetchrow(SQL["document"], tenant_id, document_id)
    if to is None or stored is None:
        raise Conflict("The order it tells of is gone.")
    kind = next(k for (s, k), m in MAPS.items() if m == f"{to.syntax}-{row['type'].lower()}" and s == to.syntax)
    content = msgspec.convert(exactjson.loads(stored["canonical"]), CONTENT[kind], strict=False)
    key = f"reissue/{document_id}"
    sent = await send(tx, tenant_id, to, kind, content, row["number"], now, key=key, by=by, reissues=document_id)
    attention = "close" if row["case_id"] is not None else None
    await tx.execute(
        SQL["move"],
        *(tenant_id, document_id, state, row["sent_at"], row["answered_at"], None, row["tries"], attention),
    )
    detail = {"document": str(document_id), "by": str(sent.document_id), "control": sent.control}
    await audit.record(tx, tenant_id, by, "document.reissue", row["order_no"], detail)
    return await one(tx, tenant_id, sent.document_id)


async def _bought(tx: Tx, tenant_id: str, row: Any) -> Ordered | None:
    """Our own order to a supplier, which the document is or is about; None when it is about a customer's."""
    own = await tx.fetchrow(SQL["own_order"], tenant_id, row["about"])
    if own is None:
        return None
    syntax = syntax_of(own["format"], own["type"])
    return Ordered(
        document_id=row["about"],
        order_no=row["order_no"],
        partner_id=row["partner_id"],
        customer_id="",
        syntax=syntax,
        sender=row["receiver"],
        receiver=row["sender"],
        version=version_of(syntax, row["version"]),
        test=row["test"],
        order=msgspec.convert(exactjson.loads(own["canonical"]), PurchaseOrder, strict=False),
    )


async def _locked(tx: Tx, tenant_id: str, document_id: UUID) -> Any:
    row = await tx.fetchrow(SQL["locked"], tenant_id, document_id)
    if row is None:
        raise NotFound("No such sent document.")
    return row


def _moved(row: Any, way: str) -> State:
    then = after(State(row["state"]), AGAIN[way])
    if then is None:
        raise Conflict(f"A document that is {row['state']} cannot be sent by {way}.")
    if why := _why_not(row, way):
        raise Conflict(why)
    return then


def _why_not(row: Any, way: str) -> str:
    """Why a document cannot be sent this way; "" when it can."""
    if way == "reissue" and terms.kind_of(row["type"]) is terms.Kind.ACKNOWLEDGEMENT:
        return "An acknowledgement is about numbers and has nothing to say anew: replay it."
    return "" if after(State(row["state"]), AGAIN[way]) is not None else f"It is {row['state']}."


# ── to read ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def page(
    tx: Tx,
    tenant_id: str,
    *,
    state: str | None = None,
    partner: str | None = None,
    order: str | None = None,
    q: str | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Newest first. q: part of a purchase order, invoice, shipment, control number or SSCC."""
    if state is not None and state not in set(State):
        text = "Choose one of them."
        raise PartnerError([Finding("sending.state", "state", ", ".join(State), state, text)])
    pattern = f"%{q.replace('%', '').replace('_', '')}%" if q else None
    rows = await tx.fetch(SQL["page"], tenant_id, state, partner, order, pattern, limit)
    return [summary(r) for r in rows]


def summary(row: Any) -> dict[str, Any]:
    return {
        "document": str(row["document_id"]),
        "type": row["type"],
        "state": row["state"],
        "partner": row["partner_id"],
        "order": row["order_no"],
        "po": row["po"],
        "number": row["number"],
        "control": row["interchange"],
        "test": row["test"],
        "tries": row["tries"],
        "written_at": row["written_at"],
        "sent_at": row["sent_at"],
        "answered_at": row["answered_at"],
        "deadline": row["deadline"],
        "reissues": str(row["reissues"]) if row["reissues"] else None,
        "case": str(row["case_id"]) if row["case_id"] else None,
        "basis": exactjson.loads(row["basis"]) if row["basis"] else None,
    }


async def one(tx: Tx, tenant_id: str, document_id: UUID) -> dict[str, Any]:
    """With its tries and everything its partner said of it. Raises NotFound."""
    row = await tx.fetchrow(SQL["one"], tenant_id, document_id)
    if row is None:
        raise NotFound("No such sent document.")
    tries = await tx.fetch(SQL["tries"], tenant_id, document_id)
    answers = await tx.fetch(SQL["answers"], tenant_id, document_id)
    later: UUID | None = await tx.fetchval(SQL["reissued_by"], tenant_id, document_id)
    return {
        **summary(row),
        "about": str(row["about"]),
        "ssccs": list(row["ssccs"]),
        "group": row["group_number"],
        "message": row["message"],
        "reissued_by": str(later) if later else None,
        "history": [dict(t) for t in tries],
        "answers": [{**dict(a), "answer": str(a["answer"]), "said": exactjson.loads(a["said"])} for a in answers],
    }


def utc(at: datetime) -> datetime:
    """As an envelope tells it."""
    return at.astimezone(UTC)
