"""What comes in from systems: believed by its signature, stored once, acknowledged after the commit."""

from typing import Any

from crossdock import exactjson

SHIPPED: dict[str, Any] = {
    "event_id": "w-1", "event_type": "shipment.shipped", "occurred_at": "2026-03-02T09:00:00Z", "order_ref": "SO-10001",
    "shipment_no": "L-000001", "site_code": "LUL", "tracking_no": "1ZN",
    "lines": [{"line_ref": "1", "item_code": "NF-1", "qty": 3}],
}  # fmt: skip


async def stored(gateway: Any, tenant: str = "norrland") -> int:
    async with gateway.db.transaction(tenant) as tx:
        return await tx.fetchval("select count(*) from crossdock.event where tenant_id = $1", tenant)


async def test_a_webhook_with_another_signature_leaves_nothing_behind(gateway: Any) -> None:
    for tenant, system, secret in (
        ("norrland", "wms", "wrong"), ("norrland", "wms", "s-castell-wms"), ("norrland", "erp", ""),
        ("nowhere", "wms", "s-norrland-wms"), ("norrland", "a%2Fb", ""),
    ):  # fmt: skip
        answer = await gateway.webhook(tenant, system, SHIPPED, secret)
        assert answer.status in (401, 403, 404, 405), (tenant, system)
    assert await stored(gateway) == await stored(gateway, "castell") == 0


async def test_a_repeated_webhook_is_one_event(gateway: Any) -> None:
    first, second = await gateway.webhook("norrland", "wms", SHIPPED), await gateway.webhook("norrland", "wms", SHIPPED)
    assert (first.status, second.status) == (202, 202)
    assert [a.json["events"][0]["status"] for a in (first, second)] == ["accepted", "duplicate"]
    assert await stored(gateway) == 1
    browser = await gateway.as_("cora")
    event = (await browser.get("/api/events?order=SO-10001")).json["items"][0]
    assert (event["type"], event["source"], event["data"]["shipment"]) == (
        "crossdock.shipment.shipped",
        "wms",
        "L-000001",
    )


async def test_the_same_webhook_for_another_tenant_is_its_own(gateway: Any) -> None:
    await gateway.webhook("norrland", "wms", SHIPPED)
    assert (await gateway.webhook("castell", "wms", SHIPPED)).json["events"][0]["status"] == "accepted"
    assert await stored(gateway, "castell") == 1


async def test_events_can_be_posted_but_not_in_our_name(gateway: Any) -> None:
    browser = await gateway.as_("cora")
    event = {
        "specversion": "1.0", "id": "e1", "source": "scanner", "type": "com.example.seen", "subject": "SO-1",
        "data": {"weight": exactjson.loads("12.345678901234567890")},
    }  # fmt: skip
    assert (await browser.post("/api/events", event)).json == {"id": "e1", "status": "accepted"}
    assert (await browser.post("/api/events", event)).json == {"id": "e1", "status": "duplicate"}
    for source in ("/crossdock/order-to-cash", "https://crossdock.dev/order-to-cash"):
        assert (await browser.post("/api/events", {**event, "id": "e2", "source": source})).status == 422
    forged = {**event, "id": "e3", "type": "crossdock.order.closed"}
    assert (await browser.post("/api/events", forged)).status == 422
    assert (await browser.post("/api/events", {"specversion": "1.0"})).json["findings"][0]["where"] == "/id"
    async with gateway.db.transaction("norrland") as tx:
        body = await tx.fetchval("select body::text from crossdock.event where id = 'e1'")
    assert "12.345678901234567890" in body


async def test_pages_of_events_neither_repeat_nor_lose(gateway: Any) -> None:
    for n in range(7):
        await gateway.tell("order.validated", f"SO-{n}")
    browser = await gateway.as_("cora")
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        page = (await browser.get(f"/api/events?limit=3&cursor={cursor}")).json
        assert page["total"] == 7
        seen += [e["subject"] for e in page["items"]]
        cursor = page["next"]
        await gateway.tell("order.validated", "SO-new", tenant="castell")
    assert seen == [f"SO-{n}" for n in range(6, -1, -1)]
