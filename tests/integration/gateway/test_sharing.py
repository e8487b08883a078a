"""Links for customers: what their holders see and never see; signed, for a time, ended at once, counted."""

import re
from datetime import timedelta
from typing import Any

import pytest

from crossdock.errors import NotFound
from crossdock.events.inbox import business_now
from crossdock.gateway import limits
from crossdock.tower import shared, sharedpage, sharing

from .conftest import TENANT, Story

# What we call things, and what stands in our own records of this order.
INTERNAL = re.compile(
    r"margin|cost|30\.00|credit-cleared|exposure|exception|\bcase\b|EX-\d|HD-\d|approval|\bhold\b|\bLUL\b|\bUME\b|\bSUN\b|"
    r"Secret quarrel|cora|supplier|P-0099|decision|rule|workflow|instance|C-1\b|damaged crate|<script|https?://",
    re.IGNORECASE,
)


async def shown(gateway: Any, **more: Any) -> tuple[Story, Any, dict[str, Any]]:
    """A story with everything in it that is not for customers, and a link to it."""
    story = Story(gateway.db)
    await story.until_closed()
    await story.tell("tracking.exception", source="carrier", tracking="T2", reason="damaged crate")
    await story.tell("case.opened", case="0", number="EX-1001", title="Secret quarrel", kind="credit", by="cora")
    await story.tell("supplier.delayed", supplier_order="P-0099", supplier="Secret Mills")
    await story.project()
    browser = await gateway.as_("cora")
    hold = {"scope": "order", "key": story.order, "kind": "commercial", "reason": "Secret quarrel"}
    assert (await browser.post("/api/holds", hold)).status == 201
    answer = await browser.post(f"/api/orders/{story.order}/links", {"note": "for Secret quarrel", **more})
    assert answer.status == 201, answer.body
    return story, browser, answer.json


@pytest.mark.parametrize("language", shared.LANGUAGES)
async def test_the_holder_sees_the_order_and_nothing_internal(gateway: Any, language: str) -> None:
    story, _, made = await shown(gateway, language=language)
    stranger = gateway.browser()
    pages = {p: await stranger.send("GET", made["link"] + p, bare=True) for p in ("", "/invoice/I-1", "/packing/L-1")}
    for path, page in pages.items():
        text = page.body.decode()
        assert page.status == 200, path
        assert f'<html lang="{language}">' in text
        assert (found := INTERNAL.search(re.sub(r"<style>.*?</style>", "", text))) is None, f"{path}: {found}"
        assert "Norrland" in text
        assert story.order in text
    whole = pages[""].body.decode()
    t = sharedpage.texts(language)
    for said in (t["states"]["complete"], "T1", "T2", "Bolt", "I-1", "I-2", t["packing_list"]):
        assert said in whole, said
    bill = pages["/invoice/I-1"].body.decode()
    assert ("66.25" if language == "en" else "66,25") in bill
    assert "24" in pages["/packing/L-1"].body.decode()
    for nothing in ("/invoice/I-9", "/packing/L-9", "/invoice/../L-1"):
        assert (await stranger.send("GET", made["link"] + nothing, bare=True)).status == 404


async def test_every_answer_is_under_the_strictest_headers(gateway: Any) -> None:
    _, _, made = await shown(gateway)
    stranger = gateway.browser()
    for path, status in ((made["link"], 200), (made["link"][:-1] + "~", 404), ("/shared/nonsense", 404)):
        page = await stranger.send("GET", path, bare=True)
        assert page.status == status
        policy = page.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "script" not in policy
        assert page.headers["referrer-policy"] == "no-referrer"
        assert "noindex" in page.headers["x-robots-tag"]
        assert page.headers["cache-control"] == "no-store, private"
        assert page.headers["x-frame-options"] == "DENY"
        assert "set-cookie" not in page.headers


async def test_a_link_that_is_changed_over_or_ended_is_answered_like_one_that_never_was(gateway: Any) -> None:
    story, browser, made = await shown(gateway, days=2)
    stranger = gateway.browser()
    never = await stranger.send("GET", f"/shared/{TENANT}.{'0' * 32}.x", bare=True)
    tenant, ident, secret = made["link"].removeprefix("/shared/").split(".")
    for wrong in (
        f"{tenant}.{ident}.{secret[::-1]}", f"castell.{ident}.{secret}", f"{tenant}.{ident}",
        f"nowhere.{ident}.{secret}", f"{tenant}.{ident}.", "x", "%2e%2e%2e",
    ):  # fmt: skip
        page = await stranger.send("GET", f"/shared/{wrong}", bare=True)
        assert (page.status, page.body) == (404, never.body), wrong
    assert (await stranger.send("GET", made["link"], bare=True)).status == 200
    ending = f"/api/orders/{story.order}/links/{made['id']}"
    assert (await (await gateway.as_("vera")).send("DELETE", ending)).status == 403
    assert (await browser.send("DELETE", f"/api/orders/SO-9/links/{made['id']}")).status == 404
    assert (await browser.send("DELETE", ending)).status == 204
    assert (await browser.send("DELETE", ending)).status == 204, "ending it again changes nothing"
    page = await stranger.send("GET", made["link"], bare=True)
    assert (page.status, page.body) == (404, never.body)


