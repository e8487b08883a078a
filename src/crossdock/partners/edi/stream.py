"""Interchanges of any size, one set at a time, in bounded memory.

The file is read in blocks; of it only the segments of the set in hand are kept, and of a set at most MAX_SET. What the
envelopes add up (counts, numbers used) is kept as numbers. Faults are those of the whole-file reader, from the same
functions; only files that are wrapped at a fixed width are not read here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from crossdock.partners.edi.walk import Node
from crossdock.partners.edifact import decode as edifact
from crossdock.partners.edifact import tokens as edifact_tokens
from crossdock.partners.maps.canonical import Canonical
from crossdock.partners.model import Context, Format, Issue, error, shown
from crossdock.partners.x12 import decode as x12
from crossdock.partners.x12 import envelope, tokens

BLOCK = 256 * 1024
MAX_SEGMENT = 1024 * 1024  # bytes; no standard has an element of a tenth of it
MAX_SET = 100_000  # segments of one set that are kept and judged
MAX_ISSUES = 200  # of envelopes, in one interchange
_JUNK = b" \t\r\n\0\x1a"
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Streamed:
    """One set or message, or (type "") what is wrong with the envelopes around them.

    size: of its segments. root: the tree of a set that a guide knows.
    """

    format: Format
    type: str = ""
    control: str = ""
    interchange: str = ""
    offset: int = 0
    size: int = 0
    issues: tuple[Issue, ...] = ()
    content: Canonical | None = None
    root: Node | None = None


def read(source: Callable[[int], bytes], context: Context | None = None) -> Iterator[Streamed]:
    """source: gives up to so many further bytes, none at the end (a binary file's `read`)."""
    window = _Window(source)
    window.skip(_JUNK + _BOM)
    start = window.peek(3)
    if start == b"ISA":
        yield from _X12(window, context or Context()).run()
    elif start in {b"UNA", b"UNB"}:
        yield from _Edifact(window, context or Context()).run()
    else:
        found = shown(window.peek(40).decode("latin-1")) if start else "nothing"
        text = "Start the file with its interchange header."
        yield Streamed(format=Format.UNKNOWN, issues=(error("edi.start", "byte 0", "ISA, UNA or UNB", found, text),))


@dataclass(slots=True)
class _Window:
    """The bytes in hand. base: offset of the first of them in the file; at: of the next to be taken, in the buffer."""

    source: Callable[[int], bytes]
    buffer: bytearray = field(default_factory=bytearray)
    base: int = 0
    at: int = 0
    ended: bool = False

    @property
    def offset(self) -> int:
        return self.base + self.at

    def more(self) -> bool:
        """Reads another block; what was taken is let go."""
        if self.ended:
            return False
        block = self.source(BLOCK)
        if not block:
            self.ended = True
            return False
        del self.buffer[: self.at]
        self.base, self.at = self.base + self.at, 0
        self.buffer += block
        return True

    def peek(self, size: int) -> bytes:
        while len(self.buffer) - self.at < size and self.more():
            pass
        return bytes(self.buffer[self.at : self.at + size])

    def skip(self, junk: bytes) -> None:
        while True:
            while self.at < len(self.buffer) and self.buffer[self.at] in junk:
                self.at += 1
            if self.at < len(self.buffer) or not self.more():
                return

    def until(self, end: bytes, release: bytes = b"") -> bytes | None:
        """Bytes up to the terminator, which is taken too; all that is left when there is none.

        None: longer than any segment.
        """
        searched = 0
        while True:
            found = self.buffer.find(end, self.at + searched)
            if found < 0:
                searched = max(0, len(self.buffer) - self.at - len(end) + 1)
                if searched > MAX_SEGMENT:
                    return None
                if self.more():
                    continue
                body = bytes(self.buffer[self.at :])
                self.at = len(self.buffer)
                return body
            if release and self._released(found, release):
                searched = found - self.at + len(end)
                continue
            body = bytes(self.buffer[self.at : found])
            self.at = found + len(end)
            return body

    def _released(self, found: int, release: bytes) -> bool:
        count = 0
        while found - count - 1 >= self.at and self.buffer[found - count - 1] == release[0]:
            count += 1
        return count % 2 == 1


@dataclass(slots=True)
class _Used:
    """Numbers used, kept as ranges: most senders count upwards."""

    ranges: list[list[int]] = field(default_factory=list[list[int]])
    others: set[str] = field(default_factory=set[str])

    def again(self, number: str) -> bool:
        if not (number.isascii() and number.isdigit()) or len(self.ranges) > 10_000:
            before = number in self.others
            self.others.add(number)
            return before
        value = int(number)
        if any(low <= value <= high for low, high in self.ranges):
            return True
        if self.ranges and self.ranges[-1][1] == value - 1:
            self.ranges[-1][1] = value
        else:
            self.ranges.append([value, value])
        return False


def _decoded(body: bytes, charset: str) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return body.decode(charset, "replace")


def _endless(format_: Format, offset: int, interchange: str) -> Streamed:
    text = "The terminator is missing; nothing behind it can be read."
    issue = error(
        f"{format_.value}.segment.size", f"byte {offset}", f"a segment of at most {MAX_SEGMENT} bytes", "more", text
    )
    return Streamed(format=format_, interchange=interchange, offset=offset, issues=(issue,))


def _too_many(format_: Format, count: int) -> Issue:
    text = "Send several sets; what is beyond was counted and not read."
    return error(f"{format_.value}.set.size", "the set", f"at most {MAX_SET} segments", str(count), text)


@dataclass(slots=True)
class _X12:
    window: _Window
    context: Context
    index: int = 0
    judged: envelope.Envelope | None = None
    group: envelope.Group | None = None
    groups: int = 0
    sets: int = 0
    current: envelope.Set | None = None
    size: int = 0
    used: _Used = field(default_factory=_Used)

    def run(self) -> Iterator[Streamed]:
        use: tokens.Delimiters | None = None
        while True:
            self.window.skip(_JUNK)
            head = self.window.peek(tokens.ISA_LONGEST)
            if not head:
                break
            if head.startswith(b"ISA") and (header := tokens.header_at(_decoded(head, "cp1252"), 0)) is not None:
                yield from self._close()
                use = header
            if use is None:
                yield _endless(Format.X12, self.window.offset, "")
                return
            offset = self.window.offset
            body = self.window.until(use.segment.encode())
            if body is None:
                yield _endless(Format.X12, offset, self.judged.control if self.judged else "")
                return
            name, *elements = _decoded(body, "cp1252").rstrip("\r\n\0\x1a").split(use.element)
            if not name and not elements:
                continue
            segment = tokens.Segment(name.strip(), tuple(elements), self.index, offset)
            self.index += 1
            yield from self._take(segment, use)
        yield from self._close()

    def _take(self, s: tokens.Segment, use: tokens.Delimiters) -> Iterator[Streamed]:
        if self.judged is None:
            self.judged = envelope.Envelope(s, use, "")
            envelope.check_header(self.judged)
            return
        judged = self.judged
        match s.id:
            case "IEA":
                yield from self._close_group()
                judged.iea = s
            case "GS" if judged.iea is None:
                yield from self._close_group()
                self.group, self.groups, self.sets, self.used = envelope.Group(s), self.groups + 1, 0, _Used()
            case "GE" if self.group is not None:
                yield from self._close_set()
                self.group.ge = s
                yield from self._close_group()
            case "ST" if judged.iea is None:
                yield from self._close_set()
                if self.group is None:
                    self.group, self.sets, self.used = envelope.Group(None), 0, _Used()
                    judged.faults.append(envelope.no_group(s))
                self.current, self.size, self.sets = envelope.Set([s]), 1, self.sets + 1
            case "SE" if self.current is not None:
                self.size += 1
                self.current.segments.append(s)
                self.current.se = s
                yield from self._close_set()
            case _ if self.current is not None:
                self.size += 1
                if self.size <= MAX_SET:
                    self.current.segments.append(s)
            case "TA1" | "ISB" | "ISE":
                judged.loose.append(s)
            case _:
                if len(judged.faults) < MAX_ISSUES:
                    judged.faults.append(envelope.outside(s))

    def _close_set(self) -> Iterator[Streamed]:
        s, group, judged = self.current, self.group, self.judged
        if s is None or group is None or judged is None:
            return
        self.current = None
        issues: list[Issue] = []
        tree, said = None, None
        again = self.used.again(s.control)
        if self.size > MAX_SET:
            issues.append(_too_many(Format.X12, self.size))
        else:
            envelope.check_set(s, again=again)
            tree = x12.judge_set(group, s, None, judged.delimiters.component)
            issues += (f.issue for f in s.faults)
            if tree is not None and not s.rejected:
                ordered = s.type == "850"
                said, found = x12.order_of(s, self.context) if ordered else x12.content_of(s, tree)
                issues += found
        yield Streamed(
            format=Format.X12,
            type=s.type,
            control=s.control,
            interchange=judged.control,
            offset=s.segments[0].offset,
            size=self.size,
            issues=tuple(issues),
            content=said,
            root=tree,
        )

    def _close_group(self) -> Iterator[Streamed]:
        yield from self._close_set()
        if self.group is not None and self.judged is not None:
            envelope.close_group(self.group, self.sets)
            self.judged.faults += self.group.faults[:MAX_ISSUES]
        self.group = None

    def _close(self) -> Iterator[Streamed]:
        yield from self._close_group()
        judged = self.judged
        if judged is None:
            return
        envelope.close(judged, self.groups)
        if judged.faults:
            issues = tuple(f.issue for f in judged.faults)
            yield Streamed(format=Format.X12, interchange=judged.control, offset=judged.isa.offset, issues=issues)
        self.judged, self.groups = None, 0


@dataclass(slots=True)
class _Edifact:
    window: _Window
    context: Context
    index: int = 0
    unb: edifact_tokens.Segment | None = None
    unz: edifact_tokens.Segment | None = None
    groups: int = 0
    messages: int = 0
    current: edifact.Message | None = None
    size: int = 0
    used: _Used = field(default_factory=_Used)
    issues: list[Issue] = field(default_factory=list[Issue])

    def run(self) -> Iterator[Streamed]:
        syntax, charset = edifact_tokens.Syntax(), "cp1252"
        while True:
            self.window.skip(_JUNK)
            head = self.window.peek(400)
            if not head:
                break
            if head.startswith(b"UNA") and len(head) >= 9:
                yield from self._close()
                syntax = edifact_tokens.una(head[3:9].decode("latin-1"))
                self.window.at += 9
                continue
            if head.startswith(b"UNB"):
                charset = edifact_tokens.charset(head) or "cp1252"
            offset = self.window.offset
            body = self.window.until(syntax.segment.encode(), syntax.release.encode())
            if body is None:
                yield _endless(Format.EDIFACT, offset, self.unb.at(5) if self.unb else "")
                return
            segment = edifact_tokens.segment_of(_decoded(body, charset), syntax, self.index, offset)
            self.index += 1
            if self.unb is None and segment.id != "UNB":
                text = "Start with UNA or UNB, and leave out other text."
                where = f"segment {segment.index + 1} (byte {offset})"
                issue = error("edifact.stray", where, "UNB, the start of an interchange", shown(segment.id), text)
                yield Streamed(format=Format.EDIFACT, offset=offset, issues=(issue,))
                return
            yield from self._take(segment)
            if segment.id == "UNZ":
                yield from self._close()
                syntax = edifact_tokens.Syntax()
        yield from self._close()

    def _take(self, s: edifact_tokens.Segment) -> Iterator[Streamed]:
        if s.id == "UNB":
            yield from self._close()
            self.unb = s
            return
        match s.id:
            case "UNH":
                yield from self._close_message()
                self.current, self.size, self.messages = edifact.Message([s]), 1, self.messages + 1
            case "UNT" if self.current is not None:
                self.size += 1
                self.current.segments.append(s)
                self.current.closed = True
                yield from self._close_message()
            case "UNG":
                yield from self._close_message()
                self.groups += 1
            case "UNE":
                yield from self._close_message()
            case "UNZ":
                yield from self._close_message()
                self.unz = s
            case _ if self.current is not None:
                self.size += 1
                if self.size <= MAX_SET:
                    self.current.segments.append(s)
            case _:
                if len(self.issues) < MAX_ISSUES:
                    where, text = edifact.place(s), "Move it between UNH and UNT, or remove it."
                    self.issues.append(error("edifact.segment.outside", where, "UNH", shown(s.id), text, "UCI 4 14"))

    def _close_message(self) -> Iterator[Streamed]:
        message = self.current
        if message is None:
            return
        self.current = None
        control = message.segments[0].at(1)
        again = {control} if self.used.again(control) else set[str]()
        said: Canonical | None = None
        found: list[Issue] = []
        if self.size > MAX_SET:
            message.issues.append(_too_many(Format.EDIFACT, self.size))
        else:
            edifact.check_message(message, again)
            edifact.follow(message)
            po, said, found = edifact.content_of(message, None, self.context)
            said = po if po is not None else said
        yield Streamed(
            format=Format.EDIFACT,
            type=message.type,
            control=control,
            interchange=self.unb.at(5) if self.unb else "",
            offset=message.segments[0].offset,
            size=self.size,
            issues=(*message.issues, *found),
            content=said,
            root=message.tree,
        )

    def _close(self) -> Iterator[Streamed]:
        yield from self._close_message()
        unb = self.unb
        if unb is not None:
            issues = (*self.issues, *edifact.check_trailer(unb, self.unz, self.groups or self.messages))
            if issues:
                yield Streamed(format=Format.EDIFACT, interchange=unb.at(5), offset=unb.offset, issues=issues)
        self.unb = self.unz = None
        self.groups = self.messages = 0
        self.used, self.issues = _Used(), []
