"""What each kind of system can be asked, in canonical terms, whoever made it.

An operation is a request and a result type. Both are checked at this boundary: arguments come from a workflow written
by people, results from connectors that read a vendor's answer. Amounts are exact Decimals in the stated currency;
quantities of the warehouse are in base units, those of an order in the line's unit.

`purpose` tells deliberate repetitions apart: an order may have a second reservation or booking at one site (its
backorder), and then states another purpose. Two effects of one purpose are one effect done twice.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal, TypeVar

import msgspec

from crossdock import exactjson
from crossdock.errors import Finding

T = TypeVar("T", bound=msgspec.Struct)


class Arguments(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A misspelt argument is an error, not silence. What lies within (lines, addresses) may carry more than we read."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    pass


class Result(msgspec.Struct, frozen=True, kw_only=True):
    pass


class Address(Part, frozen=True, kw_only=True):
    name: str = ""
    lines: tuple[str, ...] = ()
    city: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""


# ── erp ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class CustomerArguments(Arguments, frozen=True, kw_only=True):
    customer_id: str


class Customer(Result, frozen=True, kw_only=True):
    """notify: the moments this customer wants to hear of, or "all" or "none"."""

    customer_id: str
    name: str
    tier: str
    terms_days: int
    currency: str
    email: str
    language: str
    notify: tuple[str, ...] | str
    credit_limit: Decimal
    exposure: Decimal
    overdue: Decimal
    on_hold: bool
    ship_to: Address


class ItemNumber(Part, frozen=True, kw_only=True):
    scheme: Literal["supplier", "buyer", "gtin", "manufacturer", "quotation"]
    value: str


class LineToPrice(Part, frozen=True, kw_only=True):
    line: str
    items: tuple[ItemNumber, ...]
    quantity: Decimal
    unit: str


class PriceOrderArguments(Arguments, frozen=True, kw_only=True):
    customer_id: str
    currency: str
    lines: tuple[LineToPrice, ...]


class PricedLine(Part, frozen=True, kw_only=True):
    """Prices are per the line's unit; amount, cost and weight_kg for the whole line; null where problem says why."""

    line: str
    sku: str | None
    description: str
    quantity: Decimal
    unit: str
    base_quantity: Decimal | None
    unit_price: Decimal | None
    list_price: Decimal | None
    amount: Decimal | None
    cost: Decimal | None
    weight_kg: Decimal | None
    substitutes: tuple[str, ...]
    problem: Literal["unknown_item", "unknown_unit"] | None


class PricedOrder(Result, frozen=True, kw_only=True):
    currency: str
    total: Decimal  # of the lines that have a price
    lines: tuple[PricedLine, ...]


class CreditExposure(Result, frozen=True, kw_only=True):
    customer_id: str
    limit: Decimal
    exposure: Decimal
    overdue: Decimal
    on_hold: bool


class SalesOrderLine(Part, frozen=True, kw_only=True):
    line: str
    sku: str
    quantity: Decimal
    unit: str
    unit_price: Decimal
    amount: Decimal


class CreateSalesOrderArguments(Arguments, frozen=True, kw_only=True):
    order: str
    po: str
    customer_id: str
    currency: str
    lines: tuple[SalesOrderLine, ...]
    total: Decimal


class SalesOrder(Result, frozen=True, kw_only=True):
    sales_order: str


class CancelSalesOrderArguments(Arguments, frozen=True, kw_only=True):
    sales_order: str
    reason: str = ""


class InvoiceLine(Part, frozen=True, kw_only=True):
    line: str
    sku: str
    quantity: Decimal
    unit_price: Decimal
    amount: Decimal


class CreateInvoiceArguments(Arguments, frozen=True, kw_only=True):
    order: str
    shipment: str
    customer_id: str
    currency: str
    terms_days: int
    lines: tuple[InvoiceLine, ...]
    net: Decimal
    tax: Decimal
    total: Decimal


class Invoice(Result, frozen=True, kw_only=True):
    invoice: str
    total: Decimal
    due_on: date


class SoldArguments(Arguments, frozen=True, kw_only=True):
    order: str


class Sold(Result, frozen=True, kw_only=True):
    """Who an order was sold to; None where the ERP has no sales order of it that stands."""

    sales_order: str | None
    customer_id: str | None


class BillingArguments(Arguments, frozen=True, kw_only=True):
    order: str


class BilledLine(Part, frozen=True, kw_only=True):
    """quantity in base units; a credit over money alone has none."""

    line: str
    sku: str
    quantity: Decimal
    amount: Decimal


