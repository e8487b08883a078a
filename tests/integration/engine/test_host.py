"""The durable host, by its public face: facts in, calls out, everything durable in between."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from crossdock import exactjson
from crossdock.db import Tx
from crossdock.engine import definitions, operations
from crossdock.engine import worker as worker_module
from crossdock.engine.fallback import ProcessFallback
from crossdock.engine.hooks import Silent
from crossdock.events import inbox
from crossdock.flow import interpreter, program
from crossdock.flow import state as states
from crossdock.flow.facts import Error
from crossdock.flow.outcomes import Absent, Done, Failed, Retry, Unknown

from .conftest import TENANT, Host, Remote

CALL_TWICE = """
document: {dsl: '1.0.3', namespace: test, name: call-twice, version: '1.0.0'}
do:
  - first:
      call: erp.first@crossdock
      with: {sku: '${ .sku }'}
      export: {as: '${ {first: .} }'}
  - second:
      call: erp.second@crossdock
      with: {of: '${ $context.first.of.sku }', price: 0.10}
"""

LISTEN = """
document: {dsl: '1.0.3', namespace: test, name: hear, version: '1.0.0'}
do:
  - hear:
      listen:
        to:
          one:
            with: {type: test.shipped}
            correlate: {order: {from: '${ .data.order }', expect: '${ .order }'}}
"""

NAP = """
document: {dsl: '1.0.3', namespace: test, name: nap, version: '1.0.0'}
do:
  - nap: {wait: {hours: 4}}
  - done: {set: {rested: true}}
"""

UNDO = """
document: {dsl: '1.0.3', namespace: test, name: undo, version: '1.0.0'}
do:
  - race:
      fork:
        compete: true
        branches:
          - work:
              do:
                - reserve:
                    call: wms.reserve@crossdock
                    with: {site: A}
                    metadata: {crossdock: {compensate: {function: wms.cancel, arguments: {of: '${ $output.of.site }'}}}}
                - book:
                    call: wms.reserve@crossdock
                    with: {site: B}
                    metadata: {crossdock: {compensate: {function: wms.cancel, arguments: {of: '${ $output.of.site }'}}}}
                - rest: {wait: {days: 9}}
          - stop:
              listen:
                to:
                  one:
                    with: {type: test.cancel}
                    correlate: {order: {from: '${ .data.order }', expect: '${ $workflow.input.order }'}}
  - undo: {call: compensate@crossdock, with: {reason: cancelled}}
"""


async def test_a_workflow_runs_its_calls_in_order_and_keeps_money_exact(host: Host) -> None:
    first, second = Remote(), Remote()
    host.functions = {"erp.first": first, "erp.second": second}
    i = await host.start(await host.publish(CALL_TWICE), {"sku": "A-1"})
    await host.run()
    done = await host.instance(i)
    assert done["status"] == "completed"
    assert done["output"]["of"] == {"of": "A-1", "price": exactjson.loads("0.10")}
    assert [a[0] for a in first.asked + second.asked] == ["perform", "perform"]


async def test_folding_history_gives_the_stored_state(host: Host) -> None:
    host.functions = {"erp.first": Remote(), "erp.second": Remote()}
    i = await host.start(await host.publish(CALL_TWICE), {"sku": "A-1"})
    await host.run()
    import msgspec

    from crossdock.engine.live import FACTS

    p, state = program.load(CALL_TWICE, "x"), None
    for row in await host.rows("select kind, fact from crossdock.history where instance_id = $1 order by seq", i):
        fact = msgspec.convert(exactjson.loads(row["fact"]), FACTS[row["kind"]])
        state = interpreter.advance(p, state, fact).state
    stored = await host.rows("select state from crossdock.instance where instance_id = $1", i)
    assert state is not None
    assert states.dump(state) == stored[0]["state"]


LONG = """
document: {dsl: '1.0.3', namespace: test, name: long, version: '1.0.0'}
do:
  - each:
      for: {each: n, in: '${ [range(1500)] }'}
      do:
        - look: {call: look@crossdock, with: {n: '${ $n }'}}
"""


async def test_a_loop_that_answers_its_own_calls_a_thousand_times_is_one_turn(host: Host) -> None:
    class Look:
        def evaluate(self, call: object) -> Done:
            return Done({"seen": True})

    host.functions = {"look": Look()}
    i = await host.start(await host.publish(LONG), {})
    await host.run()
    assert (await host.instance(i))["status"] == "completed"
    facts = await host.rows("select count(*) n from crossdock.history where instance_id = $1", i)
    assert facts[0]["n"] == 1501


FALLBACK = """
document: {dsl: '1.0.3', namespace: test, name: fallback, version: '1.0.0'}
do:
  - angle: {set: {cosine: '${ .x | cos }', exact: '${ .price }'}}
