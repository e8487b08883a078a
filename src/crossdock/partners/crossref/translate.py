"""Ours for theirs in a canonical document, and back. Pure.

An item number that the partner gives under its own scheme gets ours beside it; one under the supplier's scheme, which
should be ours and is not, is replaced. A unit is another name for the same quantity: numbers never change. A ship-to is
told by its number. Entries of the partner come before those for all partners.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from enum import StrEnum
from typing import Any, TypeVar, cast

from crossdock.canonical.order import ItemId, ItemScheme, Split
from crossdock.canonical.order import Party as OrderParty
from crossdock.canonical.parts import Party

T = TypeVar("T")
SHIP_TO = "ship_to"
ASSIGNED = "assigned_by_seller"  # the scheme of a number that is ours


class Kind(StrEnum):
    SKU = "sku"
    UNIT = "unit"
    SHIP_TO = "ship_to"


@dataclass(frozen=True, slots=True)
class Entry:
    """qualifier: of an item its scheme, of a ship-to the scheme of its number, of a unit ""."""

    kind: Kind
    qualifier: str
    theirs: str
    ours: str
    written: bool = True


@dataclass(slots=True)
class Entries:
    """read: by kind, qualifier and theirs. write: by kind and ours. used: those that `ours` has applied."""

    read: Mapping[tuple[Kind, str, str], Entry]
    write: Mapping[tuple[Kind, str], Entry]
    used: dict[Entry, None] = field(default_factory=dict[Entry, None])

    def reads(self, kind: Kind, qualifier: str, theirs: str) -> Entry | None:
        found = self.read.get((kind, qualifier, theirs))
        if found is not None:
            self.used[found] = None
        return found


def entries(listed: Iterable[Entry]) -> Entries:
    """listed: those for all partners first, so that the partner's own come before them."""
    read: dict[tuple[Kind, str, str], Entry] = {}
    write: dict[tuple[Kind, str], Entry] = {}
    for e in listed:
        read[e.kind, e.qualifier, e.theirs] = e
        if e.written:
            write[e.kind, e.ours] = e
    return Entries(read, write)


def ours(content: T, known: Entries) -> T:
    """As it came, with our names."""
    return cast("T", _walked(content, _Reader(known)))


def theirs(content: T, known: Entries) -> T:
    """As we have it, with the partner's names."""
    return cast("T", _walked(content, _Writer(known)))


def names(content: Any) -> Iterator[tuple[Kind, str]]:
    """Every value that an entry could translate."""
    if isinstance(content, tuple | list):
        for value in cast("Iterable[Any]", content):
            yield from names(value)
    elif is_dataclass(content) and not isinstance(content, type):
        match content:
            case ItemId():
                yield Kind.SKU, content.value
                return
            case Party() | OrderParty() if str(content.role) == SHIP_TO and content.id:
                yield Kind.SHIP_TO, content.id
            case Split():
                yield Kind.SHIP_TO, content.ship_to
            case _:
                pass
        for f in fields(content):
            value = getattr(content, f.name)
            if f.name == "unit" and isinstance(value, str) and value:
                yield Kind.UNIT, value
            else:
                yield from names(value)


@dataclass(frozen=True, slots=True)
class _Reader:
    known: Entries

    def items(self, given: tuple[ItemId, ...]) -> tuple[ItemId, ...]:
        found = list(given)
        mine = any(i.scheme is ItemScheme.SUPPLIER for i in given)
        for at, item in enumerate(given):
            entry = self.known.reads(Kind.SKU, item.scheme.value, item.value)
            if entry is None:
                continue
            if item.scheme is ItemScheme.SUPPLIER:
                found[at] = replace(item, value=entry.ours)
            elif not mine:
                found.insert(0, ItemId(scheme=ItemScheme.SUPPLIER, value=entry.ours))
                mine = True
        return tuple(found)

    def unit(self, value: str) -> str:
        entry = self.known.reads(Kind.UNIT, "", value)
        return entry.ours if entry else value

    def place(self, scheme: str, value: str) -> tuple[str, str]:
        entry = self.known.reads(Kind.SHIP_TO, scheme, value)
        return (ASSIGNED, entry.ours) if entry else (scheme, value)


@dataclass(frozen=True, slots=True)
class _Writer:
    known: Entries

    def items(self, given: tuple[ItemId, ...]) -> tuple[ItemId, ...]:
        found = list(given)
        for at, item in enumerate(given):
            entry = self.known.write.get((Kind.SKU, item.value)) if item.scheme is ItemScheme.SUPPLIER else None
            if entry is None:
                continue
            scheme = ItemScheme(entry.qualifier)
            if scheme is ItemScheme.SUPPLIER:
                found[at] = replace(item, value=entry.theirs)
            elif not any(i.scheme is scheme for i in given):
                found.append(ItemId(scheme=scheme, value=entry.theirs))
        return tuple(found)

    def unit(self, value: str) -> str:
        entry = self.known.write.get((Kind.UNIT, value))
        return entry.theirs if entry else value

    def place(self, scheme: str, value: str) -> tuple[str, str]:
        entry = self.known.write.get((Kind.SHIP_TO, value)) if scheme == ASSIGNED else None
        return (entry.qualifier, entry.theirs) if entry else (scheme, value)


def _walked(value: Any, way: _Reader | _Writer) -> Any:
    if isinstance(value, tuple):
        return tuple(_walked(v, way) for v in cast("tuple[Any, ...]", value))
    if not is_dataclass(value) or isinstance(value, type):
        return value
    changed: dict[str, Any] = {}
    for f in fields(value):
        before = getattr(value, f.name)
        if f.name == "items" and isinstance(before, tuple) and all(isinstance(i, ItemId) for i in cast("Any", before)):
            after = way.items(cast("tuple[ItemId, ...]", before))
        elif f.name == "unit" and isinstance(before, str) and before:
            after = way.unit(before)
        else:
            after = _walked(before, way)
        if after is not before and after != before:
            changed[f.name] = after
    match value:
        case Party() | OrderParty() if str(value.role) == SHIP_TO and value.id:
            changed["scheme"], changed["id"] = way.place(value.scheme, value.id)
        case Split():
            changed["scheme"], changed["ship_to"] = way.place(value.scheme, value.ship_to)
        case _:
            pass
    return replace(value, **changed) if changed else value
