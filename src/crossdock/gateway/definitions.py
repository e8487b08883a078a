"""Workflow definitions as published."""

from typing import Annotated

from fastapi import APIRouter, Query

from crossdock.db import queries
from crossdock.errors import NotFound
from crossdock.gateway.access import Reader
from crossdock.gateway.board import FlowEdge
from crossdock.gateway.models import Answer, Page, Time
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
