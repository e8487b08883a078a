"""People decide in a real browser: together, for somebody away, several holds in one go, and what they are told of."""

import json
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from .conftest import Server, api, goto, shot, sign_in, watched
from .test_accessible import violations

pytestmark = pytest.mark.e2e

HEADERS = {"X-Crossdock": "1", "Content-Type": "application/json"}


def post(page: Page, path: str, data: Any) -> Any:
    answer = page.request.post(f"/api{path}", data=json.dumps(data), headers=HEADERS)
    assert answer.ok, answer.text()
    return answer.json()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_approvals_are_chosen_and_their_sum_is_seen_before_they_are_decided_together(tower: Page, scheme: str) -> None:
    goto(tower, "/approvals", scheme)
    boxes = tower.get_by_role("checkbox", name="Choose AP-")
    expect(boxes.first).to_be_visible()
    boxes.first.check()
    tower.get_by_role("button", name="Decide 1 together").click()
    dialog = tower.get_by_role("dialog", name="Decide 1 approval together?")
    expect(dialog.get_by_text("Together:")).to_be_visible()
    expect(dialog.get_by_role("button", name="Reject 1")).to_be_disabled()
    shot(tower, f"approvals-together-{scheme}")
    assert violations(tower) == ""
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_somebody_stands_in_and_it_ends(tower: Page, scheme: str) -> None:
    me = api(tower, "/session")["user"]
    taker = next(p["name"] for p in api(tower, "/approvers") if p["name"] != me)
    why = f"holiday {uuid4().hex[:8]}"
    goto(tower, "/approvals", scheme)
    tower.get_by_role("button", name="Standing in").click()
    dialog = tower.get_by_role("dialog", name="Who stands in for whom")
    dialog.get_by_label("Who stands in").select_option(taker)
    dialog.get_by_label("Why").fill(why)
    dialog.get_by_role("button", name="Let them stand in").click()
    line = dialog.get_by_role("listitem").filter(has_text=why)
    expect(line).to_contain_text(f"{taker} stands in for {me}")
    shot(tower, f"standing-in-{scheme}")
    assert violations(tower) == ""
    assert taker in next(p["takers"] for p in api(tower, "/approvers") if p["name"] == me)
    line.get_by_role("button").click()
    expect(line).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_stacked_holds_are_released_in_one_go_each_with_its_reason(tower: Page, scheme: str) -> None:
    key = f"partner-{uuid4().hex[:8]}"
    placed = [
        post(tower, "/holds", {"scope": "partner", "key": key, "kind": kind, "reason": f"{kind} of {key}"})["number"]
        for kind in ("credit", "compliance")
    ]
    goto(tower, "/holds", scheme)
    for number in placed:
        tower.get_by_role("checkbox", name=f"Choose {number}").check()
    tower.get_by_role("button", name="Release 2 together").click()
    dialog = tower.get_by_role("dialog", name="Release 2 holds?")
    for number in placed:
        expect(dialog.get_by_role("button", name="Release", exact=True)).to_be_disabled()
        dialog.get_by_label(f"Why {number} is released").fill(f"{number} is settled")
    shot(tower, f"holds-together-{scheme}")
    assert violations(tower) == ""
    dialog.get_by_role("button", name="Release", exact=True).click()
    expect(tower.get_by_text("2 holds released")).to_be_visible()
    released = api(tower, f"/holds?status=released&scope=partner&key={key}")["items"]
    assert {h["number"]: h["note"] for h in released} == {n: f"{n} is settled" for n in placed}


