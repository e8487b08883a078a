"""Functions on strings, and the `@name` formats."""

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any, Final, cast
from urllib.parse import quote, unquote_to_bytes

from crossdock import exactjson
from crossdock.flow.jq import values
from crossdock.flow.jq.limits import CHARACTERS, Meter, too_long
from crossdock.flow.jq.values import NUMBERS, as_text, described, dumps, fail, kind

# Unicode's White_Space and the ASCII controls that jq counts as such
_SPACE: Final = "\t\n\v\f\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_LEADING: Final = re.compile(f"^[{_SPACE}]+")
_TRAILING: Final = re.compile(f"[{_SPACE}]+\\Z")
_LOWER: Final = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_UPPER: Final = {code: code - 32 for code in range(ord("a"), ord("z") + 1)}


def _text(value: Any, complaint: str) -> str:
    if type(value) is not str:
        raise fail(complaint)
    return value


def starts_with(value: Any, part: Any) -> bool:
    complaint = "startswith() requires string inputs"
    return _text(value, complaint).startswith(_text(part, complaint))


def ends_with(value: Any, part: Any) -> bool:
    complaint = "endswith() requires string inputs"
    return _text(value, complaint).endswith(_text(part, complaint))


def trim_left_text(value: Any, part: Any) -> str:
    return value[len(part) :] if starts_with(value, part) else value


def trim_right_text(value: Any, part: Any) -> str:
    return value[: len(value) - len(part)] if ends_with(value, part) else value


def trim_text(value: Any, part: Any) -> str:
    return trim_right_text(trim_left_text(value, part), part)


def trim_left(value: Any) -> str:
    return _LEADING.sub("", _text(value, "trim input must be a string"))


def trim_right(value: Any) -> str:
    text = _text(value, "trim input must be a string")
    end = len(text)
    while end and _LEADING.match(text[end - 1]):
        end -= 1
    return text[:end]


def trim(value: Any) -> str:
    return trim_right(trim_left(value))


def lower(value: Any) -> str:
    return _text(value, "explode input must be a string").translate(_LOWER)


def upper(value: Any) -> str:
    return _text(value, "explode input must be a string").translate(_UPPER)


def explode(value: Any) -> list[int]:
    return [ord(character) for character in _text(value, "explode input must be a string")]


def implode(value: Any) -> str:
    if type(value) is not list:
        raise fail("implode input must be an array")
    return "".join(_character(code) for code in cast(list[Any], value))


def _character(code: Any) -> str:
    if type(code) not in NUMBERS:
        raise fail(f"{described(code)} can't be imploded, unicode codepoint needs to be numeric")
    number = values.whole(code)
    return chr(number) if 0 <= number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF else "\ufffd"


def ascii_letter(value: Any) -> str:
    return _character(value)


def byte_length(value: Any) -> int:
    if type(value) is not str:
        raise fail(f"{described(value)} only strings have UTF-8 byte length")
    return len(value.encode())


def split(value: Any, separator: Any, meter: Meter) -> list[str]:
    complaint = "split input and separator must be strings"
    return values.split(_text(value, complaint), _text(separator, complaint), meter)


def occurrences(value: str, part: str, meter: Meter) -> list[int]:
    """Where `part` begins, overlaps included."""
    found: list[int] = []
    at = value.find(part) if part else -1
    while at >= 0:
        meter.spend(1)
        found.append(at)
        at = value.find(part, at + 1)
    return found


def from_json(value: Any) -> Any:
    if type(value) is not str:
        raise fail(f"{described(value)} only strings can be parsed")
    try:
        return exactjson.loads(value)
    except exactjson.DecodeError as error:
        raise fail(f"{error} (while parsing '{value[:100]}')") from None
    except RecursionError:
        raise fail("Exceeds depth limit for parsing") from None


# formats


