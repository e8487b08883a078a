"""Approvals by mail: what is to be approved, and a link that is good once, for one person, for exactly that.

A letter is queued in the transaction that asks, to those who may vote then and want mail; whoever stands in for
somebody gets it too. It leaves at least once. Its link is made when it leaves: `tenant.link.secret`, and a MAC under
that secret over the approval, its hash, the person and the expiry, of which only the MAC is kept. So who reads the
database cannot use a link, and who changes a row breaks it. Looking at a link decides nothing: scanners of mail follow
links. A link replaces the one of an earlier letter.
"""

import hmac
import logging
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any, Protocol
from uuid import UUID

from crossdock import audit, exactjson, ids
from crossdock.cases import delegations
from crossdock.cases.approvers import Approval, Mandate, Status, mandate, read
from crossdock.db import Database, Tx, queries
from crossdock.errors import Conflict, Finding, NotFound, PartnerError
from crossdock.outbound.mail import NotSent
from crossdock.policy import Principal, Role

SQL = queries("crossdock.cases", "letters.sql")
log = logging.getLogger(__name__)

GOOD_FOR = timedelta(days=3)
ATTEMPTS = 8
FIRST_RETRY, LAST_RETRY = timedelta(minutes=2), timedelta(hours=2)
AT_ONCE = 100  # letters of a tenant in one go; the next look takes the next
MOST_LINES = 40
BAD = "This link is not good, or not any more. Sign in to see what waits for you."
_MAIL = re.compile(r"^[^\s@<>,;\"\\]{1,64}@[A-Za-z0-9.-]{1,190}\.[A-Za-z]{2,24}$")


class Post(Protocol):
    """What outbound.mail.Mailer does: writes a message, and hands it to the mail server or raises NotSent."""

    def message(self, to: Sequence[str], subject: str, text: str, *, id: str, at: datetime) -> EmailMessage: ...

    async def send(self, mail: EmailMessage) -> None: ...


