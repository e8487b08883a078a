"""Paths of fields in plain data: `address.lines.0`, where a number is a place in a list and `.` the object itself."""

from itertools import pairwise
from typing import Any, TypeAlias, cast

Path: TypeAlias = tuple[str | int, ...]
Plain: TypeAlias = dict[str, Any]


def path(text: str) -> Path:
    return (".",) if text == "." else tuple(int(p) if p.isdigit() else p for p in text.split(".") if p)


def as_pointer(path: Path) -> str:
    return "/".join(str(p) for p in path)


def get(source: Any, path: Path) -> Any:
    for step in path:
        if step == ".":
            return source
        if isinstance(step, int):
            if not isinstance(source, list) or len(cast(list[Any], source)) <= step:
                return None
            source = cast(list[Any], source)[step]
        elif isinstance(source, dict):
            source = cast(Plain, source).get(step)
        else:
            return None
        if source is None:
            return None
    return source


def put(target: Any, path: Path, value: Any) -> None:
    """Sets a field; places of a list are filled in their order, an empty one before it closes up."""
    if len(path) > 1:
        target = reach(target, path[:-1], [] if isinstance(path[-1], int) else {})
    last = path[len(path) - 1]
    if isinstance(last, int):
        target.append(value) if len(target) <= last else target.__setitem__(last, value)
    else:
        target[last] = value


def reach(target: Any, path: Path, default: Any) -> Any:
    """What stands at a path; made when it does not."""
    for step, following in pairwise(path):
        target = _child(target, step, [] if isinstance(following, int) else {})
    return _child(target, path[-1], default)


def _child(target: Any, step: str | int, default: Any) -> Any:
    if isinstance(step, int):
        while len(target) <= step:
            target.append(default)
        return target[step]
    return target.setdefault(step, default)
