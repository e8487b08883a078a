"""Large documents of an instance: written once, found by nobody else, and as good as data that is not kept apart."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from crossdock import exactjson
from crossdock.clock import Clock
from crossdock.engine import operations, payloads
from crossdock.engine.definitions import Programs
from crossdock.engine.fallback import ProcessFallback
from crossdock.engine.functions import Functions
from crossdock.engine.hooks import Point
from crossdock.engine.live import FACTS
from crossdock.engine.operations import Command, Kind, reading
from crossdock.engine.retention import drop_old
from crossdock.engine.worker import Worker
from crossdock.flow import interpreter, program
from crossdock.flow import state as states
from crossdock.flow.facts import Error
from crossdock.flow.outcomes import Done, Failed, Retry

from .conftest import MORNING, TENANT, Host, Remote

SIX_STEPS = """
document: {dsl: '1.0.3', namespace: test, name: six-steps, version: '1.0.0'}
do:
  - one: {call: erp.step@crossdock, with: {order: '${ . }', step: 1}, output: {as: '${ $input }'}}
  - two: {call: erp.step@crossdock, with: {order: '${ . }', step: 2}, output: {as: '${ $input }'}}
  - three:
      call: erp.step@crossdock
      with: {order: '${ . }', step: 3}
      output: {as: '${ $input }'}
      export: {as: '${ {order: $input, seen: 3} }'}
  - hear: {listen: {to: {one: {with: {type: test.go}}}}, output: {as: '${ $input }'}}
  - four: {call: erp.step@crossdock, with: {order: '${ $context.order }', step: 4}, output: {as: '${ $input }'}}
  - five: {call: erp.step@crossdock, with: {order: '${ . }', step: 5}, output: {as: '${ $input }'}}
  - six: {call: erp.step@crossdock, with: {order: '${ . }', step: 6}, output: {as: '${ {no: $input.order} }'}}
"""


def order(lines: int) -> dict[str, Any]:
    return {"order": "SO-1", "site": "N", "lines": [_line(n) for n in range(lines)]}


def _line(n: int) -> dict[str, Any]:
    return {
        "sku": f"A-{n:06}",
        "quantity": n,
        "price": exactjson.loads("1.10"),
        "text": f"an article, the {n}th of many",
    }


LARGE = order(60_000)  # 5 MB as JSON


class Steps(Remote):
    """Remembers only the size of what it was asked."""

    async def perform(self, call: Any) -> Any:
        assert call.arguments["order"] == LARGE
        self.asked.append(("perform", call.key, call.arguments["step"]))
        return self.performed.pop(0) if self.performed else Done({"step": call.arguments["step"]})


async def sizes(host: Host, i: UUID, tenant: str = TENANT) -> dict[str, int]:
    """Bytes an instance has in each table."""
    (row,) = await host.rows(
        """select
          (select coalesce(sum(length(body)), 0) from crossdock.payload where instance_id = $1) as payload,
          (select count(*) from crossdock.payload where instance_id = $1) as payloads,
          (select coalesce(sum(length(fact::text)), 0) from crossdock.history where instance_id = $1) as history,
          (select coalesce(sum(length(arguments::text) + coalesce(length(output::text), 0)), 0)
           from crossdock.call where instance_id = $1) as calls,
          (select length(state) from crossdock.instance where instance_id = $1) as state""",
        i, tenant=tenant,
    )  # fmt: skip
    return row


async def test_an_order_of_5_mb_is_written_once_in_six_steps(host: Host) -> None:
    steps = Steps()
    host.functions = {"erp.step": steps}
    i = await host.start(await host.publish(SIX_STEPS), LARGE)
    await host.run()
    waiting = await sizes(host, i)
    assert len(exactjson.dumps(LARGE)) > 5_000_000
    assert (waiting["payloads"], waiting["state"] < 4000) == (1, True)
    await host.send("test.go", {})
    await host.run()  # another worker: it reads what the first one left
    assert [a[2] for a in steps.asked] == [1, 2, 3, 4, 5, 6]
    assert (await host.instance(i))["output"] == {"no": "SO-1"}
    done = await sizes(host, i)
    assert done["payloads"] == 1
    assert done["payload"] < 1.01 * len(exactjson.dumps(LARGE))
    assert done["state"] + done["history"] + done["calls"] < 20_000
    await check_fold(host, i, SIX_STEPS)


async def check_fold(host: Host, i: UUID, source: str) -> None:
    """Folding history gives the stored state, all parts put back."""
    p, state = program.load(source, "x"), None
    async with host.db.transaction(TENANT) as tx:
        rows = await tx.fetch("select kind, fact from crossdock.history where instance_id = $1 order by seq", i)
        stored = await tx.fetchval("select state from crossdock.instance where instance_id = $1", i)
        parts = await payloads.read(tx, TENANT, i, [stored, *(r["fact"] for r in rows)])
    for row in rows:
        state = interpreter.advance(p, state, msgspec.convert(parts.value(row["fact"]), FACTS[row["kind"]])).state
    assert state is not None
    assert states.canonical(state) == states.canonical(states.load(stored, parts))


@pytest.mark.parametrize("point", [Point.BEFORE_COMMIT, Point.AFTER_COMMIT])
@pytest.mark.parametrize("nth", [1, 2])
async def test_a_turn_that_breaks_off_leaves_whole_documents_or_none(host: Host, point: Point, nth: int) -> None:
    steps = Steps(probed=[Done({"step": nth})])
    host.functions = {"erp.step": steps}
    i = await host.start(await host.publish(SIX_STEPS), LARGE)
    await host.send("test.go", {})
    left = nth

    def crash(where: Point) -> None:
        nonlocal left
        left -= where is point
        if where is point and left == 0:
            raise RuntimeError("broken off")

    worker = Worker(host.db, Functions(host.functions, {}), Clock(), host.hooks, crash=crash)
    running = asyncio.create_task(worker.run())
    await host.idle()
    worker.stop()
    await running
    assert left <= 0
    assert (await host.instance(i))["status"] == "completed"
    assert (await sizes(host, i))["payloads"] == 1
    # what was recorded and never left is looked up first, and the answer to that is taken
    performed = [a[2] for a in steps.asked if a[0] == "perform"]
    assert performed == [n for n in range(1, 7) if point is Point.BEFORE_COMMIT or n != nth]
    await check_fold(host, i, SIX_STEPS)


FORGE = """
document: {dsl: '1.0.3', namespace: test, name: forge, version: '1.0.0'}
do:
  - ask: {call: erp.echo@crossdock, with: {given: '${ . }'}}
  - hear: {listen: {to: {one: {with: {type: test.go}}}}}
