"""What surrounds the engine in a simulation: systems without keys that fail by chance, workers that die on cue.

A seed gives the same definitions, inputs, faults and points of death. What the database and the event loop do in
between is theirs, so a failing seed may need a few runs to fail again; the invariants hold in every one.
"""

import asyncio
import random
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from crossdock import clock, ids
from crossdock.clock import Clock
from crossdock.db import Database
from crossdock.engine.functions import Functions
from crossdock.engine.hooks import Point, Silent
from crossdock.engine.worker import Worker
from crossdock.events import correlation, inbox
from crossdock.flow.facts import Error
from crossdock.flow.outcomes import Absent, Done, Failed, Invocation, Parked, Performed, Probed, Retry, Unknown

TENANT = "norrland"

DEFINITIONS = [
    """
document: {dsl: '1.0.3', namespace: sim, name: three-calls, version: '1.0.0'}
do:
  - one: {call: erp.do@crossdock, with: {step: 1}}
  - two: {call: wms.do@crossdock, with: {step: 2}}
  - both:
      fork:
        branches:
          - left: {call: erp.do@crossdock, with: {step: 3}}
          - right: {call: wms.do@crossdock, with: {step: 4}}
  - tell: {emit: {event: {with: {type: sim.done}}}}
""",
    """
document: {dsl: '1.0.3', namespace: sim, name: nap-and-hear, version: '1.0.0'}
do:
  - nap: {wait: {hours: 1}}
  - one: {call: erp.do@crossdock, with: {step: 1}}
  - hear:
      listen:
        to:
          one: {with: {type: sim.go}, correlate: {o: {from: '${ .data.order }', expect: '${ $workflow.input.order }'}}}
  - two: {call: wms.do@crossdock, with: {step: 2}}
  - tell: {emit: {event: {with: {type: sim.done}}}}
""",
    """
document: {dsl: '1.0.3', namespace: sim, name: parent, version: '1.0.0'}
do:
  - ask: {call: ask@crossdock, with: {}}
  - child: {run: {workflow: {namespace: sim, name: three-calls, version: '1.0.0', input: {}}}}
  - two: {call: wms.do@crossdock, with: {step: 2}}
  - tell: {emit: {event: {with: {type: sim.done}}}}
""",
    """
document: {dsl: '1.0.3', namespace: sim, name: undone, version: '1.0.0'}
do:
  - race:
      fork:
        compete: true
        branches:
          - work:
              do:
                - reserve:
                    call: wms.do@crossdock
                    with: {site: A}
                    metadata: {crossdock: {compensate: {function: wms.undo, arguments: {of: '${ $output.did }'}}}}
                - book:
                    call: erp.do@crossdock
                    with: {site: B}
                    metadata: {crossdock: {compensate: {function: wms.undo, arguments: {of: '${ $output.did }'}}}}
                - rest: {wait: {days: 9}}
          - stop:
              listen:
                to:
                  one:
                    with: {type: sim.cancel}
                    correlate: {o: {from: '${ .data.order }', expect: '${ $workflow.input.order }'}}
  - undo: {call: compensate@crossdock, with: {reason: cancelled}}
  - tell: {emit: {event: {with: {type: sim.done}}}}
""",
]
NAMES = ["three-calls", "nap-and-hear", "parent", "undone"]
HEARS = {"nap-and-hear": "sim.go", "undone": "sim.cancel"}
TROUBLE = Error("https://example.org/busy", 429, "Busy")

QUIET = "select not crossdock.busy() and coalesce(crossdock.next_due() > crossdock.now(), true)"

OTHERS = """
select count(*) from pg_stat_activity
where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()
"""


class Died(BaseException):
    """What a worker's death raises: no Exception, so that nothing in its way catches and mends it."""


@dataclass
class Ledger:
    """Effects by key. The systems behind it honour no keys: each time one is told to do something, it does it."""

    seed: int
    effects: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)


@dataclass
class System:
    """One system as one worker reaches it. Its faults follow from seed, key and how often it was asked."""

    system: str
    ledger: Ledger
    life: "Life"

    async def perform(self, call: Invocation) -> Performed:
        await asyncio.sleep(0)
        await self.life.or_nothing()
        chance = self._chance(call)
        what = chance.choices(["done", "busy", "lost-before", "lost-after", "down"], [70, 10, 6, 12, 2])[0]
        if what == "busy":
            return Failed(TROUBLE, Retry.LATER)
        if what == "down":
            return Failed(TROUBLE, Retry.OUTAGE)
        if what != "lost-before":
            self.ledger.effects[call.key] += 1
        if what != "done":
            return Unknown("the connection broke")
        return Done({"did": call.key})

    async def probe(self, call: Invocation) -> Probed:
        await asyncio.sleep(0)
        await self.life.or_nothing()
        if self._chance(call).random() < 0.1:
            return Unknown("no answer")
        return Done({"did": call.key}) if self.ledger.effects[call.key] else Absent()

    def _chance(self, call: Invocation) -> random.Random:
        self.ledger.asked[call.key] += 1
        at = call.key.removeprefix(str(call.instance_id))
        return random.Random(f"{self.ledger.seed} {call.business_key} {at} {self.ledger.asked[call.key]}")


