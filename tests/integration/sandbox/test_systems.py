"""Each system's main path over real HTTP; every answer and webhook is checked against the OpenAPI documents."""

import base64
from decimal import Decimal


async def ship(outside, bodies):
    """Reserve, book and release SO-1 at UME; gives (reservation, booking, shipment)."""
    reservation = await outside.good("POST", "/norrland/wms/v1/reservations", bodies["/norrland/wms/v1/reservations"])
    booked = await outside.good(
        "POST", "/norrland/carrier/api/v2/shipments", bodies["/norrland/carrier/api/v2/shipments"]
    )
    shipment = await outside.good(
        "POST",
        "/norrland/wms/v1/shipments",
        {
            "order_ref": "SO-1",
            "reservation_no": reservation["reservation_no"],
            "site_code": "UME",
            "consignee": {"name": "Fjällets Livs", "country_code": "SE"},
            "service_code": "GROUND",
            "tracking_no": booked["shipment"]["trackingNumber"],
        },
    )
    return reservation, booked["shipment"], shipment


async def stock(outside, item, site="UME"):
    rows = (await outside.good("POST", "/norrland/wms/v1/stock/query", {"item_codes": [item, "nonsense"]}))["rows"]
    assert len(rows) == 3
    return next(row for row in rows if row["site_code"] == site)


async def test_erp_tells_customers_items_and_exact_prices(outside):
    seed = await outside.control("GET", "/norrland/_seed")
    page = await outside.good("GET", "/norrland/erp/api/Customers?top=7&skip=35")
    assert [c["CustNo"] for c in page["d"]["results"]] == [f"C-{n:04d}" for n in range(36, 41)]
    assert page["d"]["__count"] == 40
    customer = next(c for c in seed["customers"] if c["contract_prices"])
    sku, price = next(iter(customer["contract_prices"].items()))
    item = next(i for i in seed["items"] if i["sku"] == sku)
    theirs, other = next(iter(customer["item_numbers"].items()))
    request = {
        "CustNo": customer["customer_id"],
        "Curr": "EUR",
        "Items": [
            {"Pos": "1", "Idents": [{"Typ": "GTIN", "Val": item["gtin"].lstrip("0")}], "Qty": "3", "UoM": "CS"},
            {"Pos": "2", "Idents": [{"Typ": "CUSTMAT", "Val": theirs}], "Qty": "1", "UoM": "EA"},
            {"Pos": "3", "Idents": [{"Typ": "MATNO", "Val": "none"}], "Qty": "1", "UoM": "EA"},
            {"Pos": "4", "Idents": [{"Typ": "MFRPN", "Val": item["manufacturer_number"]}], "Qty": "1", "UoM": "BOX"},
        ],
    }
    priced = await outside.good("POST", "/norrland/erp/api/PriceSimulation", request)
    first, second, third, fourth = priced["Items"]
    assert Decimal(first["NetPrice"]) == Decimal(price) * item["units"]["CS"]
    assert Decimal(first["NetValue"]) == 3 * Decimal(first["NetPrice"])
    assert Decimal(first["BaseQty"]) == 3 * item["units"]["CS"]
    assert second["MatNo"] == other
    assert (third["MatNo"], third["Msg"]["Code"]) == (None, "M3/305")
    assert (fourth["MatNo"], fourth["Msg"]["Code"]) == (sku, "M3/070")
    assert Decimal(priced["NetValue"]) == Decimal(first["NetValue"]) + Decimal(second["NetValue"])

    wrong_currency = await outside.call("POST", "/norrland/erp/api/PriceSimulation", request | {"Curr": "USD"})
    assert (wrong_currency.status, wrong_currency.content["error"]["code"]) == (422, "V1/045")


async def test_erp_refuses_amounts_that_do_not_add_up(outside, bodies):
    order = bodies["/norrland/erp/api/SalesOrders"]
    wrong_sum = await outside.call("POST", "/norrland/erp/api/SalesOrders", order | {"NetValue": "30.51"})
    assert (wrong_sum.status, wrong_sum.content["error"]["code"]) == (422, "V1/311")
    order["Items"][0]["NetValue"] = "26.00"
    wrong_line = await outside.call("POST", "/norrland/erp/api/SalesOrders", order)
    assert wrong_line.content["error"]["target"] == "Items/0/NetValue"
    invoice = bodies["/norrland/erp/api/Invoices"]
    wrong_gross = await outside.call("POST", "/norrland/erp/api/Invoices", invoice | {"GrossValue": "31.26"})
    assert wrong_gross.content["error"]["target"] == "GrossValue"
    assert await outside.ledger("erp", "SO-1") == []


