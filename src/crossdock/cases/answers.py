"""Mail that answers what was written about a case: it lands on the case, never in the intake.

A mail is an answer when it is addressed to one of our signed addresses, or names a mail of ours as the one it answers.
Any other stays where it is. It is stored with its attachments before it may go from the mailbox, and once, however
often it is delivered. It wakes a snoozed case and reopens a closed one; where a process was answered already, a new
case says so.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import Message
from email.utils import getaddresses
from html.parser import HTMLParser
from uuid import UUID

from crossdock import ids
from crossdock.cases import casework, common, files, linking, mailing
from crossdock.cases.casework import Status
from crossdock.cases.mailing import SQL, Desk
from crossdock.db import Database, Tx
from crossdock.errors import NotFound
from crossdock.events.inbox import business_now

MOST_ATTACHMENTS = 20
MOST_REFERENCES = 50
BODY_CHARACTERS = 50_000
_REF = re.compile(r"<([^<>\s]{1,300})>")
_TO = ("to", "cc", "delivered-to", "x-original-to", "envelope-to")


@dataclass(frozen=True, slots=True)
class Letter:
    """An incoming mail as far as a case needs it. by_machine: nobody wrote it (RFC 3834)."""

    ref: str
    sender: str
    recipients: Sequence[str]
    answers: Sequence[str]
    subject: str
    body: str
    attachments: Sequence[tuple[str, bytes]]
    by_machine: bool


class Answers:
    """What transports that receive mail are given (crossdock.partners.transports.model.Letters)."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def __call__(self, tenant_id: str, raw: bytes, recipients: Sequence[str] = ()) -> bool:
        """Whether it answers something of ours; then it is stored. recipients: those of the envelope, where known."""
        async with self._db.transaction(tenant_id) as tx:
            try:
                desk = await mailing.desk(tx, tenant_id)
            except NotFound:
                return False  # nothing of this tenant was ever written
            letter = read(raw)
            case_id = await _case(tx, tenant_id, desk, letter, recipients)
            if case_id is None:
                return False
            await receive(tx, tenant_id, case_id, letter, await business_now(tx))
            return True


async def receive(tx: Tx, tenant_id: str, case_id: UUID, letter: Letter, now: datetime) -> bool:
    """Stores it with the case, or with the one that it was merged into; False: it was stored before."""
    case = await casework.take(tx, tenant_id, await linking.survivor(tx, tenant_id, case_id), "comment")
    message_id = ids.new()
    answered = letter.answers[-1] if letter.answers else ""
    stored = await tx.fetchval(
        SQL["receive"], tenant_id, message_id, case.case_id, letter.ref, answered, letter.sender,
        list(letter.recipients), letter.subject, letter.body, now,
    )  # fmt: skip
    if stored is None:
        return False
    left_out: list[str] = []
    for name, content in letter.attachments:
        if 0 < len(content) <= files.MOST_BYTES:
            await files.keep(tx, tenant_id, case.case_id, message_id, name, content, letter.sender, now)
        else:
            left_out.append(files.safe_name(name))
    said = f"{letter.sender} answered: {letter.subject}"
    if left_out:
        said += f"; left out for their size: {', '.join(left_out)}"
    case = await casework.save(tx, tenant_id, case, letter.sender, now, "answer", said[:500])
    facts = {"case": str(case.case_id), "number": case.number, "kind": case.kind, "from": letter.sender,
             "subject": letter.subject}  # fmt: skip
    await common.publish(tx, tenant_id, "case.answered", case.order, now, facts)
    if not letter.by_machine:
        await _heed(tx, tenant_id, case, letter, now)
    return True


async def _heed(tx: Tx, tenant_id: str, case: casework.Case, letter: Letter, now: datetime) -> None:
    """Somebody has to read it: a case that sleeps or is closed is open again, or another is opened for it."""
    if case.status is Status.SNOOZED:
        await casework.wake_one(tx, tenant_id, case.case_id, letter.sender, now)
    elif case.status is Status.CLOSED and case.answers is None:
        await casework.reopen(tx, tenant_id, case.case_id, f"system:mail from {letter.sender}", now)
    elif case.status is Status.CLOSED:
        new = casework.New(
            kind="late-answer", queue=case.queue, title=f"{letter.sender} answered after {case.number} was resolved",
            severity="medium", reason=letter.subject, detail="The process went on with the resolution of that time",
            order=case.order, customer_id=case.customer_id, customer=case.customer,
            evidence={"case": case.number, "from": letter.sender, "text": letter.body[:2000]},
            key=f"late-answer/{case.number}",
        )  # fmt: skip
        opened = await casework.open_case(tx, tenant_id, new, now)
        await linking.link(tx, tenant_id, opened.case_id, case.case_id, "a late answer", common.SYSTEM, now)


