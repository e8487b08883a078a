"""Runs that use the language's own features, to be recorded: a definition, what its calls answer, what arrives when.

Order-to-cash is recorded from an installation at work (record.py); these are the corners it does not reach. A new
feature of the language gets a run here, which is recorded once; those that are recorded stay as they are.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from crossdock.engine.memory import Event, Slow
from crossdock.flow import program as programs
from crossdock.flow import restart
from crossdock.flow.facts import (
    Call,
    CallCompleted,
    CallFailed,
    CancelRequested,
    Error,
    Fact,
    Resumed,
    Started,
    Suspended,
)
from crossdock.flow.interpreter import advance
from crossdock.flow.outcomes import Done, Failed, Invocation
from crossdock.flow.restart import Edits, Made
from crossdock.flow.state import State

BUSY = Failed(Error("https://serverlessworkflow.io/spec/1.0.0/errors/communication", 503, "Busy"))
GONE = Failed(Error("https://serverlessworkflow.io/spec/1.0.0/errors/communication", 404, "Not found"))


@dataclass(frozen=True, slots=True)
class Run:
    """answers: by function, one after the other; then `Done({"of": arguments})`."""

    name: str
    about: str
    definitions: Sequence[str]
    given: Any = None
    answers: dict[str, Sequence[Any]] = field(default_factory=dict)
    events: Sequence[Event] = ()
    cancel_after: timedelta | None = None

    def handler(self) -> Callable[[Invocation], Any]:
        waiting = {name: deque(answers) for name, answers in self.answers.items()}

        def answer(call: Invocation) -> Any:
            scripted = waiting.get(call.function)
            return scripted.popleft() if scripted else Done({"of": call.arguments})

        return answer


def event(type_: str, id_: str, data: Any, *, minutes: float = 0) -> Event:
    return Event(
        {"specversion": "1.0", "id": id_, "source": "/golden", "type": type_, "data": data}, timedelta(minutes=minutes)
    )


def _document(name: str, body: str) -> str:
    return f"document: {{dsl: '1.0.3', namespace: golden, name: {name}, version: '1.0.0'}}\n{body.strip()}\n"


FORK = _document("fork", """
do:
  - both:
      fork:
        branches:
          - left: {call: erp.left@crossdock, with: {side: left}}
          - right:
              do:
                - nap: {wait: {minutes: 5}}
                - ask: {call: wms.right@crossdock, with: {side: right}}
  - sum:
      set: {sides: '${ map(.of.side) | join("+") }'}
""")  # fmt: skip

RACE = _document("race", """
do:
  - first:
      fork:
        compete: true
        branches:
          - quick: {call: erp.quick@crossdock, with: {n: 1}}
          - slow: {call: wms.slow@crossdock, with: {n: 2}}
          - never:
              listen: {to: {one: {with: {type: golden.never}}}}
  - tell: {emit: {event: {with: {type: golden.won, data: {n: '${ .of.n }'}}}}}
""")  # fmt: skip

LISTEN_ALL = _document("listen-all", """
do:
  - begin: {set: {order: '${ .order }', step: begun}, export: {as: '${ {order: .order} }'}}
  - hear:
      listen:
        to:
          all:
            - with: {type: golden.paid}
              correlate: {order: {from: '${ .data.order }', expect: '${ $context.order }'}}
            - with: {type: golden.shipped}
              correlate: {order: {from: '${ .data.order }', expect: '${ $context.order }'}}
      export: {as: '${ $context + {heard: [.[].by]} }'}
  - end: {set: {heard: '${ $context.heard }'}}
""")  # fmt: skip

LISTEN_ANY = _document("listen-any", """
do:
  - hear:
      listen:
        to:
          any:
            - with: {type: golden.yes}
            - with: {type: golden.no}
  - decide:
      switch:
        - agreed: {when: '${ .[0].answer == "yes" }', then: thank}
        - otherwise: {then: regret}
  - thank: {set: {said: thanks}, then: end}
  - regret: {set: {said: sorry}}
