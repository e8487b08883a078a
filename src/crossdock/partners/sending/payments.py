"""What we pay a supplier: a remittance advice (820) that names its invoices, in the chain of each order they bill.

It is written by the map that is in force, through the outbox of all our documents. An invoice that the supplier never
sent us is refused: a payment of it would settle nothing over there.
"""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from crossdock import exactjson
from crossdock.canonical.order import PurchaseOrder
from crossdock.canonical.parts import Reference
from crossdock.canonical.remittance import Deduction, Entity, RemittanceAdvice, RemittedItem
from crossdock.db import Tx
from crossdock.errors import Finding, NotFound, PartnerError
from crossdock.partners.agreements import deadlines
from crossdock.partners.edi import outbound
from crossdock.partners.reconciling import store as chains
from crossdock.partners.reconciling.model import Kind as Part
from crossdock.partners.reconciling.model import Side
from crossdock.partners.sending import store
from crossdock.partners.sending.store import SQL, Kind, Ordered, Sent

NONE = Decimal(0)


class Settled(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One invoice of theirs. deducted: what we hold back of it beside the discount, for the reason (X12 426)."""

    invoice: str
    amount: Decimal
    discount: Decimal | None = None
    deducted: Decimal = NONE
    reason: str = ""


class Payment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """number: of the transfer or check. method: ACH, CHK, FWT, … (X12 591)."""

    number: str
    paid_on: date
    invoices: tuple[Settled, ...]
    currency: str = ""
    method: str = "ACH"


def read(given: Any) -> Payment:
    """Raises PartnerError naming what is wrong."""
    try:
        payment = msgspec.convert(exactjson.plain(given), Payment, strict=False)
    except msgspec.ValidationError as e:
        text = "Give number, paid_on and invoices[{invoice, amount, discount?, deducted?, reason?}]."
        raise PartnerError([Finding("payment.shape", "payment", "a payment", str(e), text)]) from e
    findings: list[Finding] = []
    if not payment.number or not payment.invoices:
        text = "Give the number of the payment, and what it is for."
        findings.append(Finding("payment.empty", "payment", "a number and at least one invoice", "less", text))
    for n, s in enumerate(payment.invoices):
        if s.amount < 0 or s.deducted < 0 or (s.discount or NONE) < 0:
            found = f"{s.amount}, {s.discount}, {s.deducted}"
            findings.append(Finding("payment.amount", f"invoices/{n}", "amounts of zero or more", found, "Correct it."))
        if s.deducted and not s.reason:
            text = "Say why, by its code (X12 426)."
            findings.append(Finding("payment.reason", f"invoices/{n}/reason", "a reason", "none", text))
    if findings:
        raise PartnerError(findings)
    return payment


def key_of(partner_id: str, payment: Payment) -> str:
    """One advice for each payment, however often it is asked for."""
    return f"payment/{partner_id}/{payment.number}"


async def preview(tx: Tx, tenant_id: str, partner_id: str, payment: Payment, now: datetime) -> dict[str, Any]:
    """The advice as it would be written, and the orders that it would be about. Changes nothing, takes no number."""
    to, rows = await _found(tx, tenant_id, partner_id, payment)
    content = advice(payment, to.order.currency)
    written = outbound.document(store.MAPS["x12", Kind.REMITTANCE], content)
    text = "~".join("*".join(e[0] if e else "" for e in row) for row in written.rows)
    return {
        "partner": partner_id, "type": written.type, "number": payment.number, "amount": content.amount,
        "currency": content.currency, "orders": sorted({r["order_no"] for r in rows}), "text": text,
    }  # fmt: skip


async def send(tx: Tx, tenant_id: str, partner_id: str, payment: Payment, now: datetime, *, key: str, by: str) -> Sent:
    """Writes the advice and offers it; a repeated key finds the first.

    Raises NotFound for an unknown partner, PartnerError naming invoices that it never sent or what cannot be written.
    """
    if (before := await store.by_key(tx, tenant_id, key)) is not None:
        return Sent(
            document_id=UUID(before["document"]), type=before["type"], control=str(before["control"]),
            deadline=before["deadline"],
        )  # fmt: skip
    to, rows = await _found(tx, tenant_id, partner_id, payment)
    sent = await store.send(
        tx, tenant_id, to, Kind.REMITTANCE, advice(payment, to.order.currency), payment.number, now, key=key, by=by
    )
    if not to.test:
        await _join(tx, tenant_id, rows, sent, now)
    return sent


async def _found(tx: Tx, tenant_id: str, partner_id: str, payment: Payment) -> tuple[Ordered, Sequence[Any]]:
    """To whom, as about the first of the orders; and all orders that the invoices bill."""
    if await deadlines.profile_of(tx, tenant_id, partner_id) is None:
        raise NotFound(f"No partner {partner_id!r}.")
    named = [s.invoice for s in payment.invoices]
    rows = await tx.fetch(SQL["payable"], tenant_id, partner_id, named)
    unknown = sorted(set(named) - {r["invoice"] for r in rows})
    if unknown:
        text = "Pay what was billed; or wait until the invoice is here."
        raise PartnerError(
            [Finding("payment.invoice", f"invoice {n}", f"an invoice of {partner_id}", n, text) for n in unknown]
        )
    order = rows[0]
    if store.syntax_of(order["format"], order["type"]) != "x12":
        text = "Tell it another way."
        raise PartnerError([Finding("payment.format", partner_id, "a partner of X12", str(order["type"]), text)])
    return Ordered(
        document_id=order["document_id"],
        order_no=order["order_no"],
        partner_id=partner_id,
        customer_id="",
        syntax="x12",
        sender=order["receiver"],
        receiver=order["sender"],
        version=order["version"] or store.VERSION,
        test=order["test"],
        order=msgspec.convert(exactjson.loads(order["canonical"]), PurchaseOrder, strict=False),
    ), rows


async def _join(tx: Tx, tenant_id: str, rows: Sequence[Any], sent: Sent, now: datetime) -> None:
    """The chain of each order that one of the invoices bills."""
    for row in {r["document_id"]: r for r in rows}.values():
        bought = chains.Order(
            document_id=row["document_id"], side=Side.BUYER, partner_id=row["partner_id"], order_no=row["order_no"],
            po=row["po"], currency=row["currency"],
        )  # fmt: skip
        await chains.join(tx, tenant_id, bought, sent.document_id, Part.REMITTANCE, now)


def advice(payment: Payment, currency: str) -> RemittanceAdvice:
    items = tuple(
        RemittedItem(
            number=s.invoice,
            paid=s.amount,
            gross=s.amount + (s.discount or NONE) + s.deducted,
            discount=s.discount,
            deductions=(
                (Deduction(amount=-s.deducted, reason=s.reason, about=Reference(kind="invoice", value=s.invoice)),)
                if s.deducted
                else ()
            ),
        )
        for s in payment.invoices
    )
    return RemittanceAdvice(
        amount=sum((s.amount for s in payment.invoices), NONE),
        handling="I",
        method=payment.method,
        paid_on=payment.paid_on,
        number=payment.number,
        trace_kind="1",
        currency=payment.currency or currency,
        entities=(Entity(number="1", items=items),),
    )
