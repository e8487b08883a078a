"""Carrier: rates, bookings with a label, and tracking from hand-over to proof of delivery.

Speaks nested camelCase. A parcel moves once the warehouse has handed it over: departed, in transit, perhaps an
exception, delivered. The promise assumes hand-over within six hours of booking, so a slow warehouse makes it late.
"""

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

import msgspec

from .claims import Claims, NoteRemark
from .clock import Appointment, working_day
from .surroundings import Surroundings, fresh_id
from .wire import CENT, Call, Common, Dialect, Numbering, Reference, Refused, Reply, Route, Text, plain
from .world import Site


def _error(refusal: Refused) -> object:
    error = {"code": refusal.code, "message": refusal.text}
    if refusal.target is not None:
        error["path"] = refusal.target
    return {"transactionId": fresh_id(), "errors": [error]}


DIALECT = Dialect(
    system="carrier",
    credential=lambda tenant, key: ("authorization", f"Bearer {key}"),
    error=_error,
    codes={
        Common.UNAUTHENTICATED: "NOT.AUTHORIZED",
        Common.NO_ROUTE: "RESOURCE.NOTFOUND",
        Common.NO_METHOD: "METHOD.NOTALLOWED",
        Common.MALFORMED: "JSON.MALFORMED",
        Common.INVALID: "INPUT.INVALID",
        Common.TOO_LARGE: "PAYLOAD.TOOLARGE",
        Common.TOO_SLOW: "REQUEST.TIMEOUT",
        Common.KEY_REUSED: "IDEMPOTENCY.KEY.REUSED",
        Common.THROTTLED: "RATE.LIMIT.EXCEEDED",
        Common.UNAVAILABLE: "SERVICE.UNAVAILABLE",
        Common.BROKEN: "INTERNAL.ERROR",
    },
)


class Address(msgspec.Struct, rename="camel"):
    country_code: Text
    contact_name: Text = ""
    street_lines: list[Text] = []
    city: Text = ""
    state_or_province: Text = ""
    postal_code: Text = ""


class Weight(msgspec.Struct):
    value: Decimal
    unit: str = "KG"


class Origin(msgspec.Struct, rename="camel"):
    facility_code: Text


class RatedShipment(msgspec.Struct, rename="camel"):
    origin: Origin
    destination: Address
    weight: Weight


class RateRequest(msgspec.Struct):
    shipment: RatedShipment


class Mark(msgspec.Struct, rename="camel"):
    order: Reference
    facility_code: Text
    purpose: Reference = "delivery"


class BookedShipment(msgspec.Struct, rename="camel"):
    reference: Mark
    service_code: Text
    destination: Address
    weight: Weight


class BookingRequest(msgspec.Struct):
    shipment: BookedShipment


class Status(msgspec.Struct):
    code: str
    description: str


class Charge(msgspec.Struct):
    amount: Decimal
    currency: str


class Label(msgspec.Struct):
    format: str
    data: str


class Promise(msgspec.Struct, rename="camel"):
    delivery_date: str


class Booking(msgspec.Struct, rename="camel"):
    tracking_number: str
    reference: Mark
    service_code: str
    status: Status
    label: Label
    total_charge: Charge
    promise: Promise


class NewInstruction(msgspec.Struct):
    note: Text


class Instruction(msgspec.Struct, rename="camel"):
    note: str
    given_at: str


_instructions = msgspec.json.Decoder(NewInstruction)
_rates = msgspec.json.Decoder(RateRequest)
_bookings = msgspec.json.Decoder(BookingRequest)

SERVICES = {"GROUND": "Ground parcel", "EXPRESS": "Express parcel", "FREIGHT": "Freight, palletised"}
BASE_PRICE = {"GROUND": Decimal("6.90"), "EXPRESS": Decimal("14.50"), "FREIGHT": Decimal("58.00")}
PRICE_PER_KG = {"GROUND": Decimal("0.42"), "EXPRESS": Decimal("1.15"), "FREIGHT": Decimal("0.21")}
PARCEL_LIMIT_KG = 70
EXCEPTION_SHARE = 0.07
HAND_OVER_ALLOWANCE = timedelta(hours=6)

# Days on the road: same region, same country, elsewhere.
DAYS = {"GROUND": (1, 3, 5), "EXPRESS": (1, 1, 2), "FREIGHT": (2, 4, 7)}
COUNTRIES = (
    "AT BE BG CA CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IS IT LT LU LV MT MX NL NO PL PT RO SE SI SK US "
    "AE AG AU BH BM BR HK IL JE JP KR LB NG SA SG TH ZA"
)
SERVED = frozenset(COUNTRIES.split())
DESCRIPTIONS = {
    "BOOKED": "Shipment information received",
    "IN_TRANSIT": "On its way",
    "EXCEPTION": "Delivery exception",
    "DELIVERED": "Delivered",
    "VOIDED": "Shipment voided",
}
REASONS = {
    "WEATHER": "Road closed by weather",
    "ADDRESS": "Gate closed; address not reachable",
    "DAMAGE": "Outer packaging damaged, repacked at the hub",
    "REFUSED_RETRY": "Receiver asked for delivery on the next day",
}
SIGNERS = ("A. Lindqvist", "M. Korhonen", "J. Novak", "R. Alvarez", "T. Bergström", "D. Carter", "L. Weber")


