"""What each kind of task does when it starts, and when a list of tasks below it is done.

The two tables at the end are the whole of the language's behaviour; `machine` knows how, this module knows what.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from msgspec.structs import replace

from crossdock.flow import dataflow, faults, jsonlike, listening, model, retry
from crossdock.flow.facts import Call, Emit, RunChild, Trace
from crossdock.flow.machine import Machine
from crossdock.flow.state import Around, Attempt, Loop, Race, Run, Wait

T = TypeVar("T")

# ── start ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _do(machine: Machine, run: Run, task: model.Task) -> None:
    body = _is(task.action, model.Do).body
    if not body.size:
        machine.complete(run, run.input)
        return
    machine.hold(run)
    machine.follow(run.id, body.first, run.input)


def _set(machine: Machine, run: Run, task: model.Task) -> None:
    machine.complete(run, machine.evaluate(_is(task.action, model.Set).value, run, run.input))


def _switch(machine: Machine, run: Run, task: model.Task) -> None:
    for case in _is(task.action, model.Switch).cases:
        if case.when is None or dataflow.truthy(machine.evaluate(case.when, run, run.input)):
            machine.trace.append(Trace(run.at, "switched", case.name))
            machine.complete(run, run.input, case.then)
            return
    machine.complete(run, run.input)


def _raise(machine: Machine, run: Run, task: model.Task) -> None:
    described = machine.evaluate(_is(task.action, model.Raise).error, run, run.input)
    raise faults.Raised(faults.from_json(described))


def _emit(machine: Machine, run: Run, task: model.Task) -> None:
    given = machine.evaluate(_is(task.action, model.Emit).event, run, run.input)
    program = machine.program
    event: dict[str, Any] = {
        "specversion": "1.0",
        # "If not explicitly provided, runtime implementations generate it (e.g., from the workflow identity)."
        "source": f"/{program.namespace}/{program.name}/{program.version}",
        "time": dataflow.moment(machine.now)["iso8601"],
    }
    if machine.instance_id:  # else the host names it: an `at` alone is not unique
        event["id"] = f"{machine.instance_id}{run.at}"
    event.update((name, value) for name, value in given.items() if value is not None)
    if "data" in event:
        event.setdefault("datacontenttype", "application/json")
    machine.commands.append(Emit(run.at, event))
    machine.complete(run, event)


def _wait(machine: Machine, run: Run, task: model.Task) -> None:
    template = _is(task.action, model.Wait).duration
    span = dataflow.duration(template, run.input, machine.variables(run, template.needs))
    if not span:
        machine.complete(run, run.input)
        return
    machine.set_timer(machine.hold(replace(run, wait=Wait.TIMER, detail="wait")), "wait", span)


def _call(machine: Machine, run: Run, task: model.Task) -> None:
    action = _is(task.action, model.Call)
    arguments = machine.evaluate(action.arguments, run, run.input)
    if action.uri:
        target = arguments["endpoint"]
        uri = target.get("uri")
        if not isinstance(uri, str):
            raise faults.expression(f"Expected a URI as endpoint, found {str(uri)[:100]!r}.")
        arguments = {**arguments, "endpoint": {**target, "uri": dataflow.endpoint(uri, run.input)}}
    metadata = _metadata(machine, run, task.common)
    parent = machine.runs.get(run.parent)
    if task.common.origin and parent is not None:
        parent = machine.runs.get(parent.parent)
    if parent is not None and isinstance(machine.program.tasks[parent.task].action, model.Use):
        # The call stands for the function: what is said beside the function's use holds for it.
        metadata = {**metadata, **_metadata(machine, parent, machine.program.tasks[parent.task].common)}
    if (known := machine.recall(run.at, arguments)) is not None:
        machine.trace.append(Trace(run.at, "recalled", action.function))
        machine.complete(run, known.output)
        return
    machine.hold(replace(run, wait=Wait.CALL, detail=action.function))
    machine.commands.append(Call(run.at, action.function, arguments, metadata, task.common.secrets))


def _metadata(machine: Machine, run: Run, common: model.Common) -> dict[str, Any]:
    metadata: dict[str, Any] = {}
    if common.metadata is not None:
        metadata.update(machine.evaluate(common.metadata, run, run.input))
    if common.compensate is not None:
        metadata["compensate"] = common.compensate
    return metadata


def _use(machine: Machine, run: Run, task: model.Task) -> None:
    action = _is(task.action, model.Use)
    arguments = machine.evaluate(action.arguments, run, run.input)
    machine.hold(run)
    machine.follow(run.id, action.body.first, arguments)


def _run_workflow(machine: Machine, run: Run, task: model.Task) -> None:
    action = _is(task.action, model.RunWorkflow)
    given = run.input if action.input is None else machine.evaluate(action.input, run, run.input)
    if action.awaited and (known := machine.recall(run.at, given)) is not None:
        machine.trace.append(Trace(run.at, "recalled", f"{action.namespace}/{action.name}"))
        machine.complete(run, known.output)
        return
    child = RunChild(run.at, action.namespace, action.name, action.version, given, action.awaited)
    machine.commands.append(child)
    if action.awaited:
        machine.hold(replace(run, wait=Wait.CHILD, detail=f"{action.namespace}/{action.name}:{action.version}"))
    else:
        machine.complete(run, run.input)


def _unsupported(_machine: Machine, _run: Run, task: model.Task) -> None:
    raise faults.unsupported(_is(task.action, model.Unsupported).what)


def _for(machine: Machine, run: Run, task: model.Task) -> None:
    action = _is(task.action, model.For)
    given = machine.evaluate(action.items, run, run.input)
    items = jsonlike.sequence(given)
    if items is None:
        raise faults.expression(f"Expected a list for `in`, found {str(given)[:100]!r}.")
    data = run.input
    run = machine.hold(replace(run, memory=Loop(items, -1)))
    _iterate(machine, run, action, data)


def _iterate(machine: Machine, run: Run, action: model.For, data: Any) -> None:
    """The next iteration takes what the last one gave; the loop's output is what the last one gives."""
    loop = _is(run.memory, Loop)
    i = loop.i + 1
    if i < len(loop.items):
        names = {action.each: loop.items[i], action.at: i}
        run = machine.keep(replace(run, memory=Loop(loop.items, i), vars=names))
        machine.current = run
        if action.condition is None or dataflow.truthy(machine.evaluate(action.condition, run, data)):
            if action.body.size:
                machine.follow(run.id, action.body.first, data)
                return
            i = len(loop.items)  # nothing to do for any of them
    machine.complete(run, data)


