"""Approvals: somebody with the right role says yes or no to exactly what is shown, and to nothing else.

    pending → approved | rejected | expired | void

An approval binds to a hash of what is approved (title, amount, data). Deciding repeats that hash, so that what was
seen is what is decided. Four eyes: who is named in `not_by` cannot decide. A decision answers the workflow
`{outcome, by, note, at}`; so does expiry, with the outcome `expired`.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from crossdock import audit, exactjson, ids, policy, telemetry
from crossdock.cases import common
from crossdock.db import Tx, queries
from crossdock.errors import Conflict, CrossdockBug, Finding, NotFound, PartnerError, Refused
from crossdock.events import inbox
from crossdock.flow.outcomes import Done

SQL = queries("crossdock.cases", "approvals.sql")


class Status(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    VOID = "void"


TRANSITIONS: Mapping[Status, frozenset[Status]] = {
    Status.PENDING: frozenset({Status.APPROVED, Status.REJECTED, Status.EXPIRED, Status.VOID}),
    Status.APPROVED: frozenset(),
    Status.REJECTED: frozenset(),
    Status.EXPIRED: frozenset(),
    Status.VOID: frozenset(),
}
OUTCOMES = (Status.APPROVED, Status.REJECTED)
REASONS = {
    "four-eyes": "Four eyes: you took part in this order yourself",
    "approval-limit": "The amount is above your limit",
    "another-tenant": "It belongs to another tenant",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked. role: who may decide. not_by: who must not. data: everything the decider should see."""

    kind: str
    title: str
    data: Any
    role: str = "approver"
    order: str = ""
    customer_id: str = ""
    customer: str = ""
    amount: Decimal | None = None
    currency: str = ""
    not_by: Sequence[str] = ()
    reason: str = ""
    rule: str = ""
    due_at: datetime | None = None
    expires_at: datetime | None = None
    instance_id: UUID | None = None
    at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    tenant_id: str
    approval_id: UUID
    number: str
    kind: str
    title: str
    order: str
    customer_id: str
    customer: str
    amount: Decimal | None
    currency: str
    role: str
    not_by: tuple[str, ...]
    reason: str
    rule: str
    data: Any
    hash: str
    status: Status
    requested_at: datetime
    due_at: datetime | None
    expires_at: datetime | None
    decided_at: datetime | None
    decided_by: str | None
    note: str | None
    instance_id: UUID | None
    at: str | None

    def view(self, who: policy.Principal | None = None) -> dict[str, Any]:
        """As the API shows it to `who`."""
        why_not = "" if who is None else refusal(self, who)
        return {
            "id": str(self.approval_id), "number": self.number, "title": self.title, "kind": self.kind,
            "order": self.order, "customer": self.customer or self.customer_id,
            "amount": None if self.amount is None else str(self.amount), "currency": self.currency, "role": self.role,
            "reason": self.reason, "rule": self.rule, "requested_at": self.requested_at, "due_at": self.due_at,
            "status": self.status.value, "decided_by": self.decided_by, "decided_at": self.decided_at,
            "note": self.note, "hash": self.hash, "data": self.data, "can_decide": who is not None and not why_not,
            "why_not": why_not or None,
        }  # fmt: skip


def hash_of(title: str, amount: Decimal | None, data: Any) -> str:
    """What an approval binds to: equal content gives the equal hash, whatever the order of its members."""
    return hashlib.sha256(exactjson.canonical({"title": title, "amount": amount, "data": data})).hexdigest()


def refusal(approval: Approval, who: policy.Principal) -> str:
    """Why this person may not decide it now; empty when they may."""
    if approval.status is not Status.PENDING:
        return f"It is {approval.status.value}"
    resource = policy.Resource(
        kind="Approval",
        tenant_id=approval.tenant_id,
        id=approval.number,
        role=approval.role,
        amount=approval.amount,
        not_by=approval.not_by,
    )
    match policy.decide(who, policy.Action.APPROVAL_DECIDE, resource):
        case policy.Allowed():
            return ""
        case policy.Denied(reason):
            return REASONS.get(reason, f"It asks for the role {approval.role}")


async def request(tx: Tx, tenant_id: str, new: Request, now: datetime) -> Approval:
    stored: str = await tx.fetchval(SQL["as_stored"], exactjson.text(new.data))
    digest = hash_of(new.title, new.amount, exactjson.loads(stored))
    number = await common.number(tx, tenant_id, "AP")
    row = await tx.fetchrow(
        SQL["request"], tenant_id, ids.new(), number, new.kind, new.title, new.order, new.customer_id, new.customer,
        new.amount, new.currency, new.role, list(new.not_by), new.reason, new.rule, stored, digest, now, new.due_at,
        new.expires_at, new.instance_id, new.at,
    )  # fmt: skip
    approval = _approval(row)
    telemetry.approvals_asked.add(kind=new.kind)
    facts = {"approval": str(approval.approval_id), "number": number, "kind": new.kind, "title": new.title,
             "role": new.role, "amount": new.amount, "rule": new.rule, "hash": digest}  # fmt: skip
    await common.publish(tx, tenant_id, "approval.requested", new.order, now, facts)
    return approval