async def test_a_link_is_over_when_its_days_are(gateway: Any) -> None:
    story, _, made = await shown(gateway, days=2)
    token = made["link"].removeprefix("/shared/")
    async with gateway.db.transaction(TENANT) as tx:
        now = await business_now(tx)
        assert (await sharing.opened(tx, token, now + timedelta(days=1, hours=23))).order == story.order
        with pytest.raises(NotFound):
            await sharing.opened(tx, token, now + timedelta(days=2, seconds=1))
        listed, _ = await sharing.find(tx, TENANT, now + timedelta(days=3), order=story.order)
    assert [x.state for x in listed] == ["over"]


async def test_a_row_that_somebody_changed_opens_nothing(gateway: Any) -> None:
    _, _, made = await shown(gateway)
    async with gateway.db.transaction(TENANT) as tx:
        await tx.execute("update crossdock.order_link set expires_at = expires_at + $1", timedelta(days=1000))
    assert (await gateway.browser().send("GET", made["link"], bare=True)).status == 404


async def test_who_made_and_ended_a_link_is_known_and_how_often_it_was_opened(gateway: Any) -> None:
    story, browser, made = await shown(gateway)
    stranger = gateway.browser()
    for _ in range(3):
        await stranger.send("GET", made["link"], bare=True)
    await browser.send("DELETE", f"/api/orders/{story.order}/links/{made['id']}")
    listed = (await browser.get("/api/order-links")).json["items"]
    assert [(x["order"], x["by"], x["opened"], x["state"], x["ended_by"]) for x in listed] == [
        (story.order, "cora", 3, "ended", "cora")
    ]
    assert all("link" not in x for x in listed), "what it opens with is told once"
    audit = (await (await gateway.as_("ada", TENANT)).get("/api/audit")).json["items"]
    assert {"order.share", "order.unshare"} <= {r["action"] for r in audit}
    assert made["link"].rsplit(".", 1)[1] not in str(audit)
    titles = [i["title"] for i in (await browser.get(f"/api/orders/{story.order}")).json["timeline"]]
    assert "A link was made for the customer" in titles


async def test_only_who_may_share_makes_a_link(gateway: Any) -> None:
    story, _, _ = await shown(gateway)
    path = f"/api/orders/{story.order}/links"
    for user, status in (("vera", 403), ("app", 403), ("cora", 201), ("ada", 201)):
        assert (await (await gateway.as_(user, TENANT)).post(path, {})).status == status, user
    partner = await gateway.key("partner", partner="C-1")
    assert (await partner.post(path, {})).status == 403
    assert (await (await gateway.as_("carl")).post(path, {})).status == 404, "another tenant's order"
    cora = await gateway.as_("cora")
    assert (await cora.post(path, {"days": 0})).status == 422
    assert (await cora.post(path, {"days": 1000})).status == 422
    wrong = await cora.post(path, {"language": "fr"})
    assert wrong.json["findings"][0]["expected"] == "one of en, de, sv"


async def test_an_address_may_open_links_only_so_often(gateway: Any) -> None:
    _, _, made = await shown(gateway)
    stranger = gateway.browser()
    answers = [await stranger.send("GET", made["link"] + "x", bare=True) for _ in range(limits.ATTEMPTS + 5)]
    assert answers[0].status == 404
    refused = next(a for a in answers if a.status == 429)
    assert int(refused.headers["retry-after"]) >= 1
    assert refused.headers["referrer-policy"] == "no-referrer"
    assert (
        await gateway.browser().post("/api/session", {"user": "cora", "password": "correct horse battery"})
    ).status == 204


async def test_what_the_buyer_wrote_is_text_on_the_page(gateway: Any) -> None:
    browser = await gateway.as_("cora")
    lines = [{"sku": "<b>x", "quantity": "1", "unit_price": "1.00"}]
    given = {"customer_id": "C-1", "po": "<script>alert(1)</script>", "currency": "EUR", "lines": lines}
    order = (await browser.post("/api/orders", given)).json["order"]
    await gateway.hand_on()
    made = (await browser.post(f"/api/orders/{order}/links", {})).json
    text = (await gateway.browser().send("GET", made["link"], bare=True)).body.decode()
    assert "<script" not in text
    assert "<b>x" not in text
    assert "&lt;script&gt;" in text


def test_the_page_speaks_every_language_whole() -> None:
    english = sharedpage.texts("en")
    for language in shared.LANGUAGES:
        t = sharedpage.texts(language)
        assert t.keys() == english.keys()
        for group in ("states", "explained", "steps"):
            assert t[group].keys() == english[group].keys()


async def test_what_breaks_while_a_link_is_opened_is_logged_without_the_link(
    gateway: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    _, _, made = await shown(gateway)

    def breaks(*_: object) -> None:
        raise RuntimeError("a bug of ours")

    monkeypatch.setattr(sharedpage, "order_page", breaks)
    answer = await gateway.browser().send("GET", made["link"], bare=True)
    assert answer.status == 500
    assert "GET /shared/{token} failed" in caplog.text
    secret = made["link"].rpartition(".")[2]
    assert len(secret) > 20
    assert secret not in caplog.text