async def _case(tx: Tx, tenant_id: str, desk: Desk, letter: Letter, envelope: Sequence[str]) -> UUID | None:
    for address in (*envelope, *letter.recipients):
        if (number := desk.signed(address)) is not None:
            return await tx.fetchval(SQL["case_of_number"], tenant_id, number)
    return await tx.fetchval(SQL["case_of_refs"], tenant_id, list(letter.answers)) if letter.answers else None


# ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────


def read(raw: bytes) -> Letter:
    """Never raises for what a mail holds."""
    message: Message = message_from_bytes(raw, policy=policy.default)
    ref = _header(message, "message-id").strip("<> \t")[:300] or hashlib.sha256(raw).hexdigest()
    senders = [a for _, a in getaddresses([_header(message, "from")]) if "@" in a]
    given = [_header(message, name) for name in _TO]
    recipients = [a.lower() for _, a in getaddresses(given) if "@" in a][:100]
    named = _REF.findall(_header(message, "references"))[-MOST_REFERENCES:] + _REF.findall(
        _header(message, "in-reply-to")
    )
    automatic = _header(message, "auto-submitted").strip().lower()
    return Letter(
        ref=_clean(ref),
        sender=_clean(senders[0].lower()[:320]) if senders else "nobody",
        recipients=recipients,
        answers=[_clean(r) for r in named],
        subject=_clean(" ".join(_header(message, "subject").split()))[:300],
        body=_clean(_text(message))[:BODY_CHARACTERS],
        attachments=_attachments(message),
        by_machine=automatic not in ("", "no") or _header(message, "return-path").strip() == "<>",
    )


def _header(message: Message, name: str) -> str:
    try:
        return ", ".join(str(h) for h in message.get_all(name, []))
    except (ValueError, IndexError, AttributeError, TypeError, KeyError):  # what odd headers do to the standard library
        return ""


def _text(message: Message) -> str:
    """The plain part; of a mail that has none, the words of its HTML."""
    plain, html = "", ""
    for part in message.walk():
        if part.is_multipart() or part.get_content_disposition() == "attachment":
            continue
        match part.get_content_type():
            case "text/plain" if not plain:
                plain = _decoded(part)
            case "text/html" if not html:
                html = _decoded(part)
            case _:
                pass
    if plain.strip() or not html:
        return plain.strip()
    words = _Words()
    words.feed(html)
    words.close()
    return re.sub(r"\n{3,}", "\n\n", "".join(words.found)).strip()


def _decoded(part: Message) -> str:
    content = part.get_payload(decode=True)
    raw = content if isinstance(content, bytes) else b""
    try:
        return raw.decode(part.get_content_charset() or "utf-8", "replace")
    except LookupError:
        return raw.decode("utf-8", "replace")


def _attachments(message: Message) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for part in message.walk():
        if part.is_multipart():
            continue
        try:
            name = part.get_filename("") or ""
        except (ValueError, IndexError, AttributeError, TypeError, KeyError):
            name = "file"
        text = part.get_content_maintype() == "text" and part.get_content_disposition() != "attachment" and not name
        content = part.get_payload(decode=True)
        if not text and isinstance(content, bytes) and content and len(found) < MOST_ATTACHMENTS:
            found.append((name or f"part-{len(found) + 1}", content))
    return found


def _clean(text: str) -> str:
    """What PostgreSQL takes as text."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


class _Words(HTMLParser):
    """The text of an HTML mail: no scripts, no styles; blocks become lines."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style", "head"):
            self._hidden += 1
        elif tag in ("p", "br", "div", "li", "tr", "blockquote"):
            self.found.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style", "head") and self._hidden:
            self._hidden -= 1

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.found.append(data)
