"""One of two workers is killed by SIGKILL under load: how long until the work goes on as before.

Another worker is started at once, as the process tree of an installation does. What the dead one held is taken over
when its lease has run out; what it did not hold goes on meanwhile. Nothing may be lost or done twice.
"""

import asyncio
import statistics
import time

from crossdock.cli.bench.lab import Site, null_definition, order
from crossdock.cli.bench.run import Run
from crossdock.errors import SetupError

STEPS = 6
BEFORE_S = 4.0
AFTER_S = 14.0
EVERY_S = 0.25
BACK = 0.8  # of the rate before
WINDOW = 4  # samples


async def run(run: Run) -> None:
    async with run.lab.site() as site:
        definition = await site.publish(null_definition("six-null", STEPS))
        team = await site.workers(2)
        rate = await site.drain(definition, 300, order())
        await site.settle()
        rate = await site.drain(definition, round(rate * 2), order())
        number = min(30_000, round(rate * (BEFORE_S + AFTER_S) * 1.3))
        before = await site.completed()
        made = await site.queue(definition, number, order())
        await site.let_go(made)
        samples: list[tuple[float, int]] = []
        watching = asyncio.create_task(_sample(site, samples))
        await asyncio.sleep(BEFORE_S)
        held = await site.admin.fetchval(
            "select count(*) from crossdock.lease join crossdock.worker w using (worker_id) where w.pid = $1",
            team[0].pid,
        )
        killed = time.perf_counter()
        site.tree.kill(team[0])
        await team[0].process.wait()
        await site.workers(1)
        replaced = time.perf_counter() - killed
        moved = await _moved(site, team[0].pid, killed)
        await run.watch(f"one of two workers killed, {number} workflows", site.until_idle())
        watching.cancel()
        done = await site.completed() - before
        twice = await site.admin.fetchval(
            "select count(*) from"
            " (select from crossdock.call group by tenant_id, instance_id, at having count(*) > 1) x"
        )
        answered = await site.admin.fetchval(
            "select count(*) from crossdock.call where state = 'done' and instance_id = any($1)", [m[1] for m in made]
        )
        if done != number or twice or answered != number * STEPS:
            raise SetupError(
                f"Expected {number} workflows and {number * STEPS} calls, found {done} and {answered}, {twice} twice"
            )
        rates = _rates(samples, killed)
        usual = statistics.median([r for t, r in rates if t <= 0] or [0.0])
        after = [(t, r) for t, r in rates if t > 0]
        low = [t for t, r in after if r < usual * BACK]
        # a dip that lasts to the end of the work is none that was got over
        back = 0.0 if not low else low[-1] if low[-1] < after[-1][0] else None
        lowest = min([r for t, r in rates if 0.5 < t < 8] or [0.0])
        run.result.figures |= {
            "workflows": number, "completed": done, "calls_done_once": answered, "held_by_the_dead": held,
            "new_worker_ready_s": round(replaced, 2), "its_instances_taken_over_s": moved,
            "rate_before_per_s": round(usual, 1), "lowest_rate_per_s": round(lowest, 1),
            "rate_back_s": None if back is None else round(back, 2),
            "series": [[round(t, 2), round(r)] for t, r in rates],
        }  # fmt: skip
        if back is not None:
            run.result.headline["recovery_s"] = round(back, 2)
        run.result.headline["takeover_s"] = moved
        run.say(f"  {usual:.0f}/s before; back after {back} s; taken over after {moved} s")
        run.result.plots.append(
            {"kind": "lines", "title": "A worker killed at 0 s: workflows/s", "x": "s", "lines": {"workflows/s": rates}}
        )


async def _sample(site: Site, samples: list[tuple[float, int]]) -> None:
    connection = await site.connection()
    try:
        while True:
            n = await connection.fetchval("select count(*) from crossdock.instance where ended_at is not null")
            samples.append((time.perf_counter(), n))
            await asyncio.sleep(EVERY_S)
    finally:
        await connection.close()


async def _moved(site: Site, pid: int, killed: float) -> float:
    """Seconds until the dead worker's row is gone, and with it its leases."""
    while await site.db.pool.fetchval(  # noqa: ASYNC110 - nobody tells of it
        "select exists (select from crossdock.worker where pid = $1)", pid
    ):
        await asyncio.sleep(0.02)
    return round(time.perf_counter() - killed, 2)


def _rates(samples: list[tuple[float, int]], zero: float) -> list[tuple[float, float]]:
    """Workflows/s over a sliding second, at seconds after the kill; without the time in which work runs out."""
    rates: list[tuple[float, float]] = []
    for (t0, n0), (t1, n1) in zip(samples, samples[WINDOW:], strict=False):
        rates.append((t1 - zero, (n1 - n0) / (t1 - t0)))
    while rates and rates[-1][1] == 0:
        rates.pop()
    return rates[: max(0, len(rates) - WINDOW)]
