"""Single steps of the interpreter: what it asks of its host, what it keeps, what it ignores."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from crossdock.flow import graph, program, retry, state
from crossdock.flow.facts import (
    Abandon,
    Call,
    CallCompleted,
    CallFailed,
    Cancel,
    CancelRequested,
    ClearTimer,
    Complete,
    Emit,
    Error,
    EventReceived,
    Fail,
    SetTimer,
    Started,
    Subscribe,
    TimerFired,
    Unsubscribe,
)
from crossdock.flow.interpreter import Step, advance
from crossdock.flow.model import Backoff
from crossdock.flow.state import State, Status, Wait

NOW = datetime(2026, 1, 5, 8, tzinfo=UTC)
HEAD = "document: { dsl: '1.0.3', namespace: d, name: t, version: '1.0.0' }\n"
UNAVAILABLE = Error("https://serverlessworkflow.io/spec/1.0.0/errors/communication", 503, "Unavailable")


def loaded(text: str) -> program.Program:
    return program.load(HEAD + text, "flow.yaml")


def start(text: str, given: Any = None) -> tuple[program.Program, Step]:
    compiled = loaded(text)
    return compiled, advance(compiled, None, Started(given, NOW, "i-1"))


def test_a_call_names_its_run_and_carries_its_metadata() -> None:
    _, step = start(
        """do:
  - reserve:
      call: wms.reserve:1.0.0@crossdock
      with: { order: '${ .order }' }
      metadata:
        crossdock:
          stage: { label: Reserve, kind: system }
          weight: '${ .lines | length }'
          compensate: { function: wms.cancel, arguments: { id: '${ $output.id }' } }
""",
        {"order": "SO-1", "lines": [1, 2]},
    )
    assert step.commands == (
        Call(
            "/do/0/reserve#1",
            "wms.reserve",
            {"order": "SO-1"},
            {
                "stage": {"id": "reserve", "label": "Reserve", "kind": "system"},
                "weight": 2,
                "compensate": {"function": "wms.cancel", "arguments": {"id": "${ $output.id }"}},
            },
        ),
    )
    assert step.state.stage == "reserve"
    assert [(w.at, w.kind, w.detail) for w in step.state.waiting] == [("/do/0/reserve#1", Wait.CALL, "wms.reserve")]


def test_the_second_run_of_a_task_has_its_own_name() -> None:
    compiled, step = start("do:\n  - again: { call: x@crossdock, then: again }\n")
    step = advance(compiled, step.state, CallCompleted("/do/0/again#1", {}, NOW))
    assert [c.at for c in step.commands if isinstance(c, Call)] == ["/do/0/again#2"]


@pytest.mark.parametrize(
    "fact",
    [
        CallCompleted("/do/0/ask#2", 1, NOW),
        CallCompleted("/do/9/nothing#1", 1, NOW),
        TimerFired("/do/0/ask#1", "timeout", NOW),
        EventReceived("/do/0/ask#1", {}, NOW),
        Started(1, NOW),
    ],
)
def test_a_fact_that_nobody_waits_for_changes_nothing_and_is_traced(fact: Any) -> None:
    compiled, step = start("do:\n  - ask: { call: x@crossdock }\n")
    ignored = advance(compiled, step.state, fact)
    assert ignored.state is step.state
    assert ignored.commands == ()
    assert [t.kind for t in ignored.trace] == ["ignored"]


def test_an_answer_that_comes_twice_counts_once() -> None:
    compiled, step = start("do:\n  - ask: { call: x@crossdock }\n")
    fact = CallCompleted("/do/0/ask#1", {"n": 1}, NOW)
    done = advance(compiled, step.state, fact)
    assert done.commands == (Complete({"n": 1}),)
    assert advance(compiled, done.state, fact).commands == ()


def test_losers_of_a_race_are_taken_back() -> None:
    compiled, step = start(
        """do:
  - race:
      fork:
        compete: true
        branches:
          - call: { call: x@crossdock, timeout: { after: PT1M } }
          - event: { listen: { to: { one: { with: { type: a } } } } }
          - pause: { wait: PT5S }
