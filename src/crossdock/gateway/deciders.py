"""Who decides approvals: the table that says who is asked, people who stand in for others, addresses for mail."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, Field

from crossdock import exactjson
from crossdock.cases import asking, decisiontables, delegations, letters
from crossdock.errors import Refused
from crossdock.events.inbox import business_now
from crossdock.gateway.access import Caller, Reader, allow
from crossdock.gateway.models import Answer, Json, Money, Page, Time
from crossdock.policy import Action, Role

router = APIRouter(prefix="/api", tags=["approvals"])
Manager = Annotated[Caller, allow(Action.REFERENCE_MANAGE)]
Themselves = Annotated[Caller, allow(Action.READ)]


class Decider(Answer):
    """Somebody who may be asked. takers: who stands in for them now."""

    name: str
    display_name: str
    role: str
    limit: Money | None
    takers: list[str]


class StandIn(BaseModel):
    """giver: whoever is away; nobody named: the caller. limit: up to which amount; kinds: of which, none: all."""

    giver: str = Field(default="", max_length=80)
    taker: str = Field(min_length=1, max_length=80)
    from_at: AwareDatetime | None = Field(default=None, description="Now, where nothing is said")
    until_at: AwareDatetime
    limit: Decimal | None = None
    kinds: list[Annotated[str, Field(min_length=1, max_length=60)]] = Field(default_factory=list, max_length=20)
    reason: str = Field(default="", max_length=1000)


class Delegation(Answer):
    """state: coming, active or over."""

    id: str
    giver: str
    taker: str
    from_at: Time
    until_at: Time
    limit: Money | None
    kinds: list[str]
    reason: str
    made_by: str
    made_at: Time
    ended_at: Time | None
    ended_by: str | None
    state: str


class Table(Answer):
    """version 0: the table that comes with Crossdock."""

    version: int
    document: Json
    note: str
    put_by: str
    put_at: Time | None


class PutTable(BaseModel):
    document: dict[str, Any]
    note: str = Field(default="", max_length=2000)


class About(BaseModel):
    """What an approval would be about. document: a table to try; none: the one in force."""

    kind: str = Field(min_length=1, max_length=100)
    role: str = Field(default="approver", max_length=40)
    amount: Decimal | None = None
    currency: str = Field(default="", max_length=3)
    percent: Decimal | None = None
    data: Any = None
    document: dict[str, Any] | None = None


class Step(Answer):
    role: str
    people: list[str]
    need: int


class Asked(Answer):
    """Who would be asked, and when what would happen if nobody decided."""

    steps: list[Step]
    order: str
    due_at: Time | None
    remind_at: Time | None
    escalate_at: Time | None
    escalate_to: str
    expires_at: Time | None
    tolerance: Money
    mail: str
    table: str


class Address(Answer):
    person: str
    email: str
    wanted: bool
    put_by: str
    put_at: Time


class PutAddress(BaseModel):
    email: str = Field(min_length=3, max_length=254)
    wanted: bool = True


# ── standing in ─────────────────────────────────────────────────────────────────────────────────────────────────


@router.get("/approvers", summary="Who may be asked to approve")
async def people(caller: Reader) -> list[Decider]:
    """With their limits, and with who stands in for them now."""
    async with caller.transaction() as tx:
        found = await delegations.people(tx, caller.tenant_id, await business_now(tx))
    return [
        Decider(name=p.name, display_name=p.display_name, role=p.role.value, takers=list(p.takers),
                limit=None if p.limit is None else str(p.limit))
        for p in found
    ]  # fmt: skip


@router.get("/delegations", summary="Who stands in for whom")
async def list_(caller: Reader) -> Page[Delegation]:
    async with caller.transaction() as tx:
        now = await business_now(tx)
        found = await delegations.every(tx, caller.tenant_id, now)
    return Page[Delegation](items=[_shown(d, now) for d in found], total=len(found))


@router.post("/delegations", status_code=201, summary="Name somebody to stand in")
async def make(given: StandIn, caller: Themselves) -> Delegation:
    """For oneself; an administrator for anybody."""
    async with caller.transaction() as tx:
        now = await business_now(tx)
        made = await delegations.make(
            tx, caller.tenant_id, given.giver or caller.name, given.taker, given.from_at or now, given.until_at,
            caller.who, now, limit=given.limit, kinds=given.kinds, reason=given.reason,
        )  # fmt: skip
    return _shown(made, now)


@router.post("/delegations/{delegation}/end", status_code=204, summary="End it before its time")
async def end(delegation: UUID, caller: Themselves) -> None:
    async with caller.transaction() as tx:
        await delegations.end(tx, caller.tenant_id, delegation, caller.who, await business_now(tx))


def _shown(found: delegations.Delegation, now: datetime) -> Delegation:
    return Delegation.model_validate(found.view(now))


# ── the table ───────────────────────────────────────────────────────────────────────────────────────────────────


@router.get("/approval-table", summary="The table that says who is asked")
async def table(caller: Reader) -> Table:
    async with caller.transaction() as tx:
        return Table.model_validate(await asking.current(tx, caller.tenant_id))


@router.put("/approval-table", summary="Put a table of one's own")
async def put_table(given: PutTable, caller: Manager) -> Table:
    """Every cell is compiled first. What is asked already stays as it was asked."""
    async with caller.transaction() as tx:
        now = await business_now(tx)
        document = exactjson.plain(given.document)
        await decisiontables.adopt(tx, caller.tenant_id, asking.TABLE, document, given.note, caller.name, now)
        await asking.put(tx, caller.tenant_id, document, given.note, caller.name, now)
        return Table.model_validate(await asking.current(tx, caller.tenant_id))


@router.post("/approval-table/preview", summary="Who would be asked")
async def preview(given: About, caller: Reader) -> Asked:
    """Asks nobody."""
    about = given.model_dump(exclude={"document"})
    async with caller.transaction() as tx:
        now = await business_now(tx)
        found = await asking.preview(tx, caller.tenant_id, given.document, about, now)
    return Asked(
        steps=[Step.model_validate(s.plain()) for s in found.steps], order=found.order.value, due_at=found.due_at,
        remind_at=found.remind_at, escalate_at=found.escalate_at, escalate_to=found.escalate_to,
        expires_at=found.expires_at, tolerance=str(found.tolerance), mail=found.mail, table=found.table,
    )  # fmt: skip


# ── mail ────────────────────────────────────────────────────────────────────────────────────────────────────────


@router.get("/approval-addresses", summary="Where approvals are mailed to")
async def addresses(caller: Themselves) -> list[Address]:
    """One's own; an administrator sees all."""
    async with caller.transaction() as tx:
        found = await letters.addresses(tx, caller.tenant_id)
    return [
        Address.model_validate(a) for a in found if caller.who.role is Role.ADMIN or a.person == caller.name
    ]  # fmt: skip


@router.put("/approval-addresses/{person}", summary="Say where somebody is mailed to")
async def put_address(person: str, given: PutAddress, caller: Themselves) -> Address:
    """One's own; an administrator's for anybody."""
    if person != caller.name and caller.who.role is not Role.ADMIN:
        raise Refused("Only the person themselves, or an administrator, changes it.")
    async with caller.transaction() as tx:
        now = await business_now(tx)
        return Address.model_validate(
            await letters.put_address(tx, caller.tenant_id, person, given.email, given.wanted, caller.name, now)
        )
