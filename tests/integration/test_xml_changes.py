"""Changes of orders as UBL and cXML send them: an event of the order like an 860, weighed, and answered."""

from typing import Any
from uuid import UUID

import pytest
from tests.integration.test_order_changes import events
from tests.integration.test_order_documents import AGREED, CXML_ORDER, UBL_ORDER, read, told
from tests.integration.test_sending import BOLTS, NOW, T, take, text

from crossdock import exactjson
from crossdock.canonical.response import OrderResponse, ResponseStatus
from crossdock.clock import set_to
from crossdock.db import Database
from crossdock.flow.outcomes import Done
from crossdock.partners import intake
from crossdock.partners.profiles import Identifier, Profile
from crossdock.rules import amendment

PARTIES = UBL_ORDER[UBL_ORDER.index(" <cac:BuyerCustomerParty>") : UBL_ORDER.index(" <cac:OrderLine>")]


@pytest.fixture
async def db(database: Database) -> Database:
    await set_to(database.pool, NOW, 0)
    identifiers = (*BOLTS.identifiers, Identifier("0088", "4012345000009"), Identifier("networkid", "BOLTS"))
    bolts = Profile(id="bolts", name="Bolts & Co", customer_id="C-0007", identifiers=identifiers)
    async with database.transaction(T) as tx:
        await intake.save_profile(tx, T, bolts)
    return database


def ubl_line(number: str, quantity: str, status: str = "", price: str = "24.00", sku: str = "SKU-1") -> str:
    code = f"<cbc:LineStatusCode>{status}</cbc:LineStatusCode>" if status else ""
    return (
        f'<cac:OrderLine><cac:LineItem><cbc:ID>{number}</cbc:ID>{code}<cbc:Quantity unitCode="CS">{quantity}'
        f'</cbc:Quantity><cac:Price><cbc:PriceAmount currencyID="EUR">{price}</cbc:PriceAmount></cac:Price>'
        f"<cac:Item><cbc:Name>Bolt</cbc:Name><cac:SellersItemIdentification><cbc:ID>{sku}</cbc:ID>"
        "</cac:SellersItemIdentification></cac:Item></cac:LineItem></cac:OrderLine>"
    )


def ubl_change(sequence: str, *lines: str) -> bytes:
    return (
        '<OrderChange xmlns="urn:oasis:names:specification:ubl:schema:xsd:OrderChange-2" '
        'xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2" '
        'xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">'
        f"<cbc:ID>CH-{sequence}</cbc:ID><cbc:IssueDate>2026-03-02</cbc:IssueDate>"
        f"<cbc:SequenceNumberID>{sequence}</cbc:SequenceNumberID><cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>"
        f"<cac:OrderReference><cbc:ID>PO-U</cbc:ID></cac:OrderReference>{PARTIES}{''.join(lines)}</OrderChange>"
    ).encode()


def ubl_cancellation() -> bytes:
    return (
        '<OrderCancellation xmlns="urn:oasis:names:specification:ubl:schema:xsd:OrderCancellation-2" '
        'xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2" '
        'xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">'
        "<cbc:ID>X-1</cbc:ID><cbc:IssueDate>2026-03-02</cbc:IssueDate>"
        "<cbc:CancellationNote>Ordered twice</cbc:CancellationNote>"
        f"<cac:OrderReference><cbc:ID>PO-U</cbc:ID></cac:OrderReference>{PARTIES}</OrderCancellation>"
    ).encode()


def cxml(kind: str, payload: str, version: str, quantity: str = "2", more: str = "") -> bytes:
    raw = CXML_ORDER.replace('type="new"', f'type="{kind}" orderVersion="{version}"').replace("p-1@bolts", payload)
    reference = '<DocumentReference payloadID="p-1@bolts"/></OrderRequestHeader>'
    raw = raw.replace("</OrderRequestHeader>", reference).replace('quantity="2"', f'quantity="{quantity}"')
    return raw.replace(" </OrderRequest></Request>", f"{more} </OrderRequest></Request>").encode()


SECOND = """<ItemOut quantity="3" lineNumber="2"><ItemID><SupplierPartID>SKU-2</SupplierPartID></ItemID>
 <ItemDetail><UnitPrice><Money currency="EUR">1.00</Money></UnitPrice><Description xml:lang="en">Nut</Description>
 <UnitOfMeasure>EA</UnitOfMeasure></ItemDetail></ItemOut>"""


async def got(db: Database, raw: bytes) -> intake.DocumentResult:
    [found] = await intake.receive(db, T, raw, "change.xml", "test")
    return found


async def weighed(db: Database) -> dict[str, Any]:
    """The last change against the order, as the order's process weighs it."""
    [first] = await events(db, "crossdock.order.received")
    changes = await events(db, "crossdock.order.change-requested")
    return amendment.weigh(first["order"], changes[-1]["change"], {}, "")


async def answered(db: Database, order: str | None, sequence: str) -> tuple[OrderResponse, str]:
    found = await weighed(db)
    facts = {"sequence": sequence, "verdicts": found["verdicts"], "changed": found["changed"], "agreed": AGREED}
    done = await told(db, order, "change", exactjson.plain(facts))
    assert isinstance(done, Done), done.error.detail
    content = (await read(db, done)).content
    assert isinstance(content, OrderResponse)
    return content, await text(db, UUID(done.output["document"]))


