"""Cuts the text of an expression into tokens.

A string is one token whose parts are text and, for each `\\(…)`, the tokens inside it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from crossdock.flow.jq import limits
from crossdock.flow.jq.faults import ExpressionError


class Kind(StrEnum):
    NUMBER = "number"
    STRING = "string"
    FIELD = "field"
    VARIABLE = "variable"
    FORMAT = "format"
    NAME = "name"
    KEYWORD = "keyword"
    SIGN = "sign"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """text: without the leading `.`, `$` or `@` of a field, variable or format. parts: of a string only."""

    kind: Kind
    text: str
    offset: int
    parts: "tuple[str | tuple[Token, ...], ...]" = ()

    def __str__(self) -> str:
        match self.kind:
            case Kind.END:
                return "the end of the expression"
            case Kind.STRING:
                return "a string"
            case Kind.FIELD:
                return f"'.{self.text}'"
            case Kind.VARIABLE:
                return f"'${self.text}'"
            case Kind.FORMAT:
                return f"'@{self.text}'"
            case _:
                return f"'{self.text}'"


KEYWORDS: Final = frozenset(
    """
    and as break catch def elif else end foreach if import include label module or reduce then try
    """.split()  # noqa: SIM905  a list of words, read as one
)

_TOKEN: Final = re.compile(
    r"""
    (?P<space>(?:[ \t\r\n]|\#(?:\\(?:\\|\r?\n)|[^\n])*)+)
  | (?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
  | (?P<field>\.[A-Za-z_][A-Za-z0-9_]*)
  | (?P<variable>\$[A-Za-z_][A-Za-z0-9_]*(?:::[A-Za-z_][A-Za-z0-9_]*)*)
  | (?P<format>@[A-Za-z0-9_]+)
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*(?:::[A-Za-z_][A-Za-z0-9_]*)*)
  | (?P<sign>\?//|//=|\.\.|==|!=|<=|>=|\|=|\+=|-=|\*=|/=|%=|//|[][(){}.,:;|=<>+\-*/%?])
  | (?P<quote>")
    """,
    re.VERBOSE,
)
_PLAIN: Final = re.compile(r'[^"\\]+')
_ESCAPES: Final = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_HEX: Final = re.compile(r"[0-9a-fA-F]{4}")
_OPENERS: Final = "([{"
_CLOSERS: Final = ")]}"


def tokens(source: str) -> tuple[Token, ...]:
    """All tokens, ending with one of kind END."""
    if len(source) > limits.SOURCE_CHARACTERS:
        raise ExpressionError(f"Expected at most {limits.SOURCE_CHARACTERS:,} characters, found {len(source):,}")
    return _Lexer(source).run()


class _Lexer:
    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0
        self.nesting = 0

    def run(self) -> tuple[Token, ...]:
        found = tuple(self._until_close(inside_string=False))
        return (*found, Token(Kind.END, "", len(self.source)))

    def _until_close(self, *, inside_string: bool) -> Iterator[Token]:
        """Tokens up to the end, or up to the `)` that closes an interpolation."""
        opened = 0
        while self.at < len(self.source):
            start = self.at
            match = _TOKEN.match(self.source, start)
            if match is None:
                raise ExpressionError(f"Expected an expression, found the character {self.source[start]!r}", start)
            self.at = match.end()
            text = match.group()
            match match.lastgroup:
                case "space":
                    continue
                case "quote":
                    yield self._string(start)
                case "field" | "variable" | "format" as kind:
                    yield Token(Kind(kind), text[1:], start)
                case "name":
                    yield Token(Kind.KEYWORD if text in KEYWORDS else Kind.NAME, text, start)
                case "number":
                    yield Token(Kind.NUMBER, text, start)
                case _:
                    if text in _OPENERS:
                        opened += 1
                        self._nest(start)
                    elif text in _CLOSERS:
                        if not opened and inside_string and text == ")":
                            self.nesting -= 1
                            return
                        opened -= 1
                        self.nesting -= 1
                    yield Token(Kind.SIGN, text, start)
        if inside_string:
            raise ExpressionError("Expected ')' that closes '\\(', found the end of the expression", self.at)

    def _nest(self, offset: int) -> None:
        self.nesting += 1
        if self.nesting > limits.NESTING:
            raise ExpressionError(f"Expected at most {limits.NESTING} nested brackets, found more", offset)

    def _string(self, start: int) -> Token:
        parts: list[str | tuple[Token, ...]] = []
        text: list[str] = []
        while True:
            if self.at >= len(self.source):
                raise ExpressionError("Expected '\"' that closes the string, found the end of the expression", start)
            if plain := _PLAIN.match(self.source, self.at):
                text.append(plain.group())
                self.at = plain.end()
                continue
            if self.source[self.at] == '"':
                self.at += 1
                break
            if self.source.startswith("\\(", self.at):
                self._nest(self.at)
                self.at += 2
                parts.append("".join(text))
                text.clear()
                inner = tuple(self._until_close(inside_string=True))
                parts.append((*inner, Token(Kind.END, "", self.at - 1)))
            else:
                text.append(self._escape())
        parts.append("".join(text))
        return Token(Kind.STRING, "", start, tuple(parts))

    def _escape(self) -> str:
        start = self.at
        letter = self.source[start + 1 : start + 2]
        if letter == "u":
            code = self._hex(start)
            # a high surrogate counts only with its low half; a lone half becomes U+FFFD, as in jq
            if 0xD800 <= code < 0xDC00 and self.source.startswith("\\u", self.at):
                after_high = self.at
                low = self._hex(self.at)
                if 0xDC00 <= low < 0xE000:
                    return chr(0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00))
                self.at = after_high
            return chr(code) if not 0xD800 <= code < 0xE000 else "\ufffd"
        if letter not in _ESCAPES:
            raise ExpressionError(f"Expected an escape such as \\n, \\\" or \\u00e9, found '\\{letter}'", start)
        self.at += 2
        return _ESCAPES[letter]

    def _hex(self, start: int) -> int:
        digits = _HEX.match(self.source, start + 2)
        if digits is None:
            raise ExpressionError("Expected four hexadecimal digits after \\u", start)
        self.at = digits.end()
        return int(digits.group(), 16)
