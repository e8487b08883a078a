"""The board: key figures, the running definition with what stands in each stage, orders by hour, business time."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import ConfigDict, Field

from crossdock.gateway.access import Anyone, Reader
from crossdock.gateway.models import Answer, Money, Time
from crossdock.tower import board, kpis

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


class FlowNode(Answer):
    """kind: event, task, decision, person, wait or end. Ends count the orders of the last day."""

    id: str
    label: str
    kind: str
    count: int
    late: int
    value: Money


class FlowEdge(Answer):
    id: str
    source: str
    target: str
    label: str | None


class Flow(Answer):
    definition: DefinitionRef
    nodes: list[FlowNode]
    edges: list[FlowEdge]


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
    at = caller.clock.now()
    async with caller.transaction() as tx:
        strip = await kpis.strip(tx, caller.tenant_id, at)
    return Kpis(as_of=at, items=[Kpi.model_validate(k) for k in strip])


@router.get("/flow", summary="Where orders stand")
async def flow(caller: Reader) -> Flow:
    """The newest published order-to-cash definition as a graph, with live counts."""
    async with caller.transaction() as tx:
        drawn = await board.flow(tx, caller.tenant_id, caller.running.drawings, caller.clock.now(), caller.today())
    return Flow.model_validate(drawn)


@router.get("/throughput", summary="Orders received by hour")
async def throughput(caller: Reader, hours: Annotated[int, Query(ge=1, le=168)] = 24) -> Throughput:
    async with caller.transaction() as tx:
        rows = await kpis.throughput(tx, caller.tenant_id, caller.clock.now(), hours)
    return Throughput(buckets=[Bucket.model_validate(r) for r in rows], total=sum(r["total"] for r in rows))
