"""Numbers as partners write them, exact and bounded.

A quantity or price outside the bounds is a slip or an attack: `1e999999` would otherwise fill the memory of whoever
first writes it out.
"""

import re
from decimal import Decimal

_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)", re.ASCII)
_GROUPED_POINT = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?", re.ASCII)
_GROUPED_COMMA = re.compile(r"[+-]?\d{1,3}([. ]\d{3})+(,\d*)?", re.ASCII)
MAX_DIGITS = 15  # before and after the point together; X12 data element 330 has as many


def amount(text: str, decimal: str = ".") -> Decimal | None:
    """The number a text says, or None when it says none. decimal: the sign before the fraction, `.` or `,`."""
    text = text.strip().replace(" ", " ").replace(" ", " ")
    if len(text) > 40:
        return None
    if decimal == ",":
        if _GROUPED_COMMA.fullmatch(text):
            text = text.replace(".", "").replace(" ", "")
        elif "." in text:
            return None
        text = text.replace(",", ".")
    elif _GROUPED_POINT.fullmatch(text):
        text = text.replace(",", "")
    if not _PLAIN.fullmatch(text) or sum(c.isdigit() for c in text.strip("+-0")) > MAX_DIGITS:
        return None
    return Decimal(text)


def bounded(value: Decimal | int) -> Decimal | None:
    """The number itself, or None when it is infinite, no number, or has more digits than any order needs."""
    if isinstance(value, int):
        return Decimal(value) if abs(value) < 10**MAX_DIGITS else None
    if not value.is_finite():
        return None
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or value.adjusted() >= MAX_DIGITS or exponent < -MAX_DIGITS:
        return None
    return value if exponent <= 0 else Decimal(int(value))
