"""Workflow instances: find them, see where they stand, and operate them, one or many, after a preview.

Reading is for everybody of the tenant. Suspending, resuming, retrying, restarting from the record and cancelling with
compensation is coordinators' work; what may leave effects standing or make them twice is administrators' (command
`repairs`). Both are asked of policy with the instance at hand.
"""

from enum import StrEnum
from typing import Annotated, Any, Self
from uuid import UUID

import msgspec
from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from crossdock import exactjson, telemetry
from crossdock.cases import common
from crossdock.cases.hooks import People
from crossdock.db import queries
from crossdock.engine import operations, payloads
from crossdock.engine.definitions import Programs
from crossdock.engine.fallback import ProcessFallback
from crossdock.engine.operations import Command, Kind, jobs, reading
from crossdock.engine.operations.command import Repeat
from crossdock.errors import NotFound
from crossdock.events.inbox import business_now
from crossdock.flow import state as states
from crossdock.gateway.access import Caller, Reader, allow
from crossdock.gateway.models import Answer, Cursor, Json, Limit, Page, Search, Time
from crossdock.policy import Action, Resource

router = APIRouter(prefix="/api", tags=["instances"])
SQL = queries("crossdock.gateway", "instances.sql")
SHOWN = 200  # instances of a bulk preview that are told one by one; all are counted
programs = Programs(ProcessFallback())  # compiled definitions are the same for every gateway of this process

Operator = Annotated[Caller, allow(Action.INSTANCE_OPERATE)]


class Status(StrEnum):
    RUNNING = "running"
    COMPLETED = "completed"
    FAULTED = "faulted"
    CANCELLED = "cancelled"
    SUSPENDED = "suspended"


class Instance(Answer):
    """error: its fingerprint, the same for all that failed in the same way. pending: an operation is under way."""

    id: str
    namespace: str
    definition: str
    version: str
    order: str
    status: str
    stage: str | None
    started_at: Time
    updated_at: Time
    ended_at: Time | None
    error: str | None = None
    message: str | None = None
    pending: bool = False


class HistoryItem(Answer):
    seq: int
    at: Time
    kind: str
    data: Json


class AttemptOut(Answer):
    attempt: int
    outcome: str
    probe: bool
    detail: str
    tried_at: Time
    duration_ms: float | None


class CallOut(Answer):
    """key: the idempotency key under which the other system knows it. attempts: those that were not simply answered."""

    at: str
    task: str
    function: str
    system: str
    key: str
    state: str
    attempt: int
    abandoned: bool
    called_at: Time
    answered_at: Time | None
    undone_at: Time | None
    attempts: list[AttemptOut]


class InstanceDetail(Instance):
    """state: its context; standing: the task runs that are open; waits: listeners and open calls; history: facts."""

    state: Json
    output: Json
    failure: Json
    standing: list[str]
    calls: list[CallOut]
    history: list[HistoryItem]
    waits: Json
    timers: Json
    parent: str | None
    trace_id: str | None


