"""Where control cannot go, and where it cannot leave: unreachable tasks, loops, cases and `then`s without effect."""

from collections.abc import Mapping
from typing import Any

from crossdock.flow import jsonlike
from crossdock.flow.lint import tasks
from crossdock.flow.lint.remarks import Book
from crossdock.flow.lint.tasks import Listed, Seen, Ways

# Kinds that may hold an instance for a while: a loop through one of them does not spin.
_WAITING = frozenset({"call", "listen", "wait", "run"})


def check(book: Book, definition: Mapping[str, Any]) -> None:
    ways = Ways()
    for found in tasks.lists(definition):
        reached = ways.reached(found)
        _unreached(book, found, reached)
        _loops(book, found, ways, reached)
        for task in found.tasks:
            if task.kind == "switch":
                _switch(book, task)


def _unreached(book: Book, found: Listed, reached: set[int]) -> None:
    for i, task in enumerate(found.tasks):
        if i not in reached:
            before = found.tasks[i - 1].name if i else ""
            fix = f"Lead to it with `then: {task.name}`, or remove it; '{before}' does not go on to it."
            book.add("flow.unreachable-task", task.pointer, "a task that something leads to", f"'{task.name}'", fix)


def _loops(book: Book, found: Listed, ways: Ways, reached: set[int]) -> None:
    told: set[int] = set()
    for i in sorted(reached):
        if i in told:
            continue
        onward = ways.onward(found, {n for n in ways.after(found, i) if n >= 0})
        if i not in onward:
            continue
        loop = {n for n in onward if i in ways.onward(found, {m for m in ways.after(found, n) if m >= 0})}
        told |= loop
        members = [found.tasks[n] for n in sorted(loop)]
        _loop(book, found, members, out=any(ways.after(found, n) - loop for n in loop))


def _loop(book: Book, found: Listed, members: list[Seen], *, out: bool) -> None:
    out = out or any(_ends(inner) for task in members for inner in tasks.below(task))
    waits = any(inner.kind in _WAITING for task in members for inner in tasks.below(task))
    names = tasks.told([task.name for task in members[:6]]) + (" …" if len(members) > 6 else "")
    where = members[0].pointer
    if not out and not waits:
        fix = "Lead out of the loop with a switch; after 100,000 tasks the workflow fails."
        book.add("flow.endless-loop", where, "a way out of the loop", f"none from {names}", fix)
    elif not out:
        fix = "Lead out of the loop with a switch, `then: exit` or `then: end`."
        book.add("flow.unbounded-loop", where, "a way out of the loop", f"none from {names}", fix)
    elif not waits:
        fix = "Use `for`, or an expression; after 100,000 tasks without a wait the workflow fails."
        book.add("flow.busy-loop", where, "a loop that waits", f"none of {names} does", fix)


def _ends(task: Seen) -> bool:
    thens = [task.raw.get("then"), jsonlike.member(task.raw.get("catch"), "then")]
    return "end" in [*thens, *(case.get("then") for _, case, _ in tasks.cases(task))]


def _switch(book: Book, task: Seen) -> None:
    seen: dict[str, str] = {}
    chosen = tasks.cases(task)
    for name, case, pointer in chosen:
        if "when" not in case:
            continue
        condition = " ".join(str(case["when"]).split())
        if condition in seen:
            fix = "Remove it, or correct its condition."
            found = f"'{name}' with the condition of '{seen[condition]}'"
            book.add("flow.duplicate-case", pointer, "a condition of its own", found, fix)
        seen.setdefault(condition, name)
    default = next((name for name, case, _ in chosen if "when" not in case), None)
    if default is not None and "then" in task.raw:
        fix = f"Remove it, or remove the case '{default}'."
        found = f"a `then` that the case '{default}' always comes before"
        book.add("flow.unused-then", f"{task.pointer}/then", "a `then` that can be followed", found, fix)
    if default is None and "then" not in task.raw and chosen:
        fix = "Add a case without `when`, or a `then` beside the switch that says where to go on."
        book.add("flow.switch-without-default", task.pointer, "a case for everything else", "none", fix)
