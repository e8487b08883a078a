"""What every expression of order to cash costs here, in the jq library and in jaq, on the data it saw.

The shipped scenarios are played and each expression's largest input is kept, with the variables it read. Then each is
timed on exactly that, in processor time, the engines taking turns, best of the rounds: what else the machine did is
not the expression's doing.

- native: Python value in, Python value out, as the engine calls it;
- libjq, values: the same through `jq.compile(…).input_value(value).first()`: the library writes JSON, parses it, runs,
  writes JSON, and Python parses that;
- libjq, text: JSON text in, JSON text out, `input_text(text).text()`: no Python value on either side, which no engine
  that holds its data as values can have;
- jaq, values: Python value in and out, where `pip install jaq-rs` was done.

The library fixes variables when it compiles, so those of a run travel in the input, both ways. Programs are compiled
beforehand everywhere.

Run: python tests/benchmarks/expressions.py [--json FILE] [--all]
"""

import argparse
import asyncio
import importlib
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from importlib.resources import as_file, files
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jq as library

from crossdock import exactjson
from crossdock.cli import flowtest
from crossdock.engine import scenarios
from crossdock.flow import dataflow, jq

ROUNDS = 7
ROUND_S = 0.004
LONGEST_SHOWN = 68


@dataclass(slots=True)
class Seen:
    """An expression and the largest input it was given."""

    source: str
    value: Any = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    size: int = -1
    times: int = 0


class _Recorder:
    """Compiles as `jq.compile` does, and keeps what every expression is evaluated on."""

    def __init__(self) -> None:
        self.seen: dict[str, Seen] = {}

    def compile(self, source: str, fallback: Any = None) -> Any:
        expression = jq.compile(source, fallback)
        seen = self.seen.setdefault(source, Seen(source))

        class Recording:
            native = expression.native
            variables = expression.variables
            fields = expression.fields

            @staticmethod
            def evaluate(value: Any, variables: Mapping[str, Any]) -> Any:
                seen.times += 1
                read = {name: variables[name] for name in expression.variables}
                size = len(exactjson.dumps([value, read]))
                if size > seen.size:
                    seen.value, seen.variables, seen.size = value, read, size
                return expression.evaluate(value, variables)

        return Recording


def recorded() -> list[Seen]:
    """Every expression that the shipped scenarios evaluate."""
    recorder = _Recorder()
    with as_file(files("crossdock.library").joinpath("workflows")) as folder:
        loaded = [scenarios.load(path) for path in sorted(Path(folder).glob("*.test.yaml"))]
        dataflow.jq = SimpleNamespace(**{**vars(jq), "compile": recorder.compile})  # type: ignore[assignment]
        try:
            reports = [asyncio.run(scenarios.run(file, flowtest.computing(file))) for file in loaded]
        finally:
            dataflow.jq = jq
    assert not any(verdict.differences for report in reports for verdict in report.verdicts)
    return [seen for seen in recorder.seen.values() if seen.times]


def plain(value: Any) -> Any:
    """With floats: what the libraries take."""
    match value:
        case Decimal():
            return float(value)
        case dict():
            return {key: plain(item) for key, item in value.items()}
        case list():
            return [plain(item) for item in value]
        case _:
            return value


def engines(seen: Seen, jaq: Any) -> dict[str, Callable[[], Any]]:
    expression = jq.compile(seen.source)
    value, variables = seen.value, seen.variables
    names = sorted(expression.variables)
    given = plain(value)
    if names:
        given = {"i": given, **{f"v{i}": plain(variables[name]) for i, name in enumerate(names)}}
    binding = "".join(f".v{i} as ${name} | " for i, name in enumerate(names))
    source = f"{binding}.i | ({seen.source})" if names else seen.source
    program = library.compile(source)
    text = exactjson.text(given)
    found: dict[str, Callable[[], Any]] = {
        "native": lambda: expression.evaluate(value, variables),
        "libjq_values": lambda: program.input_value(given).first(),
        "libjq_text": lambda: program.input_text(text).text(),
    }
    if jaq is not None:
        filtered = jaq.compile(source)
        found["jaq_values"] = lambda: filtered.first(given)
    return found


def microseconds(calls: Mapping[str, Callable[[], Any]]) -> dict[str, float]:
    """Best of the rounds, which take turns."""
    numbers: dict[str, int] = {}
    for name, call in calls.items():
        call()
        begun = time.thread_time()
        call()
        numbers[name] = max(1, int(ROUND_S / max(time.thread_time() - begun, 1e-7)))
    best = dict.fromkeys(calls, float("inf"))
    for _ in range(ROUNDS):
        for name, call in calls.items():
            times = range(numbers[name])
            begun = time.thread_time()
            for _ in times:
                call()
            best[name] = min(best[name], (time.thread_time() - begun) / numbers[name] * 1e6)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    parser.add_argument("--all", action="store_true", help="show every expression, not only the ten slowest ratios")
    options = parser.parse_args()
    try:
        jaq: Any = importlib.import_module("jaq")
    except ImportError:
        jaq = None
    rows: list[dict[str, Any]] = []
    for seen in recorded():
        took = microseconds(engines(seen, jaq))
        row = {"expression": seen.source, "bytes": seen.size, "evaluated": seen.times, "us": took}
        row["ratios"] = {name: took[name] / took["native"] for name in took if name != "native"}
        rows.append(row)
    rows.sort(key=lambda row: row["ratios"]["libjq_values"])
    _show(rows if options.all else rows[:10])
    summary = {
        name: {"min": min(ratios), "median": statistics.median(ratios), "at_least_20": sum(r >= 20 for r in ratios)}
        for name in rows[0]["ratios"]
        if (ratios := [row["ratios"][name] for row in rows])
    }
    print(f"\n{len(rows)} expressions; median input {statistics.median(row['bytes'] for row in rows):.0f} bytes")
    for name, facts in summary.items():
        least, median = facts["min"], facts["median"]
        print(f"native to {name:14} min {least:6.1f}x  median {median:6.1f}x  20x: {facts['at_least_20']}")
    if options.json:
        options.json.write_bytes(exactjson.dumps({"summary": summary, "expressions": rows}))


def _show(rows: list[dict[str, Any]]) -> None:
    names = list(rows[0]["us"])
    print(f"{'µs':{LONGEST_SHOWN}}{'bytes':>7}" + "".join(f"{name:>14}" for name in names))
    for row in rows:
        source = " ".join(row["expression"].split())
        shown = source if len(source) < LONGEST_SHOWN else source[: LONGEST_SHOWN - 2] + "…"
        print(f"{shown:{LONGEST_SHOWN}}{row['bytes']:7}" + "".join(f"{row['us'][name]:14.2f}" for name in names))


if __name__ == "__main__":
    main()
