"""Our X12 guides, what we write, and what others sent, beside the specifications of another parser.

CROSSDOCK_X12_PARSER names a copy of the repository Inteligenz/X12Parser (OopFactory.X12, CDDL), unpacked anywhere; none
of it is kept here. It has the structure of the 4010 transaction sets, and an 824 and a 210 among its tests.
"""

import os
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest
from tests.conformance.structures import Node, ours, paths, refused, unread

from crossdock import exactjson
from crossdock.canonical.acknowledgement import ApplicationAcknowledgement
from crossdock.canonical.transport import FreightInvoice
from crossdock.partners import Context, Decoded, Severity, decode
from crossdock.partners.edi import guide, outbound
from crossdock.partners.edi.guide import UNBOUNDED
from crossdock.partners.maps import samples
from crossdock.partners.maps.canonical import OBJECTS
from crossdock.partners.maps.editions import shipped

FOLDER = os.environ.get("CROSSDOCK_X12_PARSER")
if not FOLDER:
    pytest.skip("X12 specifications: NOT RUN, CROSSDOCK_X12_PARSER is not set", allow_module_level=True)

SETS = ["204", "210", "214", "824", "943", "944", "990"]
SPACE = "{http://tempuri.org/X12ParserSpecification.xsd}"


def specification(number: str) -> tuple[Node, ...]:
    """Between ST and SE. How often is "any number" where it does not say, and whether at all is unsaid."""

    def nodes(parent: ElementTree.Element) -> Iterator[Node]:
        for e in parent:
            most = int(e.get("Repeat") or e.get("LoopRepeat") or UNBOUNDED)
            asked = True if e.get("Usage") == "Required" else None
            if e.tag == f"{SPACE}Loop":
                first = e.find(f"{SPACE}StartingSegment")
                assert first is not None
                opens = Node(first.get("SegmentId", ""), True, 1)
                yield Node(opens.id, asked, most, (opens, *nodes(e)))
            elif e.tag == f"{SPACE}Segment":
                yield Node(e.get("SegmentId", ""), asked, most)

    [file] = (Path(str(FOLDER)) / "src/OopFactory.X12/Specifications").glob(f"Ansi-{number}-*pecification.xml")
    return tuple(nodes(ElementTree.parse(file).getroot()))


# What theirs has and ours leaves unread: a note, and no fault, where it is sent. Their 204 is of a release after 4010,
# with bills of lading in loops of AT5 and an LX for hazardous goods; the C001 of their 824 is a composite, no segment.
KEPT = {
    "204": r"(S5/|S5/L5/)?AT5/.*|LX/.*|S5/OID/L5/L4",
    "210": r"B2A",
    "214": r"LX/PRF/CD3/AT7/MAN",
    "824": r"OTI/C001",
}


@pytest.mark.parametrize("number", SETS)
def test_a_guide_has_a_place_for_all_that_the_specification_has(number: str):
    mine = [n for n in ours(guide.load(f"x12-{number}").root.items) if n.id not in {"ST", "SE"}]
    other = specification(number)
    assert len(list(paths(other))) > 8
    assert [p for p in sorted(refused(mine, other)) if not re.fullmatch(KEPT.get(number, ""), p)] == []


@pytest.mark.parametrize("number", SETS)
def test_what_we_write_is_a_set_of_the_specification(number: str):
    edition = shipped(f"x12-{number}")
    [beside] = [p for root in samples.library() for p in root.rglob(f"x12-{number}.samples")]
    for file in sorted(beside.glob("*.out.json")):
        plain: Any = exactjson.loads(file.read_bytes())
        rows = outbound.document(edition.id, msgspec.convert(plain, OBJECTS[edition.object], strict=False)).rows
        assert unread([row[0][0] for row in rows], specification(number)) == [], file.name


def sent(path: str) -> list[Decoded]:
    folder = Path(str(FOLDER)) / "tests/OopFactory.X12.Tests.Unit/Parsing/_SampleEdiFiles"
    return decode((folder / path).read_bytes(), path, Context(adopt=True))


def test_an_824_that_others_sent_says_what_was_wrong_with_which_document():
    [d] = sent("FIN/_824/FromCnSpec.txt")
    advice = d.content
    assert d.of(Severity.ERROR) == ()
    assert isinstance(advice, ApplicationAcknowledgement)
    [about] = advice.documents
    assert (about.kind, about.number, about.group, about.control) == ("bill_of_lading", "006394", "40860", "408600001")
    [error] = about.errors
    assert (error.code, error.texts, len(error.notes)) == (
        "024", ("A problem has been detected in the electronic bill of lading",), 7,
    )  # fmt: skip


def test_an_824_of_health_care_is_refused_for_the_element_that_its_sender_put_one_too_far():
    [d] = sent("FIN/_824/FromTmhpSpec.txt")
    assert {i.finding.code for i in d.of(Severity.ERROR)} == {"x12.oti12.long"}
    assert "OTI12" in d.of(Severity.ERROR)[0].finding.where


@pytest.mark.parametrize(
    ("name", "number", "shipment", "currency", "total", "charges"),
    [
        ("CN_FreightInvoiceSample1.txt", "28066945", "291226", "USD", "2754.33", ["2510.00", "244.33"]),
        ("CN_FreightInvoiceSample2.txt", "28061234", "102141", "CAD", "2083.60", ["1705.00", "244.33", "134.27"]),
    ],
)
def test_a_210_that_others_sent_says_what_is_to_be_paid_for_which_shipment(
    name: str, number: str, shipment: str, currency: str, total: str, charges: list[str]
):
    [d] = sent(f"TAM/_210/{name}")
    invoice = d.content
    assert isinstance(invoice, FreightInvoice)
    assert (invoice.number, invoice.shipment, invoice.currency) == (number, shipment, currency)
    assert invoice.stated_total == Decimal(total) == sum(c.amount or 0 for n in invoice.lines for c in n.charges)
    assert [c.amount for n in invoice.lines for c in n.charges] == [Decimal(c) for c in charges]
