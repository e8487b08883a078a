"""Connectors before the sale against the running sandbox: quotations, new customers, proposals."""

from decimal import Decimal
from typing import Any

from crossdock.connect.sandbox.webhooks import signature, translate
from crossdock.flow.outcomes import Absent, Done, Failed, Unknown

from .test_connect_sandbox import TENANT, Calls, Goods, calls, enterprise, goods

__all__ = ["calls", "enterprise"]  # fixtures


def quoted(quote: str, g: Goods, price: str = "1.11") -> dict[str, Any]:
    amount = Decimal(price) * 3
    line = {"line": "1", "sku": g.sku, "quantity": 3, "unit": "EA", "unit_price": Decimal(price), "amount": amount}
    return {"customer_id": g.customer, "currency": g.currency, "valid_until": "2026-12-10", "lines": [line],
            "total": amount}  # fmt: skip


async def test_an_item_that_names_a_quotation_has_its_price_and_no_other_customers(calls: Calls) -> None:
    quote, g = f"{calls.enterprise.order()}/1", await goods(calls)
    await calls.do("erp.createQuotation", quotation=quote, **quoted(quote, g))

    async def price(reference: str) -> Any:
        items = [{"scheme": "quotation", "value": reference}, {"scheme": "supplier", "value": g.sku}]
        line = {"line": "1", "items": items, "quantity": 5, "unit": "EA"}
        told = await calls.do("erp.priceOrder", customer_id=g.customer, currency=g.currency, lines=[line])
        return told["lines"][0]["unit_price"]

    assert await price(f"{quote}#1") == Decimal("1.11")
    assert await price(f"{quote}#2") != Decimal("1.11")


async def test_a_lost_quotation_and_a_lost_proposal_are_found_and_not_made_again(calls: Calls) -> None:
    order, g = calls.enterprise.order(), await goods(calls)
    proposed = quoted(order, g)
    for operation, system, effect, arguments in (
        ("erp.createQuotation", "erp", "quotation-line", {"quotation": order, **proposed}),
        ("crm.propose", "crm", "proposal", {"quote": order, "revision": 1, **proposed}),
    ):
        remote, call = calls.remotes[operation], calls.call(operation, arguments)
        assert isinstance(await remote.probe(call), Absent), operation
        await calls.enterprise.fault(system, "lost-response", count=1)
        assert isinstance(await remote.perform(call), Unknown)
        found = await remote.probe(call)
        assert isinstance(found, Done), operation
        assert await remote.perform(call) == found
        assert len([e for e in await calls.enterprise.ledger(system, order) if e["effect"] == effect]) == 1


async def test_a_new_customer_is_made_once_and_nobody_has_anothers_tax_number(calls: Calls) -> None:
    application, g = calls.enterprise.order(), await goods(calls)
    tax = f"T{application}"
    new = {
        "application": application, "name": f"New {application}", "tax_id": tax, "currency": g.currency,
        "terms_days": 30, "credit_limit": Decimal(5000),
        "address": {"lines": ["Street 1"], "city": "Ulm", "postal_code": "89073", "country": "DE"},
    }  # fmt: skip
    remote, call = calls.remotes["erp.createCustomer"], calls.call("erp.createCustomer", new)
    assert (await calls.do("erp.findCustomers", tax_id=tax)) == {"customers": []}
    await calls.enterprise.fault("erp", "lost-response", count=1)
    assert isinstance(await remote.perform(call), Unknown)
    found = await remote.probe(call)
    assert isinstance(found, Done)
    (known,) = (await calls.do("erp.findCustomers", tax_id=tax, name="nobody"))["customers"]
    assert known["customer_id"] == found.output["customer_id"]
    told = await calls.do("erp.customer", customer_id=known["customer_id"])
    assert (told["credit_limit"], told["exposure"]) == (Decimal(5000), Decimal(0))
    other = calls.call("erp.createCustomer", {**new, "application": f"{application}-2"})
    assert isinstance(await remote.perform(other), Failed)
    account = {"application": application, "customer_id": known["customer_id"], "name": "New"}
    crm, opened = calls.remotes["crm.createAccount"], calls.call("crm.createAccount", account)
    assert isinstance(await crm.perform(opened), Done)
    assert isinstance(await crm.probe(opened), Done)
    assert TENANT


def test_what_the_crm_announces_is_a_request_an_answer_or_an_application() -> None:
    wish = b'[{"position":"1","product":"A","count":2,"packaging":"EA"}]'
    head = b'{"eventId":"e","occurredAt":"2026-11-23T10:00:00Z","topic":'
    asked = head + b'"inquiry.created","data":{"id":"RFQ-1","customerNumber":"C-1","currencyCode":"EUR",'
    asked += b'"email":"a@b.c","positions":' + wish + b',"discountWish":5,"remark":""}}'
    answered = head + b'"proposal.answered","data":{"inquiry":"RFQ-1","revision":2,"answer":"accepted",'
    answered += b'"purchaseOrder":"P"}}'

    def hear(body: bytes) -> Any:
        (event,) = translate("acme", "crm", {"x-signature": signature("s", body)}, body, secret="s")
        return event

    first, second = hear(asked), hear(answered)
    assert (first["type"], first["subject"]) == ("crossdock.quote.requested", "RFQ-1")
    assert first["data"]["lines"] == [{"line": "1", "sku": "A", "quantity": 2, "unit": "EA"}]
    assert (second["type"], second["data"]["revision"], second["data"]["po"]) == ("crossdock.quote.answered", 2, "P")