class CommandIn(BaseModel):
    """What is asked; which fields count depends on `kind` (docs/operations.md)."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    reason: str = Field(default="", max_length=2000)
    compensate: bool = False
    force: bool = False
    at: str = Field(default="", max_length=500)
    data: Any = None
    context: Any = None
    repeat: Repeat = Repeat.NONE
    runs: list[str] = Field(default_factory=list[str], max_length=1000)
    version: str = Field(default="", max_length=100)
    positions: dict[str, str] = Field(default_factory=dict[str, str], max_length=100)

    def command(self) -> Command:
        return Command(**{name: getattr(self, name) for name in type(self).model_fields})


class SelectionIn(BaseModel):
    """Which instances; empty fields ask nothing. order: `*` for any text. older_h: started so many hours ago."""

    model_config = ConfigDict(extra="forbid")

    ids: list[UUID] = Field(default_factory=list[UUID], max_length=jobs.MOST)
    status: Status | None = None
    definition: str = Field(default="", max_length=100)
    version: str = Field(default="", max_length=100)
    stage: str = Field(default="", max_length=100)
    order: str = Field(default="", max_length=100)
    older_h: float = Field(default=0, ge=0, le=1_000_000)
    task: str = Field(default="", max_length=200)
    error: str = Field(default="", max_length=12)
    q: str = Field(default="", max_length=200)

    def selection(self) -> operations.Selection:
        return operations.Selection(
            ids=self.ids, status=self.status or "", definition=self.definition, version=self.version,
            stage=self.stage, order=self.order, older_h=self.older_h, task=self.task, fingerprint=self.error, q=self.q,
        )  # fmt: skip


class Operation(BaseModel):
    """mark: of the preview that was looked at; it is done only while it is still that."""

    model_config = ConfigDict(extra="forbid")

    command: CommandIn
    mark: str = Field(min_length=64, max_length=64)


class Bulk(BaseModel):
    model_config = ConfigDict(extra="forbid")

    command: CommandIn
    selection: SelectionIn


class Token(BaseModel):
    token: str = Field(min_length=64, max_length=64)


class LineOut(Answer):
    """One call or wait, and what becomes of it."""

    at: str
    task: str
    function: str
    system: str
    key: str
    state: str
    fate: str
    why: str
    new_key: bool


class PreviewOut(Answer):
    """refused: why it cannot be done; empty when it can. outcome: how it stands right after."""

    instance: str
    order: str
    definition: str
    version: str
    status: str
    refused: list[str]
    notices: list[str]
    lines: list[LineOut]
    outcome: str
    mark: str

    @classmethod
    def of(cls, p: operations.Preview) -> Self:
        return cls(
            instance=str(p.record.instance_id), order=p.record.order, definition=p.record.name,
            version=p.record.version, status=p.record.status, refused=list(p.refused), notices=list(p.notices),
            lines=[LineOut.model_validate(line) for line in p.lines], outcome=p.outcome, mark=p.mark,
        )  # fmt: skip


class ItemOut(Answer):
    instance: str
    order: str
    definition: str
    status: str
    detail: str
    at: Time | None


class JobOut(Answer):
    """A bulk operation. counts: instances by what became of them."""

    id: str
    kind: str
    command: Json
    selection: Json
    status: str
    by: str
    previewed_at: Time
    started_at: Time | None
    ended_at: Time | None
    counts: dict[str, int]
    total: int

    @classmethod
    def of(cls, job: jobs.Job, **more: Any) -> Self:
        return cls(
            id=str(job.job_id), kind=job.command.kind.value, command=msgspec.to_builtins(job.command),
            selection=msgspec.to_builtins(job.selection), status=job.status, by=job.asked_by,
            previewed_at=job.previewed_at, started_at=job.started_at, ended_at=job.ended_at, counts=job.counts,
            total=job.total, **more,
        )  # fmt: skip


class JobDetail(JobOut):
    items: list[ItemOut]


class Fate(Answer):
    function: str
    system: str
    fate: str
    calls: int


class BulkPreview(JobOut):
    """token: the hash of all that is shown. fates: calls by what becomes of them. instances: the first of them."""

    token: str
    fates: list[Fate]
    refusals: dict[str, int]
    notices: dict[str, int]
    instances: list[PreviewOut]


# ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────


@router.get("/instances", summary="Running and ended instances")
async def instances(
    caller: Reader, status: Status | None = None, definition: Annotated[str | None, Query(max_length=100)] = None,
    version: Annotated[str | None, Query(max_length=100)] = None,
    stage: Annotated[str | None, Query(max_length=100)] = None,
    order: Annotated[str | None, Query(max_length=100, description="A business key; * for any text")] = None,
    task: Annotated[str | None, Query(max_length=200, description="Where it stands")] = None,
    error: Annotated[str | None, Query(max_length=12, description="An error's fingerprint")] = None,
    older_h: Annotated[float, Query(ge=0, le=1_000_000, description="Started longer ago than so many hours")] = 0,
    q: Search = None, limit: Limit = 50, cursor: Cursor = None,
) -> Page[Instance]:  # fmt: skip
    """Newest first."""
    chosen = operations.Selection(
        status=status or "", definition=definition or "", version=version or "", stage=stage or "", order=order or "",
        task=task or "", fingerprint=error or "", older_h=older_h, q=q or "",
    )  # fmt: skip
    after = common.read_cursor(cursor)
    async with caller.transaction() as tx:
        now = await business_now(tx)
        rows = await operations.select(tx, caller.tenant_id, chosen, now, after=after, limit=limit + 1)
    page = common.page(rows, limit, rows[0].total if rows else 0, lambda r: (r.started_at, r.instance_id))
    return Page[Instance](items=[_instance(r) for r in page.items], next=page.next, total=page.total)


def _instance(r: reading.Found) -> Instance:
    error: dict[str, Any] = r.error or {}  # RFC 9457, or what the host says of one it could not advance
    return Instance(
        id=str(r.instance_id), namespace=r.namespace, definition=r.name, version=r.version, order=r.order,
        status=r.status, stage=r.stage or None, started_at=r.started_at, updated_at=r.updated_at, ended_at=r.ended_at,
        error=r.fingerprint or None,
        message=str(error.get("detail") or error.get("title") or "")[:300] or None, pending=r.pending,
    )  # fmt: skip


@router.get("/instances/{instance}", summary="One instance: state, calls, waits, history")
async def instance(instance: UUID, caller: Reader) -> InstanceDetail:
    """The newest thousand facts of its history, oldest first; large parts of its data by name and size."""
    async with caller.transaction() as tx:
        record = await reading.read(tx, caller.tenant_id, instance, whole=False)
        row = await tx.fetchrow(SQL["traceparent"], caller.tenant_id, instance)
        facts = await tx.fetch(SQL["history"], caller.tenant_id, instance)
        tried = await tx.fetch(reading.SQL["attempts"], caller.tenant_id, instance)
    if row is None:
        raise NotFound("No such instance")
    state = states.outline(record.state) if record.state else None
    attempts: dict[str, list[AttemptOut]] = {}
    for a in tried:
        attempts.setdefault(a["at"], []).append(AttemptOut.model_validate(dict(a)))
    open_calls = [c for c in record.calls if c.state not in ("done", "failed")]
    return InstanceDetail(
        id=str(instance), namespace=record.namespace, definition=record.name, version=record.version,
        order=record.order, status=record.status, stage=row["stage"] or None, started_at=row["started_at"],
        updated_at=row["updated_at"], ended_at=row["ended_at"], pending=record.pending,
        state=telemetry.redact(state.context if state else None),
        output=reading.json_of(row["output"]), failure=record.error,
        standing=[w.at for w in state.waiting] if state else [],
        calls=[
            CallOut(
                at=c.at, task=_task(c.at), function=c.function, system=c.system, key=c.key, state=c.state,
                attempt=c.attempt, abandoned=c.abandoned, called_at=c.called_at, answered_at=c.answered_at,
                undone_at=c.undone_at, attempts=attempts.get(c.at, []),
            )
            for c in record.calls
        ],
        history=[
            HistoryItem(
                seq=h["seq"], at=h["at"], kind=h["kind"],
                data=telemetry.redact(payloads.outline(exactjson.loads(h["fact"]))),
            )
            for h in reversed(facts)
        ],
        waits=[{"at": at, "event": detail} for kind, at, detail, _ in record.waits if kind == "event"]
        + [{"at": c.at, "function": c.function, "system": c.system, "state": c.state, "attempt": c.attempt,
            "called_at": c.called_at} for c in open_calls],
        timers=[
            {"at": at, "timer": detail, "due_at": due} for kind, at, detail, due in record.waits if kind == "timer"
        ],
        parent=str(record.parent[0]) if record.parent else None,
        trace_id=telemetry.trace_id(row["traceparent"]) or None,
    )  # fmt: skip


@router.get("/instances/{instance}/payloads/{digest}", summary="A large part of an instance's data")
async def payload(
    instance: UUID, digest: Annotated[str, Path(pattern="^[0-9a-f]{64}$")], caller: Reader
) -> Json:  # fmt: skip
    """What its history or state names `{"$payload": digest, "bytes": n}`; what is large in it in turn, by name."""
    async with caller.transaction() as tx:
        body = await payloads.one(tx, caller.tenant_id, instance, digest)
    if body is None:
        raise NotFound("No such payload of this instance")
    return telemetry.redact(payloads.outline(exactjson.loads(body)))


def _task(at: str) -> str:
    return at.partition("#")[0].rpartition("/")[2]


# ── one ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@router.post("/instances/{instance}/preview", summary="What an operation would do to an instance")
async def preview(instance: UUID, given: CommandIn, caller: Operator) -> PreviewOut:
    """Every call by name, system, key and state, and what becomes of it. Nothing is changed."""
    async with caller.transaction() as tx:
        shown = await operations.preview(tx, caller.tenant_id, instance, given.command(), programs)
    return PreviewOut.of(shown)


@router.post("/instances/{instance}/operations", status_code=202, summary="Operate an instance, as previewed")
async def operate(instance: UUID, given: Operation, caller: Operator) -> PreviewOut:
    """Recorded when this returns; the worker that holds it applies it at its next turn. 409 when it has changed."""
    command = given.command.command()
    _demand(caller, command, str(instance))
    async with caller.transaction() as tx:
        done = await operations.perform(
            tx, caller.tenant_id, instance, command, caller.name, programs, People(), mark=given.mark
        )
    return PreviewOut.of(done)


def _demand(caller: Caller, command: Command, thing: str) -> None:
    if command.repairs:
        caller.demand(Action.INSTANCE_REPAIR, Resource(kind="Instance", tenant_id=caller.tenant_id, id=thing))


# ── many ────────────────────────────────────────────────────────────────────────────────────────────────────────


@router.post("/instance-jobs", status_code=201, summary="What an operation would do to many instances")
async def preview_many(given: Bulk, caller: Operator) -> BulkPreview:
    """A job that nothing does yet: it is kept for a day, and started by its token."""
    command = given.command.command()
    _demand(caller, command, "many")
    async with caller.transaction() as tx:
        job, shown = await operations.preview_many(
            tx, caller.tenant_id, given.selection.selection(), command, caller.name, programs
        )
    fates: dict[tuple[str, str, str], int] = {}
    refusals: dict[str, int] = {}
    notices: dict[str, int] = {}
    for p in shown:
        for line in p.lines:
            key = (line.function or line.task, line.system, line.fate)
            fates[key] = fates.get(key, 0) + 1
        for texts, into in ((p.refused, refusals), (p.notices, notices)):
            for text in texts:
                into[text] = into.get(text, 0) + 1
    return BulkPreview.of(
        job, token=job.token, refusals=refusals, notices=notices,
        fates=[Fate(function=f, system=s, fate=w, calls=n) for (f, s, w), n in sorted(fates.items())],
        instances=[PreviewOut.of(p) for p in shown[:SHOWN]],
    )  # fmt: skip


@router.post("/instance-jobs/{job}/start", status_code=202, summary="Start a bulk operation, as previewed")
async def start(job: UUID, given: Token, caller: Operator) -> JobOut:
    """The workers do it, also when they are restarted; an instance that changed meanwhile is skipped and said."""
    async with caller.transaction() as tx:
        _demand(caller, (await operations.get_job(tx, caller.tenant_id, job)).command, str(job))
        return JobOut.of(await operations.apply(tx, caller.tenant_id, job, given.token, caller.name))


@router.post("/instance-jobs/{job}/cancel", summary="Cancel a bulk operation")
async def cancel(job: UUID, caller: Operator) -> JobOut:
    """No further instance is touched; what was done stays done."""
    async with caller.transaction() as tx:
        return JobOut.of(await operations.cancel_job(tx, caller.tenant_id, job, caller.name))


@router.get("/instance-jobs", summary="Bulk operations")
async def jobs_(caller: Reader, limit: Limit = 50) -> Page[JobOut]:
    """Newest first; those that were only previewed are not among them."""
    async with caller.transaction() as tx:
        found = await operations.find_jobs(tx, caller.tenant_id, limit)
    return Page[JobOut](items=[JobOut.of(j) for j in found], total=len(found))


@router.get("/instance-jobs/{job}", summary="One bulk operation: progress, and what became of each instance")
async def job_(
    job: UUID, caller: Reader, status: Annotated[str | None, Query(max_length=20)] = None, limit: Limit = 100,
    offset: Annotated[int, Query(ge=0, le=jobs.MOST)] = 0,
) -> JobDetail:  # fmt: skip
    async with caller.transaction() as tx:
        found = await operations.get_job(tx, caller.tenant_id, job)
        items = await jobs.items(tx, caller.tenant_id, job, status, limit=limit, offset=offset)
    return JobDetail.of(
        found,
        items=[
            ItemOut(
                instance=str(i.instance_id), order=i.order, definition=i.definition, status=i.status, detail=i.detail,
                at=i.at,
            )
            for i in items
        ],
    )  # fmt: skip
