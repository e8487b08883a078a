"""An order changed for its customer: previewed, asked for once, refused where it cannot be."""

from typing import Any

import pytest

from .conftest import TENANT, Story


@pytest.fixture
async def story(gateway: Any) -> Story:
    told = Story(gateway.db)
    await told.received()
    await told.priced()
    await told.project()
    return told


async def asked(gateway: Any) -> list[Any]:
    async with gateway.db.transaction(TENANT) as tx:
        rows = await tx.fetch("select body from crossdock.event where type = 'crossdock.order.change-asked'")
    return [r["body"] for r in rows]


async def test_a_preview_says_what_the_order_would_be_and_changes_nothing(gateway: Any, story: Story) -> None:
    cora = await gateway.as_("cora")
    wanted = {"lines": [{"line": "1", "quantity": 3}, {"line": "2", "cancel": True}]}
    shown = (await cora.post(f"/api/orders/{story.order}/change/preview", wanted)).json
    assert (shown["step"], shown["way"], shown["approval"], shown["rule"]) == ("preparing", "free", False, "free")
    assert (shown["before"], shown["after"], shown["rise"]) == ("55.00", "75.00", "20.00")
    assert [(n["line"], n["quantity"], n["new_quantity"], n["accepted"]) for n in shown["lines"]] == [
        ("1", "2", "3", True), ("2", "5", "0", True),
    ]  # fmt: skip
    assert await asked(gateway) == []


async def test_a_lower_price_is_for_somebody_else_to_agree_to(gateway: Any, story: Story) -> None:
    cora = await gateway.as_("cora")
    wanted = {"lines": [{"line": "1", "unit_price": "20.00"}]}
    shown = (await cora.post(f"/api/orders/{story.order}/change/preview", wanted)).json
    assert (shown["approval"], shown["rule"], shown["discount"]) == (True, "cheaper", "10.00")


async def test_a_change_is_asked_for_once(gateway: Any, story: Story) -> None:
    cora = await gateway.as_("cora")
    body = {"lines": [{"line": "1", "quantity": 1}], "reason": "by telephone", "key": "k-1"}
    first = await cora.post(f"/api/orders/{story.order}/change", body)
    assert (first.status, first.json["status"]) == (202, "accepted")
    assert (await cora.post(f"/api/orders/{story.order}/change", body)).json == {**first.json, "status": "duplicate"}
    assert len(await asked(gateway)) == 1


async def test_what_the_order_has_not_is_refused_with_its_reason(gateway: Any, story: Story) -> None:
    cora = await gateway.as_("cora")
    body = {"lines": [{"line": "9", "quantity": 1}], "reason": "x"}
    refused = await cora.post(f"/api/orders/{story.order}/change", body)
    assert refused.status == 422
    assert "no such line" in refused.json["findings"][0]["fix"]
    assert (await cora.post(f"/api/orders/{story.order}/change", {"reason": "x"})).status == 422


async def test_the_step_of_the_order_decides(gateway: Any, story: Story) -> None:
    cora = await gateway.as_("cora")
    path = f"/api/orders/{story.order}/change/preview"
    await story.tell("order.released", shipments=[{"shipment": "S1", "tracking": "T1", "site": "UME", "lines": []}])
    await story.project()
    assert (await cora.post(path, {"cancel": True})).json["way"] == "recall"
    await story.tell("order.shipped", shipment="S1", site="UME", tracking="T1", lines=[])
    await story.project()
    assert (await cora.post(path, {"cancel": True})).json["way"] == "return"
    await story.tell("order.closed", invoiced=0, invoices=[], currency="EUR")
    await story.project()
    refused = await cora.post(f"/api/orders/{story.order}/change", {"cancel": True, "reason": "x"})
    assert refused.status == 409


async def test_a_viewer_changes_nothing(gateway: Any, story: Story) -> None:
    viewer = await gateway.key("viewer")
    assert (await viewer.post(f"/api/orders/{story.order}/change", {"cancel": True, "reason": "x"})).status == 403
    assert (await viewer.post(f"/api/orders/{story.order}/change/preview", {"cancel": True})).status == 403
