"""Where the boxes and lines of a graph go: a layered drawing, top to bottom.

The five steps of Sugiyama, Tagawa and Toda (1981): turn the edges that close a cycle; give every node a layer below
those that lead to it; put a bend into each layer that an edge crosses (and a place for its label); order each layer so
that few lines cross; give coordinates that keep the order and straighten the lines. The last is a least-squares fit
under the distances that must be kept, solved exactly layer by layer (pool adjacent violators).

Written here because the layout libraries for Python are GPL or EPL, or bindings to programs that would have to be
installed. Deterministic: the same graph gives the same picture.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, TypeAlias

Point: TypeAlias = tuple[float, float]

NODE_GAP: Final = 28.0
BEND_GAP: Final = 16.0
LAYER_GAP: Final = 26.0
_ORDER_SWEEPS: Final = 24
_PLACE_SWEEPS: Final = 80


@dataclass(frozen=True, slots=True)
class Box:
    """What is placed: its size goes in, its centre comes out of `lay_out`."""

    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Line:
    """source and target are places in the list of boxes; label is the size of its text, if it has one."""

    source: int
    target: int
    label: Box | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """The way of a line: points from source to target, straight within a layer's height, curved between layers."""

    points: tuple[Point, ...]
    label: Point | None
    back: bool  # it leads up, against the reading order


@dataclass(frozen=True, slots=True)
class Layout:
    width: float
    height: float
    centres: tuple[Point, ...]
    routes: tuple[Route, ...]


@dataclass(slots=True)
class _Spot:
    """A box, a bend, or a label in its layer. line is -1 for a box."""

    layer: int
    width: float
    height: float
    line: int = -1
    label: bool = False
    up: list[int] = field(default_factory=list[int])
    down: list[int] = field(default_factory=list[int])
    x: float = 0.0
    y: float = 0.0


def lay_out(boxes: Sequence[Box], lines: Sequence[Line]) -> Layout:
    """Places for all boxes and lines. A line from a box to itself gets a route around its right side."""
    if not boxes:
        return Layout(0, 0, (), ())
    turned = _turned(len(boxes), lines)
    layers = _layers(len(boxes), lines, turned)
    spots, chains = _spots(boxes, lines, turned, layers)
    rows = _ordered(spots)
    _place_x(spots, rows)
    height = _place_y(spots, rows)
    routes = [_route(spots, chains[i], line, i in turned) for i, line in enumerate(lines)]
    return _shifted(spots[: len(boxes)], routes, spots, height)


# ── layers ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _turned(count: int, lines: Sequence[Line]) -> set[int]:
    """Lines that close a cycle, seen from the first box on in the order of the list."""
    out: list[list[int]] = [[] for _ in range(count)]
    for i, line in enumerate(lines):
        out[line.source].append(i)
    turned: set[int] = set()
    state = [0] * count  # 0 new, 1 on the way, 2 done
    for root in range(count):
        if state[root]:
            continue
        state[root] = 1
        stack = [(root, iter(sorted(out[root], key=lambda i: lines[i].target)))]
        while stack:
            node, rest = stack[-1]
            for i in rest:
                target = lines[i].target
                if state[target] == 1:
                    turned.add(i)
                elif state[target] == 0:
                    state[target] = 1
                    stack.append((target, iter(sorted(out[target], key=lambda j: lines[j].target))))
                    break
            else:
                state[node] = 2
                stack.pop()
    return turned


def _layers(count: int, lines: Sequence[Line], turned: set[int]) -> list[int]:
    """A layer for every box, each below all that lead to it, then as near to its neighbours as that allows."""
    ends = [_ends(line, i in turned) for i, line in enumerate(lines) if line.source != line.target]
    layer = [0] * count
    for _ in range(count):
        moved = False
        for above, below in ends:
            if layer[below] < layer[above] + 1:
                layer[below] = layer[above] + 1
                moved = True
        if not moved:
            break
    for _ in range(4):
        for node in range(count):
            above = [layer[a] for a, b in ends if b == node]
            below = [layer[b] for a, b in ends if a == node]
            if len(below) > len(above):
                layer[node] = min(below) - 1
            elif not below and above:
                layer[node] = max(above) + 1
    least = min(layer)
    return [at - least for at in layer]


def _ends(line: Line, turned: bool) -> tuple[int, int]:
    return (line.target, line.source) if turned else (line.source, line.target)