"""


async def test_an_expression_outside_the_compiled_subset_runs_in_the_library(host: Host) -> None:
    with ProcessFallback() as library:
        async with host.db.transaction(TENANT) as tx:
            with pytest.raises(program.DefinitionError):
                await definitions.publish(tx, TENANT, FALLBACK)
            p = await definitions.publish(tx, TENANT, FALLBACK, fallback=library)
    i = await host.start((p.namespace, p.name, p.version), {"x": 0, "price": 0.10})
    await host.run()
    assert (await host.instance(i))["output"] == {"cosine": 1, "exact": exactjson.loads("0.10")}


async def test_an_event_before_its_listener_is_heard_and_a_repeated_one_is_not(host: Host) -> None:
    d = await host.publish(LISTEN)
    assert await host.send("test.shipped", {"order": "SO-7"}, id="e1") == "accepted"
    assert await host.send("test.shipped", {"order": "SO-7"}, id="e1") == "duplicate"
    i = await host.start(d, {"order": "SO-7"}, "SO-7")
    j = await host.start(d, {"order": "SO-7"}, "SO-7")
    await host.run()
    assert sorted([(await host.instance(x))["status"] for x in (i, j)]) == ["completed", "running"]


_TWICE = LISTEN.replace("name: hear,", "name: hear-twice,").replace("'${ .order }'", "'${ $workflow.input.order }'")
TWICE = _TWICE + _TWICE.split("do:")[1].replace("- hear:", "- again:", 1)


async def test_two_events_at_once_reach_two_listeners_one_after_the_other(host: Host) -> None:
    """The second lies in the mailbox of a listener that closes with the first: the next listener takes it."""
    i = await host.start(await host.publish(TWICE), {"order": "SO-7"}, "SO-7")
    await host.run()
    for n in ("e1", "e2"):
        assert await host.send("test.shipped", {"order": "SO-7"}, id=n) == "accepted"
    await host.run()
    assert (await host.instance(i))["status"] == "completed"


async def test_an_event_for_a_closed_listener_reaches_the_one_that_is_open_by_then(host: Host) -> None:
    """The second event was addressed to the first listener, and is read only after the second has opened."""
    i = await host.start(await host.publish(TWICE), {"order": "SO-7"}, "SO-7")
    await host.run()
    first = (await host.rows("select at from crossdock.subscription where instance_id = $1", i))[0]["at"]
    assert await host.send("test.shipped", {"order": "SO-7"}, id="e1") == "accepted"
    await host.run()
    body = (await host.rows("select body from crossdock.event where id = 'e1'"))[0]["body"].replace('"e1"', '"e2"')
    async with host.db.transaction(TENANT) as tx:
        now = await tx.fetchval("select crossdock.now()")
        event = exactjson.loads(body)
        await tx.execute(
            "insert into crossdock.event (tenant_id, source, id, type, subject, time, body) "
            "values ($1, '/test', 'e2', 'test.shipped', 'SO-7', $2, $3)",
            TENANT, now, body,
        )  # fmt: skip
        late = exactjson.text({"at": first, "event": event, "now": now})
        await tx.execute("select crossdock.deliver($1, $2, 'EventReceived', $3)", TENANT, i, late)
    await host.run()
    assert (await host.instance(i))["status"] == "completed"


async def test_an_event_finds_its_listener_by_business_key_among_many(host: Host) -> None:
    d = await host.publish(LISTEN)
    ids_ = [await host.start(d, {"order": f"SO-{n}"}, f"SO-{n}") for n in range(20)]
    async with host.working():
        await host.idle()
        await host.send("test.shipped", {"order": "SO-13"})
        await host.idle()
    statuses = [(await host.instance(i))["status"] for i in ids_]
    assert [n for n, s in enumerate(statuses) if s == "completed"] == [13]


async def test_another_tenants_event_is_not_heard(host: Host) -> None:
    d = await host.publish(LISTEN)
    await host.publish(LISTEN, "castell")
    i = await host.start(d, {"order": "SO-1"})
    async with host.working():
        await host.idle()
        await host.send("test.shipped", {"order": "SO-1"}, tenant="castell")
        await host.idle()
    assert (await host.instance(i))["status"] == "running"


async def test_a_wait_ends_when_business_time_reaches_it_and_not_before(host: Host) -> None:
    i = await host.start(await host.publish(NAP), {})
    async with host.working():
        await host.idle()
        await host.later(hours=3)
        await host.idle()
        assert (await host.instance(i))["status"] == "running"
        await host.later(hours=2)
        await host.until(lambda: ended(host, i))
    assert (await host.instance(i))["output"] == {"rested": True}


async def ended(host: Host, i: object) -> bool:
    return (await host.instance(i))["ended_at"] is not None  # type: ignore[arg-type]


async def test_a_passing_fault_is_tried_again_later_with_the_same_key(host: Host) -> None:
    busy = Failed(Error("t", 429, "busy"), Retry.LATER, timedelta(seconds=30))
    first = Remote(performed=[busy, busy])
    host.functions = {"erp.first": first, "erp.second": Remote()}
    i = await host.start(await host.publish(CALL_TWICE), {"sku": "A"})
    async with host.working():
        for _ in range(3):
            await host.idle()
            await host.later(minutes=2)
        await host.until(lambda: ended(host, i))
    assert len(first.asked) == 3
    assert len({key for _, key, _ in first.asked}) == 1


async def test_a_lost_answer_is_probed_and_not_repeated(host: Host) -> None:
    first = Remote(performed=[Unknown("connection lost")], probed=[Unknown("still down"), Done({"of": {"sku": "A"}})])
    host.functions = {"erp.first": first, "erp.second": Remote()}
    i = await host.start(await host.publish(CALL_TWICE), {"sku": "A"})
    async with host.working():
        for _ in range(3):
            await host.idle()
            await host.later(minutes=1)
        await host.until(lambda: ended(host, i))
    assert [a[0] for a in first.asked] == ["perform", "probe", "probe"]


async def test_an_absent_effect_is_performed_again_with_the_same_key(host: Host) -> None:
    first = Remote(performed=[Unknown("connection lost")], probed=[Absent()])
    host.functions = {"erp.first": first, "erp.second": Remote()}
    i = await host.start(await host.publish(CALL_TWICE), {"sku": "A"})
    async with host.working():
        for _ in range(2):
            await host.idle()
            await host.later(minutes=1)
        await host.until(lambda: ended(host, i))
    assert [a[0] for a in first.asked] == ["perform", "probe", "perform"]
    assert len({key for _, key, _ in first.asked}) == 1


class Heard(Silent):
    def __init__(self) -> None:
        self.told: list[str] = []

    async def held(self, tx, call, system, detail):  # type: ignore[no-untyped-def]
        self.told.append(f"held {system}")

    async def recovered(self, tx, tenant_id, system, now):  # type: ignore[no-untyped-def]
        self.told.append(f"recovered {system}")

    async def unresolved(self, tx, call, system, detail):  # type: ignore[no-untyped-def]
        self.told.append(f"asked {call.function}")

    async def stuck(self, tx, tenant_id, instance_id, business_key, detail, now):  # type: ignore[no-untyped-def]
        self.told.append(f"stuck {business_key}")


async def test_calls_of_a_system_that_is_down_wait_and_resume_together(host: Host) -> None:
    down = Failed(Error("t", 503, "down"), Retry.OUTAGE)
    first = Remote(performed=[down] * 7)
    host.hooks = Heard()
    host.functions = {"erp.first": first, "erp.second": Remote()}
    d = await host.publish(CALL_TWICE)
    made = [await host.start(d, {"sku": "A"}, f"SO-{n}") for n in range(5)]
    async with host.working():
        await host.idle()
        for _ in range(6):
            await host.later(minutes=20)
            await asyncio.sleep(0.3)
            await host.idle()
        for i in made:
            await host.until(lambda i=i: ended(host, i))
    assert host.hooks.told.count("recovered erp") == 1
    assert host.hooks.told.count("held erp") >= 5
    assert await host.rows("select * from crossdock.held_call") == []


async def test_when_probes_cannot_tell_a_person_is_asked_once(host: Host) -> None:
    first = Remote(performed=[Unknown("lost")], probed=[Unknown("?")] * 6)
    host.hooks = Heard()
    host.functions = {"erp.first": first, "erp.second": Remote()}
    await host.start(await host.publish(CALL_TWICE), {"sku": "A"})
    async with host.working():
        await host.idle()
        for _ in range(8):
            await host.later(hours=1)
            await asyncio.sleep(0.3)
            await host.idle()
    assert host.hooks.told == ["asked erp.first"]


async def test_a_vanished_worker_loses_its_instances_and_its_late_commit_is_refused(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "NOTICES_S", 0.0)  # the first is not to notice
    gate, entered = asyncio.Event(), asyncio.Event()

    async def hang(_: object) -> None:
        entered.set()
        await gate.wait()

    slow = Remote(before=hang)
    probing = Remote(probed=[Done({"of": {"sku": "A"}})])
    second = Remote()
    i = await host.start(await host.publish(CALL_TWICE), {"sku": "A"})
    dead = host.worker({"erp.first": slow, "erp.second": second})
    running = asyncio.create_task(dead.run())
    await entered.wait()
    # its lease runs out while the call is out
    await host.db.pool.execute("update crossdock.worker set lease_until = clock_timestamp() - interval '1 s'")
    assert await host.db.pool.fetchval("select crossdock.bury_dead()") == 1
    other = host.worker({"erp.first": probing, "erp.second": second})
    helping = asyncio.create_task(other.run())
    await host.until(lambda: ended(host, i))
    gate.set()  # the late answer of the first
    await host.idle()
    for w, task in ((dead, running), (other, helping)):
        w.stop()
        await task
    assert [a[0] for a in probing.asked] == ["probe"]
    assert len(second.asked) == 1
    terminal = await host.rows("select count(*) n from crossdock.history where instance_id = $1", i)
    assert terminal[0]["n"] == 3  # started, two answers


async def test_cancellation_undoes_effects_in_reverse_order_after_learning_the_outcome_of_the_last(host: Host) -> None:
    entered, gate = asyncio.Event(), asyncio.Event()

    async def slow_for_b(call: object) -> None:
        if call.arguments["site"] == "B":  # type: ignore[attr-defined]
            entered.set()
            await gate.wait()

    reserve, cancel = Remote(before=slow_for_b, system="wms"), Remote(system="wms")
    host.functions = {"wms.reserve": reserve, "wms.cancel": cancel}
    i = await host.start(await host.publish(UNDO), {"order": "SO-1"})
    async with host.working():
        await entered.wait()
        await host.send("test.cancel", {"order": "SO-1"})
        await host.until(lambda: compensating(host, i))
        gate.set()
        await host.until(lambda: ended(host, i))
    assert [a[2] for a in cancel.asked] == [{"of": "B"}, {"of": "A"}]
    output = (await host.instance(i))["output"]
    assert len(output["undone"]) == 2
    assert output["failed"] == []


async def compensating(host: Host, i: object) -> bool:
    return bool(await host.rows("select 1 from crossdock.call where instance_id = $1 and function = 'compensate'", i))


async def test_an_instance_the_host_cannot_advance_is_set_aside_and_its_neighbours_go_on(host: Host) -> None:
    class Broken:
        def evaluate(self, call: object) -> Done:
            raise RuntimeError("boom")

    host.hooks = Heard()
    host.functions = {"erp.first": Broken(), "erp.second": Remote()}
    d = await host.publish(CALL_TWICE)
    bad = await host.start(d, {"sku": "A"}, "SO-bad")
    good = await host.start(await host.publish(NAP.replace("hours: 4", "seconds: 0")), {}, "SO-good")
    async with host.working():
        await host.until(lambda: ended(host, good))
        await host.until(lambda: suspended(host, bad))
    assert host.hooks.told == ["stuck SO-bad"]
    assert len(await host.rows("select 1 from crossdock.fact where instance_id = $1", bad)) == 1


async def test_an_instance_set_aside_goes_on_where_it_stood_once_resumed(host: Host) -> None:
    class Moody:
        broken = True

        def evaluate(self, call: object) -> Done:
            if self.broken:
                raise RuntimeError("boom")
            return Done({"of": {"sku": "A"}})

    moody = Moody()
    host.functions = {"erp.first": moody, "erp.second": Remote()}
    i = await host.start(await host.publish(CALL_TWICE), {"sku": "A"})
    async with host.working():
        await host.until(lambda: suspended(host, i))
        moody.broken = False
        async with host.db.transaction(TENANT) as tx:
            command = operations.Command(kind=operations.Kind.RESUME)
            await operations.perform(tx, TENANT, i, command, "ana", definitions.Programs(), Silent())
        await host.until(lambda: ended(host, i))
    assert (await host.instance(i))["status"] == "completed"


async def suspended(host: Host, i: object) -> bool:
    return (await host.instance(i))["status"] == "suspended"  # type: ignore[arg-type]


@pytest.mark.parametrize("workers", [1, 3])
async def test_many_instances_finish_once_each_whoever_works(host: Host, workers: int) -> None:
    first, second = Remote(), Remote()
    host.functions = {"erp.first": first, "erp.second": second}
    d = await host.publish(CALL_TWICE)
    for n in range(200):
        await host.start(d, {"sku": str(n)}, f"SO-{n}")
    await host.run(workers)
    done = await host.rows("select status, count(*) n from crossdock.instance group by 1")
    assert done == [{"status": "completed", "n": 200}]
    assert len(first.asked) == len(second.asked) == 200
    assert await host.rows(f"select 1 from crossdock.lease where tenant_id = '{TENANT}'") == []


async def test_an_outage_ends_although_its_oldest_held_call_was_settled_meanwhile(host: Host) -> None:
    down = Failed(Error("t", 503, "down"), Retry.OUTAGE)
    first = Remote()
    host.functions = {"erp.first": first, "erp.second": Remote()}
    d = await host.publish(CALL_TWICE)
    settled = await host.start(d, {"sku": "A"}, "SO-1")
    await host.run()
    first.performed = [down]
    waiting = await host.start(d, {"sku": "B"}, "SO-2")
    async with host.working():
        await host.until(lambda: is_held(host))
        async with host.db.transaction(TENANT) as tx:  # what an answer by another way leaves behind
            await tx.execute(
                "insert into crossdock.held_call select tenant_id, 'erp', instance_id, at, "
                "called_at - interval '1 day' from crossdock.call where instance_id = $1 and function = 'erp.first'",
                settled,
            )
        await host.later(minutes=20)
        await host.until(lambda: ended(host, waiting))
    assert await host.rows("select * from crossdock.outage") == []
    assert await host.rows("select * from crossdock.held_call") == []


async def is_held(host: Host) -> bool:
    return bool(await host.rows("select 1 from crossdock.held_call"))


async def test_a_cancelled_child_fails_the_parent_that_awaits_it(host: Host) -> None:
    """It has no output that the parent could go on with; a host in memory says the same."""
    await host.publish(
        "document: {dsl: '1.0.3', namespace: t, name: child, version: '1.0.0'}\ndo:\n  - rest: {wait: {days: 1}}\n"
    )
    parent = await host.publish(
        "document: {dsl: '1.0.3', namespace: t, name: parent, version: '1.0.0'}\n"
        "do:\n  - child: {run: {workflow: {namespace: t, name: child, version: '1.0.0', input: {}}}}\n"
    )
    i = await host.start(parent, {})
    await host.run()
    (child,) = await host.rows("select instance_id from crossdock.instance where parent_id = $1", i)
    async with host.db.transaction(TENANT) as tx:
        now = await inbox.business_now(tx)
        body = exactjson.text({"reason": "not wanted any more", "now": now})
        await tx.execute("select crossdock.deliver($1, $2, 'CancelRequested', $3)", TENANT, child["instance_id"], body)
    await host.run()
    ended = await host.instance(i)
    assert (ended["status"], ended["error"]["status"], ended["error"]["detail"]) == (
        "faulted",
        499,
        "not wanted any more",
    )


NOTHING = """
document: {dsl: '1.0.3', namespace: test, name: nothing, version: '1.0.0'}
do:
  - one: {set: {done: true}}
