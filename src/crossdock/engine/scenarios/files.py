"""Scenario files: what an author writes beside a definition, `NAME.test.yaml`, and reading it.

The structs below are the format; the schema for editors is made from them. Everything wrong is a Finding with line
and column, as for a definition.
"""

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

from crossdock.errors import Finding
from crossdock.flow import dataflow, durations, yaml12
from crossdock.flow.dataflow import Template, constant
from crossdock.flow.faults import COMMUNICATION
from crossdock.flow.program import DefinitionError

Duration: TypeAlias = str | dict[str, int]
Object: TypeAlias = dict[str, Any]


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", omit_defaults=True):
    """A part of a scenario file."""


class Fault(Part, frozen=True):
    """What a call fails with."""

    status: int = 500
    title: str = "Failed"
    type: str = COMMUNICATION
    detail: str = ""


class Happening(Part, frozen=True):
    """An event; `source`, `id`, `specversion` are added. Expressions see $answer, $calls, $answers as they are then."""

    event: Object
    after: Duration = "PT0S"


class Answer(Part, frozen=True):
    """What one call gives: one of answer, fail, unknown, never. Expressions see the arguments, $n, $calls, $answers."""

    answer: Any = msgspec.UNSET
    fail: Fault | None = None
    unknown: str | None = None
    never: bool = False
    after: Duration = "PT0S"
    events: list[Happening] = []


class Decision(Part, frozen=True):
    """What a person says when asked: the next approval, case or hold, of a kind if one is named."""

    approval: str | None = None
    case: str | None = None
    hold: str | None = None
    outcome: Literal["approved", "rejected", "expired"] = "approved"
    action: str | None = None
    data: Any = None
    note: str | None = None
    by: str = "somebody"
    after: Duration = "PT0S"


class Called(Part, frozen=True, rename={"given": "with", "function": "function", "times": "times"}):
    """A call that was made; `with` may name fewer arguments than it had."""

    function: str
    given: Any = msgspec.UNSET
    times: int | None = None


class Moment(Part, frozen=True):
    """How it stands after some time."""

    after: Duration
    status: Literal["running", "completed", "faulted", "cancelled"] = "running"
    stage: str | None = None
    waiting: list[Any] | None = None
    context: Any = msgspec.UNSET


class Expect(Part, frozen=True):
    """What is to come of it. Objects may name fewer members than there are."""

    status: Literal["completed", "faulted", "cancelled", "waiting"] | None = None
    output: Any = msgspec.UNSET
    error: Any = msgspec.UNSET
    emitted: list[Any] | None = None
    calls: list[str | Called] | None = None
    not_called: list[str] = []
    path: list[str] | None = None
    not_visited: list[str] = []
    asked: list[str] | None = None
    at: list[Moment] = []
    takes: Duration | None = None
    takes_at_most: Duration | None = None


class Scenario(Part, frozen=True):
    """One run: what is given, what happens meanwhile, what is expected."""

    name: str
    input: Any = None
    event: Object | None = None
    calls: dict[str, Answer | list[Answer]] = {}
    people: list[Decision] = []
    events: list[Happening] = []
    cancel_after: Duration | None = None
    expect: Expect = Expect()


class File(Part, frozen=True):
    """A scenario file. `shared` is $shared in every expression, and a place for YAML anchors."""

    scenarios: list[Scenario]
    definition: str = ""
    children: list[str] = []
    tables: list[str] = []
    calls: dict[str, Answer | list[Answer]] = {}
    secrets: Object = {}
    start_at: str | None = None
    shared: Any = None


@dataclass(frozen=True, slots=True)
class Loaded:
    """A file ready to run: its templates compiled, found by the value they were written as."""

    path: Path
    file: File
    definition: Path
    children: tuple[Path, ...]
    templates: Mapping[int, Template]
    kept: tuple[Any, ...]  # keeps alive what `templates` finds by identity

    def template(self, written: Any) -> Template:
        return self.templates.get(id(written)) or constant(written)


_VARIABLES = frozenset({"n", "answer", "calls", "answers", "input", "now", "shared"})
_PLACE = re.compile(r"at `\$(?P<path>[^`]*)`")


def load(path: Path) -> Loaded:
    """Raises DefinitionError with all findings."""
    return read(path.read_bytes(), path)


def with_scenario(loaded: Loaded | None, scenario: Object) -> Loaded:
    """The file with one scenario more, made of plain members."""
    added = msgspec.convert(scenario, Scenario)
    if loaded is None:
        return Loaded(Path("scenarios.test.yaml"), File([added]), Path("definition.yaml"), (), {}, ())
    every = [s for s in loaded.file.scenarios if s.name != added.name]
    return dataclasses.replace(loaded, file=msgspec.structs.replace(loaded.file, scenarios=[*every, added]))


def read(text: bytes, path: Path) -> Loaded:
    """The text of a file, wherever it comes from. Raises DefinitionError with all findings."""
    parsed = yaml12.read(text, str(path))
    findings = list(parsed.findings)
    if not findings:
        try:
            file = msgspec.convert(parsed.value, File)
        except msgspec.ValidationError as error:
            findings.append(_explained(error, parsed))
        else:
            reader = _Reader(parsed, findings)
            reader.file(file)
            if not findings:
                name = path.name.removesuffix(".yaml").removesuffix(".test") + ".yaml"
                definition = path.parent / (file.definition or name)
                children = tuple(path.parent / child for child in file.children)
                return Loaded(path, file, definition, children, reader.templates, tuple(reader.kept))
    raise DefinitionError(findings)


