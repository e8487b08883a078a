"""An EDIFACT file into messages: UNB/UNZ, UNG/UNE and UNH/UNT checked, each fault with its CONTRL code.

`ack` reads as CONTRL would say it: `UCI 4 28` is interchange rejected (0083 = 4) for data element 0085 = 28.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Any

from crossdock.partners import profiles
from crossdock.partners.edifact import tokens
from crossdock.partners.edifact.tokens import Segment
from crossdock.partners.model import Context, Decoded, Format, Interchange, Issue, error, hold, shown
from crossdock.partners.profiles import Identifier

MAX_SHOWN_SEGMENTS = 20_000


@dataclass(slots=True)
class _Message:
    segments: list[Segment]
    closed: bool = False
    issues: list[Issue] = field(default_factory=list[Issue])


def decode(raw: bytes, context: Context) -> list[Decoded]:
    interchanges, stray = tokens.read(raw)
    documents: list[Decoded] = []
    for place_in_file, interchange in enumerate(interchanges):
        documents += _interchange(interchange, place_in_file, len(documents), context)
    if not documents:
        return [Decoded(index=0, format=Format.EDIFACT, issues=tuple(stray))]
    return documents


def place(segment: Segment, name: str = "") -> str:
    return f"{name or segment.id} (segment {segment.index + 1} of the file, byte {segment.offset})"


def _interchange(interchange: tokens.Interchange, place_in_file: int, index: int, context: Context) -> list[Decoded]:
    unb = interchange.segments[0]
    messages, issues, groups, unz = list[_Message](), list[Issue](), 0, None
    current: _Message | None = None
    for segment in interchange.segments[1:]:
        match segment.id:
            case "UNH":
                current = _Message([segment])
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
    seen: set[str] = set()
    for message in messages:
        _message(message, seen)
    issues = issues[:50] + _trailer(unb, unz, groups or len(messages))
    sender = Identifier(unb.at(2, 2), unb.at(2))
    partner = context.partner or profiles.find(context.profiles, sender)
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
    documents: list[Decoded] = []
    for message in messages or [_Message([])]:
        unh = message.segments[0] if message.segments else unb
        kind = unh.at(2) if message.segments else ""
        unsupported = hold(
            "type.unsupported",
            place(unh, "UNH, element 2" if kind else ""),
            "an order as X12 850, JSON, CSV or XLSX",
            f"EDIFACT {kind}" if kind else "no message",
            "EDIFACT messages are kept and not read yet; this one waits for a person.",
        )
        documents.append(
            Decoded(
                index=index + len(documents),
                format=Format.EDIFACT,
                type=kind,
                sender=sender,
                receiver=wrapper.receiver,
                partner=partner,
                customer_id=partner.customer_id if partner else "",
                interchange=wrapper,
                set_control=unh.at(1) if message.segments else "",
                test=wrapper.test,
                issues=(*issues, *message.issues, unsupported),
                parsed=_parsed(wrapper, message.segments),
            )
        )
    return documents


def _message(message: _Message, seen: set[str]) -> None:
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


def _trailer(unb: Segment, unz: Segment | None, count: int) -> list[Issue]:
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
