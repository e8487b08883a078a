"""Clusters of open cases: how many, what is at risk, whose clock runs out first, and how they came in of late.

What is summed lies in an index by cause, so a list costs the same whether its rows are wide or narrow, and nothing has
to be kept in step with the cases. A cause is told when a case is opened; `tell` does it for those of before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from crossdock import exactjson
from crossdock.cases import casework, common
from crossdock.cases.clusters import cause
from crossdock.cases.clusters.cause import Cause
from crossdock.db import Database, Tx, queries
from crossdock.errors import NotFound

SQL = queries("crossdock.cases.clusters", "clusters.sql")
BATCH = 500
SPANS, SPAN = 24, timedelta(hours=1)  # of the sparkline


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """money: by currency. title, kind, queue: of one of its cases. under_way: cases that a fix has still to do, or that
    wait for its second person. opened: cases a span of time, the newest last."""

    key: str
    cause: Cause
    cases: int
    kind: str
    queue: str
    title: str
    severity: str
    money: dict[str, Decimal]
    due_at: datetime | None
    oldest_at: datetime
    newest_at: datetime
    breached: int
    free: int
    under_way: int = 0
    opened: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """clusters, alone, cases: of all that the filter means; total: of what is listed."""

    items: Sequence[Cluster]
    total: int
    clusters: int
    alone: int
    cases: int


async def find(
    tx: Tx, tenant_id: str, now: datetime, *, kind: str | None = None, queue: str | None = None, alone: bool = False,
    limit: int = 50, offset: int = 0,
) -> Found:  # fmt: skip
    """The largest first; of those alone, the most urgent."""
    rows = await tx.fetch(SQL["find"], tenant_id, kind, queue, now, alone, limit, offset)
    first = rows[0]
    listed = [r for r in rows if r["cause_key"] is not None]
    spark = await _opened(tx, tenant_id, [r["cause_key"] for r in listed], now)
    return Found(
        items=[_cluster(r["cause_key"], r, spark) for r in listed], total=first["total"], clusters=first["clusters"],
        alone=first["alone"], cases=first["cases"],
    )  # fmt: skip


async def one(tx: Tx, tenant_id: str, key: str, now: datetime) -> Cluster:
    """Raises NotFound when no open case has this cause (any more)."""
    row = await tx.fetchrow(SQL["one"], tenant_id, key, now)
    if row is None or not row["n"]:
        raise NotFound("No open case has this cause (any more).")
    return _cluster(key, row, await _opened(tx, tenant_id, [key], now))


async def members(tx: Tx, tenant_id: str, key: str, *, limit: int = 100, offset: int = 0) -> list[casework.Case]:
    """Its open cases, the most urgent first."""
    return [casework.case_of(r) for r in await tx.fetch(SQL["members"], tenant_id, key, limit, offset)]


def _cluster(key: str, row: Any, spark: dict[str, list[int]]) -> Cluster:
    amounts: list[tuple[str, str | None]] = common.json_of(row["money"]) or []
    money = {currency: Decimal(amount) for currency, amount in amounts if amount is not None}
    return Cluster(
        key=key, cause=msgspec.convert(common.json_of(row["cause"]), Cause), cases=row["n"], kind=row["kind"],
        queue=row["queue"], title=row["title"], severity=row["severity"], money=money, due_at=row["due_at"],
        oldest_at=row["oldest_at"], newest_at=row["newest_at"], breached=row["breached"], free=row["free"],
        under_way=row["under_way"], opened=tuple(spark.get(key, [0] * SPANS)),
    )  # fmt: skip


async def _opened(tx: Tx, tenant_id: str, keys: Sequence[str], now: datetime) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for row in await tx.fetch(SQL["opened"], tenant_id, list(keys), now, SPANS, int(SPAN.total_seconds())):
        counts = found.setdefault(row["cause_key"], [0] * SPANS)
        counts[min(max(row["bucket"], 1), SPANS) - 1] += row["n"]
    return found


# ── telling causes ───────────────────────────────────────────────────────────────────────────────────────────────


async def tell(tx: Tx, tenant_id: str, *, most: int = BATCH) -> int:
    """Tells the causes of open cases that have none; returns of how many."""
    rows = await tx.fetch(SQL["untold"], tenant_id, most)
    for r in rows:
        found = cause.of(
            r["kind"], customer=r["customer_id"] or r["customer"], reason=r["reason"], detail=r["detail"],
            evidence=common.json_of(r["evidence"]), data=common.json_of(r["data"]),
        )  # fmt: skip
        await mark(tx, tenant_id, r["case_id"], found)
    return len(rows)


async def mark(tx: Tx, tenant_id: str, case_id: UUID, found: Cause) -> None:
    await tx.execute(casework.SQL["cause"], tenant_id, case_id, found.key, exactjson.text(found))


async def tenants_due(db: Database) -> list[str]:
    return [r[0] for r in await db.pool.fetch("select * from crossdock.clusters_due()")]
