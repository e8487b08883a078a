"""`crossdock simulate --definition`: what an outage would cost, for people who write and run workflows.

The fakes are those of the scenario file beside the definition (`NAME.test.yaml`, see `crossdock flow test`).
"""

import asyncio
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from crossdock import exactjson
from crossdock.cli.flowtest import computing
from crossdock.engine import scenarios
from crossdock.engine.fallback import ProcessFallback
from crossdock.engine.simulation import chart, rehearsal
from crossdock.engine.simulation.rehearsal import Outage, Plan, Rehearsal, Run, Service
from crossdock.errors import SetupError
from crossdock.flow import durations
from crossdock.flow import program as programs

UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the command line said, as it said it."""

    definition: str
    given: str = ""
    scenario: str = ""
    rate: str = "20/h"
    lasts: str = "1d"
    outages: Sequence[str] = ()
    budgets: Sequence[str] = ()
    capacities: Sequence[str] = ()
    durations: Sequence[str] = ()
    failures: Sequence[str] = ()
    people: str = "30m"
    seed: int = 1
    as_json: bool = False
    plot: Path | None = None


@dataclass(slots=True)
class _Services:
    by_name: dict[str, Service] = field(default_factory=dict[str, Service])

    def change(self, name: str, **what: Any) -> None:
        self.by_name[name] = replace(self.by_name.get(name, Service()), **what)


def command(asked: Asked) -> int:
    """Rehearses and reports. Returns the exit status."""
    plan = plan_of(asked)
    say = Console(stderr=True)
    with ProcessFallback() as library:
        try:
            path = find(asked.definition)
            loaded, scenario = _scenario(path, asked)
            program = programs.load(loaded.definition.read_bytes(), str(loaded.definition), library)
            children = [programs.load(p.read_bytes(), str(p), library) for p in loaded.children]
        except programs.DefinitionError as wrong:
            typer.echo("\n".join(map(str, wrong.findings)), err=True)
            return 2
        with Progress(
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total} instances"),
            TimeElapsedColumn(), console=say, disable=not say.is_terminal,
        ) as bar:  # fmt: skip
            task = bar.add_task("Rehearsing", total=None)
            found = asyncio.run(
                rehearsal.rehearse(
                    loaded, scenario, program, children, computing(loaded), plan,
                    lambda done, of: bar.update(task, completed=done, total=of),
                )
            )  # fmt: skip
    if asked.plot is not None:
        asked.plot.write_text(chart.svg(found), encoding="utf-8")
    if asked.as_json:
        typer.echo(exactjson.text(found))
    else:
        _print(found, Console())
    return 0


def find(definition: str) -> Path:
    """A file, or the name of a shipped workflow. Raises SetupError."""
    if Path(definition).is_file():
        return Path(definition)
    shipped = Path(str(resources("crossdock.library").joinpath("workflows")))
    if (named := shipped / f"{definition}.yaml").is_file():
        return named
    known = ", ".join(sorted(p.stem for p in shipped.glob("*.yaml") if not p.name.endswith(".test.yaml")))
    raise SetupError(f"Expected --definition to be a file or one of {known}; found {definition!r}.")


def _scenario(path: Path, asked: Asked) -> tuple[scenarios.Loaded, Any]:
    given: Any = None
    if asked.given:
        try:
            given = exactjson.loads(sys.stdin.buffer.read() if asked.given == "-" else Path(asked.given).read_bytes())
        except (exactjson.DecodeError, OSError) as wrong:
            raise SetupError(f"Expected --input to be a JSON file, found {wrong}.") from None
    beside = path.with_name(path.name.removesuffix(path.suffix) + ".test.yaml")
    if not beside.is_file():
        return rehearsal.alone(path, given)
    loaded = scenarios.load(beside)
    chosen = next((s for s in loaded.file.scenarios if asked.scenario in s.name), None)
    if chosen is None:
        names = "; ".join(s.name for s in loaded.file.scenarios)
        raise SetupError(f"Expected --scenario to name one of: {names}. Found {asked.scenario!r}.")
    return loaded, rehearsal.with_input(chosen, given) if asked.given else chosen


# ── what was asked, read ────────────────────────────────────────────────────────────────────────────────────────────


def plan_of(asked: Asked) -> Plan:
    """Raises SetupError, which says what was expected."""
    services = _Services()
    for name, value in _pairs("--budget", asked.budgets, "carrier=20/min"):
        services.change(name, every=_per("--budget", value))
    for name, value in _pairs("--capacity", asked.capacities, "carrier=4"):
        services.change(name, at_once=int(_number("--capacity", value, 1)))
    for name, value in _pairs("--takes", asked.durations, "carrier=3s"):
        services.change(name, takes=_span("--takes", value))
    for name, value in _pairs("--fails", asked.failures, "carrier=0.02"):
        services.change(name, fails=_number("--fails", value, 0, 1))
    lasts = _span("--for", asked.lasts)
    outages: list[Outage] = []
    for name, value in _pairs("--outage", asked.outages, "carrier=4h or carrier=4h@2h"):
        long, _, since = value.partition("@")
        outages.append(Outage(name, _span("--outage", long), _span("--outage", since) if since else lasts / 4))
    return Plan(
        every=_per("--rate", asked.rate),
        lasts=lasts,
        outages=outages,
        services=services.by_name,
        people=_span("--people", asked.people),
        seed=asked.seed,
    )


def _pairs(option: str, given: Sequence[str], like: str) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for text in given:
        name, sign, value = text.partition("=")
        if not (name and sign and value):
            raise SetupError(f"Expected {option} like {like}, found {text!r}.")
        pairs.append((name, value))
    return pairs


def _span(option: str, text: str) -> timedelta:
    if found := re.fullmatch(r"(\d+(?:\.\d+)?)(s|min|m|h|d)", text.strip()):
        span = timedelta(seconds=float(found[1]) * UNITS[found[2]])
    else:
        span = durations.parse(text) or timedelta()
    if span <= timedelta():
        raise SetupError(f"Expected {option} to be a time such as 90s, 30m, 4h, 2d or PT4H, found {text!r}.")
    return span


def _per(option: str, text: str) -> timedelta:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)/(s|min|m|h|d)", text.strip())
    if found is None or not float(found[1]):
        raise SetupError(f"Expected {option} to be a rate such as 100/h or 20/min, found {text!r}.")
    return timedelta(seconds=UNITS[found[2]] / float(found[1]))


def _number(option: str, text: str, least: float, most: float = float("inf")) -> float:
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not least <= number <= most:
        raise SetupError(f"Expected {option} to be a number from {least:g}, found {text!r}.")
    return number


# ── for people ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _print(found: Rehearsal, out: Console) -> None:
    out.print(
        f"{found.definition}: {found.normal.instances:,} instances within {chart.seconds(found.plan.lasts)}",
        style="bold",
    )
    for effect in found.effects:
        load = found.hurt.systems.get(effect.system)
        if load is None:
            out.print(f"\n{effect.system} is never called by this definition.")
            continue
        out.print(f"\n{effect.system}: calls waiting or under way", highlight=False)
        for line in chart.text(load.curve, found.horizon_s, [(effect.since_s, effect.until_s)]):
            out.print(line, highlight=False, markup=False)
        caught = (
            "never caught up" if effect.caught_up_s is None else f"caught up {chart.span(effect.caught_up_s)} later"
        )
        out.print(
            f"down for {chart.span(effect.until_s - effect.since_s)}; up to {effect.most_waiting:,} waiting; "
            f"noticed {chart.span(effect.noticed_s - effect.until_s)} after its end; {caught}",
            highlight=False,
        )
    table = Table("", "as usual", "with the outage", box=None, pad_edge=False)
    for name, value in _lines(found.normal, found.hurt):
        table.add_row(name, *value)
    out.print()
    out.print(table)
    for line in found.trouble:
        out.print(f"! {line}", markup=False)


def _lines(normal: Run, hurt: Run) -> list[tuple[str, tuple[str, str]]]:
    def both(a: rehearsal.Spread | None, b: rehearsal.Spread | None) -> tuple[str, str]:
        return (_shown(a), _shown(b))

    lines = [("from arrival to end, p50 / p95", both(normal.took, hurt.took))]
    lines += [
        (f"  to {t}", both(normal.reached.get(t), hurt.reached.get(t))) for t in {**normal.reached, **hurt.reached}
    ]
    lines += [
        (f"a call of {s} waits, p50 / p95", both(_waited(normal, s), _waited(hurt, s))) for s in sorted(hurt.systems)
    ]
    promises = {**normal.missed, **hurt.missed}
    lines.append(("promises missed", (str(sum(normal.missed.values())), str(sum(hurt.missed.values())))))
    lines += [(f"  {p}", (str(normal.missed.get(p, 0)), str(hurt.missed.get(p, 0)))) for p in promises]
    for status in {**normal.ended, **hurt.ended}:
        lines.append((f"instances {status}", (f"{normal.ended.get(status, 0):,}", f"{hurt.ended.get(status, 0):,}")))
    return lines


def _waited(run: Run, system: str) -> rehearsal.Spread | None:
    return run.systems[system].waited if system in run.systems else None


def _shown(spread: rehearsal.Spread | None) -> str:
    return "" if spread is None else f"{chart.span(spread.p50)} / {chart.span(spread.p95)}"