""")  # fmt: skip

RETRY = _document("retry", """
do:
  - guarded:
      try:
        - ask: {call: erp.ask@crossdock, with: {part: A-1, price: 10.10}}
      catch:
        errors: {with: {status: 503}}
        retry:
          delay: {seconds: 10}
          backoff: {exponential: {}}
          jitter: {from: {seconds: 1}, to: {seconds: 3}}
          limit: {attempt: {count: 4}}
""")  # fmt: skip

CATCH = _document("catch", """
do:
  - outer:
      try:
        - inner:
            try:
              - ask: {call: erp.ask@crossdock, with: {part: B-2}}
            catch:
              errors: {with: {status: 503}}
              do:
                - wrong: {set: {handled: never}}
      catch:
        errors: {with: {status: 404}}
        as: problem
        do:
          - note: {set: {handled: '${ $problem.status }', title: '${ $problem.title }'}}
""")  # fmt: skip

TIMEOUT = _document("timeout", """
do:
  - guarded:
      try:
        - patient:
            timeout: {after: {minutes: 10}}
            listen: {to: {one: {with: {type: golden.late}}}}
      catch:
        errors: {with: {status: 408}}
        do:
          - note: {set: {gave: up}}
  - loop:
      for: {each: line, in: '${ [1, 2, 3] }', at: place}
      do:
        - each: {call: erp.line@crossdock, with: {line: '${ $line }', place: '${ $place }'}}
""")  # fmt: skip

CHILD = _document("child", """
input: {schema: {document: {type: object, required: [n]}}}
do:
  - work: {call: erp.work@crossdock, with: {n: '${ .n }'}}
  - give: {set: {double: '${ .of.n * 2 }'}}
""")  # fmt: skip

PARENT = _document("parent", """
do:
  - one: {run: {workflow: {namespace: golden, name: child, version: '1.0.0', input: {n: 123456789012345678}}}}
  - bad:
      try:
        - two: {run: {workflow: {namespace: golden, name: child, version: '1.0.0', input: {m: 1}}}}
      catch:
        as: problem
        do:
          - note: {set: {status: '${ $problem.status }'}}
  - aside: {run: {workflow: {namespace: golden, name: child, version: '1.0.0', input: {n: 3}}, await: false}}
""")  # fmt: skip

COMPENSATION = _document("compensation", """
do:
  - race:
      fork:
        compete: true
        branches:
          - work:
              do:
                - reserve:
                    call: wms.reserve@crossdock
                    with: {site: A}
                    metadata:
                      crossdock: {compensate: {function: wms.release, arguments: {of: '${ $output.of.site }'}}}
                - book:
                    call: carrier.book@crossdock
                    with: {site: A}
                    metadata:
                      crossdock: {compensate: {function: carrier.cancel, arguments: {of: '${ $output.of.site }'}}}
                - rest: {wait: {days: 9}}
          - stop: {listen: {to: {one: {with: {type: golden.cancel}}}}}
  - undo: {call: compensate@crossdock, with: {reason: cancelled}}
