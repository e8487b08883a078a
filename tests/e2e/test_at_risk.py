"""Promises before they break: the list, an order's plan with its versions, and what the customer was told."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from .conftest import api, goto, shot
from .test_accessible import violations

pytestmark = pytest.mark.e2e

TOLD = {"backordered", "delayed"}  # moments at which a customer hears that something comes later


def risks(page: Page) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api(page, "/at-risk?limit=100")["items"]
    assert found, "the day has stock that comes after its promise"
    return found


def test_promises_at_risk_are_listed_with_reason_and_money_and_narrowed(tower: Page) -> None:
    found = risks(tower)
    goto(tower, "/at-risk")
    first = found[0]
    row = tower.get_by_role("row").filter(has_text=first["order"])
    expect(row).to_contain_text(first["reason"][:40])
    expect(row).to_contain_text({"high": "High", "critical": "Critical", "missed": "Missed"}[first["level"]])
    assert violations(tower) == ""
    shot(tower, "at-risk")
    tower.get_by_role("searchbox").first.fill(first["order"])
    expect(tower).to_have_url(re.compile(f"q={first['order']}"))
    expect(tower.get_by_role("row").filter(has_text=re.compile(r"SO-\d+"))).to_have_count(1)
    goto(tower, "/at-risk?level=missed&q=nothing-is-called-so")
    expect(tower.get_by_text("Nothing matches")).to_be_visible()


def test_a_late_shipment_is_followed_to_the_message_its_customer_got(tower: Page) -> None:
    late, told = next(
        (r, m)
        for r in risks(tower)
        for m in api(tower, f"/orders/{r['order']}")["messages"]
        if m["moment"] in TOLD
    )  # fmt: skip
    order = late["order"]
    goto(tower, f"/at-risk?q={order}")
    row = tower.get_by_role("row").filter(has_text=order)
    expect(row).to_be_visible()
    row.get_by_role("link", name=order).click()
    expect(tower).to_have_url(re.compile(f"/orders/{order}"))
    tower.get_by_role("tab", name=re.compile("^Plan")).click()
    expect(tower).to_have_url(re.compile("part=plan"))
    plan = api(tower, f"/orders/{order}/plan")
    panel = tower.get_by_role("tabpanel")
    expect(panel).to_contain_text(late["reason"])
    expect(panel.get_by_role("row").filter(has_text="Delivered")).to_contain_text("later than planned")
    versions = panel.get_by_role("table", name="Versions of the plan")
    for version in plan["versions"]:  # there may be more by now
        expect(versions.locator("tbody tr").filter(has_text=version["why"]).first).to_be_visible()
    assert violations(tower) == ""
    shot(tower, "order-plan")
    tower.get_by_role("tab", name=re.compile("^Messages")).click()
    message = tower.get_by_role("tabpanel").get_by_role("listitem").filter(has_text=told["subject"]).first
    expect(message).to_contain_text(told["to"])
    shot(tower, "late-told")


def test_an_order_without_a_plan_says_why(tower: Page) -> None:
    order = api(tower, "/orders?limit=1")["items"][0]["order"]
    none = {"order": order, "promised_on": None, "steps": [], "risk": None, "versions": []}
    tower.route(f"**/api/orders/{order}/plan", lambda route: route.fulfill(json=none))
    goto(tower, f"/orders/{order}?part=plan")
    expect(tower.get_by_role("tabpanel")).to_contain_text("Nothing is planned")
