"""Guides applied to X12: the walk of a set, its faults with their codes of the 997 (AK3, AK4)."""

import re

from crossdock.partners.edi import elements, walk
from crossdock.partners.edi import guide as guides
from crossdock.partners.edi.elements import as_date
from crossdock.partners.edi.faults import CODES, SEGMENT_KINDS, Kind
from crossdock.partners.edi.faults import Fault as Found
from crossdock.partners.edi.guide import Guide, load, supports
from crossdock.partners.edi.walk import Node
from crossdock.partners.x12.envelope import Fault, Level, Set, place

__all__ = ["Guide", "as_date", "check", "load", "placed", "supports", "walked"]


def _label(segment: str, element: int, _: int) -> str:
    return f"{segment}{element:02d}"


def placed(segment: walk.Segment, element: int = 0, _: int = 0) -> str:
    return place(segment, element)


def _ack_segment(segment: str, kind: Kind) -> str:
    return f"AK3 {segment} {CODES[kind].ak}"


def _ack_element(_: str, element: int, __: int, reference: str, kind: Kind) -> str:
    return " ".join(p for p in ("AK4", str(element), reference, CODES[kind].ak) if p)


def syntax(start: int, component: str) -> elements.Syntax:
    return elements.Syntax(
        name="x12",
        place=placed,
        label=_label,
        ack_segment=_ack_segment,
        ack_element=_ack_element,
        start=start,
        component=component,
    )


def walked(guide: guides.Guide, s: Set, component: str) -> tuple[Node, list[Fault]]:
    """The tree of one set, and every segment and element fault in order."""
    found = walk.walk(guide, s.segments, syntax(s.segments[0].index, component))
    return found.root, [_fault(f) for f in found.faults]


def check(guide: guides.Guide, s: Set, component: str) -> list[Fault]:
    return walked(guide, s, component)[1]


def _fault(found: Found) -> Fault:
    of_segment = found.kind in SEGMENT_KINDS
    return Fault(
        level=Level.SEGMENT if of_segment else Level.ELEMENT,
        code=CODES[found.kind].ak,
        issue=found.issue,
        segment=re.sub(r"[^A-Za-z0-9]", "", found.segment)[:3],
        position=found.position,
        element=found.element,
        reference=found.reference if re.fullmatch(r"\d{1,4}", found.reference) else "",
        copy=found.value,
        kind=found.kind,
    )
