"""`crossdock demo`: a distributor's bad day, on this machine, end to end.

One process tree: embedded PostgreSQL, the sandbox enterprise, the gateway, workers. The day's orders arrive as X12,
JSON and CSV over HTTP; suppliers slip, a carrier is down, credit is short, prices deviate, customers cancel.

Business time runs at `--speed`. With `--once` it jumps from event to event, a stated policy plays the people, and the
run ends when payment terms have passed: then the three records are balanced. `--crash` kills a worker in the middle.
"""

import asyncio
import contextlib
import hashlib
import hmac
import secrets
import socket
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from crossdock import clock, embedded, exactjson, migrations
from crossdock.cases import autopilot, sla
from crossdock.cli import balance, byhand, compose, day, founding, records, selling, staffing, told
from crossdock.cli.day import Start
from crossdock.cli.processes import Child, Tree
from crossdock.connect import sandbox
from crossdock.db import Database
from crossdock.errors import CrossdockError
from crossdock.outbound import Client, Request, Response

DATABASE = "crossdock_demo"
MORNING = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday
OPENS = MORNING + timedelta(hours=5, minutes=30)
EVENING = MORNING + timedelta(hours=18)
DELIVERY_TRIES = 30
LEDGER_BYTES = 256 * 1024 * 1024  # a ledger of a long run is read whole
EVENING_RATE = 60.0  # after a day that was jumped over, what is on its way still moves while one looks
HORIZON = timedelta(days=150)  # terms of 60 days and the slowest payer are over long before
# What falls due within a quantum is done in one jump: minutes matter on the day itself, hours when invoices fall due.
QUANTA = (
    (timedelta(hours=20), timedelta(minutes=2)),
    (timedelta(days=6), timedelta(minutes=20)),
    (timedelta.max, timedelta(hours=3)),
)
AGAIN = timedelta(days=3)  # an order that is not billed yet is looked at again so much later
PEOPLE_EVERY = timedelta(minutes=20)  # how often the stated policy looks at its work
TENANTS = ("castell", "norrland")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    orders: int = 500
    speed: float = 120.0
    once: bool = False
    crash: bool = False
    port: int = 8080
    workers: int = 2
    seed: int = 7
    data: Path | None = None
    json: Path | None = None
    ready_file: Path | None = None


@dataclass(slots=True)
class Running:
    """The demo's parts once they run."""

    db: Database
    tree: Tree
    http: Client
    gateway_url: str
    sandbox_url: str
    control: dict[str, str]
    keys: dict[str, str]
    seeds: dict[str, dict[str, Any]]
    user: str
    password: str
    gateway: Child
    workers: list[Child]
    day: day.Day
    console: Console
    fed: int = 0
    held: int = 0  # how many of the day's holds have been placed
    changed: int = 0  # how many of its changes by telephone have been entered
    entered: list[byhand.Entered] = field(default_factory=list[byhand.Entered])
    to_enter: list[Start] = field(default_factory=list[Start])  # of the day's starts, earliest first
    accounted: dict[str, int] = field(default_factory=dict[str, int])


async def run(options: Options, console: Console) -> int:
    """Exit status: 0 when all went well, and with --once when the three records agree."""
    secret = secrets.token_hex(16)
    with tempfile.TemporaryDirectory(prefix="crossdock-demo-") as logs:
        async with embedded.running(options.data, lambda text: console.print(f"[dim]{text}")) as server:
            admin_dsn, app_dsn = await _fresh_database(server)
            tree = Tree(Path(logs), {
                "CROSSDOCK_DATABASE_URL": app_dsn, "CROSSDOCK_DATABASE_ADMIN_URL": admin_dsn,
                "CROSSDOCK_ALLOW_INTERNAL_ADDRESSES": "true", compose.SANDBOX_SECRET: secret,
            })  # fmt: skip
            db = await Database.open(app_dsn, max_size=6)
            try:
                running = await _start(options, console, tree, db, secret)
                watching = [asyncio.create_task(server.keep_running()), asyncio.create_task(_keep_alive(running))]
                try:
                    return await (_once(running, options) if options.once else _live(running, options))
                finally:
                    for task in watching:
                        task.cancel()
                    await asyncio.gather(*watching, return_exceptions=True)
            finally:
                await tree.stop()
                await db.close()


