"""Business time: the wall clock, or a simulated one that every process follows.

The row `crossdock.clock` says when it started, and how fast it runs. A rate of 0 stands still between jumps. Leases
and HTTP time-outs use real time, everything a distributor would write on paper uses this.

There is one clock, the database's. A process reads it now and then and counts on by its own monotonic clock, so a host
whose wall clock is wrong, or is stepped, neither fires a timer early nor sets one late.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

CHANNEL = "crossdock_clock"
# Less is the way there and back, and a scheduler's whim: following it would make time jitter, even backwards.
STEP_S = 0.1


@dataclass(frozen=True, slots=True)
class Origin:
    real: datetime
    business: datetime
    rate: float

    def at(self, real: datetime) -> datetime:
        return self.business + (real - self.real) * self.rate


class Clock:
    """The business time of this process; `origin` is replaced when the row changes."""

    def __init__(self, origin: Origin | None = None) -> None:
        # Until the first refresh there is only this machine to ask.
        self._real, self._read_at = datetime.now(UTC), time.monotonic()
        self.origin = origin or Origin(self._real, self._real, 1.0)
        self._read: tuple[Origin, datetime, datetime] | None = None  # what it was, and business time then

    def now(self) -> datetime:
        origin = self.origin
        if self._read is None or self._read[0] is not origin or self._read[1] is not self._real:
            self._read = origin, self._real, origin.at(self._real)
        return self._read[2] + timedelta(seconds=(time.monotonic() - self._read_at) * origin.rate)

    def real(self) -> datetime:
        """The database's clock."""
        return self._real + timedelta(seconds=time.monotonic() - self._read_at)

    async def refresh(self, connection: Any) -> None:
        """Reads the row and the database's clock. connection: anything with asyncpg's fetchrow."""
        asked_at = time.monotonic()
        row = await connection.fetchrow(
            "select real_origin, business_origin, rate, clock_timestamp() from crossdock.clock"
        )
        answered_at = time.monotonic()
        read_at = (asked_at + answered_at) / 2
        ours = self._real + timedelta(seconds=read_at - self._read_at)
        # an answer that took long says little about when the clock was read
        if abs((row[3] - ours).total_seconds()) > max(STEP_S, answered_at - asked_at):
            self._real, self._read_at = row[3], read_at
        self.origin = Origin(row[0], row[1], row[2])


async def set_to(connection: Any, business: datetime, rate: float) -> Origin:
    """Makes it `business` o'clock now, running at `rate`, for every process."""
    row = await connection.fetchrow(
        "update crossdock.clock set real_origin = clock_timestamp(), business_origin = $1, rate = $2 "
        "returning real_origin, business_origin, rate",
        business,
        rate,
    )
    await connection.execute("select pg_notify($1, '')", CHANNEL)
    return Origin(row[0], row[1], row[2])


class Stopwatch:
    """Real elapsed time of one thing."""

    __slots__ = ("_started",)

    def __init__(self) -> None:
        self._started = time.perf_counter()

    @property
    def elapsed(self) -> timedelta:
        return timedelta(seconds=time.perf_counter() - self._started)

    @property
    def ms(self) -> float:
        return (time.perf_counter() - self._started) * 1000
