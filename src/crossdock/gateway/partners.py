"""Trading partners and what is agreed with them: their files by version, certificates, channels."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, Field

from crossdock.events.inbox import business_now
from crossdock.gateway.access import Caller, Reader, allow
from crossdock.gateway.models import Answer, Json, Limit, Page, Time
from crossdock.partners import profiles
from crossdock.partners.agreements import expectations, store
from crossdock.partners.agreements.store import Stored
from crossdock.partners.agreements.terms import Day, Direction
from crossdock.policy import Action

router = APIRouter(prefix="/api", tags=["partners"])
Manager = Annotated[Caller, allow(Action.PARTNER_MANAGE)]
Base = Annotated[int | None, Query(ge=0, description="The version that was changed; another current one is a conflict")]
Note = Annotated[str, Query(max_length=500, description="Why it is changed")]


class PartnerSummary(Answer):
    """version 0: nobody has put its file yet (adopted from a document, or from before). agreements: each in words."""

    id: str
    name: str
    customer_id: str
    mode: str
    version: int
    agreements: list[str]
    last_document_at: Time | None


class CertificateOut(Answer):
    fingerprint: str
    subject: str
    valid_from: Time
    not_after: Time
    expired: bool


class TransportOut(Answer):
    channel_id: str
    kind: str
    direction: str
    enabled: bool
    last_success_at: Time | None
    last_failure: str


class PartnerDetail(Answer):
    """file: profile and agreements as they are put (docs/partners.md). agreements: each in words, in its order."""

    id: str
    name: str
    customer_id: str
    mode: str
    version: int
    note: str
    put_by: str
    put_at: Time | None
    agreements: list[str]
    file: Json
    certificates: list[CertificateOut]
    transports: list[TransportOut]


class VersionOut(Answer):
    version: int
    note: str
    put_by: str
    put_at: Time


class Kept(Answer):
    """changed false: the file was current already."""

    id: str
    version: int
    changed: bool


class Habit(Answer):
    """kind: of the answer (response, despatch, …); cause: what it answers. Hours are open hours of the calendar."""

    kind: str
    cause: str
    sample: int
    needed: int
    quantile: float | None = None
    median_hours: float | None = None
    quantile_hours: float | None = None
    window_hours: float | None = None


class Expectation(Answer):
    """An answer that is owed by them or by us. basis: contract or learned, with the evidence; due_at null: unknown."""

    id: str
    partner_id: str
    owed_by: str
    document: str
    subject: str
    order_no: str
    cause: str
    cause_id: str | None
    opened_at: Time
    due_at: Time | None
    basis: Json
    state: str
    late: bool
    by_id: str | None
    closed_at: Time | None
    note: str
    case_id: str | None


class Because(BaseModel):
    reason: str = Field(max_length=500)


class Watched(BaseModel):
    """subject: the number by which its answers name it, such as our purchase order."""

    document: str = Field(max_length=40, examples=["850"])
    subject: str = Field(min_length=1, max_length=80)
    order: str = Field("", max_length=40)
    dates: dict[Day, date] = Field(default_factory=dict[Day, date])


class Opened(Answer):
    expected: int


@router.get("/partners", summary="Trading partners")
async def list_(caller: Reader) -> Page[PartnerSummary]:
    async with caller.transaction() as tx:
        found = await store.every(tx, caller.tenant_id)
    items = [PartnerSummary(**_summary(s), last_document_at=last) for s, last in found]
    return Page[PartnerSummary](items=items, total=len(items))


@router.get("/partners/{partner}", summary="One trading partner")
async def one(
    partner: str, caller: Reader, version: Annotated[int | None, Query(ge=1, description="Of its file")] = None
) -> PartnerDetail:
    """Its file with everything that was agreed, its certificates with their ends, its channels."""
    async with caller.transaction() as tx:
        stored = await store.get(tx, caller.tenant_id, partner, version)
        around = await store.around(tx, caller.tenant_id, partner)
    now = caller.clock.now()
    return PartnerDetail(
        **_summary(stored), note=stored.note, put_by=stored.put_by, put_at=stored.put_at,
        file=profiles.plain(stored.profile),
        certificates=[CertificateOut(**c, expired=c["not_after"] <= now) for c in around["certificates"]],
        transports=[TransportOut(**t) for t in around["transports"]],
    )  # fmt: skip


@router.get("/partners/{partner}/file", summary="A partner's file as YAML", response_class=PlainTextResponse)
async def file(partner: str, caller: Reader) -> PlainTextResponse:
    """As `crossdock partner show` writes it; `crossdock partner put` takes it back."""
    async with caller.transaction() as tx:
        stored = await store.get(tx, caller.tenant_id, partner)
    return PlainTextResponse(store.exported(stored.profile), media_type="application/yaml")


@router.get("/partners/{partner}/versions", summary="Versions of a partner's file")
async def versions(partner: str, caller: Reader) -> list[VersionOut]:
    """The newest first."""
    async with caller.transaction() as tx:
        await store.get(tx, caller.tenant_id, partner)
        return [VersionOut.model_validate(v) for v in await store.versions(tx, caller.tenant_id, partner)]


@router.put("/partners/{partner}", summary="Put a partner's file")
async def put(partner: str, document: dict[str, Any], caller: Manager, base: Base = None, note: Note = "") -> Kept:
    """Profile and agreements as one document; everything that is wrong with it is named at once."""
    async with caller.transaction() as tx:
        now = await business_now(tx)
        stored, new = await store.put(
            tx, caller.tenant_id, {**document, "id": partner}, caller.name, now, note=note, base=base
        )
    return _kept(stored, new)


@router.put("/partners/{partner}/agreements", summary="Put one agreement")
async def put_agreement(partner: str, document: dict[str, Any], caller: Manager, note: Note = "") -> Kept:
    """Adds it, or replaces the one of its document, direction and version."""
    async with caller.transaction() as tx:
        now = await business_now(tx)
        stored, new = await store.put_agreement(tx, caller.tenant_id, partner, document, caller.name, now, note=note)
    return _kept(stored, new)


@router.delete("/partners/{partner}/agreements/{document}/{direction}", summary="Take an agreement out")
async def drop_agreement(
    partner: str, document: str, direction: Direction, caller: Manager,
    version: Annotated[str, Query(max_length=20)] = "",
) -> Kept:  # fmt: skip
    async with caller.transaction() as tx:
        now = await business_now(tx)
        key = (document, direction.value, version)
        stored = await store.drop_agreement(tx, caller.tenant_id, partner, key, caller.name, now)
    return _kept(stored, True)


@router.get("/partners/{partner}/habits", summary="How long a partner takes")
async def habits(partner: str, caller: Reader) -> list[Habit]:
    """What its windows are learned from, in open hours; without a window while too little was seen."""
    async with caller.transaction() as tx:
        return [Habit.model_validate(h) for h in await expectations.habits(tx, caller.tenant_id, partner)]


@router.get("/expectations", summary="Answers that are owed")
async def awaited(
    caller: Reader,
    state: Annotated[str | None, Query(max_length=20)] = None,
    partner: Annotated[str | None, Query(max_length=80)] = None,
    order: Annotated[str | None, Query(max_length=40)] = None,
    subject: Annotated[str | None, Query(max_length=80)] = None,
    limit: Limit = 50,
) -> list[Expectation]:
    """Newest first: what partners owe us and we them, and the acknowledgements of what we sent."""
    async with caller.transaction() as tx:
        found = await expectations.page(
            tx, caller.tenant_id, state=state or None, partner=partner or None, order=order or None,
            subject=subject or None, limit=limit,
        )  # fmt: skip
    return [Expectation.model_validate(e) for e in found]


@router.get("/expectations/{expectation}", summary="One answer that is owed")
async def expectation(expectation: UUID, caller: Reader) -> Expectation:
    async with caller.transaction() as tx:
        return Expectation.model_validate(await expectations.one(tx, caller.tenant_id, expectation))


@router.post("/expectations/{expectation}/cancel", summary="Await an answer no longer")
async def cancel(
    expectation: UUID, because: Because, caller: Annotated[Caller, allow(Action.CASE_WORK)]
) -> Expectation:
    """Its case, if it has one, closes itself."""
    async with caller.transaction() as tx:
        now = await business_now(tx)
        done = await expectations.cancel(tx, caller.tenant_id, expectation, because.reason, caller.name, now)
    return Expectation.model_validate(done)


@router.post("/partners/{partner}/watch", summary="Await the answers to a document sent by other means")
async def watch(partner: str, what: Watched, caller: Annotated[Caller, allow(Action.CASE_WORK)]) -> Opened:
    """As agreed about that document; a repeated call opens nothing twice."""
    async with caller.transaction() as tx:
        await store.get(tx, caller.tenant_id, partner)
        cause = expectations.Cause(
            partner_id=partner, document=what.document, direction=Direction.OUT, subject=what.subject,
            order_no=what.order, dates=what.dates,
        )  # fmt: skip
        opened = await expectations.open(tx, caller.tenant_id, cause, await business_now(tx))
    return Opened(expected=opened)


@router.post("/partners/check", summary="Judge a partner's file")
async def check(document: dict[str, Any], caller: Manager) -> list[str]:
    """Changes nothing; the agreements in words, or a problem with everything that is wrong."""
    return [str(a) for a in profiles.parse(document, "partner").agreements]


def _summary(stored: Stored) -> dict[str, Any]:
    p = stored.profile
    return {
        "id": p.id, "name": p.name, "customer_id": p.customer_id, "mode": p.mode.value, "version": stored.version,
        "agreements": [str(a) for a in p.agreements],
    }  # fmt: skip


def _kept(stored: Stored, new: bool) -> Kept:
    return Kept(id=stored.profile.id, version=stored.version, changed=new)
