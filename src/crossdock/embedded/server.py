"""The life of one embedded server: initialised once and whole, started or joined, stopped by its last user.

Everything here runs with start.lock held, so one process at a time decides. The invariant: a postmaster.pid, socket
or socket lock file is removed only when no process of a server lives, which server.lock and the process table say,
not a number in a file. The server is a session of its own; it outlives the process that started it when that one is
killed, and the next process joins it.
"""

import asyncio
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import asyncpg
import psutil

from crossdock.embedded import places as at
from crossdock.embedded.locks import LOOK_AGAIN_S, FileLock, is_free
from crossdock.embedded.places import PORT, Places
from crossdock.errors import SetupError

Progress = Callable[[str], None]

SUPERUSER = "postgres"
LOGIN = "crossdock_login"
FAST_STOP_S = 60.0  # a checkpoint of all its buffers takes seconds; one that waits longer hangs on a dead backend
REPORT_EVERY_S = 3.0
# Backends that outlive a killed postmaster notice it within a second unless they are busy in one long statement.
ORPHANS_MAY_FINISH_S = 5.0

# Written to postgresql.conf at initialisation, where an operator may change them.
TUNED = {
    "shared_buffers": "256MB",
    "max_connections": "200",
    "jit": "off",  # statements run in a millisecond; compiling them costs tens
    "synchronous_commit": "on",  # an acknowledged message survives the loss of power
    "wal_level": "replica",
    "max_wal_size": "2GB",
    "min_wal_size": "256MB",
    "checkpoint_timeout": "15min",
    "checkpoint_completion_target": "0.9",
    "random_page_cost": "1.1",  # every disk of today
    "autovacuum_naptime": "15s",  # queues turn over fast
    "autovacuum_vacuum_scale_factor": "0.05",
    "autovacuum_analyze_scale_factor": "0.02",
    "log_lock_waits": "on",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] %a ",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


@dataclass(frozen=True, slots=True)
class Postmaster:
    """What postmaster.pid says of a server that lives."""

    pid: int
    socket_directory: Path


def dsn(user: str, password: str, database: str, socket_directory: Path) -> str:
    """A libpq URI. The passwords are URL-safe by construction; the directory is given as a host."""
    return f"postgresql://{user}:{password}@/{database}?host={quote(str(socket_directory), safe='/')}&port={PORT}"


# --- initialise -----------------------------------------------------------------------------------------------------


