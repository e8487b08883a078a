"""997 functional acknowledgements and TA1 interchange acknowledgements.

The plan is decided while decoding; its control numbers and moment are given when it is written, because they must
outlive us. An acknowledgement is never acknowledged: an interchange of FA groups or TA1 segments alone yields no plan.
997 speaks of syntax only: whether we can fill the order is the 855's to say.
"""

from dataclasses import dataclass
from datetime import datetime

from crossdock.canonical.acknowledgement import FunctionalAcknowledgement, InterchangeOutcome, Outcome
from crossdock.partners.x12.envelope import Envelope, Fault, Group, Level, Set
from crossdock.partners.x12.tokens import Delimiters, Segment

ACKNOWLEDGEMENTS = frozenset({"997", "999", "824", "TA1"})


@dataclass(frozen=True, slots=True)
class SetAnswer:
    """AK2 to AK5. rows: the AK3 and AK4 segments between them. outcome: A, E or R."""

    type: str
    control: str
    rows: tuple[tuple[str, ...], ...]
    outcome: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GroupAnswer:
    """AK1 to AK9. outcome: A, E, P or R; included is what GE01 says."""

    function: str
    control: str
    version: str
    sets: tuple[SetAnswer, ...]
    outcome: str
    included: str
    accepted: int
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InterchangeAnswer:
    """TA1. outcome: A, E or R; note: data element I18."""

    control: str
    date: str
    time: str
    outcome: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """What to answer to one interchange. header: its ISA elements 05 to 08, 12 and 15, still in their order."""

    header: tuple[str, str, str, str, str, str]
    application: tuple[str, str]  # GS02 and GS03 as received
    interchange: InterchangeAnswer | None
    groups: tuple[GroupAnswer, ...]

    @property
    def empty(self) -> bool:
        return self.interchange is None and not self.groups


def plan(envelope: Envelope, understood: frozenset[str]) -> Acknowledgement | None:
    """The answer to an interchange; None when there is nothing to say or it must not be said.

    understood: set types we process. Others wait for a person, and are not acknowledged as if they had been read.
    """
    if envelope.groups and all(_is_acknowledgement(g) for g in envelope.groups):
        return None
    if not envelope.groups and envelope.loose:
        return None
    groups = tuple(_group(g) for g in envelope.groups if g.gs is not None and _answerable(g, understood))
    worst = [f for f in envelope.faults if f.rejects]
    interchange = None
    if worst or envelope.isa.at(14) == "1":
        isa, outcome = envelope.isa, "R" if worst else "E" if envelope.faults else "A"
        code = (worst or envelope.faults)[0].code if outcome != "A" else "000"
        interchange = InterchangeAnswer(envelope.control, isa.at(9), isa.at(10), outcome, code)
    first = next((g.gs for g in envelope.groups if g.gs is not None), None)
    answer = Acknowledgement(
        header=_header(envelope),
        application=(first.at(2), first.at(3)) if first else (envelope.isa.at(6), envelope.isa.at(8)),
        interchange=interchange,
        # a rejected interchange is answered by TA1 alone: its groups cannot be trusted to be complete
        groups=() if worst else groups,
    )
    return None if answer.empty else answer


def repeated(envelope_answer: Acknowledgement, control: str, date: str, time: str) -> Acknowledgement:
    """The answer to an interchange whose control number has been used before: TA1 025."""
    return Acknowledgement(
        header=envelope_answer.header,
        application=envelope_answer.application,
        interchange=InterchangeAnswer(control, date, time, "R", "025"),
        groups=(),
    )


def _header(envelope: Envelope) -> tuple[str, str, str, str, str, str]:
    isa = envelope.isa
    return isa.at(5), isa.at(6), isa.at(7), isa.at(8), isa.at(12), isa.at(15)


def _is_acknowledgement(group: Group) -> bool:
    return group.function == "FA" or (bool(group.sets) and all(s.type in ACKNOWLEDGEMENTS for s in group.sets))


def _answerable(group: Group, understood: frozenset[str]) -> bool:
    if _is_acknowledgement(group):
        return False
    return any(s.type in understood for s in group.sets)


def _group(group: Group) -> GroupAnswer:
    sets = tuple(_set(s) for s in group.sets)
    refused = [f.code for f in group.faults if f.rejects]
    good = 0 if refused else sum(s.outcome != "R" for s in sets)
    if refused or good == 0:
        outcome = "R"
    elif good < len(sets):
        outcome = "P"
    else:
        outcome = "E" if any(s.outcome == "E" for s in sets) or group.faults else "A"
    included = group.ge.at(1) if group.ge else ""
    if not (included.isascii() and included.isdigit() and len(included) <= 6):
        included = str(len(sets))
    codes = tuple(dict.fromkeys(f.code for f in group.faults))[:5]
    return GroupAnswer(group.function, group.control, group.version, sets, outcome, included, good, codes)


def _set(s: Set) -> SetAnswer:
    inside = [f for f in s.faults if f.level in {Level.SEGMENT, Level.ELEMENT}]
    codes = [f.code for f in s.faults if f.level is Level.SET]
    if inside:
        codes.append("5")
    outcome = "R" if s.rejected else "E" if s.faults else "A"
    return SetAnswer(s.type, s.control, tuple(_rows(inside)), outcome, tuple(dict.fromkeys(codes))[:5])


