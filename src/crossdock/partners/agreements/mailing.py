"""The link of an invitation by mail, to the partner's contact.

The link is known only while it is made, so it is mailed right then, after the commit; what became of the mail is
written to the invitation. One that did not leave, or was lost, is sent again as a new link, which ends the one before:
a link that lies in somebody's mailbox is never the second one that works.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any
from uuid import UUID

from crossdock import audit
from crossdock.db import Database, Tx
from crossdock.errors import Conflict, Finding, NotFound, PartnerError
from crossdock.events.inbox import business_now
from crossdock.outbound.mail import Mailer, NotSent
from crossdock.partners.agreements import invitations, store
from crossdock.partners.agreements.invitations import SQL, USUAL, Invited
from crossdock.partners.profiles import Contact, Profile

LANGUAGES = ("en", "de", "sv")
TEMPLATE = "partner-invitation.txt"
ADDRESS = re.compile(r"^[^@\s<>(),;:\"\\]{1,64}@[A-Za-z0-9.-]{1,190}$")
ROLE = "edi"  # the contact who is asked first


@dataclass(frozen=True, slots=True)
class Mailed:
    """to: "" when it was not to be mailed. error: why it did not leave; "" when it did."""

    invited: Invited
    to: str
    error: str = ""


def contact(partner: Profile) -> Contact | None:
    """Who is invited when nobody is named: the first for EDI with an address, else the first with one."""
    reachable = [c for c in partner.contacts if c.email]
    return next((c for c in reachable if c.role.lower() == ROLE), reachable[0] if reachable else None)


async def invite(
    db: Database,
    tenant_id: str,
    partner_id: str,
    by: str,
    mailer: Mailer,
    base: str,
    *,
    email: str = "",
    lasts: timedelta = USUAL,
    language: str = LANGUAGES[0],
    send: bool = True,
) -> Mailed:
    """Makes the link and mails it. email "": to the partner's contact. base: our address, as browsers use it.

    Raises NotFound; PartnerError when there is nobody to mail it to.
    """
    async with db.transaction(tenant_id) as tx:
        now = await business_now(tx)
        partner = (await store.get(tx, tenant_id, partner_id)).profile
        known = contact(partner)
        to = email or (known.email if known is not None else "")
        if send and not ADDRESS.match(to):
            fix = "Give an address, add a contact with one to the partner, or do not mail the link."
            raise PartnerError([Finding("invitation.email", "/email", "a mail address", to or "none", fix)])
        made = await invitations.invite(tx, tenant_id, partner_id, to, by, now, lasts)
        name = await tx.fetchval(SQL["tenant_name"], tenant_id)
    if not send:
        return Mailed(made, "")
    greeting = next((c.name for c in partner.contacts if c.email == to), "")
    facts = {
        "tenant": name, "partner": partner.name, "inviter": by, "greeting": f" {greeting}" if greeting else "",
        "until": f"{made.expires_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC", "link": link(base, made),
    }  # fmt: skip
    error = await _mail(mailer, to, facts, language, made, now)
    async with db.transaction(tenant_id) as tx:
        await tx.execute(SQL["mailed"], tenant_id, made.invitation_id, await business_now(tx), error[:500], language)
        detail = {"invitation": str(made.invitation_id), "to": to, "error": error}
        await audit.record(tx, tenant_id, by, "partner.invitation-mailed", partner_id, detail)
    return Mailed(made, to, error)


async def again(
    db: Database, tenant_id: str, partner_id: str, invitation_id: UUID, by: str, mailer: Mailer, base: str
) -> Mailed:
    """A new link to the same address; the one before ends. Raises NotFound, Conflict when it was used."""
    async with db.transaction(tenant_id) as tx:
        row = await _one(tx, tenant_id, partner_id, invitation_id)
    if row["used_at"] is not None:
        raise Conflict(f"The invitation was used by {row['used_by']}; there is nothing to send again.")
    lasts = row["expires_at"] - row["invited_at"]
    lasts = min(max(lasts, timedelta(days=1)), invitations.LONGEST)
    return await invite(
        db, tenant_id, partner_id, by, mailer, base, email=row["email"], lasts=lasts, language=row["language"]
    )


async def _one(tx: Tx, tenant_id: str, partner_id: str, invitation_id: UUID) -> Any:
    row = await tx.fetchrow(SQL["invitation_of"], tenant_id, partner_id, invitation_id)
    if row is None:
        raise NotFound("No such invitation.")
    return row


def link(base: str, made: Invited) -> str:
    """The token stands behind #, where no log keeps it."""
    return f"{base}/invitation#{made.token}"


async def _mail(mailer: Mailer, to: str, facts: dict[str, str], language: str, made: Invited, now: datetime) -> str:
    """Why it did not leave; "" when it did."""
    subject, body = written(facts, language)
    try:
        await mailer.send(mailer.message([to], subject, body, id=str(made.invitation_id), at=now))
    except NotSent as error:
        return str(error)
    return ""


def written(facts: dict[str, str], language: str) -> tuple[str, str]:
    """Subject and body. What a fact holds is text: it is no line of a head, and no template."""
    folder = files("crossdock.library").joinpath("templates", language if language in LANGUAGES else LANGUAGES[0])
    head, _, body = folder.joinpath(TEMPLATE).read_text(encoding="utf-8").partition("\n\n")
    clean = {name: "".join(c if c.isprintable() else " " for c in value).rstrip() for name, value in facts.items()}
    return head.removeprefix("Subject: ").format_map(clean).strip(), body.format_map(clean)
