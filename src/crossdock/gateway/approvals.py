"""Approvals: what is asked for, votes that bind to the hash of exactly what was shown, many at once, links of mails."""

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field

from crossdock.cases import approvals, delegations, letters
from crossdock.cases.approvers import Mandate, mandate
from crossdock.cases.delegations import Delegation
from crossdock.db import Tx
from crossdock.errors import Conflict, NotFound, Refused
from crossdock.events.inbox import business_now
from crossdock.gateway.access import HEADER, Caller, Reader, allow, authenticated
from crossdock.gateway.models import Answer, Cursor, Json, Limit, Money, Page, Search, Time
from crossdock.gateway.problems import Unauthenticated
from crossdock.gateway.services import Running, running
from crossdock.gateway.work import Approval
from crossdock.policy import Action, Role

router = APIRouter(prefix="/api", tags=["approvals"])
AT_ONCE = 200
Decider = Annotated[Caller, allow(Action.APPROVAL_DECIDE, by_thing=True)]


class Which(StrEnum):
    PENDING = "pending"
    DECIDED = "decided"


class Decide(BaseModel):
    """hash: of what was shown; another one is refused, because then something else was shown."""

    outcome: Literal["approved", "rejected"]
    note: str = Field(default="", max_length=4000)
    hash: str = Field(min_length=1, max_length=128)


class Chosen(BaseModel):
    id: UUID
    hash: str = Field(min_length=1, max_length=128)


class Many(BaseModel):
    """What is decided together; each item with the hash of what was shown."""

    outcome: Literal["approved", "rejected"]
    note: str = Field(default="", max_length=4000)
    items: list[Chosen] = Field(min_length=1, max_length=AT_ONCE)


class Judged(Answer):
    """One of many. why_not: why it is not decided. status: what it is, afterwards."""

    id: str
    number: str | None
    title: str | None
    amount: Money | None
    currency: str | None
    status: str | None
    acts_for: str | None
    why_not: str | None


class Total(Answer):
    currency: str
    amount: Money
    count: int


class ManyJudged(Answer):
    """sums: of what can be (or was) decided, by currency. refused: how many cannot."""

    items: list[Judged]
    sums: list[Total]
    refused: int


class Letter(Answer):
    person: str
    what: str
    state: str
    sent_at: Time | None
    error: str


class Token(BaseModel):
    token: str = Field(min_length=1, max_length=300)


class LinkDecision(Token):
    outcome: Literal["approved", "rejected"]
    note: str = Field(default="", max_length=4000)
    hash: str = Field(min_length=1, max_length=128)


class Linked(Answer):
    """What a link of a mail is good for. sign_in: only after its person has signed in."""

    tenant: str
    tenant_name: str
    person: str
    sign_in: bool
    expires_at: Time
    approval: Approval
    mails: Json = None


# ── looking ─────────────────────────────────────────────────────────────────────────────────────────────────────


@router.get("/approvals", summary="Approvals")
async def list_(
    caller: Reader, status: Which | None = None,
    mine: Annotated[bool, Query(description="Only what asks for a role of the caller")] = False,
    order: Annotated[str | None, Query(max_length=40)] = None,
    q: Search = None, limit: Limit = 50, cursor: Cursor = None,
) -> Page[Approval]:  # fmt: skip
    """Pending ones: what is overdue first, then by when they are due. Others: the newest first.

    `can_decide`, `acts_for` and `why_not` are the caller's own.
    """
    async with caller.transaction() as tx:
        now = await business_now(tx)
        held = await delegations.held(tx, caller.tenant_id, caller.name, now)
        roles = {caller.who.role.value, *(d.giver_role or "" for d in held)}
        page = await approvals.find(
            tx, caller.tenant_id, status=status, role=sorted(roles) if mine and Role.ADMIN not in roles else None,
            order=order or None, q=q or None, limit=limit, cursor=cursor,
        )  # fmt: skip
    return Page[Approval](
        items=[Approval.model_validate(a.view(caller.who, held, now)) for a in page.items],
        next=page.next, total=page.total,
    )  # fmt: skip


@router.get("/approvals/{approval}", summary="One approval")
async def one(approval: UUID, caller: Reader) -> Approval:
    async with caller.transaction() as tx:
        return await _shown(tx, caller, await approvals.get(tx, caller.tenant_id, approval))


@router.get("/approvals/{approval}/letters", summary="Whom it was mailed to")
async def mailed(approval: UUID, caller: Reader) -> list[Letter]:
    async with caller.transaction() as tx:
        await approvals.get(tx, caller.tenant_id, approval)
        return [Letter.model_validate(m) for m in await letters.of_approval(tx, caller.tenant_id, approval)]


# ── deciding ────────────────────────────────────────────────────────────────────────────────────────────────────


@router.post("/approvals/{approval}/decide", summary="Approve or reject")
async def decide(approval: UUID, given: Decide, caller: Decider) -> Approval:
    """409 when it was decided already, or is not what was shown. Where several are asked it is one person's vote."""
    async with caller.transaction() as tx:
        return await _shown(tx, caller, await _decide(tx, caller, approval, given.outcome, given.hash, given.note))


@router.post("/approvals/preview", summary="What deciding many would do")
async def preview(given: Many, caller: Decider) -> ManyJudged:
    """Decides nothing: the sum, and what is refused with its reason."""
    async with caller.transaction() as tx:
        now = await business_now(tx)
        held = await delegations.held(tx, caller.tenant_id, caller.name, now)
        found = await approvals.some(tx, caller.tenant_id, [c.id for c in given.items])
    return _together([_judge(c, found.get(c.id), caller, held) for c in given.items])


