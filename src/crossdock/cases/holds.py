"""Holds: nothing goes on for this order, customer, item, site or partner until somebody who may lets it.

    active → released | expired

Holds stack: an order that several apply to goes on when the last is gone. A hold meets every order that reaches a hold
check while the hold stands, also those that come later; it is on a number, so an order that is changed and prepared
anew meets it again, and a copy or a part of an order meets what its original is held by. Who releases one needs its
role, and a limit that reaches the money it is about.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from crossdock import audit, exactjson, ids
from crossdock.cases import common, pausing
from crossdock.db import Tx, queries
from crossdock.errors import Conflict, Finding, NotFound, PartnerError
from crossdock.events import inbox
from crossdock.flow.outcomes import Done

SQL = queries("crossdock.cases", "holds.sql")


class Scope(StrEnum):
    ORDER = "order"
    CUSTOMER = "customer"
    ITEM = "item"
    SITE = "site"
    PARTNER = "partner"


class Status(StrEnum):
    ACTIVE = "active"
    RELEASED = "released"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """orders: how many it stops now."""

    hold_id: UUID
    number: str
    scope: Scope
    key: str
    kind: str
    reason: str
    evidence: Any
    placed_by: str
    placed_at: datetime
    release_role: str
    expires_at: datetime | None
    status: Status
    released_by: str | None
    released_at: datetime | None
    note: str | None
    amount: Decimal | None
    currency: str
    orders: int

    def view(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "id": str(self.hold_id), "number": self.number, "scope": self.scope.value, "key": self.key,
            "kind": self.kind, "reason": self.reason, "evidence": self.evidence, "placed_by": self.placed_by,
            "placed_at": self.placed_at, "release_role": self.release_role, "expires_at": self.expires_at,
            "status": self.status.value, "released_by": self.released_by, "released_at": self.released_at,
            "note": self.note, "orders": self.orders,
            "amount": None if self.amount is None else str(self.amount), "currency": self.currency,
        }  # fmt: skip


def word(scope: str, key: str) -> str:
    """How a hold is found by the orders it meets."""
    return f"{scope}:{key}"


async def place(
    tx: Tx,
    tenant_id: str,
    scope: str,
    key: str,
    *,
    kind: str,
    reason: str,
    by: str,
    now: datetime,
    release_role: str = "coordinator",
    expires_at: datetime | None = None,
    evidence: Any = None,
    amount: Decimal | None = None,
    currency: str = "",
) -> Hold:
    """amount: who releases it needs a limit that reaches it.

    Raises PartnerError for an unknown scope, an empty key or reason, or an expiry in the past.
    """
    wrong = [
        Finding("hold", f"/{name}", expected, found or "nothing", "Correct it")
        for name, right, expected, found in (
            ("scope", scope in list(Scope), "order, customer, item, site or partner", scope),
            ("key", bool(key.strip()), "what is held", key),
            ("reason", bool(reason.strip()), "a reason", reason),
            ("amount", amount is None or amount >= 0, "an amount of zero or more", str(amount)),
            ("expires_at", expires_at is None or expires_at > now, "a time in the future", str(expires_at)),
        )
        if not right
    ]
    if wrong:
        raise PartnerError(wrong)
    number = await common.number(tx, tenant_id, "HD")
    row = await tx.fetchrow(
        SQL["place"], tenant_id, ids.new(), number, scope, key.strip(), kind, reason, exactjson.text(evidence or {}),
        by, now, release_role, expires_at, amount, currency,
    )  # fmt: skip
    assert row is not None, "an insert returns its row"
    await audit.record(tx, tenant_id, by, "hold.place", number, {"scope": scope, "key": key, "reason": reason})
    facts = {"hold": str(row["hold_id"]), "number": number, "scope": scope, "key": key, "kind": kind, "by": by}
    await common.publish(tx, tenant_id, "hold.placed", key if scope == Scope.ORDER else "", now, facts)
    if scope == Scope.ORDER:
        await pausing.follow_holds(tx, tenant_id, key.strip(), now)
    return _hold(row, 0)


async def check(
    tx: Tx, tenant_id: str, instance_id: UUID, at: str, order: str, words: Iterable[str], now: datetime
) -> list[Hold]:
    """The active holds on any of the words. When there are some, the task run is parked until the last is gone."""
    keys = sorted(set(words))
    holds = [_hold(row, 0) for row in await tx.fetch(SQL["applying"], tenant_id, keys)]
    if holds:
        await tx.execute(SQL["park"], tenant_id, instance_id, at, order, keys, now)
        await pausing.follow_holds(tx, tenant_id, order, now)
    return holds


async def stands(tx: Tx, tenant_id: str, words: Iterable[str]) -> bool:
    """Whether an active hold is on any of the words."""
    return await tx.fetchval(SQL["stands"], tenant_id, sorted(set(words)))


async def release(tx: Tx, tenant_id: str, hold_id: UUID, by: str, note: str, now: datetime) -> tuple[Hold, int]:
    """Ends a hold, and answers every order that no other hold stops; returns how many went on. Who may: policy."""
    row = await tx.fetchrow(SQL["locked"], tenant_id, hold_id)
    if row is None:
        raise NotFound("No such hold")
    if row["status"] != Status.ACTIVE:
        raise Conflict(f"{row['number']} is {row['status']} already")
    return await _end(tx, tenant_id, _hold(row, 0), Status.RELEASED, by, note, now)


async def expire(tx: Tx, tenant_id: str, now: datetime) -> int:
    rows = await tx.fetch(SQL["expired"], tenant_id, now)
    for row in rows:
        await _end(tx, tenant_id, _hold(row, 0), Status.EXPIRED, common.SYSTEM, "its time was over", now)
    return len(rows)


async def withdraw(tx: Tx, tenant_id: str, instance_id: UUID, at: str | None, now: datetime) -> None:
    """The task run no longer waits."""
    for row in await tx.fetch(SQL["forget"], tenant_id, instance_id, at):
        await pausing.follow_holds(tx, tenant_id, row["order_no"], now)


async def find(
    tx: Tx,
    tenant_id: str,
    *,
    status: str | None = None,
    scope: str | None = None,
    key: str | None = None,
    order: str | None = None,
    q: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> common.Page[Hold]:
    """status: "active" or "released". order: those on it, and those that it waits for. The newest first."""
    filters = (status, scope, key, f"%{q}%" if q else None, order)
    after = common.read_cursor(cursor)
    rows = [_hold(r, r["orders"]) for r in await tx.fetch(SQL["list"], tenant_id, *filters, *after, limit + 1)]
    total: int = await tx.fetchval(SQL["count"], tenant_id, *filters)
    return common.page(rows, limit, total, lambda h: (h.placed_at, h.hold_id))


async def get(tx: Tx, tenant_id: str, hold_id: UUID) -> Hold:
    row = await tx.fetchrow(SQL["one"], tenant_id, hold_id)
    if row is None:
        raise NotFound("No such hold")
    return _hold(row, row["orders"])


async def of_order(
    tx: Tx, tenant_id: str, order: str, customer_id: str, items: Iterable[str] = (), sites: Iterable[str] = ()
) -> list[Hold]:
    """All holds that concern an order, ended ones too, the oldest first."""
    words = [word("order", order), word("customer", customer_id)]
    words += [word("item", i) for i in items] + [word("site", s) for s in sites]
    return [_hold(row, 0) for row in await tx.fetch(SQL["of_order"], tenant_id, words)]


async def _end(
    tx: Tx, tenant_id: str, hold: Hold, status: Status, by: str, note: str, now: datetime
) -> tuple[Hold, int]:
    row = await tx.fetchrow(SQL["end"], tenant_id, hold.hold_id, status, by, now, note or None)
    detail = {"scope": hold.scope.value, "key": hold.key, "note": note}
    await audit.record(tx, tenant_id, by, f"hold.{status.value}", hold.number, detail)
    went_on = 0
    for wait in await tx.fetch(SQL["waiting"], tenant_id, word(hold.scope, hold.key)):
        if await tx.fetchval(SQL["still_held"], tenant_id, wait["instance_id"], wait["at"]):
            continue
        if await tx.fetchval(SQL["go_on"], tenant_id, wait["instance_id"], wait["at"]):
            answer = Done({"held": True, "released_by": by, "note": note or None})
            went_on += await inbox.answer(tx, tenant_id, wait["instance_id"], wait["at"], answer)
            await pausing.follow_holds(tx, tenant_id, wait["order_no"], now)
    if hold.scope is Scope.ORDER:
        await pausing.follow_holds(tx, tenant_id, hold.key, now)
    facts = {"hold": str(hold.hold_id), "number": hold.number, "scope": hold.scope.value, "key": hold.key,
             "kind": hold.kind, "by": by, "released_by": by, "orders": went_on}  # fmt: skip
    await common.publish(tx, tenant_id, "hold.released", hold.key if hold.scope is Scope.ORDER else "", now, facts)
    return _hold(row, 0), went_on


def _hold(row: Any, orders: int) -> Hold:
    return Hold(
        hold_id=row["hold_id"], number=row["number"], scope=Scope(row["scope"]), key=row["key"], kind=row["kind"],
        reason=row["reason"], evidence=common.json_of(row["evidence"]), placed_by=row["placed_by"],
        placed_at=row["placed_at"], release_role=row["release_role"], expires_at=row["expires_at"],
        status=Status(row["status"]), released_by=row["released_by"], released_at=row["released_at"],
        note=row["note"], amount=row["amount"], currency=row["currency"], orders=orders,
    )  # fmt: skip
