"""Real history through order-to-cash: invoices of UCI Online Retail II, read as orders by the declared map.

    python tests/systems/retail.py --invoices 1000 --json out.json

Files of invoices in the data set's own columns are posted to a gateway as customers' networks would, on their days of
December 2009. Workers on PostgreSQL run the shipped process against the sandbox, which plays a distributor that knows
these customers, items and prices. A stated policy plays the people. Time jumps until every order has ended. Then the
rows, Crossdock's store and the systems' own books are balanced, and every penny between what the invoices said and
what was billed is explained.

The folder of data sets is CROSSDOCK_DATA_SETS; without it, it says NOT RUN.
"""

import argparse
import asyncio
import hashlib
import hmac
import json
import os
import secrets
import shutil
import sys
import tempfile
import time
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import history
import psutil
import uvloop
from history import CURRENCY, TENANT

from crossdock import clock, embedded, exactjson, migrations
from crossdock.cases import autopilot, sla
from crossdock.cli import balance, compose
from crossdock.cli.day import Order
from crossdock.cli.demo import free_port
from crossdock.cli.processes import Tree
from crossdock.connect import sandbox
from crossdock.db import Database
from crossdock.gateway import identity
from crossdock.outbound import Client, Request, Response
from crossdock.partners import intake, profiles

DATABASE = "crossdock_retail"
SUPPLYING, COLLECTING = timedelta(minutes=15), timedelta(hours=3)  # jumped at once while orders come in, and after
PATIENCE = timedelta(days=150)  # payment terms and the slowest payer are over long before
AT_ONCE = 8  # files posted side by side


@dataclass(slots=True)
class House:
    """Crossdock and the sandbox, running."""

    db: Database
    tree: Tree
    http: Client
    gateway: str
    outside: str
    control: dict[str, str]
    key: str
    documents: list[dict[str, Any]] = field(default_factory=list)
    jumps: int = 0

    async def ask(self, method: str, url: str, headers: dict[str, str], body: bytes = b"") -> Any:
        answer = await self.http.send(Request(method=method, url=url, headers=headers, body=body))
        if not isinstance(answer, Response) or answer.status >= 300:
            raise SystemExit(f"{method} {url}: {answer}")
        return exactjson.loads(answer.body) if answer.body else None

    async def post(self, file: history.File) -> None:
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/octet-stream"}
        told = await self.ask("POST", f"{self.gateway}/api/intake?filename={file.name}", headers, file.raw)
        self.documents += told["documents"]

    async def jump(self, moment: datetime) -> None:
        origin = await clock.set_to(self.db.pool, moment, 0)
        body = {"real_origin": origin.real.isoformat(), "business_origin": moment.isoformat(), "rate": 0}
        await self.ask("PUT", f"{self.outside}/_clock", self.control, json.dumps(body).encode())
        self.jumps += 1

    async def quiet(self) -> datetime | None:
        """Waits until nothing is going on; then when the sandbox next has something to do."""
        calm = 0
        while True:
            world = await self.ask("GET", f"{self.outside}/_next", self.control)
            working = await self.db.pool.fetchval(
                "select crossdock.busy() or coalesce(crossdock.next_due() <= crossdock.now(), false)"
            )
            # Twice in a row: between the two looks a webhook may have passed from one side to the other.
            calm = 0 if world["busy"] or working else calm + 1
            if calm == 2:
                return datetime.fromisoformat(world["next_at"]) if world["next_at"] else None
            if not calm:
                await asyncio.sleep(0.004)

    async def rows(self, sql: str) -> list[Any]:
        async with self.db.transaction(TENANT) as tx:
            return await tx.fetch(sql)


async def run(folder: Path, invoices: int, workers: int) -> dict[str, Any]:
    """The whole run; what it gives is the report."""
    chosen = history.choose(folder, invoices)
    agreed = history.prices(chosen)
    files = history.files(chosen)
    base = Path(tempfile.mkdtemp(prefix="crossdock-retail-"))
    base.chmod(0o755)  # the database's account walks through it
    try:
        (base / "world.json").write_bytes(exactjson.dumps(history.world(chosen, agreed)))
        async with embedded.running(base / "data") as server:
            house = await _open(server, base, files[0].at - timedelta(hours=1), workers, chosen)
            try:
                started = time.perf_counter()
                ended = await _play(house, files, len(chosen.sales))
                seconds = time.perf_counter() - started
                return await _report(house, chosen, agreed, seconds, ended - files[0].at)
            finally:
                await house.http.close()
                await house.tree.stop()
                await house.db.close()
    finally:
        shutil.rmtree(base, ignore_errors=True)


