"""Starting a process by hand: its form is its input, it is started once, and by whom it was is on the audit trail."""

from typing import Any

from tests.integration.gateway.conftest import WORKFLOWS, Gateway

from crossdock import exactjson
from crossdock.engine import definitions

RETURN = "/api/starts/after-sales/request-return"
ASKED: dict[str, Any] = {"order": "SO-1", "reason": "damaged", "lines": [{"line": "1", "quantity": 2}]}


async def publish(gateway: Gateway, *names: str, tenant: str = "norrland") -> None:
    async with gateway.db.transaction(tenant) as tx:
        for name in names:
            await definitions.publish(tx, tenant, WORKFLOWS.joinpath(f"{name}.yaml").read_text(), name)


async def test_the_form_is_the_input_of_the_workflow_without_what_we_fill_in(gateway: Gateway) -> None:
    await publish(gateway, "request-return", "request-dispute", "order-to-cash")
    cora = await gateway.as_("cora")
    offered = (await cora.get("/api/starts")).json["items"]
    assert [(o["name"], o["about"], o["may"]) for o in offered] == [
        ("request-dispute", "order", True), ("request-return", "order", True),
    ]  # fmt: skip
    form = (await cora.get(RETURN)).json
    assert set(form["form"]["properties"]) == {"order", "reason", "lines", "note"}
    assert form["form"]["required"] == ["order", "reason", "lines"]
    assert (await cora.get("/api/starts/order-to-cash/order-to-cash")).status == 404
    assert (await (await gateway.as_("carl")).get(RETURN)).status == 404


async def test_what_is_known_of_the_order_is_offered(gateway: Gateway) -> None:
    things = await gateway.things()
    await publish(gateway, "request-return", "request-dispute")
    await gateway.tell("order.invoiced", things.order, invoice="INV-9", total=25)
    await gateway.hand_on()
    cora = await gateway.as_("cora")
    form = (await cora.get(f"/api/starts/after-sales/request-dispute?about={things.order}")).json
    assert form["given"] == {"order": things.order, "invoice": "INV-9"}
    assert [c["value"] for c in form["choices"]["line"]] == ["1"]
    assert form["choices"]["invoice"][0]["value"] == "INV-9"
    assert (await cora.get(f"{RETURN}?about=SO-NONE")).status == 404
    carl = await gateway.as_("carl")
    await publish(gateway, "request-return", tenant="castell")
    assert (await carl.get(f"{RETURN}?about={things.order}")).status == 404


async def test_one_key_starts_one_process_and_other_input_under_it_is_a_conflict(gateway: Gateway) -> None:
    await publish(gateway, "request-return")
    cora = await gateway.as_("cora")
    key = {"Idempotency-Key": "letter-17"}
    first = await cora.post(RETURN, ASKED, headers=key)
    again = await cora.post(RETURN, ASKED, headers=key)
    assert (first.status, again.status) == (201, 200), (first.body, again.body)
    assert (first.json["new"], again.json["new"]) == (True, False)
    assert first.json["instance"] == again.json["instance"]
    assert first.headers["location"] == f"/api/instances/{first.json['instance']}"
    other = await cora.post(RETURN, {**ASKED, "reason": "unwanted"}, headers=key)
    assert other.status == 409
    shown = (await cora.get(f"/api/instances/{first.json['instance']}")).json
    assert (shown["definition"], shown["order"]) == ("request-return", "SO-1"), shown
    async with gateway.db.transaction("norrland") as tx:
        assert await tx.fetchval("select count(*) from crossdock.instance") == 1
        body = exactjson.loads(await tx.fetchval("select body from crossdock.event where type like '%entered'"))
    assert body["data"] == {
        **ASKED, "request": first.json["reference"], "entered_by": "cora", "channel": "page",
    }  # fmt: skip
    trail = (await (await gateway.as_("ada", "norrland")).get("/api/audit?action=process.start")).json["items"]
    assert [(r["actor"], r["object"]) for r in trail] == [("cora", "SO-1")]
    assert (await cora.get(RETURN)).json["last"] == [ASKED]
    assert (await (await gateway.as_("ada", "norrland")).get(RETURN)).json["last"] == []


async def test_every_wrong_field_is_named_and_nothing_is_started(gateway: Gateway) -> None:
    await publish(gateway, "request-return")
    cora = await gateway.as_("cora")
    wrong = {"reason": "moody", "lines": [{"line": "1", "quantity": 0}, {"quantity": 1}], "channel": "x", "mood": "y"}
    answer = await cora.post(RETURN, wrong)
    assert answer.status == 422
    places = {(f["where"], f["code"]) for f in answer.json["findings"]}
    assert places == {
        ("/channel", "start.unknown"), ("/mood", "start.unknown"), ("/order", "start.required"),
        ("/reason", "start.enum"), ("/lines/0/quantity", "start.minimum"), ("/lines/1/line", "start.required"),
    }  # fmt: skip
    assert (await cora.post(RETURN, raw=b"[1]")).status == 422
    async with gateway.db.transaction("norrland") as tx:
        assert await tx.fetchval("select count(*) from crossdock.event") == 0


async def test_who_may_not_is_refused_and_told_before(gateway: Gateway) -> None:
    await publish(gateway, "request-return")
    vera = await gateway.as_("vera")
    assert (await vera.get("/api/starts")).json["items"][0]["may"] is False
    assert (await vera.post(RETURN, ASKED)).status == 403
    partner = await gateway.key("partner", partner="C-0007")
    assert (await partner.get("/api/starts")).status == 403
    assert (await partner.post(RETURN, ASKED)).status == 403
