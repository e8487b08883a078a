"""Workflow definitions as published, and the instances that run on them."""

from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from crossdock import exactjson, telemetry
from crossdock.cases import common
from crossdock.db import queries
from crossdock.errors import NotFound
from crossdock.flow import state as states
from crossdock.gateway.access import Reader
from crossdock.gateway.board import FlowEdge
from crossdock.gateway.models import Answer, Cursor, Json, Limit, Page, Time
from crossdock.tower.board import Drawing

router = APIRouter(prefix="/api", tags=["definitions"])
SQL = queries("crossdock.gateway", "definitions.sql")


class Definition(Answer):
    """A published version, which is never edited. running: how many instances have not ended."""

    namespace: str
    name: str
    version: str
    title: str
    summary: str | None
    published_at: Time
    running: int


class Node(Answer):
    id: str
    label: str
    kind: str


class Graph(Answer):
    nodes: list[Node]
    edges: list[FlowEdge]


class DefinitionDetail(Answer):
    namespace: str
    name: str
    version: str
    title: str
    published_at: Time
    yaml: str
    graph: Graph


class Status(StrEnum):
    RUNNING = "running"
    COMPLETED = "completed"
    FAULTED = "faulted"
    CANCELLED = "cancelled"
    SUSPENDED = "suspended"


class Instance(Answer):
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


class HistoryItem(Answer):
    seq: int
    at: Time
    kind: str
    data: Json


class InstanceDetail(Instance):
    """state: its context; waits: listeners and open calls; history: every fact it was given."""

    state: Json
    output: Json
    error: Json
    history: list[HistoryItem]
    waits: Json
    timers: Json
    trace_id: str | None


@router.get("/definitions", summary="Workflow definitions")
async def list_(caller: Reader) -> Page[Definition]:
    async with caller.transaction() as tx:
        rows = await tx.fetch(SQL["all"], caller.tenant_id)
        drawn = [
            await caller.running.drawings.get(tx, caller.tenant_id, r["namespace"], r["name"], r["version"])
            for r in rows
        ]
    items = [
        Definition(
            namespace=r["namespace"], name=r["name"], version=r["version"], title=d.title, summary=d.summary or None,
            published_at=r["published_at"], running=r["running"],
        )
        for r, d in zip(rows, drawn, strict=True)
    ]  # fmt: skip
    return Page[Definition](items=items, total=len(items))


@router.get("/definitions/{name}/{version}", summary="One definition: text and graph")
async def one(
    name: str, version: str, caller: Reader, namespace: Annotated[str | None, Query(max_length=100)] = None
) -> DefinitionDetail:
    async with caller.transaction() as tx:
        row = await tx.fetchrow(SQL["one"], caller.tenant_id, name, version, namespace or None)
        if row is None:
            raise NotFound("No such definition")
        drawn = await caller.running.drawings.get(tx, caller.tenant_id, row["namespace"], name, version)
    return DefinitionDetail(
        namespace=drawn.namespace, name=name, version=version, title=drawn.title, published_at=row["published_at"],
        yaml=row["source"], graph=_graph(drawn),
    )  # fmt: skip


def _graph(drawn: Drawing) -> Graph:
    return Graph.model_validate(drawn)


@router.get("/instances", summary="Running and ended instances")
async def instances(
    caller: Reader, status: Status | None = None, definition: Annotated[str | None, Query(max_length=100)] = None,
    stage: Annotated[str | None, Query(max_length=100)] = None,
    order: Annotated[str | None, Query(max_length=40)] = None, limit: Limit = 50, cursor: Cursor = None,
) -> Page[Instance]:  # fmt: skip
    """Newest first."""
    filters = (status, definition or None, stage or None, order or None)
    after = common.read_cursor(cursor)
    async with caller.transaction() as tx:
        rows = await tx.fetch(SQL["instances"], caller.tenant_id, *filters, *after, limit + 1)
        total: int = await tx.fetchval(SQL["count_instances"], caller.tenant_id, *filters)
    page = common.page(rows, limit, total, lambda r: (r["started_at"], r["instance_id"]))
    return Page[Instance](items=[Instance(**_instance(r)) for r in page.items], next=page.next, total=total)


@router.get("/instances/{instance}", summary="One instance: state, waits, history")
async def instance(instance: UUID, caller: Reader) -> InstanceDetail:
    async with caller.transaction() as tx:
        row = await tx.fetchrow(SQL["instance"], caller.tenant_id, instance)
        if row is None:
            raise NotFound("No such instance")
        history = await tx.fetch(SQL["history"], caller.tenant_id, instance)
        listens = await tx.fetch(SQL["subscriptions"], caller.tenant_id, instance)
        calls = await tx.fetch(SQL["open_calls"], caller.tenant_id, instance)
        timers = await tx.fetch(SQL["timers"], caller.tenant_id, instance)
    context = states.load(row["state"]).context if row["state"] else None
    return InstanceDetail(
        **_instance(row),
        state=telemetry.redact(context),
        output=_json(row["output"]),
        error=_json(row["error"]),
        history=[
            HistoryItem(seq=h["seq"], at=h["at"], kind=h["kind"], data=telemetry.redact(_json(h["fact"])))
            for h in history
        ],
        waits=[{"at": w["at"], "event": w["type"], "value": w["value"]} for w in listens] + [dict(c) for c in calls],
        timers=[dict(t) for t in timers],
        trace_id=telemetry.trace_id(row["traceparent"]) or None,
    )


def _instance(row: Any) -> dict[str, Any]:
    return {
        "id": str(row["instance_id"]), "namespace": row["namespace"], "definition": row["name"],
        "version": row["version"], "order": row["business_key"], "status": row["status"],
        "stage": row["stage"] or None, "started_at": row["started_at"], "updated_at": row["updated_at"],
        "ended_at": row["ended_at"],
    }  # fmt: skip


def _json(stored: str | None) -> Any:
    return None if stored is None else exactjson.loads(stored)
