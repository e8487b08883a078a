"""What the seller answers to an order, or to a change of it."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from crossdock.canonical.change import ChangeAction
from crossdock.canonical.order import ItemId
from crossdock.canonical.parts import Adjustment, Dated, Party, Reference, Tax


class ResponseStatus(StrEnum):
    """What the seller says of the whole order."""

    ACKNOWLEDGED = "acknowledged"  # received; nothing promised
    ACCEPTED = "accepted"
    CHANGED = "changed"  # accepted with changes, told by line
    REJECTED = "rejected"
    ON_HOLD = "on_hold"


class LineStatus(StrEnum):
    ACCEPTED = "accepted"
    BACKORDERED = "backordered"
    CHANGED = "changed"
    CANCELLED = "cancelled"
    PRICE_CHANGED = "price_changed"
    QUANTITY_CHANGED = "quantity_changed"
    REJECTED = "rejected"
    SUBSTITUTED = "substituted"
    PARTIAL = "partial"
    RESCHEDULED = "rescheduled"
    ON_HOLD = "on_hold"
    SHIPPED = "shipped"
    ADDED = "added"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What becomes of a part of a line. code: the partner's own, where several have the same meaning."""

    status: LineStatus
    code: str = ""
    quantity: Decimal | None = None
    unit: str = ""
    dated: str = ""  # what `on` is: shipped, delivery_estimated, …
    on: date | None = None
    items: tuple[ItemId, ...] = ()  # of the substitute


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseLine:
    number: str = ""
    items: tuple[ItemId, ...] = ()
    attributes: tuple[Reference, ...] = ()
    description: str = ""
    quantity: Decimal | None = None  # as ordered
    unit: str = ""
    unit_price: Decimal | None = None
    status: LineStatus | None = None  # of the whole line, where the document says it once
    action: ChangeAction | None = None  # that it answers, or that the seller asks for
    action_code: str = ""  # the partner's own, where several have the same meaning
    outcomes: tuple[Outcome, ...] = ()
    references: tuple[Reference, ...] = ()
    dates: tuple[Dated, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()
    taxes: tuple[Tax, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderResponse:
    """sequence: of the change it answers; "" when it answers the order itself."""

    order_number: str  # the buyer's
    purpose: str = "original"
    status: ResponseStatus | None = None
    status_code: str = ""  # the partner's own, where several have the same meaning
    number: str = ""  # of the response itself, or the seller's order number
    issued_on: date | None = None
    ordered_on: date | None = None
    release: str = ""
    sequence: str = ""
    changed_on: date | None = None  # the day of the change it answers
    currency: str = ""
    references: tuple[Reference, ...] = ()
    dates: tuple[Dated, ...] = ()
    parties: tuple[Party, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()
    taxes: tuple[Tax, ...] = ()
    lines: tuple[ResponseLine, ...] = ()
    notes: tuple[str, ...] = ()
    stated_lines: int | None = None
    stated_quantity: Decimal | None = None
    stated_total: Decimal | None = None
