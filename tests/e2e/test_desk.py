"""The desk in a real browser: teams with who is away, reply templates, the rules that place and ask, where mail goes,
and what is said to all whom an outage holds up.
"""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from .conftest import Server, api, goto, shot, sign_in, watched
from .test_accessible import violations

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_teams_are_shown_with_what_they_take_and_a_new_one_is_made_and_removed(tower: Page, scheme: str) -> None:
    goto(tower, "/desk", scheme)
    expect(tower.get_by_role("heading", name="Integration")).to_be_visible()
    expect(tower.get_by_text("What an integration engineer can mend")).to_be_visible()
    shot(tower, f"desk-teams-{scheme}")
    assert violations(tower) == ""
    name = f"team-{uuid.uuid4().hex[:6]}"
    tower.get_by_role("button", name="Add a team").first.click()
    dialog = tower.get_by_role("dialog", name="Add a team")
    dialog.get_by_label("Short name").fill(name)
    dialog.get_by_label("Title").fill(name)
    dialog.get_by_role("button", name="Save").click()
    expect(tower.get_by_text(f"{name} is saved")).to_be_visible()
    assert name in [x["team"] for x in api(tower, "/case-teams")["items"]]
    tower.get_by_role("button", name=f"Remove {name}").click()
    tower.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(tower.get_by_text(f"{name} is removed")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_rules_and_addresses_are_shown(tower: Page, scheme: str) -> None:
    goto(tower, "/desk?show=rules", scheme)
    table = tower.get_by_role("table", name="Whose is an exception?")
    expect(table).to_contain_text("Everything else, by the queue it came to")
    shot(tower, f"desk-rules-{scheme}")
    assert violations(tower) == ""
    goto(tower, "/desk?show=mail", scheme)
    expect(tower.get_by_role("form", name=re.compile("Address of")).first).to_be_visible()
    shot(tower, f"desk-mail-{scheme}")
    assert violations(tower) == ""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_reply_template_is_tried_on_an_exception_and_kept_in_two_languages(tower: Page, scheme: str) -> None:
    name = f"wait-{uuid.uuid4().hex[:6]}"
    goto(tower, "/desk?show=templates", scheme)
    expect(tower.get_by_text("We are late").first).to_be_visible()
    opener = tower.get_by_role("button", name="Add a template")
    opener.click()
    dialog = tower.get_by_role("dialog")
    expect(dialog.get_by_label("Short name")).to_be_focused()
    dialog.get_by_label("Short name").fill(name)
    dialog.get_by_label("Title").fill(name)
    dialog.get_by_label("Subject").fill("About {number}")
    dialog.get_by_role("textbox", name="Text").fill("We are on it: {title}")
    # filled with a real exception's facts before anybody reads it
    tried = dialog.get_by_role("region", name="As it would be written")
    expect(tried.get_by_text(re.compile(r"^About EX-\d+$"))).to_be_visible()
    dialog.get_by_text("What may be named").click()
    expect(dialog.get_by_text("{customer}")).to_be_visible()
    shot(tower, f"desk-template-{scheme}")
    assert violations(tower) == ""
    dialog.get_by_role("button", name="Save").click()
    expect(tower.get_by_text(f"{name} is saved")).to_be_visible()
    expect(dialog).to_be_hidden()
    expect(opener).to_be_focused()
    tower.get_by_role("button", name=f"Change {name}").click()
    dialog.get_by_label("Language").select_option("de")
    expect(dialog.get_by_label("Subject")).to_have_value("")
    dialog.get_by_label("Subject").fill("Zu {number}")
    dialog.get_by_role("textbox", name="Text").fill("Wir sind dabei: {title}")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    kept = next(x for x in api(tower, "/case-templates")["items"] if x["name"] == name)
    assert (kept["language"], kept["subject"]) == ("en", "About {number}")
    assert [(o["language"], o["subject"]) for o in kept["others"]] == [("de", "Zu {number}")]


def test_who_is_away_is_shown_and_is_back_again(tower: Page) -> None:
    goto(tower, "/desk")
    leave = tower.get_by_role("button", name="When gil is away").first
    leave.click()
    tower.get_by_role("menuitem", name="Until tomorrow").click()
    expect(tower.get_by_text("gil is given nothing new")).to_be_visible()
    back = tower.get_by_role("button", name="There again: gil").first
    try:
        expect(back).to_be_visible()
        expect(tower.get_by_text(re.compile("away until")).first).to_be_visible()
        shot(tower, "desk-away")
        assert violations(tower) == ""
        members = [m for x in api(tower, "/case-teams")["items"] for m in x["members"] if m["user"] == "gil"]
        assert members
        assert all(m["away_until"] for m in members)
    finally:
        back.click()
    expect(tower.get_by_text("gil is there again")).to_be_visible()
    expect(leave).to_be_visible()


def test_all_whom_an_outage_held_up_are_told_once_after_a_look_at_each_mail(
    browser: Browser, browser_context_args: dict[str, Any], server_url: Server
) -> None:
    # the other distributor's carrier was down at noon; a session of its own: changing the tenant ends the one before
    context = browser.new_context(**{**browser_context_args, "base_url": server_url.url})
    page, errors = watched(context)
    goto(page, "/sign-in")
    sign_in(page, server_url)
    entered = page.request.post("/api/session/tenant", data={"tenant": "norrland"}, headers={"X-Crossdock": "1"})
    assert entered.ok, entered.text()
    incident = next(i for i in api(page, "/incidents")["items"] if i["system"] == "carrier")
    held = len(api(page, f"/incidents/{incident['id']}")["orders"])
    goto(page, f"/incidents/{incident['id']}", "light")
    expect(page.get_by_role("heading", level=1)).to_contain_text(incident["number"])
    form = page.get_by_role("form", name="Tell those whom it holds up")
    subject = f"Your orders wait {uuid.uuid4().hex[:6]}"
    form.get_by_label("Subject").fill(subject)
    form.get_by_role("textbox", name="Text").fill("Dear {customer},\n\n{orders}\n\n{me}")
    send = form.get_by_role("button", name=re.compile(r"^Send "))
    expect(send).to_be_disabled()
    form.get_by_role("button", name="Show each mail").click()
    letters = form.get_by_role("status").locator("details")
    expect(letters.first).to_be_visible()
    letters.first.locator("summary").click()
    expect(letters.first.locator("pre")).to_contain_text("SO-")
    shot(page, "outage-message")
    assert violations(page) == ""
    count = letters.count()
    assert 1 <= count <= held
    send.click()
    expect(page.get_by_text(re.compile(rf"^{count} mails? leaves? in a moment"))).to_be_visible()
    expect(page.locator("main").get_by_text(subject).last).to_be_visible()
    # the same again is said to have been sent, and is not sent
    form.get_by_role("button", name="Show each mail").click()
    expect(form.get_by_text(re.compile("Exactly this was sent at"))).to_be_visible()
    expect(send).to_be_disabled()
    assert [m["subject"] for m in api(page, f"/incidents/{incident['id']}/messages")].count(subject) == 1
    context.close()
    assert errors == []
