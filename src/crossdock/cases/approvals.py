"""Approvals: those who must say yes or no to exactly what is shown, and to nothing else.

What an approval is and who may vote stands in `approvers`, who is asked in `asking`. Here it is asked, voted on and
ended. One refusal ends it; the last vote that is wanted approves it; either answers the workflow
`{outcome, by, note, at, approval, votes}`, and so does expiry, with the outcome `expired`.

What was approved stays approved: asked the same at the same place of a process once more, after a technical failure,
the approval that stands answers. When something changed by more than the tolerance, its votes count no longer.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from crossdock import audit, exactjson, ids, policy, telemetry
from crossdock.cases import common, delegations, letters
from crossdock.cases.approvers import TRANSITIONS, Approval, Mandate, Status, Vote, hash_of, mandate, read, refusal
from crossdock.cases.asking import Terms
from crossdock.cases.delegations import Delegation
from crossdock.db import Tx, queries
from crossdock.errors import Conflict, CrossdockBug, Finding, NotFound, PartnerError, Refused
from crossdock.events import inbox
from crossdock.flow.outcomes import Done
from crossdock.rules import votes as voting
from crossdock.rules.votes import Step

__all__ = ["TRANSITIONS", "Approval", "Status", "hash_of", "refusal"]

SQL = queries("crossdock.cases", "approvals.sql")

OUTCOMES = (Status.APPROVED, Status.REJECTED)
FAR = datetime(9999, 1, 1, tzinfo=UTC)  # where what has no deadline is sorted; the index has the same
_RUN = re.compile(r"#\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked. role: who may decide. not_by: who must not. data: everything the decider should see.

    terms: who is asked; none: one person with the role. Its deadlines count where the request has none of its own.
    """

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
    terms: Terms | None = None

    @property
    def task(self) -> str:
        """Where it is asked, whichever run of the task asks."""
        return _RUN.sub("", self.at or "")


async def request(tx: Tx, tenant_id: str, new: Request, now: datetime) -> Approval:
    """Asks. Votes that were given to the very same are kept, where a technical failure took the question back."""
    terms = new.terms or Terms(steps=(Step(new.role),))
    stored: str = await tx.fetchval(SQL["as_stored"], exactjson.text(new.data))
    digest = hash_of(new.title, new.amount, exactjson.loads(stored))
    before = await _before(tx, tenant_id, new)
    kept: Sequence[Vote] = ()
    changed: list[dict[str, Any]] = []
    if before is not None and before.votes and before.status in (Status.APPROVED, Status.VOID):
        if before.hash == digest and before.status is Status.VOID and before.steps == terms.steps:
            kept = [v for v in before.votes if v.outcome == Status.APPROVED]
        else:
            changed = [{"where": d.where, "was": d.was, "now": d.now} for d in _changes(before, new, terms.tolerance)]
    number = await common.number(tx, tenant_id, "AP")
    row = await tx.fetchrow(
        SQL["request"], tenant_id, ids.new(), number, new.kind, new.title, new.order, new.customer_id, new.customer,
        new.amount, new.currency, new.role, list(new.not_by), new.reason, new.rule, stored, digest, now,
        new.due_at or terms.due_at, new.expires_at or terms.expires_at, new.instance_id, new.at,
        exactjson.text([s.plain() for s in terms.steps]), terms.order, exactjson.text([v.plain() for v in kept]),
        new.task, terms.table, terms.tolerance, now + terms.stands_for,
        before.number if before is not None and (kept or changed) else None, exactjson.text(changed), terms.mail,
        terms.remind_at, terms.escalate_at, terms.escalate_to,
    )  # fmt: skip
    approval = read(row)
    telemetry.approvals_asked.add(kind=new.kind)
    facts = {"approval": str(approval.approval_id), "number": number, "kind": new.kind, "title": new.title,
             "role": new.role, "amount": new.amount, "rule": new.rule, "hash": digest}  # fmt: skip
    await common.publish(tx, tenant_id, "approval.requested", new.order, now, facts)
    if kept:
        detail = {"of": before and before.number, "votes": [v.who for v in kept], "hash": digest}
        await audit.record(tx, tenant_id, common.SYSTEM, "approval.votes-kept", number, detail)
    await letters.queue(tx, tenant_id, approval, "asked", now)
    return approval


