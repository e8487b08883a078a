"""Any bytes give documents or findings: never an exception, and never without bounds."""

import random
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossdock import exactjson
from crossdock.partners import Context, Severity, decode
from crossdock.partners.deciding import Known
from crossdock.partners.edifact import contrl
from crossdock.partners.intake import preview
from crossdock.partners.x12 import acknowledge

X12 = (
    b"ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260102*0900*U*00401*000000007*1*P*>~\n"
    b"GS*PO*S*R*20260102*0900*7*X*004010~\nST*850*0001~\nBEG*00*SA*PO-1**20260102~\nN1*ST*Dock 5*92*N1~\n"
    b"N3*1 Dock Rd~\nN4*ATHENS*GA*30603~\nPO1*10*16*CA*12.34**BP*0001*VP*SKU~\nSCH*1*EA***002*20260110~\n"
    b"CTT*1~\nAMT*TT*5~\nSE*10*0001~\nGE*1*7~\nIEA*1*000000007~\n"
)
SAMPLES = {
    "x12": X12,
    "edifact": b"UNA:+.? 'UNB+UNOC:3+40:14+87:14+260101:1200+R1'UNH+1+ORDERS:D:96A:UN'BGM+220+P?+1+9'UNT+3+1'UNZ+1+R1'",
    "json": b'{"customer_id":"C-1","po":"P1","lines":[{"sku":"A","quantity":1.5,"unit_price":"2.10"}],"total":3.15}',
    "csv": b"PO;Customer;SKU;Qty;Price;Date\nP1;C1;A;2;1.50;2026-01-02\nP1;C1;B;1;2;\n",
    "xml": b'<?xml version="1.0"?><cXML><Header/><Request><OrderRequest/></Request></cXML>',
}
PIECES = (
    *(b"*", b"~", b"'", b"+", b":", b"?", b"\n", b"\r\n", b"\0", b"\x1a", b"\xff", b"\xc3", b'"', b",", b";", b"\t"),
    *(b"ISA*", b"ISA*00*", b"UNB+", b"UNA", b"GS*PO~", b"SE*1*1~", b"IEA*1*1~", b"99999999999999999999", b"1e999999"),
    *(b"[[[[[[", b"<!ENTITY a 'b'>", b"&a;", b"-", b"\xef\xbb\xbf", b"A" * 300),
)


def check(raw: bytes) -> None:
    context = Context(adopt=True)
    documents = decode(raw, "f", context)
    assert documents
    assert [d.index for d in documents] == list(range(len(documents)))
    for d in documents:
        assert len(d.issues) < 2000
        assert all(len(str(i.finding)) < 2000 for i in d.issues)
        for f in (i.finding for i in d.issues):
            # whatever is wrong: where, what was expected, what was found, and what to do
            assert f.code, f
            assert f.where, f
            assert f.expected, f
            assert f.found, f
            assert f.fix.endswith("."), f
        assert d.order is not None or d.content is not None or any(i.severity is not Severity.NOTE for i in d.issues)
        exactjson.dumps(d.parsed)
        if isinstance(d.acknowledgement, contrl.Contrl):
            answered = decode(contrl.write(d.acknowledgement, 1, 1, datetime(2026, 1, 1)), "c", Context(adopt=True))
            assert [a.type for a in answered] == ["CONTRL"]
        elif d.acknowledgement is not None:
            text = acknowledge.write(d.acknowledgement, acknowledge.Numbers(1, 1), datetime(2026, 1, 1))
            assert text.count("~") == text.count("~", 0, len(text))
            assert text.startswith("ISA*00*")
            assert text.index("*", 103) == 103
    for r in preview(raw, "f", context, Known()):
        exactjson.dumps(r.plain())
        assert r.errors or r.status == "accepted"


def mutated(raw: bytes, chance: random.Random) -> bytes:
    data = bytearray(raw)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(5):
            case 0:
                data[at:at] = chance.choice(PIECES)
            case 1:
                del data[at : at + chance.randint(1, 12)]
            case 2:
                data[at : at + 1] = bytes([chance.randrange(256)])
            case 3:
                start = chance.randrange(len(data) + 1)
                data[at:at] = data[start : start + chance.randint(1, 80)]
            case _:
                del data[at + 1 :]
        if not data:
            break
    return bytes(data)


@pytest.mark.parametrize("name", SAMPLES)
def test_mutated_documents_never_raise(name: str):
    chance = random.Random(name)
    for _ in range(400):
        check(mutated(SAMPLES[name], chance))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_arbitrary_bytes_never_raise(raw: bytes):
    check(raw)


def test_service_strings_with_nothing_behind_them_are_no_document() -> None:
    check(b"UNA" * 6)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(PIECES + tuple(SAMPLES.values())), max_size=6))
def test_pieces_of_documents_never_raise(parts: list[bytes]):
    check(b"".join(parts))
