"""Catching an error: does this `catch` take it, is it worth another try, and when.

attempt.count is the number of retries, the first try not included. A delay grows by the backoff, never above a day,
and its jitter is drawn from the instance and the attempt, so that every replay waits the same.
"""

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from crossdock.flow import dataflow, faults, model
from crossdock.flow.facts import Error, Trace
from crossdock.flow.machine import Machine
from crossdock.flow.state import Attempt, Run, Wait

TRYING, WAITING, HANDLING = 0, 1, 2
_LONGEST = timedelta(days=1)  # whatever the backoff says: a delay nobody would notice the end of is a fault


def attempt(machine: Machine, run: Run, action: model.Try) -> None:
    """(Again) try the body with the task's input."""
    memory = run.memory
    assert isinstance(memory, Attempt)
    run = machine.keep(replace(run, memory=replace(memory, phase=TRYING), wait=None, detail="", vars=None))
    policy = action.catch.retry
    if policy is not None and policy.attempt_duration is not None:
        needs = machine.variables(run, policy.attempt_duration.needs)
        run = machine.set_timer(run, "attempt", dataflow.duration(policy.attempt_duration, run.input, needs))
    if action.body.size:
        machine.follow(run.id, action.body.first, run.input)
    else:
        machine.complete(run, run.input)


def caught(machine: Machine, run: Run, task: model.Task, error: Error) -> bool:
    """Handle the error of the run's body: retry, or run the handler. False: not this catch's business."""
    action, memory = task.action, run.memory
    if not isinstance(action, model.Try) or not isinstance(memory, Attempt) or memory.phase != TRYING:
        return False
    catch = action.catch
    if not fits(catch.matching, error):
        return False
    machine.current = run
    described = faults.to_json(error)
    memory = replace(memory, failures=memory.failures + 1)
    run = machine.keep(replace(run, memory=memory, vars={catch.name: described, "error": described}))
    run = machine.clear_timer(run, "attempt")
    for condition, wanted in ((catch.when, True), (catch.except_when, False)):
        if condition is not None and dataflow.truthy(machine.evaluate(condition, run, run.input)) is not wanted:
            return False
    machine.trace.append(Trace(run.at, "caught", error.type))
    policy = catch.retry
    if policy is not None:
        wait = _next_delay(machine, run, policy, memory)
        if wait is not None:
            machine.trace.append(Trace(run.at, "task-retried", f"retry {memory.failures} in {wait}"))
            run = machine.set_timer(run, "retry", wait)
            machine.keep(replace(run, memory=replace(memory, phase=WAITING), wait=Wait.TIMER, detail="retry"))
            return True
        if catch.body is None and catch.then is None:
            return False  # retries are spent and nobody handles it: swallowing it would lose it
    run = machine.keep(replace(run, memory=replace(memory, phase=HANDLING)))
    if catch.body is not None and catch.body.size:
        machine.follow(run.id, catch.body.first, run.input)
    else:
        machine.complete(run, run.input, catch.then)
    return True


def fits(matching: Mapping[str, Any], error: Error) -> bool:
    """Whether the error has all that `errors.with` says. Types compare across their spellings."""
    for name, wanted in matching.items():
        match name:
            case "type":
                if faults.normal(error.type) != faults.normal(str(wanted)):
                    return False
            case "status":
                if error.status != wanted:
                    return False
            case _:
                if getattr(error, name, None) != wanted:
                    return False
    return True


def _next_delay(machine: Machine, run: Run, policy: model.Retry, memory: Attempt) -> timedelta | None:
    """How long to wait for the next try; None when there is none."""
    if policy.attempts is not None and memory.failures > policy.attempts:
        return None
    for condition, wanted in ((policy.when, True), (policy.except_when, False)):
        if condition is not None and dataflow.truthy(machine.evaluate(condition, run, run.input)) is not wanted:
            return None

    def span(template: model.Template | None) -> timedelta:
        if template is None:
            return timedelta()
        result: timedelta = dataflow.duration(template, run.input, machine.variables(run, template.needs))
        return result

    wait = grown(span(policy.delay), policy.backoff, memory.failures)
    if policy.backoff.ceiling is not None:
        wait = min(wait, span(policy.backoff.ceiling))
    wait = min(wait, _LONGEST)
    if policy.jitter is not None:
        low, high = span(policy.jitter[0]), span(policy.jitter[1])
        wait += low + max(high - low, timedelta()) * drawn(machine.instance_id, run.at, memory.failures)
    if policy.duration is not None:
        # The limit holds for the start of the next try, counted from the start of the first.
        if machine.now + wait > memory.since + span(policy.duration):
            return None
    elif policy.attempts is None and policy.delay is None and policy.backoff.kind == "constant":
        return wait or timedelta(seconds=1)  # without delay and limit it would spin
    return wait


def grown(delay: timedelta, backoff: model.Backoff, failures: int) -> timedelta:
    """The delay before the retry that follows failure number `failures` (from 1)."""
    try:
        match backoff.kind:
            case "linear":
                return delay * failures
            case "exponential":
                return delay * backoff.factor ** (failures - 1)
            case _:
                return delay
    except OverflowError:
        return _LONGEST


def drawn(instance_id: str, at: str, failures: int) -> float:
    """0 ≤ x < 1, the same on every replay."""
    digest = hashlib.blake2b(f"{instance_id}{at}/{failures}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64
