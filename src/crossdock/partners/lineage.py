"""Where a field of a canonical document came from: the segment's element, the XML element, the cell, the JSON member.

Readers note it when asked (`Context.trace`), so it is recomputed from the stored bytes whenever somebody wants to know;
nothing is stored twice. What is put into another shape after reading (a despatch advice's packages, an order's
references) is followed by the identity of its values, so a pointer always is one of the document as it is kept.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias, cast


@dataclass(frozen=True, slots=True)
class InSegment:
    """index: of the segment in the file, from 0; offset: of its first byte. component 0: the whole element."""

    segment: str
    index: int
    offset: int
    element: int
    component: int

    def __str__(self) -> str:
        component = f"-{self.component}" if self.component > 1 else ""
        where = f"segment {self.index + 1} of the file, byte {self.offset}"
        return f"{self.segment}{self.element:02d}{component} ({where})"


@dataclass(frozen=True, slots=True)
class InElement:
    """path: as XPath writes it, without prefixes."""

    path: str
    attribute: str
    line: int

    def __str__(self) -> str:
        return f"line {self.line}, {self.path}{'/@' + self.attribute if self.attribute else ''}"


@dataclass(frozen=True, slots=True)
class InCell:
    """row: as people count it. column: the field it was read as; cell: its place in the row, from 0."""

    row: int
    column: str
    cell: int

    def __str__(self) -> str:
        return f"row {self.row}, column {self.column!r}"


@dataclass(frozen=True, slots=True)
class InMember:
    """pointer: a JSON pointer in the file."""

    pointer: str

    def __str__(self) -> str:
        return self.pointer or "/"


Place: TypeAlias = InSegment | InElement | InCell | InMember


@dataclass(frozen=True, slots=True)
class Origin:
    """pointer: of a field of the canonical document."""

    pointer: str
    place: Place


def member(data: Any, pointer: str) -> Any:
    """What stands at a JSON pointer; None when nothing does."""
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(data, Mapping):
            data = cast("Mapping[str, Any]", data).get(name)
        elif isinstance(data, list | tuple):
            listed = cast("list[Any]", data)
            data = listed[int(name)] if name.isdigit() and int(name) < len(listed) else None
        else:
            return None
    return data


def leaves(data: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """Every value that holds no other, with its JSON pointer."""
    if isinstance(data, Mapping):
        for key, value in cast("Mapping[str, Any]", data).items():
            yield from leaves(value, f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}")
    elif isinstance(data, list | tuple):
        for place, value in enumerate(cast("list[Any]", data)):
            yield from leaves(value, f"{pointer}/{place}")
    else:
        yield pointer, data


# --- through a change of shape --------------------------------------------------------------------------------------


class _Text(str):
    __slots__ = ()


class _Whole(int):
    __slots__ = ()


class _Number(Decimal):
    __slots__ = ()


class _Day(date):
    __slots__ = ()


def moved(shape: Callable[[dict[str, Any]], Any], data: Mapping[str, Any]) -> dict[str, str]:
    """By pointer before `shape`, the pointer after it, for every value that it moves and does not make anew."""
    copy = _apart(data)
    before = {id(value): pointer for pointer, value in leaves(copy)}
    kept = [value for _, value in leaves(copy)]  # an identity is one only while its value lives
    found: dict[str, str] = {}
    for pointer, value in leaves(shape(copy)):
        if id(value) in before:
            found.setdefault(before[id(value)], pointer)
    return found if kept else {}


def _apart(value: Any) -> Any:
    """A copy in which no two values are one object."""
    match value:
        case Mapping():
            return {k: _apart(v) for k, v in cast("Mapping[str, Any]", value).items()}
        case list() | tuple():
            return [_apart(v) for v in cast("list[Any]", value)]
        case bool() | None:
            return value
        case str():
            return _Text(value)
        case int():
            return _Whole(value)
        case Decimal():
            return _Number(value)
        case date():
            return _Day(value.year, value.month, value.day)
        case _:
            return value
