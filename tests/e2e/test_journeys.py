"""What people do in the control tower, from signing in to a decided approval, by mouse and by keyboard."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from .conftest import Server, api, goto, shot, sign_in, watched

pytestmark = pytest.mark.e2e

ROWS = ".tbl tbody tr[aria-rowindex]"
LONG_MS = 45_000  # for what goes through the engine and the systems, on a busy machine


def heading(page: Page, name: str | re.Pattern[str]) -> None:
    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()


def test_sign_in_refuses_a_wrong_password_then_returns_to_where_one_wanted_to_go(
    browser: Browser, browser_context_args: dict[str, Any], server_url: Server
) -> None:
    context = browser.new_context(**{**browser_context_args, "base_url": server_url.url})
    page, errors = watched(context)
    goto(page, "/orders?status=waiting")
    expect(page).to_have_url(re.compile(r"/sign-in\?next="))
    page.get_by_label("User").fill(server_url.user)
    page.get_by_label("Password", exact=True).fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("not right")
    shot(page, "sign-in")
    sign_in(page, server_url)
    expect(page).to_have_url(re.compile(r"/orders\?status=waiting"))
    page.get_by_role("button", name=re.compile("Your account")).click()
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    context.close()
    assert errors == []


def test_board_counts_move_while_one_looks(tower: Page) -> None:
    goto(tower, "/")
    heading(tower, "Control tower")
    expect(tower.get_by_role("status").filter(has_text=re.compile("^Live$"))).to_be_visible()
    flow = api(tower, "/flow")
    steps = [n for n in flow["nodes"] if not n["id"].startswith("switch:")]  # a switch holds no orders
    expect(tower.locator(".fnode")).to_have_count(len(steps))
    assert sum(n["count"] for n in flow["nodes"]) > 0
    expect(tower.locator(".kpi .val")).to_have_count(7)
    before = tower.locator(".fnode .c").all_inner_texts()
    place_by_api(tower)
    # one order more stands somewhere: whatever else moves meanwhile, the same counts cannot come back
    tower.wait_for_function(
        "b => [...document.querySelectorAll('.fnode .c')].some((e, i) => e.innerText !== b[i])",
        arg=before,
        timeout=LONG_MS,
    )


def test_a_key_figure_says_how_it_is_counted(tower: Page) -> None:
    goto(tower, "/")
    figure = api(tower, "/kpis")["items"][1]
    tower.get_by_role("group", name=figure["label"]).hover()
    expect(tower.get_by_text(figure["formula"])).to_be_visible()


def test_a_step_of_the_graph_opens_its_orders_and_one_of_them_tells_its_story(tower: Page) -> None:
    goto(tower, "/")
    node = max((n for n in api(tower, "/flow")["nodes"]), key=lambda n: n["count"])
    tower.locator(f'.react-flow__node[data-id="{node["id"]}"]').click()
    expect(tower).to_have_url(re.compile(rf"/orders\?stage={node['id']}"))
    rows = tower.locator(ROWS)
    expect(rows.first).to_be_visible()
    rows.first.get_by_role("link").first.click()  # whichever is first at that moment: the list moves
    expect(tower).to_have_url(re.compile(r"/orders/SO-"))
    number = tower.url.rsplit("/", 1)[1].partition("?")[0]
    heading(tower, number)
    for question in ("Where it is", "Why", "Who has it", "What comes next"):
        expect(tower.get_by_text(question, exact=True)).to_be_visible()
    story = api(tower, f"/orders/{number}")["timeline"]
    assert story, f"order {number} has no timeline"
    shown = tower.locator(".tl > li")
    expect(shown.nth(len(story) - 1)).to_be_attached()  # and what happened since
    expect(tower.get_by_test_id("trace")).to_be_visible()
    shot(tower, "order")
    # one kind switched off leaves the others
    before = shown.count()
    tower.get_by_role("group", name="Show in the timeline").get_by_role("button").first.click()
    expect(shown).not_to_have_count(before)


def test_calls_and_decisions_show_what_was_asked_and_answered(tower: Page) -> None:
    goto(tower, "/")
    orders = api(tower, "/orders?limit=50&sort=received_at")["items"]
    told = next(
        (d for d in (api(tower, f"/orders/{o['order']}") for o in orders) if d["calls"] and d["decisions"]), None
    )
    assert told, "no order has both a call and a decision"
    goto(tower, f"/orders/{told['order']}")
    tower.get_by_role("tab", name=re.compile("Calls")).click()
    tower.locator(".list summary").first.click()
    expect(tower.get_by_role("group", name="Request").first).to_be_visible()
    tower.get_by_role("tab", name=re.compile("Decisions")).click()
    tower.get_by_role("tabpanel").locator("summary").first.click()
    expect(tower.get_by_text("Rule that hit").first).to_be_visible()


def test_exceptions_are_triaged_without_the_mouse(tower: Page) -> None:
    some = api(tower, "/cases?status=open&limit=3")["items"]
    for case in some:  # the demo's teams own what comes in; these are Gil's now
        given = tower.request.post(
            f"/api/cases/{case['id']}/assign", data={"owner": "gil"}, headers={"X-Crossdock": "1"}
        )
        assert given.ok, given.text()
    goto(tower, "/exceptions?owner=gil")
    rows = tower.locator(ROWS)
    expect(rows.first).to_be_visible()
    current = tower.locator(".tbl tr[aria-current]")
    expect(current).to_have_attribute("aria-rowindex", "2")
    if rows.count() > 1:
        tower.keyboard.press("j")
        expect(current).to_have_attribute("aria-rowindex", "3")
        tower.keyboard.press("k")
        expect(current).to_have_attribute("aria-rowindex", "2")
    number = current.get_by_role("link").first.inner_text()
    shot(tower, "exceptions")

    tower.keyboard.press("Enter")
    drawer = tower.get_by_role("dialog")
    expect(drawer).to_contain_text(number)
    expect(drawer.get_by_role("heading", name="Evidence")).to_be_visible()
    tower.keyboard.press("Escape")
    expect(drawer).to_be_hidden()

    tower.keyboard.press("a")
    expect(tower.get_by_text(f"{number} is yours")).to_be_visible()
    tower.get_by_role("button", name="Undo").first.click()
    tower.keyboard.press("/")
    tower.keyboard.type(number)
    # it is back with whom it was, and the one that S acts on
    expect(rows).to_have_count(1)
    expect(current).to_contain_text(number)
    expect(current).to_contain_text("gil")
    tower.keyboard.press("Escape")
    tower.keyboard.press("s")
    expect(tower.get_by_text(f"{number} sleeps until")).to_be_visible()
    tower.get_by_role("button", name="Undo").first.click()
    expect(tower.get_by_text(f"{number} is open again")).to_be_visible()


def test_an_approval_is_decided_and_its_hash_shown(tower: Page) -> None:
    goto(tower, "/approvals?mine=true")
    waiting = api(tower, "/approvals?status=pending&limit=100")["items"]
    pending = [a for a in waiting if a["can_decide"] and sum(s["missing"] for s in a["steps"]) == 1]
    assert pending, "no approval waits for this person alone"
    chosen = pending[0]
    tower.get_by_role("link", name=chosen["number"], exact=True).click()
    expect(tower.get_by_role("heading", name="What exactly is approved")).to_be_visible()
    expect(tower.get_by_text(chosen["hash"][:12])).to_be_visible()
    shot(tower, "approvals")
    tower.keyboard.press("y")
    expect(tower.get_by_text(f"{chosen['number']} approved")).to_be_visible()
    expect(tower.get_by_role("link", name=chosen["number"], exact=True)).to_have_count(0)
    decided = [a for a in api(tower, "/approvals?status=decided&limit=100")["items"] if a["id"] == chosen["id"]]
    assert [a["status"] for a in decided] == ["approved"]


def test_an_order_is_entered_by_keyboard_and_opens(tower: Page) -> None:
    goto(tower, "/new-order")
    customer, item = api(tower, "/customers?limit=1")["items"][0], api(tower, "/items?limit=1")["items"][0]
    tower.get_by_role("button", name="Place order").click()
    expect(tower.get_by_text("Choose a customer")).to_be_visible()  # said where it is wrong

    field = tower.get_by_role("combobox", name="Customer", exact=True)
    field.fill(customer["name"])
    expect(tower.get_by_role("option", name=re.compile(re.escape(customer["name"]))).first).to_be_visible()
    field.press("Enter")
    number = purchase_order_number()
    tower.get_by_label("Customer’s PO number").fill(number)
    line = tower.get_by_role("combobox", name="Line 1, Item")
    line.fill(item["sku"])
    expect(tower.get_by_role("option", name=re.compile(re.escape(item["sku"]))).first).to_be_visible()
    line.press("Enter")
    expect(tower.get_by_label("Line 1, Quantity")).to_be_focused()
    tower.keyboard.type("3")
    tower.get_by_label("Line 1, Unit price").fill("12.35")
    expect(tower.get_by_test_id("total")).to_have_text(re.compile(r"37\.05"))
    shot(tower, "new-order")
    tower.get_by_label("Line 1, Unit price").fill("")  # at the contract's price nobody needs to be asked
    tower.get_by_label("Line 1, Unit price").press("Control+Enter")
    expect(tower).to_have_url(re.compile(r"/orders/SO-"))
    expect(tower.get_by_text(number).first).to_be_visible()
    # it goes to the customer's own address, and on by itself at least until its credit is judged
    where = tower.locator(".glance dd").first
    expect(where).not_to_have_text(re.compile("Received|Validate|^Price$|Credit check"), timeout=LONG_MS)
    assert api(tower, f"/orders/{tower.url.rsplit('/', 1)[1]}")["cases"] == []


def test_leaving_a_begun_order_asks_first(tower: Page) -> None:
    goto(tower, "/new-order")
    tower.get_by_label("Customer’s PO number").fill("E2E-LOST")
    tower.get_by_role("navigation", name="Main").get_by_role("link", name="Orders", exact=True).click()
    expect(tower.get_by_role("dialog")).to_contain_text("What you typed is lost")
    tower.get_by_role("button", name="Go on typing").click()
    expect(tower.get_by_label("Customer’s PO number")).to_have_value("E2E-LOST")
    tower.get_by_role("navigation", name="Main").get_by_role("link", name="Orders", exact=True).click()
    tower.get_by_role("button", name="Leave").click()
    heading(tower, "Orders")


def test_a_document_is_shown_raw_parsed_and_canonical(tower: Page) -> None:
    goto(tower, "/documents?type=850&status=accepted")
    tower.locator(ROWS).first.get_by_role("link").first.click()
    heading(tower, re.compile("850"))
    expect(tower.get_by_role("region", name="Raw", exact=True)).to_contain_text("ISA")
    for view in ("Parsed", "Canonical"):
        expect(tower.get_by_role("heading", name=view, exact=True)).to_be_visible()
    expect(tower.locator(".side3 .json").first).to_be_visible()
    shot(tower, "document")


def test_a_file_that_nobody_can_read_is_answered_with_a_reason(tower: Page) -> None:
    goto(tower, "/documents")
    tower.get_by_test_id("intake-file").set_input_files(
        files=[{"name": "noise.bin", "mimeType": "application/octet-stream", "buffer": b"\x00\x01 this is no order"}]
    )
    result = tower.get_by_role("region", name="Result of the intake", exact=True)
    expect(result).to_contain_text("noise.bin")
    expect(result.locator(".pill").first).to_have_text(re.compile("Rejected|Held"))
    expect(result.locator(".findings li").first).to_be_visible()


def test_another_tenant_shows_other_orders_and_nothing_of_the_first(
    browser: Browser, browser_context_args: dict[str, Any], server_url: Server
) -> None:
    # a session of its own: changing the tenant ends the one before
    context = browser.new_context(**browser_context_args)
    tower, errors = watched(context)
    goto(tower, "/sign-in?next=/orders")
    sign_in(tower, server_url)
    expect(tower.locator(ROWS).first).to_be_visible()
    session = api(tower, "/session")
    other = next(t for t in session["tenants"] if t["id"] != session["tenant"])
    mine = {(o["order"], o["customer"], o["total"]) for o in api(tower, "/orders?limit=100")["items"]}
    switch_tenant(tower, other["name"])
    theirs = {(o["order"], o["customer"], o["total"]) for o in api(tower, "/orders?limit=100")["items"]}
    assert mine & theirs == set()
    expect(tower.get_by_text(f"You now work in {other['name']}")).to_be_visible()
    shot(tower, "other-tenant")
    context.close()
    assert errors == []


def test_the_palette_goes_anywhere_and_finds_an_order(tower: Page) -> None:
    goto(tower, "/audit")
    heading(tower, "Audit trail")
    number = api(tower, "/orders?limit=1")["items"][0]["order"]
    tower.keyboard.press("Control+k")
    tower.get_by_placeholder(re.compile("find an order")).fill(number)
    expect(tower.get_by_role("dialog").get_by_role("button", name=re.compile(number)).first).to_be_visible()
    tower.keyboard.press("Enter")
    heading(tower, number)
    expect(tower.get_by_role("dialog")).to_be_hidden()
    tower.locator("body").press("g")
    tower.locator("body").press("a")
    heading(tower, "Approvals")


def test_filters_live_in_the_address(tower: Page) -> None:
    goto(tower, "/orders?channel=x12&sort=total")
    expect(tower.get_by_label("Channel")).to_have_value("x12")
    tower.get_by_role("button", name="Total").click()
    expect(tower).to_have_url(re.compile("sort=-total"))
    tower.get_by_label("Late only").check()
    expect(tower).to_have_url(re.compile("late=true"))
    expect(tower.get_by_role("link", name="Export CSV")).to_have_attribute("href", re.compile("channel=x12.*late=true"))


def switch_tenant(page: Page, name: str) -> None:
    page.get_by_role("combobox", name="Tenant").click()
    page.get_by_role("option", name=name).click()
    heading(page, "Control tower")
    expect(page.get_by_role("combobox", name="Tenant")).to_have_value(name)


def purchase_order_number() -> str:
    """A new one each time: a repeated one is a duplicate, and starts nothing."""
    return f"E2E-{uuid4().hex[:10]}"


def place_by_api(page: Page) -> None:
    customer, item = api(page, "/customers?limit=1")["items"][0], api(page, "/items?limit=1")["items"][0]
    order = {
        "customer_id": customer["customer_id"],
        "po": purchase_order_number(),
        "currency": "USD",
        "requested_on": None,
        "ship_to": {
            "name": "E2E",
            "lines": ["1 Dock Road"],
            "city": "Memphis",
            "region": "TN",
            "postal_code": "38103",
            "country": "US",
        },
        "notes": "",
        "lines": [{"sku": item["sku"], "quantity": "1", "unit": item["unit"]}],
    }
    headers = {"X-Crossdock": "1", "Content-Type": "application/json"}
    answer = page.request.post("/api/orders", data=json.dumps(order), headers=headers)
    assert answer.status == 201, answer.text()
