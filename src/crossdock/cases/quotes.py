"""Quotes: what stands open for a customer, and the one answer that it gets.

The row of a quote is what can be accepted. An answer locks it and is taken only while it is open, of the revision that
it names and in time, so a quote becomes one order however often and by whichever way it is accepted: by the link, the
page, the interface, the customer's own purchase order (crossdock.partners.intake marks the row in the order's own
transaction), or the system that its customers use. The process hears of it and goes on; asked again, it is told the
same.

The link's secret is kept as a digest. Looking at a link changes nothing.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from crossdock import exactjson
from crossdock.cases import common
from crossdock.cases.common import Arguments, Misuse
from crossdock.db import Tx, queries
from crossdock.errors import Conflict, Finding, NotFound, PartnerError
from crossdock.events import envelope, inbox
from crossdock.flow.facts import Error
from crossdock.flow.faults import VALIDATION
from crossdock.flow.outcomes import Begun, Done, Failed, Invocation
from crossdock.partners.intake import FIRST_ORDER

SQL = queries("crossdock.cases", "quotes.sql")
SOURCE = "/crossdock/quotes"
BAD = "This link is not good, or not any more. Ask us for a new quote."


class State(StrEnum):
    OPEN = "open"
    REVISING = "revising"
    ORDERED = "ordered"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class Answer(StrEnum):
    ACCEPTED = "accepted"
    DECLINED = "declined"
    REVISE = "revise"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    quote: str
    revision: int
    state: State
    customer_id: str
    customer: str
    currency: str
    total: Decimal
    discount_percent: Decimal
    lines: list[dict[str, Any]]
    valid_until: datetime
    instance_id: str
    sent_at: datetime
    answered_at: datetime | None
    answered_by: str
    note: str
    po: str | None
    order: str | None


# ── what processes do ───────────────────────────────────────────────────────────────────────────────────────────────


class Open:
    """Lets a revision of a quote be accepted. base: our own address, which the link begins with."""

    def __init__(self, base: str = "") -> None:
        self._base = base.rstrip("/")

    async def start(self, tx: Tx, call: Invocation) -> Begun:
        try:
            a = Arguments(call.arguments)
            quote, revision = a.text("quote"), a.whole("revision", 1) or 1
            until, total = a.moment("valid_until"), a.amount("total")
            if until is None or total is None:
                raise Misuse("expected `valid_until` and `total`, found one of them missing")
            secret = secrets.token_urlsafe(24)
            put = await tx.fetchval(
                SQL["put"], call.tenant_id, quote, revision, a.text("customer"), a.text("customer_name", ""),
                a.text("currency"), total, a.amount("discount_percent") or Decimal(0),
                exactjson.text(a.json("lines", [])), until, _digest(secret), call.instance_id, call.now,
            )  # fmt: skip
        except Misuse as e:
            return common.misused("quote-open", e)
        if put is None:
            detail = f"expected quote {quote} to be open or new, found one that was answered, or another process's"
            return Failed(Error(VALIDATION, 409, "This quote cannot be opened", detail))
        link = f"{self._base}/quote#{call.tenant_id}.{quote}.{secret}"
        return Done({"quote": quote, "revision": revision, "link": link, "valid_until": until.isoformat()})


class Take:
    """Takes an answer that a system brought, or finds the one that was taken already."""

    async def start(self, tx: Tx, call: Invocation) -> Begun:
        try:
            a = Arguments(call.arguments)
            quote, revision = a.text("quote"), a.whole("revision", 1) or 1
            answer = a.word("answer", [x.value for x in Answer])
            if answer is None:
                raise Misuse("expected `answer`, found none")
        except Misuse as e:
            return common.misused("quote-answer", e)
        row = await tx.fetchrow(SQL["lock"], call.tenant_id, quote)
        if row is None:
            return Failed(Error(VALIDATION, 404, "No such quote", f"expected an open quote {quote}, found none"))
        taken = True
        if row["state"] == State.OPEN:
            late = call.now > row["valid_until"] or row["revision"] != revision
            if late and Answer(answer) is not Answer.DECLINED:
                taken = False
            else:
                by, note = a.text("by", "customer"), a.text("note", "")
                try:
                    await _take(tx, call.tenant_id, row, Answer(answer), a.text("po", ""), by, note, call.now)
                except PartnerError as e:
                    return Failed(Error(VALIDATION, 409, "The answer cannot be taken", str(e)))
                row = await tx.fetchrow(SQL["lock"], call.tenant_id, quote)
                assert row is not None
        purchase = common.json_of(row["purchase"])
        return Done(
            {"state": row["state"], "taken": taken, "order": row["order_no"], "po": row["po"], "purchase": purchase}
        )


class Close:
    """Ends a quote that nobody answered, or that is taken back; one that was answered meanwhile stays as it is."""

    async def start(self, tx: Tx, call: Invocation) -> Begun:
        try:
            a = Arguments(call.arguments)
            quote = a.text("quote")
            state = a.word("state", [State.EXPIRED, State.WITHDRAWN])
        except Misuse as e:
            return common.misused("quote-close", e)
        row = await tx.fetchrow(SQL["lock"], call.tenant_id, quote)
        if row is None or row["state"] not in (State.OPEN, State.REVISING):
            return Done({"state": row["state"] if row else None})
        ended = State(state or State.WITHDRAWN)
        await tx.execute(SQL["end"], call.tenant_id, quote, ended, call.now, common.SYSTEM, a.text("note", ""))
        return Done({"state": ended.value})


# ── what people and customers do ────────────────────────────────────────────────────────────────────────────────────


async def every(
    tx: Tx, tenant_id: str, *, state: str | None = None, own: str | None = None, q: str | None = None, limit: int = 100
) -> list[Quote]:
    """Newest first. own: only this customer's."""
    rows = await tx.fetch(SQL["list"], tenant_id, state, own, f"%{q}%" if q else None, limit)
    return [_quote(r) for r in rows]


