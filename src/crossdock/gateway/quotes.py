"""Quotes: what stands open for customers, and their answers: by page, by interface, by the link of a message.

An answer is taken once, whoever brings it. What a link opens shows the quote and nothing else of us; opening it changes
nothing.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field

from crossdock import audit
from crossdock.cases import quotes
from crossdock.cases.quotes import Answer as Given
from crossdock.cases.quotes import Quote, State
from crossdock.errors import Refused
from crossdock.events.inbox import business_now
from crossdock.gateway.access import HEADER, Anyone, Caller, allow
from crossdock.gateway.models import Answer, Limit, Money, Page, Search, Time
from crossdock.gateway.services import Running, running
from crossdock.policy import Action

router = APIRouter(prefix="/api", tags=["quotes"])

LINK = "link of "


class QuoteLine(Answer):
    line: str
    sku: str
    description: str
    quantity: Money
    unit: str
    base_price: Money
    unit_price: Money
    amount: Money


class QuoteShown(Answer):
    """What its customer may see. state: open, revising, ordered, declined, expired, withdrawn. order: what it is."""

    quote: str
    revision: int
    state: str
    customer_id: str
    customer: str
    currency: str
    total: Money
    discount_percent: Money
    lines: list[QuoteLine]
    valid_until: Time
    sent_at: Time
    answered_at: Time | None
    note: str
    po: str | None
    order: str | None


class QuoteOut(QuoteShown):
    """As we see it."""

    answered_by: str
    instance_id: str


class LinkedQuote(QuoteShown):
    """As who holds its link sees it: without the names of our people."""

    tenant_name: str


class Reply(BaseModel):
    revision: int = Field(ge=1, description="The one that is answered, as it was shown")
    answer: Given
    po: str = Field("", max_length=60, description="The customer's own order number; empty: the quote's")
    note: str = Field("", max_length=2000, description="What should be changed, or why not")


class Token(BaseModel):
    token: str = Field(max_length=300)


class LinkReply(Reply, Token):
    pass


@router.get("/quotes", summary="Quotes")
async def list_(
    caller: Anyone, state: Annotated[State | None, Query(description="Only those")] = None, q: Search = None,
    limit: Limit = 100,
) -> Page[QuoteOut]:  # fmt: skip
    """Newest first; a partner sees its own."""
    async with caller.transaction() as tx:
        found = await quotes.every(tx, caller.tenant_id, state=state, own=caller.own, q=q or None, limit=limit)
    return Page[QuoteOut](items=[_out(x) for x in found], total=len(found))


@router.get("/quotes/{quote}", summary="One quote")
async def one(quote: str, caller: Anyone) -> QuoteOut:
    async with caller.transaction() as tx:
        return _out(await quotes.get(tx, caller.tenant_id, quote, caller.own))


@router.post("/quotes/{quote}/answer", summary="Accept or decline a quote, or ask for changes")
async def answer(
    quote: str, given: Reply, caller: Annotated[Caller, allow(Action.ORDER_CREATE, partners=True)]
) -> QuoteOut:
    """For the customer, or as the customer. Accepted, it is an order of ours, once: the same answer again shows it."""
    async with caller.transaction() as tx:
        taken = await quotes.answer(
            tx, caller.tenant_id, quote, given.revision, given.answer, by=caller.name, now=await business_now(tx),
            po=given.po, note=given.note, own=caller.own,
        )  # fmt: skip
        await _on_record(tx, caller.tenant_id, caller.name, taken, given)
    return _out(taken)


# ── who holds a link ────────────────────────────────────────────────────────────────────────────────────────────────


def _knocks(request: Request, state: Annotated[Running, Depends(running)]) -> Running:
    """As at sign-in: no other site's form, and not for ever."""
    if request.headers.get(HEADER) != "1":
        raise Refused(f"A quote's link needs the header {HEADER}: 1.")
    state.strangers.take(request.client.host if request.client else "")
    return state


Knocking = Annotated[Running, Depends(_knocks)]


@router.post("/quote-link/look", summary="What a quote's link shows")
async def look(given: Token, state: Knocking) -> LinkedQuote:
    tenant_id = quotes.tenant_of(given.token)
    async with state.services.db.transaction(tenant_id) as tx:
        return await _linked(tx, tenant_id, await quotes.by_link(tx, given.token))


@router.post("/quote-link/answer", summary="Answer a quote by its link")
async def answer_by_link(given: LinkReply, state: Knocking) -> LinkedQuote:
    tenant_id = quotes.tenant_of(given.token)
    async with state.services.db.transaction(tenant_id) as tx:
        found = await quotes.by_link(tx, given.token)
        by = f"{LINK}{found.customer or found.customer_id}"
        taken = await quotes.answer(
            tx, tenant_id, found.quote, given.revision, given.answer, by=by, now=await business_now(tx), po=given.po,
            note=given.note,
        )  # fmt: skip
        await _on_record(tx, tenant_id, by, taken, given)
        return await _linked(tx, tenant_id, taken)


async def _linked(tx: Any, tenant_id: str, found: Quote) -> LinkedQuote:
    name = await tx.fetchval("select name from crossdock.tenant where tenant_id = $1", tenant_id)
    shown = QuoteShown.model_validate(found)
    return LinkedQuote(**shown.model_dump(), tenant_name=str(name or tenant_id))


async def _on_record(tx: Any, tenant_id: str, by: str, taken: Quote, given: Reply) -> None:
    detail = {"answer": given.answer.value, "revision": given.revision, "order": taken.order, "note": given.note}
    await audit.record(tx, tenant_id, by, "quote.answer", taken.quote, detail)


def _out(found: Quote) -> QuoteOut:
    return QuoteOut.model_validate(found)