async def _fresh_database(server: embedded.Server) -> tuple[str, str]:
    connection = await asyncpg.connect(server.admin_dsn)
    try:
        await connection.execute(f"drop database if exists {DATABASE} with (force)")
        await connection.execute(f"create database {DATABASE}")
    finally:
        await connection.close()
    admin_dsn, app_dsn = server.admin_dsn_of(DATABASE), server.app_dsn(DATABASE)
    await migrations.migrate(admin_dsn, app_dsn)
    return admin_dsn, app_dsn


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


async def _start(options: Options, console: Console, tree: Tree, db: Database, secret: str) -> Running:
    port = options.port or free_port()
    gateway_url = f"http://127.0.0.1:{port}"
    await clock.set_to(db.pool, OPENS, 0)
    _, told = await tree.start(
        "sandbox", "crossdock_sandbox", "--port", "0", "--seed", str(options.seed),
        "--hooks-url", gateway_url + "/hooks/{tenant}/{system}", "--business-origin", OPENS.isoformat(), "--rate", "0",
    )  # fmt: skip
    sandbox_url = str(told["base_url"])
    patient = timedelta(seconds=30)
    http = Client([sandbox_url, gateway_url], timeout=patient, read_timeout=patient, max_body=LEDGER_BYTES)
    control = {"X-Sandbox-Control": hmac.new(secret.encode(), b"control", hashlib.sha256).hexdigest()}
    seeds = {t: await _get(http, f"{sandbox_url}/{t}/_seed", control) for t in TENANTS}
    console.print("Two distributors with their partners, systems and workflows …")
    keys = {t: await founding.found(db, t, seeds[t], sandbox_url) for t in TENANTS}
    user, password = "demo", secrets.token_urlsafe(9)
    await staffing.people(db, TENANTS, password)
    for tenant in TENANTS:
        await staffing.staff(db, tenant, OPENS)
    plan = day.make(seeds, options.orders, MORNING, options.seed)
    gateway = await _start_gateway(tree, port)
    running = Running(
        db, tree, http, gateway_url, sandbox_url, control, keys, seeds, user, password, gateway, [], plan, console,
        to_enter=list(plan.starts),
    )  # fmt: skip
    for n in range(options.workers):
        await _start_worker(running, n)
    for fault in plan.faults:
        await _post(http, f"{sandbox_url}/_faults", control, {
            "tenant": fault.tenant, "system": fault.system, "kind": fault.kind, "rate": fault.rate,
            "from": fault.start and fault.start.isoformat(), "until": fault.until and fault.until.isoformat(),
            "operation": fault.operation, "count": fault.count, "delay_s": fault.delay_s,
        })  # fmt: skip
    for tenant in TENANTS:
        await _post(http, f"{sandbox_url}/_habits", control, {"tenant": tenant, **plan.habits})
    for season in plan.seasons:
        await _post(http, f"{sandbox_url}/_season", control, {
            "tenant": season.tenant, "from": season.start.isoformat(), "until": season.until.isoformat(),
            "inquiries": season.inquiries, "applications": season.applications,
        })  # fmt: skip
    for tenant, supplier, days in plan.slips:
        await _post(http, f"{sandbox_url}/_slip", control, {"tenant": tenant, "supplier": supplier, "days": days})
    return running


async def _start_gateway(tree: Tree, port: int) -> Child:
    child, _ = await tree.start("gateway", "crossdock.cli", "serve", "--port", str(port), "--ready-line")
    return child


async def _start_worker(running: Running, n: int) -> None:
    child, _ = await running.tree.start(f"worker-{n}", "crossdock.cli", "worker", "--ready-line")
    running.workers.append(child)


# ── HTTP to our own parts ───────────────────────────────────────────────────────────────────────────────────────


class Unanswered(CrossdockError):
    """A request of ours may or may not have arrived."""


