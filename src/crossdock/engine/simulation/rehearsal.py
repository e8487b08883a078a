"""A definition is rehearsed through an outage: many instances in virtual time, before systems that can take so much.

Each instance is played on the in-memory host as in a scenario, so decisions, waits and clocks are the real ones; what
all of them share is time and the systems. A system serves in the order of arrival: so many calls at once, each for a
time, at most so many a minute. While it is down, calls wait as they do in production: one tries for all, at growing
intervals, and when it gets through the others follow as fast as the budget lets them.

The same arrivals are played with and without the outage; what differs is what the outage costs.
"""

import heapq
import math
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

from msgspec import structs

from crossdock.engine import calls as rules
from crossdock.engine.memory import Answer, Slow
from crossdock.engine.scenarios import files
from crossdock.engine.scenarios.files import Loaded, Scenario
from crossdock.engine.scenarios.stage import Stage
from crossdock.errors import FlowFault
from crossdock.flow import jsonlike
from crossdock.flow import state as states
from crossdock.flow.facts import Fact, TimerFired
from crossdock.flow.outcomes import Done, Immediate, Invocation, Parked
from crossdock.flow.program import Program

SAMPLES = 240  # points of a curve
TIMEOUT_TIMER = "timeout"  # how the interpreter names the timer of a task's time-out
CAUGHT_UP = 1.25  # times what was normal: the queue never comes back to exactly nothing


@dataclass(frozen=True, slots=True)
class Outage:
    """since: from the first arrival on."""

    system: str
    lasts: timedelta
    since: timedelta


@dataclass(frozen=True, slots=True)
class Service:
    """What a system can take. takes: one call; at_once: calls side by side; every: the least time between two."""

    takes: timedelta = timedelta(seconds=1)
    at_once: int = 4
    every: timedelta = timedelta()
    fails: float = 0.0  # share of calls refused for now, and tried again


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """every: mean time between two arrivals. people: how long a person takes where the scenario names nobody."""

    every: timedelta = timedelta(minutes=2)
    lasts: timedelta = timedelta(days=1)
    outages: Sequence[Outage] = ()
    services: Mapping[str, Service] = field(default_factory=dict[str, Service])
    people: timedelta = timedelta(minutes=30)
    seed: int = 1


@dataclass(slots=True)
class _Queue:
    """One system. Times are seconds since the first arrival."""

    service: Service
    down: list[tuple[float, float]]
    chance: random.Random
    free: list[float] = field(default_factory=list[float])
    last_start: float = -math.inf
    served: list[tuple[float, float, float]] = field(default_factory=list[tuple[float, float, float]])

    def call(self, arrived: float) -> float:
        """When the answer of a call that arrives now will be there."""
        ready = arrived
        if self.service.fails:
            attempt = 1
            while attempt < rules.MAX_ATTEMPTS and self.chance.random() < self.service.fails:
                ready += rules.retry_delay(attempt).total_seconds()
                attempt += 1
        start = ready if len(self.free) < self.service.at_once else max(ready, heapq.heappop(self.free))
        start = self._up(max(start, self.last_start + self.service.every.total_seconds()))
        self.last_start = max(self.last_start, start)
        end = start + self.service.takes.total_seconds()
        heapq.heappush(self.free, end)
        self.served.append((arrived, start, end))
        return end

    def _up(self, moment: float) -> float:
        for since, back in self.down:
            if since <= moment < back:
                return back
        return moment


def noticed(since: float, until: float) -> float:
    """When the host finds that a system is back: its canary tries after one minute, two, four … up to fifteen."""
    tries, at = 0, since + rules.canary_delay(0).total_seconds()
    while at < until:
        tries += 1
        at += rules.canary_delay(tries).total_seconds()
    return at