async def test_exposure_counts_an_order_once_whether_ordered_or_invoiced_until_paid(outside, bodies):
    async def account():
        return await outside.good("GET", "/norrland/erp/api/CreditAccounts/C-0001")

    before = await account()
    order = await outside.good("POST", "/norrland/erp/api/SalesOrders", bodies["/norrland/erp/api/SalesOrders"])
    ordered = await account()
    assert Decimal(ordered["Exposure"]) - Decimal(before["Exposure"]) == Decimal("30.50")

    invoice = await outside.good("POST", "/norrland/erp/api/Invoices", bodies["/norrland/erp/api/Invoices"])
    invoiced = await account()
    assert Decimal(invoiced["OpenOrders"]) - Decimal(before["OpenOrders"]) == Decimal("5.50")  # not yet billed
    assert Decimal(invoiced["OpenInvoices"]) - Decimal(before["OpenInvoices"]) == Decimal("31.25")
    assert invoice["DueDate"] == "20261223"
    refused = await outside.call("POST", f"/norrland/erp/api/SalesOrders/{order['SalesDoc']}/Cancel", {})
    assert refused.status == 409

    request = bodies["/norrland/payment/v1/payment_requests"] | {"invoice_ref": invoice["InvDoc"]}
    await outside.good("POST", "/norrland/payment/v1/payment_requests", request)
    await outside.advance(days=45)
    assert (await outside.good("GET", f"/norrland/erp/api/Invoices/{invoice['InvDoc']}"))["Status"] == "CLEARED"
    (receipt,) = (await outside.good("GET", f"/norrland/erp/api/Payments?InvDoc={invoice['InvDoc']}"))["d"]["results"]
    assert receipt["Amt"] == "31.25"
    assert (await outside.good("GET", "/norrland/erp/api/OpenItems?CustNo=C-0001"))["d"]["results"] == []
    effects = [(e["effect"], e["amount"]) for e in await outside.ledger("payment", "SO-1")]
    assert effects == [("payment-request", 31.25), ("payment", 31.25)]
    # Old debts have been paid too by now: only the unbilled part is left.
    assert (await account())["Exposure"] == "5.50"


async def test_a_cancelled_sales_order_frees_credit_and_shows_in_the_ledger(outside, bodies):
    before = await outside.good("GET", "/norrland/erp/api/CreditAccounts/C-0001")
    order = await outside.good("POST", "/norrland/erp/api/SalesOrders", bodies["/norrland/erp/api/SalesOrders"])
    cancel = f"/norrland/erp/api/SalesOrders/{order['SalesDoc']}/Cancel"
    assert (await outside.good("POST", cancel, {"Reason": "customer asked"}))["Status"] == "CANCELLED"
    assert (await outside.good("POST", cancel))["Status"] == "CANCELLED"
    assert await outside.good("GET", "/norrland/erp/api/CreditAccounts/C-0001") == before
    entries = await outside.ledger("erp", "SO-1")
    assert [e["effect"] for e in entries] == ["sales-order", "sales-order-line", "sales-order-line"]
    assert {e["state"] for e in entries} == {"cancelled"}
    (found,) = (await outside.good("GET", "/norrland/erp/api/SalesOrders?ExtRef=SO-1"))["d"]["results"]
    assert found["Status"] == "CANCELLED"


async def test_goods_go_from_reservation_to_proof_of_delivery(outside, bodies, webhook_check):
    before = await stock(outside, "N-10001")
    reservation, booking, shipment = await ship(outside, bodies)
    held = await stock(outside, "N-10001")
    assert held["qty_free"] == before["qty_free"] - 2
    assert held["qty_on_hand"] == before["qty_on_hand"]
    assert base64.b64decode(booking["label"]["data"]).startswith(b"^XA")

    await outside.advance(hours=8)
    assert outside.hooks.kinds()[:3] == ["shipment.picked", "shipment.packed", "shipment.shipped"]
    after = await stock(outside, "N-10001")
    assert (after["qty_on_hand"], after["qty_reserved"]) == (before["qty_on_hand"] - 2, before["qty_reserved"])
    for system, path in (
        ("wms", f"/norrland/wms/v1/shipments/{shipment['shipment_no']}/cancel"),
        ("wms", f"/norrland/wms/v1/reservations/{reservation['reservation_no']}/cancel"),
    ):
        assert (await outside.call("POST", path)).status == 409, system
    void = await outside.call("DELETE", f"/norrland/carrier/api/v2/shipments/{booking['trackingNumber']}")
    assert (void.status, void.content["errors"][0]["code"]) == (409, "SHIPMENT.ALREADY.TENDERED")

    await outside.advance(days=12)
    kinds = outside.hooks.kinds()
    assert kinds[3] == "DEP"
    assert kinds[-1] == "DLV"
    delivered = outside.hooks.received[-1].event["tracking"]["event"]
    assert delivered["proofOfDelivery"]["signedBy"]
    assert delivered["timestamp"][:10] >= booking["promise"]["deliveryDate"]
    for received in outside.hooks.received:
        webhook_check(received)
    (entry,) = await outside.ledger("carrier", "SO-1")
    assert (entry["effect"], entry["site"], entry["status"]) == ("booking", "UME", "DELIVERED")
    (line,) = await outside.ledger("wms", "SO-1", "shipment")
    assert (line["line"], line["quantity"], line["status"], line["state"]) == ("1", 2, "shipped", "active")
    events = await outside.good("GET", f"/norrland/carrier/api/v2/shipments/{booking['trackingNumber']}/events")
    assert [event["code"] for event in events["events"]] == kinds[3:]


