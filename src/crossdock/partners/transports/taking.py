"""The one way in: what a transport picked up is stored under its key, acknowledged, and only then read.

The arrival and the bytes are one transaction. A process that dies before it has moved the thing away finds it again,
under the same key: then it is only moved away. One that dies after that, before the documents are carried out, leaves
an open receipt, which `intake.resume` finishes.
"""

import hashlib
from dataclasses import dataclass
from uuid import UUID

from crossdock.db import Database, Tx
from crossdock.partners import intake
from crossdock.partners.intake import DocumentResult
from crossdock.partners.transports import quarantine
from crossdock.partners.transports.model import NAME_CHARACTERS, Channel, Fate, Inbound, PickedUp
from crossdock.partners.transports.quarantine import Stranger
from crossdock.partners.transports.store import SQL

CALLED = 500  # characters of a key; longer ones are told by their digest


@dataclass(frozen=True, slots=True)
class Taken:
    """results: what became of its documents; none for what was repeated or refused."""

    fate: Fate
    results: tuple[DocumentResult, ...] = ()
    reason: str = ""


async def take(db: Database, channel: Channel, item: PickedUp, inbound: Inbound) -> Taken:
    """Stores, settles, carries out. What is refused is written down, and settled as such."""
    reason = refusal(channel, item)
    if reason:
        async with db.transaction(channel.tenant_id) as tx:
            await remember(tx, channel, item, None, reason)
        await inbound.settle(item, Fate.REFUSED)
        return Taken(Fate.REFUSED, reason=reason)
    if (stranger := quarantine.of(channel, item)) is not None:
        return await _set_aside(db, channel, item, inbound, stranger)
    receipt_id = await keep(db, channel, item)
    # the bytes are committed: from here on it may go from where it lay
    await inbound.settle(item, Fate.STORED if receipt_id is not None else Fate.REPEATED)
    if receipt_id is None:
        return Taken(Fate.REPEATED)
    return Taken(Fate.STORED, tuple(await intake.carry_out(db, channel.tenant_id, receipt_id)))


async def _set_aside(db: Database, channel: Channel, item: PickedUp, inbound: Inbound, stranger: Stranger) -> Taken:
    kept, reason = await set_aside(db, channel, item, stranger)
    if reason:
        await inbound.settle(item, Fate.REFUSED)
        return Taken(Fate.REFUSED, reason=reason)
    await inbound.settle(item, Fate.STORED if kept else Fate.REPEATED)
    return Taken(Fate.STORED if kept else Fate.REPEATED)


async def set_aside(db: Database, channel: Channel, item: PickedUp, stranger: Stranger) -> tuple[bool, str]:
    """Whether it went into quarantine and had not before; why there is no room for it, "" when there is."""
    async with db.transaction(channel.tenant_id) as tx:
        before = await tx.fetchrow(SQL["arrived"], channel.tenant_id, channel.id, known_by(item.key))
        if before is not None and before["outcome"] != "refused":
            return False, ""
        reason = await quarantine.keep(tx, channel.tenant_id, stranger)
        first = await remember(tx, channel, item, None, reason, outcome="refused" if reason else "quarantined")
        return first and not reason, reason


def refusal(channel: Channel, item: PickedUp) -> str:
    """Why it is not taken; "" when it is."""
    if item.problem:
        return item.problem
    if item.size_bytes > channel.max_bytes or item.raw is None:
        return f"Expected at most {channel.max_bytes} bytes, found {item.size_bytes}. Ask its sender to cut it up."
    return "Expected a file with content, found an empty one." if not item.raw else ""


async def keep(
    db: Database, channel: Channel, item: PickedUp, *, answer: str | None = None, answer_due: bool = False
) -> UUID | None:
    """Stores what has no reason to be refused; None: it was stored before.

    answer: what its sender is told, as JSON; answer_due: it goes to the sender by itself, after this.
    """

    async def once(tx: Tx, receipt_id: UUID) -> bool:
        return await remember(tx, channel, item, receipt_id, "", answer, answer_due)

    partner = channel.partner or item.partner
    return await intake.store(
        db, channel.tenant_id, item.raw or b"", item.name[:NAME_CHARACTERS], channel.label, partner, once=once
    )


async def remember(
    tx: Tx,
    channel: Channel,
    item: PickedUp,
    receipt_id: UUID | None,
    reason: str,
    answer: str | None = None,
    answer_due: bool = False,
    outcome: str = "",
) -> bool:
    """Whether this is the first time."""
    first = await tx.fetchval(
        SQL["arrive"],
        *(channel.tenant_id, channel.id, known_by(item.key)),
        outcome or ("refused" if reason else "stored"),
        *(item.name[:NAME_CHARACTERS], item.sender[:320], hashlib.sha256(item.raw or b"").digest()),
        *(item.size_bytes, reason, receipt_id, answer, answer_due),
    )
    return first is not None


def known_by(key: str) -> str:
    clean = key.replace("\0", "\u2400").encode("utf-8", "replace").decode()
    return clean if len(clean) <= CALLED else f"sha256:{hashlib.sha256(clean.encode()).hexdigest()}"
