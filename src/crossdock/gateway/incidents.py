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


class Message(BaseModel):
    """{orders}: the customer's orders that wait; the other facts as in reply templates."""

    subject: str = Field(max_length=300)
    body: str = Field(max_length=20_000)


class ToldCustomers(Answer):
    """case: where the mails lie. left_out: customers whose address is not known."""

    case: str
    written: int
    left_out: list[str]


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


@router.post("/incidents/{incident}/message", status_code=201, summary="Tell all customers whom an incident holds up")
async def tell(incident: UUID, given: Message, caller: Worker) -> ToldCustomers:
    """A mail to each customer about its own orders; answers come back to the incident's exception."""
    async with caller.transaction() as tx:
        now = await business_now(tx)
        told = await outages.tell_customers(
            tx, caller.tenant_id, incident, given.subject, given.body, caller.name, now
        )  # fmt: skip
    return ToldCustomers(case=str(told.case_id), written=told.written, left_out=list(told.left_out))


@router.get("/alerts", summary="Alerts")
async def list_alerts(caller: Reader) -> Page[Alert]:
    """Those firing and those of late, newest first."""
    async with caller.transaction() as tx:
        found = await alerts.recent(tx, caller.tenant_id)
    return Page[Alert](items=[Alert.model_validate(a) for a in found], total=len(found))
