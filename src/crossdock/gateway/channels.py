"""Channels: the ways by which documents come and go, what came and went, and whose certificates hold.

Settings name secrets and never hold one; no route shows or takes a private key.
"""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field

from crossdock.db import Tx
from crossdock.errors import NotFound
from crossdock.gateway.access import Caller, Reader, allow
from crossdock.gateway.models import Answer, Json, Limit, Time
from crossdock.partners.model import MAX_BYTES
from crossdock.partners.transports import certificates, handing, running, store
from crossdock.partners.transports.model import Channel, ChannelTrouble, Direction, Kind
from crossdock.partners.transports.settings import NEEDS_PARTNER, ONE_WAY, described
from crossdock.policy import Action
from crossdock.settings import Settings

router = APIRouter(prefix="/api", tags=["channels"])
Admin = Annotated[Caller, allow(Action.CONNECTION_MANAGE)]
Operator = Annotated[Caller, allow(Action.DOCUMENT_RELEASE)]
State = Literal["sending", "delivered", "failed", "unknown", "refused"]
SERVED = frozenset({Kind.SMTP, Kind.SFTP_LOGIN})
OfChannel = Annotated[str | None, Query(max_length=40)]


class Declared(BaseModel):
    """settings: those of its kind (docs/transports.md). usual false: it sends only what an agreement sends by it."""

    kind: Kind
    direction: Direction = Direction.IN
    partner: str | None = Field(default=None, max_length=80)
    settings: dict[str, Any] = Field(default_factory=dict)
    every_s: int = 30
    max_bytes: int = MAX_BYTES
    usual: bool = True


class ChannelOut(Answer):
    """failures: in a row. case: of its present trouble. waiting: documents that are to leave by it."""

    channel: str
    kind: str
    direction: str
    partner: str | None
    enabled: bool
    usual: bool
    every_s: int
    max_bytes: int
    settings: Json
    failures: int
    last_success_at: Time | None
    last_failure_at: Time | None
    last_failure: str
    case: str | None
    last_arrival_at: Time | None
    waiting: int


class SettingOut(Answer):
    """entered: text, whole, number, flag, choice, list of texts or pairs of them. A key on _secret names a secret."""

    key: str
    entered: str
    required: bool
    default: Json
    choices: list[str]
    least: float | None
    most: float | None


class KindOut(Answer):
    """directions: those it may have. needs_partner: it cannot be of several."""

    kind: str
    directions: list[str]
    needs_partner: bool
    settings: list[SettingOut]


class Tested(Answer):
    channel: str
    works: bool
    found: str


class Arrival(Answer):
    """outcome: stored, quarantined (its sender is not known), or refused with its reason. documents: what was found."""

    channel: str
    outcome: str
    name: str
    sender: str
    size_bytes: int
    reason: str
    stored_at: Time
    documents: list[str]


class Delivery(Answer):
    """One try of sending a document. mic: the digest that its receipt has to name (AS2)."""

    document: str
    channel: str
    partner: str | None
    number: int
    message_id: str
    state: str
    attempts: int
    detail: str
    mic: str
    began_at: Time
    ended_at: Time | None
    type: str
    filename: str


class Resent(Answer):
    document: str
    message_id: str
    channel: str


class Certificate(Answer):
    """partner null: our own, whose private key is the secret named. usable: to send with now."""

    partner: str | None
    fingerprint: str
    subject: str
    key_secret: str | None
    valid_from: Time
    not_after: Time
    withdrawn: bool
    usable: bool


class NewCertificate(BaseModel):
    """pem: the certificate alone. key_secret: for one of ours, the name of its private key in the vault."""

    pem: str = Field(max_length=65_536)
    partner: str = Field(default="", max_length=80)
    key_secret: str = Field(default="", max_length=200)
    valid_from: AwareDatetime | None = None


class Which(BaseModel):
    partner: str = Field(default="", max_length=80)


class Added(Answer):
    fingerprint: str


@router.get("/channels", summary="Channels")
async def list_(caller: Admin) -> list[ChannelOut]:
    """With how they fare."""
    async with caller.transaction() as tx:
        return [await _shown(tx, c) for c in await store.find(tx, caller.tenant_id)]


@router.get("/channel-kinds", summary="Kinds of channels, with their settings")
async def kinds(_: Admin) -> list[KindOut]:
    return [
        KindOut(
            kind=kind.value,
            directions=[ONE_WAY[kind].value] if kind in ONE_WAY else [d.value for d in Direction],
            needs_partner=kind in NEEDS_PARTNER,
            settings=[SettingOut.model_validate(asdict(s)) for s in described(kind)],
        )
        for kind in Kind
    ]


@router.get("/channels/{channel}", summary="One channel")
async def one(channel: str, caller: Admin) -> ChannelOut:
    async with caller.transaction() as tx:
        return await _shown(tx, await store.one(tx, caller.tenant_id, channel))


@router.put("/channels/{channel}", summary="Declare a channel")
async def put(channel: str, given: Declared, caller: Admin) -> ChannelOut:
    """Or replace what was declared under its name."""
    declared = Channel(
        tenant_id=caller.tenant_id, id=channel, kind=given.kind, direction=given.direction, partner=given.partner,
        settings=given.settings, every_s=given.every_s, max_bytes=given.max_bytes, usual=given.usual,
    )  # fmt: skip
    async with caller.transaction() as tx:
        await store.add(tx, declared, caller.name)
        return await _shown(tx, await store.one(tx, caller.tenant_id, channel))


