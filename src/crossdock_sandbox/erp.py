"""ERP: customers and their credit, items and prices, sales orders, invoices, open items.

Speaks PascalCase with every number as a string and dates as YYYYMMDD. A customer's exposure is what was open before
the first day plus open sales orders plus uncleared invoices. Receipts arrive from the bank by themselves: when the
payment provider settles an invoice, the enterprise clears it here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import TypeVar

import msgspec

from .credits import CreditMemos
from .prospects import NewCustomers, Quotations
from .surroundings import Surroundings
from .wire import (
    CENT,
    Call,
    Common,
    Dialect,
    Numbering,
    Reference,
    Refused,
    Reply,
    Route,
    Text,
    exact_strings,
    plain,
)
from .world import Customer, Item

ZERO = Decimal("0.00")
T = TypeVar("T")


def _error(refusal: Refused) -> object:
    error: dict[str, object] = {"code": refusal.code, "message": {"lang": "EN", "value": refusal.text}}
    if refusal.target is not None:
        error["target"] = refusal.target
    return {"error": error}


DIALECT = Dialect(
    system="erp",
    credential=lambda tenant, key: ("apikey", key),
    error=_error,
    codes={
        Common.UNAUTHENTICATED: "00/401",
        Common.NO_ROUTE: "00/404",
        Common.NO_METHOD: "00/405",
        Common.MALFORMED: "00/400",
        Common.INVALID: "00/055",
        Common.TOO_LARGE: "00/413",
        Common.TOO_SLOW: "00/408",
        Common.KEY_REUSED: "00/422",
        Common.THROTTLED: "00/429",
        Common.UNAVAILABLE: "00/503",
        Common.BROKEN: "00/500",
    },
    encode=exact_strings,
)


class Ident(msgspec.Struct, rename="pascal"):
    typ: Text
    val: Text


class PriceItem(msgspec.Struct, rename="pascal"):
    pos: Reference
    idents: list[Ident]
    qty: Decimal
    uom: Text = msgspec.field(name="UoM")


class PriceRequest(msgspec.Struct, rename="pascal"):
    cust_no: Text
    curr: Text
    items: list[PriceItem]


class OrderItem(msgspec.Struct, rename="pascal"):
    pos: Reference
    mat_no: Text
    qty: Decimal
    net_price: Decimal
    net_value: Decimal
    uom: Text = msgspec.field(name="UoM")


class OrderRequest(msgspec.Struct, rename="pascal"):
    ext_ref: Reference
    cust_no: Text
    curr: Text
    items: list[OrderItem]
    net_value: Decimal
    cust_po: Text = msgspec.field(name="CustPO", default="")
    purpose: Reference = "sales-order"


class SalesOrder(msgspec.Struct, rename="pascal", kw_only=True):
    sales_doc: str
    ext_ref: str
    cust_po: str = msgspec.field(name="CustPO")
    cust_no: str
    curr: str
    status: str
    net_value: Decimal
    created_at: str
    items: list[OrderItem]


class CancelRequest(msgspec.Struct, rename="pascal"):
    reason: Text = ""


class InvoiceItem(msgspec.Struct, rename="pascal"):
    pos: Reference
    mat_no: Text
    qty: Decimal
    net_price: Decimal
    net_value: Decimal


class InvoiceRequest(msgspec.Struct, rename="pascal"):
    ext_ref: Reference
    delivery_ref: Reference
    cust_no: Text
    curr: Text
    pay_term_days: int
    items: list[InvoiceItem]
    net_value: Decimal
    tax_value: Decimal
    gross_value: Decimal


class Invoice(msgspec.Struct, rename="pascal", kw_only=True):
    inv_doc: str
    ext_ref: str
    delivery_ref: str
    cust_no: str
    curr: str
    net_value: Decimal
    tax_value: Decimal
    gross_value: Decimal
    inv_date: str
    due_date: str
    status: str
    items: list[InvoiceItem]


class Receipt(msgspec.Struct, rename="pascal"):
    pay_doc: str
    inv_doc: str
    amt: Decimal
    curr: str
    value_date: str


_prices = msgspec.json.Decoder(PriceRequest)
_orders = msgspec.json.Decoder(OrderRequest)
_cancels = msgspec.json.Decoder(CancelRequest)
_invoices = msgspec.json.Decoder(InvoiceRequest)


@dataclass(slots=True)
class Account:
    """What one customer owes. What was owed before the first day is paid at `opening_paid_at`, all at once."""

    opening: Decimal
    opening_overdue: Decimal
    opening_paid_at: datetime
    open_orders: Decimal = field(default=ZERO)
    open_invoices: Decimal = field(default=ZERO)
    credited: Decimal = field(default=ZERO)

    def old_debt(self, now: datetime) -> Decimal:
        return self.opening if now < self.opening_paid_at else ZERO

    def old_overdue(self, now: datetime) -> Decimal:
        return self.opening_overdue if now < self.opening_paid_at else ZERO

    def exposure(self, now: datetime) -> Decimal:
        return max(ZERO, self.old_debt(now) + self.open_orders + self.open_invoices - self.credited)


class Erp:
    """billed: told of each new invoice, as its receiver is."""

    dialect = DIALECT

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        world = around.distributor
        self._customers = {customer.customer_id: customer for customer in world.customers}
        self._items = {item.sku: item for item in world.items}
        self._finders: Mapping[str, Mapping[str, str]] = {
            "MATNO": {item.sku.upper(): item.sku for item in world.items},
            "GTIN": {item.gtin: item.sku for item in world.items},
            "MFRPN": {item.manufacturer_number: item.sku for item in world.items},
        }
        start, chance = around.agenda.clock.now(), around.chance
        self._accounts = {
            customer.customer_id: Account(
                customer.opening_exposure,
                customer.opening_overdue,
                start + chance.minutes(3 * 1440, 42 * 1440, "opening", customer.customer_id),
            )
            for customer in world.customers
        }
        self._orders: dict[str, SalesOrder] = {}
        self._orders_of: dict[str, list[SalesOrder]] = {}
        self._open_value: dict[str, Decimal] = {}  # sales document -> value not yet invoiced
        self._invoices: dict[str, Invoice] = {}
        self._invoices_of: dict[str, list[Invoice]] = {}
        self._unpaid: dict[str, dict[str, Invoice]] = {number: {} for number in self._customers}
        self._receipts: list[Receipt] = []
        self._order_numbers = Numbering("", 10, 100_000)
        self._invoice_numbers = Numbering("", 10, 90_000_000)
        self._receipt_numbers = Numbering("14", 8)
        self.billed: Callable[[Invoice, datetime], None] = lambda invoice, now: None
        self._memos = CreditMemos(around, self._invoices, self._invoices_of, self._credit)
        self._quotations = Quotations(around, self._customers, self._items)
        self._prospects = NewCustomers(around, self._customers, self._open_account)
        self.routes = (
            Route("GET", "/api/Customers", "listCustomers", self.list_customers),
            Route("GET", "/api/Customers/{CustNo}", "getCustomer", self.get_customer),
            Route("GET", "/api/CreditAccounts/{CustNo}", "getCreditAccount", self.get_credit_account),
            Route("GET", "/api/Items", "listItems", self.list_items),
            Route("GET", "/api/Items/{MatNo}", "getItem", self.get_item),
            Route("POST", "/api/PriceSimulation", "simulatePrices", self.simulate_prices),
            Route("POST", "/api/SalesOrders", "createSalesOrder", self.create_sales_order),
            Route("GET", "/api/SalesOrders", "findSalesOrders", self.find_sales_orders),
            Route("GET", "/api/SalesOrders/{SalesDoc}", "getSalesOrder", self.get_sales_order),
            Route("POST", "/api/SalesOrders/{SalesDoc}/Cancel", "cancelSalesOrder", self.cancel_sales_order),
            Route("POST", "/api/Invoices", "createInvoice", self.create_invoice),
            Route("GET", "/api/Invoices", "findInvoices", self.find_invoices),
            Route("GET", "/api/Invoices/{InvDoc}", "getInvoice", self.get_invoice),
            Route("GET", "/api/OpenItems", "listOpenItems", self.list_open_items),
            Route("GET", "/api/Payments", "listPayments", self.list_payments),
            *self._memos.routes,
            *self._quotations.routes,
            *self._prospects.routes,
        )

    # Master data

    def list_customers(self, call: Call) -> Reply:
        skip, top = call.window()
        customers = list(self._customers.values())
        shown = [self._customer(customer, call.now) for customer in customers[skip : skip + top]]
        return Reply({"d": {"results": shown, "__count": len(customers)}})

    def get_customer(self, call: Call) -> Reply:
        return Reply(self._customer(self._known_customer(call.arguments["CustNo"], 404), call.now))

    def get_credit_account(self, call: Call) -> Reply:
        customer = self._known_customer(call.arguments["CustNo"], 404)
        account = self._accounts[customer.customer_id]
        return Reply(
            {
                "CustNo": customer.customer_id,
                "Curr": customer.currency,
                "Limit": customer.credit_limit,
                "OpenOrders": account.open_orders,
                "OpenInvoices": account.old_debt(call.now) + account.open_invoices,
                "Exposure": account.exposure(call.now),
                "Overdue": self._overdue(customer, call.now),
                "Blocked": "X" if customer.on_hold else "",
            }
        )

    def list_items(self, call: Call) -> Reply:
        skip, top = call.window()
        items = list(self._items.values())
        return Reply({"d": {"results": [_item(item) for item in items[skip : skip + top]], "__count": len(items)}})

    def get_item(self, call: Call) -> Reply:
        item = self._items.get(call.arguments["MatNo"])
        if item is None:
            raise Refused(404, "M3/305", f"Material {call.arguments['MatNo']} does not exist")
        return Reply(_item(item))

    # Pricing

    def simulate_prices(self, call: Call) -> Reply:
        request = call.read(_prices)
        customer = self._known_customer(request.cust_no, 404)
        self._check_currency(customer, request.curr)
        rows = [
            self._price(customer, item, f"Items/{place}") for place, item in enumerate(_some(request.items, "Items"))
        ]
        total = sum((row["NetValue"] for row in rows if isinstance(row["NetValue"], Decimal)), ZERO)
        return Reply({"CustNo": customer.customer_id, "Curr": customer.currency, "NetValue": total, "Items": rows})

    def _price(self, customer: Customer, wanted: PriceItem, target: str) -> dict[str, object]:
        quantity = _positive(wanted.qty, f"{target}/Qty")
        row: dict[str, object] = {
            "Pos": wanted.pos,
            "MatNo": None,
            "MatDesc": "",
            "Qty": wanted.qty,
            "UoM": wanted.uom,
            "BaseQty": None,
            "NetPrice": None,
            "ListPrice": None,
            "NetValue": None,
            "UnitCost": None,
            "CostValue": None,
            "GrossWtKg": None,
            "Alternates": (),
            "Msg": None,
        }
        item = self._find(customer, wanted.idents)
        if item is None:
            named = ", ".join(f"{ident.typ} {ident.val}" for ident in wanted.idents) or "no identifier"
            row["Msg"] = {"Typ": "E", "Code": "M3/305", "Text": f"No material found for {named}"}
            return row
        row |= {"MatNo": item.sku, "MatDesc": item.description, "Alternates": item.substitutes}
        pieces = item.units.get(wanted.uom)
        if pieces is None:
            text = f"Unit {wanted.uom} is not defined for material {item.sku}; it has {', '.join(item.units)}"
            row["Msg"] = {"Typ": "E", "Code": "M3/070", "Text": text}
            return row
        price = self._quoted(customer, wanted, item)
        if price is None:
            price = self._around.distributor.price(customer, item, wanted.uom)
        base = quantity * pieces
        return row | {
            "BaseQty": base,
            "NetPrice": price,
            "ListPrice": item.list_price * pieces,
            "NetValue": (quantity * price).quantize(CENT),
            "UnitCost": item.cost * pieces,
            "CostValue": (base * item.cost).quantize(CENT),
            "GrossWtKg": base * item.weight_kg,
        }

    def _quoted(self, customer: Customer, wanted: PriceItem, item: Item) -> Decimal | None:
        """The price of the quotation that the item names; it holds for that material in that unit."""
        for ident in wanted.idents:
            if ident.typ.upper() == "QUOT":
                found = self._quotations.item(customer.customer_id, ident.val)
                if found is not None and (found.mat_no, found.uom) == (item.sku, wanted.uom):
                    return found.net_price
        return None

    def _open_account(self, customer: Customer, now: datetime) -> None:
        self._accounts[customer.customer_id] = Account(ZERO, ZERO, now)
        self._unpaid[customer.customer_id] = {}

    def _find(self, customer: Customer, idents: list[Ident]) -> Item | None:
        for ident in idents:
            kind, value = ident.typ.upper(), ident.val.strip()
            if kind == "GTIN":
                value = value.zfill(14)  # GTIN-8, -12 and -13 are compared padded to 14
            if kind == "MATNO":
                value = value.upper()
            if kind == "QUOT":
                quoted = self._quotations.item(customer.customer_id, value)
                if quoted is not None:
                    return self._items[quoted.mat_no]
            numbers = customer.item_numbers if kind == "CUSTMAT" else self._finders.get(kind, {})
            if value in numbers:
                return self._items[numbers[value]]
        return None

    # Sales orders

    def create_sales_order(self, call: Call) -> Reply:
        request = call.read(_orders)
        customer = self._known_customer(request.cust_no, 422)
        self._check_currency(customer, request.curr)
        net = ZERO
        for place, item in enumerate(_some(request.items, "Items")):
            target = f"Items/{place}"
            self._known_unit(item, target)
            net += _extended(item.qty, item.net_price, item.net_value, target)
        _same(request.net_value, net, "NetValue", "the sum of the items' NetValue")

        order = SalesOrder(
            sales_doc=self._order_numbers.next(),
            ext_ref=request.ext_ref,
            cust_po=request.cust_po,
            cust_no=customer.customer_id,
            curr=customer.currency,
            status="OPEN",
            net_value=request.net_value,
            created_at=call.now.strftime("%Y%m%d%H%M%S"),
            items=request.items,
        )
        self._orders[order.sales_doc] = order
        self._orders_of.setdefault(order.ext_ref, []).append(order)
        self._open_value[order.sales_doc] = net
        self._accounts[customer.customer_id].open_orders += net
        book = partial(
            self._around.ledger.write,
            call.now,
            reference=order.sales_doc,
            order=order.ext_ref,
            purpose=request.purpose,
            currency=order.curr,
        )
        book("sales-order", amount=net)
        for item in request.items:
            book(
                "sales-order-line",
                line=item.pos,
                sku=item.mat_no,
                quantity=item.qty * self._items[item.mat_no].units[item.uom],
                amount=item.net_value,
                detail={"unit": item.uom, "unit_quantity": item.qty},
            )
        return Reply(order, 201)

    def find_sales_orders(self, call: Call) -> Reply:
        wanted = call.query.get("ExtRef")
        if wanted is not None:
            return Reply({"d": {"results": self._orders_of.get(wanted, [])}})
        skip, top = call.window()
        return Reply({"d": {"results": list(self._orders.values())[skip : skip + top]}})

    def get_sales_order(self, call: Call) -> Reply:
        return Reply(self._known_order(call))

    def cancel_sales_order(self, call: Call) -> Reply:
        if call.body:
            call.read(_cancels)
        order = self._known_order(call)
        if order.status == "INVOICED":
            raise Refused(409, "V1/330", f"Sales document {order.sales_doc} has been invoiced and cannot be cancelled")
        if order.status == "OPEN":
            order.status = "CANCELLED"
            self._accounts[order.cust_no].open_orders -= self._open_value.pop(order.sales_doc)
            for effect in ("sales-order", "sales-order-line"):
                self._around.ledger.cancel(effect, order.sales_doc, call.now)
        return Reply(order)

    # Invoices and what is owed

    def create_invoice(self, call: Call) -> Reply:
        request = call.read(_invoices)
        customer = self._known_customer(request.cust_no, 422)
        self._check_currency(customer, request.curr)
        if not 0 <= request.pay_term_days <= 365:
            raise Refused(422, "VF/061", "Payment term is 0 to 365 days", "PayTermDays")
        net = ZERO
        for place, item in enumerate(_some(request.items, "Items")):
            if item.mat_no not in self._items:
                raise Refused(422, "M3/305", f"Material {item.mat_no} does not exist", f"Items/{place}/MatNo")
            net += _extended(item.qty, item.net_price, item.net_value, f"Items/{place}")
        tax, gross = plain(request.tax_value, "TaxValue"), plain(request.gross_value, "GrossValue")
        _same(request.net_value, net, "NetValue", "the sum of the items' NetValue")
        _same(gross, net + tax, "GrossValue", "NetValue + TaxValue")

        invoice = Invoice(
            inv_doc=self._invoice_numbers.next(),
            ext_ref=request.ext_ref,
            delivery_ref=request.delivery_ref,
            cust_no=customer.customer_id,
            curr=customer.currency,
            net_value=request.net_value,
            tax_value=tax,
            gross_value=gross,
            inv_date=_compact(call.now),
            due_date=_compact(call.now + timedelta(days=request.pay_term_days)),
            status="OPEN",
            items=request.items,
        )
        self._invoices[invoice.inv_doc] = invoice
        self._invoices_of.setdefault(invoice.ext_ref, []).append(invoice)
        self._unpaid[customer.customer_id][invoice.inv_doc] = invoice
        self._accounts[customer.customer_id].open_invoices += gross
        self._bill_orders(invoice.ext_ref, net)
        book = partial(
            self._around.ledger.write,
            call.now,
            reference=invoice.inv_doc,
            order=invoice.ext_ref,
            purpose=invoice.delivery_ref,
            currency=invoice.curr,
        )
        book(
            "invoice",
            amount=gross,
            status="OPEN",
            detail={"net": net, "tax": tax, "customer": customer.customer_id},
        )
        for item in request.items:
            book(
                "invoice-line",
                line=item.pos,
                sku=item.mat_no,
                quantity=item.qty,
                amount=item.net_value,
            )
        self.billed(invoice, call.now)
        return Reply(invoice, 201)

    def find_invoices(self, call: Call) -> Reply:
        wanted = call.query.get("ExtRef")
        among = self._invoices.values() if wanted is None else self._invoices_of.get(wanted, ())
        found = [invoice for invoice in among if call.matches(DeliveryRef=invoice.delivery_ref)]
        skip, top = call.window()
        return Reply({"d": {"results": found[skip : skip + top]}})

    def get_invoice(self, call: Call) -> Reply:
        invoice = self._invoices.get(call.arguments["InvDoc"])
        if invoice is None:
            raise Refused(404, "VF/404", f"Billing document {call.arguments['InvDoc']} does not exist")
        return Reply(invoice)

    def list_open_items(self, call: Call) -> Reply:
        today = _compact(call.now)
        results = [
            {
                "InvDoc": invoice.inv_doc,
                "CustNo": invoice.cust_no,
                "Curr": invoice.curr,
                "OpenAmt": invoice.gross_value,
                "DueDate": invoice.due_date,
                "Overdue": "X" if invoice.due_date < today else "",
            }
            for customer, unpaid in self._unpaid.items()
            if call.matches(CustNo=customer)
            for invoice in unpaid.values()
        ]
        return Reply({"d": {"results": results}})

    def list_payments(self, call: Call) -> Reply:
        return Reply(
            {"d": {"results": [receipt for receipt in self._receipts if call.matches(InvDoc=receipt.inv_doc)]}}
        )

    def receive(self, invoice_number: str, amount: Decimal, currency: str, now: datetime) -> None:
        """Money for an invoice has reached the bank account. Unknown invoices are the bank's affair, not ours."""
        invoice = self._invoices.get(invoice_number)
        if invoice is None or invoice.status != "OPEN" or invoice.curr != currency:
            return
        invoice.status = "CLEARED"
        del self._unpaid[invoice.cust_no][invoice_number]
        self._accounts[invoice.cust_no].open_invoices -= invoice.gross_value
        self._around.ledger.progress("invoice", invoice_number, "CLEARED")
        number = self._receipt_numbers.next()
        self._receipts.append(Receipt(number, invoice_number, amount, currency, _compact(now)))

    def _credit(self, customer: str, amount: Decimal) -> None:
        self._accounts[customer].credited += amount

    # Helpers

    def _bill_orders(self, ext_ref: str, net: Decimal) -> None:
        """Take what is billed out of the order's open value: owed once, as order or as invoice, never as both."""
        for order in self._orders_of.get(ext_ref, ()):
            if net <= 0:
                return
            if order.status == "CANCELLED":
                continue
            part = min(net, self._open_value[order.sales_doc])
            self._open_value[order.sales_doc] -= part
            self._accounts[order.cust_no].open_orders -= part
            order.status, net = "INVOICED", net - part

    def _overdue(self, customer: Customer, now: datetime) -> Decimal:
        today = _compact(now)
        unpaid = self._unpaid[customer.customer_id].values()
        late = (invoice.gross_value for invoice in unpaid if invoice.due_date < today)
        return self._accounts[customer.customer_id].old_overdue(now) + sum(late, ZERO)

    def _customer(self, customer: Customer, now: datetime) -> dict[str, object]:
        account = self._accounts[customer.customer_id]
        ship_to = customer.ship_to
        return {
            "CustNo": customer.customer_id,
            "Name1": customer.name,
            "PriceGroup": customer.tier,
            "PayTermDays": customer.terms_days,
            "Curr": customer.currency,
            "EMail": customer.email,
            "Lang": customer.language.upper(),
            "NotifyMode": customer.notify_mode,
            "NotifyOn": customer.notify_on,
            "CreditLimit": customer.credit_limit,
            "CreditExposure": account.exposure(now),
            "OverdueAmt": self._overdue(customer, now),
            "CreditBlock": "X" if customer.on_hold else "",
            "Gln": customer.gln,
            "ShipTo": {
                "Name1": ship_to.name,
                "Street": ship_to.lines[0],
                "Street2": ship_to.lines[1] if len(ship_to.lines) > 1 else "",
                "City": ship_to.city,
                "Region": ship_to.region,
                "PostCode": ship_to.postal_code,
                "Country": ship_to.country,
            },
        }

    def _known_customer(self, number: str, status: int) -> Customer:
        customer = self._customers.get(number)
        if customer is None:
            raise Refused(status, "F2/153", f"Customer {number} does not exist", "CustNo")
        return customer

    def _check_currency(self, customer: Customer, currency: str) -> None:
        if currency != customer.currency:
            text = f"Customer {customer.customer_id} trades in {customer.currency}, not {currency}"
            raise Refused(422, "V1/045", text, "Curr")

    def _known_unit(self, item: OrderItem, target: str) -> None:
        known = self._items.get(item.mat_no)
        if known is None:
            raise Refused(422, "M3/305", f"Material {item.mat_no} does not exist", f"{target}/MatNo")
        if item.uom not in known.units:
            raise Refused(422, "M3/070", f"Unit {item.uom} is not defined for {item.mat_no}", f"{target}/UoM")

    def _known_order(self, call: Call) -> SalesOrder:
        number = call.arguments["SalesDoc"]
        if number not in self._orders:
            raise Refused(404, "V1/302", f"Sales document {number} does not exist")
        return self._orders[number]


