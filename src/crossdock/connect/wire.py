"""What a connector is made of: for each operation, how to ask, how to read the answer, and how to look for the effect.

A connector is data and pure functions; it neither sends nor waits nor knows about retries.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from crossdock import exactjson, telemetry
from crossdock.connect.roles import Arguments, Result
from crossdock.errors import Finding

A = TypeVar("A", bound=Arguments)
R = TypeVar("R", bound=Result)
W = TypeVar("W")


@dataclass(frozen=True, slots=True)
class Ask:
    """One vendor request: a path below the system's base address, its parameters, and the JSON body if any."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    body: Any = None

    def url(self, base: str) -> str:
        return base.rstrip("/") + self.path + ("?" + urlencode(self.query) if self.query else "")

    def content(self) -> bytes:
        return b"" if self.body is None else exactjson.dumps(self.body)


class Misfit(Exception):
    """A vendor's answer is not what its interface promises, or an argument cannot be said in its terms."""

    def __init__(self, where: str, expected: str, found: str) -> None:
        super().__init__(f"{where}: expected {expected}, found {found}")
        self.where, self.expected, self.found = where, expected, found


class Ambiguous(Exception):
    """More than one effect looks like ours: a person must say which, and why there are two."""


@dataclass(frozen=True, slots=True)
class Action:
    """How one vendor does one operation.

    read: the answer's body to the result. lookup and found: where to look for the effect after an unknown outcome, and
    which of what is there is ours (None: it is not there). An operation that only reads needs neither.
    """

    ask: Callable[[Any], Ask]
    read: Callable[[Any, bytes], Result]
    lookup: Callable[[Any], Ask] | None = None
    found: Callable[[Any, bytes], Result | None] | None = None
    absent_when: frozenset[int] = frozenset()  # statuses of the look-up that say it is not there


def action(
    ask: Callable[[A], Ask],
    read: Callable[[A, bytes], R],
    lookup: Callable[[A], Ask] | None = None,
    found: Callable[[A, bytes], R | None] | None = None,
    absent_when: Sequence[int] = (),
) -> Action:
    """An Action whose four functions agree on arguments and result; beyond this point the types are erased."""
    return Action(ask, read, lookup, found, frozenset(absent_when))


@dataclass(frozen=True, slots=True)
class Refusal:
    """A vendor's error in words: its own code, its message, and the place in our request it points to."""

    code: str
    message: str
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """A connector. system: the unit of budgets, breakers and incidents. honours_keys: repeating a call is harmless."""

    name: str
    system: str
    actions: Mapping[str, Action]
    credentials: Callable[[str, str], Mapping[str, str]]  # tenant and key to headers
    refusal: Callable[[bytes], Refusal]
    honours_keys: bool = True

    def refused(self, body: bytes) -> Refusal:
        """A vendor's error, or its first words where it does not have the vendor's form (a proxy in between)."""
        try:
            return self.refusal(body)
        except Misfit:
            return Refusal("", telemetry.redact_text(body[:200].decode(errors="replace")) or "no reason given")


def read(shape: type[W], body: bytes) -> W:
    """A vendor's answer as its type. Raises Misfit."""
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.DecodeError as problem:
        raise Misfit("answer", shape.__name__, str(problem)) from None


def one(matches: Sequence[W], what: str) -> W | None:
    """The only match, or None. Raises Ambiguous."""
    if len(matches) > 1:
        raise Ambiguous(f"{len(matches)} {what} look like this call's effect")
    return matches[0] if matches else None


def segment(value: str) -> str:
    """A value as one path segment: nothing in it can lead to another route."""
    if value in ("", ".", ".."):
        raise Misfit("path", "a reference", repr(value))
    return quote(value, safe="")


def plain(value: Decimal) -> str:
    """Digits without an exponent: 12.50, 100."""
    return format(value, "f")


def whole(value: Decimal, where: str) -> int:
    if value != value.to_integral_value():
        raise Misfit(where, "a whole number of base units", plain(value))
    return int(value)


def finding(code: str, problem: Misfit, fix: str) -> Finding:
    return Finding(code, problem.where, problem.expected, problem.found, fix)
