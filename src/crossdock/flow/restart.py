"""Going back to an earlier moment of an instance: what then becomes of every call made since. Pure.

`plan` folds the history up to the moment at which a task run started and makes the Restarted fact that takes the
instance there. The whole instance goes back, parallel branches too; what really happened since is not forgotten:

    a call since then                   becomes                                                     key
    done                                reused: its recorded output is the answer when it is reached  none needed
    done, and chosen, or undone since   repeated                                                    a new one
    failed, withdrawn, never left       repeated                                                    a new one
    a computation (no effect)           computed anew                                               a new one
    sent, unknown, asked                blocked: nothing is repeated before its outcome is known

A reused answer is given only to the same arguments (machine.Changed). Events and decisions of people are reused in
the same way. Clocks go on from where they stood at that moment. A run whose number must not be used again is burnt.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeAlias

from msgspec.structs import replace

from crossdock.errors import Finding, PartnerError
from crossdock.flow import faults, interpreter, model
from crossdock.flow import state as states
from crossdock.flow.facts import (
    Begin,
    Call,
    ClearTimer,
    Command,
    EventReceived,
    Fact,
    Migrated,
    Restarted,
    SetTimer,
    Trace,
)
from crossdock.flow.interpreter import Step
from crossdock.flow.machine import CHANGED, ROOT, Machine
from crossdock.flow.program import Program
from crossdock.flow.state import Again, Recorded, Run, State, Status, Wait

Load: TypeAlias = Callable[[str], Program]  # by version
Make: TypeAlias = Callable[..., Machine]
UNDO_SUFFIX = "~undo"
MOST_FACTS = 50_000


class Fate(StrEnum):
    """What becomes of a call when the instance goes back to before it."""

    REUSE = "reuse"
    REPEAT = "repeat"
    RECOMPUTE = "recompute"
    KEEP = "keep"  # under way, and not touched
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class Made:
    """A call or a child as the host has it on record. state: of engine.turn.CallState, or of a child's instance.

    computed: answered in the turn that asked, without any effect. undone: compensated since.
    answer_waits: its answer lies in the mailbox of a suspended instance.
    """

    at: str
    function: str
    state: str
    system: str = ""
    given: Any = None
    output: Any = None
    child: bool = False
    computed: bool = False
    undone: bool = False
    answer_waits: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the preview. new_key: made again, it has another idempotency key than before."""

    at: str
    task: str
    function: str
    system: str
    state: str
    fate: Fate
    why: str
    new_key: bool = False


@dataclass(frozen=True, slots=True)
class Edits:
    """Corrected data: the input of the task that is begun again, or the whole context. None: as it was."""

    input: Any = None
    context: Any = None

    @property
    def any(self) -> bool:
        return self.input is not None or self.context is not None


NO_EDITS = Edits()


@dataclass(frozen=True, slots=True)
class Plan:
    """blocked: why it cannot be done now; fact: what does it. asks: calls that are made at once, with arguments."""

    at: str
    task: str
    items: tuple[Item, ...]
    asks: tuple[Call, ...]
    blocked: tuple[str, ...]
    outcome: str  # how it stands right after: running, or what ends it at once
    fact: Restarted
    before: Mapping[str, Any]  # what was edited, as it was: {"input": …, "context": …}


# ── folding ──────────────────────────────────────────────────────────────────────────────────────────────────────


def first_version(facts: Sequence[Fact], version: str) -> str:
    """The version it began with, given the one it has now."""
    return next((fact.of for fact in facts if isinstance(fact, Migrated)), version)


def steps(load: Load, version: str, facts: Sequence[Fact], make: Make = Machine) -> Iterator[tuple[Program, Step]]:
    """Every step of a history, with the program that made it. version: the one it has now."""
    program, state = load(first_version(facts, version)), None
    for fact in facts:
        if isinstance(fact, Migrated):
            program = load(fact.to)
        step = interpreter.advance(program, state, fact, make=make)
        state = step.state
        yield program, step


def fold(load: Load, version: str, facts: Sequence[Fact]) -> State | None:
    """The state that a history gives."""
    state = None
    for _, step in steps(load, version, facts):
        state = step.state
    return state


