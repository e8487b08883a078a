"""Declared maps: which column of a table means what, and the rows as purchase orders.

A map is YAML (library/maps/*.yaml, or a tenant's own rows): columns by canonical field with the headers that may name
them, how dates and numbers are written, defaults, and what tells a cancellation. Rows with one order number are one
order. A table is read by its partner's map, or by the one map whose required columns it has; never by a guess.

A text of fixed width has no header and proves nothing by itself: the map of its partner declares where each field lies,
`layout: {po: 1-10, quantity: 31-38}`, places counted from 1, and in `rows` which lines are order lines.

`decimal: auto` reads the separator off the table: a sign that stands twice, or before the other, groups thousands.
Where every number reads both ways (1,234) it is an error.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, cast

import yaml

from crossdock.canonical.order import Address, ItemId, ItemScheme, OrderLine, Party, PartyRole, PurchaseOrder, Purpose
from crossdock.errors import Finding, PartnerError
from crossdock.partners.model import Issue, error, shown
from crossdock.partners.numbers import amount

HEADER_WITHIN = 20  # rows in which the header is looked for: titles and addresses may stand above it
MAX_ISSUES = 200
AUTO = "auto"


class Field(StrEnum):
    """What a column may mean."""

    PO = "po"
    CUSTOMER = "customer"
    ORDERED_ON = "ordered_on"
    REQUESTED_ON = "requested_on"
    CANCEL_AFTER = "cancel_after"
    CURRENCY = "currency"
    NOTES = "notes"
    PURPOSE = "purpose"
    LINE = "line"
    SKU = "sku"  # our item number
    BUYER_ITEM = "buyer_item"
    GTIN = "gtin"
    MANUFACTURER_ITEM = "manufacturer_item"
    DESCRIPTION = "description"
    QUANTITY = "quantity"
    UNIT = "unit"
    UNIT_PRICE = "unit_price"
    SHIP_TO_NAME = "ship_to_name"
    SHIP_TO_STREET = "ship_to_street"
    SHIP_TO_CITY = "ship_to_city"
    SHIP_TO_REGION = "ship_to_region"
    SHIP_TO_POSTAL_CODE = "ship_to_postal_code"
    SHIP_TO_COUNTRY = "ship_to_country"


ITEMS = {
    Field.SKU: ItemScheme.SUPPLIER,
    Field.BUYER_ITEM: ItemScheme.BUYER,
    Field.GTIN: ItemScheme.GTIN,
    Field.MANUFACTURER_ITEM: ItemScheme.MANUFACTURER,
}


@dataclass(frozen=True, slots=True)
class Span:
    """Where a field lies in a line: from character `first` to `last`, counted from 1."""

    field: Field
    first: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TableMap:
    """headers: normalised header → field.

    cancellation: a pattern of order numbers that cancel; its group, if it has one, is the number of what they cancel.
    Their quantities may be written below 0.
    """

    id: str
    name: str
    headers: Mapping[str, Field]
    required: frozenset[Field]
    decimal: str = "."  # or "," or auto
    layout: tuple[Span, ...] = ()  # of a text of fixed width
    line: re.Pattern[str] | None = None  # which of its lines are order lines; None: all
    dates: tuple[str, ...] = ("%Y-%m-%d",)
    defaults: Mapping[Field, str] = field(default_factory=dict[Field, str])
    cancellation: re.Pattern[str] | None = None
    countries: Mapping[str, str] = field(default_factory=dict[str, str])


def normal(header: str) -> str:
    """Headers are compared without case, punctuation and blanks: `P.O. Number` is `ponumber`."""
    return re.sub(r"[\W_]+", "", header.casefold())


def parse(data: Mapping[str, Any], where: str) -> TableMap:
    """Raises PartnerError naming every column, date format or pattern that is wrong."""
    findings: list[Finding] = []

    def wrong(pointer: str, expected: str, found: object) -> None:
        findings.append(Finding("map.wrong", f"{where}#/{pointer}", expected, shown(found), "Correct the map."))

    headers: dict[str, Field] = {}
    required: set[Field] = set()
    columns: dict[str, Any] = data.get("columns") or {}
    defaults: dict[str, Any] = data.get("defaults") or {}
    countries: dict[str, Any] = data.get("countries") or {}
    for name, column in columns.items():
        if name not in set(Field):
            wrong(f"columns/{name}", f"one of {', '.join(Field)}", name)
            continue
        wanted = Field(name)
        # a column is its headers, or {headers, required}
        spec = cast("dict[str, Any]", column) if isinstance(column, dict) else {"headers": column}
        aliases: Any = spec.get("headers", ())
        for header in [aliases] if isinstance(aliases, str) else aliases:
            if headers.setdefault(normal(str(header)), wanted) is not wanted:
                wrong(f"columns/{name}", "a header that names one column", header)
        if spec.get("required"):
            required.add(wanted)
    layout = _layout(data.get("layout") or {}, wrong)
    headers |= {normal(span.field): span.field for span in layout}
    for must in (Field.PO, Field.QUANTITY):
        if must not in headers.values():
            wrong("columns", f"a column for {must}", "none")
    if not set(headers.values()) & set(ITEMS):
        wrong("columns", f"a column for one of {', '.join(ITEMS)}", "none")
    if data.get("decimal", ".") not in {".", ",", AUTO}:
        wrong("decimal", "'.', ',' or auto", data["decimal"])
    patterns: dict[str, re.Pattern[str] | None] = {}
    for name in ("cancellation", "rows"):
        try:
            patterns[name] = re.compile(str(data[name])) if data.get(name) else None
        except re.error:
            wrong(name, "a regular expression", data[name])
    for key in defaults:
        if key not in set(Field):
            wrong(f"defaults/{key}", f"one of {', '.join(Field)}", key)
    if findings:
        raise PartnerError(findings)
    return TableMap(
        id=str(data["id"]),
        name=str(data.get("name", data["id"])),
        headers=headers,
        required=frozenset(required),
        decimal=data.get("decimal", "."),
        dates=tuple(data.get("dates") or ("%Y-%m-%d",)),
        defaults={Field(k): str(v) for k, v in defaults.items()},
        layout=layout,
        line=patterns["rows"],
        cancellation=patterns["cancellation"],
        countries={str(k).casefold(): str(v) for k, v in countries.items()},
    )


def _layout(declared: Mapping[str, Any], wrong: Callable[[str, str, object], None]) -> tuple[Span, ...]:
    spans: list[Span] = []
    for name, places in declared.items():
        found = re.fullmatch(r"(\d{1,5})\s*-\s*(\d{1,5})", str(places))
        if name not in set(Field):
            wrong(f"layout/{name}", f"one of {', '.join(Field)}", name)
        elif found is None or not 1 <= int(found[1]) <= int(found[2]):
            wrong(f"layout/{name}", "first and last place, such as 1-10", places)
        else:
            spans.append(Span(Field(name), int(found[1]), int(found[2])))
    return tuple(spans)


@cache
def shipped() -> dict[str, TableMap]:
    """The maps of the library, by id."""
    folder = files("crossdock.library").joinpath("maps")
    maps = [
        parse(yaml.safe_load(f.read_text(encoding="utf-8")), f.name)
        for f in sorted(folder.iterdir(), key=lambda f: f.name)
        if f.name.endswith(".yaml")
    ]
    return {m.id: m for m in maps}


@dataclass(frozen=True, slots=True)
class Header:
    """Where the header stands in the table's rows, and which cell holds which field."""

    at: int
    columns: dict[Field, int]
    names: dict[Field, str]


