"""One instance in a worker's hands, without a database: what a turn would write, and what it would perform."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from crossdock.engine.functions import Functions
from crossdock.engine.live import ATTEMPT, Answer, Live
from crossdock.engine.turn import RETRY_TIMER, CallState, Mail, Turn
from crossdock.flow import program
from crossdock.flow.facts import Error
from crossdock.flow.outcomes import Absent, Done, Failed, Invocation, Performed, Probed, Retry, Unknown

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
I = UUID(int=7)  # noqa: E741
AT = "/do/0/one#1"
BUSY = Failed(Error("t", 429, "busy"), Retry.LATER)
DOWN = Failed(Error("t", 503, "down"), Retry.OUTAGE)
PROGRAM = program.load(
    """
document: {dsl: '1.0.3', namespace: test, name: one, version: '1.0.0'}
do:
  - one: {call: erp.one@crossdock, with: {}}
""",
    "one",
)


class Erp:
    system = "erp"

    async def perform(self, call: Invocation) -> Performed:
        raise AssertionError("a turn performs nothing")

    async def probe(self, call: Invocation) -> Probed:
        raise AssertionError("a turn probes nothing")


def started() -> Live:
    live = Live(
        tenant_id="norrland", instance_id=I, program=PROGRAM, functions=Functions({"erp.one": Erp()}, {}),
        clock=lambda: NOW, revision=0, state=None, business_key="SO-1", traceparent="", parent=None, ended=False,
    )  # fmt: skip
    live.absorb([Mail(1, "Started", {"input": {}, "now": NOW.isoformat(), "instance_id": str(I)})])
    live.turn()
    return live


def hear(live: Live, outcome: Performed | Probed, *, probe: bool = False) -> Turn:
    live.answers.append(Answer(AT, outcome, probe, NOW, 1.0))
    return live.turn()


def attempt(live: Live, fact_id: int, *, canary: bool = False) -> Turn:
    live.absorb([Mail(fact_id, ATTEMPT, {"at": AT, "canary": canary})])
    return live.turn()


def test_a_call_is_recorded_as_sent_in_the_turn_after_which_it_leaves() -> None:
    live = started()
    turn = hear(live, BUSY)
    assert turn.call_changes[AT].state is CallState.RETRY
    assert turn.set_timers[AT, RETRY_TIMER] == NOW + timedelta(seconds=2)
    assert not turn.perform
    turn = attempt(live, 2)
    assert [c.invocation.at for c in turn.perform] == [AT]
    assert turn.call_changes[AT].state is CallState.SENT


def test_a_held_call_is_recorded_as_sent_when_it_tries_for_all() -> None:
    live = started()
    turn = hear(live, DOWN)
    assert turn.call_changes[AT].state is CallState.OUTAGE
    assert [h.system for h in turn.held] == ["erp"]
    turn = attempt(live, 2, canary=True)
    assert turn.call_changes[AT].state is CallState.SENT
    turn = hear(live, Done({}))
    assert turn.unheld == [("erp", AT)]
    assert turn.recovered == {"erp"}


def test_a_call_abandoned_while_it_is_tried_again_is_still_learnt_about() -> None:
    live = started()
    hear(live, BUSY)
    attempt(live, 2)
    live.absorb([Mail(3, "CancelRequested", {"reason": "cancelled", "now": NOW.isoformat()})])
    turn = live.turn()
    assert turn.status == "cancelled"
    assert (turn.call_changes[AT].state, turn.call_changes[AT].abandoned) == (CallState.SENT, True)
    turn = hear(live, Done({"booked": True}))
    assert turn.call_changes[AT].state is CallState.DONE


def test_a_call_abandoned_between_two_tries_is_settled_without_effect() -> None:
    live = started()
    hear(live, BUSY)
    live.absorb([Mail(3, "CancelRequested", {"reason": "cancelled", "now": NOW.isoformat()})])
    turn = live.turn()
    assert turn.call_changes[AT].state is CallState.FAILED
    assert (AT, RETRY_TIMER) in turn.clear_timers


def test_after_a_crash_a_sent_call_is_probed_and_not_made_again() -> None:
    live = started()
    live.in_flight.clear()  # another worker reads it
    live.resume()
    turn = live.turn()
    assert [c.state for c in turn.perform] == [CallState.UNKNOWN]
    assert hear(live, Absent(), probe=True).call_changes[AT].state is CallState.SENT


def test_after_a_crash_amid_a_probe_it_is_probed_again() -> None:
    live = started()
    hear(live, Unknown("the connection broke"))
    live.calls[AT].waits = False  # as it is read when the timer has fired
    live.resume()
    assert [c.state for c in live.turn().perform] == [CallState.UNKNOWN]


def test_after_a_crash_a_call_whose_timer_still_runs_is_left_in_peace() -> None:
    live = started()
    hear(live, Unknown("the connection broke"))
    live.calls[AT].waits = True
    live.resume()
    assert not live.has_work


def test_a_fact_is_read_once_however_often_it_is_delivered() -> None:
    live = started()
    live.absorb([Mail(1, "Started", {"input": {}, "now": NOW.isoformat(), "instance_id": str(I)})])
    assert not live.has_work
