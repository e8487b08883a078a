"""How long things usually take: steps of orders by site, in open hours, and stages of processes for the board.

Of each (step, site) the last SAMPLES orders count, and each day they are others: what was usual in spring is not in
autumn. The middle is what a forecast goes by; nine in ten is beside it on the board. Learned at most once in a while,
and only where something new has happened. Stages that were left long ago are forgotten, a bounded number at a time.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from statistics import quantiles

from crossdock.cases import calendars
from crossdock.db import Database, Tx, queries
from crossdock.rules import businesstime
from crossdock.rules.businesstime import NeverOpen, TooFar
from crossdock.rules.calendars import AROUND_THE_CLOCK, Calendar

SQL = queries("crossdock.tower.jeopardy", "learning.sql")

SAMPLES = 200
LEAST = 5  # below it nothing is kept
EVERY = timedelta(minutes=30)  # of business time
STEPS = ("validated", "credit", "released", "picked", "shipped", "invoiced")
MILESTONES = "milestones"
KEEP = timedelta(days=35)
FORGET_AT_ONCE = 20_000


async def run_due(db: Database, now: datetime) -> int:
    """Learns for each tenant that has not learned lately; returns how many figures were learned."""
    learned = 0
    for tenant_id in await db.tenant_ids():
        async with db.transaction(tenant_id) as tx:
            last = await tx.fetchval(SQL["last"], tenant_id)
            if last is None or now - last >= EVERY:
                learned += await learn(tx, tenant_id, now)
    return learned


async def learn(tx: Tx, tenant_id: str, now: datetime) -> int:
    at = {s.calendar.name: s.calendar for s in await calendars.every(tx, tenant_id)}
    taken: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for row in await tx.fetch(SQL["orders"], tenant_id, SAMPLES):
        calendar = at.get(f"site/{row['site']}") or at.get("default") or AROUND_THE_CLOCK
        whole = (row["till"] - row["since"]).total_seconds()
        open_s = _open_s(calendar, row["since"], row["till"])
        for site in {row["site"], ""}:
            taken.setdefault((row["step"], site), []).append((whole, open_s))
    written = [
        (tenant_id, MILESTONES, step, site, len(spans), *_middle(w for w, _ in spans),
         _middle(o for _, o in spans)[0], now)
        for (step, site), spans in taken.items()
        if len(spans) >= LEAST
    ]  # fmt: skip
    if written:
        await tx.executemany(SQL["keep"], written)
    stages = await tx.fetchval(SQL["stages"], tenant_id, now, SAMPLES, LEAST)
    await tx.execute(SQL["mark"], tenant_id, now)
    await tx.execute(SQL["forget"], tenant_id, now - KEEP, FORGET_AT_ONCE)
    return len(written) + int(stages)


def _open_s(calendar: Calendar, since: datetime, till: datetime) -> float:
    try:
        return max(0.0, businesstime.between(calendar, since, till).total_seconds())
    except (NeverOpen, TooFar):
        return (till - since).total_seconds()


def _middle(values: Iterable[float]) -> tuple[float, float]:
    """(p50, p90). At least two values."""
    tenths = quantiles(list(values), n=10, method="inclusive")
    return tenths[4], tenths[8]
