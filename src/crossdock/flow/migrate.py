"""Moving a waiting instance to another version of its definition: what would break, and the fact that does it. Pure.

Everything the instance stands on is looked for in the new version: each open task (by its pointer, else by the names
on the way to it, else where the operator says), with the same kind, owner and meaning; each variable its expressions
will read; the input it was started with. A break names the position, what was there, what is there now, and what to
do. A notice says what changes without breaking. Task runs that are open keep their `at`: calls, listeners, timers,
approvals and children are known by it, and the compensation of what was done is kept with each call as it was made.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from crossdock.flow import faults, jq, model
from crossdock.flow.facts import Migrated
from crossdock.flow.program import Program, literal_type
from crossdock.flow.state import Run, State, Status, Wait

# Members of a task's definition that hold other tasks: those speak for themselves.
_LISTS = frozenset({"do", "try", "branches", "foreach", "catch"})
_NUMBER = re.compile(r"^\d+$")
_KEY = re.compile(r"(?:\{|,)\s*\"?([A-Za-z_]\w*)\"?\s*:")


@dataclass(frozen=True, slots=True)
class Break:
    """One thing that keeps it from going on in the new version. at: the task run, or "" for the whole instance."""

    code: str
    at: str
    expected: str
    found: str
    fix: str

    def __str__(self) -> str:
        return f"{self.at or 'the instance'}: expected {self.expected}, found {self.found}. {self.fix} [{self.code}]"


@dataclass(frozen=True, slots=True)
class Check:
    """fact is None when something breaks."""

    breaks: tuple[Break, ...]
    notices: tuple[str, ...]
    fact: Migrated | None


def check(old: Program, new: Program, state: State, now: datetime, positions: Mapping[str, str] | None = None) -> Check:
    """Whether an instance that stands at `state` can go on in `new`.

    positions: by pointer in the old version, the pointer in the new one, where names do not tell.
    """
    comparison = _Comparison(old, new, state, dict(positions or {}))
    comparison.whole()
    tasks = [comparison.run(run) for run in state.runs]
    comparison.variables(tasks)
    fact = None
    if not comparison.breaks:
        counts = comparison.counts()
        fact = Migrated(old.version, new.version, now, tuple(cast("list[int]", tasks)), counts)
    return Check(tuple(comparison.breaks), tuple(comparison.notices), fact)


@dataclass(slots=True)
class _Comparison:
    old: Program
    new: Program
    state: State
    positions: dict[str, str]
    breaks: list[Break] = field(default_factory=list[Break])
    notices: list[str] = field(default_factory=list[str])

    def broken(self, code: str, at: str, expected: str, found: str, fix: str) -> None:
        self.breaks.append(Break(f"migrate.{code}", at, expected, found, fix))

    def whole(self) -> None:
        old, new, state = self.old, self.new, self.state
        if (old.namespace, old.name) != (new.namespace, new.name):
            name, found = f"{old.namespace}/{old.name}", f"{new.namespace}/{new.name}"
            self.broken("name", "", f"another version of {name}", found, "Take a version of the same workflow.")
        if old.version == new.version:
            self.broken("same", "", "another version", f"{new.version} itself", "There is nothing to do.")
        if state.status is not Status.RUNNING:
            self.broken("ended", "", "an instance that runs", str(state.status), "Retry or restart it first.")
        for pointer, target in self.positions.items():
            if pointer not in old.by_pointer or target not in new.by_pointer:
                self.broken(
                    "position", pointer, "two tasks that exist", f"{pointer} → {target}", "Correct the mapping."
                )
        schema = new.tasks[0].common.input_schema
        if schema is not None:
            try:
                schema.check(state.input, "The input it was started with")
            except faults.Raised as raised:
                self.broken(
                    "input", "", f"an input that fits version {new.version}", raised.error.detail,
                    "Let it end in its version, or start it anew.",
                )  # fmt: skip
        if new.extensions and not old.extensions:
            self.notices.append("The new version uses extensions.")

    def target(self, pointer: str) -> int | None:
        """The task of the new version for one of the old."""
        if (chosen := self.positions.get(pointer)) is not None:
            return self.new.by_pointer.get(chosen)
        ours = self.old.tasks[self.old.by_pointer[pointer]]
        index = self.new.by_pointer.get(pointer)
        if index is not None and type(self.new.tasks[index].action) is type(ours.action):
            return index
        path = names(pointer)
        found = [task.common.index for task in self.new.tasks if names(task.common.pointer) == path]
        return found[0] if len(found) == 1 else index

    def run(self, run: Run) -> int | None:
        before = self.old.tasks[run.task]
        pointer = before.common.pointer
        index = self.target(pointer)
        if index is None:
            if pointer:
                self.broken(
                    "task", run.at, f"the task {before.common.name} it stands at", f"none in {self.new.version}",
                    "Name its place in the new version (--position OLD=NEW), or wait until it has passed this task.",
                )  # fmt: skip
            return None
        after = self.new.tasks[index]
        if type(before.action) is not type(after.action):
            self.broken(
                "kind", run.at, f"a task of kind {_word(before.action)}", _word(after.action),
                "Keep the kind, or give the new task another name.",
            )  # fmt: skip
            return index
        if pointer and self.target(_owner(self.old, pointer)) != self.new.by_pointer.get(
            _owner(self.new, after.common.pointer)
        ):
            self.broken(
                "place", run.at, f"below {_owner(self.old, pointer) or 'the workflow'}",
                f"below {_owner(self.new, after.common.pointer) or 'the workflow'}",
                "Wait until it has left the task around it.",
            )  # fmt: skip
        if after.common.keeps and not before.common.keeps and (run.wait is not None or run.memory is not None):
            self.broken(
                "input-read", run.at, "a task whose input is not read again", "one that reads it when it ends",
                "Its input was not kept. Wait until it has passed this task.",
            )  # fmt: skip
        self.meaning(run, before, after)
        return index

    def meaning(self, run: Run, before: model.Task, after: model.Task) -> None:
        """Whether what is under way there still means the same."""
        at = run.at
        match before.action, after.action:
            case model.Call() as a, model.Call() as b if run.wait is Wait.CALL:
                if a.function != b.function:
                    self.broken(
                        "call", at, f"the call of {a.function} that is open", f"a call of {b.function}",
                        "Wait for its answer, or restart from an earlier task after the migration.",
                    )  # fmt: skip
                elif a.arguments.source != b.arguments.source:
                    self.broken(
                        "arguments", at, f"the arguments that {a.function} was called with", "other ones",
                        "Its answer will be to the old question. Wait for it, or restart from this task afterwards.",
                    )  # fmt: skip
            case model.RunWorkflow() as a, model.RunWorkflow() as b:
                if (a.namespace, a.name, a.awaited) != (b.namespace, b.name, b.awaited):
                    self.broken("child", at, f"the child {a.name} that runs", b.name, "Wait until it has ended.")
                elif a.version != b.version:
                    self.notices.append(f"{at}: its child goes on in version {a.version}.")
            case model.Listen() as a, model.Listen() as b:
                if _listens(a) != _listens(b):
                    self.broken(
                        "listener", at, f"a listener for {', '.join(_types(a))}", f"one for {', '.join(_types(b))}",
                        "It would wait for other events. Wait until it has heard, or keep the listener as it was.",
                    )  # fmt: skip
            case model.Fork() as a, model.Fork() as b:
                ours = [names(t.common.pointer)[-1:] for t in _body(self.old, a.branches)]
                theirs = [names(t.common.pointer)[-1:] for t in _body(self.new, b.branches)]
                if ours != theirs or a.compete != b.compete:
                    self.broken(
                        "fork", at, f"the branches {', '.join(n for p in ours for n in p)}",
                        ", ".join(n for p in theirs for n in p) or "none", "Wait until the fork has joined.",
                    )  # fmt: skip
            case model.For() as a, model.For() as b:
                if (a.each, a.at) != (b.each, b.at):
                    self.broken("loop", at, f"the variables {a.each}, {a.at}", f"{b.each}, {b.at}", "Keep the names.")
            case model.Try() as a, model.Try() as b:
                if a.catch.name != b.catch.name:
                    self.broken("catch", at, f"the variable {a.catch.name}", b.catch.name, "Keep the name.")
            case model.Wait() as a, model.Wait() as b:
                if a.duration.source != b.duration.source:
                    self.notices.append(f"{at}: it still wakes when it was to wake.")
            case _:
                pass
        if "timeout" in run.timers and _source(before.common.timeout) != _source(after.common.timeout):
            self.notices.append(f"{at}: its timeout stays as it was set.")

    # ── variables ────────────────────────────────────────────────────────────────────────────────────────────────

    def variables(self, tasks: Sequence[int | None]) -> None:
        """What expressions still to come read of $context, and nobody has written or will write."""
        context = self.state.context
        known = set(cast("dict[str, Any]", context)) if isinstance(context, dict) else set[str]()
        standing = [t for t in tasks if t is not None]
        ahead = _ahead(self.new, standing)
        written, opaque = set[str](), False
        for index in ahead | set(standing):
            names_, whole = _exported(self.new.tasks[index].common.definition)
            written |= names_
            opaque = opaque or whole
        if opaque:
            return  # some task to come replaces the whole context: nothing can be told from the text
        for index in sorted(ahead):
            task = self.new.tasks[index].common
            for name in sorted(_read(task.definition) - known - written):
                writer = next(
                    (t.common.pointer for t in self.new.tasks if name in _exported(t.common.definition)[0]), None
                )
                found = f"nothing: {writer} writes it, and lies behind" if writer else "nothing that writes it"
                self.broken(
                    "variable", task.pointer, f"$context.{name}", found,
                    "Give it a default there (`// …`), or restart from an earlier task after the migration.",
                )  # fmt: skip

    def counts(self) -> tuple[int, ...]:
        """By task of the new version: how many runs it has had, under either name, so that no key is used twice."""
        counts = [0] * len(self.new.tasks)
        for task, count in zip(self.old.tasks, self.state.counts, strict=False):
            pointer = task.common.pointer
            for index in {self.target(pointer), self.new.by_pointer.get(pointer)} - {None}:
                assert index is not None
                counts[index] = max(counts[index], count)
        return tuple(counts)


def names(pointer: str) -> tuple[str, ...]:
    """The way to a task without positions in lists: a task that moved down is still the same."""
    return tuple(part for part in pointer.split("/") if part and not _NUMBER.match(part))


def _owner(program: Program, pointer: str) -> str:
    """The pointer of the task around a task; "" for the workflow."""
    while pointer:
        pointer = pointer.rpartition("/")[0]
        if pointer in program.by_pointer:
            return pointer
    return ""


def _word(action: model.Action) -> str:
    return type(action).__name__.lower()


def _source(template: model.Template | None) -> Any:
    return None if template is None else template.source


def _body(program: Program, body: model.Body) -> tuple[model.Task, ...]:
    return program.tasks[body.first : body.first + body.size]


def _listens(action: model.Listen) -> Any:
    def strategy(s: model.Strategy | None) -> Any:
        if s is None:
            return None
        return s.kind, [
            (f.attributes.source, _source(f.data), [(e.name, e.path, _source(e.expect)) for e in f.correlate])
            for f in s.filters
        ]

    return strategy(action.to), _source(action.until), strategy(action.until_events), action.read, bool(action.foreach)


def _types(action: model.Listen) -> list[str]:
    return [literal_type(f) or "any event" for f in action.to.filters] or ["any event"]


# ── what lies ahead ──────────────────────────────────────────────────────────────────────────────────────────────


def _ahead(program: Program, standing: Sequence[int]) -> set[int]:
    """Tasks that may still start, and those that stand open, whose output is yet to be transformed."""
    seen: set[int] = set()
    pending = [i for index in standing for i in (*_after(program, index), *_again(program.tasks[index].action))]
    while pending:
        index = pending.pop()
        if index in seen:
            continue
        seen.add(index)
        pending += [*_after(program, index), *_inside(program.tasks[index].action)]
    return seen


def _after(program: Program, index: int) -> list[int]:
    task = program.tasks[index]
    ways = [task.common.then]
    match task.action:
        case model.Switch(cases):
            ways += [case.then for case in cases]
        case model.Try(catch=catch) if catch.then is not None:
            ways.append(catch.then)
        case _:
            pass
    following = task.common.following
    return [w if w >= 0 else following for w in ways if w >= 0 or (w == model.CONTINUE and following >= 0)]


def _inside(action: model.Action) -> list[int]:
    """Where the lists of a task begin."""
    match action:
        case model.Fork(branches):
            return list(range(branches.first, branches.first + branches.size))
        case model.Do(body) | model.Use(body=body):
            return [body.first] if body.size else []
        case model.For() | model.Try() | model.Listen():
            return _again(action)
        case _:
            return []


def _again(action: model.Action) -> list[int]:
    """Lists that may begin (again) while their task is open."""
    match action:
        case model.For(body=body):
            bodies = [body]
        case model.Try(body=body, catch=catch):
            bodies = [body, *([catch.body] if catch.body else [])]
        case model.Listen(foreach=foreach) if foreach is not None:
            bodies = [foreach.body]
        case _:
            bodies = []
    return [b.first for b in bodies if b.size]


def _read(definition: Mapping[str, Any]) -> set[str]:
    """Members of $context that a task's own expressions read, without a default."""
    found: set[str] = set()
    for text in _texts(definition):
        if "$context" not in text or "//" in text:
            continue
        try:
            fields = jq.compile(jq.strip(text) or text).fields
        except jq.ExpressionError:
            continue
        found |= {f.split(".")[1].removesuffix("[]") for f in fields if f.startswith("$context.")}
    return found


def _texts(value: Any, top: bool = True) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for key, part in cast("dict[str, Any]", value).items():
                if not (top and key in _LISTS):
                    yield from _texts(part, top=key in ("for", "fork", "listen"))
        case list():
            for part in cast("list[Any]", value):
                yield from _texts(part, top=False)
        case _:
            pass


def _exported(definition: Mapping[str, Any]) -> tuple[set[str], bool]:
    """(members of the context that a task's export writes, whether it replaces the context by what cannot be told)."""
    export = definition.get("export")
    as_ = cast("dict[str, Any]", export).get("as") if isinstance(export, dict) else None
    match as_:
        case dict():
            return set(cast("dict[str, Any]", as_)), False
        case str():
            keys = set(_KEY.findall(as_))
            return keys, not keys
        case _:
            return set(), False
