"""Workflows in the making over HTTP: linted, drawn, played, saved as one writes, published, pinned, taken back."""

import asyncio
from typing import Any

from crossdock.clock import Clock
from crossdock.engine import definitions
from crossdock.engine.functions import Functions
from crossdock.engine.hooks import Silent
from crossdock.engine.worker import Worker
from crossdock.gateway import identity

FIRST = """document: {dsl: '1.0.3', namespace: test, name: refill, version: '1.0.0', title: Refill}
do:
  - large:
      switch:
        - ask: { when: '${ .quantity > 1000 }', then: approve }
        - small: { then: buy }
  - approve:
      call: approval@crossdock
      with: { kind: refill, title: Refill, due_in: PT4H }
      metadata: { crossdock: { stage: approve, label: Approve } }
  - buy:
      wait: P1D
      metadata: { crossdock: { stage: buy, label: Buy } }
  - done:
      set: { bought: '${ $workflow.input.quantity }' }
"""
SCENARIOS = """scenarios:
  - name: A small one is bought
    input: { quantity: 10 }
    expect: { output: { bought: 10 }, asked: [], takes: P1D }
  - name: A large one is approved
    input: { quantity: 5000 }
    people: [ { approval: refill, outcome: approved, after: PT2H } ]
    expect: { path: [ approve, buy ] }
"""
PATH = "/api/drafts/test/refill"


async def founded(gateway: Any) -> Any:
    """The first version is published; ada looks at it."""
    async with gateway.db.transaction("norrland") as tx:
        await definitions.publish(tx, "norrland", FIRST)
    return await gateway.as_("ada", "norrland")


async def second(gateway: Any) -> Any:
    await identity.add_user(gateway.db, "eva", "Eva Ek", "correct horse battery", {"norrland": ("admin", None)})
    return await gateway.as_("eva", "norrland")


def changed(begin: Any) -> str:
    return begin["source"].replace("> 1000", "> 4000")


async def test_a_text_is_linted_with_line_and_column_and_drawn_with_the_lines_of_its_stages(gateway: Any) -> None:
    vera = await gateway.as_("vera")
    right = (await vera.post("/api/drafts/check", {"source": FIRST, "scenarios": SCENARIOS})).json
    assert right["ok"], right["remarks"]
    assert {n["id"]: (n["line"], n["last_line"]) for n in right["nodes"] if n["line"]} == {
        "approve": (7, 10), "buy": (11, 13),
    }  # fmt: skip
    assert right["scenarios"] == ["A small one is bought", "A large one is approved"]
    wrong = (await vera.post("/api/drafts/check", {"source": FIRST.replace("then: approve", "then: aprove")})).json
    [remark] = [r for r in wrong["remarks"] if r["severity"] == "error"]
    assert (wrong["ok"], remark["line"], remark["column"], remark["length"]) == (False, 5, 49, 4)
    assert remark["fix"] == "Did you mean 'approve'?"
    assert wrong["nodes"] == []
    assert not (await vera.post("/api/drafts/check", {"source": ":\n  - ["})).json["ok"]
    broken = (await vera.post("/api/drafts/check", {"source": FIRST, "scenarios": "scenarios: 7"})).json
    assert broken["findings"]
    assert (await vera.get("/api/workflow-schema")).json["title"] == "Crossdock workflow definition"


async def test_a_scenario_is_played_with_the_data_of_each_task_and_nothing_is_stored(gateway: Any) -> None:
    cora, vera = await gateway.as_("cora"), await gateway.as_("vera")
    body = {"source": FIRST, "scenarios": SCENARIOS}
    played = (await cora.post("/api/drafts/run", {**body, "scenario": "A large one is approved"})).json
    assert (played["status"], played["differences"], played["stages"]) == ("completed", [], ["approve", "buy"])
    tasks = {t["task"]: t for t in played["tasks"]}
    assert tasks["large"]["input"] == {"quantity": 5000}
    assert (tasks["approve"]["ended_after"], tasks["approve"]["output"]["outcome"]) == (7200, "approved")
    assert tasks["done"]["output"] == {"bought": 5000}
    assert played["took"] == 7200 + 86400
    assert [c["function"] for c in played["calls"]] == ["approval"]
    ad_hoc = (await cora.post("/api/drafts/run", {**body, "input": {"quantity": 3}})).json
    assert (ad_hoc["status"], ad_hoc["output"], ad_hoc["differences"]) == ("completed", {"bought": 3}, [])
    bare = (await cora.post("/api/drafts/run", {"source": FIRST, "input": {"quantity": 3}})).json
    assert bare["status"] == "completed"
    failing = {**body, "scenarios": SCENARIOS.replace("bought: 10", "bought: 11"), "scenario": "A small one is bought"}
    assert "expected 11, found 10" in (await cora.post("/api/drafts/run", failing)).json["differences"][0]
    assert (await cora.post("/api/drafts/run", {**body, "scenario": "no such"})).status == 422
    assert (await vera.post("/api/drafts/run", body)).status == 403
    async with gateway.db.transaction("norrland") as tx:
        assert await tx.fetchval("select count(*) from crossdock.instance") == 0


