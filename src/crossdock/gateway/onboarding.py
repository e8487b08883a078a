"""How a partner comes in: an invitation, its own account, its checklist, production."""

from datetime import timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from crossdock.errors import Conflict, Refused
from crossdock.events.inbox import business_now
from crossdock.gateway import identity
from crossdock.gateway.access import HEADER, Anyone, Caller, Reader, allow
from crossdock.gateway.documents import profile_of
from crossdock.gateway.models import Answer, Time
from crossdock.gateway.sending import SentSummary
from crossdock.gateway.services import Running, running
from crossdock.partners.agreements import certification, invitations, mailing
from crossdock.partners.agreements.certification import Progress
from crossdock.partners.agreements.mailing import Mailed
from crossdock.policy import Action, Role

router = APIRouter(prefix="/api", tags=["partners"])
Manager = Annotated[Caller, allow(Action.PARTNER_MANAGE)]
TAKEN = "This name cannot be used; choose another, such as your mail address."


class Invite(BaseModel):
    email: str = Field("", max_length=254, description="To whom it goes; empty: to the partner's contact")
    days: int = Field(7, ge=1, le=30)
    language: Literal["en", "de", "sv"] = "en"
    send: bool = Field(False, description="Mail the link; false: it is only shown, and sent by whoever asked")


class Invited(Answer):
    """link: shown this once; the token stands behind #, where no log keeps it. mail_error: why no mail left."""

    id: str
    link: str
    token: str
    expires_at: Time
    mailed_to: str
    mail_error: str


class InvitationOut(Answer):
    id: str
    email: str
    invited_by: str
    invited_at: Time
    expires_at: Time
    used_at: Time | None
    used_by: str | None
    mailed_at: Time | None
    mail_error: str
    state: str = Field(description="open, used, withdrawn or expired")


class Token(BaseModel):
    token: str = Field(max_length=200)


class Account(Token):
    user: str = Field(pattern=r"^[a-z0-9][a-z0-9._@+-]{1,79}$", description="Such as a mail address, in small letters")
    name: str = Field(min_length=1, max_length=120)
    password: str = Field(min_length=12, max_length=1000)


class Welcome(Answer):
    """What a link is for, before it is used."""

    tenant: str
    tenant_name: str
    partner: str
    partner_name: str
    email: str
    expires_at: Time


class Joined(Answer):
    user: str
    tenant: str


class ChecklistItem(Answer):
    """hint: what to do next; empty once it is green."""

    key: str
    title: str
    needed: int
    done: int
    green: bool
    hint: str


class AcknowledgementOut(Answer):
    document: str
    type: str
    text: str


class TestDocument(Answer):
    """errors: in words. counts: taken without an error. acknowledgements: what it was answered with."""

    document: str
    type: str
    version: str
    filename: str
    po: str | None
    received_at: Time
    status: str
    counts: bool
    errors: list[str]
    acknowledgements: list[AcknowledgementOut]


class Certification(Answer):
    """state: testing, ready (all is green, and one of us has to approve) or live."""

    partner: str
    partner_name: str
    state: str
    go_live: str
    green: bool
    started_at: Time
    ready_at: Time | None
    live_at: Time | None
    approved_by: str | None
    items: list[ChecklistItem]
    documents: list[TestDocument]


class Sample(BaseModel):
    document: UUID = Field(description="A test order that was taken")


# ── ours ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@router.post("/partners/{partner}/invitations", status_code=201, summary="Invite a partner")
async def invite(partner: str, wanted: Invite, caller: Manager) -> Invited:
    """A link for one use, mailed to the partner where that is wanted. An earlier one of this partner ends; a partner in
    test begins its certification."""
    services = caller.running.services
    made = await mailing.invite(
        services.db, caller.tenant_id, partner, caller.name, services.mailer, services.settings.address,
        email=wanted.email, lasts=timedelta(days=wanted.days), language=wanted.language, send=wanted.send,
    )  # fmt: skip
    return _made(made, services.settings.public_url or "")


@router.post("/partners/{partner}/invitations/{invitation}/resend", status_code=201, summary="Mail a new link")
async def resend(partner: str, invitation: UUID, caller: Manager) -> Invited:
    """To the same address; the link before ends. A conflict when it was used."""
    services = caller.running.services
    made = await mailing.again(
        services.db, caller.tenant_id, partner, invitation, caller.name, services.mailer, services.settings.address
    )
    return _made(made, services.settings.public_url or "")


def _made(made: Mailed, base: str) -> Invited:
    new = made.invited
    return Invited(
        id=str(new.invitation_id), link=mailing.link(base, new), token=new.token, expires_at=new.expires_at,
        mailed_to=made.to, mail_error=made.error,
    )  # fmt: skip


