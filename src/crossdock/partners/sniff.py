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


def is_text(raw: bytes) -> bool:
    """Something to read, with no more control characters than a text has."""
    text = sample(raw)
    return bool(text.strip(JUNK)) and not re.search(r"[\0-\x08\x0e-\x19]", text.rstrip(JUNK))


def _wide(raw: bytes) -> str:
    """UTF-16 without its mark: of the first characters, most have a NUL on the same side. "" when they have not."""
    head = raw[:400]
    for name, zeros in (("utf-16-le", head[1::2]), ("utf-16-be", head[0::2])):
        if len(head) >= 8 and zeros.count(0) > 0.7 * len(zeros) and head.count(0) < 1.3 * zeros.count(0):
            return name
    return ""


def encoding(raw: bytes) -> str:
    """UTF-16 by its mark or its NULs, else UTF-8, else cp1252."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if wide := _wide(raw):
        return wide
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
    if wide := _wide(head):
        return head.decode(wide, "ignore")
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


def quote(text: str, delimiter: str) -> str:
    """What encloses a cell that holds the delimiter: `"`, unless cells begin and end with `'` and none with `"`."""
    between = re.escape(delimiter)
    single, double = (
        len(re.findall(rf"(?:^|{between}){q}[^{q}\n]*{q}(?={between}|\r|\n|$)", text, re.MULTILINE)) for q in "'\""
    )
    return "'" if single > 1 and double == 0 else '"'
