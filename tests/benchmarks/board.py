"""The board with many open orders: how fresh, how flat as history grows, how fast it is made anew.

python tests/benchmarks/board.py [open orders] [seconds of load]

Fills a database of its own with open orders and history, measures the board's queries, adds nine times the history and
measures them again; then tells events at 50/s, hands them on, and reads the board all the time: an event is fresh when
a read that began after it was handed on has ended. At last some orders are made anew while the load goes on.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg

from crossdock import ids
from crossdock.cli import compose
from crossdock.db import Database
from crossdock.events import envelope, inbox
from crossdock.events.relay import Relay
from crossdock.settings import Settings
from crossdock.tower import jeopardy, kpis, orders, projection, rebuilding, standing
from crossdock.tower.board import Drawings
from crossdock.tower.jeopardy import reading
from crossdock.tower.orders import View
from crossdock.tower.standing import Filter

T = "bench"
STAGES = ("validate", "price", "credit", "allocate", "release", "pick-pack", "in-transit", "payment")
STORY = ("validated", "priced", "credit-cleared", "released", "shipped", "invoiced", "delivered")
RATE = 50
BASE_HISTORY = 20_000
RUNS = 7

OPEN = """
with n as (select g, 'SO-' || g as o from generate_series(1, $2::int) g),
v as (
  insert into crossdock.order_view (tenant_id, order_no, po, customer_id, channel, currency, total, lines, requested_on,
    promised_on, received_at, site, sites, order_type, partner_id, updated_at)
  select $1, o, 'PO-' || g, 'C-' || g % 500, (array['x12', 'json', 'csv'])[1 + g % 3], 'USD', 100 + g % 900, 3,
    current_date + g % 9 - 2, current_date + g % 9 - 2, now() - g % 200 * interval '1 hour', s, array[s], 'standard',
    'p' || g % 40, now()
  from n cross join lateral (select (array['ATL', 'CMH', 'RNO'])[1 + g % 3] as s) s),
j as (
  insert into crossdock.jeopardy (tenant_id, order_no, level, reason, money, currency, look_at)
  select $1, o, case when g % 20 = 0 then 'high' else 'none' end, 'late', 100, 'USD', now() + interval '9 days' from n)
insert into crossdock.standing (tenant_id, instance_id, namespace, name, version, stage, order_no, since)
select $1, gen_random_uuid(), 'order-to-cash', 'order-to-cash', '1.3.0', ($3::text[])[1 + g % 8], o,
  now() - g % 90 * interval '1 hour' from n
"""
HISTORY = """
with n as (select g, 'H-' || g as o from generate_series($2::int, $3::int) g),
p as (
  insert into crossdock.passage (tenant_id, name, version, stage, instance_id, order_no, entered_at, left_at, ended)
  select $1, 'order-to-cash', '1.3.0', ($4::text[])[1 + g % 8], gen_random_uuid(), o, now() - interval '30 days',
    now() - interval '29 days' + g * interval '1 second', false from n)
insert into crossdock.order_view (tenant_id, order_no, customer_id, channel, currency, total, lines, requested_on,
  received_at, released_at, shipped_at, invoiced_at, completed_at, ended_at, outcome, site, sites, updated_at)
select $1, o, 'C-' || g % 500, 'x12', 'USD', 100, 3, (t + interval '3 days')::date, t, t + interval '1 hour',
  t + interval '1 day', t + interval '1 day', t + interval '3 days', t + interval '20 days', 'closed', 'ATL',
  '{ATL}', now()