def initialise(places: Places, bin_dir: Path, *, sync: bool = True) -> None:
    """Makes the cluster directory. It is built beside and renamed, so a cluster that exists is whole.

    sync: write through to the disk before the rename; off only for clusters that a test throws away.
    """
    for left in places.base.glob("cluster.new-*"):  # of a start that was killed; start.lock says none is running
        shutil.rmtree(left)
    new = Path(tempfile.mkdtemp(prefix="cluster.new-", dir=places.base))  # 0700
    _give(new, places)
    built = Places(places.base, places.account)
    passwords = {p.name: secrets.token_urlsafe(32) for p in (built.superuser_password, built.login_password)}
    for name, password in passwords.items():
        _write_private(new / name, password)
    (new / "log").mkdir(mode=0o700)
    _give(new / "log", places)
    # initdb reads the password as the server's account; its own copy dies with this function
    handed = new / "initdb.password"
    _write_private(handed, passwords[built.superuser_password.name])
    _give(handed, places)
    command = [
        str(bin_dir / "initdb"),
        *("--pgdata", str(new / "data"), "--username", SUPERUSER, "--pwfile", str(handed)),
        *("--auth-local", "scram-sha-256", "--auth-host", "scram-sha-256"),
        # The built-in locale sorts by code point on every machine: no index changes its order by an upgrade of libc.
        *("--encoding", "UTF8", "--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
        *(f"--set={name}={value}" for name, value in TUNED.items()),
        *([] if sync else ["--no-sync"]),
    ]
    done = _as_account(places, command)
    handed.unlink()
    if done.returncode:
        shutil.rmtree(new)
        raise SetupError(f"The database could not be initialised in {places.cluster}: {done.stderr.strip()}")
    new.rename(places.cluster)
    _sync_directory(places.base)


def _as_account(places: Places, command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        **at.become(places.account),
        cwd="/",
        env=_environment(),
        umask=0o077,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def _environment() -> dict[str, str]:
    """Nothing of ours reaches the server: no PG* variable, no secret, no locale but C."""
    return {"PATH": os.defpath, "LC_ALL": "C", "LANG": "C", "TZ": "UTC"}


def _give(path: Path, places: Places) -> None:
    if os.geteuid() == 0:
        os.chown(path, places.account.uid, places.account.gid)


def _write_private(path: Path, text: str) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(fd, "w") as f:
        f.write(text)
        f.flush()
        os.fsync(f.fileno())


def _sync_directory(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


# --- look -----------------------------------------------------------------------------------------------------------


def postmaster(places: Places) -> Postmaster | None:
    """The living server of this cluster, or None. A number that now belongs to another program does not count."""
    try:
        lines = places.pid_file.read_text().splitlines()
        pid = int(lines[0])
        process = psutil.Process(pid)
        # the postmaster works in its data directory, under every name and container that the program may have
        if process.name() != "postgres" or Path(process.cwd()) != places.data:
            return None
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
    except (OSError, ValueError, IndexError, psutil.Error):
        return None
    directory = lines[4] if len(lines) > 4 else ""  # line 5 of postmaster.pid; written once the sockets are open
    return Postmaster(pid, Path(directory) if directory else at.socket_directory(places))


def alive(places: Places) -> bool:
    """Whether any process of a server works on this cluster."""
    return not is_free(server_lock(places)) or postmaster(places) is not None


def answers(places: Places) -> bool:
    """Whether a postmaster lives. Orphaned backends of a killed one hold the cluster for a moment, and serve nobody."""
    return postmaster(places) is not None


def server_lock(places: Places) -> Path:
    return places.base / "server.lock"


def _orphans(places: Places) -> list[psutil.Process]:
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.name() == "postgres" and Path(process.cwd()) == places.data:
                found.append(process)
    return found


# --- start ----------------------------------------------------------------------------------------------------------


async def start_or_join(
    places: Places, options: Mapping[str, str], progress: Progress
) -> tuple[Path, "subprocess.Popen[bytes] | None"]:
    """The socket directory of a server that answers, and its process when this call started it.

    Call with start.lock held. Waits as long as the server lives and recovers. Raises SetupError when it dies.
    """
    if not places.data.exists():
        progress("Initialising the database")
        initialise(places, at.binaries(places), sync=options.get("fsync") != "off")
    _same_major(places)
    told = time.monotonic()
    while alive(places):  # usually one round: join it
        if found := postmaster(places):
            with suppress(_GoneError):
                await _answering(places, found.socket_directory, progress, None)
                # also when joining: the one that started it may have been killed before it came to this
                await _login_role(places, found.socket_directory)
                return found.socket_directory, None
        # Its postmaster is gone or going, but others of its processes still write here.
        if time.monotonic() - told > ORPHANS_MAY_FINISH_S and not postmaster(places):
            progress("Ending what is left of a killed database server")
            for orphan in _orphans(places):
                with suppress(psutil.Error):
                    orphan.send_signal(signal.SIGQUIT)  # PostgreSQL's immediate stop; the log is replayed at start
            told = time.monotonic()
        await asyncio.sleep(LOOK_AGAIN_S)
    directory = at.socket_directory(places)
    process = _spawn(places, directory, options)
    try:
        await _answering(places, directory, progress, process)
        await _login_role(places, directory)
    except _GoneError as e:
        raise SetupError(
            f"The database server in {places.cluster} did not start. Its last words:\n{last_words(places)}\n"
            "`crossdock doctor` checks rights and disk space."
        ) from e
    except BaseException:
        if process.poll() is None:  # cancelled while it starts: nobody would own it
            process.send_signal(signal.SIGINT)
            process.wait()
        raise
    return directory, process


class _GoneError(Exception):
    """The server that was waited for is no more."""


def _same_major(places: Places) -> None:
    try:
        of_data = (places.data / "PG_VERSION").read_text().strip()
    except OSError as e:
        raise SetupError(f"{places.data} is no PostgreSQL data directory: {e.strerror} (PG_VERSION).") from e
    of_wheel = at.wheel_version().split(".")[0]
    if of_data != of_wheel:
        raise SetupError(
            f"The data in {places.cluster} was written by PostgreSQL {of_data}, the installed server is {of_wheel}. "
            f"Dump it with the version of Crossdock that wrote it (pg_dump), and restore it into a new --data."
        )


def _spawn(places: Places, socket_directory: Path, options: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    bin_dir = at.binaries(places)
    # server.lock is free and ours alone from here: what is left of a killed server may go, whatever pid it names
    lock = FileLock(server_lock(places))
    try:
        if not lock.exclusive():
            raise SetupError(f"Another program holds {server_lock(places)}; it should only be used by Crossdock.")
        for stale in (
            places.pid_file,
            socket_directory / f".s.PGSQL.{PORT}",
            socket_directory / f".s.PGSQL.{PORT}.lock",
        ):
            stale.unlink(missing_ok=True)
        fixed = {
            "listen_addresses": "",
            "port": str(PORT),
            "unix_socket_directories": _quoted(socket_directory),
            "unix_socket_permissions": "0700",
            "password_encryption": "scram-sha-256",
            "logging_collector": "on",
            "log_destination": "stderr",
            "log_directory": str(places.log),
            "log_filename": "server-%a.log",  # a week, each day written over after seven
            "log_rotation_age": "1d",
            "log_rotation_size": "0",
            "log_truncate_on_rotation": "on",
            "log_file_mode": "0600",
        }
        command = [str(bin_dir / "postgres"), "-D", str(places.data)]
        for name, value in (fixed | dict(options)).items():
            command += ["-c", f"{name}={value}"]
        words = os.open(places.start_log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            _chown_fd(words, places)
            return subprocess.Popen(
                command,
                **at.become(places.account),
                cwd="/",
                env=_environment(),
                umask=0o077,
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=words,
                pass_fds=(lock.fd,),
                start_new_session=True,  # a Ctrl-C at our terminal is ours to pass on
            )
        finally:
            os.close(words)
    finally:
        lock.close()  # the server's processes keep it


def _chown_fd(fd: int, places: Places) -> None:
    if os.geteuid() == 0:
        os.fchown(fd, places.account.uid, places.account.gid)


def _quoted(directory: Path) -> str:
    """An entry of a list setting: commas and blanks are kept by double quotes."""
    return '"' + str(directory).replace('"', '""') + '"'


async def _answering(
    places: Places, socket_directory: Path, progress: Progress, process: "subprocess.Popen[bytes] | None"
) -> None:
    """Returns when the server takes connections. Raises _GoneError when it has died; waits while it recovers."""
    password = places.superuser_password.read_text()
    told = time.monotonic()
    while True:
        try:
            connection = await asyncpg.connect(dsn(SUPERUSER, password, "postgres", socket_directory), timeout=30)
        except asyncpg.InvalidPasswordError as e:
            raise SetupError(
                f"The database server does not take the password in {places.superuser_password}. Was it changed by "
                f"hand? Put the changed one there."
            ) from e
        except (asyncpg.CannotConnectNowError, asyncpg.TooManyConnectionsError) as e:
            state = str(e)
        except (OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError) as e:
            state = f"no answer yet ({type(e).__name__})"
        else:
            await connection.close()
            return
        if process.poll() is not None if process else postmaster(places) is None:
            raise _GoneError
        if time.monotonic() - told > REPORT_EVERY_S:
            progress(f"Waiting for the database: {state}. {last_words(places, lines=1)}".strip())
            told = time.monotonic()
        await asyncio.sleep(LOOK_AGAIN_S)


def last_words(places: Places, lines: int = 15) -> str:
    """The end of the newest log of the server."""
    logs = sorted(places.log.glob("*.log"), key=lambda p: p.stat().st_mtime)
    said: list[str] = []
    for path in logs[-2:]:  # start.log refers to the collector's file once that runs
        said += path.read_text(errors="replace").splitlines()[-lines:]
    return "\n".join(said[-lines:])


async def _login_role(places: Places, socket_directory: Path) -> None:
    """Creates the application's roles; idempotent. The login owns nothing and inherits nothing: db.py sets the role."""
    superuser = places.superuser_password.read_text()
    connection = await asyncpg.connect(dsn(SUPERUSER, superuser, "postgres", socket_directory))
    try:
        if not await connection.fetchval("select exists (select from pg_roles where rolname = $1)", LOGIN):
            async with connection.transaction():
                # the statement holds a secret: keep it out of the log even when it fails
                await connection.execute("set local log_min_error_statement = panic")
                await connection.execute(
                    "do $$ begin if not exists (select from pg_roles where rolname = 'crossdock_app') "
                    "then create role crossdock_app nologin; end if; end $$"
                )
                await connection.execute(
                    f"create role {LOGIN} login noinherit password '{places.login_password.read_text()}' "
                    "in role crossdock_app"
                )
    finally:
        await connection.close()


# --- stop -----------------------------------------------------------------------------------------------------------


async def stop(places: Places, process: "subprocess.Popen[bytes] | None", progress: Progress) -> None:
    """A fast shutdown, waited for to its end. Call with start.lock held and no user left."""
    if found := postmaster(places):
        with suppress(ProcessLookupError):
            os.kill(found.pid, signal.SIGINT)  # "fast": ends sessions, writes a checkpoint
    asked = told = time.monotonic()
    while (process is not None and process.poll() is None) or alive(places):
        if time.monotonic() - told > REPORT_EVERY_S:
            progress("Waiting for the database to write its checkpoint")
            told = time.monotonic()
        if time.monotonic() - asked > FAST_STOP_S and (found := postmaster(places)):
            progress("The database does not stop; ending it at once. It recovers at its next start")
            with suppress(ProcessLookupError):
                os.kill(found.pid, signal.SIGQUIT)  # "immediate": safe, since all that was committed is in its log
            asked = time.monotonic()
        await asyncio.sleep(LOOK_AGAIN_S)
