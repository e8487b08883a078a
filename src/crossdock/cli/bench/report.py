"""The report: one JSON file, and beside it a folder with the plots as SVG and a page that shows everything."""

import html
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from crossdock.cli.bench.figures import Figures

WIDTH, ROW, LEFT, RIGHT = 720, 26, 250, 90
HEIGHT, MARGIN = 260, 48
COLOURS = ("#2563eb", "#d97706", "#059669", "#9333ea")


def write(report: Figures, path: Path) -> Path:
    """Writes FILE and FILE's folder; the address of the page. Plots are kept beside, not inside, the JSON."""
    folder = path.with_suffix("")
    if folder == path:
        folder = path.with_name(path.name + "-report")
    folder.mkdir(parents=True, exist_ok=True)
    drawn: list[tuple[str, str]] = []
    for name, suite in cast("Mapping[str, Figures]", report["suites"]).items():
        names: list[str] = []
        for n, plot in enumerate(suite.pop("plots", [])):
            file = f"{name}-{n + 1}.svg"
            svg = draw(plot)
            (folder / file).write_text(svg, encoding="utf-8")
            names.append(f"{folder.name}/{file}")
            drawn.append((name, svg))
        suite["plots"] = names
    path.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    page = folder / "index.html"
    page.write_text(_page(report, drawn), encoding="utf-8")
    return page


# ── plots ───────────────────────────────────────────────────────────────────────────────────────────────────────


def draw(plot: Mapping[str, Any]) -> str:
    """kind bars: [[label, value]]; kind lines: {name: [[x, y]]}."""
    return _bars(plot) if plot["kind"] == "bars" else _lines(plot)


