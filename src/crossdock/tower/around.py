"""What lies around an order: its shipments, invoices, returns and disputes, the orders that belong to it.

Folded from the few events that tell of goods and money, so that it is the same whether an order has fifty events or
five thousand; nothing is stored for it. What an event does not name stays as it was.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from crossdock import exactjson
from crossdock.db import Tx, queries

SQL = queries("crossdock.tower", "around.sql")
PREFIX = "crossdock."
CLAIMS = ("return", "dispute", "delivery")
TYPES = [
    PREFIX + t
    for t in (
        "order.released", "order.shipped", "order.invoiced", "order.delivered", "order.paid", "backorder.released",
        "shipment.picked", "shipment.packed", "shipment.shipped", "shipment.held-up", "shipment.cleared",
        "tracking.departed", "tracking.in-transit", "tracking.exception", "tracking.delivered",
        "return.requested", "return.approved", "return.refused", "return.arrived", "return.inspected",
        "return.credited", "return.not-credited", "return.expired", "dispute.raised", "dispute.credited",
        "dispute.refused", "delivery.remarked", "delivery.credited",
    )
]  # fmt: skip
# What a parcel's state is after an event; a later one may not make it look less far than it was.
STEPS = {"released": 0, "picked": 1, "packed": 2, "shipped": 3, "in-transit": 4, "delivered": 5}
ENDED = {
    "requested": "open", "raised": "open", "remarked": "open", "approved": "approved", "arrived": "arrived",
    "inspected": "inspected", "credited": "credited", "refused": "refused", "not-credited": "refused",
    "expired": "expired",
}  # fmt: skip

Data = Mapping[str, Any]


@dataclass(slots=True)
class Shipment:
    """One parcel or pallet load. trouble: what the carrier reported last, "" when it goes on."""

    shipment: str
    site: str = ""
    tracking: str = ""
    service: str = ""
    status: str = "released"
    promised_on: str | None = None
    released_at: datetime | None = None
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    signed_by: str = ""
    location: str = ""
    trouble: str = ""
    lines: list[Any] = field(default_factory=list[Any])
    packages: list[Any] = field(default_factory=list[Any])

    def reach(self, status: str) -> None:
        if STEPS[status] > STEPS[self.status]:
            self.status = status


@dataclass(slots=True)
class Invoice:
    """net, tax, total as it was sent; paid and credited since."""

    invoice: str
    at: datetime
    shipment: str = ""
    currency: str = ""
    due_on: str | None = None
    net: Decimal = Decimal(0)
    tax: Decimal = Decimal(0)
    total: Decimal = Decimal(0)
    paid: Decimal = Decimal(0)
    credited: Decimal = Decimal(0)
    lines: list[Any] = field(default_factory=list[Any])

    @property
    def open(self) -> Decimal:
        return self.total - self.paid - self.credited


@dataclass(slots=True)
class Claim:
    """A return, an invoice dispute or a remark at delivery. kind: one of CLAIMS."""

    kind: str
    request: str
    at: datetime
    status: str = "open"
    rma: str = ""
    reason: str = ""
    currency: str = ""
    credited: Decimal = Decimal(0)
    credits: list[str] = field(default_factory=list[str])


@dataclass(frozen=True, slots=True)
class Goods:
    shipments: list[Shipment]
    invoices: list[Invoice]
    claims: list[Claim]

    @property
    def credited(self) -> Decimal:
        return sum((c.credited for c in self.claims), Decimal(0))


@dataclass(frozen=True, slots=True)
class Around:
    """counts: how much of each kind an order has. freight: what carriers ask for its parcels, None: not known."""

    goods: Goods
    counts: dict[str, int]
    related: list[dict[str, Any]]
    quotes: list[dict[str, Any]]
    freight: Decimal | None


async def read(tx: Tx, tenant_id: str, order: str, po: str, customer_id: str, currency: str) -> Around:
    counts = dict((await tx.fetchrow(SQL["counts"], tenant_id, order)) or {})
    related = [dict(r) for r in await tx.fetch(SQL["related"], tenant_id, order, po, customer_id)]
    quotes = [dict(r) for r in await tx.fetch(SQL["quotes"], tenant_id, order)]
    prices = [
        Decimal(r["price"])
        for r in await tx.fetch(SQL["freight"], tenant_id, order)
        if r["price"] is not None and (r["currency"] or currency) == currency
    ]
    freight = sum(prices, Decimal(0)) if prices else None
    return Around(await goods(tx, tenant_id, order), counts, related, quotes, freight)


async def goods(tx: Tx, tenant_id: str, order: str) -> Goods:
    rows = await tx.fetch(SQL["told"], tenant_id, order, TYPES)
    return fold([(r["type"].removeprefix(PREFIX), r["time"], _data(r["body"])) for r in rows])


async def language(tx: Tx, tenant_id: str, order: str) -> str:
    """As the customer was last written to; "" when nobody knows."""
    return str(await tx.fetchval(SQL["language"], tenant_id, order) or "")


def fold(events: Sequence[tuple[str, datetime, Data]]) -> Goods:
    """events: (type without its prefix, time, data), oldest first."""
    shipments: dict[str, Shipment] = {}
    invoices: dict[str, Invoice] = {}
    claims: dict[tuple[str, str], Claim] = {}
    for type_, at, data in events:
        area, _, what = type_.partition(".")
        match area:
            case "order" if what in ("invoiced", "paid"):
                _billed(invoices, what, at, data)
            case "order" if what == "released":
                for part in _rows(data.get("shipments")):
                    _moved(shipments, "released", at, part)
            case "delivery" | "return" | "dispute":
                _claimed(claims, invoices, area, what, at, data)
            case _:
                _moved(shipments, what, at, data)
    return Goods(list(shipments.values()), list(invoices.values()), list(claims.values()))


def _moved(shipments: dict[str, Shipment], what: str, at: datetime, data: Data) -> None:
    found = _parcel(shipments, data)
    if found is None:
        return
    found.site = _text(data, "site") or found.site
    found.tracking = _text(data, "tracking") or found.tracking
    found.service = _text(data, "service") or found.service
    found.promised_on = _text(data, "promised_on") or found.promised_on
    found.location = _text(data, "location") or found.location
    found.lines = _rows(data.get("lines")) or found.lines
    found.packages = _rows(data.get("packages")) or found.packages
    match what:
        case "released":
            found.released_at = found.released_at or at
        case "picked" | "packed":
            found.reach(what)
        case "shipped":
            found.reach("shipped")
            found.shipped_at = found.shipped_at or at
        case "departed" | "in-transit" | "cleared":
            found.reach("in-transit")
            found.trouble = ""
        case "exception" | "held-up":
            found.trouble = _text(data, "reason") or _text(data, "note") or "?"
        case "delivered":
            found.reach("delivered")
            found.trouble = ""
            said = _text(data, "delivered_at") or _text(data, "at")
            found.delivered_at = found.delivered_at or (_time(said) if said else None) or at
            found.signed_by = _text(data, "signed_by") or found.signed_by
        case _:
            pass


def _parcel(shipments: dict[str, Shipment], data: Data) -> Shipment | None:
    """By our number of the shipment, else by the carrier's of the parcel."""
    number, tracking = _text(data, "shipment"), _text(data, "tracking")
    if number:
        return shipments.setdefault(number, Shipment(number))
    if tracking:
        known = next((s for s in shipments.values() if s.tracking == tracking), None)
        return known or shipments.setdefault(tracking, Shipment(tracking, tracking=tracking))
    return None


