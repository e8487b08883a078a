"""An independent partner (mock-edi) trades with us, as our supplier and as our customer, and the chains end reconciled;
what it gets wrong on purpose ends in the right case."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from mockedi.testing import Mock
from tests.integration.test_sending import label

from crossdock import ids
from crossdock.canonical.order import Address, ItemId, ItemScheme, OrderLine, PurchaseOrder
from crossdock.canonical.parts import Party
from crossdock.canonical.remittance import Entity, RemittanceAdvice, RemittedItem
from crossdock.cases import casework
from crossdock.cli.differences import Desk
from crossdock.clock import set_to
from crossdock.db import Database
from crossdock.flow.outcomes import Done, Invocation
from crossdock.partners import documents, intake
from crossdock.partners.edi import outbound
from crossdock.partners.profiles import Identifier, parse
from crossdock.partners.reconciling import duty
from crossdock.partners.reconciling import store as chains
from crossdock.partners.sending import purchases
from crossdock.partners.sending.function import DocumentSend
from crossdock.partners.x12 import write as x12

T = "norrland"
NOW = datetime.now(UTC).replace(microsecond=0)  # the partner lives in real time
US = "ACME"


@pytest.fixture
async def db(database: Database) -> Database:
    await set_to(database.pool, NOW, 0)
    profile = {
        "id": "mock",
        "name": "Mock",
        "customer_id": "C-1",
        "identifiers": [{"scheme": "ZZ", "value": "MOCKEDI"}],
        "ours": [{"scheme": "ZZ", "value": US}],
    }
    async with database.transaction(T) as tx:
        await intake.save_profile(tx, T, parse(profile, "mock"))
    return database


async def collect(db: Database, partner: Any) -> list[str]:
    """Everything the partner has for us, taken in; returns the types."""
    partner.settle()
    types: list[str] = []
    for message in partner.mailbox():
        for got in await intake.receive(db, T, message["payload"].encode(), "mock.edi", "test"):
            assert got.status in {"accepted", "duplicate"}, (got.type, got.errors, message["payload"])
            types.append(got.type)
    return types


async def bytes_of(db: Database, document: UUID | str) -> bytes:
    async with db.transaction(T) as tx:
        return (await documents.raw(tx, T, UUID(str(document))))[0]


async def found(db: Database, days: int = 0) -> list[tuple[str, Decimal]]:
    """Looks, and returns what the open cases say."""
    await duty.run_due(db, Desk(), NOW + timedelta(days))
    async with db.transaction(T) as tx:
        page = await casework.find(tx, T, casework.Filter(kind="documents-differ", status="open"))
    return [(c.reason, c.money or Decimal(0)) for c in page.items]


def ours(*lines: tuple[str, int, str], number: str = "PO-77") -> PurchaseOrder:
    rows = [
        OrderLine(
            number=str(n), items=(ItemId(scheme=ItemScheme.SUPPLIER, value=sku),), quantity=Decimal(quantity),
            unit="EA", unit_price=Decimal(price), requested_on=date.today() + timedelta(30),
        )
        for n, (sku, quantity, price) in enumerate(lines, 1)
    ]  # fmt: skip
    return PurchaseOrder(number=number, ordered_on=date.today(), currency="USD", lines=tuple(rows))


async def buy(db: Database, partner: Any, order: PurchaseOrder, behaviour: str) -> list[str]:
    partner.partner(US, test=False)  # tests have no business effect
    partner.behaviour(US, behaviour)
    async with db.transaction(T) as tx:
        made = await purchases.send(tx, T, "mock", order, NOW, key=f"po/{order.number}", by="ann")
        same = await purchases.send(tx, T, "mock", order, NOW, key=f"po/{order.number}", by="ann")
    assert str(same.document_id) == str(made.document_id)
    raw = await bytes_of(db, made.document_id)
    assert partner.send(raw.decode())["accepted"]
    return await collect(db, partner)


async def test_we_buy_and_the_chain_ends_reconciled_and_paid(db: Database):
    with Mock.start() as mock:
        partner: Any = mock
        types = await buy(db, partner, ours(("WIDGET-001", 100, "12.50"), ("GEAR-100", 10, "8.90")), "accept")
        assert sorted(types) == ["810", "855", "856", "997"]
        assert await found(db) == []
        async with db.transaction(T) as tx:
            [chain] = await chains.page(tx, T, side="buyer")
            whole = await chains.one(tx, T, UUID(chain["chain"]), NOW)
        assert (whole["state"], whole["totals"]["invoiced"]) == ("clear", Decimal("1339.00"))
        kinds = [d["kind"] for d in whole["documents"]]
        assert (kinds[0], sorted(kinds[1:])) == ("order", ["despatch", "invoice", "response"])
        invoice = next(d["number"] for d in whole["documents"] if d["kind"] == "invoice")
        advice = RemittanceAdvice(
            amount=Decimal("1339.00"), handling="I", method="ACH", paid_on=date.today(), number="TRACE-1",
            trace_kind="1", currency="USD",
            parties=tuple(Party(role=r, address=Address(name=r)) for r in ("payer", "payee")),
            entities=(Entity(number="1", items=(
                RemittedItem(number=invoice, paid=Decimal("1339.00"), gross=Decimal("1339.00")),)),),
        )  # fmt: skip
        address = x12.Address(sender=Identifier("ZZ", US), receiver=Identifier("ZZ", "MOCKEDI"), test=False)
        written = outbound.document("x12-820", advice)
        raw = outbound.x12([written], address, x12.Numbers(interchange=9, group=9, sets=(9,)), NOW)
        assert partner.send(raw.decode())["accepted"]
        assert len(partner.get("/_mock/remittances").body) == 1


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        ("short-ship", [("promised.quantity", Decimal("267.80"))]),
        ("over-ship", [("shipped.more", Decimal("401.70"))]),
        ("reject-line", [("promised.quantity", Decimal("89.00"))]),
        ("reject-all", [("promised.quantity", Decimal("1339.00"))]),
        ("duplicate-invoice", []),  # the same number again: it takes the place of the first
        ("out-of-order", []),
    ],
)
async def test_what_a_supplier_gets_wrong_is_one_case_over_its_money(
    db: Database, behaviour: str, expected: list[tuple[str, Decimal]]
):
    with Mock.start() as mock:
        await buy(db, mock, ours(("WIDGET-001", 100, "12.50"), ("GEAR-100", 10, "8.90")), behaviour)
        assert await found(db) == expected


async def test_we_sell_to_it_and_it_finds_nothing_to_disagree_with(db: Database):
    with Mock.start() as mock:
        partner: Any = mock
        partner.post("/_mock/partners", {"id": "NORRLAND", "role": "supplier", "test": False})
        lines = [{"sku": "WIDGET-001", "quantity": 10, "price": "12.50"}]
        placed = partner.post("/_mock/purchase", {"partner": "NORRLAND", "po_number": "4500099", "lines": lines})
        assert placed.status == 201, placed.body
        assert "850" in await collect(db, partner)
        async with db.transaction(T) as tx:
            order = await tx.fetchval("select order_no from crossdock.purchase_order where po = '4500099'")
        net, amount = Decimal("125.00"), Decimal("12.5")
        agreed = [{"line": "1", "sku": "WIDGET-001", "quantity": 10, "unit": "EA", "base_quantity": 10,
                   "unit_price": amount, "amount": net}]  # fmt: skip
        goods = [{"line": "1", "quantity": 10}]
        for kind, facts in (
            ("response", {"agreed": agreed, "shipments": [{"lines": goods}]}),
            ("despatch", {"agreed": agreed, "shipment": "SH-1", "lines": goods, "at": NOW.isoformat(),
                          "packages": [{"sscc": label(1), "lines": goods}]}),
            ("invoice", {"agreed": agreed, "shipment": "SH-1", "invoice": "I-1", "net": net, "tax": 0, "total": net,
                         "lines": [{**goods[0], "unit_price": amount, "amount": net}]}),
        ):  # fmt: skip
            call = Invocation(
                tenant_id=T, instance_id=ids.new(), at=f"/do/{kind}", key=f"k/{kind}", function="document-send",
                now=NOW, arguments={"kind": kind, "facts": facts}, business_key=order,
            )  # fmt: skip
            async with db.transaction(T) as tx:
                done = await DocumentSend().start(tx, call)
            assert isinstance(done, Done), done
            assert partner.send((await bytes_of(db, done.output["document"])).decode())["accepted"]
        assert set(await collect(db, partner)) >= {"997"}
        assert await found(db) == []
        async with db.transaction(T) as tx:
            assert (await chains.of_order(tx, T, order, NOW))["state"] == "clear"
        assert partner.get("/_mock/disagreements").body in ([], {"orders": []})
