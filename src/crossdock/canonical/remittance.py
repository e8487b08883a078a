"""The remittance advice: which payment settles which invoices, and what was deducted."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from crossdock.canonical.parts import Dated, Party, Reference


class Direction(StrEnum):
    CREDIT = "credit"
    DEBIT = "debit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deduction:
    """A difference and its reason. amount keeps its sign: negative reduces the payment."""

    amount: Decimal
    reason: str = ""
    about: Reference | None = None
    references: tuple[Reference, ...] = ()  # what it refers to


@dataclass(frozen=True, slots=True, kw_only=True)
class RemittedItem:
    """One open item, usually an invoice."""

    kind: str = "invoice"
    number: str = ""
    action: str = ""
    paid: Decimal | None = None
    gross: Decimal | None = None
    discount: Decimal | None = None
    references: tuple[Reference, ...] = ()
    dates: tuple[Dated, ...] = ()
    deductions: tuple[Deduction, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """Items of one entity, such as a branch of the payer."""

    number: str = ""
    scheme: str = ""
    id: str = ""
    parties: tuple[Party, ...] = ()
    items: tuple[RemittedItem, ...] = ()
    deductions: tuple[Deduction, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RemittanceAdvice:
    amount: Decimal
    handling: str = ""
    direction: Direction = Direction.CREDIT
    method: str = ""
    format: str = ""
    paid_on: date | None = None
    purpose: str = ""
    number: str = ""  # the trace number: check or transfer
    trace_kind: str = ""
    currency: str = ""
    references: tuple[Reference, ...] = ()
    dates: tuple[Dated, ...] = ()
    parties: tuple[Party, ...] = ()
    entities: tuple[Entity, ...] = ()

    @property
    def itemised(self) -> Decimal | None:
        """What the items and deductions make together; None when an item has no amount."""
        total = Decimal(0)
        for entity in self.entities:
            for item in entity.items:
                if item.paid is None:
                    return None
                total += item.paid
            total += sum((d.amount for d in entity.deductions), Decimal(0))
        return total
