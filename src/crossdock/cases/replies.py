"""Reply templates: what a tenant writes again and again, with the facts of the case filled in.

`{name}` stands for a fact; a line that names one which this case does not have is left out. A template that names a
fact that no case has is refused when it is put.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crossdock import audit
from crossdock.cases import messages
from crossdock.cases.casework import Case
from crossdock.db import Tx, queries
from crossdock.errors import Finding, NotFound, PartnerError

SQL = queries("crossdock.cases", "replies.sql")
# What a template may name, and what it stands for.
FACTS = {
    "number": "the number of the exception", "title": "what happened", "reason": "why", "order": "our order number",
    "po": "the customer's order number", "customer": "the customer's name", "promised_on": "the day that is promised",
    "amount": "the money at risk", "orders": "the customer's orders that wait, one a line", "me": "who writes",
}  # fmt: skip
_NAME = re.compile(r"\{(\w*)\}")


@dataclass(frozen=True, slots=True)
class Reply:
    name: str
    title: str
    subject: str
    body: str
    put_by: str
    put_at: datetime


async def put(
    tx: Tx, tenant_id: str, name: str, title: str, subject: str, body: str, by: str, now: datetime
) -> Reply:  # fmt: skip
    """Raises PartnerError for a fact that no case has."""
    check(subject, body)
    await tx.execute(SQL["put"], tenant_id, name, title or name, subject, body, by, now)
    await audit.record(tx, tenant_id, by, "case-template.put", name, {"subject": subject, "body": body})
    return await get(tx, tenant_id, name)


async def remove(tx: Tx, tenant_id: str, name: str, by: str) -> None:
    if not await tx.fetchval(SQL["remove"], tenant_id, name):
        raise NotFound(f"No reply template {name!r}")
    await audit.record(tx, tenant_id, by, "case-template.remove", name, {})


async def every(tx: Tx, tenant_id: str) -> list[Reply]:
    return [Reply(*r) for r in await tx.fetch(SQL["all"], tenant_id)]


async def get(tx: Tx, tenant_id: str, name: str) -> Reply:
    """Raises NotFound."""
    row = await tx.fetchrow(SQL["one"], tenant_id, name)
    if row is None:
        raise NotFound(f"No reply template {name!r}")
    return Reply(*row)


def check(subject: str, body: str) -> None:
    """Raises PartnerError with every fact that no case has, and a subject that is none."""
    known = ", ".join(f"{{{f}}}" for f in FACTS)
    findings = [
        Finding("case-template", f"/{part}", f"one of {known}", f"{{{name}}}", "Correct the name")
        for part, text in (("subject", subject), ("body", body))
        for name in _NAME.findall(text)
        if name not in FACTS
    ]
    if not subject.strip() or "\n" in subject or "\r" in subject:
        findings.append(Finding("case-template", "/subject", "one line", repr(subject[:80]), "Write a subject"))
    if findings:
        raise PartnerError(findings)


async def fill(
    tx: Tx, tenant_id: str, case: Case, subject: str, body: str, me: str, *, orders: str = "", customer: str = ""
) -> tuple[str, str]:
    """(subject, body) with this case's facts."""
    po = await tx.fetchval(SQL["po"], tenant_id, case.order)
    facts: dict[str, Any] = {
        "number": case.number, "title": case.title, "reason": case.reason, "order": case.order, "po": po or "",
        "customer": customer or case.customer, "promised_on": case.promised_on.isoformat() if case.promised_on else "",
        "amount": case.money, "currency": case.currency, "orders": orders, "me": me,
    }  # fmt: skip
    facts = {name: facts.get(name) for name in (*FACTS, "currency")}
    return (
        " ".join(messages.render(subject, facts, "en").split()),
        messages.render(body, facts, "en"),
    )
