"""What comes in: events from outside, and answers to calls that were parked.

Both are written in the transaction of whoever brings them, so that what was acknowledged is there after a crash, and
what was not acknowledged can be sent again without harm.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from crossdock import exactjson
from crossdock.db import Tx, queries
from crossdock.events import correlation, envelope
from crossdock.flow.outcomes import Done, Failed

SQL = queries("crossdock.events", "events.sql")


async def business_now(tx: Tx) -> datetime:
    return await tx.fetchval("select crossdock.now()")


async def receive(tx: Tx, tenant_id: str, event: Mapping[str, Any]) -> Literal["accepted", "duplicate"]:
    """Stores an event from outside and delivers it. The same (source, id) a second time changes nothing.

    Raises PartnerError when it is no CloudEvent.
    """
    envelope.check(event)
    now = await business_now(tx)
    seq = await _store(tx, tenant_id, event, now)
    if seq is None:
        return "duplicate"
    await correlation.correlate(tx, tenant_id, seq, event, now)
    return "accepted"


async def _store(tx: Tx, tenant_id: str, event: Mapping[str, Any], now: datetime) -> int | None:
    return await tx.fetchval(
        SQL["store"],
        tenant_id,
        event["source"],
        event["id"],
        event["type"],
        str(event.get("subject") or ""),
        envelope.time_of(event, now).astimezone(UTC),
        exactjson.text(event),
        False,  # it is correlated here, at once
    )


async def answer(tx: Tx, tenant_id: str, instance_id: UUID, at: str, outcome: Done | Failed) -> bool:
    """Completes a parked call. False when its instance has ended meanwhile and nobody needs the answer.

    The call's own row is closed by the worker that applies the fact.
    """
    now = await business_now(tx)
    match outcome:
        case Done(output):
            kind, body = "CallCompleted", {"at": at, "output": output, "now": now}
        case Failed(error=error):
            kind, body = "CallFailed", {"at": at, "error": error, "now": now}
    return bool(await tx.fetchval(SQL["deliver"], tenant_id, instance_id, kind, exactjson.text(body)))
