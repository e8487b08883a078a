"""The canonical purchase order: what every intake format becomes and every workflow works on.

Amounts are Decimal in the order's one currency; quantities are Decimal in the line's unit. Dates are the partner's
own calendar dates, without a time zone. Nothing here knows a document format.
"""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

from crossdock.canonical.parts import Address, Adjustment, Tax


class PartyRole(StrEnum):
    BUYER = "buyer"
    SUPPLIER = "supplier"
    SHIP_TO = "ship_to"
    BILL_TO = "bill_to"


class ItemScheme(StrEnum):
    """Who gave the item number."""

    SUPPLIER = "supplier"  # our own SKU (X12 VN/VP/SK by agreement)
    BUYER = "buyer"  # the customer's item number (X12 BP/IN)
    GTIN = "gtin"  # GS1 (X12 UP/UK/EN)
    MANUFACTURER = "manufacturer"  # X12 MG/MN


class Purpose(StrEnum):
    ORIGINAL = "original"
    CANCELLATION = "cancellation"
    CHANGE = "change"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    role: PartyRole
    id: str = ""
    scheme: str = ""  # duns, gln, assigned_by_buyer, assigned_by_seller, …
    address: Address = field(default_factory=Address)


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemId:
    scheme: ItemScheme
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """The part of a line that goes to one of several places (X12 SDQ, EDIFACT LOC with QTY, UBL Delivery)."""

    ship_to: str  # the place, as scheme numbers it
    scheme: str = ""  # gln, duns, assigned_by_buyer, store, …
    quantity: Decimal
    unit: str = ""  # none: the line's
    location: str = ""  # within the place: a dock, a department
    requested_on: date | None = None  # none: the line's


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    number: str  # unique within the order, as the partner wrote it; else 1, 2, …
    items: tuple[ItemId, ...]
    description: str = ""
    quantity: Decimal
    unit: str  # UN/ECE Recommendation 20 or the X12 code as received: EA, CS, …
    unit_price: Decimal | None = None  # None: the partner leaves pricing to us
    requested_on: date | None = None
    splits: tuple[Split, ...] = ()  # none: all of it to the order's ship-to
    adjustments: tuple[Adjustment, ...] = ()  # of the whole line, as the buyer states them
    taxes: tuple[Tax, ...] = ()

    @property
    def amount(self) -> Decimal | None:
        return None if self.unit_price is None else self.quantity * self.unit_price


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseOrder:
    """One purchase order of one customer, in one currency, with at least one line."""

    number: str  # the buyer's order number
    purpose: Purpose = Purpose.ORIGINAL
    ordered_on: date | None = None
    currency: str  # ISO 4217
    parties: tuple[Party, ...] = ()
    lines: tuple[OrderLine, ...]
    requested_on: date | None = None
    cancel_after: date | None = None
    ship_not_before: date | None = None
    payment_terms_days: int | None = None
    references: dict[str, str] = field(default_factory=dict[str, str])
    adjustments: tuple[Adjustment, ...] = ()  # of the whole order, as the buyer states them
    taxes: tuple[Tax, ...] = ()
    notes: str = ""
    stated_total: Decimal | None = None  # what the document itself claims, if it does

    @property
    def total(self) -> Decimal | None:
        """Sum of quantity × price, or None when any line has no price. Adjustments and taxes are not in it."""
        amounts = [line.amount for line in self.lines]
        return None if any(a is None for a in amounts) else sum((a for a in amounts if a is not None), Decimal(0))

    def party(self, role: PartyRole) -> Party | None:
        return next((p for p in self.parties if p.role is role), None)
