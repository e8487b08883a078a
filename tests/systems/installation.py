"""A whole installation for the suites that break it: gateway, workers and the sandbox as processes, and a day to feed.

The database is whatever the caller has: embedded, PostgreSQL in a network namespace, a pair with a replica. Children
that die are started again, as a supervisor would. What partners' networks do is played here: each file is posted until
it is acknowledged, and what was acknowledged is remembered. In the end three records are balanced: what was sent,
Crossdock's store, and the systems' own books.
"""

import asyncio
import hashlib
import hmac
import os
import secrets
import shutil
import socket
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg

from crossdock import clock, exactjson, migrations
from crossdock.cases import autopilot, sla
from crossdock.cli import balance, compose, day, founding, records
from crossdock.cli.processes import Child, Tree
from crossdock.connect import sandbox
from crossdock.db import PASSING, Database
from crossdock.outbound import Client, Request, Response

TENANTS = ("castell", "norrland")
MORNING = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday
OPENS, CLOSES = MORNING + timedelta(hours=6), MORNING + timedelta(hours=18)
PATIENCE = timedelta(days=150)  # terms of 60 days and the slowest payer are over long before
LEDGER_BYTES = 256 * 1024 * 1024
AT_ONCE = 12  # files on their way to the gateway at one time
# What is jumped over at once when nothing is going on: minutes matter on the day itself, later only that all is paid.
SAME_DAY, SAME_WEEK, LATER = timedelta(minutes=30), timedelta(hours=3), timedelta(hours=24)
AGAIN_S = 0.25  # a partner's network tries again soon

# Running instances that nothing would ever wake: no work, nobody's lease, no timer, listener, held or open call, child.
ORPHANS = """
select i.tenant_id, i.business_key, i.name from crossdock.instance i where i.status = 'running'
  and not exists (select from crossdock.ready x where (x.tenant_id, x.instance_id) = (i.tenant_id, i.instance_id))
  and not exists (select from crossdock.lease x where (x.tenant_id, x.instance_id) = (i.tenant_id, i.instance_id))
  and not exists (select from crossdock.timer x where (x.tenant_id, x.instance_id) = (i.tenant_id, i.instance_id))
  and not exists (select from crossdock.subscription x
                  where (x.tenant_id, x.instance_id) = (i.tenant_id, i.instance_id))
  and not exists (select from crossdock.held_call x where (x.tenant_id, x.instance_id) = (i.tenant_id, i.instance_id))
  and not exists (select from crossdock.call x where (x.tenant_id, x.instance_id) = (i.tenant_id, i.instance_id)
                  and x.state in ('parked', 'asked'))
  and not exists (select from crossdock.instance x where (x.tenant_id, x.parent_id) = (i.tenant_id, i.instance_id)
                  and x.ended_at is null)
"""
# Calls after which, at some moment, nobody could say whether they had their effect: what became of each.
UNKNOWN = """
select c.state, count(*) as n from crossdock.call c
where exists (select from crossdock.attempt a where a.tenant_id = c.tenant_id and a.instance_id = c.instance_id
              and a.at = c.at and (a.probe or a.outcome = 'unknown'))
group by 1
"""


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@dataclass(frozen=True, slots=True)
class Asked:
    """An answer over HTTP that came."""

    status: int
    body: bytes
    headers: dict[str, str]

    def json(self) -> Any:
        return exactjson.loads(self.body)


@dataclass(slots=True)
class Feeder:
    """What partners' networks sent, and what they were told."""

    acknowledged: set[tuple[str, str]] = field(default_factory=set)  # tenant, PO of each order that was taken
    statuses: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)  # answers that were no acknowledgement, or none
    posted: int = 0


