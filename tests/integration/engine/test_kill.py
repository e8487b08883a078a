"""Workers are processes, and processes die: SIGKILL at random moments loses nothing and repeats nothing."""

import asyncio
import random
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest

from crossdock import exactjson, ids
from crossdock.engine.live import FACTS, FACTS_A_TURN
from crossdock.events import correlation, envelope, inbox
from crossdock.flow import interpreter, program
from crossdock.flow import state as states

from .conftest import TENANT, Host

INSTANCES = 300
KILLS = 3
SAMPLE = 25

DEFINITION = """
document: {dsl: '1.0.3', namespace: test, name: killed, version: '1.0.0'}
do:
  - first:
      call: erp.first@crossdock
      with: {order: '${ .order }'}
      export: {as: '${ {order: $task.input.order, first: .did} }'}
  - hear:
      listen:
        to:
          one:
            with: {type: test.go}
            correlate: {order: {from: '${ .data.order }', expect: '${ $context.order }'}}
  - second:
      call: erp.second@crossdock
      with: {order: '${ $context.order }'}
      export: {as: '${ $context + {second: .did} }'}
  - tell: {emit: {event: {with: {type: test.done, data: {order: '${ $context.order }'}}}}}
"""


@dataclass
class Process:
    process: asyncio.subprocess.Process
    worker_id: str


@asynccontextmanager
async def processes(dsn: str, ledger: Path) -> AsyncIterator[Callable[[], Awaitable[Process]]]:
    """Starts worker processes; in the end stops those that still live."""
    team: list[Process] = []

    async def start() -> Process:
        script = str(Path(__file__).with_name("kill_worker.py"))
        p = await asyncio.create_subprocess_exec(
            sys.executable, script, dsn, str(ledger), str(len(team)), stdout=asyncio.subprocess.PIPE
        )
        assert p.stdout is not None
        team.append(Process(p, (await p.stdout.readline()).decode().strip()))
        return team[-1]

    try:
        yield start
    finally:
        for one in team:
            if one.process.returncode is None:
                one.process.send_signal(signal.SIGTERM)
            await one.process.wait()


async def start_all(host: Host) -> None:
    """All instances, and for each the event it will listen for, which comes before it listens."""
    definition = await host.publish(DEFINITION)
    async with host.db.transaction(TENANT) as tx:
        now = await inbox.business_now(tx)
        for n in range(INSTANCES):
            order = f"SO-{n}"
            event = envelope.make("test.go", subject=order, data={"order": order}, now=now, source="/test", id=order)
            await inbox.receive(tx, TENANT, event)
            i = ids.derived("killed", order)
            assert await correlation.start(tx, TENANT, i, definition, {"order": order}, order, now)


@pytest.mark.parametrize("seed", [1])
async def test_workers_killed_three_times_lose_no_order_and_repeat_no_effect(
    host: Host, admin_dsn: str, app_dsn: str, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    ledger = tmp_path / "ledger"
    ledger.touch()
    await start_all(host)
    look = await asyncpg.connect(admin_dsn)
    moments = sorted(chance.sample(range(20, 2 * INSTANCES - 150), KILLS))

    async def held_by(worker_id: str) -> int:
        return await look.fetchval("select count(*) from crossdock.lease where worker_id = $1", worker_id)

    async with processes(app_dsn, ledger) as start:
        team = [await start(), await start()]
        for moment in moments:
            victim = team[0]

            async def amid_work(moment: int = moment) -> bool:
                # whoever has most in hand: the other may be starting still, and never get any of this work
                nonlocal victim
                if ledger.read_bytes().count(b"\n") < moment:
                    return False
                held = [await held_by(member.worker_id) for member in team]
                victim = team[held.index(max(held))]
                return max(held) > 0

            await host.until(amid_work, within=timedelta(seconds=180))
            victim.process.kill()
            assert await victim.process.wait() == -signal.SIGKILL
            assert await held_by(victim.worker_id) > 0  # it had no time to give anything back
            team[team.index(victim)] = await start()
        await host.idle(within=timedelta(seconds=180))
    await check(look, ledger)
    await look.close()


async def check(look: Any, ledger: Path) -> None:
    """look: a superuser's connection, which sees all rows."""
    instances = await look.fetch("select * from crossdock.instance")
    assert Counter(r["status"] for r in instances) == {"completed": INSTANCES}
    effects = Counter(ledger.read_text().split())
    assert len(effects) == 2 * INSTANCES
    assert set(effects.values()) == {1}
    calls = await look.fetch("select instance_id, at, state, output from crossdock.call")
    assert Counter(r["state"] for r in calls) == {"done": 2 * INSTANCES}
    assert {exactjson.loads(r["output"])["did"] for r in calls} == set(effects)
    # The kills did hit: calls were out, and their outcome was looked up before anything was done again.
    probed = Counter(r["outcome"] for r in await look.fetch("select outcome from crossdock.attempt where probe"))
    assert probed["done"] > 0
    for table in ("lease", "ready", "fact", "timer", "subscription", "outbox", "early", "worker", "dead_letter"):
        assert await look.fetchval(f"select count(*) from crossdock.{table}") == 0, table
    done = Counter(
        r["subject"] for r in await look.fetch("select subject from crossdock.event where type = 'test.done'")
    )
    assert done == Counter(r["business_key"] for r in instances)
    await check_history(look, {r["instance_id"]: r for r in instances})


async def check_history(look: Any, instances: dict[Any, Any]) -> None:
    """Every instance heard each fact once, in turns without a gap; folding them gives the state that is stored."""
    compiled = program.load(DEFINITION, "killed")
    history: dict[Any, list[Any]] = {i: [] for i in instances}
    for row in await look.fetch("select * from crossdock.history order by instance_id, seq"):
        history[row["instance_id"]].append(row)
    expected = {"Started": 1, "CallCompleted": 2, "EventReceived": 1}
    for i, rows in history.items():
        assert Counter(r["kind"] for r in rows) == expected
        turns: dict[int, list[int]] = {}
        for r in rows:
            turns.setdefault(r["seq"] // FACTS_A_TURN, []).append(r["seq"] % FACTS_A_TURN)
        assert all(places == list(range(1, len(places) + 1)) for places in turns.values())
        assert max(turns) < instances[i]["revision"]
    for i in sorted(instances)[:SAMPLE]:
        state = None
        for r in history[i]:
            fact = msgspec.convert(exactjson.loads(r["fact"]), FACTS[r["kind"]])
            state = interpreter.advance(compiled, state, fact).state
        assert state is not None
        assert states.dump(state) == instances[i]["state"]
