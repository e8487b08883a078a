"""Settings, read from the environment once, at the edge, and passed on as a value.

Every name starts with CROSSDOCK_. A name we do not know is probably a slip of the pen, so it is reported; a value that
does not parse is a SetupError that names the variable. Defaults are safe: nothing listens beyond this machine,
nothing leaves it. docs/settings.md describes each (a test compares).
"""

# ruff: noqa: RUF009 - _setting gives dataclasses.field its parser; nothing mutable is shared
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import Any

from crossdock.errors import SetupError

PREFIX = "CROSSDOCK_"
# Read by the build, the tests and the make file, not by the program; known, so not reported as slips.
ELSEWHERE = frozenset({"UI", "NODE", "CORPUS", "DSL", "DATA_SETS", "TEST_DATABASE_URL", "CHROMIUM", "SANDBOX_SECRET"})


def _setting(default: Any, parse: Callable[[str], Any], help_: str) -> Any:
    return field(default=default, metadata={"parse": parse, "help": help_})


def _text(value: str) -> str:
    return value


def _path(value: str) -> Path:
    return Path(value).expanduser()


def _port(value: str) -> int:
    port = int(value)
    if not 0 <= port <= 65535:
        raise ValueError("a port is 0 to 65535; 0 takes any free one")
    return port


def _count(value: str) -> int:
    number = int(value)
    if number < 1:
        raise ValueError("expected at least 1")
    return number


def _flag(value: str) -> bool:
    words = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    if value.lower() not in words:
        raise ValueError("expected true or false")
    return words[value.lower()]


def _url(value: str) -> str:
    if not re.match(r"^[a-z][a-z0-9+.-]*://", value):
        raise ValueError("expected a URL such as https://host/path")
    return value.rstrip("/")


def _mail_server(value: str) -> str:
    if not re.match(r"^smtps?://[^\s/]+$", value.rstrip("/")):
        raise ValueError("expected smtp://user:password@host:587 or smtps://user:password@host")
    return value.rstrip("/")


def _dsn(value: str) -> str:
    if not re.match(r"^postgres(ql)?://", value):
        raise ValueError("expected postgresql://user:password@host/database")
    return value


_UNITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def _duration(value: str) -> timedelta:
    match = re.fullmatch(r"(\d+)\s*(ms|s|m|h|d)", value)
    if not match:
        raise ValueError("expected a number and a unit, such as 30s, 15m, 8h or 90d")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _level(value: str) -> str:
    if value.lower() not in {"debug", "info", "warning", "error"}:
        raise ValueError("expected debug, info, warning or error")
    return value.lower()


def _database_name(value: str) -> str:
    # lower case, as PostgreSQL keeps it without quotes; the server's own databases are not to be migrated
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", value) or value in {"postgres", "template0", "template1"}:
        raise ValueError("expected a name of a-z, 0-9 and _, at most 63, and none of the server's own")
    return value


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator may set. Field `x` is read from CROSSDOCK_X."""

    data: Path | None = _setting(None, _path, "Directory of the embedded database and of its passwords")
    database_url: str | None = _setting(None, _dsn, "A PostgreSQL server (15 or newer) to use instead")
    database_admin_url: str | None = _setting(None, _dsn, "The same database as a role that may migrate it")
    database_account: str | None = _setting(None, _text, "As root: the account that runs the embedded server")
    database_name: str = _setting("crossdock", _database_name, "Database on the embedded server")
    database_connections: int = _setting(10, _count, "Most connections of one process")
    host: str = _setting("127.0.0.1", _text, "Address to listen on")
    port: int = _setting(8080, _port, "Port to listen on; 0 takes any free one")
    public_url: str | None = _setting(None, _url, "Address that browsers use, when a proxy stands before us")
    session_lifetime: timedelta = _setting(timedelta(hours=12), _duration, "A sign-in lasts this long")
    log_level: str = _setting("info", _level, "debug, info, warning or error")
    retention: timedelta = _setting(
        timedelta(days=730), _duration, "How long ended instances, their history, and events are kept"
    )
    max_backlog: int = _setting(
        100_000, _count, "With so many instances of a tenant waiting for a worker, new work is refused for a while"
    )
    otlp_url: str | None = _setting(None, _url, "OpenTelemetry collector (OTLP over HTTP) to send traces to")
    smtp_url: str | None = _setting(
        None, _mail_server, "Mail server for alerts and invitations: smtp://user:password@host:587 or smtps://"
    )
    mail_from: str | None = _setting(None, _text, "Address that they come from")
    workflow_secrets: Path | None = _setting(None, _path, "Directory of the secrets of workflows: TENANT/NAME")
    channel_folders: Path | None = _setting(None, _path, "Directory below which watched folders lie: TENANT/…")
    sftp_port: int | None = _setting(None, _port, "Serve SFTP to partners on this port; needs crossdock[sftp]")
    sftp_host_key: Path | None = _setting(None, _path, "File of the SFTP server's private key")
    smtp_port: int | None = _setting(None, _port, "Take documents by SMTP on this port")
    allow_internal_addresses: bool = _setting(
        False, _flag, "Let connectors call loopback and private networks, as the demo's sandbox needs"
    )

    @property
    def address(self) -> str:
        """Ours, as links in mails name it."""
        return self.public_url or f"http://{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Described:
    """One setting, for docs/settings.md and `crossdock doctor`."""

    variable: str
    default: str
    help: str


def read(environ: Mapping[str, str] | None = None) -> tuple[Settings, list[str]]:
    """The settings of this environment, and a warning for each CROSSDOCK_ name that means nothing.

    An empty value counts as unset, as compose files write it. Raises SetupError naming every value that is wrong.
    """
    environ = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    wrong: list[str] = []
    known = {f.name.upper() for f in fields(Settings)} | ELSEWHERE
    for f in fields(Settings):
        variable = PREFIX + f.name.upper()
        if given := environ.get(variable, ""):
            try:
                values[f.name] = f.metadata["parse"](given.strip())
            except ValueError as e:
                # the value itself may be a secret
                wrong.append(f"{variable}: {e}")
    if wrong:
        raise SetupError("Settings cannot be read. " + "; ".join(wrong) + ". See docs/settings.md.")
    unknown = sorted(n for n in environ if n.startswith(PREFIX) and n.removeprefix(PREFIX) not in known)
    return Settings(**values), [f"{name} is not a setting of Crossdock; see docs/settings.md" for name in unknown]


def described() -> list[Described]:
    """All settings with defaults, in order."""
    return [
        Described(PREFIX + f.name.upper(), "" if f.default is None else _shown(f.default), f.metadata["help"])
        for f in fields(Settings)
    ]


def _shown(value: Any) -> str:
    if isinstance(value, timedelta):
        return f"{value // timedelta(hours=1)}h"
    return str(value).lower() if isinstance(value, bool) else str(value)
