"""Forward-only migrations: sql/NNNN_name.sql in order, each in a transaction of its own, run by alembic.

The chain of revisions is read from the names of the files, so a migration is one SQL file and nothing else. What was
applied is recorded with its hash: an applied file that changes, or a new one that sorts before an applied one, is a
SetupError. Any number of processes may call `migrate` at once; an advisory lock lets one work. A database that is
ahead of this code is left alone: the new version migrates first, and the old one goes on until it is replaced.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from urllib.parse import unquote, urlsplit

import asyncpg

from crossdock import embedded
from crossdock.errors import SetupError

SCHEMA = "crossdock"
# Any constant that no other program takes: the first eight bytes of sha256("crossdock.migrations"), signed.
LOCK = int.from_bytes(hashlib.sha256(b"crossdock.migrations").digest()[:8], signed=True)
MINIMUM_SERVER = 150_000  # PostgreSQL 15


@dataclass(frozen=True, slots=True)
class Migration:
    """One file. `name` is its stem, which alembic keeps as the revision (32 characters at most)."""

    name: str
    sql: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Status:
    """How a database stands to the files of this version, as names in order."""

    applied: tuple[str, ...]
    pending: tuple[str, ...]
    ahead: tuple[str, ...]  # applied by a newer version


@cache
def known() -> tuple[Migration, ...]:
    """The files of this version, in order."""
    found = {f.name: f.read_bytes() for f in files(__name__).joinpath("sql").iterdir() if f.name.endswith(".sql")}
    return tuple(_read(name, found[name]) for name in sorted(found))


def _read(file: str, data: bytes) -> Migration:
    return Migration(file.removesuffix(".sql"), data.decode("utf-8"), hashlib.sha256(data).hexdigest())


async def migrate(
    admin_dsn: str,
    app_dsn: str | None = None,
    *,
    on_progress: Callable[[str], None] | None = None,
    files: Sequence[Migration] | None = None,
) -> tuple[str, ...]:
    """Applies what is pending and returns its names; nothing pending costs one connection and one query.

    admin_dsn: a role that may create in the database, and roles. app_dsn: its user may act as crossdock_app afterwards.
    files: other migrations than those of this version, for tests.
    Raises SetupError when the database cannot be reached, is too old, or was migrated from other files.
    """
    admin_dsn = embedded.writable(admin_dsn)
    connection = await _connect(admin_dsn)
    try:
        version = connection.get_server_version()
        if version.major * 10_000 < MINIMUM_SERVER:
            raise SetupError(f"Expected PostgreSQL 15 or newer, found {version.major}. Upgrade the server.")
        chosen = known() if files is None else files
        names: tuple[str, ...] = ()
        if (await _status(connection, chosen)).pending:
            # Held to the end of the session: the others wait here, then find nothing pending.
            await connection.execute("select pg_advisory_lock($1)", LOCK)
            names = (await _status(connection, chosen)).pending
            if names:
                if on_progress:
                    on_progress(f"Migrating the database: {', '.join(names)}")
                await _upgrade(admin_dsn, chosen, names)
        if app_dsn:
            await _allow(connection, app_dsn)
        return names
    finally:
        await connection.close()


async def status(dsn: str, *, role: str | None = None) -> Status:
    """Reads only. role: the role to act as, for a login that inherits nothing."""
    connection = await _connect(dsn)
    try:
        if role:
            await connection.execute("select set_config('role', $1, false)", role)
        return await _status(connection, known())
    finally:
        await connection.close()


async def _connect(dsn: str) -> "asyncpg.Connection[asyncpg.Record]":
    try:
        return await asyncpg.connect(dsn, timeout=30)
    except (OSError, TimeoutError, asyncpg.PostgresError) as e:
        address = urlsplit(dsn)
        where = f"{address.hostname or 'the local socket'}{address.path}"  # never the password
        raise SetupError(f"The database at {where} cannot be reached: {e}. Check CROSSDOCK_DATABASE_URL.") from e


async def _status(connection: "asyncpg.Connection[asyncpg.Record]", chosen: Sequence[Migration]) -> Status:
    try:
        rows = await connection.fetch(f"select name, sha256 from {SCHEMA}.migration order by name")
    except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError):
        rows = []
    applied = {str(r["name"]): str(r["sha256"]) for r in rows}
    ours = {m.name: m for m in chosen}
    newest = max(applied, default="")
    for name, sha256 in applied.items():
        if name in ours and ours[name].sha256 != sha256:
            raise SetupError(
                f"Migrations are forward only: sql/{name}.sql is not the file that this database was migrated with. "
                f"Put it back as it was, and make the change in a new file."
            )
    pending = tuple(m.name for m in chosen if m.name not in applied)
    if pending and pending[0] < newest:
        raise SetupError(
            f"Migrations are forward only: sql/{pending[0]}.sql sorts before {newest}, which was applied already. "
            "Give it the next number."
        )
    return Status(
        applied=tuple(n for n in applied if n in ours),
        pending=pending,
        ahead=tuple(n for n in applied if n not in ours),
    )


async def _upgrade(dsn: str, chosen: Sequence[Migration], pending: Sequence[str]) -> None:
    # Imported here: a start with nothing to migrate does not pay for alembic and SQLAlchemy (0.4 s).
    from crossdock.migrations import chain

    await chain.upgrade(dsn, chosen, pending)


async def _allow(connection: "asyncpg.Connection[asyncpg.Record]", app_dsn: str) -> None:
    login = unquote(urlsplit(app_dsn).username or "")
    if not login or await connection.fetchval(
        "select not exists (select from pg_roles where rolname = $1) or pg_has_role($1, 'crossdock_app', 'member')",
        login,
    ):
        return
    grant = await connection.fetchval("select format('grant crossdock_app to %I', $1::text)", login)
    await connection.execute(str(grant))