@dataclass(frozen=True, slots=True)
class Address:
    person: str
    email: str
    wanted: bool
    put_by: str
    put_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a link is good for. sign_in: only its person, signed in, may use it."""

    tenant_id: str
    tenant_name: str
    link_id: UUID
    person: str
    who: Principal
    approval: Approval
    sign_in: bool
    expires_at: datetime


# ── addresses ───────────────────────────────────────────────────────────────────────────────────────────────────


async def addresses(tx: Tx, tenant_id: str) -> list[Address]:
    return [Address(*row) for row in await tx.fetch(SQL["addresses"], tenant_id)]


async def put_address(tx: Tx, tenant_id: str, person: str, email: str, wanted: bool, by: str, now: datetime) -> Address:
    """Raises NotFound for somebody unknown, PartnerError for what is no mail address."""
    if await tx.fetchrow(SQL["member"], tenant_id, person) is None:
        raise NotFound("No such person")
    if not _MAIL.match(email):
        raise PartnerError(
            [Finding("approval.address", "/email", "a mail address", email[:100] or "nothing", "Correct it.")]
        )
    await tx.execute(SQL["put_address"], tenant_id, person, email, wanted, by, now)
    await audit.record(tx, tenant_id, by, "approval.address", person, {"email": email, "wanted": wanted})
    return Address(person, email, wanted, by, now)


# ── queueing ────────────────────────────────────────────────────────────────────────────────────────────────────


async def queue(tx: Tx, tenant_id: str, approval: Approval, what: str, now: datetime) -> int:
    """A letter to each who may vote now and wants mail. what: asked, reminded, escalated."""
    if approval.mail == "off":
        return 0
    wanted = {a.person for a in await addresses(tx, tenant_id) if a.wanted}
    if not wanted:
        return 0
    queued = 0
    for person in await delegations.people(tx, tenant_id, now):
        if person.name not in wanted:
            continue
        held = await delegations.held(tx, tenant_id, person.name, now)
        if isinstance(mandate(approval, person.principal(tenant_id), held), Mandate):
            await tx.execute(SQL["queue"], tenant_id, ids.new(), approval.approval_id, person.name, what, now)
            queued += 1
    return queued


async def of_approval(tx: Tx, tenant_id: str, approval_id: UUID) -> list[dict[str, Any]]:
    return [dict(row) for row in await tx.fetch(SQL["of_approval"], tenant_id, approval_id)]


# ── sending ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def run_due(db: Database, post: Post, base: str, now: datetime) -> int:
    """Sends what is due, of each tenant; returns how many letters left. base: our own address."""
    sent = 0
    for row in await db.pool.fetch("select * from crossdock.approval_mail_due($1) as tenant_id", now):
        for _ in range(AT_ONCE):
            done = await _send_one(db, row["tenant_id"], post, base, now)
            if done is None:
                break
            sent += done
    return sent


async def _send_one(db: Database, tenant_id: str, post: Post, base: str, now: datetime) -> int | None:
    """The link is committed before the letter leaves: a link that somebody holds is known."""
    async with db.transaction(tenant_id) as tx:
        row = await tx.fetchrow(SQL["take"], tenant_id, now, now + FIRST_RETRY)
        if row is None:
            return None
        approval = read(await tx.fetchrow(SQL["approval"], tenant_id, row["approval_id"]))
        who, _ = await _person(tx, tenant_id, row["person"])
        held = await delegations.held(tx, tenant_id, row["person"], now)
        found = mandate(approval, who, held) if who is not None else ""
        if row["email"] is None or not isinstance(found, Mandate):
            await tx.execute(SQL["settle"], tenant_id, row["mail_id"], "needless", None, None, "")
            return 0
        token = await make(tx, tenant_id, approval, row["person"], now)
    subject, text = _letter(approval, found, row, f"{base}/approve#{token}")
    error = ""
    try:
        await post.send(post.message([row["email"]], subject, text, id=str(row["mail_id"]), at=now))
    except NotSent as e:
        error = str(e)[:500]
        log.warning("letters of %s do not leave: %s", tenant_id, error)
    attempts: int = row["attempts"]
    async with db.transaction(tenant_id) as tx:
        if not error:
            await tx.execute(SQL["settle"], tenant_id, row["mail_id"], "sent", now, None, "")
            return 1
        later = now + min(LAST_RETRY, FIRST_RETRY * 2**attempts)
        state = "failed" if attempts >= ATTEMPTS else "waiting"
        await tx.execute(SQL["settle"], tenant_id, row["mail_id"], state, None, later, error)
    return 0


def _letter(approval: Approval, found: Mandate, row: Any, link: str) -> tuple[str, str]:
    """Its subject and its text."""
    opening = {
        "asked": "You are asked to approve:",
        "reminded": "This still waits for you:",
        "escalated": "Nobody has decided this in time; now you may:",
    }[row["what"]]
    mark = {"asked": "", "reminded": "Reminder: ", "escalated": "Escalated: "}[row["what"]]
    lines = [opening, "", approval.title]
    if approval.amount is not None:
        lines.append(f"Amount: {approval.amount} {approval.currency}".rstrip())
    lines += [
        f"{name}: {value}"
        for name, value in (
            ("Customer", approval.customer or approval.customer_id), ("Order", approval.order),
            ("Why", approval.reason), ("Rule", approval.rule),
            ("For", found.right if found.right != row["person"] else ""),
            ("Until", f"{approval.due_at:%Y-%m-%d %H:%M} UTC" if approval.due_at else ""),
        )
        if value
    ]  # fmt: skip
    shown = exactjson.indented(approval.data).decode().splitlines() if approval.data else []
    lines += ["", *shown[:MOST_LINES], *(["…"] if len(shown) > MOST_LINES else []), ""]
    lines += ["Look at it and decide:", link, ""]
    lines += [
        f"What is approved: {approval.hash[:12]}. The link is yours alone and good once. Opening it decides nothing."
    ]
    return f"[Crossdock] {mark}{approval.number}: {approval.title}", "\n".join(lines) + "\n"


# ── links ───────────────────────────────────────────────────────────────────────────────────────────────────────


async def make(tx: Tx, tenant_id: str, approval: Approval, person: str, now: datetime) -> str:
    """A link's token. An earlier one of this person for this approval is good no longer."""
    await tx.execute(SQL["forget_links"], tenant_id, approval.approval_id, person)
    ident, secret = ids.new(), secrets.token_urlsafe(32)
    expires = min(now + GOOD_FOR, approval.expires_at or now + GOOD_FOR)
    sign_in = approval.mail != "link"
    mac = _mac(secret, tenant_id, ident, approval.approval_id, person, approval.hash, sign_in, expires)
    await tx.execute(
        SQL["link"], tenant_id, ident, approval.approval_id, person, approval.hash, sign_in, expires, mac, now
    )
    return f"{tenant_id}.{ident.hex}.{secret}"


