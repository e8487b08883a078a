"""Running one scenario: the in-memory host with everybody else played from the scenario file.

A call is answered by the first that can: the file's fakes; the people of the scenario, for approvals, cases and holds;
functions that only compute, which run for real (decision tables, prices, allocation); what the engine does itself
(clocks, milestones, undoing). A call that nobody answers is a mistake of the file, and named in the report.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, cast

import msgspec

from crossdock import exactjson
from crossdock.engine import compensation
from crossdock.engine.memory import EPOCH, Answer, Deadlock, Memory, Slow, Stepped
from crossdock.engine.scenarios import files
from crossdock.errors import FlowFault
from crossdock.flow import durations, faults, jsonlike
from crossdock.flow import state as states
from crossdock.flow.facts import Error, Trace
from crossdock.flow.outcomes import Done, Failed, Immediate, Invocation, Parked, Unknown
from crossdock.flow.program import Program
from crossdock.rules import businesstime
from crossdock.rules.calendars import AROUND_THE_CLOCK


@dataclass(frozen=True, slots=True)
class Made:
    """One call as it was made."""

    function: str
    arguments: Any
    after: timedelta
    task: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The instance at one time."""

    status: str
    stage: str | None
    context: Any
    waiting: tuple[states.Waiting, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What came of a scenario. visited: pointers of tasks, by (namespace/name, pointer)."""

    status: str  # a Status, or "waiting"
    output: Any
    error: Error | None
    events: Sequence[Mapping[str, Any]]
    calls: Sequence[Made]
    asked: Sequence[str]
    path: Sequence[str]
    moments: Sequence[Snapshot | None]
    last: Snapshot | None
    took: timedelta
    visited: frozenset[tuple[str, str]]
    steps: Sequence[Stepped]
    trouble: Sequence[str]  # what is wrong with the scenario itself


class Stage(Memory):
    """The in-memory host with the scenario's players."""

    def __init__(
        self,
        loaded: files.Loaded,
        scenario: files.Scenario,
        program: Program,
        children: Sequence[Program],
        functions: Mapping[str, Immediate],
    ) -> None:
        start_at = EPOCH if loaded.file.start_at is None else datetime.fromisoformat(loaded.file.start_at)
        start_at = start_at if start_at.tzinfo else start_at.replace(tzinfo=UTC)
        super().__init__(self.perform, programs=children, values=loaded.file.secrets, start_at=start_at)
        self._loaded = loaded
        self._scenario = scenario
        self._program = program
        self._functions = functions
        self._fakes = {**loaded.file.calls, **scenario.calls}
        self._people = list(scenario.people)
        self._begun_at = start_at
        self._by_function: defaultdict[str, list[Any]] = defaultdict(list)
        self._answers: defaultdict[str, list[Any]] = defaultdict(list)
        self._undoable: list[tuple[Invocation, Any]] = []
        self._clocks: dict[str, int] = {}
        self._happened = 0
        self.made: list[Made] = []
        self.asked: list[str] = []
        self.visited: set[tuple[str, str]] = set()
        self.moments: list[Snapshot | None] = [None] * len(scenario.expect.at)
        self.trouble: list[str] = []
        self._given: Any = None

    async def play(self) -> Played:
        scenario = self._scenario
        self._given = self._value(scenario.input, None)
        if scenario.event is not None:
            event = self._event(self._value(scenario.event, None))
            if not self._program.starts(event):
                self.trouble.append(
                    f"The event {event.get('type')!r} does not start the workflow: see its schedule.on."
                )
            self._given = self._program.start_input(event)
        for happening in scenario.events:
            self._happens(happening, self._given)
        for i, moment in enumerate(scenario.expect.at):
            # a moment later, so that what falls due at that time has been done
            self._later(_span(moment.after) + timedelta(microseconds=1), lambda i=i: self._look(i))
        cancel = None if scenario.cancel_after is None else _span(scenario.cancel_after)
        status, output, error = "waiting", None, None
        try:
            outcome = await self.run(self._program, self._given, cancel_after=cancel)
            status, output, error = outcome.status.value, outcome.output, outcome.error
        except Deadlock:
            pass
        except FlowFault as fault:
            self.trouble.append(str(fault))
        left = [self._whom(decision) for decision in self._people]
        self.trouble += [f"Nobody asked for the decision about {whom}." for whom in left]
        return Played(
            status=status,
            output=output,
            error=error,
            events=self._events,
            calls=self.made,
            asked=self.asked,
            path=[step.task for step in self.steps if step.kind == "task-started" and step.task],
            moments=self.moments,
            last=self._snapshot(),
            took=self.now - self._begun_at,
            visited=frozenset(self.visited),
            steps=self.steps,
            trouble=self.trouble,
        )

    # ── what is seen ─────────────────────────────────────────────────────────────────────────────────────────────

    def _stepped(self, program: Program, trace: Trace) -> Stepped:
        if trace.kind == "task-started":
            self.visited.add((f"{program.namespace}/{program.name}", trace.at.partition("#")[0]))
        return super()._stepped(program, trace)

    def _look(self, i: int) -> None:
        self.moments[i] = self._snapshot()

    def _snapshot(self) -> Snapshot | None:
        root = next(iter(self._instances.values()), None)
        if root is None or root.state is None:
            return None
        state = root.state
        return Snapshot(state.status.value, state.stage, state.context, tuple(state.waiting))

    # ── calls ────────────────────────────────────────────────────────────────────────────────────────────────────

    def perform(self, call: Invocation) -> Answer:
        if call.function == "compensate":
            return self._compensate(call)
        return self._answered(call)

    def _answered(self, call: Invocation) -> Answer:
        task = call.at.partition("#")[0].rpartition("/")[2]
        self.made.append(Made(call.function, call.arguments, self.now - self._begun_at, task))
        self._by_function[call.function].append(call.arguments)
        answer = self._played(call)
        outcome = answer.outcome if isinstance(answer, Slow) else answer
        if isinstance(outcome, Done):
            self._answers[call.function].append(outcome.output)
            if "compensate" in call.metadata:
                self._undoable.append((call, outcome.output))
        return answer

    def _played(self, call: Invocation) -> Answer:
        fake = self._fakes.get(call.function)
        if fake is not None:
            listed = files.answers(fake)
            return self._fake(call, listed[min(len(self._by_function[call.function]), len(listed)) - 1])
        match call.function:
            case "approval" | "case" | "hold":
                return self._ask(call)
            case "sla-start":
                return self._start_clock(call)
            case "sla-stop":
                key = str(jsonlike.member(call.arguments, "key"))
                kept = None if self._clocks.pop(key, None) is None else True
                return Done({"key": key, "kept": kept})
            case "sla-pause" | "sla-resume":  # beside the workflow, which sees nothing of it
                return Done({"key": jsonlike.member(call.arguments, "key"), "paused": None, "due_at": None})
            case "throttle":
                key = jsonlike.member(call.arguments, "key")
                return Done({"key": key, "slot_at": self.now.isoformat(), "waited_ms": 0})
            case "milestone":
                return Done({"name": jsonlike.member(call.arguments, "name"), "at": self.now.isoformat()})
            case _:
                pass
        immediate = self._functions.get(call.function)
        if immediate is not None:
            found = immediate.evaluate(call)
            return Done(exactjson.plain(found.output)) if isinstance(found, Done) else found
        said = f"The scenario has no answer for {call.function}: add it under `calls:`."
        if said not in self.trouble:
            self.trouble.append(said)
        return Failed(Error(faults.CONFIGURATION, 501, "No answer", said))

    def _fake(self, call: Invocation, written: files.Answer) -> Answer:
        outcome: Done | Failed | Unknown
        if written.never:
            return Parked("never")
        if written.fail is not None:
            fail = written.fail
            outcome = Failed(Error(fail.type, fail.status, fail.title, fail.detail))
        elif written.unknown is not None:
            outcome = Unknown(written.unknown)
        else:
            outcome = Done(self._value(written.answer, call.arguments, call.function))
        for happening in written.events:
            given = outcome.output if isinstance(outcome, Done) else None
            self._happens(happening, call.arguments, given, call.function)
        span = _span(written.after)
        return Slow(outcome, span) if span else outcome

    def _value(self, written: Any, dot: Any, function: str = "", answer: Any = None) -> Any:
        variables = {
            "n": len(self._by_function[function]) if function else 0,
            "calls": dict(self._by_function),
            "answers": dict(self._answers),
            "answer": answer,
            "input": self._given,
            "shared": self._loaded.file.shared,
            "now": self.now.isoformat(),
        }
        return self._loaded.template(written).evaluate(dot, variables)

    # ── events ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _happens(self, happening: files.Happening, dot: Any, answer: Any = None, function: str = "") -> None:
        def happen() -> None:
            try:
                self.publish(self._event(self._value(happening.event, dot, function, answer)))
            except faults.Raised as wrong:
                self.trouble.append(f"The event {happening.event.get('type')!r} cannot be made: {wrong}")

        self._later(_span(happening.after), happen)

    def _event(self, given: Mapping[str, Any]) -> dict[str, Any]:
        self._happened += 1
        source = {"specversion": "1.0", "source": "/scenario", "id": f"scenario-{self._happened}"}
        return {**source, "time": self.now.isoformat(), **given}

    # ── people and clocks ────────────────────────────────────────────────────────────────────────────────────────

    def _ask(self, call: Invocation) -> Answer:
        given = jsonlike.mapping(call.arguments) or {}
        kind = str(given.get("kind", call.function))
        if call.function == "case" and given.get("wait") is False:
            return Done({"case": f"case-{len(self.made)}", "number": f"EX-{len(self.made)}"})
        decision = next((d for d in self._people if _asked(d, call.function) in {kind, "any"}), None)
        if call.function == "hold":
            if decision is None or given.get("wait") is False:
                return Done({"held": decision is not None})
            self._people.remove(decision)
            return Slow(Done({"held": True, "released_by": decision.by, "note": decision.note}), _span(decision.after))
        self.asked.append(kind)
        if decision is None:
            return Parked(f"{call.function}/{kind}")
        self._people.remove(decision)
        if call.function == "approval":
            output = {"outcome": decision.outcome, "by": decision.by, "note": decision.note}
        else:
            output = {"action": decision.action, "data": decision.data, "note": decision.note, "by": decision.by}
        return Slow(Done(output), _span(decision.after))

    def _whom(self, decision: files.Decision) -> str:
        kind = next(k for k in ("approval", "case", "hold") if _asked(decision, k) is not None)
        return f"{kind} {_asked(decision, kind)}"

    def _start_clock(self, call: Invocation) -> Answer:
        given = jsonlike.mapping(call.arguments) or {}
        key = str(given.get("key"))
        due = self._due(given)
        if due is None:
            return Failed(Error(faults.VALIDATION, 400, "Expected due_in or due_on", "found neither"))
        number = self._clocks.get(key, 0) + 1
        self._clocks[key] = number

        def breach() -> None:
            if self._clocks.get(key) == number:
                data = {"order": call.business_key, "key": key, "due_at": due.isoformat()}
                self.publish(self._event({"type": "crossdock.sla.breached", "data": data}))

        self._later(max(due - self.now, timedelta()), breach)
        return Done({"key": key, "due_at": due.isoformat()})

    def _due(self, given: Mapping[str, Any]) -> datetime | None:
        grace = durations.parse(given.get("grace")) or timedelta()
        on = given.get("due_on")
        if isinstance(on, str):
            return datetime.combine(date.fromisoformat(on[:10]), time(23, 59, 59), UTC) + grace
        # A scenario has no tenant, and so no calendar: every one is open around the clock.
        if given.get("by") is not None:
            return businesstime.next_cutoff(AROUND_THE_CLOCK, self.now, str(given.get("cutoff")))
        if given.get("business_days") is not None:
            return businesstime.due_after_days(AROUND_THE_CLOCK, self.now, int(given["business_days"]))
        span = durations.parse(given.get("due_in"))
        return None if span is None else self.now + span

    def _compensate(self, call: Invocation) -> Answer:
        """Undoes what was done, last first, through the same players; an undoing call without an answer succeeds."""
        undone: list[Any] = []
        failed: list[Any] = []
        self.made.append(Made("compensate", call.arguments, self.now - self._begun_at, ""))
        undoable, self._undoable = self._undoable, []
        for done, output in reversed(undoable):
            undo = cast("dict[str, Any]", done.metadata["compensate"])
            function = str(undo["function"]).split("@")[0].split(":")[0]
            arguments = compensation.evaluate(undo.get("arguments", {}), output)
            inner = msgspec.structs.replace(done, function=function, arguments=arguments, metadata={})
            if function not in self._fakes:
                self.made.append(Made(function, arguments, self.now - self._begun_at, ""))
                undone.append({"at": done.at, "function": function})
                continue
            answer = self._answered(inner)
            outcome = answer.outcome if isinstance(answer, Slow) else answer
            if isinstance(outcome, Done):
                undone.append({"at": done.at, "function": function})
            else:
                error = faults.to_json(outcome.error) if isinstance(outcome, Failed) else {"title": "Outcome unknown"}
                failed.append({"at": done.at, "function": function, "error": error})
        return Done({"undone": undone, "failed": failed})


def _asked(decision: files.Decision, function: str) -> str | None:
    return {"approval": decision.approval, "case": decision.case, "hold": decision.hold}[function]


def _span(value: Any) -> timedelta:
    """Of a duration that reading has found to be one."""
    found = durations.parse(value)
    return timedelta() if found is None else found


def is_given(value: Any) -> bool:
    return value is not msgspec.UNSET
