"""The sandbox's WMS: snake_case, whole base units, and no idempotency keys: each POST takes effect again.

Hence its look-ups matter most. Business identity: a reservation by order, site and purpose, compared line by line; a
shipment by order, site and the reservation it releases, which can have one live shipment at most.
"""

from datetime import date
from decimal import Decimal

import msgspec

from crossdock.connect import roles
from crossdock.connect.sandbox import returns
from crossdock.connect.wire import Ask, Misfit, Refusal, Vendor, action, one, read, segment, whole


class StockRow(msgspec.Struct, frozen=True):
    item_code: str
    site_code: str
    qty_free: int
    next_receipt_date: date | None


class StockRows(msgspec.Struct, frozen=True):
    rows: tuple[StockRow, ...]


class HeldLine(msgspec.Struct, frozen=True):
    line_ref: str
    item_code: str
    qty_requested: int
    qty_held: int
    qty_short: int


class Reservation(msgspec.Struct, frozen=True):
    reservation_no: str
    site_code: str
    purpose: str
    state: str
    lines: tuple[HeldLine, ...]


class Reservations(msgspec.Struct, frozen=True):
    rows: tuple[Reservation, ...]


class Shipment(msgspec.Struct, frozen=True):
    shipment_no: str
    reservation_no: str
    tracking_no: str | None
    state: str


class ShippedLine(msgspec.Struct, frozen=True):
    line_ref: str
    item_code: str
    qty: int


class Left(msgspec.Struct, frozen=True):
    shipment_no: str
    site_code: str
    tracking_no: str | None
    state: str
    lines: tuple[ShippedLine, ...]


class AllLeft(msgspec.Struct, frozen=True):
    rows: tuple[Left, ...]


class Shipments(msgspec.Struct, frozen=True):
    rows: tuple[Shipment, ...]


# ── stock and reservations ───────────────────────────────────────────────────────────────────────────────────────


def _ask_stock(a: roles.AvailabilityArguments) -> Ask:
    return Ask("POST", "/v1/stock/query", body={"item_codes": list(a.skus)})


def _read_stock(a: roles.AvailabilityArguments, body: bytes) -> roles.Availability:
    return roles.Availability(
        items=tuple(
            roles.Stock(
                sku=row.item_code,
                site=row.site_code,
                available=Decimal(row.qty_free),
                incoming_on=row.next_receipt_date,
            )
            for row in read(StockRows, body).rows
        )
    )


def _ask_reserve(a: roles.ReserveArguments) -> Ask:
    lines = [
        {"line_ref": line.line, "item_code": line.sku, "qty": whole(line.quantity, f"/lines/{n}/quantity")}
        for n, line in enumerate(a.lines)
    ]
    body = {"order_ref": a.order, "site_code": a.site, "purpose": a.purpose, "lines": lines}
    return Ask("POST", "/v1/reservations", body=body)


def _read_reserve(a: roles.ReserveArguments, body: bytes) -> roles.Reservation:
    return _reservation(read(Reservation, body))


def _find_reserve(a: roles.ReserveArguments) -> Ask:
    return Ask("GET", "/v1/reservations", {"order_ref": a.order, "site_code": a.site, "purpose": a.purpose})


def _found_reserve(a: roles.ReserveArguments, body: bytes) -> roles.Reservation | None:
    wanted = sorted((line.line, line.sku, line.quantity) for line in a.lines)
    same = [
        row
        for row in read(Reservations, body).rows
        # "held" alone: it is released only by a call that knows its number. One that holds nothing is no effect.
        if row.state == "held"
        and any(line.qty_held for line in row.lines)
        and sorted((line.line_ref, line.item_code, line.qty_requested) for line in row.lines) == wanted
    ]
    found = one(same, "reservations")
    return _reservation(found) if found else None


def _reservation(r: Reservation) -> roles.Reservation:
    return roles.Reservation(
        reservation=r.reservation_no,
        site=r.site_code,
        lines=tuple(
            roles.ReservedLine(
                line=line.line_ref,
                sku=line.item_code,
                reserved=Decimal(line.qty_held),
                short=Decimal(line.qty_short),
            )
            for line in r.lines
        ),
    )


def _ask_cancel_reservation(a: roles.CancelReservationArguments) -> Ask:
    return Ask("POST", f"/v1/reservations/{segment(a.reservation)}/cancel")


def _read_cancel_reservation(a: roles.CancelReservationArguments, body: bytes) -> roles.Cancelled:
    r = read(Reservation, body)
    if r.state != "cancelled":
        raise Misfit("state", "cancelled", r.state)
    return roles.Cancelled(cancelled=r.reservation_no)


