"""Handing over: a partner collects what is offered, or finds it in a folder.

Offered documents stay offered until somebody says that he has them, so a pull that breaks off loses nothing. A folder
gets each file whole or not at all: it is written under a hidden name, flushed, and renamed. A file of the same name is
the same document, offered again.
"""

import os
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from crossdock.db import Database, Tx
from crossdock.errors import NotFound
from crossdock.partners.sending import store
from crossdock.partners.sending.states import Move, State, after
from crossdock.partners.sending.store import SQL

BATCH = 100


async def waiting(tx: Tx, tenant_id: str, partner_id: str | None, limit: int = BATCH) -> list[Any]:
    """Rows with their bytes, oldest first. partner_id None: of all."""
    return list(await tx.fetch(SQL["waiting"], tenant_id, partner_id, limit))


async def collected(
    tx: Tx, tenant_id: str, document_id: UUID, channel: str, now: datetime, *, partner_id: str | None = None
) -> None:
    """The partner has it; saying so twice changes nothing. Raises NotFound, also when it is another partner's."""
    row = await tx.fetchrow(SQL["locked"], tenant_id, document_id)
    if row is None or (partner_id is not None and row["partner_id"] != partner_id):
        raise NotFound("No such document in the outbox.")
    then = after(State(row["state"]), Move.COLLECTED)
    if then is None:
        return
    # the time to answer counts from now on: before, there was nothing to read
    deadline = row["deadline"]
    if deadline and row["tries"] == 1:
        deadline = await store.due_again(tx, tenant_id, row, now)
    await tx.execute(
        SQL["move"],
        *(tenant_id, document_id, then, now, row["answered_at"], deadline, row["tries"], row["attention"]),
    )
    await tx.execute(SQL["collected"], tenant_id, document_id, row["tries"], now, channel)


async def deliver(db: Database, tenant_id: str, folder: Path, now: datetime, partner_id: str | None = None) -> int:
    """Puts everything offered into a folder, `PARTNER/FILE`; returns how many. A crash between file and commit puts
    the same file there again."""
    done = 0
    while True:
        async with db.transaction(tenant_id) as tx:
            rows = await waiting(tx, tenant_id, partner_id)
            for row in rows:
                _put(folder / row["partner_id"], row["filename"], row["bytes"])
                await collected(tx, tenant_id, row["document_id"], "folder", now)
        done += len(rows)
        if len(rows) < BATCH:
            return done


def _put(folder: Path, name: str, raw: bytes) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    hidden = folder / f".{name}.part"
    with hidden.open("wb") as f:
        f.write(raw)
        f.flush()
        os.fsync(f.fileno())
    hidden.rename(folder / name)
