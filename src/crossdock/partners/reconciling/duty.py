"""Comparing what has something new, and telling people: one case a chain, which follows what is found.

The partners know no cases; who runs this says how one is opened, told anew and closed. A case that a person closed is
left closed until something else is found.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, time
from typing import Any, Protocol
from uuid import UUID

import asyncpg

from crossdock import exactjson
from crossdock.db import Database, Tx
from crossdock.partners.reconciling import store
from crossdock.partners.reconciling.model import Comparison, Difference
from crossdock.partners.reconciling.store import SQL

BATCH = 100


class Desk(Protocol):
    """Where people work. chain: a row of crossdock.chain; found: what disagrees, at least one."""

    async def open(
        self, tx: Tx, tenant_id: str, chain: Any, found: Sequence[Difference], compared: Comparison, now: datetime
    ) -> UUID: ...

    async def close(self, tx: Tx, tenant_id: str, case_id: UUID, what: str, now: datetime) -> None: ...


async def look(tx: Tx, tenant_id: str, chain: Any, desk: Desk, now: datetime) -> Comparison:
    """Compares one locked chain, and opens, tells anew or closes its case."""
    compared, _ = await store.compared(tx, tenant_id, chain, now.astimezone(UTC).date())
    found = [d for d in compared.differences if not d.told]
    digest = hashlib.sha256(exactjson.canonical(store.plain(found))).hexdigest() if found else ""
    case_id: UUID | None = chain["case_id"]
    if found and digest != chain["told"]:
        if case_id is not None:
            await desk.close(tx, tenant_id, case_id, "closed: other documents came; see the case after it", now)
        case_id = await desk.open(tx, tenant_id, chain, found, compared, now)
    elif not found and chain["told"] and case_id is not None:
        await desk.close(tx, tenant_id, case_id, "closed: a later document cleared the differences", now)
    look_at = datetime.combine(compared.again_on, time(), UTC) if compared.again_on is not None else None
    await tx.execute(
        SQL["compared"],
        *(tenant_id, chain["document_id"], compared.state, compared.money),
        *(exactjson.text(store.plain(compared.differences)), now, look_at, case_id, digest),
    )
    return compared


async def due(tx: Tx, tenant_id: str, desk: Desk, now: datetime) -> int:
    rows = await tx.fetch(SQL["due"], tenant_id, now, BATCH)
    for row in rows:
        await look(tx, tenant_id, row, desk, now)
    return len(rows)


async def run_due(db: Database, desk: Desk, now: datetime) -> int:
    """`due` for each tenant that has something due; returns how many chains were compared."""
    done = 0
    for row in await db.pool.fetch("select tenant_id from crossdock.chain_due() where due_at <= $1", now):
        count = BATCH
        while count == BATCH:
            try:
                async with db.transaction(row["tenant_id"]) as tx:
                    count = await due(tx, row["tenant_id"], desk, now)
            except asyncpg.DeadlockDetectedError:
                break  # rolled back whole: the next look finds the same work
            done += count
    return done


async def next_due(db: Database) -> datetime | None:
    """When `run_due` next has something to do: simulated time may jump there."""
    return await db.pool.fetchval("select min(due_at) from crossdock.chain_due()")


async def of(tx: Tx, tenant_id: str, order: str, desk: Desk, now: datetime) -> list[tuple[Any, Comparison]]:
    """Compares the chains of an order number, ours or the buyer's, now."""
    rows = await tx.fetch(SQL["of_order_locked"], tenant_id, order)
    return [(row, await look(tx, tenant_id, row, desk, now)) for row in rows]


async def since(tx: Tx, tenant_id: str, when: datetime, desk: Desk, now: datetime) -> list[tuple[Any, Comparison]]:
    """Compares each chain that a document has joined since then."""
    rows = await tx.fetch(SQL["since"], tenant_id, when)
    return [(row, await look(tx, tenant_id, row, desk, now)) for row in rows]
