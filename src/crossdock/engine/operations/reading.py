"""What is on record of an instance, and which instances a selection means."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

import msgspec

from crossdock import exactjson
from crossdock.db import Tx, queries
from crossdock.engine import payloads
from crossdock.engine.definitions import Programs
from crossdock.engine.live import FACTS
from crossdock.errors import Finding, NotFound, PartnerError
from crossdock.flow import restart
from crossdock.flow.facts import Fact, Migrated
from crossdock.flow.payloads import Payloads, outline
from crossdock.flow.program import Program
from crossdock.flow.restart import Made

SQL = queries("crossdock.engine.operations", "operations.sql")
ANSWERS = ("CallCompleted", "CallFailed", "ChildCompleted", "ChildFailed")
OPERATED = ("Suspended", "Resumed", "CancelRequested", "Restarted")


class Selection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which instances. Empty fields ask nothing. order: a business key, `*` for any text. task: where it stands.

    older_h: started longer ago than so many hours. fingerprint: of the error, as lists show it. q: free text.
    """

    ids: list[UUID] = []
    status: str = ""
    definition: str = ""
    version: str = ""
    stage: str = ""
    order: str = ""
    older_h: float = 0
    task: str = ""
    fingerprint: str = ""
    q: str = ""

    @property
    def empty(self) -> bool:
        return self == Selection()


@dataclass(frozen=True, slots=True)
class Found:
    """One instance of a list. pending: an operator's word for it has not been read yet."""

    instance_id: UUID
    namespace: str
    name: str
    version: str
    order: str
    status: str
    stage: str
    started_at: datetime
    updated_at: datetime
    ended_at: datetime | None
    revision: int
    error: Any
    fingerprint: str
    pending: bool
    total: int  # how many the selection means in all


async def select(
    tx: Tx,
    tenant_id: str,
    selection: Selection,
    now: datetime,
    *,
    after: tuple[datetime | None, UUID | None] = (None, None),
    limit: int,
) -> list[Found]:
    """Newest first. now: business time, by which ages are told."""
    older = now - timedelta(hours=selection.older_h) if selection.older_h else None
    rows = await tx.fetch(
        SQL["select"], tenant_id, selection.ids or None, selection.status or None, selection.definition or None,
        selection.version or None, selection.stage or None, _like(selection.order), older,
        selection.fingerprint or None, _literal(selection.task) or None, _literal(selection.q) or None, *after, limit,
    )  # fmt: skip
    return [
        Found(
            r["instance_id"], r["namespace"], r["name"], r["version"], r["business_key"], r["status"], r["stage"],
            r["started_at"], r["updated_at"], r["ended_at"], r["revision"],
            exactjson.loads(r["error"]) if r["error"] else None, r["fingerprint"], r["pending"], r["total"],
        )
        for r in rows
    ]  # fmt: skip


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _like(pattern: str) -> str | None:
    return _literal(pattern).replace("*", "%") if pattern else None


@dataclass(frozen=True, slots=True)
class Call:
    """A call as recorded. key: under which the other system knows it."""

    at: str
    key: str
    function: str
    system: str
    state: str
    attempt: int
    abandoned: bool
    given: Any
    output: Any
    undo: Any
    computed: bool
    called_at: datetime
    answered_at: datetime | None
    undone_at: datetime | None


@dataclass(frozen=True, slots=True)
class Record:
    """An instance as it stands in the store, read in one transaction."""

    tenant_id: str
    instance_id: UUID
    namespace: str
    name: str
    version: str
    order: str
    parent: tuple[UUID, str] | None
    status: str
    revision: int
    state: bytes | None
    payloads: Payloads  # of the state, its large parts
    error: Any
    calls: Sequence[Call]
    children: Sequence[Made]
    child_ids: Sequence[UUID]  # of those that have not ended
    waits: Sequence[tuple[str, str, str, datetime | None]]  # kind, at, detail, due
    answers_wait: frozenset[str]  # runs whose answer lies in the mailbox
    pending: bool  # an operator's word for it has not been read yet

    @property
    def made(self) -> list[Made]:
        """All calls and children, as flow.restart wants to know them."""
        calls = [
            Made(
                at=c.at, function=c.function, state=c.state, system=c.system, given=c.given, output=c.output,
                computed=c.computed, undone=c.undone_at is not None, answer_waits=c.at in self.answers_wait,
            )
            for c in self.calls
        ]  # fmt: skip
        return [*calls, *self.children]


