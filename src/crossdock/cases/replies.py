"""Reply templates: what a tenant writes again and again, in several languages, with the facts of the case filled in.

`{name}` stands for a fact; a line that names one which this case does not have is left out. A template that names a
fact that no case has is refused when it is put. A customer is written to in its own language where the template has
it, else in the template's own.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crossdock import audit, exactjson
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
_LANGUAGE = re.compile(r"[a-z]{2}")


@dataclass(frozen=True, slots=True)
class Text:
    language: str
    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Reply:
    """language, subject, body: its own text. others: what it says in other languages."""

    name: str
    title: str
    language: str
    subject: str
    body: str
    put_by: str
    put_at: datetime
    others: tuple[Text, ...] = ()

    def texts(self) -> tuple[Text, ...]:
        return (Text(self.language, self.subject, self.body), *self.others)

    def text(self, language: str) -> Text:
        """In a language, or its own text where there is none."""
        wanted = language.lower()[:2]
        return next((t for t in self.texts() if t.language == wanted), self.texts()[0])


async def put(
    tx: Tx, tenant_id: str, name: str, title: str, subject: str, body: str, by: str, now: datetime, *,
    language: str = "",
) -> Reply:  # fmt: skip
    """language: "", the template's own. Raises PartnerError for a fact that no case has, and for no language."""
    check(subject, body)
    if language and not _LANGUAGE.fullmatch(language):
        text = "Say it as en, de or sv"
        raise PartnerError([Finding("case-template", "/language", "two letters (ISO 639-1)", language[:20], text)])
    row = await tx.fetchrow(SQL["all"], tenant_id, name)
    if row is None or language in ("", row["language"]):
        own = (language or "en") if row is None else str(row["language"])
        await tx.execute(SQL["put"], tenant_id, name, title or name, subject, body, by, now, own)
    else:
        await tx.execute(SQL["put_text"], tenant_id, name, language, subject, body, by, now)
        if title:
            await tx.execute(SQL["retitle"], tenant_id, name, title)
    detail = {"subject": subject, "body": body, "language": language}
    await audit.record(tx, tenant_id, by, "case-template.put", name, detail)
    return await get(tx, tenant_id, name)


async def remove(tx: Tx, tenant_id: str, name: str, by: str, *, language: str = "") -> None:
    """With all its languages, or one of the others."""
    statement, given = (SQL["remove_text"], (language,)) if language else (SQL["remove"], ())
    if not await tx.fetchval(statement, tenant_id, name, *given):
        what = f" in the language {language!r} beside its own" if language else ""
        raise NotFound(f"No reply template {name!r}{what}")
    await audit.record(tx, tenant_id, by, "case-template.remove", name, {"language": language})


async def every(tx: Tx, tenant_id: str) -> list[Reply]:
    return [_reply(r) for r in await tx.fetch(SQL["all"], tenant_id, None)]


async def get(tx: Tx, tenant_id: str, name: str) -> Reply:
    """Raises NotFound."""
    row = await tx.fetchrow(SQL["all"], tenant_id, name)
    if row is None:
        raise NotFound(f"No reply template {name!r}")
    return _reply(row)


def _reply(row: Any) -> Reply:
    others = tuple(Text(**o) for o in exactjson.loads(row["others"]))
    return Reply(
        row["name"], row["title"], row["language"], row["subject"], row["body"], row["put_by"], row["put_at"], others
    )


async def language_of(tx: Tx, tenant_id: str, customer_id: str) -> str:
    """Two letters, "" where nobody knows."""
    return str(await tx.fetchval(SQL["language"], tenant_id, customer_id) or "").lower()[:2]


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
    tx: Tx, tenant_id: str, case: Case, subject: str, body: str, me: str, *, orders: str = "", customer: str = "",
    language: str = "en",
) -> tuple[str, str]:  # fmt: skip
    """(subject, body) with this case's facts. language: how amounts and days are written."""
    if language not in messages.LANGUAGES:
        language = messages.DEFAULT_LANGUAGE
    po = await tx.fetchval(SQL["po"], tenant_id, case.order)
    facts: dict[str, Any] = {
        "number": case.number, "title": case.title, "reason": case.reason, "order": case.order, "po": po or "",
        "customer": customer or case.customer, "promised_on": case.promised_on.isoformat() if case.promised_on else "",
        "amount": case.money, "currency": case.currency, "orders": orders, "me": me,
    }  # fmt: skip
    facts = {name: facts.get(name) for name in (*FACTS, "currency")}
    return (
        " ".join(messages.render(subject, facts, language).split()),
        messages.render(body, facts, language),
    )
