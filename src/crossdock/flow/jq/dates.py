"""Dates without a clock or a time zone: seconds since 1970, jq's broken-down time, and text by a format.

Broken-down time is [year, month from 0, day, hour, minute, seconds, weekday from Sunday, day of the year from 0].
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

from crossdock.flow.jq import values
from crossdock.flow.jq.values import NUMBERS, fail

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAYS: Final = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def broken_down(value: Any) -> list[Any]:
    if type(value) not in NUMBERS:
        raise fail("gmtime() requires numeric inputs")
    number = values.exact(value)
    whole = values.whole(number)
    moment = _moment(whole)
    fraction = number - (whole if number >= whole else whole - 1)
    second = values.canonical(moment.second + fraction) if isinstance(fraction, values.Decimal) else moment.second
    return [
        moment.year,
        moment.month - 1,
        moment.day,
        moment.hour,
        moment.minute,
        second,
        moment.isoweekday() % 7,
        moment.timetuple().tm_yday - 1,
    ]


def _moment(seconds_: int) -> datetime:
    try:
        return _EPOCH + timedelta(seconds=seconds_)
    except OverflowError:
        raise fail("error converting number of seconds since epoch to datetime") from None


def seconds(value: Any) -> int:
    """`mktime`: broken-down time as seconds; days and months beyond their range carry over."""
    if type(value) is not list:
        raise fail("mktime requires array inputs")
    return int((_from_parts(cast(list[Any], value), "mktime") - _EPOCH).total_seconds())


def _from_parts(parts: list[Any], name: str) -> datetime:
    if any(type(part) not in NUMBERS for part in parts[:8]):
        raise fail(f"{name} requires parsed datetime inputs")
    whole = [values.whole(part) for part in parts[:6]]
    year, month, day, hour, minute, second = whole + [1900, 0, 0, 0, 0, 0][len(whole) :]
    try:
        start = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
        return start + timedelta(days=day - 1, hours=hour, minutes=minute, seconds=second)
    except (OverflowError, ValueError):
        raise fail("invalid gmtime representation") from None


# reading

_READERS: Final[dict[str, tuple[str, str]]] = {
    "Y": ("year", r"[0-9]{4}"),
    "m": ("month", r"1[0-2]|0?[1-9]"),
    "d": ("day", r"3[01]|[12][0-9]|[0 ]?[1-9]"),
    "e": ("day", r"3[01]|[12][0-9]|[0 ]?[1-9]"),
    "H": ("hour", r"2[0-3]|[01]?[0-9]"),
    "M": ("minute", r"[0-5]?[0-9]"),
    "S": ("second", r"6[01]|[0-5]?[0-9]"),
    "j": ("yearday", r"[0-3]?[0-9]{1,2}"),
    "s": ("epoch", r"[0-9]{1,11}"),
    "z": ("zone", r"Z|[+-][0-9]{2}:?[0-9]{2}"),
    "Z": ("name", r"[A-Za-z]+"),
    "b": ("monthname", "|".join(f"{name}|{name[:3]}" for name in _MONTHS)),
    "a": ("dayname", "|".join(f"{name}|{name[:3]}" for name in _DAYS)),
}
_SAME: Final = {"B": "b", "h": "b", "A": "a"}
_LONG: Final = {"F": "%Y-%m-%d", "T": "%H:%M:%S", "R": "%H:%M", "D": "%m/%d/%y"}


def parse(value: Any, form: Any) -> list[Any]:
    """`strptime`. Raises where the format has a directive that is not known here."""
    if type(value) is not str or type(form) is not str:
        raise fail("strptime/1 requires string inputs and arguments")
    match = _reader(form).match(value)
    if match is None or (match.end() < len(value) and not value[match.end()].isspace()):
        raise fail(f'date "{value}" does not match format "{form}"')
    found = match.groupdict()
    if found.get("epoch"):
        return broken_down(int(found["epoch"]))
    month_name = found.get("monthname")
    month = _position(_MONTHS, month_name) + 1 if month_name else int(found.get("month") or 1)
    try:
        moment = datetime(int(found.get("year") or 1900), month, 1, tzinfo=UTC)
        day = int(found.get("day") or 1)
        yearday = int(found["yearday"]) if found.get("yearday") else None
        date = moment + timedelta(days=day - 1) if yearday is None else moment + timedelta(days=yearday - 1)
    except (ValueError, OverflowError):
        raise fail(f'date "{value}" does not match format "{form}"') from None
    rest: list[Any] = [value[match.end() :]] if match.end() < len(value) else []
    return [
        date.year,
        month - 1 if yearday is None else date.month - 1,
        day if yearday is None else date.day,
        int(found.get("hour") or 0),
        int(found.get("minute") or 0),
        int(found.get("second") or 0),
        date.isoweekday() % 7,
        date.timetuple().tm_yday - 1,
        *rest,
    ]


def _position(names: tuple[str, ...], text: str) -> int:
    return next(at for at, name in enumerate(names) if name[:3].lower() == text[:3].lower())


def _reader(form: str) -> re.Pattern[str]:
    expanded = re.sub(r"%([FTRD])", lambda long: _LONG[long[1]], form)
    pattern: list[str] = []
    seen: set[str] = set()
    for piece in re.findall(r"%.|\s+|[^%\s]+|%", expanded):
        if piece.isspace():
            pattern.append(r"\s*")
        elif piece == "%%":
            pattern.append("%")
        elif piece.startswith("%"):
            letter = _SAME.get(piece[1:], piece[1:])
            if letter not in _READERS:
                raise fail(f"Expected a format of %Y %m %d %H %M %S %j %e %b %a %F %T %z %Z %s, found {piece}")
            name, accepted = _READERS[letter]
            pattern.append(f"(?P<{name}>(?i:{accepted}))" if name not in seen else f"(?:(?i:{accepted}))")
            seen.add(name)
        else:
            pattern.append(re.escape(piece))
    return re.compile("".join(pattern), re.ASCII)


# writing

_WRITERS: Final[dict[str, Callable[[datetime], str]]] = {
    "Y": lambda at: str(at.year),
    "C": lambda at: f"{at.year // 100:02}",
    "y": lambda at: f"{at.year % 100:02}",
    "m": lambda at: f"{at.month:02}",
    "d": lambda at: f"{at.day:02}",
    "e": lambda at: f"{at.day:2}",
    "H": lambda at: f"{at.hour:02}",
    "I": lambda at: f"{(at.hour - 1) % 12 + 1:02}",
    "M": lambda at: f"{at.minute:02}",
    "S": lambda at: f"{at.second:02}",
    "p": lambda at: "PM" if at.hour >= 12 else "AM",
    "j": lambda at: f"{at.timetuple().tm_yday:03}",
    "A": lambda at: _DAYS[at.isoweekday() % 7],
    "a": lambda at: _DAYS[at.isoweekday() % 7][:3],
    "B": lambda at: _MONTHS[at.month - 1],
    "b": lambda at: _MONTHS[at.month - 1][:3],
    "h": lambda at: _MONTHS[at.month - 1][:3],
    "u": lambda at: str(at.isoweekday()),
    "w": lambda at: str(at.isoweekday() % 7),
    "G": lambda at: str(at.isocalendar().year),
    "V": lambda at: f"{at.isocalendar().week:02}",
    "s": lambda at: str(int((at - _EPOCH).total_seconds())),
    "Z": lambda at: "UTC",
    "z": lambda at: "+0000",
    "n": lambda at: "\n",
    "t": lambda at: "\t",
    "%": lambda at: "%",
}


def write(value: Any, form: Any) -> str:
    """`strftime`, in English and UTC."""
    if type(value) in NUMBERS:
        value = broken_down(value)
    if type(value) is not list:
        raise fail("strftime/1 requires parsed datetime inputs")
    if type(form) is not str:
        raise fail("strftime/1 requires a string format")
    moment = _from_parts(cast(list[Any], value), "strftime/1")
    expanded = re.sub(r"%([FTRD])", lambda long: _LONG[long[1]], form)
    return re.sub(r"%(.?)", lambda directive: _written(directive[1], moment), expanded, flags=re.DOTALL)


def _written(letter: str, moment: datetime) -> str:
    writer = _WRITERS.get(letter)
    if writer is None:
        raise fail(f"Expected a format of %{' %'.join(_WRITERS)} %F %T %R %D, found %{letter}")
    return writer(moment)
