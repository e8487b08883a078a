"""Decision tables over HTTP: checked, traced, compared, saved, published by somebody else, pinned, taken back."""

import asyncio
import copy
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from crossdock import exactjson
from crossdock.cases import decisiontables, editions, messages
from crossdock.cases import functions as people
from crossdock.clock import Clock
from crossdock.engine import definitions
from crossdock.engine.functions import Functions
from crossdock.engine.hooks import Silent
from crossdock.engine.worker import Worker
from crossdock.gateway import identity

TABLE = "/api/decision-tables/sourcing"
ASK = """
document: {dsl: '1.0.3', namespace: test, name: ask, version: '1.0.0'}
do:
  - first: {call: decision@crossdock, with: {decision: sourcing, input: '${ . }'}, export: {as: '${ {first: .} }'}}
  - hear: {listen: {to: {one: {with: {type: test.go}, correlate: {o: {from: .data.o, expect: '${ $workflow.id }'}}}}}}
  - second: {call: decision@crossdock, with: {decision: sourcing, input: '${ $workflow.input }'}}
output: {as: '${ {first: $context.first.version, second: .version, hit: .hit[0].rule} }'}
"""


@asynccontextmanager
async def working(gateway: Any) -> AsyncIterator[None]:
    """A worker as a deployment has it, with the tables of tenants."""
    own = editions.Editions(decisiontables.library())
    catalogue = people.catalogue(decisiontables.library(), messages.load(), own=own)
    worker = Worker(gateway.db, Functions(catalogue, {}, tables=own), Clock(), Silent())
    task = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        worker.stop()
        await task


async def written(browser: Any, name: str = "sourcing") -> dict[str, Any]:
    return (await browser.get(f"/api/decision-tables/{name}/versions/0")).json


def grid(document: Any) -> Any:
    return next(n for n in document["nodes"] if n["type"] == "decisionTableNode")["content"]


async def changed(browser: Any) -> tuple[Any, Any, Any]:
    """(document, tests, input): orders of tier A go by a row of their own, with a case that says so."""
    found = await written(browser)
    document, tests = found["document"], found["tests"]
    case = next(t for t in tests if t["hit"] == ["tier-a"])
    row = next(r for r in grid(document)["rules"] if r["_id"] == "tier-a")
    new = {**row, "_id": "ours-first", "_description": "Tier A above 100", "total": "> 100"}
    grid(document)["rules"].insert(0, new)
    given = {**case["input"], "total": 101}
    tests = [t if t["name"] != case["name"] else {**t, "input": {**case["input"], "total": 99}} for t in tests]
    return document, [*tests, {"name": "ours", "input": given, "hit": ["ours-first"]}], given


async def second(gateway: Any) -> Any:
    """Another administrator of norrland."""
    await identity.add_user(gateway.db, "eva", "Eva Ek", "correct horse battery", {"norrland": ("admin", None)})
    return await gateway.as_("eva", "norrland")


async def published(ada: Any, name: str, document: Any, tests: Any) -> int:
    body = {"document": document, "tests": tests, "revision": 0}
    saved = (await ada.send("PUT", f"/api/decision-tables/{name}/draft", body)).json
    answer = await ada.post(f"/api/decision-tables/{name}/versions/{saved['version']}/publish", {"note": "why"})
    assert answer.status == 200, answer.body
    return saved["version"]


async def test_a_table_is_checked_cell_by_cell_and_its_cases_are_run(gateway: Any) -> None:
    vera = await gateway.as_("vera")
    document, tests, _ = await changed(vera)
    right = (await vera.post(f"{TABLE}/check", {"document": document, "tests": tests})).json
    assert right["ready"], right["why_not"]
    assert all(not t["differences"] for t in right["tests"])
    tests[0]["hit"] = ["nobody"]
    wrong = (await vera.post(f"{TABLE}/check", {"document": document, "tests": tests})).json
    assert not wrong["ready"]
    assert wrong["tests"][0]["differences"][0].startswith("hit: expected nobody, found")
    grid(document)["rules"][0]["total"] = ">> 100"
    broken = (await vera.post(f"{TABLE}/check", {"document": document, "tests": tests})).json
    [remark] = broken["remarks"]
    assert (remark["severity"], remark["row"], remark["column"]) == ("error", "ours-first", "total")
    assert broken["tests"] == []
    lost = copy.deepcopy((await written(vera))["document"])
    gone = grid(lost)["outputs"].pop()
    for row in grid(lost)["rules"]:
        row.pop(gone["id"], None)
    warned = (await vera.post(f"{TABLE}/check", {"document": lost, "tests": []})).json
    assert "rules.output-gone" in {r["code"] for r in warned["remarks"]}
    assert [f["where"] for f in warned["why_not"]] == ["/tests"], "a table without a test case is not published"


