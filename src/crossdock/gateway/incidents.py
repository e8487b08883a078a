"""Incidents: a system that is down, once, with the orders that wait for it; and alerts of the watch itself."""

from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field

from crossdock.cases import incidents, outages
from crossdock.db import Tx
from crossdock.events.inbox import business_now
from crossdock.gateway.access import Caller, Reader, allow
from crossdock.gateway.models import Answer, Cursor, Limit, Money, Page, Time
from crossdock.gateway.orders import OrderSummary, view
from crossdock.policy import Action
from crossdock.tower import alerts, orders

router = APIRouter(prefix="/api", tags=["incidents"])
Worker = Annotated[Caller, allow(Action.INCIDENT_WORK)]


class State(StrEnum):
    OPEN = "open"
    RESOLVED = "resolved"


class Incident(Answer):
    """orders: how many it held up; money: what they are worth."""

    id: str
    number: str
    system: str
    state: str
    opened_at: Time
    resolved_at: Time | None
    orders: int
    money: Money | None
    title: str
    detail: str


class IncidentDetail(Answer):
    id: str
    number: str
    system: str
    state: str
    opened_at: Time
    resolved_at: Time | None
    orders: list[OrderSummary | str]
    money: Money | None
    title: str
    detail: str


class MessageTry(BaseModel):
    """{orders}: the reader's orders that wait; the other facts as in reply templates."""

    subject: str = Field(max_length=300)
    body: str = Field(max_length=20_000)
    audience: outages.Audience = outages.Audience.CUSTOMERS


class Message(MessageTry):
    """token: of the preview that was looked at."""

    token: str = Field(min_length=64, max_length=64)


class LetterOut(Answer):
    """to: empty, no address is known, and nothing would be sent."""

    name: str
    to: str
    orders: list[str]
    subject: str
    body: str


class MessageShown(Answer):
    """sent_at: exactly this was sent already, and is not sent again."""

    token: str
    letters: list[LetterOut]
    left_out: list[str]
    sent_at: Time | None


class Told(Answer):
    """case: where the mails lie. told, left_out: names; those left out have no known address."""

    token: str
    case: UUID = Field(validation_alias="case_id")
    subject: str
    body: str
    audience: str
    told: list[str]
    left_out: list[str]
    by: str
    at: Time


class Alert(Answer):
    """kind: flow, incident, outbox, dead-letters, rule or test."""

    id: str
    at: Time
    kind: str
    severity: str
    title: str
    detail: str
    state: str
    resolved_at: Time | None
    link: str | None


@router.get("/incidents", summary="Incidents")
async def list_(
    caller: Reader, status: State | None = None, limit: Limit = 50, cursor: Cursor = None
) -> Page[Incident]:
    """Newest first."""
    async with caller.transaction() as tx:
        page = await incidents.find(tx, caller.tenant_id, status=status, limit=limit, cursor=cursor)
        items = [
            Incident.model_validate(i.view() | {"money": await _money(tx, caller, i.incident_id)}) for i in page.items
        ]
    return Page[Incident](items=items, next=page.next, total=page.total)


@router.get("/incidents/{incident}", summary="One incident with its orders")
async def one(incident: UUID, caller: Reader) -> IncidentDetail:
    async with caller.transaction() as tx:
        found, numbers = await incidents.get(tx, caller.tenant_id, incident)
        known = {o["order"]: o for o in await orders.some(tx, caller.tenant_id, numbers, view(caller))}
        held: list[Any] = [known.get(n, n) for n in numbers]
        money = await orders.worth(tx, caller.tenant_id, numbers)
    return IncidentDetail.model_validate(found.view() | {"orders": held, "money": money})


async def _money(tx: Tx, caller: Caller, incident: UUID) -> Any:
    _, numbers = await incidents.get(tx, caller.tenant_id, incident)
    return await orders.worth(tx, caller.tenant_id, numbers)


@router.post("/incidents/{incident}/message/preview", summary="What all whom an incident holds up would be told")
async def show_message(incident: UUID, given: MessageTry, caller: Worker) -> MessageShown:
    """Each mail as it would leave; nothing is sent."""
    async with caller.transaction() as tx:
        shown = await outages.preview(
            tx, caller.tenant_id, incident, given.subject, given.body, caller.name, await business_now(tx),
            given.audience,
        )  # fmt: skip
        return MessageShown.model_validate(shown)


@router.post("/incidents/{incident}/message", status_code=201, summary="Tell all whom an incident holds up")
async def tell(incident: UUID, given: Message, caller: Worker) -> Told:
    """A mail to each about its own orders, as previewed, once; answers come back to the incident's exception."""
    async with caller.transaction() as tx:
        told = await outages.tell(
            tx, caller.tenant_id, incident, given.subject, given.body, caller.name, await business_now(tx),
            given.audience, given.token,
        )  # fmt: skip
    return Told.model_validate(told)


@router.get("/incidents/{incident}/messages", summary="What those whom an incident holds up were told")
async def messages(incident: UUID, caller: Reader) -> list[Told]:
    async with caller.transaction() as tx:
        return [Told.model_validate(x) for x in await outages.sent(tx, caller.tenant_id, incident)]


@router.get("/alerts", summary="Alerts")
async def list_alerts(caller: Reader) -> Page[Alert]:
    """Those firing and those of late, newest first."""
    async with caller.transaction() as tx:
        found = await alerts.recent(tx, caller.tenant_id)
    return Page[Alert](items=[Alert.model_validate(a) for a in found], total=len(found))