def failed_at(load: Load, version: str, facts: Sequence[Fact]) -> str | None:
    """Of a faulted instance: the run at which its error arose. None when it was the workflow's own."""
    state, faulted = None, list[str]()
    for _, step in steps(load, version, facts):
        state = step.state
        faulted += [t.at for t in step.trace if t.kind == "task-faulted"]
    if state is None or state.status is not Status.FAULTED:
        return None
    # An error that was caught and raised again still names where it arose.
    pointer = (state.error or {}).get("instance")
    known = [at for at in faulted if at != "#1" and at.partition("#")[0] == pointer]
    return known[-1] if known else next((at for at in reversed(faulted) if at != "#1"), None)


_Start: TypeAlias = tuple[int, int, Any]  # parent, task, raw input


class _Watching(Machine):
    """Notes with what each run starts; does not start the wanted one, and so nothing that follows from it."""

    __slots__ = ("_notes", "_reached", "_wanted")

    def __init__(self, notes: dict[str, _Start], wanted: str, reached: list[_Start], *rest: Any) -> None:
        super().__init__(*rest)
        self._notes, self._wanted, self._reached = notes, wanted, reached

    def _start(self, parent: int, index: int, raw: Any) -> None:
        at = self.next_at(index)[0]
        if at == self._wanted:
            self._reached.append((parent, index, raw))
            return
        self._notes[at] = (parent, index, raw)
        super()._start(parent, index, raw)


@dataclass(slots=True)
class _Moment:
    """The instance as it would be had the wanted run not started; what started beside it in that step has.

    started: the runs that had started by then, in order, without those that an earlier restart took back.
    notes: with what each run started. number: of the fact by which it would start.
    """

    program: Program
    state: State
    timers: dict[tuple[str, str], datetime]
    begin: list[_Start]
    started: list[str]
    notes: dict[str, _Start]
    number: int


def _rewind(load: Load, version: str, facts: Sequence[Fact], at: str) -> _Moment | None:
    """The last time that this run was about to start."""
    number = -1
    for n, (_, step) in enumerate(steps(load, version, facts)):
        if any(t.at == at and t.kind in ("task-started", "task-skipped") for t in step.trace):
            number = n
    if number < 0:
        return None
    timers, started, notes = dict[tuple[str, str], datetime](), list[str](), dict[str, _Start]()

    def enter(commands: Iterable[Command], trace: Iterable[Trace]) -> None:
        for command in commands:
            match command:
                case SetTimer(a, timer, due):
                    timers[a, timer] = due
                case ClearTimer(a, timer):
                    timers.pop((a, timer), None)
                case _:
                    pass
        started.extend(t.at for t in trace if t.kind == "task-started")

    noting: Make = lambda *rest: _Watching(notes, "", [], *rest)  # noqa: E731
    program, state = load(first_version(facts, version)), None
    for (program, step), fact in zip(  # noqa: B007 - the last program is used below
        steps(load, version, facts[:number], noting), facts, strict=False
    ):
        state = step.state
        if isinstance(fact, Restarted) and fact.at in started:
            del started[len(started) - 1 - started[::-1].index(fact.at) :]
        enter(step.commands, step.trace)
    fact = facts[number]
    if isinstance(fact, Restarted) and fact.at in started:
        del started[len(started) - 1 - started[::-1].index(fact.at) :]
    reached: list[_Start] = []
    step = interpreter.advance(program, state, fact, make=lambda *rest: _Watching(notes, at, reached, *rest))
    if not reached:
        return None
    enter(step.commands, step.trace)
    return _Moment(program, step.state, timers, reached[:1], started, notes, number)


# ── planning ─────────────────────────────────────────────────────────────────────────────────────────────────────