@dataclass(slots=True)
class Installation:
    db: Database
    tree: Tree
    http: Client
    port: int
    outside: str
    control: dict[str, str]
    keys: dict[str, str]
    plan: day.Day
    feeder: Feeder = field(default_factory=Feeder)
    gateway: Child | None = None
    workers: list[Child] = field(default_factory=list)
    started: Counter[str] = field(default_factory=Counter)
    jumps: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    # ── processes ───────────────────────────────────────────────────────────────────────────────────────────────

    async def start_gateway(self, **environment: str) -> None:
        self.started["gateway"] += 1
        self.gateway, _ = await self._start(
            f"gateway-{self.started['gateway']}", ["serve", "--port", str(self.port)], environment
        )

    async def start_worker(self, *prefix: str, **environment: str) -> Child:
        """prefix: what runs it, such as `ip netns exec name`."""
        self.started["worker"] += 1
        child, _ = await self._start(f"worker-{self.started['worker']}", ["worker"], environment, prefix)
        self.workers.append(child)
        return child

    async def _start(
        self, name: str, words: Sequence[str], environment: dict[str, str], prefix: Sequence[str] = ()
    ) -> tuple[Child, Any]:
        log = self.tree.logs / f"{name}.log"
        with log.open("ab") as sink:
            process = await asyncio.create_subprocess_exec(
                *prefix, sys.executable, "-m", "crossdock.cli", *words, "--ready-line",
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=sink,
                env={**os.environ, **self.tree.environment, **environment}, start_new_session=True,
            )  # fmt: skip
        child = Child(name, process, log)
        self.tree.children.append(child)
        assert process.stdout is not None
        line = await process.stdout.readline()
        return child, exactjson.loads(line) if line else {}

    async def keep_alive(self) -> None:
        """Starts again what died, for as long as this is awaited. (The sandbox keeps its books in memory: it lives.)"""
        while True:
            for child in [w for w in self.workers if not w.alive]:
                self.workers.remove(child)
                await self.start_worker()
            if self.gateway is not None and not self.gateway.alive:
                await self.start_gateway()
            await asyncio.sleep(0.1)

    def said(self, words: str) -> list[str]:
        """Lines of all logs of our processes that hold these words."""
        return [
            line for c in self.tree.children for line in c.log.read_text(errors="replace").splitlines() if words in line
        ]

    def last_words_of_the_dead(self) -> dict[str, str]:
        """The ends of the logs of gateway and workers that should live, and do not."""
        ours = [*self.workers, *([self.gateway] if self.gateway else [])]
        return {c.name: c.log.read_text(errors="replace")[-3000:] for c in ours if not c.alive}

    # ── HTTP ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def send(
        self, method: str, url: str, headers: dict[str, str] | None = None, body: bytes = b""
    ) -> Asked | str:
        """The answer, or in words why there is none."""
        answer = await self.http.send(Request(method=method, url=url, headers=headers or {}, body=body))
        if not isinstance(answer, Response):
            return answer.detail
        return Asked(answer.status, answer.body, {k.lower(): v for k, v in answer.headers.items()})

    async def ask_outside(self, method: str, path: str, body: Any = None) -> Any:
        headers = {**self.control, "Content-Type": "application/json"}
        content = exactjson.dumps(body) if body is not None else b""
        answer = await self.send(method, self.outside + path, headers, content)
        assert isinstance(answer, Asked), answer
        assert answer.status < 300, answer
        return answer.json() if answer.body else None

    async def post(self, delivery: day.Delivery) -> Asked | str:
        """One attempt to hand a file over."""
        headers = {
            "Authorization": f"Bearer {self.keys[delivery.tenant]}", "Content-Type": "application/octet-stream"
        }  # fmt: skip
        self.feeder.posted += 1
        answer = await self.send("POST", f"{self.url}/api/intake?filename={delivery.filename}", headers, delivery.raw)
        if isinstance(answer, str):
            self.feeder.refusals["no answer"] += 1
        elif answer.status >= 300:
            self.feeder.refusals[str(answer.status)] += 1
        else:
            for document in answer.json()["documents"]:
                self.feeder.statuses[document["status"]] += 1
            self.feeder.acknowledged |= {(o.tenant, o.po) for o in delivery.orders}
        return answer

    async def deliver(self, delivery: day.Delivery) -> None:
        """Until it is acknowledged. Whether the last attempt arrived is not known; the same bytes change nothing."""
        while True:
            answer = await self.post(delivery)
            if isinstance(answer, Asked) and answer.status < 300:
                return
            await asyncio.sleep(AGAIN_S)

    async def feed(self, deliveries: Sequence[day.Delivery], rate: float, *, origin: datetime = OPENS) -> None:
        """Each file when its time has come, at `rate` since `origin`; a cancellation after its order."""
        room = asyncio.Semaphore(AT_ONCE)
        began = time.monotonic()
        sent: dict[str, asyncio.Task[None]] = {}

        async def one(delivery: day.Delivery) -> None:
            await asyncio.sleep(max(0.0, (delivery.at - origin).total_seconds() / rate - (time.monotonic() - began)))
            if delivery.cancels and (before := sent.get(delivery.cancels.po)):
                await before
            async with room:
                await self.deliver(delivery)

        tasks: list[asyncio.Task[None]] = []
        for delivery in deliveries:
            tasks.append(asyncio.create_task(one(delivery)))
            sent.update(dict.fromkeys((o.po for o in delivery.orders), tasks[-1]))
        await asyncio.gather(*tasks)

    # ── business time ───────────────────────────────────────────────────────────────────────────────────────────

    async def set_clock(self, moment: datetime, rate: float) -> None:
        origin = await clock.set_to(self.db.pool, moment, rate)
        await self.ask_outside(
            "PUT", "/_clock",
            {"real_origin": origin.real.isoformat(), "business_origin": moment.isoformat(), "rate": rate},
        )  # fmt: skip

    async def now(self) -> datetime:
        return await self.db.pool.fetchval("select crossdock.now()")

    async def quiet(self) -> datetime | None:
        """Waits until nothing is going on; then when the sandbox next has something to do."""
        calm = 0
        while True:
            world = await self.ask_outside("GET", "/_next")
            working = await self.db.pool.fetchval(
                "select crossdock.busy() or coalesce(crossdock.next_due() <= crossdock.now(), false)"
            )
            # Twice in a row: between the two looks a webhook may have passed from one side to the other.
            calm = 0 if world["busy"] or working else calm + 1
            if calm == 2:
                return datetime.fromisoformat(world["next_at"]) if world["next_at"] else None
            if not calm:
                await asyncio.sleep(0.01)

    async def run_on(self, until: datetime = MORNING + PATIENCE) -> datetime:
        """Stops the clock, then jumps from event to event until every order has ended, or until that moment.

        Only at the end do the books agree for certain: before, a lost answer may wait for its probe.
        """
        policy = autopilot.load()
        now = await self.now()
        await self.set_clock(now, 0)
        while now < until:
            outside_at = await self.quiet()
            for tenant in TENANTS:
                await autopilot.decide_all(self.db, tenant, policy, now)
            orders = len(self.plan.orders)
            if await records.ended(self.db, TENANTS) >= orders and now > CLOSES:
                break
            engine_at = await self.db.pool.fetchval("select crossdock.next_due()")
            moments = [outside_at, engine_at, await sla.next_due(self.db)]
            moments += [await autopilot.next_due(self.db, t, policy) for t in TENANTS]
            upcoming = min((m for m in moments if m is not None), default=until)
            now = min(until, max(now, upcoming) + _quantum(now))
            await self.set_clock(now, 0)
            self.jumps += 1
        await self.quiet()
        return now

    # ── the books ───────────────────────────────────────────────────────────────────────────────────────────────

    async def rows(self, sql: str, *args: Any) -> list[Any]:
        async with self.db.transaction(*TENANTS) as tx:
            return await tx.fetch(sql, *args)

    async def balanced(self) -> dict[str, Any]:
        """Every acknowledged order once and with an owner, no effect twice, every unknown outcome settled."""
        ledgers: dict[tuple[str, str], list[balance.Entry]] = {}
        for tenant in TENANTS:
            for system in sandbox.SYSTEMS:
                ledgers[tenant, system] = (await self.ask_outside("GET", f"/{tenant}/{system}/_ledger"))["entries"]
        sent = [o for o in self.plan.orders if (o.tenant, o.po) in self.feeder.acknowledged]
        report = balance.compare(sent, await records.stored(self.db, TENANTS), ledgers)
        counts = await records.counts(self.db, TENANTS)
        unknown = {r["state"]: r["n"] for r in await self.rows(UNKNOWN)}
        orphans = [" ".join(r) for r in await self.rows(ORPHANS)]
        problems = await records.problems(self.db, TENANTS)
        hooks = await self.ask_outside("GET", "/_webhooks")
        problems += [f"webhook given up: {p['system']} {p['last_error']}" for p in hooks["parked"][:10]]
        # One asked of a person has a case of its own; without one it would be nobody's.
        asked_without_case = await self.rows(
            "select c.at from crossdock.call c where c.state = 'asked' and not exists (select from crossdock.cases k "
            "where k.tenant_id = c.tenant_id and k.instance_id = c.instance_id and k.status = 'open')"
        )
        owned = sum(counts[k] for k in ("closed", "cancelled", "rejected", "waiting", "in_case", "failed"))
        settled = unknown.get("done", 0) + unknown.get("failed", 0)
        good = (
            report.balanced and not orphans and not problems and not asked_without_case and owned == len(sent)
            and settled + unknown.get("asked", 0) == sum(unknown.values())
        )  # fmt: skip
        return {
            "acknowledged": len(sent), "lost": report.lost, "doubled": report.duplicate_effects,
            "mispriced": report.mispriced,
            "unknown": {"total": sum(unknown.values()), "resolved": settled, "in_case": unknown.get("asked", 0)},
            "orders": counts, "without_owner": orphans, "problems": problems, "findings": report.findings[:50],
            "documents": dict(self.feeder.statuses), "posts": self.feeder.posted,
            "refusals": dict(self.feeder.refusals), "jumps": self.jumps, "good": good,
        }  # fmt: skip