def tenant_of(token: str) -> str:
    """Raises NotFound for what was never one of ours."""
    tenant_id, dot, _ = token.partition(".")
    if not dot or not tenant_id.replace("-", "").isalnum():
        raise NotFound(BAD)
    return tenant_id


async def look(tx: Tx, token: str, now: datetime) -> Link:
    """What a link is good for; decides nothing. Raises NotFound, and Conflict when it is used or over."""
    return await _open(tx, token, now, "read_link")


async def take(tx: Tx, token: str, now: datetime) -> Link:
    """The same, its row held until the transaction ends: two who use it at once are one after the other."""
    return await _open(tx, token, now, "lock_link")


async def use(tx: Tx, link: Link, outcome: str, now: datetime) -> None:
    await tx.execute(SQL["use_link"], link.tenant_id, link.link_id, now, outcome)


async def _open(tx: Tx, token: str, now: datetime, query: str) -> Link:
    parts = token.split(".")
    try:
        tenant_id, ident, secret = parts[0], UUID(hex=parts[1]), parts[2]
    except (IndexError, ValueError) as e:
        raise NotFound(BAD) from e
    row = await tx.fetchrow(SQL[query], tenant_id, ident)
    if row is None:
        raise NotFound(BAD)
    mac = _mac(
        secret, tenant_id, ident, row["approval_id"], row["person"], row["hash"], row["sign_in"], row["expires_at"]
    )
    if not hmac.compare_digest(mac, row["mac"]):
        raise NotFound(BAD)
    approval = read(await tx.fetchrow(SQL["approval"], tenant_id, row["approval_id"]))
    if row["used_at"] is not None:
        raise Conflict(f"This link was used: {approval.number} was {row['used_for']} with it")
    if row["expires_at"] <= now:
        raise Conflict(f"This link was good until {row['expires_at']:%Y-%m-%d %H:%M} UTC. Sign in to decide.")
    if approval.hash != row["hash"]:
        raise Conflict(f"{approval.number} is not what was sent any more")
    if approval.status is not Status.PENDING:
        raise Conflict(f"{approval.number} is {approval.status.value} already")
    who, tenant_name = await _person(tx, tenant_id, row["person"])
    if who is None:
        raise NotFound(BAD)
    return Link(
        tenant_id=tenant_id, tenant_name=tenant_name, link_id=ident, person=row["person"], who=who, approval=approval,
        sign_in=row["sign_in"], expires_at=row["expires_at"],
    )  # fmt: skip


async def _person(tx: Tx, tenant_id: str, person: str) -> tuple[Principal | None, str]:
    """As they are now: who has left, or has another limit, is not who was written to."""
    row = await tx.fetchrow(SQL["member"], tenant_id, person)
    if row is None:
        return None, ""
    who = Principal(name=person, role=Role(row["role"]), tenant_id=tenant_id, approval_limit=row["approval_limit"])
    return who, row["tenant_name"]


def _mac(
    secret: str, tenant_id: str, link_id: UUID, approval_id: UUID, person: str, hash: str, sign_in: bool,
    expires_at: datetime,
) -> bytes:  # fmt: skip
    said = exactjson.canonical(
        {"tenant": tenant_id, "link": link_id, "approval": approval_id, "person": person, "hash": hash,
         "sign_in": sign_in, "expires_at": expires_at.astimezone(UTC).isoformat()}
    )  # fmt: skip
    return hmac.digest(secret.encode(), said, "sha256")
