"""One, two and four workers on six null steps. With as many processors as workers, more workers are more work done."""

import os

from crossdock.cli.bench import figures
from crossdock.cli.bench.lab import null_definition, order
from crossdock.cli.bench.run import Run

NUMBERS = (1, 2, 4)
WARM = 200


async def run(run: Run) -> None:
    async with run.lab.site() as site:
        definition = await site.publish(null_definition("six-null", 6))
        rates: dict[int, list[float]] = {n: [] for n in NUMBERS}
        number = WARM
        team = await site.workers(1)
        await site.drain(definition, WARM, order())
        await site.end(team)
        await site.settle()
        for _ in range(max(1, run.size.repeats - 1)):
            for workers in NUMBERS:
                team = await site.workers(workers)
                rate = await site.drain(definition, WARM, order())
                number = max(WARM, min(20_000, round(rate * run.size.seconds)))
                rates[workers].append(
                    await run.watch(f"{workers} workers, {number} workflows", site.drain(definition, number, order()))
                )
                await site.end(team)
        medians = {n: figures.summary(r) for n, r in rates.items()}
        run.result.figures["workflows_per_s_by_workers"] = {str(n): m for n, m in medians.items()}
        run.result.figures["processors"] = len(os.sched_getaffinity(0))
        for workers in NUMBERS[1:]:
            run.result.ratios[f"{workers}_workers_to_1"] = figures.ratio(rates[workers], rates[1])
        bars = [[f"{n} workers", m["median"]] for n, m in medians.items()]
        run.result.plots.append(
            {"kind": "bars", "title": "Six null steps by number of workers: workflows/s", "bars": bars}
        )
