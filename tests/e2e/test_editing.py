"""Rules and processes changed in the browser: a decision table from its first wrong cell to the order it decides; a
workflow from an error in place to the instances that keep their version.

Each test has its own subjects: an order of its own whose total no other has, and a workflow of its own.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from .conftest import WAIT_MS, Server, api, goto, shot, sign_in, watched
from .test_accessible import violations

pytestmark = pytest.mark.e2e

QUANTITY = "37"


@pytest.fixture
def second(browser: Browser, browser_context_args: dict[str, Any], server_url: Server) -> Iterator[Page]:
    """A page of another administrator."""
    context = browser.new_context(**{**browser_context_args, "base_url": server_url.url})
    page, errors = watched(context)
    goto(page, "/sign-in")
    sign_in(page, Server(server_url.url, "kim", server_url.password))
    yield page
    context.close()
    assert errors == []


def posted(page: Page, path: str, data: Any = None) -> Any:
    headers = {"X-Crossdock": "1", "Content-Type": "application/json"}
    answer = page.request.post(f"/api{path}", data=json.dumps(data or {}), headers=headers)
    assert answer.ok, f"POST /api{path}: {answer.status} {answer.text()[:300]}"
    return answer.json() if answer.text() else None


def ordered(page: Page, po: str) -> str:
    """An order of one customer for one item: whenever it is placed, its total is the same."""
    customer = min(api(page, "/customers?limit=100")["items"], key=lambda c: c["customer_id"])
    item = min(api(page, "/items?limit=100")["items"], key=lambda i: i["sku"])
    order = {
        "customer_id": customer["customer_id"], "po": f"{po}-{time.time_ns() % 10**9}",
        "currency": customer.get("currency") or "USD", "requested_on": None, "ship_to": None, "notes": "",
        "lines": [{"sku": item["sku"], "quantity": QUANTITY, "unit": item["unit"]}],
    }  # fmt: skip
    return posted(page, "/orders", order)["order"]


def decided(page: Page, order: str) -> Any:
    """The order's decision about credit, once it is made."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        found = api(page, f"/decision-tables/credit/decisions?order={order}")
        if found:
            return found[0]
        page.wait_for_timeout(300)
    raise AssertionError(f"{order} was not decided about: {api(page, f'/orders/{order}')['status']}")


def cell(page: Page, row: int, column: int) -> Locator:
    return page.locator(f'[data-cell="{row}:{column}"]')


