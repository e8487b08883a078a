"""An independent trading partner (mock-edi) over AS2, as buyer and as seller, also when it misbehaves.

It speaks AS2 without S/MIME, so its channel asks for neither signature nor encryption; those are tested against OpenSSL
and between two of our own ends.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from mockedi.testing import Mock
from tests.integration.channels import T, declare, listed, rows, run

from crossdock import exactjson, ids
from crossdock.canonical.order import ItemId, ItemScheme, OrderLine, PurchaseOrder
from crossdock.cli.silence import ChannelDesk
from crossdock.clock import Clock
from crossdock.db import Database
from crossdock.flow.outcomes import Done, Invocation
from crossdock.gateway.server import serve
from crossdock.gateway.services import Services
from crossdock.outbound import Client, Guard
from crossdock.partners import intake
from crossdock.partners.agreements.terms import Agreement
from crossdock.partners.agreements.terms import Direction as AgreedDirection
from crossdock.partners.edi import outbound
from crossdock.partners.profiles import Identifier, Profile
from crossdock.partners.sending import payments, purchases
from crossdock.partners.sending import store as sending
from crossdock.partners.sending.function import DocumentSend
from crossdock.partners.transports import store
from crossdock.partners.transports.as2.sending import As2
from crossdock.partners.transports.model import Channel, Delivered, Direction, Handover, Kind, Parcel
from crossdock.partners.transports.opening import Opener
from crossdock.partners.x12 import write as x12
from crossdock.settings import Settings

MOCK = Profile(id="mock", name="Mock Trading", customer_id="C-0007", identifiers=(Identifier("ZZ", "MOCKEDI"),))


@dataclass
class Wire:
    db: Database
    opener: Opener
    mock: Any
    base: str

    async def become(self, role: str, behaviour: str = "accept", dialect: str = "X12") -> None:
        """What we are to it, how it behaves, and what it speaks."""
        partner = {
            "id": "NORRLAND", "role": role, "behaviour": behaviour, "as2_url": f"{self.base}/as2/{T}", "test": 0,
            "dialect": dialect,
        }  # fmt: skip
        await asyncio.to_thread(self.mock.post, "/_mock/partners", partner)

    async def settled(self, within_s: float = 30) -> Counter[str]:
        """Everything it had to say has been posted to us; what of it was accepted here, by type.

        within_s: what it takes whole when it has said nothing yet, for then its courier has not begun to work.
        """
        await asyncio.to_thread(self.mock.settle, within_s)
        await asyncio.to_thread(lambda: self.mock.advance(everything=True))  # what it does a moment later
        await asyncio.to_thread(self.mock.settle, within_s)
        await intake.resume(self.db, T)
        return Counter(d["type"] for d in await listed(self.db) if d["status"] == "accepted")


@pytest.fixture
async def wire(database: Database) -> AsyncIterator[Wire]:
    async with database.transaction(T) as tx:
        await intake.save_profile(tx, T, MOCK)
    stop, address = asyncio.Event(), asyncio.get_running_loop().create_future()
    services = Services(db=database, clock=Clock(), settings=Settings(), desk=ChannelDesk())
    serving = asyncio.create_task(serve(services, "127.0.0.1", 0, address.set_result, stop=stop))
    base = await address
    mock: Any = await asyncio.to_thread(Mock.start)
    url = f"http://127.0.0.1:{mock.server.server_address[1]}"
    settings = {
        "our_id": "NORRLAND", "their_id": "MOCKEDI", "url": f"{url}/as2", "sign": False, "encrypt": False,
        "require_signature": False, "require_encryption": False, "mdn_signed": False,
    }  # fmt: skip
    await declare(
        database,
        Channel(tenant_id=T, id="as2", kind=Kind.AS2, direction=Direction.BOTH, partner="mock", settings=settings),
    )  # fmt: skip
    async with Client([url], timeout=timedelta(seconds=20)) as http:
        yield Wire(database, Opener(None, lambda _: {}, http, Guard(), database), mock, base)
    await asyncio.to_thread(mock.close)
    stop.set()
    await serving


# ── it buys: 850 in; 997, 855, 856 and 810 out; its 997s and 820 in ───────────────────────────────────────────────────


async def tell(wire: Wire, order_no: str, kind: str, state: dict[str, Any]) -> str:
    asked = Invocation(
        tenant_id=T, instance_id=ids.new(), at="/do/0/tell", key=f"{ids.new()}/do/0", function="document-send",
        arguments={"kind": kind, "state": state}, business_key=order_no, now=datetime.now(UTC),
    )  # fmt: skip
    async with wire.db.transaction(T) as tx:
        done = await DocumentSend().start(tx, asked)
    assert isinstance(done, Done), done
    return str(done.output["document"])


async def tell_all(wire: Wire, order_no: str) -> None:
    """Response, despatch and invoice of its one line, complete."""
    line = {"line": "1", "quantity": 10}
    await tell(wire, order_no, "response", {"lines": [{"line": "1", "accepted": 10}]})
    despatch = {"shipment": "SH-1", "shipped_on": "2026-11-23", "tracking": "1Z999", "lines": [line]}
    await tell(wire, order_no, "despatch", despatch)
    bill = {
        "invoice": "INV-1", "issued_on": "2026-11-23", "net": "125.00", "tax": "0.00", "total": "125.00",
        "lines": [{**line, "unit_price": "12.50", "amount": "125.00"}], "shipment": "SH-1",
    }  # fmt: skip
    await tell(wire, order_no, "invoice", bill)


async def bought(wire: Wire) -> dict[str, Any]:
    """Its order, as it arrived here."""
    order = {"partner": "NORRLAND", "lines": [{"sku": "WIDGET-001", "quantity": 10, "price": "12.50"}]}
    placed = await asyncio.to_thread(wire.mock.post, "/_mock/purchase", order)
    assert placed.status == 201, placed
    await wire.settled()
    found = [d for d in await listed(wire.db) if d["type"] == "850"]
    assert found, await asyncio.to_thread(wire.mock.outbox)
    return found[0]


async def states(wire: Wire) -> dict[str, str]:
    async with wire.db.transaction(T) as tx:
        return {s["type"]: s["state"] for s in await sending.page(tx, T) if s["type"] != "997"}


async def test_it_buys_and_each_document_of_ours_is_acknowledged(wire: Wire) -> None:
    await wire.become("supplier")
    order = await bought(wire)
    assert order["status"] == "accepted"
    await tell_all(wire, order["order"])
    ran = await run(wire.db, wire.opener, "as2")
    assert (ran.trouble, ran.handed_over) == ("", 4), "the 997, 855, 856 and 810"
    got = await wire.settled()
    assert got["997"] == 3
    assert await states(wire) == {"855": "accepted", "856": "accepted", "810": "accepted"}
    delivered = await rows(wire.db, "select distinct state from crossdock.delivery")
    assert [d["state"] for d in delivered] == ["delivered"]
    theirs = await asyncio.to_thread(wire.mock.order, order["po"])
    assert [(x["sku"], x["confirmed"], x["shipped"], x["invoiced"]) for x in theirs["lines"]] == [
        ("WIDGET-001", "10", "10", "10")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("behaviour", "state"), [("reject-ack", "rejected"), ("no-ack", "sent"), ("duplicate-order", "accepted")]
)
async def test_a_buyer_that_misbehaves(wire: Wire, behaviour: str, state: str) -> None:
    await wire.become("supplier", behaviour)
    order = await bought(wire)
    await tell(wire, order["order"], "response", {"lines": [{"line": "1", "accepted": 10}]})
    assert (await run(wire.db, wire.opener, "as2")).trouble == ""
    await wire.settled()
    assert await states(wire) == {"855": state}
    statuses = Counter(d["status"] for d in await listed(wire.db) if d["type"] == "850")
    if behaviour == "duplicate-order":
        assert statuses["accepted"] == 1, statuses
        assert statuses.total() == 2


# ── it sells: 850 out; 997, 855, 856, 810 in; our 997s back ──────────────────────────────────────────────────────────

ORDER = PurchaseOrder(
    number="4500000042",
    ordered_on=date(2026, 11, 20),
    currency="USD",
    lines=(
        OrderLine(
            number="1", items=(ItemId(scheme=ItemScheme.SUPPLIER, value="WIDGET-001"),), quantity=Decimal(100),
            unit="EA", unit_price=Decimal("12.50"),
        ),
    ),
)  # fmt: skip


async def ordered(wire: Wire) -> Handover:
    """Our 850, written as for any partner and handed over by the channel."""
    address = x12.Address(sender=Identifier("ZZ", "NORRLAND"), receiver=Identifier("ZZ", "MOCKEDI"), test=False)
    numbers = x12.Numbers(interchange=900_001, group=900_001, sets=(1,))
    raw = outbound.x12([outbound.document("x12-850", ORDER)], address, numbers, datetime(2026, 11, 23, 9, 0))
    async with wire.db.transaction(T) as tx:
        channel = await store.one(tx, T, "as2")
    transport = await wire.opener(channel)
    assert isinstance(transport, As2)
    parcel = Parcel(
        document_id=ids.new(), number=1, filename="850.edi", raw=raw, media_type="application/edi-x12",
        message_id="po-1@norrland",
    )  # fmt: skip
    return await transport.hand_over(parcel)


@pytest.mark.parametrize(
    ("behaviour", "wanted"),
    [
        ("accept", {"997": 1, "855": 1, "856": 1, "810": 1}),
        ("short-ship", {"997": 1, "855": 1, "856": 1, "810": 1}),
        ("out-of-order", {"997": 1, "855": 1, "856": 1, "810": 1}),
        ("duplicate-invoice", {"997": 1, "855": 1, "856": 1, "810": 2}),
        ("corrupt", {"997": 1}),
        ("no-ack", {}),
    ],
)
async def test_it_sells_and_its_documents_are_read_and_acknowledged(
    wire: Wire, behaviour: str, wanted: dict[str, int]
) -> None:
    await wire.become("customer", behaviour)
    assert isinstance(await ordered(wire), Delivered)
    got = await wire.settled(within_s=1 if behaviour == "no-ack" else 30)
    assert got == wanted
    refused = [d["type"] for d in await listed(wire.db) if d["status"] == "rejected"]
    assert sorted(refused) == (["810", "855", "856"] if behaviour == "corrupt" else [])
    ran = await run(wire.db, wire.opener, "as2")
    assert (ran.trouble, ran.handed_over) == ("", sum(wanted.values()) - wanted.get("997", 0) + len(refused))
    undelivered = await rows(wire.db, "select detail from crossdock.delivery where state <> 'delivered'")
    assert [r["detail"] for r in undelivered] == []


# ── we pay: 850 out, 810 in, 820 out, its 997 in ─────────────────────────────────────────────────────────────────────


async def sent(wire: Wire, order: PurchaseOrder = ORDER) -> None:
    """Our order, by the outbox of all our documents and over the channel."""
    async with wire.db.transaction(T) as tx:
        now = await tx.fetchval("select crossdock.now()")
        await purchases.send(tx, T, "mock", order, now, key=f"purchase/{order.number}", by="ann")
    assert (await run(wire.db, wire.opener, "as2")).trouble == ""
    await wire.settled()


async def test_what_we_pay_is_told_by_an_820_that_it_acknowledges_and_finds_right(wire: Wire) -> None:
    await wire.become("customer")
    await sent(wire)
    [invoice] = [d for d in await rows(wire.db, "select canonical from crossdock.document where type = '810'")]
    billed = exactjson.loads(invoice["canonical"])
    paid = {
        "number": "TR-77", "paid_on": "2026-01-05",
        "invoices": [{"invoice": billed["number"], "amount": str(billed["stated_total"])}],
    }  # fmt: skip
    payment = payments.read(paid)
    async with wire.db.transaction(T) as tx:
        now = await tx.fetchval("select crossdock.now()")
        await payments.send(tx, T, "mock", payment, now, key=payments.key_of("mock", payment), by="ann")
    assert (await run(wire.db, wire.opener, "as2")).trouble == ""
    await wire.settled()
    assert (await states(wire))["820"] == "accepted"
    told = (await asyncio.to_thread(wire.mock.get, "/_mock/remittances")).body
    [advice] = told
    assert (advice["trace"], Decimal(advice["total"])) == ("TR-77", Decimal(str(billed["stated_total"])))
    assert [(n["invoice"], n["paid"]) for n in advice["invoices"]] == [(billed["number"], "1250")]
    assert not (await asyncio.to_thread(wire.mock.get, "/_mock/disagreements")).body


# ── the same in EDIFACT ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("behaviour", "wanted"),
    [
        ("accept", {"CONTRL": 1, "ORDRSP": 1, "DESADV": 1, "INVOIC": 1}),
        ("out-of-order", {"CONTRL": 1, "ORDRSP": 1, "DESADV": 1, "INVOIC": 1}),
        ("duplicate-invoice", {"CONTRL": 1, "ORDRSP": 1, "DESADV": 1, "INVOIC": 2}),
    ],
)
async def test_it_sells_in_edifact_over_as2(wire: Wire, behaviour: str, wanted: dict[str, int]) -> None:
    await wire.become("customer", behaviour, "EDIFACT")
    agreed = Agreement(document="ORDERS", direction=AgreedDirection.OUT, version="D:96A:UN")
    async with wire.db.transaction(T) as tx:
        await intake.save_profile(tx, T, replace(MOCK, agreements=(agreed,)))
    await sent(wire, replace(ORDER, lines=tuple(replace(n, unit="PCE") for n in ORDER.lines)))
    got = Counter(d["type"] for d in await listed(wire.db) if d["status"] == "accepted")
    assert got == wanted
    assert (await run(wire.db, wire.opener, "as2")).trouble == ""
    undelivered = await rows(wire.db, "select detail from crossdock.delivery where state <> 'delivered'")
    assert [r["detail"] for r in undelivered] == []


async def test_it_buys_in_edifact_over_as2(wire: Wire) -> None:
    await wire.become("supplier", dialect="EDIFACT")
    # its UNB asks for no CONTRL, so it gets one because that was agreed
    asked = Agreement(document="ORDERS", direction=AgreedDirection.IN, acknowledgement="CONTRL")
    answered = [Agreement(document=d, direction=AgreedDirection.OUT) for d in ("ORDRSP", "DESADV", "INVOIC")]
    async with wire.db.transaction(T) as tx:
        await intake.save_profile(tx, T, replace(MOCK, agreements=(asked, *answered)))
    order = {"partner": "NORRLAND", "lines": [{"sku": "WIDGET-001", "quantity": 10, "price": "12.50"}]}
    placed = await asyncio.to_thread(wire.mock.post, "/_mock/purchase", order)
    assert placed.status == 201, placed
    await wire.settled()
    [came] = [d for d in await listed(wire.db) if d["type"] == "ORDERS"]
    assert came["status"] == "accepted"
    await tell_all(wire, came["order"])
    ran = await run(wire.db, wire.opener, "as2")
    assert (ran.trouble, ran.handed_over) == ("", 4), "CONTRL, ORDRSP, DESADV and INVOIC"
    await wire.settled()
    async with wire.db.transaction(T) as tx:
        found = {s["type"]: s["state"] for s in await sending.page(tx, T) if s["type"] != "CONTRL"}
    assert found == {"ORDRSP": "accepted", "DESADV": "accepted", "INVOIC": "accepted"}
    theirs = await asyncio.to_thread(wire.mock.order, came["po"])
    assert [(x["sku"], x["confirmed"], x["shipped"], x["invoiced"]) for x in theirs["lines"]] == [
        ("WIDGET-001", "10", "10", "10")
    ]  # fmt: skip
