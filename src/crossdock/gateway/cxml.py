"""cXML over HTTP: what buyers' systems post, believed by its shared secret, and answered by a Response.

A document is stored before the answer leaves; its Status says what became of it. A PunchOutSetupRequest is answered
with the start page of the shop. The shop itself asks by REST what a visit is about, and returns its cart there.
"""

import base64
import logging
import re
from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from crossdock import audit, exactjson, ids
from crossdock.db import Tx
from crossdock.errors import Finding, NotFound, PartnerError
from crossdock.events.inbox import business_now
from crossdock.gateway.access import Caller, Reader, Signed, allow
from crossdock.gateway.models import Answer, Json, Time
from crossdock.gateway.services import Running, running
from crossdock.partners import intake
from crossdock.partners.intake import DocumentResult
from crossdock.partners.maps.xml import local
from crossdock.partners.model import Status
from crossdock.partners.profiles import Profile
from crossdock.partners.punchout import setup, store
from crossdock.partners.punchout.cart import Cart, Line
from crossdock.partners.punchout.store import Visit
from crossdock.partners.xml import cxml, proving
from crossdock.partners.xml.proving import Proof, Sender
from crossdock.policy import Action

log = logging.getLogger(__name__)
door = APIRouter(prefix="/cxml", tags=["channels"])
router = APIRouter(prefix="/api", tags=["punch-out"])
Shop = Annotated[Caller, allow(Action.INTAKE)]
TENANT = re.compile(r"^[a-z][a-z0-9-]{0,39}$")
MEDIA_TYPE = "text/xml"


@door.post(
    "/{tenant}",
    summary="A partner's cXML request",
    dependencies=[Depends(Signed())],
    response_class=Response,
    responses={200: {"description": "A cXML Response", "content": {MEDIA_TYPE: {"schema": {"type": "string"}}}}},
    openapi_extra={"requestBody": {"required": True, "content": {MEDIA_TYPE: {"schema": {"type": "string"}}}}},
)
async def post(tenant: str, request: Request, state: Annotated[Running, Depends(running)]) -> Response:
    """Believed when the SharedSecret of its Sender is the one agreed with the partner that `From` names; else answered
    with 401, whatever is wrong, and not kept."""
    services = state.services
    if not TENANT.match(tenant) or tenant not in await services.db.tenant_ids():
        raise NotFound("Nothing is taken here.")
    raw = await request.body()
    payload = f"{ids.new()}@crossdock"
    async with services.db.transaction(tenant) as tx:
        now = await business_now(tx)
        context = await intake.context(tx, tenant, None, False)
    sender = proving.look(raw, context.profiles, services.vault(tenant))
    if sender is None:
        text = "Send a cXML document."
        return _xml(cxml.said(400, "Bad Request", text, payload, now))
    if sender.proof is Proof.UNSET and sender.partner is not None:
        return _unset(tenant, sender.partner, payload, now)
    if sender.proof is not Proof.RIGHT or sender.partner is None:
        # guessing is slow; who shows the right secret is never kept waiting
        state.attempts.take(request.client.host if request.client else "")
        async with services.db.transaction(tenant) as tx:
            await refuse(tx, tenant, sender)
        return _xml(cxml.refused(payload, now))
    await state.pressure.check(services.db, tenant, services.settings.max_backlog)
    asked = sender.envelope.request
    if asked is not None and local(asked) == setup.REQUEST:
        async with services.db.transaction(tenant) as tx:
            return _xml(await _open(tx, tenant, sender, sender.partner, payload, now))
    done = await intake.receive(services.db, tenant, raw, "request.xml", "cxml", partner=sender.partner.id)
    return _xml(answer(done[0], payload, now))


def answer(done: DocumentResult, payload: str, now: datetime) -> bytes:
    """HTTP says that it arrived; what became of it is in the Status, as cXML has it."""
    return cxml.respond(done.status, _findings(done), payload, now)[1]


def _findings(done: DocumentResult) -> list[Finding]:
    return [Finding(**{k: v for k, v in e.items() if k != "ack"}) for e in done.errors]


async def refuse(tx: Tx, tenant_id: str, sender: Sender) -> None:
    """Kept of a refused message: that it came in this partner's name, and when."""
    if sender.partner is not None:
        by = f"partner:{sender.partner.id}"
        await audit.record(tx, tenant_id, by, "cxml.refused", sender.partner.id, {"proof": sender.proof.value})


def _unset(tenant: str, partner: Profile, payload: str, now: datetime) -> Response:
    log.error("The vault of %s has no secret %r, which partner %s names.", tenant, partner.shared_secret, partner.id)
    text = "We cannot tell who sends this now. Send it again later."
    return _xml(cxml.said(500, "Internal Server Error", text, payload, now))


def _xml(content: bytes) -> Response:
    return Response(content, media_type=MEDIA_TYPE)


