"""The one place that opens a transaction, and the loader of named SQL.

A transaction is always for named tenants: `SET LOCAL crossdock.tenants` is what row security tests, so a
transaction that forgets them sees nothing. Connections work as the role crossdock_app, which owns nothing.

A database may be away: killed, full, cut off, failing over. Both ends find out within seconds, so that neither waits
for a packet that never comes nor keeps locks for a client that is gone; `PASSING` is what says "ask again later", and
`why` says it in words (docs/failures.md).
"""

import re
import socket
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg

from crossdock import embedded
from crossdock.errors import CrossdockError

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Tx: TypeAlias = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
else:
    Tx: TypeAlias = Any
    Pool: TypeAlias = Any

APP_ROLE = "crossdock_app"

COMMAND_S = 60.0
CONNECT_S = 10.0
ACQUIRE_S = 15.0  # for a free connection of the pool: a request that waited longer is better sent again
# The other end is gone when it has been silent for so long, or what was sent so long ago is not acknowledged. Without
# this Linux waits two hours, and fifteen minutes; a cut-off worker's lease moves after six seconds.
IDLE_S, PROBE_S, PROBES, UNACKNOWLEDGED_MS = 4, 2, 3, 10_000

SERVER_SETTINGS = {
    "application_name": "crossdock",
    # JIT costs tens of ms on statements that run in one; a pinned generic plan keeps stale statistics from costing 10x.
    "jit": "off",
    "plan_cache_mode": "force_generic_plan",
    # The server's side of the same: a transaction whose client was cut off, or stands still, holds rows that others
    # need, and above all its worker's row, without which nobody takes over what that worker had.
    "tcp_keepalives_idle": str(IDLE_S),
    "tcp_keepalives_interval": str(PROBE_S),
    "tcp_keepalives_count": str(PROBES),
    "tcp_user_timeout": str(UNACKNOWLEDGED_MS),
    "client_connection_check_interval": "5s",
    "idle_in_transaction_session_timeout": "20s",
    "statement_timeout": "65s",  # after the client's own, for a client that is gone
}


class Unavailable(CrossdockError):
    """The database cannot be used now; asking again later is right, and nothing was acknowledged."""


# Trouble that says nothing about what was asked, only that the database cannot do it now.
PASSING = (
    Unavailable, OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError,
    asyncpg.DeadlockDetectedError, asyncpg.SerializationError, asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError, asyncpg.PostgresSystemError, asyncpg.ReadOnlySQLTransactionError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    # No server that takes writes; and what asyncpg calls internal, when a server's farewell meets a request of ours.
    asyncpg.InternalClientError,
)  # fmt: skip


def why(error: BaseException) -> str:
    """What is the matter with the database, in words that may be shown to anybody."""
    match error:
        case Unavailable():
            return str(error)
        case asyncpg.DiskFullError():
            return "the database's disk is full"
        case asyncpg.TooManyConnectionsError():
            return "the database takes no more connections"
        case asyncpg.CannotConnectNowError():
            return "the database is starting, stopping or recovering"
        case asyncpg.ReadOnlySQLTransactionError() | asyncpg.TargetServerAttributeNotMatched():
            return "no database server takes writes; a fail-over may be under way"
        case asyncpg.PostgresSystemError() | asyncpg.InsufficientResourcesError():
            return "the database is out of a resource"
        case asyncpg.DeadlockDetectedError() | asyncpg.SerializationError():
            return "the database let another transaction go first"
        case TimeoutError():
            return "the database did not answer in time"
        case (
            asyncpg.PostgresConnectionError()
            | asyncpg.OperatorInterventionError()
            | asyncpg.InterfaceError()
            | asyncpg.InternalClientError()
        ):
            return "the connection to the database was lost"
        case OSError():
            return "the database cannot be reached"
        case _:
            return f"{type(error).__name__}: {error}"


async def _prepare(connection: Any) -> None:
    """A new connection of ours: it notices when the other end is gone, and acts as the role that owns nothing."""
    _notice_silence(connection)
    await connection.execute(f"set role {APP_ROLE}")


def _notice_silence(connection: Any) -> None:
    # asyncpg has no setting for it, and gives the socket only through its transport.
    found = connection._transport.get_extra_info("socket")
    if found is None or found.family not in (socket.AF_INET, socket.AF_INET6):
        return
    found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (  # macOS has not all of them
        ("TCP_KEEPIDLE", IDLE_S), ("TCP_KEEPINTVL", PROBE_S), ("TCP_KEEPCNT", PROBES),
        ("TCP_USER_TIMEOUT", UNACKNOWLEDGED_MS),
    ):  # fmt: skip
        if hasattr(socket, option):
            found.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)


async def _keep(_connection: Any) -> None:
    """Nothing to clean when a connection goes back: everything we set is local to its transaction, and pooled
    connections never listen. asyncpg's own reset and a new `set role` would cost two round trips a transaction."""


class Database:
    """A pool of connections that act as crossdock_app."""

    def __init__(self, pool: Pool, dsn: str) -> None:
        self.pool = pool
        self.dsn = dsn

    @classmethod
    async def open(cls, dsn: str, *, max_size: int = 10) -> "Database":
        """dsn: a libpq URI; for the embedded server `postgresql://user:password@/crossdock?host=SOCKET_DIR`.

        It may name several hosts: the one that takes writes is used, and after a fail-over the one that does then.
        """
        dsn = embedded.writable(dsn)
        return cls(await _pool(dsn, max_size), dsn)

    async def close(self) -> None:
        await self.pool.close()

    async def renew(self) -> None:
        """New connections. Those there are end at once, and whatever waits for one of them fails.

        For whoever was cut off: a connection to a server that is gone looks well until it has been silent too long.
        """
        old, self.pool = self.pool, await _pool(self.dsn, self.pool.get_max_size())
        old.terminate()

    @asynccontextmanager
    async def transaction(self, *tenants: str) -> AsyncGenerator[Tx]:
        """A transaction that sees exactly these tenants; commits at the end, rolls back on any exception.

        Raises Unavailable when there is no connection to be had.
        """
        pool = self.pool  # `renew` may put another in its place meanwhile
        try:
            connection = await pool.acquire(timeout=ACQUIRE_S)
        except PASSING as error:
            raise Unavailable(why(error)) from error
        try:
            async with connection.transaction():
                await enter_tenants(connection, tenants)
                yield connection
        finally:
            await pool.release(connection)

    async def tenant_ids(self) -> list[str]:
        """All tenants. Only names leave: what they own needs a transaction of theirs."""
        return [r[0] for r in await self.pool.fetch("select crossdock.tenant_ids()")]

    async def dedicated(self) -> "asyncpg.Connection[asyncpg.Record]":
        """A connection of one's own, for LISTEN; the caller closes it."""
        connection = await asyncpg.connect(
            self.dsn, server_settings=SERVER_SETTINGS, command_timeout=COMMAND_S, timeout=CONNECT_S
        )  # fmt: skip
        await _prepare(connection)
        return connection


async def _pool(dsn: str, max_size: int) -> Pool:
    # No connection is kept ready: asyncpg would try to restore it, in its own words, all the time a database is away.
    return await asyncpg.create_pool(
        dsn, min_size=0, max_size=max_size, init=_prepare, reset=_keep, server_settings=SERVER_SETTINGS,
        command_timeout=COMMAND_S, timeout=CONNECT_S,
    )  # fmt: skip


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
