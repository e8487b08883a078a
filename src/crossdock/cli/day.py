"""A distributor's bad day, made from a seed: who orders what, when, in which format, and what goes wrong.

The manifest made here is evidence of its own: it is written before anything is sent, from the sandbox's seed data
alone, and the documents are written by this module's own writers. Nothing here asks Crossdock anything.
"""

import csv
import io
import json
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

CENT = Decimal("0.01")
# Which share of deliveries customers send something back of, of invoices they dispute, and of proofs of delivery their
# receivers remark something on.
HABITS = {"returns": 0.08, "disputes": 0.05, "remarks": 0.05}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """quantity in `unit`; base_quantity in EA; price per unit as the order states it, contract as agreed."""

    line: str
    sku: str
    gtin: str
    customer_item: str | None
    unit: str
    quantity: int
    base_quantity: int
    stated: Decimal
    contract: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order as its customer means it."""

    tenant: str
    customer: str
    po: str
    currency: str
    channel: str  # x12, json, csv
    lines: tuple[Line, ...]
    requested_on: str
    ship_to: dict[str, Any]
    deviation: str = ""  # "", within, beyond: stated below contract
    cancelled: bool = False
    shortage: bool = False
    unknown_item: bool = False
    tier: str = ""

    @property
    def identity(self) -> tuple[str, str, str]:
        return self.tenant, self.customer, self.po


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Bytes that arrive at a moment. orders: what they hold; repeats: sent before, so they must change nothing."""

    at: datetime
    tenant: str
    filename: str
    raw: bytes
    orders: tuple[Order, ...] = ()
    repeats: bool = False
    cancels: Order | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What goes wrong at a system, in business time."""

    tenant: str
    system: str
    kind: str
    rate: float = 1.0
    start: datetime | None = None
    until: datetime | None = None
    operation: str | None = None
    count: int | None = None
    delay_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """What is stopped on purpose from a moment on, until somebody lets it go, at the latest at `until`."""

    at: datetime
    until: datetime
    tenant: str
    scope: str
    key: str
    kind: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A customer telephones: the order is wanted on another day."""

    at: datetime
    order: Order
    requested_on: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Season:
    """Customers ask for quotes and others apply to become customers, spread evenly over a time."""

    tenant: str
    start: datetime
    until: datetime
    inquiries: int
    applications: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A customer telephones about goods that came: somebody enters it. From `at` on, once the order is billed."""

    at: datetime
    order: Order
    kind: str  # return, dispute
    reason: str
    pieces: int = 0
    amount: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Day:
    deliveries: list[Delivery]
    orders: list[Order]
    faults: list[Fault]
    slips: list[tuple[str, str, int]] = field(default_factory=list[tuple[str, str, int]])
    habits: dict[str, float] = field(default_factory=dict[str, float])
    holds: list[Hold] = field(default_factory=list[Hold])
    changes: list[Change] = field(default_factory=list[Change])
    seasons: list[Season] = field(default_factory=list[Season])
    starts: list[Start] = field(default_factory=list[Start])


def make(seeds: dict[str, dict[str, Any]], count: int, morning: datetime, seed: int) -> Day:
    """A day of `count` orders over the tenants of `seeds`, opening at 06:00 and closing at 18:00.

    seeds: tenant → the sandbox's seed data. morning: 00:00 of the day.
    """
    rng = random.Random(seed)
    tenants = sorted(seeds)
    weights = [3, 2, 1, 1, 1][: len(tenants)] if len(tenants) > 1 else [1]
    deliveries: list[Delivery] = []
    orders: list[Order] = []
    batches: dict[tuple[str, str], list[tuple[datetime, Order]]] = {}
    for n in range(count):
        tenant = rng.choices(tenants, weights[: len(tenants)])[0]
        order = _order(rng, seeds[tenant], tenant, n, morning)
        at = morning + timedelta(hours=_hour(rng))
        orders.append(order)
        if order.channel == "csv":
            batches.setdefault((tenant, order.customer), []).append((at, order))
            continue
        writer = x12 if order.channel == "x12" else as_json
        raw = writer(order, seeds[tenant], at, n + 1)
        suffix = "edi" if order.channel == "x12" else "json"
        sent = Delivery(at=at, tenant=tenant, filename=f"{order.po}.{suffix}", raw=raw, orders=(order,))
        deliveries.append(sent)
        if rng.random() < 0.03:  # a network that is not sure sends again
            again = at + timedelta(minutes=rng.randint(1, 90))
            deliveries.append(Delivery(at=again, tenant=tenant, filename=sent.filename, raw=raw, repeats=True))
    for (tenant, customer), waiting in batches.items():
        waiting.sort(key=lambda w: w[0])
        for start in range(0, len(waiting), 4):  # a portal exports a few orders in one file
            some = waiting[start : start + 4]
            raw = as_csv([o for _, o in some])
            name = f"{customer}-{some[-1][0]:%H%M}-{start}.csv"
            deliveries.append(
                Delivery(at=some[-1][0], tenant=tenant, filename=name, raw=raw, orders=tuple(o for _, o in some))
            )
    deliveries += _cancellations(rng, deliveries, seeds)
    deliveries.sort(key=lambda d: (d.at, d.filename))
    slips = _slips(rng, seeds)
    return Day(
        deliveries,
        orders,
        _faults(tenants, morning),
        slips,
        HABITS,
        _holds(seeds, orders, morning),
        _changes(deliveries),
        _seasons(tenants, count, morning),
        _starts(orders, morning),
    )


def _hour(rng: random.Random) -> float:
    """Two peaks: the morning's batch runs and the time before the cut-off."""
    peak = rng.choice([8.5, 8.5, 11.0, 14.5, 14.5, 16.0])
    return min(18.0, max(6.0, rng.gauss(peak, 1.4)))


