"""Other people's message structures beside our guides: what both are turned into, and how they are compared."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from crossdock.partners.edi.guide import UNBOUNDED, Item


@dataclass(frozen=True)
class Node:
    """A segment, or a group that the first of `inside` opens."""

    id: str
    mandatory: bool | None  # None: not said
    max: int
    inside: "tuple[Node, ...]" = ()


def ours(items: Iterable[Item]) -> tuple[Node, ...]:
    return tuple(
        Node(i.id, i.mandatory, i.max)
        if i.loop is None
        else Node(i.loop.items[0].id, i.mandatory, i.max, ours(i.loop.items))
        for i in items
    )


def paths(nodes: Iterable[Node], at: str = "") -> Iterator[tuple[str, Node]]:
    """Segments by their path of groups, each group named by the segment that opens it."""
    for n in nodes:
        here = f"{at}{n.id}/" if n.inside else f"{at}{n.id}"
        yield here, n
        yield from paths(n.inside, here)


def refused(mine: Sequence[Node], other: Sequence[Node]) -> set[str]:
    """What the other structure allows and ours does not: not there, fewer times, or asked for where it may be left."""
    told = dict(paths(mine))
    found = set[str]()
    for path, node in paths(other):
        own = told.get(path) or told.get(f"{path}/")  # a segment with more below it takes the segment alone, too
        most = 1 if node.max == UNBOUNDED else node.max  # left open: that it may stand there is all that is said
        if own is None or own.max < most or (own.mandatory and node.mandatory is False):
            found.add(path)
    return found


def moved(mine: Sequence[Node], other: Sequence[Node]) -> list[tuple[str, str]]:
    """Segments that follow each other otherwise; only those that stand once in both."""
    first, second = [p for p, _ in paths(mine)], [p for p, _ in paths(other)]
    shared = {p for p in first if first.count(p) == 1 and second.count(p) == 1}
    pairs = zip((p for p in first if p in shared), (p for p in second if p in shared), strict=True)
    return [(a, b) for a, b in pairs if a != b]


def unread(ids: Sequence[str], nodes: Sequence[Node]) -> list[str]:
    """A message read by a structure as its standard tells it: each segment at the first place that may take it.

    Returns what the structure has no place for, and what it asks for in vain.
    """
    left, missing = _taken(list(ids), nodes)
    return [*missing, *left]


def _taken(ids: list[str], nodes: Sequence[Node]) -> tuple[list[str], list[str]]:
    missing: list[str] = []
    for node in nodes:
        count = 0
        while ids and ids[0] == node.id and count < node.max:
            count += 1
            if not node.inside:
                ids = ids[1:]
                continue
            ids, inner = _taken(ids, node.inside)
            missing += inner
        if node.mandatory and not count:
            missing.append(f"{node.id} missing")
    return ids, missing
