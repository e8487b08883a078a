"""The customers' side: people who get goods and bills, and now and then write to the helpdesk about them.

Nobody writes unless told to: habits, set from outside, say which share of deliveries comes back and which share of
invoices is disputed. Who writes, about what, and when is drawn from what it is about, so a run of the same orders has
the same letters whatever order things happen in.
"""

from collections.abc import Callable
from datetime import datetime

import msgspec

from .helpdesk import Form, FormItem, Helpdesk
from .surroundings import Surroundings

RETURN_REASONS = ("unwanted", "unwanted", "unwanted", "damaged", "damaged", "wrong-item")
SAID = {
    "unwanted": "We ordered more than we need and would like to send this back.",
    "damaged": "These arrived damaged.",
    "wrong-item": "This is not what we ordered.",
}


class Habits(msgspec.Struct, forbid_unknown_fields=True):
    tenant: str
    returns: float = 0.0


class Parcel(msgspec.Struct):
    """What one parcel brought: (line, pieces) of an order."""

    order: str
    lines: list[tuple[str, int]]


class Customers:
    """parcel_of: what was shipped under a tracking number, if the warehouse knows."""

    def __init__(self, around: Surroundings, helpdesk: Helpdesk, parcel_of: Callable[[str], Parcel | None]) -> None:
        self._around = around
        self._helpdesk = helpdesk
        self._parcel_of = parcel_of
        self.habits = Habits(around.distributor.tenant)

    def delivered(self, tracking: str, site: str, purpose: str, now: datetime) -> None:
        parcel = self._parcel_of(tracking)
        if parcel is None or not parcel.lines:
            return
        chance, identity = self._around.chance, (parcel.order, site, purpose)
        if chance.share(*identity, "returns") < self.habits.returns:
            some = [n for n in parcel.lines if chance.share(*identity, n[0], "returned") < 0.4] or parcel.lines[:1]
            items = [FormItem(line, chance.whole(1, count, *identity, line, "pieces")) for line, count in some]
            reason = chance.pick(RETURN_REASONS, *identity, "reason")
            later = now + chance.minutes(300, 5 * 1440, *identity, "returns at")
            self._write(later, parcel.order, f"Return of {parcel.order}", SAID[reason], Form("return", reason, items))

    def _write(self, at: datetime, order: str, subject: str, body: str, form: Form) -> None:
        self._around.agenda.at(at, lambda now: self._helpdesk.hear(order, subject, body, form, now))
