"""The board of each process: what stands where and for how long, filtered, the orders behind it, saved views."""

import importlib.resources
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crossdock import clock, ids
from crossdock.engine import definitions
from crossdock.events import envelope, inbox
from crossdock.tower.jeopardy import learning

T = "norrland"
NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
LIBRARY = importlib.resources.files("crossdock.library").joinpath("workflows")


class Floor:
    """Orders and instances of processes, put where a test wants them. The database follows the stages by itself."""

    def __init__(self, gateway: Any, versions: dict[str, str]) -> None:
        self.gateway = gateway
        self.versions = versions

    async def order(self, order: str, *, site: str = "LUL", wanted: str = "2026-03-20", **more: Any) -> None:
        lines = [{"line": "1", "quantity": 1, "unit": "EA", "unit_price": 10, "items": []}]
        given = {
            "order": order,
            "channel": "json",
            "requested_on": wanted,
            "lines": lines,
            "customer_id": "C-1",
            **more,
        }
        at = NOON - timedelta(days=2)
        event = envelope.make("crossdock.order.received", subject=order, data={"order": given}, now=at, source="t")
        async with self.gateway.db.transaction(T) as tx:
            await inbox.receive(tx, T, event)
        parts = [{"site": site, "lines": [{"line": "1", "quantity": 1}]}]
        await self.gateway.tell("order.allocated", order, at=at, reservations=parts)
        await self.gateway.hand_on()

    async def stand(
        self, order: str, stage: str, since: datetime, process: str = "order-to-cash", version: str = ""
    ) -> Any:
        async with self.gateway.db.transaction(T) as tx:
            made = ids.new()
            await tx.execute(
                "insert into crossdock.instance (tenant_id, instance_id, namespace, name, version, business_key, "
                "stage, stage_since) select $1, $2, d.namespace, d.name, d.version, $5, $6, $7 "
                "from crossdock.definition d where d.tenant_id = $1 and d.name = $3 and d.version = $4",
                T, made, process, version or self.versions[process], order, stage, since,
            )  # fmt: skip
        return made

    async def move(self, instance: Any, stage: str, at: datetime, *, ended: bool = False) -> None:
        async with self.gateway.db.transaction(T) as tx:
            await tx.execute(
                "update crossdock.instance set stage = $2, stage_since = $3, updated_at = $3, ended_at = $4 "
                "where instance_id = $1",
                instance, stage, at, at if ended else None,
            )  # fmt: skip

    async def flow(self, query: str = "") -> Any:
        return (await (await self.gateway.as_("ada", T)).get(f"/api/flow?{query}")).json

    async def nodes(self, query: str = "") -> dict[str, Any]:
        return {n["id"]: n for n in (await self.flow(query))["nodes"]}

    async def behind(self, query: str) -> set[str]:
        found = (await (await self.gateway.as_("ada", T)).get(f"/api/orders?{query}")).json
        assert found["total"] == len(found["items"])
        return {o["order"] for o in found["items"]}


@pytest.fixture
async def floor(gateway: Any) -> Floor:
    versions: dict[str, str] = {}
    async with gateway.db.transaction(T) as tx:
        await clock.set_to(tx, NOON, 0)
        await tx.execute("update crossdock.tenant set time_zone = 'UTC'")
        for name in ("backorder", "order-to-cash", "return-to-credit"):
            made = await definitions.publish(tx, T, LIBRARY.joinpath(f"{name}.yaml").read_text(), name)
            versions[name] = made.version
    return Floor(gateway, versions)


