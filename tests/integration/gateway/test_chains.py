"""Chains over HTTP: an order with every document about it, and the list of what disagrees."""

from decimal import Decimal
from typing import Any

from tests.integration.gateway.test_sending import ORDER, T

from crossdock import ids
from crossdock.cli.differences import Desk
from crossdock.events.inbox import business_now
from crossdock.flow.outcomes import Done, Invocation
from crossdock.partners import intake
from crossdock.partners.profiles import Identifier, Profile
from crossdock.partners.reconciling import duty
from crossdock.partners.sending.function import DocumentSend


async def test_an_orders_chain_and_what_disagrees_in_it(gateway: Any) -> None:
    bolts = Profile(id="bolts", name="Bolts", customer_id="C-0007", identifiers=(Identifier("ZZ", "BOLTS"),))
    async with gateway.db.transaction(T) as tx:
        await intake.save_profile(tx, T, bolts)
    [got] = await intake.receive(gateway.db, T, ORDER.encode(), "order.edi", "test")
    viewer = await gateway.key("viewer")
    before = (await viewer.get(f"/api/orders/{got.order}/chain")).json
    assert (before["state"], before["documents"][0]["kind"], before["lines"][0]["received"]) == ("open", "order", None)
    line = {"line": "1", "quantity": 10, "unit_price": Decimal("12.5"), "amount": 125}
    bill = {"invoice": "I-1", "issued_on": "2026-03-04", "lines": [line], "net": 125, "total": 125}
    goods = {"shipment": "SH-1", "shipped_on": "2026-03-03", "lines": [{"line": "1", "quantity": 8}]}
    async with gateway.db.transaction(T) as tx:
        now = await business_now(tx)
        for kind, state in (("despatch", goods), ("invoice", bill)):
            call = Invocation(
                tenant_id=T, instance_id=ids.new(), at=f"/do/{kind}", key=f"k/{kind}", function="document-send",
                now=now, arguments={"kind": kind, "state": state}, business_key=got.order or "",
            )  # fmt: skip
            assert isinstance(await DocumentSend().start(tx, call), Done)
    assert await duty.run_due(gateway.db, Desk(), now) == 1
    shown = (await viewer.get(f"/api/orders/{got.order}/chain")).json
    assert (shown["state"], shown["money"], shown["lines"][0]["differences"]) == ("differs", "25.00", ["invoiced.more"])
    [listed] = (await viewer.get("/api/chains?state=differs&q=4500012")).json
    assert (listed["chain"], listed["differences"], listed["case"]) == (shown["chain"], 1, shown["case"])
    assert (await viewer.get(f"/api/chains/{listed['chain']}")).json == shown
    assert (await viewer.get(f"/api/cases/{shown['case']}")).json["money"] == "25.00"
    assert (await viewer.get("/api/chains?state=nonsense")).status == 422
    stranger = await gateway.key("partner", partner="C-0007")
    assert (await stranger.get(f"/api/orders/{got.order}/chain")).status == 403
