"""Alert rules of a tenant, and the channels that tell of alerts: looking, writing, testing."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict

from crossdock.errors import Finding, PartnerError
from crossdock.events.inbox import business_now
from crossdock.gateway.access import Caller, Reader, allow
from crossdock.gateway.models import Answer, Json, Page, Time
from crossdock.policy import Action
from crossdock.tower.alerts import notices, rules

router = APIRouter(prefix="/api", tags=["alerts"])
Manager = Annotated[Caller, allow(Action.CONNECTION_MANAGE)]
Name = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")]


class Document(BaseModel):
    """As docs/alerts.md describes it, without the name, which the address says."""

    model_config = ConfigDict(extra="allow")


class Rule(Answer):
    """since: when what it watches began to be wrong; null while it is right. error: why it watches nothing."""

    name: str
    document: Json
    since: Time | None
    put_by: str
    put_at: Time
    error: str


class Previewed(Answer):
    """What a rule would find now. detail: in words, empty while it is right."""

    wrong: bool
    detail: str


class Channel(Answer):
    """waiting, failed: messages. error: why the last of those was not told."""

    name: str
    document: Json
    put_by: str
    put_at: Time
    waiting: int
    failed: int
    told_at: Time | None
    error: str


class Tested(Answer):
    alert: str


@router.get("/alert-rules", summary="Alert rules")
async def list_rules(caller: Reader) -> Page[Rule]:
    async with caller.transaction() as tx:
        found = await rules.every(tx, caller.tenant_id)
    return Page[Rule](items=[Rule.model_validate(r, from_attributes=True) for r in found], total=len(found))


@router.post("/alert-rules/{name}/preview", summary="What an alert rule would find now")
async def preview_rule(name: Name, given: Document, caller: Manager) -> Previewed:
    """Watches nothing yet; everything that is wrong with it is said at once."""
    async with caller.transaction() as tx:
        detail = await rules.preview(tx, caller.tenant_id, _named(given, name), await business_now(tx))
    return Previewed(wrong=bool(detail), detail=detail)


@router.put("/alert-rules/{name}", summary="Add or replace an alert rule")
async def put_rule(name: Name, given: Document, caller: Manager) -> Rule:
    async with caller.transaction() as tx:
        await rules.put(tx, caller.tenant_id, _named(given, name), caller.name, await business_now(tx))
        found = next(r for r in await rules.every(tx, caller.tenant_id) if r.name == name)
    return Rule.model_validate(found, from_attributes=True)


@router.delete("/alert-rules/{name}", status_code=204, summary="Remove an alert rule")
async def remove_rule(name: Name, caller: Manager) -> None:
    """What it fired is over with the next check."""
    async with caller.transaction() as tx:
        await rules.remove(tx, caller.tenant_id, name, caller.name)


@router.get("/alert-channels", summary="Channels that tell of alerts")
async def list_channels(caller: Manager) -> Page[Channel]:
    async with caller.transaction() as tx:
        found = await notices.every(tx, caller.tenant_id)
    return Page[Channel](items=[Channel.model_validate(c, from_attributes=True) for c in found], total=len(found))


@router.put("/alert-channels/{name}", summary="Add or replace a channel")
async def put_channel(name: Name, given: Document, caller: Manager) -> Channel:
    """Secrets are named, never written: they lie where the operator keeps them."""
    async with caller.transaction() as tx:
        await notices.put(tx, caller.tenant_id, _named(given, name), caller.name, await business_now(tx))
        found = next(c for c in await notices.every(tx, caller.tenant_id) if c.name == name)
    return Channel.model_validate(found, from_attributes=True)


@router.delete("/alert-channels/{name}", status_code=204, summary="Remove a channel, with what waits there")
async def remove_channel(name: Name, caller: Manager) -> None:
    async with caller.transaction() as tx:
        await notices.remove(tx, caller.tenant_id, name, caller.name)


@router.post("/alert-channels/{name}/test", status_code=202, summary="Tell a test on a channel")
async def test_channel(name: Name, caller: Manager) -> Tested:
    """It goes the way of every message; what came of it is shown with the channel."""
    async with caller.transaction() as tx:
        now: datetime = await business_now(tx)
        return Tested(alert=str(await notices.test(tx, caller.tenant_id, name, caller.name, now)))


def _named(given: Document, name: str) -> dict[str, Any]:
    document: dict[str, Any] = given.model_dump()
    if document.get("name", name) != name:
        shown = str(document["name"])[:60]
        raise PartnerError([Finding("alert", "/name", name, shown, "Leave it out, or write the name of the address.")])
    return {"name": name, **document}