def _quantum(now: datetime) -> timedelta:
    if now < CLOSES:
        return SAME_DAY
    return SAME_WEEK if now < CLOSES + timedelta(days=6) else LATER


@asynccontextmanager
async def opened(
    admin_dsn: str,
    app_dsn: str,
    logs: Path,
    *,
    orders: int,
    seed: int,
    faults: bool = True,
    host: str = "127.0.0.1",
    worlds: Mapping[str, Path] | None = None,
) -> AsyncIterator[Installation]:
    """Founds two distributors in an empty, migrated database, starts the sandbox; gateway and workers are the caller's.

    faults: the day's own troubles (a carrier is down, answers are lost, hooks come twice). host: of the sandbox.
    worlds: distributors by tenant that take the place of the sandbox's own; their day is the caller's.
    """
    await migrations.migrate(admin_dsn, app_dsn)
    secret = secrets.token_hex(16)
    tree = Tree(logs, {
        "CROSSDOCK_DATABASE_URL": app_dsn, "CROSSDOCK_DATABASE_ADMIN_URL": admin_dsn,
        "CROSSDOCK_ALLOW_INTERNAL_ADDRESSES": "true", compose.SANDBOX_SECRET: secret,
    })  # fmt: skip
    port = free_port()
    control = {"X-Sandbox-Control": hmac.new(secret.encode(), b"control", hashlib.sha256).hexdigest()}
    patient = timedelta(seconds=30)
    db = await Database.open(app_dsn, max_size=6)
    try:
        await clock.set_to(db.pool, OPENS, 0)
        _, told = await tree.start(
            "sandbox", "crossdock_sandbox", "--host", host, "--port", "0", "--seed", str(seed),
            "--hooks-url", f"http://127.0.0.1:{port}/hooks/{{tenant}}/{{system}}",
            "--business-origin", OPENS.isoformat(), "--rate", "0",
            *(word for file in (worlds or {}).values() for word in ("--world", str(file))),
        )  # fmt: skip
        outside = str(told["base_url"])
        http = Client(
            [outside, f"http://127.0.0.1:{port}"], timeout=patient, read_timeout=patient, max_body=LEDGER_BYTES
        )
        house = Installation(db, tree, http, port, outside, control, {}, day.Day([], [], []))
        try:
            tenants = tuple(worlds) if worlds else TENANTS
            seeds = {t: await house.ask_outside("GET", f"/{t}/_seed") for t in tenants}
            house.keys = {t: await founding.found(db, t, seeds[t], outside) for t in tenants}
            if not worlds:
                house.plan = day.make(seeds, orders, MORNING, seed)
            if faults:
                await _place(house)
            yield house
        finally:
            await http.close()
    finally:
        await tree.stop()
        db.pool.terminate()
        if keep := os.environ.get("KEEP_LOGS"):  # to look at what a failed run's processes said
            shutil.copytree(logs, keep, dirs_exist_ok=True)