class _Systems:
    def __init__(self, plan: Plan, *, outages: bool) -> None:
        self._plan = plan
        self._outages = plan.outages if outages else ()
        self.queues: dict[str, _Queue] = {}

    def call(self, system: str, moment: float) -> float:
        queue = self.queues.get(system)
        if queue is None:
            down = [
                (o.since.total_seconds(), noticed(o.since.total_seconds(), (o.since + o.lasts).total_seconds()))
                for o in self._outages
                if o.system == system
            ]
            service = self._plan.services.get(system, Service())
            chance = random.Random(f"{self._plan.seed} {system}")
            queue = self.queues[system] = _Queue(service, sorted(down), chance)
        return queue.call(moment)


class _Instance(Stage):
    """One instance: a scenario whose calls are answered when their system has got to them."""

    def __init__(
        self, loaded: Loaded, scenario: Scenario, program: Program, children: Sequence[Program],
        functions: Mapping[str, Immediate], arrives: timedelta, systems: _Systems, people: timedelta,
    ) -> None:  # fmt: skip
        super().__init__(loaded, scenario, program, children, functions)
        self._first_arrival = self._started_at
        self._started_at = self.now = self._begun_at = self._started_at + arrives
        self._systems = systems
        self._patience = people
        self._lag = timedelta()
        self.breached: list[str] = []
        self.reached: dict[str, timedelta] = {}
        self.fault = ""

    @property
    def moment(self) -> float:
        return (self.now - self._first_arrival).total_seconds()

    def begin(self) -> None:
        scenario = self._scenario
        self._given = self._value(scenario.input, None)
        if scenario.event is not None:
            self._given = self._program.start_input(self._event(self._value(scenario.event, None)))
        for happening in scenario.events:
            self._happens(happening, self._given)
        self.root = self._start(self._program, self._given, None)

    async def settle(self) -> float | None:
        """Does all that takes no time. Returns when there is something to do next; None when it is over."""
        try:
            while self._facts or self._calls:
                if self._facts:
                    self._apply(*self._facts.popleft())
                else:
                    await self._perform(*self._calls.popleft())
        except FlowFault as fault:
            self.fault = str(fault)
            return None
        state = self.root.state
        if state is not None and state.status is not states.Status.RUNNING:
            return None
        return (self._agenda[0][0] - self._first_arrival).total_seconds() if self._agenda else None

    def wake(self) -> None:
        due, _, act = heapq.heappop(self._agenda)
        self.now = max(self.now, due)
        act()

    @property
    def took(self) -> timedelta:
        return self.now - self._begun_at

    @property
    def status(self) -> str:
        state = self.root.state
        return "faulted" if self.fault or state is None else str(state.status)

    # ── what is played otherwise than in a scenario ─────────────────────────────────────────────────────────────

    def _played(self, call: Invocation) -> Answer:
        system = system_of(call)
        if not system:
            return super()._played(call)
        self._lag = timedelta(seconds=self._systems.call(system, self.moment) - self.moment)
        try:
            answer = super()._played(call) if call.function in self._fakes else self._default(call)
        finally:
            lag, self._lag = self._lag, timedelta()
        match answer:
            case Parked():
                return answer
            case Slow(outcome, takes):
                return Slow(outcome, lag + takes)
            case _:
                return Slow(answer, lag)

    def _default(self, call: Invocation) -> Done:
        """Where nothing is declared, an answer that names itself."""
        return Done({"n": len(self._by_function[call.function])})

    def _happens(self, happening: files.Happening, dot: Any, answer: Any = None, function: str = "") -> None:
        """What follows a call follows its answer, not its being made."""

        def begin() -> None:
            super(_Instance, self)._happens(happening, dot, answer, function)

        if self._lag:
            self._later(self._lag, begin)
        else:
            begin()

    def _ask(self, call: Invocation) -> Answer:
        answer = super()._ask(call)
        if not isinstance(answer, Parked):
            return answer
        given = jsonlike.mapping(call.arguments) or {}
        if call.function == "approval":
            return Slow(Done({"outcome": "approved", "by": "somebody", "note": None}), self._patience)
        actions = cast("list[dict[str, Any]]", given.get("actions") or [{"id": "done"}])
        return Slow(Done({"action": actions[0]["id"], "by": "somebody", "note": None, "data": None}), self._patience)

    def publish(self, event: Mapping[str, Any]) -> None:
        type_ = str(event.get("type"))
        self.reached.setdefault(type_, self.took)
        if type_ == "crossdock.sla.breached":
            data = jsonlike.mapping(event.get("data")) or {}
            self.breached.append(str(data.get("key", "")).partition("/")[0])
        super().publish(event)

    def _tell(self, instance_id: str, fact: Fact) -> None:
        if isinstance(fact, TimerFired) and fact.timer == TIMEOUT_TIMER:
            task = fact.at.partition("#")[0].rpartition("/")[2]
            self.breached.append(f"timeout {task}")
        super()._tell(instance_id, fact)


