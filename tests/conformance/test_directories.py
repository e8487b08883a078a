"""Our EDIFACT guides, and what we write, beside the UN directories as others have put them into XML.

CROSSDOCK_EDIFACT_DIRECTORIES names the folder `src/Mapping` of php-edifact/edifact-mapping (LGPL), unpacked anywhere;
none of it is kept here. It has every message, segment and code of D.96A, which we write, and of the later directories
that we read; RECADV and IFTSTA among them.
"""

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest
from tests.conformance.structures import Node, moved, ours, paths, refused, unread

from crossdock import exactjson
from crossdock.partners.edi import guide, outbound
from crossdock.partners.edi.guide import UNBOUNDED
from crossdock.partners.maps import samples
from crossdock.partners.maps.canonical import OBJECTS
from crossdock.partners.maps.editions import shipped, shipped_ids

FOLDER = os.environ.get("CROSSDOCK_EDIFACT_DIRECTORIES")
if not FOLDER:
    pytest.skip("EDIFACT directories: NOT RUN, CROSSDOCK_EDIFACT_DIRECTORIES is not set", allow_module_level=True)

MAPS = [m for m in shipped_ids() if m.startswith("edifact-") and m != "edifact-contrl"]  # CONTRL is a service message


# The code for "marked with an SSCC" is GS1's own, of EANCOM; the UN's list of D.96A has none.
KEPT = {"edifact-desadv": {"PCI 1.1 4233: '33E' is no code of the list"}}


# D.96A has the days of a transport after its places, later directories before its references: ours reads both, since
# a place may have days of its own.
MOVED = {("D96A", "IFTSTA"): {"CNI/STS/TDT/DTM", "CNI/STS/TDT/RFF"}}


@cache
def _tree(directory: str, name: str) -> ElementTree.Element:
    return ElementTree.parse(Path(str(FOLDER)) / directory / name).getroot()


def message(directory: str, name: str) -> tuple[Node, ...]:
    def nodes(parent: ElementTree.Element) -> Iterator[Node]:
        for e in parent:
            if e.tag not in {"segment", "group"}:
                continue
            inside = tuple(nodes(e)) if e.tag == "group" else ()
            said = (e.get("required") == "true", int(e.get("maxrepeat") or UNBOUNDED))
            yield Node(inside[0].id if inside else e.get("id", ""), *said, inside)

    return tuple(nodes(_tree(directory, f"messages/{name.lower()}.xml")))


@pytest.mark.parametrize("directory", ["D96A", "D01B"])
@pytest.mark.parametrize("name", ["IFTSTA", "RECADV"])
def test_a_guide_has_a_place_for_all_that_the_directory_has(directory: str, name: str):
    mine = ours(guide.load(f"edifact-{name.lower()}").root.items)
    other = message(directory, name)
    assert len(list(paths(other))) > 30
    assert refused(mine, other) == set()
    assert {a for a, _ in moved(mine, other)} <= MOVED.get((directory, name), set())


def written() -> Iterator[tuple[str, str, tuple[tuple[tuple[str, ...], ...], ...]]]:
    for map_id in MAPS:
        edition = shipped(map_id)
        [beside] = [p for root in samples.library() for p in root.rglob(f"{map_id}.samples")]
        for file in sorted(beside.glob("*.out.json")):
            plain: Any = exactjson.loads(file.read_bytes())
            content = msgspec.convert(plain, OBJECTS[edition.object], strict=False)
            yield map_id, file.name, outbound.document(map_id, content).rows


@pytest.mark.parametrize(("map_id", "name", "rows"), list(written()), ids=lambda v: v if isinstance(v, str) else "")
def test_what_we_write_is_a_message_of_d96a(map_id: str, name: str, rows: tuple[tuple[tuple[str, ...], ...], ...]):
    """Segments where the directory has them; elements as many, as long and as filled; codes of its lists."""
    ids = ["UNH", *(row[0][0] for row in rows), "UNT"]
    assert unread(ids, message("D96A", map_id.removeprefix("edifact-"))) == []
    # UNS is the syntax's, not the directory's
    wrong = [f for row in rows if row[0][0] != "UNS" for f in _wrong(row)]
    assert set(wrong) == KEPT.get(map_id, set()), name


def _wrong(row: tuple[tuple[str, ...], ...]) -> Iterator[str]:
    [segment] = [s for s in _tree("D96A", "segments.xml") if s.get("id") == row[0][0]]
    declared = list(segment)
    if len(row) - 1 > len(declared):
        yield f"{row[0][0]}: {len(row) - 1} elements, {len(declared)} in the directory"
    for place, element in enumerate(declared, 1):
        said = row[place] if place < len(row) else ()
        parts = list(element) if element.tag == "composite_data_element" else [element]
        if element.get("required") == "true" and not any(said):
            yield f"{row[0][0]} {place} missing"
        if len(said) > len(parts):
            yield f"{row[0][0]} {place}: {len(said)} components"
        for at, part in enumerate(parts, 1):
            text = said[at - 1] if at <= len(said) else ""
            if part.get("required") == "true" and any(said) and not text:
                yield f"{row[0][0]} {place}.{at} missing"
            if text and (why := _odd(part, text)):
                yield f"{row[0][0]} {place}.{at} {why}"


def _odd(part: ElementTree.Element, text: str) -> str:
    number = part.get("id", "")
    if len(text) > int(part.get("maxlength") or 10**6):
        return f"{number}: {text!r} is longer than {part.get('maxlength')}"
    if part.get("type") == "n" and not text.lstrip("-").replace(".", "", 1).isdigit():
        return f"{number}: {text!r} is no number"
    listed = _codes().get(number)
    return f"{number}: {text!r} is no code of the list" if listed and text not in listed else ""


@cache
def _codes() -> dict[str, frozenset[str]]:
    return {e.get("id", ""): frozenset(c.get("id", "") for c in e) for e in _tree("D96A", "codes.xml")}


@pytest.mark.parametrize("directory", ["D96A", "D01B"])
@pytest.mark.parametrize(("element", "code"), [("1225", "29"), ("2005", "171"), ("1153", "SRN"), ("1225", "27")])
def test_codes_that_a_counterparty_did_not_know_are_in_the_lists(directory: str, element: str, code: str):
    """BGM+231+…+29 of our order response, DTM+171 and RFF+SRN of our invoice."""
    [listed] = [e for e in _tree(directory, "codes.xml") if e.get("id") == element]
    assert code in {c.get("id") for c in listed}
