"""The order view, fed with events as the shipped workflows, the systems and cases publish them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from crossdock import exactjson
from crossdock.cases import approvals, casework, holds
from crossdock.db import Database, Tx
from crossdock.events import envelope, inbox
from crossdock.events.relay import Relay
from crossdock.policy import Principal, Role
from crossdock.tower import kpis, projection

TENANT = "norrland"
MORNING = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
D = Decimal


class Story:
    """Tells events about one order, an hour apart, and has them projected."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.at = MORNING
        self.order = "SO-10001"
        self.seq = 0

    async def tell(self, type: str, *, source: str = "https://crossdock.dev/order-to-cash", **data: Any) -> None:
        self.at += timedelta(hours=1)
        self.seq += 1
        async with self.db.transaction(TENANT) as tx:
            event = envelope.make(
                f"crossdock.{type}", subject=self.order, data={"order": self.order, **data}, now=self.at, source=source,
                id=f"{self.order}/{self.seq}",
            )  # fmt: skip
            await inbox.receive(tx, TENANT, exactjson.plain(event))

    async def project(self) -> None:
        relay = Relay(self.db, [projection.project])
        while await relay.once():
            pass
        async with self.db.transaction(TENANT) as tx:
            assert await tx.fetchval("select count(*) from crossdock.dead_letter") == 0

    async def view(self) -> dict[str, Any]:
        await self.project()
        async with self.db.transaction(TENANT) as tx:
            return dict(await tx.fetchrow("select * from crossdock.order_view where order_no = $1", self.order) or {})

    async def lines(self) -> dict[str, dict[str, Any]]:
        await self.project()
        async with self.db.transaction(TENANT) as tx:
            rows = await tx.fetch("select * from crossdock.order_line_view where order_no = $1", self.order)
        return {r["line"]: dict(r) for r in rows}

    async def received(self, channel: str = "json", **more: Any) -> None:
        line = {"items": [{"scheme": "supplier", "value": "NF-1"}], "description": "Bolt", "unit_price": D("2.50")}
        await self.tell(
            "order.received", source="/crossdock/intake",
            **({"order": {
                "order": self.order, "po": "45", "channel": channel, "document": None, "received_at": "2026-03-02T08:00:00Z",
                "customer_id": "C-1", "currency": "EUR", "ship_to": {"city": "Umeå"}, "requested_on": "2026-03-05",
                "cancel_after": None, "stated_total": D("50.00"),
                "lines": [{**line, "line": "1", "quantity": D(2), "unit": "CS"}, {**line, "line": "2", "quantity": D(5), "unit": "EA"}],
                **more,
            }}),
        )  # fmt: skip

    async def priced(self) -> None:
        """Amount and cost are of the whole line; a case of 12."""
        lines = [
            {"line": "1", "sku": "NF-1", "description": "Bolt", "quantity": 2, "unit": "CS", "base_quantity": 24,
             "cost": D("30.00"), "weight_kg": 1, "unit_price": D("25.00"), "amount": D("50.00")},
            {"line": "2", "sku": "NF-2", "description": "Nut", "quantity": 5, "unit": "EA", "base_quantity": 5,
             "cost": None, "weight_kg": 1, "unit_price": D("1.00"), "amount": D("5.00")},
        ]  # fmt: skip
        await self.tell(
            "order.priced", currency="EUR", total=D("55.00"), contract_total=D("55.00"), stated_total=D("50.00"),
            basis="contract", rule="r1", cost=D("30.00"), lines=lines,
        )  # fmt: skip

    async def until_released(self) -> None:
        await self.received()
        await self.tell("order.validated", lines=2, total=D("55.00"), currency="EUR")
        await self.priced()
        await self.tell("order.credit-cleared", decision="auto", rule="r2", total=D("55.00"), currency="EUR")
        reservations = [
            {"reservation": "R-1", "site": "LUL", "lines": [{"line": "1", "sku": "NF-1", "quantity": 14}]},
            {"reservation": "R-2", "site": "UME", "lines": [{"line": "1", "sku": "NF-1", "quantity": 10}, {"line": "2", "sku": "NF-2", "quantity": 3}]},
        ]  # fmt: skip
        short = [{"line": "2", "sku": "NF-2", "quantity": 2}]
        await self.tell("order.allocated", reservations=reservations, short=short, strategy="nearest", rule="r3")
        await self.tell("order.backordered", lines=short)
        shipments = [
            {"shipment": "L-1", "site": "LUL", "tracking": "T1", "promised_on": "2026-03-04", "shipped": False}
        ]
        await self.tell("order.released", shipments=shipments, promised_on="2026-03-04")

    async def until_closed(self) -> None:
        await self.until_released()
        await self.tell("shipment.shipped", source="wms", shipment="L-1", site="LUL", tracking="T1", lines=[])
        await self.tell("order.shipped", shipment="L-1", site="LUL", tracking="T1", lines=[{"line": "1", "sku": "NF-1", "quantity": 24}, {"line": "2", "sku": "NF-2", "quantity": 3}])  # fmt: skip
        await self.tell("order.invoiced", shipment="L-1", invoice="I-1", currency="EUR", net=D("53.00"), tax=D("13.25"), total=D("66.25"), due_on="2026-04-01", lines=[{"line": "1", "sku": "NF-1", "quantity": 24, "unit_price": D("2.083333"), "amount": D("50.00")}, {"line": "2", "sku": "NF-2", "quantity": 3, "unit_price": 1, "amount": D("3.00")}])  # fmt: skip
        await self.tell("order.delivered", tracking="T1", delivered_at="2026-03-04T10:00:00.000+00:00", signed_by="B", complete=False)  # fmt: skip
        await self.tell("backorder.released", source="https://crossdock.dev/backorder", shipment="L-2", site="SUN", tracking="T2", promised_on="2026-03-12", lines=[{"line": "2", "sku": "NF-2", "quantity": 2}])  # fmt: skip
        await self.tell("backorder.closed", source="https://crossdock.dev/backorder", outcome="filled", reason=None, left=[])  # fmt: skip
        await self.tell("order.shipped", shipment="L-2", site="SUN", tracking="T2", lines=[{"line": "2", "sku": "NF-2", "quantity": 2}])  # fmt: skip
        await self.tell("order.invoiced", shipment="L-2", invoice="I-2", currency="EUR", net=2, tax=D("0.50"), total=D("2.50"), due_on="2026-04-09", lines=[{"line": "2", "sku": "NF-2", "quantity": 2, "unit_price": 1, "amount": D("2.00")}])  # fmt: skip
        await self.tell("order.delivered", tracking="T2", delivered_at="2026-03-12T10:00:00Z", signed_by="B", complete=True)  # fmt: skip
        await self.tell("order.paid", invoice="I-1", payment="py_1", amount=D("66.25"), currency="EUR")
        await self.tell("order.paid", invoice="I-2", payment="py_2", amount=D("2.50"), currency="EUR")
        await self.tell("order.closed", invoiced=D("68.75"), invoices=["I-1", "I-2"], currency="EUR")


