"""One seed: instances are begun, workers live and die, facts come twice, late and out of order, until all has ended.

Everything that is decided here is drawn from the seed, and happens at a virtual moment. First comes the rough part,
which lasts until enough workers have died; then faults cease, and what was begun must come to its end.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from crossdock import clock, ids
from crossdock.clock import Clock
from crossdock.db import PASSING, enter_tenants
from crossdock.engine import definitions, operations
from crossdock.engine import worker as worker_module
from crossdock.engine.functions import Functions
from crossdock.engine.hooks import Point, Silent
from crossdock.engine.operations import Command, Kind
from crossdock.engine.simulation import invariants, workflows
from crossdock.engine.simulation.invariants import Begun, Broken
from crossdock.engine.simulation.systems import KEYED, KEYLESS, OPERATIONS, Ask, Ledger, System
from crossdock.engine.simulation.wires import CALM, EPOCH, ROUGH, Life, LifeDatabase, Net
from crossdock.engine.simulation.workflows import TENANTS, VERSIONS
from crossdock.engine.worker import Buried, Worker
from crossdock.errors import Conflict
from crossdock.events import correlation, inbox
from crossdock.flow import program as programs
from crossdock.flow.outcomes import Done
from crossdock.flow.program import Program

WORKERS = 3
TICK_S = 0.04  # how often the surroundings do something
CHECK_EVERY = 12  # ticks
BATCH = 6  # instances begun together
LONGEST_S = 120.0  # virtual, of the calm part, where nothing but polling takes seconds

QUIET = "select not crossdock.busy()"
# Where a worker dies: at a place that it came to so and so often, or anywhere before it grows old.
PLACES = [
    *(str(p) for p in Point), *(str(p) for p in Point), "before effect", "during probe", "before COMMIT",
    "after COMMIT", "before load", "before fire_timers", "after outbox_done", "", "", "", "",
]  # fmt: skip
RENEW_S, NOTICES_S = 0.3, 0.5  # instead of the worker's: lives are short here
LONGEST_LIFE = 160  # places: each statement has one before and one after it
PROGRAMS: dict[tuple[str, str], Program] = {}


@dataclass(slots=True)
class Report:
    """What one seed did."""

    seed: int
    crash_points: int = 0
    deaths: Counter[str] = field(default_factory=Counter[str])
    faults: Counter[str] = field(default_factory=Counter[str])
    instances: int = 0
    virtual_s: float = 0.0
    digest: int = 0


def _programs() -> dict[tuple[str, str], Program]:
    if not PROGRAMS:
        for name in workflows.NAMES:
            for version in VERSIONS:
                PROGRAMS[name, version] = programs.load(workflows.source(name, version), name)
    return PROGRAMS


@contextmanager
def _seeded(chance: random.Random, time: Callable[[], float]) -> Generator[None]:
    """What comes from the system's entropy and clock elsewhere comes from the seed and the virtual clock here."""
    before, clock_before = ids.new, worker_module.monotonic
    pace_before = worker_module.RENEW_S, worker_module.NOTICES_S
    counter = iter(range(1, 1 << 40))

    def new() -> UUID:
        return UUID(int=next(counter) << 80 | 7 << 76 | 2 << 62 | chance.getrandbits(62))

    ids.new, worker_module.monotonic = new, time
    worker_module.RENEW_S, worker_module.NOTICES_S = RENEW_S, NOTICES_S
    try:
        yield
    finally:
        ids.new, worker_module.monotonic = before, clock_before
        worker_module.RENEW_S, worker_module.NOTICES_S = pace_before


