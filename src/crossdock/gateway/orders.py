"""Orders: the list and its export, one order with everything that belongs to it, entering one, cancelling one."""

from collections.abc import AsyncGenerator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from crossdock import audit, exactjson, ids
from crossdock.errors import Conflict, Finding, PartnerError
from crossdock.events import envelope, inbox
from crossdock.gateway.access import Anyone, Caller, allow
from crossdock.gateway.documents import DocumentSummary
from crossdock.gateway.models import Answer, Cursor, Day, FindingOut, Json, Limit, Money, Page, Search, Time
from crossdock.gateway.work import Approval, Case, Hold
from crossdock.partners import intake, jsonorder
from crossdock.policy import Action
from crossdock.tower import orders

router = APIRouter(prefix="/api", tags=["orders"])

SOURCE = "/crossdock/gateway"


class OrderSummary(Answer):
    """One order of the list. age_s: seconds of business time since receipt, until its end."""

    order: str
    po: str
    customer_id: str
    customer: str
    channel: str
    status: str = Field(description="open, waiting, in_case, closed, cancelled or rejected")
    stage: str
    stage_label: str
    total: Money
    currency: str
    lines: int
    received_at: Time
    promised_on: Day | None
    late: bool
    age_s: int
    shipments: int
    open_cases: int


class OrderLine(Answer):
    """Quantities are in the unit that was ordered."""

    line: str
    sku: str | None
    description: str
    ordered: str
    unit: str
    unit_price: Money | None
    amount: Money | None
    reserved: str
    shipped: str
    invoiced: str
    backordered: str


class OrderMoney(Answer):
    """ordered and margin are net; invoiced, paid and open include tax."""

    ordered: Money
    invoiced: Money
    tax: Money
    paid: Money
    open: Money
    margin: Money | None


class TimelineItem(Answer):
    at: Time
    kind: str = Field(description="document, event, decision, call, approval, case, hold, message, task or money")
    title: str
    detail: str | None
    status: str | None
    ref: str | None
    data: Json


class Call(Answer):
    """One attempt of a call to a system. Attempts of one call share its key."""

    at: Time
    function: str
    system: str
    attempt: int
    outcome: str
    started_at: Time
    duration_ms: float | None
    key: str | None
    error: str | None
    request: Json
    response: Json


class Hit(Answer):
    rule: str
    description: str


class Decision(Answer):
    at: Time
    table: str
    version: str
    hit: list[Hit]
    input: Json
    output: Json


class InstanceRef(Answer):
    id: str
    definition: str
    version: str
    status: str
    stage: str | None


class Message(Answer):
    at: Time
    to: str
    moment: str
    subject: str
    body: str


class OrderDetail(Answer):
    """Everything that belongs to one order. Of a long story the newest page; `earlier`: where the one before ends."""

    order: str
    po: str
    customer_id: str
    customer: str
    channel: str
    status: str
    stage: str
    stage_label: str
    total: Money
    currency: str
    received_at: Time
    requested_on: Day | None
    promised_on: Day | None
    late: bool
    age_s: int
    shipments: int
    open_cases: int
    ship_to: Json
    lines: list[OrderLine]
    money: OrderMoney
    timeline: list[TimelineItem]
    documents: list[DocumentSummary]
    calls: list[Call]
    decisions: list[Decision]
    approvals: list[Approval]
    cases: list[Case]
    holds: list[Hold]
    instances: list[InstanceRef]
    messages: list[Message]
    trace_id: str | None
    earlier: Time | None


class Entered(Answer):
    """What became of an order that was typed in; `order` is ours, null unless it was accepted."""

    document: str
    order: str | None
    status: str
    errors: list[FindingOut]


class Cancel(BaseModel):
    reason: str = Field(min_length=1, max_length=1000)


class Accepted(Answer):
    """duplicate: it was asked before, and nothing changed."""

    id: str
    status: str


# ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────


def wanted(
    caller: Anyone,
    status: Annotated[str | None, Query(max_length=20)] = None,
    stage: Annotated[str | None, Query(max_length=100)] = None,
    customer: Annotated[str | None, Query(max_length=100)] = None,
    channel: Annotated[str | None, Query(max_length=20)] = None,
    late: bool | None = None,
    q: Search = None,
    process: Annotated[str | None, Query(max_length=100)] = None,
    version: Annotated[str | None, Query(max_length=40)] = None,
    site: Annotated[str | None, Query(max_length=100)] = None,
    partner: Annotated[str | None, Query(max_length=100)] = None,
    type: Annotated[str | None, Query(max_length=40)] = None,
    risk: bool | None = None,
) -> orders.Filter:
    """What the list and its export are filtered by."""
    return orders.Filter(
        status=status or None, stage=stage or None, customer=customer or None, channel=channel or None, late=late,
        process=process or None, version=version or None, site=site or None, partner=partner or None,
        type=type or None, risk=risk,
        q=q or None, own=caller.own,
    )  # fmt: skip


