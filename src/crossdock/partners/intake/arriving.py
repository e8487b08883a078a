"""An arrival from its first byte to its last document: stored, committed, read, judged, carried out.

It is acknowledged only after its bytes are committed (`receive` returns later still). If the process dies in between,
its receipt is open and `resume` finishes it.
"""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from crossdock import exactjson, ids, telemetry
from crossdock.canonical.order import PurchaseOrder
from crossdock.db import Database, Tx, queries
from crossdock.errors import NotFound
from crossdock.events import inbox
from crossdock.partners import deciding
from crossdock.partners.agreements import certification
from crossdock.partners.deciding import Effect, Known
from crossdock.partners.decoding import decode
from crossdock.partners.intake import answering, carrying, reading
from crossdock.partners.intake.carrying import FIRST_ORDER
from crossdock.partners.intake.effects import MANUAL, Publish
from crossdock.partners.intake.keeping import kept
from crossdock.partners.intake.results import DocumentResult, result
from crossdock.partners.intake.telling import written
from crossdock.partners.model import MAX_BYTES, Context

SQL = queries("crossdock.partners", "intake.sql")

# Asked in the transaction that stores the bytes of a receipt; False: they are here already, and are not stored again.
Once: TypeAlias = Callable[[Tx, UUID], Awaitable[bool]]


def preview(raw: bytes, filename: str, context: Context, known: Known) -> list[DocumentResult]:
    """What `receive` would say, without storing; `known` learns, so that files of one run are compared."""
    verdicts = deciding.decide(decode(raw, filename, context), known)
    return [result(v, filename) for v in verdicts]


async def receive(
    db: Database,
    tenant_id: str,
    raw: bytes,
    filename: str,
    channel: str,
    *,
    partner: str | None = None,
    adopt: bool = False,
    dry_run: bool = False,
    publish: Publish = inbox.receive,
) -> list[DocumentResult]:
    """Stores a file and carries out its documents.

    channel: how it came (`cli`, `api`, `sftp`, …). partner: its sender, where the channel knows. adopt: unknown senders
    become trial partners. dry_run: stores nothing.
    """
    if dry_run:
        async with db.transaction(tenant_id) as tx:
            ctx = await reading.context(tx, tenant_id, partner, adopt)
            documents = decode(raw, filename, ctx)
            known = await reading.known(tx, tenant_id, documents, lock=False)
        return [result(v, filename) for v in deciding.decide(documents, known)]
    if len(raw) > MAX_BYTES:
        # not worth keeping, and not kept: its sender must cut it up
        return [result(v, filename) for v in deciding.decide(decode(raw, filename, Context()), Known())]
    receipt_id = await store(db, tenant_id, raw, filename, channel, partner, adopt=adopt)
    return await carry_out(db, tenant_id, receipt_id, publish=publish)


async def receive_manual(
    db: Database, tenant_id: str, order: PurchaseOrder | Mapping[str, Any], by: str, *, publish: Publish = inbox.receive
) -> DocumentResult:
    """An order typed in by one of us: the same path, from the same JSON (docs/intake.md)."""
    given = written(order) if isinstance(order, PurchaseOrder) else order
    raw = exactjson.dumps({k: v for k, v in given.items() if v is not None})
    receipt_id = await store(db, tenant_id, raw, "manual.json", f"{MANUAL}{by}", None, manual=True)
    return (await carry_out(db, tenant_id, receipt_id, publish=publish))[0]


async def resume(db: Database, tenant_id: str, *, publish: Publish = inbox.receive, limit: int = 100) -> int:
    """Carries out what a crash left between the commit of its bytes and that of its documents. Returns how many."""
    async with db.transaction(tenant_id) as tx:
        open_ = [r[0] for r in await tx.fetch(SQL["open_receipts"], tenant_id, limit)]
    for receipt_id in open_:
        await carry_out(db, tenant_id, receipt_id, publish=publish)
    return len(open_)


async def finish_left(db: Database, before: datetime) -> int:
    """Carries out, for all tenants, what was stored before then and is not carried out. Returns how many."""
    tenants = await db.pool.fetch("select crossdock.receipts_left($1)", before)
    return sum([await resume(db, t[0]) for t in tenants])


async def store(
    db: Database,
    tenant_id: str,
    raw: bytes,
    filename: str,
    channel: str,
    partner: str | None,
    *,
    adopt: bool = False,
    manual: bool = False,
    once: Once | None = None,
) -> UUID | None:
    """The claim check: bytes and receipt committed, before anybody looks into them. What follows is `carry_out`'s.

    Returns None when `once` says that it is here already.
    """
    receipt_id = ids.new()
    sha256 = hashlib.sha256(raw).digest()
    async with db.transaction(tenant_id) as tx:
        if partner is not None:
            await reading.context(tx, tenant_id, partner, adopt)
        if once is not None and not await once(tx, receipt_id):
            return None
        await tx.execute(SQL["store_raw"], tenant_id, sha256, raw, len(raw))
        name, way = kept(filename), kept(channel)
        await tx.fetchval(SQL["store_receipt"], tenant_id, receipt_id, sha256, name, way, partner, manual, adopt)
    return receipt_id


async def carry_out(
    db: Database, tenant_id: str, receipt_id: UUID | None, *, publish: Publish = inbox.receive
) -> list[DocumentResult]:
    """What becomes of stored bytes; nothing, when another process has done it or (None) they were stored before."""
    if receipt_id is None:
        return []
    with telemetry.span("intake", document=str(receipt_id), tenant=tenant_id):
        async with db.transaction(tenant_id) as tx:
            receipt = await tx.fetchrow(SQL["receipt"], tenant_id, receipt_id)
            if receipt is None:
                raise NotFound("No such receipt.")
            documents = await reading.documents_of(tx, tenant_id, receipt)
            likely = deciding.decide(documents, await reading.known(tx, tenant_id, documents, lock=False))
        numbers = await _reserve(db, tenant_id, sum(v.effect is Effect.ORDER for v in likely))
        async with db.transaction(tenant_id) as tx:
            if not await tx.fetchval(SQL["claim_receipt"], tenant_id, receipt_id):
                return []  # another process has finished it meanwhile
            known = await reading.known(tx, tenant_id, documents)
            verdicts = deciding.decide(documents, known)
            results = [await carrying.record(tx, tenant_id, receipt, v, numbers, publish) for v in verdicts]
            stored = [r.document_id for r in results]
            await answering.interchanges(tx, tenant_id, receipt, verdicts, stored)
            await answering.refusals(tx, tenant_id, receipt, verdicts, stored)
            for partner in {v.document.partner.id: v.document.partner for v in verdicts if v.document.partner}.values():
                await certification.evaluate(tx, tenant_id, partner, receipt["received_at"])
            await tx.execute(SQL["close_receipt"], tenant_id, receipt_id)
        return results


async def _reserve(db: Database, tenant_id: str, count: int) -> list[str]:
    """Order numbers for as many documents as will likely become orders; those not used are gaps.

    In a transaction of its own, so that arrivals do not queue for the counter's row while another one is carried out.
    It need not wait for the disk: its commit lies before theirs in the log, so it is durable when theirs is.
    """
    if not count:
        return []
    async with db.transaction(tenant_id) as tx:
        await tx.execute("set local synchronous_commit = off")
        last = await tx.fetchval(SQL["take_numbers"], tenant_id, "order", FIRST_ORDER, count)
    return [f"SO-{n}" for n in range(last, last - count, -1)]  # popped from the end: lowest first
