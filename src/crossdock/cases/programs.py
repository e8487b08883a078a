"""Shells and scripts of workflows: off, unless a policy of the tenant permits them to the very workflow that asks.

What is permitted runs in a process of its own between two transactions: an empty directory that is removed, no
variable and no open file of ours, limits on time, memory, processes, open files and output (`launcher`), and an end
with all that it has started, also in sessions of their own (Linux; elsewhere its process group). Where we are root it
runs as `nobody`; elsewhere as our own user, from whom it cannot read our memory or environment (Linux). It is no
sandbox: the network and the files that user may read are its own.

An effect like any other. What ended is known; whether one that was killed for its time, or was running when its worker
died, had an effect is not, and nobody can be asked but a person. Containers need an engine that we do not bring: they
are refused, saying so.
"""

import asyncio
import ctypes
import math
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self, cast

from crossdock import audit, exactjson
from crossdock.cases.common import Arguments, Misuse, misused
from crossdock.db import Database, Tx, queries
from crossdock.flow.facts import Error
from crossdock.flow.faults import CONFIGURATION, RUNTIME
from crossdock.flow.outcomes import Done, Failed, Invocation, Performed, Probed, Unknown
from crossdock.policy import Denied, programs
from crossdock.policy.programs import Program

SQL = queries("crossdock.cases", "programs.sql")

TIME_LIMIT_S = 30.0
OUTPUT_LIMIT_BYTES = 1_000_000  # of each stream; the kernel stops what writes more
INPUT_LIMIT_BYTES = 1_000_000
MEMORY_LIMIT_BYTES = 1 << 30  # of each process
PROCESS_LIMIT = 128  # threads count; beside what the user runs already
TOGETHER = 4  # programs of one worker
RETURNS = ("stdout", "stderr", "code", "all", "none")
LANGUAGES = ("python", "js")
PATH = "/usr/local/bin:/usr/bin:/bin"

