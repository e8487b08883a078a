"""A tenant's business calendars, kept by version: a promise can be recomputed on the calendar it was made on.

A calendar is a document (crossdock.rules.calendars); putting a changed one adds a version, putting the same one again
changes nothing. What names a calendar may name several: the first that exists counts, so that a workflow says
[site/north, default, always] and a tenant gives its sites calendars when it wants to.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from crossdock import audit, exactjson
from crossdock.db import Tx, queries
from crossdock.errors import Finding, NotFound, PartnerError
from crossdock.rules import calendars
from crossdock.rules.calendars import AROUND_THE_CLOCK, Calendar

SQL = queries("crossdock.cases", "calendars.sql")
LIMIT_BYTES = 200_000  # twenty years of closures take a tenth of it
ALWAYS = AROUND_THE_CLOCK.name


@dataclass(frozen=True, slots=True)
class Stored:
    """put_by: who made this version current."""

    calendar: Calendar
    document: Any
    put_by: str
    put_at: datetime


async def put(tx: Tx, tenant_id: str, document: Any, by: str, now: datetime) -> tuple[Calendar, bool]:
    """Makes the document the current version of its calendar; False when it was already.

    Raises PartnerError with everything that is wrong with it.
    """
    checked = calendars.read(document)
    text = exactjson.text(document)
    if checked.name == ALWAYS:
        raise PartnerError([Finding("calendar", "/name", "another name", ALWAYS, "It stands for around the clock.")])
    if len(text) > LIMIT_BYTES:
        fix = "Drop the years gone by."
        raise PartnerError([Finding("calendar", "/", f"at most {LIMIT_BYTES} characters", str(len(text)), fix)])
    await tx.execute(SQL["one_at_a_time"], f"calendar/{tenant_id}/{checked.name}")
    before = await tx.fetchrow(SQL["latest"], tenant_id, checked.name, None)
    if before is not None and exactjson.loads(before["document"]) == document:
        return _parsed(before["document"], before["version"]), False
    version = 1 if before is None else before["version"] + 1
    await tx.execute(SQL["put"], tenant_id, checked.name, version, text, by, now)
    await audit.record(tx, tenant_id, by, "calendar.put", checked.name, {"version": version, "document": document})
    return calendars.read(document, version), True


async def get(tx: Tx, tenant_id: str, name: str, version: int | None = None) -> Calendar:
    """The current version, or one. Raises NotFound."""
    if name == ALWAYS:
        return AROUND_THE_CLOCK
    row = await tx.fetchrow(SQL["latest"], tenant_id, name, version)
    if row is None:
        raise NotFound(f"No calendar {name!r}" + (f" with version {version}" if version else ""))
    return _parsed(row["document"], row["version"])


async def document(tx: Tx, tenant_id: str, name: str, version: int | None = None) -> Stored:
    """As it was put. Raises NotFound."""
    row = await tx.fetchrow(SQL["latest"], tenant_id, name, version)
    if row is None:
        raise NotFound(f"No calendar {name!r}" + (f" with version {version}" if version else ""))
    return Stored(
        _parsed(row["document"], row["version"]), exactjson.loads(row["document"]), row["put_by"], row["put_at"]
    )


async def first(tx: Tx, tenant_id: str, names: Sequence[str]) -> Calendar | None:
    """The first of the names that exists; `always` always does."""
    known = list(names[: names.index(ALWAYS)]) if ALWAYS in names else list(names)
    row = await tx.fetchrow(SQL["first_of"], tenant_id, known) if known else None
    if row is not None:
        return _parsed(row["document"], row["version"])
    return AROUND_THE_CLOCK if ALWAYS in names else None


async def every(tx: Tx, tenant_id: str) -> list[Stored]:
    rows = await tx.fetch(SQL["all"], tenant_id)
    return [
        Stored(_parsed(r["document"], r["version"]), exactjson.loads(r["document"]), r["put_by"], r["put_at"])
        for r in rows
    ]


async def versions(tx: Tx, tenant_id: str, name: str) -> list[Stored]:
    """Of one calendar, newest first; none when there is no such."""
    rows = await tx.fetch(SQL["versions"], tenant_id, name)
    return [
        Stored(_parsed(r["document"], r["version"]), exactjson.loads(r["document"]), r["put_by"], r["put_at"])
        for r in rows
    ]


@lru_cache(maxsize=512)
def _parsed(document: str, version: int) -> Calendar:
    """The same text is read once a process, whoever's it is: a calendar holds nothing of a tenant but its text."""
    return calendars.read(exactjson.loads(document), version)
