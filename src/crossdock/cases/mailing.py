"""Mail that people write about a case, and where its answers come back to.

    waiting → sent      waiting → failed (refused for good, or not taken for a day)

Written in the transaction of whoever writes, sent afterwards by a worker. Each mail has a Message-ID of its own, names
those before it (References), and asks for answers at an address that only we can make: the tenant's address with the
case's number and a signature behind a plus sign (RFC 5233). Sent at least once: one whose answer from the mail server
was lost is sent again under the same Message-ID, by which its reader's program knows it for the same.
"""

import base64
import hashlib
import hmac
import logging
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime, formataddr
from typing import Any
from uuid import UUID

from crossdock import audit, ids
from crossdock.cases import casework, common, files
from crossdock.db import Database, Tx, queries
from crossdock.errors import Conflict, Finding, NotFound, PartnerError
from crossdock.outbound.mail import Mailer, NotSent

SQL = queries("crossdock.cases", "mailing.sql")
log = logging.getLogger(__name__)

ATTEMPTS = 12
FIRST_RETRY, LAST_RETRY = timedelta(minutes=1), timedelta(hours=4)  # doubled each time: a day in all
MOST_RECIPIENTS = 20
BODY_CHARACTERS = 50_000
MOST_BYTES = 20_000_000  # of all attachments of a mail
REFERENCES = 20  # of the thread's mails, the newest
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class Desk:
    """From where a tenant writes. key: signs the addresses of answers."""

    address: str
    name: str
    key: bytes

    def answers_at(self, case_number: str) -> str:
        """service+ex-1001.q2w3…@norrland.example: whoever has it was written to about this case."""
        local, _, domain = self.address.partition("@")
        return f"{local}+{case_number.lower()}.{self.signature(case_number)}@{domain}"

    def signature(self, case_number: str) -> str:
        digest = hmac.new(self.key, case_number.lower().encode(), hashlib.sha256).digest()
        return base64.b32encode(digest[:10]).decode().lower()

    def signed(self, address: str) -> str | None:
        """The number of the case that an address of ours was made for; None for any other."""
        local, _, domain = address.lower().partition("@")
        ours, _, our_domain = self.address.lower().partition("@")
        base, plus, tag = local.partition("+")
        number, dot, signature = tag.rpartition(".")
        if not plus or not dot or base != ours or domain != our_domain:
            return None
        return number.upper() if hmac.compare_digest(signature, self.signature(number)) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    message_id: UUID
    case_id: UUID
    direction: str
    ref: str
    sender: str
    recipients: Sequence[str]
    subject: str
    body: str
    state: str
    by: str
    at: datetime
    error: str


# ── where from ───────────────────────────────────────────────────────────────────────────────────────────────────


async def put_desk(tx: Tx, tenant_id: str, address: str, name: str, by: str, now: datetime) -> Desk:
    """From then on people of the tenant write from there. Its key is made once and never shown."""
    _addresses([address], "/address")
    if "+" in address.partition("@")[0] or not name.isprintable():
        raise PartnerError([_finding("/address", "an address without +, and a plain name", address, "Choose another")])
    await tx.execute(SQL["put_desk"], tenant_id, address.lower(), name, secrets.token_bytes(32), by, now)
    await audit.record(tx, tenant_id, by, "case-mail.put", address, {"name": name})
    return await desk(tx, tenant_id)


async def desk(tx: Tx, tenant_id: str) -> Desk:
    """Raises NotFound for a tenant that has no address yet."""
    row = await tx.fetchrow(SQL["desk"], tenant_id)
    if row is None:
        raise NotFound("No address to write from: an administrator puts one (PUT /api/case-mail)")
    return Desk(row["address"], row["name"], row["key"])


# ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def write(
    tx: Tx, tenant_id: str, case_id: UUID, to: Sequence[str], subject: str, body: str, by: str, now: datetime, *,
    attach: Sequence[UUID] = (),
) -> Message:  # fmt: skip
    """A mail of the case's thread, to be sent. attach: files of the case. Raises PartnerError, NotFound."""
    recipients = _addresses(to, "/to")
    subject = " ".join(subject.split())[:300]
    if not subject or not body.strip() or len(body) > BODY_CHARACTERS:
        expected = f"a subject and 1 to {BODY_CHARACTERS} characters"
        raise PartnerError([_finding("/body", expected, f"{len(subject)} and {len(body)}", "Write both")])
    case = await casework.take(tx, tenant_id, case_id, "comment")
    from_ = await desk(tx, tenant_id)
    chosen = [await files.content(tx, tenant_id, case_id, f) for f in attach]
    if sum(f.size_bytes for f, _ in chosen) > MOST_BYTES:
        raise PartnerError([_finding("/attach", f"at most {MOST_BYTES} bytes in all", "more", "Attach less")])
    message_id = ids.new()
    ref = f"{case.number.lower()}.{message_id}@{from_.address.partition('@')[2]}"
    row = await tx.fetchrow(
        SQL["write"], tenant_id, message_id, case_id, ref, from_.address, recipients, subject, body, by, now
    )
    for found, content in chosen:
        await files.keep(tx, tenant_id, case_id, message_id, found.name, content, by, now)
    await casework.save(tx, tenant_id, case, by, now, "write", f"wrote to {', '.join(recipients)}: {subject}")
    facts = {"case": str(case_id), "number": case.number, "kind": case.kind, "subject": subject, "by": by}
    await common.publish(tx, tenant_id, "case.written", case.order, now, facts)
    return message(row)


