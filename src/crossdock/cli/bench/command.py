"""The command: runs the suites one after the other, whatever becomes of each, and writes what they found."""

import asyncio
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
import uvloop

from crossdock.cli.bench import figures, lab, machine, report
from crossdock.cli.bench.figures import Figures
from crossdock.cli.bench.run import DEFAULT, FULL, QUICK, Run, Size
from crossdock.cli.bench.suites import ONLY_WHEN_ASKED, SUITES
from crossdock.cli.signals import until_signal
from crossdock.errors import SetupError

FORMAT = 1


def register(app: typer.Typer) -> None:
    app.command("bench")(command)


def command(
    suites: Annotated[
        list[str] | None,
        typer.Argument(help=f"Of {', '.join(SUITES)}; without any, all but {', '.join(ONLY_WHEN_ASKED)}"),
    ] = None,
    json: Annotated[
        Path | None, typer.Option(help="Write figures here; plots and a page into a folder beside it")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="One short repeat of each: whether it works, not how fast")
    ] = False,
    full: Annotated[
        bool, typer.Option("--full", help="A million waiting, an hour of load; takes about two hours")
    ] = False,
    repeats: Annotated[int, typer.Option(min=0, help="How often each is measured; 0: as the size says")] = 0,
    soak_minutes: Annotated[float, typer.Option(min=0, help="Length of the soak; 0: as the size says")] = 0,
    directory: Annotated[Path | None, typer.Option(help="Where the database lies while it runs")] = None,
) -> None:
    """Measure this installation on this machine, each figure beside a yardstick of the same minute."""
    size = QUICK if quick else FULL if full else DEFAULT
    size = Size(
        size.name,
        repeats or size.repeats,
        size.seconds,
        size.waiting,
        soak_minutes * 60 or size.soak_s,
        size.tenants,
        max(size.limit_s, soak_minutes * 60 * 2),
    )
    chosen = suites or [s for s in SUITES if full or s not in ONLY_WHEN_ASKED]
    if unknown := [s for s in chosen if s not in SUITES]:
        raise SetupError(f"Expected suites of {', '.join(SUITES)}, found {', '.join(unknown)}.")
    if json is not None and not json.parent.is_dir():
        raise SetupError(f"Expected the folder of {json} to exist.")
    found = uvloop.run(until_signal(measure(chosen, size, directory), None))
    if found is None:
        raise typer.Exit(130)
    _tell(found)
    if json is not None:
        page = report.write(found, json)
        typer.echo(f"{json} and {page}", err=True)
    if any(s["status"] == "failed" for s in found["suites"].values()):
        raise typer.Exit(1)


async def measure(chosen: Sequence[str], size: Size, directory: Path | None = None) -> Figures:
    """Runs the suites; a failed one is part of the report."""
    about = machine.facts()
    done: dict[str, Figures] = {}
    ratios: dict[str, float | None] = dict.fromkeys(figures.RATIOS)
    headline: dict[str, float] = {}
    not_run: dict[str, str] = {}
    doubts = _doubts_before(about)
    async with lab.opened(directory) as where:
        for name in chosen:
            run = Run(where, size, _say)
            _say(f"{name} …")
            loop = asyncio.get_running_loop()
            before, began = about["load_average_before"] if not done else machine.load(), loop.time()
            suite: Figures = {"status": "ok", "load_average_before": before}
            try:
                async with asyncio.timeout(size.limit_s):
                    await SUITES[name](run)
            except Exception as error:
                suite |= {"status": "failed", "error": f"{type(error).__name__}: {error}",
                          "where": traceback.format_exception(error)[-3:]}  # fmt: skip
                _say(f"  failed: {error}")
            else:
                ratios |= run.result.ratios
                headline |= run.result.headline
            not_run |= run.result.not_run
            busy = [w for w in run.watched if w["others_share"] > machine.BUSY_SHARE]
            if busy:
                worst = max(busy, key=lambda w: w["others_share"])
                doubts.append(
                    f"{name}: others used {worst['others_share']:.0%} of the processors during {worst['what']}"
                    f" ({len(busy)} of {len(run.watched)} measurements)"
                )
            suite |= {
                "seconds": round(loop.time() - began, 1), "reliable": not busy, "figures": run.result.figures,
                "watched": run.watched, "plots": run.result.plots,
            }  # fmt: skip
            done[name] = suite
    return {
        "format": FORMAT, "machine": about, "size": size.name, "repeats": size.repeats, "reliable": not doubts,
        "unreliable_because": doubts, "ratios": ratios, "headline": headline,
        "goals": figures.against_goals({**headline, **ratios}), "not_run": not_run, "suites": done,
    }  # fmt: skip


def _doubts_before(about: Figures) -> list[str]:
    load, processors = about["load_average_before"][0], about["processors"]
    return [f"load average {load} on {processors} processors before the start"] if load > processors / 2 else []


def _say(text: str) -> None:
    typer.echo(text, err=True)


def _tell(found: Figures) -> None:
    """The goals as a table, and what was not run."""
    for goal in found["goals"]:
        value: Any = goal["found"]
        shown = "not run" if value is None else f"{value:,}{goal['unit']} ({goal['met']})"
        typer.echo(f"{goal['goal']:<74} {goal['firm']:>8,} {goal['extreme']:>8,}  {shown}")
    for name, why in found["not_run"].items():
        typer.echo(f"{name}: NOT RUN: {why}")
    for name, suite in found["suites"].items():
        if suite["status"] != "ok":
            typer.echo(f"{name}: {suite['status']}: {suite['error']}")
    if not found["reliable"]:
        typer.echo("Not reliable: " + "; ".join(found["unreliable_because"]))