class Carrier:
    """delivered: told (tracking number, site, purpose, time) when goods have reached their receiver.
    signs: what the receiver of (tracking number, site, purpose) remarks on the proof of delivery.
    """

    dialect = DIALECT

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._facilities = {site.site: site for site in around.distributor.sites}
        self._bookings: dict[str, Booking] = {}
        self._bookings_of: dict[str, list[Booking]] = {}
        self._destinations: dict[str, Address] = {}
        self._events: dict[str, list[dict[str, object]]] = {}
        self._handed_over: set[str] = set()
        self._arrivals: dict[str, Appointment] = {}
        self._unclear: dict[str, datetime] = {}  # tracking number -> when it comes if somebody says where to
        self._instructions: dict[str, list[Instruction]] = {}
        self._remarks: dict[str, list[NoteRemark]] = {}
        self._claims = Claims(around, self._order_of, lambda number: self._remarks.get(number, []))
        self.signs: Callable[[str, str, str], list[NoteRemark]] = lambda tracking, site, purpose: []
        self.delivered: Callable[[str, str, str, datetime], None] = lambda tracking, site, purpose, now: None
        self._numbers = Numbering("1ZN", 10, around.chance.whole(1, 9, "tracking") * 10**8)
        self.routes = (
            Route("POST", "/api/v2/rates", "quoteRates", self.quote_rates),
            Route("POST", "/api/v2/shipments", "bookShipment", self.book_shipment),
            Route("GET", "/api/v2/shipments", "findShipments", self.find_shipments),
            Route("GET", "/api/v2/shipments/{trackingNumber}", "getShipment", self.get_shipment),
            Route("GET", "/api/v2/shipments/{trackingNumber}/events", "listEvents", self.list_events),
            Route("DELETE", "/api/v2/shipments/{trackingNumber}", "voidShipment", self.void_shipment),
            Route("POST", "/api/v2/shipments/{trackingNumber}/instructions", "giveInstruction", self.instruct),
            Route("GET", "/api/v2/shipments/{trackingNumber}/instructions", "listInstructions", self.list_instructions),
            *self._claims.routes,
        )

    def quote_rates(self, call: Call) -> Reply:
        shipment = call.read(_rates).shipment
        site = self._facility(shipment.origin.facility_code, "shipment.origin.facilityCode")
        weight = _weighed(shipment.weight)
        _check_served(shipment.destination)
        services = ("GROUND", "EXPRESS") if weight <= PARCEL_LIMIT_KG else ("FREIGHT",)
        quotes: list[dict[str, object]] = []
        for service in services:
            days = _days(service, site, shipment.destination)
            quotes.append(
                {
                    "service": {"code": service, "name": SERVICES[service]},
                    "totalCharge": self._charge(service, weight, days),
                    "transit": {"days": days, "estimatedDelivery": _promise(call.now, days)},
                }
            )
        return Reply({"transactionId": fresh_id(), "rateQuotes": quotes})

    def book_shipment(self, call: Call) -> Reply:
        shipment = call.read(_bookings).shipment
        site = self._facility(shipment.reference.facility_code, "shipment.reference.facilityCode")
        weight = _weighed(shipment.weight)
        _check_served(shipment.destination)
        if shipment.service_code not in SERVICES:
            text = f"Service {shipment.service_code} is unknown; there are {', '.join(SERVICES)}"
            raise Refused(422, "SERVICE.CODE.UNKNOWN", text, "shipment.serviceCode")
        days = _days(shipment.service_code, site, shipment.destination)
        number = self._numbers.next()
        booking = Booking(
            tracking_number=number,
            reference=shipment.reference,
            service_code=shipment.service_code,
            status=_status("BOOKED"),
            label=Label("ZPL", _label(number, shipment)),
            total_charge=self._charge(shipment.service_code, weight, days),
            promise=Promise(_promise(call.now, days)),
        )
        self._bookings[number] = booking
        self._bookings_of.setdefault(shipment.reference.order, []).append(booking)
        self._destinations[number] = shipment.destination
        self._events[number] = []
        self._around.ledger.write(
            call.now,
            "booking",
            number,
            order=shipment.reference.order,
            purpose=shipment.reference.purpose,
            site=shipment.reference.facility_code,
            amount=booking.total_charge.amount,
            currency=booking.total_charge.currency,
            status="BOOKED",
        )
        return Reply({"transactionId": fresh_id(), "shipment": booking}, 201)

    def find_shipments(self, call: Call) -> Reply:
        order = call.query.get("order")
        among = self._bookings.values() if order is None else self._bookings_of.get(order, ())
        found = [
            booking
            for booking in among
            if call.matches(facilityCode=booking.reference.facility_code, purpose=booking.reference.purpose)
        ]
        skip, top = call.window()
        return Reply({"shipments": found[skip : skip + top]})

    def get_shipment(self, call: Call) -> Reply:
        return Reply({"shipment": self._known(call)})

    def list_events(self, call: Call) -> Reply:
        return Reply({"events": self._events[self._known(call).tracking_number]})

    def void_shipment(self, call: Call) -> Reply:
        booking = self._known(call)
        number = booking.tracking_number
        if number in self._handed_over:
            raise Refused(409, "SHIPMENT.ALREADY.TENDERED", f"Shipment {number} has been handed over")
        if booking.status.code != "VOIDED":
            booking.status = _status("VOIDED")
            self._around.ledger.cancel("booking", number, call.now)
            self._around.ledger.progress("booking", number, "VOIDED")
        return Reply({"shipment": booking})

    # The road

    def hand_over(self, number: str, now: datetime) -> None:
        """The warehouse has given us the goods. A number that is not booked (or void) does not move."""
        booking = self._bookings.get(number)
        if booking is None or booking.status.code == "VOIDED" or number in self._handed_over:
            return
        self._handed_over.add(number)
        chance, agenda = self._around.chance, self._around.agenda
        mark = booking.reference
        identity = (mark.order, mark.facility_code, mark.purpose)
        site, destination = self._facilities[mark.facility_code], self._destinations[number]

        departed = now + chance.minutes(60, 180, *identity, "DEP")
        agenda.at(departed, lambda at: self._track(booking, "DEP", at, (site.city, site.country)))
        days = _days(booking.service_code, site, destination)
        arrival = max(working_day(now + timedelta(days=days)).date().isoformat(), booking.promise.delivery_date)
        delivered = _at_hour(arrival, 7) + chance.minutes(0, 9 * 60, *identity, "DLV")
        road = delivered - departed
        stops = chance.whole(1, 2, *identity, "ITR")
        for stop in range(stops):
            there = (site.city, site.country) if stop == 0 else (destination.city, destination.country_code)
            passed = departed + road * (stop + 1) / (stops + 2)
            agenda.at(passed, lambda at, there=there: self._track(booking, "ITR", at, there))
        if chance.share(*identity, "EXC") < EXCEPTION_SHARE:
            reason = chance.pick(tuple(REASONS), *identity, "reason")
            where = (destination.city, destination.country_code)
            agenda.at(delivered, lambda at: self._track(booking, "EXC", at, where, reason=reason))
            delivered = working_day(delivered + timedelta(days=1))
            if reason == "ADDRESS":  # nobody knows where to go: a day more, unless somebody says
                self._unclear[number] = delivered
                delivered = working_day(delivered + timedelta(days=1))
        signer = chance.pick(SIGNERS, *identity, "signer")
        where = (destination.city, destination.country_code)
        self._arrivals[number] = agenda.at(delivered, lambda at: self._track(booking, "DLV", at, where, signer=signer))

    def instruct(self, call: Call) -> Reply:
        """The shipper says where to find the receiver; taken while the parcel is held up."""
        booking, note = self._known(call), call.read(_instructions).note
        number = booking.tracking_number
        if booking.status.code != "EXCEPTION":
            raise Refused(409, "SHIPMENT.NOT.HELD", f"Shipment {number} is {booking.status.code}, not held up")
        said = self._instructions.setdefault(number, [])
        said.append(Instruction(note, _stamp(call.now)))
        self._around.ledger.write(
            call.now, "instruction", number, order=booking.reference.order, purpose=number, status="TAKEN",
            site=booking.reference.facility_code, detail={"note": note},
        )  # fmt: skip
        earlier = self._unclear.pop(number, None)
        if earlier is not None and number in self._arrivals:
            pending = self._arrivals[number]
            pending.cancel()
            soonest = max(earlier, call.now + timedelta(hours=2))
            self._arrivals[number] = self._around.agenda.at(min(soonest, pending.at), pending.action)
        return Reply({"instructions": said}, 201)

    def list_instructions(self, call: Call) -> Reply:
        return Reply({"instructions": self._instructions.get(self._known(call).tracking_number, [])})

    def _track(
        self, booking: Booking, code: str, at: datetime, where: tuple[str, str], reason: str = "", signer: str = ""
    ) -> None:
        state = {"DEP": "IN_TRANSIT", "ITR": "IN_TRANSIT", "EXC": "EXCEPTION", "DLV": "DELIVERED"}[code]
        number = booking.tracking_number
        booking.status = _status(state)
        self._around.ledger.progress("booking", number, state)
        if signer:
            mark = booking.reference
            self._remarks[number] = self.signs(number, mark.facility_code, mark.purpose)
            for remark in self._remarks[number]:
                self._around.ledger.write(
                    at,
                    "remark",
                    number,
                    order=mark.order,
                    purpose=number,
                    line=remark.note_line,
                    site=mark.facility_code,
                    quantity=remark.pieces,
                    status=remark.code,
                )
        event: dict[str, object] = {
            "code": code,
            "description": DESCRIPTIONS[state],
            "timestamp": _stamp(at),
            "location": {"city": where[0], "countryCode": where[1]},
            "reason": {"code": reason, "text": REASONS[reason]} if reason else None,
            "proofOfDelivery": self._proof(number, signer, at) if signer else None,
        }
        self._events[number].append(event)
        event_id = fresh_id()
        told = {"order": booking.reference.order, "facilityCode": booking.reference.facility_code}
        message = {
            "notification": {"id": event_id, "type": "TRACKING", "sentAt": _stamp(at)},
            "tracking": {"number": number, "reference": told, "event": event},
        }
        self._around.announce(booking.reference.order, event_id, message, at)
        if state == "DELIVERED":
            self._arrivals.pop(number, None)
            self._unclear.pop(number, None)
            self.delivered(number, booking.reference.facility_code, booking.reference.purpose, at)

    # Helpers

    def _proof(self, number: str, signer: str, at: datetime) -> dict[str, object]:
        return {"signedBy": signer, "signedAt": _stamp(at), "remarks": self._remarks[number]}

    def _order_of(self, number: str) -> str | None:
        booking = self._bookings.get(number)
        return booking and booking.reference.order

    def _charge(self, service: str, weight: Decimal, days: int) -> Charge:
        amount = BASE_PRICE[service] + PRICE_PER_KG[service] * weight + days * Decimal("0.85")
        return Charge(amount.quantize(CENT, ROUND_HALF_UP), self._around.distributor.currency)

    def _facility(self, code: str, target: str) -> Site:
        if code not in self._facilities:
            raise Refused(422, "FACILITY.CODE.UNKNOWN", f"Facility {code} is unknown", target)
        return self._facilities[code]

    def _known(self, call: Call) -> Booking:
        number = call.arguments["trackingNumber"]
        if number not in self._bookings:
            raise Refused(404, "TRACKING.NUMBER.NOTFOUND", f"Tracking number {number} cannot be found")
        return self._bookings[number]


