"""Connectors after the sale against the running sandbox: what was billed, credits, returns, answers to customers."""

from decimal import Decimal
from typing import Any

from crossdock.flow.outcomes import Absent, Done, Failed, Unknown

from .test_connect_sandbox import TENANT, Calls, Goods, calls, enterprise, goods

__all__ = ["calls", "enterprise"]  # fixtures


async def billed(calls: Calls, order: str, g: Goods) -> str:
    """Ten pieces at 4.20, billed with 25 % of tax."""
    line = {"line": "1", "sku": g.sku, "quantity": 10, "unit_price": Decimal("4.20"), "amount": Decimal("42.00")}
    made = await calls.do(
        "erp.createInvoice", order=order, shipment="L-000001", customer_id=g.customer, currency=g.currency,
        terms_days=g.terms_days, lines=[line], net=Decimal("42.00"), tax=Decimal("10.50"), total=Decimal("52.50"),
    )  # fmt: skip
    return made["invoice"]


def credit(order: str, invoice: str, g: Goods, **changes: Any) -> dict[str, Any]:
    line = {"line": "1", "sku": g.sku, "quantity": 3, "amount": Decimal("10.71")}
    return {
        "order": order, "invoice": invoice, "request": "1001", "currency": g.currency, "lines": [line],
        "net": Decimal("10.71"), "tax": Decimal("2.68"), "total": Decimal("13.39"), "reason": "unwanted", **changes,
    }  # fmt: skip


async def test_what_was_billed_and_credited_is_told_together(calls: Calls) -> None:
    order, g = calls.enterprise.order(), await goods(calls)
    assert await calls.do("erp.billing", order=order) == {"invoices": [], "credits": []}
    invoice = await billed(calls, order, g)
    given = await calls.do("erp.createCreditNote", **credit(order, invoice, g))
    told = await calls.do("erp.billing", order=order)
    (one,) = told["invoices"]
    assert (one["invoice"], one["customer_id"], one["paid"], one["tax"]) == (
        invoice,
        g.customer,
        False,
        Decimal("10.50"),
    )
    assert one["invoiced_on"] == "2026-11-23"
    (note,) = told["credits"]
    assert (note["credit"], note["request"], note["total"]) == (given["credit"], "1001", Decimal("13.39"))
    assert [n["amount"] for n in note["lines"]] == [Decimal("10.71")]


async def test_a_lost_credit_is_found_and_not_given_again(calls: Calls) -> None:
    order, g = calls.enterprise.order(), await goods(calls)
    invoice = await billed(calls, order, g)
    remote, call = calls.remotes["erp.createCreditNote"], calls.call("erp.createCreditNote", credit(order, invoice, g))
    assert isinstance(await remote.probe(call), Absent)
    await calls.enterprise.fault("erp", "lost-response", count=1)
    assert isinstance(await remote.perform(call), Unknown)
    found = await remote.probe(call)
    assert isinstance(found, Done)
    assert await remote.perform(call) == found
    assert len([e for e in await calls.enterprise.ledger("erp", order) if e["effect"] == "credit-note"]) == 1
    other = calls.call("erp.createCreditNote", credit(order, invoice, g, request="1002"))
    assert isinstance(await remote.probe(other), Absent)


async def test_more_than_was_billed_is_refused_in_the_systems_words(calls: Calls) -> None:
    order, g = calls.enterprise.order(), await goods(calls)
    invoice = await billed(calls, order, g)
    line = {"line": "1", "sku": g.sku, "quantity": 11, "amount": Decimal("10.71")}
    remote, call = (
        calls.remotes["erp.createCreditNote"],
        calls.call("erp.createCreditNote", credit(order, invoice, g, lines=[line])),
    )
    refused = await remote.perform(call)
    assert isinstance(refused, Failed)
    assert "11 credited of 10 that are left" in refused.error.detail


async def test_an_announced_return_is_looked_for_before_it_is_announced_again(calls: Calls) -> None:
    order, g = calls.enterprise.order(), await goods(calls)
    arguments = {
        "order": order, "request": "1001", "site": g.site, "reason": "wrong-item",
        "lines": [{"line": "1", "sku": g.sku, "quantity": 3}],
    }  # fmt: skip
    remote, call = calls.remotes["wms.expectReturn"], calls.call("wms.expectReturn", arguments)
    await calls.enterprise.fault("wms", "lost-response", count=1)
    assert isinstance(await remote.perform(call), Unknown)
    found = await remote.probe(call)
    assert isinstance(found, Done)

    cancel = calls.call("wms.cancelReturn", {"rma": found.output["rma"]})
    assert isinstance(await calls.remotes["wms.cancelReturn"].probe(cancel), Absent)
    gone = await calls.remotes["wms.cancelReturn"].perform(cancel)
    assert isinstance(gone, Done)
    assert await calls.remotes["wms.cancelReturn"].probe(cancel) == gone
    assert isinstance(await remote.probe(call), Absent)  # what was cancelled is no return of ours

    early = calls.call("wms.putAway", {"rma": found.output["rma"], "lines": []})
    assert isinstance(await calls.remotes["wms.putAway"].perform(early), Failed)
    assert isinstance(await calls.remotes["wms.putAway"].probe(early), Absent)