"""


@dataclass
class Telling(Silent):
    """Remembers what the host could not go on with."""

    told: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    async def stuck(
        self, tx: Tx, tenant_id: str, instance_id: UUID, business_key: str, detail: str, now: datetime
    ) -> None:
        self.told.append((business_key, detail))


@pytest.mark.parametrize("part", ["definition", "state", "mail"])
async def test_an_instance_that_cannot_be_read_is_set_aside_and_the_others_go_on(
    host: Host, admin_dsn: str, part: str
) -> None:
    host.hooks = hooks = Telling()
    good = await host.publish(NOTHING)
    bad = await host.publish(NOTHING.replace("name: nothing", "name: bad"))
    i, j = await host.start(bad, {}, "BAD"), await host.start(good, {}, "GOOD")
    admin = await asyncpg.connect(admin_dsn)
    await admin.execute(
        {
            "definition": "update crossdock.definition set source = 'do: [', hash = 'x' where name = 'bad'",
            "state": "update crossdock.instance set state = 'no state' where name = 'bad'",
            "mail": "update crossdock.fact set body = '{\"n\": 1e9999999999999999999}' where instance_id = "
            "(select instance_id from crossdock.instance where name = 'bad')",
        }[part]
    )
    await admin.close()
    async with host.working() as (worker,):
        await host.until(lambda: _is(host, j, "completed"))
        await host.until(lambda: _is(host, i, "suspended"))
        await host.idle()
        assert worker.stats.turns > 0
    assert [key for key, _ in hooks.told] == ["BAD"], "told once"
    assert await host.rows("select * from crossdock.fact where instance_id = $1", i), "nothing of it is lost"


async def _is(host: Host, instance_id: Any, status: str) -> bool:
    return (await host.instance(instance_id))["status"] == status