def _find_cancel_reservation(a: roles.CancelReservationArguments) -> Ask:
    return Ask("GET", f"/v1/reservations/{segment(a.reservation)}")


def _found_cancel_reservation(a: roles.CancelReservationArguments, body: bytes) -> roles.Cancelled | None:
    r = read(Reservation, body)
    return roles.Cancelled(cancelled=r.reservation_no) if r.state == "cancelled" else None


# ── shipments ────────────────────────────────────────────────────────────────────────────────────────────────────


def _ask_release(a: roles.ReleaseArguments) -> Ask:
    to = a.ship_to
    body = {
        "order_ref": a.order,
        "reservation_no": a.reservation,
        "site_code": a.site,
        "consignee": {
            "name": to.name,
            "addr_lines": list(to.lines),
            "city": to.city,
            "region": to.region,
            "zip": to.postal_code,
            "country_code": to.country,
        },
        "service_code": a.service,
        "tracking_no": a.tracking,
    }
    return Ask("POST", "/v1/shipments", body=body)


def _read_release(a: roles.ReleaseArguments, body: bytes) -> roles.Shipment:
    return roles.Shipment(shipment=read(Shipment, body).shipment_no)


def _find_release(a: roles.ReleaseArguments) -> Ask:
    return Ask("GET", "/v1/shipments", {"order_ref": a.order, "site_code": a.site})


def _found_release(a: roles.ReleaseArguments, body: bytes) -> roles.Shipment | None:
    same = [
        row
        for row in read(Shipments, body).rows
        if row.state != "cancelled" and row.reservation_no == a.reservation and row.tracking_no == a.tracking
    ]
    found = one(same, "shipments")
    return roles.Shipment(shipment=found.shipment_no) if found else None


def _ask_cancel_shipment(a: roles.CancelShipmentArguments) -> Ask:
    return Ask("POST", f"/v1/shipments/{segment(a.shipment)}/cancel")


def _read_cancel_shipment(a: roles.CancelShipmentArguments, body: bytes) -> roles.Cancelled:
    s = read(Shipment, body)
    if s.state != "cancelled":
        raise Misfit("state", "cancelled", s.state)
    return roles.Cancelled(cancelled=s.shipment_no)


def _find_cancel_shipment(a: roles.CancelShipmentArguments) -> Ask:
    return Ask("GET", f"/v1/shipments/{segment(a.shipment)}")


def _found_cancel_shipment(a: roles.CancelShipmentArguments, body: bytes) -> roles.Cancelled | None:
    s = read(Shipment, body)
    return roles.Cancelled(cancelled=s.shipment_no) if s.state == "cancelled" else None


def _ask_shipments(a: roles.ShipmentsArguments) -> Ask:
    return Ask("GET", "/v1/shipments", {"order_ref": a.order, "top": "500"})


def _read_shipments(a: roles.ShipmentsArguments, body: bytes) -> roles.Shipments:
    return roles.Shipments(
        shipments=tuple(
            roles.ShipmentState(
                shipment=row.shipment_no,
                site=row.site_code,
                tracking=row.tracking_no or "",
                left=row.state == "shipped",
                lines=tuple(
                    roles.Quantity(line=n.line_ref, sku=n.item_code, quantity=Decimal(n.qty)) for n in row.lines
                ),
            )
            for row in read(AllLeft, body).rows
            if row.state != "cancelled"
        )
    )


# ── errors ───────────────────────────────────────────────────────────────────────────────────────────────────────


class _Refused(msgspec.Struct, frozen=True):
    error_code: str = ""
    error_text: str = ""
    field: str | None = None


def _refusal(body: bytes) -> Refusal:
    e = read(_Refused, body)
    return Refusal(e.error_code, e.error_text, e.field or "")


def _credentials(tenant: str, key: str) -> dict[str, str]:
    return {"X-Wms-Token": key}


VENDOR = Vendor(
    name="sandbox.wms",
    system="wms",
    actions={
        "wms.availability": action(_ask_stock, _read_stock),
        "wms.reserve": action(_ask_reserve, _read_reserve, _find_reserve, _found_reserve),
        "wms.cancelReservation": action(
            _ask_cancel_reservation, _read_cancel_reservation, _find_cancel_reservation, _found_cancel_reservation
        ),
        "wms.release": action(_ask_release, _read_release, _find_release, _found_release),
        "wms.cancelShipment": action(
            _ask_cancel_shipment, _read_cancel_shipment, _find_cancel_shipment, _found_cancel_shipment
        ),
        "wms.shipments": action(_ask_shipments, _read_shipments),
        **returns.ACTIONS,
    },
    credentials=_credentials,
    refusal=_refusal,
    honours_keys=False,
)
