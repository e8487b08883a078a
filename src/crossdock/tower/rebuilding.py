"""Makes the order view anew from the event log while it serves: some orders at a time, each in one transaction.

A reader sees an order as it was or as it is made anew, never without it. The relay waits for at most one batch: both
take the relay's lock on the tenant, so that no event is counted twice or missed. It may be stopped and begun again at
any time.
"""

from collections.abc import Callable
from dataclasses import dataclass

from crossdock import exactjson
from crossdock.db import Database, Tx, queries
from crossdock.events.relay import LOCK_SPACE
from crossdock.tower import projection

SQL = queries("crossdock.tower", "rebuilding.sql")

AT_ONCE = 100  # orders: the relay waits for them, some tenths of a second


@dataclass(frozen=True, slots=True)
class Done:
    orders: int
    events: int


async def rebuild(
    db: Database, tenant_id: str, *, at_once: int = AT_ONCE, told: Callable[[Done], None] = lambda _: None
) -> Done:
    """Every order that was ever received. told: after each batch."""
    done, after = Done(0, 0), ""
    while True:
        async with db.transaction(tenant_id) as tx:
            orders = [r["subject"] for r in await tx.fetch(SQL["orders"], tenant_id, after, at_once)]
            if not orders:
                return done
            await tx.execute(SQL["lock"], LOCK_SPACE, tenant_id)
            done = Done(done.orders + len(orders), done.events + await _some(tx, tenant_id, orders))
        after = orders[-1]
        told(done)


async def _some(tx: Tx, tenant_id: str, orders: list[str]) -> int:
    rows = await tx.fetch(SQL["events"], tenant_id, orders)
    await tx.execute(SQL["forget"], tenant_id, orders, [r["seq"] for r in rows])
    events = [(r["seq"], exactjson.loads(r["body"])) for r in rows]
    await projection.project(tx, tenant_id, events, tell=False)
    return len(rows)
