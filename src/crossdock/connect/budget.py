"""How much of one system one tenant may use at once and per second.

A token bucket for the rate and a semaphore for concurrency. A call that would wait too long for its turn is not made:
it had no effect and says when to come back, so that a slow system holds up its own calls, not the worker.
"""

import asyncio
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


class Budget:
    def __init__(self, limits: BudgetLimits, clock: Callable[[], float]) -> None:
        self._limits = limits
        self._clock = clock
        self._bucket = Bucket(limits.per_second, limits.burst)
        self._slots = asyncio.Semaphore(limits.concurrency)

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[float | None]:
        """Yields None when it is one's turn, else the seconds after which to come back."""
        taken, wait = self._bucket.take(self._clock(), self._limits.max_wait_s)
        if not taken:
            yield wait
            return
        if wait > 0:
            await asyncio.sleep(wait)
        try:
            if self._slots.locked():
                async with asyncio.timeout(self._limits.max_wait_s):
                    await self._slots.acquire()
            else:  # a timer for each call would cost a tenth of it
                await self._slots.acquire()
        except TimeoutError:
            yield self._limits.max_wait_s
            return
        try:
            yield None
        finally:
            self._slots.release()

    def pause(self, seconds: float) -> None:
        self._bucket.pause(self._clock(), seconds)
