"""What the ERP knows before anything is sold: quotations with their prices, and customers that are new.

A quotation holds prices for one customer until a day. An item of an order that names it (identifier QUOT, the
quotation's reference and the position) has the quotation's price and no other. New customers are known by the reference
they were made under and by their tax number; nobody has the tax number of another.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal

import msgspec

from .chance import Chance
from .surroundings import Surroundings
from .wire import Call, Numbering, Reference, Refused, Reply, Route, Text, plain
from .world import Customer, Item, ShipTo, check_digit

CENT = Decimal("0.01")


class QuotedItem(msgspec.Struct, rename="pascal"):
    pos: Reference
    mat_no: Text
    qty: Decimal
    net_price: Decimal
    net_value: Decimal
    uom: Text = msgspec.field(name="UoM")


class QuotationRequest(msgspec.Struct, rename="pascal"):
    ext_ref: Reference
    cust_no: Text
    curr: Text
    valid_to: Text
    items: list[QuotedItem]
    net_value: Decimal


class Quotation(msgspec.Struct, rename="pascal", kw_only=True):
    quot_doc: str
    ext_ref: str
    cust_no: str
    curr: str
    valid_to: str
    net_value: Decimal
    items: list[QuotedItem]


class NewAddress(msgspec.Struct, rename="pascal"):
    street: Text
    city: Text
    post_code: Text
    country: Text
    region: Text = ""


class CustomerRequest(msgspec.Struct, rename="pascal"):
    ext_ref: Reference
    name1: Reference
    tax_no: Reference
    curr: Text
    credit_limit: Decimal
    pay_term_days: int
    ship_to: NewAddress
    e_mail: Text = msgspec.field(name="EMail", default="")
    lang: Text = "EN"
    price_group: Text = "C"


class Known(msgspec.Struct, rename="pascal"):
    """A customer as a search for duplicates shows it."""

    cust_no: str
    name1: str
    tax_no: str
    ext_ref: str
    city: str


_quotations = msgspec.json.Decoder(QuotationRequest)
_customers = msgspec.json.Decoder(CustomerRequest)


class Quotations:
    def __init__(self, around: Surroundings, customers: Mapping[str, Customer], items: Mapping[str, Item]) -> None:
        self._around = around
        self._customers = customers
        self._items = items
        self._made: list[Quotation] = []
        self._numbers = Numbering("2", 9)
        self.routes = (
            Route("POST", "/api/Quotations", "createQuotation", self.create),
            Route("GET", "/api/Quotations", "findQuotations", self.find),
        )

    def create(self, call: Call) -> Reply:
        request = call.read(_quotations)
        customer = self._customers.get(request.cust_no)
        if customer is None:
            raise Refused(422, "F2/153", f"Customer {request.cust_no} does not exist", "CustNo")
        if request.curr != customer.currency:
            raise Refused(422, "V1/045", f"Customer {request.cust_no} trades in {customer.currency}", "Curr")
        if not (len(request.valid_to) == 8 and request.valid_to.isdigit()):
            raise Refused(422, "V1/062", f"ValidTo is YYYYMMDD, found {request.valid_to}", "ValidTo")
        if not 1 <= len(request.items) <= 1000:
            raise Refused(422, "V1/320", f"Expected 1 to 1000 items, found {len(request.items)}", "Items")
        net = Decimal("0.00")
        for place, item in enumerate(request.items):
            target = f"Items/{place}"
            known = self._items.get(item.mat_no)
            if known is None:
                raise Refused(422, "M3/305", f"Material {item.mat_no} does not exist", f"{target}/MatNo")
            if item.uom not in known.units:
                raise Refused(422, "M3/070", f"Unit {item.uom} is not defined for {item.mat_no}", f"{target}/UoM")
            value = plain(item.qty, f"{target}/Qty") * plain(item.net_price, f"{target}/NetPrice")
            if item.qty <= 0 or item.net_price < 0 or abs(value - plain(item.net_value, f"{target}/NetValue")) > CENT:
                raise Refused(422, "V1/311", "NetValue is not Qty × NetPrice", f"{target}/NetValue")
            net += item.net_value
        if plain(request.net_value, "NetValue") != net:
            raise Refused(422, "V1/311", f"NetValue {request.net_value} is not the sum, {net}", "NetValue")
        made = Quotation(
            quot_doc=self._numbers.next(),
            ext_ref=request.ext_ref,
            cust_no=request.cust_no,
            curr=request.curr,
            valid_to=request.valid_to,
            net_value=net,
            items=request.items,
        )
        self._made.append(made)
        for item in made.items:
            self._around.ledger.write(
                call.now,
                "quotation-line",
                made.quot_doc,
                order=made.ext_ref,
                purpose=made.cust_no,
                line=item.pos,
                sku=item.mat_no,
                quantity=item.qty,
                amount=item.net_value,
                currency=made.curr,
                detail={"unit": item.uom, "price": item.net_price},
            )
        return Reply(made, 201)

    def find(self, call: Call) -> Reply:
        found = [q for q in self._made if call.matches(ExtRef=q.ext_ref, CustNo=q.cust_no)]
        skip, top = call.window()
        return Reply({"d": {"results": found[skip : skip + top]}})

    def item(self, customer: str, reference: str) -> QuotedItem | None:
        """Of `quotation#position`, if it was made to this customer."""
        number, _, position = reference.rpartition("#")
        quotation = next((q for q in self._made if q.ext_ref == number), None)
        if quotation is None or quotation.cust_no != customer:
            return None
        return next((i for i in quotation.items if i.pos == position), None)


class NewCustomers:
    """opened: told of each new customer, so that it has an account."""

    def __init__(
        self, around: Surroundings, customers: dict[str, Customer], opened: Callable[[Customer, datetime], None]
    ) -> None:
        self._around = around
        self._customers = customers
        self._opened = opened
        self._refs: dict[str, str] = {}  # customer -> the reference it was made under
        self._tax = {number: tax_number(around.chance, c) for number, c in customers.items()}
        self.routes = (
            Route("POST", "/api/Customers", "createCustomer", self.create),
            Route("GET", "/api/CustomerSearch", "searchCustomers", self.search),
        )

    def create(self, call: Call) -> Reply:
        request = call.read(_customers)
        if request.tax_no in self._tax.values():
            raise Refused(409, "F2/042", f"There is a customer with the tax number {request.tax_no}", "TaxNo")
        own = self._around.distributor.currency
        if request.curr not in ("", own):
            text = f"Company code trades in {own}, not {request.curr}"
            raise Refused(422, "V1/045", text, "Curr")
        if not 0 <= request.pay_term_days <= 365 or plain(request.credit_limit, "CreditLimit") < 0:
            raise Refused(422, "F2/061", "Terms are 0 to 365 days, and the limit is not negative", "PayTermDays")
        number = f"C-{9001 + len(self._refs)}"
        a = request.ship_to
        made = Customer(
            customer_id=number,
            name=request.name1,
            tier=request.price_group if request.price_group in ("A", "B", "C") else "C",
            terms_days=request.pay_term_days,
            currency=own,
            language=request.lang.lower(),
            email=request.e_mail,
            notify_mode="ALL",
            notify_on=(),
            credit_limit=request.credit_limit,
            opening_exposure=Decimal("0.00"),
            opening_overdue=Decimal("0.00"),
            on_hold=False,
            low_credit=False,
            gln="",
            duns="",
            ship_to=ShipTo(request.name1, (a.street,), a.city, a.region, a.post_code, a.country),
            contract_prices={},
            item_numbers={},
            pay_days_after_due=0,
        )
        self._customers[number] = made
        self._refs[number], self._tax[number] = request.ext_ref, request.tax_no
        self._opened(made, call.now)
        self._around.ledger.write(
            call.now,
            "customer",
            number,
            order=request.ext_ref,
            purpose=request.tax_no,
            amount=request.credit_limit,
            currency=own,
            detail={"name": request.name1},
        )
        return Reply(self._known(made), 201)

    def search(self, call: Call) -> Reply:
        """By any of the things given: TaxNo and ExtRef exactly, Name1 by its words."""
        tax, ref = call.query.get("TaxNo"), call.query.get("ExtRef")
        words = set(call.query.get("Name1", "").casefold().split())
        found = [
            self._known(c)
            for number, c in self._customers.items()
            if (tax and self._tax[number] == tax)
            or (ref and self._refs.get(number) == ref)
            or (words and words == set(c.name.casefold().split()))
        ]
        return Reply({"d": {"results": found[:100]}})

    def _known(self, c: Customer) -> Known:
        number = c.customer_id
        return Known(number, c.name, self._tax[number], self._refs.get(number, ""), c.ship_to.city)


def tax_number(chance: Chance, customer: Customer) -> str:
    """As its country numbers companies: Sweden and Germany with their check digits, elsewhere nine digits."""
    digits = f"{chance.whole(100_000_000, 999_999_999, 'tax number', customer.customer_id)}"
    match customer.ship_to.country:
        case "SE":
            return f"SE{digits}{_luhn(digits)}01"
        case "DE":
            return f"DE{digits[:8]}{_mod11(digits[:8])}"
        case "US":
            return f"{digits[:2]}-{digits[2:]}"
        case country:
            return f"{country}{digits[:8]}{check_digit(digits[:8])}"


def _luhn(digits: str) -> str:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def _mod11(digits: str) -> str:
    """ISO 7064, MOD 11,10."""
    product = 10
    for digit in digits:
        product = ((int(digit) + product) % 10 or 10) * 2 % 11
    return str((11 - product) % 10)
