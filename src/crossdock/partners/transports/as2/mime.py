"""MIME entities as bytes: what is signed is never written anew, only cut out.

`email` parses headers; bodies and boundaries are found here, since a signature is over the very bytes of a part, and
`email` keeps none of them exactly.
"""

import base64
import binascii
import quopri
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser
from email.utils import collapse_rfc2231_value
from itertools import pairwise

MOST_HEADER_BYTES = 65_536
MOST_PARTS = 20
_BLANK = re.compile(rb"\r?\n\r?\n")


class Malformed(Exception):
    """It is no MIME entity of the kind expected."""


@dataclass(frozen=True, slots=True)
class Entity:
    """raw: headers, blank line and body exactly as they came. body: after the blank line, still encoded."""

    raw: bytes
    headers: Message
    body: bytes

    @property
    def type(self) -> str:
        return self.headers.get_content_type()

    def parameter(self, name: str) -> str:
        found = self.headers.get_param(name)
        return collapse_rfc2231_value(found) if found is not None else ""  # pyright: ignore[reportArgumentType]

    @property
    def filename(self) -> str:
        return self.headers.get_filename("")

    def content(self) -> bytes:
        """The body without its transfer encoding. Raises Malformed."""
        encoding = str(self.headers.get("content-transfer-encoding", "binary")).strip().lower()
        try:
            match encoding:
                case "base64":
                    return base64.b64decode(b"".join(self.body.split()), validate=True)
                case "quoted-printable":
                    return quopri.decodestring(self.body)
                case _:
                    return self.body
        except binascii.Error as e:
            raise Malformed("the base64 of a part cannot be read") from e

    def parts(self) -> list["Entity"]:
        """Of a multipart, each cut out exactly. Raises Malformed."""
        boundary = self.parameter("boundary").encode("ascii", "replace")
        if not boundary or not self.type.startswith("multipart/"):
            raise Malformed(f"expected a multipart with a boundary, found {self.type}")
        # RFC 2046 5.1.1: the line break before a delimiter belongs to the delimiter
        delimiter = re.compile(rb"(?:^|\r?\n)--" + re.escape(boundary) + rb"(--)?[ \t]*(?:\r?\n|\Z)")
        marks = list(delimiter.finditer(self.body))
        if len(marks) < 2 or len(marks) > MOST_PARTS + 1:
            raise Malformed(f"expected 1 to {MOST_PARTS} parts between its boundaries")
        found: list[Entity] = []
        for this, following in pairwise(marks):
            if this[1] is not None:
                break
            found.append(parse(self.body[this.end() : following.start()]))
        return found


def parse(raw: bytes) -> Entity:
    """Raises Malformed when its headers are larger than any real one's."""
    if raw.startswith((b"\r\n", b"\n")):
        return Entity(raw, Message(), raw.split(b"\n", 1)[1])
    blank = _BLANK.search(raw, 0, MOST_HEADER_BYTES)
    if blank is None:
        if len(raw) > MOST_HEADER_BYTES:
            raise Malformed("expected a blank line after the headers")
        head, body = raw, b""
    else:
        head, body = raw[: blank.start()], raw[blank.end() :]
    return Entity(raw, HeaderParser().parsestr(head.decode("latin-1"), headersonly=True), body)


def of_request(headers: Mapping[str, str], body: bytes) -> Entity:
    """What an HTTP message carries: its content headers and its body are the entity."""
    kept = [
        f"{name}: {value}"
        for name, value in headers.items()
        if name.lower().startswith("content-") and name.lower() != "content-length" and "\n" not in value
    ]
    return parse("\r\n".join(kept).encode("latin-1", "replace") + b"\r\n\r\n" + body)


def entity(headers: Mapping[str, str], body: bytes) -> bytes:
    """An entity to send. Raises ValueError for a header that would be two."""
    for name, value in headers.items():
        if "\r" in value or "\n" in value:
            raise ValueError(f"a line break in the header {name}")
    head = "".join(f"{n}: {v}\r\n" for n, v in headers.items())
    return head.encode("utf-8") + b"\r\n" + body


def multipart(subtype: str, parts: list[bytes], **parameters: str) -> tuple[str, bytes]:
    """(content type, body)"""
    boundary = f"=_{secrets.token_hex(16)}"
    extra = "".join(f'; {k.replace("_", "-")}="{v}"' for k, v in parameters.items())
    body = b"".join(b"--" + boundary.encode() + b"\r\n" + p + b"\r\n" for p in parts)
    return f'multipart/{subtype}{extra}; boundary="{boundary}"', body + b"--" + boundary.encode() + b"--\r\n"


def canonical(raw: bytes) -> bytes:
    """With CRLF at each line's end: what S/MIME says of text, and some senders do only when they sign."""
    return re.sub(rb"\r?\n", b"\r\n", raw)
