"""ISA/IEA, GS/GE and ST/SE: the tree of an interchange, and every fault of its envelopes.

Faults carry the acknowledgement code of the level they belong to (TA105, AK905, AK502, AK304, AK403), so the 997 and
the words for people come from one place. Nothing stops at the first fault. A missing trailer closes its envelope where
the next one starts.
"""

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum

from crossdock.partners.edi.faults import Kind
from crossdock.partners.edi.walk import Segment as AnySegment
from crossdock.partners.model import Issue, Severity, error, note, shown
from crossdock.partners.x12 import tokens
from crossdock.partners.x12.tokens import Delimiters, Segment


class Level(StrEnum):
    INTERCHANGE = "TA1"
    GROUP = "AK9"
    SET = "AK5"
    SEGMENT = "AK3"
    ELEMENT = "AK4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """An issue with its place in the acknowledgement.

    code: TA105, AK905, AK502, AK304 or AK403 by level. position: of the segment in its set, ST being 1.
    """

    level: Level
    code: str
    issue: Issue
    segment: str = ""
    position: int = 0
    element: int = 0
    reference: str = ""
    copy: str = ""
    kind: Kind | None = None  # of a segment or element; its codes for other acknowledgements follow from it

    @property
    def rejects(self) -> bool:
        return self.issue.severity is Severity.ERROR


@dataclass(slots=True)
class Set:
    """segments: from ST to SE, or to where SE is missing."""

    segments: list[Segment]
    se: Segment | None = None
    faults: list[Fault] = field(default_factory=list[Fault])

    @property
    def type(self) -> str:
        return self.segments[0].at(1)

    @property
    def control(self) -> str:
        return self.segments[0].at(2)

    @property
    def rejected(self) -> bool:
        return any(f.rejects for f in self.faults)


@dataclass(slots=True)
class Group:
    gs: Segment | None
    ge: Segment | None = None
    sets: list[Set] = field(default_factory=list[Set])
    faults: list[Fault] = field(default_factory=list[Fault])

    @property
    def function(self) -> str:
        return self.gs.at(1) if self.gs else ""

    @property
    def control(self) -> str:
        return self.gs.at(6) if self.gs else ""

    @property
    def version(self) -> str:
        return self.gs.at(8) if self.gs else ""

    @property
    def rejected(self) -> bool:
        return any(f.rejects for f in self.faults)


@dataclass(slots=True)
class Envelope:
    """One interchange, judged. isa is the header; iea is None when missing."""

    isa: Segment
    delimiters: Delimiters
    digest: str
    iea: Segment | None = None
    groups: list[Group] = field(default_factory=list[Group])
    loose: list[Segment] = field(default_factory=list[Segment])  # TA1, ISB, ISE: beside the groups
    faults: list[Fault] = field(default_factory=list[Fault])

    @property
    def control(self) -> str:
        return self.isa.at(13)

    @property
    def test(self) -> bool:
        return self.isa.at(15) == "T"

    @property
    def rejected(self) -> bool:
        return any(f.rejects for f in self.faults)


def place(segment: AnySegment, element: int = 0) -> str:
    """Where: the element as the standard writes it, the segment's place in the file and its byte."""
    name = f"{segment.id}{element:02d}" if element else segment.id or "(no name)"
    return f"{name} (segment {segment.index + 1} of the file, byte {segment.offset})"


def check(interchange: tokens.Interchange) -> Envelope:
    """The tree of one interchange with the faults of its envelopes."""
    isa = interchange.segments[0]
    envelope = Envelope(isa, interchange.delimiters, _digest(interchange))
    check_header(envelope)
    group: Group | None = None
    current: Set | None = None
    for segment in interchange.segments[1:]:
        match segment.id:
            case "IEA":
                envelope.iea = segment
                group = current = None
            case "GS" if envelope.iea is None:
                group, current = Group(segment), None
                envelope.groups.append(group)
            case "GE" if group is not None and group.gs is not None:
                group.ge = segment
                group = current = None
            case "ST" if envelope.iea is None:
                if group is None:
                    group = Group(None)
                    envelope.groups.append(group)
                    envelope.faults.append(no_group(segment))
                current = Set([segment])
                group.sets.append(current)
            case "SE" if current is not None:
                current.segments.append(segment)
                current.se, current = segment, None
            case _ if current is not None:
                current.segments.append(segment)
            case "TA1" | "ISB" | "ISE":
                envelope.loose.append(segment)
            case _:
                envelope.faults.append(outside(segment))
    for g in envelope.groups:
        _group(g)
    close(envelope, sum(g.gs is not None for g in envelope.groups))
    return envelope


