"""What a listener does with events: subscribe, take what it waits for, stop when it has it.

    strategy                stops                                   output (each event as `read` says)
    one                     with the first event                    [event]
    any                     with the first event                    [event]
    any until condition     when the condition holds after one      [events, in order of arrival]
    any until events        when those arrive (they are not taken)  [events, in order of arrival]
    all                     when each filter has had its event      [events, in order of the filters]

With `foreach`, events are worked off one after the other, later ones queue, and the output is what the iterations
gave. The host has matched type and correlation; everything is checked here again.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from crossdock.flow import correlation, dataflow, model
from crossdock.flow.facts import Correlation, EventFilter, Subscribe, Trace, Unsubscribe
from crossdock.flow.machine import Machine
from crossdock.flow.program import passes
from crossdock.flow.state import Filter, Listened, Run, Wait

# Why an event changes nothing. One that came too late may be for the next listener; the others had their chance.
CLOSED = "the listener has what it waited for"
TAKEN_BEFORE = "this event was taken before"
REFUSED = "no filter takes this event"


def unheard(trace: Sequence[Trace]) -> bool:
    """Whether the event found its listener closed: two came while one was wanted. The next listener may want it.

    One that an open listener refused is not among them: put back, it would come to the same listener again and again.
    """
    return bool(trace) and trace[0].kind == "ignored" and not trace[0].detail.endswith((TAKEN_BEFORE, REFUSED))


def subscribe(machine: Machine, run: Run, task: model.Task) -> None:
    action = _action(task)
    filters = [_prepared(machine, run, f) for f in action.to.filters]
    until = [_prepared(machine, run, f) for f in action.until_events.filters] if action.until_events else []
    memory = Listened(
        filters=filters,
        until=until,
        consumed=[None] * len(filters) if action.to.kind == "all" else [],
        slots=[False] * len(filters),
        until_slots=[False] * len(until),
        outputs=[],
        pending=[],
        busy=False,
        closing=False,
        seen=[],
    )
    wanted = [_filter(machine, prepared, f) for prepared, f in zip(filters, action.to.filters, strict=True)]
    if not wanted:  # "any: []" hears every event
        wanted.append(EventFilter({}))
    if action.until_events is not None:
        wanted += [
            _filter(machine, prepared, f) for prepared, f in zip(until, action.until_events.filters, strict=True)
        ]
    types = ", ".join(sorted({f.type or "any" for f in wanted}))
    machine.commands.append(Subscribe(run.at, tuple(wanted)))
    machine.hold(replace(run, wait=Wait.EVENT, detail=types, memory=memory))
    remember(machine, run.at, run.id, task)


def resubscribe(machine: Machine, run: Run, task: model.Task) -> None:
    """Listen again, after a restart, with what had been heard by then; then hear what was recorded since."""
    action, memory = _action(task), _memory(run)
    wanted = [_filter(machine, p, f) for p, f in zip(memory.filters, action.to.filters, strict=True)]
    if not wanted:
        wanted.append(EventFilter({}))
    if action.until_events is not None:
        wanted += [_filter(machine, p, f) for p, f in zip(memory.until, action.until_events.filters, strict=True)]
    machine.commands.append(Subscribe(run.at, tuple(wanted)))
    remember(machine, run.at, run.id, task)


def remember(machine: Machine, at: str, id: int, task: model.Task) -> None:
    """Hear what this listener heard before the instance was restarted."""
    known = machine.recall(at)
    for event in known.events if known is not None else ():
        run = machine.runs.get(id)
        if run is None or received(machine, run, task, event) is not None:
            return
        machine.trace.append(Trace(at, "recalled", str(event.get("type") or "event")))


def received(machine: Machine, run: Run, task: model.Task, event: Mapping[str, Any]) -> str | None:
    """Take the event; or say why not, with nothing changed."""
    action, memory = _action(task), _memory(run)
    if memory.closing:
        return CLOSED
    identity = f"{event.get('source', '')} {event['id']}" if event.get("id") else ""
    if identity and identity in memory.seen:
        return TAKEN_BEFORE
    machine.current = run
    seen = [*memory.seen, identity] if identity else memory.seen
    if action.until_events is not None:
        slot = _slot(machine, run, action.until_events, memory.until, memory.until_slots, event)
        if slot is not None:
            slots = [*memory.until_slots]
            slots[slot] = True
            run = machine.keep(replace(run, memory=replace(memory, until_slots=slots, seen=seen)))
            if action.until_events.kind != "all" or all(slots):
                _stop(machine, run, action)
            return None
    if action.to.filters:
        slot = _slot(machine, run, action.to, memory.filters, memory.slots, event)
        if slot is None:
            return REFUSED
    else:
        slot = -1
    _take(machine, run, action, replace(memory, seen=seen), slot, _read(action.read, event))
    return None


def _take(machine: Machine, run: Run, action: model.Listen, memory: Listened, slot: int, item: Any) -> None:
    if action.to.kind == "all":
        slots, consumed = [*memory.slots], [*memory.consumed]
        slots[slot], consumed[slot] = True, item
        memory = replace(memory, slots=slots, consumed=consumed)
        stop = all(slots)
    else:
        consumed = [*memory.consumed, item]
        memory = replace(memory, consumed=consumed)
        if action.until is not None:
            stop = dataflow.truthy(machine.evaluate(action.until, run, consumed))
        else:
            stop = action.until_events is None
    if action.foreach is not None:
        memory = replace(memory, pending=[*memory.pending, item])
        if action.until is None and action.to.kind != "all":
            memory = replace(memory, consumed=[])  # only the iterations' outputs are asked for again
    run = machine.keep(replace(run, memory=memory))
    if stop:
        _stop(machine, run, action)
    elif action.foreach is not None:
        _work_off(machine, run, action)


def _stop(machine: Machine, run: Run, action: model.Listen) -> None:
    machine.commands.append(Unsubscribe(run.at))
    memory = replace(_memory(run), closing=True)
    run = machine.keep(replace(run, wait=None, detail="", memory=memory))
    if action.foreach is None:
        machine.complete(run, memory.consumed)
    else:
        _work_off(machine, run, action)


# ── foreach ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _work_off(machine: Machine, run: Run, action: model.Listen) -> None:
    """Start the next iteration unless one is running; complete when none is left and no more events are taken."""
    memory = _memory(run)
    foreach = action.foreach
    assert foreach is not None
    if memory.busy:
        return
    if not memory.pending:
        if memory.closing:
            machine.complete(run, memory.outputs)
        return
    item = memory.pending[0]
    names = {foreach.item: item, foreach.at: len(memory.outputs)}
    memory = replace(memory, pending=memory.pending[1:], busy=True)
    run = machine.keep(replace(run, vars=names, memory=memory))
    if foreach.body.size:
        machine.follow(run.id, foreach.body.first, item)
    else:
        iterated(machine, run, action, item, leave=False)


def iterated(machine: Machine, run: Run, action: model.Listen, output: Any, leave: bool) -> None:
    """An iteration is over; `leave`: its last task said exit, which ends the whole loop."""
    foreach = action.foreach
    assert foreach is not None
    if foreach.output_as is not None:
        variables = machine.variables(run, foreach.output_as.needs, None, output)
        output = foreach.output_as.evaluate(output, variables)
    if foreach.output_schema is not None:
        foreach.output_schema.check(output, "The output of the iteration")
    machine.export(foreach.export_as, foreach.export_schema, run, output)
    memory = _memory(run)
    memory = replace(memory, outputs=[*memory.outputs, output], busy=False)
    if leave:
        if not memory.closing:
            machine.commands.append(Unsubscribe(run.at))
        memory = replace(memory, pending=[], closing=True)
        run = replace(run, wait=None, detail="")
    _work_off(machine, machine.keep(replace(run, memory=memory)), action)


# ── filters ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _prepared(machine: Machine, run: Run, written: model.Filter) -> Filter:
    """The filter with its expressions evaluated, once, when the listener subscribes."""
    attributes = machine.evaluate(written.attributes, run, run.input)
    expects = [
        None if entry.expect is None else machine.evaluate(entry.expect, run, run.input) for entry in written.correlate
    ]
    return Filter(attributes, expects)


def _filter(machine: Machine, prepared: Filter, written: model.Filter) -> EventFilter:
    correlations = tuple(
        Correlation(entry.name, entry.path, machine.correlations.get(entry.name) if expect is None else expect)
        for entry, expect in zip(written.correlate, prepared.expects, strict=True)
    )
    return EventFilter(prepared.attributes, correlations)


def _slot(
    machine: Machine,
    run: Run,
    strategy: model.Strategy,
    prepared: list[Filter],
    slots: list[bool],
    event: Mapping[str, Any],
) -> int | None:
    """The first filter that takes the event (for `all`: and has none yet); binds what it correlates."""
    for i, (written, values) in enumerate(zip(strategy.filters, prepared, strict=True)):
        if strategy.kind == "all" and slots[i]:
            continue
        wanted = _filter(machine, values, written)
        data = written.data
        if not correlation.matches(wanted, event):
            continue
        if not passes(data, event, dataflow.NONE if data is None else machine.variables(run, data.needs)):
            continue
        for entry, expect in zip(written.correlate, values.expects, strict=True):
            if expect is None and entry.name not in machine.correlations:
                # "If not set, the first extracted value will be used as the correlation's expectation."
                bound = correlation.key(correlation.path_value(entry.path, event)) or ""
                machine.correlations = {**machine.correlations, entry.name: bound}
        return i
    return None


def _read(how: str, event: Mapping[str, Any]) -> Any:
    match how:
        case "envelope":
            return dict(event)
        case "raw":
            return event.get("data_base64", event.get("data"))
        case _:
            return event.get("data")


def _action(task: model.Task) -> model.Listen:
    assert isinstance(task.action, model.Listen)
    return task.action


def _memory(run: Run) -> Listened:
    assert isinstance(run.memory, Listened)
    return run.memory
