"""The named functions that take values: `PLAIN` by themselves, `WALKING` with the evaluation's meter.

Each is `function(input, argument, …)`; a walking one has the meter as last argument because it looks through a whole
value. Functions that take expressions (`map`, `select`, …) are in forms.py, those that jq itself can define in
prelude.py.
"""

# A JSON value is Any by nature and is looked at by its exact type, which narrows it to containers of unknown parts:
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownMemberType=false
# pyright: reportUnknownLambdaType=false

import math
from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_UP, Decimal, DecimalException
from itertools import groupby
from typing import Any, Final, cast

from crossdock.flow.jq import access, dates, limits, strings, values
from crossdock.flow.jq.limits import Meter
from crossdock.flow.jq.values import EXACT_NUMBERS, NUMBERS, canonical, described, exact, fail, kind, sort_key, truth

Function_ = Callable[..., Any]
Array = list[Any]

_TEXT: Final = {str}


# numbers


def _number(value: Any) -> int | Decimal:
    if type(value) not in NUMBERS:
        raise fail(f"{described(value)} number required")
    return exact(value)


def _rounding(mode: str) -> Function_:
    def rounded(value: Any) -> Any:
        number = _number(value)
        if isinstance(number, int):
            return number
        if number.adjusted() > limits.DIGITS:
            raise limits.too_long("an integer in digits", limits.DIGITS)
        return int(number.to_integral_value(mode))

    return rounded


def absolute(value: Any) -> Any:
    if type(value) in NUMBERS:
        return abs(exact(value))
    if values.less(value, 0, Meter()):  # jq's own definition: what sorts below 0 is negated
        return values.negate(value)
    return value


def square_root(value: Any) -> Any:
    number = _number(value)
    if number < 0:
        return None  # jq's NaN, which it writes as null
    if isinstance(number, int) and math.isqrt(number) ** 2 == number:
        return math.isqrt(number)
    return _computed(values.DIVISION.sqrt, number)


def power(_: Any, base: Any, exponent: Any) -> Any:
    """Exact for whole exponents of exact numbers within the bounds, to 28 digits otherwise."""
    number, times = _number(base), _number(exponent)
    if isinstance(number, int) and isinstance(times, int) and times >= 0:
        if times * number.bit_length() > limits.DIGITS * 4:
            raise limits.too_long("an integer in digits", limits.DIGITS)
        return values.bounded(number**times)
    if not number and times < 0:
        return values.INFINITE
    if number < 0 and times != values.whole(times):
        return None
    if not number and not times:
        return 1
    context = values.EXACT if isinstance(times, int) and 0 <= times <= 30 else values.DIVISION
    return _computed(context.power, number, times)


def _computed(operation: Any, *numbers: int | Decimal) -> Any:
    try:
        return canonical(operation(*numbers))
    except DecimalException:
        raise limits.too_long("a number in digits", limits.DIGITS) from None


def _logarithm(operation: Callable[[Decimal], Decimal]) -> Function_:
    def logarithm(value: Any) -> Any:
        number = _number(value)
        if number < 0:
            return None
        if not number:
            return -values.INFINITE
        return _computed(lambda: operation(Decimal(number)))

    return logarithm


def _binary_logarithm(number: Decimal) -> Decimal:
    return values.DIVISION.divide(values.DIVISION.ln(number), values.DIVISION.ln(Decimal(2)))


def _exponential(base: Decimal | None) -> Function_:
    def exponential(value: Any) -> Any:
        number = Decimal(_number(value))
        if base is None:
            return _computed(values.DIVISION.exp, number)
        return _computed(values.DIVISION.power, base, number)

    return exponential


def to_number(value: Any) -> Any:
    if type(value) in NUMBERS:
        return value
    number = values.parse_number(value) if type(value) is str else None
    if number is None:
        raise fail(f"{described(value)} cannot be parsed as a number")
    return number


def to_boolean(value: Any) -> bool:
    if type(value) is bool:
        return value
    if type(value) is str and value in ("true", "false"):
        return value == "true"
    raise fail(f"{described(value)} cannot be parsed as a boolean")


# containers


