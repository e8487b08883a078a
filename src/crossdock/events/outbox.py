"""What goes out: events that happened here, committed with what made them happen, handed on by the relay."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from crossdock import exactjson, telemetry
from crossdock.db import Tx, queries
from crossdock.events import envelope
from crossdock.events.inbox import business_now

SQL = queries("crossdock.events", "events.sql")

CHANNEL = "crossdock_outbox"


async def publish(tx: Tx, tenant_id: str, event: Mapping[str, Any]) -> None:
    """Stores the event with this transaction. id, source, time and trace are filled in where the caller gave none.

    An event with the same (source, id) that was published before is not published again.
    """
    happened = event.get("time") is not None
    now = envelope.time_of(event, datetime.now(UTC)) if happened else await business_now(tx)
    made = envelope.make(
        str(event["type"]), subject=str(event.get("subject") or ""), data=event.get("data"), now=now,
        traceparent=telemetry.traceparent(),
    )  # fmt: skip
    whole = {
        **made,
        **{k: v for k, v in event.items() if v is not None},
    }
    await tx.fetchval(
        SQL["store"],
        tenant_id,
        whole["source"],
        whole["id"],
        whole["type"],
        whole["subject"],
        envelope.time_of(whole, now).astimezone(UTC),
        exactjson.text(whole),
        True,
    )
