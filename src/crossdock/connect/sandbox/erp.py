"""The sandbox's ERP: PascalCase; money and quantities as JSON strings; dates YYYYMMDD; line positions called Pos.

Business identity: a sales order by ExtRef (our order), an invoice by ExtRef and DeliveryRef (our shipment).
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, TypeVar

import msgspec

from crossdock.connect import roles
from crossdock.connect.sandbox import credits, prospects
from crossdock.connect.wire import Ask, Misfit, Refusal, Vendor, action, one, plain, read, segment

_SCHEMES = {"supplier": "MATNO", "gtin": "GTIN", "buyer": "CUSTMAT", "manufacturer": "MFRPN", "quotation": "QUOT"}
_MOMENTS = {
    "ORDCONF": "confirmed",
    "BACKORD": "backordered",
    "SHIP": "shipped",
    "INV": "invoiced",
    "DLV": "delivered",
    "CANC": "cancelled",
    "DELAY": "delayed",
}
_PROBLEMS: Mapping[str, Literal["unknown_item", "unknown_unit"]] = {
    "M3/305": "unknown_item",
    "M3/070": "unknown_unit",
}


class _Wire(msgspec.Struct, frozen=True, rename="pascal"):
    pass


class ShipTo(_Wire, frozen=True, rename="pascal"):
    name1: str
    street: str
    street2: str
    city: str
    region: str
    post_code: str
    country: str


class Customer(_Wire, frozen=True, rename="pascal"):
    cust_no: str
    name1: str
    price_group: str
    pay_term_days: int
    curr: str
    lang: str
    notify_mode: Literal["ALL", "NONE", "SEL"]
    notify_on: tuple[str, ...]
    credit_limit: Decimal
    credit_exposure: Decimal
    overdue_amt: Decimal
    credit_block: Literal["X", ""]
    ship_to: ShipTo
    e_mail: str = msgspec.field(name="EMail")


class CreditAccount(_Wire, frozen=True, rename="pascal"):
    cust_no: str
    limit: Decimal
    exposure: Decimal
    overdue: Decimal
    blocked: Literal["X", ""]


class Text(_Wire, frozen=True, rename="pascal"):
    code: str
    text: str = ""


class PricedItem(_Wire, frozen=True, rename="pascal"):
    pos: str
    mat_no: str | None
    mat_desc: str
    qty: Decimal
    base_qty: Decimal | None
    net_price: Decimal | None
    list_price: Decimal | None
    net_value: Decimal | None
    unit_cost: Decimal | None
    cost_value: Decimal | None
    gross_wt_kg: Decimal | None
    alternates: tuple[str, ...]
    msg: Text | None
    unit: str = msgspec.field(name="UoM")


class PriceSimulation(_Wire, frozen=True, rename="pascal"):
    curr: str
    net_value: Decimal
    items: tuple[PricedItem, ...]


class SalesItem(_Wire, frozen=True, rename="pascal"):
    pos: str
    mat_no: str
    qty: Decimal
    net_value: Decimal


class SalesOrder(_Wire, frozen=True, rename="pascal"):
    sales_doc: str
    status: str
    items: tuple[SalesItem, ...]


class InvoiceItem(_Wire, frozen=True, rename="pascal"):
    pos: str
    qty: Decimal


class Invoice(_Wire, frozen=True, rename="pascal"):
    inv_doc: str
    gross_value: Decimal
    due_date: str
    items: tuple[InvoiceItem, ...]


class Unit(_Wire, frozen=True, rename="pascal"):
    numer: Decimal
    unit: str = msgspec.field(name="UoM")


class Item(_Wire, frozen=True, rename="pascal"):
    mat_no: str
    mat_desc: str
    list_price: Decimal
    unit: str = msgspec.field(name="SalesUoM")
    units: tuple[Unit, ...] = msgspec.field(name="UoMs")


T = TypeVar("T")


class Page(msgspec.Struct, frozen=True):
    results: list[msgspec.Raw]
    count: int | None = msgspec.field(name="__count", default=None)


class Paged(msgspec.Struct, frozen=True):
    d: Page


def results(body: bytes, shape: type[T]) -> list[T]:
    return [read(shape, bytes(raw)) for raw in read(Paged, body).d.results]


# ── customer, credit ─────────────────────────────────────────────────────────────────────────────────────────────


def _ask_customer(a: roles.CustomerArguments) -> Ask:
    return Ask("GET", f"/api/Customers/{segment(a.customer_id)}")


def _read_customer(a: roles.CustomerArguments, body: bytes) -> roles.Customer:
    return customer(read(Customer, body))


def customer(c: Customer) -> roles.Customer:
    moments = tuple(_MOMENTS.get(word, word.lower()) for word in c.notify_on)
    return roles.Customer(
        customer_id=c.cust_no,
        name=c.name1,
        tier=c.price_group,
        terms_days=c.pay_term_days,
        currency=c.curr,
        email=c.e_mail,
        language=c.lang.lower(),
        notify=moments if c.notify_mode == "SEL" else c.notify_mode.lower(),
        credit_limit=c.credit_limit,
        exposure=c.credit_exposure,
        overdue=c.overdue_amt,
        on_hold=c.credit_block == "X",
        ship_to=roles.Address(
            name=c.ship_to.name1,
            lines=tuple(line for line in (c.ship_to.street, c.ship_to.street2) if line),
            city=c.ship_to.city,
            region=c.ship_to.region,
            postal_code=c.ship_to.post_code,
            country=c.ship_to.country,
        ),
    )


def _ask_credit(a: roles.CustomerArguments) -> Ask:
    return Ask("GET", f"/api/CreditAccounts/{segment(a.customer_id)}")


def _read_credit(a: roles.CustomerArguments, body: bytes) -> roles.CreditExposure:
    c = read(CreditAccount, body)
    return roles.CreditExposure(
        customer_id=c.cust_no, limit=c.limit, exposure=c.exposure, overdue=c.overdue, on_hold=c.blocked == "X"
    )


# ── prices ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _ask_prices(a: roles.PriceOrderArguments) -> Ask:
    items = [
        {
            "Pos": line.line,
            "Idents": [{"Typ": _SCHEMES[number.scheme], "Val": number.value} for number in line.items],
            "Qty": plain(line.quantity),
            "UoM": line.unit,
        }
        for line in a.lines
    ]
    return Ask("POST", "/api/PriceSimulation", body={"CustNo": a.customer_id, "Curr": a.currency, "Items": items})


def _read_prices(a: roles.PriceOrderArguments, body: bytes) -> roles.PricedOrder:
    answer = read(PriceSimulation, body)
    asked, priced = [line.line for line in a.lines], [item.pos for item in answer.items]
    if asked != priced:
        raise Misfit("Items", f"one item for each of {asked}", str(priced))
    lines = tuple(_priced(item) for item in answer.items)
    return roles.PricedOrder(currency=answer.curr, total=answer.net_value, lines=lines)


def _priced(item: PricedItem) -> roles.PricedLine:
    if item.msg is not None and item.msg.code not in _PROBLEMS:
        raise Misfit(f"Items/{item.pos}/Msg", f"one of {sorted(_PROBLEMS)}", item.msg.code)
    return roles.PricedLine(
        line=item.pos,
        sku=item.mat_no,
        description=item.mat_desc,
        quantity=item.qty,
        unit=item.unit,
        base_quantity=item.base_qty,
        unit_price=item.net_price,
        list_price=item.list_price,
        amount=item.net_value,
        cost=item.cost_value,
        weight_kg=item.gross_wt_kg,
        substitutes=item.alternates,
        problem=_PROBLEMS[item.msg.code] if item.msg is not None else None,
    )


# ── sales orders ─────────────────────────────────────────────────────────────────────────────────────────────────


def _ask_sales_order(a: roles.CreateSalesOrderArguments) -> Ask:
    items = [
        {
            "Pos": line.line,
            "MatNo": line.sku,
            "Qty": plain(line.quantity),
            "UoM": line.unit,
            "NetPrice": plain(line.unit_price),
            "NetValue": plain(line.amount),
        }
        for line in a.lines
    ]
    body = {
        "ExtRef": a.order,
        "CustPO": a.po,
        "CustNo": a.customer_id,
        "Curr": a.currency,
        "Items": items,
        "NetValue": plain(a.total),
    }
    return Ask("POST", "/api/SalesOrders", body=body)


def _read_sales_order(a: roles.CreateSalesOrderArguments, body: bytes) -> roles.SalesOrder:
    return roles.SalesOrder(sales_order=read(SalesOrder, body).sales_doc)


def _find_sales_order(a: roles.CreateSalesOrderArguments) -> Ask:
    return Ask("GET", "/api/SalesOrders", {"ExtRef": a.order})


def _found_sales_order(a: roles.CreateSalesOrderArguments, body: bytes) -> roles.SalesOrder | None:
    wanted = sorted((line.line, line.sku, line.quantity, line.amount) for line in a.lines)
    same = [
        document
        for document in results(body, SalesOrder)
        if document.status != "CANCELLED"
        and sorted((i.pos, i.mat_no, i.qty, i.net_value) for i in document.items) == wanted
    ]
    found = one(same, "sales orders")
    return roles.SalesOrder(sales_order=found.sales_doc) if found else None


def _ask_cancel(a: roles.CancelSalesOrderArguments) -> Ask:
    return Ask("POST", f"/api/SalesOrders/{segment(a.sales_order)}/Cancel", body={"Reason": a.reason})


def _read_cancel(a: roles.CancelSalesOrderArguments, body: bytes) -> roles.Cancelled:
    return roles.Cancelled(cancelled=read(SalesOrder, body).sales_doc)


def _find_cancel(a: roles.CancelSalesOrderArguments) -> Ask:
    return Ask("GET", f"/api/SalesOrders/{segment(a.sales_order)}")


def _found_cancel(a: roles.CancelSalesOrderArguments, body: bytes) -> roles.Cancelled | None:
    document = read(SalesOrder, body)
    return roles.Cancelled(cancelled=document.sales_doc) if document.status == "CANCELLED" else None


# ── invoices ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _ask_invoice(a: roles.CreateInvoiceArguments) -> Ask:
    items = [
        {
            "Pos": line.line,
            "MatNo": line.sku,
            "Qty": plain(line.quantity),
            "NetPrice": plain(line.unit_price),
            "NetValue": plain(line.amount),
        }
        for line in a.lines
    ]
    body = {
        "ExtRef": a.order,
        "DeliveryRef": a.shipment,
        "CustNo": a.customer_id,
        "Curr": a.currency,
        "PayTermDays": a.terms_days,
        "Items": items,
        "NetValue": plain(a.net),
        "TaxValue": plain(a.tax),
        "GrossValue": plain(a.total),
    }
    return Ask("POST", "/api/Invoices", body=body)


def _read_invoice(a: roles.CreateInvoiceArguments, body: bytes) -> roles.Invoice:
    return _invoice(read(Invoice, body))


def _find_invoice(a: roles.CreateInvoiceArguments) -> Ask:
    return Ask("GET", "/api/Invoices", {"ExtRef": a.order, "DeliveryRef": a.shipment})


def _found_invoice(a: roles.CreateInvoiceArguments, body: bytes) -> roles.Invoice | None:
    wanted = sorted((line.line, line.quantity) for line in a.lines)
    same = [
        document
        for document in results(body, Invoice)
        if document.gross_value == a.total and sorted((i.pos, i.qty) for i in document.items) == wanted
    ]
    found = one(same, "invoices")
    return _invoice(found) if found else None


def _invoice(document: Invoice) -> roles.Invoice:
    return roles.Invoice(invoice=document.inv_doc, total=document.gross_value, due_on=_date(document.due_date))


def _date(value: str) -> date:
    try:
        return datetime.strptime(value, "%Y%m%d").date()  # noqa: DTZ007 (a calendar date has no time zone)
    except ValueError:
        raise Misfit("DueDate", "YYYYMMDD", value) from None


# ── catalogue ────────────────────────────────────────────────────────────────────────────────────────────────────


def customers_page(top: int, skip: int) -> Ask:
    return Ask("GET", "/api/Customers", {"top": str(top), "skip": str(skip)})


def items_page(top: int, skip: int) -> Ask:
    return Ask("GET", "/api/Items", {"top": str(top), "skip": str(skip)})


# ── errors ───────────────────────────────────────────────────────────────────────────────────────────────────────


class _Message(msgspec.Struct, frozen=True):
    value: str = ""


class _Error(msgspec.Struct, frozen=True):
    code: str = ""
    message: _Message = _Message()
    target: str | None = None


class _Refused(msgspec.Struct, frozen=True):
    error: _Error


def _refusal(body: bytes) -> Refusal:
    e = read(_Refused, body).error
    return Refusal(e.code, e.message.value, e.target or "")


def _credentials(tenant: str, key: str) -> dict[str, str]:
    return {"APIKey": key}


VENDOR = Vendor(
    name="sandbox.erp",
    system="erp",
    actions={
        "erp.customer": action(_ask_customer, _read_customer),
        "erp.creditExposure": action(_ask_credit, _read_credit),
        "erp.priceOrder": action(_ask_prices, _read_prices),
        "erp.createSalesOrder": action(_ask_sales_order, _read_sales_order, _find_sales_order, _found_sales_order),
        "erp.cancelSalesOrder": action(_ask_cancel, _read_cancel, _find_cancel, _found_cancel),
        "erp.createInvoice": action(_ask_invoice, _read_invoice, _find_invoice, _found_invoice),
        **credits.ACTIONS,
        **prospects.ACTIONS,
    },
    credentials=_credentials,
    refusal=_refusal,
)
