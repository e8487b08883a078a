"""Links by which a customer looks at one order without signing in: made, listed, ended, and opened.

A link is `tenant.link.secret`, and a MAC under that secret over the order, the language and the expiry, of which only
the MAC is kept. Each is made by a person, good for some days, and can be ended at once; making and ending stand in the
audit trail, and how often one was opened beside it. What it shows is tower.shared's business.
"""

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from crossdock import audit, exactjson, ids
from crossdock.db import Tx, queries
from crossdock.errors import Conflict, Finding, NotFound, PartnerError
from crossdock.tower import around, orders, shared

SQL = queries("crossdock.tower", "sharing.sql")

DAYS, MOST_DAYS = 30, 180
MOST_GOOD = 20  # of one order at a time: more are a mistake
BAD = "This link does not work, or not any more."


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Without its secret, which only who was given the link has. state: active, over (its time is), or ended."""

    id: str
    order: str
    by: str
    note: str
    language: str
    made_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    ended_by: str | None
    opened: int
    opened_at: datetime | None
    state: str


@dataclass(frozen=True, slots=True)
class Made:
    link: Link
    token: str


async def make(
    tx: Tx, tenant_id: str, order: str, by: str, now: datetime, *, days: int = DAYS, language: str | None = None,
    note: str = "",
) -> Made:  # fmt: skip
    """language: None: as the customer is written to. Raises NotFound, PartnerError, Conflict: enough are good."""
    await orders.owner(tx, tenant_id, order)
    if language is None:
        language = shared.known(await around.language(tx, tenant_id, order))
    elif language not in shared.LANGUAGES:
        expected = ", ".join(shared.LANGUAGES)
        raise PartnerError([Finding("share.language", "/language", f"one of {expected}", language[:40], "Choose one")])
    if await tx.fetchval(SQL["good"], tenant_id, order, now) >= MOST_GOOD:
        raise Conflict(f"{order} has {MOST_GOOD} good links already. End one that is not needed.")
    ident, secret = ids.new(), secrets.token_urlsafe(32)
    expires = now + timedelta(days=days)
    mac = _mac(secret, tenant_id, ident, order, language, expires)
    await tx.execute(SQL["make"], tenant_id, ident, order, language, note, mac, by, now, expires)
    said = {"link": str(ident), "until": expires.astimezone(UTC).isoformat(), "language": language, "note": note}
    await audit.record(tx, tenant_id, by, "order.share", order, said)
    row = await tx.fetchrow(SQL["read"], tenant_id, ident)
    return Made(_link(row, now), f"{tenant_id}.{ident.hex}.{secret}")


async def find(
    tx: Tx, tenant_id: str, now: datetime, *, order: str | None = None, limit: int = 100,
    after: tuple[datetime, UUID] | None = None,
) -> tuple[Sequence[Link], tuple[datetime, UUID] | None]:  # fmt: skip
    """Links, the newest first, and where the next page begins."""
    at, ident = after or (None, None)
    rows = await tx.fetch(SQL["all"], tenant_id, order, at, ident, limit + 1)
    shown = rows[:limit]
    more = (shown[-1]["made_at"], shown[-1]["link_id"]) if len(rows) > limit else None
    return [_link(row, now) for row in shown], more


async def end(tx: Tx, tenant_id: str, order: str, link_id: UUID, by: str, now: datetime) -> None:
    """At once; ending one that is ended changes nothing. Raises NotFound."""
    row = await tx.fetchrow(SQL["read"], tenant_id, link_id)
    if row is None or row["order_no"] != order:
        raise NotFound("No such link")
    if await tx.fetchval(SQL["end"], tenant_id, order, link_id, now, by) is not None:
        await audit.record(tx, tenant_id, by, "order.unshare", order, {"link": str(link_id)})


def tenant_of(token: str) -> str:
    """Whose link it says to be. Raises NotFound for what was never one of ours."""
    tenant_id, dot, _ = token.partition(".")
    if not dot or len(tenant_id) > 40 or not tenant_id.isascii() or not tenant_id.replace("-", "").isalnum():
        raise NotFound(BAD)
    return tenant_id


async def opened(tx: Tx, token: str, now: datetime) -> shared.View:
    """What the holder of a link sees. Raises NotFound alike for one that never was, is over, or was ended."""
    parts = token.split(".")
    try:
        tenant_id, ident, secret = parts[0], UUID(hex=parts[1]), parts[2]
    except (IndexError, ValueError) as e:
        raise NotFound(BAD) from e
    row = await tx.fetchrow(SQL["read"], tenant_id, ident)
    if row is None or row["ended_at"] is not None or row["expires_at"] <= now:
        raise NotFound(BAD)
    mac = _mac(secret, tenant_id, ident, row["order_no"], row["language"], row["expires_at"])
    if not hmac.compare_digest(mac, row["mac"]):
        raise NotFound(BAD)
    await tx.execute(SQL["opened"], tenant_id, ident, now)
    tenant = await tx.fetchrow(SQL["tenant"], tenant_id)
    order = await tx.fetchrow(SQL["order"], tenant_id, row["order_no"])
    if tenant is None or order is None:
        raise NotFound(BAD)
    brand: dict[str, Any] = exactjson.loads(tenant["brand"]) if tenant["brand"] else {}
    lines = await tx.fetch(SQL["lines"], tenant_id, row["order_no"])
    goods = await around.goods(tx, tenant_id, row["order_no"])
    return shared.view(
        order, lines, goods, seller=str(brand.get("name") or tenant["name"]), color=str(brand.get("color") or ""),
        language=row["language"], expires_at=row["expires_at"],
    )  # fmt: skip


def _link(row: Any, now: datetime) -> Link:
    state = "ended" if row["ended_at"] is not None else "over" if row["expires_at"] <= now else "active"
    return Link(
        id=str(row["link_id"]), order=row["order_no"], by=row["made_by"], note=row["note"], language=row["language"],
        made_at=row["made_at"], expires_at=row["expires_at"], ended_at=row["ended_at"], ended_by=row["ended_by"],
        opened=row["opened"], opened_at=row["opened_at"], state=state,
    )  # fmt: skip


def _mac(secret: str, tenant_id: str, link_id: UUID, order: str, language: str, expires_at: datetime) -> bytes:
    said = exactjson.canonical(
        {"tenant": tenant_id, "link": link_id, "order": order, "language": language,
         "expires_at": expires_at.astimezone(UTC).isoformat()}
    )  # fmt: skip
    return hmac.digest(secret.encode(), said, "sha256")
