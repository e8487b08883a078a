"""Exceptions by cause: what the same fix would clear."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from crossdock.cases import casework
from crossdock.cases.clusters import store
from crossdock.errors import NotFound
from crossdock.gateway.access import Reader
from crossdock.gateway.models import Answer, Limit, Money, Time
from crossdock.gateway.work import Case

router = APIRouter(prefix="/api/clusters", tags=["clusters"])
Key = Annotated[str, Path(pattern="^[0-9a-f]{16}$", description="A cause's key")]
Offset = Annotated[int, Query(ge=0, le=1_000_000)]


class CauseOut(Answer):
    """subject: the one thing it is about (an item number, a code, a table's key); empty when it is about a rule."""

    partner: str
    rule: str
    field: str
    system: str
    subject: str
    error: str


class ClusterOut(Answer):
    """money: by currency. opened: cases an hour of the last day, the newest last. free: those without an owner.
    under_way: those that a fix has still to do, or that wait for its second person."""

    key: str
    cause: CauseOut
    cases: int
    kind: str
    queue: str
    title: str
    severity: str
    money: dict[str, Money]
    due_at: Time | None
    oldest_at: Time
    newest_at: Time
    breached: int
    free: int
    under_way: int
    opened: list[int]


class Clusters(Answer):
    """clusters: causes with several open cases; alone: cases that nothing else shares a cause with."""

    items: list[ClusterOut]
    total: int
    clusters: int
    alone: int
    cases: int


@router.get("", summary="Exceptions by cause")
async def list_(
    caller: Reader, kind: Annotated[str | None, Query(max_length=100)] = None,
    queue: Annotated[str | None, Query(max_length=100)] = None,
    alone: Annotated[bool, Query(description="Cases that share their cause with no other, instead")] = False,
    limit: Limit = 50, offset: Offset = 0,
) -> Clusters:  # fmt: skip
    """The largest first; those alone by their clocks."""
    async with caller.transaction() as tx:
        found = await store.find(
            tx, caller.tenant_id, caller.clock.now(), kind=kind or None, queue=queue or None, alone=alone, limit=limit,
            offset=offset,
        )  # fmt: skip
    return Clusters.model_validate(found)


@router.get("/{cluster}", summary="One cause")
async def one(cluster: Key, caller: Reader) -> ClusterOut:
    """404 when no open exception has it any more."""
    async with caller.transaction() as tx:
        return ClusterOut.model_validate(await store.one(tx, caller.tenant_id, cluster, caller.clock.now()))


@router.get("/{cluster}/cases", summary="The open exceptions of one cause")
async def members(cluster: Key, caller: Reader, limit: Limit = 100, offset: Offset = 0) -> list[Case]:
    """What is due first comes first."""
    now = caller.clock.now()
    async with caller.transaction() as tx:
        found: list[casework.Case] = await store.members(tx, caller.tenant_id, cluster, limit=limit, offset=offset)
    if not found and not offset:
        raise NotFound("No open case has this cause (any more).")
    return [Case.model_validate(c.summary(now)) for c in found]
