"""The documents of an order compared, in the browser, once its customer has paid less than it was billed."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from .conftest import api, goto, shot
from .test_accessible import violations
from .test_documents import some

pytestmark = pytest.mark.e2e

REMITTANCE = (
    "ISA*00*          *00*          *01*{who:15}*ZZ*{us:15}*260302*0900*U*00401*{control:09d}*0*P*>~"
    "GS*RA*A*B*20260302*0900*{control}*X*004010~ST*820*0001~BPR*I*1*C*CHK************20260310~TRN*1*T-{control}~"
    "ENT*1~RMR*IV*{invoice}**1*1~SE*6*0001~GE*1*{control}~IEA*1*{control:09d}~"
)


def test_what_disagrees_about_an_order_leads_with_its_money(tower: Page) -> None:
    billed = some(tower, "type=810&direction=out")
    path = f"/orders/{billed['order']}/chain"
    invoice = next(d["number"] for d in api(tower, path)["documents"] if d["document"] == billed["id"])
    bought = api(tower, f"/documents/{some(tower, 'type=850&order=' + billed['order'])['id']}")
    who, us = (bought["parsed"]["interchange"][k].split(":")[1].strip() for k in ("sender", "receiver"))
    raw = REMITTANCE.format(who=who, us=us, invoice=invoice, control=uuid4().int % 900_000_000 + 1)
    sent = tower.request.post("/api/intake?filename=820.edi", data=raw.encode(), headers={"X-Crossdock": "1"})
    assert sent.ok, sent.text()
    assert [d["status"] for d in sent.json()["documents"]] == ["accepted"], sent.text()
    chain = api(tower, path)
    assert "paid.less" in [d["code"] for d in chain["differences"]], chain
    for scheme in ("light", "dark"):
        goto(tower, f"/orders/{billed['order']}?part=chain", scheme)
        said = tower.get_by_role("list", name="What disagrees, the most money first").get_by_role("listitem")
        expect(said).to_have_count(len(chain["differences"]))
        expect(said.first).to_contain_text(re.compile(r"^\$[1-9]"))
        expect(tower.locator(".chainway").get_by_role("link", name=re.compile("820"))).to_be_visible()
        shot(tower, f"chain-differs-{scheme}")
        assert violations(tower) == ""
