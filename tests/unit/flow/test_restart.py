"""Going back to an earlier moment: what is reused, what is repeated under which key, and that history still folds."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from crossdock.errors import PartnerError
from crossdock.flow import program, restart
from crossdock.flow import state as states
from crossdock.flow.facts import (
    Abandon,
    Call,
    CallCompleted,
    CallFailed,
    Cancel,
    CancelRequested,
    ClearTimer,
    Command,
    Complete,
    Error,
    EventReceived,
    Fact,
    Fail,
    Resumed,
    SetTimer,
    Started,
    Subscribe,
    Suspended,
    TimerFired,
    Unsubscribe,
)
from crossdock.flow.interpreter import advance
from crossdock.flow.restart import Edits, Fate, Made, Plan
from crossdock.flow.state import State, Status

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
HEAD = "document: { dsl: '1.0.3', namespace: d, name: t, version: '1.0.0' }\n"
DOWN = Error("https://serverlessworkflow.io/spec/1.0.0/errors/communication", 503, "Down")

THREE = """do:
  - price: { call: erp.price@crossdock, with: { sku: '${ .sku }' }, export: { as: '${ {price: .} }' } }
  - reserve:
      call: wms.reserve@crossdock
      with: { at: '${ $context.price.net }' }
      export: { as: '${ $context + {reserved: .} }' }
  - ship:
      call: carrier.book@crossdock
      input: { schema: { format: json, document: { type: object, required: [site] } } }
      with: { site: '${ .site }' }
"""
PRICE, RESERVE, SHIP = "/do/0/price#1", "/do/1/reserve#1", "/do/2/ship#1"

FORK = """do:
  - both:
      fork:
        branches:
          - goods:
              do:
                - pick: { call: wms.pick@crossdock, with: {} }
                - pack: { call: wms.pack@crossdock, with: {} }
          - money:
              do:
                - hear: { listen: { to: { one: { with: { type: paid } } } } }
                - book: { call: erp.book@crossdock, with: {} }
          - clock:
              do:
                - nap: { wait: { hours: 4 } }
  - done: { set: { ok: true } }
