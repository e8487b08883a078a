"""Silence and refusal: documents of which nothing is said in time, or something bad, each become one case.

The partners know no cases; who runs this says how one is opened and closed. A late acknowledgement closes it again.
"""

from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import asyncpg

from crossdock.db import Database, Tx
from crossdock.partners.sending import store
from crossdock.partners.sending.states import State
from crossdock.partners.sending.store import SQL


class Desk(Protocol):
    """Where people work. `document`: as store.one gives it."""

    async def open(self, tx: Tx, tenant_id: str, document: dict[str, Any], now: datetime) -> UUID: ...

    async def close(self, tx: Tx, tenant_id: str, case_id: UUID, what: str, now: datetime) -> None: ...


async def due(tx: Tx, tenant_id: str, desk: Desk, now: datetime) -> int:
    """Returns how many cases were opened and closed."""
    await tx.execute(SQL["overdue"], tenant_id, now)
    rows = await tx.fetch(SQL["attention"], tenant_id)
    for row in rows:
        document_id, case_id = row["document_id"], row["case_id"]
        if row["attention"] == "open":
            case_id = await desk.open(tx, tenant_id, await store.one(tx, tenant_id, document_id), now)
        elif case_id is not None:
            what = "reissued" if row["state"] == State.REPLACED else "acknowledged"
            await desk.close(tx, tenant_id, case_id, f"closed: the document was {what}", now)
        await tx.execute(SQL["attended"], tenant_id, document_id, case_id)
    return len(rows)


async def run_due(db: Database, desk: Desk, now: datetime) -> int:
    """`due` for each tenant that has something due, in a transaction each."""
    done = 0
    for row in await db.pool.fetch("select tenant_id from crossdock.sending_due() where due_at <= $1", now):
        try:
            async with db.transaction(row["tenant_id"]) as tx:
                done += await due(tx, row["tenant_id"], desk, now)
        except asyncpg.DeadlockDetectedError:
            continue  # rolled back whole: the next look finds the same work
    return done


async def next_due(db: Database) -> datetime | None:
    """When `run_due` next has something to do: simulated time may jump there."""
    return await db.pool.fetchval("select min(due_at) from crossdock.sending_due()")
