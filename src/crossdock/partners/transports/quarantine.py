"""Quarantine: what came from somebody unknown, whole and unread, until a person says whose it is, or nobody's.

Unread, because an interchange number or a customer that it names may be another's. What is kept of a tenant is bounded
in number and in bytes: strangers cannot fill the disk. What comes beyond the bounds is refused as its transport
refuses, so that a sender in good faith still has it; nothing that is kept makes room for what comes later.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from crossdock import audit, exactjson, ids
from crossdock.db import Tx, queries
from crossdock.errors import Conflict, Finding, NotFound, PartnerError
from crossdock.events.inbox import business_now
from crossdock.partners.transports.model import NAME_CHARACTERS, Channel, PickedUp

SQL = queries("crossdock.partners.transports", "quarantine.sql")
MOST_ITEMS = 1000
MOST_BYTES = 256 * 1024 * 1024
MOST_OF_ONE = 8 * 1024 * 1024
KEY_CHARACTERS = 500
SENDER_CHARACTERS = 320
REASON_CHARACTERS = 500


class State(StrEnum):
    KEPT = "kept"
    RELEASED = "released"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stranger:
    """way: of the transport (as2, smtp, …). channel: None when it came by none of ours. headers: of an AS2 message."""

    way: str
    channel: str | None
    sender: str
    receiver: str = ""
    reason: str
    name: str
    key: str
    raw: bytes
    headers: Mapping[str, str] | None = None


def of(channel: Channel, item: PickedUp) -> Stranger | None:
    """What a channel picked up from a sender who is named and not known. Where nobody is named the documents say."""
    if channel.partner is not None or item.partner is not None or not item.sender:
        return None
    return Stranger(
        way=channel.kind.value, channel=channel.id, sender=item.sender,
        reason=f"{channel.id} does not know this sender.", name=item.name, key=item.key, raw=item.raw or b"",
    )  # fmt: skip


async def keep(tx: Tx, tenant_id: str, found: Stranger) -> str:
    """Why it is not kept; "" when it is, or was before."""
    if len(found.raw) > MOST_OF_ONE:
        return f"Expected at most {MOST_OF_ONE} bytes of a sender that is not known, found {len(found.raw)}."
    now = await business_now(tx)
    sha256 = hashlib.sha256(found.raw).digest()
    sender, receiver = _text(found.sender, SENDER_CHARACTERS), _text(found.receiver, SENDER_CHARACTERS)
    key = _text(found.key, KEY_CHARACTERS)
    await tx.execute(SQL["one_at_a_time"], tenant_id)
    if await tx.fetchval(SQL["again"], tenant_id, found.way, sender, receiver, key, sha256, now) is not None:
        return ""
    filled = await room(tx, tenant_id)
    if filled["items"] >= MOST_ITEMS or filled["bytes"] + len(found.raw) > MOST_BYTES:
        return "The quarantine is full: release or discard what is in it."
    headers = None if found.headers is None else exactjson.text({k: _text(v, 2000) for k, v in found.headers.items()})
    await tx.execute(
        SQL["keep"],
        *(tenant_id, ids.new(), found.way, found.channel, sender, receiver, found.reason[:REASON_CHARACTERS]),
        *(_text(found.name, NAME_CHARACTERS), key, headers, found.raw, sha256, len(found.raw), now),
    )
    return ""


def _text(value: str, most: int) -> str:
    """As PostgreSQL can keep it: no NUL, no half of a surrogate pair."""
    return value.replace("\0", "\u2400").encode("utf-8", "replace").decode()[:most]


# ── to look at ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def page(
    tx: Tx, tenant_id: str, *, state: State | None = None, channel: str | None = None, q: str = "", limit: int = 50
) -> list[dict[str, Any]]:
    """Newest first. q: part of its sender, name, way or reason."""
    pattern = f"%{q.replace('%', '').replace('_', '')}%" if q else None
    return [shown(r) for r in await tx.fetch(SQL["page"], tenant_id, state, channel, pattern, limit)]


async def room(tx: Tx, tenant_id: str) -> dict[str, int]:
    """How much is kept, and of how much."""
    [row] = await tx.fetch(SQL["kept"], tenant_id)
    return {"items": int(row["items"]), "bytes": int(row["bytes"]), "most_items": MOST_ITEMS, "most_bytes": MOST_BYTES}


async def one(tx: Tx, tenant_id: str, quarantine_id: UUID) -> Any:
    """Its row. Raises NotFound."""
    row = await tx.fetchrow(SQL["one"], tenant_id, quarantine_id)
    if row is None:
        raise NotFound("Nothing like this is in quarantine.")
    return row


def shown(row: Any) -> dict[str, Any]:
    same = ("way", "sender", "receiver", "reason", "name", "size_bytes", "times", "state", "arrived_at", "last_at")
    return {
        "id": str(row["quarantine_id"]),
        "channel": row["channel_id"],
        **{k: row[k] for k in same},
        **{k: row[k] for k in ("ended_at", "ended_by", "note")},
    }


def headers_of(row: Any) -> dict[str, str]:
    return {} if row["headers"] is None else exactjson.loads(row["headers"])


# ── what a person says ──────────────────────────────────────────────────────────────────────────────────────────────


async def locked(tx: Tx, tenant_id: str, quarantine_id: UUID) -> Any:
    """Raises NotFound, or Conflict when it is kept no longer."""
    row = await tx.fetchrow(SQL["locked"], tenant_id, quarantine_id)
    if row is None:
        raise NotFound("Nothing like this is in quarantine.")
    if row["state"] != State.KEPT:
        raise Conflict(f"It was {row['state']} by {row['ended_by']} already.")
    return row


async def released(
    tx: Tx, tenant_id: str, quarantine_id: UUID, partner: str, receipt_id: UUID | None, by: str, now: datetime
) -> None:
    """In the transaction that stores its bytes as an arrival. receipt_id None: they had come before."""
    await _end(tx, tenant_id, quarantine_id, State.RELEASED, partner, receipt_id, by, now)


async def discard(tx: Tx, tenant_id: str, quarantine_id: UUID, why: str, by: str) -> None:
    """Its bytes go, who sent it and why it went stays. Raises NotFound, Conflict, PartnerError without a reason."""
    if not why.strip():
        raise PartnerError([Finding("quarantine.reason", "/reason", "a reason", "none", "Say why it is discarded.")])
    await locked(tx, tenant_id, quarantine_id)
    now = await business_now(tx)
    await _end(tx, tenant_id, quarantine_id, State.DISCARDED, why.strip()[:REASON_CHARACTERS], None, by, now)


async def _end(
    tx: Tx, tenant_id: str, quarantine_id: UUID, state: State, note: str, receipt_id: UUID | None, by: str,
    now: datetime,
) -> None:  # fmt: skip
    row = await locked(tx, tenant_id, quarantine_id)
    await tx.execute(SQL["end"], tenant_id, quarantine_id, state, now, by, note, receipt_id)
    told = {
        "sender": row["sender"], "way": row["way"], "name": row["name"], "sha256": row["sha256"].hex(), "note": note,
        "size_bytes": row["size_bytes"],
    }  # fmt: skip
    await audit.record(tx, tenant_id, by, f"quarantine.{state}", str(quarantine_id), told)
