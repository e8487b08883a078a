"""What a file says, read with what its tenant knows: partners, agreements, maps, what came before.

Nothing here is written. With `lock`, what was seen of a document's numbers cannot change before the caller commits, so
that two arrivals of one order are decided about one after the other.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from crossdock import exactjson
from crossdock.canonical.order import PurchaseOrder
from crossdock.db import Tx, queries
from crossdock.errors import PartnerError
from crossdock.partners import deciding, profiles
from crossdock.partners.agreements import pins
from crossdock.partners.crossref import store as crossref
from crossdock.partners.deciding import PART, Known, Member, Offered, Seen, Verdict
from crossdock.partners.decoding import decode
from crossdock.partners.intake.keeping import kept
from crossdock.partners.model import Context, Decoded, error
from crossdock.partners.profiles import Profile

SQL = queries("crossdock.partners", "intake.sql")
# Decoding more than this leaves the event loop to a thread, so that one large file does not stall the others.
IN_THREAD_BYTES = 64 * 1024


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


async def judge(tx: Tx, tenant_id: str, documents: list[Decoded]) -> list[Verdict]:
    """What would become of them now. Stores and locks nothing, so that it may be otherwise when they come."""
    return deciding.decide(documents, await known(tx, tenant_id, documents, lock=False))


async def documents_of(tx: Tx, tenant_id: str, receipt: Any) -> list[Decoded]:
    ctx = await context(tx, tenant_id, receipt["partner_id"], receipt["adopt"], receipt["manual"])
    raw, filename = receipt["bytes"], receipt["filename"]
    if len(raw) > IN_THREAD_BYTES:
        documents = await asyncio.to_thread(decode, raw, filename, ctx)
    else:
        documents = decode(raw, filename, ctx)
    return await crossref.read(tx, tenant_id, documents)


async def known(tx: Tx, tenant_id: str, documents: list[Decoded], *, lock: bool = True) -> Known:
    """What the tenant has seen of these documents' numbers; with lock, nobody else decides about them until commit."""
    interchanges = sorted({d.interchange.key for d in documents if d.interchange and not d.test})
    orders = sorted({(k[0], k[1]) for d in documents if (k := deciding.key(d)) and not d.test})
    if not interchanges and not orders:
        return Known()
    interchanges = [kept(k) for k in interchanges]
    if lock:
        locks = [f"i|{k}" for k in interchanges] + [kept(f"o|{c}|{po}") for c, po in orders]
        await tx.execute(SQL["lock"], tenant_id, locks)
    seen = await tx.fetch(SQL["known_interchanges"], tenant_id, interchanges)
    customers, pos = [kept(c) for c, _ in orders], [kept(po) for _, po in orders]
    before = await tx.fetch(SQL["known_orders"], tenant_id, customers, pos)
    named_quotes = sorted({kept(n) for d in documents if d.order is not None and (n := deciding.quoted(d.order))})
    quotes = await tx.fetch(SQL["lock_quotes" if lock else "quotes"], tenant_id, named_quotes) if named_quotes else []
    families: dict[tuple[str, str], list[Member]] = {}
    if any(r["purpose"].startswith(PART) for r in before):
        for r in await tx.fetch(SQL["families"], tenant_id, customers, pos):
            order = msgspec.convert(exactjson.loads(r["canonical"]), PurchaseOrder, strict=False)
            families.setdefault((r["customer_id"], r["po"]), []).append(Member(r["order_no"], order))
    return Known(
        quotes={
            r["quote"]: Offered(
                r["quote"],
                r["revision"],
                r["customer_id"],
                r["state"] == "open" and r["in_time"],
                r["state"] if r["in_time"] or r["state"] != "open" else "past",
                r["order_no"] or "",
            )
            for r in quotes
        },
        families=families,
        interchanges={r["key"]: r["digest"] for r in seen},
        orders={(r["customer_id"], r["po"], r["purpose"]): Seen(r["digest"], r["order_no"]) for r in before},
    )
