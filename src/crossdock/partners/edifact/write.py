"""Segments into EDIFACT: release characters, counts and references, in the repertoire the text needs."""

from collections.abc import Sequence
from datetime import datetime

from crossdock.partners.edifact.tokens import Syntax
from crossdock.partners.profiles import Identifier

Row = Sequence[Sequence[str]]  # a segment: its name, then elements of components
DEFAULT = Syntax()


def segment(row: Row, syntax: Syntax = DEFAULT) -> str:
    """One segment; what is empty at the end of an element or of the segment is left out."""
    elements = [_element(e, syntax) for e in row]
    while elements and not elements[-1]:
        elements.pop()
    return syntax.element.join(elements) + syntax.segment


def _element(components: Sequence[str], syntax: Syntax) -> str:
    parts = [_released(c, syntax) for c in components]
    while parts and not parts[-1]:
        parts.pop()
    return syntax.component.join(parts)


def _released(text: str, syntax: Syntax) -> str:
    special = {syntax.component, syntax.element, syntax.segment, syntax.release, syntax.repetition} - {""}
    return "".join(syntax.release + c if c in special else c for c in text if c >= " ")


def interchange(
    messages: Sequence[tuple[Sequence[str], str, Sequence[Row]]],
    *,
    sender: Identifier,
    receiver: Identifier,
    reference: str,
    now: datetime,
    test: bool = False,
    acknowledge: bool = False,
) -> bytes:
    """UNA to UNZ. messages: (type, version, release, agency …), message reference, segments between UNH and UNT.

    UNOC is Latin 1; a text beyond it is sent as UTF-8 under UNOW, which syntax version 4 has.
    """
    body: list[str] = []
    for kind, number, rows in messages:
        body.append(segment([["UNH"], [number], list(kind)]))
        body += [segment(row) for row in rows]
        body.append(segment([["UNT"], [str(len(rows) + 2)], [number]]))
    text = "".join(body)
    try:
        text.encode("latin-1")
        wide = False
    except UnicodeEncodeError:
        wide = True
    day = f"{now:%Y%m%d}" if wide else f"{now:%y%m%d}"
    head: list[list[str]] = [
        ["UNB"],
        ["UNOW", "4"] if wide else ["UNOC", "3"],
        [sender.value, sender.scheme],
        [receiver.value, receiver.scheme],
        [day, f"{now:%H%M}"],
        [reference],
        *([[""], [""], [""], ["1" if acknowledge else ""], [""], ["1" if test else ""]]),
    ]
    tail = segment([["UNZ"], [str(len(messages))], [reference]])
    return ("UNA:+.? '" + segment(head) + text + tail).encode("utf-8" if wide else "latin-1")
