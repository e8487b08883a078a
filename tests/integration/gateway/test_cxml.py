"""A cXML document posted as XML is answered in cXML, after it was stored."""

from typing import Any

from lxml import etree

T = "norrland"
ORDER = """<?xml version="1.0"?>
<!DOCTYPE cXML SYSTEM "http://xml.cxml.org/schemas/cXML/1.2.060/cXML.dtd">
<cXML payloadID="{payload}" timestamp="2026-03-02T09:00:00Z"><Header>
<From><Credential domain="NetworkId"><Identity>AN-NOBODY</Identity></Credential></From>
<To><Credential domain="NetworkId"><Identity>AN-US</Identity></Credential></To>
<Sender><Credential domain="NetworkId"><Identity>AN-NOBODY</Identity><SharedSecret>hush</SharedSecret></Credential>
<UserAgent>x</UserAgent></Sender></Header><Request><OrderRequest>
<OrderRequestHeader orderID="PO-77" orderDate="2026-03-02" type="new"><Total><Money currency="EUR">5</Money></Total>
<BillTo><Address><Name xml:lang="en">Acme</Name></Address></BillTo>
</OrderRequestHeader><ItemOut quantity="{quantity}" lineNumber="1"><ItemID>
<SupplierPartID>NF-1</SupplierPartID></ItemID>
<ItemDetail><UnitPrice><Money currency="EUR">5</Money></UnitPrice><Description xml:lang="en">Thing</Description>
<UnitOfMeasure>EA</UnitOfMeasure></ItemDetail></ItemOut></OrderRequest></Request></cXML>"""
XML = {"content-type": "text/xml; charset=utf-8"}


async def post(sender: Any, payload: str, quantity: str, headers: dict[str, str]) -> Any:
    text = ORDER.format(payload=payload, quantity=quantity)
    return await sender.send("POST", "/api/intake?filename=order.xml", raw=text.encode(), headers=headers)


async def test_a_posted_request_is_answered_by_a_response_that_says_what_became_of_it(gateway: Any) -> None:
    sender = await gateway.as_("cora")
    for payload, quantity, code in (("p-1@x", "1", "202"), ("p-2@x", "0", "406"), ("p-1@x", "1", "200")):
        answer = await post(sender, payload, quantity, XML)
        assert answer.status == 200
        assert answer.headers["content-type"].startswith("text/xml")
        root = etree.fromstring(answer.body)
        status = root.find("Response/Status")
        assert status is not None
        assert root.tag == "cXML"
        assert root.get("payloadID")
        assert status.get("code") == code
        assert status.text  # why it waits, or what is wrong, in words
        assert b"hush" not in answer.body
    # stored before it was answered
    assert (await sender.get("/api/documents?type=OrderRequest")).json["total"] == 3


async def test_whoever_does_not_say_that_it_is_xml_gets_json(gateway: Any) -> None:
    sender = await gateway.as_("cora")
    answer = await post(sender, "p-9@x", "1", {"content-type": "application/octet-stream"})
    assert answer.json["documents"][0]["status"] == "held"
