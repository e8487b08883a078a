"""Bytes in, orders out: stored raw and committed, then decoded, judged, numbered and published in one transaction.

An arrival is acknowledged only after its bytes are committed (`receive` returns later still). If the process dies in
between, its receipt is open and `resume` finishes it. Everything a document brings about (its row, our order number,
the 997, the event) is one transaction: all of it or nothing. Transports and pages call `receive`.
"""

import asyncio
import contextlib
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeAlias, assert_never
from uuid import UUID

from crossdock import audit, exactjson, ids, telemetry
from crossdock.canonical.acknowledgement import FunctionalAcknowledgement
from crossdock.canonical.change import ChangeAction, OrderChange
from crossdock.canonical.order import PartyRole, PurchaseOrder
from crossdock.db import Database, Tx, queries
from crossdock.errors import Conflict, NotFound, PartnerError
from crossdock.events import envelope, inbox
from crossdock.partners import deciding, numbering, profiles
from crossdock.partners.agreements import certification, expectations, pins
from crossdock.partners.crossref import store as crossref
from crossdock.partners.deciding import Effect, Known, Seen, Verdict
from crossdock.partners.decoding import decode
from crossdock.partners.edifact import contrl
from crossdock.partners.edifact.contrl import Contrl
from crossdock.partners.maps import checking
from crossdock.partners.maps import store as maps
from crossdock.partners.model import MAX_BYTES, Context, Decoded, Format, Status, error, note, shown
from crossdock.partners.profiles import Mode, Profile
from crossdock.partners.reconciling import store as chains
from crossdock.partners.sending import acknowledging, answers
from crossdock.partners.x12 import acknowledge

SQL = queries("crossdock.partners", "intake.sql")
SOURCE = "/crossdock/intake"
FIRST_ORDER = 10001
MANUAL = "manual:"
NO_ACKNOWLEDGEMENT = "none"
# Decoding more than this leaves the event loop to a thread, so that one large file does not stall the others.
IN_THREAD_BYTES = 64 * 1024

Publish: TypeAlias = Callable[[Tx, str, Mapping[str, Any]], Awaitable[object]]
# Asked in the transaction that stores the bytes of a receipt; False: they are here already, and are not stored again.
Once: TypeAlias = Callable[[Tx, UUID], Awaitable[bool]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentResult:
    """What became of one document. document_id is None in a dry run; order is ours, po the buyer's number."""

    document_id: UUID | None
    file: str
    index: int
    format: str
    type: str
    status: Status
    order: str | None
    po: str | None
    lines: int | None
    total: Decimal | None
    currency: str | None
    partner: str | None
    test: bool
    errors: tuple[dict[str, str], ...]
    notes: tuple[dict[str, str], ...]

    def plain(self) -> dict[str, Any]:
        """As the command line and REST give it: money as text."""
        return {
            "file": self.file,
            "index": self.index,
            "type": self.type or self.format,
            "status": self.status.value,
            "order": self.order,
            "lines": self.lines,
            "total": None if self.total is None else f"{self.total:f}",
            "currency": self.currency,
            "errors": list(self.errors),
            "notes": list(self.notes),
            "po": self.po,
            "format": self.format,
            "partner": self.partner,
            "test": self.test,
            "document": str(self.document_id) if self.document_id else None,
        }


def result(verdict: Verdict, filename: str, document_id: UUID | None = None, order_no: str = "") -> DocumentResult:
    d = verdict.document
    return DocumentResult(
        document_id=document_id,
        file=filename,
        index=d.index,
        format=d.format.value,
        type=d.type,
        status=verdict.status,
        order=order_no or verdict.order_no or None,
        po=d.po or None,
        lines=d.lines,
        total=d.total,
        currency=d.currency if d.total is not None or d.order is not None else None,
        partner=d.partner.id if d.partner else None,
        test=d.test,
        errors=tuple(i.plain() for i in verdict.errors),
        notes=tuple(i.plain() for i in verdict.notes),
    )


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
            ctx = await context(tx, tenant_id, partner, adopt)
            documents = decode(raw, filename, ctx)
            known = await _known(tx, tenant_id, documents, lock=False)
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


async def assign(
    db: Database, tenant_id: str, document_id: UUID, partner: str, by: str, *, publish: Publish = inbox.receive
) -> list[DocumentResult]:
    """Says whose a file in quarantine is, and carries it out as if its channel had known.

    Raises NotFound, Conflict when it is not (any more) in quarantine, PartnerError when there is no such partner.
    """
    async with db.transaction(tenant_id) as tx:
        await context(tx, tenant_id, partner, False)
        held = await tx.fetchrow(SQL["held"], tenant_id, document_id)
        receipt_id: UUID | None = held["receipt_id"] if held is not None else None
        if receipt_id is None:
            raise NotFound("No such inbound document.")
        # the file is read anew, whole; what stood for it unread goes, and a crash from here on is `resume`'s
        if not await tx.fetchval(SQL["assign_receipt"], tenant_id, receipt_id, partner, by):
            raise Conflict("The document is not in quarantine. Release it, or add its sender to a partner.")
        await tx.execute(SQL["drop_unread"], tenant_id, document_id)
        await audit.record(tx, tenant_id, by, "document.assign", str(document_id), {"partner": partner})
    return await carry_out(db, tenant_id, receipt_id, publish=publish)


async def judge(tx: Tx, tenant_id: str, documents: list[Decoded]) -> list[Verdict]:
    """What would become of them now. Stores and locks nothing, so that it may be otherwise when they come."""
    return deciding.decide(documents, await _known(tx, tenant_id, documents, lock=False))


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
    documents = await _decoded(tx, tenant_id, receipt)
    document = documents[int(held["place"])]
    known = await _known(tx, tenant_id, [document])
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
        *(done.total, done.currency, done.lines, _clean(exactjson.text(done.errors))),
        *(_clean(exactjson.text(done.notes)), _canonical(document), done.partner, document.customer_id or None, by),
        exactjson.text(document.read_by) if document.read_by else None,
    )
    wanted = _wanted([document])
    if "partner.unknown" in reasons and document.acknowledgement and document.interchange and wanted:
        key = acknowledging.key_of(receipt["receipt_id"], document.interchange.index)
        if await acknowledging.written(tx, tenant_id, key):
            return done  # another document of this interchange was released before
        await _answer(tx, tenant_id, receipt, document, document_id, document.acknowledgement, False, wanted)
    return done


