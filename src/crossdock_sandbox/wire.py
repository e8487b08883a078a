"""What every simulated system has in common on the wire, and nothing of what makes each its own.

A system is a table of routes, each a plain function from `Call` to `Reply`, and a dialect: how it takes its key, how
it words a refusal, how it writes numbers. Handlers are synchronous and never wait, so each request takes effect
whole or not at all.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, TypeVar

import msgspec

T = TypeVar("T")

Reference = Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
Text = Annotated[str, msgspec.Meta(max_length=400)]
LongText = Annotated[str, msgspec.Meta(max_length=100_000)]
Pieces = Annotated[int, msgspec.Meta(ge=1, le=10_000_000)]

exact_numbers = msgspec.json.Encoder(decimal_format="number").encode
exact_strings = msgspec.json.Encoder(decimal_format="string").encode

CENT = Decimal("0.01")


class Common(StrEnum):
    """Refusals that every system makes; each dialect has its own code for them."""

    UNAUTHENTICATED = "unauthenticated"
    NO_ROUTE = "no_route"
    NO_METHOD = "no_method"
    MALFORMED = "malformed"
    INVALID = "invalid"
    TOO_LARGE = "too_large"
    TOO_SLOW = "too_slow"
    KEY_REUSED = "key_reused"
    THROTTLED = "throttled"
    UNAVAILABLE = "unavailable"
    BROKEN = "broken"


COMMON_STATUS: Mapping[Common, int] = {
    Common.UNAUTHENTICATED: 401,
    Common.NO_ROUTE: 404,
    Common.NO_METHOD: 405,
    Common.MALFORMED: 400,
    Common.INVALID: 422,
    Common.TOO_LARGE: 413,
    Common.TOO_SLOW: 408,
    Common.KEY_REUSED: 422,
    Common.THROTTLED: 429,
    Common.UNAVAILABLE: 503,
    Common.BROKEN: 500,
}


class Refused(Exception):
    """An answer that is not the one asked for. `code` is the vendor's, or a Common one for the dialect to word."""

    def __init__(self, status: int, code: str, text: str, target: str | None = None) -> None:
        super().__init__(text)
        self.status, self.code, self.text, self.target = status, code, text, target


def refused(kind: Common, text: str, target: str | None = None) -> Refused:
    return Refused(COMMON_STATUS[kind], kind, text, target)


@dataclass(frozen=True, slots=True)
class Call:
    arguments: Mapping[str, str]  # from the path
    query: Mapping[str, str]
    body: bytes
    now: datetime  # business time

    def read(self, decoder: msgspec.json.Decoder[T]) -> T:
        """The body as the decoder's type, or a refusal that names the offending field."""
        return decoded(self.body, decoder)

    def matches(self, **values: str) -> bool:
        """Whether each value equals the query parameter of that name, where the query has it."""
        return all(self.query.get(name, value) == value for name, value in values.items())

    def window(self) -> tuple[int, int]:
        """(skip, top) of a paged list; nonsense means the default."""
        skip, top = self.query.get("skip", ""), self.query.get("top", "")
        return (
            int(skip) if skip.isascii() and skip.isdigit() and len(skip) < 9 else 0,
            min(int(top), 500) if top.isascii() and top.isdigit() and len(top) < 9 else 100,
        )


@dataclass(frozen=True, slots=True)
class Reply:
    content: object
    status: int = 200


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    path: str  # template: /api/Items/{MatNo}
    operation: str  # operationId of the OpenAPI document; faults may be aimed at it
    handle: Callable[[Call], Reply]


@dataclass(frozen=True, slots=True)
class Dialect:
    system: str
    credential: Callable[[str, str], tuple[str, str]]  # (tenant, key) -> (header in lower case, value)
    error: Callable[[Refused], object]
    codes: Mapping[Common, str]
    encode: Callable[[object], bytes] = exact_numbers
    error_type: str = "application/json"
    invalid_status: int = 422
    honours_keys: bool = True

    def refusal(self, refusal: Refused) -> tuple[int, bytes]:
        """Status and body of a refusal, in this system's words."""
        status = self.invalid_status if refusal.code == Common.INVALID else refusal.status
        code = self.codes[refusal.code] if isinstance(refusal.code, Common) else refusal.code
        return status, self.encode(self.error(Refused(status, code, refusal.text, refusal.target)))


@dataclass(slots=True)
class Numbering:
    """Document numbers of one kind: a prefix and a running number of fixed width."""

    prefix: str
    width: int
    last: int = field(default=0)

    def next(self) -> str:
        self.last += 1
        return f"{self.prefix}{self.last:0{self.width}d}"


_AT = re.compile(r" - at `\$\.?(.*)`$", re.DOTALL)


def decoded(body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        where = _AT.search(str(error))
        raise refused(Common.INVALID, _AT.sub("", str(error)), where.group(1) if where else None) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise refused(Common.MALFORMED, f"The body is not valid JSON: {error}") from None


def plain(value: Decimal, target: str) -> Decimal:
    """The value, if it is an ordinary business number: finite, under 10^12, at most six decimals, no exponent."""
    if not value.is_finite() or value.adjusted() > 11 or not -6 <= int(value.as_tuple().exponent) <= 0:
        raise refused(Common.INVALID, "Expected a plain number under 10^12 with at most 6 decimals", target)
    return value
