"""Documents we sent: what became of each, sending one again, and the outbox from which a partner collects."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from crossdock.events.inbox import business_now
from crossdock.gateway.access import Anyone, Caller, allow
from crossdock.gateway.documents import profile_of
from crossdock.gateway.models import Answer, Json, Limit, Money, Search, Time
from crossdock.partners.sending import outbox, payments, store
from crossdock.policy import Action

router = APIRouter(prefix="/api", tags=["sent documents"])
Operator = Annotated[Caller, allow(Action.DOCUMENT_RELEASE)]


class Way(StrEnum):
    RETRY = "retry"
    REPLAY = "replay"
    REISSUE = "reissue"


class SentSummary(Answer):
    """number: our order's, the shipment's or the invoice's; control: of the interchange. deadline: to acknowledge;
    basis: where that comes from."""

    document: str
    type: str
    state: str
    partner: str
    order: str
    po: str
    number: str
    control: int
    test: bool
    tries: int
    written_at: Time
    sent_at: Time | None
    answered_at: Time | None
    deadline: Time | None
    reissues: str | None
    case: str | None
    basis: Json


class Sent(SentSummary):
    """history: each time it was offered. answers: what its partner said of it."""

    about: str
    ssccs: list[str]
    group: int
    message: int
    reissued_by: str | None
    history: list[dict[str, Json]]
    answers: list[dict[str, Json]]


class Preview(Answer):
    document: str
    action: str
    allowed: bool
    reason: str
    effect: str
    state: str
    becomes: str | None
    control: int
    same_numbers: bool
    tries: int


class Offered(Answer):
    """Its bytes are at /api/documents/{document}/raw."""

    document: str
    type: str
    control: int
    po: str
    number: str
    filename: str
    size_bytes: int
    written_at: Time


class Collected(Answer):
    document: str
    collected: bool


@router.get("/sent-documents", summary="Sent documents")
async def list_(
    caller: Annotated[Caller, allow(Action.READ)],
    state: Annotated[str | None, Query(max_length=30)] = None,
    partner: Annotated[str | None, Query(max_length=80)] = None,
    order: Annotated[str | None, Query(max_length=40)] = None,
    q: Search = None,
    limit: Limit = 50,
) -> list[SentSummary]:
    """Newest first. `q` finds purchase orders, invoices, shipments, control numbers and SSCCs."""
    async with caller.transaction() as tx:
        found = await store.page(
            tx, caller.tenant_id, state=state or None, partner=partner or None, order=order or None, q=q or None,
            limit=limit,
        )  # fmt: skip
    return [SentSummary.model_validate(s) for s in found]


@router.get("/sent-documents/{document}", summary="One sent document")
async def one(document: UUID, caller: Annotated[Caller, allow(Action.READ)]) -> Sent:
    """With each time it was offered, and everything its partner said of it."""
    async with caller.transaction() as tx:
        return _sent(await store.one(tx, caller.tenant_id, document))


@router.get("/sent-documents/{document}/{way}", summary="What sending a document again would do")
async def preview(document: UUID, way: Way, caller: Operator) -> Preview:
    """Changes nothing and takes no number."""
    async with caller.transaction() as tx:
        return Preview.model_validate(await store.preview(tx, caller.tenant_id, document, way.value))


@router.post("/sent-documents/{document}/{way}", summary="Send a document again")
async def again(document: UUID, way: Way, caller: Operator) -> Sent:
    """Retry offers it once more, replay sends the same bytes and numbers, reissue the same content under new ones."""
    async with caller.transaction() as tx:
        now = await business_now(tx)
        if way is Way.REISSUE:
            return _sent(await store.reissue(tx, caller.tenant_id, document, caller.name, now))
        return _sent(await store.again(tx, caller.tenant_id, document, way.value, caller.name, now))


class Settles(BaseModel):
    """One invoice of theirs; amounts as text. deducted: held back beside the discount, for the reason (X12 426)."""

    model_config = ConfigDict(extra="forbid")

    invoice: str = Field(min_length=1, max_length=80)
    amount: Money
    discount: Money | None = None
    deducted: Money = "0"
    reason: str = Field(default="", max_length=3)


class Pays(BaseModel):
    """number: of the transfer or check. method: X12 591."""

    model_config = ConfigDict(extra="forbid")

    number: str = Field(min_length=1, max_length=50)
    paid_on: date
    invoices: list[Settles] = Field(min_length=1, max_length=5000)
    currency: str = Field(default="", max_length=3)
    method: str = Field(default="ACH", min_length=3, max_length=3)


class Advice(Answer):
    """document null: a preview, which changed nothing. orders: of ours, that the invoices bill. text: its segments."""

    document: str | None
    partner: str
    type: str
    number: str
    amount: Money
    currency: str
    orders: list[str]
    text: str


@router.post("/partners/{partner}/remittances", summary="Tell a supplier what we pay")
async def remit(partner: str, body: Pays, caller: Operator, dry_run: bool = False) -> Advice:
    """An 820 by map, in the chain of each order that the invoices bill; the same number again changes nothing."""
    async with caller.transaction() as tx:
        payment, now = payments.read(body.model_dump()), await business_now(tx)
        shown = await payments.preview(tx, caller.tenant_id, partner, payment, now)
        sent = None
        if not dry_run:
            key = payments.key_of(partner, payment)
            sent = await payments.send(tx, caller.tenant_id, partner, payment, now, key=key, by=caller.name)
        return Advice.model_validate({**shown, "document": str(sent.document_id) if sent is not None else None})


@router.get("/partner/outbox", summary="What a partner may collect")
async def offered(caller: Anyone) -> list[Offered]:
    """Oldest first, and again until it is said to be collected. A partner sees its own."""
    async with caller.transaction() as tx:
        rows = await outbox.waiting(tx, caller.tenant_id, await profile_of(tx, caller))
    return [
        Offered(
            document=str(r["document_id"]), type=r["type"], control=r["interchange"], po=r["po"], number=r["number"],
            filename=r["filename"], size_bytes=r["size_bytes"], written_at=r["written_at"],
        )
        for r in rows
    ]  # fmt: skip


@router.post("/partner/outbox/{document}/collected", summary="A document was collected")
async def collected(document: UUID, caller: Annotated[Caller, allow(Action.INTAKE, partners=True)]) -> Collected:
    """Said once its bytes are kept over there; saying it twice changes nothing."""
    async with caller.transaction() as tx:
        mine, now = await profile_of(tx, caller), await business_now(tx)
        await outbox.collected(tx, caller.tenant_id, document, "http", now, partner_id=mine)
    return Collected(document=str(document), collected=True)


def _sent(found: dict[str, Any]) -> Sent:
    return Sent.model_validate(found)
