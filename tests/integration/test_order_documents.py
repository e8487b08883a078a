"""What a process knows of its order, told in the buyer's own format: X12, EDIFACT, UBL and cXML, read back as it is."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from tests.integration.test_sending import BOLTS, NOW, ORDERS, T, label, one, take, text, x12

from crossdock import ids
from crossdock.canonical.despatch import DespatchAdvice
from crossdock.canonical.invoice import Invoice
from crossdock.canonical.response import OrderResponse
from crossdock.clock import set_to
from crossdock.db import Database
from crossdock.flow.outcomes import Done, Failed, Invocation
from crossdock.partners import Context, Decoded, Severity, decode, intake
from crossdock.partners.profiles import Identifier, Profile, parse, plain
from crossdock.partners.reconciling import store as chains
from crossdock.partners.sending import store
from crossdock.partners.sending.function import DocumentSend

UBL_ORDER = """<?xml version="1.0" encoding="UTF-8"?>
<Order xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2"
 xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
 xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
 <cbc:CustomizationID>urn:fdc:peppol.eu:poacc:trns:order:3</cbc:CustomizationID>
 <cbc:ProfileID>urn:fdc:peppol.eu:poacc:bis:ordering:3</cbc:ProfileID>
 <cbc:ID>PO-U</cbc:ID><cbc:IssueDate>2026-03-01</cbc:IssueDate><cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>
 <cac:BuyerCustomerParty><cac:Party><cbc:EndpointID schemeID="0088">4012345000009</cbc:EndpointID>
  <cac:PartyLegalEntity><cbc:RegistrationName>Bolts</cbc:RegistrationName></cac:PartyLegalEntity></cac:Party></cac:BuyerCustomerParty>
 <cac:SellerSupplierParty><cac:Party><cbc:EndpointID schemeID="0088">7300010000001</cbc:EndpointID>
  <cac:PartyLegalEntity><cbc:RegistrationName>Norrland</cbc:RegistrationName></cac:PartyLegalEntity></cac:Party></cac:SellerSupplierParty>
 <cac:OrderLine><cac:LineItem><cbc:ID>1</cbc:ID><cbc:Quantity unitCode="CS">2</cbc:Quantity>
  <cac:Price><cbc:PriceAmount currencyID="EUR">24.00</cbc:PriceAmount></cac:Price>
  <cac:Item><cbc:Name>Bolt</cbc:Name><cac:SellersItemIdentification><cbc:ID>SKU-1</cbc:ID></cac:SellersItemIdentification></cac:Item>
 </cac:LineItem></cac:OrderLine>
