"""Silence becomes a case when a window closes, and the case closes itself when the answer comes after all.

A worker looks at each turn of its duties. Every tenant with something due has its turn, a batch each, until nobody has
any left: one partner network that falls silent at once keeps no other tenant waiting. Partners know no cases; who runs
this says how one is opened and closed.
"""

from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import asyncpg

from crossdock.db import Database, Tx
from crossdock.partners.agreements import expectations
from crossdock.partners.agreements.expectations import SQL, State

BATCH = 100
MOST_ROUNDS = 20  # of one look; the next turn of the duties goes on


class Desk(Protocol):
    """Where people work. `awaited`: as expectations.one gives it."""

    async def missing(self, tx: Tx, tenant_id: str, awaited: dict[str, Any], now: datetime) -> UUID: ...

    async def close(self, tx: Tx, tenant_id: str, case_id: UUID, what: str, now: datetime) -> None: ...


async def due(tx: Tx, tenant_id: str, desk: Desk, now: datetime) -> int:
    """One batch: state and case are one transaction. Returns how many cases were opened and closed."""
    rows = await tx.fetch(SQL["due"], tenant_id, now, BATCH)
    for row in rows:
        awaited = await expectations.one(tx, tenant_id, row["expectation_id"])
        case_id = await desk.missing(tx, tenant_id, awaited, now)
        await tx.execute(SQL["overdue"], tenant_id, row["expectation_id"], case_id)
    ended = await tx.fetch(SQL["closing"], tenant_id, BATCH)
    for row in ended:
        what = "cancelled" if row["state"] == State.CANCELLED else "fulfilled late"
        await desk.close(tx, tenant_id, row["case_id"], f"closed: the {row['document']} was {what}", now)
        await tx.execute(SQL["closed"], tenant_id, row["expectation_id"])
    return len(rows) + len(ended)


async def run_due(db: Database, desk: Desk, now: datetime) -> int:
    """A batch of each tenant in turn, in a transaction each, until nothing is due."""
    done = 0
    for _ in range(MOST_ROUNDS):
        tenants = await db.pool.fetch("select tenant_id from crossdock.expectation_due() where due_at <= $1", now)
        found = 0
        for row in tenants:
            try:
                async with db.transaction(row["tenant_id"]) as tx:
                    found += await due(tx, row["tenant_id"], desk, now)
            except asyncpg.DeadlockDetectedError:
                continue  # rolled back whole: the next look finds the same work
        done += found
        if not found:
            break
    return done


async def next_due(db: Database) -> datetime | None:
    """When `run_due` next has something to do: simulated time may jump there."""
    return await db.pool.fetchval("select min(due_at) from crossdock.expectation_due()")
