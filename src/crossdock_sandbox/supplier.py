"""Supplier portal: purchase orders at twelve suppliers, confirmed, sometimes delayed, shipped, and received in stock.

Speaks kebab-case and problem+json. A slip, set from outside, postpones everything a supplier has not shipped yet. On
arrival the goods raise the stock of the site they were ordered to, and the warehouse announces that.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

import msgspec

from .clock import Appointment, whole_seconds, working_day
from .surroundings import Surroundings, fresh_id
from .wire import Call, Common, Dialect, Numbering, Pieces, Reference, Refused, Reply, Route, Text
from .world import Supplier as Vendor

ERROR_BASE = "https://portal.example/errors/"


def _error(refusal: Refused) -> object:
    problem: dict[str, object] = {
        "type": ERROR_BASE + refusal.code,
        "title": refusal.code.replace("-", " ").capitalize(),
        "status": refusal.status,
        "detail": refusal.text,
    }
    if refusal.target is not None:
        problem["invalid-params"] = [{"name": refusal.target, "reason": refusal.text}]
    return problem


DIALECT = Dialect(
    system="supplier",
    credential=lambda tenant, key: ("x-portal-key", key),
    error=_error,
    codes={
        Common.UNAUTHENTICATED: "not-authenticated",
        Common.NO_ROUTE: "no-such-page",
        Common.NO_METHOD: "method-not-allowed",
        Common.MALFORMED: "malformed-json",
        Common.INVALID: "invalid-request",
        Common.TOO_LARGE: "too-large",
        Common.TOO_SLOW: "too-slow",
        Common.KEY_REUSED: "idempotency-key-reused",
        Common.THROTTLED: "too-many-requests",
        Common.UNAVAILABLE: "unavailable",
        Common.BROKEN: "internal-error",
    },
    error_type="application/problem+json",
)


class PartLine(msgspec.Struct, rename="kebab"):
    line: Reference
    part_number: Text
    quantity: Pieces


class NewOrder(msgspec.Struct, rename="kebab"):
    buyer_reference: Annotated[str, msgspec.Meta(max_length=80)]
    items: list[PartLine]
    supplier_code: Text | None = None
    deliver_to: Text | None = None
    purpose: Reference = "replenishment"


class PurchaseOrder(msgspec.Struct, rename="kebab", kw_only=True):
    po_number: str
    buyer_reference: str
    supplier_code: str
    deliver_to: str
    purpose: str
    status: str
    expected_ship_date: str
    expected_arrival: str
    created_at: str
    items: list[PartLine]


class CancelRequest(msgspec.Struct):
    reason: Text = ""


_orders = msgspec.json.Decoder(NewOrder)
_cancels = msgspec.json.Decoder(CancelRequest)

# One purchase order in ten is late without anybody's doing, and says so the day after its confirmation.
DELAYED_SHARE = 0.1
OTHER_RANGE_DAYS = 3
REASONS = ("Raw material late", "Capacity at the plant", "Quality check repeated", "Truck broke down")


@dataclass(frozen=True, slots=True)
class Slip:
    days: int
    reason: str


@dataclass(slots=True)
class Plan:
    """When the goods of one purchase order leave and arrive, and what is booked for them."""

    ships_on: date
    arrives_on: date
    appointments: list[Appointment] = field(default_factory=list[Appointment])


class SupplierPortal:
    """receive: told (order, purchase order, site, (item, pieces)…, time) when goods arrive."""

    dialect = DIALECT

    def __init__(
        self,
        around: Surroundings,
        receive: Callable[[str, str, str, Iterable[tuple[str, int]], datetime], None],
    ) -> None:
        self._around = around
        self._receive = receive
        self._vendors = {vendor.supplier_id: vendor for vendor in around.distributor.suppliers}
        self._main_vendor = {item.sku: item.supplier_id for item in around.distributor.items}
        self._sites = {site.site for site in around.distributor.sites}
        self._orders: dict[str, PurchaseOrder] = {}
        self._plans: dict[str, Plan] = {}  # of orders on their way
        self._expected: dict[tuple[str, str], list[PurchaseOrder]] = {}  # (item, site) -> not yet arrived
        self._slips: dict[str, Slip] = {}
        self._numbers = Numbering("P-", 6)
        self.routes = (
            Route("GET", "/suppliers", "listSuppliers", self.list_suppliers),
            Route("GET", "/offers", "listOffers", self.list_offers),
            Route("POST", "/purchase-orders", "placeOrder", self.place_order),
            Route("GET", "/purchase-orders", "findOrders", self.find_orders),
            Route("GET", "/purchase-orders/{po-number}", "getOrder", self.get_order),
            Route("POST", "/purchase-orders/{po-number}/cancel", "cancelOrder", self.cancel_order),
        )

    def list_suppliers(self, call: Call) -> Reply:
        rows = [
            {"supplier-code": v.supplier_id, "name": v.name, "lead-days": v.lead_days, "usual-site": v.site}
            for v in self._vendors.values()
        ]
        return Reply({"suppliers": rows})

    def list_offers(self, call: Call) -> Reply:
        """When each supplier could send these parts today; a slip of its own counted in."""
        parts = [p for p in call.query.get("parts", "").split(",") if p]
        for part in parts:
            if part not in self._main_vendor:
                raise Refused(422, "unknown-part", f"Part {part} is not in any supplier's range", "parts")
        rows: list[dict[str, object]] = []
        for vendor in self._vendors.values():
            own = all(self._main_vendor[part] == vendor.supplier_id for part in parts)
            slip = self._slips.get(vendor.supplier_id)
            days = vendor.lead_days + (0 if own else OTHER_RANGE_DAYS) + (slip.days if slip else 0)
            ships = working_day(call.now + timedelta(days=days))
            arrives = working_day(ships + timedelta(days=2))
            rows.append(
                {
                    "supplier-code": vendor.supplier_id,
                    "name": vendor.name,
                    "usual": own,
                    "expected-arrival": arrives.date().isoformat(),
                }
            )
        return Reply({"offers": rows})

    def place_order(self, call: Call) -> Reply:
        new = call.read(_orders)
        if not 1 <= len(new.items) <= 500:
            raise Refused(422, "invalid-request", f"Expected 1 to 500 items, found {len(new.items)}", "items")
        for place, item in enumerate(new.items):
            if item.part_number not in self._main_vendor:
                text = f"Part {item.part_number} is not in any supplier's range"
                raise Refused(422, "unknown-part", text, f"items/{place}/part-number")
        vendor = self._vendor(new.supplier_code or self._main_vendor[new.items[0].part_number])
        site = new.deliver_to or vendor.site
        if site not in self._sites:
            raise Refused(422, "unknown-site", f"Site {site} is not a delivery address", "deliver-to")

        number = self._numbers.next()
        plan = self._first_plan(new, vendor, call.now)
        order = PurchaseOrder(
            po_number=number,
            buyer_reference=new.buyer_reference,
            supplier_code=vendor.supplier_id,
            deliver_to=site,
            purpose=new.purpose,
            status="received",
            expected_ship_date=plan.ships_on.isoformat(),
            expected_arrival=plan.arrives_on.isoformat(),
            created_at=whole_seconds(call.now),
            items=new.items,
        )
        self._orders[number] = order
        self._plans[number] = plan
        for item in order.items:
            self._expected.setdefault((item.part_number, site), []).append(order)
            self._around.ledger.write(
                call.now,
                "purchase-order",
                number,
                order=order.buyer_reference,
                purpose=order.purpose,
                line=item.line,
                site=site,
                sku=item.part_number,
                quantity=item.quantity,
                status="received",
                detail={"supplier": vendor.supplier_id},
            )
        delay = self._around.chance.minutes(60, 240, new.buyer_reference, new.purpose, vendor.supplier_id, "confirm")
        plan.appointments.append(self._around.agenda.after(call.now, delay, lambda at: self._confirm(order, at)))
        return Reply(order, 201)

    def find_orders(self, call: Call) -> Reply:
        found = [
            order
            for order in self._orders.values()
            if call.matches(**{"buyer-reference": order.buyer_reference, "supplier-code": order.supplier_code})
        ]
        skip, top = call.window()
        return Reply({"purchase-orders": found[skip : skip + top]})

    def get_order(self, call: Call) -> Reply:
        return Reply(self._known(call))

    def cancel_order(self, call: Call) -> Reply:
        if call.body:
            call.read(_cancels)
        order = self._known(call)
        if order.status in ("shipped", "delivered"):
            raise Refused(409, "already-shipped", f"Purchase order {order.po_number} has left the supplier")
        if order.status != "cancelled":
            self._drop_plan(order)
            self._forget_expected(order)
            order.status = "cancelled"
            self._around.ledger.cancel("purchase-order", order.po_number, call.now)
            self._around.ledger.progress("purchase-order", order.po_number, "cancelled")
        return Reply(order)

    # Slips, set from outside

    def slip(self, supplier: str, days: int, reason: str, now: datetime) -> list[str]:
        """Postpone what the supplier has not shipped, now and until the slip ends (days 0); the orders concerned."""
        self._vendor(supplier)
        if days == 0:
            self._slips.pop(supplier, None)
            return []
        self._slips[supplier] = Slip(days, reason)
        concerned = [
            order
            for order in self._orders.values()
            if order.supplier_code == supplier and order.status in ("confirmed", "delayed")
        ]
        for order in concerned:
            self._delay(order, days, reason, now)
        return [order.po_number for order in concerned]

    def slips(self) -> dict[str, Slip]:
        return dict(self._slips)

    def expected_on(self, item: str, site: str) -> str | None:
        """When the next goods of this item are due at this site."""
        return min((order.expected_arrival for order in self._expected.get((item, site), ())), default=None)

    # Progress in business time

    def _first_plan(self, new: NewOrder, vendor: Vendor, now: datetime) -> Plan:
        own = all(self._main_vendor[item.part_number] == vendor.supplier_id for item in new.items)
        ships = working_day(now + timedelta(days=vendor.lead_days + (0 if own else OTHER_RANGE_DAYS)))
        road = self._around.chance.whole(1, 2, new.buyer_reference, new.purpose, vendor.supplier_id, "road")
        return Plan(ships.date(), working_day(ships + timedelta(days=road)).date())

    def _confirm(self, order: PurchaseOrder, now: datetime) -> None:
        self._become(order, "confirmed", now)
        self._book_transport(order)
        slip = self._slips.get(order.supplier_code)
        chance = self._around.chance
        identity = (order.buyer_reference, order.purpose, order.supplier_code)
        if slip is not None:
            self._expect_delay(order, slip, now + timedelta(hours=2))
        elif chance.share(*identity, "delayed") < DELAYED_SHARE:
            own = Slip(chance.whole(1, 4, *identity, "days"), chance.pick(REASONS, *identity, "reason"))
            self._expect_delay(order, own, now + timedelta(days=1))

    def _expect_delay(self, order: PurchaseOrder, slip: Slip, moment: datetime) -> None:
        appointment = self._around.agenda.at(moment, lambda at: self._delay(order, slip.days, slip.reason, at))
        self._plans[order.po_number].appointments.append(appointment)

    def _delay(self, order: PurchaseOrder, days: int, reason: str, now: datetime) -> None:
        plan = self._plans[order.po_number]
        road = plan.arrives_on - plan.ships_on
        self._drop_plan(order)
        ships_on = working_day(_at(plan.ships_on + timedelta(days=days), 10)).date()
        arrives_on = working_day(_at(ships_on + road, 7)).date()
        self._plans[order.po_number] = Plan(ships_on, arrives_on)
        order.expected_ship_date, order.expected_arrival = ships_on.isoformat(), arrives_on.isoformat()
        self._book_transport(order)
        self._become(order, "delayed", now, reason)

    def _book_transport(self, order: PurchaseOrder) -> None:
        plan = self._plans[order.po_number]
        plan.appointments += [
            self._around.agenda.at(_at(plan.ships_on, 10), lambda at: self._become(order, "shipped", at)),
            self._around.agenda.at(_at(plan.arrives_on, 15), lambda at: self._arrive(order, at)),
        ]

    def _arrive(self, order: PurchaseOrder, now: datetime) -> None:
        order.status = "delivered"
        del self._plans[order.po_number]
        self._forget_expected(order)
        self._around.ledger.progress("purchase-order", order.po_number, "delivered")
        lines = [(item.part_number, item.quantity) for item in order.items]
        self._receive(order.buyer_reference, order.po_number, order.deliver_to, lines, now)

    def _become(self, order: PurchaseOrder, status: str, now: datetime, reason: str | None = None) -> None:
        order.status = status
        self._around.ledger.progress("purchase-order", order.po_number, status)
        event_id = fresh_id()
        event = {
            "event-id": event_id,
            "event": f"po-{status}",
            "occurred-at": whole_seconds(now),
            "po-number": order.po_number,
            "buyer-reference": order.buyer_reference,
            "supplier-code": order.supplier_code,
            "expected-arrival": order.expected_arrival,
            "reason": reason,
        }
        self._around.announce(order.buyer_reference, event_id, event, now)

    # Helpers

    def _drop_plan(self, order: PurchaseOrder) -> None:
        for appointment in self._plans.pop(order.po_number).appointments:
            appointment.cancel()

    def _forget_expected(self, order: PurchaseOrder) -> None:
        for item in order.items:
            self._expected[item.part_number, order.deliver_to].remove(order)

    def _vendor(self, code: str) -> Vendor:
        if code not in self._vendors:
            raise Refused(404, "unknown-supplier", f"Supplier {code} is not on this portal", "supplier-code")
        return self._vendors[code]

    def _known(self, call: Call) -> PurchaseOrder:
        number = call.arguments["po-number"]
        if number not in self._orders:
            raise Refused(404, "unknown-order", f"Purchase order {number} is not known here")
        return self._orders[number]


def _at(day: date, hour: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