async def test_a_trace_tells_of_each_row_which_cells_held(gateway: Any) -> None:
    vera = await gateway.as_("vera")
    document, _, given = await changed(vera)
    told = (await vera.post(f"{TABLE}/trace", {"document": document, "input": given})).json
    assert told["hit"] == ["ours-first"]
    rows = {r["id"]: r for r in told["tables"][0]["rows"]}
    assert (rows["ours-first"]["hit"], rows["tier-a"]["hit"], rows["tier-a"]["matches"]) == (True, False, True)
    shipped = (await vera.post(f"{TABLE}/trace", {"input": given})).json
    assert shipped["hit"] == ["tier-a"]
    missing = await vera.post(f"{TABLE}/trace", {"input": {}})
    assert (missing.status, missing.json["findings"][0]["where"]) == (422, "/input")


async def test_a_draft_is_shared_and_who_saved_it_meanwhile_is_told(gateway: Any) -> None:
    ada, cora = await gateway.as_("ada", "norrland"), await gateway.as_("cora")
    document, tests, _ = await changed(ada)
    body = {"document": document, "tests": tests}
    first = await ada.send("PUT", f"{TABLE}/draft", {**body, "revision": 0, "base": "library"})
    assert (first.status, first.json["version"], first.json["revision"]) == (200, 1, 1)
    late = await cora.send("PUT", f"{TABLE}/draft", {**body, "revision": 0})
    assert late.status == 409
    assert "ada saved it" in late.json["detail"]
    again = (await cora.send("PUT", f"{TABLE}/draft", {**body, "revision": 1, "note": "mine too"})).json
    assert (again["version"], again["revision"], again["authors"]) == (1, 2, ["ada", "cora"])
    wrong = await cora.send("PUT", f"{TABLE}/draft", {"document": {"nodes": []}, "tests": []})
    assert wrong.status == 200, "a draft may be wrong"
    assert (await ada.post(f"{TABLE}/versions/1/publish", {})).status == 422, "what is published is not"
    assert (await cora.post(f"{TABLE}/versions/1/publish", {})).status == 403
    assert (await cora.post(f"{TABLE}/versions/1/discard", {})).status == 200
    assert (await ada.post(f"{TABLE}/versions/1/publish", {})).status == 409
    assert (await ada.get(TABLE)).json["in_force"] == 0


async def test_tests_must_pass_and_where_four_eyes_are_asked_for_somebody_else_publishes(gateway: Any) -> None:
    ada, eva = await gateway.as_("ada", "norrland"), await second(gateway)
    found = await written(ada, "credit")
    document, tests = found["document"], found["tests"]
    path = "/api/decision-tables/credit"
    await ada.send("PUT", f"{path}/draft", {"document": document, "tests": [{**tests[0], "hit": ["over"]}]})
    red = await eva.post(f"{path}/versions/1/publish", {})
    assert (red.status, red.json["findings"][0]["where"]) == (422, "/tests")
    await ada.send("PUT", f"{path}/draft", {"document": document, "tests": tests})
    assert (await ada.get(path)).json["four_eyes"]
    refused = await ada.post(f"{path}/versions/1/publish", {})
    assert refused.status == 403
    assert "ada" in refused.json["detail"]
    done = await eva.post(f"{path}/versions/1/publish", {"note": "looked at"})
    assert (done.status, done.json["in_force"]) == (200, 1)
    [act] = done.json["history"]
    assert (act["activated_by"], act["note"], act["version"]) == ("eva", "looked at", 1)
    said = (await ada.get("/api/audit?object=credit")).json["items"]
    assert [(r["actor"], r["action"]) for r in said] == [
        ("eva", "table.publish"), ("ada", "table.save"), ("ada", "table.save"),
    ]  # fmt: skip


async def test_who_runs_decides_by_what_it_began_with_and_what_begins_later_by_the_new(gateway: Any) -> None:
    ada = await gateway.as_("ada", "norrland")
    key = await gateway.key("coordinator")
    async with gateway.db.transaction("norrland") as tx:
        await definitions.publish(tx, "norrland", ASK)
    document, tests, given = await changed(ada)

    async def begin() -> str:
        return (await key.post("/api/workflows/test/ask/run?wait=0", given)).json["id"]

    async def end(instance: str) -> Any:
        event = {"specversion": "1.0", "source": "t", "id": instance, "type": "test.go", "data": {"o": instance}}
        assert (await key.post("/api/events", event)).status in (200, 202)
        shown: Any = None
        for _ in range(600):
            shown = (await key.get(f"/api/instances/{instance}")).json
            if shown["status"] != "running":
                return shown["output"]
            await gateway.hand_on()
            await asyncio.sleep(0.02)
        raise AssertionError(shown)

    async def asked(instance: str) -> None:
        for _ in range(600):
            async with gateway.db.transaction("norrland") as tx:
                if await tx.fetchval("select count(*) from crossdock.subscription where instance_id = $1", instance):
                    return
            await asyncio.sleep(0.02)
        raise AssertionError("it never listened")

    async with working(gateway):
        old = await begin()
        await asked(old)
        await published(ada, "sourcing", document, tests)
        new = await begin()
        await asked(new)
        assert (await ada.get(TABLE)).json["history"][0]["instances"] == 1
        assert (await ada.post(f"{TABLE}/undo", {"note": "too soon"})).json["in_force"] == 0
        last = await begin()
        await asked(last)
        shipped = (await written(ada))["document"]["metadata"]["version"]
        assert await end(old) == {"first": shipped, "second": shipped, "hit": "tier-a"}
        assert await end(new) == {"first": "own-1", "second": "own-1", "hit": "ours-first"}
        assert await end(last) == {"first": shipped, "second": shipped, "hit": "tier-a"}
    shown = (await ada.get(TABLE)).json
    assert [(h["version"], h["note"]) for h in shown["history"]] == [(0, "takes back own-1: too soon"), (1, "why")]


