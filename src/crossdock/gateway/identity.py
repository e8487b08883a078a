"""Who is there: people with a password and a session, programs with a key.

Passwords are kept as argon2id hashes, cookies and keys as SHA-256 of 256 random bits. A wrong name costs as much time
as a wrong password.
"""

import asyncio
import hashlib
import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from time import monotonic

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from crossdock.db import Database, Tx, queries
from crossdock.errors import NotFound, Refused

SQL = queries("crossdock.gateway", "identity.sql")

# RFC 9106, second recommended option: 64 MiB, 3 passes.
_hasher = PasswordHasher()
_nobody = _hasher.hash(secrets.token_urlsafe(16))
# Off the event loop, and two at a time: each hash takes 64 MiB and some 50 ms.
_hashing = ThreadPoolExecutor(2, thread_name_prefix="argon2")

KEY_S = 3.0  # how long a revoked key may still be believed
KEYS_AT_MOST = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who asks, in which tenant, as what. `name` is what the audit trail shows."""

    name: str
    display_name: str
    tenant_id: str
    role: str
    approval_limit: Decimal | None = None
    partner_id: str | None = None
    kind: str = "user"  # or key
    tenant_name: str = ""
    time_zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Membership:
    tenant_id: str
    tenant_name: str
    role: str


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _split(token: str) -> tuple[str, str] | None:
    tenant_id, dot, secret = token.partition(".")
    return (tenant_id, secret) if dot and secret and tenant_id.replace("-", "").isalnum() else None


def hashed(password: str) -> str:
    """As it is stored."""
    return _hasher.hash(password)


async def hashed_aside(password: str) -> str:
    """The same off the event loop, two at a time."""
    return await asyncio.get_running_loop().run_in_executor(_hashing, hashed, password)


async def add_user(
    db: Database,
    user_name: str,
    display_name: str,
    password: str,
    roles: Mapping[str, tuple[str, Decimal | None]],
    *,
    partner_id: str | None = None,
    is_hash: bool = False,
) -> None:
    """roles: tenant → (role, approval limit). An existing user keeps the password and gets the roles.

    partner_id: of the partner role, the customer it stands for. is_hash: `password` is one of `hashed` already.
    """
    stored = password if is_hash else hashed(password)
    async with db.transaction(*roles) as tx:
        await keep_user(tx, user_name, display_name, stored, roles, partner_id)


async def keep_user(
    tx: Tx,
    user_name: str,
    display_name: str,
    password_hash: str,
    roles: Mapping[str, tuple[str, Decimal | None]],
    partner_id: str | None = None,
) -> bool:
    """`add_user` in the transaction of those tenants. Returns whether the user is new, so has this password."""
    new = await tx.fetchval(SQL["add_user"], user_name, display_name, password_hash) is not None
    for tenant_id, (role, limit) in roles.items():
        await tx.execute(SQL["set_membership"], tenant_id, user_name, role, limit, partner_id)
    return new


async def reset_password(db: Database, user_name: str) -> str:
    """A new password for this user, who is signed out everywhere. Raises NotFound."""
    password = secrets.token_urlsafe(12)
    tenants = await db.tenant_ids()
    async with db.transaction(*tenants) as tx:
        if await tx.fetchval(SQL["set_password"], user_name, hashed(password)) is None:
            raise NotFound(f"no user {user_name!r}; `crossdock user list` shows those there are")
        await tx.execute(SQL["close_sessions_of"], user_name)
    return password


async def sign_in(
    db: Database, user_name: str, password: str, lifetime: timedelta, tenant_id: str | None = None
) -> str:
    """A session cookie. Raises Refused with the same text whatever was wrong."""
    name = user_name.strip().lower()
    async with db.transaction() as tx:
        user = await tx.fetchrow(SQL["user"], name)
    locked = user is not None and user["locked_until"] is not None and user["locked_until"] > datetime.now(UTC)
    # no transaction is held meanwhile: a hash takes as long as a hundred requests
    right = await _matches(user["password_hash"] if user is not None and not locked else _nobody, password)
    if user is None or locked or not right:
        if user is not None and not locked:
            async with db.transaction() as tx:
                await tx.execute(SQL["failed"], name)
        raise Refused("Name or password is wrong, or the account is locked for a minute after ten wrong tries.")
    async with db.transaction() as tx:
        await tx.execute(SQL["succeeded"], name)
    return await open_session(db, name, lifetime, tenant_id)


async def _matches(hash_: str, password: str) -> bool:
    return await asyncio.get_running_loop().run_in_executor(_hashing, _verified, hash_, password)


def _verified(hash_: str, password: str) -> bool:
    try:
        return _hasher.verify(hash_, password)
    except (VerifyMismatchError, InvalidHashError):
        return False


async def memberships(db: Database, user_name: str) -> list[Membership]:
    async with db.transaction() as tx:
        rows = await tx.fetch(SQL["memberships"], user_name)
    return [Membership(r["tenant_id"], r["tenant_name"], r["role"]) for r in rows]


async def open_session(db: Database, user_name: str, lifetime: timedelta, tenant_id: str | None = None) -> str:
    """A session in this tenant, or in the first that the user belongs to."""
    theirs = [m.tenant_id for m in await memberships(db, user_name)]
    chosen = tenant_id or (theirs[0] if theirs else None)
    if chosen is None or chosen not in theirs:
        raise Refused("You have no role there.")
    secret = secrets.token_urlsafe(32)
    async with db.transaction(chosen) as tx:
        await tx.execute(SQL["forget_expired"], chosen)
        await tx.execute(SQL["open_session"], chosen, _digest(secret), user_name, lifetime)
    return f"{chosen}.{secret}"


async def close_session(db: Database, token: str) -> None:
    if parts := _split(token):
        async with db.transaction(parts[0]) as tx:
            await tx.execute(SQL["close_session"], parts[0], _digest(parts[1]))


async def by_session(db: Database, token: str) -> Principal | None:
    """Whose cookie this is; None when it is nobody's or has expired."""
    parts = _split(token)
    if parts is None:
        return None
    async with db.transaction(parts[0]) as tx:
        row = await tx.fetchrow(SQL["session"], parts[0], _digest(parts[1]))
    if row is None:
        return None
    return Principal(
        name=row["user_name"], display_name=row["display_name"], tenant_id=parts[0], role=row["role"],
        approval_limit=row["approval_limit"], partner_id=row["partner_id"], tenant_name=row["tenant_name"],
        time_zone=row["time_zone"],
    )  # fmt: skip


