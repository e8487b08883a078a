"""Business time: the wall clock, or a simulated one that every process follows.

The row `crossdock.clock` says when it started, and how fast it runs. A rate of 0 stands still between jumps. Leases
and HTTP time-outs use real time, everything a distributor would write on paper uses this.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

CHANNEL = "crossdock_clock"


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
        epoch = datetime.now(UTC)
        self.origin = origin or Origin(epoch, epoch, 1.0)

    def now(self) -> datetime:
        return self.origin.at(datetime.now(UTC))

    async def refresh(self, connection: Any) -> None:
        """Reads the row. connection: anything with asyncpg's fetchrow."""
        row = await connection.fetchrow("select real_origin, business_origin, rate from crossdock.clock")
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