def _digest(interchange: tokens.Interchange) -> str:
    """A hash of what was said: other line ends or delimiters do not make it another interchange."""
    digest = hashlib.sha256()
    for s in interchange.segments:
        # ISA11 and ISA16 are delimiters, not content
        said = [e for i, e in enumerate(s.elements, 1) if s.id != "ISA" or i not in {11, 16}]
        while said and not said[-1].strip():
            said.pop()
        digest.update("\x1f".join((s.id, *(e.strip() for e in said))).encode("utf-8", "surrogatepass") + b"\x1e")
    return digest.hexdigest()


def check_header(envelope: Envelope) -> None:
    isa = envelope.isa
    widths = (2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1, 1)
    if len(isa.elements) >= 15 and any(len(e) != w for e, w in zip(isa.elements[:15], widths, strict=False)):
        envelope.faults.append(
            _fault(
                Level.INTERCHANGE,
                "022",
                note(
                    "x12.isa.width",
                    place(isa),
                    "elements padded to their fixed width, 106 characters in all",
                    "an ISA of another width",
                    "Pad the elements; we read it by counting separators.",
                ),
            )
        )
    for element, code, name in ((6, "006", "sender"), (8, "008", "receiver"), (13, "018", "control number")):
        if not isa.at(element):
            envelope.faults.append(
                _fault(
                    Level.INTERCHANGE,
                    code,
                    error(
                        f"x12.isa{element:02d}.missing",
                        place(isa, element),
                        f"the {name} of the interchange",
                        "nothing",
                        f"Fill ISA{element:02d}.",
                        f"TA1 R {code}",
                    ),
                )
            )
    if isa.at(15) not in {"P", "T"}:
        envelope.faults.append(
            _fault(
                Level.INTERCHANGE,
                "020",
                error(
                    "x12.isa15.code",
                    place(isa, 15),
                    "P (production) or T (test)",
                    shown(isa.at(15)),
                    "Say which it is: a test has no business effect.",
                    "TA1 R 020",
                ),
            )
        )


def no_group(st: Segment) -> Fault:
    return _fault(
        Level.INTERCHANGE,
        "024",
        error("x12.gs.missing", place(st), "GS before the first ST", "ST", "Wrap the sets in GS and GE.", "TA1 R 024"),
    )


def outside(segment: Segment) -> Fault:
    return _fault(
        Level.INTERCHANGE,
        "022",
        error(
            "x12.segment.outside",
            place(segment),
            "segments between ST and SE, or GS, GE, IEA",
            shown(segment.id or "an unnamed segment"),
            "Move it into a transaction set, or remove it.",
            "TA1 R 022",
        ),
    )


def _group(group: Group) -> None:
    seen: set[str] = set()
    for s in group.sets:
        check_set(s, again=s.control in seen)
        seen.add(s.control)
    close_group(group, len(group.sets))


def close_group(group: Group, count: int) -> None:
    """Adds the faults of its trailer. count: of its sets."""
    gs, ge = group.gs, group.ge
    if gs is None:
        return
    if ge is None:
        group.faults.append(
            _fault(
                Level.GROUP,
                "3",
                error(
                    "x12.ge.missing",
                    place(gs),
                    f"GE*{count}*{group.control} at the end of the group",
                    "no GE",
                    "Close the group with GE; the file may be cut off.",
                    "AK9 R 3",
                ),
            )
        )
        return
    if not _is_count(ge.at(1), count):
        group.faults.append(
            _fault(
                Level.GROUP,
                "5",
                error(
                    "x12.ge01.count",
                    place(ge, 1),
                    f"{count}, the number of transaction sets in the group",
                    shown(ge.at(1)),
                    "Send the missing sets, or correct the count.",
                    "AK9 R 5",
                ),
            )
        )
    if not _same_number(ge.at(2), group.control):
        group.faults.append(
            _fault(
                Level.GROUP,
                "4",
                error(
                    "x12.ge02.control",
                    place(ge, 2),
                    f"{group.control}, the group's control number (GS06)",
                    shown(ge.at(2)),
                    "Repeat GS06 in GE02.",
                    "AK9 R 4",
                ),
            )
        )


