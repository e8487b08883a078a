"""The in-memory host of `flow`: runs workflows to their end on a virtual clock.

The durable twin is the rest of this package; this one is for `flow run`, for authors' tests and for the conformance
suite. Nothing here waits for real time: when all is idle, the clock jumps to the next timer or scheduled event. Calls
are made one after the other in the order of their commands, so that a run is repeatable.
"""

import heapq
import inspect
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias, assert_never
from uuid import UUID

from crossdock import ids
from crossdock.errors import FlowFault
from crossdock.flow import correlation, faults, interpreter, listening, schedules, secrets
from crossdock.flow import state as states
from crossdock.flow.facts import (
    Abandon,
    Call,
    CallCompleted,
    CallFailed,
    Cancel,
    CancelRequested,
    ChildCompleted,
    ChildFailed,
    ClearTimer,
    Command,
    Complete,
    Emit,
    Error,
    EventFilter,
    EventReceived,
    Fact,
    Fail,
    RunChild,
    SetTimer,
    Started,
    Subscribe,
    TimerFired,
    Trace,
    Unsubscribe,
)
from crossdock.flow.machine import Machine
from crossdock.flow.outcomes import Done, Failed, Invocation, Parked, Unknown
from crossdock.flow.program import Program

EPOCH = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)  # a Monday morning
TENANT = "memory"
# An instance that is still busy after so many facts is not going to end.
MOST_FACTS = 100_000


@dataclass(frozen=True, slots=True)
class Slow:
    """The outcome arrives after some virtual time."""

    outcome: Done | Failed | Unknown
    takes: timedelta


