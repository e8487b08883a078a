"""The machine: what it is, how loaded it was before, and how much processor time others took while we measured.

The time of others is what all processors were busy with, less what our own processes and their children used; time that
the hypervisor gave to other guests (steal) counts as others'. A figure taken beside a busy neighbour is not wrong, but
it is not the machine's; the report says so in one word.
"""

import os
import platform
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from crossdock import __version__

BUSY_SHARE = 0.05  # of all processors: beyond it a figure is called unreliable


def facts() -> dict[str, Any]:
    """What a reader needs to compare two reports."""
    memory = psutil.virtual_memory().total
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "crossdock": __version__,
        "commit": _commit(),
        "processor": _processor(),
        "processors": len(os.sched_getaffinity(0)),
        "memory_gib": round(memory / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load_average_before": load(),
    }


def load() -> list[float]:
    return [round(x, 2) for x in os.getloadavg()]


def _processor() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()


def _commit() -> str:
    """Of the checkout that this runs from, with `+` when it has changes; "" when it is none."""
    here = Path(__file__).parent
    try:
        head = subprocess.run(
            ["git", "rev-parse", "--short=12", "HEAD"], cwd=here, capture_output=True, text=True, check=True
        )
        changed = subprocess.run(
            ["git", "status", "--porcelain", "--untracked-files=no"],
            cwd=here,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return head.stdout.strip() + ("+" if changed.stdout.strip() else "")


@dataclass(slots=True)
class Watch:
    """Processor time of the whole machine and of our own tree, from its making to `stop`."""

    _began: float = 0.0
    _machine: tuple[float, float] = (0.0, 0.0)
    _ours: float = 0.0

    def __post_init__(self) -> None:
        self._began, self._machine, self._ours = time.monotonic(), _machine(), tree_seconds()

    def stop(self) -> dict[str, float]:
        """Shares of all processors: busy, used by others. seconds: how long it watched."""
        seconds = time.monotonic() - self._began
        (busy, stolen), (busy_before, stolen_before) = _machine(), self._machine
        room = max(1e-9, seconds * (os.cpu_count() or 1))
        ours = tree_seconds() - self._ours
        others = (busy - busy_before) + (stolen - stolen_before) - ours
        return {
            "seconds": round(seconds, 1),
            "busy_share": round(min(1.0, (busy - busy_before) / room), 3),
            "others_share": round(min(1.0, max(0.0, others) / room), 3),
        }


def _machine() -> tuple[float, float]:
    """(busy seconds, stolen seconds) of all processors since boot."""
    t = psutil.cpu_times()
    busy = t.user + t.nice + t.system + getattr(t, "irq", 0.0) + getattr(t, "softirq", 0.0)
    return busy, getattr(t, "steal", 0.0)


def tree_seconds() -> float:
    """Processor seconds of this process and all below it, those that have ended included."""
    me = psutil.Process()
    total = 0.0
    for process in [me, *me.children(recursive=True)]:
        total += process_seconds(process, ended_children=True)
    return total


def process_seconds(process: psutil.Process, *, ended_children: bool = False) -> float:
    """0 for one that is gone: what it used is then in its parent's sum of ended children."""
    try:
        t = process.cpu_times()
    except psutil.Error:
        return 0.0
    own = t.user + t.system
    return own + t.children_user + t.children_system if ended_children else own


def family_seconds(pid: int) -> float:
    """Processor seconds of one process and all below it, such as a PostgreSQL server with its backends."""
    try:
        root = psutil.Process(pid)
        return sum(process_seconds(p, ended_children=True) for p in [root, *root.children(recursive=True)])
    except psutil.Error:
        return 0.0


def resident_mb(pid: int) -> float:
    return round(psutil.Process(pid).memory_info().rss / 1e6, 1)
