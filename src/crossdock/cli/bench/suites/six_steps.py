"""Six durable steps: real HTTP calls beside pgbench, null steps beside other engines, and latency at half load.

Every step is committed before the next call leaves. Two workers, PostgreSQL, the null server and this process share the
machine's processors with whatever they are compared with, in turns.
"""

import statistics

from crossdock.cli.bench import figures, machine, peers
from crossdock.cli.bench.figures import Figures
from crossdock.cli.bench.lab import Site, http_definition, null_definition, order
from crossdock.cli.bench.run import Run

STEPS = 6
WORKERS = 2
WARM = 200
PEERS = {"dbos": 60, "absurd": 150}  # workflows a second at most expected, so how many are run
MOST = 20_000


async def run(run: Run) -> None:
    await _http(run)
    await _null(run, 1, "null_steps", list(PEERS))
    await _null(run, run.size.tenants, f"null_steps_{run.size.tenants}_tenants", [])


async def _http(run: Run) -> None:
    """`crossdock worker` as shipped, its HTTP client, a null server; then the same at half of that load."""
    async with run.lab.site() as site:
        _, told = await site.child("null")
        await site.allow(told["url"])
        definition = await site.publish(http_definition("six-http", f"{told['url']}/step", STEPS))
        team = await site.shipped_workers(WORKERS)
        rate = await site.drain(definition, WARM, order())
        await site.settle()
        rates: list[float] = []
        commits: list[float] = []
        for n in range(run.size.repeats):
            commits.append(await run.watch("pgbench, 8 clients", site.pgbench(run.size.seconds)))
            number = _number(rate, run.size.seconds)
            rate = await run.watch(f"six HTTP steps, {number} workflows", site.drain(definition, number, order()))
            rates.append(rate)
            run.say(f"  {n + 1}: {rate:.0f} workflows/s, {rate * STEPS:.0f} steps/s, pgbench {commits[-1]:.0f}/s")
        steps = [r * STEPS for r in rates]
        run.result.ratios["six_steps_to_pgbench_c8"] = figures.ratio(steps, commits)
        memory = [machine.resident_mb(w.pid) for w in team]
        run.result.headline["worker_rss_mb"] = max(memory)
        half = await _half_load(run, site, definition, statistics.median(rates) / 2)
        run.result.figures["http_steps"] = {
            "workers": WORKERS, "steps": STEPS, "workflows_per_s": figures.summary(rates),
            "steps_per_s": figures.summary(steps), "pgbench_c8_per_s": figures.summary(commits),
            "to_pgbench_c8": [round(s / c, 3) for s, c in zip(steps, commits, strict=True)],
            "worker_rss_mb": memory, "at_half_load": half,
        }  # fmt: skip
        run.result.plots.append(
            {"kind": "bars", "title": "Six durable HTTP steps: steps/s and pgbench commits/s, each repeat",
             "bars": [[f"steps {n + 1}", s] for n, s in enumerate(steps)]
             + [[f"pgbench {n + 1}", c] for n, c in enumerate(commits)]}
        )  # fmt: skip


async def _half_load(run: Run, site: Site, definition: tuple[str, str, str], rate: float) -> Figures:
    """Starts come at random moments; each is timed from before its start to its last commit, as a listener hears it."""
    await site.notify_ends()
    starter, _ = await site.child(
        "starter", tenants=site.tenants, definition=list(definition), input=order(), rate=rate,
        seconds=run.size.seconds * 2 + 1,
    )  # fmt: skip
    told = await run.watch(f"half load, {rate:.0f} workflows/s", site.told(starter))
    await site.until_idle()
    seen = figures.latency(told["spent"])
    if "p50_ms" in seen:
        run.result.headline["half_load_p50_ms"] = seen["p50_ms"]
        run.result.headline["half_load_p99_ms"] = seen["p99_ms"]
        run.say(f"  half load: p50 {seen['p50_ms']} ms, p99 {seen['p99_ms']} ms of {seen['n']}")
    return {"workflows_per_s": round(rate, 1), "started": told["started"], "ended": told["ended"], **seen}


async def _null(run: Run, tenants: int, name: str, beside: list[str]) -> None:
    """Steps whose effect costs nothing, with row security and as many tenants; beside pgbench and the peers."""
    async with run.lab.site(tenants) as site:
        definition = await site.publish(null_definition("six-null", STEPS))
        await site.workers(WORKERS)
        rate = await site.drain(definition, max(WARM, tenants), order())
        await site.settle()
        rates: list[float] = []
        commits: list[float] = []
        others: dict[str, list[float]] = {p: [] for p in beside}
        versions: dict[str, str] = {}
        for _ in range(run.size.repeats if beside else max(1, run.size.repeats - 1)):
            commits.append(await run.watch("pgbench, 8 clients", site.pgbench(run.size.seconds / 2)))
            number = max(_number(rate, run.size.seconds), tenants)
            rate = await run.watch(f"six null steps, {tenants} tenants, {number} workflows",
                                   site.drain(definition, number, order()))  # fmt: skip
            rates.append(rate)
            for peer in [p for p in beside if p not in run.result.not_run]:
                some = round(PEERS[peer] * run.size.seconds)
                try:
                    told = await run.watch(
                        f"{peer}, {some} workflows", peers.workflows_per_s(run.lab, peer, some, WORKERS)
                    )
                except peers.NotRun as why:
                    run.result.not_run[peer] = str(why)
                    continue
                others[peer].append(told["workflows_per_s"])
                versions[peer] = told["version"]
            run.say(f"  {rate:.0f} workflows/s; " + ", ".join(f"{p} {v[-1]:.0f}" for p, v in others.items() if v))
        for peer, theirs in others.items():
            run.result.ratios[f"six_steps_to_{peer}"] = figures.ratio(rates, theirs)
        run.result.figures[name] = {
            "tenants": tenants, "workers": WORKERS, "workflows_per_s": figures.summary(rates),
            "steps_per_s": figures.summary([r * STEPS for r in rates]), "pgbench_c8_per_s": figures.summary(commits),
            "to_pgbench_c8": figures.ratio([r * STEPS for r in rates], commits),
            "peers": {
                p: {"version": versions.get(p), "workflows_per_s": figures.summary(v)} for p, v in others.items()
            },
        }  # fmt: skip
        if beside:
            bars = [["Crossdock", statistics.median(rates)]]
            bars += [[f"{p} {versions.get(p, '')}", statistics.median(v)] for p, v in others.items() if v]
            run.result.plots.append({"kind": "bars", "title": "Six null durable steps: workflows/s", "bars": bars})


def _number(rate: float, seconds: float) -> int:
    return min(MOST, max(WARM, round(rate * seconds)))
