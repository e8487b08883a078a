"""The one way out: a try is written down before the first byte leaves, and its end after the last.

    sending → delivered | failed | unknown | refused      failed → sending      unknown, refused → failed (by a person)

*failed* certainly did not arrive and is tried again with the next run. *unknown* may have arrived. Where handing over
twice leaves one (a file of the same name), it is tried again; elsewhere a person is asked, and a retry bears the same
identifier, by which its receiver can tell it. A replay is the same bytes for a partner that lost them, and bears a new
one. *refused*: the partner has it and says no.
"""

from datetime import datetime
from typing import Any, assert_never
from uuid import UUID

from crossdock import audit, ids
from crossdock.db import Database, Tx
from crossdock.errors import Conflict, NotFound
from crossdock.events.inbox import business_now
from crossdock.partners import documents
from crossdock.partners.agreements import deadlines, terms
from crossdock.partners.sending import outbox
from crossdock.partners.transports import desk
from crossdock.partners.transports.desk import Desk
from crossdock.partners.transports.model import (
    Channel,
    ChannelTrouble,
    Delivered,
    Failed,
    Handover,
    Outbound,
    Parcel,
    Pending,
    Rejected,
    Unknown,
)
from crossdock.partners.transports.store import SQL

BATCH = 20
COUNTED = 1000  # documents that wait; beyond it nobody wants to know how many
HOST = "crossdock"


async def hand_over(db: Database, channel: Channel, outbound: Outbound, people: Desk) -> int:
    """Everything this partner is to get, oldest first; returns how many were tried. Raises ChannelTrouble."""
    if not outbound.repeatable:
        await _lost(db, channel, outbound, people)
    async with db.transaction(channel.tenant_id) as tx:
        rows = await waiting(tx, channel, BATCH)
    done = 0
    for row in rows:
        done += await _one(db, channel, outbound, people, row)
    return done


async def waiting(tx: Tx, channel: Channel, limit: int, *, raw: bool = True) -> list[Any]:
    """What leaves by this channel: what agreements send by it, and by the usual one all the rest. raw: with bytes."""
    if not channel.hands_over:
        return []
    at = (channel.tenant_id, channel.partner, channel.id, limit)
    partner = await deadlines.profile_of(tx, channel.tenant_id, channel.partner or "")
    agreed = partner.agreements if partner is not None else ()
    said = (
        [a.document for a in agreed], [a.direction.value for a in agreed], [a.version for a in agreed],
        [a.channel for a in agreed],
    )  # fmt: skip
    answers = sorted(terms.KINDS[terms.Kind.ACKNOWLEDGEMENT])
    mine = [channel.id, ""] if channel.usual else [channel.id]
    # acknowledgements first: they have the shortest deadlines; those in no outbox are older than it
    first = await tx.fetch(SQL["acknowledgements"], *at) if channel.usual else []
    return [*first, *await tx.fetch(SQL["offered"], *at, *said, answers, mine, raw)]


async def fares(tx: Tx, channel: Channel) -> dict[str, Any]:
    """When something last came, and how much waits to leave."""
    came = await tx.fetchval(SQL["last_arrival"], channel.tenant_id, channel.id)
    return {"last_arrival_at": came, "waiting": len(await waiting(tx, channel, COUNTED, raw=False))}


async def _one(db: Database, channel: Channel, outbound: Outbound, people: Desk, row: Any) -> int:
    tenant_id, document_id, number = channel.tenant_id, row["document_id"], row["tries"]
    async with db.transaction(tenant_id) as tx:
        message_id = await _message_id(tx, tenant_id, document_id, number, row["kind"])
        begun = await tx.fetchrow(
            SQL["begin"], tenant_id, document_id, number, channel.id, message_id, outbound.repeatable
        )
    if begun is None:
        return 0  # it is being sent, or waits for its receipt
    parcel = Parcel(
        document_id=document_id,
        number=number,
        filename=row["filename"],
        raw=row["bytes"],
        media_type=documents.media_type(row["format"]),
        message_id=begun["message_id"],
    )
    try:
        outcome = await outbound.hand_over(parcel)
    except ChannelTrouble as e:
        await ended(db, channel, parcel, Failed(str(e)), people)
        raise
    await ended(db, channel, parcel, _unknown(outcome, outbound, begun["attempts"]), people)
    return 1