def _svg(height: float, title: str, inner: Sequence[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" role="img"'
        f' font-family="system-ui, sans-serif" font-size="13"><title>{html.escape(title)}</title>'
        f'<rect width="100%" height="100%" fill="#fff"/>'
        f'<text x="12" y="22" font-size="15" font-weight="600">{html.escape(title)}</text>'
    )
    return head + "".join(inner) + "</svg>\n"


def _bars(plot: Mapping[str, Any]) -> str:
    bars: list[tuple[str, float]] = [(str(label), float(value or 0)) for label, value in plot["bars"]]
    most = max([v for _, v in bars] or [1.0]) or 1.0
    room = WIDTH - LEFT - RIGHT
    parts: list[str] = []
    for n, (label, value) in enumerate(bars):
        y = 40 + n * ROW
        parts.append(
            f'<text x="{LEFT - 8}" y="{y + 14}" text-anchor="end">{html.escape(label)}</text>'
            f'<rect x="{LEFT}" y="{y}" width="{max(1.0, value / most * room):.1f}" height="18"'
            f' fill="{COLOURS[n % len(COLOURS)]}"/>'
            f'<text x="{LEFT + value / most * room + 6:.1f}" y="{y + 14}">{_short(value)}</text>'
        )
    return _svg(52 + len(bars) * ROW, str(plot["title"]), parts)


def _lines(plot: Mapping[str, Any]) -> str:
    lines: Mapping[str, Sequence[Sequence[float]]] = plot["lines"]
    points = [p for line in lines.values() for p in line]
    if not points:
        return _svg(60, str(plot["title"]), ['<text x="12" y="46">no points</text>'])
    low_x, high_x = min(p[0] for p in points), max(p[0] for p in points)
    high_y = max(p[1] for p in points) or 1.0
    span = (high_x - low_x) or 1.0

    def place(p: Sequence[float]) -> str:
        x = MARGIN + 12 + (p[0] - low_x) / span * (WIDTH - 2 * MARGIN)
        y = HEIGHT - MARGIN - p[1] / high_y * (HEIGHT - 2 * MARGIN)
        return f"{x:.1f},{y:.1f}"

    parts = [
        f'<line x1="{MARGIN + 12}" y1="{HEIGHT - MARGIN}" x2="{WIDTH - MARGIN + 12}" y2="{HEIGHT - MARGIN}"'
        ' stroke="#999"/>',
        f'<text x="{MARGIN + 6}" y="{MARGIN + 4}" text-anchor="end">{_short(high_y)}</text>',
        f'<text x="{MARGIN + 6}" y="{HEIGHT - MARGIN + 4}" text-anchor="end">0</text>',
        f'<text x="{MARGIN + 12}" y="{HEIGHT - 22}">{_short(low_x)}</text>',
        f'<text x="{WIDTH - MARGIN + 12}" y="{HEIGHT - 22}" text-anchor="end">'
        f"{_short(high_x)} {html.escape(str(plot.get('x', '')))}</text>",
    ]
    for n, (name, line) in enumerate(lines.items()):
        colour = COLOURS[n % len(COLOURS)]
        parts.append(
            f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{" ".join(place(p) for p in line)}"/>'
        )
        if name:
            parts.append(f'<text x="{WIDTH - MARGIN}" y="{40 + n * 18}" text-anchor="end" fill="{colour}">'
                         f"{html.escape(name)}</text>")  # fmt: skip
    return _svg(HEIGHT, str(plot["title"]), parts)


def _short(value: float) -> str:
    if not math.isfinite(value):
        return "?"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


# ── the page ────────────────────────────────────────────────────────────────────────────────────────────────────

_STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#111}
table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #ddd;padding:.25rem .5rem;text-align:left}
td.n{text-align:right;font-variant-numeric:tabular-nums}.extreme{color:#047857;font-weight:600}.firm{color:#1d4ed8}
.no{color:#b91c1c}.warn{background:#fef3c7;padding:.5rem .75rem}svg{width:100%;height:auto;margin:.5rem 0}
pre{background:#f5f5f5;padding:.75rem;overflow:auto;font-size:12px}"""


def _page(report: Figures, drawn: Sequence[tuple[str, str]]) -> str:
    m = report["machine"]
    parts = [
        "<!doctype html><html lang='en'><meta charset='utf-8'><title>crossdock bench</title>"
        f"<style>{_STYLE}</style><h1>crossdock bench</h1>",
        f"<p>{html.escape(m['at'])}, {html.escape(m['processor'])}, {m['processors']} processors, {m['memory_gib']}"
        f" GiB, {html.escape(m['system'])}, Crossdock {html.escape(m['crossdock'])} {html.escape(m['commit'])},"
        f" load before {m['load_average_before']}, size {html.escape(report['size'])}</p>",
    ]
    if not report["reliable"]:
        why = "".join(f"<li>{html.escape(w)}</li>" for w in report["unreliable_because"])
        parts.append(f"<div class='warn'>Not reliable:<ul>{why}</ul></div>")
    parts.append("<h2>Goals</h2><table><tr><th>Goal<th>Firm<th>Extreme<th>Found<th>Met</tr>")
    for g in report["goals"]:
        found = "" if g["found"] is None else f"{g['found']:,} {g['unit']}"
        parts.append(
            f"<tr><td>{html.escape(g['goal'])}<td class=n>{g['firm']}<td class=n>{g['extreme']}<td class=n>{found}"
            f"<td class='{g['met'].split()[0]}'>{g['met']}</tr>"
        )
    parts.append("</table>")
    if report["not_run"]:
        rows = "".join(f"<li>{html.escape(k)}: NOT RUN: {html.escape(v)}</li>" for k, v in report["not_run"].items())
        parts.append(f"<ul>{rows}</ul>")
    for name, suite in report["suites"].items():
        parts.append(f"<h2>{html.escape(name)}</h2>")
        if suite["status"] != "ok":
            parts.append(f"<p class='no'>{html.escape(suite['status'])}: {html.escape(suite.get('error', ''))}</p>")
        parts += [svg for of, svg in drawn if of == name]
        parts.append(
            f"<details><summary>Figures</summary><pre>{html.escape(json.dumps(suite, indent=1))}</pre></details>"
        )
    return "\n".join(parts) + "</html>\n"