from n cross join lateral (select now() - interval '400 days' + g % 370 * interval '1 day' as t) t
"""


async def timed(what: Callable[[], Awaitable[object]], runs: int = RUNS) -> tuple[float, float]:
    """(median, worst) in ms."""
    took: list[float] = []
    for _ in range(runs):
        began = time.perf_counter()
        await what()
        took.append((time.perf_counter() - began) * 1e3)
    return statistics.median(took), max(took)


async def queries(db: Database, label: str) -> None:
    now = datetime.now(UTC)

    async def flow(of: Filter) -> None:
        async with db.transaction(T) as tx:
            await standing.stages(tx, T, "order-to-cash", of, now, now.date(), ["closed"])

    async def behind() -> None:
        async with db.transaction(T) as tx:
            wanted = orders.Filter(process="order-to-cash", stage="credit", site="ATL")
            await orders.find(tx, T, wanted, View(now=now, today=now.date(), drawings=Drawings()), limit=100)

    async def strip() -> None:
        async with db.transaction(T) as tx:
            await kpis.strip(tx, T, now)

    async def at_risk() -> None:
        async with db.transaction(T) as tx:
            await reading.find(tx, T, reading.Filter(), limit=100)

    for name, ask in (
        ("board of a process", lambda: flow(standing.ALL)), ("the same, of one site", lambda: flow(Filter(site="ATL"))),
        ("orders behind a stage and site", behind), ("at risk, first page", at_risk), ("strip of figures", strip),
    ):  # fmt: skip
        middle, worst = await timed(ask)
        print(f"{label:<28} {name:<32} median {middle:7.0f} ms   worst {worst:7.0f} ms", flush=True)


async def load(db: Database, seconds: float, many: int) -> None:
    relay = Relay(db, [projection.project, jeopardy.observe])
    told: dict[int, float] = {}
    handed: list[tuple[float, float]] = []  # (told, handed on), waiting for a read
    fresh: list[float] = []
    late: list[float] = []
    stop = asyncio.Event()

    async def tell() -> None:
        began, n = time.perf_counter(), 0
        while (at := time.perf_counter() - began) < seconds:
            while n < at * RATE:
                n += 1
                order = f"SO-{1 + n * 7919 % many}"
                due = began + n / RATE
                event = envelope.make(
                    "crossdock.order.validated", subject=order, data={"order": order}, now=datetime.now(UTC),
                    source="bench", id=str(ids.new()),
                )  # fmt: skip
                async with db.transaction(T) as tx:
                    await inbox.receive(tx, T, event)
                told[n] = due
            await asyncio.sleep(0.005)
        stop.set()

    async def hand_on() -> None:
        while not stop.is_set() or told:
            before = list(told)
            if not await relay.once():
                await asyncio.sleep(0.02)
                continue
            at = time.perf_counter()
            handed.extend((told.pop(n), at) for n in before)

    async def look() -> None:
        now = datetime.now(UTC)
        while not stop.is_set() or told or handed:
            mine = list(handed)
            handed.clear()
            began = time.perf_counter()
            async with db.transaction(T) as tx:
                await standing.stages(tx, T, "order-to-cash", standing.ALL, now, now.date(), ["closed"])
            ended = time.perf_counter()
            late.append((ended - began) * 1e3)
            fresh.extend(ended - due for due, _ in mine)
            await asyncio.sleep(0.1)

    async def promises() -> None:
        while not stop.is_set():
            await jeopardy.run_due(db, datetime.now(UTC))
            await asyncio.sleep(0.2)

    await asyncio.gather(tell(), hand_on(), look(), promises())
    fresh.sort()
    p = {q: fresh[min(len(fresh) - 1, int(len(fresh) * q))] for q in (0.5, 0.95, 0.99)}
    print(
        f"{len(fresh)} events at {RATE}/s: fresh p50 {p[0.5]:.2f} s, p95 {p[0.95]:.2f} s, p99 {p[0.99]:.2f} s, worst "
        f"{fresh[-1]:.2f} s; a read of the board meanwhile median {statistics.median(late):.0f} ms",
        flush=True,
    )


async def anew(db: Database, many: int) -> None:
    async with db.transaction(T) as tx:
        for n in range(many):
            order = f"R-{n:05}"
            lines = [{"line": "1", "quantity": 1, "unit": "EA", "unit_price": 10, "items": []}]
            given = {
                "order": order,
                "channel": "json",
                "lines": lines,
                "customer_id": "C-1",
                "requested_on": "2026-12-01",
            }
            story: list[tuple[str, dict[str, Any]]] = [("received", {"order": given})]
            story += [(stage, {"order": order, "lines": [], "total": 1}) for stage in STORY]
            for what, data in story:
                event = envelope.make(
                    f"crossdock.order.{what}", subject=order, data=data, now=datetime.now(UTC), source="bench",
                    id=str(ids.new()),
                )  # fmt: skip
                await inbox.receive(tx, T, event)
    relay = Relay(db, [projection.project])
    while await relay.once():
        pass
    began = time.perf_counter()
    done = await rebuilding.rebuild(db, T)
    took = time.perf_counter() - began
    print(
        f"made anew: {done.orders} orders from {done.events} events in {took:.1f} s: {done.events / took:.0f} events/s"
    )


async def analyze(dsn: str) -> None:
    """As the server does by itself after a while: plans are made by what it knows of the tables."""
    connection = await asyncpg.connect(dsn)
    await connection.execute("analyze crossdock.order_view, crossdock.standing, crossdock.jeopardy, crossdock.passage")
    await connection.close()


async def main(many: int, seconds: float) -> None:
    with tempfile.TemporaryDirectory(dir="/var/lib") as folder:
        Path(folder).chmod(0o755)
        opened = await compose.open_database(Settings(data=Path(folder) / "data"))
        try:
            db = opened.db
            async with db.transaction(T) as tx:
                await tx.execute("insert into crossdock.tenant (tenant_id, name) values ($1, $1)", T)
                await tx.execute(OPEN, T, many, list(STAGES))
                await tx.execute(HISTORY, T, 1, BASE_HISTORY, list(STAGES))
            await analyze(opened.located.admin_dsn)
            await queries(db, f"{many} open, {BASE_HISTORY} ended")
            began = time.perf_counter()
            async with db.transaction(T) as tx:
                await tx.execute(HISTORY, T, BASE_HISTORY + 1, BASE_HISTORY * 10, list(STAGES))
            print(f"history filled in {timedelta(seconds=round(time.perf_counter() - began))}", flush=True)
            await analyze(opened.located.admin_dsn)
            await queries(db, f"{many} open, {BASE_HISTORY * 10} ended")
            await load(db, seconds, many)
            await anew(db, 1000)
        finally:
            await opened.close()


if __name__ == "__main__":
    given = [int(a) for a in sys.argv[1:]]
    asyncio.run(main(*(given + [100_000, 30][len(given) :])))
