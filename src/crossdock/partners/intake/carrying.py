"""What one document brings about: its row, our order number, the event, and what waited for it. One transaction.

All of it or nothing: whoever calls has the transaction, and commits.
"""

import contextlib
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from crossdock import exactjson, ids
from crossdock.canonical.acknowledgement import FunctionalAcknowledgement
from crossdock.db import Tx, queries
from crossdock.errors import Conflict, NotFound
from crossdock.events import inbox
from crossdock.partners import deciding, profiles
from crossdock.partners.agreements import expectations
from crossdock.partners.deciding import Effect, Verdict
from crossdock.partners.intake import answering, effects, keeping, reading
from crossdock.partners.intake.effects import Publish
from crossdock.partners.intake.keeping import canonical, kept, kept_json
from crossdock.partners.intake.results import DocumentResult, result
from crossdock.partners.model import Status, note, shown
from crossdock.partners.profiles import Mode
from crossdock.partners.reconciling import store as chains
from crossdock.partners.sending import acknowledging, answers

SQL = queries("crossdock.partners", "intake.sql")
FIRST_ORDER = 10001


async def record(
    tx: Tx, tenant_id: str, receipt: Any, verdict: Verdict, numbers: list[str], publish: Publish
) -> DocumentResult:
    d, document_id = verdict.document, ids.new()
    order_no = verdict.order_no
    if verdict.effect is not None:
        order_no = await _carried(tx, tenant_id, verdict, document_id, receipt, numbers, publish)
    done = result(verdict, receipt["filename"], document_id, order_no)
    if verdict.status is Status.ACCEPTED and isinstance(d.content, FunctionalAcknowledgement):
        unknown = await answers.take(tx, tenant_id, d, document_id, receipt["received_at"])
        done = replace(done, notes=(*done.notes, *(i.plain() for i in unknown)))
    elif verdict.status is Status.ACCEPTED and not d.test:
        done = await _chained(tx, tenant_id, verdict, done, document_id, receipt["received_at"])
    if verdict.status is Status.ACCEPTED and not verdict.parts:
        await expectations.came(tx, tenant_id, d, document_id, order_no, receipt["received_at"])
    if d.partner is not None and d.partner.mode is Mode.TRIAL and not receipt["manual"]:
        await tx.execute(
            SQL["adopt_profile"], tenant_id, d.partner.id, kept_json(exactjson.text(profiles.plain(d.partner)))
        )
    await keeping.keep(
        tx, tenant_id, receipt, d, document_id, verdict.status, order_no, partner=done.partner, total=done.total,
        currency=done.currency, lines=done.lines, errors=done.errors, notes=done.notes,
    )  # fmt: skip
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
    document, order_no = verdict.document, verdict.order_no
    if verdict.effect is not None:
        order_no = await _carried(tx, tenant_id, verdict, document_id, receipt, None, publish)
    if verdict.status is Status.ACCEPTED and not verdict.parts:
        await expectations.came(tx, tenant_id, document, document_id, order_no, await inbox.business_now(tx))
    done = result(verdict, receipt["filename"], document_id, order_no)
    if verdict.status is Status.ACCEPTED and document.order is None and not document.test:
        done = await _chained(tx, tenant_id, verdict, done, document_id, await inbox.business_now(tx))
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
    tx: Tx, tenant_id: str, verdict: Verdict, done: DocumentResult, document_id: UUID, now: datetime
) -> DocumentResult:
    """What is about an order is compared with it."""
    d, only = verdict.document, [order_no for order_no, _ in verdict.shares]
    partner, customer = (kept(done.partner) if done.partner else ""), kept(d.customer_id)
    if await chains.arrived(tx, tenant_id, d.content, document_id, partner, customer, now, only=only):
        return done
    text = "Ask which order is meant; nothing of ours has this number, so it is compared with nothing."
    unknown = note("chain.unknown", "the order it is about", "an order we know", shown(d.po or "none"), text)
    return replace(done, notes=(*done.notes, unknown.plain()))


async def _carried(
    tx: Tx,
    tenant_id: str,
    verdict: Verdict,
    document_id: UUID,
    receipt: Any,
    numbers: list[str] | None,
    publish: Publish,
) -> str:
    """Gives an order its number, and carries out what the document says. Returns the number of the order."""
    order_no = verdict.order_no
    if verdict.effect is Effect.ORDER:
        if numbers:
            order_no = numbers.pop()
        else:
            order_no = f"SO-{await tx.fetchval(SQL['take_numbers'], tenant_id, 'order', FIRST_ORDER, 1)}"
    await effects.carry_out(tx, tenant_id, verdict, order_no, document_id, receipt, publish)
    if verdict.effect is Effect.ORDER:
        customer, po, _ = deciding.key(verdict.document) or ("", "", "")
        await _waiting(tx, tenant_id, kept(customer), kept(po), publish)
    return order_no


async def _waiting(tx: Tx, tenant_id: str, customer: str, po: str, publish: Publish) -> None:
    """Changes and cancellations that came before their order are carried out with it, in the order in which they came.

    What still stands in the way of one leaves it held.
    """
    for row in await tx.fetch(SQL["waiting_for_order"], tenant_id, customer, po):
        with contextlib.suppress(Conflict):
            await release(tx, tenant_id, row["document_id"], "system:order", publish=publish)