"""
PICK, PACK = "/do/0/both/fork/branches/0/goods/do/0/pick#1", "/do/0/both/fork/branches/0/goods/do/1/pack#1"
HEAR, BOOK = "/do/0/both/fork/branches/1/money/do/0/hear#1", "/do/0/both/fork/branches/1/money/do/1/book#1"
NAP = "/do/0/both/fork/branches/2/clock/do/0/nap#1"


class Played:
    """An instance in memory: its facts, its state, and what the host would have on record of its calls."""

    def __init__(self, text: str, given: Any) -> None:
        self.program = program.load(HEAD + text, "flow.yaml")
        self.facts: list[Fact] = []
        self.state: State | None = None
        self.made: dict[str, Made] = {}
        self.commands: list[Command] = []
        self.now = NOW
        self.put(Started(given, NOW, "7"))

    def put(self, *facts: Fact) -> "Played":
        for fact in facts:
            step = advance(self.program, self.state, fact)
            self.facts.append(fact)
            self.state = states.load(states.dump(step.state))
            self.commands = list(step.commands)
            for c in step.commands:
                if isinstance(c, Call):
                    assert c.at not in self.made, f"{c.at} is asked twice under one key"
                    self.made[c.at] = Made(c.at, c.function, "sent", system="s", given=c.arguments)
                if isinstance(c, Abandon) and c.at in self.made:
                    self.made[c.at] = replace(self.made[c.at], state="failed")
        return self

    def done(self, at: str, output: Any) -> "Played":
        self.made[at] = replace(self.made[at], state="done", output=output)
        return self.put(CallCompleted(at, output, self.now))

    def failed(self, at: str) -> "Played":
        self.made[at] = replace(self.made[at], state="failed")
        return self.put(CallFailed(at, DOWN, self.now))

    def plan(self, at: str, **more: Any) -> Plan:
        return restart.plan(lambda _: self.program, "1.0.0", self.facts, list(self.made.values()), at, self.now, **more)

    @property
    def failed_at(self) -> str | None:
        return restart.failed_at(lambda _: self.program, "1.0.0", self.facts)

    def folded(self) -> bytes:
        state = restart.fold(lambda _: self.program, "1.0.0", self.facts)
        assert state is not None
        return states.canonical(state)

    @property
    def status(self) -> Status:
        assert self.state is not None
        return self.state.status


def played() -> Played:
    """Priced and reserved; the booking failed for want of a site."""
    p = Played(THREE, {"sku": "A"}).done(PRICE, {"net": Decimal("2.50")})
    return p.done(RESERVE, {"id": 9, "site": "M"}).failed(SHIP)


def asked(commands: Sequence[Command]) -> list[tuple[str, Any]]:
    return [(c.at, c.arguments) for c in commands if isinstance(c, Call)]


def fates(plan: Plan) -> dict[str, tuple[Fate, bool]]:
    return {i.at: (i.fate, i.new_key) for i in plan.items}


def test_a_retry_makes_the_failed_call_again_under_a_new_key_and_nothing_else() -> None:
    p = played()
    assert p.status is Status.FAULTED
    assert p.failed_at == SHIP
    plan = p.plan(SHIP)
    assert fates(plan) == {SHIP: (Fate.REPEAT, True)}
    assert not plan.blocked
    p.put(plan.fact)
    assert asked(p.commands) == [("/do/2/ship#2", {"site": "M"})]
    assert p.done("/do/2/ship#2", {"booked": 1}).status is Status.COMPLETED
    assert p.folded() == states.canonical(p.state)  # type: ignore[arg-type]


def test_a_retry_takes_edited_data_and_refuses_what_does_not_fit_the_task() -> None:
    p = played()
    p.put(p.plan(SHIP, edits=Edits(input={"site": "N"})).fact)
    assert asked(p.commands) == [("/do/2/ship#2", {"site": "N"})]
    with pytest.raises(PartnerError, match="site"):
        played().plan(SHIP, edits=Edits(input={"city": "N"}))


def test_an_effect_behind_the_restart_is_reused_and_not_made_again() -> None:
    p = played()
    plan = p.plan(PRICE)
    assert fates(plan) == {PRICE: (Fate.REUSE, False), RESERVE: (Fate.REUSE, False), SHIP: (Fate.REPEAT, True)}
    p.put(plan.fact)
    assert asked(p.commands) == [("/do/2/ship#2", {"site": "M"})]
    assert p.state is not None
    assert p.state.context["reserved"] == {"id": 9, "site": "M"}
    assert p.folded() == states.canonical(p.state)


def test_a_chosen_effect_is_repeated_under_a_new_key() -> None:
    p = played()
    plan = p.plan(PRICE, repeat=[RESERVE])
    assert fates(plan)[RESERVE] == (Fate.REPEAT, True)
    p.put(plan.fact)
    assert asked(p.commands) == [("/do/1/reserve#2", {"at": Decimal("2.50")})]


def test_an_undone_effect_is_made_again_since_it_no_longer_stands() -> None:
    p = played()
    p.made[RESERVE] = replace(p.made[RESERVE], undone=True)
    assert fates(p.plan(PRICE))[RESERVE] == (Fate.REPEAT, True)


@pytest.mark.parametrize("state", ["unknown", "asked", "sent"])
def test_a_call_whose_outcome_is_unknown_blocks_the_restart(state: str) -> None:
    p = played()
    p.made[RESERVE] = replace(p.made[RESERVE], state=state)
    plan = p.plan(PRICE)
    assert fates(plan)[RESERVE][0] is Fate.BLOCKED
    assert "reserve" in plan.blocked[0]


def test_a_recorded_outcome_is_not_given_to_other_arguments() -> None:
    """The price was asked for A; with edited data it would be asked for B: its answer is not B's."""
    p = played()
    plan = p.plan(PRICE, edits=Edits(input={"sku": "B"}))
    assert "other arguments" in plan.blocked[0]
    plan = p.plan(PRICE, edits=Edits(input={"sku": "B"}), repeat=[PRICE])
    assert not plan.blocked
    assert plan.before == {"input": {"sku": "A"}}
    assert asked(p.put(plan.fact).commands) == [("/do/0/price#2", {"sku": "B"})]
    # the new price changes what the reservation would be asked: the mismatch ends it, and no catch may retry it
    p.done("/do/0/price#2", {"net": 3})
    assert p.status is Status.FAULTED
    assert p.state is not None
    assert (p.state.error or {})["title"] == "A recorded outcome does not fit"


def test_a_second_restart_knows_what_the_first_took_from_the_record() -> None:
    p = played()
    p.put(p.plan(PRICE).fact).failed("/do/2/ship#2")
    plan = p.plan(RESERVE)
    assert fates(plan) == {
        RESERVE: (Fate.REUSE, False), SHIP: (Fate.REPEAT, True), "/do/2/ship#2": (Fate.REPEAT, True)
    }  # fmt: skip
    assert asked(p.put(plan.fact).commands) == [("/do/2/ship#3", {"site": "M"})]
    assert p.failed("/do/2/ship#3").failed_at == "/do/2/ship#3"
    assert p.folded() == states.canonical(p.state)  # type: ignore[arg-type]


def fork() -> Played:
    p = Played(FORK, {}).done(PICK, {})
    p.put(EventReceived(HEAR, {"type": "paid", "source": "/bank", "id": "e1", "data": 1}, NOW))
    return p.done(BOOK, {"entry": 1}).failed(PACK)


