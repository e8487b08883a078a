"""A canonical document as bytes for a partner: map, guide, envelope.

What we write walks the same guide as what we read, and is refused with the same words when it would be refused: no
document leaves that we would not accept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from crossdock.errors import Finding, PartnerError
from crossdock.partners.agreements import terms
from crossdock.partners.edi import elements, walk
from crossdock.partners.edifact import decode as edifact
from crossdock.partners.edifact import write as edifact_write
from crossdock.partners.edifact.tokens import Segment as EdifactSegment
from crossdock.partners.maps import edi as maps
from crossdock.partners.maps.canonical import Canonical
from crossdock.partners.maps.edi import Map
from crossdock.partners.model import Severity
from crossdock.partners.x12 import guide as x12_guide
from crossdock.partners.x12 import write as x12_write
from crossdock.partners.x12.tokens import Segment as X12Segment
from crossdock.partners.x12.write import Address, Numbers

DIRECTORY = tuple(terms.WRITTEN.split(":"))


@dataclass(frozen=True, slots=True)
class Written:
    """A document before its envelope. rows: segments between header and trailer, as elements of components."""

    map: Map
    rows: tuple[tuple[tuple[str, ...], ...], ...]

    @property
    def type(self) -> str:
        return self.map.guide.set


def document(map_id: str, content: Canonical, declared: Map | None = None) -> Written:
    """declared: a map other than the library's. Raises PartnerError naming every field that the format cannot take."""
    declared = declared or maps.load(map_id)
    if not isinstance(content, declared.object):
        where, found = f"map {map_id}", type(content).__name__
        text = "Choose the map of this kind of document."
        raise PartnerError([Finding("map.object", where, declared.object.__name__, found, text)])
    written = maps.write(declared, content)
    rows = tuple((((w.id,), *(tuple(e) for e in w.elements()))) for w in written)
    faults = _walked(declared, rows)
    if faults:
        raise PartnerError(faults)
    return Written(declared, rows)


def _walked(declared: Map, rows: Sequence[tuple[tuple[str, ...], ...]]) -> list[Finding]:
    guide = declared.guide
    if guide.syntax == "x12":
        body = [("ST", guide.set, "0001"), *_flat(rows), ("SE", str(len(rows) + 2), "0001")]
        segments: list[walk.Segment] = [X12Segment(r[0], tuple(r[1:]), i, 0) for i, r in enumerate(body)]
        syntax: elements.Syntax = x12_guide.syntax(0, "")
    else:
        head = (("UNH",), ("1",), (guide.set, *DIRECTORY))
        tail = (("UNT",), (str(len(rows) + 2),), ("1",))
        segments = [EdifactSegment(r[0][0], tuple(r[1:]), i, 0) for i, r in enumerate((head, *rows, tail))]
        syntax = edifact.syntax(0)
    found = walk.walk(guide, segments, syntax)
    return [f.issue.finding for f in found.faults if f.issue.severity is Severity.ERROR]


def _flat(rows: Sequence[tuple[tuple[str, ...], ...]]) -> list[tuple[str, ...]]:
    return [tuple(e[0] if e else "" for e in row) for row in rows]


def x12(documents: Sequence[Written], address: Address, numbers: Numbers, now: datetime) -> bytes:
    """One interchange with one group; all documents are of one type."""
    sets = [(d.type, _flat(d.rows)) for d in documents]
    return x12_write.interchange(documents[0].map.guide.function, sets, address, numbers, now)


def edifact_interchange(
    documents: Sequence[Written], address: Address, reference: int, messages: Sequence[int], now: datetime
) -> bytes:
    kinds = [((d.type, *DIRECTORY), str(n), d.rows) for d, n in zip(documents, messages, strict=True)]
    return edifact_write.interchange(
        kinds,
        sender=address.sender,
        receiver=address.receiver,
        reference=str(reference),
        now=now,
        test=address.test,
        acknowledge=address.acknowledge,
    )