async def _open(server: embedded.Server, base: Path, opens: datetime, workers: int, chosen: history.Chosen) -> House:
    connection = await asyncpg.connect(server.admin_dsn)
    await connection.execute(f"create database {DATABASE}")
    await connection.close()
    admin_dsn, app_dsn = server.admin_dsn_of(DATABASE), server.app_dsn(DATABASE)
    await migrations.migrate(admin_dsn, app_dsn)
    secret = secrets.token_hex(16)
    tree = Tree(base, {
        "CROSSDOCK_DATABASE_URL": app_dsn, "CROSSDOCK_DATABASE_ADMIN_URL": admin_dsn,
        "CROSSDOCK_ALLOW_INTERNAL_ADDRESSES": "true", compose.SANDBOX_SECRET: secret,
    })  # fmt: skip
    db = await Database.open(app_dsn, max_size=6)
    try:
        await clock.set_to(db.pool, opens, 0)
        port = free_port()
        gateway = f"http://127.0.0.1:{port}"
        _, told = await tree.start(
            "sandbox", "crossdock_sandbox", "--port", "0", "--world", str(base / "world.json"),
            "--hooks-url", gateway + "/hooks/{tenant}/{system}", "--business-origin", opens.isoformat(), "--rate", "0",
        )  # fmt: skip
        outside = str(told["base_url"])
        key = await _found(db, outside, chosen.customers)
        await tree.start("gateway", "crossdock.cli", "serve", "--port", str(port), "--ready-line")
        for n in range(workers):
            await tree.start(f"worker-{n}", "crossdock.cli", "worker", "--ready-line")
    except BaseException:
        await tree.stop()
        await db.close()
        raise
    http = Client([outside, gateway], timeout=timedelta(minutes=2), read_timeout=timedelta(minutes=2))
    control = {"X-Sandbox-Control": hmac.new(secret.encode(), b"control", hashlib.sha256).hexdigest()}
    return House(db, tree, http, gateway, outside, {**control, "Content-Type": "application/json"}, key)


async def _found(db: Database, outside: str, customers: Iterable[str]) -> str:
    """The tenant with its systems, partners and workflows, and a key for the network that brings its files."""
    async with db.transaction(TENANT) as tx:
        await tx.execute(
            "insert into crossdock.tenant (tenant_id, name, currency) values ($1, $2, $3)",
            *(TENANT, "Harrow Gifts", CURRENCY),
        )
        for config in sandbox.configs(outside, [TENANT]):
            await compose.connect_system(tx, config)
        for number in customers:
            known = (profiles.Identifier(profiles.CUSTOMER, number),)
            profile = profiles.Profile(
                id=f"c{number}", name=f"Customer {number}", customer_id=number, currency=CURRENCY, identifiers=known
            )
            await intake.save_profile(tx, TENANT, profile)
        await compose.publish_library(tx, TENANT)
    return await identity.add_key(db, TENANT, "partner-network", "admin")


async def _play(house: House, files: list[history.File], orders: int) -> datetime:
    """Posts every file on its day, and jumps from event to event until all orders have ended."""
    policy, pending = autopilot.load(), list(reversed(files))
    now, told_at = files[0].at - timedelta(hours=1), 0.0
    while now < files[-1].at + PATIENCE:
        outside_at = await house.quiet()
        await autopilot.decide_all(house.db, TENANT, policy, now)
        [state] = await house.rows(
            "select count(*) as known, count(*) filter (where outcome is not null) as ended from crossdock.order_view"
        )
        if time.perf_counter() - told_at > 15:
            told_at = time.perf_counter()
            print(f"{now:%a %d %b %Y %H:%M}  {state['known']} of {orders} in, {state['ended']} done", file=sys.stderr)
        if not pending and state["ended"] == state["known"]:
            break
        people_at = await autopilot.next_due(house.db, TENANT, policy)
        engine_at = await house.db.pool.fetchval("select crossdock.next_due()")
        moments = [outside_at, engine_at, people_at, await sla.next_due(house.db), pending[-1].at if pending else None]
        upcoming = min((m for m in moments if m is not None), default=now)
        now = max(now, upcoming) + (SUPPLYING if pending else COLLECTING)
        await house.jump(now)
        due: list[history.File] = []
        while pending and pending[-1].at <= now:
            due.append(pending.pop())
        for start in range(0, len(due), AT_ONCE):
            await asyncio.gather(*(house.post(f) for f in due[start : start + AT_ONCE]))
    await house.quiet()
    return now


