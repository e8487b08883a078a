"""What an approval is, and who may vote in it now: for themselves, or for somebody who named them.

    pending → approved | rejected | expired | void

An approval binds to a hash of what is approved (title, amount, data); each vote repeats it and keeps it. Four eyes: who
is named in `not_by` cannot vote, and their right is nobody's to use; a person votes once, a right is used once.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from crossdock import exactjson, policy
from crossdock.cases import common
from crossdock.cases.delegations import Delegation
from crossdock.rules import votes as voting
from crossdock.rules.votes import Order, Step


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
REASONS = {
    "four-eyes": "Four eyes: you took part in this order yourself",
    "approval-limit": "The amount is above your limit",
    "another-tenant": "It belongs to another tenant",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """right: whose right was used, the voter's own or that of whom they stood in for.

    way: page, api, cli, or mail link.
    """

    voter: str
    right: str
    step: int
    outcome: str
    hash: str
    note: str
    way: str
    at: datetime

    @property
    def who(self) -> str:
        return self.voter if self.right == self.voter else f"{self.voter} for {self.right}"

    def plain(self) -> dict[str, Any]:
        return {
            "voter": self.voter, "right": self.right, "step": self.step, "outcome": self.outcome, "hash": self.hash,
            "note": self.note, "way": self.way, "at": self.at,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mandate:
    """By whose right somebody may vote, and in which step."""

    step: int
    right: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """again_of: the approval of which this asks again, `changed` says why."""

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
    steps: tuple[Step, ...]
    step_order: Order
    votes: tuple[Vote, ...]
    table: str
    tolerance: Decimal
    stands_until: datetime | None
    again_of: str | None
    changed: Any
    mail: str
    reminded_at: datetime | None
    escalated_at: datetime | None
    escalate_to: str

    @property
    def counted(self) -> list[voting.Vote]:
        """The votes that count towards its steps."""
        return [voting.Vote(v.voter, v.right, v.step) for v in self.votes if v.outcome == Status.APPROVED]

    def view(
        self, who: policy.Principal | None = None, held: Sequence[Delegation] = (), now: datetime | None = None
    ) -> dict[str, Any]:
        """As the API shows it to `who`, who stands in for others by `held`."""
        found = "" if who is None else mandate(self, who, held)
        may = isinstance(found, Mandate)
        right = found.right if isinstance(found, Mandate) and who is not None and found.right != who.name else None
        waiting = voting.open_steps(self.steps, self.step_order, self.counted) if self.status is Status.PENDING else []
        return {
            "id": str(self.approval_id), "number": self.number, "title": self.title, "kind": self.kind,
            "order": self.order, "customer": self.customer or self.customer_id,
            "amount": None if self.amount is None else str(self.amount), "currency": self.currency, "role": self.role,
            "reason": self.reason, "rule": self.rule, "requested_at": self.requested_at, "due_at": self.due_at,
            "status": self.status.value, "decided_by": self.decided_by, "decided_at": self.decided_at,
            "note": self.note, "hash": self.hash, "data": self.data, "can_decide": may,
            "why_not": found if isinstance(found, str) and found else None, "acts_for": right,
            "overdue": now is not None and self.status is Status.PENDING and self.due_at is not None
            and self.due_at <= now,
            "steps": [
                {**s.plain(), "missing": voting.missing(self.steps, self.counted, n), "open": n in waiting}
                for n, s in enumerate(self.steps)
            ],
            "in_sequence": self.step_order is Order.SEQUENCE,
            "votes": [{**v.plain(), "who": v.who} for v in self.votes], "table": self.table,
            "again_of": self.again_of, "changed": self.changed, "expires_at": self.expires_at,
            "reminded_at": self.reminded_at, "escalated_at": self.escalated_at,
            "escalated_to": self.escalate_to if self.escalated_at else None,
        }  # fmt: skip


def hash_of(title: str, amount: Decimal | None, data: Any) -> str:
    """What an approval binds to: equal content gives the equal hash, whatever the order of its members.

    The amount is written without an exponent: PostgreSQL's driver gives 60000 back as 6E+4.
    """
    plain = None if amount is None else Decimal(format(amount, "f"))
    return hashlib.sha256(exactjson.canonical({"title": title, "amount": plain, "data": data})).hexdigest()


def mandate(approval: Approval, who: policy.Principal, held: Sequence[Delegation] = ()) -> Mandate | str:
    """By whose right this person may vote now: their own before another's. A text says why they may not."""
    if approval.status is not Status.PENDING:
        return f"It is {approval.status.value}"
    if who.name in approval.not_by:
        return REASONS["four-eyes"]  # whoever's right it would be
    counted = approval.counted
    if any(v.voter == who.name for v in counted):
        return "You have voted already: another person has to"
    spent, open_ = voting.spent(counted), voting.open_steps(approval.steps, approval.step_order, counted)
    given = [d.right(approval.tenant_id) for d in held if not d.kinds or approval.kind in d.kinds]
    why = ""
    for right in [who, *(g for g in given if g is not None)]:
        if right.name in spent:
            why = why or "Somebody has voted for you already"
            continue
        refused = [_refused(approval, step, right) for step in open_]
        if "" in refused:
            return Mandate(open_[refused.index("")], right.name)
        why = why or refused[0]
    return why


