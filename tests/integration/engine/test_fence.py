"""Whose turns are written: those of a worker that lives, holds the lease, and read what is stored now."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from crossdock import ids
from crossdock.engine import worker
from crossdock.engine.committer import Committer
from crossdock.engine.hooks import Silent
from crossdock.engine.turn import Turn

from .conftest import MORNING, TENANT, Host

EMIT_TWO = """
document: {dsl: '1.0.3', namespace: test, name: emit-two, version: '1.0.0'}
do:
  - one: {emit: {event: {with: {source: /test, type: test.one, data: {order: SO-1}}}}}
  - two: {emit: {event: {with: {source: /test, type: test.two, data: {order: SO-1}}}}}
"""
SET = """
document: {dsl: '1.0.3', namespace: test, name: set, version: '1.0.0'}
do:
  - one: {set: {done: true}}
"""


async def alive(host: Host, *, lease: timedelta = timedelta(minutes=5)) -> UUID:
    worker_id = ids.new()
    await host.db.pool.execute(
        "insert into crossdock.worker (worker_id, host, pid, lease_until) "
        "values ($1, 'here', 1, clock_timestamp() + $2)",
        worker_id, lease,
    )  # fmt: skip
    return worker_id


async def claimed(host: Host, worker_id: UUID, instances: int = 1) -> list[UUID]:
    definition = await host.publish(SET)
    for n in range(instances):
        await host.start(definition, {}, f"SO-{n}")
    rows = await host.db.pool.fetch("select instance_id from crossdock.claim($1, 10)", worker_id)
    return [r["instance_id"] for r in rows]


async def written(host: Host, worker_id: UUID, *turns: Turn) -> list[bool]:
    async with Committer(host.db, worker_id, Silent()) as committer:
        return [(await committer.submit(t)).kept for t in turns]


def turn(instance_id: UUID, base: int = 0) -> Turn:
    return Turn(TENANT, instance_id, base, MORNING, stage="written")


async def test_a_turn_of_a_worker_that_holds_the_lease_is_written(host: Host) -> None:
    here = await alive(host)
    (i,) = await claimed(host, here)
    assert await written(host, here, turn(i)) == [True]
    assert (await host.instance(i))["stage"] == "written"


async def test_a_worker_whose_lease_ran_out_writes_nothing_though_nobody_has_buried_it_yet(host: Host) -> None:
    here = await alive(host)
    (i,) = await claimed(host, here)
    await host.db.pool.execute("update crossdock.worker set lease_until = clock_timestamp() - interval '1 ms'")
    assert await written(host, here, turn(i)) == [False]
    assert (await host.instance(i))["revision"] == 0


async def test_a_worker_writes_no_instance_that_another_holds_and_its_others_are_written(host: Host) -> None:
    here, there = await alive(host), await alive(host)
    i, j = await claimed(host, here, 2)
    async with host.db.transaction(TENANT) as tx:
        await tx.execute("update crossdock.lease set worker_id = $1 where instance_id = $2", there, i)
    assert await written(host, here, turn(i), turn(j)) == [False, True]
    assert [(await host.instance(x))["stage"] for x in (i, j)] == ["", "written"]


async def test_a_turn_that_began_before_what_is_stored_now_is_refused(host: Host) -> None:
    here = await alive(host)
    (i,) = await claimed(host, here)
    assert await written(host, here, turn(i, 0), turn(i, 1), turn(i, 0)) == [True, True, False]
    assert (await host.instance(i))["revision"] == 2


async def test_a_buried_worker_claims_nothing(host: Host) -> None:
    here = await alive(host, lease=timedelta(seconds=-1))
    assert await host.db.pool.fetchval("select crossdock.bury_dead()") == 0
    assert await claimed(host, here) == []


async def test_a_worker_that_others_buried_ends_instead_of_renewing(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "RENEW_S", 0.05)
    running = asyncio.create_task(host.worker().run())
    await host.until(lambda: host.db.pool.fetchval("select exists (select from crossdock.worker)"))
    await host.db.pool.execute("delete from crossdock.worker")
    done, _ = await asyncio.wait([running], timeout=20)
    assert done, "it goes on, though its instances are others' now"
    error = running.exception()
    assert isinstance(error, BaseExceptionGroup)
    assert error.subgroup(worker.Buried) is not None


async def test_every_event_of_a_commit_is_handed_on(host: Host) -> None:
    """Both are emitted by one turn: two rows of the outbox."""
    heard = [await host.publish(_started_by(n)) for n in ("one", "two")]
    i = await host.start(await host.publish(EMIT_TWO), {})
    await host.run()
    assert (await host.instance(i))["status"] == "completed"
    rows = await host.rows("select name from crossdock.instance where name like 'heard-%' order by name")
    assert [r["name"] for r in rows] == [name for _, name, _ in heard]


def _started_by(name: str) -> str:
    return f"""
document: {{dsl: '1.0.3', namespace: test, name: heard-{name}, version: '1.0.0'}}
schedule: {{on: {{one: {{with: {{type: test.{name}}}}}}}}}
do:
  - one: {{set: {{done: true}}}}
"""


async def test_of_two_turns_from_one_revision_the_second_is_refused(host: Host) -> None:
    """As after a commit whose answer was lost: what is stored has exactly the number that the turn would write."""
    here = await alive(host)
    (i,) = await claimed(host, here)
    assert await written(host, here, turn(i), turn(i)) == [True, False]
    assert (await host.instance(i))["revision"] == 1