"""


async def test_a_forged_name_reads_nothing_of_another_tenant_or_instance(host: Host) -> None:
    host.functions = {"erp.echo": Remote()}
    definition = await host.publish(FORGE, "castell")
    theirs = await host.start(definition, {"secret": "s" * 100_000}, tenant="castell")
    await host.run()
    (row,) = await host.rows("select digest, length(body) as n from crossdock.payload", tenant="castell")
    forged = {"$payload": row["digest"].hex(), "bytes": row["n"]}
    assert await host.rows("select 1 from crossdock.payload") == []
    small = await host.start(await host.publish(FORGE), forged, "SO-2")
    large = await host.start(("test", "forge", "1.0.0"), {"see": forged, "much": "m" * 100_000}, "SO-3")
    await host.run()
    await host.send("test.go", {})
    await host.run()
    asked = {a[1][:36]: a[2] for a in host.functions["erp.echo"].asked}  # type: ignore[union-attr]
    assert asked[str(small)] == {"given": forged}
    assert asked[str(large)] == {"given": {"see": forged, "much": "m" * 100_000}}
    assert asked[str(theirs)] == {"given": {"secret": "s" * 100_000}}
    async with host.db.transaction(TENANT) as tx:
        assert await payloads.one(tx, TENANT, theirs, forged["$payload"]) is None
        assert await payloads.one(tx, "castell", theirs, forged["$payload"]) is None
        record = await reading.read(tx, TENANT, large)
    assert record.calls[0].given == {"given": {"see": forged, "much": "m" * 100_000}}


async def test_an_instance_with_a_large_order_is_restarted_from_its_record(host: Host) -> None:
    refused = Failed(Error("https://serverlessworkflow.io/spec/1.0.0/errors/communication", 400, "No"), Retry.NEVER)
    steps = Steps(performed=[Done({}), Done({}), Done({}), refused])
    host.functions = {"erp.step": steps}
    i = await host.start(await host.publish(SIX_STEPS), LARGE)
    await host.run()
    await host.send("test.go", {})
    await host.run()
    assert (await host.instance(i))["status"] == "faulted"
    known = Programs(ProcessFallback())
    async with host.db.transaction(TENANT) as tx:
        await operations.perform(tx, TENANT, i, Command(kind=Kind.RETRY, reason="again"), "ana", known, host.hooks)
    await host.run()
    assert (await host.instance(i))["status"] == "completed"
    assert [a[2] for a in steps.asked] == [1, 2, 3, 4, 4, 5, 6]
    async with host.db.transaction(TENANT) as tx:
        facts = await reading.history(tx, TENANT, i)
    assert [type(f).__name__ for f in facts].count("Restarted") == 1


async def test_an_answer_beyond_all_measure_fails_its_call_and_no_worker(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crossdock.engine.live.MOST", 200_000)
    host.functions = {"erp.echo": Remote(performed=[Done({"text": "x" * 200_001})])}
    i = await host.start(await host.publish(FORGE), {})
    await host.run()
    done = await host.instance(i)
    assert done["status"] == "faulted"
    assert (done["error"]["status"], done["error"]["instance"]) == (413, "/do/0/ask")
    assert "at most 200000 bytes" in done["error"]["detail"]


async def test_payloads_leave_with_their_instance(host: Host) -> None:
    host.functions = {"erp.step": Steps()}
    i = await host.start(await host.publish(SIX_STEPS), LARGE)
    await host.send("test.go", {})
    await host.run()
    assert (await sizes(host, i))["payloads"] == 1
    await host.later(days=40)
    await drop_old(host.db, lambda: MORNING + timedelta(days=40), timedelta(days=30))
    assert await host.rows("select 1 from crossdock.payload") == []
