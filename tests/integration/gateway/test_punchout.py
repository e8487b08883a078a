"""A partner's cXML is believed by its shared secret; a buyer shops with us, and takes its cart home."""

import base64
import logging
import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from lxml import etree
from tests.integration.gateway.conftest import Browser

from crossdock.clock import set_to
from crossdock.events.inbox import business_now
from crossdock.partners import intake
from crossdock.partners.profiles import Identifier, Profile

T = "norrland"
XML = {"content-type": "text/xml"}
SHOP = "https://shop.norrland.example/in?lang=en"
BOLTS = Profile(
    id="bolts", name="Bolts & Co", customer_id="C-0007", identifiers=(Identifier("networkid", "BOLTS"),),
    shared_secret="bolts-cxml", shop=SHOP,
)  # fmt: skip
NUTS = Profile(
    id="nuts", name="Nuts", customer_id="C-0008", identifiers=(Identifier("networkid", "NUTS"),),
    shared_secret="nuts-cxml",
)  # fmt: skip
LOST = Profile(
    id="lost",
    name="Lost",
    customer_id="C-0009",
    identifiers=(Identifier("networkid", "LOST"),),
    shared_secret="nowhere",
)
PLAIN = Profile(id="plain", name="Plain", customer_id="C-0010", identifiers=(Identifier("networkid", "PLAIN"),))


@pytest.fixture
async def shop(gateway: Any) -> Any:
    async with gateway.db.transaction(T) as tx:
        for profile in (BOLTS, NUTS, LOST, PLAIN):
            await intake.save_profile(tx, T, profile)
    return gateway


def message(inside: str, secret: str | None = "open sesame", who: str = "BOLTS", payload: str = "p-1@bolts") -> bytes:
    credential = f'<Credential domain="NetworkId"><Identity>{who}</Identity></Credential>'
    shared = "" if secret is None else f"<SharedSecret>{secret}</SharedSecret>"
    sender = credential.replace("</Credential>", f"{shared}</Credential>")
    return (
        f'<?xml version="1.0"?><cXML payloadID="{payload}" timestamp="2026-03-02T09:00:00Z"><Header><From>{credential}'
        '</From><To><Credential domain="NetworkId"><Identity>US</Identity></Credential></To>'
        f"<Sender>{sender}<UserAgent>x</UserAgent></Sender></Header><Request>{inside}</Request></cXML>"
    ).encode()


ORDER = """<OrderRequest><OrderRequestHeader orderID="PO-77" orderDate="2026-03-02" type="new"><Total>
<Money currency="EUR">5</Money></Total><BillTo><Address><Name xml:lang="en">Bolts</Name></Address></BillTo>
</OrderRequestHeader><ItemOut quantity="1" lineNumber="1"><ItemID><SupplierPartID>NF-1</SupplierPartID></ItemID>
<ItemDetail><UnitPrice><Money currency="EUR">5</Money></UnitPrice><Description xml:lang="en">Thing</Description>
<UnitOfMeasure>EA</UnitOfMeasure></ItemDetail></ItemOut></OrderRequest>"""


def setup(operation: str = "create", cookie: str = "c-42", post: str = "https://buy.bolts.example/cart") -> str:
    return (
        f'<PunchOutSetupRequest operation="{operation}"><BuyerCookie>{cookie}</BuyerCookie>'
        f'<Extrinsic name="UserEmail">ann@bolts.example</Extrinsic><BrowserFormPost><URL>{post}</URL></BrowserFormPost>'
        '<SelectedItem><ItemID><SupplierPartID>NF-1</SupplierPartID></ItemID></SelectedItem><ItemOut quantity="2">'
        "<ItemID><SupplierPartID>NF-2</SupplierPartID><SupplierPartAuxiliaryID>L1</SupplierPartAuxiliaryID></ItemID>"
        "</ItemOut></PunchOutSetupRequest>"
    )


async def post(gateway: Any, raw: bytes, tenant: str = T) -> tuple[str, Any]:
    """Status code, and the answer."""
    answer = await Browser(gateway.http, gateway.base).send("POST", f"/cxml/{tenant}", raw=raw, headers=XML, bare=True)
    assert answer.status == 200, answer.body
    root = etree.fromstring(answer.body)
    status = root.find("Response/Status")
    assert status is not None
    return str(status.get("code")), root


async def stored(gateway: Any) -> list[tuple[str, str]]:
    async with gateway.db.transaction(T) as tx:
        rows = await tx.fetch("select partner_id, status from crossdock.document where type = 'OrderRequest'")
    return [(r["partner_id"], r["status"]) for r in rows]


# --- the secret


