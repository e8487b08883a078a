"""One step in the making: the open runs of an instance, and the few moves they are made of.

A run is started, may wait, and is closed by exactly one of complete, fault or cancel. What each kind of task does is
in `actions`; this module owns the bookkeeping: run numbers, variables, timers, the way of an error upwards, and the
way of an output to the next task. It lives for one `advance`; runs themselves are immutable and replaced.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from msgspec.structs import replace

from crossdock import exactjson
from crossdock.flow import dataflow, faults, model
from crossdock.flow.dataflow import NONE, Template, Variables
from crossdock.flow.facts import (
    Abandon,
    Call,
    Cancel,
    ClearTimer,
    Command,
    Complete,
    Error,
    Fail,
    SetTimer,
    Trace,
    Unsubscribe,
)
from crossdock.flow.faults import Raised
from crossdock.flow.program import Program
from crossdock.flow.state import Recorded, Run, State, Status, Wait

ROOT = 1
UNDO = "compensate"  # the function that undoes what an instance has done; only of a cancellation is the root its caller
CHANGED = "A recorded outcome does not fit"
# A definition that goes round without ever waiting would hold its worker for ever; no real step starts so many tasks.
MOST_STARTS = 100_000


class Changed(Exception):
    """A recorded outcome belongs to a call that would now be made with other arguments."""

    def __init__(self, at: str) -> None:
        detail = (
            "Its effect stands, and was asked for with other arguments than it would be now. "
            "Restart with this call repeated, or with the data as it was."
        )
        self.error = Error(faults.RUNTIME, 409, CHANGED, detail, at.partition("#")[0])
        super().__init__(f"{at}: {detail}")


class Actions(Protocol):
    """What `actions` provides: tables from the type of an action to what it does."""

    @property
    def begin(self) -> Mapping[type, Callable[["Machine", Run, model.Task], None]]: ...

    @property
    def body_done(self) -> Mapping[type, Callable[["Machine", Run, model.Task, model.Common, Any, bool], None]]: ...

    def caught(self, machine: "Machine", run: Run, error: Error) -> bool: ...

    def extended(self, machine: "Machine", run: Run, output: Any, then: int) -> None: ...


class Machine:
    __slots__ = (
        "_actions",
        "_agenda",
        "_counts",
        "_next_id",
        "_program",
        "_runtime",
        "_starts",
        "_state",
        "_tasks",
        "again",
        "business_key",
        "commands",
        "context",
        "correlations",
        "current",
        "error",
        "now",
        "output",
        "runs",
        "search",
        "stage",
        "status",
        "trace",
    )

    def __init__(
        self, program: Program, state: State, now: datetime, runtime: Mapping[str, Any], actions: Actions
    ) -> None:
        self._program = program
        self._tasks = program.tasks
        self._state = state
        self._runtime = runtime
        self._actions = actions
        self._counts = list(state.counts) if state.counts else [0] * len(program.tasks)
        self._next_id = state.next_id
        self._agenda: list[tuple[int, int, Any]] = []
        self._starts = 0
        self.runs = {run.id: run for run in state.runs}
        self.context = state.context
        self.correlations = state.correlations
        self.stage = state.stage
        self.status = state.status
        self.output = state.output
        self.error = state.error
        self.business_key = state.business_key
        self.search = state.search
        self.again = state.again
        self.now = now
        self.current: Run | None = None  # whose fault it is when an expression fails
        self.commands: list[Command] = []
        self.trace: list[Trace] = []

    # ── the loop ─────────────────────────────────────────────────────────────────────────────────────────────────

    def perform(self, move: Callable[[], None]) -> None:
        """Make the first move, then start what became due, until every open run waits or the instance has ended."""
        self._guarded(move)
        while self._agenda and self.status is Status.RUNNING:
            parent, index, raw = self._agenda.pop()
            if parent == 0 or parent in self.runs:
                self._guarded(lambda p=parent, i=index, r=raw: self._start(p, i, r))

    def _guarded(self, move: Callable[[], None]) -> None:
        try:
            move()
        except Changed as changed:
            # No `catch` may hear of it: a retry would make, unasked, a second effect beside the recorded one.
            self.fail(changed.error)
        except Raised as raised:
            if self.current is None:
                raise
            self.fault(self.current, raised.error)

    def follow(self, parent: int, index: int, raw: Any) -> None:
        """The task is the next to start. The last one said is the first one started."""
        self._agenda.append((parent, index, raw))

    def finished(self) -> State:
        ended = self.status is not Status.RUNNING
        return State(
            status=self.status,
            instance_id=self._state.instance_id,
            started_at=self._state.started_at,
            input=self._state.input,
            context=self.context,
            output=self.output,
            error=self.error,
            stage=self.stage,
            business_key=self.business_key,
            search=self.search,
            correlations=self.correlations,
            counts=tuple(self._counts),
            next_id=self._next_id,
            runs=() if ended else tuple(self.runs.values()),
            again=self.again,
        )

    # ── starting ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _start(self, parent: int, index: int, raw: Any) -> None:
        task = self._tasks[index]
        common = task.common
        at, self._counts[index] = self.next_at(index)
        run = Run(self._next_id, parent, index, at, self.now, raw, raw)
        self._next_id += 1
        self.current = run
        self._starts += 1
        if self._starts > MOST_STARTS:
            raise faults.fault(
                faults.RUNTIME, 508, "Endless loop", f"{MOST_STARTS} tasks started without waiting once."
            )
        condition = common.condition
        if condition is not None and not dataflow.truthy(self.evaluate(condition, run, raw)):
            self.trace.append(Trace(at, "task-skipped"))
            # A task that does not run has no say in what comes next: its `then` is not followed.
            self._proceed(run, common, raw, model.CONTINUE)
            return
        self.note(run, "task-started")
        if common.stage is not None:
            self.stage = common.stage
        if common.input_schema is not None:
            common.input_schema.check(raw, "The input")
        if common.input_from is not None:
            run = replace(run, input=self.evaluate(common.input_from, run, raw))
            self.current = run
        if common.timeout is not None:
            run = self.set_timer(
                run, "timeout", dataflow.duration(common.timeout, run.input, self.variables(run, common.timeout.needs))
            )
            self.current = run
        self._actions.begin[type(task.action)](self, run, task)

    def next_at(self, index: int) -> tuple[str, int]:
        """Which run of the task is the next one: numbers whose keys must not be used again are passed over."""
        pointer, number = self._tasks[index].common.pointer, self._counts[index] + 1
        if self.again is not None:
            burnt = self.again.burnt
            while f"{pointer}#{number}" in burnt:
                number += 1
        return f"{pointer}#{number}", number

    def recall(self, at: str, given: Any = None) -> Recorded | None:
        """What came of this very run before a restart, once. Raises Changed when it was made with something else."""
        if self.again is None or at not in self.again.recorded:
            return None
        rest = dict(self.again.recorded)
        found = rest.pop(at)
        if not found.events and exactjson.canonical(found.given) != exactjson.canonical(given):
            raise Changed(at)
        self.again = replace(self.again, recorded=rest)
        return found

    def begin_root(self, given: Any) -> None:
        """Start the workflow itself; its input has been validated and transformed."""
        task = self._tasks[0]
        self._counts[0] = 1
        self._next_id = ROOT + 1
        run = Run(ROOT, 0, 0, "#1", self.now, given, given)
        self.current = run
        self.trace.append(Trace(run.at, "task-started"))
        timeout = task.common.timeout
        if timeout is not None:
            run = self.set_timer(run, "timeout", dataflow.duration(timeout, given, self.variables(run, timeout.needs)))
        self._actions.begin[type(task.action)](self, run, task)

    def hold(self, run: Run) -> Run:
        """Keep the run open, without the documents that nothing of it will read again."""
        if not self._tasks[run.task].common.keeps:
            run = replace(run, raw=None, input=None)
        self.runs[run.id] = run
        return run

    def keep(self, run: Run) -> Run:
        """Keep the run as it is: the replacement of one already held."""
        self.runs[run.id] = run
        return run

    # ── ending ───────────────────────────────────────────────────────────────────────────────────────────────────

    def complete(self, run: Run, raw_output: Any, then: int | None = None) -> None:
        """The run's work is done: transform and export its output, go on with `then` (else the task's own)."""
        common = self._tasks[run.task].common
        self.current = run
        output = raw_output
        if common.output_as is not None:
            output = common.output_as.evaluate(
                raw_output, self.variables(run, common.output_as.needs, None, raw_output)
            )
        if common.output_schema is not None:
            common.output_schema.check(output, "The output")
        self.export(common.export_as, common.export_schema, run, output)
        self._close(run)
        self.note(run, "task-completed")
        self._proceed(run, common, output, common.then if then is None else then)

    def export(self, template: Template | None, schema: dataflow.Schema | None, run: Run, output: Any) -> None:
        context = self.context
        if template is not None:
            context = template.evaluate(output, self.variables(run, template.needs, output, output))
        if schema is not None:
            schema.check(context, "The context")
        self.context = context

    def _proceed(self, run: Run, common: model.Common, output: Any, then: int) -> None:
        if run.id == ROOT:
            self.status = Status.COMPLETED
            self.output = output
            self.commands.append(Complete(output))
        elif common.origin:
            # A task that extensions stand around: where to go is for the task that holds them both.
            self._actions.extended(self, self.runs[run.parent], output, then)
        elif then >= 0:
            self.follow(run.parent, then, output)
        elif then == model.CONTINUE and common.following != model.NOTHING:
            self.follow(run.parent, common.following, output)
        elif then == model.END:
            # "end: provides a graceful conclusion to the workflow", from any depth: the other branches go.
            self.cancel_below(ROOT)
            self._agenda.clear()
            self.complete(self.runs[ROOT], output)
        else:
            parent = self.runs[run.parent]
            task = self._tasks[parent.task]
            self.current = parent
            self._actions.body_done[type(task.action)](self, parent, task, common, output, then == model.EXIT)

    def fault(self, run: Run, error: Error) -> None:
        """Carry the error upwards to the first `try` that catches it; the instance fails when none does."""
        pointer = self._tasks[run.task].common.reference
        error = dataflow.instance(error, pointer or "/")
        while True:
            self.note(run, "task-faulted", f"{error.type} {error.status}")
            self.cancel_below(run.id)
            held = self.runs.get(run.id)
            if held is not None and held.wait is Wait.EVENT:  # it failed while it was listening
                self.withdraw(held)
            self._close(run)
            parent = self.runs.get(run.parent)
            if parent is None:
                self.fail(error)
                return
            try:
                if self._actions.caught(self, parent, error):
                    return
            except Raised as raised:  # the condition of the catch failed: that is the error now
                error = dataflow.instance(raised.error, self._tasks[parent.task].common.pointer)
            run = self.runs.get(parent.id, parent)

    def fail(self, error: Error) -> None:
        self._withdraw_all()
        self.status = Status.FAULTED
        self.error = faults.to_json(error)
        self.commands.append(Fail(error))

    def compensate(self, reason: str) -> None:
        """Stop everything, then undo what was done: the workflow itself waits for the host's report, then ends."""
        self._agenda.clear()
        root = self.runs[ROOT]
        self.cancel_below(ROOT)
        for timer in root.timers:
            root = self.clear_timer(root, timer)
        self.keep(replace(root, wait=Wait.CALL, detail=UNDO, vars={"reason": reason}))
        self.commands.append(Call(root.at, UNDO, {"reason": reason}))

    def cancel(self, reason: str) -> None:
        self._withdraw_all()
        self.status = Status.CANCELLED
        self.commands.append(Cancel(reason))

    def _withdraw_all(self) -> None:
        self._agenda.clear()
        self.cancel_below(0)

    def cancel_below(self, ancestor: int) -> None:
        """Cancel every run below `ancestor`, innermost first, and take back what they asked for."""
        dead: set[int] = {ancestor}
        doomed: list[Run] = []
        for run in self.runs.values():  # by id: parents come before children
            if run.parent in dead:
                dead.add(run.id)
                doomed.append(run)
        for run in reversed(doomed):
            self.withdraw(run)
            self._close(run)
            self.note(run, "task-cancelled")

    def withdraw(self, run: Run) -> None:
        """Take back what the run waits for; it then waits for nothing. Its timers go when it is closed."""
        self.take_back(run)
        self.keep(replace(run, wait=None))

    def take_back(self, run: Run) -> None:
        match run.wait:
            case Wait.CALL | Wait.CHILD:
                self.commands.append(Abandon(run.at))
            case Wait.EVENT:
                self.commands.append(Unsubscribe(run.at))
            case Wait.TIMER | None:
                pass

    def _close(self, run: Run) -> None:
        held = self.runs.pop(run.id, run)
        for timer in held.timers:
            self.commands.append(ClearTimer(held.at, timer))

    def note(self, run: Run, kind: str, detail: str = "") -> None:
        """A trace of the run; a task that extensions stand around is traced once, with them."""
        if not self._tasks[run.task].common.origin:
            self.trace.append(Trace(run.at, kind, detail))

    # ── timers ───────────────────────────────────────────────────────────────────────────────────────────────────

    def set_timer(self, run: Run, timer: str, after: timedelta) -> Run:
        try:
            due = self.now + after
        except OverflowError:
            raise faults.expression(f"Expected a time before the year 10000, found {after} from now.") from None
        self.commands.append(SetTimer(run.at, timer, due))
        return self.keep(replace(run, timers=(*run.timers, timer)))

    def clear_timer(self, run: Run, timer: str, tell: bool = True) -> Run:
        """tell=False: it has fired, so the host has forgotten it already."""
        if timer not in run.timers:
            return run
        if tell:
            self.commands.append(ClearTimer(run.at, timer))
        return self.keep(replace(run, timers=tuple(t for t in run.timers if t != timer)))

    # ── expressions ──────────────────────────────────────────────────────────────────────────────────────────────

    def evaluate(self, template: Template, run: Run, value: Any) -> Any:
        return template.evaluate(value, self.variables(run, template.needs))

    def variables(self, run: Run, needs: frozenset[str], output: Any = None, raw_output: Any = None) -> Variables:
        """Just the variables that an expression reads."""
        if not needs:
            return NONE
        values: dict[str, Any] = {}
        for name in needs:
            match name:
                case "context":
                    values[name] = self.context
                case "input":
                    values[name] = run.input
                case "output":
                    values[name] = output
                case "task":
                    values[name] = self._describe_task(run, raw_output)
                case "workflow":
                    values[name] = self._describe_workflow()
                case "runtime":
                    values[name] = self._runtime
                case "secrets":
                    values[name] = self._program.secrets
                case "authorization":
                    values[name] = None  # the host authenticates when it makes the call: never visible here
                case _:
                    values[name] = self._bound(run, name)
        return values

    def _bound(self, run: Run, name: str) -> Any:
        """A variable that an enclosing task binds (each, at, as, item): the innermost one."""
        at: Run | None = run
        while at is not None:
            if at.vars is not None and name in at.vars:
                return at.vars[name]
            at = self.runs.get(at.parent)
        return None

    def _describe_task(self, run: Run, raw_output: Any) -> dict[str, Any]:
        run = self._extended_by(run)
        common = self._tasks[run.task].common
        return {
            "name": common.name,
            "reference": common.reference,
            "definition": common.definition,
            "input": run.raw,
            "output": raw_output,
            "startedAt": dataflow.moment(run.started),
        }

    def _extended_by(self, run: Run) -> Run:
        """In the tasks of an extension $task is the task that they stand around; else the run's own."""
        at: Run | None = run
        while at is not None:
            parent = self.runs.get(at.parent)
            around = parent is not None and isinstance(self._tasks[parent.task].action, model.Extended)
            if parent is not None and around and not self._tasks[at.task].common.origin:
                return parent
            at = parent
        return run

    def _describe_workflow(self) -> dict[str, Any]:
        return {
            "id": self._state.instance_id,
            "definition": self._program.definition,
            "input": self._state.input,
            "startedAt": dataflow.moment(self._state.started_at),
        }

    @property
    def instance_id(self) -> str:
        return self._state.instance_id

    @property
    def program(self) -> Program:
        return self._program