def plan(
    load: Load,
    version: str,
    facts: Sequence[Fact],
    made: Sequence[Made],
    at: str,
    now: datetime,
    *,
    edits: Edits = NO_EDITS,
    repeat: Collection[str] = (),
    reason: str = "",
) -> Plan:
    """What going back to the start of the run `at` means, and the fact that does it.

    made: every call and child of the instance. repeat: runs whose effect is to be made a second time.
    Raises PartnerError when there is no such run, or the data does not fit.
    """
    if len(facts) > MOST_FACTS:
        raise _wrong("restart.history", at, f"a history of at most {MOST_FACTS} facts", str(len(facts)), "Start anew.")
    current = fold(load, version, facts)
    moment = _rewind(load, version, facts, at) if at != "#1" else None
    if moment is None or current is None:
        raise _wrong("restart.at", at, "a task run of this instance", at, "Take one that its history names.")
    if moment.program.version != version:
        found = f"one that started in version {moment.program.version}"
        raise _wrong("restart.version", at, f"a task run of version {version}", found, "Take a later one.")
    task = moment.program.tasks[moment.begin[0][1]]
    before = _check(edits, task, moment)
    choice = _Choice(moment, current, {m.at: m for m in made}, frozenset(repeat))
    choice.since(facts)
    choice.open_then(facts)
    fact = choice.fact(at, now, edits, reason, facts[moment.number].now)
    step = interpreter.advance(moment.program, current, fact)
    error = step.state.error or {}
    if error.get("title") == CHANGED:
        choice.blocked.append(f"{error.get('instance')}: {error.get('detail')}")
    return Plan(
        at=at,
        task=task.common.name,
        items=tuple(sorted(choice.items, key=lambda i: i.at)),
        asks=tuple(c for c in step.commands if isinstance(c, Call)),
        blocked=tuple(dict.fromkeys(choice.blocked)),
        outcome=f"{error.get('title', 'An error')}: {error.get('detail', '')}" if error else step.state.status.value,
        fact=fact,
        before=before,
    )


def _check(edits: Edits, task: model.Task, moment: _Moment) -> dict[str, Any]:
    """Whether the edited data fits the task; what it was before."""
    before: dict[str, Any] = {}
    if edits.input is not None:
        before["input"] = moment.begin[0][2]
        schema = task.common.input_schema
        if schema is not None:
            try:
                schema.check(edits.input, "The input")
            except faults.Raised as raised:
                fix = "Correct it, and look at the preview again."
                raise _wrong(
                    "restart.input", task.common.pointer, "data that fits the task", raised.error.detail, fix
                ) from None
    if edits.context is not None:
        before["context"] = moment.state.context
    return before


def _wrong(code: str, where: str, expected: str, found: str, fix: str) -> PartnerError:
    return PartnerError([Finding(code, where, expected, found, fix)])


