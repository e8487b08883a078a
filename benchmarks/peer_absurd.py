"""Six durable steps of nothing in Absurd: `python peer_absurd.py DSN WORKFLOWS PROCESSES`.

The tasks stand in their queues before the work begins, as ours do. Each process works off its share with four
asynchronous clients, each with its own connection, its own queue and four tasks at a time. absurdctl makes the schema
beforehand.
"""

import asyncio
import sys
from importlib.metadata import version
from typing import Any

import common
from absurd_sdk import Absurd, AsyncAbsurd

CLIENTS = 4  # a client has one connection; four a process were the fastest here
CONCURRENCY = 4


def work(dsn: str, process: int, share: int, barrier: Any) -> None:
    asyncio.run(_work(dsn, f"share{process}", share, barrier))


async def _work(dsn: str, name: str, share: int, barrier: Any) -> None:
    parts = [share // CLIENTS + (n < share % CLIENTS) for n in range(CLIENTS)]
    queues = [f"{name}_{n}" for n in range(CLIENTS)]
    for queue, part in zip(queues, parts, strict=True):
        fill = Absurd(dsn, queue_name=queue)
        fill.create_queue()
        for n in range(part):
            fill.spawn("six", {"order": n}, queue=queue)
        fill.close()
    await asyncio.to_thread(barrier.wait)
    await asyncio.gather(*(_drain(dsn, queue, part) for queue, part in zip(queues, parts, strict=True)))
    await asyncio.to_thread(barrier.wait)


async def _drain(dsn: str, queue: str, share: int) -> None:
    app = AsyncAbsurd(dsn, queue_name=queue)
    left = share

    @app.register_task("six")
    async def six(params: Any, ctx: Any) -> int:
        nonlocal left
        for number in range(common.STEPS):
            await ctx.step(f"step{number}", lambda number=number: _nothing(params, number))
        left -= 1
        if not left:
            app.stop_worker()  # after what it has in hand
        return common.STEPS

    if share:
        await app.start_worker(concurrency=CONCURRENCY, poll_interval=0.02)


async def _nothing(params: Any, number: int) -> dict[str, Any]:
    return {"ok": True, "order": params["order"], "step": number}


if __name__ == "__main__":
    dsn, number, processes = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    seconds = common.together(work, dsn, number, processes)
    common.report(
        number // processes * processes, seconds, peer="absurd", version=version("absurd-sdk"), processes=processes
    )
