"""What the sandbox's systems tell us, as the business events a workflow listens for.

A webhook is believed only with its signature over the exact bytes. Its event id is the vendor's own, which stays the
same over retries and duplicates: with the system as source it is what the inbox recognises a repetition by. What this
module does not know becomes an event too, `crossdock.system.unrecognised`, so that somebody sees it.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from crossdock import exactjson
from crossdock.connect.sandbox.payment import from_minor
from crossdock.connect.wire import Misfit, read
from crossdock.errors import Finding, PartnerError, Refused

UNRECOGNISED = "crossdock.system.unrecognised"

Event = dict[str, Any]


def signature(secret: str, body: bytes) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def translate(
    tenant: str, system: str, headers: Mapping[str, str], body: bytes, *, secret: str, now: datetime | None = None
) -> list[Event]:
    """The CloudEvents in one webhook. headers: any case. now: receipt, for events that state no time of their own.

    Raises Refused for a wrong signature and PartnerError for a body that is no JSON object.
    """
    given = next((value for name, value in headers.items() if name.lower() == "x-signature"), "")
    if not secret or not hmac.compare_digest(given.encode(), signature(secret, body).encode()):
        raise Refused(f"Expected a valid X-Signature of {system}, found {'another' if given else 'none'}.")
    try:
        value: Any = exactjson.loads(body)
    except exactjson.DecodeError as problem:
        raise _unreadable(system, str(problem)) from None
    if not isinstance(value, dict):
        raise _unreadable(system, type(value).__name__)
    translator = _TRANSLATORS.get(system)
    try:
        told = translator(body) if translator else None
        why = "no event type that this connector knows"
    except Misfit as problem:
        told, why = None, str(problem)
    if told is None:
        told = _unrecognised(system, headers, body, value, why)
    received = (now or datetime.now(UTC)).astimezone(UTC).isoformat()
    head = {"specversion": "1.0", "source": system, "datacontenttype": "application/json"}
    return [{**head, "time": received, **event} for event in (told if isinstance(told, list) else [told])]


def _event(event_id: str, kind: str, order: str, at: datetime | None, /, **data: Any) -> Event:
    said = {"order": order, **{k: v for k, v in data.items() if v is not None}}
    event: Event = {"id": event_id, "type": f"crossdock.{kind}", "subject": order, "data": exactjson.plain(said)}
    if at is not None:
        event["time"] = at.astimezone(UTC).isoformat()
    return event


def _unrecognised(system: str, headers: Mapping[str, str], body: bytes, value: Any, why: str) -> Event:
    stated = next((v for name, v in headers.items() if name.lower() == "x-event-id"), "")
    event_id = stated or hashlib.sha256(body).hexdigest()
    return {
        "id": event_id,
        "type": UNRECOGNISED,
        "subject": "",
        "data": {"order": "", "system": system, "why": why, "body": value},
    }


def _unreadable(system: str, found: str) -> PartnerError:
    return PartnerError([Finding(f"{system}.webhook", "/", "a JSON object", found, "Send the event as JSON.")])


# ── wms ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class _WmsLine(msgspec.Struct, frozen=True):
    line_ref: str
    item_code: str
    qty: int


class _WmsInside(msgspec.Struct, frozen=True):
    line_ref: str
    qty: int


class _WmsCarton(msgspec.Struct, frozen=True):
    sscc: str
    lines: tuple[_WmsInside, ...]


class _WmsKind(msgspec.Struct, frozen=True):
    event_type: str


class _WmsShipment(msgspec.Struct, frozen=True):
    event_id: str
    event_type: str
    occurred_at: datetime
    order_ref: str
    shipment_no: str
    site_code: str
    tracking_no: str | None
    lines: tuple[_WmsLine, ...]
    cartons: tuple[_WmsCarton, ...] = ()


class _WmsReceipt(msgspec.Struct, frozen=True):
    event_id: str
    occurred_at: datetime
    po_ref: str
    order_ref: str
    site_code: str
    item_code: str
    qty: int


class _WmsGraded(msgspec.Struct, frozen=True):
    line_ref: str
    item_code: str
    qty: int
    grade: str


class _WmsReturn(msgspec.Struct, frozen=True):
    event_id: str
    occurred_at: datetime
    order_ref: str
    request_ref: str
    rma_no: str
    site_code: str
    graded: tuple[_WmsGraded, ...]


def _wms(body: bytes) -> Event | list[Event] | None:
    kind = read(_WmsKind, body).event_type
    if kind in ("shipment.picked", "shipment.packed", "shipment.shipped"):
        s = read(_WmsShipment, body)
        lines = [{"line": line.line_ref, "sku": line.item_code, "quantity": line.qty} for line in s.lines]
        packages = [
            {"sscc": c.sscc, "lines": [{"line": n.line_ref, "quantity": n.qty} for n in c.lines]} for c in s.cartons
        ]
        return _event(
            s.event_id,
            kind,
            s.order_ref,
            s.occurred_at,
            shipment=s.shipment_no,
            site=s.site_code,
            tracking=s.tracking_no or "",
            lines=lines,
            packages=packages or None,
        )
    if kind == "inventory.receipt":
        r = read(_WmsReceipt, body)
        goods = {"site": r.site_code, "sku": r.item_code, "quantity": r.qty, "supplier_order": r.po_ref}
        received = _event(r.event_id, "stock.received", r.order_ref, r.occurred_at, **goods)
        # An event of its own: it starts the process that says who gets the goods, while others hear that they came.
        arrived = _event(f"{r.event_id}/arrived", "stock.arrived", r.order_ref, r.occurred_at, **goods)
        return [received, arrived]
    if kind in ("return.arrived", "return.inspected"):
        b = read(_WmsReturn, body)
        graded = [{"line": n.line_ref, "sku": n.item_code, "quantity": n.qty, "grade": n.grade} for n in b.graded]
        return _event(
            b.event_id,
            kind,
            b.order_ref,
            b.occurred_at,
            rma=b.rma_no,
            request=b.request_ref,
            site=b.site_code,
            lines=graded,
        )
    return None


# ── carrier ──────────────────────────────────────────────────────────────────────────────────────────────────────

_TRACKING = {"DEP": "departed", "ITR": "in-transit", "EXC": "exception", "DLV": "delivered"}


class _Location(msgspec.Struct, frozen=True, rename="camel"):
    city: str = ""
    country_code: str = ""


class _Reason(msgspec.Struct, frozen=True):
    code: str
    text: str = ""


class _Remark(msgspec.Struct, frozen=True, rename="camel"):
    note_line: str
    code: str
    pieces: int


class _Proof(msgspec.Struct, frozen=True, rename="camel"):
    signed_by: str
    remarks: tuple[_Remark, ...] = ()


class _Mark(msgspec.Struct, frozen=True, rename="camel"):
    code: str
    timestamp: datetime
    location: _Location | None = None
    reason: _Reason | None = None
    proof_of_delivery: _Proof | None = None


class _Reference(msgspec.Struct, frozen=True):
    order: str


class _Tracked(msgspec.Struct, frozen=True):
    number: str
    reference: _Reference
    event: _Mark


class _Notification(msgspec.Struct, frozen=True):
    id: str
    type: str = "TRACKING"


class _Notified(msgspec.Struct, frozen=True):
    notification: _Notification


class _Charge(msgspec.Struct, frozen=True):
    amount: Decimal
    currency: str


class _Claim(msgspec.Struct, frozen=True, rename="camel"):
    claim_number: str
    tracking_number: str
    reference: str
    order: str
    status: str
    paid: _Charge
    decided_at: datetime
    reason: str = ""


class _Decided(msgspec.Struct, frozen=True):
    notification: _Notification
    claim: _Claim


class _Tracking(msgspec.Struct, frozen=True):
    notification: _Notification
    tracking: _Tracked


_DECISIONS = {"PAID": "paid", "PARTIAL": "partly-paid", "DENIED": "denied"}


def _carrier(body: bytes) -> Event | list[Event] | None:
    if read(_Notified, body).notification.type == "CLAIM":
        return _claim(body)
    t = read(_Tracking, body)
    mark = t.tracking.event
    kind = _TRACKING.get(mark.code)
    if kind is None:
        return None
    place = mark.location
    told = _event(
        t.notification.id,
        f"tracking.{kind}",
        t.tracking.reference.order,
        mark.timestamp,
        tracking=t.tracking.number,
        at=mark.timestamp.astimezone(UTC),
        location=", ".join(part for part in (place.city, place.country_code) if part) if place else None,
        reason=mark.reason.text or mark.reason.code if mark.reason else None,
        signed_by=mark.proof_of_delivery.signed_by if mark.proof_of_delivery else None,
    )
    if kind == "exception" and mark.reason is not None:
        # An event of its own, as below.
        held = _event(
            f"{t.notification.id}/held", "shipment.held-up", t.tracking.reference.order, mark.timestamp,
            tracking=t.tracking.number, at=mark.timestamp.astimezone(UTC), code=mark.reason.code.lower(),
            reason=mark.reason.text or mark.reason.code,
            location=", ".join(p for p in (place.city, place.country_code) if p) if place else None,
        )  # fmt: skip
        return [told, held]
    proof = mark.proof_of_delivery
    if proof is None or not proof.remarks:
        return told
    # An event of its own: it starts a process beside the order's, which hears of the delivery itself.
    remarked = _event(
        f"{t.notification.id}/remarks",
        "delivery.remarked",
        t.tracking.reference.order,
        mark.timestamp,
        tracking=t.tracking.number,
        at=mark.timestamp.astimezone(UTC),
        signed_by=proof.signed_by,
        remarks=[{"line": r.note_line, "kind": r.code.lower(), "quantity": r.pieces} for r in proof.remarks],
    )
    return [told, remarked]


def _claim(body: bytes) -> Event | None:
    d = read(_Decided, body)
    outcome = _DECISIONS.get(d.claim.status)
    if outcome is None:
        return None
    return _event(
        d.notification.id,
        "claim.decided",
        d.claim.order,
        d.claim.decided_at,
        claim=d.claim.claim_number,
        request=d.claim.reference,
        tracking=d.claim.tracking_number,
        outcome=outcome,
        paid=d.claim.paid.amount,
        currency=d.claim.paid.currency,
        reason=d.claim.reason or None,
    )


# ── payment ──────────────────────────────────────────────────────────────────────────────────────────────────────


class _PaymentKind(msgspec.Struct, frozen=True):
    type: str


class _Requested(msgspec.Struct, frozen=True):
    invoice_ref: str
    order_ref: str


class _Paid(msgspec.Struct, frozen=True):
    id: str
    amount: int
    currency: str


class _Settlement(msgspec.Struct, frozen=True):
    object: _Requested
    payment: _Paid


class _Settled(msgspec.Struct, frozen=True):
    id: str
    created: Decimal
    data: _Settlement


def _payment(body: bytes) -> Event | None:
    if read(_PaymentKind, body).type != "payment_request.settled":
        return None
    s = read(_Settled, body)
    paid = s.data.payment
    return _event(
        s.id,
        "payment.received",
        s.data.object.order_ref,
        datetime.fromtimestamp(float(s.created), UTC),
        invoice=s.data.object.invoice_ref,
        payment=paid.id,
        amount=from_minor(paid.amount, paid.currency),
        currency=paid.currency.upper(),
    )


# ── supplier ─────────────────────────────────────────────────────────────────────────────────────────────────────


class _SupplierEvent(msgspec.Struct, frozen=True, rename="kebab"):
    event_id: str
    event: str
    occurred_at: datetime
    po_number: str
    buyer_reference: str
    supplier_code: str
    expected_arrival: date | None = None
    reason: str | None = None


def _supplier(body: bytes) -> Event | list[Event] | None:
    s = read(_SupplierEvent, body)
    if s.event not in ("po-confirmed", "po-delayed", "po-shipped"):
        return None
    facts = {
        "supplier_order": s.po_number, "supplier_id": s.supplier_code, "promised_on": s.expected_arrival,
        "reason": s.reason,
    }  # fmt: skip
    told = _event(
        s.event_id, f"supplier.{s.event.removeprefix('po-')}", s.buyer_reference, s.occurred_at, **facts
    )  # fmt: skip
    if s.event != "po-delayed":
        return told
    # An event of its own: it starts a process beside the backorder's, which hears of the delay itself.
    return [told, _event(f"{s.event_id}/slip", "supplier.slipped", s.buyer_reference, s.occurred_at, **facts)]


# ── helpdesk ─────────────────────────────────────────────────────────────────────────────────────────────────────

_FORMS = {"return": "return.requested", "dispute": "dispute.raised"}


class _FormItem(msgspec.Struct, frozen=True):
    pos: str
    pieces: int
    amount: Decimal = Decimal(0)


class _Form(msgspec.Struct, frozen=True):
    kind: str
    reason: str
    items: tuple[_FormItem, ...]
    invoice_no: str = ""


class _Ticket(msgspec.Struct, frozen=True):
    id: int
    subject: str
    description: str
    external_id: str
    form: _Form | None = None


class _TicketEvent(msgspec.Struct, frozen=True):
    id: str
    type: str
    created_at: datetime
    ticket: _Ticket


def _helpdesk(body: bytes) -> Event | None:
    t = read(_TicketEvent, body)
    form = t.ticket.form
    kind = _FORMS.get(form.kind) if form else None
    if t.type != "ticket.created" or form is None or kind is None:
        return None
    return _event(
        t.id,
        kind,
        t.ticket.external_id,
        t.created_at,
        request=str(t.ticket.id),
        channel="helpdesk",
        reason=form.reason,
        note=t.ticket.description,
        lines=[{"line": i.pos, "quantity": i.pieces, **({"amount": i.amount} if i.amount else {})} for i in form.items],
        invoice=form.invoice_no or None,
    )


# ── crm ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class _Wish(msgspec.Struct, frozen=True):
    position: str
    product: str
    count: int
    packaging: str


class _Inquiry(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    customer_number: str
    currency_code: str
    email: str
    positions: tuple[_Wish, ...]
    discount_wish: Decimal
    remark: str = ""


class _Answer(msgspec.Struct, frozen=True, rename="camel"):
    inquiry: str
    revision: int
    answer: str
    purchase_order: str = ""
    positions: tuple[_Wish, ...] = ()
    discount_wish: Decimal = Decimal(0)
    remark: str = ""


class _Application(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    company: str
    tax_number: str
    email: str
    language: str
    street: str
    city: str
    postal_code: str
    country: str
    wanted_limit: Decimal


class _Topic(msgspec.Struct, frozen=True, rename="camel"):
    event_id: str
    topic: str
    occurred_at: datetime


class _Inquired(msgspec.Struct, frozen=True):
    data: _Inquiry


class _Answered(msgspec.Struct, frozen=True):
    data: _Answer


class _Applied(msgspec.Struct, frozen=True):
    data: _Application


def _crm(body: bytes) -> Event | None:
    t = read(_Topic, body)
    match t.topic:
        case "inquiry.created":
            q = read(_Inquired, body).data
            facts = {
                "quote": q.id, "customer_id": q.customer_number, "currency": q.currency_code, "email": q.email,
                "lines": _wishes(q.positions), "discount_percent": q.discount_wish, "note": q.remark, "channel": "crm",
            }  # fmt: skip
            return _about(t.event_id, "quote.requested", q.id, t.occurred_at, facts)
        case "proposal.answered":
            a = read(_Answered, body).data
            facts = {"quote": a.inquiry, "revision": a.revision, "answer": a.answer, "note": a.remark}
            if a.answer == "revise":
                facts |= {"lines": _wishes(a.positions), "discount_percent": a.discount_wish}
            if a.purchase_order:
                facts["po"] = a.purchase_order
            return _about(t.event_id, "quote.answered", a.inquiry, t.occurred_at, facts)
        case "application.submitted":
            p = read(_Applied, body).data
            facts = {
                "application": p.id, "name": p.company, "tax_id": p.tax_number, "email": p.email,
                "language": p.language, "credit_wanted": p.wanted_limit, "channel": "crm",
                "address": {"street": p.street, "city": p.city, "postal_code": p.postal_code, "country": p.country},
            }  # fmt: skip
            return _about(t.event_id, "customer.applied", p.id, t.occurred_at, facts)
        case _:
            return None


def _wishes(positions: tuple[_Wish, ...]) -> list[dict[str, Any]]:
    return [{"line": w.position, "sku": w.product, "quantity": w.count, "unit": w.packaging} for w in positions]


def _about(event_id: str, kind: str, subject: str, at: datetime, facts: Mapping[str, Any]) -> Event:
    """Of what is no order (yet)."""
    time = at.astimezone(UTC).isoformat()
    return {
        "id": event_id, "type": f"crossdock.{kind}", "subject": subject, "data": exactjson.plain(dict(facts)),
        "time": time,
    }  # fmt: skip


_TRANSLATORS: Mapping[str, Callable[[bytes], Event | list[Event] | None]] = {
    "wms": _wms,
    "carrier": _carrier,
    "payment": _payment,
    "supplier": _supplier,
    "helpdesk": _helpdesk,
    "crm": _crm,
}