def _item(item: Item) -> dict[str, object]:
    return {
        "MatNo": item.sku,
        "Gtin": item.gtin,
        "MfrPartNo": item.manufacturer_number,
        "MatDesc": item.description,
        "BaseUoM": item.base_unit,
        "SalesUoM": item.sales_unit,
        "UoMs": [{"UoM": unit, "Numer": pieces} for unit, pieces in item.units.items()],
        "ListPrice": item.list_price,
        "CostPrice": item.cost,
        "NetWtKg": item.weight_kg,
        "Alternates": item.substitutes,
        "MainSupplier": item.supplier_id,
    }


def _some(items: list[T], target: str) -> list[T]:
    if not 1 <= len(items) <= 1000:
        raise Refused(422, "V1/320", f"Expected 1 to 1000 items, found {len(items)}", target)
    return items


def _positive(quantity: Decimal, target: str) -> Decimal:
    if plain(quantity, target) <= 0:
        raise Refused(422, "V1/042", f"Quantity must be positive, found {quantity}", target)
    return quantity


def _extended(quantity: Decimal, price: Decimal, value: Decimal, target: str) -> Decimal:
    """The item's value, checked to be quantity × price within a cent."""
    expected = _positive(quantity, f"{target}/Qty") * plain(price, f"{target}/NetPrice")
    if price < 0 or abs(expected - plain(value, f"{target}/NetValue")) > CENT:
        text = f"NetValue {value} is not Qty {quantity} × NetPrice {price}"
        raise Refused(422, "V1/311", text, f"{target}/NetValue")
    return value


def _same(found: Decimal, expected: Decimal, target: str, meaning: str) -> None:
    if plain(found, target) != expected:
        raise Refused(422, "V1/311", f"{target} {found} is not {meaning}, {expected}", target)


def _compact(moment: datetime | date) -> str:
    return moment.strftime("%Y%m%d")
