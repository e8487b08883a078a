"""Changing and cancelling an order for its customer: what would happen, and asking for it."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from crossdock import ids
from crossdock.gateway.access import Caller, allow
from crossdock.gateway.models import Answer, Money
from crossdock.policy import Action
from crossdock.tower import amending

router = APIRouter(prefix="/api/orders", tags=["orders"])


class LineChange(BaseModel):
    """What the line shall have from now on; what is left out stays as it is."""

    line: str = Field(min_length=1, max_length=20)
    quantity: Decimal | None = Field(default=None, ge=0, max_digits=15)
    unit_price: Decimal | None = Field(default=None, ge=0, max_digits=15)
    cancel: bool = False


class ShipTo(BaseModel):
    name: str = Field(min_length=1, max_length=120)
    lines: list[Annotated[str, Field(max_length=120)]] = Field(min_length=1, max_length=4)
    city: str = Field(min_length=1, max_length=80)
    region: str = Field(default="", max_length=20)
    postal_code: str = Field(default="", max_length=20)
    country: str = Field(min_length=2, max_length=2)


class Wanted(BaseModel):
    """cancel: the whole order; then nothing else counts."""

    cancel: bool = False
    lines: list[LineChange] = Field(default_factory=list[LineChange], max_length=500)
    requested_on: date | None = None
    ship_to: ShipTo | None = None

    def meant(self) -> amending.Wanted:
        return amending.Wanted(
            cancel=self.cancel,
            lines=[amending.LineChange(**n.model_dump()) for n in self.lines],
            requested_on=self.requested_on,
            ship_to=self.ship_to.model_dump() if self.ship_to else None,
        )


class Change(Wanted):
    """key: the same one again is the same change; without one, each request is a change of its own."""

    reason: str = Field(min_length=1, max_length=1000)
    key: str = Field(default="", max_length=100)


class PreviewLine(Answer):
    line: str
    sku: str
    description: str
    unit: str
    quantity: str
    new_quantity: str
    unit_price: Money | None
    new_unit_price: Money | None
    accepted: bool
    reason: str | None


class Preview(Answer):
    """What would happen. rule and why: of the table order-change."""

    order: str
    currency: str
    step: Literal["preparing", "released", "shipped", "over"]
    way: Literal["free", "recall", "return", "refuse"]
    approval: bool
    rule: str
    why: str
    before: Money
    after: Money
    rise: Money
    discount: Money
    lines: list[PreviewLine]


class Asked(Answer):
    """duplicate: it was asked before, and nothing changed."""

    id: str
    status: str


Changer = Annotated[Caller, allow(Action.ORDER_CANCEL)]


@router.post("/{order}/change/preview", summary="What a change of an order would come to")
async def preview(order: str, given: Wanted, caller: Changer) -> Preview:
    """Nothing is changed: which lines would be taken, what it would be worth, what would be undone, who agrees."""
    async with caller.transaction() as tx:
        found = await amending.preview(tx, caller.tenant_id, order, given.meant())
    lines = [
        PreviewLine(
            line=n.line, sku=n.sku, description=n.description, unit=n.unit, quantity=f"{n.quantity.normalize():f}",
            new_quantity=f"{n.new_quantity.normalize():f}", unit_price=_money(n.unit_price),
            new_unit_price=_money(n.new_unit_price), accepted=n.accepted, reason=n.reason,
        )
        for n in found.lines
    ]  # fmt: skip
    return Preview.model_validate({
        "order": found.order, "currency": found.currency, "step": found.step, "way": found.way,
        "approval": found.approval, "rule": found.rule, "why": found.why, "before": found.before, "after": found.after,
        "rise": found.rise, "discount": found.discount, "lines": lines,
    })  # fmt: skip


@router.post("/{order}/change", status_code=202, summary="Change an order for its customer")
async def change(order: str, given: Change, caller: Changer) -> Asked:
    """The process order-change hears of it: it asks who must agree, and the order's own process carries it out."""
    async with caller.transaction() as tx:
        ident, status = await amending.ask(
            tx, caller.tenant_id, order, given.meant(), reason=given.reason, by=caller.name,
            key=given.key or str(ids.new()), now=caller.clock.now(),
        )  # fmt: skip
    return Asked(id=ident, status=status)


def _money(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"
