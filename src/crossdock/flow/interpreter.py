"""`advance`: one fact in, the next state and the commands out. Pure and deterministic.

    fact                        moves                                          else ignored
    Started                     a new instance: input, then the first task     there is a state already
    CallCompleted/CallFailed    the run at `at` that waits for a call          nobody waits there (abandoned, repeated)
    ChildCompleted/ChildFailed  the run at `at` that waits for a child         "
    EventReceived               the listener at `at`                           no listener, no filter takes it, repeated
    TimerFired                  the run at `at` that set this timer            cleared before it fired
    CancelRequested             every open run                                 the instance has ended
    Suspended/Resumed           nothing: the host stands still, then goes on   the instance has ended
    Restarted                   all, to an earlier moment (flow.restart)       never
    Migrated                    nothing: the open runs get their new tasks     never

An ignored fact changes nothing and leaves one Trace. The same state and fact give the same step, always: time and
identity come with the facts, and chance is drawn from the instance's id.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, assert_never

from msgspec.structs import replace

import crossdock
from crossdock.errors import CrossdockBug
from crossdock.flow import actions, correlation, dataflow, faults, lifecycle, listening, model, retry
from crossdock.flow import state as states
from crossdock.flow.facts import (
    CallCompleted,
    CallFailed,
    CancelRequested,
    ChildCompleted,
    ChildFailed,
    ClearTimer,
    Command,
    EventReceived,
    Fact,
    Migrated,
    Restarted,
    Resumed,
    Started,
    Suspended,
    TimerFired,
    Trace,
)
from crossdock.flow.machine import ROOT, Machine
from crossdock.flow.program import Program
from crossdock.flow.state import Attempt, Run, State, Status, Wait

RUNTIME: Mapping[str, Any] = {"name": "crossdock", "version": crossdock.__version__, "metadata": {}}

_ACTIONS = actions.Table()
_ROOT_AT = "#1"


@dataclass(frozen=True, slots=True)
class Step:
    state: State
    commands: tuple[Command, ...]
    trace: tuple[Trace, ...]


def advance(
    program: Program,
    state: State | None,
    fact: Fact,
    runtime: Mapping[str, Any] = RUNTIME,
    make: Callable[..., Machine] = Machine,
) -> Step:
    """The step that follows from `fact`. Raises nothing that a definition or a fact can cause.

    state: None for Started (and for what overtook it); never changed, a new one is returned.
    runtime: what `$runtime` shows. make: flow.restart looks over the machine's shoulder.
    """
    if state is None:
        return _begin(program, fact, runtime, make)
    if isinstance(fact, Restarted):
        return _restarted(program, state, fact, runtime, make)
    if isinstance(fact, Migrated):
        return migrated(state, fact)
    if state.status is not Status.RUNNING:
        return _ignored(state, fact, f"the instance has {state.status}")
    match fact:
        case Started():
            return _ignored(state, fact, "the instance has started")
        case Suspended() | Resumed():
            trace = (Trace("", type(fact).__name__.lower()),)
            told = lifecycle.emits(program, state.instance_id, fact.now, trace, (), state.correlations)
            return Step(state, tuple(told), trace)
        case CancelRequested():
            return _cancelled(make(program, state, fact.now, runtime, _ACTIONS), state, fact)
        case CallCompleted() | CallFailed() if fact.at == _ROOT_AT:
            return _undone(make(program, state, fact.now, runtime, _ACTIONS), state, fact)
        case CallCompleted() | ChildCompleted():
            kind = Wait.CALL if isinstance(fact, CallCompleted) else Wait.CHILD
            return _answered(program, state, fact, kind, runtime, make, lambda m, run: m.complete(run, fact.output))
        case CallFailed() | ChildFailed():
            kind = Wait.CALL if isinstance(fact, CallFailed) else Wait.CHILD
            return _answered(program, state, fact, kind, runtime, make, lambda m, run: m.fault(run, fact.error))
        case EventReceived():
            return _heard(program, state, fact, runtime, make)
        case TimerFired():
            return _fired(program, state, fact, runtime, make)
        case _:
            assert_never(fact)


def _begin(program: Program, fact: Fact, runtime: Mapping[str, Any], make: Callable[..., Machine]) -> Step:
    if not isinstance(fact, Started | CancelRequested):
        raise CrossdockBug(f"Expected Started as the first fact of an instance, found {type(fact).__name__}.")
    raw = fact.input if isinstance(fact, Started) else None
    identity = fact.instance_id if isinstance(fact, Started) else ""
    state = State(status=Status.RUNNING, instance_id=identity, started_at=fact.now, input=raw, context=None)
    machine = make(program, state, fact.now, runtime, _ACTIONS)
    if isinstance(fact, CancelRequested):
        machine.cancel(fact.reason)
        return _step(machine)
    machine.perform(lambda: _prepare(machine, raw))
    return _step(machine)


def _prepare(machine: Machine, raw: Any) -> None:
    """Validate and transform the workflow's input; the result is the first task's input and the first $context."""
    program = machine.program
    root = program.tasks[0].common
    run = Run(ROOT, 0, 0, "#1", machine.now, raw, raw)
    machine.current = run
    given = raw
    if root.input_schema is not None:
        root.input_schema.check(raw, "The workflow's input")
    if root.input_from is not None:
        given = machine.evaluate(root.input_from, run, raw)
    machine.context = given
    for template, name in ((program.business_key, "business_key"), (program.search, "search")):
        if template is not None:
            value = machine.evaluate(template, run, given)
            setattr(machine, name, (correlation.key(value) or "") if name == "business_key" else value)
    machine.begin_root(given)


def _answered(
    program: Program,
    state: State,
    fact: CallCompleted | CallFailed | ChildCompleted | ChildFailed,
    kind: Wait,
    runtime: Mapping[str, Any],
    make: Callable[..., Machine],
    move: Callable[[Machine, Run], None],
) -> Step:
    run = _open(state, fact.at)
    if run is None or run.wait is not kind:
        return _ignored(state, fact, f"no {kind} is awaited there")
    machine = make(program, state, fact.now, runtime, _ACTIONS)
    machine.perform(lambda: move(machine, run))
    return _step(machine)


def _heard(
    program: Program, state: State, fact: EventReceived, runtime: Mapping[str, Any], make: Callable[..., Machine]
) -> Step:
    run = _open(state, fact.at)
    if run is None or not isinstance(program.tasks[run.task].action, model.Listen):
        return _ignored(state, fact, "nobody listens there")
    machine = make(program, state, fact.now, runtime, _ACTIONS)
    refusal: list[str | None] = [None]

    def move() -> None:
        refusal[0] = listening.received(machine, run, program.tasks[run.task], fact.event)

    machine.perform(move)
    if refusal[0] is not None:
        return _ignored(state, fact, refusal[0])
    return _step(machine)


def _fired(
    program: Program, state: State, fact: TimerFired, runtime: Mapping[str, Any], make: Callable[..., Machine]
) -> Step:
    run = _open(state, fact.at)
    if run is None or fact.timer not in run.timers:
        return _ignored(state, fact, f"no timer '{fact.timer}' is set there")
    machine = make(program, state, fact.now, runtime, _ACTIONS)
    rung = machine.clear_timer(run, fact.timer, tell=False)
    task = program.tasks[run.task]
    machine.current = rung

    def move() -> None:
        match fact.timer:
            case "timeout":
                machine.withdraw(rung)
                machine.fault(rung, faults.timeout(f"It took longer than its timeout ({rung.at})."))
            case "retry" if isinstance(task.action, model.Try):
                retry.attempt(machine, rung, task.action)
            case "attempt" if isinstance(rung.memory, Attempt):
                error = faults.timeout("The attempt took longer than limit.attempt.duration.")
                error = dataflow.instance(error, task.common.pointer)
                machine.cancel_below(rung.id)
                if not retry.caught(machine, rung, task, error):
                    machine.fault(machine.runs[rung.id], error)
            case _:
                machine.complete(rung, rung.input)

    machine.perform(move)
    return _step(machine)


# ── what operators do ────────────────────────────────────────────────────────────────────────────────────────────


def _cancelled(machine: Machine, state: State, fact: CancelRequested) -> Step:
    undoing = _undoing(state)
    if undoing is not None and not fact.force:
        return _ignored(state, fact, "it is being undone already")
    if fact.compensate and undoing is None and ROOT in machine.runs:
        machine.compensate(fact.reason)
    else:
        machine.cancel(fact.reason)
    return _step(machine)


def _undoing(state: State) -> Run | None:
    """The workflow's own run, when it waits for its effects to be undone."""
    return next((run for run in state.runs if run.id == ROOT and run.wait is Wait.CALL), None)


