"""A workflow definition made ready to run: loaded, checked, compiled.

`load` raises DefinitionError with everything that is wrong; `validate` returns the same findings. A Program is
immutable and shared by all its instances.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crossdock.errors import Finding, FlowFault
from crossdock.flow import correlation, cron, durations, faults, jsonlike, listeners, model, reading, yaml12
from crossdock.flow import secrets as marks
from crossdock.flow.dataflow import Fallback, Template, Variables, truthy
from crossdock.flow.definition import Reader
from crossdock.flow.facts import Correlation, EventFilter
from crossdock.flow.reading import Problems, describe


class DefinitionError(FlowFault):
    """A definition is wrong; `findings` say everything that is, never only the first."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__("\n".join(str(f) for f in findings))
        self.findings = findings


@dataclass(frozen=True, slots=True)
class Trigger:
    """`schedule.on` as data, so that a host can keep it apart from the definition.

    conditions: the jq expression on the event's data of each filter, "" where it has none. No filter: every event.
    """

    filters: tuple[EventFilter, ...]
    conditions: tuple[str, ...]
    read: str

    def start_input(self, event: Mapping[str, Any]) -> list[Any] | None:
        """An array of the events, here of one, as `read` says; None when this event starts nothing."""
        fits = not self.filters
        for wanted, condition in zip(self.filters, self.conditions, strict=True):
            fits = fits or (correlation.matches(wanted, event) and correlation.holds(condition, event))
        if not fits:
            return None
        match self.read:
            case "data":
                return [event.get("data")]
            case "raw":
                return [event.get("data_base64", event.get("data"))]
            case _:
                return [dict(event)]


@dataclass(frozen=True, slots=True)
class Program:
    """`tasks[0]` is the workflow itself; `definition` the parsed file (`$workflow.definition`)."""

    namespace: str
    name: str
    version: str
    title: str
    filename: str
    definition: Mapping[str, Any]
    tasks: tuple[model.Task, ...]
    schedule: model.Schedule
    trigger: Trigger | None  # which events start an instance; None when none does
    native: bool  # every expression is in the compiled subset: no library, no separate process
    secrets: Mapping[str, str]  # name to mark: what $secrets yields
    business_key: Template | None
    search: Template | None
    extensions: tuple[str, ...]
    priority: int  # 1 most urgent, 5 usual, 9 whenever there is time
    lifecycle: str  # which lifecycle events its instances emit: none, workflow, tasks (flow.lifecycle)
    by_pointer: Mapping[str, int] = field(repr=False)

    def task(self, pointer: str) -> model.Common | None:
        """The task at a JSON pointer, or of an `at`."""
        index = self.by_pointer.get(pointer.partition("#")[0])
        return None if index is None else self.tasks[index].common

    def event_types(self) -> frozenset[str]:
        """Literal types of all events that a listener or the schedule hears."""
        return frozenset(kind for kind, _ in self._listened() if kind)

    def hears_any_type(self) -> bool:
        """Whether some listener names no type: `any: []`, or a filter by other attributes alone."""
        return any(not kind for kind, _ in self._listened()) or any(not s.filters for s in self._strategies())

    def correlation_paths(self) -> frozenset[tuple[str, str]]:
        """(event type, path) of every correlation, for the host's index; type "" where the filter gives none."""
        return frozenset((kind, entry.path) for kind, f in self._listened() for entry in f.correlate)

    def starts(self, event: Mapping[str, Any]) -> bool:
        """Whether this event starts an instance."""
        return self.start_input(event) is not None

    def start_input(self, event: Mapping[str, Any]) -> list[Any] | None:
        """The input of the instance that this event starts; None when it starts none."""
        return None if self.trigger is None else self.trigger.start_input(event)

    def _listened(self) -> list[tuple[str, model.Filter]]:
        return [(literal_type(f), f) for strategy in self._strategies() for f in strategy.filters]

    def _strategies(self) -> list[model.Strategy]:
        strategies = [] if self.schedule.on is None else [self.schedule.on]
        for task in self.tasks:
            if isinstance(task.action, model.Listen):
                strategies.append(task.action.to)
                if task.action.until_events is not None:
                    strategies.append(task.action.until_events)
        return strategies


def passes(data: Template | None, event: Mapping[str, Any], variables: Variables) -> bool:
    """Whether the event's data meets the filter's condition; a condition that fails to evaluate is not met."""
    if data is None:
        return True
    try:
        return truthy(data.evaluate(event.get("data"), variables))
    except faults.Raised:
        return False


