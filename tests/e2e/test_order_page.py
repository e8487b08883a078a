"""Journeys that begin at an order: found by its package, shared with its customer, its goods credited; and
what the pages owe everybody: ten thousand rows, another language.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qs, urlparse
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from .conftest import WAIT_MS, Server, api, goto, shot, sign_in, watched
from .test_accessible import violations

pytestmark = pytest.mark.e2e

CHANGE = {"X-Crossdock": "1"}
AS_JSON = {"Content-Type": "application/json"}


def around(page: Page, needs: str) -> tuple[str, dict[str, Any]]:
    """An order that has some of what is named, and what lies around it."""
    for order in api(page, "/orders?limit=100&sort=received_at")["items"]:
        found = api(page, f"/orders/{order['order']}/around")
        if needs == "sscc" and any(p.get("sscc") for s in found["shipments"] for p in s["packages"]):
            return order["order"], found
        if needs == "invoices" and found["invoices"]:
            return order["order"], found
    pytest.fail(f"no order has {needs}")


# ── search by SSCC ──────────────────────────────────────────────────────────────────────────────────────────────


def test_an_order_is_found_by_the_sscc_of_its_package(tower: Page) -> None:
    order, found = around(tower, "sscc")
    sscc = next(p["sscc"] for s in found["shipments"] for p in s["packages"] if p.get("sscc"))
    goto(tower, "/")
    expect(tower.get_by_role("heading", level=1)).to_be_visible()
    tower.keyboard.press("Control+k")
    # as a scanner gives it
    tower.get_by_role("searchbox", name=re.compile("Go to")).or_(
        tower.get_by_placeholder(re.compile("Go to, or find"))
    ).first.fill(f"(00){sscc}")
    hit = tower.locator("[data-action]").filter(has_text=order).first
    expect(hit).to_contain_text(sscc)
    shot(tower, "search-by-sscc")
    hit.click()
    expect(tower).to_have_url(re.compile(rf"/orders/{order}\?part=shipments"))
    tower.locator(".parcels > li").filter(has_text=sscc).locator("summary").first.click()  # of its own shipment
    expect(tower.get_by_text(sscc).first).to_be_visible()
    shot(tower, "order-shipments")


# ── share an order ──────────────────────────────────────────────────────────────────────────────────────────────


def test_an_order_is_shared_and_its_customer_sees_what_concerns_it(
    tower: Page, browser: Browser, browser_context_args: dict[str, Any], server_url: Server
) -> None:
    order, found = around(tower, "invoices")
    po = api(tower, f"/orders/{order}")["po"]
    goto(tower, f"/orders/{order}")
    tower.get_by_role("button", name="Share with the customer").click()
    dialog = tower.get_by_role("dialog", name=re.compile("Share"))
    dialog.get_by_label("Language").select_option("de")
    dialog.get_by_label(re.compile("For whom")).fill("Frau Weber")
    dialog.get_by_role("button", name="Make a link").click()
    link = dialog.get_by_label("The link", exact=True).input_value()
    expect(dialog.get_by_text("Frau Weber").first).to_be_visible()
    shot(tower, "share")
    assert violations(tower) == ""
    for scheme, width in (("light", 1280), ("dark", 1280), ("light", 390)):
        stranger = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
        page, errors = watched(stranger)
        page.goto(link)
        expect(page.get_by_role("heading", level=1)).to_have_text(f"Bestellung {po}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        shot(page, f"shared-{scheme}-{width}")
        assert violations(page) == ""
        if width == 1280:
            page.get_by_role("link", name=found["invoices"][0]["invoice"]).click()
            expect(page.get_by_role("heading", level=1)).to_contain_text(found["invoices"][0]["invoice"])
            expect(page.get_by_text("Gesamtbetrag")).to_be_visible()
            page.get_by_role("link", name="Zurück zur Bestellung").click()
            expect(page.get_by_role("heading", level=1)).to_have_text(f"Bestellung {po}")
        assert errors == []
        stranger.close()
    dialog.get_by_role("button", name="End the link Frau Weber").first.click()
    expect(dialog.get_by_text("Ended").first).to_be_visible()
    stranger = browser.new_context()
    page = stranger.new_page()
    gone = page.goto(link)
    assert gone is not None
    assert gone.status == 404
    assert po not in page.content()
    stranger.close()


# ── return to credit ────────────────────────────────────────────────────────────────────────────────────────────


def cheap(page: Page) -> tuple[str, str]:
    """An invoiced order and a line of it of which one piece is below 25: the policy leaves it with the customer."""
    for order in api(page, "/orders?limit=100&sort=received_at")["items"]:
        found = api(page, f"/orders/{order['order']}/around")
        if found["claims"]:
            continue
        for bill in found["invoices"]:
            for line in bill["lines"]:
                if float(line["unit_price"]) < 10 and float(line["quantity"]) >= 1:
                    return order["order"], line["line"]
    pytest.fail("no order was invoiced for anything below 10 apiece")


def test_goods_that_arrived_damaged_are_credited(tower: Page) -> None:
    goto(tower, "/")
    order, line = cheap(tower)
    goto(tower, f"/orders/{order}")
    tower.get_by_role("group", name="What can be done with this order").get_by_role(
        "link", name="Start a return"
    ).click()
    expect(tower.get_by_role("heading", level=1, name="Return goods")).to_be_visible()
    tower.get_by_role("combobox", name="Why").click()
    tower.get_by_role("option", name="Arrived damaged").click()
    tower.get_by_role("combobox", name="Line 1, Line").click()
    tower.get_by_role("option", name=re.compile(rf"^{line}\b")).first.click()
    tower.get_by_role("textbox", name="Line 1, Pieces").fill("1")
    shot(tower, "return-form")
    tower.get_by_role("button", name="Start", exact=True).click()
    expect(tower).to_have_url(re.compile("/instances/"))
    goto(tower, f"/orders/{order}?part=returns")
    section = tower.get_by_role("region", name="Returns", exact=True)
    expect(section.get_by_text("Credited", exact=True)).to_be_visible(timeout=90_000)
    expect(section.get_by_text("Credit note")).to_be_visible()
    shot(tower, "return-credited")
    claim = api(tower, f"/orders/{order}/around")["claims"][0]
    assert claim["kind"] == "return"
    assert float(claim["credited"]) > 0
    expect(tower.get_by_role("region", name="Money", exact=True).get_by_text("Credited")).to_be_visible()


# ── what the pages owe everybody ────────────────────────────────────────────────────────────────────────────────

ROWS = 10_000


def ten_thousand(route: Route) -> None:
    """The list as the server gives it, of orders that nobody placed."""
    asked = parse_qs(urlparse(route.request.url).query)
    start, size = int(asked.get("cursor", ["0"])[0]), 1000
    row = {
        "po": "P", "customer_id": "C-1", "customer": "Northside Hardware", "channel": "x12", "status": "open",
        "stage": "price", "stage_label": "Price", "total": "12.50", "currency": "USD", "lines": 2,
        "received_at": "2026-03-02T08:00:00Z", "promised_on": None, "late": False, "age_s": 60, "shipments": 0,
        "open_cases": 0,
    }  # fmt: skip
    items = [{**row, "order": f"SO-{n + 1}"} for n in range(start, min(start + size, ROWS))]
    following = str(start + size) if start + size < ROWS else None
    route.fulfill(
        status=200, content_type="application/json", body=json.dumps({"items": items, "next": following, "total": ROWS})
    )


def test_ten_thousand_rows_scroll_and_few_of_them_are_drawn(tower: Page) -> None:
    tower.route(re.compile(r"/api/orders\?"), ten_thousand)
    goto(tower, "/orders")
    rows, box = tower.locator(".tbl tr[aria-rowindex]"), tower.get_by_role("region", name="Orders, scrollable")
    expect(rows.first).to_contain_text("SO-1")
    last = 0
    for _ in range(200):
        at = box.evaluate("(e) => { e.scrollTop = e.scrollHeight; return e.scrollHeight; }")
        tower.wait_for_function(
            "([at]) => { const r = [...document.querySelectorAll('.tbl tr[aria-rowindex]')].at(-1);"
            " const e = r.closest('.scroll'); return +r.getAttribute('aria-rowindex') > 10000 ||"
            " e.scrollHeight > at; }",
            arg=[at],
        )
        assert rows.count() < 90, "only what is in view is drawn"
        last = int(rows.last.get_attribute("aria-rowindex") or 0)
        if last > ROWS:
            break
    assert last == ROWS + 1, f"row {last}"
    expect(rows.last).to_contain_text(f"SO-{ROWS}")
    assert tower.locator("*").count() < 3000
    for where in (0.1, 0.5, 0.93, 0.02):
        box.evaluate("(e, w) => { e.scrollTop = e.scrollHeight * w; }", where)
        row = round(ROWS * where)
        tower.wait_for_function(
            "(row) => [...document.querySelectorAll('.tbl tr[aria-rowindex]')]"
            ".some((r) => Math.abs(+r.getAttribute('aria-rowindex') - row) < 25)",
            arg=row,
        )
        assert rows.count() < 90
    box.focus()
    tower.keyboard.press("End")
    expect(tower.locator(".tbl tr[aria-current]")).to_contain_text(f"SO-{ROWS}")


def stuck(page: Page) -> str:
    """An order of its own that stands still: its price is none that anybody agreed to, so a person is asked."""
    customer = min(api(page, "/customers?limit=100")["items"], key=lambda c: c["customer_id"])
    item = min(api(page, "/items?limit=100")["items"], key=lambda i: i["sku"])
    order = {
        "customer_id": customer["customer_id"], "po": f"E2E-{uuid4().hex[:10]}", "currency": customer["currency"],
        "requested_on": None, "ship_to": None, "notes": "",
        "lines": [{"sku": item["sku"], "quantity": "6", "unit": item["unit"], "unit_price": "1.00"}],
    }  # fmt: skip
    answer = page.request.post("/api/orders", data=json.dumps(order), headers={**CHANGE, **AS_JSON})
    assert answer.ok, answer.text()
    number = answer.json()["order"]
    goto(page, f"/orders/{number}")
    expect(page.get_by_role("heading", level=1)).to_contain_text(number, timeout=8 * WAIT_MS)
    expect(page.locator(".glance")).to_contain_text("below contract", timeout=8 * WAIT_MS)
    return number


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_order_is_changed_for_its_customer_after_a_look_at_what_will_happen(tower: Page, scheme: str) -> None:
    order = stuck(tower)
    goto(tower, f"/orders/{order}", scheme)
    tower.get_by_role("button", name="Change", exact=True).click()
    dialog = tower.get_by_role("dialog", name=f"Change order {order}")
    expect(dialog.get_by_text("Change something to see what would happen.")).to_be_visible()
    expect(dialog.get_by_role("button", name="Change the order")).to_be_disabled()
    dialog.get_by_label("Quantity of line 1").fill("4")
    shown = dialog.get_by_test_id("change-preview")
    expect(shown).to_contain_text("The order is prepared anew")
    expect(shown).to_contain_text(re.compile(r"6\.00.*4\.00"))
    dialog.get_by_label("Reason").fill("By telephone")
    shot(tower, f"order-change-{scheme}")
    assert violations(tower) == ""
    dialog.get_by_role("button", name="Change the order").click()
    expect(tower.get_by_text(f"Change of {order} asked for")).to_be_visible()
    expect(dialog).to_be_hidden()
    expect(tower.get_by_text("Order change settled").first).to_be_visible(timeout=8 * WAIT_MS)


def test_changing_an_order_is_said_in_german(tower: Page) -> None:
    order = api(tower, "/orders?limit=1&status=in_case")["items"][0]["order"]
    tower.set_viewport_size({"width": 390, "height": 844})
    goto(tower, f"/orders/{order}?lang=de")
    tower.get_by_role("button", name="Ändern", exact=True).click()
    dialog = tower.get_by_role("dialog", name=f"Auftrag {order} ändern")
    expect(dialog.get_by_text("Ändern Sie etwas, um zu sehen, was geschähe.")).to_be_visible()
    dialog.get_by_label("An eine andere Adresse liefern").check()
    expect(dialog.get_by_label("Postleitzahl")).to_be_visible()
    shot(tower, "order-change-german-phone")
    assert violations(tower) == ""
    assert tower.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_tower_speaks_german_with_german_numbers(
    browser: Browser, browser_context_args: dict[str, Any], server_url: Server
) -> None:
    context = browser.new_context(**{**browser_context_args, "base_url": server_url.url})
    page, errors = watched(context)
    goto(page, "/sign-in")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.get_by_role("button", name="Deutsch").click()
    expect(page.get_by_role("heading", name="Anmelden")).to_be_visible()
    assert violations(page) == ""
    page.get_by_role("button", name="English").click()
    sign_in(page, server_url)
    page.get_by_role("button", name=re.compile("Your account")).click()
    page.get_by_role("menuitem", name="Deutsch").click()
    expect(page.get_by_role("navigation", name="Hauptmenü")).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "de-DE"
    goto(page, "/orders?sort=-total")
    expect(page.get_by_role("heading", level=1, name="Aufträge")).to_be_visible()
    # a point between thousands, a comma before cents, the sign behind
    expect(page.locator(".tbl tr[aria-rowindex]").first).to_contain_text(re.compile(r"\d\.\d{3},\d{2}\s\$"))
    shot(page, "orders-german")
    assert violations(page) == ""
    order, _ = around(page, "invoices")
    goto(page, f"/orders/{order}")
    expect(page.get_by_text("Was als Nächstes kommt")).to_be_visible()
    shot(page, "order-german")
    context.close()
    assert errors == []


@pytest.mark.parametrize(
    "part", ["shipments", "money", "documents", "returns", "messages", "decisions", "calls", "flow"]
)
def test_each_section_has_an_address_and_is_accessible(tower: Page, part: str) -> None:
    order, _ = around(tower, "invoices")
    for scheme in ("light", "dark"):
        goto(tower, f"/orders/{order}?part={part}", scheme)
        expect(tower.get_by_role("tabpanel").locator(".panel").first).to_be_visible()
        expect(tower.get_by_role("status", name="Loading")).to_have_count(0)
        assert violations(tower) == ""