async def test_a_draft_is_saved_as_one_writes_and_shared(gateway: Any) -> None:
    ada = await founded(gateway)
    cora = await gateway.as_("cora")
    begin = (await ada.get(PATH)).json
    assert (begin["revision"], begin["base"]) == (0, "1.0.0")
    assert "version: '1.0.1'" in begin["source"], "it begins with the next number"
    saved = await ada.send("PUT", PATH, {"source": "half a", "revision": 0, "base": "1.0.0"})
    assert (saved.status, saved.json["revision"]) == (200, 1)
    late = await cora.send("PUT", PATH, {"source": "x", "revision": 0})
    assert late.status == 409
    assert "ada saved it" in late.json["detail"]
    again = (await cora.send("PUT", PATH, {"source": "y", "revision": 1})).json
    assert (again["revision"], again["authors"]) == (2, ["ada", "cora"])
    assert [d["saved_by"] for d in (await ada.get("/api/drafts")).json] == ["cora"]
    assert (await ada.post(f"{PATH}/publish", {"revision": 2})).status == 422
    assert (await cora.post(f"{PATH}/publish", {"revision": 2})).status == 403
    carl = await gateway.as_("carl")
    assert (await carl.get("/api/drafts")).json == []
    assert (await carl.get(PATH)).status == (await carl.post(f"{PATH}/discard")).status == 404
    assert (await cora.post(f"{PATH}/discard")).status == 200
    assert (await ada.get(PATH)).json["revision"] == 0


async def test_publishing_takes_another_person_and_green_scenarios_and_who_runs_keeps_the_old(gateway: Any) -> None:
    ada = await founded(gateway)
    eva = await second(gateway)
    key = await gateway.key("coordinator")
    worker = Worker(gateway.db, Functions({}, {}), Clock(), Silent())
    task = asyncio.create_task(worker.run())
    try:
        old = (await key.post("/api/workflows/test/refill/run?wait=0", {"quantity": 1})).json["id"]
        begin = (await ada.get(PATH)).json
        body = {"source": changed(begin), "scenarios": SCENARIOS, "revision": 0, "base": "1.0.0"}
        assert (await ada.send("PUT", PATH, {**body, "scenarios": ""})).status == 200
        none = await eva.post(f"{PATH}/publish", {"revision": 1})
        assert (none.status, none.json["findings"][0]["where"]) == (422, "/scenarios")
        red = SCENARIOS.replace("quantity: 5000", "quantity: 3000")
        await ada.send("PUT", PATH, {**body, "scenarios": red, "revision": 1})
        failing = await eva.post(f"{PATH}/publish", {"revision": 2})
        assert "A large one is approved" in failing.json["findings"][0]["found"]
        await ada.send("PUT", PATH, {**body, "revision": 2})
        assert (await ada.post(f"{PATH}/publish", {"revision": 3})).status == 403, "ada has written it"
        assert (await eva.post(f"{PATH}/publish", {"revision": 2})).status == 409, "eva has seen another"
        told = (await eva.post(f"{PATH}/diff", {"source": body["source"]})).json
        assert [x["kind"] for x in told["lines"] if x["kind"] in ("gone", "new")] == ["gone", "new", "gone", "new"]
        done = await eva.post(f"{PATH}/publish", {"revision": 3, "note": "less to approve"})
        assert done.status == 200, done.body
        new = (await key.post("/api/workflows/test/refill/run?wait=0", {"quantity": 1})).json["id"]
        back = (await eva.post(f"{PATH}/take-back", {"note": "too much"})).json
    finally:
        worker.stop()
        await task
    assert [(v["version"], v["running"]) for v in back["versions"]] == [("1.0.2", 0), ("1.0.1", 1), ("1.0.0", 1)]
    assert [(h["version"], h["activated_by"], h["note"]) for h in back["history"]] == [
        ("1.0.2", "eva", "takes back 1.0.1: as 1.0.0. too much"), ("1.0.1", "eva", "less to approve"),
    ]  # fmt: skip
    versions = [(await ada.get(f"/api/instances/{i}")).json["version"] for i in (old, new)]
    assert versions == ["1.0.0", "1.0.1"]
    kept = await ada.get(f"{PATH}/scenarios?version=1.0.1")
    assert kept.json == SCENARIOS
    text = (await ada.get(PATH)).json
    assert "> 1000" in text["source"], "what is in force is what it was before"
    audit = (await ada.get("/api/audit?object=test/refill")).json["items"]
    assert [(r["actor"], r["action"]) for r in audit] == [
        ("eva", "definition.publish"), ("eva", "definition.publish"), ("ada", "definition.save"),
    ]  # fmt: skip


async def test_a_number_that_is_taken_and_another_name_are_refused(gateway: Any) -> None:
    ada = await founded(gateway)
    eva = await second(gateway)
    await ada.send("PUT", PATH, {"source": FIRST + "\n", "scenarios": SCENARIOS, "revision": 0})
    taken = await eva.post(f"{PATH}/publish", {"revision": 1})
    assert (taken.status, "1.0.1" in taken.json["detail"]) == (409, True)
    renamed = FIRST.replace("name: refill", "name: other").replace("1.0.0", "1.0.1")
    await ada.send("PUT", PATH, {"source": renamed, "scenarios": SCENARIOS, "revision": 1})
    assert (await eva.post(f"{PATH}/publish", {"revision": 2})).json["findings"][0]["where"] == "/document"
    assert (await eva.post(f"{PATH}/take-back", {})).status == 409, "nothing was there before"
