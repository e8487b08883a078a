"""The sandbox's carrier: nested camelCase, amounts as JSON numbers, weights in kilograms.

Business identity of a booking: order, facility and purpose, as long as it is neither VOIDED nor under way; of a freight
claim: the tracking number and our reference.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Literal

import msgspec

from crossdock.connect import roles
from crossdock.connect.wire import Ask, Misfit, Refusal, Vendor, action, one, read, segment, whole


class _Service(msgspec.Struct, frozen=True):
    code: str


class _Charge(msgspec.Struct, frozen=True):
    amount: Decimal
    currency: str


class _Transit(msgspec.Struct, frozen=True):
    days: int


class Quote(msgspec.Struct, frozen=True, rename="camel"):
    service: _Service
    total_charge: _Charge
    transit: _Transit


class Quotes(msgspec.Struct, frozen=True, rename="camel"):
    rate_quotes: tuple[Quote, ...]


class _Status(msgspec.Struct, frozen=True):
    code: str


class _Label(msgspec.Struct, frozen=True):
    data: str


class _Promise(msgspec.Struct, frozen=True, rename="camel"):
    delivery_date: date


class Booking(msgspec.Struct, frozen=True, rename="camel"):
    tracking_number: str
    service_code: str
    status: _Status
    label: _Label
    total_charge: _Charge
    promise: _Promise


class Booked(msgspec.Struct, frozen=True):
    shipment: Booking


class Bookings(msgspec.Struct, frozen=True):
    shipments: tuple[Booking, ...]


def _address(to: roles.Address) -> dict[str, Any]:
    return {
        "contactName": to.name,
        "streetLines": list(to.lines),
        "city": to.city,
        "stateOrProvince": to.region,
        "postalCode": to.postal_code,
        "countryCode": to.country,
    }


def _weight(kg: Decimal) -> dict[str, Any]:
    return {"value": kg, "unit": "KG"}


# ── rates ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _ask_rate(a: roles.RateArguments) -> Ask:
    shipment = {
        "origin": {"facilityCode": a.site},
        "destination": _address(a.ship_to),
        "weight": _weight(a.weight_kg),
    }
    return Ask("POST", "/api/v2/rates", body={"shipment": shipment})


def _read_rate(a: roles.RateArguments, body: bytes) -> roles.Rate:
    quotes = read(Quotes, body).rate_quotes
    if not quotes:
        raise Misfit("rateQuotes", "at least one service", "none")
    cheapest = min(quotes, key=lambda q: q.total_charge.amount)
    return roles.Rate(
        service=cheapest.service.code,
        price=cheapest.total_charge.amount,
        currency=cheapest.total_charge.currency,
        transit_days=cheapest.transit.days,
    )


# ── proof of delivery ────────────────────────────────────────────────────────────────────────────────────────────

REMARKS: Mapping[str, Literal["missing", "damaged"]] = {"MISSING": "missing", "DAMAGED": "damaged"}


class NoteRemark(msgspec.Struct, frozen=True, rename="camel"):
    note_line: str
    code: Literal["MISSING", "DAMAGED"]
    pieces: int


class ProofOfDelivery(msgspec.Struct, frozen=True, rename="camel"):
    signed_by: str
    signed_at: str
    remarks: tuple[NoteRemark, ...] = ()


class TrackedEvent(msgspec.Struct, frozen=True, rename="camel"):
    code: str
    proof_of_delivery: ProofOfDelivery | None = None


class TrackedEvents(msgspec.Struct, frozen=True):
    events: tuple[TrackedEvent, ...]


def _ask_proof(a: roles.ProofArguments) -> Ask:
    return Ask("GET", f"/api/v2/shipments/{segment(a.tracking)}/events")


def _read_proof(a: roles.ProofArguments, body: bytes) -> roles.Proof:
    signed = [e.proof_of_delivery for e in read(TrackedEvents, body).events if e.proof_of_delivery]
    if not signed:
        return roles.Proof(delivered=False)
    last = signed[-1]
    return roles.Proof(
        delivered=True,
        signed_by=last.signed_by,
        delivered_at=last.signed_at,
        remarks=tuple(
            roles.Remark(line=r.note_line, kind=REMARKS[r.code], quantity=Decimal(r.pieces)) for r in last.remarks
        ),
    )


# ── instructions for parcels that are held up ────────────────────────────────────────────────────────────────────


class _Said(msgspec.Struct, frozen=True):
    note: str


class _AllSaid(msgspec.Struct, frozen=True):
    instructions: tuple[_Said, ...]


def _ask_instruct(a: roles.InstructArguments) -> Ask:
    return Ask("POST", f"/api/v2/shipments/{segment(a.tracking)}/instructions", body={"note": a.note})


def _read_instruct(a: roles.InstructArguments, body: bytes) -> roles.Instructed:
    read(_AllSaid, body)
    return roles.Instructed(tracking=a.tracking)


def _find_instruct(a: roles.InstructArguments) -> Ask:
    return Ask("GET", f"/api/v2/shipments/{segment(a.tracking)}/instructions")


def _found_instruct(a: roles.InstructArguments, body: bytes) -> roles.Instructed | None:
    said = any(i.note == a.note for i in read(_AllSaid, body).instructions)
    return roles.Instructed(tracking=a.tracking) if said else None


# ── freight claims ───────────────────────────────────────────────────────────────────────────────────────────────


class FreightClaim(msgspec.Struct, frozen=True, rename="camel"):
    claim_number: str
    reference: str


class _Claim(msgspec.Struct, frozen=True):
    claim: FreightClaim


class _Claims(msgspec.Struct, frozen=True):
    claims: tuple[FreightClaim, ...]


_CODES = {"missing": "MISSING", "damaged": "DAMAGED"}


def _ask_claim(a: roles.FileClaimArguments) -> Ask:
    items = [
        {"noteLine": n.line, "code": _CODES[n.kind], "pieces": whole(n.quantity, f"/remarks/{place}/quantity")}
        for place, n in enumerate(a.remarks)
    ]
    claim = {
        "trackingNumber": a.tracking,
        "reference": a.request,
        "items": items,
        "amount": {"amount": a.amount, "currency": a.currency},
    }
    return Ask("POST", "/api/v2/claims", body={"claim": claim})


def _read_claim(a: roles.FileClaimArguments, body: bytes) -> roles.Claim:
    return roles.Claim(claim=read(_Claim, body).claim.claim_number)


def _find_claim(a: roles.FileClaimArguments) -> Ask:
    return Ask("GET", "/api/v2/claims", {"trackingNumber": a.tracking, "reference": a.request})


def _found_claim(a: roles.FileClaimArguments, body: bytes) -> roles.Claim | None:
    found = one(read(_Claims, body).claims, "claims")
    return roles.Claim(claim=found.claim_number) if found else None


# ── bookings ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _ask_book(a: roles.BookArguments) -> Ask:
    shipment = {
        "reference": {"order": a.order, "facilityCode": a.site, "purpose": a.purpose},
        "serviceCode": a.service,
        "destination": _address(a.ship_to),
        "weight": _weight(a.weight_kg),
    }
    return Ask("POST", "/api/v2/shipments", body={"shipment": shipment})


def _read_book(a: roles.BookArguments, body: bytes) -> roles.Booking:
    return _booking(read(Booked, body).shipment)


def _find_book(a: roles.BookArguments) -> Ask:
    return Ask("GET", "/api/v2/shipments", {"order": a.order, "facilityCode": a.site, "purpose": a.purpose})


def _found_book(a: roles.BookArguments, body: bytes) -> roles.Booking | None:
    # BOOKED alone: a parcel moves only after we named its number to the warehouse, so one in motion is another call's.
    same = [b for b in read(Bookings, body).shipments if b.status.code == "BOOKED" and b.service_code == a.service]
    found = one(same, "bookings")
    return _booking(found) if found else None


def _booking(b: Booking) -> roles.Booking:
    return roles.Booking(
        tracking=b.tracking_number,
        label=b.label.data,
        promised_on=b.promise.delivery_date,
        price=b.total_charge.amount,
    )


def _ask_cancel(a: roles.CancelBookingArguments) -> Ask:
    return Ask("DELETE", f"/api/v2/shipments/{segment(a.tracking)}")


def _read_cancel(a: roles.CancelBookingArguments, body: bytes) -> roles.Cancelled:
    b = read(Booked, body).shipment
    if b.status.code != "VOIDED":
        raise Misfit("shipment.status.code", "VOIDED", b.status.code)
    return roles.Cancelled(cancelled=b.tracking_number)


def _find_cancel(a: roles.CancelBookingArguments) -> Ask:
    return Ask("GET", f"/api/v2/shipments/{segment(a.tracking)}")


def _found_cancel(a: roles.CancelBookingArguments, body: bytes) -> roles.Cancelled | None:
    b = read(Booked, body).shipment
    return roles.Cancelled(cancelled=b.tracking_number) if b.status.code == "VOIDED" else None


# ── errors ───────────────────────────────────────────────────────────────────────────────────────────────────────


class _Error(msgspec.Struct, frozen=True):
    code: str = ""
    message: str = ""
    path: str | None = None


class _Refused(msgspec.Struct, frozen=True):
    errors: tuple[_Error, ...]


def _refusal(body: bytes) -> Refusal:
    errors = read(_Refused, body).errors
    first = errors[0] if errors else _Error()
    return Refusal(first.code, "; ".join(e.message for e in errors), first.path or "")


def _credentials(tenant: str, key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


VENDOR = Vendor(
    name="sandbox.carrier",
    system="carrier",
    actions={
        "carrier.rate": action(_ask_rate, _read_rate),
        "carrier.proof": action(_ask_proof, _read_proof),
        "carrier.instruct": action(_ask_instruct, _read_instruct, _find_instruct, _found_instruct),
        "carrier.fileClaim": action(_ask_claim, _read_claim, _find_claim, _found_claim),
        "carrier.book": action(_ask_book, _read_book, _find_book, _found_book),
        "carrier.cancelBooking": action(_ask_cancel, _read_cancel, _find_cancel, _found_cancel),
    },
    credentials=_credentials,
    refusal=_refusal,
)
