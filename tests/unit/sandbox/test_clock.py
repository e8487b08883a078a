"""Business time and the agenda: frozen, jumping, running, and always in order."""

from datetime import UTC, datetime, timedelta

from crossdock_sandbox.chance import Chance
from crossdock_sandbox.clock import Agenda, Clock, iso, working_day

START = datetime(2026, 11, 23, 8, tzinfo=UTC)


def frozen() -> Clock:
    return Clock(START, rate=0)


def test_a_frozen_clock_stands_still_and_jumps_when_set() -> None:
    clock = frozen()
    assert clock.now() == clock.now() == START
    clock.set(START, START + timedelta(days=3), 0)
    assert clock.now() == START + timedelta(days=3)


def test_business_time_never_goes_backwards() -> None:
    clock = frozen()
    clock.set(START, START + timedelta(hours=5), 0)
    clock.set(START, START, 0)
    assert clock.now() == START + timedelta(hours=5)


def test_a_running_clock_multiplies_real_time() -> None:
    clock = frozen()
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    clock.set(an_hour_ago, START, 24)
    assert timedelta(0) <= clock.now() - (START + timedelta(days=1)) < timedelta(hours=1)
    assert clock.real_seconds_until(clock.now() + timedelta(hours=24)) is not None


def test_due_events_run_in_order_each_at_its_own_time() -> None:
    agenda = Agenda(frozen())
    seen: list[tuple[str, datetime]] = []
    agenda.at(START + timedelta(hours=2), lambda at: seen.append(("second", at)))
    agenda.at(START + timedelta(hours=1), lambda at: seen.append(("first", at)))
    agenda.at(START + timedelta(hours=2), lambda at: seen.append(("third", at)))
    agenda.at(START + timedelta(days=9), lambda at: seen.append(("much later", at)))
    agenda.clock.set(START, START + timedelta(days=1), 0)
    agenda.run_due()
    assert seen == [
        ("first", START + timedelta(hours=1)),
        ("second", START + timedelta(hours=2)),
        ("third", START + timedelta(hours=2)),
    ]
    assert agenda.next_at == START + timedelta(days=9)


def test_what_an_event_books_runs_in_the_same_jump_in_its_turn() -> None:
    agenda = Agenda(frozen())
    seen: list[str] = []

    def first(at: datetime) -> None:
        seen.append("first")
        agenda.after(at, timedelta(hours=1), lambda _: seen.append("booked by the first"))

    agenda.at(START + timedelta(hours=1), first)
    agenda.at(START + timedelta(hours=3), lambda _: seen.append("last"))
    agenda.clock.set(START, START + timedelta(hours=4), 0)
    agenda.run_due()
    assert seen == ["first", "booked by the first", "last"]


def test_a_cancelled_appointment_is_neither_run_nor_next() -> None:
    agenda = Agenda(frozen())
    seen: list[str] = []
    agenda.at(START + timedelta(hours=1), lambda _: seen.append("cancelled")).cancel()
    assert agenda.next_at is None
    assert agenda.pending == 0
    agenda.clock.set(START, START + timedelta(hours=2), 0)
    agenda.run_due()
    assert seen == []


def test_draws_depend_on_what_is_decided_and_on_nothing_else() -> None:
    chance = Chance(7, "norrland")
    assert chance.share("SO-1", "pick") == Chance(7, "norrland").share("SO-1", "pick")
    assert chance.share("SO-1", "pick") != chance.share("SO-2", "pick")
    assert chance.share("SO-1", "pick") != Chance(8, "norrland").share("SO-1", "pick")
    drawn = {chance.whole(3, 5, str(n)) for n in range(200)}
    assert drawn == {3, 4, 5}


def test_weekends_move_to_monday() -> None:
    saturday = datetime(2026, 11, 28, 10, tzinfo=UTC)
    assert working_day(saturday) == working_day(saturday + timedelta(days=1)) == datetime(2026, 11, 30, 10, tzinfo=UTC)
    assert working_day(START) == START
    assert iso(START) == "2026-11-23T08:00:00Z"
