"""Quarantine in the browser: what a stranger posted is looked at as it is, and discarded with a reason."""

from __future__ import annotations

from uuid import uuid4

from playwright.sync_api import Page, expect

from .conftest import api, goto, shot
from .test_accessible import violations


def test_a_strangers_message_is_looked_at_and_discarded(tower: Page) -> None:
    stranger = f"MALLORY-{uuid4().hex[:8]}"
    tenant = api(tower, "/session")["tenant"]
    answer = tower.request.post(
        f"/as2/{tenant}", data=b"ISA*00*what nobody asked for",
        headers={"AS2-From": stranger, "AS2-To": "US", "Message-ID": f"<{stranger}@x>", "Content-Type": "text/plain",
                 "Disposition-Notification-To": "x"},
    )  # fmt: skip
    assert b"unknown-trading-relationship" in answer.body()
    goto(tower, f"/quarantine?q={stranger}")
    tower.get_by_role("button", name=stranger).click()
    dialog = tower.get_by_role("dialog")
    expect(dialog.get_by_text("what nobody asked for")).to_be_visible()
    expect(dialog.get_by_text("No AS2 channel goes between these two ends.")).to_be_visible()
    assert violations(tower) == ""
    shot(tower, "quarantined")
    dialog.get_by_role("button", name="Release").click()
    expect(tower.get_by_text("No AS2 channel that is enabled")).to_be_visible()
    dialog.get_by_label("Why it is discarded").fill("nobody we know")
    dialog.get_by_role("button", name="Discard").click()
    expect(dialog).to_have_count(0)
    expect(tower.get_by_role("row").filter(has_text=stranger)).to_contain_text("Discarded")
