"""Definitions that time starts: one durable row per tenant and name, written when a version is published.

Any worker looks, several times a second; the row is locked while its instance is started and its next time written,
all in one transaction. The instance's id is made of definition and scheduled time, so a time starts one instance,
whoever looks and however often. flow.schedules says which times are due, and what becomes of missed ones.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from crossdock import ids
from crossdock.db import Database, Tx, queries
from crossdock.engine.apart import guarded
from crossdock.events import correlation
from crossdock.events.inbox import business_now
from crossdock.flow import model
from crossdock.flow import schedules as rules
from crossdock.flow.program import Program

SQL = queries("crossdock.engine", "schedules.sql")

BATCH = 100  # schedules of one tenant in one transaction


async def put(tx: Tx, tenant_id: str, p: Program) -> None:
    """Makes the published version the one that time starts; a version without a schedule ends its predecessor's."""
    schedule = p.schedule
    if not schedule.timed:
        await tx.execute(SQL["remove"], tenant_id, p.namespace, p.name)
        return
    kind, rule = _written(schedule)
    due_at = rules.first(schedule, await business_now(tx))
    await tx.execute(
        SQL["put"], tenant_id, p.namespace, p.name, p.version, kind, rule, schedule.time_zone, schedule.misfire, due_at
    )


async def start_due(db: Database) -> int:
    """Starts what is due in any tenant. Returns how many instances."""
    started = 0
    for row in await db.pool.fetch("select crossdock.scheduled_tenants() as tenant_id"):
        with guarded(row["tenant_id"], "starting what is scheduled"):
            async with db.transaction(row["tenant_id"]) as tx:
                started += await _start(tx, row["tenant_id"])
    return started


async def _start(tx: Tx, tenant_id: str) -> int:
    now = await business_now(tx)
    for row in await tx.fetch(SQL["ended"], tenant_id):
        again = row["ended_at"] + timedelta(seconds=float(row["rule"]))
        await tx.execute(SQL["advance"], tenant_id, row["namespace"], row["name"], again, None, None)
    started = 0
    for row in await tx.fetch(SQL["due"], tenant_id, now, BATCH):
        with guarded(tenant_id, f"schedule of {row['namespace']}/{row['name']}"):
            async with tx.transaction():  # a savepoint: the tenant's other schedules go on
                started += await _start_one(tx, tenant_id, row, now)
    return started


async def _start_one(tx: Tx, tenant_id: str, row: Any, now: datetime) -> int:
    schedule = _read(row)
    found = rules.due(schedule, row["due_at"], now)
    instance_id, started = row["running"], 0
    for at in found.starts:
        key = (tenant_id, row["namespace"], row["name"])
        instance_id = ids.derived(*key, "schedule", at.isoformat())
        definition = (row["namespace"], row["name"], row["version"])
        given = rules.start_input(schedule, at)
        started += await correlation.start(tx, tenant_id, instance_id, definition, given, "", now)
    running = instance_id if schedule.after is not None else None
    last_at = found.starts[-1] if found.starts else None
    await tx.execute(SQL["advance"], tenant_id, row["namespace"], row["name"], found.next_at, last_at, running)
    return started


def _written(schedule: model.Schedule) -> tuple[str, str]:
    if schedule.cron is not None:
        return "cron", schedule.cron
    span = schedule.every if schedule.every is not None else schedule.after
    assert span is not None
    exact = Decimal(span // timedelta(microseconds=1)).scaleb(-6)
    return "every" if schedule.every is not None else "after", format(exact.normalize(), "f")


def _read(row: Any) -> model.Schedule:
    words = {"time_zone": row["time_zone"], "misfire": row["misfire"]}
    if row["kind"] == "cron":
        return model.Schedule(cron=row["rule"], **words)
    span = timedelta(microseconds=int(Decimal(row["rule"]).scaleb(6)))
    return model.Schedule(every=span, **words) if row["kind"] == "every" else model.Schedule(after=span, **words)