async def read(tx: Tx, tenant_id: str, instance_id: UUID, *, lock: bool = False, whole: bool = True) -> Record:
    """Raises NotFound. lock: nobody writes it before this transaction ends.

    whole: with its large parts; without, what calls were given and gave names them, and its state can only be outlined.
    """
    row = await tx.fetchrow(SQL["locked" if lock else "instance"], tenant_id, instance_id)
    if row is None:
        raise NotFound("no such instance")
    mail = await tx.fetch(SQL["mail"], tenant_id, instance_id)
    waiting = frozenset(str(m["at"]) for m in mail if m["kind"] in ANSWERS)
    children = await tx.fetch(SQL["children"], tenant_id, instance_id)
    waits = await tx.fetch(SQL["waits"], tenant_id, instance_id)
    calls = await tx.fetch(SQL["calls"], tenant_id, instance_id)
    parts = Payloads()
    if whole:
        texts = [row["state"], *(text for c in calls for text in (c["arguments"], c["output"]))]
        parts = await payloads.read(tx, tenant_id, instance_id, texts)
    value = parts.value if whole else _outlined
    return Record(
        tenant_id=tenant_id,
        instance_id=instance_id,
        namespace=row["namespace"],
        name=row["name"],
        version=row["version"],
        order=row["business_key"],
        parent=(row["parent_id"], row["parent_at"]) if row["parent_id"] else None,
        status=row["status"],
        revision=row["revision"],
        state=row["state"],
        payloads=parts,
        error=json_of(row["error"]),
        calls=[_call(instance_id, r, value) for r in calls],
        children=[
            Made(
                at=str(c["at"]), function=c["name"], state=c["status"], child=True, output=json_of(c["output"]),
                given=await _input(tx, tenant_id, c, whole=whole), answer_waits=str(c["at"]) in waiting,
            )
            for c in children
        ],
        child_ids=[c["instance_id"] for c in children if c["status"] in ("running", "suspended")],
        waits=[(w["kind"], w["at"], w["detail"], w["due_at"]) for w in waits],
        answers_wait=waiting,
        pending=any(m["kind"] in OPERATED for m in mail),
    )  # fmt: skip


def _call(instance_id: UUID, row: Any, value: Callable[[str], Any]) -> Call:
    return Call(
        at=row["at"], key=f"{instance_id}{row['at']}", function=row["function"], system=row["system"],
        state=row["state"], attempt=row["attempt"], abandoned=row["abandoned"], given=value(row["arguments"]),
        output=value(row["output"]) if row["output"] else None, undo=json_of(row["undo"]),
        # answered in the turn that asked, by nobody else: a pure computation
        computed=row["system"] == "" and row["duration_ms"] is not None,
        called_at=row["called_at"], answered_at=row["answered_at"], undone_at=row["undone_at"],
    )  # fmt: skip


def _outlined(text: str) -> Any:
    return outline(exactjson.loads(text))


async def _input(tx: Tx, tenant_id: str, child: Any, *, whole: bool) -> Any:
    """What a child was started with; its large parts are its own."""
    started: str | None = child["fact"]
    if not started:
        return None
    if not whole:
        return _outlined(started)["input"]
    return (await payloads.read(tx, tenant_id, child["instance_id"], [started])).value(started)["input"]


def json_of(stored: str | None) -> Any:
    return None if stored is None else exactjson.loads(stored)


async def history(tx: Tx, tenant_id: str, instance_id: UUID) -> list[Fact]:
    """Raises PartnerError when it is longer than what is folded for an operation."""
    rows = await tx.fetch(SQL["history"], tenant_id, instance_id, restart.MOST_FACTS + 1)
    if len(rows) > restart.MOST_FACTS:
        found = f"more than {restart.MOST_FACTS}"
        raise PartnerError([Finding("operation.history", str(instance_id), "a history that can be folded", found,
                                    "Cancel it, and start a new instance.")])  # fmt: skip
    parts = await payloads.read(tx, tenant_id, instance_id, (r["fact"] for r in rows))
    return [cast("Fact", msgspec.convert(parts.value(r["fact"]), FACTS[r["kind"]])) for r in rows]


async def programs(tx: Tx, known: Programs, record: Record, facts: Sequence[Fact]) -> dict[str, Program]:
    """Every version that this instance has run in, by its number."""
    versions = {record.version} | {v for f in facts if isinstance(f, Migrated) for v in (f.of, f.to)}
    return {v: await known.get(tx, record.tenant_id, record.namespace, record.name, v) for v in sorted(versions)}