async def get(tx: Tx, tenant_id: str, quote: str, own: str | None = None) -> Quote:
    """Raises NotFound, also for another customer's."""
    row = await tx.fetchrow(SQL["one"], tenant_id, quote)
    if row is None or (own is not None and row["customer_id"] != own):
        raise NotFound(f"No quote {quote}")
    return _quote(row)


async def answer(
    tx: Tx, tenant_id: str, quote: str, revision: int, given: Answer, *, by: str, now: datetime, po: str = "",
    note: str = "", own: str | None = None,
) -> Quote:  # fmt: skip
    """Takes an answer, once. The same answer again gives what the first one came to.

    Raises NotFound, Conflict where it is not open any more or another revision is, PartnerError for a PO number that
    the customer used before.
    """
    row = await tx.fetchrow(SQL["lock"], tenant_id, quote)
    if row is None or (own is not None and row["customer_id"] != own):
        raise NotFound(f"No quote {quote}")
    same = {Answer.ACCEPTED: State.ORDERED, Answer.DECLINED: State.DECLINED, Answer.REVISE: State.REVISING}[given]
    if row["state"] == same and row["revision"] == revision:
        return _quote(row)
    if row["state"] != State.OPEN:
        raise Conflict(f"Quote {quote} is {row['state']}. Look at it again.")
    if row["revision"] != revision:
        raise Conflict(f"Quote {quote} has a revision {row['revision']} now. Look at it again.")
    if now > row["valid_until"]:
        raise Conflict(f"Quote {quote} was valid until {row['valid_until'].astimezone(UTC):%Y-%m-%d %H:%M} UTC.")
    order = await _take(tx, tenant_id, row, given, po, by, note, now)
    data = {"quote": quote, "revision": revision, "answer": given.value, "by": by, "note": note, "order_no": order}
    event = envelope.make(
        "crossdock.quote.answered", subject=quote, data=data, now=now, source=SOURCE,
        id=f"{quote}/{revision}/{given.value}",
    )  # fmt: skip
    await inbox.receive(tx, tenant_id, event)
    return await get(tx, tenant_id, quote)


async def _take(
    tx: Tx, tenant_id: str, row: Any, given: Answer, po: str, by: str, note: str, now: datetime
) -> str | None:
    """The row is locked and open. Returns the number of the order."""
    if given is not Answer.ACCEPTED:
        state = State.DECLINED if given is Answer.DECLINED else State.REVISING
        await tx.execute(SQL["end"], tenant_id, row["quote"], state, now, by, note)
        return None
    number = po or str(row["quote"])
    used = await tx.fetchval(SQL["po_known"], tenant_id, row["customer_id"], number)
    if used is not None:
        fix = "Use a number of your own that you have not used before"
        raise PartnerError([Finding("quote.po", "/po", "a purchase order number not used before", number, fix)])
    order = f"SO-{await tx.fetchval(SQL['take_number'], tenant_id, FIRST_ORDER)}"
    await tx.execute(SQL["ordered"], tenant_id, row["quote"], now, by, note, number, order)
    await tx.execute(SQL["remember_order"], tenant_id, row["customer_id"], number, order, row["instance_id"])
    return order


# ── links ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def tenant_of(token: str) -> str:
    """Raises NotFound for what cannot be a token."""
    tenant_id, dot, _ = token.partition(".")
    if not dot or not tenant_id:
        raise NotFound(BAD)
    return tenant_id


async def by_link(tx: Tx, token: str) -> Quote:
    """The quote that a link is for, whatever became of it. Raises NotFound."""
    tenant_id, _, rest = token.partition(".")
    quote, _, secret = rest.rpartition(".")
    row = await tx.fetchrow(SQL["one"], tenant_id, quote)
    if row is None or not hmac.compare_digest(bytes(row["token_hash"]), _digest(secret)):
        raise NotFound(BAD)
    return _quote(row)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _quote(row: Any) -> Quote:
    return Quote(
        quote=row["quote"], revision=row["revision"], state=State(row["state"]), customer_id=row["customer_id"],
        customer=row["customer"], currency=row["currency"], total=row["total"],
        discount_percent=row["discount_percent"], lines=exactjson.loads(row["lines"]), valid_until=row["valid_until"],
        instance_id=str(row["instance_id"]), sent_at=row["sent_at"], answered_at=row["answered_at"],
        answered_by=row["answered_by"], note=row["note"], po=row["po"], order=row["order_no"],
    )  # fmt: skip