async def carry_out_corrected(
    tx: Tx,
    tenant_id: str,
    original_id: UUID,
    raw: bytes,
    by: str,
    *,
    publish: Publish = inbox.receive,
    dry_run: bool = False,
) -> tuple[DocumentResult, Decoded]:
    """The document that `raw` says instead of a held or rejected one, which becomes `replaced`.

    Its bytes are those of the original's file with a correction; only the document at the original's place is carried
    out. It is judged like any other, but its interchange is not compared: it would meet its original. Raises NotFound,
    or Conflict when the original is neither held nor rejected (any more). dry_run: judges only.
    """
    original = await tx.fetchrow(SQL["held"], tenant_id, original_id)
    if original is None:
        raise NotFound("No such inbound document.")
    if original["status"] not in {Status.HELD, Status.REJECTED}:
        raise Conflict(f"The document is {original['status']}; only one that is held or rejected can be corrected.")
    before = await tx.fetchrow(SQL["receipt"], tenant_id, original["receipt_id"])
    if before is None:
        raise NotFound("Its bytes are gone.")
    documents = await _decoded(tx, tenant_id, {**dict(before), "bytes": raw})
    place = int(original["place"])
    if place >= len(documents) or len(raw) > MAX_BYTES:
        raise Conflict("The correction cuts the file into other documents; ask the sender to correct it.")
    document = documents[place]
    known = await _known(tx, tenant_id, [document], lock=not dry_run)
    verdict = deciding.decide([document], known, released=frozenset())[0]
    if dry_run:
        return result(verdict, before["filename"]), document
    sha256, receipt_id = hashlib.sha256(raw).digest(), ids.new()
    await tx.execute(SQL["store_raw"], tenant_id, sha256, raw, len(raw))
    received_at = await tx.fetchval(
        SQL["store_receipt"], tenant_id, receipt_id, sha256, before["filename"], _text(f"edit:{by}"),
        before["partner_id"], before["manual"], before["adopt"], None,
    )  # fmt: skip
    await tx.execute(SQL["close_receipt"], tenant_id, receipt_id)
    receipt = {**dict(before), "receipt_id": receipt_id, "sha256": sha256, "received_at": received_at}
    if not before["manual"]:  # of one typed in, who typed it in is still asked for four eyes
        receipt["channel"] = _text(f"edit:{by}")
    await tx.execute(SQL["replaced"], tenant_id, original_id)
    done = await _record(tx, tenant_id, receipt, verdict, [], publish)
    await tx.execute(SQL["corrects"], tenant_id, done.document_id, original_id)
    return done, document


async def save_profile(tx: Tx, tenant_id: str, profile: Profile) -> None:
    """Declares a partner, or replaces its profile."""
    await tx.execute(SQL["save_profile"], tenant_id, profile.id, exactjson.text(profiles.plain(profile)))


