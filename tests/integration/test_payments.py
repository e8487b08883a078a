"""What we pay a supplier: an 820 that names its invoices, in the chain of the order they bill; our order said anew."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from tests.integration.test_sending import BOLTS, NOW, T, text, x12

from crossdock import audit
from crossdock.canonical.order import ItemId, ItemScheme, OrderLine, PurchaseOrder
from crossdock.clock import set_to
from crossdock.db import Database
from crossdock.errors import NotFound, PartnerError
from crossdock.partners import intake
from crossdock.partners.reconciling import store as chains
from crossdock.partners.sending import payments, purchases, store
from crossdock.partners.sending.store import Sent

ORDER = PurchaseOrder(
    number="PO-77",
    ordered_on=date(2026, 3, 1),
    currency="USD",
    lines=(
        OrderLine(
            number="1", items=(ItemId(scheme=ItemScheme.SUPPLIER, value="SKU-1"),), quantity=Decimal(10), unit="EA",
            unit_price=Decimal("12.5"),
        ),
    ),
)  # fmt: skip
PAID = {
    "number": "TR-9",
    "paid_on": "2026-03-02",
    "invoices": [{"invoice": "INV-5", "amount": "120.00", "discount": "2.50", "deducted": "2.50", "reason": "01"}],
}


@pytest.fixture
async def db(database: Database) -> Database:
    await set_to(database.pool, NOW, 0)
    async with database.transaction(T) as tx:
        await intake.save_profile(tx, T, BOLTS)
    return database


async def bought(db: Database) -> Sent:
    async with db.transaction(T) as tx:
        return await purchases.send(tx, T, "bolts", ORDER, NOW, key="purchase/bolts/PO-77", by="ann")


async def billed(db: Database) -> None:
    body = "BIG*20260302*INV-5**PO-77~IT1*1*10*EA*12.5**VP*SKU-1~TDS*12500~CTT*1~"
    [found] = await intake.receive(db, T, x12("810", "IN", body, 9), "invoice.edi", "test")
    assert (found.status, found.errors) == ("accepted", ())


async def chain(db: Database) -> dict[str, Any]:
    async with db.transaction(T) as tx:
        [row] = await chains.page(tx, T, side="buyer")
        return await chains.of_order(tx, T, row["order"], NOW)


async def pay(db: Database, given: dict[str, Any] = PAID) -> Sent:
    payment = payments.read(given)
    async with db.transaction(T) as tx:
        return await payments.send(tx, T, "bolts", payment, NOW, key=payments.key_of("bolts", payment), by="ann")


async def test_a_payment_is_told_once_and_is_in_the_chain_of_the_order_it_pays_for(db: Database):
    await bought(db)
    await billed(db)
    async with db.transaction(T) as tx:
        shown = await payments.preview(tx, T, "bolts", payments.read(PAID), NOW)
    assert (shown["type"], shown["amount"], shown["orders"]) == ("820", 120, ["PO-77"])
    assert (await chain(db))["totals"]["paid"] == 0  # a preview writes nothing
    first, again = await pay(db), await pay(db)
    assert first.document_id == again.document_id
    raw = await text(db, first.document_id)
    for segment in ("BPR*I*120*C*ACH", "TRN*1*TR-9~", "RMR*IV*INV-5**120*125*2.5~", "ADX*-2.5*01*IV*INV-5~"):
        assert segment in raw, raw
    assert "GS*RA*" in raw
    found = await chain(db)
    assert [(d["kind"], d["type"], d["direction"]) for d in found["documents"]] == [
        ("order", "850", "out"), ("invoice", "810", "in"), ("remittance", "820", "out"),
    ]  # fmt: skip
    assert (found["totals"]["billed"], found["totals"]["paid"]) == (125, 120)
    # what was held back is told, with its reason
    [less] = [d for d in found["differences"] if d["code"] == "paid.less"]
    assert (less["money"], "01 -2.5" in less["text"]) == (Decimal("2.50"), True)
    async with db.transaction(T) as tx:
        told = [e.detail["type"] for e in await audit.entries(tx, T) if e.action == "document.send"]
    assert sorted(told) == ["820", "850"]


async def test_what_was_never_billed_is_not_paid(db: Database):
    await bought(db)
    await billed(db)
    with pytest.raises(PartnerError, match="INV-6"):
        await pay(db, {**PAID, "invoices": [{"invoice": "INV-6", "amount": "1"}]})
    payment = payments.read(PAID)
    async with db.transaction(T) as tx:
        with pytest.raises(NotFound):
            await payments.send(tx, T, "nobody", payment, NOW, key="x", by="ann")
    assert [d["kind"] for d in (await chain(db))["documents"]] == ["order", "invoice"]


@pytest.mark.parametrize(
    "wrong",
    [
        {**PAID, "invoices": []},
        {**PAID, "number": ""},
        {**PAID, "colour": "red"},
        {**PAID, "invoices": [{"invoice": "INV-5", "amount": "-1"}]},
        {**PAID, "invoices": [{"invoice": "INV-5", "amount": "1", "deducted": "1"}]},
    ],
)
def test_a_payment_that_says_too_little_is_refused(wrong: dict[str, Any]):
    with pytest.raises(PartnerError):
        payments.read(wrong)


async def test_our_own_order_is_said_anew_after_a_preview_and_stays_in_its_chain(db: Database):
    first = await bought(db)
    async with db.transaction(T) as tx:
        shown = await store.preview(tx, T, first.document_id, "reissue")
        assert (shown["allowed"], shown["same_numbers"]) == (True, False)
        anew = await store.reissue(tx, T, first.document_id, "ann", NOW)
        old = await store.one(tx, T, first.document_id)
        told = [e.detail["document"] for e in await audit.entries(tx, T) if e.action == "document.reissue"]
    assert (old["state"], old["reissued_by"], anew["type"], anew["control"]) == (
        "replaced", anew["document"], "850", old["control"] + 1,
    )  # fmt: skip
    assert told == [str(first.document_id)]
    # what the supplier answers finds the one order
    await billed(db)
    assert [d["kind"] for d in (await chain(db))["documents"]] == ["order", "invoice"]
