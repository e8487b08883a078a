"""The tasks of a definition as its author wrote them: lists, what stands in them, and where control goes from each.

Compiled tasks would not do: a definition with an error has none, and the tasks of a function appear in them once for
each call.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from crossdock.flow import jsonlike, reading
from crossdock.flow.dataflow import escape

LEAVE: Final = -1  # the list is done, and the task that owns it completes
END: Final = -2  # the workflow is done


@dataclass(frozen=True, slots=True)
class Seen:
    """One task. kind: the first key that says what it does, or "" when none does."""

    pointer: str
    name: str
    kind: str
    raw: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Listed:
    """One list of tasks. branches: they run beside each other, so none leads to another."""

    pointer: str
    tasks: tuple[Seen, ...]
    branches: bool = False

    def place(self, name: str) -> int | None:
        return next((i for i, task in enumerate(self.tasks) if task.name == name), None)


def listed(items: Any, pointer: str, branches: bool = False) -> Listed:
    found: list[Seen] = []
    for i, item in enumerate(jsonlike.sequence(items) or []):
        for name, raw in (jsonlike.mapping(item) or {}).items():
            found.append(seen(raw, f"{pointer}/{i}/{escape(name)}", name))
    return Listed(pointer, tuple(found), branches)


def seen(raw: Any, pointer: str, name: str) -> Seen:
    task = jsonlike.mapping(raw) or {}
    return Seen(pointer, name, next((kind for kind in reading.TASKS if kind in task), ""), task)


def bodies(task: Seen) -> list[Listed]:
    """The lists directly below a task."""
    raw, here = task.raw, task.pointer
    match task.kind:
        case "do" | "for":
            return [listed(raw.get("do"), f"{here}/do")]
        case "fork":
            return [listed(jsonlike.member(raw["fork"], "branches"), f"{here}/fork/branches", branches=True)]
        case "try":
            handler = jsonlike.member(raw.get("catch"), "do")
            return [listed(raw["try"], f"{here}/try"), listed(handler, f"{here}/catch/do")]
        case "listen":
            return [listed(jsonlike.member(raw.get("foreach"), "do"), f"{here}/foreach/do")]
        case _:
            return []


def roots(definition: Mapping[str, Any]) -> list[Listed]:
    """The top list and, each as a list of its own, the functions and the tasks of extensions."""
    found = [listed(definition.get("do"), "/do")]
    use = jsonlike.mapping(definition.get("use")) or {}
    for name, raw in (jsonlike.mapping(use.get("functions")) or {}).items():
        here = f"/use/functions/{escape(name)}"
        found.append(Listed(here, (seen(raw, here, name),)))
    for i, item in enumerate(jsonlike.sequence(use.get("extensions")) or []):
        for name, extension in (jsonlike.mapping(item) or {}).items():
            for when in ("before", "after"):
                here = f"/use/extensions/{i}/{escape(name)}/{when}"
                found.append(listed(jsonlike.member(extension, when), here))
    return found


def lists(definition: Mapping[str, Any]) -> Iterator[Listed]:
    """Every list, outer ones first."""
    waiting = roots(definition)
    while waiting:
        found = waiting.pop(0)
        yield found
        waiting[:0] = [body for task in found.tasks for body in bodies(task)]


def every(definition: Mapping[str, Any]) -> Iterator[Seen]:
    for found in lists(definition):
        yield from found.tasks


def below(task: Seen) -> Iterator[Seen]:
    """The task and all tasks within it."""
    yield task
    for body in bodies(task):
        for inner in body.tasks:
            yield from below(inner)


def cases(task: Seen) -> list[tuple[str, Mapping[str, Any], str]]:
    """(name, case, pointer) of a switch."""
    found: list[tuple[str, Mapping[str, Any], str]] = []
    for i, item in enumerate(jsonlike.sequence(task.raw.get("switch")) or []):
        for name, case in (jsonlike.mapping(item) or {}).items():
            found.append((name, jsonlike.mapping(case) or {}, f"{task.pointer}/switch/{i}/{escape(name)}"))
    return found


class Ways:
    """Where control can go: from a task to which others of its list, or out of it."""

    def __init__(self) -> None:
        self._leaves: dict[str, bool] = {}

    def after(self, found: Listed, i: int) -> set[int]:
        """Where control can be after the i-th task of a list: other places of the list, LEAVE, END."""
        task = found.tasks[i]
        following = i + 1 if i + 1 < len(found.tasks) and not found.branches else LEAVE

        def to(then: Any) -> int:
            if then == "end":
                return END
            if then == "exit":
                return LEAVE
            place = None if then is None or found.branches else found.place(str(then))
            return following if place is None else place

        then = task.raw.get("then")
        ways: set[int] = {following} if "if" in task.raw else set()  # a skipped task's `then` is not followed
        match task.kind:
            case "raise":
                return ways
            case "switch":
                chosen = cases(task)
                ways |= {to(case.get("then")) for _, case, _ in chosen}
                if all("when" in case for _, case, _ in chosen):
                    ways.add(to(then))
                return ways
            case "try":
                return ways | self._after_try(task, to)
            case _:
                return ways | ({to(then)} if self._completes(task) else set())

    def _after_try(self, task: Seen, to: Any) -> set[int]:
        then = task.raw.get("then")
        catch = jsonlike.mapping(task.raw.get("catch")) or {}
        caught = to(catch.get("then", then))
        body, handler = bodies(task)
        ways = {to(then)} if self.leaves(body) else set[int]()
        # without a handler, spent retries go on upwards
        handled = self.leaves(handler) if "do" in catch else "then" in catch or "retry" not in catch
        return ways | ({caught} if handled else set())

    def _completes(self, task: Seen) -> bool:
        """Whether the task can end so that its own `then` is followed."""
        below = bodies(task)
        match task.kind:
            case "do":
                return self.leaves(below[0])
            case "fork":
                ends = [self.leaves(Listed(below[0].pointer, (branch,))) for branch in below[0].tasks]
                compete = jsonlike.member(task.raw["fork"], "compete") is True
                return not ends or (any(ends) if compete else all(ends))
            case _:
                return True

    def leaves(self, found: Listed) -> bool:
        """Whether a list can be worked off, so that the task that owns it completes."""
        if not found.tasks:
            return True
        known = f"{found.pointer} {found.tasks[0].name} {len(found.tasks)}"
        if known not in self._leaves:
            self._leaves[known] = any(LEAVE in self.after(found, i) for i in self.reached(found))
        return self._leaves[known]

    def reached(self, found: Listed) -> set[int]:
        """The places of a list that control can come to."""
        if found.branches:
            return set(range(len(found.tasks)))
        return self.onward(found, {0} if found.tasks else set())

    def onward(self, found: Listed, start: set[int]) -> set[int]:
        """The given places and all that can be come to from them."""
        reached, waiting = set[int](), [*start]
        while waiting:
            i = waiting.pop()
            if i not in reached and i >= 0:
                reached.add(i)
                waiting.extend(self.after(found, i))
        return reached


def told(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
