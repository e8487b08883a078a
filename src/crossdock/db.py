"""The one place that opens a transaction, and the loader of named SQL.

A transaction is always for named tenants: `SET LOCAL crossdock.tenants` is what row security tests, so a
transaction that forgets them sees nothing. Connections work as the role crossdock_app, which owns nothing.
"""

import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Tx: TypeAlias = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
else:
    Tx: TypeAlias = Any
    Pool: TypeAlias = Any

APP_ROLE = "crossdock_app"

# JIT costs tens of ms on statements that run in one; a pinned generic plan keeps stale statistics from costing 10x.
SERVER_SETTINGS = {"jit": "off", "application_name": "crossdock", "plan_cache_mode": "force_generic_plan"}


async def _become_app(connection: Any) -> None:
    await connection.execute(f"set role {APP_ROLE}")


async def _keep(_connection: Any) -> None:
    """Nothing to clean when a connection goes back: everything we set is local to its transaction, and pooled
    connections never listen. asyncpg's own reset and a new `set role` would cost two round trips a transaction."""


class Database:
    """A pool of connections that act as crossdock_app."""

    def __init__(self, pool: Pool, dsn: str) -> None:
        self.pool = pool
        self.dsn = dsn

    @classmethod
    async def open(cls, dsn: str, *, min_size: int = 1, max_size: int = 10) -> "Database":
        """dsn: a libpq URI; for the embedded server `postgresql://user:password@/crossdock?host=SOCKET_DIR`."""
        pool = await asyncpg.create_pool(
            dsn,
            min_size=min_size,
            max_size=max_size,
            init=_become_app,
            reset=_keep,
            server_settings=SERVER_SETTINGS,
            command_timeout=60,
        )
        return cls(pool, dsn)

    async def close(self) -> None:
        await self.pool.close()

    @asynccontextmanager
    async def transaction(self, *tenants: str) -> AsyncGenerator[Tx]:
        """A transaction that sees exactly these tenants; commits at the end, rolls back on any exception."""
        async with self.pool.acquire() as connection, connection.transaction():
            await enter_tenants(connection, tenants)
            yield connection

    async def tenant_ids(self) -> list[str]:
        """All tenants. Only names leave: what they own needs a transaction of theirs."""
        return [r[0] for r in await self.pool.fetch("select crossdock.tenant_ids()")]

    async def dedicated(self) -> "asyncpg.Connection[asyncpg.Record]":
        """A connection of one's own, for LISTEN; the caller closes it."""
        connection = await asyncpg.connect(self.dsn, server_settings=SERVER_SETTINGS, command_timeout=60)
        await _become_app(connection)
        return connection


async def enter_tenants(tx: Tx, tenants: Sequence[str]) -> None:
    """Sets the tenants of the running transaction. Names are checked by the tenant table, and never hold a comma."""
    await tx.execute("select set_config('crossdock.tenants', $1, true)", ",".join(tenants))


_NAME = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)


@cache
def queries(package: str, file: str) -> dict[str, str]:
    """The statements of a .sql file by name; each starts at a line `-- name: its_name`, then a line of why."""
    text = files(package).joinpath(file).read_text(encoding="utf-8")
    parts = _NAME.split(text)
    return {parts[i]: parts[i + 1].strip() for i in range(1, len(parts), 2)}
