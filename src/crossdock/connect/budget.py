"""How much of one system one tenant may use at once and per second.

A token bucket for the rate and slots for concurrency. A call that would wait too long for its turn is not made: it had
no effect and says when to come back, so that a slow system holds up its own calls, not the worker.

Each worker keeps an equal share of a budget, by how many workers live (`Crew`): together they use what one would alone,
without asking anybody before a call. A worker more or less is noticed within seconds; with more workers than slots,
each keeps one.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import msgspec


class BudgetLimits(msgspec.Struct, frozen=True, kw_only=True):
    concurrency: int = 32
    per_second: float = 500.0
    burst: int = 100
    max_wait_s: float = 2.0


@dataclass(slots=True)
class Bucket:
    """Tokens that refill with time. Pure: `now` in seconds of a monotonic clock."""

    per_second: float
    burst: int
    _tokens: float = 0.0
    _at: float | None = None  # None: never used, hence full
    _paused_until: float = 0.0

    def take(self, now: float, max_wait_s: float) -> tuple[bool, float]:
        """Takes a token and says how long to wait before using it; takes none when that exceeds max_wait_s."""
        gained = self.burst if self._at is None else (now - self._at) * self.per_second
        self._tokens, self._at = min(float(self.burst), self._tokens + gained), now
        # Tokens may be owed: the debt is the queue of those that wait already.
        wait = max((1.0 - self._tokens) / self.per_second, self._paused_until - now, 0.0)
        if wait > max_wait_s:
            return False, wait
        self._tokens -= 1.0
        return True, wait

    def pause(self, now: float, seconds: float) -> None:
        """The system asked for a rest (Retry-After)."""
        self._paused_until = max(self._paused_until, now + min(seconds, 60.0))


@dataclass(slots=True)
class Crew:
    """How many workers share every budget now."""

    size: int = 1


class Budget:
    def __init__(self, limits: BudgetLimits, clock: Callable[[], float], crew: Crew | None = None) -> None:
        self._limits = limits
        self._clock = clock
        self._crew = crew or Crew()
        self._bucket = Bucket(limits.per_second, limits.burst)
        self._busy = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[float | None]:
        """Yields None when it is one's turn, else the seconds after which to come back."""
        share = max(1, self._crew.size)
        self._bucket.per_second = self._limits.per_second / share
        self._bucket.burst = max(1, self._limits.burst // share)
        taken, wait = self._bucket.take(self._clock(), self._limits.max_wait_s)
        if not taken:
            yield wait
            return
        if wait > 0:
            await asyncio.sleep(wait)
        try:
            if self._busy >= self._slots or self._waiting:
                async with asyncio.timeout(self._limits.max_wait_s):
                    await self._queue()
            else:  # a timer for each call would cost a tenth of it
                self._busy += 1
        except TimeoutError:
            yield self._limits.max_wait_s
            return
        try:
            yield None
        finally:
            self._busy -= 1
            self._let_in()

    @property
    def _slots(self) -> int:
        return max(1, self._limits.concurrency // max(1, self._crew.size))

    async def _queue(self) -> None:
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(mine)
        self._let_in()
        try:
            await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():  # let in and cancelled in the same moment
                self._busy -= 1
            else:
                self._waiting.remove(mine)
            self._let_in()
            raise

    def _let_in(self) -> None:
        while self._waiting and self._busy < self._slots:
            self._busy += 1
            self._waiting.popleft().set_result(None)

    def pause(self, seconds: float) -> None:
        self._bucket.pause(self._clock(), seconds)