async def decide(
    tx: Tx,
    tenant_id: str,
    approval_id: UUID,
    who: policy.Principal,
    outcome: str,
    now: datetime,
    *,
    hash: str,
    note: str = "",
) -> Approval:
    """Raises NotFound; Conflict when it is decided already or `hash` is of something else; Refused; PartnerError."""
    if outcome not in OUTCOMES:
        finding = Finding("approval.outcome", "/outcome", "approved or rejected", outcome, "Send one of the two")
        raise PartnerError([finding])
    row = await tx.fetchrow(SQL["locked"], tenant_id, approval_id)
    if row is None:
        raise NotFound("No such approval")
    approval = _approval(row)
    if approval.status is not Status.PENDING:
        by = f" by {approval.decided_by}" if approval.decided_by else ""
        raise Conflict(f"{approval.number} is {approval.status.value}{by} already")
    if hash_of(approval.title, approval.amount, approval.data) != approval.hash:
        raise CrossdockBug(f"{approval.number} no longer is what its hash was taken of")
    if hash != approval.hash:
        raise Conflict(
            f"{approval.number} is not what you saw: expected hash {approval.hash[:12]}…, found {hash[:12]}…"
        )
    if approval.expires_at is not None and approval.expires_at <= now:
        raise Conflict(f"{approval.number} expired at {approval.expires_at.isoformat()}")
    if why := refusal(approval, who):
        raise Refused(why)
    return await _settle(tx, tenant_id, approval, Status(outcome), who.name, note, now)


async def expire(tx: Tx, tenant_id: str, now: datetime) -> int:
    """Ends the approvals whose time is over; their workflows hear `expired`."""
    rows = await tx.fetch(SQL["expired"], tenant_id, now)
    for row in rows:
        await _settle(tx, tenant_id, _approval(row), Status.EXPIRED, common.SYSTEM, "", now)
    return len(rows)


async def withdraw(tx: Tx, tenant_id: str, instance_id: UUID, at: str | None, now: datetime) -> int:
    """Voids what is asked for a task run nobody waits for any more; nobody is answered."""
    rows = await tx.fetch(SQL["parked"], tenant_id, instance_id, at)
    for row in rows:
        approval = _approval(row)
        await tx.fetchrow(SQL["save"], tenant_id, approval.approval_id, Status.VOID, now, common.SYSTEM, None)
        await audit.record(tx, tenant_id, common.SYSTEM, "approval.void", approval.number, {"order": approval.order})
        facts = {"approval": str(approval.approval_id), "number": approval.number}
        await common.publish(tx, tenant_id, "approval.withdrawn", approval.order, now, facts)
    return len(rows)


async def find(
    tx: Tx,
    tenant_id: str,
    *,
    status: str | None = None,
    role: str | None = None,
    order: str | None = None,
    q: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> common.Page[Approval]:
    """status: "pending" or "decided". role: only what asks for it. The newest first."""
    filters = (status, role, order, f"%{q}%" if q else None)
    after = common.read_cursor(cursor)
    rows = [_approval(r) for r in await tx.fetch(SQL["list"], tenant_id, *filters, *after, limit + 1)]
    total: int = await tx.fetchval(SQL["count"], tenant_id, *filters)
    return common.page(rows, limit, total, lambda a: (a.requested_at, a.approval_id))


async def get(tx: Tx, tenant_id: str, approval_id: UUID) -> Approval:
    row = await tx.fetchrow(SQL["one"], tenant_id, approval_id)
    if row is None:
        raise NotFound("No such approval")
    return _approval(row)


async def _settle(
    tx: Tx, tenant_id: str, approval: Approval, status: Status, by: str, note: str, now: datetime
) -> Approval:
    if status not in TRANSITIONS[approval.status]:
        raise Conflict(f"{approval.number} cannot go from {approval.status.value} to {status.value}")
    row = await tx.fetchrow(SQL["save"], tenant_id, approval.approval_id, status, now, by, note or None)
    detail = {"order": approval.order, "hash": approval.hash, "amount": approval.amount, "note": note}
    await audit.record(tx, tenant_id, by, f"approval.{status.value}", approval.number, detail)
    facts = {"approval": str(approval.approval_id), "number": approval.number, "kind": approval.kind,
             "outcome": status.value, "note": note, "by": by, "decided_by": by, "hash": approval.hash}  # fmt: skip
    await common.publish(tx, tenant_id, "approval.decided", approval.order, now, facts)
    if approval.instance_id is not None and approval.at is not None:
        answer = {"outcome": status.value, "by": by, "note": note or None, "at": now, "approval": approval.number}
        await inbox.answer(tx, tenant_id, approval.instance_id, approval.at, Done(exactjson.plain(answer)))
    return _approval(row)


def _approval(row: Any) -> Approval:
    return Approval(
        tenant_id=row["tenant_id"], approval_id=row["approval_id"], number=row["number"], kind=row["kind"],
        title=row["title"], order=row["order_no"], customer_id=row["customer_id"], customer=row["customer"],
        amount=row["amount"], currency=row["currency"], role=row["role"], not_by=tuple(row["not_by"]),
        reason=row["reason"], rule=row["rule"], data=common.json_of(row["data"]), hash=row["hash"],
        status=Status(row["status"]), requested_at=row["requested_at"], due_at=row["due_at"],
        expires_at=row["expires_at"], decided_at=row["decided_at"], decided_by=row["decided_by"], note=row["note"],
        instance_id=row["instance_id"], at=row["at"],
    )  # fmt: skip
