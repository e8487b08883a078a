"""Dead letters: events that could not be handed on, kept with the reason until somebody mends it and sends them on.

Handing one on again takes it from here and puts it back into the outbox, in one transaction with the audit record; who
does it twice does it once. It goes to those who could not take it: listeners, or projections, which count each event
once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from crossdock import audit
from crossdock.db import Tx, queries

SQL = queries("crossdock.events", "events.sql")

MOST = 1000  # handed on at once; there may be more


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """listeners: whether workflows that listen could not take it; else what shows it (a projection)."""

    seq: int
    type: str
    subject: str
    source: str
    id: str
    reason: str
    at: datetime
    received_at: datetime
    listeners: bool


async def find(tx: Tx, tenant_id: str, *, after: int = 0, limit: int = 100) -> list[DeadLetter]:
    """Oldest first."""
    return [DeadLetter(**dict(row)) for row in await tx.fetch(SQL["dead_letters"], tenant_id, after, limit)]


async def count(tx: Tx, tenant_id: str) -> int:
    return await tx.fetchval(SQL["count_dead_letters"], tenant_id)


async def replay(tx: Tx, tenant_id: str, seqs: Sequence[int] | None, by: str) -> list[int]:
    """Hands these on again, or at None the oldest thousand; returns those that were dead letters until now."""
    if seqs is None:
        seqs = [letter.seq for letter in await find(tx, tenant_id, limit=MOST)]
    rows = await tx.fetch(SQL["replay"], tenant_id, list(seqs))
    for row in rows:
        await audit.record(tx, tenant_id, by, "event.replay", str(row["seq"]), {"reason": row["reason"]})
    if rows:
        await tx.execute(SQL["wake_relays"])
    return [row["seq"] for row in rows]