</Order>"""
CXML_ORDER = """<?xml version="1.0" encoding="UTF-8"?>
<cXML payloadID="p-1@bolts" timestamp="2026-03-01T10:00:00+00:00" version="1.2.060">
 <Header><From><Credential domain="NetworkId"><Identity>BOLTS</Identity></Credential></From>
  <To><Credential domain="NetworkId"><Identity>NORRLAND</Identity></Credential></To>
  <Sender><Credential domain="NetworkId"><Identity>BOLTS</Identity></Credential>
  <UserAgent>x</UserAgent></Sender></Header>
 <Request deploymentMode="production"><OrderRequest>
  <OrderRequestHeader orderID="PO-C" orderDate="2026-03-01" type="new">
  <Total><Money currency="EUR">48.00</Money></Total>
  <BillTo><Address><Name xml:lang="en">Bolts</Name></Address></BillTo></OrderRequestHeader>
  <ItemOut quantity="2" lineNumber="1"><ItemID><SupplierPartID>SKU-1</SupplierPartID></ItemID>
   <ItemDetail><UnitPrice><Money currency="EUR">24.00</Money></UnitPrice><Description xml:lang="en">Bolt</Description>
   <UnitOfMeasure>CS</UnitOfMeasure><Classification domain="UNSPSC">31161500</Classification></ItemDetail></ItemOut>
 </OrderRequest></Request></cXML>"""
AGREED = [
    {"line": "1", "sku": "SKU-1", "description": "Bolt", "quantity": 2, "unit": "CS", "base_quantity": 48, "cost": 9,
     "unit_price": Decimal("24.00"), "amount": Decimal("48.00"), "weight_kg": 1},
]  # fmt: skip


@pytest.fixture
async def db(database: Database) -> Database:
    await set_to(database.pool, NOW, 0)
    identifiers = (*BOLTS.identifiers, Identifier("0088", "4012345000009"), Identifier("networkid", "BOLTS"))
    bolts = Profile(id="bolts", name="Bolts & Co", customer_id="C-0007", identifiers=identifiers)
    async with database.transaction(T) as tx:
        await intake.save_profile(tx, T, bolts)
    return database


async def told(db: Database, order: str | None, kind: str, facts: dict[str, Any]) -> Done | Failed:
    call = Invocation(
        tenant_id=T, instance_id=ids.new(), at="/do/0/tell", key=f"{ids.new()}/do/0/tell", function="document-send",
        arguments={"kind": kind, "facts": facts}, business_key=order or "", now=NOW,
    )  # fmt: skip
    async with db.transaction(T) as tx:
        done = await DocumentSend().start(tx, call)
    assert isinstance(done, (Done, Failed))
    return done


async def read(db: Database, done: Done | Failed) -> Decoded:
    """As the partner reads it."""
    assert isinstance(done, Done), done.error.detail
    raw = await text(db, UUID(done.output["document"]))
    [found] = decode(raw.encode(), "", Context(adopt=True))
    assert [i.finding for i in found.issues if i.severity is Severity.ERROR] == [], raw
    return found


def shipment(name: str, pieces: int) -> dict[str, Any]:
    return {"shipment": name, "site": "north", "promised_on": "2026-03-09",
            "lines": [{"line": "1", "sku": "SKU-1", "quantity": pieces}]}  # fmt: skip


def gone(name: str, pieces: int, *packages: tuple[str, int]) -> dict[str, Any]:
    inside = [{"sscc": sscc, "lines": [{"line": "1", "quantity": n}]} for sscc, n in packages]
    left = [{"line": "1", "sku": "SKU-1", "quantity": pieces}]
    facts = {"agreed": AGREED, "shipment": name, "lines": left, "packages": inside}
    return {**facts, "at": "2026-03-03T10:00:00Z", "tracking": "1Z1", "promised_on": "2026-03-09"}


def due(invoice: str, name: str, pieces: int) -> dict[str, Any]:
    net = Decimal(pieces)
    line = {"line": "1", "sku": "SKU-1", "quantity": pieces, "unit_price": Decimal(1), "amount": net}
    tax = net * Decimal("0.25")
    return {"agreed": AGREED, "shipment": name, "invoice": invoice, "lines": [line], "net": net, "tax": tax,
            "total": net + tax, "due_on": "2026-04-02"}  # fmt: skip


X12_ORDER = x12("850", "PO", "BEG*00*SA*PO-X**20260101~PO1*1*2*CS*24**VP*SKU-1~CTT*1~", 1)
CASES = ORDERS.replace("PCE", "CS").replace("QTY+21:10", "QTY+21:2").replace("1.25", "24").replace("PO-E", "PO-Y")
FORMATS = pytest.mark.parametrize(
    "order", [X12_ORDER, CASES.encode(), UBL_ORDER.encode(), CXML_ORDER.encode()], ids=["x12", "edifact", "ubl", "cxml"]
)


@FORMATS
async def test_an_order_in_two_parts_is_told_in_its_own_format_and_its_chain_is_clear(db: Database, order: bytes):
    number = (await take(db, order)).order
    facts = {"agreed": AGREED, "shipments": [shipment("SH-1", 24)], "gone": [], "backorder": True, "reason": None}
    answer = (await read(db, await told(db, number, "response", facts))).content
    assert isinstance(answer, OrderResponse)
    parts = {o.status.value: o.quantity for n in answer.lines for o in n.outcomes}
    parts |= {n.status.value: n.quantity for n in answer.lines if n.status is not None and "accepted" not in parts}
    assert parts.get("backordered") == 1
    first = await read(db, await told(db, number, "despatch", gone("SH-1", 24, (label(1), 20), (label(2), 4))))
    assert isinstance(first.content, DespatchAdvice)
    rows = [(n.sscc, n.item.quantity, n.item.unit) for n in first.content.lines()]
    # 20 and 4 pieces are no whole cases: told in pieces
    assert [(s, q) for s, q, _ in rows] == [(label(1), 20), (label(2), 4)]
    second = await read(db, await told(db, number, "despatch", gone("SH-2", 24)))
    assert isinstance(second.content, DespatchAdvice)
    assert [n.item.quantity for n in second.content.lines()] == [1]  # a whole case
    bills = [(await read(db, await told(db, number, "invoice", due(i, s, 24)))).content for i, s in
             (("I-1", "SH-1"), ("I-2", "SH-2"))]  # fmt: skip
    assert [b.due for b in bills if isinstance(b, Invoice)] == [Decimal("30.00")] * 2
    async with db.transaction(T) as tx:
        chain = await chains.of_order(tx, T, number or "", NOW)
    assert (chain["state"], chain["differences"]) == ("clear", [])
    assert [d["direction"] for d in chain["documents"]] == ["in", *["out"] * 5]


@FORMATS
async def test_an_order_that_ends_is_told_line_by_line(db: Database, order: bytes):
    number = (await take(db, order)).order
    for fate in ("rejected", "cancelled"):
        answer = (await read(db, await told(db, number, "response", {"agreed": [], "fate": fate}))).content
        assert isinstance(answer, OrderResponse)
        assert answer.status is not None
        assert answer.status.value == "rejected"


async def test_a_price_an_item_and_a_quantity_of_ours_are_told_as_such(db: Database):
    number = (await take(db, X12_ORDER)).order
    agreed = [{**AGREED[0], "sku": "SKU-9", "quantity": 1, "base_quantity": 24, "unit_price": 22, "amount": 22}]
    facts = {"agreed": agreed, "shipments": [shipment("SH-1", 24)]}
    done = await told(db, number, "response", facts)
    assert isinstance(done, Done)
    raw = await text(db, UUID(done.output["document"]))
    assert "PO1*1*2*CS*22**VP*SKU-1~ACK*IS*1*CS*017*20260309**VP*SKU-9~ACK*IR*1*CS~" in raw


async def test_a_part_that_is_no_whole_case_is_told_in_pieces(db: Database):
    number = (await take(db, X12_ORDER)).order
    facts = {"agreed": AGREED, "shipments": [shipment("SH-1", 7)], "backorder": True}
    done = await told(db, number, "response", facts)
    assert isinstance(done, Done)
    assert "ACK*IA*7*EA*017*20260309~ACK*IB*41*EA~" in await text(db, UUID(done.output["document"]))
    bill = await told(db, number, "invoice", due("I-1", "SH-1", 7))
    assert isinstance(bill, Done)
    assert "IT1*1*7*EA*1**VP*SKU-1~" in await text(db, UUID(bill.output["document"]))


async def test_what_the_buyer_changed_is_told_as_it_is_now(db: Database):
    number = (await take(db, X12_ORDER)).order
    agreed = [{**AGREED[0], "quantity": 3, "base_quantity": 72, "amount": 72}]
    facts = {"agreed": agreed, "shipments": [shipment("SH-1", 72)], "changed": [{"line": "1", "quantity": 3}]}
    done = await told(db, number, "response", facts)
    assert isinstance(done, Done)
    assert "PO1*1*3*CS*24**VP*SKU-1~ACK*IA*3*CS" in await text(db, UUID(done.output["document"]))


async def test_xml_is_numbered_waits_for_no_acknowledgement_and_is_said_anew(db: Database):
    number = (await take(db, CXML_ORDER.encode())).order
    done = await told(db, number, "response", {"agreed": [], "fate": "rejected"})
    assert isinstance(done, Done)
    assert (done.output["type"], done.output["deadline"]) == ("ConfirmationRequest", None)
    document = UUID(done.output["document"])
    raw = await text(db, document)
    assert f'payloadID="{done.output["control"]}.1.{T}@crossdock"' in raw
    assert '<Credential domain="NetworkId"><Identity>NORRLAND' in raw.replace("\n", "").replace("  ", "")
    async with db.transaction(T) as tx:
        new = await store.reissue(tx, T, document, "ann", datetime(2026, 3, 2, tzinfo=UTC))
    assert (await one(db, document))["state"] == "replaced"
    assert new["control"] == done.output["control"] + 1


async def test_a_partner_with_agreements_gets_what_they_name(db: Database):
    agreed = parse(
        {**plain(BOLTS), "agreements": [{"document": "855", "direction": "out", "acknowledged": "never"}]}, "p"
    )
    async with db.transaction(T) as tx:
        await intake.save_profile(tx, T, agreed)
    number = (await take(db, X12_ORDER)).order
    answer = await told(db, number, "response", {"agreed": [], "fate": "rejected"})
    assert isinstance(answer, Done)
    assert (answer.output["sent"], answer.output["deadline"]) == (True, None)
    advice = await told(db, number, "despatch", gone("SH-1", 48))
    assert advice == Done({"sent": False, "reason": "bolts wants no 856"})


async def test_facts_that_make_no_document_fail_the_call(db: Database):
    number = (await take(db, X12_ORDER)).order
    for kind, facts in (("despatch", {"agreed": AGREED}), ("letter", {}), ("invoice", {**due("I", "S", 24), "net": 1})):
        assert isinstance(await told(db, number, kind, facts), Failed)
