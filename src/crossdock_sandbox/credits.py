"""Credit memos of the ERP: what a customer gets back of an invoice, never more than it was billed.

A memo names one invoice and some of its lines. Its lines state what is credited, in pieces and in money; a memo over
money alone (a price that was wrong) states no pieces. What all memos of an invoice come to is at most the invoice, line
by line and in its tax. The credit stands on the customer's account; paying it out is not this system's affair.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from .surroundings import Surroundings
from .wire import Call, Numbering, Reference, Refused, Reply, Route, Text, plain

if TYPE_CHECKING:
    from .erp import Invoice

ZERO = Decimal("0.00")


class MemoItem(msgspec.Struct, rename="pascal"):
    pos: Reference
    mat_no: Text
    qty: Decimal
    net_value: Decimal


class MemoRequest(msgspec.Struct, rename="pascal"):
    ext_ref: Reference
    inv_doc: Text
    reason_ref: Reference
    curr: Text
    items: list[MemoItem]
    net_value: Decimal
    tax_value: Decimal
    gross_value: Decimal
    reason: Text = ""


class Memo(msgspec.Struct, rename="pascal", kw_only=True):
    memo_doc: str
    ext_ref: str
    inv_doc: str
    reason_ref: str
    cust_no: str
    curr: str
    net_value: Decimal
    tax_value: Decimal
    gross_value: Decimal
    memo_date: str
    reason: str
    items: list[MemoItem]


_memos = msgspec.json.Decoder(MemoRequest)


class CreditMemos:
    """give: told (customer, amount) when an account is credited."""

    def __init__(
        self,
        around: Surroundings,
        invoices: Mapping[str, "Invoice"],
        invoices_of: Mapping[str, "list[Invoice]"],
        give: Callable[[str, Decimal], None],
    ) -> None:
        self._around = around
        self._invoices = invoices
        self._invoices_of = invoices_of
        self._give = give
        self._memos: dict[str, Memo] = {}
        self._memos_of: dict[str, list[Memo]] = {}
        self._numbers = Numbering("", 10, 95_000_000)
        self.routes = (
            Route("POST", "/api/CreditMemos", "createCreditMemo", self.create),
            Route("GET", "/api/CreditMemos", "findCreditMemos", self.find),
            Route("GET", "/api/DocumentFlow", "getDocumentFlow", self.flow),
        )

    def create(self, call: Call) -> Reply:
        request = call.read(_memos)
        invoice = self._invoices.get(request.inv_doc)
        if invoice is None or invoice.ext_ref != request.ext_ref:
            raise Refused(422, "VF/404", f"{request.ext_ref} has no billing document {request.inv_doc}", "InvDoc")
        if request.curr != invoice.curr:
            raise Refused(422, "V1/045", f"Billing document {invoice.inv_doc} is in {invoice.curr}", "Curr")
        self._check_items(request, invoice)
        net, tax = sum((i.net_value for i in request.items), ZERO), plain(request.tax_value, "TaxValue")
        _same(request.net_value, net, "NetValue", "the sum of the items' NetValue")
        _same(request.gross_value, net + tax, "GrossValue", "NetValue + TaxValue")
        left = invoice.tax_value - sum((m.tax_value for m in self._of(invoice.inv_doc)), ZERO)
        if not 0 <= tax <= left:
            raise Refused(422, "VF/072", f"Tax of {tax} is credited; {left} of the invoice is left", "TaxValue")

        memo = Memo(
            memo_doc=self._numbers.next(),
            ext_ref=request.ext_ref,
            inv_doc=invoice.inv_doc,
            reason_ref=request.reason_ref,
            cust_no=invoice.cust_no,
            curr=invoice.curr,
            net_value=net,
            tax_value=tax,
            gross_value=net + tax,
            memo_date=call.now.strftime("%Y%m%d"),
            reason=request.reason,
            items=request.items,
        )
        self._memos[memo.memo_doc] = memo
        self._memos_of.setdefault(memo.ext_ref, []).append(memo)
        self._give(invoice.cust_no, memo.gross_value)
        book = partial(
            self._around.ledger.write,
            call.now,
            reference=memo.memo_doc,
            order=memo.ext_ref,
            purpose=f"{memo.reason_ref}/{memo.inv_doc}",
            currency=memo.curr,
        )
        detail: dict[str, object] = {"net": net, "tax": tax, "invoice": memo.inv_doc, "request": memo.reason_ref}
        book("credit-note", amount=memo.gross_value, detail=detail)
        for item in memo.items:
            book("credit-line", line=item.pos, sku=item.mat_no, quantity=item.qty, amount=item.net_value, detail=detail)
        return Reply(memo, 201)

    def find(self, call: Call) -> Reply:
        wanted = call.query.get("ExtRef")
        among = self._memos.values() if wanted is None else self._memos_of.get(wanted, ())
        found = [m for m in among if call.matches(InvDoc=m.inv_doc, ReasonRef=m.reason_ref)]
        skip, top = call.window()
        return Reply({"d": {"results": found[skip : skip + top]}})

    def flow(self, call: Call) -> Reply:
        """What has been billed and credited of one order."""
        order = call.query.get("ExtRef", "")
        flow = {"Invoices": self._invoices_of.get(order, []), "CreditMemos": self._memos_of.get(order, [])}
        return Reply({"d": {"ExtRef": order, **flow}})

    def _of(self, invoice: str) -> list[Memo]:
        return [m for m in self._memos_of.get(self._invoices[invoice].ext_ref, ()) if m.inv_doc == invoice]

    def _check_items(self, request: MemoRequest, invoice: "Invoice") -> None:
        if not 1 <= len(request.items) <= 1000:
            raise Refused(422, "V1/320", f"Expected 1 to 1000 items, found {len(request.items)}", "Items")
        billed = {(i.pos, i.mat_no): (i.qty, i.net_value) for i in invoice.items}
        for memo in self._of(invoice.inv_doc):
            for i in memo.items:
                quantity, value = billed[i.pos, i.mat_no]
                billed[i.pos, i.mat_no] = quantity - i.qty, value - i.net_value
        for place, i in enumerate(request.items):
            target = f"Items/{place}"
            if (i.pos, i.mat_no) not in billed:
                text = f"Billing document {invoice.inv_doc} has no item {i.pos} of {i.mat_no}"
                raise Refused(422, "VF/073", text, f"{target}/Pos")
            quantity, value = billed[i.pos, i.mat_no]
            if not 0 <= plain(i.qty, f"{target}/Qty") <= quantity:
                raise Refused(422, "VF/074", f"{i.qty} credited of {quantity} that are left", f"{target}/Qty")
            if not 0 < plain(i.net_value, f"{target}/NetValue") <= value:
                raise Refused(422, "VF/075", f"{i.net_value} credited of {value} left", f"{target}/NetValue")
            billed[i.pos, i.mat_no] = quantity - i.qty, value - i.net_value


def _same(found: Decimal, expected: Decimal, target: str, meaning: str) -> None:
    if plain(found, target) != expected:
        raise Refused(422, "V1/311", f"{target} {found} is not {meaning}, {expected}", target)
