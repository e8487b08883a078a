"""What is compared: what each document says of each line of an order, and what the comparison finds.

Everything is a plain value. Quantities inside a comparison are fractions of the ordered unit, because 7 pieces of a
case of 24 have no decimal; what is shown is rounded, and money to the cent.
"""

from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from fractions import Fraction

from crossdock.canonical import units
from crossdock.canonical.order import ItemId

CENT = Decimal("0.01")


class Side(StrEnum):
    SELLER = "seller"  # a customer's order to us
    BUYER = "buyer"  # our order to a supplier


class Kind(StrEnum):
    ORDER = "order"
    CHANGE = "change"
    ANSWER = "answer"  # a response to a change, not to the order
    RESPONSE = "response"
    DESPATCH = "despatch"
    RECEIPT = "receipt"
    INVOICE = "invoice"
    CREDIT = "credit"
    REMITTANCE = "remittance"


class Became(StrEnum):
    """What a response says of a part of a line, and a receipt of goods that cannot be used."""

    ACCEPTED = "accepted"
    BACKORDERED = "backordered"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a document says of a part of a line. price: per `unit`; amount: of the part, net."""

    line: str = ""
    items: tuple[ItemId, ...] = ()
    quantity: Decimal | None = None
    unit: str = ""
    price: Decimal | None = None
    amount: Decimal | None = None
    on: date | None = None
    became: Became | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """What a remittance says of one invoice; deductions as its sender gives the reason."""

    invoice: str
    amount: Decimal
    discount: Decimal = Decimal(0)
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One document, as far as it is about one order.

    number: its own; a later document of the same kind and number takes the place of the earlier. about: the shipments
    a receipt or invoice names, or the invoices of a credit note. total: with tax and everything.
    """

    document: str
    kind: Kind
    number: str
    on: date | None = None
    currency: str = ""
    lines: tuple[Said, ...] = ()
    about: frozenset[str] = frozenset()
    total: Decimal | None = None
    wanted_on: date | None = None  # of a change: all that no line of it says otherwise of
    refused: frozenset[str] = frozenset()  # of the answer to a change: its lines that were not taken
    charges: Decimal = Decimal(0)  # allowances and charges of the whole document
    paid: tuple[Paid, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What was agreed to overlook, and how long the next document may take. Percentages of the expected value."""

    quantity_percent: Decimal = Decimal(0)
    price_percent: Decimal = Decimal(0)
    amount: Decimal = Decimal(0)  # a difference over less money is none
    days: int = 0  # later than promised or asked for
    invoice_days: int = 5  # from despatch to invoice
    receipt_days: int = 14  # from despatch to receipt, where the partner sends receipts
    receipts: bool = False  # the partner tells what it received: silence is a difference
    despatches: bool = True  # despatch advice is sent: an invoice without one is over goods that never left


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """code: which two things disagree, such as `invoiced.price`. money: at risk, never negative.

    told: our own word to the partner, which changes nothing here; it is shown and is no case.
    """

    code: str
    line: str
    expected: str
    found: str
    money: Decimal
    documents: tuple[str, ...]
    text: str
    told: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LineChain:
    """One line through all documents, in the unit ordered. None: nothing was said."""

    line: str
    items: tuple[ItemId, ...]
    unit: str
    ordered: Decimal
    price: Decimal | None
    requested_on: date | None
    promised: Decimal | None
    backordered: Decimal | None
    refused: Decimal | None
    promised_price: Decimal | None
    promised_on: date | None
    shipped: Decimal
    shipped_on: date | None  # the last of it
    received: Decimal | None
    invoiced: Decimal
    invoiced_amount: Decimal
    credited_amount: Decimal
    differences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Net, but `billed` and `paid`, which are with tax."""

    ordered: Decimal | None
    shipped: Decimal | None
    invoiced: Decimal
    credited: Decimal
    billed: Decimal
    paid: Decimal


class Fate(StrEnum):
    """What became of a line of a change."""

    ASKED = "asked"  # not answered yet: the order is as it was
    TAKEN = "taken"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineChange:
    """What a change asked of one line, before and after, in the unit ordered; None where it says nothing of it."""

    document: str
    sequence: str
    line: str
    fate: Fate
    quantity_before: Decimal | None = None
    quantity_after: Decimal | None = None
    price_before: Decimal | None = None
    price_after: Decimal | None = None
    day_before: date | None = None
    day_after: date | None = None


class State(StrEnum):
    OPEN = "open"  # nothing disagrees, and something is still to come
    CLEAR = "clear"  # everything came, and agrees
    DIFFERS = "differs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """again_on: the day from which silence becomes a difference, when it is not broken before."""

    state: State
    lines: tuple[LineChain, ...]
    totals: Totals
    differences: tuple[Difference, ...]
    again_on: date | None = None
    changes: tuple[LineChange, ...] = ()

    @property
    def money(self) -> Decimal:
        return sum((d.money for d in self.differences if not d.told), Decimal(0))


def cents(value: Fraction) -> Decimal:
    return shown(value, 2)


def shown(value: Fraction, places: int = 6) -> Decimal:
    """Rounded half up, without zeros that say nothing."""
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    rounded = exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return rounded if places == 2 else rounded.normalize() + 0


@dataclass(slots=True)
class Units:
    """How many ordered units one other unit is: (line, unit) → factor; line "" holds for all lines.

    What the process told of a line comes first, then what units are anyway (crossdock.canonical.units).
    """

    factors: dict[tuple[str, str], Fraction] = field(default_factory=dict[tuple[str, str], Fraction])

    def of(self, line: str, ordered: str, unit: str) -> Fraction | None:
        other = units.meaning(unit)
        if not other or units.same(ordered, unit):
            return Fraction(1)
        for known in ((line, other), ("", other)):
            if known in self.factors:
                return self.factors[known]
        return units.factor(unit, ordered)

    def learn(self, line: str, unit: str, factor: Fraction) -> None:
        self.factors.setdefault((line, units.meaning(unit)), factor)
