"""What a document brings about: orders of ours, changes and cancellations of them, each an event with its own key.

An order for several places becomes one order for each (canonical/splitting): its own number, document row and event,
under the customer's one purchase order. The document that came keeps the number that theirs begin with; it is what a
repeated purchase order meets, and no process of ours carries it out. Everything here is written in the transaction of
the document; `carrying` says when.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from crossdock import exactjson, ids, telemetry
from crossdock.canonical.change import OrderChange
from crossdock.canonical.order import PartyRole, PurchaseOrder
from crossdock.db import Tx, queries
from crossdock.events import envelope
from crossdock.partners import deciding
from crossdock.partners.agreements import expectations
from crossdock.partners.deciding import PART, Effect, Offered, Verdict
from crossdock.partners.intake import keeping, telling
from crossdock.partners.intake.keeping import kept, kept_json
from crossdock.partners.intake.results import part_number
from crossdock.partners.model import Status

SQL = queries("crossdock.partners", "intake.sql")
SOURCE = "/crossdock/intake"
MANUAL = "manual:"

Publish: TypeAlias = Callable[[Tx, str, Mapping[str, Any]], Awaitable[object]]


async def carry_out(
    tx: Tx, tenant_id: str, verdict: Verdict, order_no: str, document_id: UUID, receipt: Any, publish: Publish
) -> None:
    """Remembers the order or change, and publishes what it comes to. order_no: of the order, old or new."""
    d, at = verdict.document, receipt["received_at"]
    about = deciding.key(d)
    assert about is not None, "only orders and changes have an effect"
    customer, po, purpose = (kept(part) for part in about)
    if verdict.effect is Effect.ORDER:
        # a person may release a second order under a number: the latest is what a cancellation means
        await tx.execute(SQL["forget_order"], tenant_id, customer, po, purpose)
    await tx.execute(SQL["remember_order"], tenant_id, customer, po, purpose, verdict.digest, order_no, document_id)
    match verdict.effect, d.order, d.content:
        case Effect.ORDER, PurchaseOrder() as order, _:
            if verdict.quote is not None:
                facts = _entered(telling.received(d, order, order_no, document_id, at), receipt)
                await _accepted(tx, tenant_id, verdict.quote, facts, document_id, at, publish)
            elif verdict.parts:
                await _parts(tx, tenant_id, verdict, order_no, document_id, receipt, publish, customer, po)
            else:
                data = {"order": _entered(telling.received(d, order, order_no, document_id, at), receipt)}
                await _tell(tx, tenant_id, "crossdock.order.received", order_no, data, document_id, at, publish)
        case Effect.CHANGE, _, OrderChange() as change:
            for n, (number, share) in enumerate(verdict.shares or ((order_no, change),)):
                data = {"order": number, "change": telling.changed(share, document_id)}
                key = _key(document_id, n)
                await _tell(tx, tenant_id, "crossdock.order.change-requested", number, data, key, at, publish)
        case _:
            notes = d.order.notes if d.order is not None else "; ".join(getattr(d.content, "notes", ()))
            family = [r["order_no"] for r in await tx.fetch(SQL["families"], tenant_id, [customer], [po])]
            for n, number in enumerate(family or [order_no]):
                data = {"order": number, "reason": notes or "cancelled by the buyer", "by": d.customer_id}
                key = _key(document_id, n)
                await _tell(tx, tenant_id, "crossdock.order.cancellation-requested", number, data, key, at, publish)


async def _accepted(
    tx: Tx, tenant_id: str, offered: Offered, facts: dict[str, Any], document_id: UUID, at: datetime, publish: Publish
) -> None:
    """The order accepts a quote: its process compares the two, and the order begins there."""
    purchase = kept_json(exactjson.text(exactjson.plain(facts)))
    customer, po, order_no = kept(facts["customer_id"]), kept(facts["po"]), facts["order"]
    await tx.execute(SQL["quote_ordered"], tenant_id, offered.quote, at, customer, po, order_no, purchase)
    data = {"quote": offered.quote, "revision": offered.revision, "answer": "ordered", "by": customer, "po": po,
            "order_no": order_no}  # fmt: skip
    await _tell(tx, tenant_id, "crossdock.quote.answered", offered.quote, data, document_id, at, publish)


def _key(document_id: UUID, place: int) -> str:
    """One event for each order that a document speaks of."""
    return f"{document_id}/{place}" if place else str(document_id)


async def _parts(
    tx: Tx,
    tenant_id: str,
    verdict: Verdict,
    order_no: str,
    document_id: UUID,
    receipt: Any,
    publish: Publish,
    customer: str,
    po: str,
) -> None:
    """One order for each place, each with a document row of its own, so that all about it finds it there."""
    d, at = verdict.document, receipt["received_at"]
    for n, part in enumerate(verdict.parts, 1):
        number, part_id = part_number(order_no, n), ids.new()
        mine = replace(d, order=part, issues=())
        digest = deciding.digest(part)
        await tx.execute(SQL["remember_order"], tenant_id, customer, po, f"{PART}{n}", digest, number, part_id)
        await keeping.keep(
            tx, tenant_id, receipt, replace(mine, parsed=None), part_id, Status.ACCEPTED, number, total=mine.total,
            currency=mine.currency, lines=mine.lines, partner=d.partner.id if d.partner else None,
        )  # fmt: skip
        await tx.execute(SQL["part_of"], tenant_id, part_id, document_id)
        await expectations.came(tx, tenant_id, mine, part_id, number, at, subject=number)
        place = part.party(PartyRole.SHIP_TO)
        facts = _entered(telling.received(mine, part, number, part_id, at), receipt)
        facts |= {"family": order_no, "ship_to_id": place.id if place is not None else None}
        await _tell(tx, tenant_id, "crossdock.order.received", number, {"order": facts}, part_id, at, publish)


def _entered(order: dict[str, Any], receipt: Any) -> dict[str, Any]:
    """Four eyes: who typed it in does not approve it."""
    return {**order, "entered_by": str(receipt["channel"]).removeprefix(MANUAL)} if receipt["manual"] else order


async def _tell(
    tx: Tx,
    tenant_id: str,
    type_: str,
    order_no: str,
    data: dict[str, Any],
    key: UUID | str,
    at: datetime,
    publish: Publish,
) -> None:
    event = envelope.make(
        type_,
        subject=order_no,
        data=exactjson.plain(data),
        now=at,
        source=SOURCE,
        id=str(key),
        traceparent=telemetry.traceparent(),
    )
    await publish(tx, tenant_id, exactjson.loads(kept_json(exactjson.text(event))))