async def save_map(tx: Tx, tenant_id: str, data: Mapping[str, Any], by: str = "system") -> None:
    """Declares a map, or a new version of it, and puts it in force. Raises PartnerError when it is wrong."""
    source = exactjson.text(dict(data))
    checked = checking.check(source, str(data.get("id", "map")))
    now = await inbox.business_now(tx)
    version = await maps.save_draft(tx, tenant_id, checked, source, by, now)
    await maps.activate(tx, tenant_id, checked.id, version, by, now)


async def context(tx: Tx, tenant_id: str, partner: str | None, adopt: bool, manual: bool = False) -> Context:
    """What decoding needs to know of a tenant. Raises PartnerError when `partner` is none of its partners."""
    own = tuple(profiles.of_text(r[0]) for r in await tx.fetch(SQL["profiles"], tenant_id))
    book = await pins.book(tx, tenant_id, own)
    currency: str = await tx.fetchval(SQL["currency"], tenant_id) or "USD"
    said = named(own, partner) if partner else None
    return Context(profiles=own, book=book, partner=said, adopt=adopt, manual=manual, currency=currency)


def named(own: Sequence[Profile], partner: str) -> Profile:
    """A partner by its id, among the tenant's own and the library's examples."""
    found = next((p for p in (*own, *profiles.shipped()) if p.id == partner), None)
    if found is None:
        choices = ", ".join(p.id for p in own) or "none yet"
        issue = error("partner.none", "partner", f"one of our partners: {choices}", repr(partner), "Add it first.")
        raise PartnerError([issue.finding])
    return found


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
    stranger: str | None = None,
    once: Once | None = None,
) -> UUID | None:
    """The claim check: bytes and receipt committed, before anybody looks into them. What follows is `carry_out`'s.

    stranger: who sent it, where its channel does not know the sender; it is kept unread until a person assigns it.
    Returns None when `once` says that it is here already.
    """
    receipt_id = ids.new()
    sha256 = hashlib.sha256(raw).digest()
    async with db.transaction(tenant_id) as tx:
        if partner is not None:
            await context(tx, tenant_id, partner, adopt)
        if once is not None and not await once(tx, receipt_id):
            return None
        await tx.execute(SQL["store_raw"], tenant_id, sha256, raw, len(raw))
        name, way = _text(filename), _text(channel)
        who = _text(stranger) if stranger is not None else None
        await tx.fetchval(SQL["store_receipt"], tenant_id, receipt_id, sha256, name, way, partner, manual, adopt, who)
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
            documents = await _decoded(tx, tenant_id, receipt)
            likely = deciding.decide(documents, await _known(tx, tenant_id, documents, lock=False))
        numbers = await _reserve(db, tenant_id, sum(v.effect is Effect.ORDER for v in likely))
        async with db.transaction(tenant_id) as tx:
            if not await tx.fetchval(SQL["claim_receipt"], tenant_id, receipt_id):
                return []  # another process has finished it meanwhile
            known = await _known(tx, tenant_id, documents)
            verdicts = deciding.decide(documents, known)
            results = [await _record(tx, tenant_id, receipt, v, numbers, publish) for v in verdicts]
            await _interchanges(tx, tenant_id, receipt, verdicts, [r.document_id for r in results])
            for partner in {v.document.partner.id: v.document.partner for v in verdicts if v.document.partner}.values():
                await certification.evaluate(tx, tenant_id, partner, receipt["received_at"])
            await tx.execute(SQL["close_receipt"], tenant_id, receipt_id)
        return results


async def _decoded(tx: Tx, tenant_id: str, receipt: Any) -> list[Decoded]:
    ctx = await context(tx, tenant_id, receipt["partner_id"], receipt["adopt"], receipt["manual"])
    ctx = replace(ctx, stranger=receipt["stranger"])
    raw, filename = receipt["bytes"], receipt["filename"]
    if len(raw) > IN_THREAD_BYTES:
        documents = await asyncio.to_thread(decode, raw, filename, ctx)
    else:
        documents = decode(raw, filename, ctx)
    return await crossref.read(tx, tenant_id, documents)


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


