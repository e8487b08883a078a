"""The order change request: what a buyer wants otherwise of an order it has sent.

A change names lines as the order numbers them and says what each shall be, never by how much it differs: `quantity` is
the new quantity, `unit_price` the new price. Which of them a line speaks of depends on its action; `new_quantity`,
`new_price` and `new_day` answer that once for all actions, and are None for what stays as it was.

What it asks is not what happens: the order's process decides by how far the order is, and the answer is an
OrderResponse that repeats `sequence`.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from crossdock.canonical.order import ItemId, Split
from crossdock.canonical.parts import Adjustment, Dated, Party, Reference, Tax, day

REQUESTED = ("delivery_requested", "delivery_requested_not_before", "ship_requested", "required_by")


class ChangeAction(StrEnum):
    ADD = "add"
    CANCEL = "cancel"
    CHANGE = "change"  # whatever the line states is new: quantity, price, date
    QUANTITY_UP = "quantity_up"
    QUANTITY_DOWN = "quantity_down"
    PRICE = "price"
    RESCHEDULE = "reschedule"
    REPLACE = "replace"  # by this line, its item numbers included
    NONE = "none"  # repeated for the reader; nothing changes


_QUANTITY = frozenset(
    {ChangeAction.ADD, ChangeAction.CHANGE, ChangeAction.QUANTITY_UP, ChangeAction.QUANTITY_DOWN, ChangeAction.REPLACE}
)
_PRICE = frozenset({ChangeAction.ADD, ChangeAction.CHANGE, ChangeAction.PRICE, ChangeAction.REPLACE})
_DAY = frozenset({ChangeAction.ADD, ChangeAction.CHANGE, ChangeAction.RESCHEDULE, ChangeAction.REPLACE})


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLine:
    """number: of the order's line, or a new one where the action is ADD."""

    number: str = ""
    action: ChangeAction
    code: str = ""  # the partner's own, where several have the same meaning
    quantity: Decimal | None = None  # ordered from now on
    open_quantity: Decimal | None = None  # left to receive, as the buyer counts it
    unit: str = ""
    unit_price: Decimal | None = None
    items: tuple[ItemId, ...] = ()
    attributes: tuple[Reference, ...] = ()
    description: str = ""
    references: tuple[Reference, ...] = ()
    dates: tuple[Dated, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()
    taxes: tuple[Tax, ...] = ()
    splits: tuple[Split, ...] = ()

    @property
    def new_quantity(self) -> Decimal | None:
        """Ordered from now on: 0 for a cancelled line, None where the action leaves it."""
        if self.action is ChangeAction.CANCEL:
            return Decimal(0)
        return self.quantity if self.action in _QUANTITY else None

    @property
    def new_price(self) -> Decimal | None:
        return self.unit_price if self.action in _PRICE else None

    @property
    def new_day(self) -> date | None:
        """When the buyer wants it from now on: the delivery where it names one, else the shipping."""
        return requested(self.dates) if self.action in _DAY else None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderChange:
    """purpose: change; cancellation or deletion of the whole order; replacement, whose lines are the whole order."""

    order_number: str
    number: str = ""  # of the request itself, where it has one
    purpose: str = "change"
    release: str = ""
    sequence: str = ""  # of this change among those of the order
    ordered_on: date | None = None
    changed_on: date | None = None
    currency: str = ""
    references: tuple[Reference, ...] = ()
    dates: tuple[Dated, ...] = ()
    parties: tuple[Party, ...] = ()
    lines: tuple[ChangeLine, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()
    taxes: tuple[Tax, ...] = ()
    notes: tuple[str, ...] = ()
    stated_lines: int | None = None
    stated_quantity: Decimal | None = None
    stated_total: Decimal | None = None

    @property
    def cancels(self) -> bool:
        """The whole order, whatever its lines say."""
        return self.purpose in {"cancellation", "deletion"}

    @property
    def whole(self) -> bool:
        """Its lines are all that the order has from now on: one that it does not name is gone."""
        return self.purpose == "replacement"

    @property
    def new_day(self) -> date | None:
        """When the buyer wants all that no line says otherwise of."""
        return requested(self.dates)


def requested(dates: tuple[Dated, ...]) -> date | None:
    return next((found for kind in REQUESTED if (found := day(dates, kind)) is not None), None)