def test_parallel_branches_go_back_too_and_take_their_events_and_effects_from_the_record() -> None:
    p = fork()
    p.now = NOW + timedelta(hours=1)
    plan = p.plan(PICK)
    assert fates(plan) == {PICK: (Fate.REUSE, False), PACK: (Fate.REPEAT, True), BOOK: (Fate.REUSE, False)}
    p.put(plan.fact)
    assert [at for at, _ in asked(p.commands)] == [PACK.replace("#1", "#2")]
    assert {w.at for w in p.state.waiting} == {PACK.replace("#1", "#2"), NAP}  # type: ignore[union-attr]
    p.done(PACK.replace("#1", "#2"), {}).put(TimerFired(NAP, "wait", NOW))
    assert p.status is Status.COMPLETED
    assert p.folded() == states.canonical(p.state)  # type: ignore[arg-type]


def test_what_was_open_beside_a_fault_is_asked_for_again_and_its_clock_goes_on() -> None:
    p = Played(FORK, {}).done(PICK, {}).failed(PACK)
    p.now = NOW + timedelta(hours=3)
    p.put(p.plan(PACK).fact)
    assert SetTimer(NAP, "wait", NOW + timedelta(hours=7)) in p.commands
    assert [c.at for c in p.commands if isinstance(c, Subscribe)] == [HEAR]
    p.put(EventReceived(HEAR, {"type": "paid", "source": "/bank", "id": "e1", "data": 1}, NOW)).done(BOOK, {})
    p.done(PACK.replace("#1", "#2"), {}).put(TimerFired(NAP, "wait", p.now))
    assert p.status is Status.COMPLETED


def test_what_stays_open_in_a_suspended_instance_is_not_touched() -> None:
    p = Played(FORK, {}).put(Suspended("look", NOW))
    p.made[PICK] = replace(p.made[PICK], state="retry")
    p.put(p.plan(PICK).fact)
    assert Abandon(PICK) in p.commands
    assert not [c for c in p.commands if isinstance(c, Unsubscribe | ClearTimer | SetTimer | Subscribe)]
    assert [at for at, _ in asked(p.commands)] == [PICK.replace("#1", "#2")]


def test_a_call_that_was_open_beside_the_restart_and_failed_since_is_asked_again() -> None:
    """Its branch stood at it when the other branch's task began: with it, the branch is begun where it stood."""
    p = Played(FORK, {}).put(EventReceived(HEAR, {"type": "paid", "source": "/b", "id": "e", "data": 1}, NOW))
    p.done(PICK, {}).failed(PACK)  # the booking is withdrawn with the fault
    p.put(p.plan(PACK).fact)
    assert {at for at, _ in asked(p.commands)} == {PACK.replace("#1", "#2"), BOOK.replace("#1", "#2")}
    p.done(PACK.replace("#1", "#2"), {}).failed(BOOK.replace("#1", "#2"))
    assert p.failed_at == BOOK.replace("#1", "#2")
    p.put(p.plan(BOOK.replace("#1", "#2")).fact)
    assert [at for at, _ in asked(p.commands)] == [BOOK.replace("#1", "#3")]


def test_a_run_that_never_was_is_no_place_to_restart_from() -> None:
    with pytest.raises(PartnerError, match="task run of this instance"):
        played().plan("/do/0/price#7")


def test_suspending_and_resuming_leave_the_state_alone() -> None:
    p = Played(THREE, {"sku": "A"})
    before = states.canonical(p.state)  # type: ignore[arg-type]
    p.put(Suspended("look", NOW), Resumed(NOW))
    assert states.canonical(p.state) == before == p.folded()  # type: ignore[arg-type]


def test_cancelling_with_compensation_ends_after_the_report_and_a_forced_one_at_once() -> None:
    p = Played(FORK, {}).put(CancelRequested("wrong order", NOW, compensate=True))
    assert asked(p.commands) == [("#1", {"reason": "wrong order"})]
    assert {c.at for c in p.commands if isinstance(c, Abandon)} == {PICK}
    p.put(CancelRequested("abandoned by its parent", NOW))
    assert p.commands == []
    q = Played(FORK, {}).put(CancelRequested("wrong order", NOW, compensate=True))
    q.put(CancelRequested("now", NOW, force=True))
    assert Cancel("now") in q.commands
    p.put(CallCompleted("#1", {"undone": []}, NOW))
    assert (p.commands, p.status) == ([Cancel("wrong order")], Status.CANCELLED)


def test_each_end_but_the_last_is_followed_by_a_restart() -> None:
    """Exactly one terminal event: of each life. A restart is what begins another."""
    p = played()
    p.put(p.plan(SHIP).fact).failed("/do/2/ship#2")
    p.put(p.plan("/do/2/ship#2").fact).done("/do/2/ship#3", {})
    ends, lives, state = 0, 1, None
    for fact in p.facts:
        step = advance(p.program, state, fact)
        state = step.state
        if isinstance(fact, restart.Restarted):
            assert ends == lives
            lives += 1
        ends += sum(isinstance(c, Complete | Fail | Cancel) for c in step.commands)
        assert lives - ends in (0, 1)
    assert ends == lives == 3