async def _known(tx: Tx, tenant_id: str, documents: list[Decoded], *, lock: bool = True) -> Known:
    """What the tenant has seen of these documents' numbers; with lock, nobody else decides about them until commit."""
    interchanges = sorted({d.interchange.key for d in documents if d.interchange and not d.test})
    orders = sorted({(k[0], k[1]) for d in documents if (k := deciding.key(d)) and not d.test})
    if not interchanges and not orders:
        return Known()
    interchanges = [_text(k) for k in interchanges]
    if lock:
        locks = [f"i|{k}" for k in interchanges] + [_text(f"o|{c}|{po}") for c, po in orders]
        await tx.execute(SQL["lock"], tenant_id, locks)
    seen = await tx.fetch(SQL["known_interchanges"], tenant_id, interchanges)
    customers, pos = [_text(c) for c, _ in orders], [_text(po) for _, po in orders]
    before = await tx.fetch(SQL["known_orders"], tenant_id, customers, pos)
    return Known(
        interchanges={r["key"]: r["digest"] for r in seen},
        orders={(r["customer_id"], r["po"], r["purpose"]): Seen(r["digest"], r["order_no"]) for r in before},
    )


async def _record(
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
            SQL["adopt_profile"], tenant_id, d.partner.id, _clean(exactjson.text(profiles.plain(d.partner)))
        )
    await tx.execute(
        SQL["store_document"],
        tenant_id,
        document_id,
        receipt["receipt_id"],
        d.index,
        "in",
        d.format.value,
        _text(d.type) or d.format.value,
        verdict.status.value,
        d.test,
        receipt["sha256"],
        receipt["filename"],
        receipt["channel"],
        done.partner,
        _text(d.customer_id) or None,
        _text(str(d.sender)) if d.sender else None,
        _text(str(d.receiver)) if d.receiver else None,
        _text(d.interchange.control) if d.interchange else None,
        _text(d.set_control) or None,
        order_no or None,
        _text(d.po) or None,
        d.order.purpose.value if d.order else None,
        done.total,
        done.currency,
        done.lines,
        _clean(exactjson.text(done.errors)),
        _clean(exactjson.text(done.notes)),
        exactjson.text(d.parsed) if d.parsed is not None else None,
        _canonical(d),
        None,
        receipt["received_at"],
        exactjson.text(d.read_by) if d.read_by else None,
    )
    return done


async def _chained(
    tx: Tx, tenant_id: str, d: Decoded, done: DocumentResult, document_id: UUID, now: datetime
) -> DocumentResult:
    """What is about an order is compared with it."""
    partner, customer = (_text(done.partner) if done.partner else ""), _text(d.customer_id)
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
    customer, po, purpose = (_text(part) for part in about)
    if verdict.effect is Effect.ORDER:
        if numbers:
            order_no = numbers.pop()
        else:
            order_no = f"SO-{await tx.fetchval(SQL['take_numbers'], tenant_id, 'order', FIRST_ORDER, 1)}"
        # a person may release a second order under a number: the latest is what a cancellation means
        await tx.execute(SQL["forget_order"], tenant_id, customer, po, purpose)
    await tx.execute(SQL["remember_order"], tenant_id, customer, po, purpose, verdict.digest, order_no, document_id)
    type_, data = _told(d, verdict.effect, order_no, document_id, received_at)
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
    await publish(tx, tenant_id, exactjson.loads(_clean(exactjson.text(event))))
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


def _told(
    d: Decoded, effect: Effect, order_no: str, document_id: UUID, received_at: datetime
) -> tuple[str, dict[str, Any]]:
    """The event that a document comes to: its type and data."""
    match effect, d.order, d.content:
        case Effect.ORDER, PurchaseOrder() as order, _:
            data: dict[str, Any] = {"order": received(d, order, order_no, document_id, received_at)}
            return "crossdock.order.received", data
        case Effect.CHANGE, _, OrderChange() as change:
            return "crossdock.order.change-requested", {"order": order_no, "change": changed(change, document_id)}
        case _:
            notes = d.order.notes if d.order is not None else "; ".join(getattr(d.content, "notes", ()))
            reason = notes or "cancelled by the buyer"
            data = {"order": order_no, "reason": reason, "by": d.customer_id}
            return "crossdock.order.cancellation-requested", data


