"""Business calendars as documents: when a site, a carrier or a company works.

A calendar says its time zone, opening hours per weekday, cut-off times by name (what is released later counts as of
the next business day), the public holidays of a country, closures of its own, and exceptions: days with other hours
than their weekday's. An exception beats a closure, and a closure beats a holiday's absence: see `Calendar.hours`.

Local times become moments by two rules. A time that a clock shows twice means the first; a time that no clock shows
(the hour that summer time skips) means the moment of the change. So moments never run backwards within a day.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, TypeAlias, cast
from zoneinfo import ZoneInfo, available_timezones

import holidays

from crossdock.errors import Finding, PartnerError

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MINUTES_A_DAY = 24 * 60
MOST_INTERVALS = 12  # a day; more is a mistake in the document
MOST_DAYS = 2000  # closures and exceptions together: twenty years of a hundred days
LONGEST_CLOSURE = 366 * 3  # days of one range

Interval: TypeAlias = tuple[int, int]  # minutes after local midnight; an end above 24:00 reaches into the next day
Span: TypeAlias = tuple[datetime, datetime]  # opens, closes: UTC

_TIME = re.compile(r"^([01]\d|2[0-3]):([0-5]\d)$|^24:00$")
_RANGE = re.compile(r"^(\d\d:\d\d)\s*-\s*(\d\d:\d\d)$")
_YEARLY = re.compile(r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")
_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,79}$")
_DAY = timedelta(days=1)
_ALWAYS: tuple[Interval, ...] = ((0, MINUTES_A_DAY),)


@dataclass(frozen=True, slots=True)
class Exceptional:
    """One day with hours of its own, and cut-offs where they differ."""

    hours: tuple[Interval, ...]
    cutoffs: Mapping[str, int]
    name: str = ""


@dataclass(frozen=True, eq=False)
class Calendar:
    """A checked calendar. `version` says which edition of it this is; 0 for one that is not stored.

    closures: single days and yearly ones ("12-24"), with the reason of each. cutoffs: minutes after midnight, by name.
    """

    name: str
    title: str
    zone: ZoneInfo
    weekly: tuple[tuple[Interval, ...], ...]
    cutoffs: Mapping[str, int] = field(default_factory=dict[str, int])
    country: str = ""
    subdivision: str = ""
    closures: Mapping[date, str] = field(default_factory=dict[date, str])
    yearly: Mapping[tuple[int, int], str] = field(default_factory=dict[tuple[int, int], str])
    exceptions: Mapping[date, Exceptional] = field(default_factory=dict[date, Exceptional])
    version: int = 0
    last_cutoff: int | None = None  # what a cut-off means that the calendar does not name
    _spans: dict[date, tuple[Span, ...]] = field(default_factory=dict[date, tuple[Span, ...]], init=False, repr=False)

    def closed_for(self, day: date) -> str | None:
        """Why a day is closed although its weekday is not; None when it is open as usual."""
        if day in self.exceptions:
            return None
        if day in self.closures:
            return self.closures[day] or "closed"
        if (day.month, day.day) in self.yearly:
            return self.yearly[day.month, day.day] or "closed"
        return _holidays(self.country, self.subdivision, day.year).get(day) if self.country else None

    def hours(self, day: date) -> tuple[Interval, ...]:
        """When it is open on a day: an exception's hours, none on a closure or holiday, else the weekday's."""
        if (special := self.exceptions.get(day)) is not None:
            return special.hours
        return () if self.closed_for(day) is not None else self.weekly[day.weekday()]

    def spans(self, day: date) -> tuple[Span, ...]:
        """The hours that begin on a local day, as moments, without what yesterday's hours cover already."""
        found = self._spans.get(day)
        if found is None:
            before = self._whole(day - _DAY)
            begins = before[-1][1] if before else None
            found = tuple(
                (opens if begins is None else max(opens, begins), closes) for opens, closes in self._whole(day)
            )
            # within the hour that summer time skips, and below yesterday's hours, there is nothing left
            found = self._spans[day] = tuple((opens, closes) for opens, closes in found if opens < closes)
        return found

    def _whole(self, day: date) -> list[Span]:
        return [(self.moment(day, opens), self.moment(day, closes)) for opens, closes in self.hours(day)]

    def moment(self, day: date, minutes: int) -> datetime:
        """The UTC moment of a local time; `minutes` may be 24:00 or later."""
        later, rest = divmod(minutes, MINUTES_A_DAY)
        local = datetime.combine(day + later * _DAY, time(rest // 60, rest % 60), self.zone)
        moment = local.astimezone(UTC)
        back = moment.astimezone(self.zone)
        return moment if back.replace(tzinfo=None) == local.replace(tzinfo=None) else _change(local)

    def local_day(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()


def _change(skipped: datetime) -> datetime:
    """The moment at which the clocks jumped over this local time."""
    zone = skipped.tzinfo
    low, high = (skipped.replace(fold=f).astimezone(UTC) for f in (1, 0))
    before = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        low, high = (middle, high) if middle.astimezone(zone).utcoffset() == before else (low, middle)
    return high.replace(microsecond=0)


@lru_cache(maxsize=512)
def _holidays(country: str, subdivision: str, year: int) -> Mapping[date, str]:
    found = holidays.country_holidays(country, subdiv=subdivision or None, years=year, language="en_US")
    return dict(found.items())


# Who works around the clock takes until midnight whatever the cut-off is called.
AROUND_THE_CLOCK = Calendar("always", "Around the clock", ZoneInfo("UTC"), (_ALWAYS,) * 7, last_cutoff=MINUTES_A_DAY)


# ── reading a document ───────────────────────────────────────────────────────────────────────────────────────────


def read(document: Any, version: int = 0) -> Calendar:
    """The calendar of a document. Raises PartnerError with everything that is wrong with it."""
    reader = _Reader()
    made = reader.calendar(document, version)
    if reader.findings or made is None:
        raise PartnerError(reader.findings)
    return made


class _Reader:
    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def say(self, where: str, expected: str, found: Any, fix: str) -> None:
        shown = "nothing" if found is None else str(found)[:100]
        self.findings.append(Finding("calendar", where or "/", expected, shown, fix))

    def calendar(self, document: Any, version: int) -> Calendar | None:
        given = self.members(document, "", ("name", "title", "time_zone", "hours", "cutoffs", "holidays", "closures",
                                            "exceptions"))  # fmt: skip
        if not given:
            return None
        name = given.get("name")
        if not isinstance(name, str) or not _NAME.match(name):
            self.say("/name", "a name of letters, digits and ._/-, such as site/north", name, "Name the calendar.")
            name = "none"
        zone = self.zone(given.get("time_zone"))
        country, subdivision = self.holidays(given.get("holidays"))
        closures, yearly = self.closures(given.get("closures"))
        weekly = self.weekly(given.get("hours"))
        exceptions = self.exceptions(given.get("exceptions"))
        if len(closures) + len(yearly) + len(exceptions) > MOST_DAYS * 10:
            self.say("/closures", f"at most {MOST_DAYS * 10} days in all", len(closures), "Drop the years gone by.")
        return Calendar(
            name=name, title=str(given.get("title") or name), zone=zone, weekly=weekly,
            cutoffs=self.cutoffs(given.get("cutoffs"), "/cutoffs"), country=country, subdivision=subdivision,
            closures=closures, yearly=yearly, exceptions=exceptions, version=version,
        )  # fmt: skip

    def members(self, value: Any, where: str, allowed: Sequence[str]) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            self.say(where, "an object", type(value).__name__, f"Write an object with {', '.join(allowed)}.")
            return {}
        given = {str(k): v for k, v in cast("Mapping[Any, Any]", value).items()}
        for key in given.keys() - set(allowed):
            self.say(f"{where}/{key}", f"one of {', '.join(allowed)}", key, "Remove it or correct its name.")
        return given

    def items(self, value: Any, where: str) -> list[Any]:
        if value is None:
            return []
        if not isinstance(value, list):
            self.say(where, "a list", type(value).__name__, "Write a list.")
            return []
        found = cast("list[Any]", value)
        if len(found) > MOST_DAYS:
            self.say(where, f"at most {MOST_DAYS} entries", len(found), "Use ranges, or drop the years gone by.")
            return []
        return found

    def zone(self, value: Any) -> ZoneInfo:
        if not isinstance(value, str) or value not in available_timezones():
            self.say("/time_zone", "an IANA time zone such as America/Chicago", value, "Correct the name.")
            return ZoneInfo("UTC")
        return ZoneInfo(value)

    def weekly(self, value: Any) -> tuple[tuple[Interval, ...], ...]:
        if value == "always":
            return (_ALWAYS,) * 7
        given = self.members(value, "/hours", WEEKDAYS)
        week = tuple(self.intervals(given.get(day), f"/hours/{day}") for day in WEEKDAYS)
        for index, day in enumerate(WEEKDAYS):
            following = week[(index + 1) % 7]
            if week[index] and following and week[index][-1][1] - MINUTES_A_DAY > following[0][0]:
                expected = "hours that end before the next day's begin"
                self.say(f"/hours/{day}", expected, _clock(week[index][-1][1]), "Correct one of the two days.")
        return week

    def intervals(self, value: Any, where: str) -> tuple[Interval, ...]:
        """["08:00-12:00", "13:00-17:00"]; an end at or before its start is on the next day."""
        found: list[Interval] = []
        listed: list[Any] = [value] if isinstance(value, str) else self.items(value, where)
        if len(listed) > MOST_INTERVALS:
            self.say(where, f"at most {MOST_INTERVALS} spans a day", len(listed), "Join some.")
            return ()
        for i, item in enumerate(listed):
            here = f"{where}/{i}"
            match = _RANGE.match(item) if isinstance(item, str) else None
            opens, closes = (None, None) if match is None else (_minutes(match[1]), _minutes(match[2]))
            if opens is None or closes is None or opens == MINUTES_A_DAY:
                self.say(here, "a span such as 08:00-17:00", item, "Write two times of the 24-hour clock.")
                continue
            if closes <= opens:
                closes += MINUTES_A_DAY
            if found and opens < found[-1][1]:
                self.say(here, f"a span that opens after {_clock(found[-1][1])}", item, "Sort or join the spans.")
                continue
            if found and opens == found[-1][1]:
                found[-1] = (found[-1][0], closes)
            else:
                found.append((opens, closes))
        return tuple(found)

    def cutoffs(self, value: Any, where: str) -> dict[str, int]:
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            self.say(where, 'an object such as {"order": "15:00"}', type(value).__name__, "Name each cut-off.")
            return {}
        found: dict[str, int] = {}
        for key, item in cast("Mapping[Any, Any]", value).items():
            minutes = _minutes(item)
            if minutes is None:
                self.say(f"{where}/{key}", "a time such as 15:00", item, "Write a time of the 24-hour clock, quoted.")
            else:
                found[str(key)] = minutes
        return found

    def holidays(self, value: Any) -> tuple[str, str]:
        if value is None:
            return "", ""
        given = self.members(value, "/holidays", ("country", "subdivision"))
        country, subdivision = given.get("country"), given.get("subdivision") or ""
        known = holidays.list_supported_countries()
        if not isinstance(country, str) or country not in known:
            self.say("/holidays/country", "a country of ISO 3166 such as US", country, "Correct the code.")
            return "", ""
        if subdivision and subdivision not in known[country]:
            near = ", ".join(sorted(known[country])[:8]) or "none"
            self.say("/holidays/subdivision", f"a region of {country}: {near} …", subdivision, "Correct the code.")
            return country, ""
        return country, str(subdivision)

    def closures(self, value: Any) -> tuple[dict[date, str], dict[tuple[int, int], str]]:
        """[{on: 2026-12-24}, {on: "12-31"} (each year), {from: …, to: …}], each with a `name`."""
        days: dict[date, str] = {}
        yearly: dict[tuple[int, int], str] = {}
        for i, item in enumerate(self.items(value, "/closures")):
            here = f"/closures/{i}"
            given = self.members(item, here, ("on", "from", "to", "name"))
            why = str(given.get("name") or "closed")
            on = given.get("on")
            if isinstance(on, str) and (match := _YEARLY.match(on)):
                yearly[int(match[1]), int(match[2])] = why
            elif on is not None:
                if (day := self.day(on, f"{here}/on")) is not None:
                    days[day] = why
            elif given:
                first, last = self.day(given.get("from"), f"{here}/from"), self.day(given.get("to"), f"{here}/to")
                if first is None or last is None:
                    continue
                if not first <= last <= first + LONGEST_CLOSURE * _DAY:
                    expected = f"a day from {first} on, at most {LONGEST_CLOSURE} days later"
                    self.say(f"{here}/to", expected, last, "Correct the range.")
                    continue
                days |= {first + n * _DAY: why for n in range((last - first).days + 1)}
        return days, yearly

    def exceptions(self, value: Any) -> dict[date, Exceptional]:
        found: dict[date, Exceptional] = {}
        for i, item in enumerate(self.items(value, "/exceptions")):
            here = f"/exceptions/{i}"
            given = self.members(item, here, ("on", "hours", "cutoffs", "name"))
            day = self.day(given.get("on"), f"{here}/on") if given else None
            if day is None:
                continue
            if day in found:
                self.say(f"{here}/on", "each day once", day, "Join the two.")
            found[day] = Exceptional(
                self.intervals(given.get("hours"), f"{here}/hours"),
                self.cutoffs(given.get("cutoffs"), f"{here}/cutoffs"),
                str(given.get("name") or ""),
            )
        return found

    def day(self, value: Any, where: str) -> date | None:
        if isinstance(value, str):
            try:
                return date.fromisoformat(value)
            except ValueError:
                pass
        self.say(where, "a date such as 2026-12-24", value, "Write year-month-day, quoted.")
        return None


def _minutes(text: Any) -> int | None:
    if not isinstance(text, str) or not _TIME.match(text):
        return None
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _clock(minutes: int) -> str:
    return f"{minutes // 60 % 24:02}:{minutes % 60:02}"
