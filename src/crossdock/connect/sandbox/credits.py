"""What the sandbox's ERP has sold, billed and credited of an order, and new credit memos.

Business identity of a memo: the order, the invoice, and what it is given for (ReasonRef), not cancelled.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

import msgspec

from crossdock.connect import roles
from crossdock.connect.wire import Action, Ask, Misfit, action, one, plain, read


class _Wire(msgspec.Struct, frozen=True, rename="pascal"):
    pass


class Item(_Wire, frozen=True, rename="pascal"):
    pos: str
    mat_no: str
    qty: Decimal
    net_value: Decimal


class Invoice(_Wire, frozen=True, rename="pascal"):
    inv_doc: str
    delivery_ref: str
    cust_no: str
    curr: str
    net_value: Decimal
    tax_value: Decimal
    gross_value: Decimal
    inv_date: str
    due_date: str
    status: str
    items: tuple[Item, ...]


class Memo(_Wire, frozen=True, rename="pascal"):
    memo_doc: str
    inv_doc: str
    reason_ref: str
    net_value: Decimal
    tax_value: Decimal
    gross_value: Decimal
    items: tuple[Item, ...]


class Flow(_Wire, frozen=True, rename="pascal"):
    invoices: tuple[Invoice, ...]
    credit_memos: tuple[Memo, ...]


class _Flows(msgspec.Struct, frozen=True):
    d: Flow


class _Memos(msgspec.Struct, frozen=True):
    results: tuple[Memo, ...]


class _Found(msgspec.Struct, frozen=True):
    d: _Memos


class Document(_Wire, frozen=True, rename="pascal"):
    sales_doc: str
    cust_no: str
    status: str


class _Documents(msgspec.Struct, frozen=True):
    results: tuple[Document, ...]


class _FoundDocuments(msgspec.Struct, frozen=True):
    d: _Documents


def _ask_sold(a: roles.SoldArguments) -> Ask:
    return Ask("GET", "/api/SalesOrders", {"ExtRef": a.order})


def _read_sold(a: roles.SoldArguments, body: bytes) -> roles.Sold:
    standing = [d for d in read(_FoundDocuments, body).d.results if d.status != "CANCELLED"]
    last = standing[-1] if standing else None
    return roles.Sold(sales_order=last and last.sales_doc, customer_id=last and last.cust_no)


def _ask_billing(a: roles.BillingArguments) -> Ask:
    return Ask("GET", "/api/DocumentFlow", {"ExtRef": a.order})


def _read_billing(a: roles.BillingArguments, body: bytes) -> roles.Billing:
    flow = read(_Flows, body).d
    return roles.Billing(
        invoices=tuple(
            roles.BilledInvoice(
                invoice=i.inv_doc,
                shipment=i.delivery_ref,
                customer_id=i.cust_no,
                currency=i.curr,
                invoiced_on=_date(i.inv_date),
                due_on=_date(i.due_date),
                paid=i.status == "CLEARED",
                net=i.net_value,
                tax=i.tax_value,
                total=i.gross_value,
                lines=_lines(i.items),
            )
            for i in flow.invoices
        ),
        credits=tuple(
            roles.GivenCredit(
                credit=m.memo_doc,
                invoice=m.inv_doc,
                request=m.reason_ref,
                net=m.net_value,
                tax=m.tax_value,
                total=m.gross_value,
                lines=_lines(m.items),
            )
            for m in flow.credit_memos
        ),
    )


def _lines(items: Sequence[Item]) -> tuple[roles.BilledLine, ...]:
    return tuple(roles.BilledLine(line=i.pos, sku=i.mat_no, quantity=i.qty, amount=i.net_value) for i in items)


def _ask_credit(a: roles.CreateCreditNoteArguments) -> Ask:
    items = [{"Pos": n.line, "MatNo": n.sku, "Qty": plain(n.quantity), "NetValue": plain(n.amount)} for n in a.lines]
    body = {
        "ExtRef": a.order,
        "InvDoc": a.invoice,
        "ReasonRef": a.request,
        "Curr": a.currency,
        "Items": items,
        "NetValue": plain(a.net),
        "TaxValue": plain(a.tax),
        "GrossValue": plain(a.total),
        "Reason": a.reason,
    }
    return Ask("POST", "/api/CreditMemos", body=body)


def _read_credit(a: roles.CreateCreditNoteArguments, body: bytes) -> roles.CreditNote:
    return _credit(read(Memo, body))


def _find_credit(a: roles.CreateCreditNoteArguments) -> Ask:
    return Ask("GET", "/api/CreditMemos", {"ExtRef": a.order, "InvDoc": a.invoice, "ReasonRef": a.request})


def _found_credit(a: roles.CreateCreditNoteArguments, body: bytes) -> roles.CreditNote | None:
    wanted = sorted((n.line, n.sku, n.quantity, n.amount) for n in a.lines)
    same = [
        m
        for m in read(_Found, body).d.results
        if m.gross_value == a.total and sorted((i.pos, i.mat_no, i.qty, i.net_value) for i in m.items) == wanted
    ]
    found = one(same, "credit memos")
    return _credit(found) if found else None


def _credit(memo: Memo) -> roles.CreditNote:
    return roles.CreditNote(credit=memo.memo_doc, total=memo.gross_value)


def _date(value: str) -> date:
    try:
        return datetime.strptime(value, "%Y%m%d").date()  # noqa: DTZ007 (a calendar date has no time zone)
    except ValueError:
        raise Misfit("date", "YYYYMMDD", value) from None


ACTIONS: Mapping[str, Action] = {
    "erp.sold": action(_ask_sold, _read_sold),
    "erp.billing": action(_ask_billing, _read_billing),
    "erp.createCreditNote": action(_ask_credit, _read_credit, _find_credit, _found_credit),
}
