"""What the order's page shows below its head: the pages of a long story, and what lies around the order."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from crossdock.gateway.access import Anyone
from crossdock.gateway.models import Answer, Day, Json, Money, Time
from crossdock.gateway.orders import Call, Decision, Message, TimelineItem, view
from crossdock.tower import orders, timeline

router = APIRouter(prefix="/api", tags=["orders"])

Pages = Annotated[int, Query(ge=1, le=timeline.PAGE, description="How many moments of each place at most")]


class Story(Answer):
    """One page of what happened, oldest first. earlier: `before` of the page before it, null at the beginning."""

    timeline: list[TimelineItem]
    calls: list[Call]
    decisions: list[Decision]
    messages: list[Message]
    earlier: Time | None


class Counts(Answer):
    """How much of each kind an order has in all; null: not for the caller. unknown: calls whose outcome is in doubt."""

    events: int
    documents: int
    messages: int
    calls: int | None = None
    decisions: int | None = None
    unknown: int | None = None
    cases: int | None = None
    open_cases: int | None = None
    approvals: int | None = None
    pending_approvals: int | None = None


class Shipment(Answer):
    """One parcel or load. status: released, picked, packed, shipped, in-transit or delivered.

    trouble: what the carrier reported last, "" when it goes on. lines and packages: as the warehouse said.
    """

    shipment: str
    site: str
    tracking: str
    service: str
    status: str
    promised_on: Day | None
    released_at: Time | None
    shipped_at: Time | None
    delivered_at: Time | None
    signed_by: str
    location: str
    trouble: str
    lines: Json
    packages: Json


class Invoice(Answer):
    """open: what is neither paid nor credited."""

    invoice: str
    shipment: str
    at: Time
    due_on: Day | None
    currency: str
    net: Money
    tax: Money
    total: Money
    paid: Money
    credited: Money
    open: Money
    lines: Json


class Claim(Answer):
    """A return, an invoice dispute, or a remark at delivery (kind delivery)."""

    kind: str
    request: str
    rma: str
    at: Time
    status: str
    reason: str
    currency: str
    credited: Money
    credits: list[str]


class Related(Answer):
    """kind: part (another place of the same order) or same-po (another order under the customer's number)."""

    order: str
    po: str
    kind: str
    outcome: str | None
    received_at: Time
    total: Money
    currency: str


class Accepted(Answer):
    """A quote that the order accepted."""

    quote: str
    revision: int
    state: str
    total: Money
    currency: str
    sent_at: Time
    answered_at: Time | None


class Surroundings(Answer):
    """credited: on all invoices. freight: what carriers ask for the parcels, null when not known."""

    counts: Counts
    shipments: list[Shipment]
    invoices: list[Invoice]
    claims: list[Claim]
    related: list[Related]
    quotes: list[Accepted]
    credited: Money
    freight: Money | None


@router.get("/orders/{order}/timeline", summary="A page of an order's story")
async def story(
    order: str, caller: Anyone, before: AwareDatetime | None = None, limit: Pages = timeline.PAGE
) -> Story:  # fmt: skip
    """The newest page, or with `before` the one that ends there. Pages neither repeat nor lose anything."""
    async with caller.transaction() as tx:
        told = await orders.earlier(tx, caller.tenant_id, order, caller.who, before, limit)
    return Story.model_validate(
        {"timeline": told.items, "calls": told.calls, "decisions": told.decisions, "messages": told.messages,
         "earlier": told.earlier}
    )  # fmt: skip


@router.get("/orders/{order}/around", summary="What lies around an order")
async def around(order: str, caller: Anyone) -> Surroundings:
    """Its shipments, invoices, returns and disputes, the orders and quotes that belong to it, and how much of each."""
    async with caller.transaction() as tx:
        found = await orders.surroundings(tx, caller.tenant_id, order, view(caller), caller.who)
    related: list[dict[str, Any]] = [{**r, "order": r["order_no"], "total": r["worth"]} for r in found.related]
    return Surroundings.model_validate(
        {"counts": found.counts, "shipments": found.goods.shipments, "invoices": found.goods.invoices,
         "claims": found.goods.claims, "related": related, "quotes": found.quotes, "credited": found.goods.credited,
         "freight": found.freight}
    )  # fmt: skip
