"""Approvals that stand after a failure, and holds before each step, on the durable host."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from crossdock.cases import approvals, asking, holds, messages
from crossdock.cases import functions as people
from crossdock.cases.hooks import People
from crossdock.engine import operations
from crossdock.engine.definitions import Programs
from crossdock.engine.operations import Command, Kind
from crossdock.engine.operations.command import Repeat
from crossdock.flow.facts import Error
from crossdock.flow.outcomes import Failed
from crossdock.policy import Principal, Role

from .conftest import MORNING, TENANT, Host, Remote

DOWN = Failed(Error("https://crossdock.dev/errors/refused", 422, "Refused", "the ERP does not take it"))

CREDIT = """document: {dsl: '1.0.3', namespace: test, name: credit, version: '1.0.0'}
do:
  - ask:
      call: approval@crossdock
      with: {kind: credit, title: Credit for ACME, amount: '${ .total }', currency: EUR, data: {total: '${ .total }'}}
      export: {as: '${ . }'}
  - book:
      call: erp.book@crossdock
      with: {site: M}
"""

ORDER = """document: {dsl: '1.0.3', namespace: test, name: order, version: '1.0.0'}
do:
  - beforePicking:
      call: hold@crossdock
      with: {customer: C-1, partner: acme, items: [A-1], copy_of: '${ $workflow.input.copy_of }'}
  - pick: {call: wms.pick@crossdock, with: {site: north}}
  - beforeInvoicing:
      call: hold@crossdock
      with: {customer: C-1, partner: acme, items: [A-1], sites: [north], copy_of: '${ $workflow.input.copy_of }'}
  - invoice: {call: erp.invoice@crossdock, with: {site: north}}