async def _message_id(tx: Tx, tenant_id: str, document_id: UUID, number: int, kind: str | None) -> str:
    """A retry is the same message; a first try and a replay are new ones."""
    if kind == "retry" and (same := await tx.fetchval(SQL["message_of"], tenant_id, document_id, number)):
        return str(same)
    return f"{ids.new()}@{HOST}.{tenant_id}"


async def ended(db: Database, channel: Channel, parcel: Parcel, outcome: Handover, people: Desk) -> None:
    """Writes down what became of a try, in one transaction with what follows from it."""
    async with db.transaction(channel.tenant_id) as tx:
        await settle(tx, channel, parcel.document_id, parcel.number, outcome, people)


async def settle(tx: Tx, channel: Channel, document_id: UUID, number: int, outcome: Handover, people: Desk) -> None:
    state, detail, mic, receipt = _written(outcome)
    values = (channel.tenant_id, document_id, number, state, detail[:2000], mic, receipt)
    await tx.execute(SQL["end"], *values)
    now = await business_now(tx)
    match outcome:
        case Delivered():
            await _collected(tx, channel, document_id, now)
            await _close(tx, channel, document_id, people, "closed: it was delivered", now)
        case Rejected() | Unknown():
            trouble = desk.undelivered(channel, document_id, state, detail)
            case_id = await people.open(tx, channel.tenant_id, trouble, now)
            await tx.execute(SQL["attend"], channel.tenant_id, document_id, number, case_id)
        case Failed() | Pending():
            pass
        case _:
            assert_never(outcome)


def _written(outcome: Handover) -> tuple[str, str, str, bytes | None]:
    match outcome:
        case Delivered(detail=detail, mic=mic, receipt=receipt):
            return "delivered", detail, mic, receipt
        case Pending(detail=detail, mic=mic):
            return "sending", detail, mic, None
        case Failed(detail):
            return "failed", detail, "", None
        case Rejected(detail, receipt):
            return "refused", detail, "", receipt
        case Unknown(detail):
            return "unknown", detail, "", None
        case _:
            assert_never(outcome)


async def _collected(tx: Tx, channel: Channel, document_id: UUID, now: datetime) -> None:
    """The outbox offers it no longer. An acknowledgement of ours is in no outbox."""
    try:
        await outbox.collected(tx, channel.tenant_id, document_id, channel.label, now)
    except NotFound:
        return


async def _close(tx: Tx, channel: Channel, document_id: UUID, people: Desk, what: str, now: datetime) -> None:
    row = await tx.fetchrow(SQL["delivery"], channel.tenant_id, document_id)
    if row is not None and row["case_id"] is not None:
        await people.close(tx, channel.tenant_id, row["case_id"], what, now)


async def _lost(db: Database, channel: Channel, outbound: Outbound, people: Desk) -> None:
    """What was being sent when its process died, or whose receipt did not come: unknown, never simply sent again."""
    async with db.transaction(channel.tenant_id) as tx:
        for row in await tx.fetch(SQL["lost"], channel.tenant_id, channel.id, outbound.receipt_within_s):
            outcome = _unknown(Unknown("No receipt came in time; it may have arrived."), outbound, row["attempts"])
            await settle(tx, channel, row["document_id"], row["number"], outcome, people)


def _unknown(outcome: Handover, outbound: Outbound, attempts: int) -> Handover:
    """Where the channel says so, the same message goes again by itself; its receiver knows it by its identifier."""
    if isinstance(outcome, Unknown) and attempts <= outbound.unknown_repeats:
        return Failed(
            f"{outcome.detail} It is sent again as the same message ({attempts} of {outbound.unknown_repeats})."
        )
    return outcome


async def again(tx: Tx, tenant_id: str, document_id: UUID, by: str, people: Desk) -> dict[str, Any]:
    """A person says: send it once more, under the same identifier. Raises NotFound, Conflict."""
    row = await tx.fetchrow(SQL["delivery"], tenant_id, document_id)
    if row is None:
        raise NotFound("No such delivery.")
    if row["state"] not in {"unknown", "refused", "failed"}:
        raise Conflict(f"It is {row['state']}; only what is unknown, refused or failed is sent once more.")
    await tx.execute(SQL["again"], tenant_id, document_id, row["number"], f" Sent once more by {by}.")
    if row["case_id"] is not None:
        await people.close(tx, tenant_id, row["case_id"], f"closed: sent once more by {by}", await business_now(tx))
    await audit.record(tx, tenant_id, by, "delivery.again", str(document_id), {"message": row["message_id"]})
    return {"document": str(document_id), "message_id": row["message_id"], "channel": row["channel_id"]}
