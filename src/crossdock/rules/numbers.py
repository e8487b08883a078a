"""The one boundary between our exact numbers and zen-engine's.

zen-engine reads numbers as doubles and computes in decimals of 28 digits; it refuses Python's Decimal. A double
carries any decimal of up to 15 significant digits unchanged, so that is what may cross, in either direction.
Whatever has more digits is refused by name instead of being rounded silently.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

DIGITS = 15  # IEEE 754 binary64: every decimal of 15 significant digits survives the way there and back
LEAST_EXPONENT = -28  # the scale of zen-engine's decimals


class LostDigits(ValueError):
    """A number that cannot cross without losing digits; `where` is its JSON pointer."""

    def __init__(self, where: str, number: object) -> None:
        super().__init__(f"{where or '/'}: {number} has more than {DIGITS} significant digits")
        self.where = where


def outward(value: Any, where: str = "") -> Any:
    """value as zen-engine takes it. Raises LostDigits."""
    match value:
        case bool() | None | str():
            return value
        case int():
            _check(Decimal(value), where)
            return value
        case Decimal():
            _check(value, where)
            return int(value) if value == value.to_integral_value() else float(value)
        case Mapping():
            mapping = cast(Mapping[str, Any], value)
            return {key: outward(item, f"{where}/{key}") for key, item in mapping.items()}
        case list() | tuple():
            items = cast("list[Any]", value)
            return [outward(item, f"{where}/{index}") for index, item in enumerate(items)]
        case _:
            raise TypeError(f"{where or '/'}: {type(value).__name__} is not a JSON value with exact numbers")


def inward(value: Any, where: str = "") -> Any:
    """A value zen-engine gave: fractions become Decimal. Raises LostDigits where a table should have rounded."""
    match value:
        case float():
            number = Decimal(repr(value))
            _check(number, where)
            return int(number) if number == number.to_integral_value() else number
        case dict():
            mapping = cast("dict[str, Any]", value)
            return {key: inward(item, f"{where}/{key}") for key, item in mapping.items()}
        case list():
            items = cast("list[Any]", value)
            return [inward(item, f"{where}/{index}") for index, item in enumerate(items)]
        case _:
            return value


def _check(number: Decimal, where: str) -> None:
    if not number.is_finite():
        raise LostDigits(where, number)
    _, digits, exponent = number.normalize().as_tuple()
    if len(digits) > DIGITS or cast(int, exponent) < LEAST_EXPONENT or number.adjusted() >= -LEAST_EXPONENT:
        raise LostDigits(where, number)
