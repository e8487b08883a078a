"""A table out of bytes: every cell as the text its author sees, with the row it stands in.

Workbooks give numbers as floats: 12.0 becomes `12`, so that an item number stays one. Dates become YYYY-MM-DD.
"""

import csv
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO, StringIO
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, ZipError

from crossdock.partners import sniff
from crossdock.partners.model import Issue, error, shown
from crossdock.partners.tabular.map import Span

MAX_ROWS = 200_000
MAX_COLUMNS = 500
csv.field_size_limit(1_000_000)


@dataclass(frozen=True, slots=True)
class Table:
    """rows: (row number as a person counts, cells). what: how it was read, such as `CSV, ';', cp1252`."""

    rows: list[tuple[int, list[str]]]
    what: str


def text(raw: bytes, header_score: Callable[[list[str]], int]) -> Table | Issue:
    """A separated text. header_score tells how many cells of a row some map knows: it decides between delimiters."""
    encoding = sniff.encoding(raw)
    chars = raw.decode(encoding, "replace").replace("\0", "")
    best: tuple[int, str] | None = None
    likely = sniff.delimiter(sniff.sample(raw)) or ","
    for candidate in (likely, *sniff.DELIMITERS.replace(likely, "")):
        head = [r for _, r in _rows(chars[: sniff.SAMPLE], candidate, 20)]
        score = max((header_score(r) for r in head), default=0)
        if best is None or score > best[0]:
            best = (score, candidate)
    delimiter = best[1] if best else likely
    rows = _rows(chars, delimiter, MAX_ROWS + 1)
    if len(rows) > MAX_ROWS:
        return error("table.size", f"row {MAX_ROWS + 1}", f"at most {MAX_ROWS} rows", "more", "Send several files.")
    return Table(rows, f"{shown(delimiter)}-separated, {encoding.removesuffix('-sig')}")


def fixed(raw: bytes, layout: Sequence[Span], lines: re.Pattern[str] | None) -> Table | Issue:
    """A text of fixed width, with the names of its fields as a header in row 0. lines: which of them count."""
    encoding = sniff.encoding(raw)
    rows: list[tuple[int, list[str]]] = [(0, [span.field.value for span in layout])]
    for number, line in enumerate(re.split(r"\r\n|\r|\n", raw.decode(encoding, "replace").replace("\0", "")), 1):
        if not line.strip() or line == "\x1a" or (lines is not None and not lines.search(line)):
            continue
        if len(rows) > MAX_ROWS:
            return error("table.size", f"row {number}", f"at most {MAX_ROWS} rows", "more", "Send several files.")
        rows.append((number, [line[span.first - 1 : span.last].strip() for span in layout]))
    return Table(rows, f"fixed width, {encoding.removesuffix('-sig')}")


def delimiter(chars: str, column: str) -> str:
    """The one that makes a cell of a header that is known; of several, the likeliest."""
    likely = sniff.delimiter(chars[: sniff.SAMPLE]) or ","
    for candidate in (likely, *sniff.DELIMITERS.replace(likely, "")):
        if any(column in cells for _, cells in _rows(chars[: sniff.SAMPLE], candidate, 20)):
            return candidate
    return likely


def _rows(chars: str, delimiter: str, limit: int) -> list[tuple[int, list[str]]]:
    rows: list[tuple[int, list[str]]] = []
    quote = sniff.quote(chars[: sniff.SAMPLE], delimiter)
    reader = csv.reader(StringIO(chars, newline=""), delimiter=delimiter, quotechar=quote)
    before = 0
    while len(rows) < limit:
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error:  # a cell beyond the limit: the rest cannot be cut into cells
            rows.append((before + 1, ["#unreadable"]))
            break
        if any(c.strip() for c in cells):
            rows.append((before + 1, [c.strip() for c in cells[:MAX_COLUMNS]]))
        before = reader.line_num
    return rows


def workbook(raw: bytes) -> Table | Issue:
    """The first sheet that has cells."""
    try:
        book = CalamineWorkbook.from_filelike(BytesIO(raw))
        for name in book.sheet_names:
            sheet = book.get_sheet_by_name(name)
            if sheet.height > MAX_ROWS:
                return error(
                    "table.size", f"sheet {name}", f"at most {MAX_ROWS} rows", str(sheet.height), "Send several files."
                )
            first = sheet.start[0] if sheet.start else 0
            rows = [
                (number, [_cell(c) for c in cells[:MAX_COLUMNS]])
                for number, cells in enumerate(sheet.to_python(skip_empty_area=True), first + 1)
            ]
            rows = [(n, cells) for n, cells in rows if any(cells)]
            if rows:
                return Table(rows, f"workbook, sheet {shown(name)}")
    except PasswordError:
        return error("xlsx.password", "the file", "a workbook without a password", "one with", "Save it unprotected.")
    except (CalamineError, ZipError, OSError, ValueError, KeyError, IndexError) as e:
        return error("xlsx.broken", "the file", "a readable workbook", shown(e), "Open and save it again, or send CSV.")
    return error("xlsx.empty", "the file", "a sheet with rows", "none", "Fill the first sheet.")


def _cell(value: Any) -> str:
    match value:
        case bool():
            return str(value).upper()
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
        case datetime():
            return value.date().isoformat() if (value.hour, value.minute) == (0, 0) else value.isoformat(" ")
        case date():
            return value.isoformat()
        case _:
            return str(value).strip()
