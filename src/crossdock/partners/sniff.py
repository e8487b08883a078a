"""Which format a file is, by its content alone. The name of a file proves nothing and is not asked."""

import csv
import re
import zipfile
from collections import Counter
from io import BytesIO, StringIO

from crossdock.partners.model import Format
from crossdock.partners.x12.tokens import JUNK

SAMPLE = 64 * 1024
DELIMITERS = ",;\t|"
_X12 = re.compile(r"ISA(?:[^A-Za-z0-9\s\0]|\t)|ST([^A-Za-z0-9\s])\d{3}\1")
_EDIFACT = re.compile(r"UNA.{6}\s*[A-Z]{3}|UN[BH][+^|]", re.DOTALL)
_BINARY = {b"%PDF": "a PDF", b"\x89PNG": "a picture", b"\xff\xd8\xff": "a picture", b"\x1f\x8b": "a gzip archive"}


def sniff(raw: bytes) -> tuple[Format, str]:
    """The format, and what the file looks like when it is none we know."""
    if not raw.strip(JUNK.encode()):
        return Format.UNKNOWN, "an empty file" if not raw else "blanks only"
    if raw.startswith(b"PK\x03\x04"):
        return _archive(raw)
    if raw.startswith(b"\xd0\xcf\x11\xe0"):
        return Format.XLSX, ""  # a workbook of the older binary kind; the same reader opens it
    for magic, what in _BINARY.items():
        if raw.startswith(magic):
            return Format.UNKNOWN, what
    text = sample(raw).lstrip(JUNK)
    if _X12.match(text):
        return Format.X12, ""
    if _EDIFACT.match(text):
        return Format.EDIFACT, ""
    if text.startswith("<"):
        return Format.XML, ""
    if text[:1] in {"{", "["}:
        return Format.JSON, ""
    if "\0" in text[:1000]:
        return Format.UNKNOWN, "binary data"
    if delimiter(text) is not None:
        return Format.CSV, ""
    return Format.UNKNOWN, f"text that starts {text[:40]!r}"


def _archive(raw: bytes) -> tuple[Format, str]:
    try:
        with zipfile.ZipFile(BytesIO(raw)) as archive:
            names = archive.namelist()[:1000]
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        return Format.XLSX, ""  # a damaged archive: the reader of workbooks says what is wrong
    if any(n.startswith("xl/") for n in names):
        return Format.XLSX, ""
    return Format.UNKNOWN, "a ZIP archive"


def encoding(raw: bytes) -> str:
    """UTF-16 by its mark, else UTF-8, else cp1252."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    try:
        raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def sample(raw: bytes) -> str:
    """The first characters of a text."""
    head = raw[:SAMPLE]
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head.decode("utf-16", "ignore")
    try:
        return head.decode("utf-8-sig")
    except UnicodeDecodeError as e:
        cut = e.start >= len(head) - 4 and len(raw) > len(head)  # a character cut in two by the sample
        return head[: e.start].decode("utf-8-sig") if cut else head.decode("cp1252", "replace")


def delimiter(text: str) -> str | None:
    """What separates the columns of a table; None when the lines share no number of columns.

    The delimiter under which most lines have the same number of cells, at least two; of equals, the one with most.
    """
    best: tuple[float, int, str] | None = None
    for candidate in DELIMITERS:
        try:
            rows = [r for r in csv.reader(StringIO(text), delimiter=candidate) if any(c.strip() for c in r)]
        except csv.Error:
            continue
        if len(text) >= SAMPLE // 2 and len(rows) > 2:
            rows.pop()  # cut off by the sample
        widths = Counter(len(r) for r in rows[:200])
        wide = [(count, width) for width, count in widths.items() if width > 1]
        if len(rows) < 2 or not wide:
            continue
        count, width = max(wide)
        share = count / min(len(rows), 200)
        if share >= 0.5 and (best is None or (share, width) > best[:2]):
            best = (share, width, candidate)
    return best[2] if best else None
