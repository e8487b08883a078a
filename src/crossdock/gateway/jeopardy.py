"""Promises at risk: the orders that are expected later than promised, and an order's plan beside what happened."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from crossdock.gateway.access import Reader
from crossdock.gateway.models import Answer, Cursor, Day, Json, Limit, Money, Search, Time
from crossdock.tower.jeopardy import reading

router = APIRouter(prefix="/api", tags=["jeopardy"])

Word = Annotated[str | None, Query(max_length=100)]


class AtRisk(Answer):
    """level: watch, high, critical, or missed (the promised day is over). could: proposals, nothing is done by them."""

    order: str
    po: str
    customer_id: str
    customer: str
    channel: str
    site: str
    service: str
    type: str
    level: str
    step: str
    rule: str
    reason: str
    promised_on: Day | None
    expected_on: Day | None
    days_late: int
    money: Money | None
    currency: str
    could: Json
    since: Time | None
    case: str | None
    case_number: str | None


class AtRiskPage(Answer):
    """money: of all that fit, by currency."""

    items: list[AtRisk]
    next: str | None
    total: int
    money: dict[str, Money]


class RiskCounts(Answer):
    """levels: orders by level. money: of high and critical, by currency."""

    levels: dict[str, int]
    money: dict[str, Money]


class PlannedStep(Answer):
    """expected: None once it happened, and where nothing can be expected."""

    step: str
    planned: Time | None
    actual: Time | None
    expected: Time | None


class Risk(Answer):
    level: str
    step: str
    rule: str
    reason: str
    promised_on: Day | None
    expected_on: Day | None
    days_late: int
    money: Money | None
    currency: str
    could: Json
    since: Time | None
    looked_at: Time | None
    case: str | None
    case_number: str | None
    over: bool


class PlanVersion(Answer):
    """assumed: calendars with their versions, the lead time's rule, and where each step's duration comes from."""

    version: int
    made_at: Time
    why: str
    promised_on: Day | None
    site: str
    service: str
    lead_days: int | None
    steps: Json
    assumed: Json


class OrderPlan(Answer):
    order: str
    promised_on: Day | None
    steps: list[PlannedStep]
    risk: Risk | None
    versions: list[PlanVersion]


def wanted(
    level: Word = None, site: Word = None, customer: Word = None, partner: Word = None, channel: Word = None,
    type: Word = None, step: Word = None, q: Search = None,
) -> reading.Filter:  # fmt: skip
    return reading.Filter(
        level=level, site=site, customer=customer, partner=partner, channel=channel, type=type, step=step, q=q
    )


Wanted = Annotated[reading.Filter, Depends(wanted)]


@router.get("/at-risk", summary="Orders at risk, the gravest first")
async def at_risk(
    caller: Reader,
    of: Wanted,
    sort: Annotated[str, Query(max_length=40)] = reading.DEFAULT_SORT,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> AtRiskPage:
    """Expected later than promised, or tight. sort: level, money, days_late, promised_on, expected_on, customer,
    order or since, with - before it for descending.
    """
    async with caller.transaction() as tx:
        page = await reading.find(tx, caller.tenant_id, of, sort=sort, limit=limit, cursor=cursor)
    return AtRiskPage.model_validate(page, from_attributes=True)


@router.get("/at-risk/counts", summary="How many orders are at risk, and how much money")
async def counts(caller: Reader) -> RiskCounts:
    async with caller.transaction() as tx:
        found: dict[str, Any] = await reading.counts(tx, caller.tenant_id)
    return RiskCounts.model_validate(found)


@router.get("/orders/{order}/plan", summary="An order's plan beside what happened")
async def plan(order: str, caller: Reader) -> OrderPlan:
    """By when each step is planned, when it happened or is expected, every version of the plan with why."""
    async with caller.transaction() as tx:
        return OrderPlan.model_validate(await reading.plan_of(tx, caller.tenant_id, order))
