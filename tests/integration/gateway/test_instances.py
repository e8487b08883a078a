"""Instances over HTTP: lists, one instance, operations after a preview, bulk jobs, and who may do what."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from crossdock.cases.hooks import People
from crossdock.engine import operations, payloads
from crossdock.flow.facts import CallCompleted
from crossdock.flow.payloads import Payloads
from crossdock.gateway.instances import programs

from .conftest import ORDER

MORNING = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


async def test_an_instance_is_found_by_its_order_and_shows_where_it_stands(gateway: Any) -> None:
    things = await gateway.things()
    vera = await gateway.as_("vera")
    found = (await vera.get(f"/api/instances?order={things.order[:-2]}*&status=running")).json
    assert things.instance in [i["id"] for i in found["items"]]
    assert found["total"] == len(found["items"])
    assert (await vera.get(f"/api/instances?q={things.instance[:13]}")).json["total"] == 1
    assert (await vera.get("/api/instances?task=nowhere")).json == {"items": [], "next": None, "total": 0}
    assert (await vera.get("/api/instances?older_h=-1")).status == 422
    shown = (await vera.get(f"/api/instances/{things.instance}")).json
    assert (shown["order"], shown["status"], shown["pending"]) == (things.order, "running", False)


async def test_pages_of_a_list_do_not_overlap(gateway: Any) -> None:
    await gateway.things()
    ada = await gateway.as_("ada", "norrland")
    assert (await ada.post("/api/orders", {**ORDER, "po": "PO-2"})).json["status"] == "accepted"
    vera = await gateway.as_("vera")
    every = (await vera.get("/api/instances?limit=100")).json
    first = (await vera.get("/api/instances?limit=1")).json
    second = (await vera.get(f"/api/instances?limit=1&cursor={first['next']}")).json
    assert first["total"] == second["total"] == every["total"]
    assert [first["items"][0]["id"], second["items"][0]["id"]] == [i["id"] for i in every["items"][:2]]


async def test_an_operation_is_done_as_previewed_and_recorded(gateway: Any) -> None:
    things = await gateway.things()
    cora = await gateway.as_("cora")
    path = f"/api/instances/{things.instance}"
    command = {"kind": "suspend", "reason": "look first"}
    shown = (await cora.post(f"{path}/preview", command)).json
    assert (shown["refused"], shown["outcome"]) == ([], "suspended")
    asked = await cora.post(f"{path}/operations", {"command": command, "mark": "0" * 64})
    assert (asked.status, asked.json["title"]) == (409, "It has changed meanwhile")
    assert (await cora.post(f"{path}/operations", {"command": command, "mark": shown["mark"]})).status == 202
    assert (await cora.get(path)).json["pending"] is True
    again = (await cora.post(f"{path}/preview", command)).json
    assert again["refused"] == ["another operation on it is under way: look again in a moment"]
    ada = await gateway.as_("ada", "norrland")
    record = (await ada.get(f"/api/audit?object={things.instance}")).json["items"][0]
    assert (record["actor"], record["action"]) == ("cora", "instance.suspend")


async def test_a_command_says_what_is_missing(gateway: Any) -> None:
    things = await gateway.things()
    cora = await gateway.as_("cora")
    path = f"/api/instances/{things.instance}/preview"
    for command, where in (
        ({"kind": "restart"}, "/at"),
        ({"kind": "migrate"}, "/version"),
        ({"kind": "cancel"}, "/reason"),
        ({"kind": "restart", "at": "x", "repeat": "chosen"}, "/runs"),
    ):
        answer = await cora.post(path, command)
        assert (answer.status, [f["where"] for f in answer.json["findings"]]) == (422, [where]), command
    assert (await cora.post(path, {"kind": "explode"})).status == 422
    assert (await cora.post(path, {"kind": "suspend", "colour": "red"})).status == 422
    assert (await cora.post(path, {"kind": "retry"})).json["refused"] == [
        "expected an instance that is faulted or suspended, found running"
    ]


# By role: may it preview, may it do what an operator does, may it do what may leave effects standing or double them.
MATRIX = {
    "viewer": (403, 403, 403), "partner": (403, 403, 403), "approver": (403, 403, 403),
    "coordinator": (200, 202, 403), "admin": (200, 202, 202),
}  # fmt: skip


@pytest.mark.parametrize("role", MATRIX)
async def test_who_may_operate(gateway: Any, role: str) -> None:
    things = await gateway.things()
    browser = await gateway.key(role, partner="C-0007" if role == "partner" else None)
    ada = await gateway.as_("ada", "norrland")
    path = f"/api/instances/{things.instance}"
    seen, soft, hard = MATRIX[role]
    undo = {"kind": "cancel", "reason": "wrong", "compensate": True}
    stop = {"kind": "cancel", "reason": "wrong"}
    assert (await browser.post(f"{path}/preview", undo)).status == seen
    mark = (await ada.post(f"{path}/preview", stop)).json["mark"]
    assert (await browser.post(f"{path}/operations", {"command": stop, "mark": mark})).status == hard
    mark = (await ada.post(f"{path}/preview", undo)).json["mark"]
    assert (await browser.post(f"{path}/operations", {"command": undo, "mark": mark})).status == soft
    many = {"command": stop, "selection": {"order": things.order}}
    assert (await browser.post("/api/instance-jobs", many)).status == (201 if hard == 202 else 403)


async def test_many_are_operated_by_filter_and_their_progress_is_told(gateway: Any) -> None:
    things = await gateway.things()
    cora = await gateway.as_("cora")
    asked = {"command": {"kind": "suspend", "reason": "look"}, "selection": {"order": things.order}}
    shown = (await cora.post("/api/instance-jobs", asked)).json
    assert shown["counts"]["waiting"] == shown["total"] == len(shown["instances"]) >= 1
    path = f"/api/instance-jobs/{shown['id']}"
    assert (await cora.get("/api/instance-jobs")).json["total"] == 0, "only previewed"
    assert (await cora.post(f"{path}/start", {"token": "0" * 64})).status == 409
    assert (await cora.post(f"{path}/start", {"token": shown["token"]})).json["status"] == "running"
    while await operations.run_due(gateway.db, programs, People()):
        pass
    ended = (await cora.get(path)).json
    assert (ended["status"], ended["counts"]["done"]) == ("done", shown["total"])
    assert {i["status"] for i in ended["items"]} == {"done"}
    assert (await cora.post(f"{path}/cancel")).json["status"] == "done", "what is done stays done"


async def test_a_bulk_operation_needs_a_selection(gateway: Any) -> None:
    cora = await gateway.as_("cora")
    answer = await cora.post("/api/instance-jobs", {"command": {"kind": "suspend"}, "selection": {}})
    assert (answer.status, answer.json["findings"][0]["where"]) == (422, "/selection")


async def test_a_large_part_of_an_instance_is_shown_by_size_and_had_by_its_name(gateway: Any) -> None:
    things = await gateway.things()
    instance = UUID(things.instance)
    output = {"lines": ["a large line"] * 10_000}
    large = Payloads()
    fact = large.text(CallCompleted("/do/9#1", output, MORNING))
    async with gateway.db.transaction("norrland") as tx:
        await payloads.keep(tx, [("norrland", instance, large)])
        await tx.execute(
            "insert into crossdock.history (tenant_id, instance_id, seq, at, kind, fact, trace)"
            " values ('norrland', $1, 7, $2, 'CallCompleted', $3, '[]')", instance, MORNING, fact,
        )  # fmt: skip
    vera = await gateway.as_("vera")
    path = f"/api/instances/{things.instance}"
    shown = (await vera.get(path)).json
    (named,) = [h["data"]["output"] for h in shown["history"] if h["seq"] == 7]
    ref = named["lines"]
    assert ref["bytes"] > 100_000
    assert (await vera.get(f"{path}/payloads/{ref['$payload']}")).json == output["lines"]
    assert (await vera.get(f"{path}/payloads/{'0' * 64}")).status == 404
    assert (await vera.get(f"/api/instances/{UUID(int=1)}/payloads/{ref['$payload']}")).status == 404