def _explained(error: msgspec.ValidationError, parsed: yaml12.Source) -> Finding:
    text = str(error)
    found = _PLACE.search(text)
    pointer = re.sub(r"\[(\.\.\.|\d+)\]", r"/\1", (found["path"] if found else "")).replace(".", "/")
    said = text[: found.start()].rstrip(" -") if found else text
    fix = "See docs/authoring.md for the members of a scenario file."
    return Finding("scenario.shape", parsed.where(pointer), "a scenario file", said, fix)


class _Reader:
    """Checks durations and compiles templates, once for the file."""

    def __init__(self, parsed: yaml12.Source, findings: list[Finding]) -> None:
        self.parsed = parsed
        self.findings = findings
        self.templates: dict[int, Template] = {}
        self.kept: list[Any] = []
        self._compiler = dataflow.Compiler(self._wrong_expression)

    def file(self, file: File) -> None:
        self._calls(file.calls, "/calls")
        names: set[str] = set()
        for i, scenario in enumerate(file.scenarios):
            here = f"/scenarios/{i}"
            if scenario.name in names:
                self._say("scenario.name", f"{here}/name", "a name of its own", repr(scenario.name), "Rename it.")
            names.add(scenario.name)
            if scenario.event is not None and scenario.input is not None:
                self._say("scenario.start", here, "an input or an event", "both", "Keep one.")
            self._template(scenario.input, f"{here}/input")
            self._template(scenario.event, f"{here}/event")
            self._calls(scenario.calls, f"{here}/calls")
            self._happenings(scenario.events, f"{here}/events")
            for j, decision in enumerate(scenario.people):
                self._decision(decision, f"{here}/people/{j}")
            spans = [
                (scenario.cancel_after, "cancelAfter"),
                (scenario.expect.takes, "expect/takes"),
                (scenario.expect.takes_at_most, "expect/takesAtMost"),
                *((moment.after, f"expect/at/{j}/after") for j, moment in enumerate(scenario.expect.at)),
            ]
            for span, place in spans:
                self._duration(span, f"{here}/{place}")

    def _calls(self, calls: Mapping[str, Answer | list[Answer]], pointer: str) -> None:
        for name, given in calls.items():
            here = f"{pointer}/{dataflow.escape(name)}"
            for i, answer in enumerate(answers(given)):
                place = f"{here}/{i}" if isinstance(given, list) else here
                kinds = [answer.answer is not msgspec.UNSET, answer.fail, answer.unknown, answer.never]
                if sum(bool(kind) for kind in kinds) != 1:
                    self._say(
                        "scenario.answer", place, "one of answer, fail, unknown, never", "another number", "Keep one."
                    )
                self._duration(answer.after, f"{place}/after")
                self._template(answer.answer, f"{place}/answer")
                self._happenings(answer.events, f"{place}/events")

    def _happenings(self, events: Sequence[Happening], pointer: str) -> None:
        for i, happening in enumerate(events):
            here = f"{pointer}/{i}"
            if "type" not in happening.event:
                self._say("scenario.event", f"{here}/event", "an event with a type", "none", "Add `type:`.")
            self._duration(happening.after, f"{here}/after")
            self._template(happening.event, f"{here}/event")

    def _decision(self, decision: Decision, pointer: str) -> None:
        kinds = [kind for kind in (decision.approval, decision.case, decision.hold) if kind is not None]
        if len(kinds) != 1:
            expected = "one of approval, case, hold"
            self._say("scenario.decision", pointer, expected, str(len(kinds)), "Say who is asked for what.")
        if decision.case is not None and decision.action is None:
            self._say("scenario.decision", pointer, "the action that resolves the case", "none", "Add `action:`.")
        self._duration(decision.after, f"{pointer}/after")

    def _template(self, value: Any, pointer: str) -> None:
        if value is None or value is msgspec.UNSET or id(value) in self.templates:
            return
        template = self._compiler.template(value, pointer)
        for place, needs in self._compiler.read_since():
            for name in sorted(needs - _VARIABLES):
                expected = f"one of {', '.join(f'${v}' for v in sorted(_VARIABLES))}"
                self._say("scenario.variable", place, expected, f"${name}", "Correct the name.")
        if not template.constant:
            self.templates[id(value)] = template
            self.kept.append(value)

    def _duration(self, value: Any, pointer: str) -> None:
        if value is not None and durations.parse(value) is None:
            self._say("scenario.duration", pointer, "a duration", repr(value), "Write PT5M or { minutes: 5 }.")

    def _wrong_expression(self, pointer: str, source: str, message: str) -> None:
        self._say("scenario.expression", pointer, "a jq expression", f"{source[:80]!r} ({message})", "Correct it.")

    def _say(self, code: str, pointer: str, expected: str, found: str, fix: str) -> None:
        self.findings.append(Finding(code, self.parsed.where(pointer), expected, found, fix))


def answers(given: Answer | list[Answer]) -> list[Answer]:
    return given if isinstance(given, list) else [given]


def schema() -> dict[str, Any]:
    """The JSON Schema of scenario files."""
    made = msgspec.json.schema(File)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}
