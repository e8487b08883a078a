"""Transport: the load a shipper offers a carrier, the carrier's answer, where the goods are, and what it charges.

A status report repeats and arrives out of order; each event carries its own day and time, and nothing here says which
is the latest. Freight charges are signed: a discount is negative, as carriers write it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from crossdock.canonical.despatch import Mark
from crossdock.canonical.parts import Carrier, Contact, Dated, Equipment, Party, Reference, Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where. kind: loading, discharge, delivery, …, or the partner's code. id: UN/LOCODE or the partner's own."""

    kind: str = ""
    id: str = ""
    name: str = ""
    city: str = ""
    region: str = ""
    country: str = ""
    dates: tuple[Dated, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusEvent:
    """Something that happened to goods on their way, or is expected to.

    status: picked_up, en_route, delivered, …, or the partner's code. appointment: of an event that is arranged and not
    yet here. time and zone as the carrier writes them: HHMM or HHMMSS, and its code of a zone or local time.
    """

    status: str = ""
    code: str = ""  # the partner's own, where several have the same meaning
    reason: str = ""
    reason_text: str = ""
    appointment: str = ""
    appointment_reason: str = ""
    text: str = ""
    on: date | None = None
    time: str = ""
    zone: str = ""
    place: Place = field(default_factory=Place)
    carrier: Carrier | None = None
    places: tuple[Place, ...] = ()  # of the journey it belongs to
    equipment: tuple[Equipment, ...] = ()
    references: tuple[Reference, ...] = ()
    dates: tuple[Dated, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Consignment:
    """Goods followed under one number of the report."""

    number: str = ""
    document: str = ""
    references: tuple[Reference, ...] = ()
    marks: tuple[Mark, ...] = ()
    weight: Decimal | None = None
    weight_kind: str = ""
    weight_unit: str = ""
    packages: Decimal | None = None
    notes: tuple[str, ...] = ()
    events: tuple[StatusEvent, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportStatus:
    """X12 214, EDIFACT IFTSTA."""

    number: str = ""  # the carrier's: pro number or waybill
    kind: str = ""
    purpose: str = "original"
    shipment: str = ""  # the shipper's
    carrier_id: str = ""  # SCAC
    issued_on: date | None = None
    issued_at: str = ""
    references: tuple[Reference, ...] = ()
    dates: tuple[Dated, ...] = ()
    parties: tuple[Party, ...] = ()
    marks: tuple[Mark, ...] = ()
    equipment: tuple[Equipment, ...] = ()
    notes: tuple[str, ...] = ()
    consignments: tuple[Consignment, ...] = ()

    def events(self) -> Iterator[StatusEvent]:
        for consignment in self.consignments:
            yield from consignment.events


@dataclass(frozen=True, slots=True, kw_only=True)
class Goods:
    """What is loaded or unloaded, as the shipper describes it."""

    number: str = ""
    description: str = ""
    commodity: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopOrder:
    """An order whose goods a stop is for."""

    reference: str = ""
    order_number: str = ""
    quantity: Decimal | None = None
    unit: str = ""
    weight: Decimal | None = None
    weight_unit: str = ""
    volume: Decimal | None = None
    volume_unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    number: str = ""
    reason: str = ""  # load, unload, …, or the partner's code
    reason_code: str = ""
    weight: Decimal | None = None
    weight_unit: str = ""
    quantity: Decimal | None = None
    unit: str = ""
    volume: Decimal | None = None
    volume_unit: str = ""
    text: str = ""
    references: tuple[Reference, ...] = ()
    dates: tuple[Dated, ...] = ()
    parties: tuple[Party, ...] = ()
    contacts: tuple[Contact, ...] = ()
    goods: tuple[Goods, ...] = ()
    orders: tuple[StopOrder, ...] = ()
    equipment: tuple[Equipment, ...] = ()
    notes: tuple[Reference, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadTender:
    """X12 204: a shipper offers a load to a carrier. purpose: original, change, cancellation."""

    number: str = ""  # of the load
    purpose: str = "original"
    application: str = ""
    carrier_id: str = ""
    terms: str = ""  # who pays the freight
    references: tuple[Reference, ...] = ()
    dates: tuple[Dated, ...] = ()
    parties: tuple[Party, ...] = ()
    equipment: tuple[Equipment, ...] = ()
    stops: tuple[Stop, ...] = ()
    notes: tuple[Reference, ...] = ()
    stated_weight: Decimal | None = None
    stated_weight_kind: str = ""
    stated_charge: Decimal | None = None
    stated_packages: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TenderResponse:
    """X12 990: the carrier accepts, declines or counters. answer "": the carrier only says that it has the offer."""

    number: str  # of the load
    carrier_id: str = ""
    answered_on: date | None = None
    answer: str = ""  # accepted, conditional, countered, declined, or the partner's code
    answer_code: str = ""
    event: str = ""
    reason: str = ""
    references: tuple[Reference, ...] = ()
    dates: tuple[Dated, ...] = ()
    equipment: tuple[Equipment, ...] = ()
    stops: tuple[Stop, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FreightCharge:
    amount: Decimal | None = None  # signed
    code: str = ""  # the special charge, such as FUE
    rate: Decimal | None = None
    rate_basis: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FreightLine:
    number: str = ""
    descriptions: tuple[str, ...] = ()
    quantity: Decimal | None = None  # billed or rated as
    unit: str = ""
    weight: Decimal | None = None
    weight_kind: str = ""
    packages: Decimal | None = None
    package: str = ""
    delivered_on: date | None = None
    signed_by: str = ""
    charges: tuple[FreightCharge, ...] = ()
    references: tuple[Reference, ...] = ()
    parties: tuple[Party, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FreightInvoice:
    """X12 210: what a carrier charges for a load."""

    number: str
    shipment: str = ""  # the shipper's number of the load
    terms_code: str = ""  # who pays the freight
    issued_on: date | None = None
    delivered_on: date | None = None
    delivered_kind: str = ""
    carrier_id: str = ""
    currency: str = ""
    correction: str = ""
    references: tuple[Reference, ...] = ()
    dates: tuple[Dated, ...] = ()
    parties: tuple[Party, ...] = ()
    terms: tuple[Terms, ...] = ()
    equipment: tuple[Equipment, ...] = ()
    lines: tuple[FreightLine, ...] = ()
    notes: tuple[str, ...] = ()
    stated_weight: Decimal | None = None
    stated_weight_kind: str = ""
    stated_charges: Decimal | None = None
    stated_total: Decimal | None = None

    @property
    def charged(self) -> Decimal | None:
        """The sum of all charges; None where no line has one."""
        amounts = [c.amount for line in self.lines for c in line.charges if c.amount is not None]
        return sum(amounts, Decimal(0)) if amounts else None
