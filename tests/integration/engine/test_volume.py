"""Many tenants and many instances: who goes first, and who waits for whom."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from crossdock import audit, exactjson, ids
from crossdock.db import queries
from crossdock.engine import retention
from crossdock.engine.hooks import Silent
from crossdock.flow.outcomes import Absent, Done, Invocation, Unknown

from .conftest import MORNING, TENANT, Host

SQL = queries("crossdock.engine", "engine.sql")

ENDLESS = """
document: {dsl: '1.0.3', namespace: t, name: endless, version: '1.0.0'}
do:
  - round: {call: erp.step@crossdock, with: {}, then: round}
"""
SHORT = """
document: {dsl: '1.0.3', namespace: t, name: short, version: '1.0.0'}
do:
  - one: {call: erp.step@crossdock, with: {}}
"""
WAITING = """
document: {dsl: '1.0.3', namespace: t, name: waiting, version: '1.0.0'}
do:
  - rest: {wait: {days: 300}}
"""
URGENT = SHORT.replace("name: short", "name: urgent").replace(
    "version: '1.0.0'}", "version: '1.0.0', metadata: {crossdock: {priority: 1}}}"
)


@dataclass
class Counting:
    """Answers at once, and remembers for whom."""

    system: str = "erp"
    heard: list[tuple[str, str]] = field(default_factory=list)

    async def perform(self, call: Invocation) -> Done:
        self.heard.append((call.tenant_id, call.business_key))
        return Done({})

    async def probe(self, call: Invocation) -> Absent:
        return Absent()


QUEUE = """
with started as (
  insert into crossdock.instance (tenant_id, instance_id, namespace, name, version, business_key)
  select $1, gen_random_uuid(), 't', 'endless', '1.0.0', 'Q-' || n from generate_series(1, $2::int) n
  returning tenant_id, instance_id),
told as (
  insert into crossdock.fact (tenant_id, instance_id, kind, body)
  select tenant_id, instance_id, 'Started',
         json_build_object('input', '{}'::json, 'now', crossdock.now(), 'instance_id', instance_id)
  from started)