def literal_type(written: model.Filter) -> str:
    kind = jsonlike.member(written.attributes.source, "type")
    return kind if isinstance(kind, str) and "${" not in kind else ""


def load(source: str | bytes, filename: str, fallback: Fallback = None) -> Program:
    """The compiled definition. Raises DefinitionError with all findings.

    fallback: passed to jq.compile, for expressions outside the native subset.
    """
    program, findings = _read(source, filename, fallback)
    if findings or program is None:
        raise DefinitionError(findings)
    return program


def validate(source: str | bytes, filename: str, fallback: Fallback = None) -> list[Finding]:
    """Everything that is wrong with a definition, in the order of the file."""
    return _read(source, filename, fallback)[1]


def _read(source: str | bytes, filename: str, fallback: Fallback) -> tuple[Program | None, list[Finding]]:
    parsed = yaml12.read(source, filename)
    problems = Problems(parsed)
    if problems.findings:
        return None, problems.findings
    raw = problems.map(parsed.value, "", reading.DEFINITION, "a workflow definition")
    if not raw:
        return None, problems.findings
    document = _document(problems, raw)
    reader = Reader(problems, raw, fallback)
    reader.workflow(raw)
    reader.functions()
    if "evaluate" in raw:
        evaluate = problems.map(raw["evaluate"], "/evaluate", reading.EVALUATE, "evaluate")
        problems.word(evaluate.get("language"), "/evaluate/language", ("jq",))
        problems.word(evaluate.get("mode"), "/evaluate/mode", ("strict", "loose"))
    schedule = _schedule(problems, reader, raw.get("schedule"), document)
    lifecycle, priority = _lifecycle(problems, document), _priority(problems, document)
    key, search = _search(reader, document)
    tasks = tuple(task for task in reader.tasks if task is not None)
    findings = sorted(problems.findings, key=_place)
    if findings:
        return None, findings
    program = Program(
        namespace=str(document["namespace"]),
        name=str(document["name"]),
        version=str(document["version"]),
        title=str(document.get("title") or document["name"]),
        filename=filename,
        definition=raw,
        tasks=tasks,
        schedule=schedule,
        trigger=_trigger(schedule),
        native=reader.compiler.native,
        secrets={name: marks.mark(name) for name in reader.secrets()},
        business_key=key,
        search=search,
        extensions=tuple(str(i) for i in jsonlike.sequence(reader.uses.get("extensions")) or []),
        lifecycle=lifecycle,
        priority=priority,
        by_pointer={task.common.pointer: task.common.index for task in tasks},
    )
    return program, []


def _place(finding: Finding) -> tuple[int, int]:
    _, line, column = finding.where.rsplit(":", 2)
    return int(line), int(column)


def _document(problems: Problems, raw: Mapping[str, Any]) -> dict[str, Any]:
    document = problems.map(raw.get("document", {}), "/document", reading.DOCUMENT, "document")
    dsl = document.get("dsl")
    if isinstance(dsl, str) and not dsl.startswith("1.0."):
        problems.add("flow.dsl", "/document/dsl", "a 1.0 version of the language", repr(dsl), "Write '1.0.3'.")
    return document


def _schedule(problems: Problems, reader: Reader, raw: Any, document: Mapping[str, Any]) -> model.Schedule:
    time_zone, misfire = _clockwork(problems, document)
    if raw is None:
        return model.Schedule()
    part = problems.map(raw, "/schedule", reading.SCHEDULE, "schedule")
    problems.word(part.get("read"), "/schedule/read", listeners.READ)
    kinds = [key for key in ("every", "cron", "after", "on") if key in part]
    if len(kinds) != 1:
        found = " and ".join(kinds) or "none"
        problems.add("flow.schedule", "/schedule", "one of every, cron, after, on", found, "Keep one.")
        return model.Schedule()
    spans = {key: durations.parse(part[key]) for key in ("every", "after") if key in part}
    for key, span in spans.items():
        if not span:
            fix = "Write for example `{ minutes: 5 }` or PT5M."
            problems.add("flow.duration", f"/schedule/{key}", "a duration above zero", describe(part[key]), fix)
    if "cron" in part and (wrong := cron.problem(part["cron"])) is not None:
        fix = "Write five fields: minute hour day month weekday."
        problems.add("flow.cron", "/schedule/cron", "a cron expression", wrong, fix)
    on = None
    if "on" in part:
        on = listeners.strategy(reader, part["on"], "/schedule/on")
        if on.kind == "all" or part["on"].get("until"):
            fix = "Start on one event and listen for the others in the workflow."
            problems.add("flow.schedule", "/schedule/on", "one or any, without until", "all or until", fix)
        for f in on.filters:
            _literal(problems, f)
    # 1.0.3 names `data` as the default of `read`, while its text and examples read whole events from
    # $workflow.input[0].data: whole events unless `read` is written (docs/language.md).
    return model.Schedule(
        every=spans.get("every"),
        after=spans.get("after"),
        cron=part.get("cron"),
        on=on,
        read=str(part.get("read", "envelope")),
        time_zone=time_zone,
        misfire=misfire,
    )