def header(map_: TableMap, rows: list[tuple[int, list[str]]]) -> Header | None:
    """The first row that names every required column."""
    for at, (_, cells) in enumerate(rows[:HEADER_WITHIN]):
        columns: dict[Field, int] = {}
        names: dict[Field, str] = {}
        for place, cell in enumerate(cells):
            found = map_.headers.get(normal(cell))
            if found is not None and found not in columns:
                columns[found], names[found] = place, cell
        items = set(ITEMS) & set(columns)
        if map_.required <= set(columns) and {Field.PO, Field.QUANTITY} <= set(columns) and items:
            return Header(at, columns, names)
    return None


@dataclass(slots=True)
class Row:
    number: int
    cells: dict[Field, str]


@dataclass(frozen=True, slots=True)
class Read:
    """One order number of a table: its order when it could be built, and what is wrong with its rows."""

    po: str
    customer: str
    order: PurchaseOrder | None
    issues: list[Issue]
    rows: list[Row]


def apply(map_: TableMap, head: Header, rows: list[tuple[int, list[str]]], currency: str) -> list[Read]:
    """The orders of a table, in the order of their first rows. currency: for orders whose rows name none."""
    if map_.decimal == AUTO:
        map_ = replace(map_, decimal=separator(head, rows))
    grouped: dict[tuple[str, str], list[Row]] = {}
    for number, cells in rows[head.at + 1 :]:
        row = Row(number, {f: cells[i] for f, i in head.columns.items() if i < len(cells) and cells[i]})
        for f, default in map_.defaults.items():
            row.cells.setdefault(f, default)
        key = (row.cells.get(Field.CUSTOMER, ""), row.cells.get(Field.PO, ""))
        grouped.setdefault(key, []).append(row)
    return [_Reader(map_, head, group, currency).read(po, customer) for (customer, po), group in grouped.items()]