async def test_each_process_has_its_own_graph_with_its_own_counts(floor: Floor) -> None:
    await floor.order("SO-1")
    await floor.order("SO-2", wanted="2026-03-09")
    await floor.stand("SO-1", "credit", NOON - timedelta(hours=1))
    await floor.stand("SO-2", "credit", NOON - timedelta(hours=3))
    await floor.stand("SO-2", "backorder", NOON, "backorder")
    node = (await floor.nodes())["credit"]
    assert (node["count"], node["late"], node["value"]) == (2, 1, "20")
    assert (node["dwell"]["p50_s"], node["dwell"]["heat"]) == (7200, None)
    assert (await floor.nodes("process=backorder"))["backorder"]["count"] == 1
    returns = await floor.flow("process=return-to-credit")
    assert (returns["definition"]["name"], sum(n["count"] for n in returns["nodes"])) == ("return-to-credit", 0)
    assert len(returns["nodes"]) > 3
    ada = await floor.gateway.as_("ada", T)
    listed = {p["name"]: (p["open"], p["late"]) for p in (await ada.get("/api/processes")).json["items"]}
    assert (listed["order-to-cash"], listed["backorder"], listed["return-to-credit"]) == ((2, 1), (1, 1), (0, 0))
    assert next(iter(listed)) == "order-to-cash", "the main one first"
    assert (await ada.get("/api/flow?process=nosuch")).status == 404


async def test_every_filter_narrows_the_counts_and_the_orders_behind_them_alike(floor: Floor) -> None:
    await floor.order("SO-1", site="LUL", customer_id="C-1")
    await floor.order("SO-2", site="UME", customer_id="C-2", channel="x12")
    await floor.order("SO-3", site="UME", customer_id="C-2", family="SO-0")
    async with floor.gateway.db.transaction(T) as tx:
        await tx.execute("update crossdock.order_view set partner_id = 'bolts' where order_no = 'SO-2'")
    for n in (1, 2, 3):
        await floor.stand(f"SO-{n}", "credit", NOON)
    for query, orders in (
        ("", {"SO-1", "SO-2", "SO-3"}), ("site=UME", {"SO-2", "SO-3"}), ("customer=C-1", {"SO-1"}),
        ("partner=bolts", {"SO-2"}), ("channel=x12", {"SO-2"}), ("type=part", {"SO-3"}),
        ("type=standard&site=UME", {"SO-2"}), ("site=nowhere", set()),
    ):  # fmt: skip
        assert (await floor.nodes(query))["credit"]["count"] == len(orders), query
        assert await floor.behind(f"process=order-to-cash&stage=credit&{query}") == orders, query
    assert await floor.behind("process=order-to-cash&stage=release") == set()


async def test_an_instance_that_outlives_its_order_is_counted_with_what_the_order_was_worth(floor: Floor) -> None:
    await floor.order("SO-1", site="UME", wanted="2026-03-09")
    await floor.order("SO-2", site="LUL")
    await floor.gateway.tell("order.closed", "SO-1", at=NOON)
    await floor.gateway.hand_on()
    for order in ("SO-1", "SO-2", "no-order-of-ours"):
        await floor.stand(order, "credit", NOON - timedelta(hours=1))
    for query, count, value in (("", 3, "20"), ("site=UME", 1, "10"), ("site=LUL", 1, "10"), ("customer=C-1", 2, "20")):
        node = (await floor.nodes(query))["credit"]
        assert (node["count"], node["late"], node["value"]) == (count, 0, value), query
    assert await floor.behind("process=order-to-cash&stage=credit&site=UME") == {"SO-1"}


async def test_an_older_version_is_drawn_as_it_is_and_counts_its_own(floor: Floor) -> None:
    text = LIBRARY.joinpath("order-to-cash.yaml").read_text()
    shipped = floor.versions["order-to-cash"]
    newer = text.replace(f"version: '{shipped}'", "version: '9.0.0'", 1).replace("id: credit,", "id: new-credit,")
    async with floor.gateway.db.transaction(T) as tx:
        await definitions.publish(tx, T, newer, "new")
    for order in ("SO-1", "SO-2"):
        await floor.order(order)
    await floor.stand("SO-1", "new-credit", NOON, version="9.0.0")
    await floor.stand("SO-2", "credit", NOON)
    whole = await floor.flow("process=order-to-cash")
    assert (whole["definition"]["version"], whole["elsewhere"]) == ("9.0.0", 1)
    old = await floor.flow(f"process=order-to-cash&version={shipped}")
    counts = {n["id"]: n["count"] for n in old["nodes"]}
    assert (old["definition"]["version"], counts["credit"], old["elsewhere"]) == (shipped, 1, 0)
    assert "new-credit" not in counts
    assert await floor.behind(f"process=order-to-cash&version={shipped}") == {"SO-2"}
    assert (await (await floor.gateway.as_("ada", T)).get("/api/flow?process=order-to-cash&version=9")).status == 404


