"""Backorders that wait for goods, and goods that come: who gets them.

An order that is short waits by its row. Goods that came are divided once, whoever they were bought for: those who wait
are ranked by a decision table, the arithmetic is crossdock.rules.shortages, and each order that gets some is told by
`crossdock.stock.assigned`. An order that ends gives back what it was given and did not use, as goods that came.
"""

from datetime import date
from decimal import Decimal
from typing import Any

from crossdock.cases import common
from crossdock.cases.common import Arguments, Misuse
from crossdock.db import Tx, queries
from crossdock.events import envelope, inbox
from crossdock.flow.outcomes import Begun, Done, Invocation
from crossdock.rules import shortages

SQL = queries("crossdock.cases", "shortages.sql")
SOURCE = "/crossdock/shortages"


class Wait:
    """Lines of an order begin to wait, or more of them does; or only the day that was promised changes."""

    async def start(self, tx: Tx, call: Invocation) -> Begun:
        try:
            a = Arguments(call.arguments)
            order, promised = a.text("order"), _day(a, "promised_on")
            lines = [(str(n["line"]), str(n["sku"]), Decimal(n["quantity"])) for n in a.json("lines", [])]
            customer, tier = a.text("customer", ""), a.text("tier", "")
        except (Misuse, KeyError, TypeError, ArithmeticError) as e:
            return common.misused("shortage-wait", e if isinstance(e, Misuse) else Misuse(f"lines: {e!r}"))
        for line, sku, quantity in lines:
            if quantity > 0:
                await tx.execute(
                    SQL["wait"], call.tenant_id, order, line, sku, quantity, customer, tier, promised, call.now
                )
        if promised is not None:
            await tx.execute(SQL["promise"], call.tenant_id, order, promised)
        return Done({"order": order, "waiting": len(lines)})


class Queue:
    """Who waits for an item, with what the table that ranks them is asked about."""

    async def start(self, tx: Tx, call: Invocation) -> Begun:
        try:
            sku = Arguments(call.arguments).text("sku")
        except Misuse as e:
            return common.misused("shortage-queue", e)
        return Done({"waiting": [_shown(r, call) for r in await tx.fetch(SQL["queue"], call.tenant_id, sku)]})


class Assign:
    """Divides goods that came, once; the same arrival again is told what the first one came to."""

    async def start(self, tx: Tx, call: Invocation) -> Begun:
        try:
            a = Arguments(call.arguments)
            arrival, sku, site = a.text("arrival"), a.text("sku"), a.text("site")
            quantity, ranks = a.amount("quantity"), a.json("ranks", [])
            if quantity is None or quantity <= 0:
                raise Misuse(f"expected `quantity` above 0, found {quantity}")
            await tx.execute(SQL["lock"], call.tenant_id, sku)
            new = await tx.fetchval(SQL["arrive"], call.tenant_id, arrival, sku, site, quantity, call.now)
            if new is not None:
                waiting = [_shown(r, call) for r in await tx.fetch(SQL["queue"], call.tenant_id, sku)]
                await _give(tx, call, arrival, sku, site, shortages.share(quantity, waiting, ranks)["given"])
        except Misuse as e:
            return common.misused("shortage-assign", e)
        except (KeyError, TypeError, ValueError) as e:
            return common.misused("shortage-assign", Misuse(f"ranks: {e!r}"))
        rows = await tx.fetch(SQL["given"], call.tenant_id, arrival)
        given = [
            {"order": r["order_no"], "line": r["line"], "quantity": r["quantity"], "rank": r["rank"]} for r in rows
        ]
        return Done({"given": given, "left": quantity - sum((r["quantity"] for r in rows), Decimal(0))})


class Use:
    """What an order was given of an arrival has left with a shipment: it is not given to others any more."""

    async def start(self, tx: Tx, call: Invocation) -> Begun:
        try:
            a = Arguments(call.arguments)
            order, arrival = a.text("order"), a.text("arrival")
        except Misuse as e:
            return common.misused("shortage-use", e)
        await tx.execute(SQL["use"], call.tenant_id, order, arrival)
        return Done({"order": order})


class Leave:
    """An order waits no more. What it was given and did not use comes to the next who waits."""

    async def start(self, tx: Tx, call: Invocation) -> Begun:
        try:
            order = Arguments(call.arguments).text("order")
        except Misuse as e:
            return common.misused("shortage-leave", e)
        await tx.execute(SQL["leave"], call.tenant_id, order)
        back = await tx.fetch(SQL["return"], call.tenant_id, order)
        for n, r in enumerate(back):
            data = {"order": "", "supplier_order": f"{order} gave it back", **dict(r)}
            await _tell(tx, call, "crossdock.stock.arrived", order, f"{order}/{call.key}/{n}", data)
        return Done({"given_back": [dict(r) for r in back]})


async def _give(tx: Tx, call: Invocation, arrival: str, sku: str, site: str, given: list[dict[str, Any]]) -> None:
    by_order: dict[str, Decimal] = {}
    for g in given:
        order, line, quantity = g["order"], g["line"], g["quantity"]
        await tx.execute(SQL["assign"], call.tenant_id, arrival, order, line, sku, site, quantity, g["rank"])
        await tx.execute(SQL["served"], call.tenant_id, order, line, quantity)  # the whole of it, else some
        await tx.execute(SQL["less"], call.tenant_id, order, line, quantity)
        by_order[order] = by_order.get(order, Decimal(0)) + quantity
    for order, quantity in by_order.items():
        data = {"order": order, "arrival": arrival, "sku": sku, "site": site, "quantity": quantity}
        await _tell(tx, call, "crossdock.stock.assigned", order, f"{arrival}/{order}", data)


async def _tell(tx: Tx, call: Invocation, kind: str, subject: str, ident: str, data: dict[str, Any]) -> None:
    event = envelope.make(kind, subject=subject, data=data, now=call.now, source=SOURCE, id=ident)
    await inbox.receive(tx, call.tenant_id, event)


def _shown(r: Any, call: Invocation) -> dict[str, Any]:
    promised: date | None = r["promised_on"]
    return {
        "order": r["order_no"], "line": r["line"], "quantity": r["quantity"], "customer": r["customer_id"],
        "tier": r["tier"], "promised_on": promised and promised.isoformat(), "since": r["since"].isoformat(),
        "days_late": (call.now.date() - promised).days if promised else 0, "waiting_days": (call.now - r["since"]).days,
    }  # fmt: skip


def _day(a: Arguments, name: str) -> date | None:
    text = a.optional(name)
    try:
        return date.fromisoformat(text[:10]) if text else None
    except ValueError:
        raise Misuse(f"expected `{name}` as 2026-03-31, found {text!r}") from None
