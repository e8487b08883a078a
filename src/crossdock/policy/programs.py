"""Which workflows may run programs: nobody, unless a Cedar policy of the tenant says so.

A tenant's text may speak of nothing else: every policy names its action, and it is one of these. The principal is the
workflow: `principal.namespace`, `principal.name`, `principal.version`.

    permit (principal, action == Action::"run.shell", resource) when { principal.namespace == "operations" };
"""

import json
from enum import StrEnum
from functools import lru_cache
from typing import Any, cast

import cedarpy

from crossdock.errors import Finding, PartnerError
from crossdock.policy.decision import Allowed, Decision, Denied

LONGEST = 20_000  # characters


class Program(StrEnum):
    SHELL = "run.shell"
    SCRIPT = "run.script"
    CONTAINER = "run.container"


def may_run(text: str, program: Program, tenant_id: str, namespace: str, name: str, version: str) -> Decision:
    """text: the tenant's policies; empty permits nothing."""
    who = {"type": "Workflow", "id": f"{namespace}/{name}"}
    attributes = {"namespace": namespace, "name": name, "version": version, "tenant": tenant_id}
    tenant = {"type": "Tenant", "id": tenant_id}
    entities: list[dict[str, Any]] = [
        {"uid": who, "attrs": attributes, "parents": []},
        {"uid": tenant, "attrs": {}, "parents": []},
    ]
    request = {"principal": who, "action": {"type": "Action", "id": program.value}, "resource": tenant, "context": {}}
    result = cedarpy.is_authorized(request, _policies(text), entities)  # pyright: ignore[reportUnknownMemberType]
    if result.diagnostics.errors:
        return Denied(f"policy error: {result.diagnostics.errors[0]}")
    if result.allowed:
        return Allowed(", ".join(map(str, result.diagnostics.reasons)))  # pyright: ignore[reportUnknownMemberType,reportUnknownArgumentType]
    return Denied(f"no policy of the tenant permits {program} to the workflow {namespace}/{name}")


def check(text: str) -> None:
    """Raises PartnerError for what is no Cedar, or speaks of anything but programs."""
    if len(text) > LONGEST:
        raise PartnerError([_finding("/", f"at most {LONGEST} characters", str(len(text)), "Shorten it.")])
    try:
        read: dict[str, Any] = json.loads(cedarpy.policies_to_json_str(text))
    except ValueError as e:
        raise PartnerError([_finding("/", "policies in Cedar", str(e)[:200], "Correct the text.")]) from e
    known = {program.value for program in Program}
    findings: list[Finding] = []
    for name, policy in cast("dict[str, dict[str, Any]]", read["staticPolicies"]).items():
        named = _actions(policy["action"])
        if not named or not named <= known:
            expected = f"action == one of {', '.join(sorted(known))}"
            found = ", ".join(sorted(named)) or "any action"
            findings.append(_finding(name, expected, found, "Name the program that it is about."))
    if read["templates"]:
        findings.append(_finding("/", "policies without slots", "a template", "Write it out."))
    if findings:
        raise PartnerError(findings)


def _actions(constraint: dict[str, Any]) -> set[str]:
    entities = constraint.get("entities") or ([constraint["entity"]] if "entity" in constraint else [])
    return {str(e.get("id")) if e.get("type") == "Action" else "?" for e in entities}


def _finding(where: str, expected: str, found: str, fix: str) -> Finding:
    return Finding("policy.programs", where, expected, found, fix)


@lru_cache(maxsize=64)
def _policies(text: str) -> cedarpy.PolicySet:
    return cedarpy.PolicySet.from_str(text)
