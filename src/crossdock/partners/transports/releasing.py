"""Out of quarantine and into intake: as if its channel had known the sender when it came.

An AS2 message was kept as it was posted. Its sender is believed now for the same reason as on any other day: a channel
is there between the two ends that it names, and its signature is by a certificate that we hold of that partner. What a
person says is not enough.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from crossdock import exactjson
from crossdock.db import Database, Tx
from crossdock.errors import Conflict, Finding, PartnerError
from crossdock.events.inbox import business_now
from crossdock.partners import intake
from crossdock.partners.intake import DocumentResult
from crossdock.partners.transports import quarantine, taking
from crossdock.partners.transports.as2 import receiving
from crossdock.partners.transports.as2.message import Refused
from crossdock.partners.transports.model import Channel, Kind, PickedUp, Secrets


@dataclass(frozen=True, slots=True)
class _Known:
    """An AS2 message, opened. answer: its receipt."""

    channel: Channel
    item: PickedUp
    answer: str


async def release(
    db: Database, tenant_id: str, quarantine_id: UUID, partner: str, by: str, secrets: Secrets
) -> list[DocumentResult]:
    """Stores it as an arrival of this partner and carries it out; partner "" where its channel says whose it is.

    Returns nothing when the same message had come and was taken since. Raises NotFound; Conflict when it is kept no
    longer, or nobody vouches for it yet, with what is missing; PartnerError when there is no such partner.
    """
    async with db.transaction(tenant_id) as tx:
        row = await quarantine.locked(tx, tenant_id, quarantine_id)
    known = await _opened(db, tenant_id, row, secrets) if row["way"] == Kind.AS2 else None
    if known is not None and partner not in {"", known.channel.partner}:
        raise Conflict(f"It is signed by {known.channel.partner}, not by {partner}.")
    whose = partner if known is None else known.channel.partner or ""
    if not whose:
        raise PartnerError([Finding("quarantine.partner", "/partner", "a partner", "none", "Say whose it is.")])

    async def once(tx: Tx, receipt_id: UUID) -> bool:
        first = known is None or await taking.remember(tx, known.channel, known.item, receipt_id, "", known.answer)
        # its row is locked until the commit: of two who release it one does
        taken = receipt_id if first else None
        await quarantine.released(tx, tenant_id, quarantine_id, whose, taken, by, await business_now(tx))
        return first

    if known is None:
        raw, name, label = row["bytes"], row["name"], f"{row['way']}:{row['channel_id']}"
    else:
        raw, name, label = known.item.raw or b"", known.item.name, known.channel.label
    receipt_id = await intake.store(db, tenant_id, raw, name, label, whose, once=once)
    return await intake.carry_out(db, tenant_id, receipt_id)


async def _opened(db: Database, tenant_id: str, row: Any, secrets: Secrets) -> _Known:
    sender, receiver = row["sender"], row["receiver"]
    async with db.transaction(tenant_id) as tx:
        channel = await receiving.channel_between(tx, tenant_id, sender, receiver)
        if channel is None:
            raise Conflict(
                f"No AS2 channel that is enabled goes between {sender!r} and {receiver!r}. Declare one whose their_id "
                "and our_id these are, and add the partner's certificate."
            )
        known = await receiving.station(tx, channel, secrets)
    try:
        item, answer = await receiving.taken_up(
            channel, known, exactjson.loads(row["headers"]), row["bytes"], row["key"]
        )
    except Refused as e:
        raise Conflict(f"It cannot be believed yet. {e}") from None
    return _Known(channel, item, answer)
