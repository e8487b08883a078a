"""The board: key figures, the running definition with what stands in each stage, orders by hour, business time."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from crossdock.gateway.access import Anyone, Caller, Reader
from crossdock.gateway.models import Answer, Money, Time
from crossdock.tower import board, kpis, standing, views

router = APIRouter(prefix="/api", tags=["board"])


class Now(Answer):
    now: Time
    rate: float


class Kpi(Answer):
    """One figure, with how it is counted. value null: no data."""

    key: str
    label: str
    value: str | None
    unit: str
    target: str | None
    delta: str | None
    good: str
    note: str
    formula: str
    series: list[float]


class Kpis(Answer):
    as_of: Time
    items: list[Kpi]


class DefinitionRef(Answer):
    namespace: str
    name: str
    version: str


class Dwell(Answer):
    """Seconds of business time: of what stands there now, and of what went through lately (null: too few did).

    heat: nine in ten now ÷ nine in ten usually, as 0 (below half), 1, 2 (from 1), 3 (from 1.5) or 4 (from 3).
    """

    p50_s: int
    p90_s: int
    usual_p50_s: int | None
    usual_p90_s: int | None
    samples: int
    heat: int | None


class FlowNode(Answer):
    """kind: event, task, decision, person, wait or end. Ends count the instances of the last day."""

    id: str
    label: str
    kind: str
    count: int
    late: int
    at_risk: int
    value: Money
    dwell: Dwell | None


class FlowEdge(Answer):
    id: str
    source: str
    target: str
    label: str | None


class Flow(Answer):
    """elsewhere: open instances in stages that this version does not have."""

    definition: DefinitionRef
    title: str = ""
    summary: str = ""
    elsewhere: int = 0
    nodes: list[FlowNode]
    edges: list[FlowEdge]


class VersionCount(Answer):
    version: str
    open: int


class Process(Answer):
    """open, late, at_risk: instances. versions: the newest first."""

    name: str
    version: str
    title: str
    summary: str
    open: int
    late: int
    at_risk: int
    versions: list[VersionCount]


class Processes(Answer):
    items: list[Process]


class PartnerName(Answer):
    id: str
    name: str


class Options(Answer):
    """What the board's filters offer: sites with a calendar, partners, kinds of orders."""

    sites: list[str]
    partners: list[PartnerName]
    types: list[str]


class View(Answer):
    """mine: I may change it. default: the board opens with it for me."""

    id: str
    name: str
    owner: str
    mine: bool
    shared: bool
    default: bool
    filters: dict[str, str]
    put_at: Time


class Views(Answer):
    items: list[View]


class ViewPut(BaseModel):
    name: str = Field(min_length=1, max_length=80)
    filters: dict[str, str] = Field(max_length=20)
    shared: bool = False


class Chosen(BaseModel):
    """view: null for none."""

    view: UUID | None


class Bucket(Answer):
    """Orders received in the hour from `at`, by channel."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    at: Time
    x12: int
    json_: int = Field(alias="json")
    csv: int
    manual: int


class Throughput(Answer):
    buckets: list[Bucket]
    total: int


@router.get("/now", summary="Business time")
async def now(caller: Anyone) -> Now:
    """It may be simulated; all ages and deadlines are measured against it."""
    return Now(now=caller.clock.now(), rate=caller.clock.origin.rate)


@router.get("/kpis", summary="Key figures")
async def figures(caller: Reader) -> Kpis:

    async def count() -> Kpis:
        at = caller.clock.now()
        async with caller.transaction() as tx:
            strip = await kpis.strip(tx, caller.tenant_id, at)
        return Kpis(as_of=at, items=[Kpi.model_validate(k) for k in strip])

    return await caller.running.together.ask(("kpis", caller.tenant_id), count)


Word = Annotated[str | None, Query(max_length=100)]


def filtered(
    process: Word = None, version: Word = None, site: Word = None, customer: Word = None, partner: Word = None,
    channel: Word = None, type: Word = None,
) -> standing.Filter:  # fmt: skip
    return standing.Filter(
        process=process or None, version=version or None, site=site or None, customer=customer or None,
        partner=partner or None, channel=channel or None, type=type or None,
    )  # fmt: skip


@router.get("/flow", summary="Where orders stand")
async def flow(caller: Reader, of: Annotated[standing.Filter, Depends(filtered)]) -> Flow:
    """A process as a graph with live counts; without one the main one. A version is drawn as it is itself."""

    async def count() -> Flow:
        now, day, drawings = caller.clock.now(), caller.today(), caller.running.drawings
        async with caller.transaction() as tx:
            drawn = await board.flow(tx, caller.tenant_id, drawings, now, day, of)
        return Flow.model_validate(drawn)

    return await caller.running.together.ask(("flow", caller.tenant_id, caller.principal.time_zone, of), count)


@router.get("/processes", summary="The processes that run here")
async def processes(caller: Reader) -> Processes:

    async def count() -> Processes:
        now, day, drawings = caller.clock.now(), caller.today(), caller.running.drawings
        async with caller.transaction() as tx:
            found = await board.processes(tx, caller.tenant_id, drawings, now, day)
        return Processes(items=[Process.model_validate(p) for p in found])

    return await caller.running.together.ask(("processes", caller.tenant_id, caller.principal.time_zone), count)


@router.get("/board-options", summary="What the board can be filtered by")
async def options(caller: Reader) -> Options:
    async with caller.transaction() as tx:
        return Options.model_validate(await board.options(tx, caller.tenant_id))


@router.get("/board-views", summary="Saved views of the board")
async def list_views(caller: Reader) -> Views:
    """One's own, and those that others share."""
    async with caller.transaction() as tx:
        found = await views.every(tx, caller.tenant_id, caller.name)
    return Views(items=[View.model_validate(v) for v in found])


@router.post("/board-views", summary="Save a view of the board")
async def add_view(given: ViewPut, caller: Reader) -> View:
    """filters: process, version, site, customer, partner, channel, type; as: graph, whole or table."""
    return await _put(given, caller, None)


@router.put("/board-views/{view}", summary="Change a saved view of one's own")
async def put_view(view: UUID, given: ViewPut, caller: Reader) -> View:
    return await _put(given, caller, view)


async def _put(given: ViewPut, caller: Caller, view: UUID | None) -> View:
    async with caller.transaction() as tx:
        made = await views.put(
            tx, caller.tenant_id, caller.name, given.name.strip(), given.filters, given.shared, caller.clock.now(), view
        )
    return View.model_validate(made)


@router.delete("/board-views/{view}", status_code=204, summary="Delete a saved view of one's own")
async def delete_view(view: UUID, caller: Reader) -> None:
    async with caller.transaction() as tx:
        await views.delete(tx, caller.tenant_id, caller.name, view)


@router.post("/board-views/default", status_code=204, summary="Choose with which view the board opens")
async def choose_view(given: Chosen, caller: Reader) -> None:
    async with caller.transaction() as tx:
        await views.choose(tx, caller.tenant_id, caller.name, given.view)


@router.get("/throughput", summary="Orders received by hour")
async def throughput(caller: Reader, hours: Annotated[int, Query(ge=1, le=168)] = 24) -> Throughput:
    async with caller.transaction() as tx:
        rows = await kpis.throughput(tx, caller.tenant_id, caller.clock.now(), hours)
    return Throughput(buckets=[Bucket.model_validate(r) for r in rows], total=sum(r["total"] for r in rows))