def _order(rng: random.Random, seed: dict[str, Any], tenant: str, n: int, morning: datetime) -> Order:
    customers = seed["customers"]
    customer = rng.choices(customers, [{"A": 5, "B": 3, "C": 1}[c["tier"]] for c in customers])[0]
    deviation = rng.choices(["", "within", "beyond"], [88, 6, 6])[0]
    shortage = rng.random() < 0.05
    factor = {"": Decimal(1), "within": Decimal("0.99"), "beyond": Decimal("0.93")}[deviation]
    theirs = {sku: number for number, sku in customer["item_numbers"].items()}
    lines: list[Line] = []
    items = rng.sample(seed["items"], rng.choices([1, 2, 3, 4, 6, 9], [20, 25, 22, 15, 12, 6])[0])
    for index, item in enumerate(items, 1):
        unit = item["sales_unit"] if rng.random() < 0.55 else item["base_unit"]
        pieces = int(item["units"][unit])
        quantity = rng.randint(1, 6) if pieces > 1 else rng.randint(2, 40)
        if shortage and index == 1:
            stock = sum(int(s) for s in item["stock"].values())
            quantity = max(quantity, stock // pieces + rng.randint(1, 5))
        each = Decimal(customer["contract_prices"].get(item["sku"]) or item["tier_prices"][customer["tier"]])
        contract = each * pieces
        lines.append(
            Line(
                line=str(index), sku=item["sku"], gtin=item["gtin"], customer_item=theirs.get(item["sku"]), unit=unit,
                quantity=quantity, base_quantity=quantity * pieces, contract=contract,
                stated=(contract * factor).quantize(CENT, ROUND_HALF_UP) if deviation else contract,
            )
        )  # fmt: skip
    channel = ("x12", "x12", "json", "csv")[int(customer["customer_id"][-2:]) % 4]
    unknown = rng.random() < 0.015
    if unknown:
        first = lines[0]
        lines[0] = Line(
            line=first.line, sku=first.sku + "X", gtin=first.gtin, customer_item=None, unit=first.unit,
            quantity=first.quantity, base_quantity=first.base_quantity, contract=first.contract, stated=first.stated,
        )  # fmt: skip
    return Order(
        tenant=tenant, customer=customer["customer_id"], po=f"45{seed['seed'] % 10}{n:06d}", currency=seed["currency"],
        channel=channel, lines=tuple(lines), ship_to=customer["ship_to"], deviation=deviation, shortage=shortage,
        requested_on=(morning + timedelta(days=rng.randint(4, 12))).date().isoformat(), unknown_item=unknown,
        cancelled=rng.random() < 0.05, tier=customer["tier"],
    )  # fmt: skip


def _cancellations(rng: random.Random, deliveries: list[Delivery], seeds: dict[str, dict[str, Any]]) -> list[Delivery]:
    """Some customers change their mind: minutes later (before release), hours later (after it), or days (too late)."""
    found: list[Delivery] = []
    for delivery in deliveries:
        for order in delivery.orders:
            if not order.cancelled:
                continue
            later = rng.choice([timedelta(minutes=rng.randint(1, 9)), timedelta(minutes=rng.randint(20, 300))])
            at = delivery.at + later
            number = 500_000 + len(found)
            raw = x12(order, seeds[order.tenant], at, number, purpose="01")
            found.append(
                Delivery(at=at, tenant=order.tenant, filename=f"{order.po}-cancel.edi", raw=raw, cancels=order)
            )
    return found


def _faults(tenants: list[str], morning: datetime) -> list[Fault]:
    """The first tenant has the bad day; the other one shows that it does not spread."""
    t = tenants[-1]

    def at(hour: int, minute: int = 0) -> datetime:
        return morning + timedelta(hours=hour, minutes=minute)

    return [
        Fault(tenant=t, system="carrier", kind="down", start=at(10), until=at(13, 30)),
        Fault(tenant=t, system="erp", kind="error", rate=0.3, start=at(9), until=at(9, 20)),
        Fault(tenant=t, system="erp", kind="throttle", rate=0.2, start=at(14), until=at(14, 30)),
        Fault(tenant=t, system="wms", kind="lost-response", rate=0.04),
        Fault(tenant=t, system="erp", kind="lost-response", rate=0.02),
        Fault(tenant=t, system="payment", kind="lost-response", rate=0.02),
        Fault(tenant=t, system="carrier", kind="duplicate-webhook", rate=0.1),
        Fault(tenant=t, system="wms", kind="reorder-webhook", rate=0.05),
        Fault(tenant=tenants[0], system="mail", kind="throttle", rate=0.1),
    ]


def _slips(rng: random.Random, seeds: dict[str, dict[str, Any]]) -> list[tuple[str, str, int]]:
    return [(t, rng.choice(s["suppliers"])["supplier_id"], 4) for t, s in sorted(seeds.items())]


def _holds(seeds: dict[str, dict[str, Any]], orders: list[Order], morning: datetime) -> list[Hold]:
    """At each distributor: a site is counted and an item is looked at, which stops picking; the customer of most orders
    is behind with payments, which stops invoices of what leaves meanwhile."""
    found: list[Hold] = []
    for tenant, seed in sorted(seeds.items()):
        mine = [o for o in orders if o.tenant == tenant]
        if not mine:
            continue
        items, customers = [n.sku for o in mine for n in o.lines], [o.customer for o in mine]
        most = Counter(customers).most_common(1)[0][0]
        for hour, scope, key, kind, reason in (
            (9, "item", Counter(items).most_common(1)[0][0], "quality", "A batch is looked at"),
            (11, "site", _fullest(seed), "manual", "Stocktaking"),
            (13, "customer", most, "credit", "Payments are behind"),
        ):
            at = morning + timedelta(hours=hour)
            until = at + timedelta(hours=8)
            found.append(Hold(at=at, until=until, tenant=tenant, scope=scope, key=key, kind=kind, reason=reason))
    return sorted(found, key=lambda h: (h.at, h.tenant))


def _changes(deliveries: list[Delivery]) -> list[Change]:
    """Of some orders, shortly after they came or while they are picked."""
    plain = [(d.at, o) for d in deliveries for o in d.orders if o.channel == "json" and not o.cancelled]
    found = [
        Change(
            at=at + (timedelta(minutes=3) if n % 2 else timedelta(hours=1)),
            order=order,
            requested_on=(datetime.fromisoformat(order.requested_on) + timedelta(days=2)).date().isoformat(),
        )
        for n, (at, order) in enumerate(plain[::5][:6])
    ]
    return sorted(found, key=lambda c: c.at)


def _seasons(tenants: list[str], count: int, morning: datetime) -> list[Season]:
    """While orders come in, some customers ask first; the quotes' own orders come on top of the day's."""
    opens, closes = morning + timedelta(hours=7), morning + timedelta(hours=15)
    inquiries, applications = max(3, count // 40), max(2, count // 100)
    return [
        Season(tenant=t, start=opens, until=closes, inquiries=inquiries, applications=applications) for t in tenants
    ]


# Of what people enter in turn: what it is, why, how many pieces, how much money.
_ENTERED = (
    ("return", "unwanted", 1, Decimal(0)),
    ("dispute", "price", 0, Decimal("7.50")),
    ("return", "damaged", 1, Decimal(0)),
    ("dispute", "short", 1, Decimal(0)),
)


def _starts(orders: list[Order], morning: datetime) -> list[Start]:
    """Of some plain orders, a good week later."""
    plain = [o for o in orders if not (o.cancelled or o.shortage or o.unknown_item or o.deviation)]
    found: list[Start] = []
    for n, order in enumerate(plain[2::6][:8]):
        kind, reason, pieces, amount = _ENTERED[n % len(_ENTERED)]
        at = morning + timedelta(days=8, hours=9, minutes=20 * n)
        found.append(Start(at=at, order=order, kind=kind, reason=reason, pieces=pieces, amount=amount))
    return found


def _fullest(seed: dict[str, Any]) -> str:
    """The site with the most stock."""
    stock: Counter[str] = Counter()
    for item in seed["items"]:
        stock.update({site: int(pieces) for site, pieces in item["stock"].items()})
    return stock.most_common(1)[0][0]


# ── writers: what the partners' own systems would send ──────────────────────────────────────────────────────────


def x12(order: Order, seed: dict[str, Any], at: datetime, control: int, purpose: str = "00") -> bytes:
    """An 850, version 004010, from the customer's network address (its DUNS number)."""
    customer = next(c for c in seed["customers"] if c["customer_id"] == order.customer)
    sender, ship = customer["duns"], order.ship_to
    # N402 has exactly two letters; a county of one letter stays out
    region = ship["region"] if len(ship["region"]) == 2 else ""
    body = [
        ["ST", "850", f"{control:04d}"],
        ["BEG", purpose, "SA", order.po, "", f"{at:%Y%m%d}"],
        ["CUR", "BY", order.currency],
        ["DTM", "002", order.requested_on.replace("-", "")],
        ["N1", "BY", _plain(customer["name"]), "91", order.customer],
        ["N1", "ST", _plain(ship["name"]), "91", order.customer],
        ["N3", *[_plain(text) for text in ship["lines"][:2]]],
        ["N4", _plain(ship["city"]), region, ship["postal_code"], ship["country"]],
    ]
    for n in order.lines:
        ids = ["VN", n.sku] + (["BP", n.customer_item] if n.customer_item else [])
        body.append(["PO1", n.line, str(n.quantity), n.unit, f"{n.stated:f}", "", *ids])
    body.append(["CTT", str(len(order.lines))])
    body.append(["SE", str(len(body) + 1), f"{control:04d}"])
    isa = ["ISA", "00", " " * 10, "00", " " * 10, "01", f"{sender:<15}", "ZZ", f"{order.tenant.upper():<15}",
           f"{at:%y%m%d}", f"{at:%H%M}", "U", "00401", f"{control:09d}", "0", "P", ">"]  # fmt: skip
    gs = ["GS", "PO", sender, order.tenant.upper(), f"{at:%Y%m%d}", f"{at:%H%M}", str(control), "X", "004010"]
    segments = [isa, gs, *body, ["GE", "1", str(control)], ["IEA", "1", f"{control:09d}"]]
    return "".join("*".join(s).rstrip("*") + "~\n" for s in segments).encode()


def _plain(text: str) -> str:
    return "".join(c for c in text if c not in "*~>^")


def as_json(order: Order, seed: dict[str, Any], at: datetime, control: int) -> bytes:
    return json.dumps(
        {
            "customer_id": order.customer,
            "po": order.po,
            "ordered_on": at.date().isoformat(),
            "currency": order.currency,
            "requested_on": order.requested_on,
            "ship_to": order.ship_to,
            "lines": [
                {"line": n.line, "sku": n.sku, "quantity": n.quantity, "unit": n.unit, "unit_price": f"{n.stated:f}"}
                for n in order.lines
            ],
        },
        ensure_ascii=False,
    ).encode()


CSV_COLUMNS = [
    "PO Number", "Customer", "Order Date", "Requested Date", "Currency", "Line", "SKU", "Quantity", "UOM",
    "Unit Price", "Ship To", "Street", "City", "State", "Zip", "Country",
]  # fmt: skip


def as_csv(orders: list[Order]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(CSV_COLUMNS)
    for o in orders:
        s = o.ship_to
        for n in o.lines:
            writer.writerow([
                o.po, o.customer, "", o.requested_on, o.currency, n.line, n.sku, n.quantity, n.unit, f"{n.stated:f}",
                s["name"], " ".join(s["lines"]), s["city"], s["region"], s["postal_code"], s["country"],
            ])  # fmt: skip
    return out.getvalue().encode()
