"""JSON that keeps numbers exact.

Integers stay `int` at any size, fractions and exponents become `Decimal`, and a `Decimal` is written back as a
JSON number with all its digits. Every stored or exchanged document goes through these functions, so that an
18-digit SSCC and a price of 0.10 survive any number of round trips.
"""

from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

import msgspec

Json: TypeAlias = "bool | int | Decimal | str | list[Json] | dict[str, Json] | None"

_decoder = msgspec.json.Decoder(float_hook=Decimal)
_encoder = msgspec.json.Encoder(decimal_format="number")
_sorted_encoder = msgspec.json.Encoder(decimal_format="number", order="sorted")

DecodeError = msgspec.DecodeError


def loads(data: bytes | str) -> Any:
    """The value of one JSON text. Raises DecodeError, which names the byte position where the text itself is wrong."""
    try:
        return _decoder.decode(data)
    except RecursionError:
        raise DecodeError("JSON is nested too deeply: expected at most some hundred levels") from None
    except InvalidOperation:
        raise DecodeError("JSON has a number whose exponent is too large to keep exactly") from None


def dumps(value: Any) -> bytes:
    """The value as compact UTF-8 JSON; accepts dataclasses, Structs, Decimals, datetimes (RFC 3339) and enums."""
    return _encoder.encode(value)


def text(value: Any) -> str:
    """As `dumps`, but str: what asyncpg takes for a json or jsonb parameter."""
    return _encoder.encode(value).decode()


def canonical(value: Any) -> bytes:
    """As `dumps`, but with sorted keys: equal values give equal bytes, which is what a hash is taken of."""
    return _sorted_encoder.encode(value)


def indented(value: Any) -> bytes:
    """As `dumps`, for people and their version control: two spaces a level, one value a line."""
    return msgspec.json.format(_encoder.encode(value), indent=2) + b"\n"


def plain(value: Any) -> Any:
    """The value as JSON builtins (dict, list, str, int, Decimal, bool, None)."""
    return loads(dumps(value))
