"""One scenario of a definition in the making, played from texts, with what people look at: the way it went, the data
that each task was given and gave, the calls as they were faked, and when.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from crossdock.engine.scenarios import checks, files
from crossdock.engine.scenarios.files import Loaded
from crossdock.engine.scenarios.stage import Made, Played, Stage
from crossdock.flow import jsonlike, machine, model
from crossdock.flow.facts import Trace
from crossdock.flow.outcomes import Immediate
from crossdock.flow.program import Program
from crossdock.flow.state import Run

MOST_STEPS = 1000
MOST_BYTES = 2_000_000  # of data that is shown: what is left out is said to be
AD_HOC = "Ad hoc"


@dataclass(frozen=True, slots=True)
class Seen:
    """One task run. kind: task-completed, -faulted, -skipped, -cancelled, or task-started for one that still waits."""

    task: str
    pointer: str
    kind: str
    detail: str
    began_after: timedelta
    ended_after: timedelta | None
    input: Any
    output: Any
    context: Any


@dataclass(frozen=True, slots=True)
class Watched:
    """stages: by their ids in the graph, in the order in which they were come to."""

    name: str
    played: Played
    differences: tuple[str, ...]
    seen: tuple[Seen, ...]
    stages: tuple[str, ...]
    calls: tuple[Made, ...]
    complete: bool


class _Machine(machine.Machine):
    """Tells what each task was given and gave."""

    __slots__ = ("_told",)

    def __init__(self, told: dict[str, dict[str, Any]], *rest: Any) -> None:
        super().__init__(*rest)
        self._told = told

    def note(self, run: Run, kind: str, detail: str = "") -> None:
        super().note(run, kind, detail)
        if kind == "task-started":
            self._told.setdefault(run.at, {})["input"] = run.raw

    def _proceed(self, run: Run, common: model.Common, output: Any, then: int) -> None:
        self._told.setdefault(run.at, {}).update(output=output, context=self.context)
        super()._proceed(run, common, output, then)


class _Stage(Stage):
    def __init__(self, *rest: Any) -> None:
        super().__init__(*rest)
        self.told: dict[str, dict[str, Any]] = {}
        self._make = partial(_Machine, self.told)
        self.stages: list[str] = []

    def _stepped(self, program: Program, trace: Trace) -> Any:
        task = program.task(trace.at)
        if program is self._program and trace.kind == "task-started" and task is not None and task.stage:
            self.stages.append(task.stage)
        return super()._stepped(program, trace)


def read(text: str) -> Loaded:
    """A scenario file as text; files that it names are not read. Raises DefinitionError."""
    return files.read(text.encode(), Path("scenarios.test.yaml"))


def ad_hoc(text: str, given: Any, event: Any = None) -> Loaded:
    """The file with one scenario more, that expects nothing: its calls are faked as the file says for all."""
    loaded = files.read(text.encode(), Path("scenarios.test.yaml")) if text.strip() else None
    members: dict[str, Any] = {"name": AD_HOC}
    members |= {"event": event} if jsonlike.mapping(event) is not None else {"input": given}
    return files.with_scenario(loaded, members)


async def watch(
    loaded: Loaded, name: str, program: Program, functions: Mapping[str, Immediate], children: Sequence[Program] = ()
) -> Watched:
    """Plays one scenario. Raises KeyError when there is none of this name."""
    scenario = next((s for s in loaded.file.scenarios if s.name == name), None)
    if scenario is None:
        raise KeyError(name)
    stage = _Stage(loaded, scenario, program, children, functions)
    began = stage.now
    played = await stage.play()
    ends = _ends(stage.steps)
    seen: list[Seen] = []
    room = MOST_BYTES
    complete = True
    for step in stage.steps:
        if step.kind not in ("task-started", "task-skipped") or step.at == "#1":
            continue
        if len(seen) >= MOST_STEPS or room < 0:
            complete = False
            break
        ended = ends.get(step.at)
        told = stage.told.get(step.at, {})
        data = {key: told.get(key) for key in ("input", "output", "context")}
        room -= len(str(data))
        seen.append(Seen(
            step.task, step.at.partition("#")[0], ended.kind if ended else step.kind, ended.detail if ended else "",
            step.time - began, ended.time - began if ended else None, data["input"], data["output"], data["context"],
        ))  # fmt: skip
    expected = scenario.expect
    differences = tuple(played.trouble) if name == AD_HOC else tuple(checks.differences(expected, played))
    return Watched(
        name, played, differences, tuple(seen), tuple(dict.fromkeys(stage.stages)), tuple(stage.made), complete
    )


def _ends(steps: Sequence[Any]) -> dict[str, Any]:
    """By the task run's place, how it ended."""
    return {s.at: s for s in steps if s.kind in ("task-completed", "task-faulted", "task-cancelled")}
