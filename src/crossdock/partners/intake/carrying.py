"""What one document brings about: its row, our order number, the event, and what waited for it. One transaction.

All of it or nothing: whoever calls has the transaction, and commits.
"""

import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from crossdock import exactjson, ids, telemetry
from crossdock.canonical.acknowledgement import FunctionalAcknowledgement
from crossdock.db import Tx, queries
from crossdock.errors import Conflict, NotFound
from crossdock.events import envelope, inbox
from crossdock.partners import deciding, profiles
from crossdock.partners.agreements import expectations
from crossdock.partners.deciding import Effect, Verdict
from crossdock.partners.intake import answering, reading, telling
from crossdock.partners.intake.keeping import canonical, kept, kept_json
from crossdock.partners.intake.results import DocumentResult, result
from crossdock.partners.model import Decoded, Status, note, shown
from crossdock.partners.profiles import Mode
from crossdock.partners.reconciling import store as chains
from crossdock.partners.sending import acknowledging, answers

SQL = queries("crossdock.partners", "intake.sql")
SOURCE = "/crossdock/intake"
FIRST_ORDER = 10001
MANUAL = "manual:"

Publish: TypeAlias = Callable[[Tx, str, Mapping[str, Any]], Awaitable[object]]


async def record(
    tx: Tx, tenant_id: str, receipt: Any, verdict: Verdict, numbers: list[str], publish: Publish
) -> DocumentResult:
    d, document_id = verdict.document, ids.new()
    order_no = verdict.order_no
    if verdict.effect is not None:
        order_no = await _effect(tx, tenant_id, verdict, document_id, receipt, numbers, publish)
    done = result(verdict, receipt["filename"], document_id, order_no)
    if verdict.status is Status.ACCEPTED and isinstance(d.content, FunctionalAcknowledgement):
        unknown = await answers.take(tx, tenant_id, d, document_id, receipt["received_at"])
        done = replace(done, notes=(*done.notes, *(i.plain() for i in unknown)))
    elif verdict.status is Status.ACCEPTED and not d.test:
        done = await _chained(tx, tenant_id, d, done, document_id, receipt["received_at"])
    if verdict.status is Status.ACCEPTED:
        await expectations.came(tx, tenant_id, d, document_id, order_no, receipt["received_at"])
    if d.partner is not None and d.partner.mode is Mode.TRIAL and not receipt["manual"]:
        await tx.execute(
            SQL["adopt_profile"], tenant_id, d.partner.id, kept_json(exactjson.text(profiles.plain(d.partner)))
        )
    await tx.execute(
        SQL["store_document"],
        tenant_id,
        document_id,
        receipt["receipt_id"],
        d.index,
        "in",
        d.format.value,
        kept(d.type) or d.format.value,
        verdict.status.value,
        d.test,
        receipt["sha256"],
        receipt["filename"],
        receipt["channel"],
        done.partner,
        kept(d.customer_id) or None,
        kept(str(d.sender)) if d.sender else None,
        kept(str(d.receiver)) if d.receiver else None,
        kept(d.interchange.control) if d.interchange else None,
        kept(d.set_control) or None,
        order_no or None,
        kept(d.po) or None,
        d.order.purpose.value if d.order else None,
        done.total,
        done.currency,
        done.lines,
        kept_json(exactjson.text(done.errors)),
        kept_json(exactjson.text(done.notes)),
        exactjson.text(d.parsed) if d.parsed is not None else None,
        canonical(d),
        None,
        receipt["received_at"],
        exactjson.text(d.read_by) if d.read_by else None,
    )
    return done


