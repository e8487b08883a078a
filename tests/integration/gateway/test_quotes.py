"""A quote becomes one order, however often it is accepted: by its link, by page, by the customer's own order."""

from typing import Any
from uuid import UUID

from tests.integration.gateway.conftest import ORDER, WORKFLOWS, Gateway

from crossdock import exactjson, ids
from crossdock.cases import quotes, register
from crossdock.engine import definitions
from crossdock.events.inbox import business_now
from crossdock.flow.outcomes import Done, Failed, Invocation

LINES = [
    {"line": "1", "sku": "NF-1", "description": "Bolt", "quantity": 10, "unit": "CS", "base_price": "2.50",
     "unit_price": "2.25", "amount": "22.50"},
]  # fmt: skip
INSTANCE = ids.new()


async def called(gateway: Gateway, function: Any, instance: UUID = INSTANCE, **arguments: Any) -> Any:
    async with gateway.db.transaction("norrland") as tx:
        call = Invocation(
            tenant_id="norrland", instance_id=instance, business_key="Q-1", at="/do/0", function="quote",
            arguments=arguments, key="k", attempt=1, now=await business_now(tx),
        )  # fmt: skip
        return await function.start(tx, call)


async def opened(gateway: Gateway, quote: str = "Q-1", revision: int = 1, until: str = "2099-01-01T00:00:00Z") -> str:
    """The token of its link."""
    done = await called(
        gateway, quotes.Open("https://us.example"), quote=quote, revision=revision, customer="C-0007",
        customer_name="Secret Bolts AB", currency="EUR", total=22, lines=LINES, valid_until=until,
    )  # fmt: skip
    assert isinstance(done, Done), done
    return str(done.output["link"]).partition("#")[2]


async def answers(gateway: Gateway) -> list[Any]:
    async with gateway.db.transaction("norrland") as tx:
        rows = await tx.fetch("select body from crossdock.event where type = 'crossdock.quote.answered' order by seq")
    return [exactjson.loads(r["body"])["data"] for r in rows]


async def test_a_link_shows_the_quote_and_accepts_it_once(gateway: Gateway) -> None:
    token = await opened(gateway)
    stranger = gateway.browser()
    shown = (await stranger.post("/api/quote-link/look", {"token": token})).json
    assert (shown["state"], shown["total"], shown["lines"][0]["unit_price"]) == ("open", "22", "2.25")
    reply = {"token": token, "revision": 1, "answer": "accepted", "po": "PO-9"}
    first = await stranger.post("/api/quote-link/answer", reply)
    again = await stranger.post("/api/quote-link/answer", reply)
    assert first.status == again.status == 200, first.body
    assert first.json["state"] == "ordered"
    assert first.json["order"] == again.json["order"]
    assert [a["order_no"] for a in await answers(gateway)] == [first.json["order"]]
    declined = await stranger.post("/api/quote-link/answer", {**reply, "answer": "declined"})
    assert declined.status == 409
    done = await called(gateway, quotes.Take(), quote="Q-1", revision=1, answer="accepted")
    assert (done.output["state"], done.output["order"], done.output["po"]) == ("ordered", first.json["order"], "PO-9")
    trail = (await (await gateway.as_("ada", "norrland")).get("/api/audit?action=quote.answer")).json["items"]
    assert {r["actor"] for r in trail} == {"link of Secret Bolts AB"}


async def test_who_holds_a_link_sees_nothing_of_our_people(gateway: Gateway) -> None:
    token = await opened(gateway)
    shown = (await gateway.browser().post("/api/quote-link/look", {"token": token})).json
    assert shown["quote"] == "Q-1"
    assert not {"answered_by", "instance_id"} & set(shown)


async def test_a_link_that_was_changed_or_belongs_to_another_revision_opens_nothing(gateway: Gateway) -> None:
    old = await opened(gateway)
    new = await opened(gateway, revision=2)
    stranger = gateway.browser()
    for token in (
        old,
        new[:-1] + ("x" if new[-1] != "x" else "y"),
        "castell." + new.partition(".")[2],
        "nonsense",
        ".",
    ):
        assert (await stranger.post("/api/quote-link/look", {"token": token})).status == 404, token
    assert (await stranger.send("POST", "/api/quote-link/look", {"token": new}, bare=True)).status == 403
    late = await stranger.post("/api/quote-link/answer", {"token": new, "revision": 1, "answer": "accepted"})
    assert late.status == 409