@pytest.fixture
def story(database: Database) -> Story:
    return Story(database)


async def test_a_whole_order_ends_with_every_quantity_and_amount_accounted_for(story: Story) -> None:
    await story.until_closed()
    order, lines = await story.view(), await story.lines()
    assert (order["outcome"], order["lines"], order["total"], order["cost"]) == ("closed", 2, D("55.00"), D("30.00"))
    assert (order["invoiced"], order["tax"], order["paid"]) == (D("68.75"), D("13.75"), D("68.75"))
    assert (order["shipments"], order["deliveries"]) == (2, 2)
    for name, total in (("1", 24), ("2", 5)):
        line = lines[name]
        assert [line[k] for k in ("reserved", "shipped", "invoiced")] == [total] * 3, name
        assert line["backordered"] == 0
    assert lines["1"]["sku"] == "NF-1"
    assert lines["2"]["unit_price"] == D("1.00")


async def test_what_is_short_is_on_backorder_until_it_is_released(story: Story) -> None:
    await story.until_released()
    line = (await story.lines())["2"]
    assert (line["reserved"], line["backordered"]) == (3, 2)
    await story.tell("backorder.released", shipment="L-2", lines=[{"line": "2", "sku": "NF-2", "quantity": 1}])
    line = (await story.lines())["2"]
    assert (line["reserved"], line["backordered"]) == (4, 1)
    await story.tell("backorder.closed", outcome="cancelled", reason="late", left=[{"line": "2", "quantity": 1}])
    assert (await story.lines())["2"]["backordered"] == 0