""")  # fmt: skip

RUNS = (
    Run("fork", "Branches side by side, one of which sleeps; their outputs in the order of the definition.", [FORK]),
    Run("race", "A competing fork: the first wins, the other call and the listener are given up.", [RACE],
        answers={"wms.slow": [Slow(Done({"of": {"n": 2}}), timedelta(hours=1))]}),
    Run("listen-all", "Two events correlated by the order; one is early, one is another order's.", [LISTEN_ALL],
        given={"order": "SO-1"},
        events=[event("golden.paid", "1", {"order": "SO-2", "by": "nobody"}, minutes=1),
                event("golden.shipped", "2", {"order": "SO-1", "by": "truck"}, minutes=2),
                event("golden.paid", "3", {"order": "SO-1", "by": "card"}, minutes=3)]),
    Run("listen-any", "The first of two events decides where the flow goes on.", [LISTEN_ANY],
        events=[event("golden.no", "1", {"answer": "no"}, minutes=1)]),
    Run("retry", "Three failures, waits that double with jitter, then success; amounts keep their digits.", [RETRY],
        answers={"erp.ask": [BUSY, BUSY, BUSY]}),
    Run("retry-exhausted", "A fifth failure is one too many: the error leaves the instance.", [RETRY],
        answers={"erp.ask": [BUSY] * 9}),
    Run("catch", "An error passes a handler that does not want it, and is handled further out.", [CATCH],
        answers={"erp.ask": [GONE]}),
    Run("timeout", "Nobody sends the event in time; then a loop over three lines.", [TIMEOUT]),
    Run("children", "A child that is awaited, one whose input is refused, one that is let go.", [CHILD, PARENT]),
    Run("compensation", "Cancelled amid its work: what was done is undone, last first.", [COMPENSATION],
        events=[event("golden.cancel", "1", {}, minutes=30)]),
    Run("cancelled", "Cancelled from outside while it waits.", [LISTEN_ANY], cancel_after=timedelta(hours=2)),
)  # fmt: skip


# ── operated ─────────────────────────────────────────────────────────────────────────────────────────────────────

OPERATED = _document("operated", """
do:
  - price: {call: erp.price@crossdock, with: {sku: '${ .sku }'}, export: {as: '${ {price: .} }'}}
  - reserve:
      call: wms.reserve@crossdock
      with: {net: '${ $context.price.of.sku }'}
      metadata: {crossdock: {compensate: {function: wms.release, arguments: {of: '${ $output.of }'}}}}
      export: {as: '${ $context + {reserved: .} }'}
  - book:
      call: carrier.book@crossdock
      with: {site: '${ .site }'}
""")  # fmt: skip
BOOK = "/do/2/book#1"


class Operated:
    """An instance on which people act: its facts, and the record of its calls that acts are planned from."""

    def __init__(self, given: Any) -> None:
        self.program = programs.load(OPERATED, "operated")
        self.now = datetime(2026, 3, 2, 8, tzinfo=UTC)
        self.facts: list[Fact] = []
        self.open: list[Call] = []
        self.made: dict[str, Made] = {}
        self.state: State | None = None
        self.put(Started(given, self.now, "operated"))

    def put(self, fact: Fact) -> None:
        self.now += timedelta(minutes=1)
        self.facts.append(fact)
        step = advance(self.program, self.state, fact)
        self.state = step.state
        for c in step.commands:
            if isinstance(c, Call):
                self.open.append(c)
                self.made[c.at] = Made(c.at, c.function, "sent", system="s", given=c.arguments)

    def answered(self) -> None:
        """The oldest open call is done."""
        call = self.open.pop(0)
        output = {"of": call.arguments}
        self.made[call.at] = replace(self.made[call.at], state="done", output=output)
        self.put(CallCompleted(call.at, output, self.now))

    def failed(self) -> None:
        call = self.open.pop(0)
        self.made[call.at] = replace(self.made[call.at], state="failed")
        self.put(CallFailed(call.at, Error(BUSY.error.type, 503, "Busy"), self.now))

    def restarted(self, at: str, edits: Edits) -> None:
        plan = restart.plan(
            lambda _: self.program, "1.0.0", self.facts, list(self.made.values()), at, self.now, edits=edits
        )
        assert not plan.blocked, plan.blocked
        self.put(plan.fact)


def operated() -> dict[str, tuple[str, str, list[Fact]]]:
    """name → (about, definition, facts) of instances that somebody acted upon."""
    retried = Operated({"sku": "A-1", "site": ""})
    retried.answered()
    retried.put(Suspended("inventory day", retried.now))
    retried.put(Resumed(retried.now))
    retried.answered()
    retried.failed()
    retried.restarted(BOOK, Edits(input={"site": "M"}))
    retried.answered()
    undone = Operated({"sku": "A-1", "site": "M"})
    undone.answered()
    undone.answered()
    undone.put(CancelRequested("the customer thought again", undone.now, compensate=True))
    while undone.open:
        undone.answered()
    forced = Operated({"sku": "A-1", "site": "M"})
    forced.put(CancelRequested("wrong tenant", forced.now, force=True))
    return {
        "operated-retried": ("Suspended, resumed, failed, retried with corrected data.", OPERATED, retried.facts),
        "operated-undone": ("Cancelled by an operator, with what was done undone.", OPERATED, undone.facts),
        "operated-forced": ("Cancelled by an operator at once.", OPERATED, forced.facts),
    }