# ── the report ──────────────────────────────────────────────────────────────────────────────────────────────────


async def _report(
    house: House, chosen: history.Chosen, agreed: history.Prices, seconds: float, business: timedelta
) -> dict[str, Any]:
    orders = history.manifest(chosen, agreed)
    ledgers = {(TENANT, system): await _ledger(house, system) for system in sandbox.SYSTEMS}
    stored = await _stored(house)
    balanced = balance.compare(orders, stored, ledgers)
    outcomes = Counter(s.outcome or "open" for s in stored)
    closed = {s.po: s for s in stored if s.outcome == "closed"}
    money = _money([o for o in orders if o.po in closed], closed, ledgers[TENANT, "erp"], await _bases(house))
    cases = await house.rows("select kind, status, count(*) as n from crossdock.cases group by 1, 2 order by 1, 2")
    approvals = await house.rows(
        "select kind, status, count(*) as n from crossdock.approval group by 1, 2 order by 1, 2"
    )
    refused = [d for d in house.documents if d["status"] == "rejected"]
    problems = await _problems(house)
    unexpected = sorted(
        {d["po"] for d in house.documents if d["status"] == "accepted"} ^ {o.po for o in orders}
    )  # fmt: skip
    good = balanced.balanced and not problems and not unexpected and not money["unexplained"] and not outcomes["open"]
    return {
        "invoices": len(chosen.sales), "credit_notes": len(chosen.credit_notes),
        "left_out_without_customer": chosen.nameless, "days": _days(chosen),
        "lines": sum(1 for _ in chosen.rows), "pieces": sum(r.quantity for r in chosen.rows),
        "value": sum((r.amount for r in chosen.rows), Decimal(0)),
        "odd": history.odd(chosen),
        "documents": _documents(house.documents),
        "rejected_at_intake": [{"po": d["po"], "errors": d["errors"]} for d in refused],
        "orders_in": len(orders), **{k: outcomes[k] for k in ("closed", "rejected", "cancelled", "failed", "open")},
        "why_not_closed": await _why(house),
        "cases": [dict(r) for r in cases], "approvals": [dict(r) for r in approvals],
        **await _counts(house), **money,
        "lost": balanced.lost, "duplicate_effects": balanced.duplicate_effects, "mispriced": balanced.mispriced,
        "balanced": balanced.balanced, "findings": balanced.findings[:100], "problems": problems,
        "unexpected_at_intake": unexpected,
        "seconds": round(seconds, 1), "orders_per_s": round(len(orders) / seconds, 2), "jumps": house.jumps,
        "business_days": business.days, "cpu_s": _cpu(house.tree),
        "logs": {c.name: c.log.read_text(errors="replace").splitlines()[:20] for c in house.tree.children},
        "good": good,
    }  # fmt: skip


async def _ledger(house: House, system: str) -> list[balance.Entry]:
    """A system's own book, which is longer than any answer that Crossdock's client would accept."""
    asked = urllib.request.Request(f"{house.outside}/{TENANT}/{system}/_ledger", headers=house.control)

    def read() -> bytes:
        with urllib.request.urlopen(asked, timeout=120) as answer:
            return answer.read()

    return exactjson.loads(await asyncio.to_thread(read))["entries"]


def _cpu(tree: Tree) -> dict[str, float]:
    """Processor seconds of each process since its start."""
    spent = {child.name: psutil.Process(child.pid).cpu_times() for child in tree.children if child.alive}
    return {name: round(t.user + t.system, 1) for name, t in spent.items()}


def _days(chosen: history.Chosen) -> str:
    dates = [rows[0].at[:10] for rows in chosen.sales.values()]
    return f"{min(dates)} to {max(dates)}"


def _documents(documents: list[dict[str, Any]]) -> dict[str, int]:
    """Each status, with the codes that led to it."""
    words = [
        " ".join([str(d["status"]), *sorted({e["code"] for e in d["errors"]})]) for d in documents
    ]  # fmt: skip
    return dict(Counter(words).most_common())


