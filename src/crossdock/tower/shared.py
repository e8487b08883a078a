"""What a customer may see of an order. It is named here one by one: what is not in the view cannot be on the page."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from crossdock import exactjson
from crossdock.tower.around import Goods, Invoice, Shipment

LANGUAGES = ("en", "de", "sv")
BRAND = "#2f55d4"
STEPS = ("received", "preparing", "sent", "delivered")


@dataclass(frozen=True, slots=True)
class Line:
    """Quantities in the unit that was ordered."""

    line: str
    sku: str
    description: str
    unit: str
    ordered: Decimal
    sent: Decimal
    later: Decimal


@dataclass(frozen=True, slots=True)
class View:
    """state: a word of the texts. step: how many of STEPS are reached; None where the way was left."""

    seller: str
    color: str
    language: str
    expires_at: datetime
    order: str
    po: str
    customer: str
    currency: str
    ship_to: Mapping[str, Any]
    received_on: date
    promised_on: date | None
    state: str
    step: int | None
    lines: Sequence[Line]
    shipments: Sequence[Shipment]
    invoices: Sequence[Invoice]


def known(language: str) -> str:
    """The one of ours that is nearest to it."""
    short = language.lower()[:2]
    return short if short in LANGUAGES else LANGUAGES[0]


def view(
    order: Any, lines: Sequence[Any], goods: Goods, *, seller: str, color: str, language: str, expires_at: datetime
) -> View:
    """order, lines: rows of sharing.sql."""
    state, step = _state(order, goods)
    return View(
        seller=seller, color=color if re.fullmatch(r"#[0-9a-fA-F]{6}", color) else BRAND, language=language,
        expires_at=expires_at, order=order["order_no"], po=order["po"], customer=order["customer"],
        currency=order["currency"], ship_to=exactjson.loads(order["ship_to"]) or {},
        received_on=order["received_at"].date(), promised_on=order["promised_on"] or order["requested_on"], state=state,
        step=step, lines=[_line(row) for row in lines],
        shipments=[s for s in goods.shipments if s.shipped_at is not None or s.delivered_at is not None],
        invoices=goods.invoices,
    )  # fmt: skip


def _state(order: Any, goods: Goods) -> tuple[str, int | None]:
    """In a customer's words: whatever holds an order up on our side is still "being prepared"."""
    sent = [s for s in goods.shipments if s.shipped_at is not None]
    match order["outcome"]:
        case "cancelled":
            return "cancelled", None
        case "rejected":
            return "rejected", None
        case "closed":
            return "complete", len(STEPS)
        case _:
            pass
    if order["completed_at"] is not None:
        return "delivered", len(STEPS)
    if any(s.trouble for s in sent):
        return "delayed", 3
    if sent:
        whole = all(s.shipped_at is not None for s in goods.shipments)
        return ("sent" if whole else "partly-sent"), 3
    return ("preparing", 2) if order["released_at"] is not None else ("received", 1)


def _line(row: Any) -> Line:
    ordered: Decimal = row["ordered"]
    base: Decimal | None = row["base_quantity"]

    def in_unit(quantity: Decimal) -> Decimal:
        return quantity * ordered / base if base else quantity

    return Line(
        row["line"], row["sku"], row["description"], row["unit"], ordered, in_unit(row["shipped"]),
        in_unit(row["backordered"]),
    )  # fmt: skip