@router.post("/channels/{channel}/enable", summary="Let a channel run")
async def enable(channel: str, caller: Admin) -> ChannelOut:
    return await _switched(channel, True, caller)


@router.post("/channels/{channel}/disable", summary="Stop a channel")
async def disable(channel: str, caller: Admin) -> ChannelOut:
    """What it has brought stays."""
    return await _switched(channel, False, caller)


async def _shown(tx: Tx, channel: Channel) -> ChannelOut:
    return ChannelOut.model_validate({**store.shown(channel), **await handing.fares(tx, channel)})


async def _switched(channel: str, on: bool, caller: Caller) -> ChannelOut:
    async with caller.transaction() as tx:
        await store.enable(tx, caller.tenant_id, channel, on, caller.name)
        return await _shown(tx, await store.one(tx, caller.tenant_id, channel))


@router.post("/channels/{channel}/run", status_code=202, summary="Run a channel soon")
async def run(channel: str, caller: Admin) -> ChannelOut:
    """A worker takes it up within a second or so."""
    async with caller.transaction() as tx:
        await store.run_soon(tx, caller.tenant_id, channel)
        return await _shown(tx, await store.one(tx, caller.tenant_id, channel))


@router.post("/channels/{channel}/test", summary="Try a channel")
async def test(channel: str, caller: Admin) -> Tested:
    """Connects and looks; moves nothing. `works` false says in `found` what stands in the way."""
    async with caller.transaction() as tx:
        found = await store.one(tx, caller.tenant_id, channel)
    if found.kind in SERVED:
        return _served(found, caller.running.services.settings)
    open_ = caller.running.services.open_channel
    if open_ is None:
        raise NotFound("Channels are not opened by this process.")
    try:
        return Tested(channel=channel, works=True, found=await running.test(found, open_))
    except ChannelTrouble as e:
        return Tested(channel=channel, works=False, found=str(e))


def _served(channel: Channel, settings: Settings) -> Tested:
    """The partner comes to us: there is nobody to connect to, and a port of ours to look at."""
    name, port = ("SMTP", settings.smtp_port) if channel.kind is Kind.SMTP else ("SFTP", settings.sftp_port)
    if port is None:
        found = f"Expected that we serve {name}: start `crossdock serve` with CROSSDOCK_{name}_PORT."
        return Tested(channel=channel.id, works=False, found=found)
    return Tested(channel=channel.id, works=True, found=f"We serve {name} on port {port}; the partner connects to us.")


@router.get("/channel-arrivals", summary="What came on channels")
async def arrivals(caller: Reader, channel: OfChannel = None, limit: Limit = 50) -> list[Arrival]:
    """Newest first; also what was refused, and why."""
    async with caller.transaction() as tx:
        found = await store.arrivals(tx, caller.tenant_id, channel or None, limit)
    return [Arrival.model_validate(a) for a in found]


@router.get("/deliveries", summary="What was sent on channels")
async def deliveries(
    caller: Reader, channel: OfChannel = None, state: State | None = None, limit: Limit = 50
) -> list[Delivery]:
    """Each try, newest first."""
    async with caller.transaction() as tx:
        found = await store.deliveries(tx, caller.tenant_id, channel or None, state, limit)
    return [Delivery.model_validate(d) for d in found]


@router.post("/deliveries/{document}/resend", summary="Send a document once more, as the same message")
async def resend(document: UUID, caller: Operator) -> Resent:
    """What is unknown, refused or failed. A receiver that has it knows it by its identifier."""
    async with caller.transaction() as tx:
        again = await handing.again(tx, caller.tenant_id, document, caller.name, caller.running.services.desk)
    return Resent.model_validate(again)


@router.get("/certificates", summary="Certificates")
async def certificates_(caller: Admin) -> list[Certificate]:
    """Of partners, and ours; of each the one to send with first."""
    async with caller.transaction() as tx:
        found = await certificates.held(tx, caller.tenant_id)
    return [Certificate.model_validate(h.plain()) for h in found]


@router.post("/certificates", status_code=201, summary="Add a certificate")
async def add_certificate(given: NewCertificate, caller: Admin) -> Added:
    """Beside those there are: what comes is checked against each of them."""
    at: datetime | None = given.valid_from
    async with caller.transaction() as tx:
        fingerprint = await certificates.add(
            tx, caller.tenant_id, given.partner, given.pem, caller.name, key_secret=given.key_secret,
            secrets=caller.running.services.vault(caller.tenant_id), valid_from=at,
        )  # fmt: skip
    return Added(fingerprint=fingerprint)


@router.post("/certificates/{fingerprint}/withdraw", summary="Believe a certificate no longer")
async def withdraw(fingerprint: str, given: Which, caller: Admin) -> Added:
    async with caller.transaction() as tx:
        await certificates.withdraw(tx, caller.tenant_id, given.partner, fingerprint, caller.name)
    return Added(fingerprint=fingerprint)
