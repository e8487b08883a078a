"""Regular expressions: jq's `test`, `match`, `sub` and their kin on RE2, which takes time linear in the text.

jq's own engine (Oniguruma) backtracks, so that a hostile pattern runs for ever; RE2 cannot. What it has no equal for
(look-around, back-references, `\\b` beyond ASCII, …) is refused here with `NoEqual`, and the expression goes to the
library instead when the pattern is known beforehand. `\\d \\w \\s` and POSIX classes mean Unicode, as in jq.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Protocol, cast

import re2  # pyright: ignore[reportMissingTypeStubs]

from crossdock.flow.jq import limits
from crossdock.flow.jq.limits import Meter
from crossdock.flow.jq.values import add, described, fail

_engine: Any = re2  # has no types; what is used of it is stated by the protocols below


class NoEqual(Exception):
    """The pattern has a construct that means something else in RE2, or nothing."""


class _Match(Protocol):
    """What is used of an RE2 match."""

    def span(self, group: int = 0) -> tuple[int, int]: ...


class _Compiled(Protocol):
    groups: int
    groupindex: dict[str, int]

    def search(self, text: str, pos: int = 0) -> _Match | None: ...

    def finditer(self, text: str) -> Iterator[_Match]: ...


@dataclass(frozen=True, slots=True)
class Pattern:
    """every: all matches, not the first only. keep_empty: matches of no characters count. dollar: it may have `$`."""

    compiled: _Compiled
    names: tuple[str | None, ...]
    every: bool
    keep_empty: bool
    dollar: bool


_WORD: Final = r"\p{L}\p{M}\p{Nd}\p{Pc}"
_SPACE: Final = r"\t\n\x0b\x0c\r \x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}"
_CLASSES: Final = {"d": r"\p{Nd}", "w": _WORD, "s": _SPACE, "h": "0-9a-fA-F"}
_POSIX: Final = {
    "alpha": r"\p{L}\p{M}", "digit": r"\p{Nd}", "alnum": r"\p{L}\p{M}\p{Nd}", "upper": r"\p{Lu}", "lower": r"\p{Ll}",
    "space": _SPACE, "xdigit": "0-9a-fA-F", "word": _WORD,
}  # fmt: skip
_LITERAL_ESCAPES: Final = frozenset("tnrfave.\\/|()[]{}^$*+?-\"'`~!@#%&=:;<>, _")
_PIECE: Final = re.compile(
    r"""
    (?P<escape>\\(?:x\{[0-9a-fA-F]{1,6}\}|x[0-9a-fA-F]{2}|[pP]\{\^?[A-Za-z_]+\}|.))
  | (?P<group>\((?:\?(?::|<[A-Za-z_][A-Za-z0-9_]*>|[ims]+(?:-[ims]+)?[:)])|(?!\?)))
  | (?P<posix>\[:\^?[a-z]+:\])
  | (?P<plain>.)
    """,
    re.VERBOSE | re.DOTALL,
)


@lru_cache(maxsize=512)
def compiled(source: str, flags: str) -> Pattern:
    """Raises EvaluationError for a wrong pattern or flag, NoEqual for one that only the library understands."""
    if len(source) > limits.PATTERN_CHARACTERS:
        raise limits.too_long("a pattern in characters", limits.PATTERN_CHARACTERS)
    if not set(flags) <= set("gimsxpln"):
        raise fail(f"{flags} is not a valid modifier string")
    if "x" in flags or "l" in flags:
        raise NoEqual("the flags 'x' and 'l'")
    options = _engine.Options()
    options.never_nl = False
    options.log_errors = False
    options.case_sensitive = "i" not in flags
    options.dot_nl = "m" in flags or "p" in flags
    options.max_mem = 8 << 20
    try:
        program = cast(_Compiled, _engine.compile(_translated(source), options))
        names: list[str | None] = [None] * program.groups
        for name, at in program.groupindex.items():
            names[at - 1] = name
    except _engine.error as error:
        raise fail(f"Regex failure: {error}") from None
    return Pattern(program, tuple(names), "g" in flags, "n" not in flags, "$" in source)


def _translated(source: str) -> str:
    """The pattern in RE2's words. Raises NoEqual where RE2 has none, or other ones for the same sign."""
    out: list[str] = []
    inside = False
    named = "(?<" in source
    for piece in _PIECE.finditer(source):
        text = piece.group()
        match piece.lastgroup:
            case "escape":
                out.append(_escape(text, inside))
            case "posix" if inside:
                name = text[2:-2]
                if name not in _POSIX:
                    raise NoEqual(f"the class {text}")
                out.append(_POSIX[name])
            case "posix":
                raise NoEqual(f"{text} outside a set")
            case "group" if inside:
                out.append(text)
            case "group":
                # with named groups Oniguruma still captures plain ones here, because jq asks it to
                out.append(text.replace("(?<", "(?P<") if named else text)
            case _:
                if inside:
                    if text == "[" or source.startswith("&&", piece.start()):
                        raise NoEqual("a set within a set")
                    inside = text != "]" or out[-1] in ("[", "[^")
                    if text == "^" and out[-1] == "[":
                        out[-1] = "[^"
                        continue
                elif text == "[":
                    inside = True
                elif text == "(":
                    raise NoEqual("a special group such as look-ahead")
                elif text == "+" and out and out[-1] in ("*", "+", "?", "}"):
                    raise NoEqual("a possessive repeat")
                out.append(text)
    return "".join(out)