def length(value: Any) -> Any:
    kind_ = type(value)
    if kind_ in (list, dict, str):
        return len(value)
    if value is None:
        return 0
    if kind_ in NUMBERS:
        return abs(exact(value))
    raise fail(f"{described(value)} has no length")


def keys(value: Any) -> Array:
    return sorted(keys_unsorted(value))


def keys_unsorted(value: Any) -> Array:
    if type(value) is dict:
        return list(cast(dict[str, Any], value))
    if type(value) is list:
        return list(range(len(cast(Array, value))))
    raise fail(f"{described(value)} has no keys")


def to_entries(value: Any) -> Array:
    keys_unsorted(value)
    return [{"key": key, "value": item} for key, item in access.keyed(value)]


def from_entries(value: Any) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for entry in access.elements(value):
        key: Any = None
        for name in ("key", "Key", "name", "Name"):
            key = access.field(entry, name)
            if truth(key):
                break
        item = access.field(entry, "value" if access.has(entry, "value") else "Value")
        if type(key) is not str:
            raise fail(f"Cannot use {described(key)} as object key")
        result[key] = item
    return result


def _array(value: Any, complaint: str) -> Array:
    if type(value) is not list:
        raise fail(f"{described(value)} {complaint}")
    return cast(Array, value)


def _sortable(value: Any) -> Array:
    return _array(value, "cannot be sorted, as it is not an array")


def sort(value: Any, meter: Meter) -> Array:
    items = _sortable(value)
    meter.spend(len(items))
    return sorted(items, key=lambda item: sort_key(item, meter))


def sort_by_keys(items: Array, sort_keys: Array, meter: Meter) -> Array:
    return [item for _, item in _ordered(items, sort_keys, meter)]


def group_by_keys(items: Array, sort_keys: Array, meter: Meter) -> Array:
    return [
        [item for _, item in group] for _, group in groupby(_ordered(items, sort_keys, meter), key=lambda pair: pair[0])
    ]


def unique_by_keys(items: Array, sort_keys: Array, meter: Meter) -> Array:
    return [group[0] for group in group_by_keys(items, sort_keys, meter)]


def _ordered(items: Array, sort_keys: Array, meter: Meter) -> list[tuple[Any, Any]]:
    meter.spend(len(items))
    ordered = ((sort_key(key, meter), item) for key, item in zip(sort_keys, items, strict=True))
    return sorted(ordered, key=lambda pair: pair[0])


def unique(value: Any, meter: Meter) -> Array:
    items = _sortable(value)
    if set(map(type, items)) == _TEXT:  # by code point, which is Python's order too
        meter.spend(len(items))
        return sorted(set(items))
    return unique_by_keys(items, items, meter)


def smallest(items: Array, sort_keys: Array, meter: Meter) -> Any:
    return _extreme(items, sort_keys, meter, largest=False)


def largest(items: Array, sort_keys: Array, meter: Meter) -> Any:
    return _extreme(items, sort_keys, meter, largest=True)


def _extreme(items: Array, sort_keys: Array, meter: Meter, *, largest: bool) -> Any:
    """Of equals, the first smallest or the last largest."""
    meter.spend(len(items))
    if sort_keys is items and items and (kinds := set(map(type, items))) and (kinds <= EXACT_NUMBERS or kinds == _TEXT):
        return max(reversed(items)) if largest else min(items)
    best: Any = None
    best_key: Any = None
    for item, key in zip(items, sort_keys, strict=True):
        ordered = sort_key(key, meter)
        if best_key is None or (ordered >= best_key if largest else ordered < best_key):
            best, best_key = item, ordered
    return best


def minimum(value: Any, meter: Meter) -> Any:
    items = _array(value, "cannot be iterated over")
    return smallest(items, items, meter)


def maximum(value: Any, meter: Meter) -> Any:
    items = _array(value, "cannot be iterated over")
    return largest(items, items, meter)


def reverse(value: Any) -> Any:
    if type(value) is list:
        return cast(Array, value)[::-1]
    if value is None:
        return []
    if type(value) is str and value:
        raise fail("Cannot index string with number (0)")
    if type(value) is dict and value:
        raise fail("Cannot index object with number (0)")
    if type(value) in NUMBERS and value:
        raise fail("Cannot index number with number (0)")
    length(value)
    return []