async def test_an_order_is_taken_with_the_agreed_secret_alone_and_answered_once_it_is_stored(shop: Any) -> None:
    for wrong in ("open sesam", "", None, "OPEN SESAME", "first"):
        code, root = await post(shop, message(ORDER, wrong))
        assert (code, len(root.findall("Response/*"))) == ("401", 1)
    assert await stored(shop) == []
    assert (await post(shop, message(ORDER)))[0] == "200"
    assert await stored(shop) == [("bolts", "accepted")]


async def test_whoever_we_do_not_know_or_agreed_no_secret_with_hears_the_same(shop: Any) -> None:
    answers = [await post(shop, message(ORDER, "open sesame", who)) for who in ("PLAIN", "NOBODY", "NUTS")]
    assert {code for code, _ in answers} == {"401"}
    assert len({root.findtext("Response/Status") for _, root in answers}) == 1
    assert await stored(shop) == []


async def test_two_secrets_hold_while_one_replaces_the_other(shop: Any) -> None:
    codes = [(await post(shop, message(ORDER, s, "NUTS", f"p-{s}@nuts")))[0] for s in ("first", "second", "third")]
    assert codes == ["200", "200", "401"]


async def test_a_secret_that_the_vault_has_not_is_our_fault_and_is_sent_again(
    shop: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        assert (await post(shop, message(ORDER, "hush hush", "LOST")))[0] == "500"
    assert "'nowhere'" in caplog.text
    assert "hush" not in caplog.text


async def test_a_secret_is_asked_for_whichever_way_the_document_is_posted(shop: Any) -> None:
    sender = await shop.as_("cora")
    for secret, status in (("wrong", "401"), ("open sesame", "200")):
        answer = await sender.send("POST", "/api/intake?filename=o.xml", raw=message(ORDER, secret), headers=XML)
        found = etree.fromstring(answer.body).find("Response/Status")
        assert found is not None
        assert found.get("code") == status
    assert await stored(shop) == [("bolts", "accepted")]


async def test_a_secret_is_in_no_log_no_page_no_audit_and_no_answer(
    shop: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        for secret in ("open sesame", "wrong-one"):
            _, root = await post(shop, message(ORDER, secret))
            assert secret.encode() not in etree.tostring(root)
    assert not re.search("open sesame|wrong-one", caplog.text)
    reader = await shop.as_("ada", T)
    [row] = (await reader.get("/api/documents?type=OrderRequest")).json["items"]
    shown = (await reader.get(f"/api/documents/{row['id']}")).body.decode()
    assert "<SharedSecret>…</SharedSecret>" in shown
    assert "sesame" not in shown
    async with shop.db.transaction(T) as tx:
        told = await tx.fetch("select * from crossdock.audit where action = 'cxml.refused'")
    assert len(told) == 1
    assert "wrong-one" not in repr([dict(r) for r in told])


async def test_what_is_no_cxml_and_no_tenant_is_nobodys(shop: Any) -> None:
    assert (await post(shop, b"<Order/>"))[0] == "400"
    nobody = Browser(shop.http, shop.base)
    answer = await nobody.send("POST", "/cxml/nobody", raw=message(ORDER), headers=XML, bare=True)
    assert answer.status == 404


# --- punch-out

CART: dict[str, Any] = {
    "currency": "EUR",
    "lines": [
        {"item": "NF-1", "quantity": "3", "unit": "EA", "unit_price": "1.255", "description": "Bolt & nut",
         "classification": "31161500", "auxiliary": "L7", "manufacturer": "Acme", "manufacturer_item": "A-1"},
        {"item": "NF-2", "quantity": "2", "unit": "CS", "unit_price": "24.00", "description": "Bolts",
         "classification": "31161500"},
    ],
    "shipping": "5.00",
}  # fmt: skip


async def begun(gateway: Any, raw: bytes) -> tuple[Any, Any, str]:
    """The shop's client, the visit as it sees it, and the start page."""
    code, root = await post(gateway, raw)
    assert code == "200"
    url = root.findtext("Response/PunchOutSetupResponse/StartPage/URL")
    [token] = parse_qs(urlsplit(url).query)["punchout"]
    client = await gateway.as_("cora")
    return client, (await client.post("/api/punch-outs/look", {"token": token})), url


async def test_a_buyer_comes_with_its_cookie_and_goes_home_with_the_cart(shop: Any) -> None:
    client, seen, url = await begun(shop, message(setup("edit")))
    assert url.startswith(f"{SHOP}&punchout=")
    visit = seen.json
    assert (visit["partner"], visit["customer_id"], visit["operation"]) == ("bolts", "C-0007", "edit")
    assert visit["asked"] == {
        "selected": "NF-1", "ship_to": "", "items": [{"item": "NF-2", "auxiliary": "L1", "quantity": 2}],
        "named": [{"name": "UserEmail", "value": "ann@bolts.example"}],
    }  # fmt: skip
    home = (await client.post(f"/api/punch-outs/{visit['id']}/cart", CART)).json
    assert home["post_to"] == "https://buy.bolts.example/cart"
    assert base64.b64decode(home["base64"]).decode() == home["cxml"]
    root = etree.fromstring(home["cxml"].encode())
    assert (root.findtext("Header/From/Credential/Identity"), root.findtext("Header/To/Credential/Identity")) == (
        "US", "BOLTS",
    )  # fmt: skip
    cart = root.find("Message/PunchOutOrderMessage")
    assert cart is not None
    assert [e.tag for e in cart] == ["BuyerCookie", "PunchOutOrderMessageHeader", "ItemIn", "ItemIn"]
    assert cart.findtext("BuyerCookie") == "c-42"
    # 3 × 1.255 is 3.765, to the cent 3.77
    assert cart.findtext("PunchOutOrderMessageHeader/Total/Money") == "51.77"
    assert cart.findtext("PunchOutOrderMessageHeader/Shipping/Money") == "5.00"
    first = cart.find("ItemIn")
    assert first is not None
    assert [e.tag for e in first.iterfind("ItemDetail/*")] == [
        "UnitPrice", "Description", "UnitOfMeasure", "Classification", "ManufacturerPartID", "ManufacturerName",
    ]  # fmt: skip
    assert (first.findtext("ItemID/SupplierPartID"), first.findtext("ItemID/SupplierPartAuxiliaryID")) == ("NF-1", "L7")
    assert first.findtext("ItemDetail/Description") == "Bolt & nut"


async def test_a_cart_goes_home_once(shop: Any) -> None:
    client, seen, url = await begun(shop, message(setup()))
    way = f"/api/punch-outs/{seen.json['id']}/cart"
    first, again = await client.post(way, CART), await client.post(way, CART)
    assert (first.status, first.json) == (200, again.json)
    assert (await client.post(way, {**CART, "lines": []})).status == 409
    token = url.rpartition("=")[2]
    assert (await client.post("/api/punch-outs/look", {"token": token})).status == 404
    [listed] = (await (await shop.as_("ada", T)).get("/api/punch-outs")).json
    assert listed["returned_at"] is not None
    assert token not in repr(listed)


async def test_a_visit_ends_after_eight_hours(shop: Any) -> None:
    client, seen, url = await begun(shop, message(setup()))
    async with shop.db.transaction(T) as tx:
        now = await business_now(tx)
    await set_to(shop.db.pool, now + timedelta(hours=8, seconds=1), 0)
    assert (await client.post("/api/punch-outs/look", {"token": url.rpartition("=")[2]})).status == 404
    assert (await client.post(f"/api/punch-outs/{seen.json['id']}/cart", CART)).status == 409


@pytest.mark.parametrize(
    ("asked", "what"),
    [
        (setup(post="javascript:alert(1)"), "BrowserFormPost/URL"),
        (setup(cookie=""), "BuyerCookie"),
        (setup("buy"), "@operation"),
        (setup(cookie="x" * 201), "BuyerCookie"),
    ],
)
async def test_a_request_that_cannot_be_answered_says_why(shop: Any, asked: str, what: str) -> None:
    code, root = await post(shop, message(asked))
    assert code == "406"
    assert what in root.findtext("Response/Status")


async def test_a_partner_without_a_shop_is_told_so(shop: Any) -> None:
    assert (await post(shop, message(setup(), "first", "NUTS")))[0] == "450"


@pytest.mark.parametrize("change", [{"quantity": "0"}, {"unit_price": "-1"}, {"description": "a\x01"}])
async def test_a_cart_that_cannot_be_is_refused_and_the_visit_goes_on(shop: Any, change: dict[str, str]) -> None:
    client, seen, _ = await begun(shop, message(setup()))
    way = f"/api/punch-outs/{seen.json['id']}/cart"
    assert (await client.post(way, {**CART, "lines": [{**CART["lines"][0], **change}]})).status == 422
    assert (await client.post(way, CART)).status == 200


async def test_a_visit_is_its_tenants_alone(shop: Any) -> None:
    _, seen, url = await begun(shop, message(setup()))
    other = await shop.as_("carl")
    assert (await other.post("/api/punch-outs/look", {"token": url.rpartition("=")[2]})).status == 404
    assert (await other.post(f"/api/punch-outs/{seen.json['id']}/cart", CART)).status == 404
    assert (await other.get("/api/punch-outs")).json == []
