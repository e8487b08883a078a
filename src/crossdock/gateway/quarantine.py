"""Quarantine: what came from senders whom nobody knows, looked at, released to whom it is from, or discarded."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import BaseModel, Field

from crossdock.errors import NotFound
from crossdock.gateway.access import Caller, Reader, allow
from crossdock.gateway.documents import IntakeRow, Taken
from crossdock.gateway.models import Answer, Limit, Time
from crossdock.partners.transports import quarantine, releasing
from crossdock.partners.transports.quarantine import State
from crossdock.policy import Action

router = APIRouter(prefix="/api", tags=["channels"])
Operator = Annotated[Caller, allow(Action.DOCUMENT_RELEASE)]
SHOWN_BYTES = 64 * 1024


class Quarantined(Answer):
    """channel null: it came by none of ours. times: so often the same came. note: whose it was, or why it went."""

    id: str
    channel: str | None
    way: str
    sender: str
    receiver: str
    reason: str
    name: str
    size_bytes: int
    times: int
    state: str
    arrived_at: Time
    last_at: Time
    ended_at: Time | None
    ended_by: str | None
    note: str


class Room(Answer):
    """How much is kept, and of how much."""

    items: int
    bytes: int
    most_items: int
    most_bytes: int


class Quarantine(Answer):
    items: list[Quarantined]
    room: Room


class QuarantinedDetail(Quarantined):
    """text: its beginning, as text, while it is kept; headers: of an AS2 message."""

    sha256: str
    text: str | None
    more: bool
    headers: dict[str, str]


class Release(BaseModel):
    partner: str = Field("", max_length=80, description="Whose it is; of an AS2 message its channel says so")


class Discard(BaseModel):
    reason: str = Field(min_length=1, max_length=500)


@router.get("/quarantine", summary="What came from unknown senders")
async def list_(
    caller: Reader,
    state: State | None = None,
    channel: Annotated[str | None, Query(max_length=40)] = None,
    q: Annotated[str, Query(max_length=80, description="Part of sender, name, way or reason")] = "",
    limit: Limit = 50,
) -> Quarantine:
    """Newest first, also what was released or discarded; nothing of it was read."""
    async with caller.transaction() as tx:
        found = await quarantine.page(
            tx, caller.tenant_id, state=state, channel=channel or None, q=q.strip(), limit=limit
        )
        room = await quarantine.room(tx, caller.tenant_id)
    return Quarantine(items=[Quarantined.model_validate(f) for f in found], room=Room.model_validate(room))


@router.get("/quarantine/{item}", summary="One thing in quarantine")
async def one(item: UUID, caller: Reader) -> QuarantinedDetail:
    async with caller.transaction() as tx:
        row = await quarantine.one(tx, caller.tenant_id, item)
    raw: bytes | None = row["bytes"]
    text = None if raw is None else raw[:SHOWN_BYTES].decode("utf-8", "replace").replace("\0", "\u2400")
    return QuarantinedDetail.model_validate(
        {
            **quarantine.shown(row), "sha256": row["sha256"].hex(), "text": text,
            "more": raw is not None and len(raw) > SHOWN_BYTES, "headers": quarantine.headers_of(row),
        }
    )  # fmt: skip


@router.get(
    "/quarantine/{item}/raw",
    summary="Its bytes",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}}},
)
async def raw(item: UUID, caller: Reader) -> Response:
    """To be saved, never to be opened by a browser."""
    async with caller.transaction() as tx:
        row = await quarantine.one(tx, caller.tenant_id, item)
    if row["bytes"] is None:
        raise NotFound("Its bytes are gone.")
    headers = {"Content-Disposition": f'attachment; filename="{item}.bin"'}
    return Response(row["bytes"], media_type="application/octet-stream", headers=headers)


@router.post("/quarantine/{item}/release", summary="Take something out of quarantine in")
async def release(item: UUID, given: Release, caller: Operator) -> Taken:
    """As if its channel had known the sender. A conflict says what is missing before it can be believed."""
    services = caller.running.services
    done = await releasing.release(services.db, caller.tenant_id, item, given.partner, caller.name, services.vault)
    return Taken(documents=[IntakeRow.model_validate(d.plain()) for d in done])


@router.post("/quarantine/{item}/discard", summary="Discard something in quarantine")
async def discard(item: UUID, given: Discard, caller: Operator) -> Quarantined:
    """Its bytes are deleted; who sent it, and why it went, stays."""
    async with caller.transaction() as tx:
        await quarantine.discard(tx, caller.tenant_id, item, given.reason, caller.name)
        return Quarantined.model_validate(quarantine.shown(await quarantine.one(tx, caller.tenant_id, item)))
