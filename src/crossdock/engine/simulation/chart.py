"""Curves of a rehearsal: as text for a terminal, as SVG for a page. Nothing is installed for it."""

from collections.abc import Sequence
from datetime import timedelta
from xml.sax.saxutils import escape

from crossdock.engine.simulation.rehearsal import Rehearsal

WIDTH, HEIGHT = 68, 10  # fits 80 columns
BLOCKS = " ▁▂▃▄▅▆▇█"


def span(seconds: float) -> str:
    """4 h 20 min; 35 s; 2 d 3 h."""
    if seconds < 60:
        return f"{seconds:.3g} s"
    parts: list[str] = []
    left = round(seconds)
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if left >= length and len(parts) < 2:
            parts.append(f"{left // length} {unit}")
            left %= length
    return " ".join(parts)


def text(curve: Sequence[tuple[float, int]], horizon_s: float, down: Sequence[tuple[float, float]]) -> list[str]:
    """Lines of a bar chart, the highest first, then a line that marks the outages, then the time."""
    columns = [0] * WIDTH
    for at, n in curve:
        column = min(WIDTH - 1, int(at / horizon_s * WIDTH))
        columns[column] = max(columns[column], n)
    most = max([*columns, 1])
    lines: list[str] = []
    for row in range(HEIGHT - 1, -1, -1):
        eighths = [round(n / most * HEIGHT * 8) - row * 8 for n in columns]
        label = f"{round(most * (row + 1) / HEIGHT):>7}" if row in (HEIGHT - 1, HEIGHT // 2 - 1) else " " * 7
        lines.append(f"{label} │" + "".join(BLOCKS[max(0, min(8, e))] for e in eighths))
    marks = [" "] * WIDTH
    for since, until in down:
        for column in range(int(since / horizon_s * WIDTH), min(WIDTH, int(until / horizon_s * WIDTH) + 1)):
            marks[column] = "▔"
    lines.append(" " * 7 + " └" + "─" * WIDTH)
    if any(m != " " for m in marks):
        lines.append("   down  " + "".join(marks))
    end = span(horizon_s)
    lines.append(" " * 9 + "0" + " " * (WIDTH - 1 - len(end)) + end)
    return lines


# ── svg ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

W, H, LEFT, TOP, BOTTOM = 860, 260, 56, 34, 34


def svg(found: Rehearsal) -> str:
    """One panel a system whose queue differs, or all: the queue with the outage over the queue without it."""
    names = [e.system for e in found.effects if e.system in found.hurt.systems] or list(found.hurt.systems)
    names = list(dict.fromkeys(names))
    panels = "".join(_panel(found, name, i * H) for i, name in enumerate(names))
    height = H * max(1, len(names))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {W} {height}" width="{W}" height="{height}" '
        'font-family="system-ui, sans-serif" font-size="12">'
        f"<title>{escape(found.definition)}</title>"
        f'<rect width="100%" height="100%" fill="#fff"/>{panels}</svg>\n'
    )


def _panel(found: Rehearsal, name: str, top: int) -> str:
    hurt, normal = found.hurt.systems[name], found.normal.systems.get(name)
    most = max(1, hurt.most, normal.most if normal else 0)
    wide, high = W - LEFT - 16, H - TOP - BOTTOM

    def x(at: float) -> float:
        return round(LEFT + at / found.horizon_s * wide, 1)

    def y(n: float) -> float:
        return round(top + TOP + high - n / most * high, 1)

    def line(curve: Sequence[tuple[float, int]], style: str) -> str:
        points = " ".join(f"{x(at)},{y(n)}" for at, n in curve)
        return f'<polyline points="{points}" fill="none" {style}/>'

    bands = "".join(
        f'<rect x="{x(e.since_s)}" y="{top + TOP}" width="{x(e.until_s) - x(e.since_s)}" height="{high}" '
        f'fill="#d03b3b" opacity=".14"/>'
        for e in found.effects
        if e.system == name
    )
    grid = "".join(
        f'<line x1="{LEFT}" x2="{W - 16}" y1="{y(n)}" y2="{y(n)}" stroke="#ddd"/>'
        f'<text x="{LEFT - 6}" y="{y(n) + 4}" text-anchor="end" fill="#555">{n:g}</text>'
        for n in (0, most / 2, most)
    )
    ticks = "".join(
        f'<text x="{x(found.horizon_s * i / 6)}" y="{top + H - 12}" text-anchor="middle" fill="#555">'
        f"{escape(span(found.horizon_s * i / 6) if i else '0')}</text>"
        for i in range(7)
    )
    curves = line(hurt.curve, 'stroke="#1f6feb" stroke-width="2"')
    if normal is not None:
        curves = line(normal.curve, 'stroke="#888" stroke-dasharray="4 3"') + curves
    title = f"{name}: calls waiting or under way, with the outage and (dashed) without"
    return f'<text x="{LEFT}" y="{top + 20}" font-weight="600">{escape(title)}</text>{bands}{grid}{ticks}{curves}'


def seconds(length: timedelta) -> str:
    return span(length.total_seconds())