class BilledInvoice(Part, frozen=True, kw_only=True):
    invoice: str
    shipment: str
    customer_id: str
    currency: str
    invoiced_on: date
    due_on: date
    paid: bool
    net: Decimal
    tax: Decimal
    total: Decimal
    lines: tuple[BilledLine, ...]


class GivenCredit(Part, frozen=True, kw_only=True):
    credit: str
    invoice: str
    request: str
    net: Decimal
    tax: Decimal
    total: Decimal
    lines: tuple[BilledLine, ...]


class Billing(Result, frozen=True, kw_only=True):
    """What has been billed and credited of one order."""

    invoices: tuple[BilledInvoice, ...]
    credits: tuple[GivenCredit, ...]


class CreateCreditNoteArguments(Arguments, frozen=True, kw_only=True):
    """request: what the credit is given for, such as the return; one invoice is credited once for one request."""

    order: str
    invoice: str
    request: str
    currency: str
    lines: tuple[BilledLine, ...]
    net: Decimal
    tax: Decimal
    total: Decimal
    reason: str = ""


class CreditNote(Result, frozen=True, kw_only=True):
    credit: str
    total: Decimal


class QuotedLine(Part, frozen=True, kw_only=True):
    line: str
    sku: str
    quantity: Decimal
    unit: str
    unit_price: Decimal
    amount: Decimal


class CreateQuotationArguments(Arguments, frozen=True, kw_only=True):
    """quotation: our reference, which an order's item names as `quotation#line` in the scheme quotation."""

    quotation: str
    customer_id: str
    currency: str
    valid_until: date
    lines: tuple[QuotedLine, ...]
    total: Decimal


class Quotation(Result, frozen=True, kw_only=True):
    quotation: str
    document: str


class FindCustomersArguments(Arguments, frozen=True, kw_only=True):
    name: str = ""
    tax_id: str = ""


class FoundCustomer(Part, frozen=True, kw_only=True):
    customer_id: str
    name: str
    tax_id: str
    city: str


class FoundCustomers(Result, frozen=True, kw_only=True):
    """Who has the tax number, or the name's words, whatever their order."""

    customers: tuple[FoundCustomer, ...]


class CreateCustomerArguments(Arguments, frozen=True, kw_only=True):
    """application: what it is made for, on our side; one is one customer. currency "": the company's own."""

    application: str
    name: str
    tax_id: str
    currency: str = ""
    email: str = ""
    language: str = "en"
    tier: str = "C"
    terms_days: int
    credit_limit: Decimal
    address: Address


class CreatedCustomer(Result, frozen=True, kw_only=True):
    customer_id: str


# ── crm ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class ProposeArguments(Arguments, frozen=True, kw_only=True):
    """A quote in the customer's own view of us. One revision of one quote is proposed once."""

    quote: str
    revision: int
    customer_id: str
    currency: str
    total: Decimal
    valid_until: date
    lines: tuple[QuotedLine, ...]


class Proposal(Result, frozen=True, kw_only=True):
    proposal: str


class CreateAccountArguments(Arguments, frozen=True, kw_only=True):
    application: str
    customer_id: str
    name: str
    email: str = ""


class Account(Result, frozen=True, kw_only=True):
    account: str


# ── wms ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class AvailabilityArguments(Arguments, frozen=True, kw_only=True):
    skus: tuple[str, ...]


class Stock(Part, frozen=True, kw_only=True):
    sku: str
    site: str
    available: Decimal
    incoming_on: date | None


class Availability(Result, frozen=True, kw_only=True):
    items: tuple[Stock, ...]


class Quantity(Part, frozen=True, kw_only=True):
    line: str
    sku: str
    quantity: Decimal


class ReserveArguments(Arguments, frozen=True, kw_only=True):
    order: str
    site: str
    lines: tuple[Quantity, ...]
    purpose: str = "allocation"


class ShipmentsArguments(Arguments, frozen=True, kw_only=True):
    order: str


class ShipmentState(Part, frozen=True, kw_only=True):
    """left: handed over to the carrier."""

    shipment: str
    site: str
    tracking: str
    left: bool
    lines: tuple[Quantity, ...]


class Shipments(Result, frozen=True, kw_only=True):
    """Of one order, without those that were cancelled."""

    shipments: tuple[ShipmentState, ...]


class ReservedLine(Part, frozen=True, kw_only=True):
    line: str
    sku: str
    reserved: Decimal
    short: Decimal


