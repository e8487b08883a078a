"""What would come of a command for one instance: every call by name, system, key and state, and what becomes of it.

A preview is bound to exactly what it shows by its mark. Doing it recomputes the preview under the instance's lock, and
does nothing when the mark is another one.
"""

import asyncio
import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from crossdock import exactjson
from crossdock.db import Tx
from crossdock.engine.definitions import Programs
from crossdock.engine.operations import reading
from crossdock.engine.operations.command import Command, Kind, Repeat
from crossdock.engine.operations.reading import Call, Record
from crossdock.errors import NotFound, PartnerError
from crossdock.flow import migrate, restart
from crossdock.flow import state as states
from crossdock.flow.facts import Migrated, Restarted
from crossdock.flow.restart import UNDO_SUFFIX, Fate, Plan

HAS_ENDED = ("completed", "faulted", "cancelled")


@dataclass(frozen=True, slots=True)
class Line:
    """One call, wait or break. fate: reuse, repeat, recompute, keep, blocked, stands, undo, stops, waits, breaks."""

    at: str
    task: str
    function: str
    system: str
    key: str
    state: str
    fate: str
    why: str
    new_key: bool = False


@dataclass(frozen=True, slots=True)
class Preview:
    """refused: why it cannot be done, empty when it can. act: what does it."""

    record: Record
    command: Command
    refused: tuple[str, ...]
    notices: tuple[str, ...]
    lines: tuple[Line, ...]
    outcome: str = ""
    act: Restarted | Migrated | None = None
    before: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def mark(self) -> str:
        """The hash of what it shows, of the command, and of the moment of the instance it was made for."""
        shown: dict[str, Any] = {
            "instance": self.record.instance_id,
            "status": self.record.status,
            "version": self.record.version,
            "command": msgspec.to_builtins(self.command),
            "refused": self.refused,
            "lines": [msgspec.to_builtins(line) for line in self.lines],
        }
        if self.command.kind not in (Kind.SUSPEND, Kind.RESUME):  # those do the same whatever happened meanwhile
            shown["revision"] = self.record.revision
        return hashlib.sha256(exactjson.canonical(shown)).hexdigest()

    def counts(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for line in self.lines:
            found[line.fate] = found.get(line.fate, 0) + 1
        return found


async def make(
    tx: Tx, record: Record, command: Command, known: Programs, now: datetime, *, anew: bool = False
) -> Preview:  # fmt: skip
    """anew: a restart that may also be of an instance that runs. Raises PartnerError for data that does not fit,
    NotFound for a version that is not published."""
    if record.pending and command.kind is not Kind.CANCEL:
        return _refused(record, command, "another operation on it is under way: look again in a moment")
    match command.kind:
        case Kind.SUSPEND:
            return _suspend(record, command)
        case Kind.RESUME:
            return _resume(record, command)
        case Kind.CANCEL:
            return _cancel(record, command)
        case Kind.RETRY | Kind.RESTART:
            return await _restart(tx, record, command, known, now, ("running",) if anew else ())
        case Kind.MIGRATE:
            return await _migrate(tx, record, command, known, now)


def _refused(record: Record, command: Command, *why: str) -> Preview:
    return Preview(record, command, why, (), ())


def _expected(record: Record, command: Command, *wanted: str) -> Preview | None:
    if record.status in wanted:
        return None
    return _refused(record, command, f"expected an instance that is {' or '.join(wanted)}, found {record.status}")


def _name(at: str) -> str:
    return at.partition("#")[0].rpartition("/")[2]


def _line(call: Call, fate: str, why: str) -> Line:
    return Line(call.at, _name(call.at), call.function, call.system, call.key, call.state, fate, why)


# ── suspend, resume, cancel ──────────────────────────────────────────────────────────────────────────────────────


def _suspend(record: Record, command: Command) -> Preview:
    if (refused := _expected(record, command, "running", "suspended")) is not None:
        return refused
    under_way = {"sent": "it finishes, and its outcome is recorded", "unknown": "it is looked up, and not made again"}
    lines = [
        _line(c, "waits", under_way.get(c.state, "it waits until the instance is resumed"))
        for c in record.calls
        if c.state not in ("done", "failed")
    ]
    lines += [
        Line(at, _name(at), detail, "", "", kind, "waits", "kept for when it is resumed")
        for kind, at, detail, _ in record.waits
    ]
    notices = ("It is suspended already.",) if record.status == "suspended" else ()
    children = (f"{len(record.child_ids)} children go on: suspend them too.",) if record.child_ids else ()
    return Preview(record, command, (), notices + children, tuple(lines), "suspended")


def _resume(record: Record, command: Command) -> Preview:
    if (refused := _expected(record, command, "suspended", "running")) is not None:
        return refused
    notices = ("It is running already.",) if record.status == "running" else ()
    if isinstance(record.error, dict):
        notices += (f"The host could not advance it: {record.error.get('detail', '')}"[:500],)  # pyright: ignore[reportUnknownMemberType]
    lines = [
        _line(c, "keep", "it goes on where it stood") for c in record.calls if c.state not in ("done", "failed")
    ]  # fmt: skip
    return Preview(record, command, (), notices, tuple(lines), "running")


def _cancel(record: Record, command: Command) -> Preview:
    if (refused := _expected(record, command, "running", "suspended")) is not None:
        return refused
    lines: list[Line] = []
    # the order in which they would be undone: the last effect first
    for c in sorted(record.calls, key=lambda c: (c.answered_at or c.called_at, c.at), reverse=True):
        if c.at.endswith(UNDO_SUFFIX) or c.computed:
            continue
        if c.state == "done" and c.system:
            lines.append(_effect(c, command.compensate))
        elif c.state in ("sent", "unknown", "asked"):
            lines.append(_line(c, "stands", "its outcome is still awaited and recorded; it may have its effect"))
        elif c.state == "parked":
            lines.append(_line(c, "stops", "what people were asked is withdrawn"))
        elif c.state in ("retry", "outage"):
            lines.append(_line(c, "stops", "it had no effect, and is not tried again"))
    lines += [
        Line(at, _name(at), detail, "", "", kind, "stops", "nobody waits for it any more")
        for kind, at, detail, _ in record.waits
    ]
    how = "cancelled, each undoing what it did first" if command.compensate else "cancelled"
    notices = [f"{len(record.child_ids)} children are {how}."] if record.child_ids else []
    heard = [detail for kind, _, detail, _ in record.waits if kind == "event" and "cancel" in detail]
    if heard:
        notices.append(
            f"This workflow hears cancellations itself ({', '.join(heard)}) and knows what may still be undone: "
            "cancel the order instead, unless it is stuck."
        )
    return Preview(record, command, (), tuple(notices), tuple(lines), "cancelled")


def _effect(call: Call, compensate: bool) -> Line:
    if call.undone_at is not None:
        return _line(call, "keep", "undone already")
    if not compensate:
        return _line(call, "stands", "its effect stays as it is")
    if call.undo is None:
        return _line(call, "stands", "it does not say how it is undone")
    return _line(call, "undo", f"undone by {call.undo.get('function', '')}")


# ── retry, restart ───────────────────────────────────────────────────────────────────────────────────────────────


async def _restart(
    tx: Tx, record: Record, command: Command, known: Programs, now: datetime, also: tuple[str, ...] = ()
) -> Preview:  # fmt: skip
    if (refused := _expected(record, command, "faulted", "suspended", *also)) is not None:
        return refused
    if record.parent is not None and record.status in HAS_ENDED:
        return _refused(record, command, "its parent was told how it ended: retry the parent, which starts it anew")
    facts = await reading.history(tx, record.tenant_id, record.instance_id)
    by_version = await reading.programs(tx, known, record, facts)

    def plan() -> Plan | str:
        at = _run_of(record, command, by_version, facts)
        if at.startswith("!"):
            return at[1:]
        repeat = command.runs
        if command.repeat is Repeat.ALL:
            repeat = [c.at for c in record.made]
        return restart.plan(
            by_version.__getitem__, record.version, facts, record.made, at, now,
            edits=command.edits, repeat=repeat, reason=command.reason,
        )  # fmt: skip

    planned = await asyncio.to_thread(plan)  # folding a long history takes a while
    if isinstance(planned, str):
        return _refused(record, command, planned)
    lines = [
        Line(i.at, i.task, i.function, i.system, f"{record.instance_id}{i.at}", i.state, i.fate.value, i.why, i.new_key)
        for i in planned.items
        if i.fate is not Fate.RECOMPUTE
    ]
    listed = {i.at.partition("#")[0] for i in planned.items if i.new_key}
    asked = [c for c in planned.asks if c.at.partition("#")[0] not in listed]
    lines += [Line(c.at, _name(c.at), c.function, "", f"{record.instance_id}{c.at}", "", "repeat", "made at once", True)
              for c in asked]  # fmt: skip
    notices = () if planned.outcome == "running" else (f"Right after, it would be: {planned.outcome}",)
    return Preview(
        record, command, planned.blocked, notices, tuple(lines), planned.outcome, planned.fact, dict(planned.before)
    )


def _run_of(record: Record, command: Command, by_version: Any, facts: Any) -> str:
    """The task run that is meant; with `!` in front, why there is none."""
    wanted = command.at
    if not wanted:
        if record.status == "faulted":
            found = restart.failed_at(by_version.__getitem__, record.version, facts)
            return found or "!the workflow itself failed, not a task in it: start a new instance"
        open_runs = [w.at for w in states.outline(record.state).waiting] if record.state else []
        if len(open_runs) != 1:
            return f"!it stands at {len(open_runs)} tasks ({', '.join(open_runs) or 'none'}): say which one"
        return open_runs[0]
    if "#" in wanted:
        return wanted
    last = ""
    for _, step in restart.steps(by_version.__getitem__, record.version, facts):
        for t in step.trace:
            pointer = t.at.partition("#")[0]
            if t.kind == "task-started" and (pointer == wanted or pointer.endswith(f"/{wanted}")):
                last = t.at
    return last or f"!it never was at a task {wanted!r}"


# ── migrate ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def _migrate(tx: Tx, record: Record, command: Command, known: Programs, now: datetime) -> Preview:
    if (refused := _expected(record, command, "running", "suspended")) is not None:
        return refused
    if record.state is None:
        return _refused(record, command, "it has not begun: cancel it, and start one in the other version")
    try:
        new = await known.get(tx, record.tenant_id, record.namespace, record.name, command.version)
    except NotFound as unknown:
        raise PartnerError([reading.Finding("operation.version", "/version", "a published version",
                                            command.version, f"Publish it first ({unknown}).")]) from None  # fmt: skip
    old = await known.get(tx, record.tenant_id, record.namespace, record.name, record.version)
    found = migrate.check(old, new, states.load(record.state, record.payloads), now, command.positions)
    lines = [Line(b.at, _name(b.at), "", "", "", b.code, "breaks", f"{b}") for b in found.breaks]
    undoable = sum(1 for c in record.calls if c.state == "done" and c.undo is not None and c.undone_at is None)
    notices = list(found.notices)
    if undoable:
        notices.append(f"{undoable} effects can be undone as they said when they were made.")
    if record.child_ids:
        notices.append(f"{len(record.child_ids)} children stay in their versions.")
    refused = tuple(str(b) for b in found.breaks)
    return Preview(record, command, refused, tuple(notices), tuple(lines), f"version {command.version}", found.fact)
