"""The steps of the kit's grammar, and ours for what the kit does not cover, on whichever host plays them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from crossdock.engine.memory import Answer, Event, Slow
from crossdock.flow import durations, faults, yaml12
from crossdock.flow.outcomes import Done, Failed, Parked

from .gherkin import Scenario, Step
from .hosts import Asked, Host, Ran, error_json


@dataclass(slots=True)
class World:
    host: Host
    asked: Asked = field(default_factory=Asked)
    ran: Ran | None = None

    @property
    def any(self) -> Ran:
        assert self.ran is not None, "the scenario has not been executed"
        return self.ran

    @property
    def result(self) -> Ran:
        assert self.any.status != "waiting", "it waits for ever"
        return self.any


async def play(scenario: Scenario, host: Host) -> None:
    world = World(host)
    for step in scenario.steps:
        for pattern, act in _STEPS:
            found = pattern.fullmatch(step.text)
            if found is not None:
                done = act(world, step, *found.groups())
                if done is not None:
                    await done
                break
        else:
            raise AssertionError(f"{scenario.file}:{step.line}: unknown step {step.text!r}")


def value(text: str | None) -> Any:
    source = yaml12.read(text or "", "block")
    assert not source.findings, source.findings
    return source.value


def span(text: str) -> timedelta:
    parsed = durations.parse(text)
    assert parsed is not None, text
    return parsed


# ── given ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _definition(world: World, step: Step) -> None:
    world.asked.main = step.block or ""


def _child(world: World, step: Step) -> None:
    world.asked.children.append(step.block or "")


def _input(world: World, step: Step) -> None:
    world.asked.given = value(step.block)


def _event(world: World, step: Step, after: str | None) -> None:
    event = {"specversion": "1.0", "source": "https://test.example", **value(step.block)}
    event.setdefault("id", f"event-{len(world.asked.events)}")
    world.asked.events.append(Event(event, span(after) if after else timedelta()))


def _answers(world: World, step: Step, name: str) -> None:
    world.asked.answers.setdefault(name, []).append(Done(value(step.block)))


def _answers_later(world: World, step: Step, name: str, after: str) -> None:
    world.asked.answers.setdefault(name, []).append(Slow(Done(value(step.block)), span(after)))


def _fails(world: World, step: Step, name: str, times: str | None) -> None:
    outcome: Answer = Failed(faults.from_json(value(step.block)))
    world.asked.answers.setdefault(name, []).extend([outcome] * int(times or 1))


def _silent(world: World, step: Step, name: str) -> None:
    world.asked.answers[name] = [Parked("test")]


def _cancelled(world: World, step: Step, after: str) -> None:
    world.asked.cancel_after = span(after)


def _begins(world: World, step: Step, moment: str) -> None:
    world.asked.begins_at = datetime.fromisoformat(moment)


def _asleep(world: World, step: Step, lasts: str) -> None:
    world.asked.asleep = span(lasts)


def _secret(world: World, step: Step, name: str) -> None:
    world.asked.values[name] = value(step.block)


# ── when ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def _execute(world: World, step: Step) -> None:
    world.ran = await world.host.run(world.asked)


async def _keep(world: World, step: Step, lasts: str) -> None:
    world.ran = await world.host.keep(world.asked, span(lasts))


# ── then ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _status(world: World, step: Step, word: str) -> None:
    wanted = {"complete": "completed", "fault": "faulted", "cancel": "cancelled"}[word]
    assert world.result.status == wanted, (world.result.status, world.result.error)


def _completed_with(world: World, step: Step) -> None:
    _status(world, step, "complete")
    assert world.result.output == value(step.block)


def _faulted_with(world: World, step: Step) -> None:
    _status(world, step, "fault")
    assert world.result.error is not None
    contains(error_json(world.result.error), value(step.block))


def contains(found: Any, wanted: Mapping[str, Any]) -> None:
    for name, expected in wanted.items():
        if name == "type":
            assert faults.normal(found[name]) == faults.normal(expected)
        else:
            assert found.get(name) == expected, (name, found)


def _deadlocked(world: World, step: Step) -> None:
    assert world.any.status == "waiting", world.any


def _at(document: Any, path: str) -> Any:
    for name in path.split("."):
        assert isinstance(document, Mapping), f"no {path} in {document}"
        assert name in document, f"no {path} in {document}"
        document = document[name]
    return document


def _properties(world: World, step: Step, names: str) -> None:
    for path in re.findall(r"'([^']*)'", names):
        _at(world.result.output, path)


def _property(world: World, step: Step, path: str) -> None:
    assert _at(world.result.output, path) == value(step.block)


def _items(world: World, step: Step, path: str, count: str) -> None:
    assert len(_at(world.result.output, path)) == int(count)


def _first(world: World, step: Step, task: str) -> None:
    assert world.result.started()[0] == task


def _last(world: World, step: Step, task: str) -> None:
    assert world.result.started()[-1] == task


def _order(world: World, step: Step, task: str, word: str, other: str) -> None:
    ran = world.result.started()
    earlier, later = (task, other) if word == "before" else (other, task)
    assert ran.index(earlier) < ran.index(later), ran


def _task(world: World, step: Step, task: str, word: str) -> None:
    kind = {"complete": "task-completed", "fault": "task-faulted", "cancel": "task-cancelled"}[word]
    kinds = [k for name, k in world.any.tasks if name == task]
    assert kind in kinds, kinds


def _times(world: World, step: Step, task: str, count: str) -> None:
    assert world.result.started().count(task) == int(count), world.result.started()


def _skipped(world: World, step: Step, task: str) -> None:
    assert task not in world.result.started()


def _called(world: World, step: Step, name: str, count: str) -> None:
    assert sum(function == name for function, _ in world.any.calls) == int(count), world.any.calls


def _called_with(world: World, step: Step, name: str) -> None:
    made = [arguments for function, arguments in world.any.calls if function == name]
    assert value(step.block) in made, made


def _taken(world: World, step: Step, duration: str) -> None:
    assert world.result.took == span(duration), world.result.took


def _emitted(world: World, step: Step, kind: str) -> None:
    assert kind in [event["type"] for event in world.result.events]


def _emitted_all(world: World, step: Step) -> None:
    found = [event["type"] for event in world.any.events]
    assert found == value(step.block), found


def _emitted_data(world: World, step: Step, kind: str) -> None:
    found = [dict(event["data"]) for event in world.any.events if event["type"] == kind]
    wanted = value(step.block)
    assert any(all(data.get(k) == v for k, v in wanted.items()) for data in found), found


def _begun(world: World, step: Step) -> None:
    found = [begun.at.isoformat().replace("+00:00", "Z") for begun in world.any.begun]
    assert found == value(step.block), found


def _begun_outputs(world: World, step: Step) -> None:
    found = [begun.output for begun in world.any.begun]
    assert found == value(step.block), found


_STEPS: list[tuple[re.Pattern[str], Callable[..., Any]]] = [
    (re.compile(pattern), act)
    for pattern, act in (
        (r"a workflow with definition", _definition),
        (r"given another workflow with definition", _child),
        (r"given the workflow input is", _input),
        (r"given an event arrives(?: after (\S+?))?", _event),
        (r"given the function '([^']+)' answers", _answers),
        (r"given the function '([^']+)' answers after (\S+)", _answers_later),
        (r"given the function '([^']+)' fails(?: (\d+) times)? with", _fails),
        (r"given the function '([^']+)' never answers", _silent),
        (r"given the workflow is cancelled after (\S+)", _cancelled),
        (r"given the secret '([^']+)' is", _secret),
        (r"given it is (\S+)", _begins),
        (r"given nobody works for (\S+)", _asleep),
        (r"the workflow is executed", _execute),
        (r"the schedule is kept for (\S+)", _keep),
        (r"instances should start at", _begun),
        (r"the events emitted should be", _emitted_all),
        (r"an event of type '([^']+)' should be emitted with data", _emitted_data),
        (r"their outputs should be", _begun_outputs),
        (r"the workflow should (complete|fault|cancel)", _status),
        (r"the workflow should complete with output", _completed_with),
        (r"the workflow should fault with error", _faulted_with),
        (r"the workflow should wait for ever", _deadlocked),
        (r"the workflow should take (\S+)", _taken),
        (r"the workflow output should have properties (.*)", _properties),
        (r"the workflow output should have a '([^']*)' property with value", _property),
        (r"the workflow output should have a '([^']*)' property containing (\d+) items", _items),
        (r"(\w+) should run first", _first),
        (r"(\w+) should run last", _last),
        (r"(\w+) should run (before|after) (\w+)", _order),
        (r"(\w+) should (complete|fault|cancel)", _task),
        (r"(\w+) should run (\d+) times", _times),
        (r"(\w+) should not run", _skipped),
        (r"the function '([^']+)' should be called (\d+) times", _called),
        (r"the function '([^']+)' should be called with", _called_with),
        (r"an event of type '([^']+)' should be emitted", _emitted),
    )
]