Wanted = Annotated[orders.Filter, Depends(wanted)]
Sort = Annotated[str, Query(max_length=30, description="received_at, order, customer, po, status, stage, total, …")]


def view(caller: Caller) -> orders.View:
    return orders.View(now=caller.clock.now(), today=caller.today(), drawings=caller.running.drawings)


@router.get("/orders", summary="Orders")
async def list_(
    caller: Anyone, wanted: Wanted, sort: Sort = "", limit: Limit = 50, cursor: Cursor = None
) -> Page[OrderSummary]:
    """Filtered, sorted (`-` before the name: descending) and searched by number, PO and customer."""
    async with caller.transaction() as tx:
        page = await orders.find(
            tx, caller.tenant_id, wanted, view(caller), sort=sort or orders.DEFAULT_SORT, limit=limit, cursor=cursor
        )
    return Page[OrderSummary].model_validate(page)


@router.get(
    "/orders.csv",
    summary="Orders as CSV",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
async def export(caller: Anyone, wanted: Wanted, sort: Sort = "") -> StreamingResponse:
    """All orders of the list, with the same filters and order."""
    # refuses a wrong sort now: once the answer has begun, it is too late for a problem document
    if (sort or orders.DEFAULT_SORT).removeprefix("-") not in orders.SORTS:
        expected = ", ".join(orders.SORTS)
        raise PartnerError([Finding("list.sort", "?sort", f"one of {expected}", sort, "Choose one of these")])

    async def rows() -> AsyncGenerator[str]:
        async with caller.transaction() as tx:
            async for part in orders.export(tx, caller.tenant_id, wanted, view(caller), sort or orders.DEFAULT_SORT):
                yield part

    name = f"orders-{caller.tenant_id}-{caller.today():%Y%m%d}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(rows(), media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/orders/{order}", summary="One order")
async def one(order: str, caller: Anyone) -> OrderDetail:
    """With lines, money, timeline, calls with attempts, decisions with the rule that hit, and everything around it."""
    async with caller.transaction() as tx:
        found = await orders.detail(tx, caller.tenant_id, order, view(caller), caller.who)
    return OrderDetail.model_validate(found)


# ── writing ─────────────────────────────────────────────────────────────────────────────────────────────────────


@router.post(
    "/orders",
    status_code=201,
    summary="Enter an order",
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": jsonorder.schema()}}}},
)
async def enter(request: Request, caller: Annotated[Caller, allow(Action.ORDER_CREATE, partners=True)]) -> Entered:
    """By hand, in the same form and on the same way as an order that a partner sends as JSON."""
    given = _object(await request.body())
    if caller.own is not None and given.setdefault("customer_id", caller.own) != caller.own:
        found = str(given["customer_id"])[:40]
        raise PartnerError([Finding("order.customer", "/customer_id", caller.own, found, "Leave it out")])
    await caller.room()
    done = await intake.receive_manual(caller.running.services.db, caller.tenant_id, given, caller.name)
    async with caller.transaction() as tx:
        detail = {"document": str(done.document_id), "po": done.po, "status": done.status.value}
        await audit.record(
            tx, caller.tenant_id, caller.name, "order.enter", done.order or str(done.document_id), detail
        )
    return Entered.model_validate({**done.plain(), "document": str(done.document_id)})


@router.post("/orders/{order}/cancel", status_code=202, summary="Ask to cancel an order")
async def cancel(
    order: str, given: Cancel, caller: Annotated[Caller, allow(Action.ORDER_CANCEL, partners=True)]
) -> Accepted:
    """Its process hears of it wherever it stands; before hand-over all is undone, afterwards a person decides."""
    async with caller.transaction() as tx:
        _, outcome = await orders.owner(tx, caller.tenant_id, order, caller.own)
        if outcome is not None:
            raise Conflict(f"{order} is {outcome} already")
        # asked again, it is the same event
        ident = str(ids.derived(caller.tenant_id, "cancel", order))
        data = {"order": order, "reason": given.reason, "by": caller.name}
        event = envelope.make(
            "crossdock.order.cancellation-requested", subject=order, data=data, now=caller.clock.now(), source=SOURCE,
            id=ident,
        )  # fmt: skip
        status = await inbox.receive(tx, caller.tenant_id, event)
        if status == "accepted":
            await audit.record(tx, caller.tenant_id, caller.name, "order.cancel", order, {"reason": given.reason})
    return Accepted(id=ident, status=status)


def _object(body: bytes) -> dict[str, Any]:
    """Read with exact numbers. Raises PartnerError."""
    try:
        value = exactjson.loads(body)
    except exactjson.DecodeError as e:
        raise PartnerError([Finding("json.malformed", "/", "JSON", str(e)[:80], "Send the whole document")]) from e
    if not isinstance(value, dict):
        raise PartnerError([Finding("json.type", "/", "an object", type(value).__name__, "Send one order")])
    return value  # pyright: ignore[reportUnknownVariableType] - keys of JSON are text
