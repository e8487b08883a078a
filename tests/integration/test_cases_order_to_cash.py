"""The shipped process on the durable engine with real approvals, cases and holds; only the systems are stand-ins."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib.resources import files
from typing import Any

from crossdock import clock, exactjson
from crossdock.cases import approvals, autopilot, casework, functions, holds, messages, sla
from crossdock.cases.hooks import People
from crossdock.clock import Clock
from crossdock.db import Database
from crossdock.engine import definitions
from crossdock.engine.functions import Functions
from crossdock.engine.worker import Worker
from crossdock.events import envelope, inbox
from crossdock.flow.facts import Error
from crossdock.flow.outcomes import Absent, Done, Failed, Invocation, Performed, Probed
from crossdock.policy import Principal, Role
from crossdock.rules import Rulebook, load
from crossdock.rules.table import version_of

T = "norrland"
MORNING = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
LIBRARY = files("crossdock.library")
VERA = Principal(name="vera", role=Role.APPROVER, tenant_id=T)
REFUSED = Failed(Error("https://serverlessworkflow.io/spec/1.0.0/errors/communication", 409, "Refused", "handed over"))
ADDRESS = {
    "name": "Shop",
    "lines": ["1 Main St"],
    "city": "Reno",
    "region": "NV",
    "postal_code": "89501",
    "country": "US",
}
ORDER = {
    "order": "SO-1", "po": "4711", "channel": "json", "document": "", "received_at": "2026-03-02T08:00:00Z",
    "customer_id": "C-1", "currency": "USD", "ship_to": ADDRESS, "requested_on": None, "cancel_after": None,
    "lines": [{"line": "1", "items": [{"scheme": "supplier", "value": "A"}], "description": "Bolt", "quantity": 100,
               "unit": "EA", "unit_price": None, "requested_on": None}], "stated_total": None,
}  # fmt: skip


@dataclass
class Systems:
    """What stands in the systems of record: effects by kind and reference."""

    exposure: int = 0
    effects: dict[str, str] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    gone: bool = False

    def perform(self, call: Invocation) -> Performed:
        a, key = call.arguments, call.key[-12:]
        match call.function:
            case "erp.customer":
                return Done({"customer_id": "C-1", "name": "ACME", "tier": "B", "terms_days": 30, "currency": "USD",
                             "email": "a@acme.example", "language": "en", "notify": "all"})  # fmt: skip
            case "erp.priceOrder":
                rows = [{"line": n["line"], "sku": "A", "description": "Bolt", "quantity": n["quantity"], "unit": "EA",
                         "base_quantity": n["quantity"], "unit_price": Decimal("2.50"), "weight_kg": 1, "cost": 1,
                         "amount": n["quantity"] * Decimal("2.50"), "substitutes": [], "problem": None}
                        for n in a["lines"]]  # fmt: skip
                return Done({"currency": "USD", "total": 0, "lines": rows})
            case "erp.creditExposure":
                return Done({"limit": 1000, "exposure": self.exposure, "overdue": 0, "on_hold": False})
            case "wms.availability":
                return Done({"items": [{"sku": "A", "site": "north", "available": 500, "incoming_on": None}]})
            case "carrier.rate":
                return Done({"service": "ground", "price": 9, "currency": "USD", "transit_days": 2})
            case "erp.createSalesOrder":
                return self._made("sales_order", key)
            case "wms.reserve":
                rows = [{**n, "reserved": n["quantity"], "short": 0} for n in a["lines"]]
                return self._made("reservation", key, site="north", lines=rows)
            case "carrier.book":
                return self._made("tracking", key, promised_on="2026-03-05", label="", price=9)
            case "wms.release":
                return self._made("shipment", key)
            case "wms.cancelShipment" if self.gone:
                return REFUSED
            case "erp.cancelSalesOrder" | "wms.cancelReservation" | "carrier.cancelBooking" | "wms.cancelShipment":
                kind = next(k for k in ("sales_order", "reservation", "tracking", "shipment") if k in a)
                assert self.effects.pop(kind) == a[kind]
                return Done({"cancelled": a[kind]})
            case "tax.quote":
                return Done({"tax": Decimal("25.00"), "lines": []})
            case "erp.createInvoice":
                return self._made("invoice", key, total=a["total"], due_on="2026-04-01")
            case "payment.request":
                return self._made("payment", key)
            case "notification.send":
                self.told.append(a["moment"])
                return Done({"message": key})
            case other:
                raise AssertionError(other)

    def _made(self, kind: str, reference: str, **more: Any) -> Done:
        assert kind not in self.effects, f"{kind} twice"
        self.effects[kind] = reference
        return Done({kind: reference, **more})


@dataclass
class Operation:
    systems: Systems
    system: str = "all"

    async def perform(self, call: Invocation) -> Performed:
        return self.systems.perform(call)

    async def probe(self, call: Invocation) -> Probed:
        return Absent()


OPERATIONS = (
    "erp.customer",
    "erp.priceOrder",
    "erp.creditExposure",
    "erp.createSalesOrder",
    "erp.cancelSalesOrder",
    "erp.createInvoice",
    "wms.availability",
    "wms.reserve",
    "wms.cancelReservation",
    "wms.release",
    "wms.cancelShipment",
    "carrier.rate",
    "carrier.book",
    "carrier.cancelBooking",
    "tax.quote",
    "payment.request",
    "supplier.order",
    "supplier.cancelOrder",
    "notification.send",
)


@dataclass
class House:
    db: Database
    systems: Systems

    async def send(self, kind: str, **data: Any) -> None:
        async with self.db.transaction(T) as tx:
            now = await inbox.business_now(tx)
            facts = {"order": "SO-1", **data}
            event = envelope.make(f"crossdock.{kind}", subject="SO-1", data=facts, now=now, source="/test")
            assert await inbox.receive(tx, T, event) == "accepted"

    async def now(self) -> datetime:
        return await self.db.pool.fetchval("select crossdock.now()")

    async def later(self, **by: float) -> datetime:
        moment = await self.now() + timedelta(**by)
        await clock.set_to(self.db.pool, moment, 0)
        return moment

    async def until(self, seen: Callable[[], Any], what: str) -> Any:
        """Waits for what the workers bring about; `seen` gives something true when it is there."""
        async with asyncio.timeout(20):
            while not (found := await seen()):
                await asyncio.sleep(0.02)
        return found

    async def pending(self) -> approvals.Approval:
        async def seen() -> approvals.Approval | None:
            async with self.db.transaction(T) as tx:
                return next(iter((await approvals.find(tx, T, status="pending")).items), None)

        return await self.until(seen, "an approval")

    async def stage(self, wanted: str) -> None:
        async def seen() -> bool:
            async with self.db.transaction(T) as tx:
                return wanted == await tx.fetchval(
                    "select stage from crossdock.instance where tenant_id = $1 and name = 'order-to-cash'", T
                )

        await self.until(seen, wanted)

    async def ended(self) -> dict[str, Any]:
        async def seen() -> Any:
            async with self.db.transaction(T) as tx:
                return await tx.fetchval(
                    "select output from crossdock.instance where tenant_id = $1 and name = 'order-to-cash'"
                    " and ended_at is not null",
                    T,
                )

        return exactjson.loads(await self.until(seen, "the end"))

    async def find(self, **wanted: Any) -> list[casework.Case]:
        async with self.db.transaction(T) as tx:
            return list((await casework.find(tx, T, casework.Filter(**wanted))).items)


@asynccontextmanager
async def house(db: Database, **how: Any) -> AsyncIterator[House]:
    await clock.set_to(db.pool, MORNING, 0)
    async with db.transaction(T) as tx:
        for name in ("order-to-cash", "backorder"):
            await definitions.publish(tx, T, LIBRARY.joinpath("workflows", f"{name}.yaml").read_text(encoding="utf-8"))
    names = ("order-validation", "price-tolerance", "credit", "sourcing")
    tables = {t: LIBRARY.joinpath("tables", f"{t}.json").read_bytes() for t in names}
    rulebook = Rulebook([load(t, version_of(s), s) for t, s in tables.items()])
    systems = Systems(**how)
    operations = {T: {name: Operation(systems) for name in OPERATIONS}}
    worker = Worker(db, Functions(functions.catalogue(rulebook, messages.load()), operations), Clock(), People())
    task = asyncio.create_task(worker.run())
    try:
        yield House(db, systems)
    finally:
        worker.stop()
        await task


async def test_an_order_goes_from_received_to_closed(database: Database) -> None:
    async with house(database) as h:
        await h.send("order.received", order=ORDER)
        await h.stage("pick-pack")
        await h.later(hours=5)
        made = h.systems.effects
        line = {"line": "1", "sku": "A", "quantity": 100}
        await h.send(
            "shipment.shipped", shipment=made["shipment"], site="north", tracking=made["tracking"], lines=[line]
        )
        await h.stage("in-transit")
        await h.send("tracking.delivered", tracking=made["tracking"], at="2026-03-04T10:00:00Z", signed_by="Bo")
        await h.stage("payment")
        await h.send("payment.received", invoice=made["invoice"], payment="P", amount=Decimal("275.00"), currency="USD")
        assert await h.ended() == {"order": "SO-1", "outcome": "closed"}
        assert h.systems.told == ["confirmed", "shipped", "delivered"]
        async with h.db.transaction(T) as tx:
            clocks = await sla.of_order(tx, T, "SO-1")
            assert {c.status for c in clocks} == {"stopped"}
            assert [c.key.split("/")[0] for c in clocks] == ["ship", "delivery", "payment"]
            assert [m["moment"] for m in await messages.of_order(tx, T, "SO-1")] == h.systems.told


async def test_credit_waits_for_an_approver_and_goes_on(database: Database) -> None:
    async with house(database, exposure=900) as h:
        await h.send("order.received", order=ORDER)
        asked = await h.pending()
        assert (asked.kind, asked.amount, asked.rule, asked.customer) == (
            "credit",
            Decimal("250.00"),
            "credit/over",
            "ACME",
        )
        async with h.db.transaction(T) as tx:
            await approvals.decide(tx, T, asked.approval_id, VERA, "approved", await h.now(), hash=asked.hash)
        await h.stage("pick-pack")
        assert set(h.systems.effects) == {"sales_order", "reservation", "tracking", "shipment"}


async def test_a_cancellation_voids_the_approval_that_is_still_asked_for(database: Database) -> None:
    async with house(database, exposure=900) as h:
        await h.send("order.received", order=ORDER)
        asked = await h.pending()
        await h.send("order.cancellation-requested", reason="mistake", by="C-1")
        assert (await h.ended())["outcome"] == "cancelled"
        async with h.db.transaction(T) as tx:
            assert (await approvals.get(tx, T, asked.approval_id)).status == "void"
        assert h.systems.effects == {}
        assert h.systems.told == ["cancelled"]


async def test_a_hold_parks_the_order_and_its_release_lets_it_go(database: Database) -> None:
    async with house(database) as h:
        async with h.db.transaction(T) as tx:
            placed = await holds.place(tx, T, "item", "A", kind="quality", reason="recall", by="ann", now=MORNING)
        await h.send("order.received", order=ORDER)

        async def parked() -> bool:
            async with h.db.transaction(T) as tx:
                return (await holds.get(tx, T, placed.hold_id)).orders == 1

        await h.until(parked, "the order on hold")
        assert h.systems.effects == {}
        async with h.db.transaction(T) as tx:
            await holds.release(tx, T, placed.hold_id, "ann", "tested", await h.now())
        await h.stage("pick-pack")


async def test_a_cancellation_after_release_takes_everything_back(database: Database) -> None:
    async with house(database) as h:
        await h.send("order.received", order=ORDER)
        await h.stage("pick-pack")
        await h.send("order.cancellation-requested", reason="mistake", by="C-1")
        assert (await h.ended())["outcome"] == "cancelled"
        assert h.systems.effects == {}
        assert h.systems.told == ["confirmed", "cancelled"]
        assert await h.find() == []


async def test_a_cancellation_that_comes_too_late_becomes_a_case(database: Database) -> None:
    async with house(database, gone=True) as h:
        await h.send("order.received", order=ORDER)
        await h.stage("pick-pack")
        await h.send("order.cancellation-requested", reason="mistake", by="C-1")

        async def told() -> bool:
            return [c.kind for c in await h.find()] == ["cancel-after-handover"]

        await h.until(told, "the case")
        assert set(h.systems.effects) == {"sales_order", "reservation", "tracking", "shipment"}


async def test_a_policy_decides_and_a_late_shipment_is_a_case_until_it_leaves(database: Database) -> None:
    async with house(database, exposure=900) as h:
        await h.send("order.received", order=ORDER)
        await h.pending()
        moment = await h.later(hours=1)
        assert (await autopilot.decide_all(h.db, T, autopilot.load(), moment)).approvals == 1
        await h.stage("pick-pack")
        moment = await h.later(hours=64)  # no calendar: two days after this one, until midnight
        assert await sla.run_due(h.db, moment) >= 1
        [case] = await h.find(status="open")
        assert (case.kind, case.customer, case.money) == ("shipment-late", "ACME", Decimal("250"))
        made = h.systems.effects
        line = {"line": "1", "sku": "A", "quantity": 100}
        await h.send(
            "shipment.shipped", shipment=made["shipment"], site="north", tracking=made["tracking"], lines=[line]
        )
        await h.stage("in-transit")
        assert await h.find(status="open") == []