async def unproved(caller: Caller, raw: bytes, partner_id: str | None) -> Response | None:
    """The refusal of a cXML document that comes by another way, and does not show the secret agreed for it."""
    async with caller.transaction() as tx:
        context = await intake.context(tx, caller.tenant_id, None, False)
        known = {p.id: p for p in context.profiles}
        vault = caller.running.services.vault(caller.tenant_id)
        sender = proving.look(raw, context.profiles, vault, known.get(partner_id or ""))
        if sender is None or sender.partner is None or sender.proof in {Proof.RIGHT, Proof.UNASKED}:
            return None
        now, payload = await business_now(tx), f"{ids.new()}@crossdock"
        if sender.proof is Proof.UNSET:
            return _unset(caller.tenant_id, sender.partner, payload, now)
        await refuse(tx, caller.tenant_id, sender)
    return _xml(cxml.refused(payload, now))


async def _open(tx: Tx, tenant: str, sender: Sender, partner: Profile, payload: str, now: datetime) -> bytes:
    if not partner.shop:
        return cxml.said(450, "Not Implemented", "No shop is open to you here yet; ask for one.", payload, now)
    known = sender.envelope.sender([partner])
    if known is None:
        return cxml.refused(payload, now)
    try:
        asked = setup.read(sender.envelope, known)
    except PartnerError as e:
        return cxml.respond(Status.REJECTED, e.findings, payload, now)[1]
    url = await store.open_visit(tx, tenant, partner, asked, now)
    return cxml.said(200, "OK", "", payload, now, setup.response(url))


# ── the shop's side ─────────────────────────────────────────────────────────────────────────────────────────────────


class Token(BaseModel):
    token: str = Field(min_length=1, max_length=200, description="`punchout` of the address that opened the shop")


class PunchOut(Answer):
    """asked: {selected, ship_to, items: [{item, auxiliary, quantity}], named: [{name, value}]}, as the buyer says."""

    id: str
    partner: str
    customer_id: str
    operation: str
    test: bool
    asked: Json
    opened_at: Time
    expires_at: Time
    returned_at: Time | None


class CartLine(BaseModel):
    """Quantity and price as text: a price is for one unit."""

    item: str = Field(min_length=1, max_length=80, description="Our item number")
    quantity: Decimal = Field(max_digits=15, decimal_places=6)
    unit: str = Field(min_length=1, max_length=8)
    unit_price: Decimal = Field(max_digits=15, decimal_places=6)
    description: str = Field(min_length=1, max_length=500)
    classification: str = Field(pattern=r"^\d{8}$", description="UNSPSC")
    auxiliary: str = Field("", max_length=200, description="Given back when the buyer edits the cart")
    buyer_item: str = Field("", max_length=80)
    manufacturer: str = Field("", max_length=120)
    manufacturer_item: str = Field("", max_length=80)


class CartIn(BaseModel):
    """Without lines the buyer goes home with nothing."""

    currency: str = Field(pattern=r"^[A-Z]{3}$")
    lines: list[CartLine] = Field(max_length=1000)
    shipping: Decimal | None = Field(None, ge=0, max_digits=15, decimal_places=2)
    tax: Decimal | None = Field(None, ge=0, max_digits=15, decimal_places=2)
    editable: bool = True


class CartOut(Answer):
    """The buyer's browser posts a form to post_to: `cxml` as its field cxml-urlencoded, or `base64` as cxml-base64."""

    post_to: str
    cxml: str
    base64: str


@router.get("/punch-outs", summary="Punch-outs")
async def list_(caller: Reader, limit: Annotated[int, Query(ge=1, le=200)] = 50) -> list[PunchOut]:
    """The newest first: who shops with us from within its own system."""
    async with caller.transaction() as tx:
        return [_shown(v) for v in await store.every(tx, caller.tenant_id, limit)]


@router.post("/punch-outs/look", summary="What a punch-out is about")
async def look(body: Token, caller: Shop) -> PunchOut:
    """Asked by the shop when a browser comes with a token; it is good until the cart is returned, for eight hours."""
    async with caller.transaction() as tx:
        return _shown(await store.look(tx, caller.tenant_id, body.token, await business_now(tx)))


@router.post("/punch-outs/{punchout}/cart", summary="Return the cart of a punch-out")
async def take_home(punchout: UUID, body: CartIn, caller: Shop) -> CartOut:
    """Writes the PunchOutOrderMessage and ends the visit. The same cart again gives the same message."""
    cart = Cart(
        currency=body.currency,
        lines=tuple(Line(**line.model_dump()) for line in body.lines),
        shipping=body.shipping,
        tax=body.tax,
        editable=body.editable,
    )
    async with caller.transaction() as tx:
        now = await business_now(tx)
        done = await store.take_home(tx, caller.tenant_id, punchout, cart, caller.name, now)
    text = done.message.decode("utf-8")
    return CartOut(post_to=done.post_to, cxml=text, base64=base64.b64encode(done.message).decode("ascii"))


def _shown(visit: Visit) -> PunchOut:
    return PunchOut(
        id=str(visit.punchout_id), partner=visit.partner_id, customer_id=visit.customer_id, operation=visit.operation,
        test=visit.test, asked=exactjson.plain(visit.asked), opened_at=visit.opened_at, expires_at=visit.expires_at,
        returned_at=visit.returned_at,
    )  # fmt: skip
