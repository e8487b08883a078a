"""What jq means by its values: kinds, truth, order, equality, arithmetic, text.

A value is None, bool, int, Decimal, str, list or dict; a float is accepted and read as the decimal its repr shows.
Integers are exact. `+ - *` on fractions are exact to 1,000 digits, division to 28, and a result without fraction is an
int again. Nothing here changes a value it was given.
"""

# A JSON value is Any by nature and is looked at by its exact type, which narrows it to containers of unknown parts:
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownMemberType=false

import math
import re
from collections.abc import Iterable
from decimal import Context, Decimal, DecimalException
from json.encoder import encode_basestring
from typing import Any, Final, cast

from crossdock.flow.jq import limits
from crossdock.flow.jq.faults import EvaluationError, LimitExceeded
from crossdock.flow.jq.limits import Meter

EXACT: Final = Context(prec=1_000, Emax=limits.DIGITS, Emin=-limits.DIGITS)
DIVISION: Final = Context(prec=28, Emax=limits.DIGITS, Emin=-limits.DIGITS)
INFINITE: Final = int(1.7976931348623157e308)  # the largest double: an ordinary number here, printed as jq prints it

NUMBERS: Final = frozenset({int, Decimal, float})
EXACT_NUMBERS: Final = frozenset({int, Decimal})
CONTAINERS: Final = frozenset({list, dict})
_ORDER: Final[dict[type, int]] = {type(None): 0, bool: 1, int: 3, Decimal: 3, float: 3, str: 4, list: 5, dict: 6}
_KINDS: Final = {0: "null", 1: "boolean", 3: "number", 4: "string", 5: "array", 6: "object"}


def kind(value: Any) -> str:
    """null, boolean, number, string, array or object."""
    order = _ORDER.get(type(value))
    if order is None:
        raise EvaluationError(None, f"Expected a JSON value, found a Python {type(value).__name__}")
    return _KINDS[order]


def fail(message: str) -> EvaluationError:
    return EvaluationError(message)


def described(value: Any) -> str:
    """`number (5)`: a kind and the beginning of the value, as in jq's messages."""
    return f"{kind(value)} ({brief(value)})"


def brief(value: Any) -> str:
    # 29 bytes, of which the dots and the closing sign take four
    meter = Meter()
    meter.left = 2_000
    try:
        text = dumps(value[:40] if type(value) is str else value, meter)
    except LimitExceeded:
        return "..."
    if len(text.encode()) <= 29:
        return text
    close = {'"': '"', "[": "]", "{": "}"}.get(text[0], "")
    return text.encode()[: 29 - 3 - len(close)].decode(errors="ignore") + "..." + close


def truth(value: Any) -> bool:
    return value is not None and value is not False


# numbers


def decimal(value: float) -> Decimal:
    if not math.isfinite(value):
        raise fail(f"Expected a number that JSON can write, found {value}")
    return Decimal(repr(value))


def exact(value: Any) -> int | Decimal:
    """The number itself; a float as the decimal it shows."""
    return decimal(value) if type(value) is float else value


def canonical(value: Decimal) -> int | Decimal:
    """The result of a computation: an int when there is no fraction, without trailing zeros when there is."""
    if not value.is_finite():
        raise fail("Expected a number that JSON can write, found an infinite or undefined result")
    if value.adjusted() >= 0:
        whole = int(value)
        if whole == value:
            return bounded(whole)
    elif not value:
        return 0
    return value.normalize(EXACT)


def bounded(value: int) -> int:
    if -limits.INTEGER_BOUND < value < limits.INTEGER_BOUND:
        return value
    raise limits.too_long("an integer in digits", limits.DIGITS)


def whole(value: Any) -> int:
    """The integer part of a number, toward zero."""
    value = exact(value)
    if isinstance(value, Decimal):
        if value.adjusted() > limits.DIGITS:
            raise limits.too_long("an integer in digits", limits.DIGITS)
        return int(value)
    return value


def number_text(value: Any) -> str:
    """As in JSON, with all digits."""
    if type(value) is int:
        return str(bounded(value))
    number = exact(value)
    text = str(number)
    if "E" in text and isinstance(number, Decimal) and -20 < number.adjusted() < 20:
        return format(number, "f")
    return text


def parse_number(text: str) -> int | Decimal | None:
    """A number as `tonumber` reads it, or None."""
    if not _NUMBER.fullmatch(text) or len(text) > limits.DIGITS:
        return None
    if text.lstrip("+-").isdigit():
        return int(text)
    value = Decimal(text)
    return value if abs(value.adjusted()) <= limits.DIGITS else None


_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


# equality and order


def equal(left: Any, right: Any, meter: Meter) -> bool:
    kind_left, kind_right = type(left), type(right)
    if kind_left is kind_right and kind_left not in CONTAINERS:
        return left == right
    if kind_left in NUMBERS and kind_right in NUMBERS:
        return exact(left) == exact(right)
    return kind_left is kind_right and _same(left, right, meter, 0)


