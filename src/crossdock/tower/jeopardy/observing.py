"""Which events may change what is to be expected of an order: its row is looked at anew, soon after. A projection."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from crossdock.db import Tx, queries

SQL = queries("crossdock.tower.jeopardy", "jeopardy.sql")

PREFIX = "crossdock."
HEARD = frozenset(
    {
        "order.received", "order.validated", "order.priced", "order.credit-cleared", "order.allocated",
        "order.backordered", "order.released", "order.shipped", "order.invoiced", "order.delivered", "order.changed",
        "order.closed", "order.cancelled", "order.rejected", "backorder.released", "backorder.closed",
        "shipment.picked", "supplier.delayed", "tracking.exception", "milestone.reached",
    }
)  # fmt: skip


async def observe(tx: Tx, tenant_id: str, events: Sequence[tuple[int, Mapping[str, Any]]]) -> None:
    """The relay's projection, after that of the order view."""
    heard: dict[str, str] = {}
    for _, event in events:
        what = str(event["type"]).removeprefix(PREFIX)
        if what in HEARD and (order := _order(event)):
            heard[order] = what
    if heard:
        orders = sorted(heard)  # always in one order, so that no two wait for each other
        await tx.execute(SQL["mark"], tenant_id, orders, [heard[o] for o in orders])


def _order(event: Mapping[str, Any]) -> str:
    given = event.get("data")
    named = cast("Mapping[str, Any]", given).get("order") if isinstance(given, Mapping) else None
    return named if isinstance(named, str) else str(event.get("subject") or "")
