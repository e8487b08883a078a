"""An instance that a worker gives up, or loses, while a request of it is under way: nobody looks for an effect that is
still to come, and so nobody has it a second time."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import pytest

from crossdock.clock import Clock
from crossdock.engine import worker as worker_module
from crossdock.engine.functions import Functions
from crossdock.engine.hooks import Point
from crossdock.engine.worker import Buried, Worker
from crossdock.flow.outcomes import Done, Invocation, Probed

from .conftest import Host, Remote

SIDE_BY_SIDE = """
document: {dsl: '1.0.3', namespace: test, name: side-by-side, version: '1.0.0'}
do:
  - both:
      fork:
        branches:
          - left: {call: erp.quick@crossdock, with: {}}
          - right: {call: wms.slow@crossdock, with: {}}
"""


@dataclass
class Slow(Remote):
    """A system without keys; its request arrives when the gate opens."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)
    entered: asyncio.Event = field(default_factory=asyncio.Event)
    cut_off: bool = False
    looked: list[bool] = field(default_factory=list[bool])  # whether the request was cut off by then

    async def perform(self, call: Invocation) -> Any:
        self.asked.append(("perform", call.key, call.arguments))
        self.entered.set()
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cut_off = True
            raise
        return Done({})

    async def probe(self, call: Invocation) -> Probed:
        self.looked.append(self.cut_off)
        return await Remote.probe(self, call)


async def test_after_a_passing_database_error_an_instance_is_kept_until_its_requests_are_over(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "RENEW_S", 0.05)
    monkeypatch.setattr(worker_module, "NOTICES_S", 0.0)
    commits = 0
    failed = asyncio.Event()

    def refuse(point: Point) -> None:
        nonlocal commits
        if point is Point.BEFORE_COMMIT:
            commits += 1
            if commits == 2:  # that of the quick branch's answer
                failed.set()
                raise asyncpg.QueryCanceledError("canceling statement due to statement timeout")

    slow = Slow(probed=[Done({})])
    host.functions = {"erp.quick": Remote(probed=[Done({})]), "wms.slow": slow}
    i = await host.start(await host.publish(SIDE_BY_SIDE), {})
    workers = [Worker(host.db, Functions(host.functions, {}), Clock(), host.hooks, crash=refuse), host.worker()]
    tasks = [asyncio.create_task(workers[0].run())]
    try:
        await failed.wait()
        tasks.append(asyncio.create_task(workers[1].run()))
        for _ in range(3):  # renewals of the first
            before = await _leased_until(host, workers[0])
            await host.until(lambda before=before: _renewed(host, workers[0], before))
        held = await host.rows("select 1 from crossdock.lease where worker_id = $1", workers[0].id)
        assert len(held) == 1
        assert [what for what, *_ in slow.asked] == ["perform"]
        slow.gate.set()
        await host.until(lambda: _ended(host, i))
    finally:
        slow.gate.set()
        for w in workers:
            w.stop()
        await asyncio.gather(*tasks)
    assert [what for what, *_ in slow.asked] == ["perform", "probe"]


async def test_a_lost_instance_is_looked_at_when_its_worker_has_cut_its_requests_off(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "RENEW_S", 0.2)
    monkeypatch.setattr(worker_module, "NOTICES_S", 2.0)
    slow = Slow(probed=[Done({})])
    host.functions = {"erp.quick": Remote(probed=[Done({})]), "wms.slow": slow}
    i = await host.start(await host.publish(SIDE_BY_SIDE), {})
    robbed, other = host.worker(), host.worker()
    losing = asyncio.create_task(robbed.run())
    await slow.entered.wait()
    # the database's clock was set: its lease has run out before its time
    await host.db.pool.execute("update crossdock.worker set lease_until = clock_timestamp() - interval '1 s'")
    assert await host.db.pool.fetchval("select crossdock.bury_dead()") == 1
    helping = asyncio.create_task(other.run())
    await host.until(lambda: _ended(host, i))
    with pytest.raises(ExceptionGroup) as caught:
        await losing
    assert caught.group_contains(Buried)
    other.stop()
    await helping
    assert slow.looked == [True]


async def _leased_until(host: Host, worker: Worker) -> Any:
    return await host.db.pool.fetchval("select lease_until from crossdock.worker where worker_id = $1", worker.id)


async def _renewed(host: Host, worker: Worker, before: Any) -> bool:
    return await _leased_until(host, worker) != before


async def _ended(host: Host, instance_id: Any) -> bool:
    return (await host.instance(instance_id))["ended_at"] is not None


async def test_a_worker_ends_though_what_it_does_loses_the_word_to_stop(host: Host) -> None:
    """A cancellation that comes just when what it interrupts is done may be lost."""
    begun = asyncio.Event()

    async def deaf() -> None:
        begun.set()
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()

    worker = Worker(host.db, Functions({}, {}), Clock(), host.hooks, duties=[deaf])
    task = asyncio.create_task(worker.run())
    await begun.wait()
    worker.stop()
    async with asyncio.timeout(30):
        await task
