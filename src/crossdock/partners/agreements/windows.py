"""When an answer is due: by what was agreed, or by how long the partner took before. Pure.

A learned window is a rank of past intervals (the 95th percentile, which one slip in twenty does not move) and a margin.
It is measured in open time of the calendar on which it is counted on again. Below MINIMUM intervals there is none:
nobody is called late by a rule that was made up.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from crossdock.errors import Finding, PartnerError
from crossdock.partners.agreements.terms import Day, Window
from crossdock.rules import businesstime
from crossdock.rules.calendars import Calendar

MINIMUM = 12  # intervals; the 95th percentile of fewer is their longest, and says little
REMEMBERED = 200  # the latest: what a partner did two years ago is no habit
QUANTILE = 0.95
MARGIN = 0.25  # of the interval, so that a partner who is as slow as ever is not late
LEAST = timedelta(hours=1)


class Basis(StrEnum):
    CONTRACT = "contract"
    LEARNED = "learned"
    UNKNOWN = "unknown"  # nothing agreed and too little seen: it is watched, and nothing is due


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """A window with its evidence. sample: how many intervals; at: the one at the quantile; window: with its margin."""

    sample: int
    median: timedelta
    at: timedelta
    window: timedelta


def learn(intervals: Sequence[timedelta]) -> Learned | None:
    """None below MINIMUM. intervals: open time from cause to answer, of this partner and kind, the latest first."""
    if len(intervals) < MINIMUM:
        return None
    ranked = sorted(intervals[:REMEMBERED])
    at = ranked[math.ceil(QUANTILE * len(ranked)) - 1]
    margin = max(at * MARGIN, LEAST)
    return Learned(sample=len(ranked), median=ranked[len(ranked) // 2], at=at, window=at + margin)


def due(
    window: Window, calendar: Calendar | None, start: datetime, dates: Mapping[Day, date], learned: Learned | None
) -> tuple[datetime | None, Basis]:
    """dates: those that the document states. A date that it does not state is as if none was agreed.

    Raises PartnerError when the calendar never opens in time.
    """
    try:
        if window.within is not None:
            return later(calendar, start, window.within), Basis.CONTRACT
        if window.business_days is not None:
            return _days(calendar, start, window.business_days), Basis.CONTRACT
        if window.by is not None and (day := dates.get(window.by)) is not None:
            return _day(calendar, day, start, window.before), Basis.CONTRACT
        if learned is not None:
            return later(calendar, start, learned.window), Basis.LEARNED
    except (businesstime.NeverOpen, businesstime.TooFar, OverflowError) as e:
        finding = Finding("partner.calendar", "calendar", "one that opens", str(e), "Correct the calendar.")
        raise PartnerError([finding]) from e
    return None, Basis.UNKNOWN


def later(calendar: Calendar | None, start: datetime, span: timedelta) -> datetime:
    return start + span if calendar is None else businesstime.add(calendar, start, span)


def elapsed(calendar: Calendar | None, start: datetime, end: datetime) -> timedelta:
    return end - start if calendar is None else businesstime.between(calendar, start, end)


def _days(calendar: Calendar | None, start: datetime, days: int) -> datetime:
    if calendar is None:
        return start + timedelta(days=days)
    return businesstime.due_after_days(calendar, start, days)


def _day(calendar: Calendar | None, day: date, start: datetime, before: timedelta) -> datetime:
    """The end of the day, and `before` earlier: plain time, as people say it. A date gone by is due at once."""
    if calendar is None:
        end = datetime.combine(day, time.min, UTC) + timedelta(days=1)
    else:
        end = businesstime.closing(calendar, businesstime.next_business_day(calendar, day))
    return max(end - before, start)