insert into crossdock.ready (tenant_id, instance_id) select tenant_id, instance_id from started
"""


async def test_a_tenant_waits_for_no_other_tenants_queue(host: Host) -> None:
    """100,000 instances of one tenant that never rest; the first of another is driven among the next few advances."""
    system = Counting()
    host.functions = {"erp.step": system}
    await host.publish(ENDLESS)
    definition = await host.publish(SHORT, tenant="castell")
    async with host.db.transaction(TENANT) as tx:
        await tx.execute(QUEUE, TENANT, 100_000)
    async with host.working() as (worker,):
        # hands full, and everybody in them busy for ever
        await host.until(lambda: _reached(system, 1000))
        await host.start(definition, {}, "FIRST", tenant="castell")
        await host.until(lambda: _heard(system, "FIRST"))
        there = system.heard.index(("castell", "FIRST"))
        before = len({key for _, key in system.heard[:there]})
        assert worker.stats.claimed < 1000, "the queue is still there"
        assert before <= 128, "only what was in hand already went before it"


async def _reached(system: Counting, calls: int) -> bool:
    return len(system.heard) >= calls


async def _heard(system: Counting, key: str) -> bool:
    return any(k == key for _, k in system.heard)


async def test_what_is_urgent_goes_before_what_has_waited_longer(host: Host) -> None:
    system = Counting()
    host.functions = {"erp.step": system}
    usual, urgent = await host.publish(SHORT), await host.publish(URGENT)
    for n in range(300):
        await host.start(usual, {}, f"U-{n}")
    await host.start(urgent, {}, "NOW")
    await host.run()
    assert system.heard.index((TENANT, "NOW")) < 128, "in the first claim, before two hundred that came earlier"


async def test_history_lies_in_months_of_business_time(host: Host) -> None:
    """What was written before a month had a partition moves into it; what comes later goes there at once."""
    host.functions = {"erp.step": Counting()}
    definition = await host.publish(SHORT)
    early = await host.start(definition, {}, "E")
    await host.run()
    assert await retention.make_months(host.db) == ["history_2026_03", "history_2026_04", "history_2026_05"]
    assert await retention.make_months(host.db) == []
    late = await host.start(definition, {}, "L")
    await host.run()
    rows = await host.rows("select tableoid::regclass::text as at, instance_id from crossdock.history")
    assert {(r["at"], r["instance_id"]) for r in rows} == {("crossdock.history_2026_03", i) for i in (early, late)}
    assert await host.rows("select * from crossdock.history", tenant="castell") == []
    assert await host.rows("select * from crossdock.history_2026_03", tenant="castell") == [], "nor past the parent"


async def test_retention_takes_what_ended_long_ago_and_nothing_that_lives(host: Host) -> None:
    host.functions = {"erp.step": Counting()}
    short, waiting = await host.publish(SHORT), await host.publish(WAITING)
    await retention.make_months(host.db)
    ended = await host.start(short, {}, "OLD")
    alive = await host.start(waiting, {}, "ALIVE")
    await host.send("shop.seen", {"order": "OLD"})
    await host.run()
    for months in range(1, 8):
        await host.at(MORNING + timedelta(days=31 * months))
        await retention.make_months(host.db)
    young = await host.start(short, {}, "YOUNG")
    await host.run()
    now = await host.db.pool.fetchval("select crossdock.now()")
    dropped = await retention.drop_old(host.db, lambda: now, timedelta(days=90))
    assert (dropped.instances, dropped.events) == (1, 1)
    assert "history_2026_03" not in dropped.months, "the living one has history there"
    left = {r["instance_id"] for r in await host.rows("select instance_id from crossdock.instance")}
    assert left == {alive, young}
    for table in ("history", "call"):
        assert await host.rows(f"select * from crossdock.{table} where instance_id = $1", ended) == [], table
    await host.later(days=400)  # the living one ends, and long after that its month goes too
    await host.run()
    now = await host.db.pool.fetchval("select crossdock.now()")
    dropped = await retention.drop_old(host.db, lambda: now + timedelta(days=200), timedelta(days=90))
    assert "history_2026_03" in dropped.months
    assert await host.rows("select * from crossdock.instance") == []
    assert await host.rows("select * from crossdock.history") == []


@dataclass
class Withdrawing(Silent):
    withdrawn: list[str] = field(default_factory=list)

    async def withdraw(self, tx: Any, tenant_id: str, instance_id: UUID, at: str, now: datetime) -> None:
        self.withdrawn.append(at)


async def test_a_call_that_nobody_learnt_the_outcome_of_is_given_up_with_evidence_and_its_instance_leaves(
    host: Host,
) -> None:
    class Lost:
        system = "erp"

        async def perform(self, call: Invocation) -> Unknown:
            return Unknown("the connection broke")

        async def probe(self, call: Invocation) -> Unknown:
            return Unknown("it cannot be looked up")

    host.functions = {"erp.step": Lost()}
    i = await host.start(await host.publish(SHORT), {}, "OLD")
    hooks = Withdrawing()
    async with host.working():
        await host.idle()
        async with host.db.transaction(TENANT) as tx:
            fact = exactjson.text({"reason": "gone", "now": MORNING})
            await tx.fetchval("select crossdock.deliver($1, $2, 'CancelRequested', $3)", TENANT, i, fact)
        await host.until(lambda: _ended(host, i))
    now = await host.db.pool.fetchval("select crossdock.now()")
    assert (
        await retention.drop_old(host.db, lambda: now + timedelta(days=80), timedelta(days=90), hooks)
    ).instances == 0
    assert hooks.withdrawn == []
    assert (
        await retention.drop_old(host.db, lambda: now + timedelta(days=91), timedelta(days=90), hooks)
    ).instances == 1
    assert hooks.withdrawn == ["/do/0/one#1"]
    assert await host.rows("select * from crossdock.timer") == []
    async with host.db.transaction(TENANT) as tx:
        [entry] = await audit.entries(tx, TENANT, action="call.given-up")
    assert (entry.actor, entry.object_id, entry.detail["order"]) == ("system:retention", str(i), "OLD")
    assert entry.detail["state"] == "unknown"


async def _ended(host: Host, instance_id: UUID) -> bool:
    return (await host.instance(instance_id))["ended_at"] is not None


async def test_an_instance_of_a_dead_or_leaving_worker_waits_with_its_own_priority(host: Host) -> None:
    definitions = [await host.publish(SHORT), await host.publish(URGENT)]
    ids_ = [await host.start(d, {}, f"P-{n}") for n, d in enumerate(definitions)]
    wanted = dict(zip(ids_, (5, 1), strict=True))

    async def claimed() -> UUID:
        w = ids.new()
        await host.db.pool.execute(SQL["register_worker"], w, "here", 1, timedelta(seconds=60))
        assert len(await host.db.pool.fetch("select * from crossdock.claim($1, 10)", w)) == 2
        return w

    async def ready() -> dict[UUID, int]:
        return {r["instance_id"]: r["priority"] for r in await host.rows("select * from crossdock.ready")}

    dead = await claimed()
    await host.db.pool.execute("update crossdock.worker set lease_until = $2 where worker_id = $1", dead, MORNING)
    assert await host.db.pool.fetchval("select crossdock.bury_dead()") == 2
    assert await ready() == wanted
    leaving = await claimed()
    async with host.db.transaction(TENANT) as tx:
        await tx.execute(SQL["release_leases"], leaving)
    assert await ready() == wanted
    await claimed()
    async with host.db.transaction(TENANT) as tx:
        await tx.execute("delete from crossdock.lease")
        for i in ids_:
            await tx.execute(SQL["ready_again"], TENANT, i)
    assert await ready() == wanted
