"""Invoices and credit notes: what is to be paid, by line, with allowances, charges and taxes.

A credit note is an invoice whose amounts are owed to the buyer; they are written without a sign in both. `due` computes
the amount from the parts; `differences` says where the document's own statements disagree.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from crossdock.canonical.order import ItemId
from crossdock.canonical.parts import Adjustment, Dated, Party, Reference, Tax, Terms


class InvoiceKind(StrEnum):
    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    DEBIT_NOTE = "debit_note"
    CORRECTED = "corrected"
    PRO_FORMA = "pro_forma"
    CONSOLIDATED = "consolidated"


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceLine:
    number: str = ""
    quantity: Decimal | None = None  # as invoiced
    unit: str = ""
    unit_price: Decimal | None = None
    price_basis: Decimal | None = None  # the price is for this many units; None means one
    stated_amount: Decimal | None = None  # what the document itself says of the line
    items: tuple[ItemId, ...] = ()
    attributes: tuple[Reference, ...] = ()
    description: str = ""
    adjustments: tuple[Adjustment, ...] = ()
    taxes: tuple[Tax, ...] = ()
    references: tuple[Reference, ...] = ()
    dates: tuple[Dated, ...] = ()

    @property
    def amount(self) -> Decimal | None:
        """Quantity × price, or what the document says where it names no price."""
        if self.quantity is None or self.unit_price is None:
            return self.stated_amount
        if self.price_basis is not None and self.price_basis > 0:
            return self.quantity * self.unit_price / self.price_basis
        return self.quantity * self.unit_price


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What the document states, and what its parts make. what: total, line 3, …"""

    what: str
    stated: Decimal
    computed: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    number: str
    kind: InvoiceKind = InvoiceKind.INVOICE
    kind_code: str = ""  # the partner's own, where several have the same meaning
    purpose: str = "original"
    issued_on: date | None = None
    order_number: str = ""
    ordered_on: date | None = None
    release: str = ""
    currency: str = ""
    references: tuple[Reference, ...] = ()
    dates: tuple[Dated, ...] = ()
    parties: tuple[Party, ...] = ()
    terms: tuple[Terms, ...] = ()
    lines: tuple[InvoiceLine, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()
    taxes: tuple[Tax, ...] = ()
    notes: tuple[str, ...] = ()
    stated_lines: int | None = None
    discounted_total: Decimal | None = None  # what an early payer pays
    stated_net: Decimal | None = None  # of the lines, before what follows them
    stated_tax: Decimal | None = None
    prepaid: Decimal | None = None  # paid before the invoice was written
    rounding: Decimal | None = None  # of the amount to pay; negative in the buyer's favour
    stated_total: Decimal | None = None

    @property
    def net(self) -> Decimal | None:
        """The lines with their own allowances and charges; None when one has no amount."""
        total = Decimal(0)
        for line in self.lines:
            if line.amount is None:
                return None
            total += line.amount + sum((a.signed for a in line.adjustments), Decimal(0))
        return total

    @property
    def due(self) -> Decimal | None:
        """Lines, allowances, charges and taxes, less what is paid already; None when a line has no amount.

        Taxes are those of the whole document; else the sum it states; else those of the lines.
        """
        if self.net is None:
            return None
        amounts = [t.amount for t in self.taxes if t.amount is not None]
        if not amounts and self.stated_tax is not None:
            amounts = [self.stated_tax]
        if not amounts:
            amounts = [t.amount for line in self.lines for t in line.taxes if t.amount is not None]
        tax = sum(amounts, Decimal(0))
        total = self.net + sum((a.signed for a in self.adjustments), Decimal(0)) + tax
        return total - (self.prepaid or 0) + (self.rounding or 0)

    def differences(self, tolerance: Decimal = Decimal("0.005")) -> Iterator[Difference]:
        """Statements that disagree with their parts by more than half a cent for each rounded line."""
        for place, line in enumerate(self.lines, 1):
            if line.stated_amount is not None and line.amount is not None:
                adjusted = line.amount + sum((a.signed for a in line.adjustments), Decimal(0))
                if min(abs(line.stated_amount - line.amount), abs(line.stated_amount - adjusted)) > tolerance:
                    name = f"line {line.number or place}"
                    yield Difference(what=name, stated=line.stated_amount, computed=line.amount)
        slack = tolerance * max(1, len(self.lines))
        if self.stated_total is not None and self.due is not None and abs(self.stated_total - self.due) > slack:
            yield Difference(what="total", stated=self.stated_total, computed=self.due)
