"""Runs a published workflow and answers with its result: a workflow as an HTTP service.

The instance is started in one transaction and is as durable as any other; waiting for it is a convenience. When it
has not ended in time the answer is 202 with the address of the instance, and nothing is lost. A repeated
Idempotency-Key finds the run that it started, so a caller whose connection broke may simply ask again.

Whoever waits holds no connection to the database: one look serves all that wait in this process, every few
milliseconds while a wait is young, and ever more rarely after that.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated, Any
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import Field

from crossdock import audit, exactjson, ids, telemetry
from crossdock.db import Database, Tx, Unavailable, queries
from crossdock.engine import payloads
from crossdock.errors import Conflict, Finding, NotFound, PartnerError
from crossdock.events import correlation
from crossdock.gateway.access import Caller, allow
from crossdock.gateway.models import Answer, Json
from crossdock.policy import Action

router = APIRouter(prefix="/api/workflows", tags=["definitions"])
SQL = queries("crossdock.gateway", "run.sql")
log = logging.getLogger(__name__)

LONGEST_WAIT_S = 60.0  # proxies give up about then
# (age of the youngest wait up to which, pause between looks): a run of a few calls ends within milliseconds
PAUSES_S = ((0.5, 0.002), (5.0, 0.02), (float("inf"), 0.2))
RETRY_S = 1.0


class Run(Answer):
    """status: completed, faulted or cancelled; running or suspended when it has not ended yet."""

    id: str
    version: str
    status: str
    output: Json
    error: Json


@router.post(
    "/{namespace}/{name}/run",
    summary="Run a workflow and wait for its result",
    responses={202: {"model": Run, "description": "It has not ended in time; Location names the instance"}},
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": {}}}}},
)
async def run(
    namespace: str, name: str, request: Request, response: Response,
    caller: Annotated[Caller, allow(Action.WORKFLOW_RUN)],
    wait: Annotated[float, Query(ge=0, le=LONGEST_WAIT_S, description="Seconds to wait for the end")] = 10.0,
    version: Annotated[str | None, Query(max_length=100, description="The newest when it is not given")] = None,
    business_key: Annotated[str, Query(max_length=40, description="What people find it by, an order number")] = "",
    idempotency_key: Annotated[str | None, Header(), Field(min_length=1, max_length=200)] = None,
) -> Run:  # fmt: skip
    """The body is the workflow's input: any JSON."""
    input = _json(await request.body())
    await caller.room()
    async with caller.transaction() as tx:
        instance_id = await _start(tx, caller, (namespace, name), version, input, business_key, idempotency_key)
    row = await caller.running.ends.wait(caller.tenant_id, instance_id, wait) if wait else None
    if row is None:
        async with caller.transaction() as tx:
            row = await tx.fetchrow(SQL["result"], caller.tenant_id, instance_id)
    if row is None:
        raise NotFound("The run is over, and retention has removed it")
    if row["status"] in ("running", "suspended"):
        response.status_code = 202
        response.headers["Location"] = f"/api/instances/{instance_id}"
    return Run(
        id=str(instance_id), version=row["version"], status=row["status"], output=_stored(row["output"]),
        error=_stored(row["error"]),
    )  # fmt: skip


async def _start(
    tx: Tx, caller: Caller, definition: tuple[str, str], version: str | None, input: Any, business_key: str,
    key: str | None,
) -> UUID:  # fmt: skip
    """The instance that this request starts, or has started before. Raises NotFound; Conflict for other input."""
    tenant_id = caller.tenant_id
    newest = await tx.fetchrow(SQL["newest"], tenant_id, *definition, version)
    if newest is None:
        asked = f" in version {version}" if version else ""
        raise NotFound(f"No workflow {'/'.join(definition)} is published{asked}; GET /api/definitions lists them")
    pinned: str = newest["version"]
    instance_id = ids.derived(tenant_id, "run", *definition, key) if key else ids.new()
    begun = await correlation.start(
        tx, tenant_id, instance_id, (*definition, pinned), input, business_key, newest["now"],
        traceparent=telemetry.traceparent() or "",
    )  # fmt: skip
    if begun:
        detail = {"workflow": "/".join(definition), "version": pinned, "key": key}
        await audit.record(tx, tenant_id, caller.name, "workflow.run", str(instance_id), detail)
        return instance_id
    if (row := await tx.fetchrow(SQL["first_input"], tenant_id, instance_id)) is not None:
        if row["light"]:
            known = (await payloads.read(tx, tenant_id, instance_id, [row["fact"]])).value(row["fact"])
        else:
            known = exactjson.loads(row["fact"])
        if exactjson.canonical(known["input"]) == exactjson.canonical(input):
            return instance_id
        raise Conflict("This Idempotency-Key started a run with other input. Use another key for another run.")
    return instance_id


def _json(body: bytes) -> Any:
    """Read with exact numbers; no body is null. Raises PartnerError."""
    if not body:
        return None
    try:
        return exactjson.loads(body)
    except exactjson.DecodeError as e:
        finding = Finding("json.malformed", "/", "JSON", str(e)[:80], "Send the workflow's input as JSON")
        raise PartnerError([finding]) from e


def _stored(text: str | None) -> Any:
    return None if text is None else exactjson.loads(text)


# ── waiting ─────────────────────────────────────────────────────────────────────────────────────────────────────


class Ends:
    """Who waits for which instance to end. Looks only while somebody waits, in one transaction a tenant."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._waiting: dict[str, dict[UUID, set[asyncio.Future[Any]]]] = {}  # by tenant, then by instance
        self._youngest = 0.0
        self._looking: asyncio.Task[None] | None = None

    async def wait(self, tenant_id: str, instance_id: UUID, seconds: float) -> Any:
        """Its row when it ends within that time, else None. A database that cannot be asked is waited for, too."""
        async with self._registered(tenant_id, instance_id) as end:
            done, _ = await asyncio.wait({end}, timeout=seconds)
        return end.result() if done else None

    @asynccontextmanager
    async def _registered(self, tenant_id: str, instance_id: UUID) -> AsyncGenerator[asyncio.Future[Any]]:
        end: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        of_tenant = self._waiting.setdefault(tenant_id, {})
        of_tenant.setdefault(instance_id, set()).add(end)
        self._youngest = time.monotonic()
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look(), name="runs-look")
        try:
            yield end
        finally:
            of_tenant[instance_id].discard(end)
            if not of_tenant[instance_id]:
                del of_tenant[instance_id]
            if not of_tenant and self._waiting.get(tenant_id) is of_tenant:
                del self._waiting[tenant_id]

    async def _look(self) -> None:
        while self._waiting:
            age = time.monotonic() - self._youngest
            await asyncio.sleep(next(pause for up_to, pause in PAUSES_S if age < up_to))
            for tenant_id in list(self._waiting):
                try:
                    await self._tell(tenant_id)
                except (Unavailable, OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
                    log.warning("runs that are waited for cannot be looked at: %s", error)
                    await asyncio.sleep(RETRY_S)

    async def _tell(self, tenant_id: str) -> None:
        instances = list(self._waiting.get(tenant_id, ()))
        if not instances:
            return
        async with self._db.transaction(tenant_id) as tx:
            rows = await tx.fetch(SQL["ended"], tenant_id, instances)
        waiting = self._waiting.get(tenant_id, {})
        for row in rows:
            for end in waiting.get(row["instance_id"], ()):
                if not end.done():
                    end.set_result(row)