async def _place(house: Installation) -> None:
    for f in house.plan.faults:
        body = {
            "tenant": f.tenant, "system": f.system, "kind": f.kind, "rate": f.rate,
            "from": f.start and f.start.isoformat(), "until": f.until and f.until.isoformat(),
            "operation": f.operation, "count": f.count, "delay_s": f.delay_s,
        }  # fmt: skip
        await house.ask_outside("POST", "/_faults", {k: v for k, v in body.items() if v is not None})
    for tenant, supplier, days in house.plan.slips:
        await house.ask_outside("POST", "/_slip", {"tenant": tenant, "supplier": supplier, "days": days})


async def fresh(admin_dsn: str, name: str) -> None:
    """An empty database of this name."""
    connection = await asyncpg.connect(admin_dsn)
    try:
        await connection.execute(f'create database "{name}"')
    finally:
        await connection.close()


async def until(condition: Callable[[], Awaitable[bool]], *, within_s: float, what: str) -> float:
    """Waits for what other processes bring about. Returns the seconds it took; a database that is away is a no."""
    began = time.monotonic()
    while True:
        with suppress(*PASSING):
            if await asyncio.wait_for(condition(), 10):
                return time.monotonic() - began
        if time.monotonic() - began > within_s:
            raise AssertionError(f"not within {within_s} s: {what}")
        await asyncio.sleep(0.05)