class Reservation(Result, frozen=True, kw_only=True):
    reservation: str
    site: str
    lines: tuple[ReservedLine, ...]


class CancelReservationArguments(Arguments, frozen=True, kw_only=True):
    reservation: str


class ReleaseArguments(Arguments, frozen=True, kw_only=True):
    order: str
    reservation: str
    site: str
    ship_to: Address
    service: str
    tracking: str


class Shipment(Result, frozen=True, kw_only=True):
    shipment: str


class CancelShipmentArguments(Arguments, frozen=True, kw_only=True):
    shipment: str


class ExpectReturnArguments(Arguments, frozen=True, kw_only=True):
    """request: what the goods come back for; one request has one return."""

    order: str
    request: str
    site: str
    reason: str
    lines: tuple[Quantity, ...]


class ExpectedReturn(Result, frozen=True, kw_only=True):
    rma: str


class CancelReturnArguments(Arguments, frozen=True, kw_only=True):
    rma: str


class PlacedLine(Part, frozen=True, kw_only=True):
    line: str
    sku: str
    quantity: Decimal
    grade: str
    place: Literal["restock", "refurbish", "scrap", "send-back"]


class PutAwayArguments(Arguments, frozen=True, kw_only=True):
    """Where each inspected piece of a return goes."""

    rma: str
    lines: tuple[PlacedLine, ...]


# ── carrier ──────────────────────────────────────────────────────────────────────────────────────────────────────


class RateArguments(Arguments, frozen=True, kw_only=True):
    site: str
    ship_to: Address
    weight_kg: Decimal


class Rate(Result, frozen=True, kw_only=True):
    service: str
    price: Decimal
    currency: str
    transit_days: int


class BookArguments(Arguments, frozen=True, kw_only=True):
    order: str
    site: str
    service: str
    ship_to: Address
    weight_kg: Decimal
    purpose: str = "delivery"


class Booking(Result, frozen=True, kw_only=True):
    tracking: str
    label: str
    promised_on: date
    price: Decimal


class ProofArguments(Arguments, frozen=True, kw_only=True):
    tracking: str


class Remark(Part, frozen=True, kw_only=True):
    """What the receiver wrote on the proof: pieces of a line of the delivery note, missing or damaged."""

    line: str
    kind: Literal["missing", "damaged"]
    quantity: Decimal


class Proof(Result, frozen=True, kw_only=True):
    """delivered: whether somebody signed for it."""

    delivered: bool
    signed_by: str = ""
    delivered_at: str = ""
    remarks: tuple[Remark, ...] = ()


class InstructArguments(Arguments, frozen=True, kw_only=True):
    order: str
    tracking: str
    note: str


class Instructed(Result, frozen=True, kw_only=True):
    tracking: str


class FileClaimArguments(Arguments, frozen=True, kw_only=True):
    """request: what it is filed for, on our side; one parcel is claimed once for one request."""

    order: str
    request: str
    tracking: str
    currency: str
    amount: Decimal
    remarks: tuple[Remark, ...]


class Claim(Result, frozen=True, kw_only=True):
    claim: str


class CancelBookingArguments(Arguments, frozen=True, kw_only=True):
    tracking: str


# ── tax, payment, supplier, helpdesk, notification ───────────────────────────────────────────────────────────────


class TaxableLine(Part, frozen=True, kw_only=True):
    line: str
    sku: str
    amount: Decimal


class TaxQuoteArguments(Arguments, frozen=True, kw_only=True):
    order: str
    ship_to: Address
    currency: str
    lines: tuple[TaxableLine, ...]


class TaxedLine(Part, frozen=True, kw_only=True):
    line: str
    rate: Decimal
    tax: Decimal


class TaxQuote(Result, frozen=True, kw_only=True):
    tax: Decimal
    lines: tuple[TaxedLine, ...]


class RequestPaymentArguments(Arguments, frozen=True, kw_only=True):
    order: str
    invoice: str
    customer_id: str
    amount: Decimal
    currency: str
    due_on: date


class PaymentRequest(Result, frozen=True, kw_only=True):
    payment: str


class SupplierOrderArguments(Arguments, frozen=True, kw_only=True):
    """supplier_id None: whoever mainly supplies the first line. site None: where that supplier usually delivers."""

    order: str
    supplier_id: str | None = None
    site: str | None = None
    lines: tuple[Quantity, ...]
    purpose: str = "replenishment"


