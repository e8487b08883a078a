"""PostgreSQL without an administrator: the server from a wheel, started by the first process that needs it.

`running(...)` is for a command that uses the database while it runs; `ensure(...)` is the same without the block.
However many processes use one data directory, they share one server: the first starts it, the others join, the last
one out stops it. A process that is killed releases its share by dying; its server stays up and is joined by the next.

`locate(settings)` is what the rest of Crossdock asks: it gives the server named by CROSSDOCK_DATABASE_URL, or else
the embedded one.
"""

import asyncio
import subprocess
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg

from crossdock.embedded import places as at
from crossdock.embedded import server as life
from crossdock.embedded.locks import FileLock, exclusive, until
from crossdock.embedded.places import Places
from crossdock.embedded.server import Progress
from crossdock.errors import SetupError
from crossdock.settings import Settings

__all__ = ["Located", "Places", "Progress", "Server", "ensure", "locate", "running", "stop_if_unused", "writable"]

LOOK_AFTER_S = 1.0  # how long a dead server stays unnoticed by `keep_running`; a look costs 0.1 ms
LONGEST_PAUSE_S = 15.0  # between two attempts to start one that does not, such as on a full disk


def _silent(_message: str) -> None:
    """Progress for callers that do not ask for it."""


class Server:
    """A share in a running server. Release it, or let the process die."""

    def __init__(
        self,
        places: Places,
        socket_directory: Path,
        process: "subprocess.Popen[bytes] | None",
        share: FileLock,
        progress: Progress,
        options: Mapping[str, str],
    ) -> None:
        self.places = places
        self.socket_directory = socket_directory
        self.started_here = process is not None
        self._process = process
        self._share = share
        self._progress = progress
        self._options = options
        self._superuser_password = places.superuser_password.read_text()
        self._login_password = places.login_password.read_text()

    @property
    def admin_dsn(self) -> str:
        """The superuser, on the maintenance database: for migrations and `create database` only."""
        return self.admin_dsn_of("postgres")

    def admin_dsn_of(self, database: str) -> str:
        return life.dsn(life.SUPERUSER, self._superuser_password, database, self.socket_directory)

    def app_dsn(self, database: str) -> str:
        """The application's login, which owns nothing and may act as crossdock_app."""
        return life.dsn(life.LOGIN, self._login_password, database, self.socket_directory)

    @property
    def pid(self) -> int | None:
        """The server's process, or None when it has died since."""
        found = life.postmaster(self.places)
        return found.pid if found else None

    async def keep_running(self) -> None:
        """Starts the server again whenever it has died, for as long as this is awaited. Waiting connections fail once.

        PostgreSQL restarts itself when one of its processes is killed; this is for the death of the whole server. One
        that cannot start (its disk is full) is tried again and again: what stands in its way may be cleared.
        """
        pause_s = LOOK_AFTER_S
        while True:
            try:
                if not life.answers(self.places):
                    async with exclusive(self.places.base / "start.lock"):
                        if not life.answers(self.places):  # another process may have been first
                            self._progress("The database server has died; starting it again")
                        _, process = await life.start_or_join(self.places, self._options, self._progress)
                        self._process = process or self._process
                pause_s = LOOK_AFTER_S
            except (SetupError, OSError) as error:
                self._progress(f"Trying again in {pause_s:.0f} s. {error}")
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
            await asyncio.sleep(pause_s)

    async def release(self) -> bool:
        """Gives the share back; stops the server and returns True when this was the last one."""
        async with exclusive(self.places.base / "start.lock"):
            self._share.close()
            return await _stop_if_unused(self.places, self._process, self._progress)


async def ensure(
    data: Path | None = None,
    *,
    on_progress: Progress | None = None,
    account: str | None = None,
    options: Mapping[str, str] | None = None,
) -> Server:
    """Joins the server of this data directory, or starts it.

    data: the directory given by --data; None is /var/lib/crossdock for root, below XDG_DATA_HOME for anybody else.
    on_progress: told in words what is waited for, every few seconds; recovery after a crash has no time limit.
    account: as root, the unprivileged account to run a new server as.
    options: server settings over those in postgresql.conf, used only when this call starts the server.
    Raises SetupError, which says what to do.
    """
    places = at.find(data, account=account)
    progress = on_progress or _silent
    async with exclusive(places.base / "start.lock"):
        share = FileLock(places.base / "users.lock")
        try:
            await until(share.shared)  # at once: it is only ever held exclusively with start.lock held, too
            directory, process = await life.start_or_join(places, options or {}, progress)
        except BaseException:
            share.close()
            raise
        return Server(places, directory, process, share, progress, options or {})


