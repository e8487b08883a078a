"""Instances in the browser: choose by keyboard, look at the preview, do it, follow its progress, and take it back."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from .conftest import api, goto, shot
from .test_accessible import violations

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_chosen_instances_are_suspended_after_a_preview_and_resumed(tower: Page, scheme: str) -> None:
    running = api(tower, "/instances?status=running&definition=order-to-cash&limit=1")["items"][0]  # it has made calls
    goto(tower, f"/instances?q={running['id']}", scheme)
    expect(tower.locator(".tbl tbody tr[aria-rowindex]")).to_have_count(1)
    tower.keyboard.press("j")
    tower.keyboard.press("x")
    expect(tower.get_by_text("1 instance chosen")).to_be_visible()
    tower.get_by_role("button", name="Suspend", exact=True).click()
    dialog = tower.get_by_role("dialog")
    dialog.get_by_label("Why").fill("seen in the browser")
    assert violations(tower) == ""
    tower.keyboard.press("Enter")
    expect(dialog.get_by_text("1 instance", exact=True)).to_be_visible()
    shot(tower, f"instances-preview-{scheme}")
    assert violations(tower) == ""
    dialog.get_by_role("button", name="Suspend").click()
    expect(dialog.get_by_text(re.compile("1 done"))).to_be_visible()
    shot(tower, f"instances-progress-{scheme}")
    assert violations(tower) == ""
    dialog.get_by_role("button", name="Close").last.click()

    goto(tower, f"/instances/{running['id']}", scheme)
    expect(tower.locator("#page-head").get_by_text("Suspended")).to_be_visible()
    expect(tower.get_by_role("table", name="Calls").get_by_role("row").nth(1)).to_be_in_viewport()
    shot(tower, f"instance-suspended-{scheme}")
    tower.get_by_role("button", name="Resume", exact=True).click()
    dialog.get_by_role("button", name="Preview").click()
    expect(dialog.get_by_text("Right after: running.")).to_be_visible()
    assert violations(tower) == ""
    dialog.get_by_role("button", name="Resume").click()
    expect(dialog).to_be_hidden()
    expect(tower.locator("#page-head").get_by_text("Suspended")).to_be_hidden()


def test_a_cancellation_shows_what_would_be_undone_and_needs_a_reason(tower: Page) -> None:
    running = api(tower, "/instances?status=running&definition=order-to-cash&limit=1")["items"][0]
    goto(tower, f"/instances/{running['id']}")
    tower.get_by_role("button", name="Cancel", exact=True).click()
    dialog = tower.get_by_role("dialog")
    dialog.get_by_role("button", name="Preview").click()
    expect(dialog.get_by_text("This is needed.")).to_be_visible()
    dialog.get_by_label("Why").fill("only looking")
    dialog.get_by_role("button", name="Preview").click()
    expect(dialog.get_by_role("table", name="Preview")).to_be_visible()
    expect(dialog.get_by_text(re.compile("cancel the order instead"))).to_be_visible()
    shot(tower, "instance-cancel")
    assert violations(tower) == ""
    tower.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
