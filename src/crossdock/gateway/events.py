"""Events: the log to read, CloudEvents to post, and webhooks of the systems, believed by their signature.

What is received is stored in one transaction and acknowledged after its commit. The same event twice is one event.
"""

import re
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Query, Request

from crossdock import audit, exactjson
from crossdock.connect.sandbox import webhooks
from crossdock.db import queries
from crossdock.errors import Finding, PartnerError, Refused
from crossdock.events import inbox
from crossdock.gateway.access import Caller, Reader, Signed, allow
from crossdock.gateway.models import Answer, Cursor, Json, Limit, Page, Search, Time
from crossdock.gateway.paging import place, read_place
from crossdock.gateway.services import Running, running
from crossdock.policy import Action

router = APIRouter(prefix="/api/events", tags=["events"])
hooks = APIRouter(prefix="/hooks", tags=["events"])
SQL = queries("crossdock.gateway", "events.sql")

# Events in our own name come from our own processes: posted, one could stand in the way of the real one.
OURS = re.compile(r"^/crossdock(/|$)|^https://crossdock\.dev(/|$)")
# What happens to an order is told by its workflow and by the connectors of its systems, never by a caller.
RESERVED = "crossdock."
NAME = re.compile(r"^[a-z][a-z0-9-]{0,39}$")


class Event(Answer):
    id: str
    type: str
    source: str
    subject: str
    time: Time
    data: Json


class Received(Answer):
    """duplicate: it was there already, and nothing changed."""

    id: str
    status: str


class Heard(Answer):
    events: list[Received]


@router.get("", summary="Events")
async def list_(
    caller: Reader, type: Annotated[str | None, Query(max_length=200)] = None,
    order: Annotated[str | None, Query(max_length=40)] = None,
    q: Search = None, limit: Limit = 50, cursor: Cursor = None,
) -> Page[Event]:  # fmt: skip
    """Everything received and emitted, newest first."""
    filters = (type or None, order or None, f"%{q}%" if q else None)
    async with caller.transaction() as tx:
        rows = await tx.fetch(SQL["list"], caller.tenant_id, *filters, read_place(cursor), limit + 1)
        total = await tx.fetchval(SQL["count"], caller.tenant_id, *filters)
    items = [
        Event(id=r["id"], type=r["type"], source=r["source"], subject=r["subject"], time=r["time"],
              data=exactjson.loads(r["body"]).get("data"))
        for r in rows[:limit]
    ]  # fmt: skip
    return Page[Event](items=items, next=place(rows[limit - 1]["seq"]) if len(rows) > limit else None, total=total)


@router.post(
    "",
    status_code=202,
    summary="Post an event",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/cloudevents+json": {
                    "schema": {"type": "object", "required": ["specversion", "id", "source", "type"]}
                }
            },
        }
    },
)
async def post(request: Request, caller: Annotated[Caller, allow(Action.EVENT_POST)]) -> Received:
    """A CloudEvent 1.0 as JSON; `subject` is the order it is about."""
    event = _object(await request.body())
    if OURS.match(str(event.get("source") or "")):
        found = str(event["source"])[:80]
        finding = Finding("event.source", "/source", "a source of your own", found, "Name the system it comes from")
        raise PartnerError([finding])
    if str(event.get("type") or "").startswith(RESERVED):
        expected = f"a type of your own, not one that starts with {RESERVED}"
        fix = "Name it after the system it comes from; a connector or a workflow turns it into one of ours"
        raise PartnerError([Finding("event.type", "/type", expected, str(event["type"])[:80], fix)])
    await caller.room()
    async with caller.transaction() as tx:
        status = await inbox.receive(tx, caller.tenant_id, event)
        if status == "accepted":
            detail = {"type": event["type"], "subject": event.get("subject"), "source": event["source"]}
            await audit.record(tx, caller.tenant_id, caller.name, "event.post", str(event["id"])[:200], detail)
    return Received(id=str(event["id"]), status=status)


@hooks.post("/{tenant}/{system}", status_code=202, summary="A system's webhook", dependencies=[Depends(Signed())])
async def hook(tenant: str, system: str, request: Request, state: Annotated[Running, Depends(running)]) -> Heard:
    """`X-Signature: sha256=<HMAC of the exact body>`. Repeated deliveries are taken once."""
    body = await request.body()
    secret = ""
    if NAME.match(tenant) and NAME.match(system):
        secret = await state.services.webhook_secret(tenant, system)
    if not secret:
        # the same words whether there is no such tenant, no such system, or it signs nothing
        raise Refused(f"Expected a valid X-Signature of {system[:40]}, found another.")
    events = webhooks.translate(tenant, system, request.headers, body, secret=secret, now=state.services.clock.now())
    heard: list[Received] = []
    async with state.services.db.transaction(tenant) as tx:
        for event in events:
            heard.append(Received(id=event["id"], status=await inbox.receive(tx, tenant, event)))
    return Heard(events=heard)


def _object(body: bytes) -> dict[str, Any]:
    """Read with exact numbers. Raises PartnerError."""
    try:
        value = exactjson.loads(body)
    except exactjson.DecodeError as e:
        raise PartnerError([Finding("json.malformed", "/", "JSON", str(e)[:80], "Send the whole event")]) from e
    if not isinstance(value, dict):
        raise PartnerError([Finding("json.type", "/", "an object", type(value).__name__, "Send one event")])
    return cast("dict[str, Any]", value)