async def test_before_hand_over_everything_can_be_undone(outside, bodies):
    before = await stock(outside, "N-10001")
    reservation, booking, shipment = await ship(outside, bodies)
    number = reservation["reservation_no"]
    in_use = await outside.call("POST", f"/norrland/wms/v1/reservations/{number}/cancel")
    assert (in_use.status, in_use.content["error_code"]) == (409, "E4091")
    await outside.good("POST", f"/norrland/wms/v1/shipments/{shipment['shipment_no']}/cancel")
    await outside.good("DELETE", f"/norrland/carrier/api/v2/shipments/{booking['trackingNumber']}")
    await outside.good("POST", f"/norrland/wms/v1/reservations/{number}/cancel")
    await outside.advance(days=10)
    assert outside.hooks.received == []
    assert await stock(outside, "N-10001") == before
    for system in ("wms", "carrier"):
        assert {entry["state"] for entry in await outside.ledger(system, "SO-1")} == {"cancelled"}


async def test_a_shortage_is_held_in_part_and_filled_by_a_supplier(outside, bodies, webhook_check):
    row = await stock(outside, "N-10001")
    wanted = row["qty_free"] + 30
    body = bodies["/norrland/wms/v1/reservations"]
    body["lines"][0]["qty"] = wanted
    reservation = await outside.good("POST", "/norrland/wms/v1/reservations", body)
    assert (reservation["lines"][0]["qty_held"], reservation["lines"][0]["qty_short"]) == (row["qty_free"], 30)

    order = await outside.good(
        "POST", "/norrland/supplier/purchase-orders", bodies["/norrland/supplier/purchase-orders"]
    )
    assert (await stock(outside, "N-10001"))["next_receipt_date"] == order["expected-arrival"]
    await outside.advance(days=30)
    assert [k for k in outside.hooks.kinds() if k != "po-delayed"] == [
        "po-confirmed",
        "po-shipped",
        "inventory.receipt",
    ]
    for received in outside.hooks.received:
        webhook_check(received)
    assert (await stock(outside, "N-10001"))["qty_free"] == 40
    (receipt,) = await outside.ledger("wms", "SO-1", "receipt")
    assert (receipt["quantity"], receipt["site"]) == (40, "UME")
    late = await outside.call("POST", f"/norrland/supplier/purchase-orders/{order['po-number']}/cancel", {})
    assert (late.status, late.content["type"].rsplit("/", 1)[1]) == (409, "already-shipped")


async def test_a_supplier_slip_delays_its_open_orders_and_those_to_come(outside, bodies):
    path, body = "/norrland/supplier/purchase-orders", bodies["/norrland/supplier/purchase-orders"]
    first = await outside.good("POST", path, body)
    await outside.advance(hours=5)
    slip = {"tenant": "norrland", "supplier": "S-03", "days": 4, "reason": "strike"}
    assert (await outside.control("POST", "/_slip", slip))["orders"] == [first["po-number"]]
    second = await outside.good("POST", path, body | {"purpose": "second"})
    await outside.advance(hours=7)
    delayed = [r.event for r in outside.hooks.received if r.kind == "po-delayed"]
    assert [d["po-number"] for d in delayed] == [first["po-number"], second["po-number"]]
    assert all(d["reason"] == "strike" and d["expected-arrival"] > first["expected-arrival"] for d in delayed)
    assert (await outside.control("GET", "/_slip"))["slips"][0]["days"] == 4
    cancelled = await outside.good("POST", f"{path}/{first['po-number']}/cancel", {"reason": "too late"})
    assert cancelled["status"] == "cancelled"
    await outside.advance(days=40)
    receipts = [r.event["po_ref"] for r in outside.hooks.received if r.kind == "inventory.receipt"]
    assert receipts == [second["po-number"]]


