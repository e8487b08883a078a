"""Plays the people when nobody is there, by a stated policy: for demonstrations and unattended runs.

A policy is data (library/policies): rules by kind, the first that fits decides, and only after the time a person
would take. Whatever it decides goes through the same functions as a person's decision, as `policy:<name>`; it leaves
alone what a person has taken over, and what no rule names.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from importlib.resources import files
from typing import Any, Literal, cast
from uuid import UUID

import msgspec
import yaml

from crossdock.cases import approvals, casework, common, holds
from crossdock.db import Database, Tx
from crossdock.errors import SetupError
from crossdock.flow import durations
from crossdock.policy import Principal, Role

PAGE = 200  # decided in one go; the next call takes the next
CORRECT = "correct"


class ApprovalRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kind: str
    outcome: Literal["approved", "rejected"]
    after: str = "PT0S"
    note: str = ""
    percent_at_most: Decimal | None = None  # of data.percent
    amount_at_most: Decimal | None = None


class CaseRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """do: an action of the case, or `correct`. otherwise: when it cannot be corrected or `attempts` are used up."""

    kind: str
    do: str
    otherwise: str | None = None
    attempts: int | None = None
    after: str = "PT0S"
    note: str = ""


class HoldRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kind: str
    after: str = "PT0S"
    note: str = ""


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    version: str
    approvals: list[ApprovalRule] = []
    cases: list[CaseRule] = []
    holds: list[HoldRule] = []
    corrections: dict[str, Literal["substitute", "clear"]] = {}
    items: dict[str, str] = {}  # what an unknown item number means

    @property
    def actor(self) -> str:
        return f"policy:{self.name}"


@dataclass(frozen=True, slots=True)
class Decided:
    approvals: int = 0
    cases: int = 0
    holds: int = 0

    @property
    def total(self) -> int:
        return self.approvals + self.cases + self.holds


def load(name: str = "demo-approvers") -> Policy:
    """A shipped policy. Raises SetupError naming what is wrong with it."""
    text = files("crossdock.library").joinpath("policies", f"{name}.yaml").read_text(encoding="utf-8")
    try:
        policy = msgspec.convert(yaml.safe_load(text), Policy)
        for rule in (*policy.approvals, *policy.cases, *policy.holds):
            if durations.parse(rule.after) is None:
                raise ValueError(f"expected a duration such as PT25M as `after` of {rule.kind}, found {rule.after!r}")
    except (msgspec.ValidationError, yaml.YAMLError, ValueError) as e:
        raise SetupError(f"policies/{name}.yaml: {e}") from e
    return policy


async def decide_all(db: Database, tenant_id: str, policy: Policy, now: datetime) -> Decided:
    """Decides everything in one tenant that the policy decides by now; each in a transaction of its own."""
    async with db.transaction(tenant_id) as tx:
        asked = (await approvals.find(tx, tenant_id, status="pending", limit=PAGE)).items
        opened = (await casework.find(tx, tenant_id, casework.Filter(status="open"), limit=PAGE)).items
        opened = [c for c in opened if not taken_over(policy, c)]
        standing = (await holds.find(tx, tenant_id, status="active", limit=PAGE)).items
    done = [0, 0, 0]
    for approval in asked:
        async with db.transaction(tenant_id) as tx:
            done[0] += await _approval(tx, tenant_id, policy, approval, now)
    for case in opened:
        async with db.transaction(tenant_id) as tx:
            done[1] += await _case(tx, tenant_id, policy, case.case_id, now)
    for hold in standing:
        async with db.transaction(tenant_id) as tx:
            done[2] += await _hold(tx, tenant_id, policy, hold, now)
    return Decided(*done)


async def next_due(db: Database, tenant_id: str, policy: Policy) -> datetime | None:
    """When `decide_all` next has something to decide: simulated time may jump there."""
    async with db.transaction(tenant_id) as tx:
        asked = (await approvals.find(tx, tenant_id, status="pending", limit=PAGE)).items
        opened = (await casework.find(tx, tenant_id, casework.Filter(status="open"), limit=PAGE)).items
        opened = [c for c in opened if not taken_over(policy, c)]
        standing = (await holds.find(tx, tenant_id, status="active", limit=PAGE)).items
    times = [
        a.requested_at + _after(r)
        for a in asked
        if (r := approval_rule(policy, a)) is not None and policy.actor not in {v.voter for v in a.votes}
    ]
    times += [c.opened_at + _after(r) for c in opened if (r := _of_kind(policy.cases, c.kind)) is not None]
    times += [h.placed_at + _after(r) for h in standing if (r := _of_kind(policy.holds, h.kind)) is not None]
    return min(times, default=None)


# ── approvals ────────────────────────────────────────────────────────────────────────────────────────────────────


def approval_rule(policy: Policy, approval: approvals.Approval) -> ApprovalRule | None:
    """The first rule that fits; a limit on what the approval does not state does not fit."""
    shown: Any = approval.data
    facts = cast("dict[str, Any]", shown) if isinstance(shown, dict) else {}
    return next(
        (
            rule
            for rule in policy.approvals
            if rule.kind == approval.kind
            and _within(rule.percent_at_most, facts.get("percent"))
            and _within(rule.amount_at_most, approval.amount)
        ),
        None,
    )


def _within(limit: Decimal | None, value: Any) -> bool:
    return limit is None or (isinstance(value, int | Decimal) and value <= limit)


async def _approval(tx: Tx, tenant_id: str, policy: Policy, approval: approvals.Approval, now: datetime) -> bool:
    rule = approval_rule(policy, approval)
    if rule is None or approval.requested_at + _after(rule) > now:
        return False
    who = Principal(name=policy.actor, role=Role.APPROVER, tenant_id=tenant_id)
    fresh = await approvals.get(tx, tenant_id, approval.approval_id)
    if approvals.refusal(fresh, who):
        return False
    await approvals.decide(
        tx, tenant_id, fresh.approval_id, who, rule.outcome, now, hash=fresh.hash, note=rule.note
    )  # fmt: skip
    return True


# ── cases ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def _case(tx: Tx, tenant_id: str, policy: Policy, case_id: UUID, now: datetime) -> bool:
    case = await casework.get(tx, tenant_id, case_id)
    rule = _of_kind(policy.cases, case.kind)
    if (
        rule is None
        or case.status is not casework.Status.OPEN
        or taken_over(policy, case)
        or case.opened_at + _after(rule) > now
    ):
        return False
    chosen = await _choose(tx, tenant_id, policy, rule, case)
    if chosen is None:
        return False
    action, data = chosen
    if action not in {offer["id"] for offer in case.actions}:
        return False
    await casework.resolve(tx, tenant_id, case_id, action, policy.actor, now, data=data, note=rule.note)
    return True


def taken_over(policy: Policy, case: casework.Case) -> bool:
    """Whether a person has laid hands on it; that a table gave it to somebody is none of that."""
    return any(entry["by"] not in (common.SYSTEM, policy.actor) for entry in case.history)


async def _choose(
    tx: Tx, tenant_id: str, policy: Policy, rule: CaseRule, case: casework.Case
) -> tuple[str, Any] | None:
    """(action, edited data), or None to leave it to people."""
    instead = None if rule.otherwise is None else (rule.otherwise, None)
    if rule.attempts is not None:
        earlier = casework.Filter(status="closed", kind=case.kind, order=case.order)
        if (await casework.find(tx, tenant_id, earlier, limit=1)).total >= rule.attempts:
            return instead
    if rule.do != CORRECT:
        return rule.do, None
    data = corrected(policy, case)
    return instead if data is None else ("resubmit", data)


def corrected(policy: Policy, case: casework.Case) -> dict[str, Any] | None:
    """The order with every violation corrected; None when one of them is not for this policy to correct."""
    evidence, order = cast("dict[str, Any]", case.evidence), cast("dict[str, Any]", case.data)
    changed: dict[str, Any] = {}
    for violation in cast("list[dict[str, Any]]", evidence.get("violations", [])):
        match violation["code"], policy.corrections.get(violation["code"]):
            case "date-past", "clear":
                changed["requested_on"] = None
            case "total", "clear":
                changed["stated_total"] = None
            case "unknown-item", "substitute":
                known = {str(row["line"]): row for row in cast("list[dict[str, Any]]", evidence.get("lines", []))}
                lines = _substituted(policy, changed.get("lines", order["lines"]), violation["lines"], known)
                if lines is None:
                    return None
                changed["lines"] = lines
            case _:
                return None
    return changed


def _substituted(
    policy: Policy, lines: Sequence[dict[str, Any]], wrong: Sequence[str], known: Mapping[str, dict[str, Any]]
) -> list[dict[str, Any]] | None:
    result: list[dict[str, Any]] = []
    for line in lines:
        if str(line["line"]) not in wrong:
            result.append(line)
            continue
        mapped = [policy.items[i["value"]] for i in line["items"] if i["value"] in policy.items]
        found = [*mapped, *known.get(str(line["line"]), {}).get("substitutes", [])]
        if not found:
            return None
        result.append({**line, "items": [{"scheme": "supplier", "value": found[0]}]})
    return result


# ── holds ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def _hold(tx: Tx, tenant_id: str, policy: Policy, hold: holds.Hold, now: datetime) -> bool:
    rule = _of_kind(policy.holds, hold.kind)
    if rule is None or hold.placed_at + _after(rule) > now:
        return False
    if (await holds.get(tx, tenant_id, hold.hold_id)).status is not holds.Status.ACTIVE:
        return False
    await holds.release(tx, tenant_id, hold.hold_id, policy.actor, rule.note, now)
    return True


def _of_kind(rules: Sequence[Any], kind: str) -> Any:
    return next((rule for rule in rules if rule.kind == kind), None)


def _after(rule: ApprovalRule | CaseRule | HoldRule) -> timedelta:
    return durations.parse(rule.after) or timedelta(0)