def flatten(value: Any, depth: Any, meter: Meter) -> Array:
    if values.less(depth, 0, meter):
        raise fail("flatten depth must not be negative")
    if type(depth) not in NUMBERS:
        # jq first subtracts from the depth at the first array it finds
        if any(type(item) is list for item in access.elements(value)):
            raise fail(f"{described(depth)} and number (1) cannot be subtracted")
        depth = 0
    result: Array = []
    _flatten(access.elements(value), min(values.whole(depth), limits.VALUE_DEPTH + 1), result, meter, 0)
    return result


def _flatten(items: Any, depth: int, into: Array, meter: Meter, level: int) -> None:
    if level > limits.VALUE_DEPTH:
        raise limits.too_deep()
    meter.spend(1 + len(items))
    for item in items:
        if type(item) is list and depth:
            _flatten(cast(Array, item), depth - 1, into, meter, level + 1)
        else:
            into.append(item)


def contains(value: Any, part: Any, meter: Meter) -> bool:
    # to jq, true and false are of two kinds
    if kind(value) != kind(part) or (type(value) is bool and value is not part):
        raise fail(f"{described(value)} and {described(part)} cannot have their containment checked")
    return _contains(value, part, meter, 0)


def _contains(value: Any, part: Any, meter: Meter, depth: int) -> bool:
    if depth > limits.VALUE_DEPTH:
        raise limits.too_deep()
    if type(value) is dict and type(part) is dict:
        meter.spend(1 + len(cast(dict[str, Any], part)))
        return all(
            key in value and _contains(value[key], item, meter, depth + 1)
            for key, item in cast(dict[str, Any], part).items()
        )
    if type(value) is list and type(part) is list:
        meter.spend(1 + len(cast(Array, part)) * len(cast(Array, value)))
        return all(
            any(_contains(item, wanted, meter, depth + 1) for item in cast(Array, value))
            for wanted in cast(Array, part)
        )
    if type(value) is str and type(part) is str:
        return part in value
    return values.equal(value, part, meter)


def indices(value: Any, part: Any, meter: Meter) -> Any:
    if value is None:
        return access.get(None, part, meter)
    if type(value) is list:
        return access.occurrences(cast(Array, value), cast(Array, part) if type(part) is list else [part], meter)
    if type(value) is str and type(part) is str:
        return strings.occurrences(value, part, meter)
    return access.get(value, part, meter)


def index(value: Any, part: Any, meter: Meter) -> Any:
    return access.get(indices(value, part, meter), 0, meter)


def rindex(value: Any, part: Any, meter: Meter) -> Any:
    return access.get(indices(value, part, meter), -1, meter)


def search(value: Any, wanted: Any, meter: Meter) -> int:
    """Binary search in a sorted array: its index, or -1 - the place where it belongs."""
    items = _array(value, "cannot be searched from")
    low, high = 0, len(items)
    while low < high:
        middle = (low + high) // 2
        if values.equal(items[middle], wanted, meter):
            return middle
        if values.less(items[middle], wanted, meter):
            low = middle + 1
        else:
            high = middle
    return -1 - low


def join(value: Any, separator: Any, meter: Meter) -> Any:
    """Numbers and booleans as text, null as nothing; anything else adds as `+` does, or fails."""
    items = access.elements(value)
    if type(separator) is str and all(type(item) is str for item in items):
        meter.spend(len(items))
        return separator.join(cast(list[str], items))
    result: Any = None
    for item in items:
        meter.spend(1)
        text = (
            values.dumps(item, meter) if type(item) is bool or type(item) in NUMBERS else (item if truth(item) else "")
        )
        result = values.add("" if result is None else values.add(result, separator, meter), text, meter)
    return result if truth(result) else ""


def any_of(value: Any) -> bool:
    return any(truth(item) for item in access.elements(value))


def all_of(value: Any) -> bool:
    return all(truth(item) for item in access.elements(value))


def total(value: Any, meter: Meter) -> Any:
    items = access.elements(value)
    meter.spend(len(items))
    return values.total(items, meter)


def get_path(value: Any, path: Any, meter: Meter) -> Any:
    return access.get_path(value, access.as_path(path), meter)


def set_path(value: Any, path: Any, new: Any, meter: Meter) -> Any:
    return access.put_path(value, access.as_path(path), new, meter)


