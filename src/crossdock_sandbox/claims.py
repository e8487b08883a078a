"""Freight claims: what a shipper wants back from the carrier for goods that did not arrive, or arrived damaged.

A claim is decided some days later, by the proof of delivery: what its receiver did not remark on is denied. Of what was
remarked most is paid in full, some in half, and now and then it is denied all the same.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

import msgspec

from .clock import working_day
from .surroundings import Surroundings, fresh_id
from .wire import CENT, Call, Numbering, Pieces, Reference, Refused, Reply, Route, Text, plain

PAID_SHARE, HALF_SHARE = 0.72, 0.18


class NoteRemark(msgspec.Struct, rename="camel"):
    """What a receiver writes beside a line of the delivery note before signing."""

    note_line: Reference
    code: Literal["MISSING", "DAMAGED"]
    pieces: Pieces


class Amount(msgspec.Struct):
    amount: Decimal
    currency: Text


class NewClaim(msgspec.Struct, rename="camel"):
    tracking_number: Text
    reference: Reference
    items: list[NoteRemark]
    amount: Amount


class ClaimRequest(msgspec.Struct):
    claim: NewClaim


class Claim(msgspec.Struct, rename="camel", kw_only=True):
    claim_number: str
    tracking_number: str
    reference: str
    order: str
    status: str
    items: list[NoteRemark]
    amount: Amount
    paid: Amount
    reason: str = ""
    decided_at: str | None = None


_requests = msgspec.json.Decoder(ClaimRequest)


class Claims:
    """order_of: the order of a tracking number, if it is booked. remarks_of: what its receiver remarked."""

    def __init__(
        self,
        around: Surroundings,
        order_of: Callable[[str], str | None],
        remarks_of: Callable[[str], list[NoteRemark]],
    ) -> None:
        self._around = around
        self._order_of = order_of
        self._remarks_of = remarks_of
        self._claims: dict[str, Claim] = {}
        self._claims_of: dict[str, list[Claim]] = {}
        self._numbers = Numbering("FC", 8)
        self.routes = (
            Route("POST", "/api/v2/claims", "fileClaim", self.file),
            Route("GET", "/api/v2/claims", "findClaims", self.find),
            Route("GET", "/api/v2/claims/{claimNumber}", "getClaim", self.get),
        )

    def file(self, call: Call) -> Reply:
        new = call.read(_requests).claim
        order = self._order_of(new.tracking_number)
        if order is None:
            raise Refused(
                404, "TRACKING.NUMBER.NOTFOUND", f"Tracking number {new.tracking_number} cannot be found",
                "claim.trackingNumber",
            )  # fmt: skip
        amount = plain(new.amount.amount, "claim.amount.amount")
        if new.amount.currency != self._around.distributor.currency or not amount > 0:
            text = f"Expected more than 0 {self._around.distributor.currency}, found {amount} {new.amount.currency}"
            raise Refused(422, "CLAIM.AMOUNT.INVALID", text, "claim.amount")
        if not 1 <= len(new.items) <= 1000:
            raise Refused(
                422, "CLAIM.ITEMS.INVALID", f"Expected 1 to 1000 items, found {len(new.items)}", "claim.items"
            )
        claim = Claim(
            claim_number=self._numbers.next(),
            tracking_number=new.tracking_number,
            reference=new.reference,
            order=order,
            status="FILED",
            items=new.items,
            amount=new.amount,
            paid=Amount(Decimal(0), new.amount.currency),
        )
        self._claims[claim.claim_number] = claim
        self._claims_of.setdefault(claim.tracking_number, []).append(claim)
        self._around.ledger.write(
            call.now,
            "claim",
            claim.claim_number,
            order=order,
            purpose=claim.reference,
            amount=amount,
            currency=new.amount.currency,
            status="FILED",
            detail={"tracking": claim.tracking_number},
        )
        days = self._around.chance.minutes(3 * 1440, 12 * 1440, order, claim.reference, "claim")
        self._around.agenda.at(working_day(call.now + days), lambda at: self._decide(claim, at))
        return Reply({"claim": claim}, 201)

    def find(self, call: Call) -> Reply:
        tracking = call.query.get("trackingNumber")
        among = self._claims.values() if tracking is None else self._claims_of.get(tracking, ())
        skip, top = call.window()
        return Reply({"claims": [c for c in among if call.matches(reference=c.reference)][skip : skip + top]})

    def get(self, call: Call) -> Reply:
        number = call.arguments["claimNumber"]
        if number not in self._claims:
            raise Refused(404, "CLAIM.NUMBER.NOTFOUND", f"Claim {number} cannot be found")
        return Reply({"claim": self._claims[number]})

    def _decide(self, claim: Claim, now: datetime) -> None:
        remarked = {(r.note_line, r.code): r.pieces for r in self._remarks_of(claim.tracking_number)}
        draw = self._around.chance.share(claim.order, claim.reference, "decision")
        if any(remarked.get((i.note_line, i.code), 0) < i.pieces for i in claim.items):
            claim.status, claim.reason = "DENIED", "The proof of delivery has no such remark"
        elif draw < PAID_SHARE:
            claim.status, claim.paid.amount = "PAID", claim.amount.amount
        elif draw < PAID_SHARE + HALF_SHARE:
            claim.status = "PARTIAL"
            claim.paid.amount = (claim.amount.amount / 2).quantize(CENT, ROUND_HALF_UP)
            claim.reason = "Liability is limited"
        else:
            claim.status, claim.reason = "DENIED", "Packed insufficiently"
        claim.decided_at = now.astimezone(UTC).isoformat(timespec="milliseconds")
        ledger = self._around.ledger
        ledger.progress("claim", claim.claim_number, claim.status)
        if claim.paid.amount:
            ledger.write(
                now, "claim-payment", claim.claim_number, order=claim.order, purpose=claim.reference,
                amount=claim.paid.amount, currency=claim.paid.currency, status=claim.status,
            )  # fmt: skip
        event_id = fresh_id()
        note = {"id": event_id, "type": "CLAIM", "sentAt": claim.decided_at}
        self._around.announce(claim.order, event_id, {"notification": note, "claim": claim}, now)
