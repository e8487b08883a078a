"""`crossdock simulate`: kill workers on a virtual clock until a promise breaks, or rehearse an outage of a definition.

Without --definition it is about Crossdock itself: the real host on a throwaway database, hurt by a seed. Exit code 1
and a command that does the same again when a promise was broken.
"""

import asyncio
import os
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from crossdock import exactjson
from crossdock.cli import rehearse
from crossdock.cli.signals import until_signal
from crossdock.engine.simulation import seeds
from crossdock.engine.simulation.ledger import Ledger
from crossdock.engine.simulation.seeds import Failure, Summary
from crossdock.errors import SetupError

say = Console(stderr=True)


def register(app: typer.Typer) -> None:
    app.command("simulate")(command)


def command(
    seed: Annotated[int, typer.Option(help="The first seed; the same seed does the same again")] = 1,
    instances: Annotated[
        int, typer.Option(min=2, help="Instances in hand at any time, in each seed")
    ] = seeds.INSTANCES,
    crash_points: Annotated[int, typer.Option(min=1, help="How many workers are to die")] = 1000,
    processes: Annotated[int, typer.Option(min=1, help="Processes, each with a database of its own")] = 2,
    ledger: Annotated[
        Path | None, typer.Option(help="Keep here which seeds are done on this source, and go on where it stopped")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON")] = False,
    definition: Annotated[str, typer.Option(help="Rehearse this definition instead: a file, or a shipped name")] = "",
    outage: Annotated[list[str] | None, typer.Option(help="carrier=4h, or carrier=4h@2h after the start")] = None,
    rate: Annotated[str, typer.Option(help="Instances that arrive")] = "20/h",
    lasts: Annotated[str, typer.Option("--for", help="How long they arrive")] = "1d",
    given: Annotated[str, typer.Option("--input", help="Input of each: a JSON file, or - for standard input")] = "",
    scenario: Annotated[str, typer.Option(help="Of the scenario file beside it; the first by default")] = "",
    budget: Annotated[list[str] | None, typer.Option(help="At most so many calls: carrier=20/min")] = None,
    capacity: Annotated[list[str] | None, typer.Option(help="Calls side by side: carrier=4")] = None,
    takes: Annotated[list[str] | None, typer.Option(help="How long a call takes: carrier=3s")] = None,
    fails: Annotated[list[str] | None, typer.Option(help="Share refused for now: carrier=0.02")] = None,
    people: Annotated[str, typer.Option(help="How long a person takes to decide")] = "30m",
    plot: Annotated[Path | None, typer.Option(help="Write the curves here as SVG")] = None,
) -> None:
    """Let workers die at seeded points until a promise breaks, or rehearse an outage of a definition."""
    if definition:
        asked = rehearse.Asked(
            definition=definition, given=given, scenario=scenario, rate=rate, lasts=lasts, outages=outage or [],
            budgets=budget or [], capacities=capacity or [], durations=takes or [], failures=fails or [],
            people=people, seed=seed, as_json=as_json, plot=plot,
        )  # fmt: skip
        raise typer.Exit(rehearse.command(asked))
    if outage:
        raise SetupError("Expected --definition with --outage, found none: say which workflow is to be rehearsed.")
    known = Ledger.read(ledger, instances, seeds.a_seed_of(crash_points)) if ledger else None
    _crash(seed, instances, crash_points, processes, as_json, known)


def _crash(seed: int, instances: int, crash_points: int, processes: int, as_json: bool, ledger: Ledger | None) -> None:
    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("deaths"), TimeElapsedColumn(),
        console=say, disable=not say.is_terminal,
    ) as bar:  # fmt: skip
        task = bar.add_task("Workers die", total=crash_points)
        work = seeds.simulate(
            seed,
            instances=instances,
            crash_points=crash_points,
            processes=min(processes, os.cpu_count() or 1),
            on_progress=lambda s: bar.update(task, completed=min(s.crash_points, crash_points)),
            ledger=ledger,
        )
        summary = asyncio.run(until_signal(work, None))
    if summary is None:
        raise typer.Exit(130)
    if as_json:
        typer.echo(exactjson.text(summary.as_json()))
    else:
        _print(summary)
    raise typer.Exit(1 if summary.failure else 0)


def _print(summary: Summary) -> None:
    out = Console()
    rate = (summary.crash_points - summary.earlier) / summary.seconds if summary.seconds else 0
    out.print(
        f"{summary.crash_points:,} deaths in {summary.seeds:,} seeds from {summary.first_seed}: "
        f"{summary.instances:,} instances, {summary.virtual_s:,.0f} virtual s, {summary.seconds:,.0f} s, "
        f"{rate:,.0f} a second"
    )
    if summary.from_ledger:
        out.print(f"{summary.earlier:,} of them in {summary.from_ledger:,} seeds that the ledger has from before.")
    for title, counts in (("died", summary.deaths), ("and", summary.faults)):
        out.print(f"{title}: " + ", ".join(f"{what} {n:,}" for what, n in counts.most_common()), highlight=False)
    if summary.failure is None:
        out.print("Every promise was kept.")
    else:
        _print_failure(out, summary.failure)


def _print_failure(out: Console, failure: Failure) -> None:
    def line(text: Any) -> None:
        out.print(text, highlight=False, markup=False, soft_wrap=True)

    line(f"\nBROKEN by seed {failure.seed}: {failure.invariant}")
    line(f"  {failure.detail}")
    if failure.instance:
        line(f"\nThe last of instance {failure.instance} of {failure.tenant}:")
    for step in failure.story:
        line(f"  {step['at']} {step['kind']} {exactjson.text(step['fact'])[:160]}")
    line("\nThe last that happened (virtual second, who, what):")
    for at, who, what in failure.trace:
        line(f"  {at:10.4f} {who:8} {what}")
    line(f"\nAgain: {failure.replay}")
