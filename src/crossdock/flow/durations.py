"""Durations: `{ minutes: 5 }`, `PT5M`, or an expression that yields either."""

import re
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from crossdock.flow import jsonlike

_ISO = re.compile(
    r"^P(?!$)(?:(?P<years>\d+(?:\.\d+)?)Y)?(?:(?P<months>\d+(?:\.\d+)?)M)?(?:(?P<weeks>\d+(?:\.\d+)?)W)?"
    r"(?:(?P<days>\d+(?:\.\d+)?)D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d+(?:\.\d+)?)H)?(?:(?P<minutes>\d+(?:\.\d+)?)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?$"
)
# A year and a month have no fixed length; they count as 365 and 30 days (docs/language.md).
_DAYS = {"years": 365, "months": 30, "weeks": 7}
UNITS = ("days", "hours", "minutes", "seconds", "milliseconds")


def parse(value: Any) -> timedelta | None:
    """The duration, or None when the value is not one (negative included)."""
    try:
        match value:
            case str():
                found = _ISO.match(value.strip())
                if found is None:
                    return None
                return _sum({k: Decimal(v) for k, v in found.groupdict().items() if v is not None})
            case dict():
                parts = jsonlike.mapping(value) or {}  # pyright: ignore[reportUnknownArgumentType]
                known = parts and all(
                    k in UNITS and isinstance(v, int | Decimal) and not isinstance(v, bool) for k, v in parts.items()
                )
                return _sum(parts) if known else None
            case _:
                return None
    except (OverflowError, InvalidOperation):
        return None


def _sum(parts: Mapping[str, int | Decimal]) -> timedelta | None:
    total = timedelta()
    for unit, amount in parts.items():
        if unit in _DAYS:
            total += timedelta(days=float(amount * _DAYS[unit]))
        else:
            total += timedelta(**{unit: float(amount)})
    return total if total >= timedelta() else None
