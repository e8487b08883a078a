"""What closes a case by itself: for each kind the event or condition that takes its cause away.

`CLEARS` says it in words, and every case shows its sentence. Most conditions are acted on where they come about: a
clock that stops (crossdock.cases.sla), a system that answers (incidents), an instance that is taken up again (hooks),
an answer that comes late (the composition root). What an event about the order clears is done here, in the relay's
transaction. A case that a process waits for is closed by its process alone.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from crossdock.cases import casework
from crossdock.db import Tx
from crossdock.events import envelope
from crossdock.events.inbox import business_now

PREFIX = "crossdock."
NEVER = "Nothing: somebody has to end it"

# kind → what closes it.
CLEARS: Mapping[str, str] = {
    "order-invalid": "the process no longer asks: the order was cancelled or changed",
    "price-deviation": "the process no longer asks: the order was cancelled or changed",
    "call-failed": "the process no longer asks: the order was cancelled or changed",
    "billing-failed": "the process no longer asks: the order was cancelled or changed",
    "unknown-customer": "the process no longer asks: the order was cancelled or changed",
    "supplier-delayed": "the process no longer asks: the goods came or the order was cancelled",
    "shipment-late": "the shipment leaves, or the order is cancelled",
    "delivery-late": "the shipment is delivered, or the order is cancelled",
    "payment-overdue": "the payment comes",
    "supplier-late": "the goods arrive, or the order is cancelled",
    "message-failed": "the order is closed or cancelled: there is nothing to tell any more",
    "document-not-sent": "the order is closed or cancelled: there is nothing to send any more",
    "outage": "the system answers again",
    "instance-stuck": "the instance is taken up again",
    "instance-faulted": "the instance is taken up again",
    "document-overdue": "the acknowledgement comes",
    "document-rejected": "the partner accepts it when it is sent again",
    "answer-missing": "the answer comes, or the expectation is cancelled",
    "answer-owed": "we answer, or the expectation is cancelled",
    "documents-differ": "a later document makes them agree",
    "channel-failing": "the channel works again",
    "certificate-expiring": "a certificate follows it",
}

# event → the kinds that it clears of its order, and what is said.
BY_EVENT: Mapping[str, tuple[Sequence[str], str]] = {
    "order.cancelled": (
        ("message-failed", "document-not-sent", "shipment-late", "delivery-late", "supplier-late", "sla-breach"),
        "closed: the order was cancelled",
    ),
    "order.rejected": (("message-failed", "document-not-sent", "sla-breach"), "closed: the order was rejected"),
    "order.closed": (
        ("message-failed", "document-not-sent", "shipment-late", "delivery-late", "payment-overdue", "sla-breach"),
        "closed: the order is delivered and paid",
    ),
}


def clears(kind: str) -> str:
    return CLEARS.get(kind, NEVER)


async def observe(tx: Tx, tenant_id: str, events: Sequence[tuple[int, Mapping[str, Any]]]) -> None:
    """For the relay: closes what an event about an order clears. A repeated event finds nothing open."""
    for _, event in events:
        found = BY_EVENT.get(str(event["type"]).removeprefix(PREFIX))
        if found is None:
            continue
        data = cast("dict[str, Any]", event["data"]) if isinstance(event.get("data"), dict) else {}
        if order := str(data.get("order") or event.get("subject") or ""):
            kinds, what = found
            now = envelope.time_of(event, await business_now(tx))
            await casework.clear_order(tx, tenant_id, order, kinds, what, now)