def _spots(
    boxes: Sequence[Box], lines: Sequence[Line], turned: set[int], layers: Sequence[int]
) -> tuple[list[_Spot], list[list[int]]]:
    """Boxes stand in the even layers; bends and labels in all between. A chain is a line's spots from top to bottom."""
    spots = [_Spot(2 * layer, box.width, box.height) for box, layer in zip(boxes, layers, strict=True)]
    chains: list[list[int]] = []
    for i, line in enumerate(lines):
        if line.source == line.target:
            chains.append([line.source])
            continue
        top, bottom = _ends(line, i in turned)
        chain = [top]
        first, last = 2 * layers[top] + 1, 2 * layers[bottom] - 1
        # a label stands next to where its line begins: that is where the choice is made
        at_label = (last if i in turned else first) if line.label is not None else -1
        for layer in range(first, last + 1):
            box = line.label if line.label is not None and layer == at_label else None
            width, height = (box.width, box.height) if box is not None else (0.0, 0.0)
            spots.append(_Spot(layer, width, height, i, box is not None))
            chain.append(len(spots) - 1)
        chain.append(bottom)
        for above, below in pairwise(chain):
            spots[above].down.append(below)
            spots[below].up.append(above)
        chains.append(chain)
    return spots, chains


# ── order ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _ordered(spots: Sequence[_Spot]) -> list[list[int]]:
    """The layers, each in an order with few crossings: sweeps by the mean place of neighbours, the best one kept."""
    rows: list[list[int]] = [[] for _ in range(max(spot.layer for spot in spots) + 1)]
    seen: set[int] = set()
    waiting = list(range(len(spots)))[::-1]
    while waiting:  # depth first, so that what belongs together begins together
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            rows[spots[node].layer].append(node)
            waiting.extend(reversed(spots[node].down))
    best, fewest = [row[:] for row in rows], _crossings(spots, rows)
    for sweep in range(_ORDER_SWEEPS):
        downward = sweep % 2 == 0
        for at in range(1, len(rows)) if downward else range(len(rows) - 2, -1, -1):
            fixed = rows[at - 1 if downward else at + 1]
            place = {node: i for i, node in enumerate(fixed)}
            _by_mean(rows[at], lambda n, d=downward: spots[n].up if d else spots[n].down, place)
        _swapped(spots, rows)
        crossings = _crossings(spots, rows)
        if crossings < fewest:
            best, fewest = [row[:] for row in rows], crossings
    return best


def _by_mean(row: list[int], neighbours: Callable[[int], list[int]], place: Mapping[int, int]) -> None:
    """Sort a layer by the mean place of each spot's neighbours; spots without any keep theirs."""
    means = {n: sum(place[m] for m in neighbours(n)) / len(neighbours(n)) for n in row if neighbours(n)}
    moving = iter(sorted((n for n in row if n in means), key=lambda n: means[n]))
    row[:] = [next(moving) if n in means else n for n in row]


def _swapped(spots: Sequence[_Spot], rows: list[list[int]]) -> None:
    """Swap neighbours as long as that takes crossings away."""
    for at, row in enumerate(rows):
        above = {n: i for i, n in enumerate(rows[at - 1])} if at else {}
        below = {n: i for i, n in enumerate(rows[at + 1])} if at + 1 < len(rows) else {}
        for _ in range(len(row)):
            swapped = False
            for i in range(len(row) - 1):
                left, right = row[i], row[i + 1]
                gain = 0
                for place, ends in (
                    (above, (spots[left].up, spots[right].up)),
                    (below, (spots[left].down, spots[right].down)),
                ):
                    gain += sum((place[a] > place[b]) - (place[a] < place[b]) for a in ends[0] for b in ends[1])
                if gain > 0:
                    row[i], row[i + 1] = right, left
                    swapped = True
            if not swapped:
                break


def _crossings(spots: Sequence[_Spot], rows: Sequence[Sequence[int]]) -> int:
    total = 0
    for upper, lower in pairwise(rows):
        place = {node: i for i, node in enumerate(lower)}
        ends = [sorted(place[m] for m in spots[n].down) for n in upper]
        flat = [p for part in ends for p in part]
        total += sum(flat[j] < flat[i] for i in range(len(flat)) for j in range(i + 1, len(flat)))
        total -= sum(part[j] < part[i] for part in ends for i in range(len(part)) for j in range(i + 1, len(part)))
    return total


# ── coordinates ──────────────────────────────────────────────────────────────────────────────────────────────────


def _place_x(spots: Sequence[_Spot], rows: Sequence[Sequence[int]]) -> None:
    """Begin packed to the left, then let every spot go to the mean of its neighbours, as far as its layer allows."""
    for row in rows:
        x = 0.0
        for i, node in enumerate(row):
            x += _distance(spots, row[i - 1], node) if i else 0.0
            spots[node].x = x
    for sweep in range(_PLACE_SWEEPS):
        downward = sweep % 2 == 0
        both = sweep >= _PLACE_SWEEPS // 2
        for row in rows if downward else rows[::-1]:
            wanted: list[float] = []
            weights: list[float] = []
            for node in row:
                spot = spots[node]
                around = [*spot.up, *spot.down] if both else (spot.up if downward else spot.down)
                pulls = [(spots[m].x, _pull(spot, spots[m])) for m in around]
                weight = sum(w for _, w in pulls)
                wanted.append(sum(x * w for x, w in pulls) / weight if weight else spot.x)
                weights.append(weight or 0.05)
            for node, x in zip(row, _fitted(spots, row, wanted, weights), strict=True):
                spots[node].x = x