def delete_paths(value: Any, paths: Any, meter: Meter) -> Any:
    if type(paths) is not list:
        raise fail("Paths must be specified as an array")
    for path in cast(Array, paths):
        if type(path) is not list:
            raise fail(f"Path must be specified as array, not {kind(path)}")
    return access.delete_paths(value, [tuple(path) for path in cast(list[Array], paths)], meter)


def _is_number(value: Any) -> bool:
    return type(value) in NUMBERS


def _is_infinite(value: Any) -> bool:
    return _is_number(value) and abs(exact(value)) >= values.INFINITE


PLAIN: Final[dict[tuple[str, int], Function_]] = {
    ("not", 0): lambda value: not truth(value),
    ("type", 0): kind,
    ("length", 0): length,
    ("utf8bytelength", 0): strings.byte_length,
    ("keys", 0): keys,
    ("keys_unsorted", 0): keys_unsorted,
    ("to_entries", 0): to_entries,
    ("from_entries", 0): from_entries,
    ("has", 1): access.has,
    ("any", 0): any_of,
    ("all", 0): all_of,
    ("reverse", 0): reverse,
    ("tonumber", 0): to_number,
    ("toboolean", 0): to_boolean,
    ("toarray", 0): lambda value: value if type(value) is list else [value],
    ("floor", 0): _rounding(ROUND_FLOOR),
    ("ceil", 0): _rounding(ROUND_CEILING),
    ("round", 0): _rounding(ROUND_HALF_UP),  # jq rounds halves away from zero, as ROUND_HALF_UP does
    ("trunc", 0): _rounding(ROUND_DOWN),
    ("abs", 0): absolute,
    ("fabs", 0): lambda value: abs(_number(value)),
    ("sqrt", 0): square_root,
    ("pow", 2): power,
    ("log", 0): _logarithm(values.DIVISION.ln),
    ("log10", 0): _logarithm(values.DIVISION.log10),
    ("log2", 0): _logarithm(_binary_logarithm),
    ("exp", 0): _exponential(None),
    ("exp2", 0): _exponential(Decimal(2)),
    ("exp10", 0): _exponential(Decimal(10)),
    ("infinite", 0): lambda value: values.INFINITE,
    ("isinfinite", 0): _is_infinite,
    ("isnan", 0): lambda value: False,
    ("isnormal", 0): lambda value: _is_number(value) and bool(value) and not _is_infinite(value),
    ("isvalid", 0): lambda value: True,
    ("have_decnum", 0): lambda value: True,
    ("have_literal_numbers", 0): lambda value: True,
    ("startswith", 1): strings.starts_with,
    ("endswith", 1): strings.ends_with,
    ("ltrimstr", 1): strings.trim_left_text,
    ("rtrimstr", 1): strings.trim_right_text,
    ("trimstr", 1): strings.trim_text,
    ("trim", 0): strings.trim,
    ("ltrim", 0): strings.trim_left,
    ("rtrim", 0): strings.trim_right,
    ("ascii_downcase", 0): strings.lower,
    ("ascii_upcase", 0): strings.upper,
    ("explode", 0): strings.explode,
    ("implode", 0): strings.implode,
    ("ascii", 0): strings.ascii_letter,
    ("fromjson", 0): strings.from_json,
    ("mktime", 0): dates.seconds,
    ("gmtime", 0): dates.broken_down,
    ("strptime", 1): dates.parse,
    ("strftime", 1): dates.write,
}

WALKING: Final[dict[tuple[str, int], Function_]] = {
    ("add", 0): total,
    ("sort", 0): sort,
    ("unique", 0): unique,
    ("min", 0): minimum,
    ("max", 0): maximum,
    ("flatten", 1): flatten,
    ("contains", 1): contains,
    ("indices", 1): indices,
    ("index", 1): index,
    ("rindex", 1): rindex,
    ("bsearch", 1): search,
    ("join", 1): join,
    ("split", 1): strings.split,
    ("tojson", 0): values.dumps,
    ("tostring", 0): values.as_text,
    ("getpath", 1): get_path,
    ("setpath", 2): set_path,
    ("delpaths", 1): delete_paths,
    ("format", 1): strings.format_named,
}
