"""Dead letters: events that could not be handed on, kept with the reason until somebody mends it and sends them on.

Handing one on again takes it from here and puts it back into the outbox, in one transaction with the audit record; who
does it twice does it once. It goes to those who could not take it: listeners, or projections, which count each event
once. A preview hands it on and rolls that back. What nobody needs is discarded, with a reason; the event itself stays
in the log.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from crossdock import audit, exactjson
from crossdock.db import PASSING, Tx, queries
from crossdock.errors import Finding, PartnerError
from crossdock.events import correlation
from crossdock.events.inbox import business_now
from crossdock.events.relay import Projection

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


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What handing one on again would come to. heard: how many instances would hear it or begin by it."""

    seq: int
    type: str
    subject: str
    taken: bool
    heard: int
    text: str


class _Back(Exception):
    """Rolls back what was only tried."""


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


async def preview(
    tx: Tx, tenant_id: str, seqs: Sequence[int], projections: Sequence[Projection]
) -> list[Foreseen]:  # fmt: skip
    """Hands each on to those who could not take it, and rolls that back. What is no dead letter is left out."""
    now = await business_now(tx)
    found: list[Foreseen] = []
    for row in await tx.fetch(SQL["dead_bodies"], tenant_id, list(seqs)[:MOST]):
        event, heard, text = exactjson.loads(row["body"]), 0, ""
        try:
            async with tx.transaction():
                if row["listeners"]:
                    heard = await correlation.correlate(tx, tenant_id, row["seq"], event, now)
                else:
                    for take in projections:
                        await take(tx, tenant_id, [(row["seq"], event)])
                raise _Back
        except _Back:
            taken = True
        except PASSING:
            raise
        except Exception as error:  # whatever it is, it is what would lay the event aside again
            taken, text = False, f"{type(error).__name__}: {error}"[:2000]
        found.append(Foreseen(row["seq"], event["type"], str(event.get("subject") or ""), taken, heard, text))
    return found


async def discard(tx: Tx, tenant_id: str, seqs: Sequence[int], reason: str, by: str) -> list[int]:
    """Nobody will hand these on; returns those that were dead letters until now. Raises PartnerError for no reason."""
    if not reason.strip():
        raise PartnerError([Finding("dead.reason", "/reason", "why nobody needs them", "nothing", "Say it.")])
    rows = await tx.fetch(SQL["discard"], tenant_id, list(seqs))
    for row in rows:
        detail = {"reason": reason[:500], "was": row["reason"][:500]}
        await audit.record(tx, tenant_id, by, "event.discard", str(row["seq"]), detail)
    return sorted(row["seq"] for row in rows)
