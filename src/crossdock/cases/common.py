"""What all kinds of work share: numbers, events, deadlines, pages of a list, and whom a call came from."""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Generic, TypeVar, cast
from uuid import UUID

from crossdock import exactjson
from crossdock.db import Tx, queries
from crossdock.errors import Finding, PartnerError
from crossdock.events import outbox
from crossdock.flow import durations
from crossdock.flow.facts import Error
from crossdock.flow.faults import VALIDATION
from crossdock.flow.outcomes import Failed

SQL = queries("crossdock.cases", "common.sql")
SYSTEM = "system"  # the actor of what happens by itself
T = TypeVar("T")


class Misuse(Exception):
    """A workflow called one of our functions with arguments that cannot be right."""


def misused(function: str, error: Misuse) -> Failed:
    return Failed(Error(VALIDATION, 400, f"Wrong arguments of {function}", str(error)))


async def number(tx: Tx, tenant_id: str, prefix: str) -> str:
    """EX-1001, EX-1002, …"""
    return f"{prefix}-{await tx.fetchval(SQL['next_number'], tenant_id, prefix)}"


async def publish(tx: Tx, tenant_id: str, type: str, order: str, now: datetime, data: Mapping[str, Any]) -> None:
    """`crossdock.<type>` about an order; `data` has `order` added."""
    event = {
        "type": f"crossdock.{type}",
        "subject": order,
        "time": now.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "data": {"order": order, **data},
    }
    await outbox.publish(tx, tenant_id, event)


# ── reading arguments ────────────────────────────────────────────────────────────────────────────────────────────


class Arguments:
    """The arguments of a call, read with the type that is expected; Misuse names the one that is not."""

    def __init__(self, given: Any) -> None:
        if not isinstance(given, Mapping):
            raise Misuse(f"expected named arguments, found {type(given).__name__}")
        self._given = cast("Mapping[str, Any]", given)

    def text(self, name: str, default: str | None = None) -> str:
        value = self._given.get(name)
        if value is None or value == "":
            if default is None:
                raise Misuse(f"expected a text as `{name}`, found none")
            return default
        if not isinstance(value, str):
            return exactjson.text(value)
        return value

    def optional(self, name: str) -> str | None:
        return self.text(name, "") or None

    def amount(self, name: str) -> Decimal | None:
        value = self._given.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise Misuse(f"expected a number as `{name}`, found {value!r}")
        return Decimal(value)

    def flag(self, name: str, default: bool) -> bool:
        value = self._given.get(name, default)
        if not isinstance(value, bool):
            raise Misuse(f"expected true or false as `{name}`, found {value!r}")
        return value

    def json(self, name: str, default: Any = None) -> Any:
        value = self._given.get(name)
        return default if value is None else value

    def mapping(self, name: str) -> Mapping[str, Any] | None:
        value = self._given.get(name)
        if value is not None and not isinstance(value, Mapping):
            raise Misuse(f"expected an object as `{name}`, found {_shown(value)}")
        return cast("Mapping[str, Any] | None", value)

    def moment(self, name: str) -> datetime | None:
        value = self._given.get(name)
        if value is None or value == "":
            return None
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            raise Misuse(f"expected a time with its zone as `{name}`, found {_shown(value)}")
        return moment

    def texts(self, name: str) -> list[str]:
        value = self.json(name, [])
        if not isinstance(value, list):
            raise Misuse(f"expected a list of texts as `{name}`, found {value!r}")
        return [v for v in cast("list[Any]", value) if isinstance(v, str) and v]

    def duration(self, name: str) -> timedelta | None:
        value = self._given.get(name)
        if value is None:
            return None
        parsed = durations.parse(value)
        if parsed is None:
            raise Misuse(f"expected a duration such as PT4H as `{name}`, found {value!r}")
        return parsed

    def names(self, name: str) -> list[str]:
        """One text, or a list of them."""
        value = self._given.get(name)
        if value is None or value == "":
            return []
        if isinstance(value, str):
            return [value]
        listed = cast("list[Any]", value) if isinstance(value, list) else []
        if not listed or not all(isinstance(v, str) and v for v in listed):
            raise Misuse(f"expected a text or a list of texts as `{name}`, found {_shown(value)}")
        return listed

    def whole(self, name: str, least: int = 0, most: int | None = None) -> int | None:
        value = self._given.get(name)
        if value is None:
            return None
        within = f"from {least}" + (f" to {most}" if most is not None else " on")
        if isinstance(value, bool) or not isinstance(value, int | Decimal) or value != int(value):
            raise Misuse(f"expected a whole number {within} as `{name}`, found {_shown(value)}")
        if value < least or (most is not None and value > most):
            raise Misuse(f"expected a whole number {within} as `{name}`, found {value}")
        return int(value)

    def word(self, name: str, words: Sequence[str], default: str | None = None) -> str | None:
        value = self._given.get(name)
        if value is None or value == "":
            return default
        if value not in words:
            raise Misuse(f"expected {' or '.join(words)} as `{name}`, found {_shown(value)}")
        return str(value)


def _shown(value: Any) -> str:
    return exactjson.text(value)[:100]


# ── lists ────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    items: Sequence[T]
    next: str | None
    total: int


def cursor_of(at: datetime, ident: UUID) -> str:
    """Where a page ended: the time it is sorted by, and the id that breaks ties."""
    return base64.urlsafe_b64encode(exactjson.dumps([at, ident])).decode().rstrip("=")


def read_cursor(cursor: str | None) -> tuple[datetime | None, UUID | None]:
    """Raises PartnerError for one that we did not give."""
    if not cursor:
        return None, None
    try:
        at, ident = exactjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return datetime.fromisoformat(at), UUID(ident)
    except (ValueError, TypeError, exactjson.DecodeError) as e:
        finding = Finding("list.cursor", "?cursor", "the `next` of an earlier page", cursor[:40], "Start without one")
        raise PartnerError([finding]) from e


def page(rows: Sequence[T], limit: int, total: int, place: Callable[[T], tuple[datetime, UUID]]) -> Page[T]:
    """rows: one more than `limit` when there is a next page. place(row) → (time, id)."""
    shown = rows[:limit]
    after = cursor_of(*place(shown[-1])) if len(rows) > limit and shown else None
    return Page(shown, after, total)


def json_of(stored: str | None) -> Any:
    return None if stored is None else exactjson.loads(stored)