async def test_what_a_draft_would_change_of_recorded_decisions_is_told(gateway: Any) -> None:
    things = await gateway.things()
    ada = await gateway.as_("ada", "norrland")
    document, _, given = await changed(ada)
    small = {**given, "total": 99}
    async with gateway.db.transaction("norrland") as tx:
        for n, value in enumerate((given, small)):
            asked = {"decision": "sourcing", "input": value}
            await tx.execute(
                "insert into crossdock.call (tenant_id, instance_id, at, function, arguments, state, called_at, output)"
                " values ('norrland', $1, $2, 'decision', $3, 'done', crossdock.now(), $4)",
                things.instance, f"/do/{n}/decide#1", exactjson.text(asked),
                '{"version": "1", "hit": [{"rule": "tier-a", "description": ""}]}',
            )  # fmt: skip
    recorded = (await ada.get(f"{TABLE}/decisions")).json
    assert [(r["order"], r["hit"]) for r in recorded] == [(things.order, ["tier-a"])] * 2
    assert len((await ada.get(f"{TABLE}/decisions?order={things.order}")).json) == 2
    assert (await ada.get(f"{TABLE}/decisions?order=SO-0")).json == []
    told = (await ada.post(f"{TABLE}/compare", {"document": document})).json
    assert (told["of"], told["same"], told["against"]) == (2, 1, "library")
    [one] = told["differing"]
    assert (one["order"], one["before"], one["after"]) == (things.order, ["tier-a"], ["ours-first"])
    carl = await gateway.as_("carl")
    assert (await carl.post(f"{TABLE}/compare", {"document": document})).json["of"] == 0


async def test_an_own_table_of_another_tenant_is_not_there(gateway: Any) -> None:
    ada, carl = await gateway.as_("ada", "norrland"), await gateway.as_("carl")
    document, tests, given = await changed(ada)
    await published(ada, "sourcing", document, tests)
    assert [t["in_force"] for t in (await ada.get("/api/decision-tables")).json if t["name"] == "sourcing"] == [1]
    assert [t["in_force"] for t in (await carl.get("/api/decision-tables")).json if t["name"] == "sourcing"] == [0]
    assert (await carl.get(f"{TABLE}/versions/1")).status == 404
    assert (await carl.post(f"{TABLE}/trace", {"input": given})).json["hit"] == ["tier-a"]
    assert (await carl.post(f"{TABLE}/versions/1/publish", {})).status == 404
    assert (await carl.post(f"{TABLE}/versions/1/discard", {})).status == 404


async def test_tables_about_people_are_put_where_they_are_asked(gateway: Any) -> None:
    ada, eva = await gateway.as_("ada", "norrland"), await second(gateway)
    found = await written(ada, "approvals")
    body = {"document": found["document"], "tests": found["tests"]}
    await ada.send("PUT", "/api/decision-tables/approvals/draft", body)
    assert (await eva.post("/api/decision-tables/approvals/versions/1/publish", {"note": "n"})).status == 200
    assert (await ada.get("/api/approval-table")).json["put_by"] == "eva"
    direct = copy.deepcopy(found["document"])
    grid(direct)["rules"][0]["_description"] = "By its own route"
    assert (await ada.send("PUT", "/api/approval-table", {"document": direct, "note": "direct"})).status == 200
    shown = (await ada.get("/api/decision-tables/approvals")).json
    assert (shown["in_force"], shown["history"][0]["note"]) == (2, "direct"), "the history has it too"
    assert (await ada.send("PUT", "/api/decision-tables/bulk-fix/draft", body)).status == 409
    rules = await written(ada, "case-clock")
    await published(ada, "case-clock", rules["document"], rules["tests"])
    listed = (await ada.get("/api/case-rules")).json["items"]
    assert [r["put_by"] for r in listed if r["name"] == "case-clock"] == ["ada"]
