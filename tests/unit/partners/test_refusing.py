"""An APERAK tells of content that cannot be used; a CONTRL has told of syntax already."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from crossdock.errors import PartnerError
from crossdock.partners import Context, decode
from crossdock.partners.agreements import terms
from crossdock.partners.agreements.terms import Agreement, Direction
from crossdock.partners.deciding import Known, Verdict, decide
from crossdock.partners.edifact import aperak
from crossdock.partners.intake import answering
from crossdock.partners.model import Status
from crossdock.partners.numbering import Taken
from crossdock.partners.profiles import Identifier, Profile, parse

NOW = datetime(2026, 3, 5, 9, 0, tzinfo=UTC)
LINES = ("LIN+1++4012345000016:EN", "QTY+21:10", "LIN+2++4012345000023:EN", "QTY+21:5")


def acme(**agreed: Any) -> Profile:
    agreement = Agreement(document="ORDERS", direction=Direction.IN, **agreed)
    return Profile(
        id="acme", name="ACME", customer_id="C-1", identifiers=(Identifier("14", "40"),), agreements=(agreement,)
    )


def orders(*lines: str, tail: tuple[str, ...] = ()) -> str:
    body = ("BGM+220+P-9+9", "DTM+137:20260301:102", "NAD+BY+40::9", "CUX+2:EUR:9", *lines, "UNS+S", *tail)
    message = "".join(f"{s}'" for s in ("UNH+7+ORDERS:D:96A:UN", *body, f"UNT+{len(body) + 2}+7"))
    return f"UNB+UNOC:3+40:14+87:14+260301:1200+R1'{message}UNZ+1+R1'"


def judged(raw: str, partner: Profile) -> Verdict:
    [d] = decode(raw.encode(), "f", Context(profiles=(partner,)))
    return decide([d], Known())[0]


def told(v: Verdict) -> list[str]:
    text = answering.refusal(v, Taken(17, 0, (21,)), NOW).raw.decode().removeprefix("UNA:+.? '")
    return re.split(r"(?<!\?)'", text)


def test_what_cannot_be_used_is_told_with_its_line_and_what_to_do():
    v = judged(orders("LIN+1++X", "QTY+21:0", *LINES[2:]), acme(refusals="APERAK"))
    assert v.status is Status.REJECTED
    assert answering.refuses(v)
    rows = told(v)
    assert rows[1:8] == [
        "UNH+21+APERAK:D:96A:UN", "BGM+313+17+27", "DTM+137:20260305:102",
        "FTX+AAI+++Not accepted. Correct it and send it again.", "RFF+ACW:P-9", "RFF+AGO:R1", "NAD+MS+87::9",
    ]  # fmt: skip
    first = rows.index("ERC+QTY")
    assert rows[first + 1].startswith("FTX+AAO+++Line 1")
    assert "Send QTY?+21 with a" in rows[first + 1].replace(":", " ")
    assert rows[first + 2] == "RFF+LI:1"
    assert "ERC+ITEM" in rows
    # and what we write is read back by the same map
    read = decode("'".join(["UNA:+.? ", *rows]).encode(), "a", Context())[0]
    assert [e.code for e in read.content.errors] == ["QTY", "ITEM"]  # type: ignore[union-attr] - an APERAK
    assert {i.finding.code for i in read.issues} <= {"partner.unknown", "gs1.digit"}


def test_what_waits_for_a_person_is_told_as_held():
    v = judged(orders(*LINES, tail=("CNT+2:3",)), acme(refusals="APERAK"))
    assert v.status is Status.HELD
    assert {"BGM+313+17+8", "ERC+COUNT"} <= set(told(v))


@pytest.mark.parametrize(
    ("raw", "agreed"),
    [
        (orders(*LINES), {"refusals": "APERAK"}),  # nothing is wrong
        (orders("LIN+1", "QTY+21:0"), {}),  # not agreed
        (orders(*LINES).replace("UNT+11", "UNT+12"), {"refusals": "APERAK"}),  # the CONTRL says so
    ],
)
def test_nothing_is_told_twice_or_unasked(raw: str, agreed: dict[str, Any]):
    assert not answering.refuses(judged(raw, acme(**agreed)))


def test_a_text_is_cut_at_words_into_what_a_segment_takes():
    assert aperak.pieces("short") == ("short",)
    found = aperak.pieces("word " * 100)
    assert len(found) == 5
    assert all(len(p) <= 70 for p in found)
    assert found[-1].endswith("...")
    assert aperak.pieces("x" * 100) == ("x" * 70, "x" * 30)


@pytest.mark.parametrize(
    ("agreement", "where"),
    [
        ({"document": "850", "direction": "in", "refusals": "APERAK"}, "/refusals"),
        ({"document": "ORDRSP", "direction": "out", "refusals": "APERAK"}, "/refusals"),
        ({"document": "ORDERS", "direction": "in", "refusals": "824"}, "/refusals"),
        ({"document": "ORDRSP", "direction": "out", "version": "D:01B"}, "/version"),
    ],
)
def test_an_agreement_that_cannot_be_kept_is_refused(agreement: dict[str, Any], where: str):
    file = {"id": "a", "name": "A", "customer_id": "C", "agreements": [agreement]}
    with pytest.raises(PartnerError) as caught:
        parse(file, "f")
    assert [f.where.endswith(where) for f in caught.value.findings] == [True]


def test_an_agreement_is_read_as_it_was_written():
    agreed = Agreement(document="ORDERS", direction=Direction.IN, refusals="APERAK")
    assert terms.plain(agreed)["refusals"] == "APERAK"