async def _stored(house: House) -> list[balance.Stored]:
    shipped: dict[str, dict[str, Decimal]] = defaultdict(dict)
    for n in await house.rows("select order_no, line, shipped from crossdock.order_line_view where shipped > 0"):
        shipped[n["order_no"]][n["line"]] = n["shipped"]
    return [
        balance.Stored(
            TENANT, o["order_no"], o["customer_id"], o["po"], o["outcome"], shipped[o["order_no"]],
            o["invoiced"], o["paid"],
        )
        for o in await house.rows("select * from crossdock.order_view order by order_no")
    ]  # fmt: skip


async def _bases(house: House) -> dict[str, str]:
    """Our order number → which rule decided about its prices, and whose prices held."""
    rows = await house.rows(
        "select subject, body from crossdock.event where type = 'crossdock.order.priced' order by seq"
    )
    told = {r["subject"]: exactjson.loads(r["body"])["data"] for r in rows}
    return {order: f"rule {d['rule']}, {d['basis']} price" for order, d in told.items()}


def _money(
    orders: list[Order], closed: dict[str, balance.Stored], erp: list[balance.Entry], bases: dict[str, str]
) -> dict[str, Any]:
    """Of the closed orders: what their invoices said beside what the ERP has billed, and why they differ."""
    billed: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for e in erp:
        if e["effect"] == "invoice-line" and e["state"] == "active":
            billed[e["order"], e["line"]] += Decimal(str(e["amount"]))
    said = now = Decimal(0)
    because: dict[str, Decimal] = defaultdict(Decimal)
    lines = Counter[str]()
    differing: list[dict[str, Any]] = []
    unexplained: list[str] = []
    for o in orders:
        ours = closed[o.po].order
        here = Decimal(0)
        for n in o.lines:
            stated, contract, amount = n.stated * n.quantity, n.contract * n.quantity, billed[ours, n.line]
            said, now, here = said + stated, now + amount, here + amount - stated
            if amount == stated:
                continue
            if amount != contract:
                unexplained.append(f"{o.po} line {n.line}: stated {stated}, contract {contract}, billed {amount}")
                continue
            why = "stated above the list: the list holds" if stated > contract else "stated below the list: refused"
            because[why] += amount - stated
            lines[why] += 1
        if here:
            differing.append({"invoice": o.po, "difference": here, "why": bases[ours]})
    return {
        "closed_value_stated": said, "closed_value_billed_net": now, "difference": now - said,
        "explained": {why: {"lines": lines[why], "value": value} for why, value in because.items()},
        "unexplained": unexplained, "differing_orders": differing,
    }  # fmt: skip


async def _why(house: House) -> dict[str, int]:
    rows = await house.rows(
        "select body from crossdock.event where type in ('crossdock.order.rejected', 'crossdock.order.cancelled')"
    )
    return dict(Counter(str(exactjson.loads(r["body"])["data"]["reason"]) for r in rows))


async def _counts(house: House) -> dict[str, Any]:
    [row] = await house.rows(
        "select count(*) filter (where backordered_at is not null) as backordered,"
        " count(*) filter (where shipments > 1) as in_several_shipments,"
        " count(*) filter (where approvals > 0) as with_approval, count(*) filter (where cases > 0) as with_case"
        " from crossdock.order_view"
    )
    return dict(row)


async def _problems(house: House) -> list[str]:
    """What would be a fault of ours: stuck or faulted instances, dead letters, webhooks given up."""
    found = [
        f"{r['business_key']} {r['name']} {r['status']}: {r['error']}"
        for r in await house.rows(
            "select business_key, name, status, error from crossdock.instance"
            " where status in ('suspended', 'faulted') limit 20"
        )
    ]
    found += [f"dead letter {r['seq']}: {r['reason']}" for r in await house.rows("select * from crossdock.dead_letter")]
    hooks = await house.ask("GET", f"{house.outside}/_webhooks", house.control)
    return found + [f"webhook given up: {p['system']} {p['last_error']}" for p in hooks["parked"][:20]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--invoices", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write the report here as well")
    options = parser.parse_args()
    folder = Path(os.environ.get("CROSSDOCK_DATA_SETS", ""))
    if not os.environ.get("CROSSDOCK_DATA_SETS") or not (folder / history.FILE).is_file():
        print(f"NOT RUN: CROSSDOCK_DATA_SETS names no folder with {history.FILE} (UCI Online Retail II)")
        return 0
    report = uvloop.run(run(folder, options.invoices, options.workers))
    text = json.dumps(report, indent=2, default=str)
    if options.json:
        options.json.write_text(text + "\n", encoding="utf-8")
    print(text)
    return 0 if report["good"] else 1


if __name__ == "__main__":
    sys.exit(main())