def _pull(one: _Spot, other: _Spot) -> float:
    """How much a line between two spots wants to be straight: long lines most."""
    return {0: 1.0, 1: 2.0, 2: 40.0}[(one.line >= 0) + (other.line >= 0)]


def _distance(spots: Sequence[_Spot], left: int, right: int) -> float:
    one, other = spots[left], spots[right]
    gap = NODE_GAP if one.line < 0 and other.line < 0 else BEND_GAP
    return (one.width + other.width) / 2 + gap


def _fitted(
    spots: Sequence[_Spot], row: Sequence[int], wanted: Sequence[float], weights: Sequence[float]
) -> list[float]:
    """The places nearest to the wanted ones (least squares) that keep order and distances."""
    offsets = [0.0]
    for i in range(1, len(row)):
        offsets.append(offsets[-1] + _distance(spots, row[i - 1], row[i]))
    blocks: list[tuple[float, float, int]] = []  # weighted mean, weight, members
    for want, offset, weight in zip(wanted, offsets, weights, strict=True):
        mean, heavy, size = want - offset, weight, 1
        while blocks and blocks[-1][0] > mean:
            before, weighs, members = blocks.pop()
            mean = (before * weighs + mean * heavy) / (weighs + heavy)
            heavy, size = heavy + weighs, size + members
        blocks.append((mean, heavy, size))
    flat = [mean for mean, _, size in blocks for _ in range(size)]
    return [mean + offset for mean, offset in zip(flat, offsets, strict=True)]


def _place_y(spots: Sequence[_Spot], rows: Sequence[Sequence[int]]) -> float:
    y = 0.0
    for at, row in enumerate(rows):
        height = max((spots[node].height for node in row), default=0.0)
        for node in row:
            spots[node].y = y + height / 2
        y += height + (LAYER_GAP if at + 1 < len(rows) else 0.0)
    return y


def _route(spots: Sequence[_Spot], chain: Sequence[int], line: Line, back: bool) -> Route:
    if len(chain) == 1:
        return _loop(spots[chain[0]], line)
    first, last = spots[chain[0]], spots[chain[-1]]
    points: list[Point] = [(_port(spots, chain[0], chain[1], down=True), first.y + first.height / 2)]
    label: Point | None = None
    for node in chain[1:-1]:
        spot = spots[node]
        if spot.label:
            label = (spot.x, spot.y)
        points += [(spot.x, spot.y - spot.height / 2), (spot.x, spot.y + spot.height / 2)]
    points.append((_port(spots, chain[-1], chain[-2], down=False), last.y - last.height / 2))
    return Route(tuple(reversed(points)) if back else tuple(points), label, back)


def _port(spots: Sequence[_Spot], box: int, towards: int, *, down: bool) -> float:
    """Where on its side a line meets a box: in the order in which the lines come, around the middle."""
    spot = spots[box]
    ends = sorted(spot.down if down else spot.up, key=lambda n: spots[n].x)
    step = min(18.0, (spot.width - 16) / max(1, len(ends) - 1)) if len(ends) > 1 else 0.0
    return spot.x + (ends.index(towards) - (len(ends) - 1) / 2) * step


def _loop(spot: _Spot, line: Line) -> Route:
    right, reach = spot.x + spot.width / 2, 18.0
    points = ((right, spot.y + 6), (right + reach, spot.y + 6), (right + reach, spot.y - 6), (right, spot.y - 6))
    label = None if line.label is None else (right + reach + 4 + line.label.width / 2, spot.y)
    return Route(points, label, back=True)


def _shifted(boxes: Sequence[_Spot], routes: Sequence[Route], spots: Sequence[_Spot], height: float) -> Layout:
    """The same with its left edge at 0."""
    left = min([spot.x - spot.width / 2 for spot in spots])
    right = max([spot.x + spot.width / 2 for spot in spots])
    right = max([right, *(x + 4 for route in routes for x, _ in route.points)])

    def moved(point: Point) -> Point:
        return round(point[0] - left, 1), round(point[1], 1)

    return Layout(
        round(right - left, 1),
        round(height, 1),
        tuple(moved((spot.x, spot.y)) for spot in boxes),
        tuple(
            Route(tuple(moved(p) for p in r.points), None if r.label is None else moved(r.label), r.back)
            for r in routes
        ),
    )