async def standing(tx: Tx, tenant_id: str, new: Request, now: datetime) -> Approval | None:
    """The approval that was given for this already: nobody is asked again.

    The same people would have to be asked by the same steps, and nothing may have changed by more than the tolerance
    that counts now, measured against what they really saw. None: it has to be asked.
    """
    if not new.order or new.at is None:
        return None
    before = await _before(tx, tenant_id, new)
    terms = new.terms or Terms(steps=(Step(new.role),))
    if before is None or before.status is not Status.APPROVED or before.steps != terms.steps:
        return None
    if before.stands_until is None or before.stands_until <= now or _changes(before, new, terms.tolerance):
        return None
    took_part = {name for v in before.votes for name in (v.voter, v.right)}
    if took_part & set(new.not_by) or await _beyond(tx, tenant_id, before, new.amount):
        return None
    moved = [{"where": d.where, "was": d.was, "now": d.now} for d in _changes(before, new, Decimal(0))]
    detail = {"order": new.order, "hash": before.hash, "instance": str(new.instance_id or ""), "changed": moved}
    await audit.record(tx, tenant_id, common.SYSTEM, "approval.stands", before.number, detail)
    facts = {"approval": str(before.approval_id), "number": before.number, "kind": before.kind, "hash": before.hash}
    await common.publish(tx, tenant_id, "approval.stands", new.order, now, facts)
    return before


def answer(approval: Approval, *, stands: bool = False) -> dict[str, Any]:
    """What the workflow hears. stands: it was given before, for the same."""
    given: dict[str, Any] = exactjson.plain(
        {"outcome": approval.status.value, "by": approval.decided_by, "note": approval.note, "at": approval.decided_at,
         "approval": approval.number,
         "votes": [{"by": v.voter, "for": v.right, "outcome": v.outcome, "at": v.at} for v in approval.votes]}
    )  # fmt: skip
    return {**given, "stands": True} if stands else given


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
    held: Sequence[Delegation] = (),
    way: str = "api",
) -> Approval:
    """One person's vote; with the last that is wanted it is approved, with a refusal it is over.

    held: by which `who` stands in for others. way: page, api, cli, mail link; the audit trail keeps it.
    Raises NotFound; Conflict when it is decided already or `hash` is of something else; Refused; PartnerError.
    """
    if outcome not in OUTCOMES:
        finding = Finding("approval.outcome", "/outcome", "approved or rejected", outcome, "Send one of the two")
        raise PartnerError([finding])
    row = await tx.fetchrow(SQL["locked"], tenant_id, approval_id)
    if row is None:
        raise NotFound("No such approval")
    approval = read(row)
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
    match mandate(approval, who, held):
        case Mandate(step, right):
            pass
        case why:
            raise Refused(why)
    vote = Vote(voter=who.name, right=right, step=step, outcome=outcome, hash=hash, note=note, way=way, at=now)
    cast = [*approval.votes, vote]
    counted = [*approval.counted, *([voting.Vote(who.name, right, step)] if outcome == Status.APPROVED else [])]
    if outcome == Status.REJECTED:
        return await _settle(tx, tenant_id, approval, Status.REJECTED, vote.who, note, now, cast)
    if not voting.open_steps(approval.steps, approval.step_order, counted):
        by = ", ".join(v.who for v in cast)
        return await _settle(tx, tenant_id, approval, Status.APPROVED, by, note, now, cast)
    voted = read(await tx.fetchrow(SQL["vote"], tenant_id, approval_id, _stored(cast)))
    detail = {"order": approval.order, "hash": hash, "amount": approval.amount, "note": note, "for": right,
              "step": step + 1, "way": way}  # fmt: skip
    await audit.record(tx, tenant_id, who.name, "approval.voted", approval.number, detail)
    facts = {"approval": str(approval_id), "number": approval.number, "kind": approval.kind, "by": vote.who,
             "note": note, "hash": hash}  # fmt: skip
    await common.publish(tx, tenant_id, "approval.voted", approval.order, now, facts)
    if voting.open_steps(approval.steps, approval.step_order, approval.counted) != voting.open_steps(
        approval.steps, approval.step_order, counted
    ):
        await letters.queue(tx, tenant_id, voted, "asked", now)
    return voted


async def remind(tx: Tx, tenant_id: str, now: datetime) -> int:
    """Reminds of what waits for long, and lets others decide what waits for longer."""
    reminded = [read(row) for row in await tx.fetch(SQL["remind"], tenant_id, now)]
    for approval in reminded:
        facts = {"approval": str(approval.approval_id), "number": approval.number, "title": approval.title}
        await common.publish(tx, tenant_id, "approval.reminded", approval.order, now, facts)
        await letters.queue(tx, tenant_id, approval, "reminded", now)
    escalated = [read(row) for row in await tx.fetch(SQL["escalate"], tenant_id, now)]
    for approval in escalated:
        detail = {"order": approval.order, "to": approval.escalate_to}
        await audit.record(tx, tenant_id, common.SYSTEM, "approval.escalated", approval.number, detail)
        facts = {"approval": str(approval.approval_id), "number": approval.number, "title": approval.title,
                 "to": approval.escalate_to}  # fmt: skip
        await common.publish(tx, tenant_id, "approval.escalated", approval.order, now, facts)
        await letters.queue(tx, tenant_id, approval, "escalated", now)
    return len(reminded) + len(escalated)


async def expire(tx: Tx, tenant_id: str, now: datetime) -> int:
    """Ends the approvals whose time is over; their workflows hear `expired`."""
    rows = await tx.fetch(SQL["expired"], tenant_id, now)
    for row in rows:
        approval = read(row)
        await _settle(tx, tenant_id, approval, Status.EXPIRED, common.SYSTEM, "", now, approval.votes)
    return len(rows)


