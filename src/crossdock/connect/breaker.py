"""The circuit breaker of one tenant's one system: when not to call.

    closed ──tripped──▶ open ──cooled──▶ half-open ──succeeded──▶ closed
                          ▲                  │
                          └─failed, abandoned┘

Closed, it watches: so many failures in a row, or such a share of the last calls, trip it. Open, every call is held back
at once. After the cool-off one call, the canary, is let through, and decides. Failure here means that the system did
not do its work: no connection, no answer, a 5xx. A refusal (4xx) is an answer, hence a success.

Pure: the time comes as an argument, in seconds of a monotonic clock. Cool-off is real time, not business time: whether
a server is up has nothing to do with a simulated day.
"""

from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec


class State(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Signal(StrEnum):
    TRIPPED = "tripped"
    COOLED = "cooled"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ABANDONED = "abandoned"  # the canary was cancelled on our side: it tells nothing


TRANSITIONS = {
    (State.CLOSED, Signal.TRIPPED): State.OPEN,
    (State.OPEN, Signal.COOLED): State.HALF_OPEN,
    (State.HALF_OPEN, Signal.SUCCEEDED): State.CLOSED,
    (State.HALF_OPEN, Signal.FAILED): State.OPEN,
    (State.HALF_OPEN, Signal.ABANDONED): State.OPEN,
}


class BreakerLimits(msgspec.Struct, frozen=True, kw_only=True):
    consecutive: int = 5  # a blip of a restart seldom spans five calls
    ratio: float = 0.5
    window: int = 20  # calls that the ratio is taken of; fewer tell nothing
    cool_off_s: float = 2.0


@dataclass(frozen=True, slots=True)
class Pass:
    """May call. canary: its outcome decides on the state."""

    canary: bool


@dataclass(frozen=True, slots=True)
class Held:
    """May not call now; ask again after so long."""

    retry_in_s: float


@dataclass(slots=True)
class Breaker:
    limits: BreakerLimits = field(default_factory=BreakerLimits)
    state: State = State.CLOSED
    _in_a_row: int = 0
    _recent: deque[bool] = field(default_factory=deque[bool])  # True: failed
    _until: float = 0.0

    def holding(self, now: float) -> Held | None:
        """Whether a call would be held back now. Changes nothing."""
        match self.state:
            case State.CLOSED:
                return None
            case State.OPEN:
                return Held(self._until - now) if now < self._until else None
            case State.HALF_OPEN:  # the canary is under way, and one is enough
                return Held(self.limits.cool_off_s)

    def admit(self, now: float) -> Pass | Held:
        held = self.holding(now)
        if held is not None:
            return held
        if self.state is State.CLOSED:
            return Pass(canary=False)
        self._move(Signal.COOLED)
        return Pass(canary=True)

    def report(self, admitted: Pass, signal: Signal, now: float) -> bool:
        """What became of an admitted call: SUCCEEDED, FAILED or ABANDONED. Returns whether the state changed."""
        if admitted.canary:
            self._move(signal)
            if self.state is State.OPEN:
                self._until = now if signal is Signal.ABANDONED else now + self.limits.cool_off_s
            else:
                self._in_a_row = 0
                self._recent.clear()
            return True
        if self.state is not State.CLOSED or signal is Signal.ABANDONED:
            return False  # began before the state changed: the canary decides, not the stragglers
        self._count(signal is Signal.FAILED)
        if not self._tripping():
            return False
        self._move(Signal.TRIPPED)
        self._until = now + self.limits.cool_off_s
        return True

    def _move(self, signal: Signal) -> None:
        self.state = TRANSITIONS[self.state, signal]

    def _count(self, failed: bool) -> None:
        self._in_a_row = self._in_a_row + 1 if failed else 0
        self._recent.append(failed)
        if len(self._recent) > self.limits.window:
            self._recent.popleft()

    def _tripping(self) -> bool:
        if self._in_a_row >= self.limits.consecutive:
            return True
        return len(self._recent) == self.limits.window and sum(self._recent) >= self.limits.ratio * self.limits.window
