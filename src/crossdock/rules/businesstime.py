"""Arithmetic in business time: how long until, when is, how long between, when is the cut-off.

Pure: no clock, no input or output. Everything is counted in elapsed time while the calendar is open, so the hour that
a summer-time change skips or repeats is counted as the staff would work it. What comes out lies within the calendar's
opening hours, or at the moment it closes.

A calendar that does not open within HORIZON is closed for ever as far as anybody is concerned: NeverOpen.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from crossdock.rules.calendars import Calendar, Span

HORIZON = 366 * 3  # days without one opening; a closure of one range is at most as long
FURTHEST = 366 * 40  # days: a promise further away is a mistake in its duration
_DAY = timedelta(days=1)
_ZERO = timedelta(0)


class NeverOpen(ValueError):
    """The calendar does not open again."""

    def __init__(self, calendar: Calendar, after: datetime) -> None:
        super().__init__(
            f"expected calendar {calendar.name!r} to open within {HORIZON // 366} years of {after.date()}, "
            "found no opening: give it hours, or end its closure"
        )


class TooFar(ValueError):
    """The moment asked for is generations away, or beyond the calendar's years."""


def add(calendar: Calendar, start: datetime, span: timedelta) -> datetime:
    """The moment at which `span` of open time has passed since `start`; with no span, the next open moment.

    Monotone in both; `between(start, add(start, span)) == span`. Raises NeverOpen, TooFar, ValueError below zero.
    """
    if span < _ZERO:
        raise ValueError(f"expected a duration of zero or more, found {span}")
    left = span
    for opens, closes in _spans(calendar, start):
        begins = max(opens, start)
        if left == _ZERO or left <= closes - begins:
            return begins + left
        left -= closes - begins
    raise AssertionError("spans end only by raising")


def before(calendar: Calendar, end: datetime, span: timedelta) -> datetime:
    """The latest moment from which `span` of open time is over by `end`: add(m, span) <= end exactly where m is not
    later. Raises NeverOpen, TooFar; ValueError unless the span is above zero.
    """
    if span <= _ZERO:
        raise ValueError(f"expected a duration above zero, found {span}")
    left, closed = span, 0
    day = calendar.local_day(end)
    for _ in range(FURTHEST):
        closed += 1
        for opens, closes in reversed(calendar.spans(day)):
            if opens < end:
                closed, until = 0, min(closes, end)
                if left <= until - opens:
                    return until - left
                left -= until - opens
        if closed > HORIZON or day.year < 2:
            raise NeverOpen(calendar, end)
        day -= _DAY
    raise TooFar(f"expected a moment within {FURTHEST // 366} years before {end.date()} on calendar {calendar.name!r}")


def between(calendar: Calendar, start: datetime, end: datetime) -> timedelta:
    """Open time from start to end; below zero where end comes first."""
    if end < start:
        return -between(calendar, end, start)
    total, day, last = _ZERO, calendar.local_day(start) - _DAY, calendar.local_day(end)
    if (last - day).days > FURTHEST:
        raise TooFar(f"expected moments at most {FURTHEST // 366} years apart, found {start} and {end}")
    while day <= last:
        for opens, closes in calendar.spans(day):
            total += max(_ZERO, min(closes, end) - max(opens, start))
        day += _DAY
    return total


def is_open(calendar: Calendar, moment: datetime) -> bool:
    day = calendar.local_day(moment)
    return any(opens <= moment < closes for d in (day - _DAY, day) for opens, closes in calendar.spans(d))


def is_business_day(calendar: Calendar, day: date) -> bool:
    return bool(calendar.spans(day))


def next_business_day(calendar: Calendar, day: date) -> date:
    """The first business day on or after `day`."""
    for n in range(HORIZON):
        if is_business_day(calendar, day + n * _DAY):
            return day + n * _DAY
    raise NeverOpen(calendar, datetime(day.year, day.month, day.day, tzinfo=UTC))


def previous_business_day(calendar: Calendar, day: date) -> date:
    """The last business day on or before `day`."""
    for n in range(HORIZON):
        if is_business_day(calendar, day - n * _DAY):
            return day - n * _DAY
    raise NeverOpen(calendar, datetime(day.year, day.month, day.day, tzinfo=UTC))


def business_days_after(calendar: Calendar, day: date, days: int) -> date:
    """The business day `days` after the first one on or after `day`; before it where `days` is below zero, counted
    from the last one on or before it.
    """
    if days < 0:
        found = previous_business_day(calendar, day)
        for _ in range(-days):
            found = previous_business_day(calendar, found - _DAY)
        return found
    found = next_business_day(calendar, day)
    for _ in range(days):
        found = next_business_day(calendar, found + _DAY)
    return found


def closing(calendar: Calendar, day: date) -> datetime:
    """When a business day closes."""
    return calendar.spans(day)[-1][1]


def cutoff_on(calendar: Calendar, day: date, name: str) -> datetime:
    """The cut-off of a business day: the exception's, else the usual one, and never after the day's closing.

    Raises KeyError when the calendar has no cut-off of that name.
    """
    special = calendar.exceptions.get(day)
    minutes = calendar.cutoffs.get(name, calendar.last_cutoff)
    if special is not None and name in special.cutoffs:
        minutes = special.cutoffs[name]
    if minutes is None:
        raise KeyError(name)
    return min(calendar.moment(day, minutes), closing(calendar, day))


def next_cutoff(calendar: Calendar, moment: datetime, name: str) -> datetime:
    """The first cut-off at or after a moment: what is released at the cut-off itself still makes it."""
    return cutoff_on(calendar, effective_day(calendar, moment, name), name)


def effective_day(calendar: Calendar, moment: datetime, name: str) -> date:
    """The business day that something released at `moment` counts to."""
    day = next_business_day(calendar, calendar.local_day(moment))
    if moment > cutoff_on(calendar, day, name):
        day = next_business_day(calendar, day + _DAY)
    return day


def due_after_days(calendar: Calendar, moment: datetime, days: int, cutoff: str | None = None) -> datetime:
    """The closing of the business day `days` after the one that `moment` counts to.

    cutoff: later than it counts to the next business day; without one, later than the day's closing does.
    """
    if not 0 <= days <= 3660:
        raise ValueError(f"expected 0 to 3660 business days, found {days}")
    if cutoff is not None:
        day = effective_day(calendar, moment, cutoff)
    else:
        day = next_business_day(calendar, calendar.local_day(moment))
        if moment > closing(calendar, day):
            day = next_business_day(calendar, day + _DAY)
    for _ in range(days):
        day = next_business_day(calendar, day + _DAY)
    return closing(calendar, day)


def _spans(calendar: Calendar, start: datetime) -> Iterator[Span]:
    """Open spans that end after `start`, in order. Never ends; raises NeverOpen or TooFar."""
    day = calendar.local_day(start) - _DAY  # hours that began yesterday may reach into today
    since = 0
    for _ in range(FURTHEST):
        since += 1
        for opens, closes in calendar.spans(day):
            if closes > start:
                since = 0
                yield opens, closes
        if since > HORIZON:
            raise NeverOpen(calendar, start)
        if day.year >= 9998:
            break
        day += _DAY
    raise TooFar(f"expected a moment within {FURTHEST // 366} years of {start.date()} on calendar {calendar.name!r}")