async def test_the_first_promise_is_kept_beside_the_last(story: Story) -> None:
    await story.until_closed()
    order = await story.view()
    assert (str(order["first_promised_on"]), str(order["promised_on"])) == ("2026-03-04", "2026-03-12")
    assert order["delivered_at"] == order["completed_at"] == datetime(2026, 3, 12, 10, tzinfo=UTC)


async def test_a_correction_before_pricing_takes_its_lines_along(story: Story) -> None:
    await story.received()
    await story.tell("order.priced", total=D("5.00"), currency="EUR", cost=2, lines=[{"line": "2", "sku": "NF-2", "quantity": 5, "unit": "EA", "base_quantity": 5, "unit_price": 1, "amount": 5, "cost": 2}])  # fmt: skip
    assert set(await story.lines()) == {"2"}
    assert (await story.view())["lines"] == 1


async def test_a_repeated_event_counts_once_and_a_rebuild_gives_the_same(story: Story) -> None:
    await story.until_closed()
    order, lines = await story.view(), await story.lines()
    async with story.db.transaction(TENANT) as tx:
        rows = await tx.fetch("select seq, body from crossdock.event order by seq")
        for row in rows:
            await projection.project(tx, TENANT, row["seq"], exactjson.loads(row["body"]))
    assert _same(await story.view(), order)
    async with story.db.transaction(TENANT) as tx:
        assert await projection.rebuild(tx, TENANT) == len(rows)
    assert _same(await story.view(), order)
    assert await story.lines() == lines


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return {**one, "updated_at": None} == {**other, "updated_at": None}


async def test_cases_approvals_and_holds_are_counted_as_their_own_code_publishes_them(story: Story) -> None:
    await story.received()
    ann = Principal(name="ann", role=Role.ADMIN, tenant_id=TENANT)
    async with story.db.transaction(TENANT) as tx:
        case = await casework.open_case(
            tx, TENANT, casework.New(kind="k", queue="q", title="t", order=story.order), MORNING
        )
        other = await casework.open_case(
            tx, TENANT, casework.New(kind="k", queue="q", title="t", order=story.order), MORNING
        )
        asked = await approvals.request(
            tx, TENANT, approvals.Request(kind="c", title="t", data={}, order=story.order), MORNING
        )
        hold = await holds.place(tx, TENANT, "order", story.order, kind="c", reason="r", by="ann", now=MORNING)
    order = await story.view()
    assert [order[k] for k in ("open_cases", "pending_approvals", "human_touches")] == [2, 1, 1]
    async with story.db.transaction(TENANT) as tx:
        await casework.resolve(tx, TENANT, case.case_id, "close", "ann", MORNING)
        await casework.close_by_system(tx, TENANT, other.case_id, "gone", MORNING)
        await approvals.decide(tx, TENANT, asked.approval_id, ann, "approved", MORNING, hash=asked.hash)
        await holds.release(tx, TENANT, hold.hold_id, "policy:demo", "", MORNING)
    order = await story.view()
    counts = ("open_cases", "cases", "pending_approvals", "approvals", "human_touches", "touches_to_invoice")
    assert [order[k] for k in counts] == [0, 2, 0, 1, 3, 3], "a policy's release is nobody's touch"