"""
WHO = Principal(name="bo", role=Role.APPROVER, tenant_id=TENANT)


class Shop:
    def __init__(self, host: Host) -> None:
        self.host = host
        self.book, self.pick, self.invoice = Remote(), Remote(system="wms"), Remote()
        host.functions = {
            **people.catalogue(asking.shipped(), messages.load()), "erp.book": self.book, "wms.pick": self.pick,
            "erp.invoice": self.invoice,
        }  # fmt: skip
        host.hooks = People()

    async def asked(self) -> list[approvals.Approval]:
        async with self.host.db.transaction(TENANT) as tx:
            return list((await approvals.find(tx, TENANT)).items)

    async def decide(self) -> None:
        async with self.host.db.transaction(TENANT) as tx:
            [one] = (await approvals.find(tx, TENANT, status="pending")).items
            await approvals.decide(tx, TENANT, one.approval_id, WHO, "approved", MORNING, hash=one.hash)

    async def operate(self, instance: UUID, kind: Kind, **more: Any) -> None:
        async with self.host.db.transaction(TENANT) as tx:
            await operations.perform(tx, TENANT, instance, Command(kind=kind, **more), "ana", Programs(), People())

    async def place(self, scope: str, key: str, **more: Any) -> holds.Hold:
        async with self.host.db.transaction(TENANT) as tx:
            return await holds.place(
                tx, TENANT, scope, key, kind="commercial", reason="x", by="cora", now=MORNING, **more
            )

    async def release(self, hold: holds.Hold) -> int:
        async with self.host.db.transaction(TENANT) as tx:
            _, resumed = await holds.release(tx, TENANT, hold.hold_id, "cora", "settled", MORNING)
        await self.host.run()
        return resumed

    async def order(self, key: str = "SO-1", copy_of: list[str] | None = None) -> UUID:
        started = await self.host.start(await self.host.publish(ORDER), {"copy_of": copy_of or []}, key)
        await self.host.run()
        return started

    @property
    def did(self) -> tuple[int, int]:
        return len(self.pick.asked), len(self.invoice.asked)


@pytest.fixture
def shop(host: Host) -> Shop:
    return Shop(host)


# ── approvals ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("way", ["retry", "restart", "again"])
async def test_a_technical_failure_after_an_approval_asks_nobody_again(shop: Shop, way: str) -> None:
    """The failed step is retried; the process is restarted from before the approval; the order is run anew."""
    shop.book.performed.append(DOWN)
    credit = await shop.host.publish(CREDIT)
    first = await shop.host.start(credit, {"total": 100})
    await shop.host.run()
    await shop.decide()
    await shop.host.run()
    assert (await shop.host.instance(first))["status"] == "faulted"
    match way:
        case "retry":
            await shop.operate(first, Kind.RETRY)
            run = first
        case "restart":
            await shop.operate(first, Kind.RESTART, at="ask", repeat=Repeat.ALL)
            run = first
        case _:
            run = await shop.host.start(credit, {"total": 100})
    await shop.host.run()
    assert (await shop.host.instance(run))["status"] == "completed"
    [asked] = await shop.asked()
    assert (asked.status, asked.decided_by) == ("approved", "bo")
    assert len(shop.book.asked) == 2
    if way != "retry":
        [output] = await shop.host.rows(
            "select output from crossdock.call where function = 'approval' and instance_id = $1 "
            "order by called_at desc, at desc limit 1", run,
        )  # fmt: skip
        assert '"stands":true' in output["output"].replace(" ", "")


async def test_a_changed_order_is_asked_about_again(shop: Shop) -> None:
    credit = await shop.host.publish(CREDIT)
    await shop.host.start(credit, {"total": 100})
    await shop.host.run()
    await shop.decide()
    await shop.host.run()
    await shop.host.start(credit, {"total": 102})
    await shop.host.run()
    assert len(await shop.asked()) == 1, "within the two percent that the table allows"
    await shop.host.start(credit, {"total": 103})
    await shop.host.run()
    again = next(a for a in await shop.asked() if a.status == "pending")
    assert ([c["where"] for c in again.changed], again.amount) == (["/amount", "/data/total"], Decimal(103))


async def test_an_approval_given_once_does_not_stand_for_ever(shop: Shop) -> None:
    credit = await shop.host.publish(CREDIT)
    await shop.host.start(credit, {"total": 100})
    await shop.host.run()
    await shop.decide()
    await shop.host.at(MORNING + timedelta(days=31))
    await shop.host.start(credit, {"total": 100})
    await shop.host.run()
    assert [a.status for a in await shop.asked()] == ["pending", "approved"]


# ── holds ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("scope", "key"), [("order", "SO-1"), ("customer", "C-1"), ("partner", "acme"), ("item", "A-1")]
)
async def test_a_hold_that_stands_before_the_order_comes_stops_its_picking(shop: Shop, scope: str, key: str) -> None:
    hold = await shop.place(scope, key)
    order = await shop.order()
    assert shop.did == (0, 0)
    assert await shop.release(hold) == 1
    assert (shop.did, (await shop.host.instance(order))["status"]) == ((1, 1), "completed")


@pytest.mark.parametrize(
    ("scope", "key"), [("order", "SO-1"), ("customer", "C-1"), ("partner", "acme"), ("item", "A-1"), ("site", "north")]
)
async def test_a_hold_placed_while_goods_are_picked_stops_the_invoice(shop: Shop, scope: str, key: str) -> None:
    placed: list[holds.Hold] = []

    async def meanwhile(_: Any) -> None:
        placed.append(await shop.place(scope, key))

    shop.pick.before = meanwhile
    await shop.order()
    assert shop.did == (1, 0)
    assert await shop.release(placed[0]) == 1
    assert shop.did == (1, 1)


async def test_stacked_holds_let_an_order_go_with_the_last(shop: Shop) -> None:
    standing = [
        await shop.place("customer", "C-1"),
        await shop.place("item", "A-1"),
        await shop.place("partner", "acme"),
    ]
    await shop.order()
    assert [await shop.release(h) for h in standing] == [0, 0, 1]
    assert shop.did == (1, 1)


async def test_a_hold_survives_the_orders_copies_and_its_being_prepared_anew(shop: Shop) -> None:
    hold = await shop.place("order", "SO-1")
    first = await shop.order()
    await shop.operate(first, Kind.SUSPEND)
    await shop.host.run()
    await shop.operate(first, Kind.RESTART, at="beforePicking")
    await shop.host.run()
    assert shop.did == (0, 0)
    await shop.order("SO-1-COPY", ["SO-1"])
    await shop.order("SO-2")
    assert shop.did == (1, 1), "SO-2 alone"
    assert await shop.release(hold) == 2
    assert shop.did == (3, 3)


async def test_a_hold_ends_at_its_time_and_lets_everything_go(shop: Shop) -> None:
    await shop.place("customer", "C-1", expires_at=MORNING + timedelta(hours=4))
    await shop.order()
    async with shop.host.db.transaction(TENANT) as tx:
        assert await holds.expire(tx, TENANT, MORNING + timedelta(hours=3)) == 0
        assert await holds.expire(tx, TENANT, MORNING + timedelta(hours=4)) == 1
    await shop.host.run()
    assert shop.did == (1, 1)