def _undone(machine: Machine, state: State, fact: CallCompleted | CallFailed) -> Step:
    run = _undoing(state)
    if run is None:
        return _ignored(state, fact, "no call is awaited there")
    machine.keep(replace(run, wait=None))
    machine.cancel(str((run.vars or {}).get("reason", "")))
    return _step(machine)


def _restarted(
    program: Program, now_open: State, fact: Restarted, runtime: Mapping[str, Any], make: Callable[..., Machine]
) -> Step:
    """Take back what is open and was not then, ask again for what was open then and is not now, begin anew."""
    then = states.load(fact.state)
    machine = make(program, then, fact.now, runtime, _ACTIONS)
    kept = {run.at: run for run in then.runs}
    again = {*fact.listens, *fact.answered}
    for run in reversed(now_open.runs):
        same = kept.get(run.at)
        if same is None or same.wait is not run.wait or run.at in again:
            machine.take_back(run)
        for timer in run.timers:
            if same is None or timer not in same.timers:
                machine.commands.append(ClearTimer(run.at, timer))
    machine.commands += fact.timers
    machine.trace.append(Trace(fact.at, "restarted", fact.reason))

    def begin() -> None:
        for task in reversed(fact.begin):
            machine.follow(task.parent, program.by_pointer[task.pointer], task.raw)

    machine.perform(begin)
    for at in (*fact.listens, *fact.answered):
        run = next((r for r in machine.runs.values() if r.at == at), None)
        if run is not None and machine.status is Status.RUNNING:
            machine.perform(lambda run=run: _recall(machine, run))
    return _step(machine)


