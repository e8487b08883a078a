"""After the sale: customers write to the helpdesk, goods come back to the warehouse, the ERP credits them."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from crossdock_sandbox.carrier import EXCEPTION_SHARE, REASONS
from crossdock_sandbox.chance import Chance
from crossdock_sandbox.clock import working_day

from .test_systems import ship, stock


async def invoiced(outside, bodies):
    """SO-1 of the samples, shipped and billed; gives the invoice."""
    await ship(outside, bodies)
    return await outside.good("POST", "/norrland/erp/api/Invoices", bodies["/norrland/erp/api/Invoices"])


def memo(invoice, **changes):
    first = invoice["Items"][0]
    body = {
        "ExtRef": "SO-1",
        "InvDoc": invoice["InvDoc"],
        "ReasonRef": "1001",
        "Curr": invoice["Curr"],
        "Items": [{"Pos": first["Pos"], "MatNo": first["MatNo"], "Qty": "1", "NetValue": "1.00"}],
        "NetValue": "1.00",
        "TaxValue": "0.25",
        "GrossValue": "1.25",
    }
    return body | changes


async def test_nobody_writes_unless_told_to(outside, bodies, webhook_check):
    await ship(outside, bodies)
    await outside.advance(days=20)
    assert "ticket.created" not in outside.hooks.kinds()


async def test_a_customer_writes_once_about_goods_that_came(outside, bodies, webhook_check):
    assert (await outside.control("POST", "/_habits", {"tenant": "norrland", "returns": 1}))["returns"] == 1
    await ship(outside, bodies)
    await outside.advance(days=20)
    (letter,) = [h.event for h in outside.hooks.received if h.kind == "ticket.created"]
    form = letter["ticket"]["form"]
    assert letter["ticket"]["external_id"] == "SO-1"
    assert form["kind"] == "return"
    assert form["items"]
    assert all(0 < i["pieces"] <= 2 for i in form["items"])
    (entry,) = await outside.ledger("helpdesk", "SO-1", "request")
    assert entry["detail"]["items"] == [{"line": i["pos"], "pieces": i["pieces"], "amount": 0} for i in form["items"]]

    number = letter["ticket"]["id"]
    change = {"ticket": {"comment": {"body": "Send it back"}, "status": "solved"}}
    solved = await outside.good("PUT", f"/norrland/helpdesk/api/v2/tickets/{number}", change)
    assert solved["ticket"]["status"] == "solved"
    assert [e["status"] for e in await outside.ledger("helpdesk", "SO-1", "request")] == ["solved"]


@pytest.mark.parametrize("body", [{"tenant": "nobody", "returns": 0.1}, {"tenant": "norrland", "returns": 1.5}])
async def test_habits_that_cannot_be_are_refused(outside, body):
    told = await outside.raw("POST", "/_habits", body, {})
    assert told.status == 401
    with pytest.raises(AssertionError):
        await outside.control("POST", "/_habits", body)


async def test_announced_goods_arrive_are_graded_and_go_where_they_belong(outside, bodies, webhook_check):
    await invoiced(outside, bodies)
    await outside.advance(days=1)
    before = await stock(outside, "N-10001")
    asked = {
        "order_ref": "SO-1", "request_ref": "1003", "site_code": "UME", "reason_code": "wrong-item",
        "lines": [{"line_ref": "1", "item_code": "N-10001", "qty": 1}],
    }  # fmt: skip
    made = await outside.good("POST", "/norrland/wms/v1/returns", asked)
    early = await outside.call("POST", f"/norrland/wms/v1/returns/{made['rma_no']}/put-away", {"lines": []})
    assert (early.status, early.content["error_code"]) == (409, "E4095")
    await outside.advance(days=12)
    assert outside.hooks.kinds()[-2:] == ["return.arrived", "return.inspected"]
    (piece,) = outside.hooks.received[-1].event["graded"]
    late = await outside.call("POST", f"/norrland/wms/v1/returns/{made['rma_no']}/cancel")
    assert (late.status, late.content["error_code"]) == (409, "E4094")

    short = await outside.call("POST", f"/norrland/wms/v1/returns/{made['rma_no']}/put-away", {"lines": []})
    assert (short.status, short.content["error_code"]) == (422, "E4225")
    lines = {"lines": [{**piece, "place": "restock"}]}
    put = await outside.good("POST", f"/norrland/wms/v1/returns/{made['rma_no']}/put-away", lines)
    assert put["state"] == "put-away"
    again = await outside.call("POST", f"/norrland/wms/v1/returns/{made['rma_no']}/put-away", lines)
    assert again.status == 409
    assert (await stock(outside, "N-10001"))["qty_on_hand"] == before["qty_on_hand"] + piece["qty"]
    effects = {
        e["effect"]: e["quantity"] for e in await outside.ledger("wms", "SO-1") if e["reference"] == made["rma_no"]
    }
    assert effects == {"rma": 1, "return-receipt": 1, "put-away": 1}


async def test_the_warehouse_honours_no_keys_for_returns_either(outside):
    asked = {
        "order_ref": "SO-2", "request_ref": "7", "site_code": "UME", "reason_code": "unwanted",
        "lines": [{"line_ref": "1", "item_code": "N-10001", "qty": 1}],
    }  # fmt: skip
    first = await outside.good("POST", "/norrland/wms/v1/returns", asked, key="k")
    second = await outside.good("POST", "/norrland/wms/v1/returns", asked, key="k")
    assert first["rma_no"] != second["rma_no"]
    rows = (await outside.good("GET", "/norrland/wms/v1/returns?order_ref=SO-2&request_ref=7"))["rows"]
    assert len(rows) == 2
    gone = await outside.good("POST", f"/norrland/wms/v1/returns/{second['rma_no']}/cancel")
    assert gone["state"] == "cancelled"
    await outside.advance(days=20)
    assert [e["state"] for e in await outside.ledger("wms", "SO-2", "rma")] == ["active", "cancelled"]


async def test_a_credit_is_at_most_what_was_billed_line_by_line_and_in_tax(outside, bodies):
    invoice = await invoiced(outside, bodies)
    path = "/norrland/erp/api/CreditMemos"
    first = invoice["Items"][0]
    quantity, value = Decimal(first["Qty"]), Decimal(first["NetValue"])
    account = await outside.good("GET", "/norrland/erp/api/CreditAccounts/C-0001")

    made = await outside.good("POST", path, memo(invoice), key="k")
    assert await outside.good("POST", path, memo(invoice), key="k") == made
    after = await outside.good("GET", "/norrland/erp/api/CreditAccounts/C-0001")
    assert Decimal(account["Exposure"]) - Decimal(after["Exposure"]) == Decimal("1.25")

    def item(qty, net):
        return [{"Pos": first["Pos"], "MatNo": first["MatNo"], "Qty": str(qty), "NetValue": str(net)}]

    for wrong, code in (
        (memo(invoice, Items=item(quantity, "1.00")), "VF/074"),
        (memo(invoice, Items=item(0, value), NetValue=str(value), GrossValue=str(value + Decimal("0.25"))), "VF/075"),
        (memo(invoice, TaxValue=invoice["TaxValue"], GrossValue=str(1 + Decimal(invoice["TaxValue"]))), "VF/072"),
        (memo(invoice, Items=[{**item(1, "1.00")[0], "Pos": "77"}]), "VF/073"),
        (memo(invoice, GrossValue="1.24"), "V1/311"),
        (memo(invoice, ExtRef="SO-9"), "VF/404"),
    ):
        told = await outside.call("POST", path, wrong)
        assert (told.status, told.content["error"]["code"]) == (422, code), wrong
    flow = (await outside.good("GET", "/norrland/erp/api/DocumentFlow?ExtRef=SO-1"))["d"]
    assert [m["MemoDoc"] for m in flow["CreditMemos"]] == [made["MemoDoc"]]
    assert [i["InvDoc"] for i in flow["Invoices"]] == [invoice["InvDoc"]]
    notes = [e for e in await outside.ledger("erp", "SO-1") if e["effect"].startswith("credit-")]
    assert [(e["effect"], e["amount"], e["purpose"]) for e in notes] == [
        ("credit-note", 1.25, f"1001/{invoice['InvDoc']}"), ("credit-line", 1.0, f"1001/{invoice['InvDoc']}"),
    ]  # fmt: skip


async def test_an_invoice_is_disputed_by_its_number(outside, bodies, webhook_check):
    await outside.control("POST", "/_habits", {"tenant": "norrland", "disputes": 1})
    invoice = await invoiced(outside, bodies)
    await outside.advance(days=20)
    (letter,) = [h.event["ticket"] for h in outside.hooks.received if h.kind == "ticket.created"]
    assert (letter["form"]["kind"], letter["form"]["invoice_no"]) == ("dispute", invoice["InvDoc"])
    (item,) = letter["form"]["items"]
    assert (item["pieces"] > 0) != (item["amount"] > 0)


async def claimed(outside, bodies, remarks, pieces):
    """A claim for pieces of line 1 of SO-1, once it is decided."""
    await outside.control("POST", "/_habits", {"tenant": "norrland", "remarks": remarks})
    _, booking, _ = await ship(outside, bodies)
    await outside.advance(days=15)
    path = f"/norrland/carrier/api/v2/shipments/{booking['trackingNumber']}/events"
    proof = (await outside.good("GET", path))["events"][-1]["proofOfDelivery"]
    items = [{**r, "pieces": r["pieces"] + pieces} for r in proof["remarks"]]
    claim = {
        "trackingNumber": booking["trackingNumber"], "reference": "POD-1",
        "amount": {"amount": 25.5, "currency": "EUR"},
        "items": items or [{"noteLine": "1", "code": "MISSING", "pieces": 1}],
    }  # fmt: skip
    made = (await outside.good("POST", "/norrland/carrier/api/v2/claims", {"claim": claim}, key="k"))["claim"]
    assert (await outside.good("POST", "/norrland/carrier/api/v2/claims", {"claim": claim}, key="k"))["claim"] == made
    assert made["status"] == "FILED"
    await outside.advance(days=15)
    return (await outside.good("GET", f"/norrland/carrier/api/v2/claims/{made['claimNumber']}"))["claim"]


async def test_a_claim_is_decided_by_the_proof_of_delivery(outside, bodies, webhook_check):
    claim = await claimed(outside, bodies, remarks=1, pieces=0)
    assert claim["status"] in ("PAID", "PARTIAL", "DENIED")
    assert claim["reason"] != "The proof of delivery has no such remark"
    told = outside.hooks.received[-1].event
    assert (told["notification"]["type"], told["claim"]["status"]) == ("CLAIM", claim["status"])
    entries = {e["effect"]: e["amount"] for e in await outside.ledger("carrier", "SO-1") if e["effect"] != "booking"}
    paid = {"claim-payment": claim["paid"]["amount"]} if claim["paid"]["amount"] else {}
    assert entries == {"remark": None, "claim": 25.5, **paid}


@pytest.mark.parametrize(("remarks", "pieces"), [(0, 0), (1, 1)])
async def test_what_nobody_remarked_is_denied(outside, bodies, webhook_check, remarks, pieces):
    claim = await claimed(outside, bodies, remarks, pieces)
    assert (claim["status"], claim["paid"]["amount"]) == ("DENIED", 0)
    assert claim["reason"] == "The proof of delivery has no such remark"


async def test_a_claim_for_a_parcel_that_is_not_ours_is_refused(outside):
    items = [{"noteLine": "1", "code": "MISSING", "pieces": 1}]
    claim = {"trackingNumber": "1Z", "reference": "r", "items": items, "amount": {"amount": 1, "currency": "EUR"}}
    told = await outside.call("POST", "/norrland/carrier/api/v2/claims", {"claim": claim})
    assert (told.status, told.content["errors"][0]["code"]) == (404, "TRACKING.NUMBER.NOTFOUND")


async def test_only_a_parcel_that_is_held_up_takes_an_instruction(outside, bodies):
    _, booking, _ = await ship(outside, bodies)
    path = f"/norrland/carrier/api/v2/shipments/{booking['trackingNumber']}/instructions"
    told = await outside.call("POST", path, {"note": "Back entrance"})
    assert (told.status, told.content["errors"][0]["code"]) == (409, "SHIPMENT.NOT.HELD")
    assert (await outside.good("GET", path))["instructions"] == []


async def held_up(outside, bodies, reason):
    """The tracking number and order of a parcel that is held up for this reason; chance decides which order that is."""
    for n in range(1, 400):
        order = f"SO-H{n}"
        chance = Chance(7, "norrland")
        identity = (order, "UME", "allocation")
        if (
            chance.share(*identity, "EXC") < EXCEPTION_SHARE
            and chance.pick(tuple(REASONS), *identity, "reason") == reason
        ):
            break
    else:
        raise AssertionError(f"no order of 400 meets {reason}")
    wanted = {**bodies["/norrland/carrier/api/v2/shipments"]["shipment"]}
    wanted["reference"] = {"order": order, "facilityCode": "UME", "purpose": "allocation"}
    booked = await outside.good("POST", "/norrland/carrier/api/v2/shipments", {"shipment": wanted})
    held = {**bodies["/norrland/wms/v1/reservations"], "order_ref": order}
    reservation = await outside.good("POST", "/norrland/wms/v1/reservations", held)
    number = booked["shipment"]["trackingNumber"]
    shipment = {
        "order_ref": order, "reservation_no": reservation["reservation_no"], "site_code": "UME",
        "consignee": {"name": "A", "country_code": "SE"}, "service_code": "GROUND", "tracking_no": number,
    }  # fmt: skip
    await outside.good("POST", "/norrland/wms/v1/shipments", shipment)
    for _ in range(30 * 24):
        await outside.advance(hours=1)
        path = f"/norrland/carrier/api/v2/shipments/{number}"
        if (await outside.good("GET", path))["shipment"]["status"]["code"] == "EXCEPTION":
            return number, order
    raise AssertionError("never held up")


@pytest.mark.parametrize(("says", "days"), [(True, 1), (False, 2)])
async def test_who_says_where_the_receiver_is_has_it_delivered_a_day_earlier(outside, bodies, says, days):
    number, order = await held_up(outside, bodies, "ADDRESS")
    path = f"/norrland/carrier/api/v2/shipments/{number}"
    (stopped,) = [e for e in (await outside.good("GET", f"{path}/events"))["events"] if e["code"] == "EXC"]
    if says:
        answer = await outside.good("POST", f"{path}/instructions", {"note": "Back entrance"}, key="k")
        assert await outside.good("POST", f"{path}/instructions", {"note": "Back entrance"}, key="k") == answer
        assert [e["purpose"] for e in await outside.ledger("carrier", order, "instruction")] == [number]
    await outside.advance(days=10)
    (came,) = [e for e in (await outside.good("GET", f"{path}/events"))["events"] if e["code"] == "DLV"]
    expected = datetime.fromisoformat(stopped["timestamp"])
    for _ in range(days):
        expected = working_day(expected + timedelta(days=1))
    assert datetime.fromisoformat(came["timestamp"]).date() == expected.date()
