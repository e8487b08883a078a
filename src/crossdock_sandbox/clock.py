"""Business time, and what is due in it.

The clock is an (origin, rate) pair: business now = business origin + (real now − real origin) × rate. Whoever runs
the simulation sets it; rate 0 freezes it between jumps. The agenda holds everything that will happen by itself
(a pick, a delivery, a payment) and runs it in order of business time, each event seeing its own due time as now.

Invariant: business time never goes backwards, whatever the clock is set to.
"""

import asyncio
import heapq
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

Action = Callable[[datetime], None]

# A rate of 1e-6 or less is a frozen clock: the next event would be years of real time away.
FROZEN = 1e-6


class Clock:
    def __init__(self, business_origin: datetime | None = None, rate: float = 1.0) -> None:
        self.real_origin = datetime.now(UTC)
        self.business_origin = business_origin or self.real_origin
        self.rate = rate
        self._floor = self.business_origin

    def now(self) -> datetime:
        """Business time, UTC."""
        if self.rate > FROZEN:
            real = datetime.fromtimestamp(time.time(), UTC)
            try:
                moment = self.business_origin + (real - self.real_origin) * self.rate
            except OverflowError:  # a rate so high that the calendar ends: stay where we are
                return self._floor
            self._floor = max(self._floor, moment)
        return self._floor

    def set(self, real_origin: datetime, business_origin: datetime, rate: float) -> None:
        self.now()
        self.real_origin, self.business_origin, self.rate = real_origin, business_origin, rate
        self._floor = max(self._floor, business_origin)

    def real_seconds_until(self, moment: datetime) -> float | None:
        """Real seconds until business `moment`, or None while the clock is frozen."""
        return None if self.rate <= FROZEN else (moment - self.now()).total_seconds() / self.rate


@dataclass(slots=True)
class Appointment:
    """One entry of the agenda; `cancel` keeps it from happening."""

    at: datetime
    action: Action
    cancelled: bool = field(default=False)

    def cancel(self) -> None:
        self.cancelled = True


class Agenda:
    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._heap: list[tuple[datetime, int, Appointment]] = []
        self._sequence = count()  # equal times keep the order they were booked in
        self._changed = asyncio.Event()

    def at(self, moment: datetime, action: Action) -> Appointment:
        appointment = Appointment(moment, action)
        heapq.heappush(self._heap, (moment, next(self._sequence), appointment))
        self._changed.set()
        return appointment

    def after(self, start: datetime, delay: timedelta, action: Action) -> Appointment:
        return self.at(start + delay, action)

    @property
    def next_at(self) -> datetime | None:
        while self._heap and self._heap[0][2].cancelled:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    @property
    def pending(self) -> int:
        return sum(not entry[2].cancelled for entry in self._heap)

    def run_due(self) -> None:
        """Run everything due by now, in order; what an event books may itself be due and runs in its turn."""
        now = self.clock.now()
        while self._heap and self._heap[0][0] <= now:
            moment, _, appointment = heapq.heappop(self._heap)
            if not appointment.cancelled:
                appointment.action(moment)

    def clock_changed(self) -> None:
        self.run_due()
        self._changed.set()

    async def keep(self) -> None:
        """Run due events until cancelled, waking when one falls due, is booked, or the clock is set."""
        while True:
            self._changed.clear()
            self.run_due()
            upcoming = self.next_at
            wait_s = None if upcoming is None else self.clock.real_seconds_until(upcoming)
            try:
                # An hour at most: real clocks are adjusted, and asyncio's is not the wall clock.
                async with asyncio.timeout(3600 if wait_s is None else min(max(wait_s, 0.001), 3600)):
                    await self._changed.wait()
            except TimeoutError:
                continue


def iso(moment: datetime) -> str:
    """RFC 3339 UTC; fractions of a second only when there are any."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def whole_seconds(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def working_day(moment: datetime) -> datetime:
    """The same time of day on this day or, at a weekend, on the next Monday."""
    return moment + timedelta(days=max(0, 7 - moment.weekday()) if moment.weekday() >= 5 else 0)