@dataclass(slots=True)
class _Choice:
    moment: _Moment
    current: State
    made: Mapping[str, Made]
    repeat: frozenset[str]
    items: list[Item] = field(default_factory=list[Item])
    blocked: list[str] = field(default_factory=list[str])
    recorded: dict[str, Recorded] = field(default_factory=dict[str, Recorded])
    burnt: set[str] = field(default_factory=set[str])
    answered: list[str] = field(default_factory=list[str])
    listens: list[str] = field(default_factory=list[str])
    begin: list[_Start] = field(default_factory=list[_Start])
    runs: dict[int, Run] = field(default_factory=dict[int, Run])

    def since(self, facts: Sequence[Fact]) -> None:
        """What becomes of everything that was asked for since then."""
        self.burnt = set(self.current.again.burnt if self.current.again else ()) | self.repeat
        started = set(self.moment.started)
        for m in self.made.values():
            if m.at in started or m.at.endswith(UNDO_SUFFIX) or m.at == "#1":
                continue
            self._settle(m, *self._fate(m))
        for listener, events in _heard(facts).items():
            if listener not in started and listener not in self.repeat:
                self.recorded[listener] = Recorded(events=events)

    def _fate(self, m: Made) -> tuple[Fate, str]:
        if m.answer_waits:
            return Fate.BLOCKED, "its answer came while the instance stood still: resume it first"
        match m.state:
            case "done" | "completed" if m.undone:
                return Fate.REPEAT, "its effect was undone since"
            case "done" if m.computed:
                return Fate.RECOMPUTE, "it has no effect"
            case "done" | "completed" if m.at in self.repeat:
                return Fate.REPEAT, "chosen: its effect happens a second time"
            case "done" | "completed":
                return Fate.REUSE, "done: what it gave is taken again"
            case "sent" | "unknown" | "asked":
                return Fate.BLOCKED, "its outcome is not known: nothing is repeated before it is"
            case "parked":
                return Fate.REPEAT, "nobody has answered: it is withdrawn and asked anew"
            case "running" | "suspended":
                return Fate.REPEAT, "the child is cancelled, and a new one is started"
            case _:
                return Fate.REPEAT, "it had no effect"

    def _settle(self, m: Made, fate: Fate, why: str) -> None:
        task = self.moment.program.task(m.at)
        name = task.name if task is not None else m.at
        if fate is Fate.BLOCKED:
            self.blocked.append(f"{name} ({m.function}): {why}")
        elif fate is Fate.REUSE:
            self.recorded[m.at] = Recorded(m.output, m.given)
        elif fate is not Fate.KEEP:
            self.burnt.add(m.at)
        again = fate in (Fate.REPEAT, Fate.RECOMPUTE)
        self.items.append(Item(m.at, name, m.function, m.system, m.state, fate, why, new_key=again))

    def open_then(self, facts: Sequence[Fact]) -> None:
        """What was open at that moment: kept when it still is, else answered from the record or asked for again."""
        now_open = {run.at: run for run in self.current.runs}
        self.runs = {run.id: run for run in self.moment.state.runs}
        self.begin = list(self.moment.begin)
        later = _heard(facts[self.moment.number :])
        for run in self.moment.state.runs:
            still = now_open.get(run.at)
            same = still is not None and still.wait is run.wait
            if run.wait is Wait.EVENT:
                if same and still is not None and still.memory is not None:
                    self.runs[run.id] = replace(run, memory=still.memory)
                elif run.at not in self.repeat and later.get(run.at):
                    self.recorded[run.at] = Recorded(events=later[run.at])
                if not same:
                    self.listens.append(run.at)
            elif run.wait in (Wait.CALL, Wait.CHILD) and run.id != ROOT:
                self._call_then(run, same)

    def _call_then(self, run: Run, same: bool) -> None:
        m = self.made.get(run.at) or Made(run.at, run.detail, "failed", child=run.wait is Wait.CHILD)
        done = m.state in ("done", "completed")
        if same and not done:
            self._settle(m, Fate.KEEP, "it is under way and stays so")
            return
        fate, why = self._fate(m)
        self._settle(m, fate, why)
        if fate is Fate.REUSE:
            self.answered.append(run.at)
        elif fate is not Fate.BLOCKED:
            self.begin.append(self.moment.notes[run.at])
            del self.runs[run.id]

    def fact(self, at: str, now: datetime, edits: Edits, reason: str, then: datetime) -> Restarted:
        moment, pointers = self.moment, [task.common.pointer for task in self.moment.program.tasks]
        begin = [Begin(parent, pointers[index], raw) for parent, index, raw in self.begin]
        if edits.input is not None:
            begin[0] = Begin(begin[0].parent, begin[0].pointer, edits.input)
        kept = {(run.at, timer) for run in self.current.runs for timer in run.timers}
        runs = tuple(self.runs.values())
        timers = [
            SetTimer(run.at, timer, moment.timers[run.at, timer] + max(now - then, timedelta()))
            for run in runs
            for timer in run.timers
            if (run.at, timer) not in kept and (run.at, timer) in moment.timers
        ]
        state = replace(
            moment.state,
            runs=runs,
            context=moment.state.context if edits.context is None else edits.context,
            next_id=max(moment.state.next_id, self.current.next_id),
            again=Again(self.recorded, sorted(self.burnt)),
        )
        return Restarted(
            at=at,
            now=now,
            state=states.dump(state).decode(),
            begin=tuple(begin),
            timers=tuple(timers),
            listens=tuple(self.listens),
            answered=tuple(self.answered),
            reason=reason,
        )


def _heard(facts: Sequence[Fact]) -> dict[str, list[Any]]:
    """By listener, the events that reached it, each once, in their order. One that fits nowhere is not taken again."""
    found: dict[str, dict[tuple[str, str], Any]] = {}
    for fact in facts:
        if isinstance(fact, EventReceived):
            identity = (str(fact.event.get("source", "")), str(fact.event.get("id", len(found))))
            found.setdefault(fact.at, {})[identity] = fact.event
    return {at: list(events.values()) for at, events in found.items()}