class World:
    """net: to a database of our own, without instances. crash_points: how many workers must die before it calms."""

    def __init__(self, net: Net, seed: int, *, instances: int, crash_points: int) -> None:
        self.net = net
        self.seed = seed
        self.chance = random.Random(seed)
        self.ledger = Ledger(seed)
        self.report = Report(seed)
        self._wanted = instances
        self._crash_points = crash_points
        self._begun: dict[tuple[str, UUID], Begun] = {}
        # whether before anybody listens, tenant, type, order
        self._to_send: list[tuple[bool, str, str, str]] = []
        self._sent: list[tuple[str, str, str]] = []
        self._asked: list[tuple[str, UUID, str]] = []
        self._calm = False
        self._version = VERSIONS[0]
        self._lives: set[Life] = set()
        self._ending = asyncio.Event()
        self._broken: BaseException | None = None

    async def run(self) -> Report:
        """Raises Broken when a promise is."""
        net = self.net
        net.chance = random.Random(f"{self.seed} net")
        net.count = Counter()
        with _seeded(random.Random(f"{self.seed} ids"), net.loop.time):
            net.began = net.loop.time()
            await self._prepare()
            net.faults = ROUGH
            slots = [net.apart(self._slot(n)) for n in range(WORKERS)]
            try:
                await self._rough()
                await self._quieten()
                await self._settle()
                self._ending.set()
                await asyncio.gather(*slots)
                await invariants.finally_(net.admin, self.ledger, self._begun, _programs())
            finally:
                net.faults = CALM
                for slot in slots:
                    slot.cancel()
                for life in list(self._lives):
                    life.over.set()
                    await life.bury()
                    net.gone(life)
        self.report.faults = net.count
        self.report.instances = len(self._begun)
        self.report.virtual_s = net.loop.time() - net.began
        self.report.digest = net.trace.digest
        return self.report

    async def _prepare(self) -> None:
        net = self.net
        await net.admin.execute(invariants.SQL["forget"])
        net.trace.digest = self.seed
        net.trace.lines.clear()
        await net.admin.execute("update sim.clock set at = $1", net.now)
        await clock.set_to(net.admin, EPOCH, 0)
        net.admin.said.clear()
        for tenant_id in TENANTS:
            await net.admin.execute(
                "insert into crossdock.tenant (tenant_id, name) values ($1, $1) on conflict do nothing", tenant_id
            )
        await self._publish(VERSIONS[0])

    async def _publish(self, version: str) -> None:
        async with _transaction(self.net, *TENANTS) as tx:
            for tenant_id in TENANTS:
                for name in workflows.NAMES:
                    await definitions.publish(tx, tenant_id, workflows.source(name, version))

    # ── workers ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def _slot(self, n: int) -> None:
        """One worker after another, until the end."""
        born = 0
        while not self._ending.is_set():
            born += 1
            await self._one_life(f"w{n}.{born}")

    def _life(self, name: str) -> Life:
        chance = random.Random(f"{self.seed} {name}")
        if self._calm:
            return Life(self.net, name, chance)
        where, fuse = self.chance.choice(PLACES), self.chance.choice([1, 1, 1, 2, 2, 3, 6])
        return Life(self.net, name, chance, where=where, fuse=fuse, longest=self.chance.randint(1, LONGEST_LIFE))

    async def _one_life(self, name: str) -> None:
        life = self._life(name)
        self.net.born(life)
        self._lives.add(life)
        db = LifeDatabase(self.net, life)
        systems = {name: System(name.split(".")[0], self.ledger, life) for name in OPERATIONS}
        functions = Functions({"ask": Ask()}, dict.fromkeys(TENANTS, systems))
        worker = Worker(db, functions, Clock(), Silent(), crash=life.point)
        self._warm(worker)
        running = life.run(worker.run())
        ended = self.net.apart(_first(life.over.wait(), self._ending.wait(), running))
        try:
            await ended
            if not life.over.is_set() and not running.done():
                worker.stop()
                await asyncio.wait({running})
            if life.over.is_set():
                await self._died(life, worker)
            elif (error := running.exception()) is not None:
                self._ended_by(error)
                await life.bury()
        finally:
            ended.cancel()
            self.net.gone(life)
            self._lives.discard(life)

    def _warm(self, worker: Worker) -> None:
        """Definitions are compiled once for all lives: what a process keeps in memory is not what is tried here."""
        known = worker._programs  # pyright: ignore[reportPrivateUsage]
        for (name, version), program in _programs().items():
            for tenant_id in TENANTS:
                known.keep(tenant_id, "sim", name, version, f"{name}:{version}", program)

    def _ended_by(self, error: BaseException) -> None:
        """A worker may end by itself when the database fails it: cli.app starts another."""
        if _passes(error):
            self.net.count["worker gave way to a new one"] += 1
            return
        self._broken = error

    async def _died(self, life: Life, worker: Worker) -> None:
        self.report.crash_points += 1
        self.report.deaths[life.died_at] += 1
        await asyncio.sleep(self.chance.choice([0, 0, 0.005, 0.05]))  # until the server notices that nobody is there
        await life.bury()
        if self.chance.random() < 0.9:
            # Its lease runs out: most often at once, for time is dear; else in its six seconds, before others' eyes.
            await self._expire(worker.id)

    async def _expire(self, worker_id: UUID) -> None:
        await self.net.admin.execute(
            "update crossdock.worker set lease_until = $2 where worker_id = $1", worker_id, EPOCH - timedelta(days=1)
        )
        if self.chance.random() < 0.8:
            await self.net.admin.fetchval("select crossdock.bury_dead()")

    # ── what happens to them ────────────────────────────────────────────────────────────────────────────────────

    async def _rough(self) -> None:
        ticks = 0
        while self.report.crash_points < self._crash_points and self._broken is None:
            ticks += 1
            if ticks % 4 == 1 and (missing := self._wanted - await self._open()) > 0:
                await self._begin(min(BATCH, missing))
            await self._something()
            if ticks % CHECK_EVERY == 0:
                await self._check()
            await asyncio.sleep(TICK_S * self.chance.random() * 2)
        await self._check()

    async def _check(self) -> None:
        if self._broken is not None:
            raise self._broken
        await invariants.now(self.net.admin, self.ledger)

    async def _open(self) -> int:
        return await self.net.admin.fetchval("select count(*) from crossdock.instance where ended_at is null")

    async def _something(self) -> None:
        acts: list[tuple[int, Callable[[], Awaitable[object]]]] = [
            (8, self._jump), (10, self._send), (6, self._answer), (2, self._send_again), (2, self._answer_again),
            (2, self._stall), (1, self._outage), (1, self._step), (1, self._nonsense), (1, self._new_version),
            (1, self._back), (2, self._suspend), (2, self._resume),
        ]  # fmt: skip
        (act,) = self.chance.choices([a for _, a in acts], [w for w, _ in acts])
        await act()

    async def _begin(self, count: int) -> None:
        """The same identifiers for both tenants: whoever mixes them up is seen."""
        async with _transaction(self.net, *TENANTS) as tx:
            now = await inbox.business_now(tx)
            for _ in range(count):
                number = len(self._begun)
                order, name = f"SO-{number // 2}", self.chance.choice(workflows.NAMES)
                tenant_id = TENANTS[number % 2]
                version = self._version
                identity = ids.derived("sim", order)
                started = await correlation.start(
                    tx, tenant_id, identity, ("sim", name, version), {"order": order, "tenant": tenant_id}, order, now
                )
                if started:
                    self._begun[tenant_id, identity] = Begun(tenant_id, identity, name, version, order)
                    for type_ in workflows.HEARS.get(name, ()):
                        self._to_send.append((self.chance.random() < 0.4, tenant_id, type_, order))

    async def _receive(self, which: tuple[str, str, str]) -> None:
        tenant_id, type_, order = which
        event = {
            "specversion": "1.0", "id": f"{type_}/{order}", "source": "/sim", "type": type_,
            "data": {"order": order, "tenant": tenant_id},
        }  # fmt: skip
        async with _transaction(self.net, tenant_id) as tx:
            await inbox.receive(tx, tenant_id, event)

    async def _send(self) -> bool:
        """The next event that comes early, or that somebody listens for."""
        listening = {
            (r["tenant_id"], r["type"], r["value"])
            for r in await self.net.admin.fetch("select tenant_id, type, value from crossdock.subscription")
        }
        for one in self._to_send:
            if one[0] or one[1:] in listening:
                return await self._send_one(one)
        return False

    async def _send_one(self, one: tuple[bool, str, str, str]) -> bool:
        self._to_send.remove(one)
        await self._receive(one[1:])
        self._sent.append(one[1:])
        return True

    async def _send_again(self) -> None:
        if self._sent:
            self.net.count["event sent again"] += 1
            await self._receive(self.chance.choice(self._sent))

    async def _answer(self) -> bool:
        rows = await self.net.admin.fetch(
            "select tenant_id, instance_id, at from crossdock.call where state = 'parked' and function = 'ask'"
            " order by 1, 2, 3 limit 4"
        )
        for row in rows:
            await self._answer_one((row["tenant_id"], row["instance_id"], row["at"]))
        return bool(rows)

    async def _answer_one(self, which: tuple[str, UUID, str]) -> None:
        tenant_id, instance_id, at = which
        async with _transaction(self.net, tenant_id) as tx:
            await inbox.answer(tx, tenant_id, instance_id, at, Done({"by": "Dana"}))
        self._asked.append(which)

    async def _answer_again(self) -> None:
        if self._asked:
            self.net.count["answer given again"] += 1
            await self._answer_one(self.chance.choice(self._asked))

    async def _jump(self) -> bool:
        """Business time goes to the next moment at which something is due."""
        due = await self.net.admin.fetchval("select crossdock.next_due()")
        if due is None:
            return False
        before = await self.net.admin.fetchval("select crossdock.now()")
        await self._set_clock(max(due, before) + timedelta(seconds=1))
        return True

    async def _back(self) -> None:
        """Somebody corrects the clock: what was due is not due any more."""
        self.net.count["clock set back"] += 1
        before = await self.net.admin.fetchval("select crossdock.now()")
        await self._set_clock(before - timedelta(minutes=5))

    async def _set_clock(self, moment: Any) -> None:
        async with _transaction(self.net) as tx:
            await clock.set_to(tx, moment, 0)

    async def _stall(self) -> None:
        """A worker stands still, and is taken for dead: what it does when it wakes must do no harm."""
        living = [life for life in sorted(self._lives, key=lambda x: x.name) if not life.over.is_set()]
        if not living:
            return
        life = self.chance.choice(living)
        life.stalled_until = self.net.loop.time() + self.chance.random() * 0.3
        self.net.count["worker stalled"] += 1
        self.net.say(life.name, f"stands still until {life.stalled_until:.3f}")
        if self.chance.random() < 0.7:
            self.net.count["lease lost"] += 1
            # the youngest row is not always the stalled one's: any living worker's lease may be lost
            await self.net.admin.execute(
                "update crossdock.worker set lease_until = $1 where worker_id ="
                " (select worker_id from crossdock.worker order by worker_id limit 1)",
                EPOCH - timedelta(days=1),
            )
            await self.net.admin.fetchval("select crossdock.bury_dead()")

    async def _outage(self) -> None:
        system = self.chance.choice([KEYED, KEYLESS])
        if system in self.ledger.down:
            self.ledger.down.remove(system)
        else:
            self.net.count["system down"] += 1
            self.ledger.down.add(system)

    async def _step(self) -> None:
        """The database's own clock is set forward: every lease runs out at once."""
        self.net.count["clock step"] += 1
        self.net.step_s += 8
        await self.net.admin.execute("update sim.clock set at = $1", self.net.now)

    async def _nonsense(self) -> None:
        """A fact for an instance that has ended, or never was."""
        self.net.count["fact out of place"] += 1
        tenant_id = self.chance.choice(TENANTS)
        async with _transaction(self.net, tenant_id) as tx:
            await inbox.answer(tx, tenant_id, ids.derived("nobody"), "/do/0/one#1", Done({}))

    async def _suspend(self) -> None:
        """An operator has an instance stand still, whatever a worker does with it just then."""
        rows = await self.net.admin.fetch(
            "select tenant_id, instance_id from crossdock.instance where status = 'running' and namespace = 'sim'"
            " order by 1, 2"
        )
        if rows:
            await self._operate(self.chance.choice(rows), Kind.SUSPEND)

    async def _resume(self) -> bool:
        """The first of those that stand still goes on."""
        rows = await self.net.admin.fetch(
            "select tenant_id, instance_id from crossdock.instance where status = 'suspended' order by 1, 2 limit 1"
        )
        if rows:
            await self._operate(rows[0], Kind.RESUME)
        return bool(rows)

    async def _operate(self, which: Any, kind: Kind) -> None:
        self.net.count[f"operator: {kind.value}"] += 1
        known = definitions.Programs(None)
        with suppress(Conflict):  # it ended meanwhile
            async with _transaction(self.net, which["tenant_id"]) as tx:
                await operations.perform(
                    tx,
                    which["tenant_id"],
                    which["instance_id"],
                    Command(kind=kind, reason="sim"),
                    "ada",
                    known,
                    Silent(),
                )

    async def _new_version(self) -> None:
        if self._version == VERSIONS[0] and self._begun:
            await self._publish(VERSIONS[1])
            self._version = VERSIONS[1]

    # ── the end ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def _quieten(self) -> None:
        """No more faults. Who lives, lives on; who stands still, wakes."""
        self._calm = True
        self.ledger.calm = True
        self.net.faults = CALM
        for life in self._lives:
            life.longest = 0

    async def _settle(self) -> None:
        until = self.net.loop.time() + LONGEST_S
        while self._broken is None:
            if self.net.loop.time() > until:
                raise Broken(invariants.LOST, await self._unfinished())
            if await self.net.admin.fetchval(QUIET):
                if not await self._go_on():
                    break
                await self._check()
            await asyncio.sleep(TICK_S)
        await self._check()

    async def _go_on(self) -> bool:
        return (
            await self._resume() or await self._answer() or await self._send() or await self._jump()
            or await self._send_rest()
        )  # fmt: skip

    async def _send_rest(self) -> bool:
        """Nobody listens, and nothing else will happen: it comes all the same."""
        return bool(self._to_send) and await self._send_one(self._to_send[0])

    async def _unfinished(self) -> str:
        rows = await self.net.admin.fetch(
            "select tenant_id, name, business_key, status from crossdock.instance where ended_at is null limit 5"
        )
        return f"no rest in {LONGEST_S:g} virtual seconds: {[tuple(r) for r in rows]}"


def _passes(error: BaseException) -> bool:
    """Trouble of the surroundings, or the loss of its lease, for which a worker may end; nothing of its own making."""
    if isinstance(error, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", error)
        return all(_passes(e) for e in group.exceptions)
    return isinstance(error, (*PASSING, Buried))


class _transaction:
    """A transaction of the surroundings: as the application sees it, without faults."""

    def __init__(self, net: Net, *tenants: str) -> None:
        self._net = net
        self._tenants = tenants

    async def __aenter__(self) -> Any:
        self._wire = await self._net.wire()
        self._tx = self._wire.transaction()
        await self._tx.start()
        await enter_tenants(self._wire, self._tenants)
        return self._wire

    async def __aexit__(self, kind: object, error: object, trace: object) -> None:
        if kind is None:
            await self._tx.commit()
        else:
            await self._tx.rollback()
        self._net.free.append(self._wire)


async def _first(*works: Any) -> None:
    tasks = [asyncio.ensure_future(w) for w in works]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task, work in zip(tasks, works, strict=True):
            if task is not work:
                task.cancel()