@asynccontextmanager
async def running(
    data: Path | None = None,
    on_progress: Progress | None = None,
    *,
    account: str | None = None,
    options: Mapping[str, str] | None = None,
) -> AsyncGenerator[Server]:
    """A server for as long as the block runs; arguments as for `ensure`."""
    server = await ensure(data, on_progress=on_progress, account=account, options=options)
    try:
        yield server
    finally:
        await _to_the_end(server.release())


async def _to_the_end(work: Coroutine[None, None, object]) -> None:
    """Awaits although cancelled: a second Ctrl-C must not leave a checkpoint half waited for."""
    task = asyncio.create_task(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as e:
            cancelled = e
    task.result()
    if cancelled:
        raise cancelled


async def stop_if_unused(data: Path | None = None, *, on_progress: Progress | None = None) -> bool:
    """Stops a server that outlived its users, for example after kill -9. Returns whether none runs now."""
    places = at.find(data)
    if not places.cluster.exists():
        return True
    async with exclusive(places.base / "start.lock"):
        return await _stop_if_unused(places, None, on_progress or _silent)


async def _stop_if_unused(places: Places, process: "subprocess.Popen[bytes] | None", progress: Progress) -> bool:
    # start.lock is held: nobody can take a share between this look and the end of the server
    users = FileLock(places.base / "users.lock")
    try:
        if not users.exclusive():
            return False
        await life.stop(places, process, progress)
        return True
    finally:
        users.close()


@dataclass(frozen=True, slots=True)
class Located:
    """Where the database is. `close` releases an embedded server, and does nothing to a real one."""

    admin_dsn: str
    app_dsn: str
    close: Callable[[], Awaitable[object]]
    server: Server | None = None


def writable(dsn: str) -> str:
    """The URL; where it names several hosts and does not say which, the one that takes writes is meant."""
    parts = urlsplit(dsn)
    asked = parse_qs(parts.query)
    hosts = asked.get("host", [parts.netloc.rpartition("@")[2]])[0]
    if "," not in hosts or "target_session_attrs" in asked:
        return dsn
    return f"{dsn}{'&' if parts.query else '?'}target_session_attrs=read-write"


async def locate(settings: Settings, on_progress: Progress | None = None) -> Located:
    """The server of CROSSDOCK_DATABASE_URL, or else the embedded one, started if none runs; call `migrate` next.

    admin_dsn names the same database as app_dsn, as a role that may migrate it.
    """
    if settings.database_url:
        app_dsn = writable(settings.database_url)
        return Located(writable(settings.database_admin_url or settings.database_url), app_dsn, _nothing)
    if settings.database_admin_url:
        raise SetupError("CROSSDOCK_DATABASE_ADMIN_URL is set without CROSSDOCK_DATABASE_URL. Set both or neither.")
    server = await ensure(settings.data, on_progress=on_progress, account=settings.database_account)
    try:
        await _create_database(server, settings.database_name)
    except BaseException:
        await server.release()
        raise
    name = settings.database_name
    return Located(server.admin_dsn_of(name), server.app_dsn(name), server.release, server)


async def _nothing() -> None:
    return


async def _create_database(server: Server, name: str) -> None:
    connection = await asyncpg.connect(server.admin_dsn)
    try:
        known = "select exists (select from pg_database where datname = $1)"
        if not await connection.fetchval(known, name):
            # another process may be first
            with suppress(asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
                await connection.execute(f'create database "{name}"')
        if await connection.fetchval("select datacl is null from pg_database where datname = $1", name):
            async with connection.transaction():
                await connection.execute(f'revoke all on database "{name}" from public')
                await connection.execute(f'grant connect, temporary on database "{name}" to {life.LOGIN}')
    finally:
        await connection.close()