async def withdraw(tx: Tx, tenant_id: str, instance_id: UUID, at: str | None, now: datetime) -> int:
    """Voids what is asked for a task run nobody waits for any more; nobody is answered."""
    rows = await tx.fetch(SQL["parked"], tenant_id, instance_id, at)
    for row in rows:
        approval = read(row)
        await tx.fetchrow(
            SQL["save"], tenant_id, approval.approval_id, Status.VOID, now, common.SYSTEM, None, row["votes"]
        )
        await audit.record(tx, tenant_id, common.SYSTEM, "approval.void", approval.number, {"order": approval.order})
        facts = {"approval": str(approval.approval_id), "number": approval.number}
        await common.publish(tx, tenant_id, "approval.withdrawn", approval.order, now, facts)
    return len(rows)


async def find(
    tx: Tx,
    tenant_id: str,
    *,
    status: str | None = None,
    role: str | Sequence[str] | None = None,
    order: str | None = None,
    q: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> common.Page[Approval]:
    """status: "pending" (what is overdue leads, then what is due next), "decided", or both, the newest first.

    role: only what asks for one of these roles in a step.
    """
    roles = [role] if isinstance(role, str) else None if role is None else list(role)
    filters = (status, roles, order, f"%{q}%" if q else None)
    after = common.read_cursor(cursor)
    query = SQL["pending" if status == "pending" else "list"]
    rows = [read(r) for r in await tx.fetch(query, tenant_id, *filters, *after, limit + 1)]
    total: int = await tx.fetchval(SQL["count"], tenant_id, *filters)
    if status == "pending":
        return common.page(rows, limit, total, lambda a: (a.due_at or FAR, a.approval_id))
    return common.page(rows, limit, total, lambda a: (a.requested_at, a.approval_id))


async def get(tx: Tx, tenant_id: str, approval_id: UUID) -> Approval:
    row = await tx.fetchrow(SQL["one"], tenant_id, approval_id)
    if row is None:
        raise NotFound("No such approval")
    return read(row)


async def some(tx: Tx, tenant_id: str, approval_ids: Sequence[UUID]) -> dict[UUID, Approval]:
    """Those of them that there are."""
    return {a.approval_id: a for a in map(read, await tx.fetch(SQL["some"], tenant_id, list(approval_ids)))}


async def _before(tx: Tx, tenant_id: str, new: Request) -> Approval | None:
    if not new.order or new.at is None:
        return None
    row = await tx.fetchrow(SQL["same"], tenant_id, new.order, new.kind, new.task)
    return None if row is None else read(row)


def _changes(before: Approval, new: Request, tolerance: Decimal) -> list[voting.Difference]:
    """What is otherwise than it was when it was approved."""
    was = {"title": before.title, "amount": before.amount, "currency": before.currency, "data": before.data}
    now = {"title": new.title, "amount": new.amount, "currency": new.currency, "data": exactjson.plain(new.data)}
    return list(voting.differences(was, now, tolerance))


async def _beyond(tx: Tx, tenant_id: str, before: Approval, amount: Decimal | None) -> bool:
    """Whether the amount has risen above the limit of somebody whose right was used."""
    if amount is None or before.amount is None or amount <= before.amount:
        return False
    limits = [await delegations.limit_of(tx, tenant_id, v.right) for v in before.votes]
    return any(limit is not None and amount > limit for limit in limits)


def _stored(cast: Sequence[Vote]) -> str:
    return exactjson.text([v.plain() for v in cast])


async def _settle(
    tx: Tx, tenant_id: str, approval: Approval, status: Status, by: str, note: str, now: datetime, cast: Sequence[Vote]
) -> Approval:
    if status not in TRANSITIONS[approval.status]:
        raise Conflict(f"{approval.number} cannot go from {approval.status.value} to {status.value}")
    row = await tx.fetchrow(SQL["save"], tenant_id, approval.approval_id, status, now, by, note or None, _stored(cast))
    settled = read(row)
    last = cast[-1] if cast and status in OUTCOMES else None
    detail = {"order": approval.order, "hash": approval.hash, "amount": approval.amount, "note": note}
    if last is not None:
        detail |= {"for": last.right, "way": last.way, "votes": [v.who for v in cast]}
    actor = last.voter if last is not None else by
    await audit.record(tx, tenant_id, actor, f"approval.{status.value}", approval.number, detail)
    facts = {"approval": str(approval.approval_id), "number": approval.number, "kind": approval.kind,
             "outcome": status.value, "note": note, "by": by, "decided_by": by, "hash": approval.hash}  # fmt: skip
    await common.publish(tx, tenant_id, "approval.decided", approval.order, now, facts)
    if approval.instance_id is not None and approval.at is not None:
        await inbox.answer(tx, tenant_id, approval.instance_id, approval.at, Done(answer(settled)))
    return settled
