"""What the sandbox's ERP knows before anything is sold: quotations, and customers that are new.

Business identity: a quotation by ExtRef (our quote and revision), a customer by ExtRef (our application).
"""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from crossdock.connect import roles
from crossdock.connect.wire import Action, Ask, action, one, plain, read


class _Wire(msgspec.Struct, frozen=True, rename="pascal"):
    pass


class QuotedItem(_Wire, frozen=True, rename="pascal"):
    pos: str
    mat_no: str
    qty: Decimal
    net_value: Decimal


class Quotation(_Wire, frozen=True, rename="pascal"):
    quot_doc: str
    ext_ref: str
    net_value: Decimal
    items: tuple[QuotedItem, ...]


class Quotations(msgspec.Struct, frozen=True):
    results: tuple[Quotation, ...]


class _Quotations(msgspec.Struct, frozen=True):
    d: Quotations


class Known(_Wire, frozen=True, rename="pascal"):
    cust_no: str
    name1: str
    tax_no: str
    ext_ref: str
    city: str


class _Results(msgspec.Struct, frozen=True):
    results: tuple[Known, ...]


class _Found(msgspec.Struct, frozen=True):
    d: _Results


def _ask_quotation(a: roles.CreateQuotationArguments) -> Ask:
    items = [
        {
            "Pos": n.line,
            "MatNo": n.sku,
            "Qty": plain(n.quantity),
            "UoM": n.unit,
            "NetPrice": plain(n.unit_price),
            "NetValue": plain(n.amount),
        }
        for n in a.lines
    ]
    body = {
        "ExtRef": a.quotation,
        "CustNo": a.customer_id,
        "Curr": a.currency,
        "ValidTo": a.valid_until.strftime("%Y%m%d"),
        "Items": items,
        "NetValue": plain(a.total),
    }
    return Ask("POST", "/api/Quotations", body=body)


def _read_quotation(a: roles.CreateQuotationArguments, body: bytes) -> roles.Quotation:
    return _quotation(read(Quotation, body))


def _find_quotation(a: roles.CreateQuotationArguments) -> Ask:
    return Ask("GET", "/api/Quotations", {"ExtRef": a.quotation})


def _found_quotation(a: roles.CreateQuotationArguments, body: bytes) -> roles.Quotation | None:
    wanted = sorted((n.line, n.sku, n.quantity, n.amount) for n in a.lines)
    same = [
        q
        for q in read(_Quotations, body).d.results
        if sorted((i.pos, i.mat_no, i.qty, i.net_value) for i in q.items) == wanted
    ]
    found = one(same, "quotations")
    return _quotation(found) if found else None


def _quotation(q: Quotation) -> roles.Quotation:
    return roles.Quotation(quotation=q.ext_ref, document=q.quot_doc)


def _ask_customers(a: roles.FindCustomersArguments) -> Ask:
    query = {"TaxNo": a.tax_id, "Name1": a.name}
    return Ask("GET", "/api/CustomerSearch", {k: v for k, v in query.items() if v})


def _read_customers(a: roles.FindCustomersArguments, body: bytes) -> roles.FoundCustomers:
    return roles.FoundCustomers(
        customers=tuple(
            roles.FoundCustomer(customer_id=c.cust_no, name=c.name1, tax_id=c.tax_no, city=c.city)
            for c in read(_Found, body).d.results
        )
    )


def _ask_customer(a: roles.CreateCustomerArguments) -> Ask:
    at = a.address
    body = {
        "ExtRef": a.application,
        "Name1": a.name,
        "TaxNo": a.tax_id,
        "Curr": a.currency,
        "EMail": a.email,
        "Lang": a.language.upper(),
        "PriceGroup": a.tier,
        "PayTermDays": a.terms_days,
        "CreditLimit": plain(a.credit_limit),
        "ShipTo": {
            "Street": ", ".join(at.lines),
            "City": at.city,
            "PostCode": at.postal_code,
            "Country": at.country,
            "Region": at.region,
        },
    }
    return Ask("POST", "/api/Customers", body=body)


def _read_customer(a: roles.CreateCustomerArguments, body: bytes) -> roles.CreatedCustomer:
    return roles.CreatedCustomer(customer_id=read(Known, body).cust_no)


def _find_customer(a: roles.CreateCustomerArguments) -> Ask:
    return Ask("GET", "/api/CustomerSearch", {"ExtRef": a.application})


def _found_customer(a: roles.CreateCustomerArguments, body: bytes) -> roles.CreatedCustomer | None:
    same = [c for c in read(_Found, body).d.results if (c.ext_ref, c.tax_no) == (a.application, a.tax_id)]
    found = one(same, "customers")
    return roles.CreatedCustomer(customer_id=found.cust_no) if found else None


ACTIONS: Mapping[str, Action] = {
    "erp.createQuotation": action(_ask_quotation, _read_quotation, _find_quotation, _found_quotation),
    "erp.findCustomers": action(_ask_customers, _read_customers),
    "erp.createCustomer": action(_ask_customer, _read_customer, _find_customer, _found_customer),
}
