"""APERAK of our own: what became of a message that could be read and cannot be used as it is.

A CONTRL tells of syntax; this tells of the content, and only where the agreement about the message asks for it
(`refusals: APERAK`). One for each message, with every error: a code, the words that people here read, the line.

    BGM+313+17+27'          313: application error (1001). 27: not accepted; 8: status, a person here decides (1225)
    RFF+ACW:4500012'        the number of the message that is answered; AGO: of the interchange it came in
    ERC+ITEM'               9321 has no list in the directories: `user or association defined`. Ours is CODES.
    FTX+AAO+++Line 1: …'    what is wrong, and what to do
    RFF+LI:1'               the line
"""

import re
from datetime import date
from typing import Any

from crossdock.canonical.acknowledgement import ApplicationAcknowledgement, ApplicationError
from crossdock.canonical.parts import Address, Party, Reference
from crossdock.partners import wording
from crossdock.partners.model import Decoded, Issue
from crossdock.partners.profiles import Identifier

KIND = "313"
NOT_ACCEPTED, STATUS = "27", "8"
# The first that begins a finding's code counts; docs/edi.md tells partners what each means.
CODES = (
    ("order.line.item", "ITEM"),
    ("order.line.unit", "UNIT"),
    ("order.line.quantity", "QTY"),
    ("order.line.splits", "QTY"),
    ("edi.quantity", "QTY"),
    ("order.line.price", "PRICE"),
    ("order.currency", "PRICE"),
    ("order.split.place", "PLACE"),
    ("order.date", "DATE"),
    ("map.date", "DATE"),
    ("order.po", "USED"),
    ("order.change.reused", "USED"),
    ("edifact.unb0020", "USED"),
    ("order.unknown", "ORDER"),
    ("edi.lines", "COUNT"),
    ("map.code", "CODE"),
    ("gs1", "DIGIT"),
    ("agreement", "AGREED"),
    ("customer", "PARTY"),
    ("type", "TYPE"),
)
OTHER = "DATA"
TEXT, TEXTS = 70, 5  # C108 of D.96A: five texts of 70
MOST = 999  # groups of errors in D.96A
_LINE = re.compile(r"line (\w{1,6})\b", re.IGNORECASE)


def due(document: Decoded, errors: tuple[Issue, ...]) -> bool:
    """Whether it is to be told: agreed, and no CONTRL has said why already."""
    agreed = document.agreement
    if agreed is None or agreed.refusals != "APERAK" or not errors:
        return False
    return not any(i.ack for i in errors)


def refusal(
    document: Decoded, errors: tuple[Issue, ...], *, number: str, rejected: bool, today: date
) -> ApplicationAcknowledgement:
    """errors: of the document, in the words of its partner. rejected: else a person here decides."""
    name = document.partner.name if document.partner else ""
    interchange = document.interchange.control if document.interchange else ""
    references = (("acknowledged_document", _number(document)), ("sender_reference", interchange))
    text = "Not accepted. Correct it and send it again." if rejected else "Held: a person here decides about it."
    return ApplicationAcknowledgement(
        number=number,
        kind=KIND,
        status=NOT_ACCEPTED if rejected else STATUS,
        issued_on=today,
        references=tuple(Reference(kind=kind, value=_short(value)) for kind, value in references if value),
        parties=tuple(
            _party(role, i)
            for role, i in (("sender", document.receiver), ("recipient", document.sender))
            if i is not None and i.value
        ),
        notes=(text,),
        errors=tuple(_error(i, name) for i in errors[:MOST]),
    )


def code(finding_code: str) -> str:
    return next((c for start, c in CODES if finding_code.startswith(start)), OTHER)


def _error(issue: Issue, name: str) -> ApplicationError:
    found = issue.finding
    line = _LINE.match(found.where)
    return ApplicationError(
        code=code(found.code),
        texts=pieces(wording.addressed(wording.sentence(found), name)),
        references=(Reference(kind="line_item", value=line[1]),) if line else (),
    )


def pieces(text: str) -> tuple[str, ...]:
    """At word ends, as many as a segment takes; what is longer is cut and says so."""
    out: list[str] = []
    rest = " ".join(text.encode("utf-8", "replace").decode().split())
    while rest and len(out) < TEXTS:
        if len(rest) <= TEXT:
            out.append(rest)
            rest = ""
            continue
        if len(out) == TEXTS - 1:
            out.append(rest[: TEXT - 3].rstrip() + "...")
            break
        at = rest.rfind(" ", 0, TEXT + 1)
        at = at if at > 0 else TEXT
        out.append(rest[:at])
        rest = rest[at:].lstrip()
    return tuple(out)


def _number(document: Decoded) -> str:
    """Of their message, as its BGM says."""
    if document.order is not None:
        return document.order.number
    parsed: dict[str, Any] = document.parsed or {}
    segments: list[dict[str, Any]] = parsed.get("segments", [])
    found: list[list[str]] = [s["elements"] for s in segments if s["id"] == "BGM"]
    return found[0][1].partition(":")[0] if found and len(found[0]) > 1 else ""


def _short(text: str) -> str:
    """As an..35 takes it, of whatever a stranger wrote."""
    return text.encode("utf-8", "replace").decode()[:35].strip()


def _party(role: str, i: Identifier) -> Party:
    # ISO 9735 0007 = 14 is GS1, whose numbers 3055 calls 9
    return Party(role=role, id=_short(i.value), scheme="gln" if i.scheme == "14" else "mutual", address=Address())
