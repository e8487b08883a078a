"""The question put to Cedar, and its answer with the policy that gave it.

Amounts reach Cedar as whole cents: its integers are 64 bits wide and its decimals have four digits.
"""

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, TypeAlias, cast

import cedarpy


class Role(StrEnum):
    VIEWER = "viewer"
    COORDINATOR = "coordinator"
    APPROVER = "approver"
    ADMIN = "admin"
    PARTNER = "partner"


class Action(StrEnum):
    READ = "read"  # orders, documents, cases, approvals, holds, incidents, instances, definitions, KPIs
    CASE_WORK = "case.work"  # assign, snooze, comment, resolve, reopen
    INCIDENT_WORK = "incident.work"
    APPROVAL_DECIDE = "approval.decide"  # resource: role, amount, not_by
    HOLD_PLACE = "hold.place"
    HOLD_RELEASE = "hold.release"  # resource: role
    ORDER_CREATE = "order.create"  # a partner: only its own
    ORDER_CANCEL = "order.cancel"  # a partner: only its own
    ORDER_SHARE = "order.share"  # a link by which its customer sees it
    DOCUMENT_RELEASE = "document.release"
    INTAKE = "intake"  # a partner: only its own
    EVENT_POST = "event.post"
    INSTANCE_OPERATE = "instance.operate"  # suspend, resume, retry, restart from the record, cancel with compensation
    INSTANCE_REPAIR = "instance.repair"  # what may leave effects standing or make them twice: migrate, hard cancel
    WORKFLOW_RUN = "workflow.run"
    PARTNER_MANAGE = "partner.manage"  # profiles, agreements, invitations, going live
    CONNECTION_MANAGE = "connection.manage"
    REFERENCE_MANAGE = "reference.manage"  # calendars and reference tables
    DEFINITION_EDIT = "definition.edit"  # save and discard drafts of workflows and decision tables
    DEFINITION_PUBLISH = "definition.publish"  # put them in force, take them back
    MAP_EDIT = "map.edit"  # save and discard drafts
    MAP_ACTIVATE = "map.activate"
    CROSS_REFERENCE = "cross-reference.edit"  # what partners call otherwise: enter, accept, remove
    USER_MANAGE = "user.manage"
    AUDIT_READ = "audit.read"
    METRICS_READ = "metrics.read"


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """A person or program within one tenant. approval_limit None: no limit of its own."""

    name: str
    role: Role
    tenant_id: str
    partner_id: str | None = None
    approval_limit: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """What it is about. partner_id: whose it is. role: who is asked to decide. not_by: who must not."""

    kind: str
    tenant_id: str
    id: str = ""
    partner_id: str | None = None
    role: str = ""
    amount: Decimal | None = None
    not_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Allowed:
    policy: str  # the @id of the permit


@dataclass(frozen=True, slots=True)
class Denied:
    reason: str  # the @id of the forbid, or that nothing permits it


Decision: TypeAlias = Allowed | Denied


def decide(principal: Principal, action: Action, resource: Resource) -> Decision:
    """Denied unless a policy permits it and none forbids it."""
    who: dict[str, Any] = {"name": principal.name, "role": principal.role.value, "tenant": principal.tenant_id}
    if principal.partner_id is not None:
        who["partner_id"] = principal.partner_id
    if principal.approval_limit is not None:
        who["approval_limit_cents"] = int(principal.approval_limit * 100)
    what: dict[str, Any] = {"tenant": resource.tenant_id, "role": resource.role, "not_by": list(resource.not_by)}
    if resource.partner_id is not None:
        what["partner_id"] = resource.partner_id
    if resource.amount is not None:
        # Rounded up: a fraction of a cent above the limit is above the limit.
        what["amount_cents"] = int((resource.amount * 100).to_integral_value(ROUND_CEILING))
    user = {"type": "User", "id": principal.name or "nobody"}
    thing = {"type": resource.kind or "Thing", "id": resource.id or "any"}
    entities: list[dict[str, Any]] = [
        {"uid": user, "attrs": who, "parents": []},
        {"uid": thing, "attrs": what, "parents": []},
    ]
    request = {"principal": user, "action": {"type": "Action", "id": action.value}, "resource": thing, "context": {}}
    result = cedarpy.is_authorized(request, _policies(), entities)  # pyright: ignore[reportUnknownMemberType]
    named = sorted(cast("dict[str, str]", result.diagnostics.id_annotations_by_reason).values())  # pyright: ignore[reportUnknownMemberType]
    if result.allowed and not result.diagnostics.errors:
        return Allowed(", ".join(named))
    if result.diagnostics.errors:
        return Denied(f"policy error: {result.diagnostics.errors[0]}")
    return Denied(", ".join(named) or f"nothing permits {action.value} to the role {principal.role.value}")


@cache
def _policies() -> cedarpy.PolicySet:
    return cedarpy.PolicySet.from_str(files("crossdock.policy").joinpath("policies.cedar").read_text(encoding="utf-8"))
