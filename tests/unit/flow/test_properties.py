"""Any definition, any facts: nothing crashes, everything is deterministic, and every promise to the host is kept."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crossdock import exactjson
from crossdock.flow import program, state
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
    Complete,
    Error,
    EventReceived,
    Fact,
    Fail,
    RunChild,
    SetTimer,
    Started,
    Subscribe,
    TimerFired,
    Unsubscribe,
)
from crossdock.flow.interpreter import Step, advance
from crossdock.flow.state import State, Status, Wait

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
ERRORS = [Error("https://serverlessworkflow.io/spec/1.0.0/errors/communication", s, "failed") for s in (404, 503)]

# ── definitions ──────────────────────────────────────────────────────────────────────────────────────────────────

_ids = st.integers(0, 10**9)
_values = st.sampled_from([None, 1, "a", [1, 2], {"n": 1}, "${ .n }", "${ . }", "${ $context }", "${ .n + 1 }"])
_conditions = st.sampled_from([".n == 1", "true", "false", ".missing.deep", '.n + "a" == 1'])
_durations = st.sampled_from(["PT0S", "PT1S", "PT1H", "${ .n }"])
_filters = st.fixed_dictionaries(
    {"with": st.sampled_from([{"type": "a"}, {"type": "b"}, {"type": "a", "data": "${ .n > 1 }"}])},
    optional={"correlate": st.sampled_from([{"k": {"from": ".data.k"}}, {"k": {"from": ".data.k", "expect": "1"}}])},
)
_leaves = st.one_of(
    _values.map(lambda v: {"set": {"n": v}}),
    _durations.map(lambda d: {"wait": d}),
    st.just({"call": "erp.price@crossdock", "with": {"n": "${ .n }"}}),
    st.just({"raise": {"error": {"type": "https://x.example/e", "status": 503}}}),
    st.just({"emit": {"event": {"with": {"type": "a", "data": "${ . }"}}}}),
    st.just({"run": {"workflow": {"namespace": "d", "name": "c", "version": "1.0.0"}}}),
    st.sampled_from([{"switch": [{"x": {"when": ".n == 1", "then": t}}]} for t in ("exit", "end", "continue")]),
    _filters.map(lambda f: {"listen": {"to": {"one": f}}}),
    st.lists(_filters, min_size=1, max_size=2).map(lambda f: {"listen": {"to": {"all": f}, "read": "envelope"}}),
    st.tuples(st.lists(_filters, max_size=2), st.sampled_from([{"one": {"with": {"type": "stop"}}}, "length > 1"])).map(
        lambda t: {"listen": {"to": {"any": t[0], "until": t[1]}}}
    ),
)


def _named(tasks: list[Any]) -> list[Any]:
    return [{f"t{i}": task} for i, task in enumerate(tasks)]


def _composites(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    bodies = st.lists(inner, min_size=1, max_size=3).map(_named)
    retry = st.fixed_dictionaries(
        {"delay": st.sampled_from(["PT0S", "PT2S"]), "limit": st.just({"attempt": {"count": 2, "duration": "PT9S"}})},
        optional={"backoff": st.sampled_from([{"linear": {}}, {"exponential": {}}])},
    )
    return st.one_of(
        bodies.map(lambda b: {"do": b}),
        st.tuples(bodies, st.booleans()).map(lambda t: {"fork": {"branches": t[0], "compete": t[1]}}),
        st.tuples(bodies, st.sampled_from(["[1, 2]", ".n", "[]"])).map(lambda t: {"for": {"in": t[1]}, "do": t[0]}),
        st.tuples(bodies, st.fixed_dictionaries({}, optional={"retry": retry, "do": bodies, "when": _conditions})).map(
            lambda t: {"try": t[0], "catch": t[1]}
        ),
        bodies.map(
            lambda b: {
                "listen": {"to": {"any": [{"with": {"type": "a"}}], "until": "length > 2"}},
                "foreach": {"item": "e", "do": b},
            }
        ),
    )


_common = st.fixed_dictionaries(
    {},
    optional={
        "if": _conditions,
        "timeout": st.just({"after": "PT5S"}),
        "output": st.sampled_from([{"as": "{ n: $input }"}, {"as": ".n"}]),
        "export": st.sampled_from([{"as": "{ n: . }"}, {"as": "$context"}]),
        "then": st.sampled_from(["continue", "exit", "end"]),
    },
)
_tasks = st.recursive(st.builds(lambda t, c: {**t, **c}, _leaves, _common), _composites, max_leaves=10)
_definitions = st.lists(_tasks, min_size=1, max_size=4).map(
    lambda tasks: {
        "document": {"dsl": "1.0.3", "namespace": "d", "name": "random", "version": "1.0.0"},
        "do": _named(tasks),
    }
)

# ── facts ────────────────────────────────────────────────────────────────────────────────────────────────────────


def answer(draw: st.DrawFn, at_rest: State, past: list[Fact], now: datetime) -> Fact:
    """A fact that something waits for, mostly; else a repeated, late or senseless one."""
    if draw(st.integers(0, 5)) == 0:
        wild: list[Fact] = [
            CallCompleted("/do/0/t0#1", 1, now),
            CallFailed("/nowhere#7", ERRORS[0], now),
            TimerFired("/do/0/t0#1", "timeout", now),
            EventReceived("/do/0/t0#1", {}, now),
            CancelRequested("enough", now),
            Started({}, now, "again"),
            *past[-5:],
        ]
        return draw(st.sampled_from(wild))
    choices: list[Fact] = [TimerFired(at, timer, now) for at, timer in at_rest.timers]
    for waiting in at_rest.waiting:
        match waiting.kind:
            case Wait.CALL:
                choices += [CallCompleted(waiting.at, {"n": 1}, now), CallFailed(waiting.at, ERRORS[1], now)]
            case Wait.CHILD:
                choices += [ChildCompleted(waiting.at, {"n": 2}, now), ChildFailed(waiting.at, ERRORS[0], now)]
            case Wait.EVENT:
                kind, k = draw(st.sampled_from(["a", "b", "stop"])), draw(st.integers(1, 2))
                event = {"id": str(draw(_ids)), "source": "/s", "type": kind, "data": {"n": k, "k": k}}
                choices.append(EventReceived(waiting.at, event, now))
            case Wait.TIMER:
                pass
    return draw(st.sampled_from(choices))


@st.composite
def runs(draw: st.DrawFn) -> tuple[program.Program, list[Fact], list[Step]]:
    definition = draw(_definitions)
    text = exactjson.dumps(definition)
    findings = program.validate(text, "random.yaml")
    assert findings == [], findings
    compiled = program.load(text, "random.yaml")
    facts: list[Fact] = [Started({"n": 1}, START, "instance")]
    steps = [advance(compiled, None, facts[0])]
    for i in range(draw(st.integers(0, 25))):
        if steps[-1].state.status is not Status.RUNNING and i % 3:
            continue
        now = START + timedelta(seconds=i)
        running = steps[-1].state.status is Status.RUNNING
        facts.append(answer(draw, steps[-1].state, facts, now) if running else facts[i % len(facts)])
        steps.append(advance(compiled, steps[-1].state, facts[-1]))
    return compiled, facts, steps


# Each run is a definition and up to 25 facts, checked in three ways; a few dozen find what a careless change breaks.
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(runs())
def test_any_run_restores_repeats_and_keeps_its_promises(run: tuple[program.Program, list[Fact], list[Step]]) -> None:
    compiled, facts, steps = run
    restores(steps)
    repeats(compiled, facts, steps)
    agrees(facts, steps)


@pytest.mark.slow
@settings(max_examples=3000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(runs())
def test_many_runs_restore_repeat_and_keep_their_promises(run: tuple[program.Program, list[Fact], list[Step]]) -> None:
    compiled, facts, steps = run
    restores(steps)
    repeats(compiled, facts, steps)
    agrees(facts, steps)


def restores(steps: list[Step]) -> None:
    """A state read back from its bytes is the state."""
    for step in steps:
        assert state.load(state.dump(step.state)) == step.state


def repeats(compiled: program.Program, facts: list[Fact], steps: list[Step]) -> None:
    """Folding the same facts again gives the same steps, also from states that were stored and restored."""
    at_rest: State | None = None
    for fact, step in zip(facts, steps, strict=True):
        again = advance(compiled, at_rest, fact)
        assert again == step
        at_rest = state.load(state.dump(again.state))
        assert state.canonical(at_rest) == state.canonical(step.state)


def agrees(facts: list[Fact], steps: list[Step]) -> None:
    """What the host was told to do and not to undo is exactly what the state waits for; one end, then silence."""
    ledger = Ledger()
    for fact, step in zip(facts, steps, strict=True):
        ledger.enter(fact, step)
        at_rest = step.state
        if at_rest.status is Status.RUNNING:
            assert at_rest.waiting, "running, and nothing can move it on"
            assert ledger.ends == 0
        else:
            assert ledger.ends == 1
            assert at_rest.runs == ()
        assert ledger.timers == set(at_rest.timers)
        assert ledger.listeners == {w.at for w in at_rest.waiting if w.kind is Wait.EVENT}
        assert ledger.calls == {w.at for w in at_rest.waiting if w.kind in {Wait.CALL, Wait.CHILD}}


class Ledger:
    def __init__(self) -> None:
        self.timers: set[tuple[str, str]] = set()
        self.listeners: set[str] = set()
        self.calls: set[str] = set()
        self.ends = 0

    def enter(self, fact: Fact, step: Step) -> None:
        ignored = [t for t in step.trace if t.kind == "ignored"]
        if not ignored:
            match fact:
                case TimerFired(at, timer):
                    self.timers.discard((at, timer))
                case CallCompleted(at) | CallFailed(at) | ChildCompleted(at) | ChildFailed(at):
                    self.calls.discard(at)
                case _:
                    pass
        else:
            assert step.commands == ()
        for command in step.commands:
            match command:
                case SetTimer(at, timer):
                    assert (at, timer) not in self.timers
                    self.timers.add((at, timer))
                case ClearTimer(at, timer):
                    self.timers.remove((at, timer))
                case Subscribe(at):
                    self.listeners.add(at)
                case Unsubscribe(at):
                    self.listeners.remove(at)
                case Call(at):
                    assert at not in self.calls
                    self.calls.add(at)
                case RunChild(at, awaited=True):
                    self.calls.add(at)
                case Abandon(at):
                    self.calls.remove(at)
                case Complete() | Fail() | Cancel():
                    self.ends += 1
                case _:
                    pass
