"""Business time follows the database's clock, whatever this machine's wall clock says."""

from datetime import UTC, datetime, timedelta
from typing import Any

from crossdock.clock import Clock, Origin

ELSEWHERE = datetime(2031, 5, 6, 12, tzinfo=UTC)  # no machine that runs this has it so late
SOON = timedelta(seconds=5)


class Database:
    """Answers with the row of the clock, and the database's own time."""

    def __init__(self, real: datetime, origin: Origin) -> None:
        self.real, self.origin = real, origin

    async def fetchrow(self, _sql: str) -> tuple[Any, ...]:
        return self.origin.real, self.origin.business, self.origin.rate, self.real


async def test_time_is_the_databases_although_this_machine_has_another() -> None:
    clock = Clock()
    await clock.refresh(Database(ELSEWHERE, Origin(ELSEWHERE, ELSEWHERE, 1.0)))
    assert timedelta(0) <= clock.now() - ELSEWHERE < SOON


async def test_a_step_of_the_databases_clock_is_followed() -> None:
    clock = Clock()
    origin = Origin(ELSEWHERE, ELSEWHERE, 1.0)
    await clock.refresh(Database(ELSEWHERE, origin))
    await clock.refresh(Database(ELSEWHERE + timedelta(hours=1), origin))
    assert timedelta(0) <= clock.now() - (ELSEWHERE + timedelta(hours=1)) < SOON


async def test_jitter_of_an_answer_does_not_turn_time_back() -> None:
    clock = Clock()
    origin = Origin(ELSEWHERE, ELSEWHERE, 1.0)
    await clock.refresh(Database(ELSEWHERE, origin))
    before = clock.now()
    await clock.refresh(Database(ELSEWHERE - timedelta(milliseconds=50), origin))
    assert clock.now() >= before


async def test_time_that_stands_still_stays_where_it_is() -> None:
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    clock = Clock()
    await clock.refresh(Database(ELSEWHERE, Origin(ELSEWHERE, noon, 0.0)))
    assert clock.now() == noon