async def add_key(db: Database, tenant_id: str, name: str, role: str, partner_id: str | None = None) -> str:
    """A new API key, shown this once: `tenant.secret`."""
    secret = secrets.token_urlsafe(32)
    async with db.transaction(tenant_id) as tx:
        await tx.execute(SQL["add_key"], tenant_id, _digest(secret), name, role, partner_id)
    return f"{tenant_id}.{secret}"


async def _holder(db: Database, tenant_id: str, digest: bytes) -> Principal | None:
    async with db.transaction(tenant_id) as tx:
        row = await tx.fetchrow(SQL["key"], tenant_id, digest)
    if row is None:
        return None
    return Principal(
        name=f"key:{row['name']}", display_name=row["name"], tenant_id=tenant_id, role=row["role"],
        partner_id=row["partner_id"], kind="key", tenant_name=row["tenant_name"], time_zone=row["time_zone"],
    )  # fmt: skip


class Keys:
    """Whose key it is, remembered for KEY_S: a program that asks a thousand times a second is looked up once.

    So a key that is revoked, or whose role is changed, is believed for so long in a process that has just seen it. What
    nobody holds is not remembered: a new key works at once.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._known: dict[tuple[str, bytes], tuple[float, Principal]] = {}

    async def holder(self, db: Database, token: str) -> Principal | None:
        parts = _split(token)
        if parts is None:
            return None
        key = (parts[0], _digest(parts[1]))
        asked_at = self._clock()
        if (known := self._known.get(key)) and asked_at < known[0]:
            return known[1]
        found = await _holder(db, *key)
        if found is None:
            self._known.pop(key, None)
            return None
        if len(self._known) >= KEYS_AT_MOST:
            self._known = {k: v for k, v in self._known.items() if asked_at < v[0]}
        if len(self._known) < KEYS_AT_MOST:
            self._known[key] = (asked_at + KEY_S, found)  # counted from before it was asked
        return found
