"""The tables of states are the truth: the page is drawn from them, and no call ever goes another way."""

import importlib.util
import random
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from crossdock.engine import states
from crossdock.engine.live import Live
from crossdock.engine.turn import CallState, Turn
from crossdock.flow.outcomes import Absent, Done, Failed, Performed, Probed, Unknown

from .test_live import AT, BUSY, DOWN, attempt, hear, started

DOCS = Path(__file__).parents[3] / "docs"
ALLOWED = {(a, b) for (a, _), b in states.CALL.items()}
REMOTE = {(a, b) for a, b in ALLOWED if CallState.PARKED not in (a, b)}
PERSON = {(CallState.ASKED, CallState.DONE), (CallState.ASKED, CallState.FAILED)}


def test_the_page_of_states_is_drawn_from_the_tables() -> None:
    spec = importlib.util.spec_from_file_location("make_states", DOCS / "make_states.py")
    assert spec is not None
    assert spec.loader is not None
    drawing = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(drawing)
    assert (DOCS / "states.md").read_text() == drawing.page(), "run `python docs/make_states.py`"


def test_ended_states_have_no_way_out_and_every_other_state_has_one() -> None:
    out = {a for a, _ in ALLOWED}
    assert set(CallState) - out == {CallState.DONE, CallState.FAILED}
    ways = {a for a, _ in states.INSTANCE}
    assert set(states.InstanceStatus) - ways == {states.InstanceStatus.COMPLETED, states.InstanceStatus.CANCELLED}


def walk(seed: int) -> set[tuple[CallState, CallState]]:
    """A call's whole life by chance, with crashes of its worker; the transitions as the database saw them."""
    chance = random.Random(seed)
    live, kept, seen = started(), CallState.SENT, set[tuple[CallState, CallState]]()
    timed, probes = False, 0
    performed: list[Performed] = [Done({}), Failed(BUSY.error), BUSY, DOWN, Unknown("?")]
    probed: list[Probed] = [Done({}), Absent(), Unknown("?"), Unknown("?"), Unknown("?"), Unknown("?")]

    def note(turn: Turn) -> None:
        nonlocal kept, timed
        timed = (timed or bool(turn.set_timers)) and not turn.clear_timers
        if change := turn.call_changes.get(AT):
            seen.add((kept, change.state))
            kept = change.state

    for step in range(30):
        call = live.calls.get(AT)
        if call is None or kept is CallState.ASKED:
            break
        if chance.random() < 0.05:
            live.suspended = not live.suspended
        if chance.random() < 0.1:
            _crash(live, kept, timed, probes)
            note(live.turn())
        elif AT in live.in_flight:
            probe = call.state is CallState.UNKNOWN
            probes += probe
            outcome = chance.choice(probed) if probe else chance.choice(performed)
            note(hear(live, outcome, probe=probe))
        elif chance.random() < 0.1:
            live._abandon(AT)
            note(live._turn)
        else:
            timed = False
            note(attempt(live, 100 + step, canary=kept is CallState.OUTAGE))
    return seen


def _crash(live: Live, kept: CallState, timed: bool, probes: int) -> None:
    """Another worker reads the call as it was last written."""
    call = live.calls[AT]
    live.in_flight.clear()
    call.probes = probes  # all that were ever made
    call.state, call.waits = kept, timed or kept is CallState.OUTAGE
    live.resume()


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32))
def test_no_call_goes_a_way_that_is_not_in_the_table(seed: int) -> None:
    assert walk(seed) <= ALLOWED


def test_every_way_in_the_table_is_gone() -> None:
    gone = set[tuple[CallState, CallState]]()
    for seed in range(3000):
        gone |= walk(seed)
    assert gone == REMOTE - PERSON