class SupplierOrder(Result, frozen=True, kw_only=True):
    supplier_order: str
    supplier_id: str
    promised_on: date | None


class SupplierOrdersArguments(Arguments, frozen=True, kw_only=True):
    order: str


class SupplierOrderState(Part, frozen=True, kw_only=True):
    """What was bought for an order. status: received, confirmed, delayed, shipped, delivered or cancelled."""

    supplier_order: str
    supplier_id: str
    site: str
    status: Literal["received", "confirmed", "delayed", "shipped", "delivered", "cancelled"]
    promised_on: date | None
    lines: tuple[Quantity, ...]


class SupplierOrders(Result, frozen=True, kw_only=True):
    orders: tuple[SupplierOrderState, ...]


class OffersArguments(Arguments, frozen=True, kw_only=True):
    skus: tuple[str, ...]


class Offer(Part, frozen=True, kw_only=True):
    """usual: who mainly supplies all of it."""

    supplier_id: str
    name: str
    usual: bool
    promised_on: date


class Offers(Result, frozen=True, kw_only=True):
    """Who could deliver these items, and when, if they were ordered now."""

    offers: tuple[Offer, ...]


class CancelSupplierOrderArguments(Arguments, frozen=True, kw_only=True):
    supplier_order: str
    reason: str = ""


class OpenTicketArguments(Arguments, frozen=True, kw_only=True):
    order: str
    subject: str
    body: str
    severity: Literal["critical", "high", "medium", "low"] = "medium"


class Ticket(Result, frozen=True, kw_only=True):
    ticket: str


class AnswerTicketArguments(Arguments, frozen=True, kw_only=True):
    ticket: str
    body: str
    solved: bool = False


class SendArguments(Arguments, frozen=True, kw_only=True):
    order: str
    to: str
    moment: str
    language: str
    subject: str
    body: str


class Message(Result, frozen=True, kw_only=True):
    message: str


class Cancelled(Result, frozen=True, kw_only=True):
    """What an undo answers: the reference of what no longer stands."""

    cancelled: str


# ── the table ────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Undo:
    """Compensation: `operation`, called with these fields of the arguments and output of what it undoes."""

    operation: str
    reference: str  # the field of the output that names what to undo


@dataclass(frozen=True, slots=True)
class Role:
    """One operation. safe: it only reads, so that repeating it is always allowed."""

    arguments: type[Arguments]
    result: type[Result]
    safe: bool = False
    undo: Undo | None = None


OPERATIONS: Mapping[str, Role] = {
    "erp.customer": Role(CustomerArguments, Customer, safe=True),
    "erp.priceOrder": Role(PriceOrderArguments, PricedOrder, safe=True),
    "erp.creditExposure": Role(CustomerArguments, CreditExposure, safe=True),
    "erp.createSalesOrder": Role(
        CreateSalesOrderArguments, SalesOrder, undo=Undo("erp.cancelSalesOrder", "sales_order")
    ),
    "erp.cancelSalesOrder": Role(CancelSalesOrderArguments, Cancelled),
    "erp.createInvoice": Role(CreateInvoiceArguments, Invoice),
    "erp.sold": Role(SoldArguments, Sold, safe=True),
    "erp.billing": Role(BillingArguments, Billing, safe=True),
    "erp.createCreditNote": Role(CreateCreditNoteArguments, CreditNote),
    "erp.createQuotation": Role(CreateQuotationArguments, Quotation),
    "erp.findCustomers": Role(FindCustomersArguments, FoundCustomers, safe=True),
    "erp.createCustomer": Role(CreateCustomerArguments, CreatedCustomer),
    "crm.propose": Role(ProposeArguments, Proposal),
    "crm.createAccount": Role(CreateAccountArguments, Account),
    "wms.availability": Role(AvailabilityArguments, Availability, safe=True),
    "wms.reserve": Role(ReserveArguments, Reservation, undo=Undo("wms.cancelReservation", "reservation")),
    "wms.cancelReservation": Role(CancelReservationArguments, Cancelled),
    "wms.release": Role(ReleaseArguments, Shipment, undo=Undo("wms.cancelShipment", "shipment")),
    "wms.cancelShipment": Role(CancelShipmentArguments, Cancelled),
    "wms.shipments": Role(ShipmentsArguments, Shipments, safe=True),
    "wms.expectReturn": Role(ExpectReturnArguments, ExpectedReturn, undo=Undo("wms.cancelReturn", "rma")),
    "wms.cancelReturn": Role(CancelReturnArguments, Cancelled),
    "wms.putAway": Role(PutAwayArguments, ExpectedReturn),
    "carrier.rate": Role(RateArguments, Rate, safe=True),
    "carrier.proof": Role(ProofArguments, Proof, safe=True),
    "carrier.instruct": Role(InstructArguments, Instructed),
    "carrier.fileClaim": Role(FileClaimArguments, Claim),
    "carrier.book": Role(BookArguments, Booking, undo=Undo("carrier.cancelBooking", "tracking")),
    "carrier.cancelBooking": Role(CancelBookingArguments, Cancelled),
    "tax.quote": Role(TaxQuoteArguments, TaxQuote, safe=True),
    "payment.request": Role(RequestPaymentArguments, PaymentRequest),
    "supplier.orders": Role(SupplierOrdersArguments, SupplierOrders, safe=True),
    "supplier.offers": Role(OffersArguments, Offers, safe=True),
    "supplier.order": Role(SupplierOrderArguments, SupplierOrder, undo=Undo("supplier.cancelOrder", "supplier_order")),
    "supplier.cancelOrder": Role(CancelSupplierOrderArguments, Cancelled),
    "helpdesk.openTicket": Role(OpenTicketArguments, Ticket),
    "helpdesk.answer": Role(AnswerTicketArguments, Ticket),
    "notification.send": Role(SendArguments, Message),
}