def _fork(machine: Machine, run: Run, task: model.Task) -> None:
    branches = _is(task.action, model.Fork).branches
    if not branches.size:
        machine.complete(run, [])
        return
    machine.hold(replace(run, memory=Race([None] * branches.size, branches.size)))
    for index in reversed(range(branches.first, branches.first + branches.size)):
        machine.follow(run.id, index, run.input)


def _try(machine: Machine, run: Run, task: model.Task) -> None:
    run = replace(run, memory=Attempt(retry.TRYING, 0, machine.now))
    retry.attempt(machine, machine.keep(run), _is(task.action, model.Try))


def _extended(machine: Machine, run: Run, task: model.Task) -> None:
    action = _is(task.action, model.Extended)
    chosen = [n for n, extension in enumerate(action.extensions) if _applies(machine, run, task, extension)]
    _next(machine, machine.hold(replace(run, memory=Around(chosen, 0))), action)


def _applies(machine: Machine, run: Run, task: model.Task, extension: model.Extension) -> bool:
    if extension.when is None:
        return True
    variables = machine.variables(run, extension.when.needs)
    if "task" in variables:
        # The specification's own examples ask for $task.with and $task.call: what the file says is there too.
        variables = {**variables, "task": {**task.common.definition, **variables["task"]}}
    try:
        return dataflow.truthy(extension.when.evaluate(run.input, variables))
    except faults.Raised:  # it asks for what tasks of this kind may lack: not meant for this one
        return False


