"""One value of a file changed, and every other byte left as it was, as far as the format allows.

Segments are spliced where they stand. XML and JSON are written anew from their tree, a table from its cells: what they
say is the same but for the value. A workbook is not edited. Raises PartnerError for a place that is not there, or a
value that the format has no way to write there.
"""

import csv
import io
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NoReturn, cast

from lxml import etree

from crossdock import exactjson
from crossdock.errors import Finding, PartnerError
from crossdock.partners import sniff
from crossdock.partners.edifact import tokens as edifact
from crossdock.partners.lineage import InCell, InElement, InMember, InSegment, Place, member
from crossdock.partners.maps.xml.places import path as path_of
from crossdock.partners.model import Format
from crossdock.partners.numbers import amount
from crossdock.partners.tabular import read as tables
from crossdock.partners.x12 import tokens as x12
from crossdock.partners.xml import safe

MAX_VALUE = 500


def splice(raw: bytes, format: Format, place: Place, value: str) -> tuple[bytes, str]:
    """The file with the value in its place, and what stood there before."""
    if len(value) > MAX_VALUE or not value.isprintable():
        _refuse(str(place), f"at most {MAX_VALUE} characters on one line", value[:40])
    match place:
        case InSegment() if format is Format.X12:
            return _x12(raw, place, value)
        case InSegment() if format is Format.EDIFACT:
            return _edifact(raw, place, value)
        case InElement() if format is Format.XML:
            return _xml(raw, place, value)
        case InMember() if format in {Format.JSON, Format.MANUAL}:
            return _json(raw, place, value)
        case InCell() if format is Format.CSV:
            return _csv(raw, place, value)
        case _:
            return _refuse(str(place), f"a place in {format.value} that can be edited", "another")


def _refuse(where: str, expected: str, found: str) -> NoReturn:
    text = "Choose a place that the document has; else ask the sender to correct it."
    raise PartnerError([Finding("edit.place", where, expected, found, text)])


# --- segments -------------------------------------------------------------------------------------------------------


def _chars(raw: bytes, charset: str = "") -> tuple[str, str]:
    """As the tokenizers decode it; only what comes back as the same bytes is edited."""
    for name in ("utf-8", charset, "cp1252", "latin-1"):
        try:
            if name and (text := raw.decode(name)).encode(name) == raw:
                return text, name
        except UnicodeError:
            continue
    _refuse("the file", "one character set", "several")


def _set(elements: list[str], separator: str, place: InSegment, value: str, parts: Sequence[str]) -> str:
    """Sets a component in a segment's elements (0 is its identifier); returns what stood there."""
    while len(elements) <= place.element:
        elements.append("")
    if place.component < 1 or (place.component == 1 and len(parts) <= 1):
        before, elements[place.element] = elements[place.element], value
        return before
    found = [*parts, *[""] * (place.component - len(parts))]
    before, found[place.component - 1] = found[place.component - 1], value
    elements[place.element] = separator.join(found)
    return before


def _x12(raw: bytes, place: InSegment, value: str) -> tuple[bytes, str]:
    interchanges, _ = x12.read(raw)
    for interchange in interchanges:
        marks = interchange.delimiters
        at = next((s for s in interchange.segments if s.index == place.index), None)
        if at is None:
            continue
        _editable(at.id, place, ("ISA", "IEA", "GS", "GE", "ST", "SE"))
        if any(c in value for c in (marks.element, marks.segment, marks.component, marks.repetition) if c):
            _refuse(str(place), f"none of the delimiters {marks.element} {marks.segment} {marks.component}", value)
        _, charset = _chars(raw)
        rest = raw[at.offset :]
        end = rest.find(marks.segment.encode(charset))
        body = rest[: end if end >= 0 else len(rest)].decode(charset)
        if not body.startswith(at.id):
            _refuse(str(place), f"the segment {at.id}", "lines that are cut at a width")
        elements = body.split(marks.element)
        old = elements[place.element] if place.element < len(elements) else ""
        before = _set(elements, marks.component, place, value, old.split(marks.component) if marks.component else [old])
        new = marks.element.join(elements).encode(charset)
        return raw[: at.offset] + new + rest[len(body.encode(charset)) :], before.strip()
    _refuse(str(place), "a segment of the file", f"no segment {place.index + 1}")


