"""The running definition as people see it: its stages in order, what stands in each, and what a stage is called."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crossdock.db import Tx, queries
from crossdock.engine.definitions import Programs
from crossdock.errors import NotFound
from crossdock.flow import graph as drawing
from crossdock.flow.graph import DONE, FAILED, START, SWITCH
from crossdock.flow.program import Program
from crossdock.tower import standing

SQL = queries("crossdock.tower", "board.sql")

MAIN = "order-to-cash"
LABELS_SHOWN = 2  # an edge on which many ways meet names the first of them
SPARE_EDGES = 2  # what one box less may cost in lines


@dataclass(frozen=True, slots=True)
class Node:
    """kind: event, task, decision, person, wait or end."""

    id: str
    label: str
    kind: str


@dataclass(frozen=True, slots=True)
class Edge:
    id: str
    source: str
    target: str
    label: str | None


@dataclass(frozen=True, slots=True)
class Drawing:
    namespace: str
    name: str
    version: str
    title: str
    summary: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    @property
    def labels(self) -> dict[str, str]:
        return {n.id: n.label for n in self.nodes}

    @property
    def ends(self) -> list[str]:
        return [n.id for n in self.nodes if n.kind == "end"]


class Drawings:
    """Drawn definitions of this process; a published version never changes, so it is drawn once."""

    def __init__(self) -> None:
        self._programs = Programs()
        self._drawn: dict[tuple[str, str, str, str], Drawing] = {}

    async def get(self, tx: Tx, tenant_id: str, namespace: str, name: str, version: str) -> Drawing:
        """Raises NotFound when it is not published in this tenant."""
        key = (tenant_id, namespace, name, version)
        found = self._drawn.get(key)
        if found is None:
            program = await self._programs.get(tx, tenant_id, namespace, name, version)
            found = self._drawn[key] = _drawn(program)
        return found

    async def main(self, tx: Tx, tenant_id: str) -> Drawing | None:
        """The newest published order-to-cash, else the newest of all; None when nothing is published."""
        row = await tx.fetchrow(SQL["newest"], tenant_id, MAIN)
        return None if row is None else await self.get(tx, tenant_id, row["namespace"], row["name"], row["version"])

    async def label(self, tx: Tx, tenant_id: str, definition: tuple[str, str, str] | None, stage: str) -> str:
        """What people call a stage; its own id where the definition does not say."""
        if not stage or definition is None:
            return stage
        try:
            return (await self.get(tx, tenant_id, *definition)).labels.get(stage, stage)
        except NotFound:
            return stage


def _drawn(program: Program) -> Drawing:
    """Without the start and the ends that every definition has: its own first and last stages say it better.

    Where a definition has no end stage of its own, `done` is kept. A way that only an error takes is shown where no
    other leads to that stage.
    """
    graph = drawing.graph(program)
    own_ends = any(n.kind == "end" for n in graph.nodes)
    hidden = {START, DONE, FAILED} if own_ends else {START}
    kinds = {SWITCH: "decision", DONE: "end", FAILED: "end"}
    reached = {e.target for e in graph.edges if not e.error}
    ways: dict[tuple[str, str], list[str]] = {}
    for e in graph.edges:
        again = e.source == e.target  # seen in the counts, not in a loop drawn at the box
        if not again and not {e.source, e.target} & hidden and not (e.error and e.target in reached):
            ways[e.source, e.target] = e.label.split(" / ") if e.label else []
    junctions = {n.id for n in graph.nodes if n.kind == SWITCH}
    ways = _contracted(ways, junctions)
    nodes = tuple(
        Node(n.id, n.label, kinds.get(n.kind, n.kind))
        for n in graph.nodes
        if n.id not in hidden and (n.kind != SWITCH or n.id in junctions)
    )
    edges = tuple(Edge(f"{a}>{b}", a, b, _label(words)) for (a, b), words in ways.items())
    document: dict[str, Any] = program.definition["document"]
    summary = str(document.get("summary") or "")
    return Drawing(program.namespace, program.name, program.version, program.title, summary, nodes, edges)


def _contracted(ways: dict[tuple[str, str], list[str]], junctions: set[str]) -> dict[tuple[str, str], list[str]]:
    """Without the junctions that may go at little cost in edges; `junctions` keeps those that stay.

    The language's own graph keeps each junction that saves an edge. A board is read at a glance: fewer boxes are
    worth a few lines more.
    """
    while junctions:
        tried = {j: _without(ways, j) for j in sorted(junctions)}
        cheapest = min(tried, key=lambda j: len(tried[j]))
        if len(tried[cheapest]) - len(ways) > SPARE_EDGES:
            break
        ways = tried[cheapest]
        junctions.discard(cheapest)
    return ways


def _without(ways: dict[tuple[str, str], list[str]], junction: str) -> dict[tuple[str, str], list[str]]:
    left = {way: words for way, words in ways.items() if junction not in way}
    into = [(a, words) for (a, b), words in ways.items() if b == junction and a != junction]
    for (a, target), words in ways.items():
        if a == junction and target != junction:
            for source, before in into:
                if source != target:
                    left[source, target] = list(dict.fromkeys([*left.get((source, target), []), *(words or before)]))
    return left


def _label(words: list[str]) -> str | None:
    return (" / ".join(words[:LABELS_SHOWN]) + (" …" if len(words) > LABELS_SHOWN else "")) or None


def today(now: datetime, time_zone: str) -> date:
    """The tenant's own day."""
    try:
        return now.astimezone(ZoneInfo(time_zone)).date()
    except (ZoneInfoNotFoundError, ValueError):
        return now.date()


