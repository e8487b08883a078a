"""When a system is not called."""

from hypothesis import given
from hypothesis import strategies as st

from crossdock.connect.breaker import TRANSITIONS, Breaker, BreakerLimits, Held, Pass, Signal, State

LIMITS = BreakerLimits(consecutive=3, ratio=0.5, window=10, cool_off_s=2.0)


def tripped(at: float = 0.0) -> Breaker:
    breaker = Breaker(LIMITS)
    for _ in range(LIMITS.consecutive):
        fail(breaker, at)
    return breaker


def fail(breaker: Breaker, now: float) -> bool:
    admitted = breaker.admit(now)
    assert isinstance(admitted, Pass)
    return breaker.report(admitted, Signal.FAILED, now)


def succeed(breaker: Breaker, now: float) -> bool:
    admitted = breaker.admit(now)
    assert isinstance(admitted, Pass)
    return breaker.report(admitted, Signal.SUCCEEDED, now)


def test_failures_in_a_row_open_it_and_then_it_holds_at_once() -> None:
    breaker = Breaker(LIMITS)
    assert [fail(breaker, 0.0) for _ in range(3)] == [False, False, True]
    assert breaker.state is State.OPEN
    assert breaker.admit(0.5) == Held(1.5)


def test_a_success_between_starts_the_count_again() -> None:
    breaker = Breaker(LIMITS)
    fail(breaker, 0.0)
    fail(breaker, 0.0)
    succeed(breaker, 0.0)
    assert not fail(breaker, 0.0)
    assert breaker.state is State.CLOSED


def test_half_of_the_last_calls_open_it_too() -> None:
    breaker = Breaker(LIMITS)
    outcomes = [succeed(breaker, 0.0) if n % 2 == 0 else fail(breaker, 0.0) for n in range(10)]
    assert outcomes == [False] * 9 + [True]


def test_one_canary_is_let_through_after_the_cool_off() -> None:
    breaker = tripped()
    assert breaker.admit(2.0) == Pass(canary=True)
    assert breaker.state is State.HALF_OPEN
    assert isinstance(breaker.admit(2.0), Held)


def test_the_canary_closes_or_opens_it() -> None:
    breaker = tripped()
    assert fail(breaker, 2.0)
    assert breaker.state is State.OPEN
    assert breaker.admit(3.9) == Held(4.0 - 3.9)
    assert succeed(breaker, 4.0)
    assert breaker.state is State.CLOSED
    assert not fail(breaker, 4.0)  # it starts afresh


def test_a_cancelled_canary_lets_the_next_one_through() -> None:
    breaker = tripped()
    canary = breaker.admit(2.0)
    assert isinstance(canary, Pass)
    breaker.report(canary, Signal.ABANDONED, 2.1)
    assert breaker.admit(2.1) == Pass(canary=True)


def test_stragglers_from_before_do_not_decide() -> None:
    breaker = Breaker(LIMITS)
    early = breaker.admit(0.0)
    assert isinstance(early, Pass)
    for _ in range(3):
        fail(breaker, 0.0)
    assert not breaker.report(early, Signal.SUCCEEDED, 0.1)
    assert breaker.state is State.OPEN


def test_the_table_covers_every_signal_that_can_come() -> None:
    assert set(TRANSITIONS) == {
        (State.CLOSED, Signal.TRIPPED),
        (State.OPEN, Signal.COOLED),
        (State.HALF_OPEN, Signal.SUCCEEDED),
        (State.HALF_OPEN, Signal.FAILED),
        (State.HALF_OPEN, Signal.ABANDONED),
    }


@given(st.lists(st.tuples(st.sampled_from(["call", "fail", "ok", "cancel"]), st.floats(0, 3)), max_size=60))
def test_it_never_sticks_and_never_lets_two_canaries_through(steps: list[tuple[str, float]]) -> None:
    breaker, now, under_way = Breaker(LIMITS), 0.0, list[Pass]()
    for word, wait in steps:
        now += wait
        if word == "call":
            admitted = breaker.admit(now)
            if isinstance(admitted, Pass):
                under_way.append(admitted)
        elif under_way:
            signal = {"fail": Signal.FAILED, "ok": Signal.SUCCEEDED, "cancel": Signal.ABANDONED}[word]
            breaker.report(under_way.pop(0), signal, now)
        assert sum(p.canary for p in under_way) <= 1
    for one in under_way:
        breaker.report(one, Signal.SUCCEEDED, now)
    assert isinstance(breaker.admit(now + LIMITS.cool_off_s), Pass)
