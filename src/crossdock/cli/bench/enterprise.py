"""A distributor's systems that do nothing but answer: fixed prices, endless stock, unlimited credit.

They speak the wire formats of the sandbox's systems, each below a path of its own, and remember nothing; references
are made of the order's own number. What an order's calls were is kept for the first few, so that the same requests can
be made again by a client that does nothing else.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

# system → vendor; the path below which it answers is /system
SYSTEMS: Mapping[str, str] = {
    "erp": "sandbox.erp", "wms": "sandbox.wms", "carrier": "sandbox.carrier", "tax": "sandbox.tax",
    "payment": "sandbox.payment", "mail": "sandbox.mail",
}  # fmt: skip
SEEN_AT_MOST = 200

ADDRESS = {
    "name": "Shop", "lines": ["1 Main St"], "city": "Reno", "region": "NV", "postal_code": "89501", "country": "US",
}  # fmt: skip
QUANTITY, AMOUNT, TAX = 100, "250.00", "25.00"


def order(number: str) -> dict[str, Any]:
    """As intake hands an order on."""
    line = {
        "line": "1", "items": [{"scheme": "supplier", "value": "A"}], "description": "Bolt", "quantity": QUANTITY,
        "unit": "EA", "unit_price": None, "requested_on": None,
    }  # fmt: skip
    return {
        "order": number, "po": "4711", "channel": "json", "document": "", "received_at": "2026-03-02T08:00:00Z",
        "customer_id": "C-1", "currency": "USD", "ship_to": ADDRESS, "requested_on": None, "cancel_after": None,
        "lines": [line], "stated_total": None,
    }  # fmt: skip


def story(number: str) -> list[tuple[str, dict[str, Any]]]:
    """What the systems tell of the order, in this order: (event type, data)."""
    return [
        ("crossdock.shipment.shipped", {
            "order": number, "shipment": f"S-{number}", "site": "north", "tracking": f"T-{number}",
            "lines": [{"line": "1", "sku": "A", "quantity": QUANTITY}],
        }),
        ("crossdock.tracking.delivered", {
            "order": number, "tracking": f"T-{number}", "at": "2026-03-04T10:00:00Z", "signed_by": "Bo",
        }),
        ("crossdock.payment.received", {
            "order": number, "invoice": f"I-{number}", "payment": f"P-{number}", "amount": 275, "currency": "USD",
        }),
    ]  # fmt: skip


# ── answers ─────────────────────────────────────────────────────────────────────────────────────────────────────

_seen: list[list[str]] = []


def respond(method: bytes, path: bytes, body: bytes) -> bytes:
    """The answer of whichever system is asked. `/_seen` gives the requests so far, and forgets them."""
    where = path.decode().partition("?")[0]
    if where == "/_seen":
        seen = json.dumps(_seen).encode()
        _seen.clear()
        return seen
    if len(_seen) < SEEN_AT_MOST:
        _seen.append([method.decode(), path.decode(), body.decode()])
    known = _ANSWERS.get((method.decode(), where)) or next(
        (a for (m, prefix), a in _BELOW.items() if m == method.decode() and where.startswith(prefix)), None
    )
    return b"{}" if known is None else json.dumps(known(json.loads(body) if body else {})).encode()


def _customer(_: Any) -> Any:
    return {
        "CustNo": "C-1", "Name1": "ACME", "PriceGroup": "B", "PayTermDays": 30, "Curr": "USD", "Lang": "EN",
        "NotifyMode": "ALL", "NotifyOn": [], "CreditLimit": "1000000.00", "CreditExposure": "0.00",
        "OverdueAmt": "0.00", "CreditBlock": "", "EMail": "a@acme.example",
        "ShipTo": {
            "Name1": "Shop", "Street": "1 Main St", "Street2": "", "City": "Reno", "Region": "NV", "PostCode": "89501",
            "Country": "US",
        },
    }  # fmt: skip


def _credit(_: Any) -> Any:
    return {"CustNo": "C-1", "Limit": "1000000.00", "Exposure": "0.00", "Overdue": "0.00", "Blocked": ""}


def _prices(asked: Any) -> Any:
    items: list[dict[str, Any]] = [
        {
            "Pos": item["Pos"], "MatNo": "A", "MatDesc": "Bolt", "Qty": item["Qty"], "UoM": item["UoM"],
            "BaseQty": item["Qty"], "NetPrice": "2.50", "ListPrice": "3.00", "NetValue": AMOUNT, "UnitCost": "1.00",
            "CostValue": "100.00", "GrossWtKg": "10.0", "Alternates": [], "Msg": None,
        }
        for item in asked["Items"]
    ]  # fmt: skip
    return {"Curr": "USD", "NetValue": AMOUNT, "Items": items}


def _sales_order(asked: Any) -> Any:
    return {"SalesDoc": f"D-{asked['ExtRef']}", "Status": "OPEN", "Items": []}


def _invoice(asked: Any) -> Any:
    return {
        "InvDoc": f"I-{asked['ExtRef']}", "GrossValue": asked["GrossValue"], "DueDate": "20990401", "Items": [],
    }  # fmt: skip


def _stock(asked: Any) -> Any:
    rows = [
        {"item_code": code, "site_code": "north", "qty_free": 10**6, "next_receipt_date": None}
        for code in asked["item_codes"]
    ]
    return {"rows": rows}


def _reservation(asked: Any) -> Any:
    lines = [
        {
            "line_ref": n["line_ref"], "item_code": n["item_code"], "qty_requested": n["qty"], "qty_held": n["qty"],
            "qty_short": 0,
        }
        for n in asked["lines"]
    ]  # fmt: skip
    return {
        "reservation_no": f"R-{asked['order_ref']}", "site_code": asked["site_code"], "purpose": asked["purpose"],
        "state": "held", "lines": lines,
    }  # fmt: skip


def _shipment(asked: Any) -> Any:
    return {
        "shipment_no": f"S-{asked['order_ref']}", "reservation_no": asked["reservation_no"],
        "tracking_no": asked["tracking_no"], "state": "released",
    }  # fmt: skip


def _rates(_: Any) -> Any:
    charge = {"amount": 9, "currency": "USD"}
    return {"rateQuotes": [{"service": {"code": "ground"}, "totalCharge": charge, "transit": {"days": 2}}]}


def _booking(asked: Any) -> Any:
    return {
        "shipment": {
            "trackingNumber": f"T-{asked['shipment']['reference']['order']}", "serviceCode": "ground",
            "status": {"code": "BOOKED"}, "label": {"data": ""}, "totalCharge": {"amount": 9, "currency": "USD"},
            "promise": {"deliveryDate": "2099-03-05"},
        }
    }  # fmt: skip


def _tax(asked: Any) -> Any:
    lines = [{"lineNumber": n["number"], "rate": 0.1, "tax": float(TAX)} for n in asked["lines"]]
    return {"totalTax": float(TAX) * len(lines), "lines": lines}


def _payment(asked: Any) -> Any:
    return {
        "id": f"P-{asked['order_ref']}", "amount": asked["amount"], "currency": asked["currency"],
        "invoice_ref": asked["invoice_ref"], "order_ref": asked["order_ref"], "status": "open",
    }  # fmt: skip


def _mail(asked: Any) -> Any:
    return {"MessageID": f"M-{asked['Metadata']['order']}-{asked['Tag']}", "ErrorCode": 0}


_ANSWERS: Mapping[tuple[str, str], Callable[[Any], Any]] = {
    ("POST", "/erp/api/PriceSimulation"): _prices,
    ("POST", "/erp/api/SalesOrders"): _sales_order,
    ("POST", "/erp/api/Invoices"): _invoice,
    ("POST", "/wms/v1/stock/query"): _stock,
    ("POST", "/wms/v1/reservations"): _reservation,
    ("POST", "/wms/v1/shipments"): _shipment,
    ("POST", "/carrier/api/v2/rates"): _rates,
    ("POST", "/carrier/api/v2/shipments"): _booking,
    ("POST", "/tax/api/v2/transactions/quote"): _tax,
    ("POST", "/payment/v1/payment_requests"): _payment,
    ("POST", "/mail/email"): _mail,
}
_BELOW: Mapping[tuple[str, str], Callable[[Any], Any]] = {
    ("GET", "/erp/api/Customers/"): _customer,
    ("GET", "/erp/api/CreditAccounts/"): _credit,
}