Answer: TypeAlias = Done | Failed | Unknown | Parked | Slow
Handler: TypeAlias = Callable[[Invocation], Answer | Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Event:
    """A CloudEvent that arrives `after` so long since the start."""

    event: Mapping[str, Any]
    after: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Stepped:
    """One trace of the instance, with the task's name and the virtual time."""

    task: str
    kind: str
    at: str
    detail: str
    time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a run. commands: all of them, in order, of the instance and its children."""

    status: states.Status
    output: Any
    error: Error | None
    steps: Sequence[Stepped]
    events: Sequence[Mapping[str, Any]]
    calls: Sequence[Invocation]
    commands: Sequence[Command]
    state: states.State
    ended_at: datetime

    def started(self) -> list[str]:
        """Names of the tasks in the order in which they started."""
        return [step.task for step in self.steps if step.kind == "task-started" and step.task]


@dataclass(frozen=True, slots=True)
class Kept:
    """An instance that time or an event started."""

    at: datetime
    status: states.Status
    output: Any


class Deadlock(FlowFault):
    """The instance waits for what nobody will ever send."""

    def __init__(self, waiting: Sequence[states.Waiting], now: datetime) -> None:
        what = "; ".join(f"{w.kind} {w.detail} at {w.at}" for w in waiting) or "nothing"
        super().__init__(f"The workflow waits for ever, since {now.isoformat()}: {what}. Nothing else is under way.")
        self.waiting = tuple(waiting)


def unknown_function(call: Invocation) -> Answer:
    """The handler where none is given."""
    if call.function.startswith("run."):
        kind = call.function.removeprefix("run.")
        return Failed(
            Error(
                faults.CONFIGURATION, 400, f"run: {kind} is off",
                f"expected a host whose policy permits {call.function}, found none: scripts, shells and containers "
                "are refused unless a policy of the tenant allows them (docs/functions.md)",
            )
        )  # fmt: skip
    error = Error(faults.CONFIGURATION, 400, "Unknown function", f"Nobody performs {call.function!r} here.")
    return Failed(error)


@dataclass(slots=True)
class _Instance:
    id: str
    program: Program
    parent: tuple[str, str] | None  # instance and `at` that await it
    state: states.State | None = None
    listeners: dict[str, tuple[EventFilter, ...]] = field(default_factory=dict[str, tuple[EventFilter, ...]])
    timers: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    error: Error | None = None


class Memory:
    """handler: performs every call. programs: those that `run: workflow` may name. secrets: values by name."""

    def __init__(
        self,
        handler: Handler = unknown_function,
        *,
        programs: Iterable[Program] = (),
        values: Mapping[str, Any] | None = None,
        start_at: datetime = EPOCH,
        check_states: bool = False,
    ) -> None:
        self._handler = handler
        self._make: Callable[..., Machine] = Machine  # who looks on puts its own in its place
        self._programs = {(p.namespace, p.name, p.version): p for p in programs}
        self._values = values or {}
        self._check_states = check_states  # restore every state from its bytes before it is used again
        self._started_at = start_at
        self.now = start_at
        self._instances: dict[str, _Instance] = {}
        self._facts: deque[tuple[str, Fact]] = deque()
        self._calls: deque[tuple[str, Call]] = deque()
        self._agenda: list[tuple[datetime, int, Callable[[], None]]] = []
        self._unheard: list[tuple[str, Mapping[str, Any]]] = []  # whose alone it is ("": anybody's), and the event
        self._order = 0
        self._triggered: Program | None = None
        self._started_by: set[tuple[str, str]] = set()
        self.steps: list[Stepped] = []
        self._events: list[Mapping[str, Any]] = []
        self._made: list[Invocation] = []
        self._commands: list[Command] = []

    async def run(
        self,
        program: Program,
        given: Any = None,
        *,
        events: Iterable[Event | Mapping[str, Any]] = (),
        cancel_after: timedelta | None = None,
    ) -> Outcome:
        """Run one instance to its end. Raises Deadlock when it waits for what cannot come."""
        root = self._start(program, given, None)
        for item in events:
            event = item if isinstance(item, Event) else Event(item)
            self._later(event.after, lambda e=event.event: self.publish(e))
        if cancel_after is not None:
            self._later(cancel_after, lambda: self._tell(root.id, CancelRequested("cancelled from outside", self.now)))
        for _ in range(MOST_FACTS):
            if not await self._move(root.state is None or root.state.status is states.Status.RUNNING):
                break
        else:
            raise FlowFault(f"The workflow is still busy after {MOST_FACTS} steps.")
        state = root.state
        assert state is not None
        if state.status is states.Status.RUNNING:
            raise Deadlock(state.waiting, self.now)
        return Outcome(
            status=state.status,
            output=state.output,
            error=root.error,
            steps=self.steps,
            events=self._events,
            calls=self._made,
            commands=self._commands,
            state=state,
            ended_at=self.now,
        )

    async def keep(
        self,
        program: Program,
        lasts: timedelta,
        *,
        asleep: timedelta = timedelta(),
        events: Iterable[Event | Mapping[str, Any]] = (),
    ) -> list[Kept]:
        """Let time and events start instances for so long, as if the definition had been published now.

        asleep: nobody works at first, so that what is due by then is missed.
        """
        end = self.now + lasts
        for item in events:
            event = item if isinstance(item, Event) else Event(item)
            self._later(event.after, lambda e=event.event: self.publish(e))
        if program.trigger is not None:
            self._triggered = program
        elif (at := schedules.first(program.schedule, self.now)) is not None:
            self._later(max(at - self.now, asleep), lambda at=at: self._start_due(program, at))
        for _ in range(MOST_FACTS):
            if not await self._move(bool(self._agenda) and self._agenda[0][0] <= end):
                break
        else:
            raise FlowFault(f"The workflow is still busy after {MOST_FACTS} steps.")
        return [
            Kept(i.state.started_at, i.state.status, i.state.output)
            for i in self._instances.values()
            if i.parent is None and i.program is program and i.state is not None
        ]

    def _start_due(self, program: Program, at: datetime) -> None:
        found = schedules.due(program.schedule, at, self.now)
        for planned in found.starts:
            self._start(program, schedules.start_input(program.schedule, planned), None)
        if (later := found.next_at) is not None:
            self._later(later - self.now, lambda: self._start_due(program, later))

    def publish(self, event: Mapping[str, Any]) -> None:
        """Give the event to every listener that wants it; keep it for a later one when none does."""
        heard = self._trigger(event)
        for instance in list(self._instances.values()):
            for at, filters in list(instance.listeners.items()):
                if any(correlation.matches(f, event) for f in filters):
                    heard = True
                    self._tell(instance.id, EventReceived(at, event, self.now))
        if not heard:
            self._unheard.append(("", event))

    def _trigger(self, event: Mapping[str, Any]) -> bool:
        """Start an instance when the event does that; the same (source, id) starts one only."""
        given = None if self._triggered is None else self._triggered.start_input(event)
        if self._triggered is None or given is None:
            return False
        identity = (str(event.get("source")), str(event.get("id")))
        if identity not in self._started_by:
            self._started_by.add(identity)
            self._start(self._triggered, given, None)
        return True

    # ── the loop ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def _move(self, time_passes: bool) -> bool:
        """Facts first, then one call, then time. False when nothing is left to do."""
        if self._facts:
            self._apply(*self._facts.popleft())
        elif self._calls:
            await self._perform(*self._calls.popleft())
        elif self._agenda and time_passes:
            due, _, act = heapq.heappop(self._agenda)
            self.now = max(self.now, due)
            act()
        else:
            return False
        return True

    def _start(self, program: Program, given: Any, parent: tuple[str, str] | None) -> _Instance:
        identity = str(ids.derived(program.name, str(len(self._instances)), self._started_at.isoformat()))
        instance = self._instances[identity] = _Instance(identity, program, parent)
        self._tell(identity, Started(given, self.now, identity))
        return instance

    def _tell(self, instance_id: str, fact: Fact) -> None:
        self._facts.append((instance_id, fact))

    def _later(self, after: timedelta, act: Callable[[], None]) -> int:
        self._order += 1
        heapq.heappush(self._agenda, (self.now + after, self._order, act))
        return self._order

    def _apply(self, instance_id: str, fact: Fact) -> None:
        instance = self._instances[instance_id]
        step = interpreter.advance(instance.program, instance.state, fact, make=self._make)
        instance.state = states.load(states.dump(step.state)) if self._check_states else step.state
        for trace in step.trace:
            self.steps.append(self._stepped(instance.program, trace))
        if isinstance(fact, EventReceived) and listening.unheard(step.trace):
            self._unheard.append((instance_id, fact.event))
        for command in step.commands:
            self._commands.append(command)
            self._obey(instance, command)

    def _stepped(self, program: Program, trace: Trace) -> Stepped:
        task = program.task(trace.at)
        return Stepped(task.name if task else "", trace.kind, trace.at, trace.detail, self.now)

    def _obey(self, instance: _Instance, command: Command) -> None:
        match command:
            case Call():
                self._calls.append((instance.id, command))
            case Subscribe(at, filters):
                instance.listeners[at] = filters
                wanted = [
                    (only_for, event)
                    for only_for, event in self._unheard
                    if only_for in {"", instance.id} and any(correlation.matches(f, event) for f in filters)
                ]
                for early in wanted:
                    self._unheard.remove(early)
                    self._tell(instance.id, EventReceived(at, early[1], self.now))
            case Unsubscribe(at):
                instance.listeners.pop(at, None)
            case SetTimer(at, timer, due):
                number = self._later(due - self.now, lambda: self._ring(instance, at, timer))
                instance.timers[at, timer] = number
            case ClearTimer(at, timer):
                number = instance.timers.pop((at, timer), None)
                self._agenda = [entry for entry in self._agenda if entry[1] != number]
                heapq.heapify(self._agenda)
            case Emit(_, event):
                self._events.append(event)
                self.publish(event)
            case RunChild(at, namespace, name, version, given, awaited):
                self._run_child(instance, at, (namespace, name, version), given, awaited)
            case Abandon(at):
                self._calls = deque(c for c in self._calls if (c[0], c[1].at) != (instance.id, at))
                for child in self._instances.values():
                    if child.parent == (instance.id, at):
                        self._tell(child.id, CancelRequested("abandoned by its parent", self.now))
            case Complete(output):
                self._ended(instance, lambda at: ChildCompleted(at, output, self.now))
            case Fail(error):
                instance.error = error
                self._ended(instance, lambda at: ChildFailed(at, error, self.now))
            case Cancel(reason):
                error = Error(faults.RUNTIME, 499, "The child was cancelled", reason)
                self._ended(instance, lambda at: ChildFailed(at, error, self.now))
            case _:
                assert_never(command)

    def _ring(self, instance: _Instance, at: str, timer: str) -> None:
        instance.timers.pop((at, timer), None)
        self._tell(instance.id, TimerFired(at, timer, self.now))

    def _ended(self, instance: _Instance, fact: Callable[[str], Fact]) -> None:
        instance.listeners.clear()
        again = instance.program.schedule.after
        if again is not None and instance.parent is None:
            due = self.now + again
            self._later(again, lambda: self._start_due(instance.program, due))
        if instance.parent is not None:
            parent, at = instance.parent
            self._tell(parent, fact(at))

    def _run_child(self, parent: _Instance, at: str, name: tuple[str, str, str], given: Any, awaited: bool) -> None:
        program = self._programs.get(name)
        if program is None and name[2] == "latest":
            versions = [p for key, p in self._programs.items() if key[:2] == name[:2]]
            program = max(versions, key=lambda p: [int(n) for n in p.version.split("-")[0].split(".")], default=None)
        if program is not None:
            self._start(program, given, (parent.id, at) if awaited else None)
        elif awaited:
            detail = f"Expected a workflow {name[0]}/{name[1]}:{name[2]}, found none."
            self._tell(
                parent.id, ChildFailed(at, Error(faults.CONFIGURATION, 400, "Unknown workflow", detail), self.now)
            )

    # ── calls ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _perform(self, instance_id: str, call: Call) -> None:
        instance = self._instances[instance_id]
        state = instance.state
        try:
            arguments = secrets.fill(call.arguments, call.secrets, self._values)
        except KeyError as missing:
            error = Error(faults.AUTHORIZATION, 403, "Unknown secret", f"No secret {missing} is available.")
            self._answer(instance_id, call.at, Failed(error))
            return
        invocation = Invocation(
            tenant_id=TENANT,
            instance_id=UUID(instance_id),
            at=call.at,
            key=f"{instance_id}{call.at}",
            function=call.function,
            arguments=arguments,
            business_key=state.business_key if state is not None else "",
            now=self.now,
            metadata=call.metadata,
        )
        self._made.append(invocation)
        answer = self._handler(invocation)
        if inspect.isawaitable(answer):
            answer = await answer
        match answer:
            case Slow(outcome, takes):
                self._later(takes, lambda: self._answer(instance_id, call.at, outcome))
            case Parked():
                pass  # nobody answers: a timeout or a cancellation must end it
            case Done() | Failed() | Unknown():
                self._answer(instance_id, call.at, answer)

    def _answer(self, instance_id: str, at: str, outcome: Done | Failed | Unknown) -> None:
        match outcome:
            case Done(output):
                self._tell(instance_id, CallCompleted(at, output, self.now))
            case Failed(error=error):
                self._tell(instance_id, CallFailed(at, error, self.now))
            case Unknown(detail):
                error = Error(faults.COMMUNICATION, 503, "Outcome unknown", detail)
                self._tell(instance_id, CallFailed(at, error, self.now))
