"""Maps and cross-references in the browser: changed, seen on what is stored, put in force, taken back.

Each test has a partner of its own, which sends test documents: nothing of it becomes an order, and nothing that the
demo does meanwhile is about it.
"""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Locator, Page, expect

from .conftest import api, goto, shot
from .test_accessible import violations

pytestmark = pytest.mark.e2e

WITHOUT_PRICES = "over: x12-850\nchange:\n  - at: PO1 > PO1\n    with: {4: null}\n"


def posted(page: Page, path: str, data: Any = None) -> Any:
    answer = page.request.post(f"/api{path}", data=data, headers={"X-Crossdock": "1"})
    assert answer.ok, f"POST /api{path}: {answer.status} {answer.text()[:300]}"
    return answer.json() if answer.text() else None


def partner(page: Page) -> str:
    """A new partner that tests; its identifier is its id in capitals."""
    new = f"m{uuid4().hex[:8]}"
    file = {
        "name": f"Maps of {new}",
        "customer_id": f"C-{new}",
        "mode": "test",
        "identifiers": [{"scheme": "ZZ", "value": new.upper()}],
    }
    put = page.request.put(f"/api/partners/{new}", data=file, headers={"X-Crossdock": "1"})
    assert put.ok, put.text()
    return new


def sent(page: Page, who: str, control: int, quantity: str = "10", unit: str = "EA") -> str:
    raw = (
        f"ISA*00*          *00*          *ZZ*{who.upper():15}*ZZ*{'US':15}*260302*0900*U*00401*{control:09d}*0*T*>~"
        f"GS*PO*A*B*20260302*0900*{control}*X*004010~ST*850*0001~BEG*00*SA*{who}-{control}**20260302~"
        f"PO1*1*{quantity}*{unit}*56.87**BP*X-1~CTT*1~SE*5*0001~GE*1*{control}~IEA*1*{control:09d}~"
    )
    return posted(page, f"/intake?filename={who}-{control}.edi", raw.encode())["documents"][0]["document"]


def price(page: Page, document: str) -> Any:
    return api(page, f"/documents/{document}")["canonical"]["lines"][0].get("unit_price")


def write(page: Page, editor: Locator, text: str) -> None:
    editor.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_map_is_saved_put_in_force_once_its_changes_are_seen_and_taken_back(tower: Page, scheme: str) -> None:
    who = partner(tower)
    document = sent(tower, who, 1)
    assert price(tower, document) == 56.87
    goto(tower, f"/maps/x12-850?doc={document}&version=0", scheme)
    editor = tower.get_by_role("textbox", name="The map")
    canonical = tower.get_by_role("region", name="Canonical", exact=True)
    expect(canonical.get_by_role("button", name="unit_price 56.87")).to_be_visible()
    # what is wrong stands in place, and is gone to by its line
    write(tower, editor, WITHOUT_PRICES.replace("PO1 > PO1", "NO > SUCH"))
    tower.get_by_role("button", name=re.compile("Line 3, column")).first.click()
    expect(editor).to_be_focused()
    expect(tower.locator(".cm-lint-marker-error").first).to_be_visible()
    # and what is right is read at once
    write(tower, editor, WITHOUT_PRICES)
    expect(tower.get_by_text("Right, not saved")).to_be_visible()
    expect(canonical.get_by_role("button", name="unit_price")).to_have_count(0)
    tower.keyboard.press("Control+s")
    dialog = tower.get_by_role("dialog")
    dialog.get_by_label("Note").fill("they price by contract")
    dialog.get_by_role("button", name="Save draft").click()
    expect(dialog).to_be_hidden()
    expect(tower.locator("#page-head").get_by_text("draft")).to_be_visible()
    version = api(tower, "/maps/x12-850")["versions"][0]["version"]
    tower.get_by_role("button", name="Put in force").click()
    dialog.get_by_label("Whose documents").select_option(who)
    seen = dialog.get_by_role("region", name="What it would have changed", exact=True).first
    expect(seen).to_contain_text("1 document read again: 0 the same, 1 different.")
    expect(seen).to_contain_text("/lines/0/unit_price")
    shot(tower, f"map-activate-{scheme}")
    assert violations(tower) == ""
    dialog.get_by_role("button", name="Put in force").click()
    expect(dialog).to_be_hidden()
    expect(tower.get_by_text(f"version {version} for {who}").first).to_be_visible()
    assert price(tower, sent(tower, who, 2)) is None
    assert price(tower, document) == 56.87, "what was read stays as it was read"
    tower.get_by_role("tab", name="History").click()
    mine = tower.get_by_role("listitem").filter(has_text=who)
    mine.get_by_role("button", name="Take back").click()
    expect(mine.filter(has_text="takes back")).to_be_visible()
    assert price(tower, sent(tower, who, 3)) == 56.87
    assert violations(tower) == ""


def test_a_draft_is_discarded(tower: Page) -> None:
    draft = tower.request.put(
        "/api/maps/x12-856/draft",
        data={"source": "over: x12-856\nchange: []\n", "note": "nothing"},
        headers={"X-Crossdock": "1"},
    )
    assert draft.ok, draft.text()
    goto(tower, f"/maps/x12-856?version={draft.json()['version']}")
    tower.get_by_role("button", name="Discard the draft").click()
    expect(tower.locator("#page-head").get_by_text("draft")).to_have_count(0)
    assert draft.json()["version"] not in {
        v["version"] for v in api(tower, "/maps/x12-856")["versions"] if v["status"] == "draft"
    }


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_correction_proposes_a_cross_reference_that_is_seen_through_accepted_and_taken_back(
    tower: Page, scheme: str
) -> None:
    who = partner(tower)
    wrong = sent(tower, who, 1, quantity="ten", unit="CT")
    edits = [
        {"place": {"segment": "PO1", "index": 4, "element": 2}, "value": "10"},
        {"pointer": "/lines/0/unit", "place": {"segment": "PO1", "index": 4, "element": 3}, "value": "CS"},
    ]
    posted(tower, f"/documents/{wrong}/resubmit", {"edits": edits, "reason": "CT are our cases"})
    goto(tower, f"/cross-references?q={who}", scheme)
    table = tower.get_by_role("table", name="Proposed cross-references")
    expect(table.get_by_role("row").filter(has_text=who)).to_contain_text("CS")
    tower.keyboard.press("j")
    tower.keyboard.press("Enter")
    dialog = tower.get_by_role("dialog", name="“CT” is our “CS”")
    expect(dialog).to_contain_text("CT are our cases")
    expect(dialog).to_contain_text("No document that waits would be read otherwise")
    shot(tower, f"proposal-{scheme}")
    assert violations(tower) == ""
    dialog.get_by_role("button", name="Accept").click()
    expect(dialog).to_be_hidden()
    read = api(tower, f"/documents/{sent(tower, who, 2, unit='CT')}")
    assert read["canonical"]["lines"][0]["unit"] == "CS"
    goto(tower, "/cross-references?show=entries&q=CT", scheme)
    expect(tower.get_by_role("row").filter(has_text=who)).to_contain_text("CT")
    assert violations(tower) == ""
    goto(tower, f"/cross-references?show=accepted&q={who}", scheme)
    tower.get_by_role("row").filter(has_text=who).get_by_role("button", name="CT").click()
    dialog.get_by_role("button", name="Take the decision back").click()
    expect(dialog).to_be_hidden()
    assert api(tower, f"/cross-references?partner={who}") == []
    goto(tower, f"/cross-references?q={who}", scheme)
    expect(tower.get_by_role("row").filter(has_text=who)).to_be_visible()
