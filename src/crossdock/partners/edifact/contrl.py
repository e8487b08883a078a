"""CONTRL: the answer to an EDIFACT interchange, by the codes of 0083 and 0085.

Action 4 rejects, 7 acknowledges what was checked and found readable, 8 says that it arrived. A message that is accepted
although something in it was odd is acknowledged with 7: CONTRL has no word between. It is sent when the sender asks for
it (UNB 0031), when that was agreed for the message, or when something is rejected, and never for a CONTRL or APERAK.

The plan is decided while decoding; its references and moment are given when it is written.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from crossdock.partners.edi.faults import CODES, SEGMENT_KINDS, Fault
from crossdock.partners.edifact.tokens import Segment
from crossdock.partners.edifact.write import interchange
from crossdock.partners.model import Interchange, Issue, Severity
from crossdock.partners.profiles import Identifier

REJECTED, ACKNOWLEDGED = "4", "7"


@dataclass(frozen=True, slots=True)
class Message:
    """A message as judged. header: its UNH."""

    header: Segment
    issues: tuple[Issue, ...]
    faults: tuple[Fault, ...]
    rejected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrl:
    """rows: the segments of the message between UNH and UNT, each as its elements of components."""

    sender: Identifier
    receiver: Identifier
    repertoire: str
    control: str
    test: bool
    rows: tuple[tuple[tuple[str, ...], ...], ...]


def plan(
    wrapper: Interchange,
    *,
    syntax: tuple[str, str],
    wanted: bool,
    issues: tuple[Issue, ...],
    messages: Sequence[Message],
    understood: bool,
) -> Contrl | None:
    """None when there is nothing to say. understood: no message waits for a person who may yet be able to read it."""
    bad = next((i for i in issues if i.severity is Severity.ERROR and i.ack.startswith("UCI")), None)
    if not wrapper.control or (not messages and bad is None):
        return None
    rejected = [m for m in messages if m.rejected]
    if bad is None and not rejected and not (wanted and understood):
        return None
    rows: list[tuple[tuple[str, ...], ...]] = []
    code, segment = _codes(bad) if bad else ("", "")
    action = REJECTED if bad else ACKNOWLEDGED
    rows.append(
        (
            ("UCI",),
            (wrapper.control,),
            _party(wrapper.sender),
            _party(wrapper.receiver),
            (action,),
            *(((code,), (segment,)) if code else ()),
        )
    )
    if bad is None:
        # an acknowledged interchange is told by its messages; a rejected one as a whole
        for message in messages:
            rows += _message(message)
    return Contrl(
        sender=wrapper.receiver,
        receiver=wrapper.sender,
        repertoire=syntax[0] or "UNOC",
        control=wrapper.control,
        test=wrapper.test,
        rows=tuple(rows),
    )


def repeated(answer: Contrl) -> Contrl:
    """The answer to an interchange whose reference has been used before: rejected, 0085 = 26."""
    head = answer.rows[0]
    return replace(answer, rows=((*head[:4], (REJECTED,), ("26",), ("UNB",), ("5",)),))


def _party(identifier: Identifier) -> tuple[str, ...]:
    return (identifier.value, identifier.scheme) if identifier.scheme else (identifier.value,)


def _codes(issue: Issue) -> tuple[str, str]:
    """`UCI 4 13/UNZ` → 13 and UNZ."""
    _, _, rest = issue.ack.partition(" 4 ")
    code, _, segment = rest.partition("/")
    return code, segment


def _message(message: Message) -> list[tuple[tuple[str, ...], ...]]:
    head = message.header
    kind = tuple(head.parts(2)[:5])
    envelope = next((i for i in message.issues if i.severity is Severity.ERROR and i.ack.startswith("UCM")), None)
    code = _codes(envelope)[0] if envelope else ""
    action = REJECTED if message.rejected else ACKNOWLEDGED
    rows: list[tuple[tuple[str, ...], ...]] = [
        (("UCM",), (head.at(1),), kind, (action,), *(((code,),) if code else ())),
    ]
    opened = 0
    for fault in message.faults if message.rejected else ():
        if not fault.rejects:
            continue
        told = CODES[fault.kind].contrl
        position = str(fault.position)
        if fault.kind in SEGMENT_KINDS:
            rows.append((("UCS",), (position,), (told,)))
            opened = 0
            continue
        if opened != fault.position:
            rows.append((("UCS",), (position,)))
            opened = fault.position
        at = (str(fault.element), str(fault.component)) if fault.component else (str(fault.element),)
        rows.append((("UCD",), (told,), at))
    return rows


def write(answer: Contrl, reference: int, message: int, now: datetime) -> bytes:
    """The answer as one interchange, back to where the received one came from."""
    return interchange(
        [(["CONTRL", "D", "3", "UN"], str(message), [[list(e) for e in row] for row in answer.rows])],
        sender=answer.sender,
        receiver=answer.receiver,
        reference=str(reference),
        now=now,
        test=answer.test,
    )
