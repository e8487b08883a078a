"""Links for customers: making, listing and ending them, and the pages that their holders see.

The pages need nobody signed in. They are plain HTML under the strictest policy, are not kept, not indexed and tell no
other site where one came from; an address may ask only so often; and every link that does not work is answered alike.
"""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from pydantic import AwareDatetime, BaseModel, Field, TypeAdapter

from crossdock.errors import Finding, NotFound, PartnerError
from crossdock.events.inbox import business_now
from crossdock.gateway.access import Caller, Reader, allow
from crossdock.gateway.models import Answer, Cursor, Limit, Time
from crossdock.gateway.problems import TooMany
from crossdock.gateway.services import running
from crossdock.policy import Action
from crossdock.tower import orders, shared, sharedpage, sharing

router = APIRouter(prefix="/api", tags=["orders"])
pages = APIRouter(prefix="/shared", include_in_schema=False)

Sharer = Annotated[Caller, allow(Action.ORDER_SHARE)]
PLAIN = {
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow, noarchive, nosnippet",
    "Cache-Control": "no-store, private",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class Share(BaseModel):
    """language: left out: as the customer is written to. note: for whom it is; only we see it."""

    days: int = Field(sharing.DAYS, ge=1, le=sharing.MOST_DAYS)
    language: str | None = Field(None, max_length=10)
    note: str = Field("", max_length=200)


class OrderLink(Answer):
    """A link that was given to a customer; what it opens with is not kept. state: active, over or ended."""

    id: str
    order: str
    by: str
    note: str
    language: str
    made_at: Time
    expires_at: Time
    ended_at: Time | None
    ended_by: str | None
    opened: int
    opened_at: Time | None
    state: str


class SharedOrder(OrderLink):
    """link: shown this once."""

    link: str


class OrderLinks(Answer):
    items: list[OrderLink]
    next: str | None


@router.post("/orders/{order}/links", status_code=201, summary="Make a link for the customer")
async def make(order: str, given: Share, caller: Sharer) -> SharedOrder:
    """Whoever has it sees this order as its customer may, without signing in, until it is over or ended."""
    async with caller.transaction() as tx:
        made = await sharing.make(
            tx, caller.tenant_id, order, caller.name, await business_now(tx), days=given.days, language=given.language,
            note=given.note.strip(),
        )  # fmt: skip
    base = caller.running.services.settings.public_url or ""
    return SharedOrder.model_validate(
        {**OrderLink.model_validate(made.link).model_dump(), "link": f"{base}/shared/{made.token}"}
    )


@router.get("/orders/{order}/links", summary="Links of an order")
async def of_order(order: str, caller: Reader) -> OrderLinks:
    """Without what they open with, the newest first."""
    async with caller.transaction() as tx:
        await orders.owner(tx, caller.tenant_id, order)
        found, _ = await sharing.find(tx, caller.tenant_id, await business_now(tx), order=order, limit=200)
    return OrderLinks(items=[OrderLink.model_validate(x) for x in found], next=None)


@router.get("/order-links", summary="All links given to customers")
async def all_(caller: Reader, limit: Limit = 100, cursor: Cursor = None) -> OrderLinks:
    """Of every order, the newest first."""
    async with caller.transaction() as tx:
        found, more = await sharing.find(
            tx, caller.tenant_id, await business_now(tx), limit=limit, after=_read(cursor)
        )  # fmt: skip
    following = None if more is None else f"{more[0].isoformat()}~{more[1]}"
    return OrderLinks(items=[OrderLink.model_validate(x) for x in found], next=following)


@router.delete("/orders/{order}/links/{link}", status_code=204, summary="End a link")
async def end(order: str, link: UUID, caller: Sharer) -> None:
    """At once: whoever opens it now finds nothing."""
    async with caller.transaction() as tx:
        await sharing.end(tx, caller.tenant_id, order, link, caller.name, await business_now(tx))


def _read(cursor: str | None) -> Any:
    """Raises PartnerError for a cursor that we did not give."""
    if not cursor:
        return None
    at, _, ident = cursor.partition("~")
    try:
        return TypeAdapter(AwareDatetime).validate_python(at), UUID(ident)
    except ValueError as e:
        expected = "the `next` of an earlier page"
        raise PartnerError([Finding("list.cursor", "?cursor", expected, cursor[:40], "Start without one")]) from e


# ── who holds a link ────────────────────────────────────────────────────────────────────────────────────────────


@pages.get("/{token}", summary="An order, as its customer sees it")
async def page(token: str, request: Request) -> HTMLResponse:
    """Needs nobody signed in."""
    return await _shown(token, request, "", "")


@pages.get("/{token}/invoice/{number}", summary="An invoice, for its customer")
async def invoice(token: str, number: str, request: Request) -> HTMLResponse:
    """To read and to print."""
    return await _shown(token, request, "invoice", number)


@pages.get("/{token}/packing/{number}", summary="A packing list, for its customer")
async def packing(token: str, number: str, request: Request) -> HTMLResponse:
    """To read and to print."""
    return await _shown(token, request, "packing", number)


async def _shown(token: str, request: Request, what: str, number: str) -> HTMLResponse:
    state = running(request)
    try:
        state.attempts.take(f"shared {request.client.host if request.client else ''}")
    except TooMany as e:
        gone = sharedpage.gone_page(_asked(request))
        return _answer(gone, 429, {"Retry-After": str(e.after)})
    try:
        async with state.services.db.transaction(sharing.tenant_of(token)) as tx:
            view = await sharing.opened(tx, token, await business_now(tx))
    except NotFound:
        return _answer(sharedpage.gone_page(_asked(request)), 404)
    here = f"/shared/{token}"
    match what:
        case "invoice":
            html = sharedpage.invoice_page(view, number, here)
        case "packing":
            html = sharedpage.packing_page(view, number, here)
        case _:
            html = sharedpage.order_page(view, here)
    return _answer(sharedpage.gone_page(view.language), 404) if html is None else _answer(html, 200)


def _answer(html: sharedpage.Html, status: int, headers: dict[str, str] | None = None) -> HTMLResponse:
    return HTMLResponse(html.text, status, {**PLAIN, "Content-Security-Policy": html.policy, **(headers or {})})


def _asked(request: Request) -> str:
    """The language that the browser asks for first, for a page that knows no customer."""
    return shared.known(request.headers.get("accept-language", "")[:2])
