"""Exceptions together: a mail is written, a shift is handed over."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from .conftest import api, goto, shot

pytestmark = pytest.mark.e2e


def send(page: Page, method: str, path: str, body: Any) -> Any:
    """As the signed-in person; the answer, or None where it was refused."""
    answer = page.request.fetch(f"/api{path}", method=method, data=body, headers={"X-Crossdock": "1"})
    return answer.json() if answer.ok and answer.body() else None


def test_a_mail_is_written_on_the_page_of_an_exception(tower: Page) -> None:
    goto(tower, "/exceptions")
    send(tower, "PUT", "/case-mail", {"address": "service@norrland.example", "name": "Norrland"})
    template = {"title": "Delay", "subject": "About {number}", "body": "We are on it: {title}\n\n{me}"}
    send(tower, "PUT", "/case-templates/held-up", template)
    case = api(tower, "/cases?status=open&limit=1")["items"][0]
    goto(tower, f"/exceptions/{case['id']}")
    expect(tower.get_by_role("heading", name=re.compile("Why rank"))).to_be_visible()
    tower.get_by_role("button", name=re.compile("Write a mail|Reply")).click()
    tower.get_by_role("combobox", name="Template").click()
    tower.get_by_role("option", name="Delay").click()
    expect(tower.get_by_role("textbox", name="Subject")).to_have_value(f"About {case['number']}")
    tower.get_by_role("textbox", name="To", exact=True).fill("buyer@example.com")
    shot(tower, "case-mail")
    tower.get_by_role("form", name="Write a mail").get_by_role("button", name="Send", exact=True).click()
    expect(tower.locator(".letter").first).to_contain_text("We are on it")
    shot(tower, "case-page")


def test_a_shift_is_handed_over_from_the_list(tower: Page) -> None:
    goto(tower, "/exceptions")
    user = api(tower, "/session")["user"]
    send(tower, "PUT", "/case-teams/evening", {"title": "Evening", "members": [user]})
    case = api(tower, "/cases?status=open&limit=1")["items"][0]
    send(tower, "POST", f"/cases/{case['id']}/assign", {"owner": user})
    goto(tower, "/exceptions?owner=me")
    tower.get_by_role("button", name="Hand over a shift").click()
    tower.get_by_role("combobox", name="To").fill("Evening")
    tower.get_by_role("option", name="Evening").click()
    tower.get_by_label("A word about it").fill("The carrier calls at eight")
    shot(tower, "handover")
    tower.get_by_role("button", name="Hand over", exact=True).click()
    expect(tower.get_by_text(re.compile("handed over")).first).to_be_visible()
    given = api(tower, "/handovers")["items"][0]
    assert given["note"] == "The carrier calls at eight"
