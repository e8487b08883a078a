"""What the documents of a trade share: references, dates, quantities, adjustments, taxes, terms, carriers.

Amounts and quantities are exact decimals. A `kind` is one of our words where we know the partner's code, else the code
itself, so that nothing is lost for want of a word. Nothing here knows a document format.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    name: str = ""
    lines: tuple[str, ...] = ()
    city: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""  # ISO 3166-1 alpha-2


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A number of something else: an order, a bill of lading, a department. text: what stands beside it."""

    kind: str
    value: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """A day the partner speaks of, by its own calendar. time: HHMM or HHMMSS, where given."""

    kind: str  # delivery_requested, shipped, delivery_estimated, …
    on: date
    time: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A quantity of one kind, such as on_hand or backordered."""

    kind: str
    value: Decimal
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Weight, volume or a dimension."""

    kind: str
    value: Decimal
    unit: str = ""


class AdjustmentKind(StrEnum):
    ALLOWANCE = "allowance"  # reduces what is to be paid
    CHARGE = "charge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """An allowance or a charge. amount is never negative; None when only a percentage is agreed."""

    kind: AdjustmentKind
    code: str = ""  # the service, as the partner's code list names it
    amount: Decimal | None = None
    percent: Decimal | None = None
    percent_of: str = ""  # what it is a percentage of, as the partner's code says
    text: str = ""

    @property
    def signed(self) -> Decimal:
        if self.amount is None:
            return Decimal(0)
        return -self.amount if self.kind is AdjustmentKind.ALLOWANCE else self.amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Tax:
    """A tax as stated. amount: None when only the rate is stated."""

    kind: str  # vat, state, local, …
    percent: Decimal | None = None
    amount: Decimal | None = None
    category: str = ""
    basis: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """When to pay, and what an early payer may deduct."""

    kind: str = ""
    basis: str = ""
    discount_percent: Decimal | None = None
    discount_on: date | None = None
    discount_days: int | None = None
    due_on: date | None = None
    net_days: int | None = None
    discount_amount: Decimal | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """Who carries the goods. id: a SCAC or the partner's own code, by scheme."""

    id: str = ""
    scheme: str = ""
    name: str = ""
    mode: str = ""  # road, air, sea, rail, parcel, or the partner's code
    service: str = ""
    terms: str = ""  # who pays the freight


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """Packages of one kind in a shipment, with their weight and volume."""

    code: str = ""
    count: Decimal | None = None
    weight: Decimal | None = None
    weight_kind: str = ""
    weight_unit: str = ""
    volume: Decimal | None = None
    volume_unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Equipment:
    """A trailer or container, and its seal."""

    kind: str = ""
    initial: str = ""
    number: str = ""
    seal: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """How to reach somebody. kind: phone, email, fax, or the partner's code."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    function: str = ""
    name: str = ""
    numbers: tuple[Number, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """As canonical.order.Party, in any role: buyer, supplier, ship_to, ship_from, bill_to, remit_to, carrier, …"""

    role: str
    id: str = ""
    scheme: str = ""
    address: Address = field(default_factory=Address)
    references: tuple[Reference, ...] = ()
    contacts: tuple[Contact, ...] = ()


def party(parties: Iterable[Party], role: str) -> Party | None:
    return next((p for p in parties if p.role == role), None)


def reference(references: Iterable[Reference], kind: str) -> str:
    """The first number of this kind; "" when there is none."""
    return next((r.value for r in references if r.kind == kind), "")


def day(dates: Iterable[Dated], kind: str) -> date | None:
    return next((d.on for d in dates if d.kind == kind), None)
