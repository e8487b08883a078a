"""Starts one program within limits, and ends it with everything that it has started (crossdock.cases.programs).

Run as a file, by `python -I -S`, in the directory and with the environment of the program. Its arguments: the time
limit in seconds, the memory limit in bytes, the limit of processes, the largest file in bytes, user and group to run as
(or -), the descriptors of the lifeline and of the report, then the program and its arguments.

On Linux it is the reaper of what its program leaves behind, so that also a process in a session of its own is found,
and killed. Elsewhere the program's process group is all that can be found. When the lifeline closes, because the
worker wants an end or is dead, everything ends at once. The report is one line: `exit N`, `signal N`, or `error why`.
"""

import ctypes
import os
import resource
import select
import signal
import sys
from contextlib import suppress
from pathlib import Path

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
LINUX = sys.platform == "linux"
FILES = 256
ROUNDS = 100  # of killing: what starts others faster than that is stopped by the limit of processes


def main(argv: list[str]) -> None:
    limits, (user, group), (lifeline, report), program = argv[:4], argv[4:6], argv[6:8], argv[8:]
    if LINUX:
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    ended, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, _hear)
    failed, why = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            _become([int(n) for n in limits], user, group)
            os.execvp(program[0], program)  # noqa: S606 - the very purpose
        except BaseException as error:
            os.write(why, str(error).encode()[:1000])
        os._exit(127)
    os.close(why)
    for stream in (0, 1, 2):  # the program's alone: who reads them must see their end
        os.close(stream)
    status = _wait(child, int(lifeline), ended)
    problem = os.read(failed, 1000).decode("utf-8", "replace") if status is not None else ""
    _kill_all(child)
    if problem:
        said = f"error {problem}"
    elif status is None:
        said = "killed"
    else:
        code = os.waitstatus_to_exitcode(status)
        said = f"exit {code}" if code >= 0 else f"signal {-code}"
    with suppress(OSError):
        os.write(int(report), said.encode())


def _hear(_number: int, _frame: object) -> None:
    """The wake-up descriptor says it; without a handler Python would not write there."""


def _become(limits: list[int], user: str, group: str) -> None:
    """The child's last steps before it is the program."""
    time_s, memory, processes, file_size = limits
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if user != "-":
        os.setgroups([])
        os.setgid(int(group))
        os.setuid(int(user))
    if LINUX:  # after setuid, which clears it
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    wanted = [
        (resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, file_size), (resource.RLIMIT_CPU, time_s + 1),
        (resource.RLIMIT_NOFILE, FILES), (resource.RLIMIT_DATA, memory),
    ]  # fmt: skip
    if LINUX:  # elsewhere what the user runs already cannot be counted
        wanted.append((resource.RLIMIT_NPROC, _running(os.getuid()) + processes))
    for what, most in wanted:
        _, hard = resource.getrlimit(what)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (most, most))


def _wait(child: int, lifeline: int, ended: int) -> int | None:
    """The status of the program; None when the lifeline closed first."""
    while True:
        ready, _, _ = select.select([lifeline, ended], [], [])
        if ended in ready:
            os.read(ended, 4096)
            while True:
                try:
                    pid, status = os.waitpid(-1, os.WNOHANG)
                except ChildProcessError:
                    break
                if pid == child:
                    return status
                if pid == 0:
                    break
        if lifeline in ready:
            return None


def _kill_all(child: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    for _ in range(ROUNDS):
        found = _descendants() if LINUX else []
        for pid in found:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        try:
            while os.waitpid(-1, 0 if found else os.WNOHANG)[0]:
                found = found and _descendants()
        except ChildProcessError:
            return
        if not found:
            return


def _stats() -> list[tuple[int, int]]:
    """(process, its parent) of all that live."""
    found: list[tuple[int, int]] = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with suppress(OSError, ValueError):
                state, parent = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()[:2]
                if state not in "ZX":
                    found.append((int(entry), int(parent)))
    return found


def _descendants() -> list[int]:
    children: dict[int, list[int]] = {}
    for pid, parent in _stats():
        children.setdefault(parent, []).append(pid)
    found: list[int] = []
    waiting = [os.getpid()]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def _running(user: int) -> int:
    """Threads of a user, as RLIMIT_NPROC counts them."""
    count = 0
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with suppress(OSError):
                if Path(f"/proc/{entry}").stat().st_uid == user:
                    count += len(os.listdir(f"/proc/{entry}/task"))
    return count


if __name__ == "__main__":
    main(sys.argv[1:])
