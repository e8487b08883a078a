"""How often one may try."""

import pytest

from crossdock.gateway.limits import ADDRESSES, Attempts
from crossdock.gateway.problems import TooMany


class Hands:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_attempts_run_out_and_come_back_with_time() -> None:
    clock = Hands()
    attempts = Attempts(3, 60, clock)
    for _ in range(3):
        attempts.take("a")
    with pytest.raises(TooMany) as refused:
        attempts.take("a")
    assert refused.value.after == 20
    attempts.take("b")
    clock.now = 20
    attempts.take("a")
    with pytest.raises(TooMany):
        attempts.take("a")


def test_addresses_seen_longest_ago_are_forgotten() -> None:
    attempts = Attempts(1, 60, Hands())
    attempts.take("first")
    for n in range(ADDRESSES):
        attempts.take(str(n))
    attempts.take("first")
