"""Real invoices as a manifest, a world and files: the UCI Online Retail II data set, read row by row.

Everything here is made from the rows themselves and asks Crossdock nothing, so that what comes out of order-to-cash
can be held against it. What the rows do not tell (addresses, stock, terms, who supplies) is made up by the rules below.

An invoice is read as the order that it answered. Those without a customer number cannot be one and are counted;
credit notes (C…) are sent with the others, each on its day.
"""

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_DOWN, Decimal
from hashlib import blake2b
from pathlib import Path
from typing import Any

from pyarrow import parquet

from crossdock.cli.day import Line, Order

TENANT, CURRENCY = "harrow", "GBP"
FILE = Path("online_retail", "online_retail.parquet")
COLUMNS = ["Invoice", "StockCode", "Description", "Quantity", "InvoiceDate", "Price", "Customer ID", "Country"]
BATCH = 20_000
CENT = Decimal("0.01")
# Not goods: postage, carriage, charges and what was written by hand. The ERP knows them as services that never run out.
SERVICES = {"POST", "C2", "M", "D", "DOT", "BANK CHARGES", "ADJUST", "ADJUST2", "CRUK", "PADS", "S"}
COUNTRIES = {
    "United Kingdom": "GB", "EIRE": "IE", "Germany": "DE", "France": "FR", "Netherlands": "NL", "Spain": "ES",
    "Switzerland": "CH", "Portugal": "PT", "Belgium": "BE", "Channel Islands": "JE", "Sweden": "SE", "Italy": "IT",
    "Australia": "AU", "Cyprus": "CY", "Austria": "AT", "Greece": "GR", "United Arab Emirates": "AE", "Norway": "NO",
    "Finland": "FI", "Denmark": "DK", "Japan": "JP", "Poland": "PL", "Singapore": "SG", "USA": "US", "Israel": "IL",
    "Iceland": "IS", "Malta": "MT", "Lithuania": "LT", "Lebanon": "LB", "Hong Kong": "HK", "Bahrain": "BH",
    "Brazil": "BR", "Canada": "CA", "Nigeria": "NG", "Thailand": "TH", "RSA": "ZA", "Korea": "KR",
    "Saudi Arabia": "SA", "Czech Republic": "CZ", "Bermuda": "BM", "West Indies": "AG",
}  # fmt: skip
STATES = {"US": "NY", "CA": "ON"}  # American tax is by state, which the rows do not tell
SITES = tuple(
    {"site": site, "name": city, "city": city, "region": region, "postal_code": postal_code, "country": "GB"}
    for site, city, region, postal_code in (("HRW", "Harrow", "LND", "HA1 1AA"), ("LIV", "Liverpool", "MER", "L1 0AA"))
)
SUPPLIERS = tuple(
    {"supplier_id": f"S-{n:02d}", "name": f"Giftware Import {n}", "lead_days": n + 2, "site": SITES[n % 2]["site"]}
    for n in range(1, 6)
)
TIER_SHARES = (("A", 0.1), ("B", 0.4), ("C", 1.0))  # the best tenth of the customers by value, up to 40 %, the rest
CREDIT_LIMIT = {"A": 20_000, "B": 5_000, "C": 1_500}
ONE_SCARCE_IN = 50  # items of which there are only three fifths of what will be ordered


@dataclass(frozen=True, slots=True)
class Row:
    invoice: str
    sku: str
    description: str
    quantity: int
    at: str  # as the data set writes it
    price: Decimal
    customer: str
    country: str

    @property
    def amount(self) -> Decimal:
        return self.price * self.quantity


Invoice = list[Row]


@dataclass(frozen=True, slots=True)
class Chosen:
    """sales and credit_notes by number, in date order. nameless: invoices of those days without a customer number."""

    sales: dict[str, Invoice]
    credit_notes: dict[str, Invoice]
    nameless: int

    @property
    def rows(self) -> Iterable[Row]:
        return (row for rows in self.sales.values() for row in rows)

    @property
    def customers(self) -> set[str]:
        """Who bought or sent back: the partners."""
        return {rows[0].customer for rows in (*self.sales.values(), *self.credit_notes.values())}


@dataclass(frozen=True, slots=True)
class File:
    """One customer's invoices of one day, as its system would export them."""

    at: datetime
    name: str
    raw: bytes
    invoices: tuple[str, ...]


