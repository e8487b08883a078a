"""Live updates of the pages, as server-sent events: what changed, so that the page asks for it again.

`flow` carries counts of stages as they are now; `order`, `case`, `approval` name what changed; `kpis` says that figures
may have; `clock` is business time; `alert` fires or is over. A stream lasts at most a quarter of an hour, so that a
session that has ended is noticed; the browser connects again by itself.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from crossdock import exactjson
from crossdock.gateway.access import Anyone
from crossdock.gateway.live import Told

router = APIRouter(prefix="/api", tags=["live"])

PING_S = 15.0  # keeps proxies from closing a quiet connection
LIFE_S = 15 * 60.0
RETRY_MS = 2000
HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}  # nor may a proxy hold them back


@router.get(
    "/stream",
    summary="Live updates",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def stream(caller: Anyone) -> StreamingResponse:
    """Server-sent events of the caller's tenant. A partner hears the clock only."""
    return StreamingResponse(_events(caller), media_type="text/event-stream", headers=HEADERS)


async def _events(caller: Anyone) -> AsyncGenerator[str]:
    loop = asyncio.get_running_loop()
    until = loop.time() + LIFE_S
    partner = caller.own is not None
    async with caller.running.hub.stream(caller.tenant_id) as queue:
        yield f"retry: {RETRY_MS}\n\n"
        yield _event(Told("clock", {"now": caller.clock.now(), "rate": caller.clock.origin.rate}))
        while loop.time() < until:
            told: Told | None = None
            with suppress(TimeoutError):
                told = await asyncio.wait_for(queue.get(), PING_S)
                if told is None:
                    return
            if told is None:
                yield ": ping\n\n"
            elif not partner or told.name == "clock":
                yield _event(told)


def _event(told: Told) -> str:
    return f"event: {told.name}\ndata: {exactjson.text(told.data)}\n\n"
