"""Figures of a period in the browser: what is behind one, a target set and taken back, what it is worth, a report."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from playwright.sync_api import Page, expect

from .conftest import api, goto, shot
from .test_accessible import violations

pytestmark = pytest.mark.e2e

ROWS = ".tbl tbody tr[aria-rowindex]"


def days(page: Page) -> str:
    """A period that holds all the orders of the demo's day."""
    today = date.fromisoformat(api(page, "/now")["now"][:10])
    return f"since={today - timedelta(days=20)}&until={today + timedelta(days=10)}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_figure_shows_what_is_behind_it_and_is_exported(tower: Page, scheme: str) -> None:
    goto(tower, f"/figures?{days(tower)}", scheme)
    table = tower.get_by_role("table", name="Figures")
    expect(table.get_by_role("row")).to_have_count(len(api(tower, "/scorecard")["items"]) + 1)
    expect(tower.get_by_role("status").filter(has_text="against as many days before")).to_be_visible()
    assert violations(tower) == ""
    shot(tower, f"figures-{scheme}")
    table.get_by_role("button", name="Exception rate", exact=True).click()
    expect(tower).to_have_url(re.compile("figure=exceptions"))
    behind = tower.get_by_role("region", name="Behind: Exception rate", exact=True)
    expect(behind.locator(ROWS).first).to_be_visible()
    expect(behind.locator(ROWS).first).to_contain_text("Yes")  # what speaks against the figure comes first
    assert violations(tower) == ""
    shot(tower, f"figures-behind-{scheme}")
    with tower.expect_download() as download:
        tower.get_by_role("link", name="Workbook").click()
    assert download.value.suggested_filename.startswith("scorecard-")
    assert download.value.path().read_bytes()[:2] == b"PK"


def test_a_target_is_set_by_keyboard_and_taken_back(tower: Page) -> None:
    goto(tower, f"/figures?{days(tower)}")
    before = next(f for f in api(tower, "/scorecard")["items"] if f["key"] == "lost")["target"]
    assert before is None
    tower.get_by_role("button", name="Set the target of Cancelled or rejected").press("Enter")
    field = tower.get_by_label("Target of Cancelled or rejected (%)")
    expect(field).to_be_focused()
    field.fill("12.5")
    field.press("Enter")
    expect(tower.get_by_text("Target of Cancelled or rejected set")).to_be_visible()
    expect(tower.get_by_role("button", name="Set the target of Cancelled or rejected")).to_contain_text("12.5")
    tower.get_by_role("button", name="Undo").first.click()
    expect(tower.get_by_role("button", name="Set the target of Cancelled or rejected")).not_to_contain_text("12.5")


def test_what_it_is_worth_stands_beside_its_baseline_and_prices(tower: Page) -> None:
    goto(tower, f"/figures?tab=worth&{days(tower)}")
    expect(tower.get_by_text("Nobody has confirmed them")).to_be_visible()
    tower.get_by_role("button", name="Record a baseline").click()
    dialog = tower.get_by_role("dialog")
    dialog.get_by_role("button", name="State the figures instead").click()
    dialog.get_by_label("Orders", exact=True).fill("100")
    dialog.get_by_label("Touches", exact=True).fill("400")
    dialog.get_by_label("Where the figures come from").fill("The order desk’s count of last spring")
    assert violations(tower) == ""
    dialog.get_by_role("button", name="Save").click()
    expect(tower.get_by_text("saved in this period")).to_be_visible()
    expect(tower.get_by_text("The order desk’s count of last spring")).to_be_visible()
    row = tower.get_by_role("table", name="What it is worth").get_by_role("row").nth(1)
    ledger = api(tower, f"/value?{days(tower)}")
    expect(row).to_contain_text("$" if ledger["assumptions"]["body"]["currency"] == "USD" else "€")
    assert violations(tower) == ""
    shot(tower, "worth")


def test_a_report_is_written_down_asked_for_and_removed(tower: Page) -> None:
    goto(tower, "/figures?tab=reports")
    expect(tower.get_by_text("No reports")).to_be_visible()
    tower.get_by_role("button", name="New report").click()
    dialog = tower.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Name").fill("weekly")
    dialog.get_by_role("textbox", name=re.compile("^To")).fill("lead@example.com, second@example.com")
    assert violations(tower) == ""
    dialog.get_by_role("button", name="Save").click()
    expect(tower.get_by_text("weekly saved")).to_be_visible()
    assert [r["name"] for r in api(tower, "/reports")["items"]] == ["weekly"]
    shot(tower, "reports")
    tower.get_by_role("button", name="Remove weekly").click()
    expect(tower.get_by_text("No reports")).to_be_visible()