def _literal(problems: Problems, f: model.Filter) -> None:
    """What starts an instance is asked before there is one: nothing but the event can be referred to."""
    fix = "Compare with the event alone; check the rest in the first task."
    if not f.attributes.constant:
        problems.add("flow.schedule", "/schedule/on", "literal attributes", "an expression", fix)
    condition = "" if f.data is None else str(f.data.source)
    if condition and (f.data is None or f.data.needs or correlation.compiled_condition(condition) is None):
        expected = "a condition of the native subset on the event's data"
        problems.add("flow.schedule", "/schedule/on", expected, condition[:80], fix)


def _priority(problems: Problems, document: Mapping[str, Any]) -> int:
    written = jsonlike.member(jsonlike.member(document.get("metadata"), "crossdock"), "priority")
    if written is None:
        return 5
    if type(written) is not int or not 1 <= written <= 9:
        here = "/document/metadata/crossdock/priority"
        fix = "1 goes before everything else of this tenant, 5 is usual, 9 goes when nothing else waits."
        problems.add("flow.priority", here, "an integer from 1 to 9", repr(written), fix)
        return 5
    return written


def _lifecycle(problems: Problems, document: Mapping[str, Any]) -> str:
    written = jsonlike.member(jsonlike.member(document.get("metadata"), "crossdock"), "lifecycle")
    problems.word(written, "/document/metadata/crossdock/lifecycle", ("none", "workflow", "tasks"))
    return str(written or "none")


def _clockwork(problems: Problems, document: Mapping[str, Any]) -> tuple[str, str]:
    """`document.metadata.crossdock.schedule`: what the language has no place for."""
    ours = jsonlike.member(jsonlike.member(document.get("metadata"), "crossdock"), "schedule")
    if ours is None:
        return "UTC", "once"
    here = "/document/metadata/crossdock/schedule"
    part = problems.map(ours, here, reading.CLOCKWORK, "schedule")
    time_zone = str(part.get("timeZone", "UTC"))
    if cron.zone(time_zone) is None:
        fix = "Write a name of the IANA database, such as Europe/Stockholm."
        problems.add("flow.time-zone", f"{here}/timeZone", "a time zone", repr(time_zone), fix)
    problems.word(part.get("misfire"), f"{here}/misfire", ("once", "skip", "all"))
    return time_zone, str(part.get("misfire", "once"))


def _trigger(schedule: model.Schedule) -> Trigger | None:
    if schedule.on is None:
        return None
    filters: list[EventFilter] = []
    for written in schedule.on.filters:
        correlations = tuple(
            Correlation(e.name, e.path, e.expect.source if e.expect and e.expect.constant else None)
            for e in written.correlate
        )
        attributes: Any = written.attributes.source if written.attributes.constant else {}
        filters.append(EventFilter(dict(attributes), correlations))
    conditions = ("" if f.data is None else str(f.data.source) for f in schedule.on.filters)
    return Trigger(tuple(filters), tuple(conditions), schedule.read)


def _search(reader: Reader, document: Mapping[str, Any]) -> tuple[Template | None, Template | None]:
    """`document.metadata.crossdock`: businessKey and search, on the transformed input of the workflow."""
    ours = jsonlike.mapping(jsonlike.member(document.get("metadata"), "crossdock")) or {}
    here = "/document/metadata/crossdock"
    key = ours.get("businessKey")
    search = ours.get("search")
    return (
        None if key is None else reader.template(key, f"{here}/businessKey"),
        None if search is None else reader.template(search, f"{here}/search"),
    )
