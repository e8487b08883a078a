"""The shipped process, run in memory on a virtual clock against an enterprise of a few dictionaries."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from importlib.resources import files
from typing import Any

import pytest

from crossdock import exactjson
from crossdock.cases import functions, messages
from crossdock.engine.memory import Answer, Memory, Outcome
from crossdock.flow import program
from crossdock.flow.facts import Error
from crossdock.flow.outcomes import Done, Failed, Immediate, Invocation
from crossdock.rules import Rulebook, load
from crossdock.rules.table import version_of

LIBRARY = files("crossdock.library")


def workflow(name: str) -> program.Program:
    path = LIBRARY.joinpath("workflows", f"{name}.yaml")
    return program.load(path.read_bytes(), f"{name}.yaml")


def rulebook() -> Rulebook:
    tables = ("order-validation", "price-tolerance", "credit", "sourcing")
    sources = {t: LIBRARY.joinpath("tables", f"{t}.json").read_bytes() for t in tables}
    return Rulebook([load(t, version_of(s), s) for t, s in sources.items()])


PROGRAM, BACKORDER = workflow("order-to-cash"), workflow("backorder")
CATALOGUE = functions.catalogue(rulebook(), messages.load())
REFUSED = Failed(Error("https://serverlessworkflow.io/spec/1.0.0/errors/communication", 409, "Refused", "handed over"))
BROKEN = Failed(Error("https://serverlessworkflow.io/spec/1.0.0/errors/communication", 422, "Refused", "no such thing"))
ADDRESS = {
    "name": "Shop",
    "lines": ["1 Main St"],
    "city": "Reno",
    "region": "NV",
    "postal_code": "89501",
    "country": "US",
}


def order(quantity: int = 10, price: Any = None, sku: str = "A") -> dict[str, Any]:
    line = {"line": "1", "items": [{"scheme": "supplier", "value": sku}], "description": "Bolt", "quantity": quantity,
            "unit": "EA", "unit_price": price, "requested_on": None}  # fmt: skip
    facts = {"order": "SO-1", "po": "4711", "channel": "json", "document": "d", "received_at": "2026-01-05T08:00:00Z",
             "customer_id": "C-1", "currency": "USD", "ship_to": ADDRESS, "requested_on": None, "cancel_after": None,
             "lines": [line], "stated_total": None}  # fmt: skip
    return exactjson.plain(facts)


@dataclass
class Enterprise:
    """Every system at once. `effects` is the ledger: what stands, by kind; an undone effect leaves it."""

    stock: dict[str, int] = field(default_factory=lambda: {"north": 100, "south": 100})
    credit: dict[str, Any] = field(
        default_factory=lambda: {"limit": 100_000, "exposure": 0, "overdue": 0, "on_hold": False}
    )
    notify: Any = "all"
    price: Decimal = Decimal("2.50")
    approve: str = "approved"
    resolve: dict[str, Any] = field(default_factory=dict)
    fail: dict[str, list[Answer]] = field(default_factory=dict)  # answers given before it works again
    ship_after: timedelta | None = timedelta(hours=5)
    pays: bool = True
    effects: list[tuple[str, Any]] = field(default_factory=list)
    told: list[tuple[str, str]] = field(default_factory=list)
    cases: list[str] = field(default_factory=list)
    events: list[tuple[timedelta, str, dict[str, Any]]] = field(default_factory=list)
    on: dict[str, Callable[["Enterprise"], None]] = field(default_factory=dict)
    memory: Memory = field(init=False)
    undo: list[tuple[str, str]] = field(default_factory=list)
    shipped: set[str] = field(default_factory=set)
    held: dict[str, int] = field(default_factory=dict)
    sent_to: list[str] = field(default_factory=list)

    async def run(self, given: dict[str, Any]) -> Outcome:
        self.memory = Memory(self.answer, programs=[BACKORDER], check_states=True)
        for after, kind, data in self.events:
            self.later(after, kind, data)
        started = {"type": "crossdock.order.received", "source": "/t", "id": "1", "data": {"order": given}}
        return await self.memory.run(PROGRAM, PROGRAM.start_input(started))

    def later(self, after: timedelta, kind: str, data: dict[str, Any]) -> None:
        event = {
            "specversion": "1.0",
            "type": f"crossdock.{kind}",
            "source": "/t",
            "id": str(len(self.effects)),
            "data": {"order": "SO-1", **data},
        }

        def happen() -> None:
            if kind == "shipment.shipped":
                if ("shipment", data["shipment"]) not in self.effects:
                    return
                self.shipped.add(data["shipment"])
            self.memory.publish(event)

        self.memory._later(after, happen)  # pyright: ignore[reportPrivateUsage]

    def stands(self, kind: str) -> list[Any]:
        return [v for k, v in self.effects if k == kind]

    def answer(self, call: Invocation) -> Answer:
        if self.fail.get(call.function):
            return self.fail[call.function].pop(0)
        found = CATALOGUE.get(call.function)
        result = found.evaluate(call) if isinstance(found, Immediate) else self._perform(call)
        if call.function in self.on:
            self.on.pop(call.function)(self)
        return Done(exactjson.plain(result.output)) if isinstance(result, Done) else result

    def _undoable(self, call: Invocation, kind: str, ident: Any, undo: str) -> None:
        self.effects.append((kind, ident))
        if "compensate" in call.metadata:
            self.undo.append((undo, ident))

    def _perform(self, call: Invocation) -> Done | Failed:
        a = call.arguments
        n = len(self.effects) + 1
        match call.function:
            case "erp.customer":
                return Done({"customer_id": "C-1", "name": "ACME", "tier": "B", "terms_days": 30, "currency": "USD",
                             "email": "a@acme.example", "language": "de", "notify": self.notify,
                             "ship_to": {**ADDRESS, "name": "Headquarters"}})  # fmt: skip
            case "erp.priceOrder":
                return Done({"currency": "USD", "lines": [self._priced(line) for line in a["lines"]]})
            case "erp.creditExposure":
                return Done(self.credit)
            case "erp.createSalesOrder":
                self._undoable(call, "sales-order", f"S{n}", "sales-order")
                return Done({"sales_order": f"S{n}"})
            case "wms.availability":
                return Done(
                    {
                        "items": [
                            {"sku": "A", "site": s, "available": q, "incoming_on": None} for s, q in self.stock.items()
                        ]
                    }
                )
            case "wms.reserve":
                wanted = a["lines"][0]["quantity"]
                got = min(wanted, self.stock[a["site"]])
                self.stock[a["site"]] -= got
                self._undoable(call, "reservation", f"R{n}", "reservation")
                line = {"line": "1", "sku": "A", "reserved": got, "short": wanted - got}
                self.held[f"R{n}"] = got
                return Done({"reservation": f"R{n}", "site": a["site"], "lines": [line]})
            case "wms.release":
                self.sent_to.append(a["ship_to"]["name"])
                self.effects.append(("shipment", f"SH{n}"))
                if self.ship_after is not None:
                    facts = {"shipment": f"SH{n}", "site": a["site"], "tracking": a["tracking"],
                             "lines": [{"line": "1", "sku": "A", "quantity": self.held[a["reservation"]]}]}  # fmt: skip
                    self.later(self.ship_after, "shipment.shipped", facts)
                    self.later(
                        self.ship_after * 2,
                        "tracking.delivered",
                        {"tracking": a["tracking"], "at": "x", "signed_by": "Bo"},
                    )
                return Done({"shipment": f"SH{n}"})
            case "wms.cancelShipment":
                if a["shipment"] in self.shipped:
                    return REFUSED
                self.effects.remove(("shipment", a["shipment"]))
                return Done({"cancelled": a["shipment"]})
            case "carrier.rate":
                return Done({"service": "ground", "price": 9, "currency": "USD", "transit_days": 2})
            case "carrier.book":
                self._undoable(call, "booking", f"1Z{n}", "booking")
                return Done({"tracking": f"1Z{n}", "label": "", "promised_on": "2026-01-08", "price": 9})
            case "tax.quote":
                net = sum(line["amount"] for line in a["lines"])
                return Done({"tax": (net * Decimal("0.1")).quantize(Decimal("0.01")), "lines": []})
            case "erp.createInvoice":
                assert a["total"] == a["net"] + a["tax"]
                self.effects.append(("invoice", a["total"]))
                return Done({"invoice": f"I{n}", "total": a["total"], "due_on": "2026-02-05"})
            case "payment.request":
                self.effects.append(("payment", a["amount"]))
                if self.pays:
                    self.later(
                        timedelta(days=20),
                        "payment.received",
                        {"invoice": a["invoice"], "payment": "P", "amount": a["amount"], "currency": "USD"},
                    )
                return Done({"payment": "P"})
            case "supplier.order":
                self._undoable(call, "supplier-order", f"PO{n}", "supplier-order")
                return Done({"supplier_order": f"PO{n}", "supplier_id": "V", "promised_on": "2026-01-12"})
            case "notification.send":
                self.told.append((a["moment"], a["language"]))
                assert a["subject"]
                assert "{" not in a["subject"] + a["body"]
                return Done({"message": "M"})
            case "compensate":
                for what in reversed(self.undo):
                    self.effects.remove(what)
                undone = [{"at": "", "function": kind} for kind, _ in self.undo]
                self.undo = []
                return Done({"undone": undone, "failed": []})
            case "approval":
                return Done({"outcome": self.approve, "by": "vera", "note": None})
            case "case":
                self.cases.append(a["kind"])
                assert a["title"]
                if not a["wait"]:
                    return Done({"case": "c", "number": "EX-1"})
                chosen = self.resolve.pop(a["kind"])
                return Done(
                    {"action": chosen, "data": None, "note": None, "by": "ann"} if isinstance(chosen, str) else chosen
                )
            case "hold":
                return Done({"held": False})
            case "milestone" | "sla-start" | "sla-stop" | "shortage-wait" | "shortage-use" | "shortage-leave":
                return Done({"key": a.get("key")})
            case other:
                raise AssertionError(other)

    def _priced(self, line: dict[str, Any]) -> dict[str, Any]:
        known = line["items"][0]["value"] == "A"
        amount = self.price * line["quantity"]
        return {"line": line["line"], "sku": "A" if known else None, "description": "Bolt",
                "quantity": line["quantity"], "unit": line["unit"],
                "base_quantity": line["quantity"] if known else None,
                "unit_price": self.price if known else None, "amount": amount if known else None,
                "cost": amount / 2 if known else None, "weight_kg": 1, "substitutes": ["A"],
                "problem": None if known else "unknown_item"}  # fmt: skip


def emitted(outcome: Outcome) -> list[str]:
    return [str(e["type"]).removeprefix("crossdock.").removeprefix("order.") for e in outcome.events]


STRAIGHT = [
    "validated",
    "priced",
    "credit-cleared",
    "allocated",
    "released",
    "shipped",
    "invoiced",
    "delivered",
    "paid",
    "closed",
]


async def test_goods_free_of_charge_are_invoiced_and_nothing_is_asked_for() -> None:
    enterprise = Enterprise(price=Decimal(0))
    enterprise.fail["payment.request"] = [BROKEN] * 9  # as providers answer to an amount of 0
    outcome = await enterprise.run(order())
    assert outcome.output == {"order": "SO-1", "outcome": "closed"}
    assert (enterprise.stands("invoice"), enterprise.cases) == ([0], [])


@pytest.mark.parametrize(("named", "place"), [(ADDRESS, "Shop"), (None, "Headquarters")])
async def test_an_order_that_names_no_place_goes_to_the_customers_own(named: Any, place: str) -> None:
    enterprise = Enterprise()
    outcome = await enterprise.run(order() | {"ship_to": named})
    assert outcome.output == {"order": "SO-1", "outcome": "closed"}
    assert enterprise.sent_to == [place]


async def test_a_plain_order_goes_through_without_a_person() -> None:
    e = Enterprise()
    outcome = await e.run(order())
    assert outcome.output == {"order": "SO-1", "outcome": "closed"}
    assert emitted(outcome) == STRAIGHT
    assert e.cases == []
    assert e.told == [("confirmed", "de"), ("shipped", "de"), ("delivered", "de")]
    assert e.stands("invoice") == [Decimal("27.50")]
    assert [k for k, _ in e.effects] == ["sales-order", "reservation", "booking", "shipment", "invoice", "payment"]
    assert outcome.ended_at - e.memory._started_at > timedelta(days=20)  # pyright: ignore[reportPrivateUsage]


@pytest.mark.parametrize(("notify", "told"), [("none", []), (["shipped"], [("shipped", "de")])])
async def test_a_customer_hears_only_what_they_want_to(notify: Any, told: list[Any]) -> None:
    e = Enterprise(notify=notify)
    await e.run(order())
    assert e.told == told


async def test_an_unknown_item_is_corrected_and_the_order_goes_on() -> None:
    fixed = order()["lines"]
    e = Enterprise(resolve={"order-invalid": {"action": "resubmit", "data": {"lines": fixed}, "note": None}})
    outcome = await e.run(order(sku="X"))
    assert e.cases == ["order-invalid"]
    assert emitted(outcome) == STRAIGHT


async def test_an_unknown_item_that_is_rejected_leaves_no_effect() -> None:
    e = Enterprise(resolve={"order-invalid": "reject"})
    outcome = await e.run(order(sku="X"))
    assert emitted(outcome) == ["rejected"]
    assert e.effects == []
    assert e.told == [("rejected", "de")]


@pytest.mark.parametrize(
    ("price", "approve", "case", "total"),
    [
        ("2.49", "approved", None, "273.90"),  # within tolerance: the stated price is charged
        ("3.00", "approved", None, "275.00"),  # stated more than the contract: the contract's price
        ("2.20", "approved", None, "242.00"),  # approved: the stated price
        ("2.20", "rejected", "contract", "275.00"),
        ("1.00", "approved", "stated", "110.00"),
    ],
)
async def test_the_price_that_is_charged(price: str, approve: str, case: str | None, total: str) -> None:
    e = Enterprise(approve=approve, resolve={"price-deviation": case} if case else {}, price=Decimal("2.50"))
    outcome = await e.run(order(quantity=100, price=Decimal(price)))
    assert outcome.output["outcome"] == "closed"
    assert e.stands("invoice") == [Decimal(total)]


async def test_a_price_nobody_accepts_rejects_the_order() -> None:
    e = Enterprise(resolve={"price-deviation": "reject"})
    assert emitted(await e.run(order(price=Decimal("0.10")))) == ["validated", "rejected"]
    assert e.effects == []


@pytest.mark.parametrize(
    ("exposure", "approve", "end"),
    [(99_990, "approved", "closed"), (99_990, "rejected", "rejected"), (200_000, "approved", "rejected")],
)
async def test_credit_is_decided_before_any_sales_order(exposure: int, approve: str, end: str) -> None:
    e = Enterprise(approve=approve, credit={"limit": 100_000, "exposure": exposure, "overdue": 0, "on_hold": False})
    outcome = await e.run(order())
    assert outcome.output["outcome"] == end
    assert bool(e.stands("sales-order")) == (end == "closed")


@pytest.mark.parametrize(("approve", "end"), [("approved", "closed"), ("rejected", "rejected")])
async def test_credit_taken_by_another_order_meanwhile_is_asked_for_once_both_stand(approve: str, end: str) -> None:
    """The check found room, but so did the check of another order: the ERP has both now, and a person is asked."""
    e = Enterprise(approve=approve, credit={"limit": 100_000, "exposure": 0, "overdue": 0, "on_hold": False})
    e.on = {"erp.createSalesOrder": lambda e: e.credit.update(exposure=100_020)}
    outcome = await e.run(order())
    assert outcome.output["outcome"] == end
    assert len(e.stands("sales-order")) == (1 if end == "closed" else 0)


async def test_two_sites_make_two_invoices_that_add_up() -> None:
    e = Enterprise(stock={"north": 7, "south": 60}, price=Decimal("3.33"))
    outcome = await e.run(order(quantity=65))
    assert outcome.output["outcome"] == "closed"
    assert len(e.stands("shipment")) == 2
    nets = [ev["data"]["net"] for ev in outcome.events if ev["type"] == "crossdock.order.invoiced"]
    assert sum(nets) == Decimal("216.45")
    assert emitted(outcome).count("paid") == 2


async def test_a_short_line_is_bought_and_shipped_when_it_arrives() -> None:
    e = Enterprise(stock={"north": 4, "south": 0}, price=Decimal(30))

    def arrive(e: Enterprise) -> None:
        e.stock["north"] += 6
        e.later(timedelta(days=7), "stock.assigned", {"site": "north", "sku": "A", "quantity": 6, "arrival": "R-1"})

    e.on = {"supplier.order": arrive}
    outcome = await e.run(order(quantity=10))
    assert outcome.output["outcome"] == "closed"
    assert "backordered" in emitted(outcome)
    assert ("backordered", "de") in e.told
    assert len(e.stands("shipment")) == 2
    assert sum(ev["data"]["net"] for ev in outcome.events if ev["type"] == "crossdock.order.invoiced") == 300


async def test_a_line_that_turns_out_short_at_two_sites_is_bought_once() -> None:
    e = Enterprise(stock={"north": 10, "south": 10}, price=Decimal(30))

    def taken(e: Enterprise) -> None:  # others were quicker, after the stock was looked up
        e.stock["north"], e.stock["south"] = min(7, e.stock["north"]), min(5, e.stock["south"])

    def arrive(e: Enterprise) -> None:
        e.stock["north"] += 4
        e.later(timedelta(days=7), "stock.assigned", {"site": "north", "sku": "A", "quantity": 4, "arrival": "R-1"})

    e.on = {"carrier.rate": taken, "supplier.order": arrive}
    outcome = await e.run(order(quantity=16))
    short = next(ev["data"]["lines"] for ev in outcome.events if ev["type"] == "crossdock.order.backordered")
    assert short == [{"line": "1", "sku": "A", "quantity": 4}]
    assert outcome.output["outcome"] == "closed"


async def test_an_order_that_is_short_altogether_waits_for_the_supplier() -> None:
    e = Enterprise(stock={"north": 0})

    def arrive(e: Enterprise) -> None:
        e.stock["north"] = 10
        e.later(timedelta(days=2), "supplier.delayed", {"promised_on": "2026-01-20", "reason": "strike"})
        e.later(timedelta(days=7), "stock.assigned", {"site": "north", "sku": "A", "quantity": 10, "arrival": "R-1"})

    e.on = {"supplier.order": arrive}
    outcome = await e.run(order(quantity=10))
    assert outcome.output["outcome"] == "closed"
    assert e.cases == []
    assert ("delayed", "de") in e.told
    assert e.stands("invoice") == [Decimal("27.50")]


async def test_a_cancelled_backorder_cancels_an_order_of_which_nothing_shipped() -> None:
    e = Enterprise(stock={"north": 0})
    e.events = [(timedelta(days=3), "order.cancellation-requested", {"reason": "found it elsewhere", "by": "C-1"})]
    outcome = await e.run(order())
    assert outcome.output["outcome"] == "cancelled"
    assert e.effects == []
    assert ("cancelled", "de") in e.told


STEPS = ["erp.customer", "erp.priceOrder", "erp.creditExposure", "erp.createSalesOrder", "wms.availability",
         "carrier.rate", "wms.reserve", "carrier.book", "wms.release", "notification.send"]  # fmt: skip


@pytest.mark.parametrize("step", STEPS)
async def test_a_cancellation_at_any_step_before_the_hand_over_leaves_nothing_behind(step: str) -> None:
    e = Enterprise()
    e.on = {step: lambda e: e.later(timedelta(0), "order.cancellation-requested", {"reason": "mistake", "by": "C-1"})}
    outcome = await e.run(order())
    assert outcome.output["outcome"] == "cancelled"
    assert e.effects == []
    assert e.told[-1] == ("cancelled", "de")
    assert emitted(outcome)[-1] == "cancelled"


async def test_a_cancellation_after_the_hand_over_becomes_a_case_and_undoes_nothing() -> None:
    e = Enterprise()
    e.events = [(timedelta(hours=6), "order.cancellation-requested", {"reason": "mistake", "by": "C-1"})]
    outcome = await e.run(order())
    assert outcome.output["outcome"] == "closed"
    assert e.cases == ["cancel-after-handover"]
    assert len(e.stands("invoice")) == 1


async def test_a_cancellation_that_races_the_hand_over_is_decided_by_the_warehouse() -> None:
    """The goods left, but the news of it comes after the cancellation."""
    e = Enterprise(ship_after=None)

    def leave(e: Enterprise) -> None:
        shipment, tracking = e.stands("shipment")[0], e.stands("booking")[0]
        e.shipped.add(shipment)
        facts = {
            "shipment": shipment,
            "site": "north",
            "tracking": tracking,
            "lines": [{"line": "1", "sku": "A", "quantity": 10}],
        }
        e.later(timedelta(hours=1), "order.cancellation-requested", {"reason": "late", "by": "C-1"})
        e.later(timedelta(hours=2), "shipment.shipped", facts)
        e.later(timedelta(hours=9), "tracking.delivered", {"tracking": tracking, "at": "x", "signed_by": "Bo"})

    e.on = {"wms.release": leave}
    outcome = await e.run(order())
    assert outcome.output["outcome"] == "closed"
    assert e.cases == ["cancel-after-handover"]
    assert len(e.stands("invoice")) == 1


@pytest.mark.parametrize("step", [s for s in STEPS if s != "notification.send"])
async def test_a_step_that_failed_is_tried_again_by_a_person_and_nothing_is_done_twice(step: str) -> None:
    kind = "call-failed"
    e = Enterprise(fail={step: [BROKEN]}, resolve={kind: "retry"})
    outcome = await e.run(order())
    assert outcome.output["outcome"] == "closed"
    assert e.cases == [kind]
    assert [k for k, _ in e.effects] == ["sales-order", "reservation", "booking", "shipment", "invoice", "payment"]


@pytest.mark.parametrize("step", ["tax.quote", "erp.createInvoice", "payment.request"])
async def test_billing_that_failed_goes_on_where_it_stopped(step: str) -> None:
    e = Enterprise(fail={step: [BROKEN]}, resolve={"billing-failed": "retry"})
    outcome = await e.run(order())
    assert outcome.output["outcome"] == "closed"
    assert len(e.stands("invoice")) == len(e.stands("payment")) == 1


@pytest.mark.parametrize("step", ["erp.createSalesOrder", "wms.reserve", "carrier.book", "wms.release"])
async def test_a_step_that_failed_for_good_undoes_the_rest(step: str) -> None:
    e = Enterprise(fail={step: [BROKEN]}, resolve={"call-failed": "cancel"})
    outcome = await e.run(order())
    assert outcome.output["outcome"] == "cancelled"
    assert e.effects == []


async def test_an_unknown_customer_is_a_case_of_its_own() -> None:
    missing = Failed(Error("https://serverlessworkflow.io/spec/1.0.0/errors/communication", 404, "Not found", "C-1"))
    e = Enterprise(fail={"erp.customer": [missing]}, resolve={"unknown-customer": "cancel"})
    assert (await e.run(order())).output["outcome"] == "cancelled"


async def test_mail_that_fails_never_stops_an_order() -> None:
    e = Enterprise(fail={"notification.send": [BROKEN, BROKEN, BROKEN]})
    outcome = await e.run(order())
    assert emitted(outcome) == STRAIGHT
    assert e.cases == ["message-failed"] * 3


async def test_a_repeated_or_early_event_changes_nothing() -> None:
    e = Enterprise(ship_after=None)

    def odd(e: Enterprise) -> None:
        shipment, tracking = e.stands("shipment")[0], e.stands("booking")[0]
        facts = {
            "shipment": shipment,
            "site": "north",
            "tracking": tracking,
            "lines": [{"line": "1", "sku": "A", "quantity": 10}],
        }
        for _ in range(2):
            e.later(timedelta(hours=1), "tracking.delivered", {"tracking": tracking, "at": "x", "signed_by": "Bo"})
        for _ in range(3):
            e.later(timedelta(hours=2), "shipment.shipped", facts)

    e.on = {"wms.release": odd}
    outcome = await e.run(order())
    assert outcome.output["outcome"] == "closed"
    assert len(e.stands("invoice")) == 1
    assert emitted(outcome).count("delivered") == 1


async def test_a_carrier_exception_and_an_overdue_invoice_are_told_and_do_not_block() -> None:
    e = Enterprise()

    def trouble(e: Enterprise) -> None:
        e.later(timedelta(hours=1), "tracking.exception", {"tracking": "1Z3", "reason": "address"})
        e.later(timedelta(days=9), "sla.breached", {"key": "payment/I5"})
        e.later(timedelta(days=9), "sla.breached", {"key": "delivery/1Z3"})

    e.on = {"erp.createInvoice": trouble}
    outcome = await e.run(order())
    assert outcome.output["outcome"] == "closed"
    assert e.cases == []
    assert [m for m, _ in e.told] == ["confirmed", "shipped", "delayed", "delivered", "overdue"]


def test_the_shipped_processes_need_no_library_for_their_expressions() -> None:
    assert PROGRAM.native
    assert BACKORDER.native
