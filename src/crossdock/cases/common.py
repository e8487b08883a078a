"""What all kinds of work share: numbers, events, deadlines, pages of a list, and whom a call came from."""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Generic, TypeVar, cast
from uuid import UUID

from crossdock import exactjson
from crossdock.db import Tx, queries
from crossdock.errors import Finding, PartnerError
from crossdock.events import outbox
from crossdock.flow import durations
from crossdock.flow.facts import Error
from crossdock.flow.outcomes import Failed

SQL = queries("crossdock.cases", "common.sql")
VALIDATION = "https://serverlessworkflow.io/spec/1.0.0/errors/validation"
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

    def deadline(self, now: datetime) -> datetime | None:
        """`due_on` (a date, until its end) plus `grace`, else `due_in` from now, else None."""
        due_on, due_in = self.optional("due_on"), self.duration("due_in")
        if due_on:
            try:
                day = date.fromisoformat(due_on[:10])
            except ValueError as e:
                raise Misuse(f"expected a date as `due_on`, found {due_on!r}") from e
            midnight = datetime.combine(day, time.min, UTC) + timedelta(days=1)
            return midnight + (self.duration("grace") or timedelta(0))
        return None if due_in is None else now + due_in


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