def changed(change: OrderChange, document_id: UUID) -> dict[str, Any]:
    """The change as the event crossdock.order.change-requested carries it (docs/intake.md)."""
    ship_to = next((p for p in change.parties if p.role == PartyRole.SHIP_TO), None)
    return {
        "document": str(document_id),
        "sequence": change.sequence,
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


async def _interchanges(
    tx: Tx, tenant_id: str, receipt: Any, verdicts: list[Verdict], stored: Sequence[UUID | None]
) -> None:
    """Remembers the interchange numbers of a file, and answers each interchange once."""
    answered: set[int] = set()
    for v, document_id in zip(verdicts, stored, strict=True):
        d = v.document
        if d.interchange is None:
            continue
        inside = [w for w in verdicts if w.document.interchange == d.interchange]
        if not d.test and any(w.status is not Status.REJECTED and not w.repeats for w in inside):
            await tx.execute(
                SQL["remember_interchange"],
                tenant_id,
                _text(d.interchange.key),
                d.interchange.digest,
                receipt["receipt_id"],
                receipt["received_at"],
            )
        wanted = _wanted([w.document for w in inside])
        if d.interchange.index in answered or not wanted or document_id is None:
            continue
        answered.add(d.interchange.index)
        answer = d.acknowledgement
        if answer is not None:
            repeats = any(w.repeats for w in inside)
            await _answer(tx, tenant_id, receipt, d, document_id, answer, repeats, wanted)


def _wanted(inside: Sequence[Decoded]) -> str:
    """Which acknowledgement an interchange is answered with: as agreed about its documents, else as with the partner;
    "" when none of them wants one."""
    kinds: list[str] = []
    for d in inside:
        if d.partner is not None:
            agreed = d.agreement.acknowledgement if d.agreement else None
            kinds.append(agreed or (d.partner.acknowledgement if d.partner.acknowledge else NO_ACKNOWLEDGEMENT))
    return next((k for k in kinds if k != NO_ACKNOWLEDGEMENT), "")


async def _answer(
    tx: Tx,
    tenant_id: str,
    receipt: Any,
    d: Decoded,
    about: UUID,
    answer: acknowledge.Acknowledgement | Contrl,
    repeats: bool,
    wanted: str,
) -> None:
    """Writes the 997, 999, TA1 or CONTRL under the next numbers of this pair of partners, and offers it."""
    if d.partner is None or d.interchange is None:
        return
    key = acknowledging.key_of(receipt["receipt_id"], d.interchange.index)
    now: datetime = receipt["received_at"]
    sender, receiver = _text(str(d.receiver)), _text(str(d.sender))
    match answer:
        case Contrl():
            if repeats:
                answer = contrl.repeated(answer)
            taken = await numbering.take(tx, tenant_id, sender, receiver, messages=1, group=False)
            raw = contrl.write(answer, taken.interchange, taken.messages[0], now.astimezone(UTC))
            kind, control, format_ = "CONTRL", str(taken.interchange), Format.EDIFACT
        case acknowledge.Acknowledgement():
            if repeats:
                answer = acknowledge.repeated(answer, d.interchange.control, f"{now:%y%m%d}", f"{now:%H%M}")
            count = len(answer.groups)
            taken = await numbering.take(tx, tenant_id, sender, receiver, messages=count, group=count > 0)
            own = acknowledge.Numbers(taken.interchange, taken.group, taken.messages)
            text = acknowledge.write(answer, own, now.astimezone(UTC), "999" if wanted == "999" else "997")
            kind = "TA1" if not answer.groups else "999" if "~ST*999*" in text else "997"
            raw, control, format_ = text.encode("utf-8", "replace"), f"{taken.interchange:09d}", Format.X12
        case _:
            assert_never(answer)
    sha256 = hashlib.sha256(raw).digest()
    await tx.execute(SQL["store_raw"], tenant_id, sha256, raw, len(raw))
    document_id = ids.new()
    parsed = {"acknowledges": d.interchange.control, "text": raw.decode("utf-8", "replace")}
    values: list[Any] = [
        *(tenant_id, document_id, None, 0, "out", format_.value, kind, Status.SENT.value, d.test, sha256),
        *(f"{kind}-{d.partner.id}-{control}.edi", receipt["channel"], d.partner.id, d.partner.customer_id),
        *(sender, receiver, control, None, None, None, None, None, None, None),
        *("[]", "[]", exactjson.text(parsed), None),
        *(receipt["receipt_id"], now, None),
    ]
    await tx.execute(SQL["store_document"], *values)
    await acknowledging.offer(
        tx, tenant_id, document_id, key, now, partner_id=d.partner.id, type=kind, sender=sender, receiver=receiver,
        taken=taken, acknowledges=_text(d.interchange.control), about=about, test=d.test,
    )  # fmt: skip


def _canonical(document: Decoded) -> str | None:
    said = document.order if document.order is not None else document.content
    return _clean(exactjson.text(said)) if said is not None else None


def _text(value: str) -> str:
    """As PostgreSQL can keep it: it has no NUL, and no half of a surrogate pair."""
    return value.replace("\0", "\u2400").encode("utf-8", "replace").decode()


def _clean(json: str) -> str:
    """As _text, for JSON."""
    return json.replace("\\u0000", "\\u2400")
