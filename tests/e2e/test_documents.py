"""Documents in the browser: found by number, read side by side, tried out, sent again, read by a map in the making."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Page, expect

from .conftest import api, goto, shot
from .test_accessible import WRONG, rejected, violations

pytestmark = pytest.mark.e2e

ROWS = ".tbl tbody tr[aria-rowindex]"


def some(page: Page, query: str) -> dict[str, str]:
    return api(page, f"/documents?limit=1&{query}")["items"][0]


def test_documents_are_found_by_a_number_of_any_kind_and_the_search_is_a_link(tower: Page) -> None:
    order = some(tower, "type=850&status=accepted")
    goto(tower, "/documents")
    expect(tower.locator(ROWS).first).to_be_visible()
    tower.keyboard.press("/")
    tower.keyboard.type(order["po"])
    expect(tower).to_have_url(re.compile(f"q={order['po']}"))
    expect(tower.locator(ROWS).filter(has_text=order["po"]).first).to_be_visible()
    expect(tower.get_by_role("columnheader", name="Found by")).to_be_visible()
    tower.get_by_label("What the number is").select_option("control")
    expect(tower.get_by_text("Nothing matches").or_(tower.locator(ROWS).first)).to_be_visible()
    tower.get_by_label("Control number", exact=True).fill(order["control"].lstrip("0"))
    expect(tower).to_have_url(re.compile(f"control={order['control'].lstrip('0')}"))
    expect(tower.locator(ROWS).filter(has_text=order["po"]).first).to_be_visible()
    address = tower.url
    goto(tower, address)
    expect(tower.get_by_label("Control number", exact=True)).to_have_value(order["control"].lstrip("0"))
    tower.get_by_label("Control number", exact=True).fill("no such number")
    expect(tower.get_by_text("A number is found by its beginning")).to_be_visible()
    tower.get_by_role("button", name="Empty the search").click()
    expect(tower.locator(ROWS).first).to_be_visible()


def test_the_list_is_narrowed_by_status_type_and_day_and_saved_as_a_table(tower: Page) -> None:
    goto(tower, "/documents")
    tower.get_by_label("Status", exact=True).select_option("in:accepted")
    tower.get_by_label("Type", exact=True).select_option("850")
    expect(tower).to_have_url(re.compile("direction=in.*type=850|type=850.*direction=in"))
    expect(tower.locator(ROWS).first).to_contain_text("850 Purchase order")
    shown = "/documents?direction=in&status=accepted&type=850"
    before = api(tower, shown)["total"]
    with tower.expect_download() as download:
        tower.get_by_role("link", name="Save as CSV").click()
    rows = len(download.value.path().read_text(encoding="utf-8-sig").splitlines()) - 1
    assert before <= rows <= api(tower, shown)["total"], "orders may come in meanwhile, and none goes"
    tower.get_by_label("To", exact=True).fill("2001-01-01")
    expect(tower.get_by_role("button", name="Empty the search")).to_be_visible()


def test_a_value_chosen_in_one_view_is_marked_in_the_others(tower: Page) -> None:
    order = some(tower, "type=850&status=accepted")
    goto(tower, f"/documents/{order['id']}")
    canonical = tower.get_by_role("region", name="Canonical", exact=True)
    canonical.get_by_role("button", name=f"number {order['po']}").click()
    raw = tower.get_by_role("region", name="Raw", exact=True)
    expect(raw.locator(".el[data-at]")).to_have_text(order["po"])
    parsed = tower.get_by_role("region", name="Parsed", exact=True)
    expect(parsed.locator("button[data-at]")).to_have_text(f"BEG03 {order['po']}")
    shot(tower, "document-marked")
    assert violations(tower) == ""
    # and the other way, by keyboard
    parsed.locator(".segments").focus()
    tower.keyboard.press("End")
    tower.keyboard.press("ArrowUp")
    tower.keyboard.press("Enter")
    expect(parsed.locator("button[data-at]")).to_be_focused()
    expect(raw.locator(".el[data-at]")).to_have_count(1)


def test_errors_stand_where_they_are_and_are_walked_by_key(tower: Page) -> None:
    goto(tower, f"/documents/{rejected(tower)}")
    raw = tower.get_by_role("region", name="Raw", exact=True)
    expect(raw.locator(".inplace").first).to_contain_text("BEG05")
    expect(raw.locator(".el.err").first).to_have_text("20269999")
    tower.keyboard.press("n")
    expect(raw.locator("[data-at]").first).to_contain_text("20269999")
    tower.keyboard.press("n")
    expect(raw.locator(".el[data-at]")).to_have_text("ten")
    tower.get_by_label("Findings in place").click(force=True)
    expect(raw.locator(".inplace")).to_have_count(0)


def test_one_value_is_corrected_after_a_preview_and_the_document_sent_through_again(tower: Page) -> None:
    goto(tower, f"/documents/{rejected(tower)}")
    raw = tower.get_by_role("region", name="Raw", exact=True)
    raw.locator(".el.err").first.click()
    raw.get_by_role("button", name="Correct this value").click()
    dialog = tower.get_by_role("dialog")
    dialog.get_by_label("Instead of").fill("20260302")
    dialog.get_by_label("Why").fill("seen in the browser")
    dialog.get_by_role("button", name="Preview").click()
    expect(dialog.get_by_text("It would be rejected")).to_be_visible()  # its other errors stay
    assert violations(tower) == ""
    dialog.get_by_role("button", name="Send it through again").click()
    expect(dialog).to_be_hidden()
    expect(tower.get_by_text("20269999 → 20260302")).to_be_visible()
    tower.get_by_role("link", name="the original").click()
    expect(tower.get_by_role("link", name="the corrected one")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_document_is_tried_out_corrected_and_tried_again_and_nothing_is_kept(tower: Page, scheme: str) -> None:
    mine = "/documents?control=424242"  # others may come in meanwhile; none of them bears this number
    before = api(tower, mine)["total"]
    good = api(tower, f"/documents/{some(tower, 'type=850&status=accepted')['id']}")["parsed"]["interchange"]
    who, us = (good[k].split(":")[1].strip() for k in ("sender", "receiver"))
    goto(tower, "/test-bench", scheme)
    box = tower.get_by_label("The document’s text")
    box.fill(WRONG.format(who=who, us=us, control=424242))
    tower.keyboard.press("Control+Enter")
    expect(tower.get_by_text("It would be rejected")).to_be_visible()
    expect(tower.get_by_role("region", name="Raw", exact=True).locator(".inplace").first).to_contain_text("BEG05")
    expect(tower.get_by_role("region", name="Acknowledgement 997")).to_contain_text("AK5*R")
    shot(tower, f"bench-rejected-{scheme}")
    assert violations(tower) == ""
    box.fill(box.input_value().replace("20269999", "20260302").replace("ten", "10").replace("84.72~", "84.72**VN*K-2~"))
    tower.get_by_role("button", name="Try it again").click()
    expect(tower.get_by_text("It would be accepted")).to_be_visible()
    with tower.expect_download() as download:
        tower.get_by_role("link", name="Save it").click()
    assert "AK5*A" in download.value.path().read_text()
    assert api(tower, mine)["total"] == before


def test_a_file_is_tried_by_choosing_it(tower: Page) -> None:
    goto(tower, "/test-bench")
    order = json.dumps({"po": "E2E-1", "customer_id": "C-0020", "lines": [{"sku": "K-1", "quantity": "ten"}]})
    tower.get_by_test_id("bench-file").set_input_files(
        files=[{"name": "order.json", "mimeType": "application/json", "buffer": order.encode()}]
    )
    expect(tower.get_by_text("It would be rejected")).to_be_visible()
    expect(tower.get_by_role("region", name="Raw", exact=True).locator(".inplace").first).to_contain_text("quantity")
    expect(tower.get_by_text("It would get no acknowledgement.")).to_be_visible()


def test_a_sent_document_is_sent_again_after_its_preview(tower: Page) -> None:
    sent = some(tower, "type=855&direction=out&status=written")
    goto(tower, f"/documents/{sent['id']}")
    panel = tower.get_by_role("region", name="Sending", exact=True)
    expect(panel.get_by_text("Tells of")).to_be_visible()
    panel.get_by_role("button", name="Reissue").click()
    dialog = tower.get_by_role("dialog")
    expect(dialog).to_contain_text("The same content is written under new numbers")
    expect(dialog.get_by_text("the next one")).to_be_visible()
    shot(tower, "sent-preview")
    assert violations(tower) == ""
    dialog.get_by_role("button", name="Reissue").click()
    expect(dialog).to_be_hidden()
    expect(tower.locator("#page-head").get_by_text("Replaced")).to_be_visible()
    panel.get_by_role("link", name="the later one").click()
    expect(tower.locator("#page-head").get_by_text("To collect")).to_be_visible()
    # what may not be done is said before it is tried
    panel.get_by_role("button", name="Replay").click()
    expect(dialog.get_by_text("This cannot be done now.")).to_be_visible()
    expect(dialog.get_by_role("button", name="Replay")).to_have_count(0)


def test_the_chain_of_an_order_compares_its_lines(tower: Page) -> None:
    order = some(tower, "type=855&direction=out")["order"]
    goto(tower, f"/orders/{order}")
    tower.get_by_role("tab", name="Documents compared").click()
    table = tower.get_by_role("table", name="Documents about this order, compared")
    expect(table.get_by_role("row").nth(1)).to_contain_text(re.compile(r"[1-9]"))
    expect(tower.locator(".chainway").get_by_role("link", name=re.compile("855")).first).to_be_visible()
    expect(tower).to_have_url(re.compile("part=chain"))
    shot(tower, "chain")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_map_is_edited_beside_what_it_reads(tower: Page, scheme: str) -> None:
    order = some(tower, "type=850&status=accepted")
    goto(tower, f"/maps/x12-850?doc={order['id']}", scheme)
    editor = tower.get_by_role("textbox", name="The map")
    canonical = tower.get_by_role("region", name="Canonical", exact=True)
    expect(canonical.get_by_role("button", name=f"number {order['po']}")).to_be_visible()
    editor.click()
    tower.keyboard.press("Control+End")
    tower.keyboard.type("\nwrong: here")
    expect(tower.get_by_text(re.compile(r"^\d+ remarks?$")).first).to_be_visible()
    expect(tower.locator(".remarks button").first).to_be_visible()
    shot(tower, f"map-remark-{scheme}")
    assert violations(tower) == ""
    expect(tower.get_by_role("button", name="Save draft")).to_be_disabled()
    tower.get_by_role("button", name="Undo all changes").click()
    expect(tower.get_by_text("Right", exact=True)).to_be_visible()
    tower.get_by_role("tab", name="Compare stored documents").click()
    tower.get_by_label("How many documents, the newest first").fill("5")
    tower.get_by_role("button", name="Compare", exact=True).click()
    expect(tower.get_by_text(re.compile("documents? read again"))).to_be_visible()