def test_a_decision_table_is_edited_and_the_order_it_decides_shows_the_new_row(tower: Page, second: Page) -> None:
    first = ordered(tower, "E2E-BEFORE")
    before = decided(tower, first)
    total = before["input"]["total"]
    row = f"e2e-{int(time.time())}"
    # from the order to the table, with its decision traced: what hit, and why the others did not
    goto(tower, f"/decision-tables/credit?order={first}&version=0", "light")
    choose = tower.get_by_role("combobox", name="A decision of a real order")
    choose.click()
    tower.get_by_role("option", name=re.compile(first)).first.click()
    expect(tower.get_by_text(f"Decided by {before['hit'][0]}", exact=True)).to_be_visible()
    expect(tower.locator("tr[data-hit]")).to_have_count(1)
    expect(tower.locator('td[data-held="no"]').first).to_be_visible()
    assert violations(tower) == ""
    shot(tower, "table-trace-light")
    # a row above the first, by keyboard; its first condition is wrong, and is told where it stands
    cell(tower, 0, 0).click()
    tower.get_by_role("button", name="Rows", exact=True).click()
    tower.get_by_role("menuitem", name="Add a row above").click()
    columns = [h.inner_text() for h in tower.locator("thead tr:nth-child(2) th").all()]
    wanted = ("Order total", "Decision", "Approver", "Decide within", "Id")
    at = {name: next(n for n, c in enumerate(columns) if c.startswith(name)) for name in wanted}
    outputs = {"Decision": "'auto'", "Approver": "''", "Decide within": "''"}
    cell(tower, 0, at["Order total"]).click()
    tower.keyboard.type(f">> {total}")
    tower.keyboard.press("Enter")
    expect(cell(tower, 0, at["Order total"])).to_have_attribute("aria-invalid", "true")
    expect(tower.get_by_role("button", name="Row 1, Order total")).to_be_visible()
    shot(tower, "table-wrong-cell")
    tower.get_by_role("button", name="Row 1, Order total").click()
    expect(cell(tower, 0, at["Order total"])).to_be_focused()
    tower.keyboard.type(f"{total}")
    tower.keyboard.press("Enter")
    for name, text in outputs.items():
        cell(tower, 0, at[name]).click()
        tower.keyboard.type(text)
        tower.keyboard.press("Tab")
    cell(tower, 0, at["Id"]).click()
    tower.keyboard.type(row)
    tower.keyboard.press("Enter")
    expect(cell(tower, 0, at["Id"])).to_have_text(row)
    # the trace follows: the new row decides. A case that wants the row of before fails, and is mended
    expect(tower.get_by_text(f"Decided by {row}", exact=True)).to_be_visible()
    tower.get_by_role("button", name="Keep as a test case").click()
    tower.get_by_role("tab", name="Test cases").click()
    case = tower.locator("li", has_text="A new case").last
    case.locator("summary").click()
    case.get_by_label("Rows that hit").fill(before["hit"][0])
    expect(tower.get_by_text(re.compile(r"^1 of \d+ test cases fails$"))).to_be_visible()
    expect(tower.get_by_text(f"hit: expected {before['hit'][0]}, found {row}")).to_be_visible()
    shot(tower, "table-failing-test")
    case.get_by_role("button", name="Expect what it decides now").click()
    expect(tower.get_by_text(re.compile(r"^\d+ test cases pass$"))).to_be_visible()
    # undo and redo, then saved
    cell(tower, 0, 0).click()
    tower.keyboard.type("'nonsense")
    tower.keyboard.press("Enter")
    expect(cell(tower, 0, 0)).to_have_attribute("aria-invalid", "true")
    tower.keyboard.press("Control+z")
    expect(cell(tower, 0, 0)).not_to_have_attribute("aria-invalid", "true")
    expect(tower.get_by_text("Right, not saved")).to_be_visible()
    tower.keyboard.press("Control+s")
    expect(tower.get_by_text(re.compile("Saved as own-"))).to_be_visible()
    expect(tower).to_have_url(re.compile(r"version=[1-9]"))  # 0 is the library's, from which it was edited
    version = int(re.search(r"version=(\d+)", tower.url)[1])  # type: ignore[index]
    # its author is told that somebody else publishes it
    tower.get_by_role("button", name="Publish", exact=True).click()
    expect(tower.get_by_text("Somebody else has to publish it")).to_be_visible()
    expect(tower.get_by_role("dialog").get_by_role("button", name="Publish")).to_be_disabled()
    tower.keyboard.press("Escape")
    # somebody else sees what it would have changed, and publishes
    goto(second, f"/decision-tables/credit?version={version}", "dark")
    second.get_by_role("button", name="Publish", exact=True).click()
    dialog = second.get_by_role("dialog")
    expect(dialog.get_by_text(re.compile(r"Of the last \d+ decisions, \d+ would differ"))).to_be_visible()
    dialog.get_by_label("Why").fill("E2E")
    shot(second, "table-publish-dark")
    assert violations(second) == ""
    dialog.get_by_role("button", name="Publish").click()
    expect(second.get_by_text(f"own-{version} is in force", exact=True)).to_be_visible()
    # an order that begins now is decided by it, and says so
    try:
        later = ordered(tower, "E2E-AFTER")
        after = decided(tower, later)
        assert (after["version"], after["hit"], after["input"]["total"]) == (f"own-{version}", [row], total)
        goto(tower, f"/orders/{later}?part=decisions")
        tower.get_by_role("tab", name=re.compile("Decisions")).click()
        entry = tower.locator("li", has=tower.get_by_text(f"vown-{version}")).first
        entry.locator("summary").click()
        expect(entry.get_by_text(row).first).to_be_visible()
        expect(entry.get_by_role("link", name="Trace in the table").first).to_be_visible()
    finally:
        second.get_by_role("tab", name="History").click()
        second.get_by_role("button", name="Take back").click()
        expect(second.get_by_text("In force again:")).to_be_visible(timeout=2 * WAIT_MS)
    assert api(tower, "/decision-tables/credit")["in_force"] != version


