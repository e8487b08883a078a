"""The sandbox's supplier portal: kebab-case, problem+json errors.

Business identity of a purchase order: our order, the purpose and the items; cancelled ones do not count.
"""

from datetime import date
from decimal import Decimal
from typing import Any, Literal

import msgspec

from crossdock.connect import roles
from crossdock.connect.wire import Ask, Refusal, Vendor, action, one, read, segment


class Item(msgspec.Struct, frozen=True, rename="kebab"):
    line: str
    part_number: str
    quantity: Decimal


class PurchaseOrder(msgspec.Struct, frozen=True, rename="kebab"):
    po_number: str
    supplier_code: str
    status: str
    items: tuple[Item, ...]
    purpose: str | None = None
    expected_arrival: date | None = None


class PurchaseOrders(msgspec.Struct, frozen=True, rename="kebab"):
    purchase_orders: tuple[PurchaseOrder, ...]


def _ask_order(a: roles.SupplierOrderArguments) -> Ask:
    body: dict[str, Any] = {
        "buyer-reference": a.order,
        "purpose": a.purpose,
        "items": [{"line": line.line, "part-number": line.sku, "quantity": line.quantity} for line in a.lines],
    }
    if a.supplier_id is not None:
        body["supplier-code"] = a.supplier_id
    if a.site is not None:
        body["deliver-to"] = a.site
    return Ask("POST", "/purchase-orders", body=body)


def _read_order(a: roles.SupplierOrderArguments, body: bytes) -> roles.SupplierOrder:
    return _order(read(PurchaseOrder, body))


def _find_order(a: roles.SupplierOrderArguments) -> Ask:
    return Ask("GET", "/purchase-orders", {"buyer-reference": a.order})


def _found_order(a: roles.SupplierOrderArguments, body: bytes) -> roles.SupplierOrder | None:
    wanted = sorted((line.line, line.sku, line.quantity) for line in a.lines)
    same = [
        po
        for po in read(PurchaseOrders, body).purchase_orders
        if po.status != "cancelled"
        and (a.supplier_id is None or po.supplier_code == a.supplier_id)
        and (po.purpose is None or po.purpose == a.purpose)
        and sorted((i.line, i.part_number, i.quantity) for i in po.items) == wanted
    ]
    found = one(same, "purchase orders")
    return _order(found) if found else None


def _order(po: PurchaseOrder) -> roles.SupplierOrder:
    return roles.SupplierOrder(
        supplier_order=po.po_number, supplier_id=po.supplier_code, promised_on=po.expected_arrival
    )


def _ask_cancel(a: roles.CancelSupplierOrderArguments) -> Ask:
    return Ask("POST", f"/purchase-orders/{segment(a.supplier_order)}/cancel", body={"reason": a.reason})


def _read_cancel(a: roles.CancelSupplierOrderArguments, body: bytes) -> roles.Cancelled:
    return roles.Cancelled(cancelled=read(PurchaseOrder, body).po_number)


def _find_cancel(a: roles.CancelSupplierOrderArguments) -> Ask:
    return Ask("GET", f"/purchase-orders/{segment(a.supplier_order)}")


def _found_cancel(a: roles.CancelSupplierOrderArguments, body: bytes) -> roles.Cancelled | None:
    po = read(PurchaseOrder, body)
    return roles.Cancelled(cancelled=po.po_number) if po.status == "cancelled" else None


class Bought(msgspec.Struct, frozen=True, rename="kebab"):
    po_number: str
    supplier_code: str
    deliver_to: str
    status: Literal["received", "confirmed", "delayed", "shipped", "delivered", "cancelled"]
    items: tuple[Item, ...]
    expected_arrival: date | None = None


class AllBought(msgspec.Struct, frozen=True, rename="kebab"):
    purchase_orders: tuple[Bought, ...]


def _ask_orders(a: roles.SupplierOrdersArguments) -> Ask:
    return Ask("GET", "/purchase-orders", {"buyer-reference": a.order, "top": "500"})


def _read_orders(a: roles.SupplierOrdersArguments, body: bytes) -> roles.SupplierOrders:
    return roles.SupplierOrders(
        orders=tuple(
            roles.SupplierOrderState(
                supplier_order=po.po_number,
                supplier_id=po.supplier_code,
                site=po.deliver_to,
                status=po.status,
                promised_on=po.expected_arrival,
                lines=tuple(roles.Quantity(line=i.line, sku=i.part_number, quantity=i.quantity) for i in po.items),
            )
            for po in read(AllBought, body).purchase_orders
        )
    )


class Offer(msgspec.Struct, frozen=True, rename="kebab"):
    supplier_code: str
    name: str
    usual: bool
    expected_arrival: date


class Offers(msgspec.Struct, frozen=True):
    offers: tuple[Offer, ...]


def _ask_offers(a: roles.OffersArguments) -> Ask:
    return Ask("GET", "/offers", {"parts": ",".join(a.skus)})


def _read_offers(a: roles.OffersArguments, body: bytes) -> roles.Offers:
    return roles.Offers(
        offers=tuple(
            roles.Offer(supplier_id=o.supplier_code, name=o.name, usual=o.usual, promised_on=o.expected_arrival)
            for o in read(Offers, body).offers
        )
    )


class _Param(msgspec.Struct, frozen=True):
    name: str = ""


class _Problem(msgspec.Struct, frozen=True, rename="kebab"):
    type: str = "about:blank"
    title: str = ""
    detail: str = ""
    invalid_params: tuple[_Param, ...] = ()


def _refusal(body: bytes) -> Refusal:
    p = read(_Problem, body)
    code = p.type.rstrip("/").rpartition("/")[2]
    return Refusal(code, p.detail or p.title, ", ".join(param.name for param in p.invalid_params))


def _credentials(tenant: str, key: str) -> dict[str, str]:
    return {"X-Portal-Key": key}


VENDOR = Vendor(
    name="sandbox.supplier",
    system="supplier",
    actions={
        "supplier.orders": action(_ask_orders, _read_orders),
        "supplier.offers": action(_ask_offers, _read_offers),
        "supplier.order": action(_ask_order, _read_order, _find_order, _found_order),
        "supplier.cancelOrder": action(_ask_cancel, _read_cancel, _find_cancel, _found_cancel),
    },
    credentials=_credentials,
    refusal=_refusal,
)
