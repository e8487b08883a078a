"""Finding things by what one remembers of them; customers and items to choose from."""

from typing import Annotated

from fastapi import APIRouter, Query

from crossdock.gateway.access import Anyone, Caller, Reader, allow
from crossdock.gateway.models import Answer, Json, Limit, Money, Page, Search
from crossdock.policy import Action
from crossdock.tower import search

router = APIRouter(prefix="/api", tags=["search"])

Orderer = Annotated[Caller, allow(Action.READ, partners=True)]


class Hit(Answer):
    """kind: order, case, document, approval or customer. link: where its page is."""

    kind: str
    id: str
    title: str
    subtitle: str
    link: str


class Hits(Answer):
    items: list[Hit]


class Customer(Answer):
    """ship_to and currency: of an order that names none; null where they are not known here."""

    customer_id: str
    name: str
    tier: str
    ship_to: Json
    currency: str | None


class Item(Answer):
    sku: str
    description: str
    unit: str
    list_price: Money | None


@router.get("/search", summary="Search everything")
async def find(caller: Anyone, q: Annotated[str, Query(min_length=1, max_length=100)]) -> Hits:
    """Orders, exceptions, documents, approvals and customers; a partner finds its own orders."""
    async with caller.transaction() as tx:
        found = await search.everything(tx, caller.tenant_id, q, caller.own)
    return Hits(items=[Hit.model_validate(h) for h in found])


@router.get("/customers", summary="Customers to choose from")
async def customers(caller: Reader, q: Search = None, limit: Limit = 20) -> Page[Customer]:
    """A look-up copy; the system of record is the ERP."""
    async with caller.transaction() as tx:
        rows, total = await search.customers(tx, caller.tenant_id, q, limit)
    return Page[Customer](items=[Customer.model_validate(r) for r in rows], total=total)


@router.get("/items", summary="Items to choose from")
async def items(caller: Orderer, q: Search = None, limit: Limit = 20) -> Page[Item]:
    """A look-up copy; the system of record is the ERP."""
    async with caller.transaction() as tx:
        rows, total = await search.items(tx, caller.tenant_id, q, limit)
    return Page[Item](items=[Item.model_validate(r) for r in rows], total=total)