def choose(folder: Path, count: int) -> Chosen:
    """The first `count` sales of named customers in date order, and the credit notes of the same days."""
    sales: dict[str, Invoice] = {}
    notes: dict[str, Invoice] = {}
    nameless: set[str] = set()
    before = ""
    for row in _rows(folder / FILE):
        if row.at < before:
            raise SystemExit(f"Expected rows in date order, found {row.at} of {row.invoice} after {before}.")
        before = row.at
        kind = notes if row.invoice.startswith("C") else sales
        if not row.customer:
            nameless.add(row.invoice)
        elif row.invoice in kind or kind is notes or len(sales) < count:
            kind.setdefault(row.invoice, []).append(row)
        elif len(sales) == count:
            break
    last = max(rows[-1].at for rows in sales.values())
    return Chosen(sales, {n: rows for n, rows in notes.items() if rows[0].at <= last}, len(nameless))


def _rows(path: Path) -> Iterable[Row]:
    for batch in parquet.ParquetFile(path).iter_batches(BATCH, columns=COLUMNS):
        for r in batch.to_pylist():
            customer = r["Customer ID"]
            yield Row(
                r["Invoice"], r["StockCode"], r["Description"] or "", r["Quantity"], r["InvoiceDate"],
                Decimal(str(r["Price"])), "" if customer is None else str(int(customer)), r["Country"],
            )  # fmt: skip


def moment(row: Row) -> datetime:
    return datetime.fromisoformat(row.at).replace(tzinfo=UTC)


def files(chosen: Chosen) -> list[File]:
    """One file for each customer and day, in the data's own columns, complete with the day's last invoice."""
    of: dict[tuple[str, str], list[str]] = defaultdict(list)
    documents = {**chosen.sales, **chosen.credit_notes}
    for number, rows in documents.items():
        of[rows[0].customer, rows[0].at[:10]].append(number)
    made: list[File] = []
    for (customer, day), numbers in of.items():
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(COLUMNS)
        for r in (row for number in numbers for row in documents[number]):
            writer.writerow([r.invoice, r.sku, r.description, r.quantity, r.at, f"{r.price:f}", r.customer, r.country])
        at = max(moment(documents[number][-1]) for number in numbers)
        made.append(File(at, f"{customer}-{day}.csv", text.getvalue().encode(), tuple(numbers)))
    return sorted(made, key=lambda f: (f.at, f.name))


# ── prices, as the rows tell them ───────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Prices:
    """contract: what a customer paid when it first bought an item; general: what anybody first paid. Never zero: goods
    given away say nothing about their price. An item that was only ever given away has none, and is not sold.
    """

    contract: dict[tuple[str, str], Decimal]
    general: dict[str, Decimal]
    lowest: dict[str, Decimal]

    def of(self, customer: str, sku: str) -> Decimal | None:
        return self.contract.get((customer, sku), self.general.get(sku))


def prices(chosen: Chosen) -> Prices:
    contract: dict[tuple[str, str], Decimal] = {}
    general: dict[str, Decimal] = {}
    lowest: dict[str, Decimal] = {}
    for r in chosen.rows:
        if r.price > 0:
            contract.setdefault((r.customer, r.sku.upper()), r.price)
            general.setdefault(r.sku.upper(), r.price)
            lowest[r.sku.upper()] = min(lowest.get(r.sku.upper(), r.price), r.price)
    return Prices(contract, general, lowest)


def manifest(chosen: Chosen, agreed: Prices) -> list[Order]:
    """Every sale as its customer meant it. Those with quantities below one are no orders (`impossible`)."""
    left_out = set(impossible(chosen))
    return [
        Order(
            tenant=TENANT, customer=rows[0].customer, po=number, currency=CURRENCY, channel="csv", requested_on="",
            ship_to={}, unknown_item=any(agreed.of(r.customer, r.sku.upper()) is None for r in rows),
            lines=tuple(
                Line(
                    line=str(place), sku=r.sku.upper(), gtin="", customer_item=None, unit="EA", quantity=r.quantity,
                    base_quantity=r.quantity, stated=r.price,
                    contract=agreed.of(r.customer, r.sku.upper()) or r.price,
                )
                for place, r in enumerate(rows, 1)
            ),
        )
        for number, rows in chosen.sales.items()
        if number not in left_out
    ]  # fmt: skip


def impossible(chosen: Chosen) -> list[str]:
    return [number for number, rows in chosen.sales.items() if any(r.quantity <= 0 for r in rows)]


