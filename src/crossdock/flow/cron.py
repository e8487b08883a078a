"""Cron expressions of five fields, in a time zone: are they right, and when is the next time?

Where clocks go forward, a time that does not exist comes as much later as the clocks jump. Where they go back, a time
that exists twice comes once, the first time; unless the expression names every hour, which then are 25.
"""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import count
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 7))
_NAMES = {
    "month": {
        n: i + 1
        for i, n in enumerate(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"])
    },
    "weekday": {n: i for i, n in enumerate(["sun", "mon", "tue", "wed", "thu", "fri", "sat"])},
}
_MACROS = {
    "@yearly": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_PART = re.compile(r"^(?:(\*)|([0-9a-z]+)(?:-([0-9a-z]+))?)(?:/(\d+))?$")
_SHIFT = timedelta(hours=3)  # no zone has ever moved its clocks by more at once, but for the date line
_HORIZON_DAYS = 8 * 366  # 29 February comes back within eight years


def problem(text: str) -> str | None:
    """What is wrong with the expression, in words; None when nothing is."""
    parsed = _parse(text)
    if isinstance(parsed, str):
        return parsed
    return None if _next(parsed, datetime(2024, 1, 1)) else f"{text!r}, which never comes"  # noqa: DTZ001  any start will do


def zone(name: str) -> tzinfo | None:
    """The time zone of an IANA name (`Europe/Stockholm`); None when there is no such zone."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a name such as "Europe" is a directory
        return None


def following(text: str, after: datetime, place: tzinfo | None = UTC) -> datetime | None:
    """The first time strictly after `after` (aware), in UTC; None if it never comes. Raises ValueError if malformed."""
    fields = _parse(text)
    if isinstance(fields, str):
        raise ValueError(fields)
    if place is None or place is UTC:
        return _next(fields, after.astimezone(UTC))
    every_hour = len(fields[1]) == 24
    # Local times in order, from before any shift that `after` may lie in; the earliest moment after it is the answer.
    local = _next(fields, after.astimezone(place).replace(tzinfo=None) - _SHIFT)
    best: datetime | None = None
    while local is not None and (best is None or local <= best.astimezone(place).replace(tzinfo=None) + _SHIFT):
        for fold in (0, 1) if every_hour else (0,):
            moment = local.replace(tzinfo=place, fold=fold).astimezone(UTC)
            if moment > after and (best is None or moment < best):
                best = moment
        local = _next(fields, local)
    return best


def _parse(text: str) -> list[frozenset[int]] | str:
    words = _MACROS.get(text.strip(), text).lower().split()
    if len(words) != len(_FIELDS):
        return f"{text!r} with {len(words)} fields"
    fields: list[frozenset[int]] = []
    for word, (name, low, high) in zip(words, _FIELDS, strict=True):
        values: set[int] = set()
        for part in word.split(","):
            found = _PART.match(part)
            if found is None:
                return f"{part!r} as {name}"
            first, last = (low, high) if found[1] else (_value(found[2], name), _value(found[3] or found[2], name))
            if found[4] and not found[1] and not found[3]:
                last = high  # 5/15: from 5 in steps of 15
            step = int(found[4] or 1)
            if first is None or last is None or not low <= first <= last <= high or not step:
                return f"{part!r} as {name}"
            values.update(range(first, last + 1, step))
        fields.append(frozenset(values))
    fields[4] = frozenset(day % 7 for day in fields[4])  # 7 is Sunday too
    return fields


def _value(word: str, name: str) -> int | None:
    return int(word) if word.isdigit() else _NAMES.get(name, {}).get(word)


def _next(fields: list[frozenset[int]], after: datetime) -> datetime | None:
    minutes, hours, days, months, weekdays = fields
    start = after.replace(second=0, microsecond=0) + timedelta(minutes=1)
    # Day and weekday both restricted: either suffices, as in Vixie cron.
    either = len(days) < 31 and len(weekdays) < 7
    for offset in count():
        if offset > _HORIZON_DAYS:
            return None
        day = start + timedelta(days=offset)
        if offset:
            day = day.replace(hour=0, minute=0)
        in_days, in_weekdays = day.day in days, day.isoweekday() % 7 in weekdays
        if day.month not in months or not ((in_days or in_weekdays) if either else (in_days and in_weekdays)):
            continue
        for hour in sorted(h for h in hours if h >= day.hour):
            least = day.minute if hour == day.hour else 0
            minute = min((m for m in minutes if m >= least), default=None)
            if minute is not None:
                return day.replace(hour=hour, minute=minute)
    return None