def _editable(id: str, place: InSegment, envelope: tuple[str, ...]) -> None:
    if id in envelope or place.element < 1 or place.element > 99:
        _refuse(str(place), "an element within the document, not of its envelope", id)


def _edifact(raw: bytes, place: InSegment, value: str) -> tuple[bytes, str]:
    interchanges, _ = edifact.read(raw)
    for interchange in interchanges:
        syntax = interchange.syntax
        at = next((s for s in interchange.segments if s.index == place.index), None)
        if at is None:
            continue
        _editable(at.id, place, ("UNB", "UNZ", "UNG", "UNE", "UNH", "UNT"))
        special = {syntax.component, syntax.element, syntax.segment, syntax.release, syntax.repetition} - {""}
        if not syntax.release and any(c in value for c in special):
            _refuse(str(place), "no delimiter: the file has no release character", value)
        written = "".join(f"{syntax.release}{c}" if c in special else c for c in value)
        _, charset = _chars(raw, edifact.charset(raw))
        rest = raw[at.offset :].decode(charset)
        body, _ = edifact.body(rest, 0, syntax)
        elements = edifact.split(body, syntax.element, syntax, keep=True)
        old = elements[place.element] if place.element < len(elements) else ""
        parts = edifact.split(old, syntax.component, syntax, keep=True)
        before = _set(elements, syntax.component, place, written, parts)
        new = syntax.element.join(elements)
        told = edifact.split(before, "\0", syntax)[0]
        return raw[: at.offset] + (new + rest[len(body) :]).encode(charset), told.strip()
    _refuse(str(place), "a segment of the file", f"no segment {place.index + 1}")


# --- trees and tables -----------------------------------------------------------------------------------------------


def _xml(raw: bytes, place: InElement, value: str) -> tuple[bytes, str]:
    root = safe.read(raw).root
    if root is None:
        _refuse(str(place), "XML that can be read", "none")
    found = next((e for e in root.iter(etree.Element) if path_of(e) == place.path), None)
    if found is None:
        _refuse(str(place), "an element of the file", "none there")
    if place.attribute:
        before = found.get(place.attribute) or ""
        found.set(place.attribute, value)
    elif len(found):
        _refuse(str(place), "an element that holds a text", "one that holds others")
    else:
        before, found.text = found.text or "", value
    tree = root.getroottree()
    return etree.tostring(tree, xml_declaration=True, encoding=tree.docinfo.encoding or "UTF-8"), before.strip()


def _json(raw: bytes, place: InMember, value: str) -> tuple[bytes, str]:
    try:
        data: Any = exactjson.loads(raw.removeprefix(b"\xef\xbb\xbf"))
    except exactjson.DecodeError as e:
        _refuse(str(place), "JSON that can be read", str(e))
    of, _, last = place.pointer.rpartition("/")
    holder, name = member(data, of) if of else data, last.replace("~1", "/").replace("~0", "~")
    before = member(data, place.pointer)
    number = amount(value) if isinstance(before, int | Decimal) and not isinstance(before, bool) else None
    new: Any = value if number is None else number
    if isinstance(holder, dict):
        cast("dict[str, Any]", holder)[name] = new
    elif isinstance(holder, list) and name.isdigit() and int(name) < len(cast("list[Any]", holder)):
        cast("list[Any]", holder)[int(name)] = new
    else:
        _refuse(str(place), "a member of the file", "none there")
    if isinstance(before, dict | list):
        _refuse(str(place), "a single value", "an object or list")
    return exactjson.dumps(data), "" if before is None else str(before)


def _csv(raw: bytes, place: InCell, value: str) -> tuple[bytes, str]:
    encoding = sniff.encoding(raw)
    text = raw.decode(encoding, "replace")
    delimiter = tables.delimiter(text, place.column)
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n" if "\r\n" in text else "\n")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    before: str | None = None
    start = 1
    for row in reader:
        if start == place.row:
            row += [""] * (place.cell + 1 - len(row))
            before, row[place.cell] = row[place.cell], value
        writer.writerow(row)
        start = reader.line_num + 1
    if before is None:
        _refuse(str(place), "a row of the file", "none there")
    mark = b"\xef\xbb\xbf" if raw.startswith(b"\xef\xbb\xbf") else b""
    return mark + out.getvalue().encode(encoding.removesuffix("-sig")), before.strip()