def test_a_standing_hold_is_placed_with_its_evidence_and_limit(tower: Page) -> None:
    key = f"ITEM-{uuid4().hex[:8]}"
    goto(tower, "/holds")
    tower.get_by_role("button", name="Place a hold").click()
    dialog = tower.get_by_role("dialog", name="Place a hold")
    dialog.get_by_label("Scope").select_option("item")
    dialog.get_by_label("On", exact=False).first.fill(key)
    dialog.get_by_label("Reason").fill("recall of the maker")
    dialog.get_by_label("Evidence").fill("recall 2026-17")
    dialog.get_by_label("Money it is about").fill("5000")
    dialog.get_by_role("button", name="Place a hold").click()
    expect(tower.get_by_text("The hold is placed")).to_be_visible()
    [hold] = api(tower, f"/holds?status=active&scope=item&key={key}")["items"]
    assert (hold["amount"], hold["evidence"]) == ("5000", {"seen": "recall 2026-17"})
    post(tower, f"/holds/{hold['id']}/release", {"note": "the test is over"})


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_alert_rule_is_corrected_where_it_is_wrong_tried_kept_and_removed(tower: Page, scheme: str) -> None:
    name = f"rule-{uuid4().hex[:8]}"
    goto(tower, "/alerts", scheme)
    tower.get_by_role("button", name="Add a rule").click()
    dialog = tower.get_by_role("dialog", name="Add a rule")
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_label("For how long").fill("a while")
    dialog.get_by_label("Limit (above)").fill("0")
    dialog.get_by_role("button", name="Try it now").click()
    expect(dialog.get_by_text("a duration such as PT15M")).to_be_visible()
    shot(tower, f"alert-rule-{scheme}")
    assert violations(tower) == ""
    dialog.get_by_label("For how long").fill("PT15M")
    dialog.get_by_role("button", name="Try it now").click()
    expect(dialog.get_by_text("It would")).to_be_visible()
    dialog.get_by_role("button", name="Save").click()
    expect(tower.get_by_text(f"{name} is saved")).to_be_visible()
    tower.get_by_role("button", name=f"Remove {name}").click()
    expect(tower.get_by_text(f"{name} is removed")).to_be_visible()
    assert name not in [r["name"] for r in api(tower, "/alert-rules")["items"]]


def test_an_approver_decides_within_the_limit_and_is_refused_above(
    browser: Browser, browser_context_args: dict[str, Any], server_url: Server
) -> None:
    """Bo approves up to 5,000: the page says so, and so does the server when it is asked all the same."""
    context = browser.new_context(**{**browser_context_args, "base_url": server_url.url})
    page, errors = watched(context)
    goto(page, "/sign-in")
    sign_in(page, Server(server_url.url, "bo", server_url.password))
    waiting = [a for a in api(page, "/approvals?status=pending&limit=100")["items"] if a["amount"]]
    above = next(a for a in waiting if float(a["amount"]) > 5000)
    goto(page, f"/approvals?open={above['id']}")
    panel = page.get_by_role("region", name=above["number"], exact=True)
    expect(panel.get_by_text("The amount is above your limit", exact=False).first).to_be_visible()
    expect(panel.get_by_role("button", name="Approve")).to_be_disabled()
    asked = {"outcome": "approved", "note": "", "hash": above["hash"]}
    answer = page.request.post(f"/api/approvals/{above['id']}/decide", data=json.dumps(asked), headers=HEADERS)
    assert answer.status == 403
    shot(page, "approval-above-the-limit")
    within = next(a for a in waiting if a["can_decide"] and sum(s["missing"] for s in a["steps"]) == 1)
    goto(page, f"/approvals?open={within['id']}")
    page.get_by_role("region", name=within["number"], exact=True).get_by_role("button", name="Approve").click()
    expect(page.get_by_text(f"{within['number']} approved")).to_be_visible()
    assert api(page, f"/approvals/{within['id']}")["decided_by"] == "bo"
    context.close()
    assert errors == []


def test_an_approval_is_looked_at_and_decided_on_a_phone(
    browser: Browser, browser_context_args: dict[str, Any], signed_in: Any
) -> None:
    context = browser.new_context(
        **{**browser_context_args, "storage_state": signed_in, "viewport": {"width": 390, "height": 844},
           "has_touch": True, "is_mobile": True}
    )  # fmt: skip
    page, errors = watched(context)
    waiting = api(page, "/approvals?status=pending&limit=100")["items"]
    alone = [a for a in waiting if a["can_decide"] and sum(s["missing"] for s in a["steps"]) == 1]
    assert alone, "no approval waits for this person alone"
    chosen = alone[-1]
    goto(page, f"/approvals?open={chosen['id']}")
    panel = page.get_by_role("region", name=chosen["number"], exact=True)
    expect(panel.get_by_text(chosen["hash"][:12])).to_be_visible()
    shot(page, "approval-decided-on-a-phone")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    panel.get_by_role("button", name="Approve").tap()
    expect(page.get_by_text(f"{chosen['number']} approved")).to_be_visible()
    assert api(page, f"/approvals/{chosen['id']}")["status"] == "approved"
    context.close()
    assert errors == []


def test_a_link_that_is_not_good_says_so_and_decides_nothing(
    browser: Browser, browser_context_args: dict[str, Any], base_url: str
) -> None:
    context = browser.new_context(**{**browser_context_args, "viewport": {"width": 390, "height": 844}})
    page, errors = watched(context)
    page.goto(f"{base_url}/approve#nowhere.{uuid4().hex}.x", wait_until="domcontentloaded")
    expect(page.get_by_role("heading", name="This link decides nothing")).to_be_visible()
    assert violations(page) == ""
    context.close()
    assert errors == []
