"""The board with many open orders: how fresh, how flat as history grows, how fast it is made anew, how soon it is seen.

python tests/benchmarks/board.py [open orders] [seconds of load]

Fills a database of its own with open orders and history, measures the board's queries, adds nine times the history and
measures them again. Then a gateway serves it: events are told at 50/s and handed on, and the board is asked for over
HTTP all the time. Each event raises the worth of an order by one, so that the worth that an answer shows says which
events it has seen: an event is visible when the first such answer has come. The same while the view is made anew; at
last the board is opened in a browser, which says when it painted.
"""

import asyncio
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import asyncpg
from playwright.async_api import async_playwright
from pyreqwest.client import Client, ClientBuilder

from crossdock import exactjson, ids
from crossdock.cli import compose
from crossdock.clock import Clock
from crossdock.db import Database, Tx
from crossdock.engine import definitions
from crossdock.events import envelope, inbox
from crossdock.events.relay import Relay
from crossdock.gateway import identity
from crossdock.gateway.server import serve
from crossdock.gateway.services import Services
from crossdock.settings import Settings
from crossdock.tower import jeopardy, kpis, orders, projection, rebuilding, standing
from crossdock.tower.board import Drawings, flow
from crossdock.tower.jeopardy import reading
from crossdock.tower.orders import View
from crossdock.tower.standing import Filter

T = "bench"
STORY = ("validated", "priced", "credit-cleared", "released", "shipped", "invoiced", "delivered")
RATE = 50
BASE_HISTORY = 20_000
RUNS = 7
REBUILT = 5_000
LONGEST_S = 300

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