_LAUNCHER = Path(__file__).with_name("launcher.py")
_LAST_WORDS_S = 10.0  # for the launcher, to kill what there is
_PR_SET_DUMPABLE = 4


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a tenant permits: Cedar, by version."""

    version: int
    text: str
    put_by: str
    put_at: datetime


async def put(tx: Tx, tenant_id: str, text: str, by: str, now: datetime) -> int:
    """Makes it what the tenant permits; an empty text permits nothing again. Raises PartnerError."""
    programs.check(text)
    await tx.execute(SQL["one_at_a_time"], f"run-policy/{tenant_id}")
    before = await current(tx, tenant_id)
    if before is not None and before.text == text:
        return before.version
    version = 1 if before is None else before.version + 1
    await tx.execute(SQL["put"], tenant_id, version, text, by, now)
    await audit.record(tx, tenant_id, by, "programs.allow", tenant_id, {"version": version, "policy": text})
    return version


async def current(tx: Tx, tenant_id: str) -> Allowance | None:
    row = await tx.fetchrow(SQL["current"], tenant_id)
    return None if row is None else Allowance(row["version"], row["body"], row["put_by"], row["put_at"])


class Programs:
    """outcomes.Remote for run.shell, run.script and run.container."""

    def __init__(self, db: Database, *, time_limit_s: float = TIME_LIMIT_S) -> None:
        self._db = db
        self._time_limit_s = time_limit_s
        self._room = asyncio.Semaphore(TOGETHER)

    @property
    def system(self) -> str:
        return "programs"

    async def perform(self, call: Invocation) -> Performed:
        kind = Program(call.function)
        async with self._db.transaction(call.tenant_id) as tx:
            row = await tx.fetchrow(SQL["workflow"], call.tenant_id, call.instance_id)
        if row is None:
            return _refused(kind, "found a call of no instance")
        allowed = programs.may_run(row["body"], kind, call.tenant_id, row["namespace"], row["name"], row["version"])
        if isinstance(allowed, Denied):
            return _refused(kind, allowed.reason)
        try:
            job = read(kind, call.arguments)
        except Misuse as e:
            return misused(call.function, e)
        if isinstance(job, Failed):
            return job
        async with self._room:
            return await asyncio.to_thread(_run, job, self._time_limit_s)

    async def probe(self, call: Invocation) -> Probed:
        return Unknown("a program cannot be asked whether it ran; look at what it was to change")


def _refused(kind: Program, why: str) -> Failed:
    what = kind.removeprefix("run.")
    detail = (
        f"expected a policy that permits {kind}, {why}. Scripts, shells and containers are off by default: "
        "an operator allows them with `crossdock programs allow FILE`"
    )
    return Failed(Error(CONFIGURATION, 403, f"run: {what} is not allowed", detail, extra={"code": "programs.off"}))


# ── what to run ──────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Job:
    """file: what to write into the directory before `argv` runs there; its name is the argument FILE of argv."""

    argv: tuple[str, ...]
    stdin: bytes
    environment: Mapping[str, str]
    returns: str
    file: tuple[str, str] | None = None


def read(kind: Program, arguments: Any) -> Job | Failed:
    """Raises Misuse."""
    a = Arguments(arguments)
    given = a.json("arguments", [])
    if not isinstance(given, list):
        raise Misuse("expected a list as `arguments`, found another")
    argv = tuple(_word(v, f"arguments/{i}") for i, v in enumerate(cast("list[Any]", given)))
    environment = {str(k): _word(v, f"environment/{k}") for k, v in (a.mapping("environment") or {}).items()}
    for name in environment:
        if not name or "=" in name or "\0" in name or name.startswith("LD_"):
            raise Misuse(f"expected names of variables in `environment`, found {name!r}")
    stdin = _text(a.json("stdin")).encode()
    if len(stdin) + sum(map(len, argv)) > INPUT_LIMIT_BYTES:
        raise Misuse(f"expected at most {INPUT_LIMIT_BYTES} bytes of `stdin` and `arguments`, found more")
    returns = a.word("return", RETURNS, "stdout") or "stdout"
    match kind:
        case Program.SHELL:
            return Job(("/bin/sh", "-c", _word(a.text("command"), "command"), "sh", *argv), stdin, environment, returns)
        case Program.SCRIPT:
            return _script(a, argv, stdin, environment, returns)
        case Program.CONTAINER:
            detail = (
                "expected a container engine, and this installation brings none. Put what the container does behind "
                "an HTTP service and call that, or run it as a script"
            )
            error = Error(CONFIGURATION, 501, "Containers are not run", detail, extra={"code": "programs.container"})
            return Failed(error)


def _script(
    a: Arguments, argv: tuple[str, ...], stdin: bytes, environment: Mapping[str, str], returns: str
) -> Job | Failed:
    if a.json("source") is not None:
        raise Misuse("expected `code`, found `source`: scripts are not fetched while a workflow runs")
    language, code = a.text("language"), a.text("code")
    if language not in LANGUAGES:
        raise Misuse(f"expected {' or '.join(LANGUAGES)} as `language`, found {language!r}")
    if language == "python":
        # The machine's own Python, with none of our packages; ours may lie where `nobody` cannot go.
        start, name = (shutil.which("python3", path=PATH) or sys.executable, "-I"), "script.py"
    else:
        node = shutil.which("node", path=PATH)
        if node is None:
            detail = f"expected the program node in {PATH}, found none: install Node.js, or write the script in Python"
            return Failed(Error(CONFIGURATION, 501, "No interpreter for js", detail))
        start, name = (node,), "script.mjs"
    return Job((*start, name, *argv), stdin, environment, returns, (name, code))


def _word(value: Any, where: str) -> str:
    text = _text(value)
    if "\0" in text:
        raise Misuse(f"expected a text without NUL as `{where}`, found one")
    return text


def _text(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else exactjson.text(value)


# ── running it, in a thread ──────────────────────────────────────────────────────────────────────────────────────


def _run(job: Job, time_limit_s: float) -> Performed:
    _hide_ourselves()
    account = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="crossdock-run-") as place:
        directory = Path(place)
        if job.file is not None:
            directory.joinpath(job.file[0]).write_text(job.file[1], encoding="utf-8")
        if account is not None:
            for path in (directory, *directory.iterdir()):
                os.chown(path, account.pw_uid, account.pw_gid)
        environment = {"PATH": PATH, "HOME": place, "TMPDIR": place, "LANG": "C.UTF-8", **job.environment}
        # Files without a name, read through our own handle: a name in its directory could be made to point elsewhere.
        with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
            with _Lines() as lines:
                process = subprocess.Popen(
                    (sys.executable, "-I", "-S", str(_LAUNCHER), *_settings(time_limit_s, account), *lines.names,
                     *job.argv),
                    stdin=subprocess.PIPE, stdout=stdout, stderr=stderr, cwd=place, env=environment,
                    start_new_session=True, pass_fds=lines.theirs,
                )  # fmt: skip
                said = _wait(process, job.stdin, time_limit_s, lines)
            written = tuple(os.pread(f.fileno(), OUTPUT_LIMIT_BYTES + 1, 0) for f in (stdout, stderr))
        word, _, rest = said.partition(" ")
        if word == "error":
            return Failed(Error(RUNTIME, 500, "The program could not be started", rest))
        code = int(rest) if word == "exit" else -int(rest) if word == "signal" else None
        if code is None or code == -signal.SIGXCPU:
            detail = f"expected an end within {time_limit_s:g} s; it was killed with all that it had started"
            return Unknown(f"the program took too long: {detail}, and may have had its effect")
    if code == -signal.SIGXFSZ or any(len(w) > OUTPUT_LIMIT_BYTES for w in written):
        detail = f"expected at most {OUTPUT_LIMIT_BYTES} bytes on a stream, found more: write less, or to a file"
        return Failed(Error(RUNTIME, 500, "The program wrote too much", detail))
    return _answer(job.returns, code, *(w.decode("utf-8", "replace").replace("\0", "\ufffd") for w in written))


class _Lines:
    """Two pipes to the launcher: one whose end tells it to end everything, and one for its report."""

    def __enter__(self) -> Self:
        theirs, self._ours = os.pipe()
        self._report, report = os.pipe()
        self.theirs = (theirs, report)
        self.names = (str(theirs), str(report))
        self._open = {theirs, report, self._ours, self._report}
        return self

    def __exit__(self, *_: object) -> None:
        for line in self._open:
            os.close(line)

    def cut(self) -> None:
        if self._ours in self._open:
            self._open.discard(self._ours)
            os.close(self._ours)

    def report(self) -> str:
        """What the launcher said when it ended; nothing when it was killed itself."""
        self._open.discard(self.theirs[1])
        os.close(self.theirs[1])
        return os.read(self._report, 4096).decode("utf-8", "replace")


def _settings(time_limit_s: float, account: pwd.struct_passwd | None) -> tuple[str, ...]:
    limits = (math.ceil(time_limit_s), MEMORY_LIMIT_BYTES, PROCESS_LIMIT, OUTPUT_LIMIT_BYTES + 1)
    user = ("-", "-") if account is None else (str(account.pw_uid), str(account.pw_gid))
    return (*map(str, limits), *user)


def _wait(process: "subprocess.Popen[bytes]", stdin: bytes, time_limit_s: float, lines: _Lines) -> str:
    """The launcher's report. Whatever the program started ends with it."""
    try:
        process.communicate(stdin, timeout=time_limit_s)
    except subprocess.TimeoutExpired:
        lines.cut()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_LAST_WORDS_S)
    finally:
        lines.cut()
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return lines.report()


def _answer(returns: str, code: int, stdout: str, stderr: str) -> Performed:
    if code != 0 and returns not in ("code", "all"):
        detail = f"exit status {code}; {stderr.strip()[-1000:] or 'nothing on standard error'}"
        return Failed(Error(RUNTIME, 500, "The program failed", detail, extra={"code": code}))
    match returns:
        case "stdout":
            return Done(stdout.removesuffix("\n"))
        case "stderr":
            return Done(stderr.removesuffix("\n"))
        case "code":
            return Done(code)
        case "all":
            return Done({"code": code, "stdout": stdout.removesuffix("\n"), "stderr": stderr.removesuffix("\n")})
        case _:
            return Done(None)


def _hide_ourselves() -> None:
    """Nobody of our own user may read our environment and memory (PR_SET_DUMPABLE); there is no other way to say it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