def _same(left: Any, right: Any, meter: Meter, depth: int) -> bool:
    if depth > limits.VALUE_DEPTH:
        raise limits.too_deep()
    if type(left) is not type(right):
        return type(left) in NUMBERS and type(right) in NUMBERS and exact(left) == exact(right)
    if type(left) is list:
        if len(left) != len(right):
            return False
        meter.spend(1 + len(left) // 4)
        return all(_same(a, b, meter, depth + 1) for a, b in zip(left, right, strict=True))
    if type(left) is dict:
        if left.keys() != right.keys():
            return False
        meter.spend(1 + len(left) // 4)
        return all(_same(value, right[key], meter, depth + 1) for key, value in left.items())
    return left == right


def less(left: Any, right: Any, meter: Meter) -> bool:
    """jq's total order: null, false, true, numbers, strings by code point, arrays, objects (by keys, then values)."""
    kind_left, kind_right = type(left), type(right)
    if kind_left in NUMBERS and kind_right in NUMBERS:
        return exact(left) < exact(right)
    if kind_left is str and kind_right is str:
        return left < right
    return sort_key(left, meter) < sort_key(right, meter)


def sort_key(value: Any, meter: Meter, depth: int = 0) -> tuple[Any, ...]:
    """A tuple that Python orders as jq orders the value."""
    kind_ = type(value)
    order = _ORDER.get(kind_)
    if order is None:
        kind(value)
    if kind_ not in CONTAINERS:
        return (order, exact(value) if kind_ is float else value or 0 if order != 4 else value)
    if depth > limits.VALUE_DEPTH:
        raise limits.too_deep()
    meter.spend(4 + 2 * len(value))  # the key is a copy of the value in tuples
    if kind_ is list:
        return (order, [sort_key(item, meter, depth + 1) for item in value])
    keys = sorted(value)
    return (order, keys, [sort_key(value[key], meter, depth + 1) for key in keys])


# arithmetic: the results of add, subtract and multiply may be Decimals that are not yet canonical


def add(left: Any, right: Any, meter: Meter) -> Any:
    if left is None:
        return right
    if right is None:
        return left
    kind_left, kind_right = type(left), type(right)
    if kind_left in NUMBERS and kind_right in NUMBERS:
        if kind_left is int and kind_right is int:
            return bounded(left + right)
        return _computed(EXACT.add, left, right)
    if kind_left is kind_right:
        if kind_left is str:
            if len(left) + len(right) > limits.CHARACTERS:
                raise limits.too_long("a string in characters", limits.CHARACTERS)
            meter.spend((len(left) + len(right)) >> 12)
            return left + right
        if kind_left is list:
            return concatenated(left, right, meter)
        if kind_left is dict:
            meter.spend((len(left) + len(right)) >> 6)
            return {**left, **right}
    raise fail(f"{described(left)} and {described(right)} cannot be added")


def concatenated(left: list[Any], right: list[Any], meter: Meter) -> list[Any]:
    if len(left) + len(right) > limits.LENGTH:
        raise limits.too_long("an array in elements", limits.LENGTH)
    meter.spend((len(left) + len(right)) >> 6)
    return left + right


def subtract(left: Any, right: Any, meter: Meter) -> Any:
    kind_left, kind_right = type(left), type(right)
    if kind_left in NUMBERS and kind_right in NUMBERS:
        if kind_left is int and kind_right is int:
            return bounded(left - right)
        return _computed(EXACT.subtract, left, right)
    if kind_left is list and kind_right is list:
        meter.spend(len(left) * len(right) // 8)
        return [item for item in left if not any(equal(item, other, meter) for other in right)]
    raise fail(f"{described(left)} and {described(right)} cannot be subtracted")


def multiply(left: Any, right: Any, meter: Meter) -> Any:
    kind_left, kind_right = type(left), type(right)
    if kind_left in NUMBERS and kind_right in NUMBERS:
        if kind_left is int and kind_right is int:
            return bounded(left * right)
        return _computed(EXACT.multiply, left, right)
    if kind_left is str and kind_right in NUMBERS:
        return repeated(left, right)
    if kind_right is str and kind_left in NUMBERS:
        return repeated(right, left)
    if kind_left is dict and kind_right is dict:
        return merged(left, right, meter, 0)
    raise fail(f"{described(left)} and {described(right)} cannot be multiplied")


def repeated(text: str, times: Any) -> str | None:
    if times < 0:
        return None
    if len(text) * times > limits.CHARACTERS:
        raise limits.too_long("a string in characters", limits.CHARACTERS)
    return text * whole(times)


def merged(left: dict[str, Any], right: dict[str, Any], meter: Meter, depth: int) -> dict[str, Any]:
    if depth > limits.VALUE_DEPTH:
        raise limits.too_deep()
    meter.spend(1 + ((len(left) + len(right)) >> 6))
    result = dict(left)
    for key, value in right.items():
        old = result.get(key)
        if type(old) is dict and type(value) is dict:
            result[key] = merged(cast(dict[str, Any], old), cast(dict[str, Any], value), meter, depth + 1)
        else:
            result[key] = value
    return result


def divide(left: Any, right: Any, meter: Meter) -> Any:
    kind_left, kind_right = type(left), type(right)
    if kind_left in NUMBERS and kind_right in NUMBERS:
        if not right:
            raise fail(f"{described(left)} and {described(right)} cannot be divided because the divisor is zero")
        if kind_left is int and kind_right is int:
            quotient, rest = divmod(left, right)
            if not rest:
                return quotient
        return _computed(DIVISION.divide, left, right)
    if kind_left is str and kind_right is str:
        return split(left, right, meter)
    raise fail(f"{described(left)} and {described(right)} cannot be divided")


def remainder(left: Any, right: Any, meter: Meter) -> Any:
    """Of the integer parts; the sign is the dividend's."""
    if type(left) in NUMBERS and type(right) in NUMBERS:
        dividend, divisor = whole(left), whole(right)
        if not divisor:
            raise fail(
                f"{described(left)} and {described(right)} cannot be divided (remainder) because the divisor is zero"
            )
        rest = abs(dividend) % abs(divisor)
        return -rest if dividend < 0 else rest
    raise fail(f"{described(left)} and {described(right)} cannot be divided (remainder)")


def negate(value: Any) -> Any:
    if type(value) is int:
        return -value
    if type(value) in NUMBERS:
        return canonical(EXACT.minus(exact(value)))
    raise fail(f"{described(value)} cannot be negated")


def _computed(operation: Any, left: Any, right: Any) -> Decimal:
    try:
        return operation(exact(left), exact(right))
    except DecimalException:
        raise limits.too_long("a number in digits", limits.DIGITS) from None


def total(items: Iterable[Any], meter: Meter) -> Any:
    """The sum of all items from the left; null when there are none."""
    result: Any = None
    gathered: list[Any] | None = None
    for item in items:
        kind_result, kind_item = type(result), type(item)
        if kind_item is int and kind_result is int:
            result = bounded(result + item)
        elif kind_item in EXACT_NUMBERS and kind_result in EXACT_NUMBERS:
            result = _computed(EXACT.add, result, item)
        elif kind_result is list and kind_item is list:
            # one growing list of our own instead of a copy per item
            if gathered is None:
                gathered = result = list(cast(list[Any], result))
            if len(gathered) + len(cast(list[Any], item)) > limits.LENGTH:
                raise limits.too_long("an array in elements", limits.LENGTH)
            gathered.extend(cast(list[Any], item))
        else:
            result = add(result, item, meter)
    return canonical(result) if type(result) is Decimal else result


# text


def split(text: str, separator: str, meter: Meter) -> list[str]:
    meter.spend(len(text) >> 8)
    if not text:
        return []
    return text.split(separator) if separator else list(text)


def as_text(value: Any, meter: Meter) -> str:
    """`tostring`: a string is itself, anything else its JSON."""
    return value if type(value) is str else dumps(value, meter)


def dumps(value: Any, meter: Meter) -> str:
    """Compact JSON with all digits, in jq's own spelling."""
    kind_ = type(value)
    if kind_ is str:
        return encode_basestring(value).replace("\x7f", "\\u007f")
    if kind_ in NUMBERS:
        return number_text(value)
    parts: list[str] = []
    _write(value, parts.append, meter, 0)
    text = "".join(parts)
    if len(text) > limits.CHARACTERS:
        raise limits.too_long("a JSON text in characters", limits.CHARACTERS)
    return text


def _write(value: Any, put: Any, meter: Meter, depth: int) -> None:
    if depth > limits.VALUE_DEPTH:
        raise limits.too_deep()
    kind_ = type(value)
    if kind_ is str:
        meter.spend(len(value) >> 6)
        put(encode_basestring(value).replace("\x7f", "\\u007f"))
    elif kind_ in NUMBERS:
        put(number_text(value))
    elif value is None:
        put("null")
    elif kind_ is bool:
        put("true" if value else "false")
    elif kind_ is list:
        meter.spend(1 + len(value))
        mark = "["
        for item in value:
            put(mark)
            _write(item, put, meter, depth + 1)
            mark = ","
        put("]" if value else "[]")
    elif kind_ is dict:
        meter.spend(1 + len(value))
        mark = "{"
        for key, item in value.items():
            put(mark + encode_basestring(key).replace("\x7f", "\\u007f") + ":")
            _write(item, put, meter, depth + 1)
            mark = ","
        put("}" if value else "{}")
    else:
        kind(value)


def check_size(value: Any) -> None:
    """Refuses a value whose parts, counted as often as they occur, would swamp whoever writes it out."""
    left = limits.WALK_NODES
    level: list[Any] = [value]
    for _ in range(limits.VALUE_DEPTH + 1):
        below: list[Any] = []
        for item in level:
            left -= 1
            if type(item) is list:
                below.extend(cast(list[Any], item))
            elif type(item) is dict:
                below.extend(cast(dict[str, Any], item).values())
            if left < len(below):
                raise limits.too_long("a result in parts", limits.WALK_NODES)
        if not below:
            return
        level = below
    raise limits.too_deep()
