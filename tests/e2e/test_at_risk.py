"""A late shipment is followed from the list of promises at risk to its order and the message that told the customer."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from .conftest import api, goto

pytestmark = pytest.mark.e2e


def late_and_told(page: Page) -> tuple[str, str]:
    """An order that the customer was told is delayed, and the subject of that message."""
    for o in api(page, "/orders?limit=200")["items"]:
        detail = api(page, f"/orders/{o['order']}")
        told = [m for m in detail["messages"] if m["moment"] == "delayed"]
        if told:
            return o["order"], told[0]["subject"]
    pytest.fail("no customer of the demo's day was told of a delay")


def test_follow_a_late_shipment_to_its_customer_message(tower: Page) -> None:
    order, subject = late_and_told(tower)
    plan = api(tower, f"/orders/{order}/plan")
    assert plan["versions"], "it was planned"
    assert any(v["why"] == "The carrier has trouble" or "stock" in v["why"].lower() for v in plan["versions"])
    goto(tower, "/at-risk")
    expect(tower.get_by_role("heading", level=1, name="At risk")).to_be_visible()
    listed = api(tower, f"/at-risk?q={order}")["items"]
    if listed:  # not delivered meanwhile: it is followed from the list
        tower.get_by_role("searchbox").fill(order)
        tower.get_by_role("link", name=order).click()
    else:
        goto(tower, f"/orders/{order}")
    expect(tower.get_by_role("heading", level=1, name=re.compile(order))).to_be_visible()
    expect(tower.get_by_text(subject).first).to_be_visible()