"""
    )
    done = advance(compiled, step.state, TimerFired("/do/0/race/fork/branches/2/pause#1", "wait", NOW))
    assert done.commands == (
        Unsubscribe("/do/0/race/fork/branches/1/event#1"),
        Abandon("/do/0/race/fork/branches/0/call#1"),
        ClearTimer("/do/0/race/fork/branches/0/call#1", "timeout"),
        Complete(None),
    )


def test_cancelling_takes_back_everything_and_ends_once() -> None:
    compiled, step = start("do:\n  - ask: { call: x@crossdock, timeout: { after: PT1M } }\n")
    gone = advance(compiled, step.state, CancelRequested("customer", NOW))
    assert gone.commands == (Abandon("/do/0/ask#1"), ClearTimer("/do/0/ask#1", "timeout"), Cancel("customer"))
    assert gone.state.status is Status.CANCELLED
    assert advance(compiled, gone.state, CancelRequested("again", NOW)).commands == ()


def test_a_cancellation_may_overtake_the_start() -> None:
    step = advance(loaded("do: []\n"), None, CancelRequested("early", NOW))
    assert step.commands == (Cancel("early"),)


def test_a_timeout_abandons_the_call_and_raises_408() -> None:
    compiled, step = start("do:\n  - ask: { call: x@crossdock, timeout: { after: PT1M } }\n")
    assert SetTimer("/do/0/ask#1", "timeout", NOW + timedelta(minutes=1)) in step.commands
    late = advance(compiled, step.state, TimerFired("/do/0/ask#1", "timeout", NOW + timedelta(minutes=1)))
    assert late.commands[0] == Abandon("/do/0/ask#1")
    failed = late.commands[-1]
    assert isinstance(failed, Fail)
    assert (failed.error.status, failed.error.instance) == (408, "/do/0/ask")


def test_a_listener_says_what_it_waits_for() -> None:
    _, step = start(
        """do:
  - hear:
      listen:
        to:
          one:
            with: { type: shipped, subject: '${ .order }', data: '${ .ok }' }
            correlate: { order: { from: '${ .data.order }', expect: '${ .order }' } }
""",
        {"order": "SO-1"},
    )
    (subscribe,) = step.commands
    assert isinstance(subscribe, Subscribe)
    (wanted,) = subscribe.filters
    assert wanted.attributes == {"type": "shipped", "subject": "SO-1"}
    assert [(c.name, c.path, c.expect) for c in wanted.correlations] == [("order", ".data.order", "SO-1")]


def test_a_listener_that_faults_unsubscribes() -> None:
    compiled, step = start(
        """do:
  - hear:
      listen: { to: { any: [ { with: { type: a } } ], until: 'length > 5' } }
      foreach: { do: [ { bad: { raise: { error: { type: 'https://x.example/e', status: 409 } } } } ] }
"""
    )
    failed = advance(compiled, step.state, EventReceived("/do/0/hear#1", {"type": "a", "id": "1"}, NOW))
    assert [type(c) for c in failed.commands] == [Unsubscribe, Fail]


def test_an_emitted_event_is_complete_and_named_after_its_run() -> None:
    _, step = start("do:\n  - say: { emit: { event: { with: { type: hello, data: { n: 1 } } } } }\n")
    emit = step.commands[0]
    assert isinstance(emit, Emit)
    assert emit.event == {
        "specversion": "1.0",
        "id": "i-1/do/0/say#1",
        "source": "/d/t/1.0.0",
        "time": "2026-01-05T08:00:00Z",
        "type": "hello",
        "data": {"n": 1},
        "datacontenttype": "application/json",
    }


def test_secrets_are_marks_and_never_values() -> None:
    compiled, step = start(
        "use: { secrets: [ token ] }\ndo:\n  - ask: { call: x@crossdock, with: { t: '${ $secrets.token }' } }\n"
    )
    (call,) = step.commands
    assert isinstance(call, Call)
    assert call.secrets == ("token",)
    assert call.arguments["t"] == compiled.secrets["token"]


def test_a_loop_without_a_wait_is_stopped() -> None:
    _, step = start("do:\n  - round: { set: { n: 1 }, then: round }\n")
    assert step.state.error is not None
    assert step.state.error["status"] == 508


def test_the_business_key_is_known_from_the_first_step() -> None:
    text = HEAD.replace(
        "version: '1.0.0'",
        "version: '1.0.0', metadata: { crossdock: { businessKey: '${ .order }', search: { c: '${ .customer }' } } }",
    )
    compiled = program.load(text + "input: { from: '.[0].data' }\ndo: [ { w: { wait: PT1S } } ]\n", "f")
    step = advance(compiled, None, Started([{"data": {"order": 4711, "customer": "C1"}}], NOW))
    assert (step.state.business_key, step.state.search) == ("4711", {"c": "C1"})


def test_a_failed_business_key_is_a_fault_not_a_crash() -> None:
    text = HEAD.replace("version: '1.0.0'", "version: '1.0.0', metadata: { crossdock: { businessKey: '${ .a.b }' } }")
    step = advance(program.load(text + "do: []\n", "f"), None, Started({"a": 1}, NOW))
    assert step.state.status is Status.FAULTED


# ── state ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_documents_are_stored_once_and_numbers_stay_exact() -> None:
    order = {"sscc": 340123450000000018, "price": Decimal("0.10"), "lines": [{"sku": "A"}] * 50}
    _, step = start("do:\n  - outer: { try: [ { ask: { call: x@crossdock } } ], catch: {} }\n", order)
    stored = state.dump(step.state)
    assert stored.count(b"340123450000000018") == 1
    assert state.load(stored).input == order
    assert str(state.load(stored).input["price"]) == "0.10"


def test_a_state_of_another_version_is_refused() -> None:
    _, step = start("do: [ { w: { wait: PT1S } } ]\n")
    with pytest.raises(Exception, match="version"):
        state.load(state.dump(step.state).replace(b"[1,", b"[9,", 1))


def test_a_restored_list_of_one_number_is_not_taken_for_a_reference() -> None:
    _, step = start("do: [ { w: { wait: PT1S } } ]\n", [0])
    restored: State = state.load(state.dump(step.state))
    assert restored.input == [0]
    assert restored == step.state


# ── retry ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_jitter_is_within_its_range_and_the_same_on_every_replay() -> None:
    text = """do:
  - t:
      try: [ { ask: { call: x@crossdock } } ]
      catch: { retry: { delay: PT10S, jitter: { from: PT1S, to: PT3S }, limit: { attempt: { count: 3 } } } }
