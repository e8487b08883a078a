"""The gateway put together. It refuses to start with a route that does not say what it needs."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.responses import JSONResponse

from crossdock import __version__
from crossdock.errors import CrossdockBug
from crossdock.gateway import (
    access,
    alerting,
    approvals,
    as2,
    board,
    casedesk,
    cases,
    chains,
    changing,
    channels,
    clusters,
    corrections,
    crossrefs,
    cxml,
    deadletters,
    deciders,
    decisiontables,
    definitions,
    desks,
    documents,
    drafting,
    events,
    fixes,
    health,
    holds,
    incidents,
    instances,
    jeopardy,
    maps,
    onboarding,
    orderpage,
    orders,
    pages,
    partners,
    people,
    problems,
    quarantine,
    quotes,
    reference,
    replies,
    run,
    runs,
    scorecard,
    search,
    sending,
    session,
    sharing,
    starting,
    stream,
)
from crossdock.gateway.access import Anyone
from crossdock.gateway.headers import Headers, Observed
from crossdock.gateway.limits import Attempts, BodyLimit, NoNul
from crossdock.gateway.live import Hub
from crossdock.gateway.models import PROBLEMS
from crossdock.gateway.services import Running, Services
from crossdock.tower.board import Drawings

API = (
    session, board, orders, orderpage, documents, cases, incidents, approvals, holds, events, definitions, instances,
    run, search, people, partners, onboarding, sending, chains, corrections, crossrefs, maps, stream, alerting,
    channels, quarantine, deadletters, reference, clusters, fixes, desks, scorecard, deciders, replies,
    casedesk, cxml, starting, quotes, jeopardy, sharing, changing, decisiontables, drafting,
)  # fmt: skip
DESCRIPTION = """The open control layer for distribution operations.

A session cookie or `Authorization: Bearer tenant.key` is needed everywhere but at sign-in. A change with a cookie needs
the header `X-Crossdock: 1`. Money is text with all its digits; times are RFC 3339 in UTC; errors are RFC 9457 problem
details."""


def create(services: Services) -> FastAPI:
    """The gateway as an ASGI application. Raises CrossdockBug for a route that declares no action."""
    drawings = Drawings()
    hub = Hub(services.db, services.clock, drawings)
    running = Running(
        services=services, hub=hub, attempts=Attempts(), strangers=Attempts(),
        starts=runs.Starts(services.db), ends=runs.Ends(services.db),
        drawings=drawings,
    )  # fmt: skip

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        await services.clock.refresh(services.db.pool)
        await hub.start()
        try:
            yield
        finally:
            await hub.close()

    app = FastAPI(
        title="Crossdock",
        version=__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,  # would load scripts from elsewhere
        redoc_url=None,
        openapi_url=None,  # served below, to those who are signed in
        responses=PROBLEMS,
    )
    app.state.running = running
    problems.install(app)
    for module in API:
        app.include_router(module.router)
    app.include_router(events.hooks)
    app.include_router(as2.router)
    app.include_router(cxml.door)
    app.include_router(health.router)
    app.include_router(sharing.pages)

    @app.get("/api/openapi.json", include_in_schema=False, summary="This interface, as OpenAPI")
    async def openapi(_: Anyone) -> JSONResponse:  # pyright: ignore[reportUnusedFunction] - the decorator keeps it
        schema: dict[str, Any] = app.openapi()
        return JSONResponse(schema)

    app.include_router(pages.router)  # last: it takes every address that is left
    # the last added is the outermost
    app.add_middleware(NoNul)
    app.add_middleware(BodyLimit)
    app.add_middleware(Headers, secure=(services.settings.public_url or "").startswith("https://"))
    app.add_middleware(Observed)
    if found := access.undeclared(app.routes):
        raise CrossdockBug(f"Routes that declare no action: {', '.join(found)}")
    return app
