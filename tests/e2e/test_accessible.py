"""Every main page passes axe (WCAG 2.2 AA) in both schemes, and fits a phone; each leaves a screenshot to look at."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from .conftest import Server, api, goto, shot, watched

pytestmark = pytest.mark.e2e

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
PAGES = {
    "board": ("/", ".fnode"),
    "orders": ("/orders", ".tbl"),
    "order": ("/orders/{order}", ".tl"),
    "exceptions": ("/exceptions", ".tbl"),
    "exception": ("/exceptions/{case}", ".page-case"),
    "clusters": ("/clusters", "main .panel"),
    "dead-letters": ("/dead-letters", "main .panel"),
    "approvals": ("/approvals", ".split"),
    "holds": ("/holds", "main .panel"),
    "alerts": ("/alerts", "main .panel"),
    "incidents": ("/incidents", "main .panel"),
    "documents": ("/documents", ".tbl"),
    "document": ("/documents/{document}", ".side3"),
    "rejected-document": ("/documents/{rejected}", ".inplace"),
    "sent-document": ("/documents/{sent}", ".reading"),
    "test-bench": ("/test-bench", ".tryform"),
    "partners": ("/partners", ".tbl"),
    "partner": ("/partners/{partner}", ".facts"),
    "partner-form": ("/partners/{partner}/edit", ".formgrid"),
    "new-partner": ("/partners/new", ".formgrid"),
    "channels": ("/channels", "main .panel"),
    "certificates": ("/certificates", "main .panel"),
    "quarantine": ("/quarantine", "main .panel"),
    "maps": ("/maps", ".tbl"),
    "map": ("/maps/x12-850", ".cm-content"),
    "cross-references": ("/cross-references", "main .panel"),
    "cross-references-in-use": ("/cross-references?show=entries", "main .panel"),
    "chain": ("/orders/{answered}?part=chain", ".chainway"),
    "new-order": ("/new-order", ".lines"),
    "flow": ("/flow", ".fnode"),
    "flow-table": ("/flow?as=table", ".tbl"),
    "at-risk": ("/at-risk", "main .panel"),
    "definition": ("/definitions/{name}?version={version}", ".code"),
    "instances": ("/instances", ".tbl"),
    "instance": ("/instances/{instance}", ".facts"),
    "decision-tables": ("/decision-tables", ".tbl"),
    "decision-table": ("/decision-tables/credit?version=0", ".sheet"),
    "workflow-editor": ("/definitions/{name}/edit?namespace={namespace}", ".cm-content"),
    "audit": ("/audit", "main .panel"),
    "figures": ("/figures", "main .panel"),
    "worth": ("/figures?tab=worth", "main .panel"),
    "reports": ("/figures?tab=reports", "main .panel"),
    "definitions": ("/definitions", ".tbl"),
    "start": ("/start", ".starts"),
    "start-form": ("/start/after-sales/request-return?about={order}", ".entry"),
    "quotes": ("/quotes", "main .panel"),
    "cluster": ("/clusters/{cluster}", "main .panel"),
    "desk-teams": ("/desk", "main .panel"),
    "desk-templates": ("/desk?show=templates", "main .panel"),
    "desk-rules": ("/desk?show=rules", "main .panel"),
    "desk-mail": ("/desk?show=mail", "main .panel"),
    "going-live": ("/going-live", "main .panel"),
    "invitation": ("/invitation", "main h1"),
    "approval-by-mail": ("/approve", "main h1"),
    "quote-by-mail": ("/quote", "main h1"),
    "nowhere": ("/no-such-page", "main"),
}


def path_of(page: Page, name: str) -> str:
    """The page's address, filled with a record that exists."""
    path = PAGES[name][0]
    if "{order}" in path:
        return path.format(order=api(page, "/orders?limit=1&status=in_case")["items"][0]["order"])
    if "{case}" in path:
        return path.format(case=api(page, "/cases?limit=1&status=open")["items"][0]["id"])
    if "{document}" in path:
        return path.format(document=api(page, "/documents?limit=1&type=850&status=accepted")["items"][0]["id"])
    if "{cluster}" in path:
        return path.format(cluster=quote(api(page, "/clusters?alone=true&limit=1")["items"][0]["key"], safe=""))
    if "{rejected}" in path:
        return path.format(rejected=rejected(page))
    if "{sent}" in path:
        return path.format(sent=api(page, "/documents?limit=1&type=855")["items"][0]["id"])
    if "{partner}" in path:
        return path.format(partner=api(page, "/documents?limit=1&type=850&status=accepted")["items"][0]["partner"])
    if "{answered}" in path:
        return path.format(answered=api(page, "/documents?limit=1&type=855")["items"][0]["order"])
    if "{instance}" in path:
        return path.format(instance=api(page, "/instances?limit=1&status=running")["items"][0]["id"])
    if "{name}" in path:
        running = api(page, "/flow")["definition"]
        here = next(d for d in api(page, "/definitions")["items"] if d["name"] == running["name"])
        return path.format(name=running["name"], version=running["version"], namespace=here["namespace"])
    return path


