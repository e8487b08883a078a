"""The order view, fed with events as the shipped workflows, the systems and cases publish them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from crossdock import exactjson
from crossdock.cases import approvals, casework, holds
from crossdock.db import Tx
from crossdock.events import envelope, inbox
from crossdock.policy import Principal, Role
from crossdock.tower import kpis, projection, rebuilding

TENANT = "norrland"
MORNING = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
D = Decimal
ANN = Principal(name="ann", role=Role.ADMIN, tenant_id=TENANT)


async def test_a_whole_order_ends_with_every_quantity_and_amount_accounted_for(story: Any) -> None:
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


async def test_what_is_short_is_on_backorder_until_it_is_released(story: Any) -> None:
    await story.until_released()
    line = (await story.lines())["2"]
    assert (line["reserved"], line["backordered"]) == (3, 2)
    await story.tell("backorder.released", shipment="L-2", lines=[{"line": "2", "sku": "NF-2", "quantity": 1}])
    line = (await story.lines())["2"]
    assert (line["reserved"], line["backordered"]) == (4, 1)
    await story.tell("backorder.closed", outcome="cancelled", reason="late", left=[{"line": "2", "quantity": 1}])
    assert (await story.lines())["2"]["backordered"] == 0


async def test_the_first_promise_is_kept_beside_the_last(story: Any) -> None:
    await story.until_closed()
    order = await story.view()
    assert (str(order["first_promised_on"]), str(order["promised_on"])) == ("2026-03-04", "2026-03-12")
    assert order["delivered_at"] == order["completed_at"] == datetime(2026, 3, 12, 10, tzinfo=UTC)


async def test_a_correction_before_pricing_takes_its_lines_along(story: Any) -> None:
    await story.received()
    line = {"line": "2", "sku": "NF-2", "quantity": 5, "unit": "EA", "base_quantity": 5, "unit_price": 1, "amount": 5}
    await story.tell("order.priced", total=D("5.00"), currency="EUR", cost=2, lines=[{**line, "cost": 2}])
    assert set(await story.lines()) == {"2"}
    assert (await story.view())["lines"] == 1


async def test_a_repeated_event_counts_once_and_a_rebuild_gives_the_same(story: Any) -> None:
    await story.until_closed()
    order, lines = await story.view(), await story.lines()
    async with story.db.transaction(TENANT) as tx:
        rows = await tx.fetch("select seq, body from crossdock.event order by seq")
        await projection.project(tx, TENANT, [(row["seq"], exactjson.loads(row["body"])) for row in rows])
    assert _same(await story.view(), order)
    async with story.db.transaction(TENANT) as tx:
        assert await projection.rebuild(tx, TENANT) == len(rows)
    assert _same(await story.view(), order)
    assert await story.lines() == lines


async def test_a_rebuild_while_it_serves_gives_the_same_and_loses_nothing_that_comes_meanwhile(story: Any) -> None:
    await story.until_closed()
    first, lines = await story.view(), await story.lines()
    story.order = "SO-10002"
    await story.until_released()
    await story.project()
    await story.tell(
        "order.shipped", shipment="L-1", lines=[{"line": "1", "quantity": 24}]
    )  # stored, and not handed on yet
    done = await rebuilding.rebuild(story.db, TENANT, at_once=1)
    assert done.orders == 2
    assert done.events == await _events(story)
    assert (await story.view())["shipments"] == 1, "counted once by the rebuild and the relay together"
    story.order = "SO-10001"
    assert _same(await story.view(), first)
    assert await story.lines() == lines


async def _events(story: Any) -> int:
    async with story.db.transaction(TENANT) as tx:
        return int(await tx.fetchval("select count(*) from crossdock.event where subject like 'SO-%'"))


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return {**one, "updated_at": None} == {**other, "updated_at": None}


async def test_cases_approvals_and_holds_are_counted_as_their_own_code_publishes_them(story: Any) -> None:
    await story.received()
    new = casework.New(kind="k", queue="q", title="t", order=story.order)
    request = approvals.Request(kind="c", title="t", data={}, order=story.order)
    async with story.db.transaction(TENANT) as tx:
        case = await casework.open_case(tx, TENANT, new, MORNING)
        other = await casework.open_case(tx, TENANT, new, MORNING)
        asked = await approvals.request(tx, TENANT, request, MORNING)
        hold = await holds.place(tx, TENANT, "order", story.order, kind="c", reason="r", by="ann", now=MORNING)
    order = await story.view()
    assert [order[k] for k in ("open_cases", "pending_approvals", "human_touches")] == [2, 1, 1]
    async with story.db.transaction(TENANT) as tx:
        await casework.resolve(tx, TENANT, case.case_id, "close", "ann", MORNING)
        await casework.close_by_system(tx, TENANT, other.case_id, "gone", MORNING)
        await approvals.decide(tx, TENANT, asked.approval_id, ANN, "approved", MORNING, hash=asked.hash)
        await holds.release(tx, TENANT, hold.hold_id, "policy:demo", "", MORNING)
    order = await story.view()
    counts = ("open_cases", "cases", "pending_approvals", "approvals", "human_touches", "touches_to_invoice")
    assert [order[k] for k in counts] == [0, 2, 0, 1, 3, 3], "a policy's release is nobody's touch"


async def test_touches_after_the_invoice_do_not_undo_a_touchless_order(story: Any) -> None:
    await story.until_closed()
    async with story.db.transaction(TENANT) as tx:
        case = await casework.open_case(
            tx, TENANT, casework.New(kind="k", queue="q", title="t", order=story.order), MORNING
        )
        await casework.resolve(tx, TENANT, case.case_id, "close", "ann", MORNING)
    order = await story.view()
    assert (order["human_touches"], order["touches_to_invoice"]) == (1, 0)


async def test_an_order_typed_in_was_touched(story: Any) -> None:
    await story.received(channel="manual")
    assert (await story.view())["touches_to_invoice"] == 1


@pytest.mark.parametrize("type", ["com.example.seen", "crossdock.order.unheard-of", "crossdock.system.unrecognised"])
async def test_events_that_mean_nothing_here_change_nothing(story: Any, type: str) -> None:
    await story.received()
    before = await story.view()
    async with story.db.transaction(TENANT) as tx:
        event = envelope.make(type, subject=story.order, data=["not", "an", "object"], now=MORNING, source="x")
        await inbox.receive(tx, TENANT, event)
    assert await story.view() == before


# ── figures ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def figures(story: Any, now: datetime) -> dict[str, kpis.Kpi]:
    await story.project()
    async with story.db.transaction(TENANT) as tx:
        return {k.key: k for k in await kpis.strip(tx, TENANT, now)}


async def test_without_orders_a_ratio_has_no_value(story: Any) -> None:
    strip = await figures(story, MORNING)
    assert (strip["otif"].value, strip["cycle_time"].value, strip["touchless"].value) == (None, None, None)
    assert strip["open_orders"].value == "0"
    assert all(k.formula and k.delta is None for k in strip.values())


async def test_otif_counts_an_order_once_its_day_is_over_against_the_first_promise(story: Any) -> None:
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


async def test_open_orders_are_counted_as_of_their_moment(story: Any) -> None:
    await story.until_closed()
    end = story.at
    assert (await figures(story, end - timedelta(minutes=30)))["open_orders"].value == "1"
    strip = await figures(story, end + timedelta(days=7))
    assert (strip["open_orders"].value, strip["open_orders"].delta) == ("0", "0")
    assert len(strip["open_orders"].series) == 24


async def test_throughput_adds_up_to_what_was_received(story: Any) -> None:
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