def _status(code: str) -> Status:
    return Status(code, DESCRIPTIONS[code])


def _weighed(weight: Weight) -> Decimal:
    value = plain(weight.value, "shipment.weight.value")
    if weight.unit != "KG" or not 0 < value <= 20_000:
        text = f"Expected more than 0 and at most 20000 KG, found {value} {weight.unit}"
        raise Refused(422, "SHIPMENT.WEIGHT.INVALID", text, "shipment.weight.value")
    return value


def _check_served(address: Address) -> None:
    if address.country_code not in SERVED:
        text = f"Country {address.country_code!r} is not served"
        raise Refused(422, "DESTINATION.COUNTRY.UNSERVED", text, "shipment.destination.countryCode")


def _days(service: str, site: Site, destination: Address) -> int:
    same_country = destination.country_code == site.country
    near = same_country and destination.state_or_province == site.region
    return DAYS[service][0 if near else 1 if same_country else 2]


def _promise(now: datetime, days: int) -> str:
    return working_day(now + HAND_OVER_ALLOWANCE + timedelta(days=days)).date().isoformat()


def _at_hour(day: str, hour: int) -> datetime:
    return datetime.fromisoformat(day).replace(hour=hour, tzinfo=UTC)


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def _label(number: str, shipment: BookedShipment) -> str:
    """A small shipping label in ZPL II: address, service, tracking number as Code 128."""
    to = shipment.destination
    rows = [to.contact_name, *to.street_lines[:3], f"{to.postal_code} {to.city}", to.country_code]
    # ^ and ~ start commands in ZPL, so an address may not carry them.
    clean = [row.replace("^", " ").replace("~", " ") for row in rows]
    fields = "".join(f"^FO40,{60 + 36 * place}^A0N,30^FD{row}^FS" for place, row in enumerate(clean))
    zpl = f"^XA^CI28{fields}^FO40,330^A0N,40^FD{shipment.service_code}^FS^FO40,390^BCN,120^FD{number}^FS^XZ"
    return base64.b64encode(zpl.encode("utf-8", "replace")).decode()