async def test_a_lost_answer_to_a_customer_is_found_by_its_words(calls: Calls) -> None:
    order = calls.enterprise.order()
    opened = await calls.do("helpdesk.openTicket", order=order, subject="Late", body="Please look")
    remote = calls.remotes["helpdesk.answer"]
    call = calls.call("helpdesk.answer", {"ticket": opened["ticket"], "body": "It is here.", "solved": True})
    assert isinstance(await remote.probe(call), Absent)
    await calls.enterprise.fault("helpdesk", "lost-response", count=1)
    assert isinstance(await remote.perform(call), Unknown)
    assert isinstance(await remote.probe(call), Done)
    (entry,) = await calls.enterprise.ledger("helpdesk", order)
    assert entry["status"] == "solved"


async def test_shipments_of_an_order_are_told_without_cancelled_ones(calls: Calls) -> None:
    order, g = calls.enterprise.order(), await goods(calls)
    few = [{"line": "1", "sku": g.sku, "quantity": 2}]
    made: list[str] = []
    for purpose in ("allocation", "backorder-1"):
        held = await calls.do("wms.reserve", order=order, site=g.site, lines=few, purpose=purpose)
        to = {"name": "Shop", "country": "SE"}
        release = {
            "order": order,
            "reservation": held["reservation"],
            "site": g.site,
            "ship_to": to,
            "service": "GROUND",
        }
        made.append((await calls.do("wms.release", **release, tracking=f"1Z-{purpose}"))["shipment"])
    await calls.do("wms.cancelShipment", shipment=made[1])
    (left,) = (await calls.do("wms.shipments", order=order))["shipments"]
    assert (left["shipment"], left["site"], left["tracking"], left["left"]) == (made[0], g.site, "1Z-allocation", False)
    assert left["lines"] == few


async def test_a_freight_claim_is_found_by_what_it_was_filed_for(calls: Calls) -> None:
    order, g = calls.enterprise.order(), await goods(calls)
    to = {"name": "Shop", "city": "Umeå", "country": "SE"}
    booked = await calls.do(
        "carrier.book", order=order, site=g.site, service="GROUND", ship_to=to, weight_kg=Decimal(2)
    )
    assert await calls.do("carrier.proof", tracking=booked["tracking"]) == {
        "delivered": False, "signed_by": "", "delivered_at": "", "remarks": [],
    }  # fmt: skip
    arguments = {
        "order": order, "request": "POD-1", "tracking": booked["tracking"], "currency": g.currency,
        "amount": Decimal("12.50"), "remarks": [{"line": "1", "kind": "missing", "quantity": 2}],
    }  # fmt: skip
    remote, call = calls.remotes["carrier.fileClaim"], calls.call("carrier.fileClaim", arguments)
    assert isinstance(await remote.probe(call), Absent)
    await calls.enterprise.fault("carrier", "lost-response", count=1)
    assert isinstance(await remote.perform(call), Unknown)
    found = await remote.probe(call)
    assert isinstance(found, Done)
    assert await remote.perform(call) == found


async def test_suppliers_tell_what_was_bought_and_who_else_has_it(calls: Calls) -> None:
    order, g = calls.enterprise.order(), await goods(calls)
    assert await calls.do("erp.sold", order=order) == {"sales_order": None, "customer_id": None}
    line = {"line": "1", "sku": g.sku, "quantity": 10, "unit": "EA", "unit_price": Decimal("4.20")}
    sold = await calls.do(
        "erp.createSalesOrder", order=order, po="45", customer_id=g.customer, currency=g.currency,
        lines=[{**line, "amount": Decimal(42)}], total=Decimal(42),
    )  # fmt: skip
    assert await calls.do("erp.sold", order=order) == {"sales_order": sold["sales_order"], "customer_id": g.customer}

    few = [{"line": "1", "sku": g.sku, "quantity": 5}]
    bought = await calls.do("supplier.order", order=order, lines=few)
    (one,) = (await calls.do("supplier.orders", order=order))["orders"]
    assert (one["supplier_order"], one["status"], one["lines"]) == (bought["supplier_order"], "received", few)
    offers = (await calls.do("supplier.offers", skus=[g.sku]))["offers"]
    (usual,) = [o for o in offers if o["usual"]]
    assert usual["supplier_id"] == bought["supplier_id"]
    await calls.enterprise.control("POST", "/_slip", {"tenant": TENANT, "supplier": usual["supplier_id"], "days": 20})
    later = (await calls.do("supplier.offers", skus=[g.sku]))["offers"]
    assert next(o for o in later if o["usual"])["promised_on"] > usual["promised_on"]

    elsewhere = next(o for o in offers if not o["usual"])
    other = await calls.do(
        "supplier.order", order=order, supplier_id=elsewhere["supplier_id"], site=one["site"], lines=few,
        purpose=f"instead-of-{bought['supplier_order']}",
    )  # fmt: skip
    await calls.do("supplier.cancelOrder", supplier_order=bought["supplier_order"])
    states = {o["supplier_order"]: o["status"] for o in (await calls.do("supplier.orders", order=order))["orders"]}
    assert states == {bought["supplier_order"]: "cancelled", other["supplier_order"]: "received"}


async def test_an_instruction_is_for_a_parcel_that_is_held_up(calls: Calls) -> None:
    order, g = calls.enterprise.order(), await goods(calls)
    to = {"name": "Shop", "city": "Umeå", "country": "SE"}
    booked = await calls.do(
        "carrier.book", order=order, site=g.site, service="GROUND", ship_to=to, weight_kg=Decimal(2)
    )
    arguments = {"order": order, "tracking": booked["tracking"], "note": "Back entrance"}
    call = calls.call("carrier.instruct", arguments)
    refused = await calls.remotes["carrier.instruct"].perform(call)
    assert isinstance(refused, Failed)
    assert refused.error.status == 409
    assert isinstance(await calls.remotes["carrier.instruct"].probe(call), Absent)