async def test_nothing_is_accepted_after_its_day_and_what_expired_stays_so(gateway: Gateway) -> None:
    await opened(gateway, until="2001-01-01T00:00:00Z")
    cora = await gateway.as_("cora")
    late = await cora.post("/api/quotes/Q-1/answer", {"revision": 1, "answer": "accepted"})
    assert late.status == 409
    told = await called(gateway, quotes.Take(), quote="Q-1", revision=1, answer="accepted")
    assert (told.output["taken"], told.output["state"]) == (False, "open")
    assert (await called(gateway, quotes.Close(), quote="Q-1", state="expired")).output == {"state": "expired"}
    again = await called(
        gateway, quotes.Open(), quote="Q-1", revision=2, customer="C-0007", currency="EUR", total=1, lines=[],
        valid_until="2099-01-01T00:00:00Z",
    )  # fmt: skip
    assert isinstance(again, Failed)


async def test_a_purchase_order_that_names_the_quote_accepts_it_and_a_second_one_is_held(gateway: Gateway) -> None:
    await opened(gateway)
    async with gateway.db.transaction("norrland") as tx:
        await definitions.publish(tx, "norrland", WORKFLOWS.joinpath("order-to-cash.yaml").read_text(), "order-to-cash")
    cora = await gateway.as_("cora")
    order = {**ORDER, "references": {"quote": "Q-1"}}
    first = (await cora.post("/api/orders", order)).json
    assert first["status"] == "accepted", first
    quote = (await cora.get("/api/quotes/Q-1")).json
    assert (quote["state"], quote["order"], quote["po"]) == ("ordered", first["order"], ORDER["po"])
    (told,) = await answers(gateway)
    assert (told["answer"], told["order_no"]) == ("ordered", first["order"])
    async with gateway.db.transaction("norrland") as tx:
        # the order begins when the quote's process has compared the two
        assert await tx.fetchval("select count(*) from crossdock.instance") == 0
    done = await called(gateway, quotes.Take(), quote="Q-1", revision=1, answer="accepted")
    assert done.output["purchase"]["lines"][0]["quantity"] == 10
    second = (await cora.post("/api/orders", {**order, "po": "PO-OTHER"})).json
    assert second["status"] == "held", second
    assert [e["code"] for e in second["errors"]] == ["quote.closed"]
    unknown = (await cora.post("/api/orders", {**ORDER, "po": "PO-3", "references": {"quote": "THEIR-OWN"}})).json
    assert unknown["status"] == "accepted"


async def test_a_number_that_the_customer_used_before_accepts_nothing(gateway: Gateway) -> None:
    await opened(gateway)
    cora = await gateway.as_("cora")
    async with gateway.db.transaction("norrland") as tx:
        await definitions.publish(tx, "norrland", WORKFLOWS.joinpath("order-to-cash.yaml").read_text(), "order-to-cash")
    assert (await cora.post("/api/orders", ORDER)).json["status"] == "accepted"
    refused = await cora.post("/api/quotes/Q-1/answer", {"revision": 1, "answer": "accepted", "po": ORDER["po"]})
    assert refused.status == 422
    assert refused.json["findings"][0]["where"] == "/po"
    assert (await cora.get("/api/quotes/Q-1")).json["state"] == "open"


async def test_a_partner_sees_and_answers_its_own_quotes_alone(gateway: Gateway) -> None:
    await opened(gateway)
    own, other = await gateway.key("partner", partner="C-0007"), gateway.browser()
    assert [x["quote"] for x in (await own.get("/api/quotes")).json["items"]] == ["Q-1"]
    assert (
        await own.post("/api/quotes/Q-1/answer", {"revision": 1, "answer": "revise", "note": "Fewer"})
    ).status == 200
    assert (await own.get("/api/quotes/Q-1")).json["state"] == "revising"
    other.key = (await gateway.key("viewer")).key
    assert (await other.post("/api/quotes/Q-1/answer", {"revision": 1, "answer": "declined"})).status == 403
    carl = await gateway.as_("carl")
    assert (await carl.get("/api/quotes")).json["items"] == []
    assert (await carl.get("/api/quotes/Q-1")).status == 404


async def test_a_new_customer_is_found_and_may_order_and_registering_it_again_changes_nothing(gateway: Gateway) -> None:
    new: dict[str, Any] = {
        "customer": "C-9001",
        "name": "Fjord Supply",
        "tier": "B",
        "account": "AC-1",
        "application": "A-1",
    }
    for _ in range(2):
        done = await called(gateway, register.Register(), **new)
        assert done == Done({"customer": "C-9001"})
    cora = await gateway.as_("cora")
    (found,) = (await cora.get("/api/customers?q=Fjord")).json["items"]
    assert (found["customer_id"], found["tier"]) == ("C-9001", "B")
    async with gateway.db.transaction("norrland") as tx:
        stored = exactjson.loads(await tx.fetchval("select profile from crossdock.partner where partner_id = 'c-9001'"))
    assert {"scheme": "crm", "value": "AC-1"}.items() <= stored["identifiers"][1].items()
