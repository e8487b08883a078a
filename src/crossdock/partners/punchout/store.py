"""Visits: opened by the buyer's request, found by the shop with its token, ended by the cart that it returns, once."""

import hashlib
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from crossdock import audit, exactjson, ids
from crossdock.db import Tx, queries
from crossdock.errors import Conflict, NotFound
from crossdock.partners.profiles import Identifier, Profile
from crossdock.partners.punchout import cart as carts
from crossdock.partners.punchout import setup as setups
from crossdock.partners.punchout.cart import Cart
from crossdock.partners.punchout.setup import Setup
from crossdock.partners.xml import cxml

SQL = queries("crossdock.partners.punchout", "punchout.sql")
LASTS = timedelta(hours=8)  # a working day: who shops longer begins anew, and the buyer's system has forgotten anyway
NONE = "No such punch-out: it has ended, expired, or its address is incomplete."


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    punchout_id: UUID
    partner_id: str
    customer_id: str
    operation: str
    test: bool
    asked: dict[str, Any]
    opened_at: datetime
    expires_at: datetime
    returned_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """What the buyer's browser posts: `message` in the field `cxml-base64`, or as text in `cxml-urlencoded`."""

    post_to: str
    message: bytes


async def open_visit(tx: Tx, tenant_id: str, partner: Profile, asked: Setup, now: datetime) -> str:
    """The start page's address. What opens the visit stands in it alone: only a hash is kept."""
    token = secrets.token_urlsafe(32)
    punchout_id = ids.new()
    plain = {
        "selected": asked.selected,
        "ship_to": asked.ship_to,
        "items": [asdict(i) for i in asked.items],
        "named": [{"name": n, "value": v} for n, v in asked.named],
    }
    await tx.execute(
        SQL["open"], tenant_id, punchout_id, partner.id, _digest(token), asked.operation.value, asked.cookie,
        asked.post_to, str(asked.sender), str(asked.receiver), asked.test, exactjson.text(plain), now, now + LASTS,
    )  # fmt: skip
    detail = {"punchout": str(punchout_id), "operation": asked.operation.value}
    await audit.record(tx, tenant_id, f"partner:{partner.id}", "punchout.open", partner.id, detail)
    return setups.start_page(partner.shop, token)


async def look(tx: Tx, tenant_id: str, token: str, now: datetime) -> Visit:
    """The visit that a token opens. Raises NotFound when it has ended or expired, or is none."""
    row = await tx.fetchrow(SQL["by_token"], tenant_id, _digest(token))
    if row is None or row["expires_at"] <= now or row["returned_at"] is not None:
        raise NotFound(NONE)
    return _visit(row)


async def every(tx: Tx, tenant_id: str, limit: int) -> list[Visit]:
    """The newest first; never with a token."""
    return [_visit(r) for r in await tx.fetch(SQL["every"], tenant_id, limit)]


async def take_home(tx: Tx, tenant_id: str, punchout_id: UUID, cart: Cart, by: str, now: datetime) -> Returned:
    """Ends the visit with a cart. The same cart again gives the same message.

    Raises NotFound; Conflict for another cart than the one that ended it, or after its time; PartnerError for a cart
    that cannot be written.
    """
    row = await tx.fetchrow(SQL["locked"], tenant_id, punchout_id)
    if row is None:
        raise NotFound(NONE)
    digest = hashlib.sha256(exactjson.canonical(cart)).digest()
    if row["returned_at"] is not None:
        if row["cart_digest"] != digest:
            raise Conflict("The buyer has taken another cart home. Ask for a new punch-out, which may edit it.")
        return Returned(post_to=row["post_to"], message=row["message"])
    if row["expires_at"] <= now:
        raise Conflict("The visit has expired. The buyer begins a new one from its purchasing system.")
    message = cxml.message(
        carts.order_message(cart, row["buyer_cookie"]),
        sender=_identifier(row["receiver"]),
        receiver=_identifier(row["sender"]),
        payload=f"{punchout_id}@crossdock",
        now=now,
        test=row["test"],
    )
    await tx.execute(SQL["return"], tenant_id, punchout_id, digest, message, now)
    detail = {"punchout": str(punchout_id), "lines": len(cart.lines), "total": f"{cart.total:f}"}
    await audit.record(tx, tenant_id, by, "punchout.return", row["partner_id"], detail)
    return Returned(post_to=row["post_to"], message=message)


def _visit(row: Any) -> Visit:
    return Visit(
        punchout_id=row["punchout_id"], partner_id=row["partner_id"], customer_id=row["customer_id"] or "",
        operation=row["operation"], test=row["test"], asked=exactjson.loads(row["asked"]), opened_at=row["opened_at"],
        expires_at=row["expires_at"], returned_at=row["returned_at"],
    )  # fmt: skip


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _identifier(text: str) -> Identifier:
    scheme, separator, value = text.partition(":")
    return Identifier(scheme, value) if separator else Identifier("", text)
