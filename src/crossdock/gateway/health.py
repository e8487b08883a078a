"""Whether we live, whether we can work, and the numbers that say how."""

import asyncio
from typing import Annotated

import asyncpg
from fastapi import APIRouter, Depends
from fastapi.responses import PlainTextResponse

from crossdock.gateway.access import Caller, allow
from crossdock.gateway.models import Answer
from crossdock.gateway.services import Running, running
from crossdock.policy import Action
from crossdock.tower import metrics

router = APIRouter(tags=["health"])

READY_WITHIN_S = 3.0


class Health(Answer):
    status: str


@router.get("/livez", summary="Alive")
async def livez() -> Health:
    return Health(status="ok")


@router.get("/readyz", summary="Ready", responses={503: {"model": Health}})
async def readyz(state: Annotated[Running, Depends(running)]) -> PlainTextResponse:
    """Whether the database answers; nothing more is told, for anybody may ask."""
    try:
        async with asyncio.timeout(READY_WITHIN_S):
            await state.services.db.pool.fetchval("select 1")
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return PlainTextResponse('{"status":"not ready"}', 503, media_type="application/json")
    return PlainTextResponse('{"status":"ok"}', media_type="application/json")


@router.get(
    "/metrics",
    summary="Metrics",
    response_class=PlainTextResponse,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def exposition(caller: Annotated[Caller, allow(Action.METRICS_READ)]) -> PlainTextResponse:
    """Prometheus: technical series of all processes, and the business series of the key's own tenant."""
    services = caller.running.services
    async with caller.transaction() as tx:
        text = await metrics.exposition(tx, caller.tenant_id, services.process, caller.clock.now(), caller.today())
    return PlainTextResponse(text, media_type="text/plain; version=0.0.4; charset=utf-8")