def check_set(s: Set, *, again: bool) -> None:
    """Adds the faults of its envelope. again: its number was used before in its group."""
    _set(s)
    if again:
        s.faults.append(
            _fault(
                Level.SET,
                "23",
                error(
                    "x12.st02.duplicate",
                    place(s.segments[0], 2),
                    "a control number used once in its group",
                    shown(s.control),
                    "Number the transaction sets of a group differently.",
                    "AK5 R 23",
                ),
            )
        )


def _set(s: Set) -> None:
    st = s.segments[0]
    if not s.type or not s.control:
        s.faults.append(
            _fault(
                Level.SET,
                "6" if not s.type else "7",
                error(
                    "x12.st.missing",
                    place(st),
                    "a type (ST01) and a control number (ST02)",
                    shown("*".join(st.elements)),
                    "Fill both.",
                    "AK5 R 6" if not s.type else "AK5 R 7",
                ),
            )
        )
    if s.se is None:
        s.faults.append(
            _fault(
                Level.SET,
                "2",
                error(
                    "x12.se.missing",
                    place(st),
                    f"SE*{len(s.segments) + 1}*{s.control} at the end of the set",
                    "no SE",
                    "Close the transaction set with SE; the file may be cut off.",
                    "AK5 R 2",
                ),
            )
        )
        return
    if not _is_count(s.se.at(1), len(s.segments)):
        s.faults.append(
            _fault(
                Level.SET,
                "4",
                error(
                    "x12.se01.count",
                    place(s.se, 1),
                    f"{len(s.segments)}, the number of segments from ST to SE",
                    shown(s.se.at(1)),
                    "Correct the count, or send the missing segments.",
                    "AK5 R 4",
                ),
            )
        )
    if not _same_number(s.se.at(2), s.control):
        s.faults.append(
            _fault(
                Level.SET,
                "3",
                error(
                    "x12.se02.control",
                    place(s.se, 2),
                    f"{s.control}, the set's control number (ST02)",
                    shown(s.se.at(2)),
                    "Repeat ST02 in SE02.",
                    "AK5 R 3",
                ),
            )
        )


def close(envelope: Envelope, count: int) -> None:
    """Adds the faults of its trailer. count: of its groups."""
    iea, isa = envelope.iea, envelope.isa
    if iea is None:
        envelope.faults.append(
            _fault(
                Level.INTERCHANGE,
                "023",
                error(
                    "x12.iea.missing",
                    place(isa),
                    f"IEA*{count}*{envelope.control} at the end of the interchange",
                    "no IEA",
                    "Close the interchange with IEA; the file may be cut off.",
                    "TA1 R 023",
                ),
            )
        )
        return
    if not _is_count(iea.at(1), count):
        envelope.faults.append(
            _fault(
                Level.INTERCHANGE,
                "021",
                error(
                    "x12.iea01.count",
                    place(iea, 1),
                    f"{count}, the number of groups",
                    shown(iea.at(1)),
                    "Send the missing groups, or correct the count.",
                    "TA1 R 021",
                ),
            )
        )
    if not _same_number(iea.at(2), envelope.control):
        envelope.faults.append(
            _fault(
                Level.INTERCHANGE,
                "001",
                error(
                    "x12.iea02.control",
                    place(iea, 2),
                    f"{envelope.control}, the interchange's control number (ISA13)",
                    shown(iea.at(2)),
                    "Repeat ISA13 in IEA02.",
                    "TA1 R 001",
                ),
            )
        )


def _fault(level: Level, code: str, issue: Issue) -> Fault:
    return Fault(level=level, code=code, issue=issue)


def _is_count(text: str, count: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 12 and int(text) == count


def _same_number(trailer: str, header: str) -> bool:
    """Control numbers are compared as numbers where both are: 0001 closes 1."""
    if trailer == header:
        return True
    both = trailer.isascii() and header.isascii() and trailer.isdigit() and header.isdigit()
    return both and trailer.lstrip("0") == header.lstrip("0")
