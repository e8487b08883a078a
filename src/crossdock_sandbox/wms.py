"""WMS of all sites: stock, reservations, and shipments that are picked, packed and shipped in business time.

Speaks snake_case, counts pieces, and honours no idempotency key: a repeated POST reserves or ships once more. What a
caller can do is look up by order, site and purpose. Shipping is the hand-over to the carrier, after which nothing is
cancelled. A reservation holds what is free, which may be less than asked for, or nothing.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from .clock import Appointment, whole_seconds
from .returns import Returns
from .surroundings import Surroundings, fresh_id
from .wire import Call, Common, Dialect, Numbering, Pieces, Reference, Refused, Reply, Route, Text
from .world import check_digit


def _error(refusal: Refused) -> object:
    error = {"error_code": refusal.code, "error_text": refusal.text}
    return error if refusal.target is None else error | {"field": refusal.target}


DIALECT = Dialect(
    system="wms",
    credential=lambda tenant, key: ("x-wms-token", key),
    error=_error,
    codes={
        Common.UNAUTHENTICATED: "E4010",
        Common.NO_ROUTE: "E4040",
        Common.NO_METHOD: "E4050",
        Common.MALFORMED: "E4000",
        Common.INVALID: "E4220",
        Common.TOO_LARGE: "E4130",
        Common.TOO_SLOW: "E4080",
        Common.KEY_REUSED: "E4229",
        Common.THROTTLED: "E4290",
        Common.UNAVAILABLE: "E5030",
        Common.BROKEN: "E5000",
    },
    honours_keys=False,
)


class StockQuery(msgspec.Struct):
    item_codes: list[Text]


class WantedLine(msgspec.Struct):
    line_ref: Reference
    item_code: Text
    qty: Pieces


class ReservationRequest(msgspec.Struct):
    order_ref: Reference
    site_code: Text
    lines: list[WantedLine]
    purpose: Reference = "allocation"


class HeldLine(msgspec.Struct):
    line_ref: str
    item_code: str
    qty_requested: int
    qty_held: int
    qty_short: int


class Reservation(msgspec.Struct):
    reservation_no: str
    order_ref: str
    site_code: str
    purpose: str
    state: str
    created_at: str
    lines: list[HeldLine]


class Consignee(msgspec.Struct):
    name: Text
    country_code: Text
    addr_lines: list[Text] = []
    city: Text = ""
    region: Text = ""
    zip: Text = ""


class ShipmentRequest(msgspec.Struct):
    order_ref: Reference
    reservation_no: Text
    site_code: Text
    consignee: Consignee
    service_code: Text
    tracking_no: Text


class ShippedLine(msgspec.Struct):
    line_ref: str
    item_code: str
    qty: int


class CartonLine(msgspec.Struct):
    line_ref: str
    qty: int


class Carton(msgspec.Struct):
    """A labelled package: its SSCC, and what lies in it."""

    sscc: str
    lines: list[CartonLine]


class Shipment(msgspec.Struct):
    shipment_no: str
    order_ref: str
    reservation_no: str
    site_code: str
    purpose: str
    service_code: str
    tracking_no: str
    state: str
    created_at: str
    lines: list[ShippedLine]


_queries = msgspec.json.Decoder(StockQuery)
_reservations = msgspec.json.Decoder(ReservationRequest)
_shipments = msgspec.json.Decoder(ShipmentRequest)

# Each step of a shipment with the minutes it takes after the one before.
PROGRESS = (("picked", 40, 120), ("packed", 20, 60), ("shipped", 30, 120))


@dataclass(slots=True)
class Bin:
    """Stock of one item at one site."""

    on_hand: int
    reserved: int = field(default=0)

    @property
    def free(self) -> int:
        return max(0, self.on_hand - self.reserved)


CARTON_HOLDS = 60  # pieces, of whatever item
# Extension digit and company prefix of the labels; what follows is the shipment's number and the carton's.
SSCC_PREFIX = "07350001"


def cartons(shipment: Shipment) -> list[Carton]:
    """A shipment as it is packed: in the order of its lines, each carton filled before the next."""
    found: list[Carton] = []
    room = 0
    for line in shipment.lines:
        left = line.qty
        while left:
            if not room:
                body = f"{SSCC_PREFIX}{int(shipment.shipment_no.rpartition('-')[2]) % 1_000_000:06d}{len(found):03d}"
                found.append(Carton(body + check_digit(body), []))
                room = CARTON_HOLDS
            taken = min(left, room)
            found[-1].lines.append(CartonLine(line.line_ref, taken))
            left, room = left - taken, room - taken
    return found


class Wms:
    """hand_over: told the tracking number and the time when goods go to the carrier.
    expected_on: when the next receipt of (item, site) is due, as YYYY-MM-DD, if one is; whoever buys sets it.
    """

    dialect = DIALECT

    def __init__(
        self,
        around: Surroundings,
        hand_over: Callable[[str, datetime], None],
    ) -> None:
        self._around = around
        self._hand_over = hand_over
        self.expected_on: Callable[[str, str], str | None] = lambda item, site: None
        self._sites = [site.site for site in around.distributor.sites]
        self._bins = {
            (item.sku, site): Bin(item.stock[site]) for item in around.distributor.items for site in self._sites
        }
        self._reservations: dict[str, Reservation] = {}
        self._reservations_of: dict[str, list[Reservation]] = {}
        self._shipments: dict[str, Shipment] = {}
        self._shipments_of: dict[str, list[Shipment]] = {}
        self._steps: dict[str, Appointment] = {}
        self._reservation_numbers = Numbering("R-", 6)
        self._shipment_numbers = Numbering("L-", 6)
        self._tracked: dict[str, Shipment] = {}
        self._returns = Returns(around, self._sites, self._restock)
        self.routes = (
            Route("POST", "/v1/stock/query", "queryStock", self.query_stock),
            Route("POST", "/v1/reservations", "createReservation", self.create_reservation),
            Route("GET", "/v1/reservations", "findReservations", self.find_reservations),
            Route("GET", "/v1/reservations/{reservation_no}", "getReservation", self.get_reservation),
            Route("POST", "/v1/reservations/{reservation_no}/cancel", "cancelReservation", self.cancel_reservation),
            Route("POST", "/v1/shipments", "createShipment", self.create_shipment),
            Route("GET", "/v1/shipments", "findShipments", self.find_shipments),
            Route("GET", "/v1/shipments/{shipment_no}", "getShipment", self.get_shipment),
            Route("POST", "/v1/shipments/{shipment_no}/cancel", "cancelShipment", self.cancel_shipment),
            *self._returns.routes,
        )

    # Stock

    def query_stock(self, call: Call) -> Reply:
        request = call.read(_queries)
        if len(request.item_codes) > 1000:
            raise Refused(422, "E4223", "At most 1000 item codes in one query", "item_codes")
        rows = [
            self._row(item, site, self._bins[item, site])
            for item in dict.fromkeys(request.item_codes)
            for site in self._sites
            if (item, site) in self._bins
        ]
        return Reply({"rows": rows})

    def receive(
        self, order: str, purchase_order: str, site: str, lines: Iterable[tuple[str, int]], now: datetime
    ) -> None:
        """Goods have come in from a supplier. `order` is the sales order they were bought for, or ""."""
        for item, quantity in lines:
            self._bins[item, site].on_hand += quantity
            self._around.ledger.write(
                now,
                "receipt",
                purchase_order,
                order=order,
                purpose=purchase_order,
                site=site,
                sku=item,
                quantity=quantity,
            )
            event_id = fresh_id()
            event = {
                "event_id": event_id,
                "event_type": "inventory.receipt",
                "occurred_at": whole_seconds(now),
                "po_ref": purchase_order,
                "order_ref": order,
                "site_code": site,
                "item_code": item,
                "qty": quantity,
            }
            self._around.announce(order, event_id, event, now)

    def _restock(self, item: str, site: str, pieces: int) -> None:
        self._bins[item, site].on_hand += pieces

    def shipped_with(self, tracking: str) -> Shipment | None:
        """The shipment that left under a tracking number."""
        shipment = self._tracked.get(tracking)
        return shipment if shipment is not None and shipment.state == "shipped" else None

    # Reservations

    def create_reservation(self, call: Call) -> Reply:
        request = call.read(_reservations)
        if request.site_code not in self._sites:
            raise Refused(404, "E4041", f"Site {request.site_code} is unknown", "site_code")
        _check_lines(request.lines)
        for place, line in enumerate(request.lines):
            if (line.item_code, request.site_code) not in self._bins:
                raise Refused(422, "E4221", f"Item {line.item_code} is unknown", f"lines[{place}].item_code")

        reservation = Reservation(
            reservation_no=self._reservation_numbers.next(),
            order_ref=request.order_ref,
            site_code=request.site_code,
            purpose=request.purpose,
            state="held",
            created_at=whole_seconds(call.now),
            lines=[self._hold(line, request.site_code) for line in request.lines],
        )
        self._reservations[reservation.reservation_no] = reservation
        self._reservations_of.setdefault(reservation.order_ref, []).append(reservation)
        for line in reservation.lines:
            if line.qty_held:
                self._around.ledger.write(
                    call.now,
                    "reservation",
                    reservation.reservation_no,
                    order=reservation.order_ref,
                    purpose=reservation.purpose,
                    line=line.line_ref,
                    site=reservation.site_code,
                    sku=line.item_code,
                    quantity=line.qty_held,
                    status="held",
                )
        return Reply(reservation, 201)

    def find_reservations(self, call: Call) -> Reply:
        order = call.query.get("order_ref")
        among = self._reservations.values() if order is None else self._reservations_of.get(order, ())
        rows = [row for row in among if call.matches(site_code=row.site_code, purpose=row.purpose)]
        skip, top = call.window()
        return Reply({"rows": rows[skip : skip + top]})

    def get_reservation(self, call: Call) -> Reply:
        return Reply(self._known_reservation(call.arguments["reservation_no"]))

    def cancel_reservation(self, call: Call) -> Reply:
        reservation = self._known_reservation(call.arguments["reservation_no"])
        if reservation.state == "released":
            text = f"Reservation {reservation.reservation_no} is in use by a shipment; cancel that first"
            raise Refused(409, "E4091", text)
        if reservation.state == "held":
            reservation.state = "cancelled"
            self._unhold(reservation)
            self._around.ledger.cancel("reservation", reservation.reservation_no, call.now)
            self._around.ledger.progress("reservation", reservation.reservation_no, "cancelled")
        return Reply(reservation)

    # Shipments

    def create_shipment(self, call: Call) -> Reply:
        request = call.read(_shipments)
        reservation = self._known_reservation(request.reservation_no)
        if (request.order_ref, request.site_code) != (reservation.order_ref, reservation.site_code):
            text = f"Reservation {reservation.reservation_no} is for {reservation.order_ref} at {reservation.site_code}"
            raise Refused(422, "E4222", text, "reservation_no")
        lines = [
            ShippedLine(line.line_ref, line.item_code, line.qty_held) for line in reservation.lines if line.qty_held
        ]
        if reservation.state == "cancelled" or not lines:
            raise Refused(409, "E4092", f"Reservation {reservation.reservation_no} holds nothing to ship")

        shipment = Shipment(
            shipment_no=self._shipment_numbers.next(),
            order_ref=request.order_ref,
            reservation_no=request.reservation_no,
            site_code=request.site_code,
            purpose=reservation.purpose,
            service_code=request.service_code,
            tracking_no=request.tracking_no,
            state="released",
            created_at=whole_seconds(call.now),
            lines=lines,
        )
        self._shipments[shipment.shipment_no] = shipment
        self._shipments_of.setdefault(shipment.order_ref, []).append(shipment)
        self._tracked[shipment.tracking_no] = shipment
        reservation.state = "released"
        self._around.ledger.progress("reservation", reservation.reservation_no, "released")
        for line in lines:
            self._around.ledger.write(
                call.now,
                "shipment",
                shipment.shipment_no,
                order=shipment.order_ref,
                purpose=shipment.purpose,
                line=line.line_ref,
                site=shipment.site_code,
                sku=line.item_code,
                quantity=line.qty,
                status="released",
                detail={"reservation": shipment.reservation_no, "tracking": shipment.tracking_no},
            )
        self._schedule(shipment, 0, call.now)
        return Reply(shipment, 201)

    def find_shipments(self, call: Call) -> Reply:
        order = call.query.get("order_ref")
        among = self._shipments.values() if order is None else self._shipments_of.get(order, ())
        rows = [row for row in among if call.matches(site_code=row.site_code, reservation_no=row.reservation_no)]
        skip, top = call.window()
        return Reply({"rows": rows[skip : skip + top]})

    def get_shipment(self, call: Call) -> Reply:
        return Reply(self._known_shipment(call))

    def cancel_shipment(self, call: Call) -> Reply:
        shipment = self._known_shipment(call)
        if shipment.state == "shipped":
            raise Refused(409, "E4093", f"Shipment {shipment.shipment_no} has been handed over to the carrier")
        if shipment.state != "cancelled":
            shipment.state = "cancelled"
            self._steps.pop(shipment.shipment_no).cancel()
            ledger = self._around.ledger
            ledger.cancel("shipment", shipment.shipment_no, call.now)
            ledger.progress("shipment", shipment.shipment_no, "cancelled")
            siblings = self._shipments_of[shipment.order_ref]
            live = (s for s in siblings if s.reservation_no == shipment.reservation_no and s.state != "cancelled")
            if next(live, None) is None:
                self._reservations[shipment.reservation_no].state = "held"
                ledger.progress("reservation", shipment.reservation_no, "held")
        return Reply(shipment)

    # Progress in business time

    def _schedule(self, shipment: Shipment, step: int, now: datetime) -> None:
        state, low, high = PROGRESS[step]
        identity = (shipment.order_ref, shipment.site_code, shipment.purpose, state)
        delay = self._around.chance.minutes(low, high, *identity)
        self._steps[shipment.shipment_no] = self._around.agenda.after(
            now, delay, lambda at: self._advance(shipment, step, at)
        )

    def _advance(self, shipment: Shipment, step: int, now: datetime) -> None:
        shipment.state = PROGRESS[step][0]
        self._around.ledger.progress("shipment", shipment.shipment_no, shipment.state)
        if shipment.state == "shipped":
            del self._steps[shipment.shipment_no]
            self._take_from_stock(shipment)
        else:
            self._schedule(shipment, step + 1, now)
        event_id = fresh_id()
        event: dict[str, object] = {
            "event_id": event_id,
            "event_type": f"shipment.{shipment.state}",
            "occurred_at": whole_seconds(now),
            "order_ref": shipment.order_ref,
            "shipment_no": shipment.shipment_no,
            "site_code": shipment.site_code,
            "tracking_no": shipment.tracking_no,
            "lines": shipment.lines,
        }
        if shipment.state != "picked":
            event["cartons"] = cartons(shipment)
        self._around.announce(shipment.order_ref, event_id, event, now)
        if shipment.state == "shipped":
            self._hand_over(shipment.tracking_no, now)

    def _take_from_stock(self, shipment: Shipment) -> None:
        siblings = self._shipments_of[shipment.order_ref]
        first = not any(
            s is not shipment and s.reservation_no == shipment.reservation_no and s.state == "shipped" for s in siblings
        )
        for line in shipment.lines:
            stock = self._bins[line.item_code, shipment.site_code]
            stock.on_hand = max(0, stock.on_hand - line.qty)
            if first:  # a second shipment of one reservation eats into free stock
                stock.reserved -= line.qty

    # Helpers

    def _row(self, item: str, site: str, stock: Bin) -> dict[str, object]:
        return {
            "item_code": item,
            "site_code": site,
            "qty_on_hand": stock.on_hand,
            "qty_reserved": stock.reserved,
            "qty_free": stock.free,
            "next_receipt_date": self.expected_on(item, site),
        }

    def _hold(self, line: WantedLine, site: str) -> HeldLine:
        stock = self._bins[line.item_code, site]
        held = min(stock.free, line.qty)
        stock.reserved += held
        return HeldLine(line.line_ref, line.item_code, line.qty, held, line.qty - held)

    def _unhold(self, reservation: Reservation) -> None:
        for line in reservation.lines:
            self._bins[line.item_code, reservation.site_code].reserved -= line.qty_held

    def _known_reservation(self, number: str) -> Reservation:
        if number not in self._reservations:
            raise Refused(404, "E4042", f"Reservation {number} is unknown", "reservation_no")
        return self._reservations[number]

    def _known_shipment(self, call: Call) -> Shipment:
        number = call.arguments["shipment_no"]
        if number not in self._shipments:
            raise Refused(404, "E4043", f"Shipment {number} is unknown")
        return self._shipments[number]


def _check_lines(lines: list[WantedLine]) -> None:
    if not 1 <= len(lines) <= 1000:
        raise Refused(422, "E4224", f"Expected 1 to 1000 lines, found {len(lines)}", "lines")
