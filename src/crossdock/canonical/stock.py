"""Documents of stock and warehouse: inventory report, order to a warehouse, and its advice of what it shipped."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from crossdock.canonical.order import ItemId
from crossdock.canonical.parts import Carrier, Counted, Dated, Party, Reference


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryLine:
    number: str = ""
    items: tuple[ItemId, ...] = ()
    attributes: tuple[Reference, ...] = ()
    description: str = ""
    unit_price: Decimal | None = None
    quantities: tuple[Counted, ...] = ()
    references: tuple[Reference, ...] = ()
    dates: tuple[Dated, ...] = ()
    parties: tuple[Party, ...] = ()  # where it lies


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryReport:
    number: str
    purpose: str = "original"
    kind: str = ""  # as the partner's code says: inventory inquiry, seller's, buyer's
    reported_on: date | None = None
    currency: str = ""
    references: tuple[Reference, ...] = ()
    dates: tuple[Dated, ...] = ()
    parties: tuple[Party, ...] = ()
    lines: tuple[InventoryLine, ...] = ()
    notes: tuple[str, ...] = ()
    stated_lines: int | None = None
    stated_quantity: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WarehouseLine:
    """A line of an order to a warehouse: what to ship."""

    number: str = ""
    quantity: Decimal
    unit: str = ""
    case_code: str = ""  # UPC of the case
    items: tuple[ItemId, ...] = ()
    attributes: tuple[Reference, ...] = ()
    lot: str = ""
    descriptions: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WarehouseOrder:
    """X12 940: the owner of goods tells its warehouse what to ship."""

    number: str  # the depositor's order
    purpose: str = "original"
    purpose_code: str = ""
    order_number: str = ""  # the customer's
    link: str = ""
    master: str = ""
    parties: tuple[Party, ...] = ()
    references: tuple[Reference, ...] = ()
    dates: tuple[Dated, ...] = ()
    notes: tuple[Reference, ...] = ()  # kind says for whom
    carrier: Carrier | None = None
    lines: tuple[WarehouseLine, ...] = ()
    stated_quantity: Decimal | None = None
    stated_weight: Decimal | None = None
    stated_weight_unit: str = ""
    stated_volume: Decimal | None = None
    stated_volume_unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WarehouseShipLine:
    number: str = ""
    package: str = ""  # SSCC or mark of the package it lies in
    status: str = ""  # as the partner's code says: complete, partial, short
    ordered: Decimal | None = None
    shipped: Decimal | None = None
    difference: Decimal | None = None
    unit: str = ""
    case_code: str = ""
    items: tuple[ItemId, ...] = ()
    attributes: tuple[Reference, ...] = ()
    lot: str = ""
    weight: Decimal | None = None
    weight_kind: str = ""
    weight_unit: str = ""
    descriptions: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    packed: Decimal | None = None  # inner packages in each
    pack_size: Decimal | None = None  # of one of them
    pack_unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WarehouseShipAdvice:
    """X12 945: the warehouse says what it shipped. X12 943: the depositor says what it has sent to the warehouse."""

    number: str  # the depositor's order
    kind: str = ""
    shipped_on: date | None = None
    shipment: str = ""
    agent_shipment: str = ""
    order_number: str = ""
    master: str = ""
    link: str = ""
    parties: tuple[Party, ...] = ()
    references: tuple[Reference, ...] = ()
    dates: tuple[Dated, ...] = ()
    notes: tuple[Reference, ...] = ()
    carrier: Carrier | None = None
    lines: tuple[WarehouseShipLine, ...] = ()
    stated_quantity: Decimal | None = None
    stated_weight: Decimal | None = None
    stated_weight_unit: str = ""
    stated_volume: Decimal | None = None
    stated_volume_unit: str = ""
