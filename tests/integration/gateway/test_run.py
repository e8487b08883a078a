"""A workflow as an HTTP service: started once, waited for, and no less durable when nobody waits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import asyncpg

from crossdock import exactjson, ids
from crossdock.clock import Clock
from crossdock.engine import definitions
from crossdock.engine.functions import Functions
from crossdock.engine.hooks import Silent
from crossdock.engine.worker import Worker
from crossdock.flow.outcomes import Done, Invocation
from crossdock.gateway.runs import Begun, Start, Starts
from crossdock.settings import Settings

ADD = """
document: {dsl: '1.0.3', namespace: test, name: add, version: '%s'}
do:
  - ask: {call: erp.step@crossdock, with: {number: '${ .number }'}, output: {as: '${ $task.input + {asked: true} }'}}
"""
FAIL = """
document: {dsl: '1.0.3', namespace: test, name: refuse, version: '1.0.0'}
do:
  - no: {raise: {error: {type: 'https://example.com/no', status: 418, title: Never}}}
"""
WAIT = """
document: {dsl: '1.0.3', namespace: test, name: await, version: '1.0.0'}
do:
  - hear: {listen: {to: {one: {with: {type: test.go}}}}}
"""


class Counting:
    system = "erp"

    def __init__(self) -> None:
        self.performed: list[str] = []

    async def perform(self, call: Invocation) -> Done:
        self.performed.append(call.key)
        return Done({})

    async def probe(self, call: Invocation) -> Done:
        return Done({})


@asynccontextmanager
async def working(gateway: Any) -> AsyncIterator[Counting]:
    erp = Counting()
    worker = Worker(gateway.db, Functions({"erp.step": erp}, {}), Clock(), Silent())
    task = asyncio.create_task(worker.run())
    try:
        yield erp
    finally:
        worker.stop()
        await task


async def publish(gateway: Any, *sources: str, tenant: str = "norrland") -> None:
    async with gateway.db.transaction(tenant) as tx:
        for source in sources:
            await definitions.publish(tx, tenant, source)


async def instances(gateway: Any, tenant: str = "norrland") -> int:
    async with gateway.db.transaction(tenant) as tx:
        return await tx.fetchval("select count(*) from crossdock.instance where tenant_id = $1", tenant)


async def listeners(gateway: Any, tenant: str = "norrland") -> int:
    async with gateway.db.transaction(tenant) as tx:
        return await tx.fetchval("select count(*) from crossdock.subscription where tenant_id = $1", tenant)


async def test_the_answer_is_what_the_workflow_made_of_its_input(gateway: Any) -> None:
    await publish(gateway, ADD % "1.0.0")
    key = await gateway.key("coordinator")
    async with working(gateway):
        number = exactjson.loads("12345678901234567890")
        answer = await key.post("/api/workflows/test/add/run?business_key=SO-9", {"number": number})
    assert (answer.status, answer.json["status"], answer.json["error"]) == (200, "completed", None)
    assert answer.json["output"] == {"number": number, "asked": True}
    found = (await key.get("/api/instances?order=SO-9")).json["items"]
    assert [i["id"] for i in found] == [answer.json["id"]]


async def test_a_repeated_key_is_the_same_run_and_other_input_is_refused(gateway: Any) -> None:
    await publish(gateway, ADD % "1.0.0")
    key = await gateway.key("coordinator")
    path, once = "/api/workflows/test/add/run", {"Idempotency-Key": "order 7"}
    async with working(gateway) as erp:
        first = await key.post(path, {"number": 1}, headers=once)
        again = await asyncio.gather(*(key.post(path, {"number": 1}, headers=once) for _ in range(5)))
        assert [a.json for a in again] == [first.json] * 5
        assert (await key.post(path, {"number": 2}, headers=once)).status == 409
        assert (await key.post(path, {"number": 2}, headers={"Idempotency-Key": "order 8"})).status == 200
    assert len(erp.performed) == await instances(gateway) == 2


async def test_a_key_repeated_before_anybody_worked_is_compared_as_well(gateway: Any) -> None:
    await publish(gateway, ADD % "1.0.0")
    key = await gateway.key("coordinator")
    path, once = "/api/workflows/test/add/run?wait=0", {"Idempotency-Key": "k"}
    first = await key.post(path, {"number": 1}, headers=once)
    assert (first.status, first.json["status"], first.json["output"]) == (202, "running", None)
    assert (await key.post(path, {"number": 1}, headers=once)).json["id"] == first.json["id"]
    assert (await key.post(path, {"number": 2}, headers=once)).status == 409
    assert await instances(gateway) == 1


async def test_starts_that_meet_share_a_commit_and_one_that_is_refused_fails_alone(gateway: Any) -> None:
    tenants = ("norrland", "castell")
    for tenant in tenants:
        await publish(gateway, ADD % "1.0.0", tenant=tenant)

    def start(tenant: str, input: str, name: str = "add") -> Start:
        return Start(
            tenant_id=tenant, instance_id=ids.new(), namespace="test", name=name, version=None, business_key="SO-1",
            traceparent="", input=input, actor="key:k", key=None,
        )  # fmt: skip

    asked = [start(tenants[n % 2], exactjson.text({"number": n})) for n in range(20)]
    asked += [start("castell", "{}", "unknown"), start("nobody", "{}")]
    starts = Starts(gateway.db)
    answers = await asyncio.gather(*map(starts.begin, asked))
    assert answers == [Begun("1.0.0", True)] * 20 + [Begun(None, False)] * 2
    assert [await instances(gateway, t) for t in tenants] == [10, 10]
    async with gateway.db.transaction("norrland") as tx:
        commits = await tx.fetchval("select count(distinct xmin::text) from crossdock.instance")
        facts = await tx.fetch("select body->'input'->>'number' as n from crossdock.fact order by fact_id")
        own = await tx.fetchval("select crossdock.now() - max((body->>'now')::timestamptz) from crossdock.fact")
    assert commits < 10
    assert sorted(int(f["n"]) for f in facts) == list(range(0, 20, 2))
    assert timedelta(0) <= own < timedelta(minutes=1)
    mixed = [start("castell", text) for text in ("1", "{broken", "3")]
    answers = await asyncio.gather(*map(starts.begin, mixed), return_exceptions=True)
    assert (answers[0], answers[2]) == (Begun("1.0.0", True),) * 2
    assert isinstance(answers[1], asyncpg.DataError)


async def test_the_same_key_in_another_tenant_is_another_run(gateway: Any) -> None:
    answers: list[Any] = []
    for tenant in ("norrland", "castell"):
        await publish(gateway, ADD % "1.0.0", tenant=tenant)
        key = await gateway.key("coordinator", tenant)
        path = "/api/workflows/test/add/run?wait=0"
        answers.append((await key.post(path, {"number": 1}, headers={"Idempotency-Key": "k"})).json["id"])
    assert len(set(answers)) == 2
    assert (await key.get(f"/api/instances/{answers[0]}")).status == 404


async def test_what_has_not_ended_in_time_is_named_and_goes_on(gateway: Any) -> None:
    await publish(gateway, WAIT)
    key = await gateway.key("coordinator")
    async with working(gateway):
        answer = await key.post("/api/workflows/test/await/run?wait=0.05")
        assert (answer.status, answer.json["status"]) == (202, "running")
        assert answer.headers["location"] == f"/api/instances/{answer.json['id']}"
        waiting = asyncio.create_task(key.post("/api/workflows/test/await/run?wait=60"))
        while await listeners(gateway) < 2:
            await asyncio.sleep(0)
        await key.post("/api/events", {"specversion": "1.0", "source": "scanner", "type": "test.go", "id": "e1"})
        assert (await waiting).json["status"] == "completed"
        again = await key.get(answer.headers["location"])
    assert again.status == 200


async def test_an_error_of_the_workflow_is_told(gateway: Any) -> None:
    await publish(gateway, FAIL)
    key = await gateway.key("coordinator")
    async with working(gateway):
        answer = await key.post("/api/workflows/test/refuse/run")
    assert (answer.status, answer.json["status"], answer.json["output"]) == (200, "faulted", None)
    assert (answer.json["error"]["status"], answer.json["error"]["title"]) == (418, "Never")


async def test_the_version_asked_for_runs_else_the_newest(gateway: Any) -> None:
    await publish(gateway, ADD % "1.0.0")
    await publish(gateway, ADD % "1.1.0")
    key = await gateway.key("coordinator")
    path = "/api/workflows/test/add/run?wait=0"
    assert (await key.post(path)).json["version"] == "1.1.0"
    assert (await key.post(path + "&version=1.0.0")).json["version"] == "1.0.0"
    missing = await key.post(path + "&version=9.9.9")
    assert missing.status == 404
    assert "test/add" in missing.json["detail"]


async def test_only_who_may_run_workflows_runs_them(gateway: Any) -> None:
    await publish(gateway, ADD % "1.0.0")
    path = "/api/workflows/test/add/run?wait=0"
    for role, status in (("viewer", 403), ("approver", 403), ("partner", 403), ("coordinator", 202), ("admin", 202)):
        key = await gateway.key(role, partner="C-1" if role == "partner" else None)
        assert (await key.post(path)).status == status, role
    other = await gateway.key("admin", "castell")
    assert (await other.post(path)).status == 404
    assert (await gateway.browser().post(path)).status == 401
    assert await instances(gateway, "castell") == 0


async def test_bad_input_starts_nothing(gateway: Any) -> None:
    await publish(gateway, ADD % "1.0.0")
    key = await gateway.key("coordinator")
    path = "/api/workflows/test/add/run"
    assert (await key.post(path, raw=b"{not json")).json["findings"][0]["code"] == "json.malformed"
    for wrong in ("wait=-1", "wait=61", "wait=nan", "version=" + "9" * 101):
        assert (await key.post(f"{path}?{wrong}")).status == 422, wrong
    assert (await key.post(path, {}, headers={"Idempotency-Key": "k" * 201})).status == 422
    assert await instances(gateway) == 0


async def test_a_run_is_in_the_audit_trail_with_who_asked(gateway: Any) -> None:
    await publish(gateway, ADD % "1.0.0")
    key = await gateway.key("coordinator")
    once = {"Idempotency-Key": "k"}
    ran = (await key.post("/api/workflows/test/add/run?wait=0", {"number": 1}, headers=once)).json["id"]
    await key.post("/api/workflows/test/add/run?wait=0", {"number": 1}, headers=once)
    admin = await gateway.key("admin")
    found = (await admin.get(f"/api/audit?object={ran}")).json["items"]
    assert [(e["actor"], e["action"]) for e in found] == [("key:coordinator-key", "workflow.run")]


async def test_with_too_much_waiting_new_work_is_refused_and_nothing_else(gateway: Any) -> None:
    async with gateway.db.transaction("norrland") as tx:
        await tx.execute(
            "insert into crossdock.ready (tenant_id, instance_id)"
            " select 'norrland', gen_random_uuid() from generate_series(1, $1::int)",
            Settings().max_backlog,
        )
    ada = await gateway.as_("ada", tenant="norrland")
    event = {"specversion": "1.0", "id": "1", "source": "/shop", "type": "shop.seen", "data": {}}
    for path, body in (("/api/events", event), ("/api/workflows/test/add/run", {}), ("/api/orders", {})):
        answer = await ada.post(path, body)
        assert (answer.status, answer.json["title"]) == (429, "Too much work waits"), path
        assert int(answer.headers["retry-after"]) > 0
    assert (await ada.get("/api/orders")).status == 200
    elsewhere = await gateway.as_("ada", tenant="castell")
    assert (await elsewhere.post("/api/events", event)).status == 202
    async with gateway.db.transaction("norrland") as tx:
        assert await tx.fetchval("select count(*) from crossdock.event where source = '/shop'") == 0