def system_of(call: Invocation) -> str:
    """The system that answers a call; empty for what the host does itself."""
    if call.function in ("http", "openapi"):
        given = jsonlike.mapping(call.arguments) or {}
        endpoint = given.get("endpoint")
        uri = str((jsonlike.mapping(endpoint) or {}).get("uri", endpoint))
        return uri.rpartition("://")[2].partition("/")[0].partition(":")[0]
    return call.function.partition(".")[0] if "." in call.function else ""


# ── both runs, and what differs ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Spread:
    """p50 and p95, in seconds."""

    p50: float
    p95: float
    n: int


@dataclass(frozen=True, slots=True)
class Load:
    """One system. curve: (seconds, calls waiting or under way). most: the highest of it."""

    calls: int
    most: int
    waited: Spread
    curve: list[tuple[float, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    instances: int
    ended: Mapping[str, int]
    took: Spread
    reached: Mapping[str, Spread]
    missed: Mapping[str, int]
    systems: Mapping[str, Load]


@dataclass(frozen=True, slots=True)
class Effect:
    """What an outage did to its system. caught_up_s: from its end until the queue was as before; None: never."""

    system: str
    since_s: float
    until_s: float
    noticed_s: float
    most_waiting: int
    caught_up_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    definition: str
    plan: Plan
    normal: Run
    hurt: Run
    effects: Sequence[Effect]
    horizon_s: float  # the curves end here
    trouble: Sequence[str]


async def rehearse(
    loaded: Loaded, scenario: Scenario, program: Program, children: Sequence[Program],
    functions: Mapping[str, Immediate], plan: Plan, on_progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> Rehearsal:  # fmt: skip
    """Plays the plan without its outages and with them."""
    chance = random.Random(plan.seed)
    arrivals: list[timedelta] = []
    at = timedelta()
    while at < plan.lasts:
        arrivals.append(at)
        at += timedelta(seconds=chance.expovariate(1 / plan.every.total_seconds()))
    trouble: list[str] = []
    done = 0

    async def play(outages: bool) -> tuple[list[_Instance], _Systems]:
        nonlocal done
        systems = _Systems(plan, outages=outages)
        agenda: list[tuple[float, int, _Instance]] = []
        instances: list[_Instance] = []
        for n, arrives in enumerate(arrivals):
            one = _Instance(loaded, scenario, program, children, functions, arrives, systems, plan.people)
            instances.append(one)
            heapq.heappush(agenda, (arrives.total_seconds(), n, one))
        begun: set[int] = set()
        while agenda:
            _, n, one = heapq.heappop(agenda)
            if n not in begun:
                begun.add(n)
                one.begin()
            else:
                one.wake()
            due = await one.settle()
            if due is not None:
                heapq.heappush(agenda, (due, n, one))
            else:
                done += 1
                on_progress(done, 2 * len(arrivals))
        return instances, systems

    horizon = plan.lasts.total_seconds()
    horizon = max([horizon, *((o.since + o.lasts).total_seconds() * 1.5 for o in plan.outages)])
    normal = await play(outages=False)
    hurt = await play(outages=True) if plan.outages else normal
    for one in normal[0] + hurt[0]:
        trouble += [t for t in [*one.trouble, one.fault] if t and t not in trouble]
    effects = [_effect(o, normal[1], hurt[1]) for o in plan.outages]
    horizon = max([horizon, *(e.until_s + (e.caught_up_s or 0) * 1.2 for e in effects)])
    return Rehearsal(
        definition=f"{program.namespace}/{program.name}:{program.version}",
        plan=plan,
        normal=_run(*normal, horizon),
        hurt=_run(*hurt, horizon),
        effects=effects,
        horizon_s=horizon,
        trouble=trouble[:10],
    )


def _run(instances: Sequence[_Instance], systems: _Systems, horizon: float) -> Run:
    missed: Counter[str] = Counter()
    reached: defaultdict[str, list[float]] = defaultdict(list)
    for one in instances:
        missed.update(one.breached)
        for type_, after in one.reached.items():
            reached[type_].append(after.total_seconds())
    return Run(
        instances=len(instances),
        ended=dict(Counter(one.status for one in instances)),
        took=_spread([one.took.total_seconds() for one in instances]),
        reached={type_: _spread(values) for type_, values in reached.items()},
        missed=dict(missed.most_common()),
        systems={
            name: Load(
                len(queue.served),
                _most(queue),
                _spread([start - arrived for arrived, start, _ in queue.served]),
                _curve(queue, horizon),
            )
            for name, queue in sorted(systems.queues.items())
        },
    )


def _spread(values: Sequence[float]) -> Spread:
    if not values:
        return Spread(0.0, 0.0, 0)
    ordered = sorted(values)

    def at(share: float) -> float:
        return round(ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)], 3)

    return Spread(at(0.5), at(0.95), len(ordered))


def _levels(queue: _Queue) -> list[tuple[float, int]]:
    """The number of calls there, at each moment at which it changes."""
    changes = sorted([(a, 1) for a, _, _ in queue.served] + [(e, -1) for _, _, e in queue.served])
    levels: list[tuple[float, int]] = []
    there = 0
    for at, change in changes:
        there += change
        levels.append((at, there))
    return levels


def _most(queue: _Queue) -> int:
    return max((n for _, n in _levels(queue)), default=0)


def _curve(queue: _Queue, horizon: float) -> list[tuple[float, int]]:
    """The highest number in each of some equal spans."""
    levels, curve = _levels(queue), list[tuple[float, int]]()
    i, there = 0, 0
    for n in range(SAMPLES):
        end = horizon * (n + 1) / SAMPLES
        highest = there
        while i < len(levels) and levels[i][0] < end:
            there = levels[i][1]
            highest = max(highest, there)
            i += 1
        curve.append((round(horizon * n / SAMPLES, 1), highest))
    return curve


def _effect(outage: Outage, normal: _Systems, hurt: _Systems) -> Effect:
    since, until = outage.since.total_seconds(), (outage.since + outage.lasts).total_seconds()
    back = noticed(since, until)
    queue, before = hurt.queues.get(outage.system), normal.queues.get(outage.system)
    if queue is None or before is None:
        return Effect(outage.system, since, until, back, 0, None)
    usual = max(1, math.floor(_most(before) * CAUGHT_UP))
    levels = _levels(queue)
    after = [(at, n) for at, n in levels if at >= back]
    caught = next((at for at, n in after if n <= usual), None)
    most = max((n for at, n in levels if at >= since), default=0)
    return Effect(
        outage.system, since, until, back, most, None if caught is None else round(max(0.0, caught - until), 1)
    )


def alone(definition: Path, given: Any) -> tuple[Loaded, Scenario]:
    """For a definition without a scenario file: nothing is declared, so every call answers something."""
    scenario = Scenario(name="rehearsal", input=given)
    file = files.File(scenarios=[scenario])
    return Loaded(definition, file, definition, (), {}, ()), scenario


def with_input(scenario: Scenario, given: Any) -> Scenario:
    """The scenario, begun with something else."""
    return structs.replace(scenario, input=given, event=None)