def _next(machine: Machine, run: Run, action: model.Extended) -> None:
    """Begin the next list: `before` in the order of the file, the task itself, `after` from the innermost outwards."""
    around = _is(run.memory, Around)
    befores = [action.extensions[n].before for n in around.chosen]
    afters = [action.extensions[n].after for n in reversed(around.chosen)]
    step = around.step
    while step <= len(befores) + len(afters):
        if step == len(befores):
            machine.keep(replace(run, memory=Around(around.chosen, step + 1)))
            machine.follow(run.id, action.inner, run.input)
            return
        body = befores[step] if step < len(befores) else afters[step - len(befores) - 1]
        step += 1
        if body.size:
            given = run.input if step <= len(befores) else around.output
            machine.keep(replace(run, memory=Around(around.chosen, step, around.output, around.then)))
            machine.follow(run.id, body.first, given)
            return
    machine.complete(run, around.output, None if around.then == model.CONTINUE else around.then)


# ── a list below is done ─────────────────────────────────────────────────────────────────────────────────────────
# leave: the last task said `exit`, which leaves the innermost list and completes the task that owns it.


def _list_done(machine: Machine, run: Run, _task: model.Task, _child: model.Common, output: Any, _leave: bool) -> None:
    machine.complete(run, output)


def _iteration_done(
    machine: Machine, run: Run, task: model.Task, _child: model.Common, output: Any, leave: bool
) -> None:
    if leave:
        machine.complete(run, output)
    else:
        _iterate(machine, run, _is(task.action, model.For), output)


def _branch_done(machine: Machine, run: Run, task: model.Task, child: model.Common, output: Any, _leave: bool) -> None:
    action = _is(task.action, model.Fork)
    if action.compete:
        machine.cancel_below(run.id)
        machine.complete(run, output)
        return
    race = _is(run.memory, Race)
    outputs = [*race.outputs]
    outputs[child.index - action.branches.first] = output
    run = machine.keep(replace(run, memory=Race(outputs, race.open - 1)))
    if race.open == 1:
        machine.complete(run, outputs)


def _try_done(machine: Machine, run: Run, task: model.Task, _child: model.Common, output: Any, _leave: bool) -> None:
    handled = _is(run.memory, Attempt).phase == retry.HANDLING
    machine.complete(run, output, _is(task.action, model.Try).catch.then if handled else None)


def _item_done(machine: Machine, run: Run, task: model.Task, _child: model.Common, output: Any, leave: bool) -> None:
    listening.iterated(machine, run, _is(task.action, model.Listen), output, leave)


def _extension_done(
    machine: Machine, run: Run, task: model.Task, _child: model.Common, output: Any, leave: bool
) -> None:
    """What an extension's list gives is dropped, unless it says `exit` before the task: then the task is not run."""
    around = _is(run.memory, Around)
    if leave and around.step <= len(around.chosen):
        machine.complete(run, output)
    else:
        _next(machine, run, _is(task.action, model.Extended))


# ── the tables ───────────────────────────────────────────────────────────────────────────────────────────────────


class Table:
    """`machine.Actions`: the behaviour of every kind of task."""

    begin: Mapping[type, Callable[[Machine, Run, model.Task], None]] = {
        model.Do: _do,
        model.Set: _set,
        model.Switch: _switch,
        model.For: _for,
        model.Fork: _fork,
        model.Try: _try,
        model.Raise: _raise,
        model.Emit: _emit,
        model.Wait: _wait,
        model.Call: _call,
        model.Use: _use,
        model.RunWorkflow: _run_workflow,
        model.Unsupported: _unsupported,
        model.Listen: listening.subscribe,
        model.Extended: _extended,
    }
    body_done: Mapping[type, Callable[[Machine, Run, model.Task, model.Common, Any, bool], None]] = {
        model.Do: _list_done,
        model.Use: _list_done,
        model.For: _iteration_done,
        model.Fork: _branch_done,
        model.Try: _try_done,
        model.Listen: _item_done,
        model.Extended: _extension_done,
    }

    @staticmethod
    def extended(machine: Machine, run: Run, output: Any, then: int) -> None:
        """The task itself is done; its extensions' `after` follow, and then what it said comes next."""
        around = _is(run.memory, Around)
        kept = machine.keep(replace(run, memory=replace(around, output=output, then=then)))
        _next(machine, kept, _is(machine.program.tasks[run.task].action, model.Extended))

    @staticmethod
    def caught(machine: Machine, run: Run, error: faults.Error) -> bool:
        return retry.caught(machine, run, machine.program.tasks[run.task], error)


def _is(value: Any, kind: type[T]) -> T:
    assert isinstance(value, kind)
    return value
