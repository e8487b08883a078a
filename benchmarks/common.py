"""What the peers' scripts share: processes that begin together, and one line of JSON."""

import json
import multiprocessing
import sys
import time
from collections.abc import Callable
from typing import Any

STEPS = 6
WORK = Callable[[str, int, int, Any], None]


def together(work: WORK, dsn: str, number: int, processes: int) -> float:
    """Runs `work(dsn, process, share, barrier)` in each process; seconds from the barrier to the end of the last.

    `work` prepares, waits at the barrier, does its share of the workflows and returns.
    """
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(processes + 1)
    share = number // processes
    team = [context.Process(target=work, args=(dsn, n, share, barrier)) for n in range(processes)]
    for process in team:
        process.start()
    barrier.wait(timeout=120)
    began = time.perf_counter()
    barrier.wait(timeout=600)  # each comes here when its share is done
    seconds = time.perf_counter() - began
    for process in team:
        process.join(60)
        if process.exitcode is None:
            process.kill()
    return seconds


def report(number: int, seconds: float, **more: Any) -> None:
    sys.stdout.write(
        json.dumps({"workflows": number, "seconds": seconds, "workflows_per_s": number / seconds, **more}) + "\n"
    )
