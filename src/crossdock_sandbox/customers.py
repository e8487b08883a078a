"""The customers' side: people who get goods and bills, and now and then write to the helpdesk about them.

Nobody writes unless told to: habits, set from outside, say which share of deliveries comes back, of invoices is
disputed, and of deliveries is signed for with a remark. Who writes, about what, and when is drawn from what it is
about, so a run of the same orders has the same letters whatever order things happen in. About one order a customer says
one thing.
"""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

import msgspec

from .claims import NoteRemark
from .helpdesk import Form, FormItem, Helpdesk
from .surroundings import Surroundings
from .wire import CENT

RETURN_REASONS = ("unwanted", "unwanted", "unwanted", "damaged", "damaged", "wrong-item")
DISPUTE_REASONS = ("price", "price", "short")
SAID = {
    "price": "You billed more than we agreed.",
    "short": "Fewer pieces arrived than you billed.",
    "unwanted": "We ordered more than we need and would like to send this back.",
    "damaged": "These arrived damaged.",
    "wrong-item": "This is not what we ordered.",
}


class Habits(msgspec.Struct, forbid_unknown_fields=True):
    tenant: str
    returns: float = 0.0
    disputes: float = 0.0
    remarks: float = 0.0


class Parcel(msgspec.Struct):
    """What one parcel brought: (line, pieces) of an order."""

    order: str
    lines: list[tuple[str, int]]


class Bill(msgspec.Struct):
    """An invoice as its receiver sees it: (line, pieces, amount)."""

    number: str
    order: str
    delivery: str
    lines: list[tuple[str, int, Decimal]]


class Customers:
    """parcel_of: what was shipped under a tracking number, if the warehouse knows."""

    def __init__(self, around: Surroundings, helpdesk: Helpdesk, parcel_of: Callable[[str], Parcel | None]) -> None:
        self._around = around
        self._helpdesk = helpdesk
        self._parcel_of = parcel_of
        self.habits = Habits(around.distributor.tenant)
        self._spoken: set[str] = set()  # orders about which their customers have said what they have to say

    def signs(self, tracking: str, site: str, purpose: str) -> list[NoteRemark]:
        """What is written on the proof of delivery before it is signed."""
        parcel = self._parcel_of(tracking)
        if parcel is None or not parcel.lines or parcel.order in self._spoken:
            return []
        chance, identity = self._around.chance, (parcel.order, site, purpose)
        if chance.share(*identity, "remarks") >= self.habits.remarks:
            return []
        line, pieces = parcel.lines[chance.whole(0, len(parcel.lines) - 1, *identity, "remarked line")]
        self._spoken.add(parcel.order)
        code = "MISSING" if chance.share(*identity, "remarked as") < 0.5 else "DAMAGED"
        return [NoteRemark(line, code, chance.whole(1, min(pieces, 6), *identity, "remarked pieces"))]

    def delivered(self, tracking: str, site: str, purpose: str, now: datetime) -> None:
        parcel = self._parcel_of(tracking)
        if parcel is None or not parcel.lines or parcel.order in self._spoken:
            return
        chance, identity = self._around.chance, (parcel.order, site, purpose)
        if chance.share(*identity, "returns") < self.habits.returns:
            some = [n for n in parcel.lines if chance.share(*identity, n[0], "returned") < 0.4] or parcel.lines[:1]
            items = [FormItem(line, chance.whole(1, count, *identity, line, "pieces")) for line, count in some]
            reason = chance.pick(RETURN_REASONS, *identity, "reason")
            later = now + chance.minutes(300, 5 * 1440, *identity, "returns at")
            self._write(later, parcel.order, f"Return of {parcel.order}", SAID[reason], Form("return", reason, items))

    def billed(self, invoice: Bill, now: datetime) -> None:
        chance, identity = self._around.chance, (invoice.order, invoice.delivery)
        if (
            not invoice.lines
            or invoice.order in self._spoken
            or chance.share(*identity, "disputes") >= self.habits.disputes
        ):
            return
        reason = chance.pick(DISPUTE_REASONS, *identity, "dispute reason")
        line, pieces, amount = invoice.lines[chance.whole(0, len(invoice.lines) - 1, *identity, "disputed line")]
        if reason == "price":
            off = (amount * chance.whole(3, 12, *identity, "off") / 100).quantize(CENT)
            item = FormItem(line, 0, off)
        else:
            item = FormItem(line, chance.whole(1, min(pieces, 3), *identity, "missing"))
        if not item.pieces and not item.amount:
            return
        later = now + chance.minutes(6 * 1440, 11 * 1440, *identity, "disputes at")
        form = Form("dispute", reason, [item], invoice.number)
        self._write(later, invoice.order, f"Invoice {invoice.number}", SAID[reason], form)

    def _write(self, at: datetime, order: str, subject: str, body: str, form: Form) -> None:
        self._spoken.add(order)
        self._around.agenda.at(at, lambda now: self._helpdesk.hear(order, subject, body, form, now))
