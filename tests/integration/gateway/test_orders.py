"""The list of orders: filters, pages that neither repeat nor lose, export; and finding things."""

import csv
import io
from typing import Any

from crossdock.tower import orders


async def several(gateway: Any, count: int = 12) -> Any:
    browser = await gateway.as_("cora")
    for n in range(count):
        order = {
            "customer_id": f"C-{n % 3}",
            "po": f"P-{n:03}",
            "currency": "EUR",
            "requested_on": f"2030-01-{n % 4 + 1:02}",
            "total": f"{n % 5}.50",
            "lines": [{"sku": "NF-1", "quantity": "1", "unit_price": f"{n % 5}.50"}],
        }
        assert (await browser.post("/api/orders", order)).json["status"] == "accepted"
    await gateway.hand_on()
    return browser


async def test_pages_neither_repeat_nor_lose_an_order_whatever_the_sort(gateway: Any) -> None:
    browser = await several(gateway)
    for sort in [way + by for by in orders.SORTS for way in ("", "-")]:
        whole = (await browser.get(f"/api/orders?sort={sort}&limit=100")).json
        assert whole["total"] == len(whole["items"]) == 12
        assert whole["next"] is None
        seen: list[str] = []
        cursor = ""
        while cursor is not None:
            page = (await browser.get(f"/api/orders?sort={sort}&limit=5&cursor={cursor}")).json
            seen += [o["order"] for o in page["items"]]
            cursor = page["next"]
        assert seen == [o["order"] for o in whole["items"]], sort


async def test_a_cursor_belongs_to_its_sort(gateway: Any) -> None:
    browser = await several(gateway, 4)
    cursor = (await browser.get("/api/orders?sort=total&limit=1")).json["next"]
    refused = await browser.get(f"/api/orders?sort=-total&limit=1&cursor={cursor}")
    assert refused.status == 422
    assert refused.json["findings"][0]["code"] == "list.cursor"
    assert (await browser.get("/api/orders?cursor=%ff%00x")).status == 422
    assert (await browser.get("/api/orders?sort=password")).status == 422
    assert (await browser.get("/api/orders?limit=100000")).status == 422


async def test_filters_and_search_find_what_they_say(gateway: Any) -> None:
    browser = await several(gateway)
    assert {o["customer_id"] for o in (await browser.get("/api/orders?customer=C-1")).json["items"]} == {"C-1"}
    assert [o["po"] for o in (await browser.get("/api/orders?q=p-003")).json["items"]] == ["P-003"]
    assert (await browser.get("/api/orders?q=%25")).json["total"] == 0, "a percent sign is a text like another"
    assert (await browser.get("/api/orders?status=closed")).json["total"] == 0
    assert (await browser.get("/api/orders?late=true")).json["total"] == 0
    assert (await browser.get("/api/orders?channel=manual&status=open")).json["total"] > 8


async def test_an_order_is_late_when_its_day_is_over(gateway: Any) -> None:
    browser = await gateway.as_("cora")
    lines = [{"sku": "NF-1", "quantity": "1"}]
    await browser.post("/api/orders", {"customer_id": "C-1", "po": "1", "requested_on": "2020-01-01", "lines": lines})
    await gateway.hand_on()
    listed = (await browser.get("/api/orders?late=true")).json["items"]
    assert [o["po"] for o in listed] == ["1"]


async def test_the_export_is_the_list_and_calculates_nothing(gateway: Any) -> None:
    browser = await several(gateway, 4)
    lines = [{"sku": "NF-1", "quantity": "1"}]
    await browser.post("/api/orders", {"customer_id": "C-1", "po": "=HYPERLINK(1)", "lines": lines})
    await gateway.hand_on()
    answer = await browser.get("/api/orders.csv?sort=-received_at")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.body.decode())))
    listed = (await browser.get("/api/orders?limit=100")).json["items"]
    assert [r["order"] for r in rows] == [o["order"] for o in listed]
    assert rows[0]["po"] == "'=HYPERLINK(1)"
    assert (await browser.get("/api/orders.csv?sort=nothing")).status == 422


async def test_search_finds_by_what_one_remembers(gateway: Any) -> None:
    things = await gateway.things()
    cora = await gateway.as_("cora")
    async with gateway.db.transaction("norrland") as tx:
        await tx.execute(
            "insert into crossdock.catalogue_customer (tenant_id, customer_id, name, tier, body) "
            "values ('norrland', 'C-0007', 'Bolts & Co', 'A', '{}')"
        )
    found = (await cora.get(f"/api/search?q={things.order}")).json["items"]
    assert {h["kind"] for h in found} >= {"order", "case", "approval", "document"}
    assert found[0]["kind"] == "order"
    by_name = (await cora.get("/api/search?q=bolts")).json["items"]
    assert {(h["kind"], h["link"]) for h in by_name} >= {
        ("order", f"/orders/{things.order}"), ("customer", "/orders?customer=C-0007"),
    }  # fmt: skip
    assert (await cora.get("/api/customers?q=co")).json["items"] == [
        {"customer_id": "C-0007", "name": "Bolts & Co", "tier": "A", "ship_to": None, "currency": None}
    ]