def refusal(approval: Approval, who: policy.Principal, held: Sequence[Delegation] = ()) -> str:
    """Why this person may not decide it now; empty when they may."""
    found = mandate(approval, who, held)
    return found if isinstance(found, str) else ""


def _refused(approval: Approval, step: int, right: policy.Principal) -> str:
    wanted = approval.steps[step]
    escalated = approval.escalated_at is not None and approval.escalate_to in (right.name, right.role.value)
    if wanted.people and right.name not in wanted.people and not escalated:
        return f"It is for {', '.join(wanted.people)} to decide"
    role = right.role.value if escalated else wanted.role
    resource = policy.Resource(
        kind="Approval", tenant_id=approval.tenant_id, id=approval.number, role=role, amount=approval.amount,
        not_by=approval.not_by,
    )  # fmt: skip
    match policy.decide(right, policy.Action.APPROVAL_DECIDE, resource):
        case policy.Allowed():
            return ""
        case policy.Denied(reason):
            return REASONS.get(reason, f"It asks for the role {wanted.role}")


def read(row: Any) -> Approval:
    steps = tuple(
        Step(s["role"], tuple(s["people"]), int(s["need"])) for s in common.json_of(row["steps"])
    ) or (Step(row["role"]),)  # fmt: skip
    cast = tuple(
        Vote(voter=v["voter"], right=v["right"], step=int(v["step"]), outcome=v["outcome"], hash=v["hash"],
             note=v["note"], way=v["way"], at=datetime.fromisoformat(v["at"]))
        for v in common.json_of(row["votes"])
    )  # fmt: skip
    return Approval(
        tenant_id=row["tenant_id"], approval_id=row["approval_id"], number=row["number"], kind=row["kind"],
        title=row["title"], order=row["order_no"], customer_id=row["customer_id"], customer=row["customer"],
        amount=row["amount"], currency=row["currency"], role=row["role"], not_by=tuple(row["not_by"]),
        reason=row["reason"], rule=row["rule"], data=common.json_of(row["data"]), hash=row["hash"],
        status=Status(row["status"]), requested_at=row["requested_at"], due_at=row["due_at"],
        expires_at=row["expires_at"], decided_at=row["decided_at"], decided_by=row["decided_by"], note=row["note"],
        instance_id=row["instance_id"], at=row["at"], steps=steps, step_order=Order(row["step_order"]), votes=cast,
        table=row["table_version"], tolerance=row["tolerance"], stands_until=row["stands_until"],
        again_of=row["again_of"], changed=common.json_of(row["changed"]), mail=row["mail"],
        reminded_at=row["reminded_at"], escalated_at=row["escalated_at"], escalate_to=row["escalate_to"],
    )  # fmt: skip