def _billed(invoices: dict[str, Invoice], what: str, at: datetime, data: Data) -> None:
    number = _text(data, "invoice")
    if not number:
        return
    found = invoices.setdefault(number, Invoice(number, at))
    if what == "paid":
        found.paid += _number(data, "amount")
        return
    found.shipment, found.currency = _text(data, "shipment"), _text(data, "currency")
    found.due_on = _text(data, "due_on") or None
    found.net, found.tax, found.total = (_number(data, n) for n in ("net", "tax", "total"))
    found.lines = _rows(data.get("lines"))


def _claimed(
    claims: dict[tuple[str, str], Claim], invoices: dict[str, Invoice], kind: str, what: str, at: datetime, data: Data
) -> None:
    request = _text(data, "request") or _text(data, "rma") or _text(data, "tracking") or _text(data, "invoice")
    found = claims.setdefault((kind, request), Claim(kind, request, at))
    found.status = ENDED.get(what, found.status)
    found.rma = _text(data, "rma") or found.rma
    found.reason = _text(data, "reason") or found.reason
    found.currency = _text(data, "currency") or found.currency
    if what != "credited":
        return
    found.credited += _number(data, "total")
    for credit in _rows(data.get("credits")):
        found.credits.append(_text(credit, "credit"))
        if (bill := invoices.get(_text(credit, "invoice"))) is not None:
            bill.credited += _number(credit, "total")


def _data(body: str) -> Data:
    given = exactjson.loads(body).get("data")
    return cast("Data", given) if isinstance(given, dict) else {}


def _text(data: Data, name: str) -> str:
    value = data.get(name)
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _number(data: Data, name: str) -> Decimal:
    value = data.get(name)
    return Decimal(str(value)) if isinstance(value, int | Decimal) and not isinstance(value, bool) else Decimal(0)


def _rows(value: Any) -> list[Any]:
    return [row for row in cast("list[Any]", value) if isinstance(row, dict)] if isinstance(value, list) else []


def _time(said: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(said)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