async def _send(http: Client, method: str, url: str, headers: dict[str, str], body: bytes | None = None) -> Response:
    answer = await http.send(Request(method=method, url=url, headers=headers, body=body or b""))
    if not isinstance(answer, Response):
        raise Unanswered(f"{method} {url}: {answer.detail}")
    if answer.status >= 300:
        raise CrossdockError(f"{method} {url}: {answer.status} {answer.body[:500]!r}")
    return answer


async def _get(http: Client, url: str, headers: dict[str, str]) -> Any:
    return exactjson.loads((await _send(http, "GET", url, headers)).body)


async def _post(http: Client, url: str, headers: dict[str, str], body: Any, method: str = "POST") -> Any:
    whole = {k: v for k, v in body.items() if v is not None}
    answer = await _send(http, method, url, {**headers, "Content-Type": "application/json"}, exactjson.dumps(whole))
    return exactjson.loads(answer.body) if answer.body else None


async def _deliver(running: Running, delivery: day.Delivery) -> None:
    """What a partner's network does: posts the bytes, and is told what became of them."""
    url = f"{running.gateway_url}/api/intake?filename={delivery.filename}"
    headers = {"Authorization": f"Bearer {running.keys[delivery.tenant]}", "Content-Type": "application/octet-stream"}
    told = exactjson.loads((await _until_answered(running.http, url, headers, delivery.raw)).body)
    for document in told["documents"]:
        status = document["status"]
        running.accounted[status] = running.accounted.get(status, 0) + 1
    running.fed += len(delivery.orders)


async def _stop(running: Running, now: datetime) -> None:
    """Places the holds of the day that are due."""
    while running.held < len(running.day.holds) and running.day.holds[running.held].at <= now:
        hold = running.day.holds[running.held]
        running.held += 1
        headers = {"Authorization": f"Bearer {running.keys[hold.tenant]}"}
        await _post(running.http, f"{running.gateway_url}/api/holds", headers, {
            "scope": hold.scope, "key": hold.key, "kind": hold.kind, "reason": hold.reason,
            "expires_at": hold.until.isoformat(),
        })  # fmt: skip


async def _telephone(running: Running, now: datetime) -> None:
    """Enters the changes that customers have asked for by now; one of an order that has ended is not entered."""
    while running.changed < len(running.day.changes) and running.day.changes[running.changed].at <= now:
        change = running.day.changes[running.changed]
        running.changed += 1
        headers = {"Authorization": f"Bearer {running.keys[change.order.tenant]}"}
        found = await _get(running.http, f"{running.gateway_url}/api/orders?q={change.order.po}", headers)
        for order in found["items"]:
            if order["status"] in ("closed", "cancelled", "rejected"):
                continue
            await _post(running.http, f"{running.gateway_url}/api/orders/{order['order']}/change", headers, {
                "requested_on": change.requested_on, "reason": "by telephone", "key": change.order.po,
            })  # fmt: skip


async def _enter(running: Running, now: datetime) -> None:
    """Enters what customers say by telephone about goods that came, once their order is billed in full; of an order
    that never is, nothing is entered."""
    later: list[Start] = []
    while running.to_enter and running.to_enter[0].at <= now:
        start = running.to_enter.pop(0)
        headers = {"Authorization": f"Bearer {running.keys[start.order.tenant]}"}
        found = await _get(running.http, f"{running.gateway_url}/api/orders?q={start.order.po}", headers)
        for order in (o["order"] for o in found["items"] if o["status"] not in ("cancelled", "rejected")):
            if not await _entered(running, start, order, headers):
                later.append(replace(start, at=now + AGAIN))
    running.to_enter = sorted([*running.to_enter, *later], key=lambda s: s.at)