class Ask:
    """A function that parks; the simulation answers for the person."""

    async def start(self, tx: Any, call: Invocation) -> Parked:
        return Parked("a person")


@dataclass
class Life:
    """When a worker dies: at the n-th time it passes a point. From then on nothing of it reaches anybody."""

    db: Database
    point: Point | None
    nth: int
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def pass_by(self, point: Point) -> None:
        if self.over.is_set():
            raise Died(point)
        if point is not self.point:
            return
        self.nth -= 1
        if self.nth <= 0:
            self.over.set()
            self.db.pool.terminate()  # as the kernel would: every connection is gone, open transactions roll back
            raise Died(point)

    async def or_nothing(self) -> None:
        if self.over.is_set():
            await asyncio.Event().wait()


@dataclass
class World:
    """One database, and all that happened in it."""

    db: Database
    dsn: str
    ledger: Ledger
    chance: random.Random
    started: dict[UUID, tuple[str, str]] = field(default_factory=dict)  # → definition, order
    to_send: list[tuple[str, str]] = field(default_factory=list)  # type, order
    deaths: Counter[Point] = field(default_factory=Counter)

    async def begin(self, count: int) -> None:
        async with self.db.transaction(TENANT) as tx:
            now = await inbox.business_now(tx)
            for n in range(count):
                name, order = self.chance.choice(NAMES), f"SO-{self.ledger.seed}-{len(self.started)}-{n}"
                i = ids.derived(order)
                await correlation.start(tx, TENANT, i, ("sim", name, "1.0.0"), {"order": order}, order, now)
                self.started[i] = (name, order)
                if name in HEARS:
                    self.to_send.append((HEARS[name], order))
        self.chance.shuffle(self.to_send)

    async def live_once(self, point: Point | None, nth: int = 1) -> bool:
        """Lets one worker live until it dies at the point, or until nothing is left to do. True when it died."""
        db = await Database.open(self.dsn, max_size=4)
        life = Life(db, point, nth)
        operations = {f"{s}.{verb}": System(s, self.ledger, life) for s in ("erp", "wms") for verb in ("do", "undo")}
        worker = Worker(db, Functions({**operations, "ask": Ask()}, {}), Clock(), Silent(), crash=life.pass_by)
        running = asyncio.create_task(worker.run())
        try:
            while not life.over.is_set():
                if running.done():
                    running.result()  # it ended by itself, which is a fault of ours
                    raise AssertionError("the worker ended without being told to")
                if await self.db.pool.fetchval(QUIET):
                    break
                await asyncio.sleep(0.002)
        finally:
            if life.over.is_set():
                await self._bury(running, worker)
            else:
                worker.stop()
                with suppress(Died):
                    await running
                if life.over.is_set():  # its last breath
                    await self._bury(running, worker)
            db.pool.terminate()
        return life.over.is_set()

    async def _bury(self, running: "asyncio.Task[None]", worker: Worker) -> None:
        """What time does to a worker that stopped: its lease runs out."""
        running.cancel()
        with suppress(BaseException):
            await running
        async with asyncio.timeout(20):  # its last statements, if any, have ended one way or the other
            while await self.db.pool.fetchval(OTHERS):
                await asyncio.sleep(0.002)
        await self.db.pool.execute(
            "update crossdock.worker set lease_until = clock_timestamp() - interval '1 s' where worker_id = $1",
            worker.id,
        )
        await self.db.pool.fetchval("select crossdock.bury_dead()")

    async def push(self) -> bool:
        """When all is quiet: an answer, an event, or time. False when nothing is left that could happen."""
        async with self.db.transaction(TENANT) as tx:
            asked = await tx.fetch(
                "select instance_id, at from crossdock.call where state = 'parked' and function = 'ask' limit 3"
            )
            for call in asked:
                await inbox.answer(tx, TENANT, call["instance_id"], call["at"], Done({"by": "Dana"}))
            sent = [self.to_send.pop() for _ in range(min(2, len(self.to_send)))] if self.chance.random() < 0.5 else []
            for type_, order in sent:
                event = {"specversion": "1.0", "id": order, "source": "/sim", "type": type_, "data": {"order": order}}
                await inbox.receive(tx, TENANT, event)
        if asked or sent:
            return True
        due = await self.db.pool.fetchval("select crossdock.next_due()")
        if due is not None:
            await self._jump(due + timedelta(seconds=1))
            return True
        return bool(self.to_send)

    async def _jump(self, moment: Any) -> None:
        await clock.set_to(self.db.pool, moment, 0)

    async def rows(self, sql: str, *args: Any) -> list[dict[str, Any]]:
        async with self.db.transaction(TENANT) as tx:
            return [dict(r) for r in await tx.fetch(sql, *args)]
