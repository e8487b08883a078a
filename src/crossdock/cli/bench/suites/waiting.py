"""Instances that wait, by the ten thousand and more: what each costs, and how fast one of them goes on.

The first are started and parked by a worker; the others are copies of their rows (bench/clones.py), which wake and end
as the first do, and are counted when they have. Measured at each size: bytes of all tables and indexes, the time
in which a worker starts, what an idle worker and its database use, an event's commit to the commit of the turn that it
wakes, and the claim with that many instances ready at once.
"""

import asyncio
import random
import time
from collections.abc import Callable
from typing import Any

from crossdock import ids
from crossdock.cli.bench import clones, figures, machine
from crossdock.cli.bench.figures import Figures
from crossdock.cli.bench.lab import Site
from crossdock.cli.bench.run import Run

TENANTS = 10
ORIGINALS = 500
CLAIM = 64
CLAIMS = 120
WAKES = 300
WAKES_PER_S = 40.0
IDLE_S = 10.0
SHOWN_BYTES = 10
DEFINITION = """
document: {dsl: '1.0.3', namespace: bench, name: parked, version: '1.0.0'}
do:
  - begin: {set: {order: '${ . }'}, export: {as: '${ . }'}}
  - hear:
      listen:
        to:
          one:
            with: {type: bench.go}
            correlate: {order: {from: '${ .data.order }', expect: '${ $context.order.id }'}}
"""


async def run(run: Run) -> None:
    async with run.lab.site(TENANTS) as site:
        definition = await site.publish(DEFINITION)
        empty = await _bytes(site)
        waiting = await _park(site, definition)
        by_size: dict[str, Figures] = {}
        for size in run.size.waiting:
            began = time.perf_counter()
            originals = waiting[:ORIGINALS]
            waiting += await clones.multiply(site.admin, originals, size - len(waiting), site.started)
            site.started += size
            await site.admin.execute("vacuum analyze")
            run.say(f"  {size} parked in {time.perf_counter() - began:.0f} s")
            by_size[str(size)] = await _measure(run, site, waiting, size, empty)
        run.result.figures |= {"tenants": TENANTS, "by_size": by_size}
        sizes = list(by_size)
        first, last = by_size[sizes[0]], by_size[sizes[-1]]
        run.result.headline |= {
            "waiting_bytes_each": last["bytes_each"], "waiting_claim_p99_ms": last["claim"]["p99_ms"],
            "waiting_wake_p50_ms": last["wake"]["after_commit"]["p50_ms"],
            "waiting_wake_p99_ms": last["wake"]["after_commit"]["p99_ms"],
            "claim_growth": round(last["claim"]["p50_ms"] / first["claim"]["p50_ms"], 2),
        }  # fmt: skip
        picks: tuple[tuple[str, Callable[[Figures], Any]], ...] = (
            ("Claim of 64 by backlog: p50, ms", lambda f: f["claim"]["p50_ms"]),
            (
                "Event's commit to turn's commit by number waiting: p50, ms",
                lambda f: f["wake"]["after_commit"]["p50_ms"],
            ),
            ("Bytes each by number waiting", lambda f: f["bytes_each"]),
        )
        for title, pick in picks:
            bars = [[s, pick(f)] for s, f in by_size.items()]
            run.result.plots.append({"kind": "bars", "title": title, "bars": bars})


async def _park(site: Site, definition: tuple[str, str, str]) -> list[clones.Original]:
    """The originals, each with its own order, waiting."""
    parked: list[clones.Original] = []
    for n in range(ORIGINALS):
        tenant = site.tenants[n % TENANTS]
        site.started += 1
        key = f"B-{site.started:09}"
        order = {"id": key, "customer": "C-1001", "currency": "EUR", "total": 1250, "lines": 3}
        parked.append(clones.Original(tenant, await site.start(tenant, definition, order, key), key))
    team = await site.workers(1)
    await site.until_idle()
    await site.end(team)
    return parked


async def _measure(run: Run, site: Site, waiting: list[clones.Original], size: int, empty: int) -> Figures:
    bytes_each, tables = round((await _bytes(site) - empty) / size), await _by_table(site, size)
    spawned = time.perf_counter()
    [worker] = await site.workers(1)
    said = time.perf_counter() - spawned
    registered = "select exists (select from crossdock.worker)"
    while not await site.admin.fetchval(registered):  # noqa: ASYNC110 - nobody tells of it
        await asyncio.sleep(0.005)
    started = time.perf_counter() - spawned
    await site.until_idle()
    await asyncio.sleep(1)
    idle_s = IDLE_S if run.size.name != "quick" else 3.0
    server = site.lab.server.pid or 0
    own, database = machine.family_seconds(worker.pid), machine.family_seconds(server)
    await run.watch(f"{size} waiting, idle", asyncio.sleep(idle_s))
    own, database = machine.family_seconds(worker.pid) - own, machine.family_seconds(server) - database
    wake = await _wake(run, site, waiting, size)
    memory = machine.resident_mb(worker.pid)
    await site.end([worker])
    claim, load = await _claims(run, site, size)
    found: Figures = {
        "bytes_each": bytes_each, "bytes_each_by_table": tables,
        "start_up_s": round(started, 2), "interpreter_start_s": round(said, 2),
        "idle_worker_cpu_s_per_min": round(own * 60 / idle_s, 2),
        "idle_database_cpu_s_per_min": round(database * 60 / idle_s, 2),
        "wake": wake, "worker_rss_mb": memory, "claim": claim, "load_of_64": load,
    }  # fmt: skip
    run.say(
        f"  {bytes_each} bytes each, claim p50 {claim['p50_ms']} ms, wake p50 {wake['after_commit'].get('p50_ms')} ms"
    )
    return found