async def test_carrier_rates_are_cheapest_first_and_heavy_goods_go_by_freight(outside, bodies):
    shipment = bodies["/norrland/carrier/api/v2/shipments"]["shipment"]
    request = {"origin": {"facilityCode": "UME"}, "destination": shipment["destination"]}

    async def quotes(weight):
        body = {"shipment": request | {"weight": {"value": weight, "unit": "KG"}}}
        return (await outside.good("POST", "/norrland/carrier/api/v2/rates", body))["rateQuotes"]

    light = await quotes(12.5)
    assert [quote["service"]["code"] for quote in light] == ["GROUND", "EXPRESS"]
    assert light[0]["totalCharge"]["amount"] < light[1]["totalCharge"]["amount"]
    assert [quote["service"]["code"] for quote in await quotes(400)] == ["FREIGHT"]
    body = {"shipment": request | {"weight": {"value": 1}, "destination": {"countryCode": "AQ"}}}
    unserved = await outside.call("POST", "/norrland/carrier/api/v2/rates", body)
    assert unserved.content["errors"][0]["code"] == "DESTINATION.COUNTRY.UNSERVED"


async def test_tax_is_rounded_per_line_and_recorded_nowhere(outside):
    request = {
        "code": "SO-1",
        "currencyCode": "EUR",
        "shipTo": {"country": "FI"},
        "lines": [{"number": "1", "amount": 10.1}, {"number": "2", "amount": 0.02}],
    }
    quote = await outside.good("POST", "/norrland/tax/api/v2/transactions/quote", request)
    assert [line["tax"] for line in quote["lines"]] == [2.58, 0.01]
    assert (quote["totalAmount"], quote["totalTax"]) == (10.12, 2.59)
    request["shipTo"] = {"country": "US", "region": "ZZ"}
    unknown = await outside.call("POST", "/norrland/tax/api/v2/transactions/quote", request)
    assert unknown.content["error"]["details"][0]["refersTo"] == "shipTo.region"
    assert await outside.ledger("tax", "SO-1") == []


async def test_a_cancelled_payment_request_is_never_paid(outside, bodies):
    path = "/norrland/payment/v1/payment_requests"
    request = await outside.good("POST", path, bodies[path])
    await outside.good("POST", f"{path}/{request['id']}/cancel")
    await outside.advance(days=90)
    assert outside.hooks.received == []
    (found,) = (await outside.good("GET", f"{path}?invoice_ref=0090000001"))["data"]
    assert found["status"] == "cancelled"


async def test_tickets_and_messages_are_kept_for_reading(outside, bodies):
    tickets = "/norrland/helpdesk/api/v2/tickets"
    ticket = (await outside.good("POST", tickets, bodies[tickets]))["ticket"]
    change = {"ticket": {"status": "solved", "comment": {"body": "Delivered"}}}
    solved = (await outside.good("PUT", f"{tickets}/{ticket['id']}", change))["ticket"]
    assert [comment["body"] for comment in solved["comments"]] == ["Where is it?", "Delivered"]
    assert (await outside.good("GET", f"{tickets}?external_id=SO-1"))["count"] == 1

    sent = await outside.good("POST", "/norrland/mail/email", bodies["/norrland/mail/email"])
    found = await outside.good("GET", "/norrland/mail/messages?order=SO-1&tag=shipped")
    assert [message["MessageID"] for message in found["Messages"]] == [sent["MessageID"]]
    assert found["Messages"][0]["TextBody"] == "Tack för din beställning"
    bad = await outside.call("POST", "/norrland/mail/email", bodies["/norrland/mail/email"] | {"To": "nobody"})
    assert (bad.status, bad.content["ErrorCode"]) == (422, 300)


async def test_tenants_have_separate_data(outside, bodies):
    await outside.good("POST", "/norrland/erp/api/SalesOrders", bodies["/norrland/erp/api/SalesOrders"])
    assert (await outside.good("GET", "/castell/erp/api/SalesOrders?ExtRef=SO-1"))["d"]["results"] == []
    assert await outside.ledger("erp", "SO-1", tenant="castell") == []
    other = await outside.good("GET", "/castell/erp/api/Customers/C-0001")
    assert other["Curr"] == "USD"