async def flow(
    tx: Tx, tenant_id: str, drawings: Drawings, now: datetime, day: date, of: standing.Filter = standing.ALL
) -> dict[str, Any]:
    """{definition, nodes, edges, elsewhere} of a process (without one: the main one) with what stands in each stage.

    With a version its own graph is drawn and only its instances count; without one the newest is drawn, and what
    stands in stages that only older versions have is counted as elsewhere. Raises NotFound.
    """
    drawn = await _drawing(tx, tenant_id, drawings, of)
    if drawn is None:
        return {"definition": {"namespace": "", "name": "", "version": ""}, "nodes": [], "edges": [], "elsewhere": 0}
    found = await standing.stages(tx, tenant_id, drawn.name, of, now, day, drawn.ends)
    known = {n.id for n in drawn.nodes}
    return {
        "definition": {"namespace": drawn.namespace, "name": drawn.name, "version": drawn.version},
        "title": drawn.title, "summary": drawn.summary,
        "nodes": [_counted(n, found.get(n.id, standing.NOTHING)) for n in drawn.nodes],
        "edges": [{"id": e.id, "source": e.source, "target": e.target, "label": e.label} for e in drawn.edges],
        "elsewhere": sum(s.count for stage, s in found.items() if stage not in known),
    }  # fmt: skip


def _counted(n: Node, s: standing.Standing) -> dict[str, Any]:
    return {
        "id": n.id, "label": n.label, "kind": n.kind, "count": s.count, "late": s.late, "at_risk": s.at_risk,
        "value": f"{s.value:f}", "dwell": None if s.dwell is None else s.dwell.view(),
    }  # fmt: skip


async def _drawing(tx: Tx, tenant_id: str, drawings: Drawings, of: standing.Filter) -> Drawing | None:
    if of.process is None:
        return await drawings.main(tx, tenant_id)
    row = await tx.fetchrow(SQL["of_process"], tenant_id, of.process, of.version)
    if row is None:
        raise NotFound(f"No process {of.process!r}" + (f" with version {of.version}" if of.version else ""))
    return await drawings.get(tx, tenant_id, row["namespace"], row["name"], row["version"])


async def counts(tx: Tx, tenant_id: str, drawings: Drawings, now: datetime, day: date) -> dict[str, tuple[int, int]]:
    """By stage (count, late), zeros included: what the live board compares."""
    drawn = await drawings.main(tx, tenant_id)
    if drawn is None:
        return {}
    found = await standing.stages(tx, tenant_id, drawn.name, standing.ALL, now, day, drawn.ends, dwell=False)
    return {n.id: (s.count, s.late) for n in drawn.nodes for s in [found.get(n.id, standing.NOTHING)]}


async def processes(tx: Tx, tenant_id: str, drawings: Drawings, now: datetime, day: date) -> list[dict[str, Any]]:
    """Every published process with its versions, the main one first: how many instances are open, late, at risk."""
    rows = await tx.fetch(SQL["processes"], tenant_id, MAIN)
    open_ = await standing.by_version(tx, tenant_id, day)
    found: dict[str, dict[str, Any]] = {}
    for r in rows:  # newest version first within a name
        if r["name"] not in found:
            drawn = await drawings.get(tx, tenant_id, r["namespace"], r["name"], r["version"])
            found[r["name"]] = {
                "name": r["name"], "version": r["version"], "title": drawn.title, "summary": drawn.summary,
                "open": 0, "late": 0, "at_risk": 0, "versions": [],
            }  # fmt: skip
        n = open_.get((r["name"], r["version"]), (0, 0, 0))
        process = found[r["name"]]
        process["versions"].append({"version": r["version"], "open": n[0]})
        for key, value in zip(("open", "late", "at_risk"), n, strict=True):
            process[key] += value
    return list(found.values())


async def options(tx: Tx, tenant_id: str) -> dict[str, Any]:
    """What filters offer: {sites, partners: [{id, name}], types}."""
    partners = await tx.fetch(SQL["partners"], tenant_id)
    return {
        "sites": [r["site"] for r in await tx.fetch(SQL["sites"], tenant_id)],
        "partners": [{"id": r["partner_id"], "name": r["name"] or r["partner_id"]} for r in partners],
        "types": [r["order_type"] for r in await tx.fetch(SQL["types"], tenant_id)],
    }
