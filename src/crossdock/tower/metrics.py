"""Numbers for Prometheus: technical series of every process, business series of one tenant.

Processes keep a snapshot of their own series in a row each; the one that is asked adds them up. Business figures are
counted in the asker's own tenant, so that no tenant learns how much another one does.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, TypeAlias

import msgspec

from crossdock import telemetry
from crossdock.db import Database, Tx, queries
from crossdock.telemetry import Family

SQL = queries("crossdock.tower", "metrics.sql")

FRESH = timedelta(minutes=1)
# Counted by each process over all tenants: left out, and given for the one tenant instead.
BUSINESS = frozenset(
    {
        "crossdock_documents_received", "crossdock_orders_received", "crossdock_orders_finished",
        "crossdock_order_cycle_seconds", "crossdock_release_seconds", "crossdock_cases_opened",
        "crossdock_approvals_asked",
    }
)  # fmt: skip

# name, help, column of the query `work`
WORK = (
    ("approvals_pending", "Approvals waiting", "approvals"),
    ("holds_active", "Active holds", "holds"),
    ("incidents_open", "Open incidents", "incidents"),
    ("alerts_firing", "Alerts firing", "alerts"),
    ("outbox_events", "Events not handed on yet", "outbox"),
    ("dead_letters", "Events that could not be handed on", "dead_letters"),
    ("instances_open", "Instances that have not ended", "instances"),
    ("timers", "Timers set", "timers"),
)

Sample: TypeAlias = tuple[dict[str, str], float]


async def keep(db: Database, process: str) -> None:
    """Stores this process's series; called every few seconds. process: a name that no other live process has."""
    await db.pool.execute(SQL["keep"], process, telemetry.snapshot().decode())
    await db.pool.execute(SQL["forget"])


async def exposition(tx: Tx, tenant_id: str, process: str, now: datetime, today: date) -> str:
    """The Prometheus text. process: the one that answers, whose own series are taken as they are now."""
    others = [str(r["body"]).encode() for r in await tx.fetch(SQL["others"], process, FRESH)]
    technical = [_technical(s) for s in (telemetry.snapshot(), *others)]
    return telemetry.exposition([*technical, msgspec.json.encode(await business(tx, tenant_id, now, today))])


def _technical(snapshot: bytes) -> bytes:
    families = msgspec.json.decode(snapshot, type=list[Family])
    return msgspec.json.encode([f for f in families if f.name not in BUSINESS])


async def business(tx: Tx, tenant_id: str, now: datetime, today: date) -> list[Family]:
    """The tenant's own figures, as they are now."""
    orders = await tx.fetch(SQL["orders"], tenant_id, today)
    channels = await tx.fetch(SQL["channels"], tenant_id)
    cases = await tx.fetch(SQL["cases"], tenant_id)
    work = await tx.fetchrow(SQL["work"], tenant_id)
    assert work is not None
    ended: dict[str, int] = {}
    for r in orders:
        ended[r["outcome"] or "open"] = ended.get(r["outcome"] or "open", 0) + r["orders"]
    return [
        _gauge("crossdock_orders", "Orders by outcome", [({"outcome": k}, v) for k, v in sorted(ended.items())]),
        _gauge("crossdock_orders_by_channel", "Orders by channel", _each(channels, "orders", "channel")),
        _gauge("crossdock_orders_open", "Open orders", [({}, ended.get("open", 0))]),
        _gauge("crossdock_orders_late", "Open orders past their day", [({}, sum(r["late"] for r in orders))]),
        _gauge("crossdock_invoiced_value", "Invoiced, with tax", _each(orders, "invoiced", "currency")),
        _gauge("crossdock_paid_value", "Paid", _each(orders, "paid", "currency")),
        _gauge("crossdock_cases_open", "Open exceptions", _each(cases, "cases", "kind", "severity")),
        *(_gauge(f"crossdock_{name}", help_, [({}, work[column])]) for name, help_, column in WORK),
    ]


def _each(rows: Sequence[Any], column: str, *labels: str) -> list[Sample]:
    """One sample for each set of labels, which several rows may share."""
    sums: dict[tuple[str, ...], float] = {}
    for row in rows:
        key = tuple(str(row[label]) for label in labels)
        sums[key] = sums.get(key, 0.0) + float(row[column])
    return [(dict(zip(labels, key, strict=True)), value) for key, value in sorted(sums.items())]


def _gauge(name: str, help_: str, samples: Sequence[Sample]) -> Family:
    return Family(name=name, help=help_, kind="gauge", samples=[(name, labels, float(v)) for labels, v in samples])