_GROUPED = re.compile(r"-?\d{1,3}([.,])\d{3}")


def separator(head: Header, rows: list[tuple[int, list[str]]]) -> str:
    """The decimal separator of a table's numbers; AUTO when they read both ways, which no number is then read by."""
    places = [at for f, at in head.columns.items() if f in {Field.QUANTITY, Field.UNIT_PRICE}]
    unsure = False
    for _, cells in rows[head.at + 1 :]:
        for number in (re.sub(r"[^\d.,]", "", cells[at]) for at in places if at < len(cells)):
            signs = [c for c in number if c in ".,"]
            if len(set(signs)) == 2:
                return signs[-1]
            if len(signs) > 1:  # only thousands are separated more than once
                return "," if signs[0] == "." else "."
            if signs and not _GROUPED.fullmatch(number):
                return signs[0]
            unsure = unsure or bool(signs)
    return AUTO if unsure else "."


class _Reader:
    """Reads the rows of one order."""

    def __init__(self, map_: TableMap, head: Header, rows: list[Row], currency: str) -> None:
        self.map, self.head, self.rows = map_, head, rows
        self.default_currency = currency
        self.issues: list[Issue] = []

    def wrong(self, code: str, row: Row, column: Field, expected: str, fix: str) -> None:
        if len(self.issues) < MAX_ISSUES:
            name = self.head.names.get(column, column.value)
            found = shown(row.cells.get(column, "")) if column in row.cells else "nothing"
            self.issues.append(error(code, f"row {row.number}, column {shown(name)}", expected, found, fix))

    def read(self, po: str, customer: str) -> Read:
        first = self.rows[0]
        if not po:
            self.wrong("order.po.missing", first, Field.PO, "an order number", "Fill the order number in every row.")
        purpose = self.purpose(po, first)
        if purpose is Purpose.CANCELLATION and self.map.cancellation is not None:
            found = self.map.cancellation.search(po)
            po = found[1] if found and found.re.groups and found[1] else po
        lines = self.lines(purpose)
        for column in (
            Field.CURRENCY,
            Field.REQUESTED_ON,
            Field.CANCEL_AFTER,
            Field.SHIP_TO_NAME,
            Field.SHIP_TO_STREET,
        ):
            said = {r.cells[column]: r for r in self.rows if column in r.cells}
            if len(said) > 1 and column is not Field.REQUESTED_ON:
                self.wrong(
                    "order.row.differs",
                    list(said.values())[1],
                    column,
                    f"the same in all rows of order {po}, as {shown(next(iter(said)))}",
                    "Use another order number for what differs.",
                )
        order = None
        if po and lines:
            order = PurchaseOrder(
                number=po[:50],
                purpose=purpose,
                ordered_on=self.day(first, Field.ORDERED_ON),
                currency=self.text(Field.CURRENCY).upper() or self.default_currency,
                parties=self.ship_to(),
                lines=tuple(lines),
                requested_on=self.day(first, Field.REQUESTED_ON),
                cancel_after=self.day(first, Field.CANCEL_AFTER),
                notes="\n".join(dict.fromkeys(r.cells[Field.NOTES] for r in self.rows if Field.NOTES in r.cells)),
            )
            if not re.fullmatch(r"[A-Z]{3}", order.currency):
                self.wrong("order.currency", first, Field.CURRENCY, "an ISO 4217 code such as USD", "Correct it.")
        return Read(po, customer, order, self.issues, self.rows)

    def text(self, column: Field) -> str:
        return next((r.cells[column] for r in self.rows if column in r.cells), "")

    def purpose(self, po: str, first: Row) -> Purpose:
        if self.map.cancellation is not None and self.map.cancellation.search(po):
            return Purpose.CANCELLATION
        word = self.text(Field.PURPOSE).casefold()
        if not word:
            return Purpose.ORIGINAL
        try:
            return Purpose(word)
        except ValueError:
            self.wrong("order.purpose", first, Field.PURPOSE, f"one of {', '.join(Purpose)}", "Correct it.")
            return Purpose.ORIGINAL

    def lines(self, purpose: Purpose) -> list[OrderLine]:
        lines: list[OrderLine] = []
        taken: set[str] = set()
        for place, row in enumerate(self.rows, 1):
            items = tuple(ItemId(scheme=s, value=row.cells[f]) for f, s in ITEMS.items() if f in row.cells)
            if not items:
                column = next(f for f in ITEMS if f in self.head.columns)
                self.wrong("order.line.item", row, column, "an item number", "Fill it, or remove the row.")
            quantity = self.number(row.cells.get(Field.QUANTITY, ""))
            if quantity is not None and purpose is Purpose.CANCELLATION:
                quantity = abs(quantity)
            if quantity is None or quantity <= 0:
                self.wrong("order.line.quantity", row, Field.QUANTITY, "a number above 0", "Correct the quantity.")
                continue
            price = None
            if Field.UNIT_PRICE in row.cells:
                price = self.number(row.cells[Field.UNIT_PRICE].strip("$€£ "))
                if price is None or price < 0:
                    self.wrong("order.line.price", row, Field.UNIT_PRICE, "a price of 0 or more", "Correct the price.")
            if Field.UNIT not in row.cells:
                self.wrong("order.line.unit", row, Field.UNIT, "a unit such as EA", "Fill it, or let the map say it.")
            number = row.cells.get(Field.LINE, "")
            if not number or number in taken:
                number = str(place)
                while number in taken:
                    number += "a"
            taken.add(number)
            lines.append(
                OrderLine(
                    number=number,
                    items=items,
                    description=row.cells.get(Field.DESCRIPTION, ""),
                    quantity=quantity,
                    unit=row.cells.get(Field.UNIT, "").upper(),
                    unit_price=price,
                    requested_on=self.day(row, Field.REQUESTED_ON),
                )
            )
        return lines

    def number(self, text: str) -> Decimal | None:
        if self.map.decimal != AUTO:
            return amount(text, self.map.decimal)
        return amount(text) if text.isascii() and text.isdigit() else None

    def day(self, row: Row, column: Field) -> date | None:
        if column not in row.cells:
            return None
        for pattern in self.map.dates:
            try:
                return datetime.strptime(row.cells[column], pattern).date()  # noqa: DTZ007 - a calendar date, no zone
            except ValueError:
                continue
        example = datetime(2026, 12, 31, 14, 30).strftime(self.map.dates[0])  # noqa: DTZ001 - shows how to write one
        self.wrong("order.date", row, column, f"a date such as {example}", "Write it so, or change the map.")
        return None

    def ship_to(self) -> tuple[Party, ...]:
        values = {f: self.text(f) for f in Field if f.value.startswith("ship_to_")}
        if not any(values.values()):
            return ()
        street = values[Field.SHIP_TO_STREET]
        country = values[Field.SHIP_TO_COUNTRY]
        address = Address(
            name=values[Field.SHIP_TO_NAME],
            lines=tuple(p.strip() for p in re.split(r"[\n;]", street) if p.strip()),
            city=values[Field.SHIP_TO_CITY],
            region=values[Field.SHIP_TO_REGION],
            postal_code=values[Field.SHIP_TO_POSTAL_CODE],
            country=self.map.countries.get(country.casefold(), country if len(country) == 2 else ""),
        )
        if country and not address.country:
            self.wrong(
                "order.country", self.rows[0], Field.SHIP_TO_COUNTRY, "an ISO 3166 code such as US", "Write the code."
            )
        return (Party(role=PartyRole.SHIP_TO, address=address),)


def choose(maps: Iterable[TableMap], rows: list[tuple[int, list[str]]]) -> list[tuple[TableMap, Header]]:
    """The maps that fit a table; those that read most of its columns first, and only the best of them."""
    fits = [(m, h) for m in maps if (h := header(m, rows)) is not None]
    most = max((len(h.columns) for _, h in fits), default=0)
    return [(m, h) for m, h in fits if len(h.columns) == most]
