"""A graph as an SVG file of its own: readable in light and dark, in a page or alone, by eye and by screen reader."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from crossdock.flow.graph import DONE, FAILED, START, SWITCH, Edge, Graph, Node
from crossdock.flow.layout import Box, Line, Point, Route, lay_out

_MARGIN: Final = 20.0
_LEGEND: Final = 34.0
_ENDS: Final = frozenset({START, DONE, FAILED})
# what a stage's `kind` says, in the words of the legend
_KINDS: Final = {
    "event": "Event",
    "decision": "Decision",
    "task": "Step",
    "person": "Person",
    "wait": "Waits",
    "end": "End",
}
_STYLE: Final = """
  svg { color-scheme: light dark; --ink: #1f2933; --soft: #5f6c7b; --page: #ffffff; --box: #f7f9fb; --line: #8a97a6;
    --event: #6d5bd0; --decision: #b7791f; --task: #2b6cb0; --person: #c2410c; --wait: #4a5568; --end: #2f855a;
    --bad: #c53030; }
  @media (prefers-color-scheme: dark) {
    svg { --ink: #e6ebf0; --soft: #a3afbd; --page: #14181d; --box: #1e242b; --line: #66727f;
      --event: #a394f0; --decision: #e0b252; --task: #6fb1f0; --person: #f59160; --wait: #9aa7b5; --end: #68c894;
      --bad: #f58080; } }
  text { font: 13px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; fill: var(--ink); }
  .label, .legend { font-size: 11px; fill: var(--soft); }
  .page { fill: var(--page); }
  .box { fill: var(--box); stroke: var(--line); stroke-width: 1; }
  .round { fill: var(--box); stroke: var(--ink); stroke-width: 1.5; }
  .halo { fill: var(--page); opacity: .88; }
  .way { fill: none; stroke: var(--line); stroke-width: 1.4; }
  .back { stroke-dasharray: 1 4; stroke-linecap: round; stroke-width: 1.8; }
  .error { stroke: var(--bad); stroke-dasharray: 5 4; }
  .tip { fill: var(--line); } .tip-error { fill: var(--bad); }
""".strip()


def svg(drawn: Graph, title: str) -> str:
    """The picture as text. title: what the workflow is called."""
    boxes = [_box(node) for node in drawn.nodes]
    place = {node.id: i for i, node in enumerate(drawn.nodes)}
    shown = [(edge, _lines(edge.label)) for edge in drawn.edges]
    lines = [
        Line(place[edge.source], place[edge.target], _label_box(texts) if texts else None) for edge, texts in shown
    ]
    laid = lay_out(boxes, lines)
    kinds = [kind for kind in _KINDS if any(node.kind == kind for node in drawn.nodes)]
    legend = _legend(kinds)
    width = max(laid.width, legend[1]) + 2 * _MARGIN
    height = laid.height + 2 * _MARGIN + (_LEGEND if kinds else 0)
    left = _MARGIN + (width - 2 * _MARGIN - laid.width) / 2
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" role="img" aria-labelledby="graph-title graph-desc">',
        f'<title id="graph-title">{escape(title)}</title>',
        f'<desc id="graph-desc">{escape(_told(drawn))}</desc>',
        f"<style>{_STYLE}</style>",
        '<rect class="page" width="100%" height="100%" rx="8"/>',
        "<defs>",
        _marker("tip"),
        _marker("tip-error"),
        "</defs>",
        f'<g transform="translate({left:.1f} {_MARGIN:.1f})">',
    ]
    parts += [_way(edge, route) for (edge, _), route in zip(shown, laid.routes, strict=True)]
    parts += [
        _label(texts, route.label)
        for (_, texts), route in zip(shown, laid.routes, strict=True)
        if texts and route.label is not None
    ]
    parts += [_node(node, box, at) for node, box, at in zip(drawn.nodes, boxes, laid.centres, strict=True)]
    parts += ["</g>"]
    if kinds:
        parts.append(f'<g transform="translate({_MARGIN} {height - _MARGIN - 6:.1f})">{legend[0]}</g>')
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


def _told(drawn: Graph) -> str:
    """The picture in words, for those who do not see it."""
    labels = {node.id: node.label for node in drawn.nodes}
    said: list[str] = []
    for node in drawn.nodes:
        ways = [
            labels[edge.target] + (f" ({edge.label})" if edge.label else "") + (" on an error" if edge.error else "")
            for edge in drawn.edges
            if edge.source == node.id
        ]
        if ways:
            said.append(f"{node.label} leads to {', '.join(ways)}.")
    return " ".join(said)


# ── sizes ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _width(text: str, size: float) -> float:
    """About how wide a text is; a little too wide rather than too narrow."""
    narrow, wide = set("iljtfr.,:;'|!()[] "), set("mwMW@%")
    ems = sum(
        0.34 if c in narrow else 0.9 if c in wide else 1.0 if ord(c) > 0x2E80 else 0.66 if c.isupper() else 0.57
        for c in text
    )
    return ems * size


def _box(node: Node) -> Box:
    if node.kind == SWITCH:
        return Box(18, 18)
    if node.kind in _ENDS:
        return Box(max(64.0, _width(node.label, 13) + 32), 32)
    return Box(max(104.0, _width(node.label, 13) + 34), 38)


def _lines(label: str) -> list[str]:
    """A label in lines of at most 22 letters, three of them."""
    texts: list[str] = []
    for word in label.split(" / "):
        if texts and len(texts[-1]) + len(word) + 3 <= 22:
            texts[-1] += f" / {word}"
        elif word:
            texts.append(word)
    shown = [text if len(text) <= 26 else text[:25] + "…" for text in texts]
    return shown if len(shown) <= 3 else [*shown[:2], f"and {len(shown) - 2} more"]


def _label_box(texts: Sequence[str]) -> Box:
    return Box(max(_width(text, 11) for text in texts) + 10, 14.0 * len(texts) + 4)


# ── drawing ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _marker(name: str) -> str:
    return (
        f'<marker id="{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto" '
        f'markerUnits="userSpaceOnUse"><path class="{name}" d="M0 0.5 8 4 0 7.5z"/></marker>'
    )


def _way(edge: Edge, route: Route) -> str:
    classes = "way" + (" error" if edge.error else " back" if route.back else "")
    tip = "tip-error" if edge.error else "tip"
    title = f"<title>{escape(edge.label)}</title>" if edge.label else ""
    return f'<path class="{classes}" d="{_curve(route.points)}" marker-end="url(#{tip})">{title}</path>'


def _curve(points: Sequence[Point]) -> str:
    """A smooth line that leaves and arrives upright and never swings back (monotone cubic, x as a function of y)."""
    (x, y), *rest = points
    start = f"M{_number(x)} {_number(y)}"
    if y == rest[0][1]:
        return start + "C" + " ".join(f"{_number(a)} {_number(b)}" for a, b in rest)  # around itself
    kept = [point for i, point in enumerate(points) if not i or point != points[i - 1]]
    pairs = list(pairwise(kept))
    slopes = [(qx - px) / (qy - py) if qy != py else 0.0 for (px, py), (qx, qy) in pairs]
    leans = [0.0, *(_lean(a, b) for a, b in pairwise(slopes)), 0.0]
    said = [start]
    for i, ((px, py), (qx, qy)) in enumerate(pairs):
        third = (qy - py) / 3
        bends = (px + leans[i] * third, py + third, qx - leans[i + 1] * third, qy - third, qx, qy)
        straight = px == qx and not leans[i] and not leans[i + 1]
        said.append(f"L{_number(qx)} {_number(qy)}" if straight else "C" + " ".join(_number(n) for n in bends))
    return "".join(said)


def _lean(before: float, after: float) -> float:
    """The slope at a bend: between those of its two sides, upright where they disagree (Fritsch and Carlson)."""
    return 0.0 if before * after <= 0 else 2 * before * after / (before + after)


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _label(texts: Sequence[str], at: Point) -> str:
    box = _label_box(texts)
    x, y = at
    halo = (
        f'<rect class="halo" x="{x - box.width / 2:.1f}" y="{y - box.height / 2:.1f}" width="{box.width:.1f}" '
        f'height="{box.height:.1f}" rx="3"/>'
    )
    first = y - 14 * (len(texts) - 1) / 2 + 4
    rows = "".join(
        f'<text class="label" x="{_number(x)}" y="{_number(first + 14 * i)}" text-anchor="middle">{escape(text)}</text>'
        for i, text in enumerate(texts)
    )
    return halo + rows


def _node(node: Node, box: Box, at: Point) -> str:
    x, y = at
    left, top = x - box.width / 2, y - box.height / 2
    about = f"{node.label} ({node.pointer})" if node.pointer else node.label
    opening = f"<g data-id={quoteattr(node.id)}><title>{escape(about)}</title>"
    if node.kind == SWITCH:
        shape = f'<path class="box" d="M{x:.1f} {top:.1f}l9 9l-9 9l-9 -9z"/>'
        return f"{opening}{shape}</g>"
    size = f'x="{left:.1f}" y="{top:.1f}" width="{box.width:.1f}" height="{box.height:.1f}"'
    text = f'<text x="{x:.1f}" y="{y + 4.5:.1f}" text-anchor="middle">{escape(node.label)}</text>'
    if node.kind in _ENDS:
        colour = ' style="stroke:var(--bad)"' if node.kind == FAILED else ""
        return f'{opening}<rect class="round" {size} rx="16"{colour}/>{text}</g>'
    colour = _colour(node.kind)
    band = f'<path d="M{left + 6:.1f} {top:.1f}a6 6 0 0 0 -6 6v{box.height - 12:.1f}a6 6 0 0 0 6 6z" fill="{colour}"/>'
    shape = f'<rect class="box" {size} rx="6"/>{band}'
    return f"{opening}{shape}{text}</g>"


def _colour(kind: str) -> str:
    return f"var(--{kind})" if kind in _KINDS else "var(--task)"


def _legend(kinds: Sequence[str]) -> tuple[str, float]:
    """What the colours mean, and how wide that is."""
    x = 0.0
    parts: list[str] = []
    for kind in kinds:
        parts.append(f'<rect x="{x:.1f}" y="-9" width="10" height="10" rx="2" fill="{_colour(kind)}"/>')
        parts.append(f'<text class="legend" x="{x + 15:.1f}" y="0">{_KINDS[kind]}</text>')
        x += 15 + _width(_KINDS[kind], 11) + 16
    return "".join(parts), x
