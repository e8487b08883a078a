"""The despatch advice (advance ship notice): what left, in which packages, for which orders.

A shipment is a tree of units, as it is packed: shipment, order, tare, pack, item in the order the sender chose. Each
unit carries what is said at its level; `lines` walks the tree and gives every item with the order and package it
belongs to.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from crossdock.canonical.order import ItemId
from crossdock.canonical.parts import Carrier, Dated, Equipment, Measured, Package, Party, Reference


class Level(StrEnum):
    SHIPMENT = "shipment"
    ORDER = "order"
    TARE = "tare"
    PACK = "pack"
    ITEM = "item"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What is written on a package. kind `sscc`: a GS1 serial shipping container code of 18 digits."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One node of the shipment's tree. quantity and unit: shipped; ordered: of the same line."""

    level: str  # one of Level, or the partner's own code
    order_number: str = ""
    order_release: str = ""
    ordered_on: date | None = None
    contract: str = ""
    freight_terms: str = ""
    references: tuple[Reference, ...] = ()
    dates: tuple[Dated, ...] = ()
    parties: tuple[Party, ...] = ()
    packages: tuple[Package, ...] = ()
    carriers: tuple[Carrier, ...] = ()
    equipment: tuple[Equipment, ...] = ()
    marks: tuple[Mark, ...] = ()
    measures: tuple[Measured, ...] = ()
    line: str = ""
    shipped_line: str = ""  # where the quantity is numbered by itself
    items: tuple[ItemId, ...] = ()
    attributes: tuple[Reference, ...] = ()  # lot, serial number, expiry: what the line's identifiers say besides
    description: str = ""
    quantity: Decimal | None = None
    unit: str = ""
    ordered: Decimal | None = None
    ordered_unit: str = ""
    status: str = ""
    packed: Decimal | None = None  # inner packages in each
    pack_size: Decimal | None = None  # of one of them
    pack_unit: str = ""
    units: tuple["Unit", ...] = ()

    @property
    def sscc(self) -> str:
        return next((m.value for m in self.marks if m.kind == "sscc"), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class DespatchLine:
    order_number: str
    sscc: str  # of the innermost package that has one
    item: Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class DespatchAdvice:
    number: str  # of the shipment
    purpose: str = "original"
    issued_on: date | None = None
    issued_at: str = ""
    structure: str = ""  # how the sender nests its levels, as its code says
    units: tuple[Unit, ...] = ()
    stated_lines: int | None = None
    stated_quantity: Decimal | None = None

    def lines(self) -> Iterator[DespatchLine]:
        """Every item with its order and its package."""
        for unit in self.units:
            yield from _lines(unit, "", "")

    def walk(self) -> Iterator[Unit]:
        """Every unit, a parent before its children."""
        waiting = list(reversed(self.units))
        while waiting:
            unit = waiting.pop()
            yield unit
            waiting += reversed(unit.units)


def _lines(unit: Unit, order: str, sscc: str) -> Iterator[DespatchLine]:
    order, sscc = unit.order_number or order, unit.sscc or sscc
    if unit.level == Level.ITEM:
        # a pack below its item (S, O, I, P) names the package
        below = next((u.sscc for u in unit.units if u.sscc), "")
        yield DespatchLine(order_number=order, sscc=sscc or below, item=unit)
    for child in unit.units:
        yield from _lines(child, order, sscc)