"""
    compiled, step = start(text)
    failed = CallFailed("/do/0/t/try/0/ask#1", UNAVAILABLE, NOW)
    first, second = (advance(compiled, step.state, failed).commands for _ in range(2))
    assert first == second
    timer = first[0]
    assert isinstance(timer, SetTimer)
    assert timedelta(seconds=11) <= timer.due - NOW <= timedelta(seconds=13)


def test_backoff_never_exceeds_a_day() -> None:
    assert retry.grown(timedelta(seconds=1), Backoff("exponential"), 4) == timedelta(seconds=8)
    assert retry.grown(timedelta(days=1), Backoff("exponential"), 5000) == timedelta(days=1)


# ── graph ────────────────────────────────────────────────────────────────────────────────────────────────────────

STAGES = """do:
  - body:
      try:
        - check: { call: v@crossdock, metadata: { crossdock: { stage: { label: Check, kind: decision } } } }
        - ok: { switch: [ { clean: { when: .ok, then: ship } }, { dirty: { then: fix } } ] }
        - fix: { call: c@crossdock, metadata: { crossdock: { stage: { id: desk, label: Desk } } }, then: check }
        - ship: { call: s@crossdock, metadata: { crossdock: { stage: { label: Ship } } } }
      catch:
        do: [ { undo: { call: u@crossdock, metadata: { crossdock: { stage: { label: Undo } } } } } ]
"""


def test_the_graph_shows_stages_and_how_one_comes_to_the_next() -> None:
    drawn = graph.graph(loaded(STAGES))
    assert [(n.id, n.label, n.kind) for n in drawn.nodes[1:5]] == [
        ("check", "Check", "decision"),
        ("desk", "Desk", "call"),
        ("ship", "Ship", "call"),
        ("undo", "Undo", "call"),
    ]
    edges = {(e.source, e.target): (e.label, e.error) for e in drawn.edges}
    assert edges["start", "check"] == ("", False)
    assert edges["check", "ship"] == ("clean", False)
    assert edges["check", "desk"] == ("dirty", False)
    assert edges["desk", "check"] == ("", False)
    assert edges["ship", "undo"] == ("", True)
    assert ("ship", "done") in edges
    assert ("undo", "done") in edges


def test_without_stages_the_top_tasks_are_shown_and_mermaid_names_them() -> None:
    drawn = graph.graph(
        loaded("do:\n  - firstStep: { set: { a: 1 } }\n  - second: { raise: { error: { type: x, status: 1 } } }\n")
    )
    assert graph.mermaid(drawn) == (
        'flowchart LR\n  n0(["Start"])\n  n1["First step"]\n  n2["Second"]\n  n3(["Failed"])\n'
        "  n0 --> n1\n  n1 --> n2\n  n2 --> n3\n"
    )


def test_what_an_event_and_the_context_share_is_stored_once() -> None:
    order = {"number": "SO-4711", "lines": [{"sku": "A", "price": Decimal("1.10")}] * 9}
    text = """input: { from: '.[0].data' }
do:
  - keep: { set: '${ . }', export: { as: '$context + { got: { order: .order } }' } }
  - ask: { call: x@crossdock }
"""
    _, step = start(text, [{"type": "order", "data": {"order": order}}])
    stored = state.dump(step.state)
    assert stored.count(b"SO-4711") == 1
    restored = state.load(stored)
    assert restored == step.state
    assert state.dump(restored) == stored