def _rows(faults: list[Fault]) -> list[tuple[str, ...]]:
    """AK3 for each faulty segment, its AK4 after it; AK304 is 8 where only elements are wrong."""
    rows: list[tuple[str, ...]] = []
    opened = ("", 0)
    for f in faults:
        if f.level is Level.SEGMENT:
            rows.append(("AK3", f.segment, str(f.position), "", f.code))
            opened = ("", 0)
            continue
        if opened != (f.segment, f.position):
            rows.append(("AK3", f.segment, str(f.position), "", "8"))
            opened = (f.segment, f.position)
        rows.append(("AK4", str(f.element), f.reference, f.code, f.copy))
    return rows


_OUTCOMES = {"A": Outcome.ACCEPTED, "E": Outcome.ACCEPTED_WITH_ERRORS, "R": Outcome.REJECTED}


def read_ta1(loose: list[Segment]) -> FunctionalAcknowledgement | None:
    """What TA1 segments beside the groups say of interchanges we sent; None when one cannot be read."""
    found: list[InterchangeOutcome] = []
    for s in loose:
        if s.id != "TA1":
            continue
        outcome = _OUTCOMES.get(s.at(4))
        if outcome is None or not s.at(1):
            return None
        found.append(InterchangeOutcome(control=s.at(1), date=s.at(2), time=s.at(3), outcome=outcome, code=s.at(5)))
    return FunctionalAcknowledgement(interchanges=tuple(found))


@dataclass(frozen=True, slots=True)
class Numbers:
    """Control numbers of one outbound interchange; the group's serves its only group. sets: of each 997 or 999."""

    interchange: int
    group: int
    sets: tuple[int, ...] = ()


OUT = Delimiters(element="*", component=">", segment="~", repetition="^")


GUIDE_999 = "005010X231A1"


def write(answer: Acknowledgement, numbers: Numbers, now: datetime, kind: str = "997") -> str:
    """The answer as one X12 interchange, back to where the received one came from.

    kind: 999 where it was agreed and the group is of 005010 or later; else it is a 997.
    """
    kind = kind if kind == "999" and all(g.version >= "005010" for g in answer.groups) else "997"
    sender_scheme, sender, receiver_scheme, receiver, version, usage = answer.header
    version = version if version.isdigit() and len(version) == 5 else "00401"
    usage = usage if usage in {"P", "T"} else "P"
    control = f"{numbers.interchange:09d}"
    repetition = OUT.repetition if version >= "00402" else "U"
    rows: list[tuple[str, ...]] = [
        (
            "ISA",
            *("00", " " * 10, "00", " " * 10),
            *(f"{_scheme(receiver_scheme):2}", f"{_clean(receiver)[:15]:15}"),
            *(f"{_scheme(sender_scheme):2}", f"{_clean(sender)[:15]:15}"),
            *(f"{now:%y%m%d}", f"{now:%H%M}", repetition, version, control, "0", usage, OUT.component),
        )
    ]
    if (ta1 := answer.interchange) is not None:
        rows.append(("TA1", _clean(ta1.control), _clean(ta1.date), _clean(ta1.time), ta1.outcome, ta1.note))
    if answer.groups:
        release = GUIDE_999 if kind == "999" else answer.groups[0].version[:6] or "004010"
        ours, theirs = answer.application[1], answer.application[0]
        rows.append(
            ("GS", "FA", _clean(ours), _clean(theirs), f"{now:%Y%m%d}", f"{now:%H%M}", str(numbers.group), "X", release)
        )
        for place, group in enumerate(answer.groups, 1):
            number = numbers.sets[place - 1] if place <= len(numbers.sets) else place
            rows += _written(group, f"{number:04d}", kind)
        rows.append(("GE", str(len(answer.groups)), str(numbers.group)))
    rows.append(("IEA", "1" if answer.groups else "0", control))
    return "".join(_segment(r) for r in rows)


def _written(group: GroupAnswer, control: str, kind: str) -> list[tuple[str, ...]]:
    """AK3, AK4 and AK5 of a 997 are IK3, IK4 and IK5 of a 999; the codes that we give are the same in both."""
    guided = kind == "999"
    head = ("ST", kind, control, GUIDE_999) if guided else ("ST", kind, control)
    own = ("AK1", group.function, group.control, *((group.version,) if guided else ()))
    body: list[tuple[str, ...]] = [own]
    for s in group.sets:
        body.append(("AK2", s.type, s.control))
        body += (("I" + r[0][1:], *r[1:]) for r in s.rows) if guided else s.rows
        body.append(("IK5" if guided else "AK5", s.outcome, *s.codes))
    body.append(("AK9", group.outcome, group.included, str(len(group.sets)), str(group.accepted), *group.codes))
    return [head, *body, ("SE", str(len(body) + 2), control)]


def _segment(row: tuple[str, ...]) -> str:
    elements = [e if row[0] == "ISA" else _clean(e) for e in row]
    while len(elements) > 1 and elements[-1] == "":
        elements.pop()
    return OUT.element.join(elements) + OUT.segment


def _scheme(text: str) -> str:
    return _clean(text)[:2] or "ZZ"


def _clean(text: str) -> str:
    """A partner's value without what would end our elements and segments."""
    delimiters = {OUT.element, OUT.component, OUT.segment, OUT.repetition}
    return "".join(c for c in text if c not in delimiters and c.isprintable())
