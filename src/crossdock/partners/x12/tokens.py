"""X12 text into interchanges of segments, as found in the wild.

Real files start with a byte order mark or blank lines, have ISA segments of any width, end segments with `~`, a line
end or both, are wrapped at 80 columns, and end in ^Z or NUL. All of that is read; what was unusual is noted. Every
segment keeps its byte offset and its place, so an error can say where. Nothing is judged here but the delimiters.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from crossdock.partners.model import Issue, error, note, shown

# Where the element separator stands in an ISA of the standard's fixed width (105 characters before the terminator).
ISA_SEPARATORS = (3, 6, 17, 20, 31, 34, 50, 53, 69, 76, 81, 83, 89, 99, 101, 103)
ISA_WIDTH = 105
ISA_LONGEST = 400  # a header with padded or overlong fields; beyond it, it is not a header
MAX_STRAYS = 20  # pieces of text outside any interchange that are reported one by one
MAX_SEGMENTS = 500_000  # of one file; an order of 100,000 lines has fewer
JUNK = " \t\r\n\0\x1a\ufeff"
_START = re.compile(r"ISA(?=[^A-Za-z0-9\s\0]|\t)")
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Delimiters:
    element: str
    component: str  # "" when the sender declares none
    segment: str
    repetition: str  # "" before version 00402


@dataclass(frozen=True, slots=True)
class Segment:
    """elements[0] is element 01. offset: bytes from the start of the file. index: place among the file's segments."""

    id: str
    elements: tuple[str, ...]
    index: int
    offset: int

    @property
    def size(self) -> int:
        return len(self.elements)

    def at(self, element: int, component: int = 1) -> str:
        """Element at a position as the standard counts it (1 is the first); "" when absent. Blanks around it go.

        Composites are not taken apart: a component separator in a text is mostly a colon that somebody typed.
        """
        return self.elements[element - 1].strip() if element <= len(self.elements) and component == 1 else ""

    def parts(self, element: int) -> tuple[str, ...]:
        return (self.elements[element - 1].strip(),) if element <= len(self.elements) else ("",)


@dataclass(slots=True)
class Interchange:
    """Segments from one ISA up to the next, not yet judged. segments[0] is the ISA."""

    delimiters: Delimiters
    segments: list[Segment] = field(default_factory=list[Segment])
    issues: list[Issue] = field(default_factory=list[Issue])


class Text:
    """Decoded characters that remember the byte they came from."""

    def __init__(self, raw: bytes, charset: str = "") -> None:
        """charset: of bytes that are no UTF-8, where the sender names one."""
        bom = 3 if raw.startswith(b"\xef\xbb\xbf") else 0
        try:
            self.chars = raw[bom:].decode("utf-8")
            self._wide = not self.chars.isascii()
        except UnicodeDecodeError:
            # cp1252 leaves five bytes undefined; latin-1 gives them a meaning rather than an exception
            single = charset or ("latin-1" if _undefined(raw) else "cp1252")
            self.chars = raw[bom:].decode(single, "replace")
            self._wide = False
        self._start = bom
        self._char, self._byte = 0, bom
        self._width, self._line_end = _wrapping(self.chars)
        if self._width:
            self.chars = _LINE_END.sub("", self.chars)

    def byte_at(self, char: int) -> int:
        """Byte offset of a character. Ask in rising order: wide text is counted once, not from the start each time."""
        if self._width:
            return self._start + char + char // self._width * self._line_end
        if not self._wide:
            return self._start + char
        if char < self._char:
            self._char, self._byte = 0, self._start
        self._byte += len(self.chars[self._char : char].encode("utf-8", "surrogatepass"))
        self._char = char
        return self._byte


def _undefined(raw: bytes) -> bool:
    return any(b in raw for b in (0x81, 0x8D, 0x8F, 0x90, 0x9D))


def _wrapping(text: str) -> tuple[int, int]:
    """(width, length of a line end) of a text cut into lines of one width without regard to segments; else (0, 0)."""
    found = _LINE_END.search(text)
    if found is None or not text.startswith("ISA") or not 60 <= found.start() < ISA_WIDTH or not text.isascii():
        return 0, 0
    lines = text.rstrip("\r\n\x1a\0 ").split(found[0])
    if any(len(line) != found.start() for line in lines[:-1]) or len(lines[-1]) > found.start():
        return 0, 0
    return found.start(), len(found[0])


