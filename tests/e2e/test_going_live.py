"""A partner's whole way in the browser: made by a form, invited, tested by itself, let into production, and routed."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from .conftest import api, goto, shot, watched
from .test_accessible import violations

pytestmark = pytest.mark.e2e

PASSWORD = "a long enough password"


def made_by_the_form(page: Page, new: str) -> None:
    goto(page, "/partners/new")
    page.get_by_label("Id", exact=True).fill(new)
    page.get_by_label("Name", exact=True).fill(f"Form of {new}")
    page.get_by_label("Customer", exact=True).fill(f"C-{new}")
    page.get_by_role("button", name="Add: identifier").click()
    identifier = page.get_by_role("group", name="identifier 1", exact=True)
    identifier.get_by_role("textbox", name="Identifier").fill(new.upper())
    page.get_by_role("button", name="Add: contact").click()
    contact = page.get_by_role("group", name="contact 1")
    contact.get_by_label("Name").fill("Ann")
    contact.get_by_label("E-mail").fill("not an address")
    for n, (document, direction) in enumerate((("850", "in"), ("855", "out")), 1):
        page.get_by_role("button", name="Add: agreement").click()
        agreement = page.get_by_role("group", name=f"agreement {n}")
        agreement.get_by_label("Document").fill(document)
        agreement.get_by_label("Direction").select_option(direction)
    page.get_by_role("group", name="agreement 1").get_by_label("Tests").fill("2")
    page.get_by_role("button", name="Put this file").click()
    # what is wrong stands at its field
    expect(contact.get_by_text("an address with one @")).to_be_visible()
    expect(page.get_by_role("alert").first).to_contain_text("1 thing is to be corrected")
    shot(page, "partner-form-wrong")
    assert violations(page) == ""
    contact.get_by_label("E-mail").fill("ann@example.com")
    # the same as a file, and back
    page.get_by_text("File", exact=True).click()
    expect(page.get_by_label("Its file")).to_have_value(re.compile('"document": "850"'))
    page.get_by_text("Form", exact=True).click()
    expect(page.get_by_role("group", name="agreement 1").get_by_label("Document")).to_have_value("850")
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_text("It can be put.")).to_be_visible()
    page.get_by_role("button", name="Put this file").click()
    expect(page.get_by_role("heading", level=1, name=f"Form of {new}")).to_be_visible()


def invited(page: Page) -> str:
    """The link, as the page shows it once."""
    page.get_by_role("button", name="Invite").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Mail the link")).to_be_checked()
    assert violations(page) == ""
    dialog.get_by_role("button", name="Invite").click()
    # the demo has no mail server: that is said, and the link is shown all the same
    expect(dialog.get_by_text("No mail left")).to_be_visible()
    link = dialog.locator(".linkbox .mono").inner_text()
    dialog.get_by_role("button", name="Close").last.click()
    return link[link.index("/invitation") :]


def joined(theirs: Page, link: str, user: str) -> None:
    goto(theirs, link)
    expect(theirs.get_by_role("heading", name=re.compile("invites you"))).to_be_visible()
    shot(theirs, "invitation")
    assert violations(theirs) == ""
    theirs.get_by_label("User name").fill(user)
    theirs.get_by_label("Your name").fill("Ann Partner")
    theirs.get_by_label("Password", exact=True).fill(PASSWORD)
    theirs.get_by_role("button", name="Set up the account").click()
    expect(theirs.get_by_role("heading", name="Sign in")).to_be_visible()
    theirs.get_by_label("User").fill(user)
    theirs.get_by_label("Password", exact=True).fill(PASSWORD)
    theirs.get_by_role("button", name="Sign in").click()
    expect(theirs.get_by_role("heading", level=1, name="Going live")).to_be_visible()


def order(who: str, control: int, *, mark: str = "T", quantity: str = "10", day: str = "20260302") -> str:
    return (
        f"ISA*00*          *00*          *ZZ*{who.upper():15}*ZZ*{'US':15}*260302*0900*U*00401*{control:09d}*0*"
        f"{mark}*>~GS*PO*A*B*20260302*0900*{control}*X*004010~ST*850*0001~BEG*00*SA*{who}-{control}**{day}~"
        f"PO1*1*{quantity}*EA*56.87**BP*X-1~CTT*1~SE*5*0001~GE*1*{control}~IEA*1*{control:09d}~"
    )


def accepts(who: str, text: str) -> str:
    """Their 997 to a document of ours, by the numbers that stand in it."""
    group, number = re.search(r"GS.PR.[^~]*?.(\d+).X.", text), re.search(r"ST.855.(\d+)", text)
    assert group, text
    assert number, text
    return (
        f"ISA*00*          *00*          *ZZ*{who.upper():15}*ZZ*{'US':15}*260302*0930*U*00401*000000777*0*T*>~"
        f"GS*FA*A*B*20260302*0930*777*X*004010~ST*997*0001~AK1*PR*{group[1]}~AK2*855*{number[1]}~AK5*A~AK9*A*1*1*1~"
        f"SE*6*0001~GE*1*777~IEA*1*000000777~"
    )


def drop(theirs: Page, name: str, raw: str) -> Locator:
    """The row that says what became of it."""
    theirs.get_by_test_id("intake-file").set_input_files(
        files=[{"name": name, "mimeType": "text/plain", "buffer": raw.encode()}]
    )
    row = theirs.get_by_role("region", name="Result of the intake", exact=True).get_by_role("row").filter(has_text=name)
    expect(row).to_have_count(1)
    return row


def test_a_partner_goes_from_a_form_to_production_by_itself(
    tower: Page, browser: Browser, browser_context_args: dict[str, Any]
) -> None:
    new = f"f{uuid4().hex[:8]}"
    made_by_the_form(tower, new)
    assert api(tower, f"/partners/{new}")["version"] == 1
    link = invited(tower)

    context = browser.new_context(**browser_context_args)
    theirs, errors = watched(context)
    joined(theirs, link, f"{new}@example.com")
    expect(theirs.get_by_role("link", name="Exceptions")).to_have_count(0)
    red, green = theirs.locator(".checklist li[data-green=false]"), theirs.locator(".checklist li[data-green=true]")
    expect(red).to_have_count(2)

    # a wrong one: its errors, in words, and nothing is counted
    expect(drop(theirs, "wrong.edi", order(new, 1, quantity="ten", day="20269999"))).to_contain_text("Rejected")
    tests = theirs.get_by_role("region", name="Test documents", exact=True)
    expect(tests).to_contain_text("BEG05")
    expect(tests).to_contain_text("expected a number")
    expect(tests.get_by_text("Answered by 997")).to_have_count(1)
    expect(red).to_have_count(2)
    shot(theirs, "going-live-wrong")
    assert violations(theirs) == ""

    # good ones, and samples of ours, which they acknowledge: all is green
    for control in (2, 3):
        expect(drop(theirs, f"good-{control}.edi", order(new, control))).to_contain_text("Accepted")
    expect(green).to_have_count(1)
    theirs.get_by_role("button", name="Get our test documents for it").click()
    expect(theirs.get_by_text("1 test document is in your outbox")).to_be_visible()
    [ours] = [s for s in api(theirs, "/partner/outbox") if s["type"] == "855"]
    text = theirs.request.get(f"/api/documents/{ours['document']}/raw").text()
    expect(drop(theirs, "997.edi", accepts(new, text))).to_contain_text("Accepted")
    expect(green).to_have_count(2)
    expect(theirs.get_by_text("ready to go live")).to_be_visible()
    shot(theirs, "going-live-green")
    assert violations(theirs) == ""

    # one of us lets it go live
    goto(tower, f"/partners/{new}")
    expect(tower.locator(".checklist li[data-green=true]")).to_have_count(2)
    shot(tower, "partner-ready")
    assert violations(tower) == ""
    tower.get_by_role("button", name="Let it go live").click()
    expect(tower.locator("#page-head").get_by_text("Production", exact=True)).to_be_visible()
    assert api(tower, f"/partners/{new}")["mode"] == "production"

    # and what it now sends is routed by its mark: a test stays a test, production is an order
    goto(theirs, "/going-live")
    expect(theirs.get_by_text("live", exact=True)).to_be_visible()
    expect(drop(theirs, "test.edi", order(new, 4))).to_contain_text("Accepted")
    row = drop(theirs, "real.edi", order(new, 5, mark="P"))
    expect(row).to_contain_text("Accepted")
    expect(row.get_by_role("link")).to_have_count(2)
    number = row.get_by_role("link").last.inner_text()
    shot(theirs, "going-live-live")
    goto(theirs, link)
    expect(theirs.get_by_role("heading", name="This link does not work")).to_be_visible()
    context.close()
    assert errors == []

    goto(tower, f"/orders/{number}")
    expect(tower.get_by_role("heading", level=1, name=re.compile(number))).to_be_visible()
    by_po = {d["po"]: d for d in api(tower, f"/documents?partner={new}&type=850")["items"]}
    assert by_po[f"{new}-5"]["order"] == number
    assert by_po[f"{new}-4"]["order"] is None

    # a change is a new version, never another of the one that is in force
    goto(tower, f"/partners/{new}")
    shot(tower, "partner-live")
    tower.get_by_role("link", name="Change").click()
    tower.get_by_label("Name", exact=True).first.fill(f"Renamed {new}")
    tower.get_by_role("button", name="Put this file").click()
    expect(tower.get_by_role("heading", level=1, name=f"Renamed {new}")).to_be_visible()
    assert [v["version"] for v in api(tower, f"/partners/{new}/versions")] == [3, 2, 1]
