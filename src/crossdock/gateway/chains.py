"""Chains: an order with every document about it, compared line by line; and what disagrees."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from crossdock.events.inbox import business_now
from crossdock.gateway.access import Caller, allow
from crossdock.gateway.models import Answer, Day, Limit, Money, Search, Time
from crossdock.partners.reconciling import store
from crossdock.policy import Action

router = APIRouter(prefix="/api", tags=["chains"])
Reader = Annotated[Caller, allow(Action.READ)]


class ChainSummary(Answer):
    """As it was last compared. side: seller for a customer's order, buyer for ours. money: at risk."""

    chain: str
    order: str
    po: str
    side: str
    partner: str
    currency: str
    state: str
    money: Money
    differences: int
    case: str | None
    opened_at: Time
    checked_at: Time | None


class ChainDocument(Answer):
    """kind: order, response, despatch, receipt, invoice, credit or remittance."""

    document: str
    kind: str
    type: str
    direction: str
    number: str
    status: str
    at: Time


class ChainItem(Answer):
    scheme: str
    value: str


class ChainLine(Answer):
    """Quantities and prices in the unit ordered; null where nothing was said. differences: their codes."""

    line: str
    items: list[ChainItem]
    unit: str
    ordered: Money
    price: Money | None
    requested_on: Day | None
    promised: Money | None
    backordered: Money | None
    refused: Money | None
    promised_price: Money | None
    promised_on: Day | None
    shipped: Money
    shipped_on: Day | None
    received: Money | None
    invoiced: Money
    invoiced_amount: Money
    credited_amount: Money
    differences: list[str]


class ChainTotals(Answer):
    """Net; billed and paid are with tax."""

    ordered: Money | None
    shipped: Money | None
    invoiced: Money
    credited: Money
    billed: Money
    paid: Money


class ChainDifference(Answer):
    """documents: those that disagree. told: our own word to the partner, which is no case."""

    code: str
    line: str
    expected: str
    found: str
    money: Money
    documents: list[str]
    text: str
    told: bool


class ChainChange(Answer):
    """What a change asked of one line, before and after, in the unit ordered. fate: asked, taken or refused."""

    document: str
    sequence: str
    line: str
    fate: str
    quantity_before: Money | None
    quantity_after: Money | None
    price_before: Money | None
    price_after: Money | None
    day_before: Day | None
    day_after: Day | None


class ChainMember(Answer):
    """One of the orders that an order for several places came to. ship_to: the number of its place."""

    chain: str
    order: str
    ship_to: str
    state: str
    money: Money
    case: str | None


class Chain(Answer):
    """As it is now. again_on: the day from which silence is a difference.

    family: the number of the order for several places that it belongs to; members: the orders for each place. The
    chain of the family's own number is the sum of theirs.
    """

    chain: str
    order: str
    po: str
    side: str
    partner: str
    currency: str
    state: str
    money: Money
    case: str | None
    checked_at: Time | None
    again_on: Day | None
    documents: list[ChainDocument]
    lines: list[ChainLine]
    totals: ChainTotals
    differences: list[ChainDifference]
    changes: list[ChainChange]
    family: str | None
    members: list[ChainMember]


@router.get("/orders/{order}/chain", summary="An order compared with every document about it")
async def of_order(order: str, caller: Reader) -> Chain:
    """Order, response, despatch, receipt, invoice and payment, line by line, as they are now."""
    async with caller.transaction() as tx:
        return _chain(await store.of_order(tx, caller.tenant_id, order, await business_now(tx)))


@router.get("/chains", summary="Chains of orders")
async def list_(
    caller: Reader,
    state: Annotated[str | None, Query(max_length=20)] = None,
    partner: Annotated[str | None, Query(max_length=80)] = None,
    side: Annotated[str | None, Query(max_length=20)] = None,
    q: Search = None,
    limit: Limit = 50,
) -> list[ChainSummary]:
    """Newest first. `state` is open, clear or differs; `side` is seller or buyer."""
    async with caller.transaction() as tx:
        found = await store.page(
            tx, caller.tenant_id, state=state or None, partner=partner or None, side=side or None, q=q or None,
            limit=limit,
        )  # fmt: skip
    return [ChainSummary.model_validate(c) for c in found]


@router.get("/chains/{chain}", summary="One chain, also of a purchase of ours")
async def one(chain: UUID, caller: Reader) -> Chain:
    """By the document that is its order."""
    async with caller.transaction() as tx:
        return _chain(await store.one(tx, caller.tenant_id, chain, await business_now(tx)))


def _chain(found: dict[str, Any]) -> Chain:
    return Chain.model_validate(found)