def _recall(machine: Machine, run: Run) -> None:
    machine.current = run
    task = machine.program.tasks[run.task]
    if run.wait is Wait.EVENT:
        listening.resubscribe(machine, run, task)
        return
    known = machine.again.recorded.get(run.at) if machine.again is not None else None
    if known is not None and (found := machine.recall(run.at, known.given)) is not None:
        machine.trace.append(Trace(run.at, "recalled", run.detail))
        machine.complete(run, found.output)


def migrated(state: State, fact: Migrated) -> Step:
    """The open runs at their tasks of the other version. It needs no program: the fact says it all."""
    runs = tuple(replace(run, task=task) for run, task in zip(state.runs, fact.tasks, strict=True))
    moved = replace(state, runs=runs, counts=fact.counts)
    return Step(moved, (), (Trace("", "migrated", f"{fact.of} to {fact.to}"),))


def _open(state: State, at: str) -> Run | None:
    for run in state.runs:
        if run.at == at:
            return run
    return None


def _step(machine: Machine) -> Step:
    told = lifecycle.emits(
        machine.program, machine.instance_id, machine.now, machine.trace, machine.commands, machine.correlations
    )
    return Step(machine.finished(), (*machine.commands, *told), tuple(machine.trace))


def _ignored(state: State, fact: Fact, why: str) -> Step:
    at = getattr(fact, "at", "")
    return Step(state, (), (Trace(at, "ignored", f"{type(fact).__name__}: {why}"),))