LINES = """
insert into crossdock.order_line_view (tenant_id, order_no, line, sku, unit, ordered, base_quantity, shipped)
select tenant_id, order_no, n::text, 'SKU-' || n, 'EA', 5, 5, case when completed_at is null then 0 else 5 end
from crossdock.order_view cross join generate_series(1, 3) n where tenant_id = $1 on conflict do nothing
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

    async def counted(of: Filter) -> None:
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
        ("board of a process", lambda: counted(standing.ALL)),
        ("the same, of one site", lambda: counted(Filter(site="ATL"))),
        ("orders behind a stage and site", behind), ("at risk, first page", at_risk), ("strip of figures", strip),
    ):  # fmt: skip
        middle, worst = await timed(ask)
        print(f"{label:<28} {name:<32} median {middle:7.0f} ms   worst {worst:7.0f} ms", flush=True)


class Load:
    """Tells events, hands them on, and asks for the board, until it is let go."""

    def __init__(self, db: Database, address: str, key: str, many: int, before: int, worth: int) -> None:
        self.db = db
        self.address = address
        self.key = key
        self.many = many
        self.before = before  # events told by the load before this one: no order is raised twice
        self.worth = worth  # of all that stands in the process, before the first event
        self.told: list[float] = []  # when the nth event was committed
        self.seen = 0
        self.fresh: list[float] = []
        self.answers: list[float] = []
        self.stop = asyncio.Event()

    async def run(self, over: asyncio.Future[Any]) -> None:
        """Until `over` is, and every event that was told is visible."""
        http = ClientBuilder().build()
        tasks = [asyncio.create_task(t) for t in (self._hand_on(), self._look(http), self._promises())]
        await self._tell(over)
        async with asyncio.timeout(LONGEST_S):
            while self.seen < len(self.told):
                await asyncio.sleep(0.05)
        self.stop.set()
        await asyncio.gather(*tasks)
        await http.close()

    def said(self, label: str) -> None:
        fresh, answers = sorted(self.fresh), sorted(self.answers)
        p = {q: fresh[min(len(fresh) - 1, int(len(fresh) * q))] for q in (0.5, 0.99)}
        print(
            f"{label}: {len(fresh)} events, committed → in the board's answer p50 {p[0.5]:.2f} s, p99 {p[0.99]:.2f} s, "
            f"worst {fresh[-1]:.2f} s; {len(answers)} answers, median {statistics.median(answers):.0f} ms, "
            f"p99 {answers[int(len(answers) * 0.99)]:.0f} ms",
            flush=True,
        )

    async def _tell(self, over: asyncio.Future[Any]) -> None:
        began = time.perf_counter()
        while not over.done():
            while len(self.told) < (time.perf_counter() - began) * RATE and not over.done():
                n = self.before + len(self.told) + 1
                g = 1 + n * 7919 % self.many
                event = envelope.make(
                    "crossdock.order.priced", subject=f"SO-{g}", now=datetime.now(UTC), source="bench",
                    id=str(ids.new()),
                    data={"order": f"SO-{g}", "total": 101 + g % 900, "currency": "USD", "lines": []},
                )  # fmt: skip
                async with self.db.transaction(T) as tx:
                    await inbox.receive(tx, T, event)
                self.told.append(time.perf_counter())
            await asyncio.sleep(0.005)

    async def _hand_on(self) -> None:
        relay = Relay(self.db, [projection.project, jeopardy.observe])
        while not self.stop.is_set():
            if not await relay.once():
                await asyncio.sleep(0.02)

    async def _promises(self) -> None:
        while not self.stop.is_set():
            await jeopardy.run_due(self.db, datetime.now(UTC))
            await asyncio.sleep(0.2)

    async def _look(self, http: Client) -> None:
        while not self.stop.is_set():
            began = time.perf_counter()
            request = http.get(f"{self.address}/api/flow").headers({"Authorization": f"Bearer {self.key}"})
            response = await request.build().send()
            board = exactjson.loads(bytes(await response.bytes()))
            ended = time.perf_counter()
            self.answers.append((ended - began) * 1e3)
            # drawn or not, an end or not: what stands in the stages of the bench is in the drawing
            seen = int(sum(Decimal(n["value"]) for n in board["nodes"])) - self.worth
            self.fresh += [ended - at for at in self.told[self.seen : seen]]
            self.seen = max(self.seen, seen)
            await asyncio.sleep(0.1)


async def shown_worth(db: Database) -> int:
    now = datetime.now(UTC)
    async with db.transaction(T) as tx:
        drawn = await flow(tx, T, Drawings(), now, now.date())
    return int(sum(Decimal(n["value"]) for n in drawn["nodes"]))


async def history_of(db: Database, many: int) -> None:
    """Whole stories of orders in the log, so that there is something to make anew; in pages, as they would come."""
    for first in range(0, many, 500):
        async with db.transaction(T) as tx:
            for n in range(first, min(first + 500, many)):
                order = f"R-{n:06}"
                lines = [{"line": "1", "quantity": 1, "unit": "EA", "unit_price": 10, "items": []}]
                given = {"order": order, "channel": "json", "lines": lines, "customer_id": "C-1", "requested_on": None}
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


async def anew(db: Database) -> None:
    began = time.perf_counter()
    done = await rebuilding.rebuild(db, T)
    took = time.perf_counter() - began
    print(
        f"made anew while it serves: {done.orders} orders from {done.events} events in {took:.1f} s: "
        f"{done.events / took:.0f} events/s, {done.orders / took:.0f} orders/s",
        flush=True,
    )


async def painted(db: Database, address: str) -> None:
    """As a person who opened it before sees the board: first paint, and when its numbers stand there."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        print("first paint: NOT RUN, there is no Chromium on this machine")
        return
    await identity.add_user(db, "bench", "Bench", "correct horse battery", {T: ("admin", None)})
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        context = await browser.new_context(base_url=address, viewport={"width": 1440, "height": 900})
        page = await context.new_page()
        page.set_default_timeout(120_000)
        await page.goto("/sign-in", wait_until="domcontentloaded")
        await page.get_by_label("User").fill("bench")
        await page.get_by_label("Password", exact=True).fill("correct horse battery")
        await page.get_by_role("button", name="Sign in").click()
        await page.locator(".fnode").first.wait_for()
        first: list[float] = []
        numbers: list[float] = []
        for _ in range(RUNS):
            await page.goto("/flow", wait_until="commit")
            await page.locator(".fnode .c").first.wait_for()
            numbers.append(await page.evaluate("performance.now()"))
            entries = "performance.getEntriesByName('first-contentful-paint').map(e => e.startTime)"
            first += await page.evaluate(entries)
        await browser.close()
    print(
        f"first contentful paint of the board: median {statistics.median(first):.0f} ms, worst {max(first):.0f} ms; "
        f"its numbers after median {statistics.median(numbers):.0f} ms, worst {max(numbers):.0f} ms "
        f"({len(first)} openings)",
        flush=True,
    )


