"""The events that handed-over cases wait for: noted where events are handed on, acted upon by `jobs.run_due`.

Noting is all that is done in the relay's transaction: acting answers processes, and takes locks that a relay must not
hold while it serves the others.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from crossdock.cases.fixes.carrying import SQL
from crossdock.db import Tx


async def observe(tx: Tx, tenant_id: str, events: Sequence[tuple[int, Mapping[str, Any]]]) -> None:
    told = [(str(e["type"]), str(e.get("subject") or ""), str(e["id"])) for _, e in events]
    told = [t for t in told if t[1]]
    if told:
        await tx.execute(SQL["came"], tenant_id, *(list(column) for column in zip(*told, strict=True)))
