"""A fault says whose rule it is, and whom to ask."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from crossdock.partners import Context, Severity, decode, wording
from crossdock.partners.agreements.terms import Agreement, Direction, Version
from crossdock.partners.edi import guide
from crossdock.partners.maps import editions
from crossdock.partners.model import Decoded
from crossdock.partners.profiles import Identifier, Profile
from crossdock.partners.tabular import map as tabular

from .test_any_bytes import SAMPLES

ACME = Profile(id="acme", name="ACME", customer_id="C-1", identifiers=(Identifier("ZZ", "SENDER"),), guide="acme-850")
RAW = SAMPLES["x12"]


@pytest.fixture
def own_guide(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """ACME's guide as its people wrote it: the library's, and the buyer's number on every line."""
    usual = guide._read
    own: dict[str, Any] = {"extends": "x12-850", "id": "acme-850", "edition": 4, "means": {"every_line": ["BP"]}}
    monkeypatch.setattr(guide, "_read", lambda name: dict(own) if name == "acme-850" else usual(name))
    yield
    guide.load.cache_clear()
    guide.digest.cache_clear()


def read(raw: bytes, *profiles: Profile) -> Decoded:
    return decode(raw, "f", Context(profiles=profiles))[0]


def said(d: Decoded, code: str) -> str:
    return next(wording.sentence(i.finding) for i in d.issues if i.finding.code == code)


@pytest.mark.usefixtures("own_guide")
def test_a_number_that_a_partners_guide_wants_on_every_line_is_asked_for_by_name() -> None:
    raw = RAW.replace(b"**BP*0001*VP*SKU~", b"**VP*0042~")
    text = said(read(raw, ACME), "x12.po1.item.missing")
    assert text.startswith("Line 10: the buyer's item number, PO109 (segment ")
    assert "ACME's guide v4 asks for it. Ask ACME to send it, or map ACME's VP 0042 to an item here." in text


def test_what_the_standard_asks_for_is_said_to_be_the_standards() -> None:
    partner = replace(ACME, guide="x12-850")
    d = read(RAW.replace(b"BEG*00*SA*PO-1**20260102", b"BEG*00*SA***20260102"), partner)
    [fault] = d.of(Severity.ERROR)
    assert fault.finding.code == "x12.beg03.missing"
    assert fault.finding.fix == "X12's 850 asks for it. Ask ACME: fill BEG03."
    assert "is missing: the purchase order number." in wording.sentence(fault.finding)


def test_a_stranger_is_the_sender() -> None:
    d = read(RAW.replace(b"SE*10*", b"SE*11*"))
    [fault] = d.of(Severity.ERROR)
    assert fault.finding.fix.startswith("Ask the sender: ")


def test_what_one_of_us_decides_is_not_asked_of_the_partner() -> None:
    d = read(RAW.replace(b"CTT*1~", b"CTT*2~"), replace(ACME, guide="x12-850"))
    [held] = d.of(Severity.HOLD)
    assert held.finding.fix == "Ask ACME whether a line is missing, then release it."


TABLE = b"po,quantity,unit,sku,customer\nP-1,2,EA,,C-1\nP-1,none,EA,B,C-1\n"


def layout(map_id: str, version: int) -> Context:
    """A table read by a layout of the partner's own."""
    found = next(m for m in tabular.shipped().values() if m.id == "orders")
    edition = editions.Edition(map_id, version, "d", replace(found, id=map_id))
    acme = replace(ACME, map=map_id)
    return Context(partner=acme, book=editions.Book({(map_id, "acme"): edition}))


def test_a_table_is_told_by_its_layout_and_its_partner() -> None:
    [d] = decode(TABLE, "o.csv", layout("acme-orders", 4))
    assert said(d, "order.line.item") == (
        "row 2, column 'sku' is missing: an item number. ACME's layout v4 asks for it. "
        "Ask ACME: fill it, or remove the row."
    )
    assert "ACME's layout v4 sets this. Ask ACME: correct the quantity." in said(d, "order.line.quantity")


def test_columns_that_a_layout_asks_for_are_asked_of_the_partner_by_name() -> None:
    [d] = decode(b"po,quantity\nP-1,2\n", "o.csv", layout("acme-orders", 4))
    [fault] = d.of(Severity.ERROR)
    assert fault.finding.fix.endswith("Ask ACME: send these columns, or map those that came.")


def test_a_layout_of_ours_is_named_as_ours() -> None:
    [d] = decode(TABLE, "o.csv", Context(partner=ACME))
    assert "The layout orders asks for it. Ask ACME: " in said(d, "order.line.item")


def test_json_and_xml_name_partner_and_rule() -> None:
    json = b'{"customer_id":"C-1","lines":[{"sku":"A","quantity":"x"}]}'
    [d] = decode(json, "o.json", Context(partner=ACME))
    assert "Our JSON order asks for it. Ask ACME: add it." in said(d, "json.missing")
    xml = b"<cXML payloadID='p'><Header/><Request><OrderRequest><OrderRequestHeader/></OrderRequest></Request></cXML>"
    [d] = decode(xml, "o.xml", Context(partner=ACME))
    assert "cXML's OrderRequest asks for it. Ask ACME: send @orderID." in said(d, "xml.missing")
    own = replace(editions.shipped("cxml-orderrequest"), version=3)
    pinned = Agreement(document="OrderRequest", direction=Direction.IN, map=Version("cxml-orderrequest", "3"))
    acme = replace(ACME, agreements=(pinned,))
    book = editions.Book({("cxml-orderrequest", "acme"): own})
    [d] = decode(xml, "o.xml", Context(partner=acme, book=book))
    assert "ACME's map v3 asks for it. Ask ACME: send @orderID." in said(d, "xml.missing")
    [d] = decode(xml, "o.xml", Context(partner=ACME, book=book))
    assert "Our map cxml-orderrequest v3 asks for it." in said(d, "xml.missing")


def test_what_one_of_us_typed_is_asked_of_nobody() -> None:
    [d] = decode(b'{"customer_id":"C-1","lines":[]}', "o.json", Context(partner=ACME, manual=True))
    assert not any("ACME" in i.finding.fix for i in d.issues)


@pytest.mark.parametrize(
    ("text", "theirs"),
    [
        ("X12's 850 sets this. Ask ACME: write a date in BEG05.", "X12's 850 sets this. Write a date in BEG05."),
        ("Ask ACME to send it, or map ACME's VP 0042 to an item here.", "Send it."),
        ("Ask the sender for the right number, or release it as it is written.", "Send the right number."),
        ("Ask ACME to say it by place (SDQ).", "Say it by place (SDQ)."),
        ("Ask ACME (West) Ltd.: PO107 with digits only.", "Ask ACME (West) Ltd.: PO107 with digits only."),
        ("Send it with a new number.", "Send it with a new number."),
    ],
)
def test_a_partner_is_told_its_own_errors_as_what_it_can_do(text: str, theirs: str):
    assert wording.addressed(text, "ACME") == theirs


def test_a_name_is_no_pattern():
    assert wording.addressed("Ask A.C (+): PO107 with digits.", "A.C (+)") == "PO107 with digits."
