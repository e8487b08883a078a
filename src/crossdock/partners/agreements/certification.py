"""Self-certification: a partner in test shows its documents, sees its own errors, and goes live when all is green.

    testing → ready → live        testing → live, where the agreement says `go_live: automatic`

The checklist is counted anew at each test document and each acknowledgement, in their transaction; going live is a new
version of the partner's file with the mode `production`, which is what intake reads. What was sent in test stays a
test.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from crossdock import audit, exactjson
from crossdock.canonical.order import PurchaseOrder
from crossdock.db import Tx, queries
from crossdock.errors import Conflict, CrossdockBug, Finding, NotFound, PartnerError
from crossdock.partners import profiles, wording
from crossdock.partners.agreements import checklist, store, terms
from crossdock.partners.agreements.checklist import Item, Shown
from crossdock.partners.agreements.terms import Direction, Kind
from crossdock.partners.model import Status
from crossdock.partners.profiles import GoLive, Mode, Profile
from crossdock.partners.sending import responses
from crossdock.partners.sending import store as sending

SQL = queries("crossdock.partners.agreements", "onboarding.sql")
MOST = 500  # test documents that are looked at: the latest
SYSTEM = "system:certification"
CENT = Decimal("0.01")


class State(StrEnum):
    TESTING = "testing"
    READY = "ready"  # all is green; somebody of ours has to say so
    LIVE = "live"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """documents: the latest test documents, each with its errors in words and what it was answered with."""

    partner: Profile
    state: State
    started_at: datetime
    ready_at: datetime | None
    live_at: datetime | None
    approved_by: str | None
    items: list[Item]
    documents: list[dict[str, Any]]


async def start(tx: Tx, tenant_id: str, partner_id: str, now: datetime) -> None:
    """Begins, where it has not; what was sent before does not count."""
    await tx.execute(SQL["start"], tenant_id, partner_id, now)


async def progress(tx: Tx, tenant_id: str, partner_id: str, *, shown: int = 50, own: bool = False) -> Progress:
    """own: the partner itself reads it. Raises NotFound while nobody has begun it."""
    row = await tx.fetchrow(SQL["certification"], tenant_id, partner_id)
    if row is None:
        raise NotFound(f"Nobody has invited {partner_id} yet.")
    partner = (await store.get(tx, tenant_id, partner_id)).profile
    tests = await tx.fetch(SQL["tests"], tenant_id, partner_id, row["started_at"], MOST)
    listed = await _items(tx, tenant_id, partner, row["started_at"], tests)
    answered: dict[UUID, list[dict[str, str]]] = {}
    for a in await tx.fetch(SQL["answers"], tenant_id, [t["receipt_id"] for t in tests[:shown]]):
        told = {"document": str(a["document_id"]), "type": a["type"], "text": a["text"] or ""}
        answered.setdefault(a["receipt_id"], []).append(told)
    return Progress(
        partner=partner, state=State(row["state"]), started_at=row["started_at"], ready_at=row["ready_at"],
        live_at=row["live_at"], approved_by=row["approved_by"], items=listed,
        documents=[
            _told(t, answered.get(t["receipt_id"], []), partner.name if own else "") for t in tests[:shown]
        ],
    )  # fmt: skip


async def evaluate(tx: Tx, tenant_id: str, partner: Profile, now: datetime) -> State | None:
    """After a test: what the list says by now. None: this partner is not on its way."""
    if partner.mode is not Mode.TEST:
        return None
    row = await tx.fetchrow(SQL["locked"], tenant_id, partner.id)
    if row is None or row["state"] == State.LIVE:
        return None
    tests = await tx.fetch(SQL["tests"], tenant_id, partner.id, row["started_at"], MOST)
    if not checklist.green(await _items(tx, tenant_id, partner, row["started_at"], tests)):
        return State(row["state"])
    if partner.go_live is GoLive.AUTOMATIC:
        try:
            async with tx.transaction():
                await _live(tx, tenant_id, partner, row, SYSTEM, now)
            return State.LIVE
        except PartnerError:
            pass  # its file cannot be put as it is any more: somebody of ours has to look, and the test is taken anyway
    if row["state"] == State.TESTING:
        await tx.execute(SQL["state"], tenant_id, partner.id, State.READY, now, None, None)
        await audit.record(tx, tenant_id, SYSTEM, "partner.ready", partner.id, {})
    return State.READY


async def approve(tx: Tx, tenant_id: str, partner_id: str, by: str, now: datetime) -> None:
    """Routes the partner to production. Raises NotFound, or Conflict while something is missing or it is live."""
    row = await tx.fetchrow(SQL["locked"], tenant_id, partner_id)
    if row is None:
        raise NotFound(f"Nobody has invited {partner_id} yet.")
    if row["state"] == State.LIVE:
        raise Conflict(f"{partner_id} is live already.")
    partner = (await store.get(tx, tenant_id, partner_id)).profile
    tests = await tx.fetch(SQL["tests"], tenant_id, partner_id, row["started_at"], MOST)
    listed = await _items(tx, tenant_id, partner, row["started_at"], tests)
    if not checklist.green(listed):
        missing = "; ".join(f"{i.title} ({i.done} of {i.needed})" for i in listed if not i.green)
        raise Conflict(f"{partner_id} is not ready: {missing or 'nothing is agreed that it could show'}.")
    await _live(tx, tenant_id, partner, row, by, now)


async def _live(tx: Tx, tenant_id: str, partner: Profile, row: Any, by: str, now: datetime) -> None:
    file = profiles.plain(replace(partner, mode=Mode.PRODUCTION))
    stored, _ = await store.put(tx, tenant_id, file, by, now, note="its checklist is green")
    await tx.execute(SQL["state"], tenant_id, partner.id, State.LIVE, row["ready_at"] or now, now, by)
    await audit.record(tx, tenant_id, by, "partner.live", partner.id, {"version": stored.version})


async def _items(tx: Tx, tenant_id: str, partner: Profile, since: datetime, tests: list[Any]) -> list[Item]:
    shown = [Shown(t["type"], _version(t), t["sha256"]) for t in tests if _clean(t)]
    rows = await tx.fetch(SQL["acknowledged"], tenant_id, partner.id, since)
    return checklist.items(partner.agreements, shown, {r["type"]: r["accepted"] for r in rows})


def _clean(test: Any) -> bool:
    """Taken, and nothing of it would be acknowledged as an error."""
    notes: list[dict[str, Any]] = exactjson.loads(test["notes"])
    return test["status"] == Status.ACCEPTED and not any("ack" in n for n in notes)


def _version(test: Any) -> str:
    if test["format"] == "edifact":
        return ":".join(str(test["head"] or "").split(":")[1:3])
    return str(test["release"] or "")


def _told(test: Any, answers: list[dict[str, str]], own: str) -> dict[str, Any]:
    errors: list[dict[str, str]] = exactjson.loads(test["errors"])
    noted = [n for n in exactjson.loads(test["notes"]) if "ack" in n]
    return {
        "document": str(test["document_id"]), "type": test["type"], "version": _version(test),
        "filename": test["filename"], "po": test["po"], "received_at": test["received_at"], "status": test["status"],
        "counts": _clean(test), "errors": [_sentence(e, own) for e in (*errors, *noted)], "acknowledgements": answers,
    }  # fmt: skip


def _sentence(e: dict[str, str], own: str) -> str:
    fix = wording.addressed(e["fix"], own) if own else e["fix"]
    return wording.sentence(Finding(e["code"], e["where"], e["expected"], e["found"], fix))


# ── documents of ours to try ────────────────────────────────────────────────────────────────────────────────────────

SAMPLES = {
    Kind.RESPONSE: sending.Kind.RESPONSE,
    Kind.DESPATCH: sending.Kind.DESPATCH,
    Kind.INVOICE: sending.Kind.INVOICE,
}


async def samples(tx: Tx, tenant_id: str, partner_id: str, document_id: UUID, now: datetime) -> list[dict[str, Any]]:
    """Answers a test order as if all of it were delivered: a test document for each that was agreed upon.

    A repeated call finds what the first one wrote. Raises NotFound, or Conflict when the order cannot be answered.
    """
    row = await tx.fetchrow(SQL["test_order"], tenant_id, document_id, partner_id)
    if row is None:
        raise NotFound("No such test document.")
    if terms.kind_of(row["type"]) is not Kind.ORDER or row["status"] != Status.ACCEPTED or not row["canonical"]:
        raise Conflict(f"Samples answer a test order that was taken; this is a {row['type']}, {row['status']}.")
    if row["format"] not in {"x12", "edifact"}:
        raise Conflict("Samples are written for orders in X12 and EDIFACT.")
    partner = (await store.get(tx, tenant_id, partner_id)).profile
    order = msgspec.convert(exactjson.loads(row["canonical"]), PurchaseOrder, strict=False)
    to = sending.Ordered(
        document_id=document_id, order_no=f"TEST-{order.number}", partner_id=partner_id,
        customer_id=row["customer_id"] or "", syntax=row["format"], sender=row["sender"], receiver=row["receiver"],
        version=sending.version_of(row["format"], row["release"]), test=True, order=order,
    )  # fmt: skip
    wanted = {SAMPLES.get(terms.kind_of(a.document)) for a in partner.agreements if a.direction is Direction.OUT}
    written: list[dict[str, Any]] = []
    for kind in sending.Kind:
        if kind not in wanted:
            continue
        key = f"sample/{document_id}/{kind}"
        if (before := await sending.by_key(tx, tenant_id, key)) is None:
            content, number = _content(order, kind, to.syntax == "x12", now)
            await sending.send(tx, tenant_id, to, kind, content, number, now.astimezone(UTC), key=key, by=SYSTEM)
            before = await sending.by_key(tx, tenant_id, key)
        if before is not None:
            written.append(before)
    return written


def _content(order: PurchaseOrder, kind: sending.Kind, x12: bool, now: datetime) -> Any:
    """The canonical document, and the number people know it by."""
    today = now.astimezone(UTC).date()
    match kind:
        case sending.Kind.RESPONSE:
            told = tuple(responses.Promised(line=line.number, accepted=line.quantity) for line in order.lines)
            number = f"TEST-{order.number}"
            return responses.response(order, responses.Response(number=number, lines=told), today, words=x12), number
        case sending.Kind.DESPATCH:
            goods = tuple(responses.Goods(line=line.number, quantity=line.quantity) for line in order.lines)
            said = responses.Despatch(shipment=f"TEST-S-{order.number}"[:30], shipped_on=today, lines=goods)
            return responses.despatch(order, said, now.astimezone(UTC), levels=x12), said.shipment
        case sending.Kind.INVOICE:
            billed = tuple(_billed(line.number, line.quantity, line.unit_price) for line in order.lines)
            net = sum((b.amount for b in billed), Decimal(0))
            bill = responses.Bill(
                invoice=f"TEST-I-{order.number}"[:22], issued_on=today, lines=billed, net=net, total=net
            )
            return responses.invoice(order, bill, tax_kind="state_and_local" if x12 else "vat"), bill.invoice
        case sending.Kind.ORDER | sending.Kind.CHANGE | sending.Kind.REMITTANCE:
            raise CrossdockBug("A sample answers an order; this kind is none.")


def _billed(line: str, quantity: Decimal, price: Decimal | None) -> responses.Billed:
    each = price if price is not None else Decimal(1)
    amount = (quantity * each).quantize(CENT, ROUND_HALF_UP)
    return responses.Billed(line=line, quantity=quantity, unit_price=each, amount=amount)
