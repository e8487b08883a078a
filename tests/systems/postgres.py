"""PostgreSQL servers for the suites that need more than one, or one with an address: real binaries, thrown away after.

The system's binaries where they are installed, else those of the wheel. As root they run as an unprivileged account.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from crossdock.embedded import places

PASSWORD = "storm"  # of servers that live for a minute, reachable from this machine only
COMMON = {"shared_buffers": "64MB", "max_connections": "100", "password_encryption": "scram-sha-256"}


def binaries() -> Path | None:
    """Where postgres, initdb and pg_basebackup are; None: nowhere."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_basebackup"), key=lambda p: int(p.parts[-3]))
    if found:
        return found[-1].parent
    named = shutil.which("pg_basebackup")
    return Path(named).resolve().parent if named else None


def account() -> str | None:
    """As root: whom to run it as."""
    for name in ("postgres", "crossdock"):
        with suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    return None


@dataclass(slots=True)
class Cluster:
    """One server. `stop` and `kill` end it; its directory goes with the directory it was made in."""

    base: Path
    host: str
    port: int
    options: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)  # beside what every server gets
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def data(self) -> Path:
        return self.base / "data"

    def dsn(self, database: str, user: str = "postgres") -> str:
        return f"postgresql://{user}:{PASSWORD}@{self.host}:{self.port}/{quote(database)}"

    def run(self, program: str, *args: str, **environment: str) -> None:
        done = subprocess.run(
            [str(_bin() / program), *args], **places.become(_runs_as()), cwd="/",
            capture_output=True, text=True, check=False,
            env={"PATH": os.defpath, "LC_ALL": "C", "PGPASSWORD": PASSWORD, **environment},
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr}")

    def initialise(self) -> None:
        secret = self.base / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        self.run(
            "initdb", "-D", str(self.data), "-U", "postgres", "--pwfile", str(secret), "-A", "scram-sha-256",
            "-E", "UTF8", "--locale=C", "--no-sync",
        )  # fmt: skip
        with (self.data / "pg_hba.conf").open("a") as f:
            f.write("host all all 0.0.0.0/0 scram-sha-256\nhost replication all 0.0.0.0/0 scram-sha-256\n")

    def copy_of(self, primary: "Cluster", slot: str) -> None:
        """A streaming replica of the primary; it follows once started."""
        self.run(
            "pg_basebackup", "-D", str(self.data), "-d", primary.dsn("postgres"), "-R", "-C", "-S", slot,
            "--no-sync", "-c", "fast",
        )  # fmt: skip

    def start(self) -> None:
        settings = {
            **COMMON, "listen_addresses": self.host, "port": str(self.port),
            "unix_socket_directories": str(self.base), **self.options,
        }  # fmt: skip
        words = [str(_bin() / "postgres"), "-D", str(self.data)]
        words += [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (self.base / "log").open("ab") as log:
            self.process = subprocess.Popen(
                words, **places.become(_runs_as()), cwd="/", start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC", **self.environment},
            )  # fmt: skip
        ready = [str(_bin() / "pg_isready"), "-h", self.host, "-p", str(self.port), "-q"]
        deadline = time.monotonic() + 60
        while subprocess.run(ready, check=False).returncode:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start:\n{(self.base / 'log').read_text()[-2000:]}")
            time.sleep(0.05)

    def promote(self) -> None:
        self.run("pg_ctl", "promote", "-w", "-D", str(self.data))

    def kill(self) -> None:
        """SIGKILL to all of its processes, as the loss of the machine."""
        if self.process is not None:
            for pid in [self.process.pid, *_children(self.process.pid)]:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait()
            self.process = None


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(word) for word in tasks.read_text().split()] if tasks.exists() else []


def _bin() -> Path:
    found = binaries()
    assert found is not None
    return found


def _runs_as() -> places.Account:
    entry = pwd.getpwnam(account() or "nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    return places.Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


@contextmanager
def directory() -> Iterator[Path]:
    """A directory that the servers' account may write; pytest's own is closed to it."""
    base = Path(tempfile.mkdtemp(prefix="crossdock-systems-"))
    base.chmod(0o755)
    try:
        yield base
    finally:
        shutil.rmtree(base, ignore_errors=True)


@contextmanager
def cluster(base: Path, name: str, host: str, port: int, **options: str) -> Iterator[Cluster]:
    """The place of one server, not initialised yet; in the end it is stopped."""
    own = base / name
    own.mkdir()
    if os.geteuid() == 0:
        shutil.chown(own, account() or "nobody")
    made = Cluster(own, host, port, dict(options))
    try:
        yield made
    finally:
        made.kill()