def read(raw: bytes) -> tuple[list[Interchange], list[Issue]]:
    """All interchanges of a file, and what lies outside them."""
    text = Text(raw)
    issues: list[Issue] = []
    interchanges: list[Interchange] = []
    position = _skip(text.chars, 0, "")
    if position:
        issues.append(
            note(
                "x12.leading", "byte 0", "ISA at the start", f"{position} blank characters", "Start the file with ISA."
            )
        )
    count = 0
    while position < len(text.chars):
        header = header_at(text.chars, position)
        if header is None:
            start = _START.search(text.chars, position + 1)
            end = start.start() if start else len(text.chars)
            issues.append(_stray(text, position, end))
            position = end if len(issues) <= MAX_STRAYS else len(text.chars)
            continue
        interchange = Interchange(header)
        interchanges.append(interchange)
        for segment, after in _segments(text, position, header, count):
            if count >= MAX_SEGMENTS:
                issues.append(
                    error(
                        "x12.size",
                        f"byte {segment.offset}",
                        f"at most {MAX_SEGMENTS} segments in a file",
                        "more",
                        "Send several files.",
                    )
                )
                return interchanges, issues
            interchange.segments.append(segment)
            count, position = count + 1, after
    return interchanges, issues


def _stray(text: Text, start: int, end: int) -> Issue:
    chars = text.chars[start : min(end, start + 200)].strip(JUNK)
    if chars.startswith("ISA"):
        return error(
            "x12.isa.broken",
            f"byte {text.byte_at(start)}",
            "an ISA segment with 16 elements",
            shown(chars[:60]),
            "Send the whole interchange header; sixteen elements, the terminator after the last.",
            "TA1 R 022",
        )
    return error(
        "x12.stray",
        f"byte {text.byte_at(start)}",
        "an interchange that starts with ISA",
        shown(chars[:60]),
        "Wrap the transaction sets in ISA/GS and GE/IEA, and remove other text.",
    )


def _skip(chars: str, position: int, delimiters: str) -> int:
    while position < len(chars) and chars[position] in JUNK and chars[position] not in delimiters:
        position += 1
    return position


def header_at(chars: str, start: int) -> Delimiters | None:
    """Delimiters, by the standard's fixed positions or, in an ISA of another width, by counting separators."""
    if not _START.match(chars, start):
        return None
    element = chars[start + 3]
    fixed = chars[start : start + ISA_WIDTH + 1]
    if len(fixed) > ISA_WIDTH and [i for i, c in enumerate(fixed[:ISA_WIDTH]) if c == element] == list(ISA_SEPARATORS):
        component, segment, last = fixed[104], fixed[105], start + 104
    else:
        last = start + 2
        for _ in range(16):
            last = chars.find(element, last + 1, start + ISA_LONGEST)
            if last < 0:
                return None
        last += 1
        component, segment = chars[last : last + 1], chars[last + 1 : last + 2]
    if _missing_component(chars, last, element):
        component, segment = "", component
    if not segment or segment.isalnum() or element in {segment, component}:
        return None
    fields = chars[start:last].split(element)
    version, repetition = fields[12].strip(), fields[11].strip()
    # ISA11 is the repetition separator from 00402 on; before, it names the standard ("U")
    repeats = version >= "00402" and len(repetition) == 1 and not repetition.isalnum()
    return Delimiters(element, component, segment, repetition if repeats else "")


def _missing_component(chars: str, at: int, element: str) -> bool:
    """True when ISA16 was left out, so that what stands in its place is the terminator and a line end follows.

    Told by the next segment: it ends with that character too.
    """
    follower = _skip(chars, at + 1, element)
    if follower == at + 1 or not re.match(r"(GS|TA1|ISB)" + re.escape(element), chars[follower : follower + 4]):
        return False
    rest = _LINE_END.split(chars[follower : follower + ISA_LONGEST], maxsplit=1)[0].rstrip(" \t")
    return rest.endswith(chars[at])


def _segments(text: Text, start: int, delimiters: Delimiters, index: int) -> Iterator[tuple[Segment, int]]:
    """Segments from an ISA up to the next one, each with the position after it."""
    chars, separator = text.chars, delimiters.element
    own = separator + delimiters.segment
    by_line = delimiters.segment in "\r\n"
    closed = False
    position = start
    while True:
        if by_line:
            found = _LINE_END.search(chars, position)
            end = found.start() if found else len(chars)
        else:
            end = chars.find(delimiters.segment, position)
            end = len(chars) if end < 0 else end
        following = _START.search(chars, position + 1, end) if closed else None
        if following is not None:
            end = following.start() - 1  # text between two interchanges ends where the next begins
        body = chars[position : end + (following is not None)].rstrip("\r\n\0\x1a")
        identifier, *elements = body.split(separator)
        after = _skip(chars, end + 1, own)
        while not by_line and chars.startswith(delimiters.segment, after) and after < len(chars):
            after = _skip(chars, after + 1, own)  # empty segments, such as `~~`
        closed = closed or identifier.strip() == "IEA"
        yield Segment(identifier.strip(), tuple(elements), index, text.byte_at(position)), after
        index += 1
        position = after
        if position >= len(chars) or _START.match(chars, position):
            return


def missing_terminator(value: str) -> str:
    """The segment identifier that follows a line end inside an element, where a terminator was forgotten; or ""."""
    found = re.search(r"[\r\n]\s*([A-Z][A-Z0-9]{1,2})$", value[-200:])
    return found[1] if found else ""