def format_named(value: Any, name: Any, meter: Meter) -> str:
    if type(name) is not str:
        raise fail(f"{described(name)} is not a valid format")
    if name not in FORMATS:
        raise fail(f"{name} is not a valid format")
    text = FORMATS[name](value, meter)
    if len(text) > CHARACTERS:
        raise too_long("a string in characters", CHARACTERS)
    return text


def _row(value: Any, separator: str, quoted: Callable[[str], str], name: str, meter: Meter) -> str:
    if type(value) is not list:
        raise fail(f"{described(value)} cannot be {name}-formatted, only array")
    cells: list[str] = []
    for cell in cast(list[Any], value):
        if type(cell) is str:
            cells.append(quoted(cell))
        elif cell is None:
            cells.append("")
        elif type(cell) is bool or type(cell) in NUMBERS:
            cells.append(dumps(cell, meter))
        else:
            raise fail(f"{described(cell)} is not valid in a csv row")
    return separator.join(cells)


def _csv(value: Any, meter: Meter) -> str:
    return _row(value, ",", lambda cell: '"' + cell.replace('"', '""').replace("\0", "\\0") + '"', "csv", meter)


def _tsv(value: Any, meter: Meter) -> str:
    return _row(value, "\t", lambda cell: cell.translate(_TSV), "tsv", meter)


_TSV: Final = str.maketrans({"\t": "\\t", "\r": "\\r", "\n": "\\n", "\\": "\\\\", "\0": "\\0"})
_HTML: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "'": "&apos;", '"': "&quot;", "\0": "\\0"})


def _html(value: Any, meter: Meter) -> str:
    return as_text(value, meter).translate(_HTML)


def _uri(value: Any, meter: Meter) -> str:
    return quote(as_text(value, meter), safe="-_.~")


def _uri_decoded(value: Any, meter: Meter) -> str:
    text = as_text(value, meter)
    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        raise fail(f"{described(text)} is not a valid uri encoding")
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        raise fail(f"{described(text)} is not a valid uri encoding") from None


def _sh(value: Any, meter: Meter) -> str:
    words: list[str] = []
    for word in cast(list[Any], value) if type(value) is list else [value]:
        if type(word) is str:
            words.append("'" + word.replace("'", "'\\''").replace("\0", "\\0") + "'")
        elif kind(word) in ("array", "object"):
            raise fail(f"{described(word)} can not be escaped for shell")
        else:
            words.append(dumps(word, meter))
    return " ".join(words)


def _base64(value: Any, meter: Meter) -> str:
    return base64.b64encode(as_text(value, meter).encode()).decode()


def _base64_decoded(value: Any, meter: Meter) -> str:
    text = as_text(value, meter)
    digits = text.split("=", 1)[0]
    if not _BASE64.fullmatch(digits):
        raise fail(f"{described(text)} is not valid base64 data")
    if len(digits) % 4 == 1:
        raise fail(f"{described(text)} trailing base64 byte found")
    return base64.b64decode(digits + "=" * (-len(digits) % 4)).decode(errors="replace")


_BASE64: Final = re.compile(r"[A-Za-z0-9+/]*")


def _base32(value: Any, meter: Meter) -> str:
    return base64.b32encode(as_text(value, meter).encode()).decode()


def _base32_decoded(value: Any, meter: Meter) -> str:
    text = as_text(value, meter)
    try:
        return base64.b32decode(text + "=" * (-len(text) % 8)).decode(errors="replace")
    except (binascii.Error, ValueError):
        raise fail(f"{described(text)} is not valid base32 data") from None


FORMATS: Final[dict[str, Callable[[Any, Meter], str]]] = {
    "text": as_text,
    "json": dumps,
    "csv": _csv,
    "tsv": _tsv,
    "html": _html,
    "uri": _uri,
    "urid": _uri_decoded,
    "sh": _sh,
    "base64": _base64,
    "base64d": _base64_decoded,
    "base32": _base32,
    "base32d": _base32_decoded,
}