async def again(tx: Tx, tenant_id: str, case_id: UUID, message_id: UUID, by: str, now: datetime) -> Message:
    """One that failed is tried anew. Raises Conflict for any other."""
    case = await casework.take(tx, tenant_id, case_id, "comment")
    row = await tx.fetchrow(SQL["again"], tenant_id, case_id, message_id, now)
    if row is None:
        raise Conflict("Only a mail that failed is sent again")
    await casework.save(tx, tenant_id, case, by, now, "write", f"sends again: {row['subject']}")
    return message(row)


async def thread(tx: Tx, tenant_id: str, case_id: UUID) -> list[Message]:
    """With what was merged into the case, the oldest first."""
    return [message(r) for r in await tx.fetch(SQL["thread"], tenant_id, case_id)]


# ── sending ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def run_due(db: Database, url: str | None, now: datetime) -> int:
    """Sends what is due, of each tenant; returns how many mails were taken."""
    sent = 0
    for row in await db.pool.fetch("select * from crossdock.case_mail_due($1) as tenant_id", now):
        tenant_id: str = row["tenant_id"]
        async with db.transaction(tenant_id) as tx:
            waiting = [r["message_id"] for r in await tx.fetch(SQL["due"], tenant_id, now)]
        for message_id in waiting:
            sent += await _send(db, tenant_id, message_id, url, now)
    return sent


async def _send(db: Database, tenant_id: str, message_id: UUID, url: str | None, now: datetime) -> bool:
    """No transaction is open while the mail server is spoken to."""
    async with db.transaction(tenant_id) as tx:
        row: Any = await tx.fetchrow(SQL["one"], tenant_id, message_id)
        made = await _made(tx, tenant_id, row)
    error, final = "", False
    try:
        await Mailer(url, row["sender"]).send(made)
    except NotSent as e:
        error, final = str(e), e.final
        log.warning("a mail about %s of %s is not sent: %s", row["number"], tenant_id, error)
    async with db.transaction(tenant_id) as tx:
        if not error:
            await tx.execute(SQL["sent"], tenant_id, message_id)
            return True
        attempts: int = row["attempts"] + 1
        given_up = final or attempts >= ATTEMPTS
        later = now + min(LAST_RETRY, FIRST_RETRY * 2 ** (attempts - 1))
        state = "failed" if given_up else "waiting"
        await tx.execute(SQL["unsent"], tenant_id, message_id, state, attempts, later, error[:500])
        if given_up:
            case = await casework.take(tx, tenant_id, row["case_id"], "comment")
            said = f"the mail to {', '.join(row['recipients'])} was not sent: {error}"
            await casework.save(tx, tenant_id, case, common.SYSTEM, now, "mail-failed", said[:500])
            facts = {"case": str(case.case_id), "number": case.number, "kind": case.kind, "error": error}
            await common.publish(tx, tenant_id, "case.mail-failed", case.order, now, facts)
        return False


async def _made(tx: Tx, tenant_id: str, row: Any) -> EmailMessage:
    from_ = await desk(tx, tenant_id)
    before = [r["ref"] for r in await tx.fetch(SQL["before"], tenant_id, row["case_id"], row["at"], REFERENCES)]
    mail = EmailMessage()
    mail["From"] = formataddr((from_.name, row["sender"]))
    mail["To"] = ", ".join(row["recipients"])
    mail["Reply-To"] = from_.answers_at(row["number"])
    mail["Subject"] = row["subject"]
    mail["Date"] = format_datetime(row["at"])
    mail["Message-ID"] = f"<{row['ref']}>"
    if before:
        mail["In-Reply-To"] = f"<{before[-1]}>"
        mail["References"] = " ".join(f"<{ref}>" for ref in before)
    mail.set_content(row["body"])
    for found in await tx.fetch(SQL["files"], tenant_id, row["message_id"]):
        maintype, _, subtype = found["media_type"].partition("/")
        if maintype == "text":
            maintype, subtype = "application", "octet-stream"
        mail.add_attachment(found["bytes"], maintype=maintype, subtype=subtype, filename=found["name"])
    return mail


def message(row: Any) -> Message:
    return Message(
        message_id=row["message_id"], case_id=row["case_id"], direction=row["direction"], ref=row["ref"],
        sender=row["sender"], recipients=list(row["recipients"]), subject=row["subject"], body=row["body"],
        state=row["state"], by=row["by"], at=row["at"], error=row["error"],
    )  # fmt: skip


def is_address(text: str) -> bool:
    return _ADDRESS.fullmatch(text) is not None


def _addresses(given: Sequence[str], where: str) -> list[str]:
    """Plain addresses, each once. Raises PartnerError for the first that is none, or for none or too many."""
    found = list(dict.fromkeys(a.strip() for a in given))
    if not 1 <= len(found) <= MOST_RECIPIENTS:
        raise PartnerError([_finding(where, f"1 to {MOST_RECIPIENTS} addresses", str(len(found)), "Name some")])
    wrong = [a for a in found if not _ADDRESS.fullmatch(a)]
    if wrong:
        raise PartnerError([_finding(where, "an address such as a@b.example", a[:100], "Correct it") for a in wrong])
    return found


def _finding(where: str, expected: str, found: str, fix: str) -> Finding:
    return Finding("case.mail", where, expected, found, fix)