async def test_a_stage_is_hot_where_it_takes_longer_than_usual(floor: Floor) -> None:
    for n in range(20):
        order, start = f"SO-1{n:02}", NOON - timedelta(days=1)
        await floor.stand(order, "credit", start)
        async with floor.gateway.db.transaction(T) as tx:
            instance = await tx.fetchval("select instance_id from crossdock.instance where business_key = $1", order)
        await floor.move(instance, "release", start + timedelta(hours=1))
        await floor.move(instance, "closed", start + timedelta(hours=2), ended=True)
    async with floor.gateway.db.transaction(T) as tx:
        await learning.learn(tx, T, NOON)
        assert await tx.fetchval("select count(*) from crossdock.standing") == 0, "what ended stands nowhere"
    await floor.order("SO-1")
    await floor.stand("SO-1", "credit", NOON - timedelta(hours=4))
    await floor.stand("SO-2", "release", NOON - timedelta(minutes=10))
    nodes = await floor.nodes()
    hot = nodes["credit"]["dwell"]
    assert (hot["usual_p50_s"], hot["usual_p90_s"], hot["samples"], hot["heat"]) == (3600, 3600, 20, 4)
    assert nodes["release"]["dwell"]["heat"] == 0
    assert (nodes["closed"]["count"], nodes["closed"]["dwell"]) == (20, None), "ended in the last day"


async def test_stages_are_followed_through_a_migration_a_restart_and_deletion(floor: Floor) -> None:
    made = await floor.stand("SO-1", "credit", NOON)

    async def row() -> Any:
        async with floor.gateway.db.transaction(T) as tx:
            return await tx.fetchrow("select stage, version from crossdock.standing where instance_id = $1", made)

    await floor.move(made, "closed", NOON, ended=True)
    assert await row() is None
    await floor.move(made, "release", NOON)  # restarted from an earlier step
    assert (await row())["stage"] == "release"
    async with floor.gateway.db.transaction(T) as tx:
        await tx.execute("delete from crossdock.instance where instance_id = $1", made)
    assert await row() is None


async def test_views_are_saved_shared_changed_by_their_owner_and_opened_by_default(floor: Floor) -> None:
    ada, cora, carl = [await floor.gateway.as_(u, t) for u, t in (("ada", T), ("cora", T), ("carl", None))]
    given = {"name": "Umeå late", "filters": {"process": "order-to-cash", "site": "UME"}, "shared": False}
    made = (await ada.post("/api/board-views", given)).json
    assert (made["mine"], made["default"], made["filters"]["site"]) == (True, False, "UME")
    assert (await cora.get("/api/board-views")).json["items"] == []
    assert (await ada.post("/api/board-views", {**given, "name": "UMEÅ LATE"})).status == 409
    path = f"/api/board-views/{made['id']}"
    assert (await cora.send("PUT", path, given)).status == 404, "what is not shared is not there"
    assert (await ada.send("PUT", path, {**given, "shared": True})).json["shared"] is True
    seen = (await cora.get("/api/board-views")).json["items"]
    assert [(v["name"], v["owner"], v["mine"]) for v in seen] == [("Umeå late", "ada", False)]
    assert (await cora.send("PUT", path, given)).status == 403
    assert (await cora.send("DELETE", path)).status == 403
    assert (await cora.post("/api/board-views/default", {"view": made["id"]})).status == 204
    assert (await cora.get("/api/board-views")).json["items"][0]["default"] is True
    assert (await ada.get("/api/board-views")).json["items"][0]["default"] is False
    assert (await carl.get("/api/board-views")).json["items"] == []
    assert (await carl.post("/api/board-views/default", {"view": made["id"]})).status == 404
    assert (await ada.post("/api/board-views", {**given, "name": "x", "filters": {"colour": "red"}})).status == 422
    assert (await ada.send("DELETE", path)).status == 204
    assert (await cora.get("/api/board-views")).json["items"] == []
