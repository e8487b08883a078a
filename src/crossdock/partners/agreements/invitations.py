"""An invitation: a link with which a partner sets up its own account, once and for a while.

The link says tenant, end and a secret of 256 random bits, and only a hash over all three is kept: who changes a letter
of it holds nothing, and who reads the table cannot use it. A newer invitation of a partner ends the ones before.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from crossdock import audit, ids
from crossdock.db import Tx, queries
from crossdock.errors import Finding, NotFound, PartnerError, Refused
from crossdock.partners import profiles
from crossdock.partners.agreements import certification, store
from crossdock.partners.profiles import ANY, Profile

SQL = queries("crossdock.partners.agreements", "onboarding.sql")
USUAL, LONGEST = timedelta(days=7), timedelta(days=30)
# The same words whatever is wrong: who guesses learns nothing.
INVALID = (
    "This invitation is not valid: it was used, withdrawn, has expired, or the link is incomplete. Ask for another."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited:
    """token: shown this once."""

    invitation_id: UUID
    partner_id: str
    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome:
    """Who invites whom. account: the customer that the partner's user stands for."""

    invitation_id: UUID
    tenant_id: str
    tenant_name: str
    partner: Profile
    email: str
    expires_at: datetime

    @property
    def account(self) -> str:
        return self.partner.id if self.partner.customer_id == ANY else self.partner.customer_id


async def invite(
    tx: Tx, tenant_id: str, partner_id: str, email: str, by: str, now: datetime, lasts: timedelta = USUAL
) -> Invited:
    """Raises NotFound, or PartnerError for a time that is none. Begins the certification of a partner in test."""
    if not timedelta() < lasts <= LONGEST:
        found, fix = str(lasts), "Choose another time."
        raise PartnerError([Finding("invitation.lasts", "/days", f"up to {LONGEST.days} days", found, fix)])
    partner = (await store.get(tx, tenant_id, partner_id)).profile
    await tx.fetch(SQL["withdraw"], tenant_id, partner_id, now, None)
    made = Invited(
        invitation_id=ids.new(), partner_id=partner_id, token="", expires_at=(now + lasts).replace(microsecond=0)
    )
    token = f"{tenant_id}.{int(made.expires_at.timestamp())}.{secrets.token_urlsafe(32)}"
    await tx.execute(
        SQL["invite"], tenant_id, made.invitation_id, partner_id, _digest(token), email[:254], by, now, made.expires_at
    )
    if partner.mode is profiles.Mode.TEST:
        await certification.start(tx, tenant_id, partner_id, now)
    detail = {"invitation": str(made.invitation_id), "email": email, "expires_at": made.expires_at.isoformat()}
    await audit.record(tx, tenant_id, by, "partner.invite", partner_id, detail)
    return Invited(invitation_id=made.invitation_id, partner_id=partner_id, token=token, expires_at=made.expires_at)


async def withdraw(tx: Tx, tenant_id: str, partner_id: str, invitation_id: UUID, by: str, now: datetime) -> None:
    """Raises NotFound when it is used, withdrawn or none."""
    if not await tx.fetch(SQL["withdraw"], tenant_id, partner_id, now, invitation_id):
        raise NotFound("No such open invitation.")
    await audit.record(tx, tenant_id, by, "partner.uninvite", partner_id, {"invitation": str(invitation_id)})


async def every(tx: Tx, tenant_id: str, partner_id: str, now: datetime) -> list[dict[str, Any]]:
    """The newest first; never with a token."""
    await store.get(tx, tenant_id, partner_id)
    return [{**dict(r), "state": _state(r, now)} for r in await tx.fetch(SQL["invitations"], tenant_id, partner_id)]


def tenant_of(token: str) -> str:
    """The tenant that a link names. Raises Refused for what is no link."""
    parts = token.split(".")
    if len(parts) != 3 or not parts[0].replace("-", "").isalnum() or not parts[1].isdigit() or len(token) > 200:
        raise Refused(INVALID)
    return parts[0]


async def read(tx: Tx, token: str, now: datetime) -> Welcome:
    """Whom a link is for; it is not used up by that. Raises Refused."""
    tenant_id = tenant_of(token)
    row = await tx.fetchrow(SQL["invitation"], tenant_id, _digest(token))
    if row is None or _state(row, now) != "open":
        raise Refused(INVALID)
    return Welcome(
        invitation_id=row["invitation_id"], tenant_id=tenant_id, tenant_name=row["tenant_name"],
        partner=profiles.of_text(row["profile"]), email=row["email"], expires_at=row["expires_at"],
    )  # fmt: skip


async def redeem(tx: Tx, token: str, user: str, now: datetime) -> Welcome:
    """Uses the link up, in the transaction that sets up the account. Raises Refused."""
    welcome = await read(tx, token, now)
    await tx.execute(SQL["used"], welcome.tenant_id, welcome.invitation_id, now, user)
    detail = {"invitation": str(welcome.invitation_id), "user": user}
    await audit.record(tx, welcome.tenant_id, user, "partner.joined", welcome.partner.id, detail)
    return welcome


def _state(row: Any, now: datetime) -> str:
    if row["used_at"] is not None:
        return "used"
    if row["withdrawn_at"] is not None:
        return "withdrawn"
    return "open" if now < row["expires_at"].astimezone(UTC) else "expired"


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
