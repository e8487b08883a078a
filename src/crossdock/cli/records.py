"""Crossdock's own record of a run, read from its store for the balance and the result."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from crossdock import exactjson
from crossdock.cli import selling
from crossdock.cli.balance import Stored
from crossdock.cli.told import Told
from crossdock.cli.told import read as read_told
from crossdock.db import Database, queries

SQL = queries("crossdock.cli", "records.sql")


async def ended(db: Database, tenants: Sequence[str]) -> int:
    """Orders that have come to an end."""
    async with db.transaction(*tenants) as tx:
        return await tx.fetchval(SQL["ended"])


async def under_way(db: Database, tenants: Sequence[str]) -> int:
    """Processes beside the orders, of supply and after the sale, that have not come to an end."""
    async with db.transaction(*tenants) as tx:
        return await tx.fetchval(SQL["under_way"])


async def expected(db: Database, tenants: Sequence[str], asked: int) -> int:
    """What is still to come to an end before the sale: quotes and applications that no process has taken up yet, and
    orders made of quotes. asked: how many quotes and applications are planned."""
    async with db.transaction(*tenants) as tx:
        return max(0, asked - await tx.fetchval(SQL["asked"])) + await tx.fetchval(SQL["quotes_ordered"])


async def quotes_ordered(db: Database, tenants: Sequence[str]) -> int:
    async with db.transaction(*tenants) as tx:
        return await tx.fetchval(SQL["quotes_ordered"])


async def sold(db: Database, tenants: Sequence[str]) -> tuple[list[selling.Process], list[selling.Quote]]:
    """The processes before the sale, and what they let customers accept."""
    async with db.transaction(*tenants) as tx:
        processes, quotes = await tx.fetch(SQL["selling"]), await tx.fetch(SQL["quotes"])
    return [
        selling.Process(p["tenant_id"], p["name"], p["business_key"], p["outcome"]) for p in processes
    ], [
        selling.Quote(q["tenant_id"], q["quote"], q["revision"], q["state"], q["total"], q["po"], q["order_no"])
        for q in quotes
    ]  # fmt: skip


async def after_sales(db: Database, tenants: Sequence[str]) -> dict[str, dict[str, int]]:
    """How the processes beside the order ended: name → outcome → how many."""
    found: dict[str, dict[str, int]] = {}
    async with db.transaction(*tenants) as tx:
        for row in await tx.fetch(SQL["after_sales"]):
            found.setdefault(row["name"], {})[row["outcome"]] = row["count"]
    return found


async def held(db: Database, tenants: Sequence[str]) -> dict[str, int]:
    """Orders that went on when a hold ended: by what was held."""
    async with db.transaction(*tenants) as tx:
        return {row["scope"]: row["orders"] for row in await tx.fetch(SQL["held"])}


async def counts(db: Database, tenants: Sequence[str]) -> dict[str, int]:
    async with db.transaction(*tenants) as tx:
        row = await tx.fetchrow(SQL["counts"])
    assert row is not None
    return dict(row)


async def stored(db: Database, tenants: Sequence[str]) -> list[Stored]:
    async with db.transaction(*tenants) as tx:
        orders, lines = await tx.fetch(SQL["orders"]), await tx.fetch(SQL["shipped_lines"])
        given = {(r["tenant_id"], r["order_no"]): r["credited"] for r in await tx.fetch(SQL["credited"])}
    shipped: dict[tuple[str, str], dict[str, Decimal]] = {}
    for n in lines:
        shipped.setdefault((n["tenant_id"], n["order_no"]), {})[n["line"]] = n["shipped"]
    return [
        Stored(
            o["tenant_id"], o["order_no"], o["customer_id"], o["po"], o["outcome"],
            shipped.get((o["tenant_id"], o["order_no"]), {}), o["invoiced"], o["paid"],
            given.get((o["tenant_id"], o["order_no"]), Decimal(0)),
        )
        for o in orders
    ]  # fmt: skip


async def told(db: Database, tenants: Sequence[str]) -> list[Told]:
    """The documents that partners were sent, in the order in which they were written."""
    async with db.transaction(*tenants) as tx:
        rows = await tx.fetch(SQL["told"])
    return [t for r in rows if (t := read_told(r, exactjson.loads(r["canonical"]))) is not None]


async def latency(db: Database, tenants: Sequence[str]) -> dict[str, Any]:
    """{orders, p50_s, p99_s}: real seconds from intake to release of the orders that nobody had to touch."""
    async with db.transaction(*tenants) as tx:
        row = await tx.fetchrow(SQL["latency"])
    return dict(row) if row else {}


async def problems(db: Database, tenants: Sequence[str]) -> list[str]:
    """Stuck or faulted instances, and dead letters: what would be a fault of ours."""
    async with db.transaction(*tenants) as tx:
        stuck, dead = await tx.fetch(SQL["stuck"]), await tx.fetch(SQL["dead_letters"])
    return [f"{r['tenant_id']} {r['business_key']} {r['name']} {r['status']}: {r['error']}" for r in stuck] + [
        f"dead letter {r['tenant_id']}/{r['seq']}: {r['reason']}" for r in dead
    ]
