"""What every test may ask for: a database of its own, cloned from one migrated template.

One server serves all pytest workers of a run: Crossdock's own embedded PostgreSQL in a directory that is removed at
the end, or the server of CROSSDOCK_TEST_DATABASE_URL (a superuser's URL), which is how the suite is run against
another version of PostgreSQL. Each test that asks for `database` gets a fresh clone with the tenants norrland and
castell, and no other test sees what it does there.
"""

import asyncio
import fcntl
import hashlib
import os
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
import uvloop

from crossdock import embedded, migrations
from crossdock.db import Database
from crossdock.errors import SetupError

TENANTS = {"norrland": "Norrland Fasteners", "castell": "Castell Industrial"}
# A test's database is thrown away, so the disk need not be waited for.
FAST = {
    "fsync": "off", "full_page_writes": "off", "shared_buffers": "64MB", "max_connections": "300",
    "max_wal_size": "128MB",
}  # fmt: skip
PREFIX = "crossdock-tests-"
# A test's database is a thousand small files that are copied and deleted: in memory that takes a third of the time.
MEMORY = Path("/dev/shm")
NEEDED = 4 << 30  # bytes that have to be free there; a run uses less than one


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Tests run on the event loop that production runs on. One factory, so that test names stay as they are."""
    return {"uvloop": uvloop.new_event_loop}


@dataclass(frozen=True, slots=True)
class TestServer:
    """A server with a migrated template. The DSNs are for any of its databases."""

    __test__ = False
    admin: Callable[[str], str]
    app: Callable[[str], str]
    template: str


@contextmanager
def _alone() -> Iterator[None]:
    """One pytest process of this user at a time: while a server starts, stops, or is given its template."""
    with (Path(tempfile.gettempdir()) / f"crossdock-tests.{os.geteuid()}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _base() -> Path:
    with suppress(OSError):
        if os.access(MEMORY, os.W_OK | os.X_OK) and shutil.disk_usage(MEMORY).free >= NEEDED:
            return MEMORY
    return Path(tempfile.gettempdir())


def _directory(run: str) -> Path:
    """A place that the server's account can walk to (pytest's own is 0700), shared by the workers of this run."""
    base = _base()
    for left in base.glob(f"{PREFIX}*"):  # of runs that were killed
        if left.name != PREFIX + run and left.stat().st_uid == os.geteuid():
            with suppress(SetupError, OSError):
                if asyncio.run(embedded.stop_if_unused(left)):
                    shutil.rmtree(left, ignore_errors=True)
    directory = base / (PREFIX + run)
    directory.mkdir(exist_ok=True)
    directory.chmod(0o755 if os.geteuid() == 0 else 0o700)
    return directory


@pytest.fixture(scope="session")
def server(testrun_uid: str) -> Iterator[TestServer]:
    """The run's server with a migrated template; started by the first worker that needs it."""
    if url := os.environ.get("CROSSDOCK_TEST_DATABASE_URL"):
        with _alone():
            prepared = asyncio.run(_prepared(lambda name: _with(url, database=name), _login_of_test(url)))
        yield prepared
        return
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        with _alone():
            directory = _directory(testrun_uid)
            running = runner.run(embedded.ensure(directory, options=FAST))
            prepared = runner.run(_prepared(running.admin_dsn_of, running.app_dsn))
        yield prepared
        with _alone():
            if runner.run(running.release()):  # the last worker
                shutil.rmtree(directory, ignore_errors=True)


def _with(url: str, *, database: str, user: str | None = None, password: str = "") -> str:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(path=f"/{database}", netloc=f"{user}:{password}@{host}" if user else parts.netloc))


def _login_of_test(url: str) -> Callable[[str], str]:
    asyncio.run(_create_login(url))
    return lambda name: _with(url, database=name, user="crossdock_login", password="test")


async def _create_login(url: str) -> None:
    connection = await asyncpg.connect(url)
    with suppress(asyncpg.DuplicateObjectError):
        await connection.execute("create role crossdock_login login noinherit password 'test'")
    await connection.execute("alter role crossdock_login password 'test'")
    await connection.close()


async def _prepared(admin: Callable[[str], str], app: Callable[[str], str]) -> TestServer:
    """Migrates the template unless one of the very same files is there already."""
    digest = hashlib.sha256("".join(m.sha256 for m in migrations.known()).encode()).hexdigest()[:12]
    template = f"template_{digest}"
    connection = await asyncpg.connect(admin("postgres"))
    try:
        if not await connection.fetchval("select exists (select from pg_database where datname = $1)", template):
            building = f"building_{uuid.uuid4().hex[:12]}"
            await connection.execute(f"create database {building}")
            await migrations.migrate(admin(building), app(building))
            inside = await asyncpg.connect(admin(building))
            await inside.executemany(
                "insert into crossdock.tenant (tenant_id, name) values ($1, $2)", list(TENANTS.items())
            )
            await inside.close()
            await connection.execute(f"alter database {building} rename to {template}")
    finally:
        await connection.close()
    return TestServer(admin, app, template)


@pytest.fixture
async def database_name(server: TestServer) -> AsyncIterator[str]:
    """A fresh database, dropped after the test."""
    name = f"t_{uuid.uuid4().hex[:16]}"
    connection = await asyncpg.connect(server.admin("postgres"))
    try:
        await connection.execute(f"create database {name} template {server.template} strategy file_copy")
        yield name
        await connection.execute(f"drop database if exists {name} with (force)")
    finally:
        await connection.close()


@pytest.fixture
def admin_dsn(server: TestServer, database_name: str) -> str:
    """The test's database as a superuser, whom row security does not bind: to look at what is really there."""
    return server.admin(database_name)


@pytest.fixture
def app_dsn(server: TestServer, database_name: str) -> str:
    """The test's database as the application's login, for processes that a test starts."""
    return server.app(database_name)


@pytest.fixture
async def database(app_dsn: str) -> AsyncIterator[Database]:
    """The test's database as the application sees it, with the tenants norrland and castell."""
    opened = await Database.open(app_dsn)
    yield opened
    # not close(): a test that failed inside a transaction would wait for itself
    opened.pool.terminate()
