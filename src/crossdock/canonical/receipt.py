"""The receipt of goods: what arrived, in which condition, and how it differs from what was announced (RECADV, X12 861
and 944).

Quantities are the receiver's count. `received` is all that came, good or not; `accepted` and `rejected` part it where
the receiver says so. What a line says of trouble is an exception with its own quantity, in the line's unit.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from crossdock.canonical.order import ItemId
from crossdock.canonical.parts import Carrier, Dated, Party, Reference


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptException:
    """A part of a line that is not as it should be. condition: damaged, short, over, …, or the partner's code."""

    condition: str = ""
    quantity: Decimal | None = None
    unit: str = ""
    reason: str = ""
    text: str = ""
    lot: str = ""
    references: tuple[Reference, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptLine:
    number: str = ""
    package: str = ""  # SSCC of the package it came in
    order_number: str = ""  # the buyer's
    order_line: str = ""
    items: tuple[ItemId, ...] = ()
    attributes: tuple[Reference, ...] = ()
    description: str = ""
    lot: str = ""
    case_code: str = ""  # UPC of the case
    received: Decimal | None = None
    accepted: Decimal | None = None
    rejected: Decimal | None = None
    despatched: Decimal | None = None  # as announced
    ordered: Decimal | None = None
    unit: str = ""
    exceptions: tuple[ReceiptException, ...] = ()
    weight: Decimal | None = None
    weight_kind: str = ""
    weight_unit: str = ""
    references: tuple[Reference, ...] = ()
    dates: tuple[Dated, ...] = ()

    @property
    def difference(self) -> Decimal | None:
        """Received less announced, or less ordered where nothing was announced; None where neither is said."""
        wanted = self.despatched if self.despatched is not None else self.ordered
        return None if wanted is None or self.received is None else self.received - wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptAdvice:
    number: str  # of the receipt
    purpose: str = "original"
    kind: str = ""  # as the partner's code says: full, partial, …
    issued_on: date | None = None
    received_on: date | None = None
    order_number: str = ""  # the buyer's, or the depositor's
    despatch_number: str = ""  # of the despatch advice it answers
    link: str = ""
    references: tuple[Reference, ...] = ()
    dates: tuple[Dated, ...] = ()
    parties: tuple[Party, ...] = ()
    carrier: Carrier | None = None
    lines: tuple[ReceiptLine, ...] = ()
    notes: tuple[Reference, ...] = ()  # kind says for whom
    stated_lines: int | None = None
    stated_quantity: Decimal | None = None  # received
    stated_despatched: Decimal | None = None
    stated_rejected: Decimal | None = None  # damaged or on hold
