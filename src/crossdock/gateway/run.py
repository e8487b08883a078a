"""Runs a published workflow and answers with its result: a workflow as an HTTP service.

The instance is started in one transaction and is as durable as any other; waiting for it is a convenience. When it
has not ended in time the answer is 202 with the address of the instance, and nothing is lost. A repeated
Idempotency-Key finds the run that it started, so a caller whose connection broke may simply ask again.
"""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import Field

from crossdock import exactjson, ids, telemetry
from crossdock.db import queries
from crossdock.engine import payloads
from crossdock.errors import Conflict, Finding, NotFound, PartnerError
from crossdock.events import correlation
from crossdock.gateway.access import Caller, allow
from crossdock.gateway.models import Answer, Json
from crossdock.gateway.runs import Start
from crossdock.policy import Action

router = APIRouter(prefix="/api/workflows", tags=["definitions"])
SQL = queries("crossdock.gateway", "run.sql")

LONGEST_WAIT_S = 60.0  # proxies give up about then


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
    instance_id = await _start(caller, (namespace, name), version, input, business_key, idempotency_key)
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
    caller: Caller, definition: tuple[str, str], version: str | None, input: Any, business_key: str, key: str | None
) -> UUID:
    """The instance that this request starts, or has started before. Raises NotFound; Conflict for other input."""
    namespace, name = definition
    instance_id = ids.derived(caller.tenant_id, "run", namespace, name, key) if key else ids.new()
    begun = await caller.running.starts.begin(
        Start(
            tenant_id=caller.tenant_id, instance_id=instance_id, namespace=namespace, name=name, version=version,
            business_key=business_key, traceparent=telemetry.traceparent() or correlation.new_trace(instance_id),
            input=exactjson.text(input), actor=caller.name, key=key,
        )
    )  # fmt: skip
    if begun.version is None:
        asked = f" in version {version}" if version else ""
        raise NotFound(f"No workflow {namespace}/{name} is published{asked}; GET /api/definitions lists them")
    if not begun.new:
        await _must_be_the_same(caller, instance_id, input)
    return instance_id


async def _must_be_the_same(caller: Caller, instance_id: UUID, input: Any) -> None:
    """Raises Conflict when the run that this key started before was given other input."""
    async with caller.transaction() as tx:
        row = await tx.fetchrow(SQL["first_input"], caller.tenant_id, instance_id)
        if row is None:
            return
        if row["light"]:
            known = (await payloads.read(tx, caller.tenant_id, instance_id, [row["fact"]])).value(row["fact"])
        else:
            known = exactjson.loads(row["fact"])
    if exactjson.canonical(known["input"]) != exactjson.canonical(input):
        raise Conflict("This Idempotency-Key started a run with other input. Use another key for another run.")


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
