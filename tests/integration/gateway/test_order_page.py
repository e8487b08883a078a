"""What the order's page reads: a story in pages that neither repeat nor lose, and what lies around the order."""

from datetime import datetime, timedelta
from decimal import Decimal
from importlib.resources import files
from typing import Any

from crossdock import exactjson
from crossdock.events import envelope
from crossdock.tower import timeline

from .conftest import MORNING, TENANT, Story, part


async def told(gateway: Any) -> Story:
    story = Story(gateway.db)
    await story.until_closed()
    await story.project()
    return story


async def test_the_pages_of_a_long_story_neither_repeat_nor_lose_anything(gateway: Any) -> None:
    story = await told(gateway)
    async with gateway.db.transaction(TENANT) as tx:
        rows = [
            # ten of one moment each: a page ends between moments
            envelope.make(
                "crossdock.tracking.in-transit", subject=story.order, source="carrier", id=f"t{n}",
                data={"order": story.order, "tracking": "T1", "n": n}, now=MORNING + timedelta(minutes=n // 10),
            )
            for n in range(3000)
        ]  # fmt: skip
        await tx.executemany(
            "insert into crossdock.event (tenant_id, source, id, type, subject, time, body)"
            " values ($1, $2, $3, $4, $5, $6, $7)",
            [
                (TENANT, r["source"], r["id"], r["type"], r["subject"], datetime.fromisoformat(str(r["time"])),
                 exactjson.text(r))
                for r in rows
            ],
        )  # fmt: skip
    browser = await gateway.as_("vera")
    first = (await browser.get(f"/api/orders/{story.order}")).json
    assert len(first["timeline"]) <= 2 * timeline.PAGE, "a long story does not make the page long"
    around = (await browser.get(f"/api/orders/{story.order}/around")).json
    assert around["counts"]["events"] == 3000 + story.seq
    seen, before, pages = list(first["timeline"]), first["earlier"], 1
    while before is not None:
        page = (await browser.get(f"/api/orders/{story.order}/timeline?before={before.replace('+', '%2B')}")).json
        assert page["timeline"], "a page has something, or there is none"
        assert page["timeline"][-1]["at"] < seen[0]["at"], "it ends before the later one begins"
        seen, before, pages = page["timeline"] + seen, page["earlier"], pages + 1
    numbers = [i["data"]["n"] for i in seen if i["title"] == "In transit"]
    assert pages > 5
    assert numbers == sorted(numbers) == list(range(3000))
    assert len(seen) == 3000 + story.seq


async def test_a_page_is_asked_for_by_a_moment_in_a_zone(gateway: Any) -> None:
    story = await told(gateway)
    browser = await gateway.as_("vera")
    assert (await browser.get(f"/api/orders/{story.order}/timeline?before=2026-03-02T10:00:00")).status == 422
    early = (await browser.get(f"/api/orders/{story.order}/timeline?before=2026-03-02T10:30:00Z")).json
    assert [i["title"] for i in early["timeline"]] == ["Order received", "Validated"]


async def test_shipments_invoices_and_returns_are_told_with_their_numbers(gateway: Any) -> None:
    story = await told(gateway)
    asked = {"request": "1001", "reason": "damaged", "lines": [part("1", 2)]}
    await story.tell("return.requested", **asked)
    await story.tell("return.approved", **asked, goods="back")
    credit = {"credit": "K-1", "invoice": "I-1", "total": Decimal("5.25")}
    await story.tell("return.credited", request="1001", rma="RMA-1", credits=[credit], total=Decimal("5.25"))
    await story.project()
    browser = await gateway.as_("vera")
    around = (await browser.get(f"/api/orders/{story.order}/around")).json
    one, two = around["shipments"]
    assert (one["shipment"], one["site"], one["tracking"], one["status"]) == ("L-1", "LUL", "T1", "delivered")
    assert (one["signed_by"], one["delivered_at"]) == ("B", "2026-03-04T10:00:00Z")
    assert (two["shipment"], two["promised_on"], two["status"]) == ("L-2", "2026-03-12", "delivered")
    bill = around["invoices"][0]
    assert (bill["invoice"], bill["total"], bill["paid"], bill["credited"]) == ("I-1", "66.25", "66.25", "5.25")
    assert bill["open"] == "-5.25", "what was paid and credited is the customer's"
    claim = around["claims"][0]
    assert (claim["kind"], claim["status"], claim["rma"], claim["credits"]) == ("return", "credited", "RMA-1", ["K-1"])
    assert around["credited"] == "5.25"


async def test_the_same_customers_order_of_the_same_number_is_named(gateway: Any) -> None:
    browser = await gateway.as_("cora")
    lines = [{"sku": "NF-1", "quantity": "1"}]
    one = (await browser.post("/api/orders", {"customer_id": "C-1", "po": "P-9", "lines": lines})).json["order"]
    async with gateway.db.transaction(TENANT) as tx:
        await tx.execute(
            "insert into crossdock.order_view (tenant_id, order_no, po, customer_id, received_at, updated_at)"
            " select $1, x.no, 'P-9', x.customer, crossdock.now(), crossdock.now()"
            " from (values ('SO-2', 'C-1'), ('SO-3', 'C-2')) x (no, customer)",
            TENANT,
        )
    await gateway.hand_on()
    related = (await browser.get(f"/api/orders/{one}/around")).json["related"]
    assert [(r["order"], r["kind"]) for r in related] == [("SO-2", "same-po")], "another customer's is not named"


async def test_the_quote_that_an_order_accepted_is_named(gateway: Any) -> None:
    browser = await gateway.as_("cora")
    lines = [{"sku": "NF-1", "quantity": "1"}]
    order = (await browser.post("/api/orders", {"customer_id": "C-1", "po": "P-9", "lines": lines})).json["order"]
    async with gateway.db.transaction(TENANT) as tx:
        await tx.execute(
            "insert into crossdock.quote (tenant_id, quote, revision, state, customer_id, currency, total, lines,"
            " valid_until, token_hash, instance_id, sent_at, order_no)"
            " select $1, x.quote, 2, 'ordered', 'C-1', 'SEK', 66.25, '[]', crossdock.now(), '', gen_random_uuid(),"
            " crossdock.now(), x.order_no from (values ('Q-1', $2), ('Q-2', 'SO-0')) x (quote, order_no)",
            TENANT, order,
        )  # fmt: skip
    await gateway.hand_on()
    found = (await browser.get(f"/api/orders/{order}/around")).json["quotes"]
    assert [(q["quote"], q["revision"], q["total"]) for q in found] == [("Q-1", 2, "66.25")]


async def test_a_partner_reads_its_own_story_without_ours(gateway: Any) -> None:
    story = await told(gateway)
    own, other = await gateway.key("partner", partner="C-1"), await gateway.key("partner", partner="C-2")
    page = (await own.get(f"/api/orders/{story.order}/timeline")).json
    assert page["calls"] == page["decisions"] == []
    assert {i["kind"] for i in page["timeline"]} <= timeline.FOR_PARTNERS
    around = (await own.get(f"/api/orders/{story.order}/around")).json
    assert around["counts"]["calls"] is None
    assert around["freight"] is None
    assert {s["site"] for s in around["shipments"]} == {""}
    for path in ("timeline", "around"):
        assert (await other.get(f"/api/orders/{story.order}/{path}")).status == 404


async def test_an_order_is_found_by_what_stands_on_its_parcels_and_invoices(gateway: Any) -> None:
    story = await told(gateway)
    packages = [{"sscc": "073500010000080017", "lines": [part("1", 24)]}]
    await story.tell("shipment.packed", source="wms", shipment="L-1", tracking="1ZN0600", packages=packages)
    await story.project()
    browser = await gateway.as_("vera")

    async def found(text: str, who: Any = browser) -> list[tuple[str, str]]:
        hits = (await who.get(f"/api/search?q={text}")).json["items"]
        return [(h["id"], h["link"]) for h in hits if h["kind"] == "order"]

    goods = [(story.order, f"/orders/{story.order}?part=shipments")]
    for text in ("073500010000080017", "0735000100", "(00)073500010000080017", "00073500010000080017", "1zn0600"):
        assert await found(text) == goods, text
    await story.tell("order.invoiced", invoice="0090000008", net=1, tax=0, total=1, lines=[])
    await story.project()
    assert await found("0090000008") == [(story.order, f"/orders/{story.order}?part=money")]
    assert await found("99") == [], "short numbers are everybody's"
    for role, partner, hits in (("partner", "C-1", goods), ("partner", "C-2", [])):
        key = await gateway.key(role, partner=partner)
        assert await found("073500010000080017", key) == hits
    assert await found("073500010000080017", await gateway.as_("carl")) == []


async def test_the_numbers_of_orders_that_were_already_there_are_read_from_their_events(gateway: Any) -> None:
    story = await told(gateway)
    await story.tell("shipment.packed", source="wms", shipment="L-1", packages=[{"sscc": "073500010000080017"}])
    await story.project()
    migration = files("crossdock.migrations").joinpath("sql", "0041_order_links.sql").read_text("utf-8")
    filling = migration[migration.index("insert into crossdock.order_number") :]
    async with gateway.db.transaction(TENANT) as tx:
        kept = await tx.fetch("select order_no, kind, value from crossdock.order_number order by 1, 2, 3")
        await tx.execute("delete from crossdock.order_number")
        await tx.execute(filling)
        again = await tx.fetch("select order_no, kind, value from crossdock.order_number order by 1, 2, 3")
    assert {r["kind"] for r in kept} == {"invoice", "shipment", "sscc", "tracking"}
    assert again == kept
