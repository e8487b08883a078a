"""Six durable steps of nothing in DBOS: `python peer_dbos.py DSN WORKFLOWS PROCESSES`.

Each process starts its share of the workflows at once, in DBOS's own pool of threads, and waits for all. Every step is
recorded in PostgreSQL before the next begins, as DBOS does by default.
"""

import sys
from importlib.metadata import version
from typing import Any

import common
from dbos import DBOS, DBOSConfig


@DBOS.step()
def step(order: str, number: int) -> dict[str, Any]:
    return {"ok": True, "order": order, "step": number}


@DBOS.workflow()
def six(order: str) -> int:
    for number in range(common.STEPS):
        step(order, number)
    return common.STEPS


def work(dsn: str, process: int, share: int, barrier: Any) -> None:
    config: DBOSConfig = {
        "name": "six-steps", "system_database_url": dsn, "log_level": "ERROR", "executor_id": f"bench-{process}",
        "application_version": "1",
    }  # fmt: skip
    DBOS(config=config)
    DBOS.launch()
    for handle in [DBOS.start_workflow(six, f"warm-{n}") for n in range(5)]:
        handle.get_result()
    barrier.wait()
    handles = [DBOS.start_workflow(six, f"{process}-{n}") for n in range(share)]
    for handle in handles:
        handle.get_result()
    barrier.wait()
    DBOS.destroy()


if __name__ == "__main__":
    dsn, number, processes = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    seconds = common.together(work, dsn, number, processes)
    common.report(number // processes * processes, seconds, peer="dbos", version=version("dbos"), processes=processes)