@router.get("/partners/{partner}/invitations", summary="Invitations of a partner")
async def invited(partner: str, caller: Reader) -> list[InvitationOut]:
    """The newest first, without their links."""
    async with caller.transaction() as tx:
        now = await business_now(tx)
        found = await invitations.every(tx, caller.tenant_id, partner, now)
    return [InvitationOut.model_validate({**i, "id": str(i["invitation_id"])}) for i in found]


@router.delete("/partners/{partner}/invitations/{invitation}", status_code=204, summary="Withdraw an invitation")
async def withdraw(partner: str, invitation: UUID, caller: Manager) -> None:
    async with caller.transaction() as tx:
        now = await business_now(tx)
        await invitations.withdraw(tx, caller.tenant_id, partner, invitation, caller.name, now)


@router.get("/partners/{partner}/certification", summary="How far a partner is")
async def of_partner(partner: str, caller: Reader) -> Certification:
    """Its checklist, and its latest test documents with their errors."""
    async with caller.transaction() as tx:
        return _shown(await certification.progress(tx, caller.tenant_id, partner))


@router.post("/partners/{partner}/certification/approve", summary="Let a partner go live")
async def approve(partner: str, caller: Manager) -> Certification:
    """A conflict, with what is missing, while its checklist is not green."""
    async with caller.transaction() as tx:
        await certification.approve(tx, caller.tenant_id, partner, caller.name, await business_now(tx))
        return _shown(await certification.progress(tx, caller.tenant_id, partner))


# ── the partner's own ───────────────────────────────────────────────────────────────────────────────────────────────


@router.get("/partner/certification", summary="A partner's own checklist")
async def mine(caller: Anyone) -> Certification | None:
    """Null for one of us, who stands for no partner."""
    async with caller.transaction() as tx:
        own = await profile_of(tx, caller)
        return None if own is None else _shown(await certification.progress(tx, caller.tenant_id, own, own=True))


@router.post("/partner/certification/samples", summary="Get samples of our documents")
async def samples(wanted: Sample, caller: Annotated[Caller, allow(Action.INTAKE, partners=True)]) -> list[SentSummary]:
    """Answers one's test order with a test of each document that was agreed upon; they are in the outbox."""
    async with caller.transaction() as tx:
        own = await profile_of(tx, caller)
        if own is None:
            raise Refused("Samples are for partners.")
        now = await business_now(tx)
        found = await certification.samples(tx, caller.tenant_id, own, wanted.document, now)
    return [SentSummary.model_validate(s) for s in found]


# ── who holds a link ────────────────────────────────────────────────────────────────────────────────────────────────


def _knocks(request: Request, state: Annotated[Running, Depends(running)]) -> Running:
    """As at sign-in: no other site's form, and not for ever."""
    if request.headers.get(HEADER) != "1":
        raise Refused(f"An invitation needs the header {HEADER}: 1.")
    state.attempts.take(request.client.host if request.client else "")
    return state


Knocking = Annotated[Running, Depends(_knocks)]


@router.post("/invitation/look", summary="What an invitation is for")
async def look(given: Token, state: Knocking) -> Welcome:
    """Does not use it up."""
    async with state.services.db.transaction(invitations.tenant_of(given.token)) as tx:
        found = await invitations.read(tx, given.token, await business_now(tx))
    return Welcome(
        tenant=found.tenant_id, tenant_name=found.tenant_name, partner=found.partner.id,
        partner_name=found.partner.name, email=found.email, expires_at=found.expires_at,
    )  # fmt: skip


@router.post("/invitation/accept", status_code=201, summary="Set up an account by an invitation")
async def accept(given: Account, state: Knocking) -> Joined:
    """The account sees what is the partner's own, and nothing else. The link is used up."""
    db, tenant_id = state.services.db, invitations.tenant_of(given.token)
    async with db.transaction(tenant_id) as tx:  # before a hash is made for whoever knocks
        await invitations.read(tx, given.token, await business_now(tx))
    stored = await identity.hashed_aside(given.password)
    async with db.transaction(tenant_id) as tx:
        found = await invitations.redeem(tx, given.token, given.user, await business_now(tx))
        roles: dict[str, Any] = {tenant_id: (Role.PARTNER.value, None)}
        # a name that somebody has already would give that person this role: rolled back, the link stays good
        if await tx.fetchrow(identity.SQL["user"], given.user) is not None:
            raise Conflict(TAKEN)
        if not await identity.keep_user(tx, given.user, given.name, stored, roles, found.account):
            raise Conflict(TAKEN)
    return Joined(user=given.user, tenant=tenant_id)


def _shown(found: Progress) -> Certification:
    return Certification(
        partner=found.partner.id, partner_name=found.partner.name, state=found.state.value,
        go_live=found.partner.go_live.value, green=bool(found.items) and all(i.green for i in found.items),
        started_at=found.started_at, ready_at=found.ready_at, live_at=found.live_at, approved_by=found.approved_by,
        items=[ChecklistItem.model_validate(i) for i in found.items],
        documents=[TestDocument.model_validate(d) for d in found.documents],
    )  # fmt: skip
