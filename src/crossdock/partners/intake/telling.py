"""Documents in the words of events: what the rest of Crossdock hears of an order, a change, a cancellation.

`docs/intake.md` shows each. It is also the JSON in which an order can be typed in: decoding it gives the order back.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from crossdock import exactjson
from crossdock.canonical.change import ChangeAction, OrderChange
from crossdock.canonical.order import PartyRole, PurchaseOrder
from crossdock.partners.model import Decoded


def changed(change: OrderChange, document_id: UUID) -> dict[str, Any]:
    """The change as the event crossdock.order.change-requested carries it (docs/intake.md)."""
    ship_to = next((p for p in change.parties if p.role == PartyRole.SHIP_TO), None)
    return {
        "document": str(document_id),
        "sequence": change.sequence,
        "whole": change.whole,
        "requested_on": change.new_day,
        "ship_to": ship_to.address if ship_to is not None and ship_to.address.city else None,
        "lines": [
            {
                "line": n.number,
                "action": n.action,
                "quantity": n.new_quantity,
                "unit": n.unit,
                "unit_price": n.new_price,
                "items": n.items if n.action in {ChangeAction.ADD, ChangeAction.REPLACE} else (),
                "description": n.description,
                "requested_on": n.new_day,
            }
            for n in change.lines
        ],
    }


def received(
    document: Decoded, order: PurchaseOrder, order_no: str, document_id: UUID, received_at: datetime
) -> dict[str, Any]:
    """The order as the event crossdock.order.received carries it (docs/intake.md)."""
    ship_to = order.party(PartyRole.SHIP_TO)
    return {
        "order": order_no,
        "po": order.number,
        "channel": document.format.value,
        "document": str(document_id),
        "received_at": received_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "customer_id": document.customer_id,
        "partner": document.partner.id if document.partner is not None else None,
        "currency": order.currency,
        "ship_to": ship_to.address if ship_to else None,
        "ordered_on": order.ordered_on,
        "requested_on": order.requested_on,
        "cancel_after": order.cancel_after,
        "lines": [
            {
                "line": line.number,
                "items": line.items,
                "description": line.description,
                "quantity": line.quantity,
                "unit": line.unit,
                "unit_price": line.unit_price,
                "requested_on": line.requested_on,
            }
            for line in order.lines
        ],
        "stated_total": order.stated_total,
        "notes": order.notes,
    }


def written(order: PurchaseOrder) -> dict[str, Any]:
    """A canonical order as the JSON that `docs/intake.md` documents; decoding it gives the order back.

    customer_id is the buyer's id.
    """
    buyer = order.party(PartyRole.BUYER)
    parties = {r: order.party(r) for r in (PartyRole.SHIP_TO, PartyRole.BILL_TO)}
    fields: dict[str, Any] = {
        "customer_id": buyer.id if buyer else None,
        "po": order.number,
        "purpose": order.purpose,
        "ordered_on": order.ordered_on,
        "currency": order.currency,
        "requested_on": order.requested_on,
        "cancel_after": order.cancel_after,
        "ship_not_before": order.ship_not_before,
        **{r.value: p.address for r, p in parties.items() if p is not None},
        "payment_terms_days": order.payment_terms_days,
        "references": order.references or None,
        "notes": order.notes or None,
        "total": order.stated_total,
        "lines": [
            {
                "line": line.number,
                "items": line.items,
                "description": line.description,
                "quantity": line.quantity,
                "unit": line.unit,
                "unit_price": line.unit_price,
                "requested_on": line.requested_on,
            }
            for line in order.lines
        ],
    }
    return {k: v for k, v in exactjson.plain(fields).items() if v is not None}