async def test_a_ubl_change_says_by_code_what_becomes_of_each_line_and_is_answered(db: Database):
    order = (await take(db, UBL_ORDER.encode())).order
    found = await got(db, ubl_change("1", ubl_line("1", "5", "3"), ubl_line("7", "1", "2")))
    assert (found.type, found.status, found.order, found.po) == ("OrderChange", "accepted", order, "PO-U")
    [heard] = await events(db, "crossdock.order.change-requested")
    assert (heard["order"], heard["change"]["sequence"], heard["change"]["whole"]) == (order, "1", False)
    lines = [(n["line"], n["action"], n["quantity"]) for n in heard["change"]["lines"]]
    assert lines == [("1", "change", 5), ("7", "cancel", 0)]
    answer, raw = await answered(db, order, "1")
    assert answer.status is ResponseStatus.CHANGED
    told_ = [(n.number, n.status and n.status.value, n.quantity) for n in answer.lines]
    assert told_ == [("1", "accepted", 5), ("7", "rejected", 0)]
    assert "Line 7: The order has no such line" in raw


async def test_a_ubl_change_without_codes_is_the_whole_order_as_it_is_from_now_on(db: Database):
    await take(db, UBL_ORDER.replace("</Order>", ubl_line("2", "1", sku="SKU-2") + "</Order>").encode())
    await got(db, ubl_change("1", ubl_line("1", "2"), ubl_line("3", "9", sku="SKU-3")))
    found = await weighed(db)
    assert [(v["line"], v["action"], v["accepted"]) for v in found["verdicts"]] == [
        ("1", "none", True), ("3", "add", True), ("2", "cancel", True),
    ]  # fmt: skip
    assert [(n["line"], n["quantity"]) for n in found["order"]["lines"]] == [("1", 2), ("3", 9)]


async def test_a_ubl_cancellation_cancels_the_order_once(db: Database):
    order = (await take(db, UBL_ORDER.encode())).order
    first, again = await got(db, ubl_cancellation()), await got(db, ubl_cancellation())
    assert [(d.type, d.status, d.order) for d in (first, again)] == [
        ("OrderCancellation", "accepted", order), ("OrderCancellation", "duplicate", order),
    ]  # fmt: skip
    [heard] = await events(db, "crossdock.order.cancellation-requested")
    assert (heard["order"], heard["reason"]) == (order, "Ordered twice")


async def test_a_cxml_update_is_a_change_to_the_whole_order_and_is_confirmed(db: Database):
    order = (await take(db, CXML_ORDER.encode())).order
    found = await got(db, cxml("update", "p-2@bolts", "2", quantity="4", more=SECOND))
    assert (found.type, found.status, found.order, found.errors) == ("OrderRequest", "accepted", order, ())
    [heard] = await events(db, "crossdock.order.change-requested")
    assert (heard["change"]["sequence"], heard["change"]["whole"]) == ("2", True)
    answer, raw = await answered(db, order, "2")
    assert (answer.status, answer.order_number) == (ResponseStatus.ACCEPTED, "PO-C")
    assert [(n.number, n.outcomes[0].status.value, n.quantity) for n in answer.lines] == [
        ("1", "accepted", 4), ("2", "accepted", 3),
    ]  # fmt: skip
    assert '<DocumentReference payloadID="p-1@bolts"/>' in raw


@pytest.mark.parametrize(
    ("second", "statuses", "code"),
    [
        (cxml("update", "p-2@bolts", "2", quantity="4"), ["accepted", "duplicate"], "cxml.payloadid.duplicate"),
        (cxml("update", "p-3@bolts", "2", quantity="4"), ["accepted", "duplicate"], "order.change.duplicate"),
        (cxml("update", "p-3@bolts", "2", quantity="5"), ["accepted", "held"], "order.change.reused"),
        (cxml("update", "p-3@bolts", "3", quantity="5"), ["accepted", "accepted"], ""),
    ],
    ids=["message", "version", "reused", "next"],
)
async def test_an_update_is_told_apart_by_its_message_and_its_version(
    db: Database, second: bytes, statuses: list[str], code: str
):
    await take(db, CXML_ORDER.encode())
    found = [await got(db, raw) for raw in (cxml("update", "p-2@bolts", "2", quantity="4"), second)]
    assert [d.status for d in found] == statuses
    assert code in {"", *(e["code"] for e in found[1].errors)}


async def test_a_cxml_delete_cancels_the_order(db: Database):
    order = (await take(db, CXML_ORDER.encode())).order
    found = await got(db, cxml("delete", "p-2@bolts", "2"))
    assert (found.status, found.order) == ("accepted", order)
    assert [h["order"] for h in await events(db, "crossdock.order.cancellation-requested")] == [order]


async def test_an_update_that_comes_before_its_order_waits_for_it(db: Database):
    early = await got(db, cxml("update", "p-2@bolts", "2", quantity="4"))
    assert (early.status, [e["code"] for e in early.errors]) == ("held", ["order.unknown"])
    order = (await take(db, CXML_ORDER.encode())).order
    assert [h["order"] for h in await events(db, "crossdock.order.change-requested")] == [order]