async def _entered(running: Running, start: Start, order: str, headers: dict[str, str]) -> bool:
    """False: it is not billed yet. One with several invoices is not disputed: which of them is meant is not known."""
    told = await _get(running.http, f"{running.gateway_url}/api/orders/{order}", headers)
    if any(Decimal(n["invoiced"]) < Decimal(n["ordered"]) for n in told["lines"]):
        return False
    process = f"{running.gateway_url}/api/starts/after-sales/request-{start.kind}"
    form = await _get(running.http, f"{process}?about={order}", headers)
    if start.kind == "dispute" and len(form["choices"].get("invoice", ())) != 1:
        return True
    line = start.order.lines[0].line
    what = {"quantity": start.pieces} if start.pieces else {"amount": f"{start.amount:.2f}"}
    answer = await _post(running.http, process, {**headers, "Idempotency-Key": f"{start.kind}-{order}"}, {
        "order": order, "invoice": form["given"]["invoice"] if start.kind == "dispute" else None,
        "reason": start.reason, "note": "By telephone", "lines": [{"line": line, **what}],
    })  # fmt: skip
    running.entered.append(
        byhand.Entered(
            tenant=start.order.tenant, order=order, reference=answer["reference"], kind=start.kind,
            reason=start.reason, line=line, pieces=start.pieces, amount=start.amount,
        )
    )  # fmt: skip
    return True


async def _until_answered(http: Client, url: str, headers: dict[str, str], body: bytes) -> Response:
    """Posts until there is an answer. Whether the last arrived is not known; the same bytes again change nothing."""
    for _ in range(DELIVERY_TRIES - 1):
        try:
            return await _send(http, "POST", url, headers, body)
        except Unanswered:
            await asyncio.sleep(1)
    return await _send(http, "POST", url, headers, body)


# ── business time ───────────────────────────────────────────────────────────────────────────────────────────────


async def _set_clock(running: Running, moment: datetime, rate: float) -> None:
    origin = await clock.set_to(running.db.pool, moment, rate)
    body = {"real_origin": origin.real.isoformat(), "business_origin": origin.business.isoformat(), "rate": rate}
    await _post(running.http, f"{running.sandbox_url}/_clock", running.control, body, "PUT")


async def _now(running: Running) -> datetime:
    return await running.db.pool.fetchval("select crossdock.now()")


async def _quiet(running: Running) -> datetime | None:
    """Waits until nothing is going on; then when the sandbox next has something to do."""
    calm = 0
    while True:
        world = await _get(running.http, f"{running.sandbox_url}/_next", running.control)
        engine = await running.db.pool.fetchval(
            "select crossdock.busy() or coalesce(crossdock.next_due() <= crossdock.now(), false)"
        )
        # Twice in a row: between the two looks a webhook may have passed from one side to the other.
        calm = 0 if world["busy"] or engine else calm + 1
        if calm == 2:
            return datetime.fromisoformat(world["next_at"]) if world["next_at"] else None
        if not calm:
            await asyncio.sleep(0.004)


@dataclass(slots=True)
class Jumping:
    """Discrete-event time: nothing happens between two events, so none of it is waited for."""

    running: Running
    policy: autopilot.Policy | None
    people_at: datetime

    async def until(
        self, end: datetime, done: Callable[[datetime], bool], tick: Callable[[datetime], None]
    ) -> datetime:
        """Plays deliveries and jumps until `end`, or until `done` says so while nothing is going on."""
        r = self.running
        pending = list(reversed(r.day.deliveries))[: len(r.day.deliveries) - self._sent]
        now = await _now(r)
        while now < end:
            world_at = await _quiet(r)
            await self._people(now)
            if done(now):
                break
            candidates = [world_at, await r.db.pool.fetchval("select crossdock.next_due()"), await sla.next_due(r.db)]
            if pending:
                candidates.append(pending[-1].at)
            if r.held < len(r.day.holds):
                candidates.append(r.day.holds[r.held].at)
            if r.changed < len(r.day.changes):
                candidates.append(r.day.changes[r.changed].at)
            if r.to_enter:
                candidates.append(r.to_enter[0].at)
            if self.policy is not None:
                candidates.append(self.people_at)
            moments = [c for c in candidates if c is not None]
            now = min(end, max(min(moments, default=end), now) + _quantum(now))
            self.jumps += 1
            await _set_clock(r, now, 0)
            await _stop(r, now)
            due: list[day.Delivery] = []
            while pending and pending[-1].at <= now:
                due.append(pending.pop())
            for wave in ([d for d in due if not d.cancels], [d for d in due if d.cancels]):
                for start in range(0, len(wave), 8):
                    await asyncio.gather(*(_deliver(r, d) for d in wave[start : start + 8]))
            self._sent += len(due)
            await _telephone(r, now)
            await _enter(r, now)
            tick(now)
        return now

    jumps: int = 0
    _sent: int = 0

    async def _people(self, now: datetime) -> None:
        if self.policy is None or now < self.people_at:
            return
        for tenant in TENANTS:
            await autopilot.decide_all(self.running.db, tenant, self.policy, now)
        self.people_at = now + PEOPLE_EVERY


