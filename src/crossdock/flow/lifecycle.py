"""Lifecycle events of the specification (io.serverlessworkflow.*.v1), made of what a step did.

    document.metadata.crossdock.lifecycle    what is emitted
    none (unless said otherwise)             nothing
    workflow                                 workflow.started, suspended, resumed, correlation-started,
                                             correlation-completed, cancelled, faulted, completed
    tasks                                    those, and task.created, started, retried, cancelled, faulted, completed

They are emitted like any other event: committed with the step they tell of, with an id of instance, task run and kind,
so that a repeated step emits no second one. The status-changed events, which say nothing the others do not, are not.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from crossdock.flow import faults
from crossdock.flow.dataflow import moment
from crossdock.flow.facts import Cancel, Command, Complete, Emit, Fail, Subscribe, Trace, Unsubscribe
from crossdock.flow.program import Program

PREFIX = "io.serverlessworkflow."
WORDS = ("none", "workflow", "tasks")
_TASK = {  # kind of a trace: what happened, and the member of its data that says when
    "task-started": ("started", "startedAt"),
    "task-retried": ("retried", "retriedAt"),
    "task-cancelled": ("cancelled", "cancelledAt"),
    "task-faulted": ("faulted", "faultedAt"),
    "task-completed": ("completed", "completedAt"),
}
Tell: TypeAlias = Callable[..., None]  # at, kind, data, and which one of several
_STANDING = {"suspended": "suspendedAt", "resumed": "resumedAt"}


def emits(
    program: Program,
    instance_id: str,
    now: datetime,
    trace: Sequence[Trace],
    commands: Sequence[Command],
    correlations: Mapping[str, str],
) -> list[Emit]:
    """The events of one step, in the order in which things happened: tasks first, then the workflow's end."""
    if program.lifecycle == "none":
        return []
    made: list[Emit] = []
    name = f"{program.name}-{instance_id}.{program.namespace}"
    time = moment(now)["iso8601"]

    def tell(at: str, kind: str, data: dict[str, Any], nth: str = "") -> None:
        event = {
            "specversion": "1.0",
            "id": f"{instance_id}{at}~{kind}{nth}",
            "source": f"/{program.namespace}/{program.name}/{program.version}",
            "type": f"{PREFIX}{kind}.v1",
            "time": time,
            "datacontenttype": "application/json",
            "data": data,
        }
        made.append(Emit(at, event))

    for step in trace:
        if step.kind == "task-started" and step.at == "#1":
            of = {"namespace": program.namespace, "name": program.name, "version": program.version}
            tell("", "workflow.started", {"name": name, "definition": of, "startedAt": time})
        elif step.kind in _STANDING:
            tell("", f"workflow.{step.kind}", {"name": name, _STANDING[step.kind]: time}, f"~{time}")
        elif program.lifecycle == "tasks" and step.kind in _TASK and step.at != "#1":
            _task(tell, step, name, time)
    for command in commands:
        match command:
            case Subscribe(at):
                tell(at, "workflow.correlation-started", {"name": name, "startedAt": time})
            case Unsubscribe(at):
                data = {"name": name, "completedAt": time}
                found = {"correlationKeys": dict(correlations)} if correlations else {}
                tell(at, "workflow.correlation-completed", {**data, **found})
            case Complete(output):
                tell("", "workflow.completed", {"name": name, "completedAt": time, "output": output})
            case Fail(error):
                tell("", "workflow.faulted", {"name": name, "faultedAt": time, "error": faults.to_json(error)})
            case Cancel():
                tell("", "workflow.cancelled", {"name": name, "cancelledAt": time})
            case _:
                pass
    return made


def _task(tell: Tell, step: Trace, workflow: str, time: str) -> None:
    word, when = _TASK[step.kind]
    data: dict[str, Any] = {"workflow": workflow, "task": step.at.partition("#")[0]}
    if word == "started":
        tell(step.at, "task.created", {**data, "createdAt": time})
    if word == "faulted":
        kind, _, status = step.detail.rpartition(" ")
        data["error"] = {"type": kind, "status": int(status)}
    # one run is retried several times: "retry 2 in …"
    nth = f"~{step.detail.split(' ')[1]}" if word == "retried" else ""
    tell(step.at, f"task.{word}", {**data, when: time}, nth)
