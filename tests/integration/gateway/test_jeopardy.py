"""Promises before they break: plans by version, the risk with its reason, its case, the list, and what was learned."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from crossdock import clock, exactjson
from crossdock.cases import calendars, rulings
from crossdock.errors import PartnerError
from crossdock.events import envelope, inbox
from crossdock.events.relay import Relay
from crossdock.tower import jeopardy, projection
from crossdock.tower.jeopardy import learning

T = "norrland"
# A Wednesday; clocks change on the 29th. Umeå is UTC+1.
MORNING = datetime(2026, 3, 4, 8, 0, tzinfo=UTC)
WEEK = {d: ["06:00-22:00"] for d in ("monday", "tuesday", "wednesday", "thursday", "friday")}


class Scene:
    """Tells about orders at its own time, and looks at what is due."""

    def __init__(self, gateway: Any) -> None:
        self.gateway = gateway
        self.at = MORNING

    async def time(self, at: datetime) -> None:
        self.at = at
        async with self.gateway.db.transaction() as tx:
            await clock.set_to(tx, at, 0)

    async def received(self, order: str, wanted: str | None, price: int = 100, **more: Any) -> None:
        lines = [{"line": "1", "quantity": Decimal(1), "unit": "EA", "unit_price": Decimal(price), "items": []}]
        given = {
            "order": order, "channel": "json", "requested_on": wanted, "lines": lines, "customer_id": "C-1",
            "currency": "SEK", "ship_to": {"city": "Umeå", "country": "SE", "region": ""}, **more,
        }  # fmt: skip
        event = envelope.make("crossdock.order.received", subject=order, data={"order": given}, now=self.at, source="t")
        async with self.gateway.db.transaction(T) as tx:
            await inbox.receive(tx, T, event)
        await self.look()

    async def tell(self, what: str, order: str, **data: Any) -> None:
        await self.gateway.tell(what, order, at=self.at, **data)
        await self.look()

    async def look(self) -> int:
        relay = Relay(self.gateway.db, [projection.project, jeopardy.observe])
        while await relay.once():
            pass
        async with self.gateway.db.transaction(T) as tx:
            assert await tx.fetchval("select count(*) from crossdock.dead_letter") == 0
        return await jeopardy.run_due(self.gateway.db, self.at)

    async def plan(self, order: str) -> Any:
        return (await (await self.gateway.as_("ada", T)).get(f"/api/orders/{order}/plan")).json

    async def due(self, order: str) -> datetime | None:
        async with self.gateway.db.transaction(T) as tx:
            return await tx.fetchval("select look_at from crossdock.jeopardy where order_no = $1", order)

    async def case(self, order: str) -> Any:
        async with self.gateway.db.transaction(T) as tx:
            rows = await tx.fetch(
                "select * from crossdock.cases where order_no = $1 and kind = 'promise-at-risk'", order
            )
        assert len(rows) <= 1
        return rows[0] if rows else None


@pytest.fixture
async def scene(gateway: Any) -> Scene:
    made = Scene(gateway)
    await made.time(MORNING)
    async with gateway.db.transaction(T) as tx:
        await tx.execute("update crossdock.tenant set time_zone = 'Europe/Stockholm' where tenant_id = $1", T)
        for site, cut in (("LUL", "15:00"), ("UME", "18:00")):
            document = {
                "name": f"site/{site}", "time_zone": "Europe/Stockholm", "hours": WEEK, "cutoffs": {"ship": cut},
                "holidays": {"country": "SE"},
            }  # fmt: skip
            await calendars.put(tx, T, document, "test", MORNING)
    return made


def shipments(site: str, eta: str, service: str = "GROUND") -> dict[str, Any]:
    parts = [{"shipment": "L-1", "site": site, "tracking": "T1", "service": service, "promised_on": eta, "lines": []}]
    return {"shipments": parts, "promised_on": eta}


async def test_the_reason_names_the_missed_cut_off_the_carriers_days_and_both_dates(scene: Scene) -> None:
    await scene.received("SO-1", "2026-03-10")  # Tuesday: three working days on the road, so it leaves on Thursday
    assert (await scene.plan("SO-1"))["risk"]["level"] == "none"
    await scene.time(datetime(2026, 3, 5, 14, 30, tzinfo=UTC))  # 15:30 in Luleå: its cut-off was at 15:00
    await scene.look()
    found = await scene.plan("SO-1")
    assert found["risk"]["reason"] == (
        "Missed today's 15:00 cut-off at LUL: carrier GROUND needs 3 working days to zone 2, "
        "so delivery is Wednesday 11 March, promised Tuesday 10 March"
    )
    assert (found["risk"]["level"], found["risk"]["days_late"], found["risk"]["money"]) == ("high", 1, "100")
    assert {"kind": "service", "service": "EXPRESS", "expected_on": "2026-03-09",
            "text": "Send it as EXPRESS: delivery on Monday 9 March"} in found["risk"]["could"]  # fmt: skip
    assert any(c["kind"] == "site" and c["site"] == "UME" for c in found["risk"]["could"]), "UME takes until 18:00"


async def test_it_is_looked_at_when_the_last_moment_has_passed_and_not_before(scene: Scene) -> None:
    """The list of what is due decides: between its moments nothing is read."""
    await scene.received("SO-1", "2026-03-10")
    seen = []
    for _ in range(12):
        due = await scene.due("SO-1")
        assert due is not None
        await scene.time(due - timedelta(seconds=1))
        assert await scene.look() == 0
        await scene.time(due)
        assert await scene.look() == 1
        seen.append(((await scene.plan("SO-1"))["risk"]["level"], due))
        if seen[-1][0] == "high":
            break
    # released by 14:00 UTC on Thursday, and two hours for the three steps before it
    assert seen[-1] == ("high", datetime(2026, 3, 5, 12, 0, 1, tzinfo=UTC))
    assert seen[-2][0] == "watch", "tight comes before late"


async def test_a_plan_gets_a_new_version_with_why_and_keeps_the_old_ones(scene: Scene) -> None:
    await scene.received("SO-1", "2026-03-12")
    await scene.tell("order.validated", "SO-1", lines=1)
    await scene.tell("order.credit-cleared", "SO-1")
    parts = [{"reservation": "R", "site": "UME", "lines": [{"line": "1", "quantity": 1}]}]
    await scene.tell("order.allocated", "SO-1", reservations=parts)
    await scene.tell("order.released", "SO-1", **shipments("UME", "2026-03-13"))
    await scene.tell("order.shipped", "SO-1", lines=[{"line": "1", "quantity": 1}])
    found = await scene.plan("SO-1")
    assert [(v["version"], v["why"]) for v in reversed(found["versions"])] == [
        (1, "Requested"),
        (2, "Ships from UME"),
        (3, "Promise moved from 2026-03-12 to 2026-03-13"),
        (4, "The carrier says 2026-03-13"),
    ]
    newest = found["versions"][0]
    assert (newest["promised_on"], newest["site"], newest["lead_days"]) == ("2026-03-13", "UME", 3)
    assert newest["assumed"]["calendars"][0] == "site/UME v1"
    steps = {s["step"]: s for s in found["steps"]}
    assert steps["shipped"]["actual"] is not None
    assert steps["shipped"]["expected"] is None
    assert steps["delivered"]["actual"] is None
    assert steps["delivered"]["expected"] == "2026-03-13T23:00:00Z"
    planned = [s["planned"] for s in found["steps"][:6]]
    assert planned == sorted(planned)


async def test_stock_without_a_date_is_a_risk_and_a_date_from_the_supplier_replans(scene: Scene) -> None:
    await scene.received("SO-1", "2026-03-13")
    await scene.tell("order.backordered", "SO-1", lines=[{"line": "1", "quantity": 1}])
    found = await scene.plan("SO-1")
    assert (
        found["risk"]["reason"] == "1 of 1 line wait for stock that nobody has put a date to, promised Friday 13 March"
    )
    assert (found["risk"]["level"], found["risk"]["expected_on"]) == ("high", None)
    await scene.tell("supplier.delayed", "SO-1", promised_on="2026-03-16")
    found = await scene.plan("SO-1")
    assert found["versions"][0]["why"] == "Stock is expected on 2026-03-16"
    assert found["risk"]["expected_on"] == "2026-03-19"
    assert found["risk"]["reason"].startswith("Waits for stock until Monday 16 March: ")


async def test_a_grave_risk_opens_a_case_once_and_closes_it_when_it_is_over(scene: Scene) -> None:
    await scene.received("SO-1", "2026-03-05", price=40_000)
    case = await scene.case("SO-1")
    assert (case["status"], case["severity"], case["money"], str(case["promised_on"])) == (
        "open", "high", Decimal(40_000), "2026-03-05",
    )  # fmt: skip
    assert case["title"].startswith("Order SO-1: Came in on Wednesday 4 March, too late for the 15:00 cut-off")
    await scene.tell("order.priced", "SO-1", total=40_000, currency="SEK", lines=[])
    assert (await scene.case("SO-1"))["status"] == "open"
    await scene.tell("order.released", "SO-1", **shipments("UME", "2026-03-20"))  # promised anew
    closed = await scene.case("SO-1")
    assert (closed["status"], closed["resolution"]) == ("closed", "withdrawn")
    assert (await scene.plan("SO-1"))["risk"]["case"] is None


async def test_what_is_delivered_or_over_is_at_risk_no_more(scene: Scene) -> None:
    await scene.received("SO-1", "2026-03-05", price=40_000)
    await scene.received("SO-2", "2026-03-05", price=40_000)
    await scene.tell("order.delivered", "SO-1", complete=True)
    await scene.tell("order.cancelled", "SO-2")
    for order in ("SO-1", "SO-2"):
        assert (await scene.case(order))["status"] == "closed"
        assert await scene.due(order) is None
        assert (await scene.plan(order))["risk"]["over"] is True
    ada = await scene.gateway.as_("ada", T)
    assert (await ada.get("/api/at-risk")).json["total"] == 0


async def test_a_promised_day_that_is_over_is_missed_and_its_case_stays(scene: Scene) -> None:
    await scene.received("SO-1", "2026-03-05", price=40_000)
    await scene.time(datetime(2026, 3, 6, 8, 0, tzinfo=UTC))
    await scene.look()
    found = (await scene.plan("SO-1"))["risk"]
    assert (found["level"], found["reason"]) == (
        "missed", "Promised Thursday 5 March, and that day is over; it is expected on Wednesday 11 March",
    )  # fmt: skip
    assert (await scene.case("SO-1"))["status"] == "open"


async def test_trouble_on_the_road_comes_before_the_breach(scene: Scene) -> None:
    await scene.received("SO-1", "2026-03-10")
    await scene.tell("order.released", "SO-1", **shipments("LUL", "2026-03-09"))
    await scene.tell("order.shipped", "SO-1", lines=[{"line": "1", "quantity": 1}])
    assert (await scene.plan("SO-1"))["risk"]["level"] == "none"
    await scene.time(datetime(2026, 3, 9, 9, 0, tzinfo=UTC))
    await scene.tell("tracking.exception", "SO-1", tracking="T1", reason="Weather")
    risk = (await scene.plan("SO-1"))["risk"]
    assert risk["reason"] == (
        "The carrier has had trouble since Monday 9 March: delivery is Tuesday 10 March, promised Monday 9 March"
    )
    assert risk["could"] == [{"kind": "tell", "text": "Tell the customer the new day", "expected_on": None}]


async def test_the_list_is_sorted_filtered_paged_and_counted(scene: Scene) -> None:
    for n, price in enumerate((100, 40_000, 900, 30_000)):
        await scene.received(f"SO-{n}", "2026-03-05", price=price, customer_id=f"C-{n % 2}")
    await scene.received("SO-9", "2026-03-30")
    ada = await scene.gateway.as_("ada", T)
    first = (await ada.get("/api/at-risk?limit=2")).json
    assert [i["order"] for i in first["items"]] == ["SO-3", "SO-1"], "the gravest first"
    assert (first["total"], first["money"]) == (4, {"SEK": "71000"})
    rest = (await ada.get(f"/api/at-risk?limit=2&cursor={first['next']}")).json
    assert ({i["order"] for i in rest["items"]}, rest["next"]) == ({"SO-0", "SO-2"}, None)
    by_money = (await ada.get("/api/at-risk?sort=money")).json["items"]
    assert [i["money"] for i in by_money] == ["100", "900", "30000", "40000"]
    assert (await ada.get("/api/at-risk?customer=C-1")).json["total"] == 2
    assert (await ada.get("/api/at-risk?level=critical&q=SO-1")).json["total"] == 1
    assert (await ada.get("/api/at-risk?site=UME")).json["total"] == 0
    counts = (await ada.get("/api/at-risk/counts")).json
    assert (counts["levels"]["critical"], counts["levels"]["high"], counts["money"]) == (2, 2, {"SEK": "71000"})
    assert (await ada.get("/api/at-risk?sort=nonsense")).status == 422
    assert (await ada.get("/api/at-risk?cursor=xx")).status == 422
    carl = await scene.gateway.as_("carl")
    assert (await carl.get("/api/at-risk")).json["total"] == 0
    assert (await carl.get("/api/orders/SO-1/plan")).status == 404


async def test_a_tenants_own_tables_decide_lead_time_and_gravity(scene: Scene) -> None:
    async with scene.gateway.db.transaction(T) as tx:
        for name, rule, cell, value in (
            ("lead-time", "other-2", "to_days", "1"), ("jeopardy", "late", "to_case", "true"),
        ):  # fmt: skip
            document = (await rulings.get(tx, T, name)).document
            rows = document["nodes"][1]["content"]["rules"]
            next(r for r in rows if r["_id"] == rule)[cell] = value
            await rulings.put(tx, T, name, document, "ada", MORNING)
    await scene.received("SO-1", "2026-03-05")
    assert (await scene.plan("SO-1"))["risk"]["level"] == "none", "one day on the road"
    await scene.received("SO-2", "2026-03-04")
    assert (await scene.case("SO-2"))["status"] == "open", "every late order is a case here"
    async with scene.gateway.db.transaction(T) as tx:
        bad = (await rulings.get(tx, T, "lead-time")).document
        for row in bad["nodes"][1]["content"]["rules"]:
            row["to_days"] = "'soon'"
        with pytest.raises(PartnerError) as refused:
            await rulings.put(tx, T, "lead-time", bad, "ada", MORNING)
        assert refused.value.findings[0].expected == "working days from 0 to 120 as `days`"


async def test_a_site_that_takes_longer_is_reckoned_with_once_it_is_known(scene: Scene) -> None:
    for n in range(25):
        order, start = f"SO-1{n:02}", datetime(2026, 3, 2, 6, n, tzinfo=UTC)
        scene.at = start
        await scene.received(order, None)
        parts = [{"reservation": "R", "site": "LUL", "lines": [{"line": "1", "quantity": 1}]}]
        await scene.tell("order.allocated", order, reservations=parts)
        for what, hours in (("order.validated", 1), ("order.credit-cleared", 2), ("order.released", 3)):
            scene.at = start + timedelta(hours=hours)
            await scene.tell(what, order, **(shipments("LUL", "2026-03-20") if what == "order.released" else {}))
        scene.at = start + timedelta(hours=9)
        await scene.tell("shipment.picked", order)
    async with scene.gateway.db.transaction(T) as tx:
        assert await learning.learn(tx, T, MORNING) > 0
        usual = await tx.fetchrow(
            "select samples, open_p50_s from crossdock.usual_dwell where stage = 'picked' and site = 'LUL'"
        )
    assert (usual["samples"], usual["open_p50_s"]) == (25, 6 * 3600.0)
    scene.at = MORNING
    await scene.received("SO-1", "2026-03-13")
    said = (await scene.plan("SO-1"))["versions"][0]["assumed"]["steps"]
    assert said["picked"] == "the middle of the last 25 at LUL"
    assert said["shipped"] == "table step-time"


async def test_its_own_events_tell_of_the_risk_and_of_its_end(scene: Scene) -> None:
    await scene.received("SO-1", "2026-03-05")
    await scene.look()
    await scene.tell("order.released", "SO-1", **shipments("UME", "2026-03-20"))
    async with scene.gateway.db.transaction(T) as tx:
        rows = await tx.fetch(
            "select type, body from crossdock.event where type like 'crossdock.promise.%' order by seq"
        )
    assert [r["type"] for r in rows] == ["crossdock.promise.at-risk", "crossdock.promise.recovered"]
    said = exactjson.loads(rows[0]["body"])["data"]
    assert (said["level"], said["promised_on"], said["expected_on"]) == ("high", "2026-03-05", "2026-03-09")
    assert date.fromisoformat(said["expected_on"]) > date.fromisoformat(said["promised_on"])
