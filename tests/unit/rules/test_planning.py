"""Plans and forecasts: worked by hand around cut-offs and holidays, properties, and beside a second implementation that
knows nothing of spans: it walks from minute to minute and from day to day.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossdock.rules import businesstime, calendars, planning
from crossdock.rules.calendars import WEEKDAYS, Calendar
from crossdock.rules.planning import CHAIN, Reached, Step, Way

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def calendar(hours: Any, zone: str = "America/New_York", **more: Any) -> Calendar:
    return calendars.read({"name": "site/ATL", "time_zone": zone, "hours": hours, **more})


ATLANTA = calendar(
    {day: ["06:00-22:00"] for day in WEEKDAYS[:5]}, cutoffs={"ship": "15:00"},
    holidays={"country": "US", "subdivision": "GA"},
)  # fmt: skip
ROAD = planning.weekdays(ATLANTA.zone, "carrier", "US")
DOOR = planning.weekdays(ATLANTA.zone, "receiving", "US")
TAKES = {
    Step.VALIDATED: timedelta(minutes=30), Step.CREDIT: timedelta(hours=1), Step.RELEASED: timedelta(minutes=30),
    Step.PICKED: timedelta(hours=2), Step.SHIPPED: timedelta(hours=1), Step.INVOICED: timedelta(hours=2),
}  # fmt: skip
WAY = Way(ATLANTA, ROAD, DOOR, 3, TAKES)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_three_days_on_the_road_before_a_wednesday_leave_at_the_fridays_cut_off() -> None:
    made = planning.plan(WAY, date(2026, 3, 11))  # a Wednesday; New York changes its clocks on Sunday the 8th
    assert (made.ship_on, made.deliver_on) == (date(2026, 3, 6), date(2026, 3, 11))
    assert {s: f"{t:%d %H:%M}" for s, t in made.by.items()} == {
        Step.VALIDATED: "06 18:30", Step.CREDIT: "06 19:30", Step.RELEASED: "06 20:00", Step.PICKED: "07 02:00",
        Step.SHIPPED: "07 03:00", Step.DELIVERED: "12 04:00", Step.INVOICED: "09 12:00",
    }  # fmt: skip


def test_a_minute_after_the_cut_off_it_comes_a_day_later() -> None:
    reached = Reached({Step.CREDIT: utc("2026-03-06T10:00")})
    in_time = planning.forecast(WAY, reached, utc("2026-03-06T19:30"))
    missed = planning.forecast(WAY, reached, utc("2026-03-06T19:31"))
    assert (in_time.ship_on, in_time.deliver_on) == (date(2026, 3, 6), date(2026, 3, 11))
    assert (missed.ship_on, missed.deliver_on) == (date(2026, 3, 9), date(2026, 3, 12))
    assert planning.plan(WAY, date(2026, 3, 11)).latest(WAY, reached) == utc("2026-03-06T19:30")


def test_a_holiday_on_the_way_and_a_promise_on_a_sunday_cost_a_day_each() -> None:
    thanksgiving = date(2026, 11, 26)
    made = planning.plan(WAY, date(2026, 11, 29))
    assert (made.deliver_on, made.ship_on) == (date(2026, 11, 27), date(2026, 11, 23))
    assert ATLANTA.closed_for(thanksgiving)


def test_what_waits_for_stock_is_released_when_it_comes() -> None:
    reached = Reached({Step.CREDIT: utc("2026-03-02T15:00")}, stock_on=date(2026, 3, 14))
    seen = planning.forecast(WAY, reached, utc("2026-03-03T15:00"))
    assert seen.at[Step.RELEASED] == utc("2026-03-16T10:30")  # Monday 06:30, half an hour after it opens
    assert seen.deliver_on == date(2026, 3, 19)


def test_the_carriers_own_day_counts_once_it_has_the_parcel_and_trouble_adds_to_it() -> None:
    shipped = Reached({Step.SHIPPED: utc("2026-03-06T22:00")}, eta_on=date(2026, 3, 10))
    now = utc("2026-03-09T15:00")
    assert planning.forecast(WAY, shipped, now).deliver_on == date(2026, 3, 10)
    assert planning.forecast(WAY, replace(shipped, eta_on=None), now).deliver_on == date(2026, 3, 11)
    assert planning.forecast(WAY, replace(shipped, held_up=2), now).deliver_on == date(2026, 3, 12)
    # a day that is over is expected no more
    assert planning.forecast(WAY, shipped, utc("2026-03-12T15:00")).deliver_on == date(2026, 3, 12)


def test_a_site_that_never_opens_has_no_plan() -> None:
    shut = calendar({}, "UTC")
    with pytest.raises(businesstime.NeverOpen):
        planning.plan(replace(WAY, site=shut), date(2026, 3, 11))
    with pytest.raises(businesstime.NeverOpen):
        planning.forecast(replace(WAY, site=shut), Reached(), utc("2026-03-06T19:30"))


def test_an_unknown_country_has_no_holidays() -> None:
    assert planning.weekdays(ATLANTA.zone, "x", "Atlantis", "N").country == ""
    assert planning.weekdays(ATLANTA.zone, "x", "us", "nowhere").subdivision == ""


# ── a second implementation: every minute, every day ─────────────────────────────────────────────────────────────


def is_open(c: Calendar, minute: datetime) -> bool:
    """Whether the minute that begins here is worked."""
    return any(a <= minute < b for n in (-1, 0) for a, b in c.spans(c.local_day(minute) + n * DAY))


def walk(c: Calendar, start: datetime, minutes: int) -> datetime:
    while minutes:
        minutes -= is_open(c, start)
        start += MINUTE
    return start


def walk_back(c: Calendar, end: datetime, minutes: int) -> datetime:
    while minutes:
        end -= MINUTE
        minutes -= is_open(c, end)
    return end


def day_where(day: date, way: int, holds: Callable[[date], bool]) -> date:
    while not holds(day):
        day += way * DAY
    return day


def works(c: Calendar) -> Callable[[date], bool]:
    return lambda day: bool(c.hours(day))


def minutes(span: timedelta) -> int:
    return int(span / MINUTE)


def naive_cutoff(c: Calendar, day: date) -> datetime:
    end = c.moment(day, c.hours(day)[-1][1])
    return min(c.moment(day, c.cutoffs[planning.SHIP]), end) if planning.SHIP in c.cutoffs else end


def naive_plan(way: Way, promised: date) -> dict[Step, datetime]:
    day = arrive = day_where(promised, -1, works(way.receiving))
    day = day_where(day, -1, works(way.carrier))
    for _ in range(way.lead_days):
        day = day_where(day - DAY, -1, works(way.carrier))
    day = day_where(day, -1, works(way.site))
    shipped = way.site.moment(day, way.site.hours(day)[-1][1])
    picked = walk_back(way.site, shipped, minutes(way.to(Step.SHIPPED)))
    released = min(naive_cutoff(way.site, day), walk_back(way.site, picked, minutes(way.to(Step.PICKED))))
    credit = walk_back(way.site, released, minutes(way.to(Step.RELEASED)))
    return {
        Step.SHIPPED: shipped, Step.PICKED: picked, Step.RELEASED: released, Step.CREDIT: credit,
        Step.VALIDATED: walk_back(way.site, credit, minutes(way.to(Step.CREDIT))),
        Step.DELIVERED: way.receiving.moment(arrive, way.receiving.hours(arrive)[-1][1]),
        Step.INVOICED: walk(way.site, shipped, minutes(way.to(Step.INVOICED))),
    }  # fmt: skip


def naive_delivery(way: Way, now: datetime) -> date:
    """Of an order that was just received."""
    moment = now
    for step in CHAIN[:3]:
        moment = walk(way.site, moment, minutes(way.to(step)))
    released = moment
    for step in CHAIN[3:]:
        moment = walk(way.site, moment, minutes(way.to(step)))
    day = way.site.local_day(released)
    while not (
        way.site.hours(day)
        and naive_cutoff(way.site, day) >= released
        and way.site.moment(day, way.site.hours(day)[-1][1]) >= moment
    ):
        day += DAY
    day = day_where(day, 1, works(way.carrier))
    for _ in range(way.lead_days):
        day = day_where(day + DAY, 1, works(way.carrier))
    return day_where(day, 1, works(way.receiving))


quarter = st.integers(0, 95)


@st.composite
def sites(draw: st.DrawFn) -> Calendar:
    opens = draw(st.integers(4, 40))
    closes = draw(st.integers(opens + 8, 92))
    lunch = draw(st.integers(opens + 1, closes - 2))
    spans = [(opens, lunch), (lunch + 1, closes)] if draw(st.booleans()) else [(opens, closes)]
    hours = [f"{a // 4:02}:{a % 4 * 15:02}-{b // 4:02}:{b % 4 * 15:02}" for a, b in spans]
    week = draw(st.lists(st.sampled_from(WEEKDAYS), min_size=2, unique=True))
    cut = draw(st.one_of(st.none(), st.integers(opens, closes)))
    more: dict[str, Any] = {} if cut is None else {"cutoffs": {"ship": f"{cut // 4:02}:{cut % 4 * 15:02}"}}
    closed = draw(st.lists(st.integers(1, 28), max_size=3, unique=True))
    more["closures"] = [{"on": f"2026-03-{n:02}", "name": "closed"} for n in closed]
    return calendar(dict.fromkeys(week, hours), draw(st.sampled_from(["UTC", "Europe/Stockholm"])), **more)


@st.composite
def ways(draw: st.DrawFn) -> Way:
    takes = {s: timedelta(minutes=draw(st.integers(0, 20)) * 15) for s in (*CHAIN, Step.INVOICED)}
    site = draw(sites())
    days = draw(st.lists(st.sampled_from(WEEKDAYS), min_size=1, unique=True))
    receiving = calendar({day: ["00:00-24:00"] for day in days}, site.zone.key)
    return Way(site, planning.weekdays(site.zone, "road", "SE"), receiving, draw(st.integers(0, 4)), takes)


moments = st.integers(0, 20 * 96).map(lambda n: datetime(2026, 3, 3, tzinfo=UTC) + n * timedelta(minutes=15))


@settings(max_examples=60, deadline=None)
@given(way=ways(), promised=st.integers(5, 40).map(lambda n: date(2026, 3, 1) + n * DAY), now=moments)
def test_it_agrees_with_the_walk(way: Way, promised: date, now: datetime) -> None:
    made = planning.plan(way, promised)
    assert dict(made.by) == naive_plan(way, promised)
    assert planning.forecast(way, Reached(), now).deliver_on == naive_delivery(way, now)


@settings(max_examples=150, deadline=None)
@given(way=ways(), promised=st.integers(5, 40).map(lambda n: date(2026, 3, 1) + n * DAY))
def test_no_step_comes_before_the_one_before_it_and_none_outside_working_time(way: Way, promised: date) -> None:
    made = planning.plan(way, promised)
    in_order = [made.by[s] for s in CHAIN]
    assert in_order == sorted(in_order)
    assert made.by[Step.SHIPPED] <= made.by[Step.INVOICED]
    assert made.ship_on <= made.deliver_on <= promised
    for step, calendar in ((s, way.receiving if s is Step.DELIVERED else way.site) for s in made.by):
        at = made.by[step]
        closes = {b for n in (-1, 0) for _, b in calendar.spans(calendar.local_day(at) + n * DAY)}
        assert businesstime.is_open(calendar, at) or at in closes, step


@settings(max_examples=150, deadline=None)
@given(
    way=ways(),
    promised=st.integers(5, 40).map(lambda n: date(2026, 3, 1) + n * DAY),
    now=moments,
    done=st.integers(0, 3),
)
def test_the_promise_is_kept_exactly_by_what_is_not_later_than_the_latest_moment(
    way: Way, promised: date, now: datetime, done: int
) -> None:
    made = planning.plan(way, promised)
    reached = Reached({CHAIN[done - 1]: now - DAY} if done else {})
    if done == 3:  # released: its cut-off is behind it
        reached = Reached({Step.RELEASED: min(now, made.by[Step.RELEASED])})
    seen = planning.forecast(way, reached, now)
    assert (seen.deliver_on <= promised) == (now <= made.latest(way, reached))


@settings(max_examples=100, deadline=None)
@given(way=ways(), now=moments, later=st.integers(0, 400).map(lambda n: timedelta(minutes=15 * n)))
def test_a_later_start_is_never_expected_earlier(way: Way, now: datetime, later: timedelta) -> None:
    first, second = (planning.forecast(way, Reached(), t) for t in (now, now + later))
    assert first.deliver_on <= second.deliver_on
    assert all(first.at[s] <= second.at[s] for s in first.at)
    in_order = [first.at[s] for s in CHAIN]
    assert in_order == sorted(in_order)