def test_a_block_from_a_spreadsheet_is_pasted_and_copied(tower: Page) -> None:
    goto(tower, "/decision-tables/sourcing?version=0", "light")
    cell(tower, 0, 0).click()
    tower.evaluate(
        """text => { const data = new DataTransfer(); data.setData('text/plain', text);
        const how = { clipboardData: data, bubbles: true, cancelable: true };
        document.activeElement.dispatchEvent(new ClipboardEvent('paste', how)); }""",
        "'A'\t> 5\n\"'B',\n'C'\"\t<= 5\n",
    )
    expect(cell(tower, 0, 0)).to_have_text("'A'")
    expect(cell(tower, 1, 1)).to_have_text("<= 5")
    expect(cell(tower, 1, 0)).to_have_text(re.compile("'B',"))
    tower.keyboard.press("Shift+ArrowRight")
    copied = tower.evaluate(
        """() => { const data = new DataTransfer();
        const how = { clipboardData: data, bubbles: true, cancelable: true };
        document.activeElement.dispatchEvent(new ClipboardEvent('copy', how));
        return data.getData('text/plain'); }"""
    )
    assert copied == "'A'\t> 5"
    tower.keyboard.press("Control+z")
    expect(cell(tower, 0, 0)).not_to_have_text("'A'")


WORKFLOW = """document: {dsl: '1.0.3', namespace: e2e, name: %s, version: '%s', title: Refill}
do:
  - large:
      switch:
        - ask: { when: '${ .quantity > %s }', then: approve }
        - small: { then: order }
  - approve:
      call: approval@crossdock
      with: { kind: refill, title: Refill, due_in: PT4H }
      metadata: { crossdock: { stage: approve, label: Approve it } }
  - order:
      listen: { to: { one: { with: { type: e2e.never } } } }
      metadata: { crossdock: { stage: order, label: Order it } }
"""
SCENARIOS = """scenarios:
  - name: A large one is approved first
    input: { quantity: 5000 }
    people: [ { approval: refill, outcome: approved, after: PT2H } ]
    expect: { path: [ approve, order ], status: waiting }
"""


def write(page: Page, editor: Locator, text: str) -> None:
    editor.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


def begun(page: Page, name: str) -> str:
    return posted(page, f"/workflows/e2e/{name}/run?wait=0", {"quantity": 1})["id"]


def test_a_workflow_is_mended_played_published_by_another_and_who_runs_keeps_the_old(tower: Page, second: Page) -> None:
    name = f"refill-{int(time.time())}"
    path = f"/drafts/e2e/{name}"
    first = {"source": WORKFLOW % (name, "1.0.0", 1000), "scenarios": SCENARIOS, "revision": 0}
    saved = tower.request.put(f"/api{path}", data=first, headers={"X-Crossdock": "1"})
    assert saved.ok, saved.text()
    posted(second, f"{path}/publish", {"revision": 1, "note": "first"})
    old = begun(tower, name)
    goto(tower, f"/definitions/{name}?version=1.0.0", "light")
    tower.get_by_role("link", name="Edit", exact=True).click()
    editor = tower.get_by_role("textbox", name="The workflow")
    expect(editor).to_contain_text("1.0.1")
    # an error is told in place, with line and column, and found by a click
    wrong = (WORKFLOW % (name, "1.0.1", 4000)).replace("then: approve", "then: aprove")
    write(tower, editor, wrong)
    expect(tower.get_by_text("Did you mean 'approve'?")).to_be_visible()
    expect(tower.locator(".cm-lint-marker-error").first).to_be_visible()
    expect(tower.get_by_text("The graph is drawn when the text has no error.")).to_be_visible()
    tower.get_by_role("button", name=re.compile("Line 5, column")).click()
    expect(editor).to_be_focused()
    shot(tower, "workflow-error-light")
    # mended: the graph follows the cursor, and a click in it goes to the text
    write(tower, editor, WORKFLOW % (name, "1.0.1", 4000))
    stage = tower.locator('.fnode[data-node="approve"]')
    expect(stage).to_be_visible()
    stage.click()
    expect(stage).to_have_attribute("data-here", "true")
    expect(tower.locator(".cm-activeLine")).to_contain_text("approve")
    # played on a scenario: the way, the data, the time
    tower.get_by_role("button", name="Play it").click()
    expect(tower.get_by_text("As expected", exact=True)).to_be_visible()
    expect(tower.locator('.fnode[data-node="order"]')).to_have_attribute("data-here", "true")
    way = tower.get_by_role("region", name="The way it went")
    way.locator("summary", has_text="approve").click()
    expect(way.get_by_role("group", name="Data after").get_by_text("approved")).to_be_visible()
    shot(tower, "workflow-run-light")
    assert violations(tower) == ""
    # saved by itself, and told against what is published
    expect(tower.get_by_text("Draft saved by demo")).to_be_visible(timeout=2 * WAIT_MS)
    tower.get_by_role("tab", name="Changes").click()
    expect(tower.get_by_text("Changes against 1.0.0")).to_be_visible()
    expect(tower.locator('.difflines [data-kind="new"]').first).to_contain_text("1.0.1")
    tower.get_by_role("button", name="Publish", exact=True).click()
    expect(tower.get_by_text("Somebody else has to publish it")).to_be_visible()
    expect(tower.get_by_text("1 instance stays on 1.0.0")).to_be_visible()
    tower.keyboard.press("Escape")
    # another publishes; what begins now is of the new version, what runs keeps its own
    goto(second, f"/definitions/{name}/edit?namespace=e2e", "dark")
    second.get_by_role("button", name="Publish", exact=True).click()
    second.get_by_role("dialog").get_by_label("Why").fill("Larger ones need no approval")
    second.get_by_role("dialog").get_by_role("button", name="Publish").click()
    expect(second.get_by_text("1.0.1 is published")).to_be_visible(timeout=2 * WAIT_MS)
    new = begun(tower, name)
    versions = [api(tower, f"/instances/{i}")["version"] for i in (old, new)]
    assert versions == ["1.0.0", "1.0.1"]
    second.reload(wait_until="domcontentloaded")
    second.get_by_role("tab", name="Versions").click()
    rows = second.get_by_role("table", name="Versions").get_by_role("row")
    expect(rows.nth(1)).to_contain_text("Larger ones need no approval")
    expect(rows.nth(2).get_by_role("cell").nth(1)).to_have_text("1")
    shot(second, "workflow-versions-dark")
    assert violations(second) == ""