def _escape(text: str, inside: bool) -> str:
    letter = text[1:]
    if letter in _CLASSES:
        return _CLASSES[letter] if inside else f"[{_CLASSES[letter]}]"
    if letter.lower() in _CLASSES and not inside:
        return f"[^{_CLASSES[letter.lower()]}]"
    if letter == "A" and not inside:
        return r"\A"
    if letter == "z" and not inside:
        return r"\z"
    if letter in _LITERAL_ESCAPES and letter not in "ave":
        return text if letter in "tnrf" else re.escape(letter)
    if letter[:1] in ("x", "p", "P") and len(letter) > 1:
        return text
    raise NoEqual(f"{text}")


def find(text: Any, source: Any, flags: Any, meter: Meter, *, test: bool = False) -> list[dict[str, Any]]:
    """jq's match objects, in order. With `test`, at most one and without its details."""
    if type(text) is not str:
        raise fail(f"{described(text)} cannot be matched, as it is not a string")
    if type(source) is not str:
        raise fail(f"{described(source)} is not a string")
    if flags is not None and type(flags) is not str:
        raise fail(f"{described(flags)} is not a string")
    try:
        pattern = compiled(source, flags or "")
    except NoEqual as missing:
        raise fail(f"Regex failure: {missing} cannot be used in a pattern that is computed at run time") from None
    found: list[dict[str, Any]] = []
    meter.spend(len(text) >> 6)
    for match in _matches(pattern, text, meter):
        start, end = match.span()
        if end > start or pattern.keep_empty:
            if test:
                return [{}]
            found.append(_described_match(text, match, pattern))
        meter.spend(1)
        if not pattern.every:
            break
    return found


def _matches(pattern: Pattern, text: str, meter: Meter) -> Iterator[_Match]:
    """All matches, one after the other. RE2 walks through the text once, unless `$` must be looked at in two ways."""
    if not (pattern.dollar and text.endswith("\n")):
        yield from pattern.compiled.finditer(text)
        return
    at = 0
    while at <= len(text):
        match = _search(pattern, text, at)
        if match is None:
            return
        yield match
        meter.spend((len(text) - at) >> 8)
        start, end = match.span()
        at = end if end > start else end + 1


def _search(pattern: Pattern, text: str, at: int) -> _Match | None:
    match = pattern.compiled.search(text, at)
    if at == len(text):
        return match
    # RE2's `$` is the very end of the text, jq's also the place before a line break that ends it: look there too
    shorter = pattern.compiled.search(text[:-1], at)
    if match is None or (shorter is not None and shorter.span()[0] < match.span()[0]):
        return shorter
    return match


def _described_match(text: str, match: _Match, pattern: Pattern) -> dict[str, Any]:
    start, end = match.span()
    captures: list[dict[str, Any]] = []
    for group, name in enumerate(pattern.names, start=1):
        first, last = match.span(group)
        missing = first < 0
        captures.append(
            {
                "offset": first,
                "length": 0 if missing else last - first,
                "string": None if missing else text[first:last],
                "name": name,
            }
        )
    return {"offset": start, "length": end - start, "string": text[start:end], "captures": captures}


def split(text: Any, source: Any, flags: Any, meter: Meter) -> list[str]:
    """The text between all matches."""
    parts: list[str] = []
    at = 0
    for match in find(text, source, add(flags, "g", meter), meter):
        parts.append(text[at : match["offset"]])
        at = match["offset"] + match["length"]
    parts.append(text[at:])
    return parts
