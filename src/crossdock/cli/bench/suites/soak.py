"""Steady load for a long time: is it as fast at the end as at the beginning, and what grows.

Each cycle is a steady part, in which instances start at a fixed rate and are timed, and a sprint, in which a backlog is
drained as fast as it goes. Finished instances stay, as they do without retention; the tables that churn must not grow.
"""

import statistics

from crossdock.cli.bench import figures, machine
from crossdock.cli.bench.figures import Figures
from crossdock.cli.bench.lab import null_definition, order
from crossdock.cli.bench.run import Run

WORKERS = 2
TENANTS = 100
STEADY_PER_S = 60.0
CHURNING = ("ready", "lease", "fact", "timer", "subscription", "outbox", "worker")
SIZES = """
select relname, pg_total_relation_size(relid) as bytes, n_live_tup as live, n_dead_tup as dead
from pg_stat_user_tables where schemaname = 'crossdock' and n_tup_ins > 0 order by relname"""


async def run(run: Run) -> None:
    cycle_s = 60.0 if run.size.soak_s >= 600 else 12.0
    async with run.lab.site(TENANTS) as site:
        definition = await site.publish(null_definition("six-null", 6))
        team = await site.workers(WORKERS)
        await site.drain(definition, 400, order())
        await site.settle()
        rate = await site.drain(definition, 400, order())
        await site.notify_ends()
        cycles: list[Figures] = []
        for n in range(max(2, round(run.size.soak_s / cycle_s))):
            starter, _ = await site.child(
                "starter", tenants=site.tenants, definition=list(definition), input=order(), rate=STEADY_PER_S,
                seconds=cycle_s - run.size.seconds - 2,
            )  # fmt: skip
            told = await run.watch(f"cycle {n + 1}, steady", site.told(starter))
            await site.end([starter])
            site.tree.children.remove(starter)
            number = max(200, round(rate * run.size.seconds)) if n == 0 else cycles[0]["sprint"]
            rate = await run.watch(f"cycle {n + 1}, sprint", site.drain(definition, number, order()))
            sizes = {r["relname"]: [r["bytes"], r["live"], r["dead"]] for r in await site.admin.fetch(SIZES)}
            cycles.append(
                {"sprint": number, "sprint_per_s": round(rate, 1), "steady": figures.latency(told["spent"]),
                 "completed": await site.completed(), "worker_rss_mb": [machine.resident_mb(w.pid) for w in team],
                 "tables": sizes}
            )  # fmt: skip
        rates = [c["sprint_per_s"] for c in cycles]
        middle = statistics.median(rates)
        churn = [sum(c["tables"].get(t, [0])[0] for t in CHURNING) for c in cycles]
        tenth = max(1, len(rates) // 10)
        ends = statistics.median(rates[-tenth:]) / statistics.median(rates[:tenth])
        run.result.figures |= {
            "cycle_s": cycle_s, "cycles": cycles, "sprint_per_s": figures.summary(rates),
            "last_tenth_to_first": round(ends, 3), "churning_tables_bytes": [churn[0], max(churn), churn[-1]],
        }  # fmt: skip
        if run.size.soak_s >= 600:
            run.result.headline["soak_drift"] = round(max(abs(r / middle - 1) for r in rates), 3)
        line = [[n + 1, r] for n, r in enumerate(rates)]
        p99 = [[n + 1, c["steady"].get("p99_ms", 0)] for n, c in enumerate(cycles)]
        grown = [[n + 1, c / 1e6] for n, c in enumerate(churn)]
        for title, points in (
            ("Sprint of each cycle: workflows/s", line), ("Steady load of each cycle: p99, ms", p99),
            ("Tables that churn: MB", grown),
        ):  # fmt: skip
            run.result.plots.append({"kind": "lines", "title": title, "x": "cycle", "lines": {"": points}})
