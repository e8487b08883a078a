"""Channels, certificates and quarantine in the browser.

Each test makes what it looks at: nothing in the demo's day runs over it or waits for it.
"""

from __future__ import annotations

import re
from datetime import datetime
from uuid import uuid4

from playwright.sync_api import Page, expect

from crossdock.partners.transports import certificates

from .conftest import api, goto, shot
from .test_accessible import violations
from .test_maps import posted


def channel(page: Page) -> str:
    """One that nobody runs: mail is delivered to it."""
    name = f"mail-{uuid4().hex[:8]}"
    body = {"kind": "smtp", "direction": "in", "settings": {"senders": {}, "recipients": [f"{name}@norrland.example"]}}
    put = page.request.put(f"/api/channels/{name}", data=body, headers={"X-Crossdock": "1"})
    assert put.ok, put.text()
    return name


def test_a_channel_is_tested_suspended_and_resumed(tower: Page) -> None:
    name = channel(tower)
    goto(tower, f"/channels?q={name}")
    row = tower.get_by_role("row").filter(has_text=name)
    expect(row).to_contain_text("Not run yet")
    tower.get_by_role("button", name=f"Test {name}").click()
    expect(tower.get_by_text(f"{name} does not work.")).to_be_visible()
    expect(tower.get_by_text("CROSSDOCK_SMTP_PORT")).to_be_visible()
    tower.get_by_role("button", name=f"Suspend {name}").click()
    expect(row).to_contain_text("Suspended")
    assert api(tower, f"/channels/{name}")["enabled"] is False
    shot(tower, "channels")
    assert violations(tower) == ""
    tower.get_by_role("region", name=re.compile("Channels")).last.focus()
    tower.keyboard.press("j")
    tower.keyboard.press("s")
    expect(row).to_contain_text("Not run yet")
    goto(tower, f"/channels?q={uuid4().hex}")
    expect(tower.get_by_text("Nothing matches")).to_be_visible()


def test_a_channel_is_declared_on_a_form_and_changed(tower: Page) -> None:
    name = f"form-{uuid4().hex[:8]}"
    goto(tower, "/channels")
    tower.get_by_role("link", name="New channel").click()
    tower.get_by_label("Name", exact=True).fill(name)
    tower.get_by_label("Kind").select_option("imap")
    expect(tower.get_by_label("Direction")).to_be_disabled()
    tower.get_by_role("button", name="Save").click()
    expect(tower.get_by_role("alert").first).to_be_visible()
    for missing in ("Server", "User", "Secret: password"):
        expect(tower.get_by_label(missing).first).to_have_attribute("aria-invalid", "true")
    tower.get_by_label("Server").first.fill("mail.example")
    tower.get_by_label("User").fill("orders")
    tower.get_by_label("Secret: password").fill("mailbox-password")
    tower.get_by_role("button", name="Add: Senders").click()
    sender = tower.get_by_role("group", name="Senders 1")
    sender.get_by_label("Address").fill("not an address")
    sender.get_by_label("Partner’s id").fill(api(tower, "/partners")["items"][0]["id"])
    tower.get_by_label("Port").fill("70000")
    tower.get_by_role("button", name="Save").click()
    expect(tower.get_by_label("Port")).to_have_attribute("aria-invalid", "true")
    tower.get_by_label("Port").fill("1993")
    tower.get_by_role("button", name="Save").click()
    expect(tower.get_by_role("group", name="Senders").get_by_role("alert")).to_contain_text("orders@acme.com")
    sender.get_by_label("Address").fill("@buyer.example")
    assert violations(tower) == ""
    shot(tower, "channel-form")
    tower.get_by_role("button", name="Save").click()
    expect(tower.get_by_role("row").filter(has_text=name)).to_be_visible()
    kept = api(tower, f"/channels/{name}")
    assert kept["settings"]["port"] == 1993
    assert list(kept["settings"]["senders"]) == ["@buyer.example"]
    tower.get_by_role("link", name=name).click()
    expect(tower.get_by_label("Server").first).to_have_value("mail.example")
    tower.get_by_label("Looks every").fill("120")
    tower.get_by_role("button", name="Save").click()
    expect(tower.get_by_role("row").filter(has_text=name)).to_be_visible()
    assert api(tower, f"/channels/{name}")["every_s"] == 120
    assert api(tower, f"/channels/{name}")["settings"] == kept["settings"]


def days_left(page: Page, subject: str) -> re.Pattern[str]:
    """As the page counts them on the business clock; a day may end meanwhile."""
    [found] = [c for c in api(page, "/certificates") if c["subject"] == f"CN={subject}"]
    left = datetime.fromisoformat(found["not_after"]) - datetime.fromisoformat(api(page, "/now")["now"])
    return re.compile(rf"^({left.days}|{left.days - 1}) days")


def test_a_certificate_shows_its_days_and_is_replaced_and_withdrawn(tower: Page) -> None:
    name = f"e2e-{uuid4().hex[:8]}"
    _, old = certificates.self_signed(name, 20)
    _, new = certificates.self_signed(f"{name}-next", 400)
    partner = api(tower, "/partners")["items"][0]["id"]
    posted(tower, "/certificates", {"partner": partner, "pem": old})
    goto(tower, f"/certificates?q={name}")
    row = tower.get_by_role("row").filter(has_text=f"CN={name}")
    expect(row.locator(".pill")).to_have_text(days_left(tower, name))
    tower.get_by_role("button", name=f"Replace CN={name}").click()
    dialog = tower.get_by_role("dialog")
    expect(dialog.get_by_text("The new one is laid beside the old")).to_be_visible()
    assert violations(tower) == ""
    dialog.get_by_label("Certificate").fill("no certificate")
    dialog.get_by_role("button", name="Add a certificate").click()
    expect(dialog.locator("[data-error]").first).to_be_visible()
    dialog.get_by_label("Certificate").fill(new)
    dialog.get_by_role("button", name="Add a certificate").click()
    expect(dialog).to_have_count(0)
    later = tower.get_by_role("row").filter(has_text=f"{name}-next")
    expect(later.locator(".pill")).to_have_text(days_left(tower, f"{name}-next"))
    tower.get_by_role("button", name=f"Withdraw CN={name}", exact=True).click()
    tower.get_by_role("dialog").get_by_role("button", name="Withdraw").click()
    expect(tower.get_by_text("Withdrawn", exact=True)).to_be_visible()
    shot(tower, "certificates")


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