def test_keys_of_a_workflow_are_completed_from_its_schema(tower: Page) -> None:
    name = f"keys-{int(time.time())}"
    first = {"source": WORKFLOW % (name, "1.0.0", 1000), "scenarios": SCENARIOS, "revision": 0}
    assert tower.request.put(f"/api/drafts/e2e/{name}", data=first, headers={"X-Crossdock": "1"}).ok
    goto(tower, f"/definitions/{name}/edit?namespace=e2e", "light")
    editor = tower.get_by_role("textbox", name="The workflow")
    expect(editor).to_contain_text("1.0.0")
    write(
        tower,
        editor,
        f"document: {{dsl: '1.0.3', namespace: e2e, name: {name}, version: '1.0.0'}}\ndo:\n  - a:\n      ",
    )
    tower.keyboard.press("Control+Space")
    listed = tower.locator(".cm-tooltip-autocomplete")
    expect(listed.get_by_text("listen", exact=True)).to_be_visible()
    expect(listed.get_by_text("wait", exact=True)).to_be_visible()
    shot(tower, "workflow-completion")
    tower.keyboard.type("lis")
    expect(listed.locator("[aria-selected]")).to_have_count(1)
    expect(listed.locator("[aria-selected]")).to_contain_text("listen")
    tower.keyboard.press("Enter")
    expect(editor).to_contain_text("listen:")
    expect(tower.get_by_text("Draft saved by demo")).to_be_visible(timeout=2 * WAIT_MS)
    posted(tower, f"/drafts/e2e/{name}/discard")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_editors_fit_a_phone(tower: Page, scheme: str) -> None:
    tower.set_viewport_size({"width": 390, "height": 844})
    pages = {"table": "/decision-tables/sourcing?version=0", "workflow": "/definitions/backorder/edit?namespace=order"}
    for name, path in pages.items():
        namespace = next(d["namespace"] for d in api(tower, "/definitions")["items"] if d["name"] == "backorder")
        goto(tower, path.replace("namespace=order", f"namespace={namespace}"), scheme)
        expect(tower.locator(".sheet, .cm-content").first).to_be_visible()
        assert tower.evaluate("document.documentElement.scrollWidth") <= 390
        shot(tower, f"{name}-phone-{scheme}")
