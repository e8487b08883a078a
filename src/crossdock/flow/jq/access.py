"""Reading and writing parts of a value by key, index, slice and path.

A path is a tuple of keys: strings, numbers, and `{"start", "end"}` objects for slices. Writing copies what lies on the
path and shares the rest; the original stays as it was.
"""

# A JSON value is Any by nature and is looked at by its exact type, which narrows it to containers of unknown parts:
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownMemberType=false

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any, TypeAlias, cast

from crossdock.flow.jq import limits
from crossdock.flow.jq.faults import EvaluationError
from crossdock.flow.jq.limits import Meter
from crossdock.flow.jq.values import NUMBERS, brief, described, equal, exact, fail, kind, sort_key, whole

Path: TypeAlias = tuple[Any, ...]


def field(value: Any, name: str) -> Any:
    if type(value) is dict:
        return cast(dict[str, Any], value).get(name)
    if value is None:
        return None
    raise _cannot_index(value, name)


def elements(value: Any) -> Collection[Any]:
    """The values that `.[]` goes through."""
    if type(value) is list:
        return cast(list[Any], value)
    if type(value) is dict:
        return cast(dict[str, Any], value).values()
    raise fail(f"Cannot iterate over {described(value)}" if value is not None else "Cannot iterate over null (null)")


def keyed(value: Any) -> Collection[tuple[Any, Any]]:
    """(key, value) pairs in the order of `.[]`."""
    if type(value) is list:
        return list(enumerate(cast(list[Any], value)))
    if type(value) is dict:
        return cast(dict[str, Any], value).items()
    raise fail(f"Cannot iterate over {described(value)}" if value is not None else "Cannot iterate over null (null)")


def get(value: Any, key: Any, meter: Meter) -> Any:
    """`value[key]` as jq has it: what is missing is null."""
    kind_value, kind_key = type(value), type(key)
    if kind_value is dict and kind_key is str:
        return value.get(key)
    if kind_value is list:
        if kind_key in NUMBERS:
            index = whole(key)
            return value[index] if -len(value) <= index < len(value) else None
        if kind_key is dict:
            start, end = bounds(len(value), key)
            return value[start:end]
        if kind_key is list:
            return occurrences(value, key, meter)
    elif kind_value is str and kind_key is dict:
        start, end = bounds(len(value), key)
        return value[start:end]
    elif value is None and (kind_key in NUMBERS or kind_key is str or kind_key is dict):
        return None
    raise _cannot_index(value, key)


def _cannot_index(value: Any, key: Any) -> EvaluationError:
    return fail(f"Cannot index {kind(value)} with {described(key)}")


def bounds(length: int, key: dict[str, Any]) -> tuple[int, int]:
    """Where a slice begins and ends: the start is rounded down and the end up."""
    if "start" not in key or "end" not in key:
        raise fail("Array/string slice indices must be integers")
    start, end = exact_bound(key["start"], 0), exact_bound(key["end"], length)
    first = max(0, start + length) if start < 0 else min(start, length)
    first = whole(first)
    last = end + length if end < 0 else end
    if last < 0:
        return first, first
    if last >= length:
        return first, max(first, length)
    rounded = whole(last)
    return first, max(first, rounded + 1 if rounded < last else rounded)


def exact_bound(value: Any, default: int) -> int | Decimal:
    if value is None:
        return default
    if type(value) not in NUMBERS:
        raise fail("Array/string slice indices must be integers")
    return exact(value)


def slice_key(start: Any, end: Any) -> dict[str, Any]:
    return {"start": start, "end": end}


def occurrences(value: list[Any], part: list[Any], meter: Meter) -> list[int]:
    """Where `part` begins within `value`."""
    if not part:
        return []
    meter.spend(len(value))
    return [
        at
        for at in range(len(value) - len(part) + 1)
        if all(equal(value[at + offset], item, meter) for offset, item in enumerate(part))
    ]


def has(value: Any, key: Any) -> bool:
    if type(value) is dict and type(key) is str:
        return key in value
    if type(value) is list and type(key) in NUMBERS:
        return 0 <= whole(key) < len(cast(list[Any], value))
    if value is None:
        return False
    raise fail(f"Cannot check whether {kind(value)} has a {kind(key)} key")