def undo(operation: str, output: Mapping[str, Any], reason: str = "") -> tuple[str, dict[str, Any]] | None:
    """The call that compensates a finished one, or None where nothing does."""
    role = OPERATIONS[operation]
    if role.undo is None:
        return None
    arguments: dict[str, Any] = {role.undo.reference: output[role.undo.reference]}
    if reason and "reason" in OPERATIONS[role.undo.operation].arguments.__struct_fields__:
        arguments["reason"] = reason
    return role.undo.operation, arguments


# ── checking ─────────────────────────────────────────────────────────────────────────────────────────────────────

_AT = re.compile(r"^(?P<what>.*?)(?: - at `(?:key in )?\$(?P<path>[^`]*)`)?$", re.DOTALL)
_EXPECTED = re.compile(r"^Expected (?P<expected>.*), got (?P<found>.*)$", re.DOTALL)
_MISSING = re.compile(r"^Object missing required field `(?P<field>.*)`$")
_UNKNOWN = re.compile(r"^Object contains unknown field `(?P<field>.*)`$")


def arguments(operation: str, value: Any) -> Arguments | Finding:
    """The typed arguments, or what is wrong with them and where (a JSON pointer)."""
    return fit(OPERATIONS[operation].arguments, value, code=f"{operation}.arguments", fix="Correct the call's `with`.")


def fit(shape: type[T], value: Any, *, code: str, fix: str) -> T | Finding:
    """A JSON value as the wanted type, or a finding. Numbers stay exact."""
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as problem:
        return _finding(str(problem), value, code, fix)


def _finding(message: str, value: Any, code: str, fix: str) -> Finding:
    parts = _AT.match(message)
    what, path = (parts["what"], parts["path"] or "") if parts else (message, "")
    where = re.sub(r"\[(\w+|\.\.\.)\]", r"/\1", path).replace(".", "/")
    if missing := _MISSING.match(what):
        return Finding(code, f"{where}/{missing['field']}", "a value", "nothing", fix)
    if unknown := _UNKNOWN.match(what):
        return Finding(code, f"{where}/{unknown['field']}", "no such field", "one", fix)
    found = _shown(_at(value, where))
    if expected := _EXPECTED.match(what):
        wanted, kind = expected["expected"].replace("`", ""), expected["found"].strip("`")
        return Finding(code, where or "/", wanted, kind if kind == found else f"{kind} {found}", fix)
    # msgspec's other form: "Invalid decimal string", "Invalid enum value 'x'"
    return Finding(code, where or "/", "a " + re.sub("^Invalid (\\w+).*", r"valid \1", what, flags=re.S), found, fix)


def _at(value: Any, pointer: str) -> Any:
    for step in pointer.split("/")[1:]:
        try:
            value = value[int(step)] if isinstance(value, (list, tuple)) else value[step]  # pyright: ignore[reportUnknownVariableType]
        except (KeyError, IndexError, ValueError, TypeError):
            return None
    return value  # pyright: ignore[reportUnknownVariableType]


def _shown(value: Any) -> str:
    try:
        text = exactjson.text(value)
    except TypeError:
        text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"