WRONG = (
    "ISA*00*          *00*          *01*{who:15}*ZZ*{us:15}*260302*0900*U*00401*{control:09d}*0*P*>~"
    "GS*PO*A*B*20260302*0900*{control}*X*004010~ST*850*0001~BEG*00*SA*4500013**20269999~PO1*1*ten*EA*56.87**VN*K-1~"
    "PO1*2*5*EA*84.72~CTT*2~SE*6*0001~GE*1*{control}~IEA*1*{control:09d}~"
)


def rejected(page: Page) -> str:
    """An order with errors of a partner that exists; taken in once."""
    for found in api(page, "/documents?limit=20&type=850&status=rejected")["items"]:
        # one that was corrected has other errors
        if any("BEG05" in e["where"] for e in api(page, f"/documents/{found['id']}")["errors"]):
            return found["id"]
    good = api(page, "/documents?limit=1&type=850&status=accepted")["items"][0]["id"]
    envelope = api(page, f"/documents/{good}")["parsed"]["interchange"]
    who, us = (envelope[k].split(":")[1].strip() for k in ("sender", "receiver"))
    raw = WRONG.format(who=who, us=us, control=987654)
    answer = page.request.post("/api/intake?filename=wrong.edi", data=raw.encode(), headers={"X-Crossdock": "1"})
    assert answer.ok, answer.text()
    return answer.json()["documents"][0]["document"]


def violations(page: Page) -> str:
    found: list[dict[str, Any]] = Axe().run(page, options=RULES).response["violations"]
    return "\n".join(
        f"{v['id']} ({v['impact']}): "
        + "; ".join(f"{n['target'][0]} {n['any'][0]['message'][:160] if n['any'] else ''}" for n in v["nodes"][:4])
        for v in found
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_page_is_accessible(tower: Page, name: str, scheme: str) -> None:
    goto(tower, path_of(tower, name), scheme)
    expect(tower.locator(PAGES[name][1]).first).to_be_visible()
    expect(tower.get_by_role("status", name="Loading")).to_have_count(0)
    shot(tower, f"{name}-{scheme}")
    assert violations(tower) == ""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_open_dialogs_are_accessible(tower: Page, scheme: str) -> None:
    goto(tower, "/exceptions", scheme)
    expect(tower.locator(".tbl tbody tr[aria-rowindex]").first).to_be_visible()
    tower.keyboard.press("Enter")
    expect(tower.get_by_role("dialog").get_by_role("heading", name="Evidence")).to_be_visible()
    shot(tower, f"drawer-{scheme}")
    assert violations(tower) == ""
    tower.keyboard.press("Escape")
    expect(tower.get_by_role("dialog")).to_be_hidden()
    tower.keyboard.press("?")
    expect(tower.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    assert violations(tower) == ""


@pytest.mark.parametrize("name", PAGES)
def test_page_fits_a_phone(browser: Browser, browser_context_args: dict[str, Any], signed_in: Any, name: str) -> None:
    context = browser.new_context(
        **{
            **browser_context_args,
            "storage_state": signed_in,
            "viewport": {"width": 390, "height": 844},
            "has_touch": True,
        }
    )
    page, errors = watched(context)
    goto(page, path_of(page, name))
    expect(page.locator(PAGES[name][1]).first).to_be_visible()
    shot(page, f"{name}-phone")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()
    assert errors == []


def test_sign_in_page_is_accessible(browser: Browser, browser_context_args: dict[str, Any], server_url: Server) -> None:
    context = browser.new_context(**{**browser_context_args, "base_url": server_url.url})
    page, errors = watched(context)
    for scheme in ("light", "dark"):
        goto(page, "/sign-in", scheme)
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        shot(page, f"sign-in-{scheme}")
        assert violations(page) == ""
    context.close()
    assert errors == []


def test_the_content_is_reached_by_the_skip_link_and_focus_is_seen(tower: Page) -> None:
    goto(tower, "/orders")
    expect(tower.get_by_role("heading", level=1, name=re.compile("Orders"))).to_be_visible()
    tower.keyboard.press("Tab")
    skip = tower.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    tower.keyboard.press("Enter")
    expect(tower.locator("#main")).to_be_focused()