async def analyze(dsn: str) -> None:
    """As the server does by itself after a while: plans are made by what it knows of the tables."""
    connection = await asyncpg.connect(dsn)
    await connection.execute(
        "analyze crossdock.order_view, crossdock.order_line_view, crossdock.open_order, crossdock.standing, "
        "crossdock.jeopardy, crossdock.passage"
    )
    await connection.close()


async def published(tx: Tx) -> list[str]:
    """Publishes order-to-cash; its stages, of which `credit` is one."""
    shipped = files("crossdock.library").joinpath("workflows", "order-to-cash.yaml")
    await definitions.publish(tx, T, shipped.read_text(encoding="utf-8"), "order-to-cash.yaml")
    drawn = await Drawings().main(tx, T)
    assert drawn is not None
    stages = sorted((n.id for n in drawn.nodes if n.kind not in ("event", "end")), key=lambda n: (n != "credit", n))
    return stages[:8]


async def served(db: Database, seconds: float, many: int) -> None:
    services = Services(db=db, clock=Clock(), settings=Settings(port=0), webhook_secret=no_secret, vault=lambda _: {})
    stop = asyncio.Event()
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(services, "127.0.0.1", 0, address.set_result, stop=stop))
    key = await identity.add_key(db, T, "bench", "viewer")
    at = await address
    alone = Load(db, at, key, many, 0, await shown_worth(db))
    await alone.run(asyncio.ensure_future(asyncio.sleep(seconds)))
    alone.said(f"{RATE} events/s for {seconds:.0f} s")
    beside = Load(db, at, key, many, len(alone.told), await shown_worth(db))
    await beside.run(asyncio.create_task(anew(db)))
    beside.said(f"{RATE} events/s while it is made anew")
    await painted(db, at)
    stop.set()
    await serving


async def no_secret(_tenant: str, _system: str) -> str:
    return ""


async def main(many: int, seconds: float) -> None:
    with tempfile.TemporaryDirectory(dir="/var/lib") as folder:
        Path(folder).chmod(0o755)
        opened = await compose.open_database(Settings(data=Path(folder) / "data"))
        try:
            db = opened.db
            async with db.transaction(T) as tx:
                await tx.execute("insert into crossdock.tenant (tenant_id, name) values ($1, $1)", T)
                stages = await published(tx)
                await tx.execute(OPEN, T, many, stages)
                await tx.execute(HISTORY, T, 1, BASE_HISTORY, stages)
                await tx.execute(LINES, T)
            await analyze(opened.located.admin_dsn)
            await queries(db, f"{many} open, {BASE_HISTORY} ended")
            began = time.perf_counter()
            async with db.transaction(T) as tx:
                await tx.execute(HISTORY, T, BASE_HISTORY + 1, BASE_HISTORY * 10, stages)
                await tx.execute(LINES, T)
            print(f"history filled in {timedelta(seconds=round(time.perf_counter() - began))}", flush=True)
            await analyze(opened.located.admin_dsn)
            await queries(db, f"{many} open, {BASE_HISTORY * 10} ended")
            await history_of(db, min(REBUILT, many))
            await served(db, seconds, many)
        finally:
            await opened.close()


if __name__ == "__main__":
    given = [int(a) for a in sys.argv[1:]]
    asyncio.run(main(*(given + [100_000, 30][len(given) :])))
