"""The desk in a real browser: teams with who is away, the rules that place and ask, and where mail goes."""

from __future__ import annotations

import re
import uuid

import pytest
from playwright.sync_api import Page, expect

from .conftest import api, goto, shot
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
