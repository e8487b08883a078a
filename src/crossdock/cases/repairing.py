"""What a person corrected in an exception, held against the schema of what it repairs, before anything runs by it.

An item number under a word that no catalogue knows would be refused by a system minutes later, as a failed call that
says nothing of the form it came from. Schemas are by the kind of exception (library/cases/data.schema.json): the data
of an `order-invalid` are members of the canonical order. A kind without a schema takes what its pointers allow.

Only what the edit brought is complained of. An order that came in with something odd may go on with it: that is what
the exception is about, and whoever corrects one line need not answer for another.
"""

from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any, cast

import jsonschema

from crossdock import exactjson
from crossdock.errors import Finding

MOST = 20  # findings that are told at once
LONGEST = 60  # characters of what was found


@cache
def _schemas() -> dict[str, Any]:
    return exactjson.loads(files("crossdock.library").joinpath("cases", "data.schema.json").read_bytes())


@cache
def _validator(kind: str) -> Any:
    whole = _schemas()
    own = whole["properties"].get(kind)
    if own is None:
        return None
    document = {"$schema": whole["$schema"], "$defs": whole["$defs"], **own}
    return jsonschema.Draft202012Validator(document, format_checker=jsonschema.FormatChecker(["date"]))  # pyright: ignore[reportUnknownMemberType]


def findings(kind: str, before: Any, after: Any) -> list[Finding]:
    """What is wrong with data as edited that was not wrong with them as they were. before, after: plain JSON."""
    validator = _validator(kind)
    if validator is None or before == after:
        return []
    stood = {(f.where, f.expected, f.found) for f in _all(validator, before)}
    return [f for f in _all(validator, after) if (f.where, f.expected, f.found) not in stood][:MOST]


def _all(validator: Any, data: Any) -> list[Finding]:
    found = [f for e in validator.iter_errors(data) for f in _told(e)]
    return sorted({*found, *_twice(data)}, key=lambda f: (f.where, f.expected))


def _twice(data: Any) -> Iterable[Finding]:
    """Two lines of one number: what becomes of one of them would be said of both."""
    lines = cast("dict[str, Any]", data).get("lines") if isinstance(data, dict) else None
    seen: set[str] = set()
    for at, line in enumerate(cast("list[Any]", lines) if isinstance(lines, list) else []):
        number = str(cast("dict[str, Any]", line).get("line")) if isinstance(line, dict) else ""
        if number and number in seen:
            yield _finding(f"/lines/{at}/line", "a number that no other line has", number, "Number the lines anew.")
        seen.add(number)


def _told(error: Any) -> Iterable[Finding]:
    where, value = "".join(f"/{p}" for p in error.absolute_path), error.instance
    wanted: Any = error.validator_value
    match error.validator:
        case "required":
            for name in wanted:
                if name not in value:
                    yield _finding(f"{where}/{name}", f"the member {name}", None, "Add it.")
        case "additionalProperties":
            known = error.schema.get("properties", {})
            for name in sorted(str(k) for k in value if k not in known):
                yield _finding(f"{where}/{name}", f"one of {', '.join(known)}", name, "Rename it, or take it away.")
        case "anyOf":  # null, or what the last of them says
            for inner in error.context:
                if inner.schema.get("type") != "null":
                    yield from _told(inner)
        case "enum":
            yield _finding(where, f"one of {', '.join(wanted)}", value, "Use one of these.")
        case "type":
            kinds = wanted if isinstance(wanted, str) else " or ".join(wanted)
            yield _finding(where, _NAMES.get(kinds, kinds), value, "Correct the value.")
        case "pattern" | "format":
            expected = "a day as 2026-12-31" if "date" in (wanted, error.schema.get("format")) else _SHAPES.get(wanted)
            yield _finding(where, expected or f"a text like {wanted}", value, "Correct the value.")
        case _:
            expected = f"{_BOUNDS.get(error.validator, error.validator)} {wanted}"
            yield _finding(where, expected, value, "Correct the value.")


_NAMES = {"number or null": "a number, or nothing", "string or null": "a text, or nothing", "number": "a number",
          "string": "a text", "array": "a list", "object": "an object"}  # fmt: skip
_SHAPES = {
    "^[A-Z]{3}$": "a currency as EUR", "^([A-Z]{2})?$": "a country as SE",
    "^[^\\u0000-\\u001f]+$": "a printable text", "^[^\u0000-\u001f]+$": "a printable text",
}  # fmt: skip
_BOUNDS = {
    "minimum": "at least", "maximum": "at most", "exclusiveMinimum": "above", "minLength": "characters, at least",
    "maxLength": "characters, at most", "minItems": "entries, at least", "maxItems": "entries, at most",
}  # fmt: skip


def _finding(where: str, expected: str, found: Any, fix: str) -> Finding:
    told = "nothing" if found is None else found if isinstance(found, str) else exactjson.text(found)
    return Finding("case.data", f"/data{where}", expected, told[:LONGEST], fix)
