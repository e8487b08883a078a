"""The files as alembic's chain of revisions.

Alembic reads a version as a Python module; ours are made in memory, one for each SQL file, each the child of the one
before. Everything else is alembic's: the version table, the order, the transaction of each step.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import asyncpg
from alembic.runtime.migration import MigrationContext, RevisionStep
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from crossdock.errors import SetupError
from crossdock.migrations import SCHEMA, Migration

RECORD = f"""
create table if not exists {SCHEMA}.migration (
  name text primary key,
  sha256 text not null,
  applied_at timestamptz not null default clock_timestamp()
)
"""


class SqlFiles(ScriptDirectory):
    """A script directory whose revisions are the SQL files."""

    def __init__(self, chosen: Sequence[Migration]) -> None:
        super().__init__(str(Path(__file__).parent))
        self._chosen = chosen

    def _load_revisions(self) -> Iterator[Script]:
        parent: str | None = None
        for migration in self._chosen:
            yield Script(_module(migration, parent), migration.name, f"{migration.name}.sql")
            parent = migration.name


def _module(migration: Migration, parent: str | None) -> ModuleType:
    module = ModuleType(migration.name, migration.sql.partition("\n")[0].removeprefix("--").strip())

    def upgrade(connection: Connection) -> None:
        _run(connection, migration)

    module.__dict__.update(revision=migration.name, down_revision=parent, upgrade=upgrade)
    return module


def _run(connection: Connection, migration: Migration) -> None:
    # A first statement makes SQLAlchemy's adapter begin the transaction, which the file's own then belong to.
    connection.execute(text("select 1"))
    # Prepared statements take one command each: the whole file goes to asyncpg's simple query protocol instead.
    driver = cast(Any, connection.connection.dbapi_connection)

    async def execute(raw: "asyncpg.Connection[asyncpg.Record]") -> None:
        try:
            await raw.execute(migration.sql)
        except asyncpg.PostgresError as e:
            raise SetupError(f"Migration {_where(migration, e)} failed, and nothing of it was kept: {e}") from e

    driver.run_async(execute)
    connection.execute(
        text(f"insert into {SCHEMA}.migration (name, sha256) values (:name, :sha256)"),
        {"name": migration.name, "sha256": migration.sha256},
    )


def _where(migration: Migration, error: asyncpg.PostgresError) -> str:
    """file:line, where the server says which character it stumbled over."""
    position = getattr(error, "position", None)
    line = f":{migration.sql.count(chr(10), 0, int(position)) + 1}" if position else ""
    return f"{migration.name}.sql{line}"


async def upgrade(dsn: str, chosen: Sequence[Migration], pending: Sequence[str]) -> None:
    """Applies the pending files, which come after all that were applied. The caller holds the advisory lock."""

    async def connect() -> "asyncpg.Connection[asyncpg.Record]":
        return await asyncpg.connect(dsn)

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_upgrade, chosen, pending)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection, chosen: Sequence[Migration], names: Sequence[str]) -> None:
    connection.execute(text(f"create schema if not exists {SCHEMA}"))
    connection.execute(text(RECORD))
    connection.commit()
    scripts = SqlFiles(chosen)

    def steps(_heads: tuple[str, ...], _context: MigrationContext) -> Iterable[RevisionStep]:
        for name in names:
            yield RevisionStep(scripts.revision_map, scripts.get_revision(name), is_upgrade=True)

    context = MigrationContext.configure(
        connection=connection,
        opts={"fn": steps, "version_table_schema": SCHEMA, "transaction_per_migration": True, "script": scripts},
    )
    context.run_migrations(connection=connection)
    connection.execute(text(f"grant select on {SCHEMA}.migration, {SCHEMA}.alembic_version to crossdock_app"))
    # 0016: whatever a file says of its functions, none with rights of its own is anybody's
    if connection.scalar(text(f"select to_regprocedure('{SCHEMA}.narrow_functions()') is not null")):
        connection.execute(text(f"select {SCHEMA}.narrow_functions()"))
    connection.commit()