def odd(chosen: Chosen) -> dict[str, dict[str, int]]:
    """What is unusual among the sales: how many lines and how many invoices."""
    agreed = prices(chosen)
    kinds = {
        "free of charge": lambda r: r.price == 0,
        "service, not goods": lambda r: r.sku in SERVICES,
        "price other than the customer's list": lambda r: r.price != agreed.of(r.customer, r.sku.upper()),
        "quantity below one": lambda r: r.quantity <= 0,
    }
    found = {
        kind: {
            "lines": sum(map(is_it, chosen.rows)),
            "invoices": sum(any(map(is_it, i)) for i in chosen.sales.values()),
        }
        for kind, is_it in kinds.items()
    }
    repeats = [len(i) - len({r.sku for r in i}) for i in chosen.sales.values()]
    found["stock code repeated"] = {"lines": sum(repeats), "invoices": sum(map(bool, repeats))}
    return found


# ── the world around the rows, in the shape of the sandbox's _seed ──────────────────────────────────────────────


def world(chosen: Chosen, agreed: Prices) -> dict[str, Any]:
    demand = Counter[str]()
    names: dict[str, str] = {}
    for r in chosen.rows:
        demand[r.sku.upper()] += max(0, r.quantity)
        names.setdefault(r.sku.upper(), r.description.strip() or r.sku)
    return {
        "tenant": TENANT, "name": "Harrow Gifts", "seed": 7, "currency": CURRENCY, "domain": "harrow.example",
        "sites": SITES, "suppliers": SUPPLIERS, "customers": _customers(chosen, agreed),
        "items": [_item(sku, names[sku], demand[sku], agreed) for sku in agreed.general],
    }  # fmt: skip


def _draw(sku: str, sides: int) -> int:
    """0..sides-1, always the same for an item."""
    return int.from_bytes(blake2b(sku.encode(), digest_size=4).digest()) % sides


def scarce(sku: str) -> bool:
    return sku not in SERVICES and _draw(sku, ONE_SCARCE_IN) == 0


def _item(sku: str, name: str, demand: int, agreed: Prices) -> dict[str, Any]:
    service = sku in SERVICES
    tenths = (4, 2) if scarce(sku) else (15, 5)  # of what will be ordered, at the two sites
    stock = [10_000, 10_000] if service else [demand * share // 10 for share in tenths]
    price = agreed.general[sku]
    return {
        "sku": sku, "gtin": f"{_draw(sku, 10**12):014d}", "manufacturer_number": f"MF-{sku}", "description": name,
        "base_unit": "EA", "sales_unit": "EA", "units": {"EA": 1}, "list_price": str(price),
        "cost": str((agreed.lowest[sku] * Decimal("0.6")).quantize(CENT, ROUND_DOWN)),
        "weight_kg": "0.001" if service else f"0.{50 + _draw(sku, 300):03d}",
        "tier_prices": {tier: str(price) for tier, _ in TIER_SHARES}, "substitutes": [],
        "supplier_id": SUPPLIERS[_draw(sku, len(SUPPLIERS))]["supplier_id"],
        "stock": {site["site"]: pieces for site, pieces in zip(SITES, stock, strict=True)},
    }  # fmt: skip


def _customers(chosen: Chosen, agreed: Prices) -> list[dict[str, Any]]:
    spent: dict[str, Decimal] = defaultdict(Decimal)
    country: dict[str, str] = {}
    for r in chosen.rows:
        spent[r.customer] += r.amount
        country.setdefault(r.customer, r.country)
    lists: dict[str, dict[str, str]] = defaultdict(dict)
    for (customer, sku), price in agreed.contract.items():
        lists[customer][sku] = str(price)
    made: list[dict[str, Any]] = []
    for place, number in enumerate(sorted(spent, key=lambda c: (-spent[c], c))):
        tier = next(tier for tier, share in TIER_SHARES if place < max(1, share * len(spent)))
        code = COUNTRIES.get(country[number], "GB")
        made.append({
            "customer_id": number, "name": f"Customer {number}", "tier": tier, "terms_days": 30, "currency": CURRENCY,
            "language": "en", "email": f"buying@c{number}.example", "notify_mode": "ALL", "notify_on": [],
            "credit_limit": str(CREDIT_LIMIT[tier]), "opening_exposure": "0", "opening_overdue": "0", "on_hold": False,
            "low_credit": False, "gln": f"50{number:>011}", "duns": f"{number:>09}",
            "ship_to": {
                "name": f"Customer {number}", "lines": [f"{place + 1} Market Street"], "city": "Old Town",
                "region": STATES.get(code, ""), "postal_code": f"{number:>05}", "country": code,
            },
            "contract_prices": lists[number], "item_numbers": {}, "pay_days_after_due": _draw(number, 14) - 4,
        })  # fmt: skip
    return made
