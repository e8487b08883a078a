"""An EDIFACT file into messages: UNB/UNZ, UNG/UNE and UNH/UNT checked, each fault with its CONTRL code.

`ack` reads as CONTRL would say it: `UCI 4 28` is interchange rejected (0083 = 4) for data element 0085 = 28.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Any

from crossdock.canonical.order import PurchaseOrder
from crossdock.partners import profiles
from crossdock.partners.agreements import terms
from crossdock.partners.agreements.terms import Direction
from crossdock.partners.edi import checks, elements, guide, walk
from crossdock.partners.edi.faults import CODES, Fault, Kind
from crossdock.partners.edifact import contrl, order, tokens
from crossdock.partners.edifact.tokens import Segment
from crossdock.partners.lineage import Origin
from crossdock.partners.maps import edi as maps
from crossdock.partners.maps.canonical import Canonical
from crossdock.partners.maps.editions import Book, Edition, read_by
from crossdock.partners.model import Context, Decoded, Format, Interchange, Issue, Severity, error, hold, shown
from crossdock.partners.profiles import Identifier, Profile

# Messages that a declared map reads; the first becomes an order.
MAPPED = frozenset({"ORDERS", "ORDRSP", "ORDCHG", "DESADV", "INVOIC", "RECADV", "INVRPT", "IFTSTA", "APERAK", "CONTRL"})
ACKNOWLEDGEMENTS = frozenset({"CONTRL", "APERAK"})
MAX_SHOWN_SEGMENTS = 20_000


@dataclass(slots=True)
class Message:
    segments: list[Segment]
    closed: bool = False
    issues: list[Issue] = field(default_factory=list[Issue])
    faults: list[Fault] = field(default_factory=list[Fault])
    tree: walk.Node | None = None

    @property
    def type(self) -> str:
        return self.segments[0].at(2)

    @property
    def rejected(self) -> bool:
        return any(i.severity is Severity.ERROR for i in self.issues)


def decode(raw: bytes, context: Context) -> list[Decoded]:
    interchanges, stray = tokens.read(raw)
    documents: list[Decoded] = []
    for place_in_file, interchange in enumerate(interchanges):
        documents += _interchange(interchange, place_in_file, len(documents), context)
    if not documents:
        text = "Send an interchange from UNB to UNZ."
        nothing = error("edifact.unb.missing", "the file", "UNB, an interchange", "none", text)
        return [Decoded(index=0, format=Format.EDIFACT, issues=tuple(stray) or (nothing,))]
    return documents


def place(segment: walk.Segment, name: str = "") -> str:
    return f"{name or segment.id} (segment {segment.index + 1} of the file, byte {segment.offset})"


def _label(segment: str, element: int, component: int) -> str:
    return f"{segment}{element}.{component}" if component else f"{segment}{element}"


def placed(segment: walk.Segment, element: int = 0, component: int = 0) -> str:
    return place(segment, _label(segment.id, element, component) if element else "")


def _ack_element(_: str, element: int, component: int, __: str, kind: Kind) -> str:
    at = f"{element}.{component}" if component else str(element)
    return f"UCD {CODES[kind].contrl} {at}"


def _ack_segment(segment: str, kind: Kind) -> str:
    return f"UCS {CODES[kind].contrl} {segment}"


def syntax(start: int) -> elements.Syntax:
    return elements.Syntax(
        name="edifact",
        place=placed,
        label=_label,
        ack_segment=_ack_segment,
        ack_element=_ack_element,
        start=start,
        decimal=elements.EDIFACT_NUMBER,
    )


def _interchange(interchange: tokens.Interchange, place_in_file: int, index: int, context: Context) -> list[Decoded]:
    unb = interchange.segments[0]
    messages, issues, groups, unz = list[Message](), list[Issue](), 0, None
    current: Message | None = None
    for segment in interchange.segments[1:]:
        match segment.id:
            case "UNH":
                current = Message([segment])
                messages.append(current)
            case "UNT" if current is not None:
                current.segments.append(segment)
                current.closed, current = True, None
            case "UNG":
                groups += 1
                current = None
            case "UNE":
                current = None
            case "UNZ":
                unz, current = segment, None
            case _ if current is not None:
                current.segments.append(segment)
            case _:
                text = "Move it between UNH and UNT, or remove it."
                issues.append(
                    error("edifact.segment.outside", place(segment), "UNH", shown(segment.id), text, "UCI 4 14")
                )
    sender = Identifier(unb.at(2, 2), unb.at(2))
    partner = context.partner or profiles.find(context.profiles, sender)
    seen: set[str] = set()
    for message in messages:
        check_message(message, seen)
        follow(message, partner)
    issues = issues[:50] + check_trailer(unb, unz, groups or len(messages))
    if partner is None and context.adopt and sender.value:
        partner = profiles.adopted(sender)
    wrapper = Interchange(
        index=place_in_file,
        sender=sender,
        receiver=Identifier(unb.at(3, 2), unb.at(3)),
        control=unb.at(5),
        digest=_digest(interchange),
        test=unb.at(11) == "1",
    )
    answer = contrl.plan(
        wrapper,
        syntax=(unb.at(1), unb.at(1, 2)),
        wanted=unb.at(9) == "1" or (partner is not None and any(_owed(partner, m.type) for m in messages)),
        issues=tuple(issues),
        messages=[
            contrl.Message(m.segments[0], tuple(m.issues), tuple(m.faults), m.rejected)
            for m in messages
            if m.type not in ACKNOWLEDGEMENTS
        ],
        understood=all(m.type in MAPPED for m in messages),
    )
    documents: list[Decoded] = []
    for message in messages or [Message([])]:
        unh = message.segments[0] if message.segments else unb
        kind = unh.at(2) if message.segments else ""
        trail: list[Origin] | None = [] if context.trace else None
        po, content, found = content_of(message, partner, context, trail)
        documents.append(
            Decoded(
                index=index + len(documents),
                format=Format.EDIFACT,
                type=kind,
                sender=sender,
                receiver=wrapper.receiver,
                partner=partner,
                customer_id=profiles.customer(partner, order.customer(po))[0],
                interchange=wrapper,
                set_control=unh.at(1) if message.segments else "",
                test=wrapper.test,
                order=po,
                content=content,
                issues=(*issues, *message.issues, *found),
                acknowledgement=answer,
                parsed=_parsed(wrapper, message.segments),
                read_by=read_by(edition(kind, context, partner)) if kind in MAPPED else None,
                trail=tuple(trail or ()),
            )
        )
    return documents


def follow(message: Message, partner: Profile | None = None) -> None:
    """Along the guide that was agreed upon, else that of its type, when there is one."""
    if message.type not in MAPPED:
        return
    version = ":".join((message.segments[0].at(2, 2), message.segments[0].at(2, 3)))
    agreed = partner.agreed(message.type, Direction.IN, version) if partner else None
    found = walk.walk(
        guide.load((agreed.guide if agreed else "") or f"edifact-{message.type.lower()}"),
        message.segments,
        syntax(message.segments[0].index),
    )
    message.tree, message.faults = found.root, found.faults
    message.issues += (f.issue for f in found.faults)


def edition(type_: str, context: Context, partner: Profile | None) -> Edition:
    """The map that reads a type from this partner."""
    return (context.book or Book()).find(f"edifact-{type_.lower()}", partner.id if partner else "")


def content_of(
    message: Message, partner: Profile | None, context: Context, trail: list[Origin] | None = None
) -> tuple[PurchaseOrder | None, Canonical | None, list[Issue]]:
    if not message.segments or message.type not in MAPPED:
        return None, None, [_unsupported(message)]
    if message.tree is None or message.rejected:
        return None, None, []
    currency = (partner.currency if partner else "") or context.currency
    ordered = message.type == "ORDERS"
    declared = edition(message.type, context, partner).edi
    said, found = maps.read(declared, message.tree, placed, trail, {"currency": currency} if ordered else None)
    if isinstance(said, PurchaseOrder):
        return said, None, found + order.judge(said, message.segments, partner)
    if said is not None:
        found += checks.check(said, place(message.segments[0]))
    return None, said, found


def _unsupported(message: Message) -> Issue:
    known = ", ".join(sorted(MAPPED))
    if not message.segments:
        return hold("type.unsupported", "UNB", f"a message: {known}", "no message", "It waits for a person.")
    kind = message.type
    return hold(
        "type.unsupported",
        place(message.segments[0], "UNH, element 2" if kind else ""),
        f"one of {known}",
        f"EDIFACT {kind}",
        "No map reads this message yet; it waits for a person.",
    )


def check_message(message: Message, seen: set[str]) -> None:
    unh = message.segments[0]
    reference = unh.at(1)
    if reference in seen:
        message.issues.append(
            error(
                "edifact.unh01.duplicate",
                place(unh, "UNH 0062"),
                "a message reference used once in its interchange",
                shown(reference),
                "Number the messages differently.",
                "UCM 4 26",
            )
        )
    seen.add(reference)
    if not message.closed:
        expected = f"UNT+{len(message.segments) + 1}+{reference} at the end of the message"
        message.issues.append(
            error("edifact.unt.missing", place(unh), expected, "no UNT", "Close the message with UNT.", "UCM 4 13")
        )
        return
    unt = message.segments[-1]
    if unt.at(1).lstrip("0") != str(len(message.segments)):
        message.issues.append(
            error(
                "edifact.unt01.count",
                place(unt, "UNT 0074"),
                f"{len(message.segments)}, the number of segments from UNH to UNT",
                shown(unt.at(1)),
                "Correct the count, or send the missing segments.",
                "UCM 4 29",
            )
        )
    if unt.at(2) != reference:
        message.issues.append(
            error(
                "edifact.unt02.reference",
                place(unt, "UNT 0062"),
                f"{reference}, the reference in UNH",
                shown(unt.at(2)),
                "Repeat it.",
                "UCM 4 28",
            )
        )


def check_trailer(unb: Segment, unz: Segment | None, count: int) -> list[Issue]:
    control = unb.at(5)
    if unz is None:
        text = "Close the interchange with UNZ; the file may be cut off."
        expected = f"UNZ+{count}+{control} at the end of the interchange"
        return [error("edifact.unz.missing", place(unb), expected, "no UNZ", text, "UCI 4 13/UNZ")]
    issues: list[Issue] = []
    if unz.at(1).lstrip("0") != str(count):
        issues.append(
            error(
                "edifact.unz01.count",
                place(unz, "UNZ 0036"),
                f"{count}, the number of messages or groups",
                shown(unz.at(1)),
                "Correct the count, or send what is missing.",
                "UCI 4 29",
            )
        )
    if unz.at(2) != control:
        issues.append(
            error(
                "edifact.unz02.reference",
                place(unz, "UNZ 0020"),
                f"{control}, the control reference in UNB",
                shown(unz.at(2)),
                "Repeat it.",
                "UCI 4 28",
            )
        )
    return issues


def _owed(partner: Profile, kind: str) -> bool:
    """Whether it was agreed that we answer such a message with a CONTRL, whatever its UNB asks for."""
    agreed = terms.of(partner.agreements, kind, Direction.IN)
    return agreed is not None and agreed.acknowledgement == "CONTRL"


def _digest(interchange: tokens.Interchange) -> str:
    digest = hashlib.sha256()
    for s in interchange.segments:
        said = "\x1f".join((s.id, *("\x1d".join(e) for e in s.elements)))
        digest.update(said.encode("utf-8", "surrogatepass") + b"\x1e")
    return digest.hexdigest()


def _parsed(wrapper: Interchange, segments: list[Segment]) -> dict[str, Any]:
    return {
        "interchange": {
            "sender": str(wrapper.sender),
            "receiver": str(wrapper.receiver),
            "control": wrapper.control,
            "test": wrapper.test,
        },
        "segments": [
            {
                "id": s.id,
                "at": s.index,
                "offset": s.offset,
                "elements": [":".join(e)[:500] for e in s.elements[:99]],
            }
            for s in segments[:MAX_SHOWN_SEGMENTS]
        ],
    }