def _quantum(now: datetime) -> timedelta:
    return next(quantum for until, quantum in QUANTA if now - MORNING < until)


async def _once(running: Running, options: Options) -> int:
    started = time.perf_counter()
    console = running.console
    jumping = Jumping(running, autopilot.load(), OPENS + PEOPLE_EVERY)
    killed = False
    asked = sum(s.inquiries + s.applications for s in running.day.seasons)

    with _progress(console) as bar:
        feeding = bar.add_task("orders in", total=options.orders)
        closing = bar.add_task("orders done", total=options.orders)
        state = {"open": options.orders, "fed_all": False, "killed": False}

        def tick(now: datetime) -> None:
            bar.update(feeding, completed=running.fed, description=f"orders in      {now:%a %d %b %H:%M}")
            bar.update(closing, completed=max(0, options.orders - state["open"]))

        async def watch() -> None:
            nonlocal killed
            while True:
                after = await records.under_way(running.db, TENANTS) + len(running.to_enter)
                after += await records.expected(running.db, TENANTS, asked)
                state["open"] = options.orders - await records.ended(running.db, TENANTS) + after
                if options.crash and not killed and running.fed > options.orders // 2:
                    killed = True
                    victim = running.workers[0]
                    running.tree.kill(victim)
                    await victim.process.wait()
                    console.print(f"[red]SIGKILL[/] to worker {victim.pid} with {running.fed} orders in")
                await asyncio.sleep(0.2)

        watching = asyncio.create_task(watch())
        try:

            def done(now: datetime) -> bool:
                return running.fed >= options.orders and state["open"] == 0 and now > EVENING

            ended_at = await jumping.until(MORNING + HORIZON, done, tick)
        finally:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching
        state["open"] = options.orders - await records.ended(running.db, TENANTS)
        state["open"] += await records.quotes_ordered(running.db, TENANTS)
        tick(ended_at)
    return await _conclude(running, options, ended_at, time.perf_counter() - started, killed, jumping.jumps)


async def _conclude(
    running: Running, options: Options, ended_at: datetime, seconds: float, killed: bool, jumps: int
) -> int:
    stored, ledgers = await records.stored(running.db, TENANTS), await _ledgers(running)
    findings: list[str] = []
    ledgers = byhand.letters(findings.append, running.entered, ledgers)
    of_quotes = selling.orders(running.seeds, ledgers)
    manifest = [*running.day.orders, *of_quotes]
    report = balance.compare(manifest, stored, ledgers)
    report.findings += findings
    lost, mispriced = selling.compare(report.say, running.seeds, ledgers, *await records.sold(running.db, TENANTS))
    report.lost, report.mispriced = report.lost + lost, report.mispriced + mispriced
    written = told.compare(report, manifest, stored, ledgers, await records.told(running.db, TENANTS))
    counts = await records.counts(running.db, TENANTS)
    problem = await _problems(running)
    result: dict[str, Any] = {
        "orders_in": len(running.day.orders), "orders_of_quotes": len(of_quotes), **counts, "lost": report.lost,
        "duplicate_effects": report.duplicate_effects, "mispriced": report.mispriced, "balanced": report.balanced,
        "seconds": round(seconds, 1), "orders_per_s": round(len(running.day.orders) / seconds, 2),
        "business_days": (ended_at - MORNING).days, "jumps": jumps, "killed_worker": killed,
        "documents": running.accounted, "documents_sent": written,
        "entered_by_hand": len(running.entered), "after_sales": await records.after_sales(running.db, TENANTS),
        "held": await records.held(running.db, TENANTS),
        "intake_to_release": await records.latency(running.db, TENANTS),
        "problems": problem, "findings": report.findings[:200],
    }  # fmt: skip
    if options.json:
        options.json.write_bytes(exactjson.dumps(result) + b"\n")
    c = running.console
    c.print_json(exactjson.text({k: v for k, v in result.items() if k not in ("findings",)}))
    for finding in report.findings[:20]:
        c.print(f"[red]unbalanced[/] {finding}", markup=True, highlight=False)
    accounted = sum(counts[k] for k in ("closed", "cancelled", "rejected", "waiting", "in_case", "failed"))
    good = report.balanced and accounted == len(manifest) and not problem
    c.print("[green]The three records agree." if good else "[red]The three records do not agree, or work is stuck.")
    return 0 if good else 1


