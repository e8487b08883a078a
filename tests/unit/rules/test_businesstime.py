"""Business calendars: worked by hand around the dates that hurt, and properties that hold on any calendar."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossdock.errors import PartnerError
from crossdock.rules import businesstime, calendars
from crossdock.rules.calendars import AROUND_THE_CLOCK, Calendar

OFFICE = {day: ["08:00-12:00", "13:00-17:00"] for day in calendars.WEEKDAYS[:5]}


def calendar(hours: Any = OFFICE, zone: str = "Europe/Stockholm", **more: Any) -> Calendar:
    return calendars.read({"name": "site/north", "time_zone": zone, "hours": hours, **more})


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def h(hours: float) -> timedelta:
    return timedelta(hours=hours)


# ── by hand ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("start", "hours", "expected"),
    [
        ("2026-03-02T08:00", 1, "2026-03-02T09:00"),  # Monday 09:00 in Stockholm, winter: UTC+1
        ("2026-03-02T10:30", 1, "2026-03-02T12:30"),  # over lunch: 11:30 and half an hour, then 13:00 to 13:30
        ("2026-03-06T15:00", 2, "2026-03-09T08:00"),  # Friday 16:00, an hour left, and Monday's first
        ("2026-03-06T15:00", 1, "2026-03-06T16:00"),  # exactly until Friday closes: at the closing, not on Monday
        ("2026-03-07T03:00", 0, "2026-03-09T07:00"),  # nothing, from a Saturday: when it opens
        ("2026-03-06T16:00", 0, "2026-03-09T07:00"),  # at the closing it is closed
        ("2026-03-27T15:00", 2, "2026-03-30T07:00"),  # over the change to summer time: Monday 08:00 is UTC+2
    ],
)
def test_adding_open_hours(start: str, hours: float, expected: str) -> None:
    assert businesstime.add(calendar(), utc(start), h(hours)) == utc(expected)


ALL_DAY = {day: ["00:00-24:00"] for day in calendars.WEEKDAYS}


def test_the_day_that_loses_an_hour_has_23_and_the_day_that_gains_one_25() -> None:
    new_york = calendar(ALL_DAY, "America/New_York")
    midnights = [utc("2026-03-08T05:00"), utc("2026-03-09T04:00"), utc("2026-11-01T04:00"), utc("2026-11-02T05:00")]
    assert businesstime.between(new_york, *midnights[:2]) == h(23)
    assert businesstime.between(new_york, *midnights[2:]) == h(25)
    assert [new_york.moment(d, 0) for d in (date(2026, 3, 8), date(2026, 11, 2))] == [midnights[0], midnights[3]]


def test_hours_in_the_skipped_hour_begin_and_end_at_the_change() -> None:
    night = calendar({day: ["02:30-04:00"] for day in calendars.WEEKDAYS}, "America/New_York")
    assert night.spans(date(2026, 3, 8)) == ((utc("2026-03-08T07:00"), utc("2026-03-08T08:00")),)
    inside = calendar({day: ["02:10-02:50"] for day in calendars.WEEKDAYS}, "America/New_York")
    assert inside.spans(date(2026, 3, 8)) == ()
    assert businesstime.next_business_day(inside, date(2026, 3, 8)) == date(2026, 3, 9)


def test_a_time_that_comes_twice_means_the_first() -> None:
    shift = calendar({day: ["00:00-01:30", "02:00-03:00"] for day in calendars.WEEKDAYS}, "America/New_York")
    assert shift.spans(date(2026, 11, 1)) == (
        (utc("2026-11-01T04:00"), utc("2026-11-01T05:30")), (utc("2026-11-01T07:00"), utc("2026-11-01T08:00")),
    )  # fmt: skip


def test_a_night_shift_reaches_into_the_next_day_and_its_hours_count_once() -> None:
    night = calendar({"friday": ["22:00-06:00"]}, exceptions=[{"on": "2026-03-07", "hours": ["05:00-07:00"]}])
    friday = utc("2026-03-06T21:00")  # 22:00 in Stockholm
    assert businesstime.add(night, friday, h(9)) == utc("2026-03-07T06:00")  # eight of the shift, one of Saturday's
    assert businesstime.between(night, friday, utc("2026-03-08T00:00")) == h(9)
    assert businesstime.is_open(night, utc("2026-03-07T02:00"))


def test_opening_at_midnight_is_open_at_midnight() -> None:
    early = calendar({"tuesday": ["00:00-06:00"]}, "UTC")
    assert businesstime.is_open(early, utc("2026-03-03T00:00"))
    assert not businesstime.is_open(early, utc("2026-03-02T23:59"))
    assert businesstime.add(early, utc("2026-03-01T00:00"), h(0)) == utc("2026-03-03T00:00")


def test_the_leap_day_is_a_day_and_a_yearly_closure_on_it_comes_with_it() -> None:
    always = calendar(ALL_DAY, "UTC", closures=[{"on": "02-29", "name": "stocktaking"}])
    assert always.closed_for(date(2028, 2, 29)) == "stocktaking"
    assert businesstime.between(always, utc("2028-02-28T00:00"), utc("2028-03-01T00:00")) == h(24)
    assert businesstime.between(always, utc("2026-02-28T00:00"), utc("2026-03-01T00:00")) == h(24)
    assert businesstime.add(always, utc("2028-02-28T12:00"), h(24)) == utc("2028-03-01T12:00")


def test_public_holidays_close_closures_too_and_exceptions_open_again() -> None:
    site = calendar(
        zone="America/New_York", holidays={"country": "US", "subdivision": "NY"},
        closures=[{"from": "2026-12-28", "to": "2026-12-30", "name": "stocktaking"}],
        exceptions=[{"on": "2026-11-27", "hours": ["08:00-12:00"], "name": "the day after"},
                    {"on": "2026-12-25", "hours": ["10:00-11:00"]}],
    )  # fmt: skip
    assert site.closed_for(date(2026, 11, 26)) == "Thanksgiving Day"
    assert site.closed_for(date(2026, 7, 3)) == "Independence Day (observed)"  # the 4th is a Saturday
    assert site.closed_for(date(2026, 12, 29)) == "stocktaking"
    assert site.closed_for(date(2026, 12, 25)) is None
    assert site.hours(date(2026, 11, 27)) == ((480, 720),)
    wednesday = utc("2026-11-25T21:00")  # 16:00 in New York
    assert businesstime.add(site, wednesday, h(6)) == utc("2026-11-30T14:00")  # 1 h, Friday's 4, Monday's first


def test_released_after_the_cut_off_counts_as_the_next_business_day() -> None:
    site = calendar(
        zone="America/New_York", cutoffs={"order": "15:00", "ups": "17:30"}, holidays={"country": "US"},
        exceptions=[{"on": "2026-11-27", "hours": ["08:00-12:00"]},
                    {"on": "2026-12-24", "hours": ["08:00-12:00"], "cutoffs": {"order": "10:00"}}],
    )  # fmt: skip
    cutoff = businesstime.next_cutoff
    assert cutoff(site, utc("2026-11-24T20:00"), "order") == utc("2026-11-24T20:00")  # 15:00: just in time
    assert cutoff(site, utc("2026-11-24T20:00:01"), "order") == utc("2026-11-25T20:00")
    assert cutoff(site, utc("2026-11-25T21:00"), "order") == utc("2026-11-27T17:00")  # the short day closes at 12:00
    assert cutoff(site, utc("2026-11-27T18:00"), "order") == utc("2026-11-30T20:00")
    assert cutoff(site, utc("2026-12-24T14:00"), "order") == utc("2026-12-24T15:00")
    assert cutoff(site, utc("2026-12-24T15:30"), "order") == utc("2026-12-28T20:00")
    assert cutoff(site, utc("2026-11-24T20:00"), "ups") == utc("2026-11-24T22:00")  # not after closing: 17:00
    with pytest.raises(KeyError):
        cutoff(site, utc("2026-11-24T20:00"), "dhl")


def test_business_days_count_from_the_day_that_it_counts_to() -> None:
    site = calendar(zone="UTC", cutoffs={"order": "15:00"})
    due = businesstime.due_after_days
    assert due(site, utc("2026-03-05T15:00"), 1, "order") == utc("2026-03-06T17:00")
    assert due(site, utc("2026-03-05T15:01"), 1, "order") == utc("2026-03-09T17:00")
    assert due(site, utc("2026-03-07T12:00"), 0) == utc("2026-03-09T17:00")
    assert due(site, utc("2026-03-06T17:30"), 2) == utc("2026-03-11T17:00")


def test_a_calendar_that_never_opens_says_so() -> None:
    closed = calendar({})
    for ask in (
        lambda: businesstime.add(closed, utc("2026-03-02T08:00"), h(1)),
        lambda: businesstime.next_business_day(closed, date(2026, 3, 2)),
        lambda: businesstime.due_after_days(closed, utc("2026-03-02T08:00"), 1),
    ):
        with pytest.raises(businesstime.NeverOpen, match="calendar 'site/north' to open within 3 years"):
            ask()
    assert businesstime.between(closed, utc("2026-03-02T08:00"), utc("2026-09-02T08:00")) == h(0)


def test_a_promise_generations_away_is_refused() -> None:
    with pytest.raises(businesstime.TooFar):
        businesstime.add(calendar(), utc("2026-03-02T08:00"), timedelta(days=40_000))
    with pytest.raises(ValueError, match="zero or more"):
        businesstime.add(calendar(), utc("2026-03-02T08:00"), h(-1))


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"name": "Site North"}, "/name"),
        ({"time_zone": "Sweden"}, "/time_zone"),
        ({"time_zone": None}, "/time_zone"),
        ({"hours": {"mon": []}}, "/hours/mon"),
        ({"hours": {"monday": ["8-17"]}}, "/hours/monday/0"),
        ({"hours": {"monday": ["24:00-25:00"]}}, "/hours/monday/0"),
        ({"hours": {"monday": ["08:00-12:00", "11:00-17:00"]}}, "/hours/monday/1"),
        ({"hours": {"monday": ["22:00-09:00"], "tuesday": ["08:00-12:00"]}}, "/hours/monday"),
        ({"hours": None}, "/hours"),
        ({"cutoffs": {"order": 900}}, "/cutoffs/order"),
        ({"cutoffs": ["15:00"]}, "/cutoffs"),
        ({"holidays": {"country": "Norrland"}}, "/holidays/country"),
        ({"holidays": {"country": "US", "subdivision": "ZZ"}}, "/holidays/subdivision"),
        ({"closures": [{"on": "2026-02-30"}]}, "/closures/0/on"),
        ({"closures": [{"from": "2026-02-03", "to": "2026-02-01"}]}, "/closures/0/to"),
        ({"closures": [{"from": "2026-02-03"}]}, "/closures/0/to"),
        ({"closures": {"on": "12-24"}}, "/closures"),
        ({"exceptions": [{"on": "12-24", "hours": []}]}, "/exceptions/0/on"),
        ({"exceptions": [{"on": "2026-12-24"}, {"on": "2026-12-24"}]}, "/exceptions/1/on"),
        ({"opening": {}}, "/opening"),
    ],
)
def test_a_wrong_calendar_is_refused_with_the_place(change: dict[str, Any], where: str) -> None:
    document = {"name": "site/north", "time_zone": "UTC", "hours": OFFICE} | change
    with pytest.raises(PartnerError) as refused:
        calendars.read(document)
    assert [f.where for f in refused.value.findings] == [where]
    assert all(f.expected and f.found and f.fix for f in refused.value.findings)


@pytest.mark.parametrize("document", [None, [], "always", 7])
def test_what_is_no_document_is_refused(document: Any) -> None:
    with pytest.raises(PartnerError):
        calendars.read(document)


# ── on any calendar ──────────────────────────────────────────────────────────────────────────────────────────────

ZONES = ("UTC", "America/New_York", "Europe/Stockholm", "Australia/Lord_Howe", "America/St_Johns", "Africa/Casablanca")


@st.composite
def opens_sometimes(draw: st.DrawFn) -> Calendar:
    hours: dict[str, list[str]] = {}
    for day in draw(st.sets(st.sampled_from(calendars.WEEKDAYS), min_size=1)):
        marks = sorted(draw(st.sets(st.integers(0, 96), min_size=2, max_size=6)))
        pairs = list(zip(marks[::2], marks[1::2], strict=False))
        hours[day] = [f"{a // 4:02}:{a % 4 * 15:02}-{b // 4:02}:{b % 4 * 15:02}" for a, b in pairs]
    closures = [
        {"on": day.isoformat()} for day in draw(st.lists(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=4))
    ]
    return calendar(
        hours, draw(st.sampled_from(ZONES)), closures=closures, cutoffs={"order": "15:00"},
        holidays=draw(st.sampled_from([None, {"country": "US"}, {"country": "SE"}])),
    )  # fmt: skip


MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)).map(lambda m: m.replace(tzinfo=UTC))
SPANS = st.timedeltas(timedelta(0), timedelta(hours=100))


@settings(max_examples=150)
@given(opens_sometimes(), MOMENTS, SPANS)
def test_between_is_the_inverse_of_add_and_the_result_lies_in_open_time(c: Calendar, m: datetime, d: timedelta) -> None:
    end = businesstime.add(c, m, d)
    assert businesstime.between(c, m, end) == d
    assert businesstime.between(c, end, m) == -d
    just_before = end - timedelta(microseconds=1)
    assert businesstime.is_open(c, end) or (d and businesstime.is_open(c, just_before)), "at most the moment it closes"


@settings(max_examples=150)
@given(opens_sometimes(), MOMENTS, MOMENTS, SPANS, SPANS)
def test_add_is_monotone_and_adds_up(c: Calendar, m: datetime, n: datetime, d: timedelta, e: timedelta) -> None:
    (m, n), (d, e) = sorted((m, n)), sorted((d, e))
    assert businesstime.add(c, m, d) <= businesstime.add(c, m, e)
    assert businesstime.add(c, m, d) <= businesstime.add(c, n, d)
    if e:
        assert businesstime.add(c, businesstime.add(c, m, d), e) == businesstime.add(c, m, d + e)
    assert timedelta(0) <= businesstime.between(c, m, n) <= n - m


@settings(max_examples=100)
@given(opens_sometimes(), MOMENTS, MOMENTS)
def test_cut_offs_are_never_in_the_past_lie_on_business_days_and_keep_the_order(
    c: Calendar, m: datetime, n: datetime
) -> None:
    m, n = sorted((m, n))
    first, second = (businesstime.next_cutoff(c, x, "order") for x in (m, n))
    assert m <= first <= second
    assert businesstime.is_business_day(c, businesstime.effective_day(c, m, "order"))
    assert businesstime.next_cutoff(c, first, "order") == first
    assert businesstime.due_after_days(c, m, 1, "order") <= businesstime.due_after_days(c, n, 1, "order")


@given(MOMENTS, SPANS)
def test_around_the_clock_is_plain_time(m: datetime, d: timedelta) -> None:
    assert businesstime.add(AROUND_THE_CLOCK, m, d) == m + d
