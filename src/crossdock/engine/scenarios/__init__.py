"""Tests of workflow definitions: scenario files beside a definition, played in memory on a virtual clock.

`files` is the format, `stage` plays one scenario, `checks` compares, `coverage` counts; `crossdock flow test` (cli)
finds the files and reports.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from crossdock.engine.scenarios import checks, coverage
from crossdock.engine.scenarios.files import Loaded, load, schema
from crossdock.engine.scenarios.stage import Played, Stage
from crossdock.flow import program as programs
from crossdock.flow.dataflow import Fallback
from crossdock.flow.outcomes import Immediate

__all__ = ["Loaded", "Played", "Report", "Verdict", "load", "merged", "run", "schema"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one scenario showed; differences are empty when it passed."""

    name: str
    differences: tuple[str, ...]
    played: Played


@dataclass(frozen=True, slots=True)
class Report:
    path: str
    verdicts: tuple[Verdict, ...]
    coverage: tuple[coverage.Covered, ...]


async def run(
    loaded: Loaded,
    functions: Mapping[str, Immediate],
    fallback: Fallback = None,
    only: str = "",
    told: Callable[[Verdict], None] | None = None,
) -> Report:
    """Play every scenario of a file whose name contains `only`. Raises DefinitionError for a wrong definition.

    functions: those that compute for real. told: called after each scenario.
    """
    program = programs.load(loaded.definition.read_bytes(), str(loaded.definition), fallback)
    children = [programs.load(path.read_bytes(), str(path), fallback) for path in loaded.children]
    verdicts: list[Verdict] = []
    for scenario in loaded.file.scenarios:
        if only not in scenario.name:
            continue
        played = await Stage(loaded, scenario, program, children, functions).play()
        verdict = Verdict(scenario.name, tuple(checks.differences(scenario.expect, played)), played)
        verdicts.append(verdict)
        if told is not None:
            told(verdict)
    visited = {place for verdict in verdicts for place in verdict.played.visited}
    seen = [coverage.covered(p, visited) for p in (program, *children)]
    return Report(str(loaded.path), tuple(verdicts), tuple(seen))


def merged(reports: Iterable[Report]) -> list[coverage.Covered]:
    """What all of them together ran, by definition."""
    return coverage.merged(covered for report in reports for covered in report.coverage)
