"""EDIFACT text into interchanges of segments: UNA or its defaults, the release character, version 4 repetition."""

import re
from dataclasses import dataclass, field

from crossdock.partners.model import Issue, error, shown
from crossdock.partners.x12.tokens import JUNK, Text

MAX_SEGMENTS = 500_000


@dataclass(frozen=True, slots=True)
class Syntax:
    """Service characters. repetition is "" before syntax version 4."""

    component: str = ":"
    element: str = "+"
    decimal: str = "."
    release: str = "?"
    repetition: str = ""
    segment: str = "'"


@dataclass(frozen=True, slots=True)
class Segment:
    """elements[0] is the first data element, as its components with release characters removed."""

    id: str
    elements: tuple[tuple[str, ...], ...]
    index: int
    offset: int
    repeats: tuple[tuple[int, tuple[str, ...]], ...] = ()  # version 4: further occurrences of an element, by its number

    @property
    def size(self) -> int:
        return len(self.elements)

    def parts(self, element: int) -> tuple[str, ...]:
        if element > len(self.elements):
            return ()
        return tuple(p.strip() for p in self.elements[element - 1])

    def at(self, element: int, component: int = 1) -> str:
        """A component, both counted from 1; "" when absent."""
        if element > len(self.elements) or component > len(self.elements[element - 1]):
            return ""
        return self.elements[element - 1][component - 1].strip()


@dataclass(slots=True)
class Interchange:
    syntax: Syntax
    segments: list[Segment] = field(default_factory=list[Segment])


def read(raw: bytes) -> tuple[list[Interchange], list[Issue]]:
    """All interchanges of a file, and what lies before, between or after them."""
    text = Text(raw, charset(raw))
    chars, issues, interchanges = text.chars, list[Issue](), list[Interchange]()
    position, count, syntax = 0, 0, Syntax()
    current: Interchange | None = None
    while position < len(chars):
        if chars[position] in JUNK:
            position += 1
            continue
        if chars.startswith("UNA", position) and len(chars) >= position + 9:
            syntax = una(chars[position + 3 : position + 9])
            position, current = position + 9, None
            continue
        start = position
        text_, position = body(chars, position, syntax)
        segment = segment_of(text_, syntax, count, text.byte_at(start))
        count += 1
        if count > MAX_SEGMENTS:
            where = f"byte {segment.offset}"
            issues.append(
                error("edifact.size", where, f"at most {MAX_SEGMENTS} segments", "more", "Send several files.")
            )
            break
        if segment.id == "UNB":
            current = Interchange(syntax)
            interchanges.append(current)
        if current is None:
            if not issues:
                issues.append(
                    error(
                        "edifact.stray",
                        f"segment {segment.index + 1} (byte {segment.offset})",
                        "UNB, the start of an interchange",
                        shown(text_[:40]),
                        "Start with UNA or UNB, and leave out other text.",
                    )
                )
            continue
        current.segments.append(segment)
        if segment.id == "UNZ":
            current, syntax = None, Syntax()
    return interchanges, issues


# UNB 0001: what the character repertoire means where the bytes are no UTF-8
_CHARSETS = {
    "D": "iso8859-2",
    "E": "iso8859-5",
    "F": "iso8859-7",
    "G": "iso8859-3",
    "H": "iso8859-4",
    "I": "iso8859-6",
    "J": "iso8859-8",
    "K": "iso8859-9",
}


def charset(raw: bytes) -> str:
    found = re.search(rb"UNB.UNO([D-K])", raw[:400])
    return _CHARSETS[found[1].decode()] if found else ""


def una(characters: str) -> Syntax:
    component, element, decimal, release, repetition, segment = characters
    return Syntax(component, element, decimal, release.strip(), repetition.strip(), segment)


def body(chars: str, start: int, syntax: Syntax) -> tuple[str, int]:
    """Text up to the segment terminator that is not released, and the position after it."""
    position = start
    while True:
        end = chars.find(syntax.segment, position)
        if end < 0:
            return chars[start:].rstrip(JUNK), len(chars)
        released = 0
        while syntax.release and end - released - 1 >= start and chars[end - released - 1] == syntax.release:
            released += 1
        if released % 2 == 0:
            return chars[start:end], end + 1
        position = end + 1


def segment_of(body: str, syntax: Syntax, index: int, offset: int) -> Segment:
    elements: list[tuple[str, ...]] = []
    repeats: list[tuple[int, tuple[str, ...]]] = []
    for place, text in enumerate(split(body, syntax.element, syntax, keep=True)):
        first, *others = split(text, syntax.repetition, syntax, keep=True) if syntax.repetition else (text,)
        elements.append(tuple(split(first, syntax.component, syntax)))
        repeats += ((place, tuple(split(o, syntax.component, syntax))) for o in others)
    return Segment((elements[0] or ("",))[0].strip()[:20], tuple(elements[1:]), index, offset, tuple(repeats))


def split(text: str, separator: str, syntax: Syntax, keep: bool = False) -> list[str]:
    """Parts of a text between separators that are not released. keep: leave release characters for a later split."""
    release = syntax.release
    if not release or release not in text:
        return text.split(separator)
    parts, part, position = list[str](), list[str](), 0
    while position < len(text):
        c = text[position]
        if c == release and position + 1 < len(text):
            part.append(text[position : position + 2] if keep else text[position + 1])
            position += 2
            continue
        if c == separator:
            parts.append("".join(part))
            part = []
        else:
            part.append(c)
        position += 1
    return [*parts, "".join(part)]
