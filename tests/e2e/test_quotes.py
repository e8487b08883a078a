"""A quote from the form that starts it to the order that it becomes: by its own page, by the link of its message."""

from __future__ import annotations

import asyncio
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import ParseResult, urlparse

import asyncpg
import pytest
from playwright.sync_api import Browser, Page, expect

from crossdock.embedded import places

from .conftest import WAIT_MS, Server, api, goto, shot, watched
from .test_accessible import violations

pytestmark = pytest.mark.e2e

SENT_S = 120  # until the quote is priced and sent, on a loaded machine


def choose(page: Page, label: str, text: str) -> None:
    field = page.get_by_role("combobox", name=label, exact=True)
    field.fill(text)
    expect(page.get_by_role("option", name=re.compile(re.escape(text))).first).to_be_visible()
    field.press("Enter")


def asked(page: Page, scheme: str) -> Any:
    """A quote of its own, asked for with the form; as it was sent."""
    customer = min(api(page, "/customers?limit=100")["items"], key=lambda c: c["customer_id"])
    item = min(api(page, "/items?limit=100")["items"], key=lambda i: i["sku"])
    goto(page, "/start", scheme)
    page.get_by_role("link", name="Quote for a customer").click()
    expect(page.get_by_role("heading", level=1, name="Quote for a customer")).to_be_visible()
    # what is missing is said where it is missing, and the first of it has the focus
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_text("Fill this in").first).to_be_visible()
    expect(page.locator("[aria-invalid=true]").first).to_be_focused()
    shot(page, f"start-missing-{scheme}")
    assert violations(page) == ""
    choose(page, "Customer", customer["name"])
    choose(page, "Line 1, Item", item["sku"])
    page.get_by_label("Line 1, Quantity").fill("5")
    page.get_by_label("Line 1, Unit").fill(item["unit"])
    page.get_by_label("Discount, %").fill("2")
    shot(page, f"start-filled-{scheme}")
    page.get_by_label("Discount, %").press("Control+Enter")
    expect(page).to_have_url(re.compile(r"/instances/[0-9a-f-]{36}"))
    instance = re.search(r"/instances/([0-9a-f-]{36})", page.url)[1]  # type: ignore[index]
    until = time.monotonic() + SENT_S
    while time.monotonic() < until:
        for quote in api(page, "/quotes?state=open")["items"]:
            if quote["instance_id"] == instance:
                return quote
        page.wait_for_timeout(300)
    raise AssertionError(f"no quote was sent: {api(page, f'/instances/{instance}')['stage']}")


def mailed(server: Server, quote: str) -> ParseResult:
    """The link as the customer got it, and nobody else."""
    if server.data is None:
        pytest.skip("NOT RUN: only the demo's own database has the customer's mail")
    found = places.find(server.data)

    async def read() -> str:
        connection = await asyncpg.connect(
            host=str(places.socket_directory(found)), user="postgres", database="crossdock_demo",
            password=found.superuser_password.read_text(),
        )  # fmt: skip
        try:
            return await connection.fetchval(
                "select arguments ->> 'body' from crossdock.call where function = 'notification.send'"
                " and arguments ->> 'order' = $1 order by called_at desc limit 1", quote,
            )  # fmt: skip
        finally:
            await connection.close()

    with ThreadPoolExecutor(1) as aside:  # the browser's driver has a loop in this thread
        body = aside.submit(asyncio.run, read()).result()
    link = re.search(r"https?://\S+/quote#\S+", body)
    assert link, body
    return urlparse(link[0])


def test_a_quote_is_asked_for_by_a_form_listed_and_accepted_for_its_customer(tower: Page) -> None:
    quote = asked(tower, "light")
    goto(tower, f"/quotes?q={quote['quote']}", "light")
    row = tower.get_by_role("row", name=re.compile(quote["quote"]))
    expect(row).to_contain_text("Open")
    expect(row).to_contain_text(quote["customer"])
    assert violations(tower) == ""
    row.get_by_role("link", name=quote["quote"]).click()
    expect(tower.get_by_role("heading", level=1, name=quote["quote"])).to_be_visible()
    expect(tower.get_by_role("table", name="Lines")).to_contain_text(quote["lines"][0]["sku"])
    shot(tower, "quote-light")
    assert violations(tower) == ""
    opener = tower.get_by_role("button", name="Accept", exact=True)
    opener.click()
    dialog = tower.get_by_role("dialog")
    expect(dialog.get_by_label("The customer’s order number")).to_be_focused()
    assert violations(tower) == ""
    tower.keyboard.press("Escape")
    expect(opener).to_be_focused()
    opener.press("Enter")
    dialog.get_by_role("button", name="Accept", exact=True).click()
    expect(tower.get_by_text(re.compile(rf"^{quote['quote']} is ordered as SO-"))).to_be_visible()
    now = api(tower, f"/quotes/{quote['quote']}")
    assert (now["state"], now["answered_by"]) == ("ordered", "demo")
    expect(tower.get_by_role("link", name=now["order"])).to_be_visible()
    expect(tower.get_by_role("button", name="Decline", exact=True)).to_have_count(0)


def test_the_link_of_a_quote_shows_it_and_makes_one_order_of_it(
    tower: Page, browser: Browser, browser_context_args: dict[str, Any], server_url: Server
) -> None:
    quote = asked(tower, "dark")
    shown = json.dumps(api(tower, f"/instances/{quote['instance_id']}")["state"])
    link = mailed(server_url, quote["quote"])
    assert link.fragment.rpartition(".")[2] not in shown, "who looks at the process could answer as the customer"
    for scheme, width in (("light", 1280), ("dark", 390)):
        context = browser.new_context(
            **{
                **browser_context_args, "base_url": server_url.url, "viewport": {"width": width, "height": 900},
                "color_scheme": scheme,
            }
        )  # fmt: skip
        page, errors = watched(context)
        page.goto(f"{link.path}#{link.fragment}")
        expect(page.get_by_role("heading", level=1)).to_contain_text(quote["quote"])
        expect(page.get_by_role("table")).to_contain_text(quote["lines"][0]["sku"])
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        shot(page, f"quote-link-{scheme}-{width}")
        assert violations(page) == ""
        context.close()
        assert errors == []
    assert api(tower, f"/quotes/{quote['quote']}")["state"] == "open", "looking changes nothing"
    context = browser.new_context(**{**browser_context_args, "base_url": server_url.url})
    page, errors = watched(context)
    page.goto(f"{link.path}#{link.fragment}")
    expect(page.get_by_role("button", name="Ask for changes")).to_be_disabled()
    page.get_by_role("button", name="Accept and order").click()
    expect(page.get_by_text(re.compile("Ordered as SO-"))).to_be_visible(timeout=2 * WAIT_MS)
    order = api(tower, f"/quotes/{quote['quote']}")["order"]
    page.reload()
    expect(page.get_by_text(f"Ordered as {order}")).to_be_visible()
    expect(page.get_by_role("button", name="Accept and order")).to_have_count(0)
    context.close()
    assert errors == []
