"""`crossdock flow test`: finds scenario files, plays them, and reports to people, scripts and CI servers.

Exit codes: 0 every scenario passes, 1 one fails or too few tasks ran, 2 a file or a definition is wrong.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files as resources
from pathlib import Path
from time import monotonic
from typing import Annotated, Any
from xml.etree import ElementTree

import typer

from crossdock import exactjson
from crossdock.cases import functions as people
from crossdock.cases import messages
from crossdock.engine import scenarios
from crossdock.engine.fallback import ProcessFallback
from crossdock.engine.scenarios.skeleton import skeleton
from crossdock.flow import program as programs
from crossdock.flow.outcomes import Immediate
from crossdock.rules import Rulebook, load
from crossdock.rules.table import version_of


def command(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Scenario files, definitions, or folders (default: here).", exists=True)
    ] = None,
    only: Annotated[str, typer.Option("-k", help="Only scenarios whose name contains this.")] = "",
    coverage: Annotated[bool, typer.Option(help="Say which tasks never ran.")] = False,
    fail_under: Annotated[int, typer.Option(help="Exit 1 when fewer per cent of a definition's tasks ran.")] = 0,
    junit: Annotated[Path | None, typer.Option(help="Write the results as JUnit XML.")] = None,
    init: Annotated[Path | None, typer.Option(help="Write a scenario file for this definition to begin with.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
) -> None:
    """Play the scenarios of `NAME.test.yaml` files beside their definitions, in memory on a virtual clock."""
    if init is not None:
        _write_skeleton(init)
        return
    found = _files(paths or [Path()])
    if not found:
        typer.echo("Expected scenario files (NAME.test.yaml), found none. `--init NAME.yaml` writes one.", err=True)
        raise typer.Exit(2)
    reports: list[tuple[scenarios.Report, float]] = []
    with ProcessFallback() as library:
        for path in found:
            if not as_json:
                typer.echo(str(path))
            begun = monotonic()
            try:
                loaded = scenarios.load(path)
                told = None if as_json else _tell
                reports.append((asyncio.run(scenarios.run(loaded, computing(loaded), library, only, told)), begun))
            except (programs.DefinitionError, OSError) as wrong:
                findings = wrong.findings if isinstance(wrong, programs.DefinitionError) else [str(wrong)]
                typer.echo(exactjson.text(findings) if as_json else "\n".join(map(str, findings)))
                raise typer.Exit(2) from None
            reports[-1] = (reports[-1][0], monotonic() - begun)
    results = [report for report, _ in reports]
    if junit is not None:
        junit.write_bytes(_junit(reports))
    if as_json:
        typer.echo(exactjson.text(_plain(results)))
    else:
        _summary(results, coverage=coverage or fail_under > 0)
    failed = any(verdict.differences for report in results for verdict in report.verdicts)
    short = any(covered.percent < fail_under for covered in scenarios.merged(results))
    raise typer.Exit(1 if failed or short else 0)


def _files(paths: Iterable[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted(path.rglob("*.test.yaml"))
        elif path.name.endswith(".test.yaml"):
            found.append(path)
        else:  # a definition: its scenarios stand beside it
            beside = path.with_name(path.name.removesuffix(path.suffix) + ".test.yaml")
            found += [beside] if beside.exists() else []
    return list(dict.fromkeys(found))


def computing(loaded: scenarios.Loaded) -> Mapping[str, Immediate]:
    """What computes for real: the catalogue's pure functions, with the shipped tables and those the file names."""
    shipped = resources("crossdock.library").joinpath("tables")
    sources = {t.name.removesuffix(".json"): t.read_bytes() for t in shipped.iterdir() if _is_table(t.name)}
    for folder in loaded.file.tables:
        for path in sorted((loaded.path.parent / folder).glob("*.json")):
            if _is_table(path.name):
                sources[path.name.removesuffix(".json")] = path.read_bytes()
    book = Rulebook([load(name, version_of(source), source) for name, source in sources.items()])
    every = people.catalogue(book, messages.load())
    return {name: function for name, function in every.items() if isinstance(function, Immediate)}


def _is_table(name: str) -> bool:
    return name.endswith(".json") and not name.endswith(".tests.json")


def _write_skeleton(definition: Path) -> None:
    target = definition.with_name(definition.name.removesuffix(definition.suffix) + ".test.yaml")
    if target.exists():
        typer.echo(f"Expected no {target}, found one. It is left as it is.", err=True)
        raise typer.Exit(2)
    try:
        with ProcessFallback() as library:
            program = programs.load(definition.read_bytes(), str(definition), library)
    except programs.DefinitionError as wrong:
        typer.echo("\n".join(map(str, wrong.findings)))
        raise typer.Exit(2) from None
    target.write_text(skeleton(program, definition.name), encoding="utf-8")
    typer.echo(str(target))


# ── for people ───────────────────────────────────────────────────────────────────────────────────────────────────


def _tell(verdict: scenarios.Verdict) -> None:
    word = "FAIL" if verdict.differences else "ok  "
    typer.echo(f"  {word}  {verdict.name}  ({len(verdict.played.steps)} steps, {verdict.played.took})")
    for line in verdict.differences:
        typer.echo(f"        {line}")


def _summary(reports: Sequence[scenarios.Report], *, coverage: bool) -> None:
    verdicts = [verdict for report in reports for verdict in report.verdicts]
    failed = sum(bool(verdict.differences) for verdict in verdicts)
    if coverage:
        for covered in scenarios.merged(reports):
            typer.echo(f"{covered.definition}: {covered.percent} % of {covered.tasks} tasks ran")
            for pointer in covered.missed:
                typer.echo(f"  never: {pointer}")
    typer.echo(f"{len(verdicts)} scenarios, {failed} failed")


# ── for machines ─────────────────────────────────────────────────────────────────────────────────────────────────


def _plain(reports: Sequence[scenarios.Report]) -> dict[str, Any]:
    return {
        "files": [
            {
                "file": report.path,
                "scenarios": [
                    {
                        "name": verdict.name,
                        "passed": not verdict.differences,
                        "differences": verdict.differences,
                        "status": verdict.played.status,
                        "steps": len(verdict.played.steps),
                        "took_s": round(verdict.played.took.total_seconds()),
                    }
                    for verdict in report.verdicts
                ],
            }
            for report in reports
        ],
        "coverage": [
            {
                "definition": covered.definition,
                "tasks": covered.tasks,
                "visited": covered.visited,
                "percent": covered.percent,
                "missed": covered.missed,
            }
            for covered in scenarios.merged(reports)
        ],
    }


def _junit(reports: Sequence[tuple[scenarios.Report, float]]) -> bytes:
    root = ElementTree.Element("testsuites")
    for report, took_s in reports:
        failed = sum(bool(verdict.differences) for verdict in report.verdicts)
        facts = {"name": report.path, "tests": str(len(report.verdicts)), "failures": str(failed), "errors": "0"}
        suite = ElementTree.SubElement(root, "testsuite", {**facts, "time": f"{took_s:.3f}"})
        for verdict in report.verdicts:
            case = ElementTree.SubElement(suite, "testcase", {"classname": report.path, "name": verdict.name})
            if verdict.differences:
                failure = ElementTree.SubElement(case, "failure", {"message": verdict.differences[0][:200]})
                failure.text = "\n".join(verdict.differences)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