@router.post("/approvals/decide", summary="Approve or reject many")
async def decide_many(given: Many, caller: Decider) -> ManyJudged:
    """Each by itself, in a transaction of its own with its own record: what is refused leaves the others decided."""
    done: list[Judged] = []
    for chosen in given.items:
        try:
            async with caller.transaction() as tx:
                decided = await _decide(tx, caller, chosen.id, given.outcome, chosen.hash, given.note)
            done.append(_item(decided, None, decided.votes[-1].right if decided.votes else caller.name, caller.name))
        except (Conflict, NotFound, Refused) as e:
            async with caller.transaction() as tx:
                found = await approvals.some(tx, caller.tenant_id, [chosen.id])
            done.append(_item(found.get(chosen.id), str(e), caller.name, caller.name, chosen.id))
    return _together(done)


async def _decide(tx: Tx, caller: Caller, approval: UUID, outcome: str, hash: str, note: str) -> approvals.Approval:
    now = await business_now(tx)
    held = await delegations.held(tx, caller.tenant_id, caller.name, now)
    return await approvals.decide(
        tx, caller.tenant_id, approval, caller.who, outcome, now, hash=hash, note=note, held=held,
        way="api" if caller.principal.kind == "key" else "page",
    )  # fmt: skip


async def _shown(tx: Tx, caller: Caller, found: approvals.Approval) -> Approval:
    now = await business_now(tx)
    held = await delegations.held(tx, caller.tenant_id, caller.name, now)
    return Approval.model_validate(found.view(caller.who, held, now))


def _judge(chosen: Chosen, found: approvals.Approval | None, caller: Caller, held: Sequence[Delegation]) -> Judged:
    if found is None:
        return _item(None, "No such approval", caller.name, caller.name, chosen.id)
    if found.hash != chosen.hash:
        return _item(found, "It is not what you saw", caller.name, caller.name)
    match mandate(found, caller.who, held):
        case Mandate(_, right):
            return _item(found, None, right, caller.name)
        case why:
            return _item(found, why, caller.name, caller.name)


def _item(
    found: approvals.Approval | None, why_not: str | None, right: str, voter: str, ident: UUID | None = None
) -> Judged:
    return Judged(
        id=str(found.approval_id if found else ident), number=found and found.number, title=found and found.title,
        amount=None if found is None or found.amount is None else str(found.amount),
        currency=found and found.currency, status=found and found.status.value,
        acts_for=right if right != voter else None, why_not=why_not,
    )  # fmt: skip


def _together(items: list[Judged]) -> ManyJudged:
    sums: dict[str, tuple[Decimal, int]] = {}
    for item in items:
        if item.why_not is None:
            amount, count = sums.get(item.currency or "", (Decimal(0), 0))
            sums[item.currency or ""] = (amount + Decimal(item.amount or 0), count + 1)
    return ManyJudged(
        items=items, refused=sum(1 for i in items if i.why_not is not None),
        sums=[Total(currency=c, amount=str(a), count=n) for c, (a, n) in sorted(sums.items())],
    )  # fmt: skip


# ── who holds a link of a mail ──────────────────────────────────────────────────────────────────────────────────


def _knocks(request: Request, state: Annotated[Running, Depends(running)]) -> Running:
    """As at sign-in: no other site's form, and not for ever."""
    if request.headers.get(HEADER) != "1":
        raise Refused(f"A link needs the header {HEADER}: 1.")
    state.attempts.take(request.client.host if request.client else "")
    return state


Knocking = Annotated[Running, Depends(_knocks)]


@router.post("/approval-link/look", summary="What a link of a mail asks")
async def look(given: Token, state: Knocking) -> Linked:
    """Decides nothing. What is approved is shown only where the link does without signing in."""
    async with state.services.db.transaction(letters.tenant_of(given.token)) as tx:
        now = await business_now(tx)
        link = await letters.look(tx, given.token, now)
        held = await delegations.held(tx, link.tenant_id, link.person, now)
    shown: dict[str, Any] = link.approval.view(link.who, held, now)
    if link.sign_in:
        shown |= {"data": None, "votes": [], "changed": []}
    return Linked(
        tenant=link.tenant_id, tenant_name=link.tenant_name, person=link.person, sign_in=link.sign_in,
        expires_at=link.expires_at, approval=Approval.model_validate(shown),
    )  # fmt: skip


@router.post("/approval-link/decide", summary="Approve or reject by a link of a mail")
async def decide_by_link(given: LinkDecision, request: Request, state: Knocking) -> Approval:
    """Uses the link up. 401 where its person has to sign in first; 403 for somebody else who is signed in."""
    async with state.services.db.transaction(letters.tenant_of(given.token)) as tx:
        now = await business_now(tx)
        link = await letters.take(tx, given.token, now)
        if link.sign_in:
            caller = await authenticated(request)  # raises Unauthenticated
            if caller.tenant_id != link.tenant_id:
                raise Unauthenticated(f"This link is of {link.tenant_name}: sign in there.")
            if caller.name != link.person:
                raise Refused("This link was sent to somebody else.")
        held = await delegations.held(tx, link.tenant_id, link.person, now)
        done = await approvals.decide(
            tx, link.tenant_id, link.approval.approval_id, link.who, given.outcome, now, hash=given.hash,
            note=given.note, held=held, way="mail link" if not link.sign_in else "mail link, signed in",
        )  # fmt: skip
        await letters.use(tx, link, given.outcome, now)
    return Approval.model_validate(done.view(link.who, held, now))