async def _bytes(site: Site) -> int:
    return await site.admin.fetchval(
        "select sum(pg_total_relation_size(c.oid)) from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where n.nspname = 'crossdock' and c.relkind = 'r'"
    )


async def _by_table(site: Site, size: int) -> Figures:
    """Bytes each by table, heap and indexes apart; what is next to nothing is left out."""
    rows = await site.admin.fetch(
        "select c.relname, pg_table_size(c.oid) as heap, pg_indexes_size(c.oid) as indexes from pg_class c"
        " join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'crossdock' and c.relkind = 'r'"
        " order by pg_total_relation_size(c.oid) desc"
    )
    return {
        r["relname"]: {"table": round(r["heap"] / size), "indexes": round(r["indexes"] / size)}
        for r in rows
        if r["heap"] + r["indexes"] > SHOWN_BYTES * size
    }


async def _wake(run: Run, site: Site, waiting: list[clones.Original], size: int) -> Figures:
    """Wakes some at random, copies among them; takes them from the list."""
    chance = random.Random(size)
    number = min(WAKES, size // 10)
    # the originals are kept: later sizes are copied from them
    some = chance.sample(range(ORIGINALS, len(waiting)), min(number, len(waiting) - ORIGINALS))
    await site.notify_ends()
    wakes = [[waiting[n].tenant, str(waiting[n].instance_id), waiting[n].key] for n in some]
    waker, _ = await site.child("waker", wakes=wakes, rate=WAKES_PER_S)
    told = await run.watch(f"{len(wakes)} woken", site.told(waker))
    await site.until_idle()
    for n in sorted(some, reverse=True):
        del waiting[n]
    return {
        "sent": told["sent"], "woken": told["woken"], "after_commit": figures.latency(told["after_commit"]),
        "with_its_own_commit": figures.latency(told["whole"]),
    }  # fmt: skip


async def _claims(run: Run, site: Site, size: int) -> tuple[Figures, Figures]:
    """Makes every waiting instance ready and claims 64 at a time as a worker that does nothing; then undoes it."""
    worker = ids.new()
    await site.admin.execute(
        "insert into crossdock.ready (tenant_id, instance_id)"
        " select tenant_id, instance_id from crossdock.instance where ended_at is null on conflict do nothing"
    )
    await site.admin.execute("analyze crossdock.ready")
    await site.admin.execute(
        "insert into crossdock.worker (worker_id, host, pid, lease_until)"
        " values ($1, 'bench', 0, clock_timestamp() + interval '1 hour')", worker,
    )  # fmt: skip

    async def measure() -> tuple[list[float], list[float]]:
        claims: list[float] = []
        loads: list[float] = []
        for _ in range(min(CLAIMS, size // CLAIM - 1)):
            began = time.perf_counter()
            rows = await site.db.pool.fetch("select * from crossdock.claim($1, $2)", worker, CLAIM)
            claims.append(time.perf_counter() - began)
            tenants, instances = [r["tenant_id"] for r in rows], [r["instance_id"] for r in rows]
            began = time.perf_counter()
            async with site.db.transaction(*sorted(set(tenants))) as tx:
                await tx.fetch(LOAD, tenants, instances)
            loads.append(time.perf_counter() - began)
        return claims, loads

    claims, loads = await run.watch(f"claims of {CLAIM} of {size} ready", measure())
    await site.admin.execute("delete from crossdock.lease where worker_id = $1", worker)
    await site.admin.execute("delete from crossdock.worker where worker_id = $1", worker)
    await site.admin.execute("truncate crossdock.ready")
    await site.admin.execute("vacuum analyze crossdock.lease")
    return figures.latency(claims[3:]), figures.latency(loads[3:])


LOAD = (
    "select i.tenant_id, i.instance_id, i.state from unnest($1::text[], $2::uuid[]) as c (tenant_id, instance_id)"
    " join crossdock.instance i on i.tenant_id = c.tenant_id and i.instance_id = c.instance_id"
)