async def test_touches_after_the_invoice_do_not_undo_a_touchless_order(story: Story) -> None:
    await story.until_closed()
    async with story.db.transaction(TENANT) as tx:
        case = await casework.open_case(
            tx, TENANT, casework.New(kind="k", queue="q", title="t", order=story.order), MORNING
        )
        await casework.resolve(tx, TENANT, case.case_id, "close", "ann", MORNING)
    order = await story.view()
    assert (order["human_touches"], order["touches_to_invoice"]) == (1, 0)


async def test_an_order_typed_in_was_touched(story: Story) -> None:
    await story.received(channel="manual")
    assert (await story.view())["touches_to_invoice"] == 1


@pytest.mark.parametrize("type", ["com.example.seen", "crossdock.order.unheard-of", "crossdock.system.unrecognised"])
async def test_events_that_mean_nothing_here_change_nothing(story: Story, type: str) -> None:
    await story.received()
    before = await story.view()
    async with story.db.transaction(TENANT) as tx:
        event = envelope.make(type, subject=story.order, data=["not", "an", "object"], now=MORNING, source="x")
        await inbox.receive(tx, TENANT, event)
    assert await story.view() == before


# ── figures ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def figures(story: Story, now: datetime) -> dict[str, kpis.Kpi]:
    await story.project()
    async with story.db.transaction(TENANT) as tx:
        return {k.key: k for k in await kpis.strip(tx, TENANT, now)}


async def test_without_orders_a_ratio_has_no_value(story: Story) -> None:
    strip = await figures(story, MORNING)
    assert (strip["otif"].value, strip["cycle_time"].value, strip["touchless"].value) == (None, None, None)
    assert strip["open_orders"].value == "0"
    assert all(k.formula and k.delta is None for k in strip.values())


async def test_otif_counts_an_order_once_its_day_is_over_against_the_first_promise(story: Story) -> None:
    await story.until_closed()  # first promise the 4th, in full only on the 12th
    story.order = "SO-10002"
    await story.received()
    await story.priced()
    await story.tell("order.released", shipments=[], promised_on="2026-03-04")
    await story.tell("order.shipped", lines=[{"line": "1", "quantity": 24}, {"line": "2", "quantity": 5}])
    await story.tell("order.delivered", delivered_at="2026-03-04T23:30:00Z", complete=True)
    assert (await figures(story, datetime(2026, 3, 4, 23, 59, tzinfo=UTC)))["otif"].value is None, "the day is not over"
    strip = await figures(story, datetime(2026, 3, 10, 12, tzinfo=UTC))
    assert (strip["otif"].value, strip["otif"].note) == ("50.0", "2 orders due")
    async with story.db.transaction(TENANT) as tx:
        await tx.execute("update crossdock.tenant set time_zone = 'Europe/Stockholm'")
    assert (await figures(story, datetime(2026, 3, 10, 12, tzinfo=UTC)))["otif"].value == "0.0", "it was the 5th there"


async def test_open_orders_are_counted_as_of_their_moment(story: Story) -> None:
    await story.until_closed()
    end = story.at
    assert (await figures(story, end - timedelta(minutes=30)))["open_orders"].value == "1"
    strip = await figures(story, end + timedelta(days=7))
    assert (strip["open_orders"].value, strip["open_orders"].delta) == ("0", "0")
    assert len(strip["open_orders"].series) == 24


async def test_throughput_adds_up_to_what_was_received(story: Story) -> None:
    for n, channel in enumerate(["x12", "edifact", "json", "csv", "xlsx", "manual"]):
        story.order = f"SO-{n}"
        await story.received(channel=channel)
    await story.project()

    async def rows(tx: Tx) -> list[dict[str, Any]]:
        return await kpis.throughput(tx, TENANT, story.at, 24)

    async with story.db.transaction(TENANT) as tx:
        buckets = await rows(tx)
    assert len(buckets) == 24
    assert sum(b["total"] for b in buckets) == 6
    assert [sum(b[k] for b in buckets) for k in ("x12", "json", "csv", "manual")] == [2, 1, 2, 1]
