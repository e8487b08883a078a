"""One value changed: it reads back, and everything else reads as before."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.errors import PartnerError
from crossdock.partners import Context, decode
from crossdock.partners.edifact import tokens
from crossdock.partners.lineage import InCell, InElement, InMember, InSegment
from crossdock.partners.model import Format
from crossdock.partners.splicing import splice

EDIFACT = (
    b"UNA:+.? 'UNB+UNOC:3+A:14+B:ZZ+260101:1200+R1'UNH+1+ORDERS:D:96A:UN'BGM+220+PO-E+9'"
    b"LIN+1++4012345678901:SRV'IMD+F++:::a ?+ b'UNS+S'UNT+6+1'UNZ+1+R1'"
)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_categories=["Cc", "Cf", "Zs"]), max_size=30))
def test_any_text_in_an_edifact_component_reads_back_and_leaves_the_rest(value: str) -> None:
    """Delimiters in it are released."""
    raw, before = splice(EDIFACT, Format.EDIFACT, InSegment("IMD", 4, 0, 3, 4), value)
    assert before == "a + b"
    [[one], [two]] = [tokens.read(r)[0] for r in (EDIFACT, raw)]
    assert two.segments[4].at(3, 4) == value.strip()
    assert [s.elements for s in two.segments if s.index != 4] == [s.elements for s in one.segments if s.index != 4]


def test_a_cell_a_member_and_an_element_are_changed_where_they_stand() -> None:
    raw, before = splice(b'po;sku;qty\nA1;"S;1";4\nA1;S2;5\n', Format.CSV, InCell(2, "qty", 2), "7")
    assert (before, raw) == ("4", b'po;sku;qty\nA1;"S;1";7\nA1;S2;5\n')
    raw, before = splice(b'{"po":"A","lines":[{"quantity":1.50}]}', Format.JSON, InMember("/lines/0/quantity"), "2.5")
    assert (before, raw) == ("1.50", b'{"po":"A","lines":[{"quantity":2.5}]}')
    raw, before = splice(b"<a><b>1</b><b id='x'>2</b></a>", Format.XML, InElement("/a/b[2]", "", 1), "3 & 4")
    assert before == "2"
    assert b'<b>1</b><b id="x">3 &amp; 4</b>' in raw


@pytest.mark.parametrize(
    ("raw", "format", "place", "value"),
    [
        (EDIFACT, Format.EDIFACT, InSegment("UNB", 0, 0, 5, 1), "R2"),
        (EDIFACT, Format.EDIFACT, InSegment("XXX", 99, 0, 1, 1), "x"),
        (EDIFACT, Format.X12, InSegment("BGM", 2, 0, 1, 1), "x"),
        (b"<a><b/></a>", Format.XML, InElement("/a", "", 1), "x"),
        (b"<a><b/></a>", Format.XML, InElement("/a/c", "", 1), "x"),
        (b'{"a":{}}', Format.JSON, InMember("/a"), "x"),
        (b'{"a":1}', Format.JSON, InMember("/b/c"), "x"),
        (b"a,b\n1,2\n", Format.CSV, InCell(9, "a", 0), "x"),
        (b"PK", Format.XLSX, InCell(1, "a", 0), "x"),
        (EDIFACT, Format.EDIFACT, InSegment("BGM", 2, 0, 2, 1), "two\nlines"),
    ],
)
def test_a_place_that_cannot_be_edited_is_refused_with_what_may_be(
    raw: bytes, format: Format, place: Any, value: str
) -> None:
    with pytest.raises(PartnerError) as refused:
        splice(raw, format, place, value)
    assert refused.value.findings[0].code == "edit.place"


def test_an_x12_element_beyond_the_last_is_added() -> None:
    order = (
        f"ISA*00*{'':10}*00*{'':10}*ZZ*{'BOLTS':15}*ZZ*{'NORRLAND':15}*260102*0900*U*00401*000000001*0*P*>~\n"
        "GS*PO*BOLTS*NORRLAND*20260102*0900*1*X*004010~\nST*850*0001~\nBEG*00*SA*PO1**20260101~\n"
        "PO1*1*10*EA~\nCTT*1~\nSE*5*0001~\nGE*1*1~\nIEA*1*000000001~\n"
    ).encode()
    raw, before = splice(order, Format.X12, InSegment("PO1", 4, 0, 7, 1), "SKU-1")
    raw, _ = splice(raw, Format.X12, InSegment("PO1", 4, 0, 6, 1), "VP")
    assert before == ""
    assert raw == order.replace(b"PO1*1*10*EA~", b"PO1*1*10*EA***VP*SKU-1~")
    [read] = decode(raw, "f", Context(adopt=True))
    assert read.order is not None
    assert read.order.lines[0].items[0].value == "SKU-1"