# ── live: people watch, and decide ──────────────────────────────────────────────────────────────────────────────


async def _live(running: Running, options: Options) -> int:
    c = running.console
    if options.speed == 0:
        with _progress(c) as bar:
            task = bar.add_task("the day so far", total=options.orders)
            jumping = Jumping(running, None, OPENS)
            now = await jumping.until(
                EVENING, lambda _: running.fed >= options.orders, lambda _: bar.update(task, completed=running.fed)
            )
        await _quiet(running)
        await _set_clock(running, now, EVENING_RATE)
    c.print(f"\nOpen [bold]{running.gateway_url}[/]")
    c.print(f"User [bold]{running.user}[/]  ·  password [bold]{running.password}[/]")
    if options.ready_file:
        told = {"url": running.gateway_url, "user": running.user, "password": running.password}
        options.ready_file.touch(mode=0o600)
        options.ready_file.write_bytes(exactjson.dumps(told))
    if options.speed == 0:
        await _forever()
        return 0
    await _set_clock(running, OPENS, options.speed)
    with _progress(c) as bar:
        task = bar.add_task("orders in", total=options.orders)
        for delivery in running.day.deliveries:
            while (now := await _now(running)) < delivery.at:
                wait = (delivery.at - now).total_seconds() / options.speed
                await asyncio.sleep(min(0.5, wait))
            await _stop(running, now)
            await _deliver(running, delivery)
            await _telephone(running, now)
            bar.update(task, completed=running.fed, description=f"orders in  {delivery.at:%H:%M}")
    c.print("All orders are in. The day goes on; Ctrl-C stops.")
    await _forever()
    return 0


async def _keep_alive(running: Running) -> None:
    """Starts again what has died: a worker, the gateway. (The sandbox keeps its ledgers in memory; it must live.)"""
    port = int(running.gateway_url.rpartition(":")[2])
    while True:
        for child in [w for w in running.workers if not w.alive]:
            running.console.print(f"[yellow]worker {child.pid} ended; starting another")
            running.workers.remove(child)
            await _start_worker(running, len(running.tree.children))
        if not running.gateway.alive:
            running.console.print(f"[yellow]gateway {running.gateway.pid} ended; starting another")
            running.gateway = await _start_gateway(running.tree, port)
        await asyncio.sleep(0.3)


async def _forever() -> None:
    await asyncio.Event().wait()


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:34}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    )


async def _ledgers(running: Running) -> dict[tuple[str, str], list[balance.Entry]]:
    found: dict[tuple[str, str], list[balance.Entry]] = {}
    for tenant in TENANTS:
        for system in sandbox.SYSTEMS:
            told = await _get(running.http, f"{running.sandbox_url}/{tenant}/{system}/_ledger", running.control)
            found[tenant, system] = told["entries"]
    return found


async def _problems(running: Running) -> list[str]:
    """What would be a fault of ours: stuck or faulted instances, dead letters, webhooks given up."""
    hooks = await _get(running.http, f"{running.sandbox_url}/_webhooks", running.control)
    parked = [f"webhook given up: {p['system']} {p['last_error']}" for p in hooks["parked"][:10]]
    return await records.problems(running.db, TENANTS) + parked