def put(value: Any, key: Any, new: Any, meter: Meter) -> Any:
    """A copy of the value with `new` under the key."""
    kind_value, kind_key = type(value), type(key)
    if kind_key is str and (kind_value is dict or value is None):
        copied = dict(value or {})
        meter.spend(len(copied) >> 6)
        copied[key] = new
        return copied
    if kind_key in NUMBERS and (kind_value is list or value is None):
        items = list[Any](value or ())
        meter.spend(len(items) >> 6)
        index = whole(key)
        if index < 0:
            index += len(items)
            if index < 0:
                raise fail("Out of bounds negative array index")
        if index >= limits.LENGTH:
            raise fail("Array index too large")
        if index >= len(items):
            meter.spend(1 + ((index - len(items)) >> 4))
            items.extend([None] * (index + 1 - len(items)))
        items[index] = new
        return items
    if kind_key is dict and (kind_value is list or value is None):
        items = list[Any](value or ())
        meter.spend(len(items) >> 6)
        start, end = bounds(len(items), key)
        if type(new) is not list:
            raise fail("A slice of an array can only be assigned another array")
        items[start:end] = cast(list[Any], new)
        if len(items) > limits.LENGTH:
            raise limits.too_long("an array in elements", limits.LENGTH)
        return items
    if kind_key is dict and kind_value is str:
        raise fail("Cannot update string slices")
    raise fail(f"Cannot update field at {kind(key)} index of {kind(value)}")


def get_path(value: Any, path: Sequence[Any], meter: Meter) -> Any:
    for key in path:
        value = get(value, key, meter)
    return value


def put_path(value: Any, path: Sequence[Any], new: Any, meter: Meter) -> Any:
    if len(path) > limits.VALUE_DEPTH:
        raise limits.too_deep()
    # down along the path, then rebuild from the innermost part outwards
    parts = [value]
    for key in path[:-1]:
        value = get(value, key, meter)
        parts.append(value)
    for part, key in zip(reversed(parts), reversed(path), strict=False):
        if type(key) is not dict:
            get(part, key, meter)  # raises what jq says of indexing such a part
        new = put(part, key, new, meter)
    return new


def delete_paths(value: Any, paths: list[Path], meter: Meter) -> Any:
    """The value without what the paths point at; paths are all taken from the original."""
    if not paths:
        return value
    ordered = sorted(paths, key=lambda path: sort_key(list(path), meter))
    if not ordered[0]:
        return None
    return _delete(value, ordered, 0, meter)


def _delete(value: Any, paths: list[Path], depth: int, meter: Meter) -> Any:
    if depth > limits.VALUE_DEPTH:
        raise limits.too_deep()
    meter.spend(len(paths))
    whole_keys: list[Any] = []
    at = 0
    while at < len(paths):
        key = paths[at][depth]
        end = at + 1
        while end < len(paths) and equal(key, paths[end][depth], meter):
            end += 1
        # the shortest path sorts first: when it ends here, the longer ones go with it
        if len(paths[at]) == depth + 1:
            whole_keys.append(key)
        else:
            part = get(value, key, meter)
            if part is not None:
                value = put(value, key, _delete(part, paths[at:end], depth + 1, meter), meter)
        at = end
    return _without(value, whole_keys)


def _without(value: Any, keys: list[Any]) -> Any:
    if value is None or not keys:
        return value
    if type(value) is dict:
        for key in keys:
            if type(key) is not str:
                raise fail(f"Cannot delete {kind(key)} field of object")
        names = set(keys)
        return {key: item for key, item in cast(dict[str, Any], value).items() if key not in names}
    if type(value) is list:
        items = cast(list[Any], value)
        gone: set[int] = set()
        for key in keys:
            if type(key) in NUMBERS:
                index = whole(key)
                gone.add(index + len(items) if index < 0 else index)
            elif type(key) is dict:
                gone.update(range(*bounds(len(items), cast(dict[str, Any], key))))
            else:
                raise fail(f"Cannot delete {kind(key)} element of array")
        return [item for index, item in enumerate(items) if index not in gone]
    raise fail(f"Cannot delete fields from {kind(value)}")


def as_path(value: Any) -> Path:
    if type(value) is not list:
        raise fail("Path must be specified as an array")
    return tuple(cast(list[Any], value))


def not_a_path(value: Any, attempt: str = "") -> EvaluationError:
    if attempt:
        return fail(f"Invalid path expression near attempt to {attempt} {brief(value)}")
    return fail(f"Invalid path expression with result {brief(value)}")