async def release(
    tx: Tx, tenant_id: str, document_id: UUID, by: str, *, publish: Publish = inbox.receive
) -> DocumentResult:
    """Carries out a held document, because a person says so or because what held it is gone.

    It is read again with the partners and maps of today. Raises NotFound, or Conflict when it is not held (any more) or
    something still stands in its way.
    """
    held = await tx.fetchrow(SQL["held"], tenant_id, document_id)
    if held is None:
        raise NotFound("No such inbound document.")
    if held["status"] != Status.HELD:
        raise Conflict(f"The document is {held['status']}, not held.")
    receipt = await tx.fetchrow(SQL["receipt"], tenant_id, held["receipt_id"])
    if receipt is None:
        raise NotFound("Its bytes are gone.")
    documents = await reading.documents_of(tx, tenant_id, receipt)
    document = documents[int(held["place"])]
    known = await reading.known(tx, tenant_id, [document])
    reasons = frozenset(e["code"] for e in exactjson.loads(held["errors"]))
    verdict = deciding.decide([document], known, released=reasons)[0]
    if verdict.status not in {Status.ACCEPTED, Status.DUPLICATE}:
        raise Conflict("It cannot be carried out yet. " + " ".join(str(i.finding) for i in verdict.errors))
    order_no = verdict.order_no
    if verdict.effect is not None:
        order_no = await _effect(tx, tenant_id, verdict, document_id, receipt, None, publish)
    if verdict.status is Status.ACCEPTED:
        await expectations.came(tx, tenant_id, document, document_id, order_no, await inbox.business_now(tx))
    done = result(verdict, receipt["filename"], document_id, order_no)
    await tx.execute(
        SQL["released"],
        tenant_id,
        document_id,
        *(done.status.value, order_no or None, document.order.purpose.value if document.order else None),
        *(done.total, done.currency, done.lines, kept_json(exactjson.text(done.errors))),
        *(kept_json(exactjson.text(done.notes)), canonical(document), done.partner, document.customer_id or None, by),
        exactjson.text(document.read_by) if document.read_by else None,
    )
    wanted = answering.kind_wanted([document])
    if "partner.unknown" in reasons and document.acknowledgement and document.interchange and wanted:
        key = acknowledging.key_of(receipt["receipt_id"], document.interchange.index)
        if await acknowledging.written(tx, tenant_id, key):
            return done  # another document of this interchange was released before
        await answering.answer_one(
            tx, tenant_id, receipt, document, document_id, document.acknowledgement, False, wanted
        )
    return done


async def _chained(
    tx: Tx, tenant_id: str, d: Decoded, done: DocumentResult, document_id: UUID, now: datetime
) -> DocumentResult:
    """What is about an order is compared with it."""
    partner, customer = (kept(done.partner) if done.partner else ""), kept(d.customer_id)
    if await chains.arrived(tx, tenant_id, d.content, document_id, partner, customer, now):
        return done
    text = "Ask which order is meant; nothing of ours has this number, so it is compared with nothing."
    unknown = note("chain.unknown", "the order it is about", "an order we know", shown(d.po or "none"), text)
    return replace(done, notes=(*done.notes, unknown.plain()))


async def _effect(
    tx: Tx,
    tenant_id: str,
    verdict: Verdict,
    document_id: UUID,
    receipt: Any,
    numbers: list[str] | None,
    publish: Publish,
) -> str:
    """Gives the order its number, remembers it, and publishes the event. Returns the number."""
    d = verdict.document
    if verdict.effect is None:
        return verdict.order_no
    received_at: datetime = receipt["received_at"]
    order_no = verdict.order_no
    about = deciding.key(d)
    assert about is not None, "only orders and changes have an effect"
    customer, po, purpose = (kept(part) for part in about)
    if verdict.effect is Effect.ORDER:
        if numbers:
            order_no = numbers.pop()
        else:
            order_no = f"SO-{await tx.fetchval(SQL['take_numbers'], tenant_id, 'order', FIRST_ORDER, 1)}"
        # a person may release a second order under a number: the latest is what a cancellation means
        await tx.execute(SQL["forget_order"], tenant_id, customer, po, purpose)
    await tx.execute(SQL["remember_order"], tenant_id, customer, po, purpose, verdict.digest, order_no, document_id)
    type_, data = telling.told(d, verdict.effect, order_no, document_id, received_at)
    if verdict.effect is Effect.ORDER and receipt["manual"]:  # four eyes: who typed it in does not approve it
        data["order"]["entered_by"] = str(receipt["channel"]).removeprefix(MANUAL)
    event = envelope.make(
        type_,
        subject=order_no,
        data=exactjson.plain(data),
        now=received_at,
        source=SOURCE,
        id=str(document_id),
        traceparent=telemetry.traceparent(),
    )
    await publish(tx, tenant_id, exactjson.loads(kept_json(exactjson.text(event))))
    if verdict.effect is Effect.ORDER:
        await _waiting(tx, tenant_id, customer, po, publish)
    return order_no


async def _waiting(tx: Tx, tenant_id: str, customer: str, po: str, publish: Publish) -> None:
    """Changes and cancellations that came before their order are carried out with it, in the order in which they came.

    What still stands in the way of one leaves it held.
    """
    for row in await tx.fetch(SQL["waiting_for_order"], tenant_id, customer, po):
        with contextlib.suppress(Conflict):
            await release(tx, tenant_id, row["document_id"], "system:order", publish=publish)
